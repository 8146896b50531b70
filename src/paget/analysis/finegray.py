"""Fine-Gray regression: covariates against the cumulative incidence of one cause.

A patient who has the competing event stays in the risk set with the weight G(t-) / G(T-), G being the
chance of not yet being censored. Sums over such a risk set are two running sums, so nothing has to be
expanded. Ties as Breslow; the standard errors allow for G being estimated (Fine and Gray, JASA
1999;94:496). Equal to cmprsk's `crr` (tests).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import PagetError
from ._arrays import Floats, checked_column
from ._distributions import normal_p, z_of_level
from .competing import checked_causes


@dataclass(frozen=True)
class FineGray:
    """A fitted subdistribution-hazard model; `hr` are subdistribution hazard ratios."""

    names: list[str]
    coef: Floats
    covariance: Floats
    loglik: float
    n: int
    events: int

    @property
    def se(self) -> Floats:
        """Standard errors of `coef`."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def hr(self) -> Floats:
        """Subdistribution hazard ratios."""
        return np.asarray(np.exp(self.coef))

    @property
    def p_values(self) -> Floats:
        """Two-sided Wald p values."""
        return np.array([normal_p(c / s) for c, s in zip(self.coef, self.se, strict=True)])

    def ci(self, level: float = 0.95) -> Floats:
        """Limits of the subdistribution hazard ratios, shape (p, 2)."""
        half = z_of_level(level) * self.se
        return np.exp(np.column_stack([self.coef - half, self.coef + half]))


def fine_gray(time: Any, cause: Any, covariates: Any, *, of: int = 1) -> FineGray:
    """Fit a Fine-Gray model.

    Parameters
    ----------
    time, cause, of
        As in `cumulative_incidence`.
    covariates : mapping of name to column, or one column (named "x")
        Numeric covariates.

    Notes
    -----
    A covariate that hastens death can look protective here, because the dead cannot have the event: fit the
    cause-specific Cox model (`cox` on `cause == of`) beside it (in the MGUS data the sign of age flips
    between the two).
    """
    t, c = checked_causes(time, cause, of)
    columns = dict(covariates) if isinstance(covariates, Mapping) else {"x": covariates}
    x = np.column_stack([checked_column(name, np.asarray(v), len(t)) for name, v in columns.items()])
    if not (c == of).any():
        raise PagetError("no patient had the event of interest: nothing can be fitted")
    scale = x.std(axis=0)
    if not (scale > 0).all():
        raise PagetError(f"covariate {list(columns)[int(np.argmin(scale))]!r} does not vary", fix="drop it")
    order = np.argsort(t, kind="stable")
    work = _Work(t[order], c[order], ((x - x.mean(axis=0)) / scale)[order], of)
    beta = np.zeros(x.shape[1])
    loglik, score, information = work.evaluate(beta)
    for _ in range(40):
        move = np.linalg.solve(information, score)
        new = work.evaluate(beta + move)
        while new[0] < loglik - 1e-9 * abs(loglik) and np.abs(move).max() > 1e-12:
            move = move / 2.0
            new = work.evaluate(beta + move)
        beta = beta + move
        loglik, score, information = new
        if np.abs(move).max() < 1e-10:
            break
    else:
        raise PagetError("the Fine-Gray model did not settle: an estimate runs to infinity", fix="drop a covariate")
    bread = np.linalg.inv(information)
    influence = work.influence(beta)
    covariance = bread @ (influence.T @ influence) @ bread / np.outer(scale, scale)
    return FineGray(list(columns), beta / scale, covariance, loglik, len(t), int((c == of).sum()))


class _Work:
    """Sorted data and the censoring weights; sums over Fine-Gray risk sets as running sums."""

    def __init__(self, time: Floats, cause: Any, x: Floats, of: int) -> None:
        self.x, self.n = x, len(time)
        self.mine, self.other = cause == of, (cause != of) & (cause != 0)
        self.censored = cause == 0
        self.time = time
        self.times, tie = np.unique(time[self.mine], return_inverse=True)
        self.deaths = np.bincount(tie).astype(np.float64)
        self.dead = np.flatnonzero(self.mine)
        self.tie = tie
        self.first = np.searchsorted(time, self.times, side="left")
        # Censoring distribution just before each time: product over censoring times below it.
        at, count = np.unique(time[self.censored], return_counts=True)
        risk = self.n - np.searchsorted(time, at, side="left")
        steps = np.concatenate([[1.0], np.cumprod(1.0 - count / risk)])
        self.at, self.count, self.left = at, count.astype(np.float64), risk.astype(np.float64)
        self.g_event = steps[np.searchsorted(at, self.times, side="left")]
        own = steps[np.searchsorted(at, time, side="left")]
        self.inverse = np.where(self.other, 1.0 / np.where(own > 0, own, 1.0), 0.0)

    def _sums(self, values: Floats) -> Floats:
        """Weighted sum of `values` over the risk set at each event time."""
        zero = np.zeros((1, *values.shape[1:]))
        tail = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], zero])[self.first]
        shape = (-1,) + (1,) * (values.ndim - 1)
        gone = np.concatenate([zero, np.cumsum(values * self.inverse.reshape(shape), axis=0)])[self.first]
        return np.asarray(tail + gone * self.g_event.reshape(shape))

    def evaluate(self, beta: Floats) -> tuple[float, Floats, Floats]:
        linear = self.x @ beta
        risk = np.exp(linear)
        s0 = self._sums(risk)
        s1 = self._sums(risk[:, None] * self.x)
        s2 = self._sums(risk[:, None, None] * self.x[:, :, None] * self.x[:, None, :])
        mean = s1 / s0[:, None]
        loglik = float(linear[self.dead].sum() - self.deaths @ np.log(s0))
        score = self.x[self.dead].sum(axis=0) - self.deaths @ mean
        spread = s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :]
        return loglik, score, np.einsum("k,kij->ij", self.deaths, spread)

    def influence(self, beta: Floats) -> Floats:
        """Each patient's share of the score, with the part due to estimating the censoring."""
        risk = np.exp(self.x @ beta)
        s0 = self._sums(risk)
        mean = self._sums(risk[:, None] * self.x) / s0[:, None]
        hazard = self.deaths / s0
        p = self.x.shape[1]
        # Integrals of the weighted at-risk process: up to one's own time with weight 1, beyond it with
        # G(t-)/G(T-).
        upto = np.searchsorted(self.times, self.time, side="right")
        h = np.concatenate([[0.0], np.cumsum(hazard)])
        hm = np.concatenate([np.zeros((1, p)), np.cumsum(hazard[:, None] * mean, axis=0)])
        gh = np.concatenate([[0.0], np.cumsum(self.g_event * hazard)])
        ghm = np.concatenate([np.zeros((1, p)), np.cumsum((self.g_event * hazard)[:, None] * mean, axis=0)])
        beyond = self.inverse[:, None] * ((gh[-1] - gh[upto])[:, None] * self.x - (ghm[-1] - ghm[upto]))
        within = h[upto][:, None] * self.x - hm[upto]
        share = -risk[:, None] * (within + beyond)
        share[self.dead] += self.x[self.dead] - mean[self.tie]
        # q(u): how a censoring at u, through G, moves the score of competing patients gone by u over the
        # events after u.
        q = np.zeros((len(self.at), p))
        for k, u in enumerate(self.at):
            late = self.times > u
            gone = self.other & (self.time <= u)
            weight = risk[gone] * self.inverse[gone]
            total, total_x = weight.sum(), weight @ self.x[gone]
            gl = self.g_event[late] * hazard[late]
            q[k] = gl.sum() * total_x - (gl @ mean[late]) * total
        jump = q / self.left[:, None]
        compensator = np.concatenate([np.zeros((1, p)), np.cumsum(jump * (self.count / self.left)[:, None], axis=0)])
        psi = -compensator[np.searchsorted(self.at, self.time, side="right")]
        rows = np.flatnonzero(self.censored)
        psi[rows] += jump[np.searchsorted(self.at, self.time[rows])]
        return np.asarray(share + psi)
