"""Competing risks: cumulative incidence (Aalen-Johansen) and Gray's test.

Own code: lifelines breaks ties by chance before it estimates (0.0382 where R has 0.0398 on the MGUS data),
and scikit-survival, which is right, is GPL. Causes are coded 0 = censored, 1, 2, ... = the kind of event
that came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import PagetError
from ._arrays import Floats, Ints, at_risk, checked, checked_entry, codes, strata_codes, tally
from ._distributions import chi2_sf
from .km import IntervalKind, limits


@dataclass(frozen=True)
class CumulativeIncidence:
    """Probability of having had the event of interest before any other, by time.

    Attributes
    ----------
    time : array
        Distinct times of any event or censoring.
    at_risk, events, others : array
        At risk just before, events of interest, competing events at each time.
    incidence, std_error : array
        Aalen-Johansen estimate just after each time, and its standard error (Greenwood type, by the delta
        method).
    overall : array
        Survival free of every event (Kaplan-Meier of all causes).
    """

    time: Floats
    at_risk: Floats
    events: Floats
    others: Floats
    incidence: Floats
    std_error: Floats
    overall: Floats
    interval: IntervalKind
    level: float
    n: int

    @property
    def n_events(self) -> int:
        """Events of interest."""
        return int(self.events.sum())

    def at(self, t: npt.ArrayLike) -> Floats:
        """Cumulative incidence at each time `t`; NaN beyond the follow-up while some are event-free."""
        return self._step(self.incidence, t)

    def at_with_ci(self, t: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Cumulative incidence, lower and upper limit at each time `t`."""
        low, high = self.band()
        return self.at(t), self._step(low, t), self._step(high, t)

    def band(self) -> tuple[Floats, Floats]:
        """Pointwise limits at `time`, on the scale of `interval` for one minus the incidence."""
        free = 1.0 - self.incidence
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = limits(free, (self.std_error / free) ** 2, self.interval, self.level)
        low, high = 1.0 - high, 1.0 - low
        none = self.incidence <= 0
        return np.where(none, 0.0, low), np.where(none, 0.0, high)

    def _step(self, values: Floats, t: npt.ArrayLike) -> Floats:
        when = np.atleast_1d(np.asarray(t, dtype=np.float64))
        found = np.concatenate([[0.0], values])[np.searchsorted(self.time, when, side="right")]
        if self.overall[-1] > 0:
            found = np.where(when > self.time[-1], np.nan, found)
        return np.asarray(found)


def checked_causes(time: Any, cause: Any, of: int) -> tuple[Floats, Ints]:
    """Return times and causes, or an error: causes are whole numbers from 0, and `of` must not be 0."""
    c = np.asarray(cause)
    if (
        c.dtype.kind not in "iufb"
        or (c.dtype.kind == "f" and not np.isfinite(c).all())
        or (c != np.floor(c)).any()
        or (c < 0).any()
    ):
        raise PagetError(
            "the cause column holds something other than whole numbers from 0",
            got=np.unique(c).tolist()[:5],
            expected="0 for censored, 1, 2, ... for the kind of event",
        )
    if of < 1:
        raise PagetError("the cause of interest must be 1 or more (0 is censored)", got=of)
    t, _ = checked(time, c != 0)
    return t, c.astype(np.int64)


def cumulative_incidence(
    time: Any,
    cause: Any,
    *,
    of: int = 1,
    entry: Any = None,
    ci: IntervalKind = "log-log",
    level: float = 0.95,
) -> CumulativeIncidence:
    """Aalen-Johansen cumulative incidence of one cause in one group.

    Parameters
    ----------
    time, cause : array, shape (n,)
        Time, and 0 where censored, else the kind of event.
    of : int
        The cause of interest; any other non-zero cause competes.
    entry, ci, level
        As in `kaplan_meier`.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0])
    >>> curve.at(3)
    array([0.5])
    """
    t, c = checked_causes(time, cause, of)
    start = checked_entry(entry, t)
    one = np.ones(len(t))
    times = np.unique(t)
    risk = at_risk(times, t, one, start)
    mine, other = tally(times, t, c == of, one), tally(times, t, (c != of) & (c != 0), one)
    died = mine + other
    safe = np.where(risk > 0, risk, 1.0)
    overall = np.asarray(np.cumprod(1.0 - died / safe), dtype=np.float64)
    before = np.concatenate([[1.0], overall[:-1]])
    incidence = np.cumsum(before * mine / safe)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.where((died > 0) & (risk > died), died / (risk * (risk - died)), 0.0)
    # Sum over u <= t of [F(t) - F(u)]^2 a_u + b_u - 2 [F(t) - F(u)] c_u, written as running sums in powers
    # of F(t).
    own = before**2 * mine * (risk - mine) / safe**3
    both = before * mine / safe**2
    f = incidence
    variance = (
        f**2 * np.cumsum(greenwood)
        - 2.0 * f * np.cumsum(f * greenwood + both)
        + np.cumsum(f**2 * greenwood + own + 2.0 * f * both)
    )
    error = np.sqrt(np.maximum(variance, 0.0))
    return CumulativeIncidence(times, risk, mine, other, incidence, error, overall, ci, level, len(t))


@dataclass(frozen=True)
class GrayTest:
    """Gray's test that the cumulative incidence of one cause is the same in all groups."""

    statistic: float
    df: int
    p_value: float
    groups: list[Any]
    score: Floats
    variance: Floats


def gray_test(time: Any, cause: Any, group: Any, *, of: int = 1, strata: Any = None, rho: float = 0.0) -> GrayTest:
    """Gray's K-sample test (Ann Stat 1988;16:1141), stratified if asked.

    Parameters
    ----------
    time, cause, of
        As in `cumulative_incidence`.
    group : array
        Group labels.
    strata : array or list of arrays, optional
        Scores and variances are summed over strata.
    rho : float
        Weight (1 - F(t-))^rho on the pooled incidence.

    Notes
    -----
    The martingale form of the variance with its correction for ties follows the presentation in comprisk
    0.8.0 (Apache-2.0), vectorised over groups; the statistics equal cmprsk's to nine digits (tests).
    """
    t, c = checked_causes(time, cause, of)
    labels, code = codes(group, len(t), "group")
    if len(labels) < 2:
        raise PagetError("there is only one group, so nothing to compare", got=labels, expected="two groups or more")
    if not (c == of).any():
        raise PagetError("no patient had the event of interest: there is nothing to compare")
    kind = np.where(c == of, 1, np.where(c == 0, 0, 2))
    stratum = strata_codes(strata, len(t))
    score, variance = np.zeros(len(labels)), np.zeros((len(labels), len(labels)))
    for s in range(int(stratum.max()) + 1):
        inside = stratum == s
        part_score, part_variance = _gray_sums(t[inside], kind[inside], code[inside], len(labels), rho)
        score, variance = score + part_score, variance + part_variance
    live = np.flatnonzero(np.diag(variance) > 1e-12)[:-1]
    if not live.size:
        return GrayTest(float("nan"), 1, float("nan"), labels, score, variance)
    solved = np.linalg.lstsq(variance[np.ix_(live, live)], score[live], rcond=None)[0]
    statistic = float(score[live] @ solved)
    return GrayTest(statistic, len(live), chi2_sf(statistic, len(live)), labels, score, variance)


def _gray_sums(time: Floats, kind: Ints, code: Ints, groups: int, rho: float) -> tuple[Floats, Floats]:
    """Score of each group and covariance of the scores, within one stratum."""
    times, place = np.unique(time, return_inverse=True)
    counts = np.zeros((len(times), 3, groups))
    np.add.at(counts, (place, kind, code), 1.0)
    risk = counts.sum(axis=(0, 1))
    survival, incidence = np.ones(groups), np.zeros(groups)
    pooled = 0.0
    score = np.zeros(groups)
    influence = np.zeros((groups, groups))
    own, cross, covariance = np.zeros(groups), np.zeros((groups, groups)), np.zeros((groups, groups))
    for count in counts:
        d1, d2 = count[1], count[2]
        n1 = float(d1.sum())
        if n1 + d2.sum() > 0:
            live = risk > 0
            n = np.where(live, risk, 1.0)
            after = survival * np.where(live, 1.0 - (d1 + d2) / n, 1.0)
            u = np.where(live & (survival > 0), risk / np.where(survival > 0, survival, 1.0), 0.0)
            pool, free = float(u.sum()), u * (1.0 - incidence)
            jump = n1 / pool
            if n1 > 0:
                weight = (1.0 - pooled) ** rho
                score += weight * (d1 - n1 * free / free.sum())
                a = weight * (np.diag(u) - np.outer(u, u) / pool)
                influence += a * jump / (1.0 - pooled)
                z = np.where(after > 0, 1.0 - (1.0 - pooled - jump) / np.where(after > 0, after, 1.0), 1.0)
                ties = np.ones(groups) if n1 <= 1 else 1.0 - (n1 - 1.0) / np.maximum(pool * survival - 1.0, 1.0)
                spread = np.where(live, ties * survival * jump / n, 0.0)
                part = a - z * influence
                own, cross = own + z * z * spread, cross + part * (z * spread)
                covariance += (part * spread) @ part.T
            z = np.where(after > 0, (1.0 - pooled - jump) / np.where(after > 0, after, 1.0), 0.0)
            ties = np.where(d2 > 1, 1.0 - (d2 - 1.0) / np.maximum(n - 1.0, 1.0), 1.0)
            spread = np.where(live & (after > 0), ties * survival**2 * d2 / n**2, 0.0)
            part = influence * z
            own, cross = own + z * z * spread, cross - part * (z * spread)
            covariance += (part * spread) @ part.T
            incidence = incidence + np.where(live, survival * d1 / n, 0.0)
            survival, pooled = after, pooled + jump
        risk = risk - count.sum(axis=0)
    covariance += (influence * own) @ influence.T + influence @ cross.T + cross @ influence.T
    return score, covariance
