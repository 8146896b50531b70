"""From rows of person-time to an estimate: weighted Cox with errors by patient, weighted curves, restricted means.

An estimator lays out who is at risk when, under which strategy and with which weight; everything after that
is the same for all of them and is here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import PagetError
from .._arrays import Bools, Floats, Ints
from .._distributions import normal_p, z_of_level
from ..cox import CoxFit, cox
from ..rmst import Difference
from ._binary import cox_binary
from ._design import without_scores
from .data import INSTANT_MONTHS, ObservationalData
from .estimate import CausalEstimate, Curves, Estimand
from .sensitivity import e_value, e_value_of_limit
from .splines import in_words

TREATED = "treated"
MOST_LOG = 10.0
"""Log hazard ratio or error beyond which there is no estimate to speak of (a ratio of 22,000)."""


@dataclass(frozen=True)
class PersonTime:
    """Rows (start, stop] of follow-up; one patient may have several."""

    patient: Ints
    start: Floats
    stop: Floats
    event: Bools
    treated: Bools
    weight: Floats | None = None
    stratum: Ints | None = None
    cluster: Ints | None = None
    """Whose rows are taken as one for the error; the patient by default."""
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    scores: Floats | None = None
    """Scores of the models behind the weights, a row for every patient of the data; None where weights are known."""

    @property
    def clusters(self) -> int:
        """Number of clusters that the errors run over."""
        if self.scores is not None:
            return len(self.scores)
        return int((self.patient if self.cluster is None else self.cluster).max()) + 1


def closed(start: Floats, stop: Floats) -> Floats:
    """Ends of rows moved behind their starts by an instant, so that an event at the moment of entry counts."""
    return np.maximum(stop, start + INSTANT_MONTHS)


@dataclass(frozen=True)
class Effect:
    """Log hazard ratio of treatment with its errors, and the whole Cox fit where covariates are in it.

    `se_robust` allows for weights having been estimated, `se_known` takes them as known.
    """

    coef: float
    se_model: float
    se_robust: float
    se_known: float
    problem: str
    fit: CoxFit | None = None


def fit_cox(rows: PersonTime) -> Effect:
    """Weighted Cox model of treatment and covariates, errors by cluster."""
    _require_events(rows)
    entry = rows.start if rows.start.max(initial=0.0) > 0 else None
    stop = closed(rows.start, rows.stop)
    cluster = rows.patient if rows.cluster is None else rows.cluster
    if not rows.covariates:
        n = len(stop)
        weight = np.ones(n) if rows.weight is None else rows.weight
        stratum = np.zeros(n, dtype=np.int64) if rows.stratum is None else rows.stratum
        one = cox_binary(entry, stop, rows.event, rows.treated, weight, stratum, cluster, rows.clusters)
        if one.problem:
            return Effect(one.coef, math.inf, math.inf, math.inf, one.problem)
        left = without_scores(one.influence, rows.scores)
        return Effect(one.coef, one.se_model, float(np.sqrt(left @ left)), one.se_robust, one.problem)
    try:
        with np.errstate(all="ignore"):  # an estimate on its way to infinity is told below
            fit = cox(
                stop,
                rows.event,
                {TREATED: rows.treated.astype(np.float64), **rows.covariates},
                entry=entry,
                weights=rows.weight,
                strata=rows.stratum,
                cluster=cluster,
            )
            model, robust = float(fit.se[0]), float(np.sqrt(fit.robust_covariance[0, 0])) if fit.robust_covariance is not None else math.nan
    except np.linalg.LinAlgError:
        raise PagetError(
            "the Cox model cannot be fitted: covariates leave patients without events apart, or repeat one another",
            fix="fewer covariates, or wider groups of them",
        ) from None
    return Effect(float(fit.coef[0]), model, robust, robust, fit.problem, fit)


def _require_events(rows: PersonTime) -> None:
    for name, arm in (("treated", rows.treated), ("untreated", ~rows.treated)):
        if not arm.any():
            raise PagetError(f"there is no {name} person-time in this analysis", fix="another landmark, window or time zero")
        if not rows.event[arm].any():
            raise PagetError(f"nobody {name} had the outcome: a hazard ratio cannot be estimated", fix="longer follow-up")


@dataclass(frozen=True)
class Weighted:
    """Weighted product-limit survival of one group, with each patient's influence on its restricted mean."""

    time: Floats
    survival: Floats
    last: float
    _rows: tuple[Floats, Floats, Bools, Floats, Ints]
    _at_risk: Floats
    _deaths: Floats

    def at(self, when: Floats) -> Floats:
        """Survival at each time, NaN beyond the follow-up."""
        found = np.concatenate([[1.0], self.survival])[np.searchsorted(self.time, when, side="right")]
        return np.where((when > self.last) & (found > 0), np.nan, found)

    def mean(self, tau: float, n: int) -> tuple[float, Floats]:
        """Restricted mean up to `tau` and the influence of each of `n` patients on it (weights as known)."""
        start, stop, event, weight, patient = self._rows
        inside = self.time <= tau
        grid = np.concatenate([[0.0], self.time[inside], [tau]])
        height = np.concatenate([[1.0], self.survival[inside]])
        pieces = np.diff(grid) * height
        value = float(pieces.sum())
        after = np.cumsum(pieces[::-1])[::-1][1:]  # area from each event time to tau
        y, d = self._at_risk[inside], self._deaths[inside]
        left = np.maximum(y - d, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            jump = np.where(left > 0, after / left, 0.0)
            drift = np.where(left > 0, after * d / (y * left), 0.0)
        total = np.concatenate([[0.0], np.cumsum(drift)])
        spent = total[np.searchsorted(self.time[inside], stop, "right")] - total[np.searchsorted(self.time[inside], start, "right")]
        died = np.flatnonzero(event & (stop <= tau))
        own = spent * weight
        own[died] -= weight[died] * jump[np.searchsorted(self.time[inside], stop[died])]
        return value, np.bincount(patient, weights=own, minlength=n).astype(np.float64)


def weighted_curve(rows: PersonTime, group: Bools) -> Weighted:
    """Product-limit curve of the rows of `group`."""
    start, stop, event = rows.start[group], closed(rows.start, rows.stop)[group], rows.event[group]
    weight = np.ones(len(start)) if rows.weight is None else rows.weight[group]
    who = (rows.patient if rows.cluster is None else rows.cluster)[group]
    time = np.unique(stop[event]).astype(np.float64)
    deaths = np.bincount(np.searchsorted(time, stop[event]), weights=weight[event], minlength=len(time)).astype(np.float64)
    risk = _from(time, stop, weight) - _from(time, start, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.clip(1.0 - deaths / risk, 0.0, 1.0)).astype(np.float64)
    return Weighted(time, survival, float(stop.max()), (start, stop, event, weight, who), risk, deaths)


def _from(times: Floats, values: Floats, weight: Floats) -> Floats:
    order = np.argsort(values, kind="stable")
    tail = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
    return np.asarray(tail[np.searchsorted(values[order], times, side="left")])


def compare_curves(rows: PersonTime, tau: float | None, level: float) -> tuple[Curves, Difference | None]:
    """Weighted curves of both groups on a monthly grid, and their restricted-mean difference with a robust error."""
    one, zero = weighted_curve(rows, rows.treated), weighted_curve(rows, ~rows.treated)
    longest = min(one.last, zero.last)
    grid = np.arange(0.0, math.floor(longest) + 1.0)
    curves = Curves(grid, one.at(grid), zero.at(grid))
    horizon = longest if tau is None else tau
    if horizon > longest + INSTANT_MONTHS:
        return curves, None
    n = rows.clusters
    mean_one, influence_one = one.mean(horizon, n)
    mean_zero, influence_zero = zero.mean(horizon, n)
    se = float(np.sqrt(np.sum(without_scores(influence_one - influence_zero, rows.scores) ** 2)))
    return curves, difference(mean_one - mean_zero, se, horizon, level)


def difference(value: float, se: float, tau: float, level: float) -> Difference:
    """Difference with its normal interval."""
    half = z_of_level(level) * se
    return Difference(value, se, value - half, value + half, normal_p(value / se) if se > 0 else math.nan, tau)


def standardised(rows: PersonTime, fit: CoxFit, tau: float | None) -> tuple[Curves, Difference | None]:
    """Curves of everybody treated and everybody untreated under a Cox model (g-formula), and the restricted means.

    The restricted-mean difference has no interval of its own here: ask for the bootstrap.
    """
    stop = closed(rows.start, rows.stop)
    x = np.column_stack([np.asarray(c, dtype=np.float64) for c in rows.covariates.values()])
    lp = x @ fit.coef[1:]
    lp = lp - lp.mean()
    weight = np.ones(len(stop)) if rows.weight is None else rows.weight
    risk = weight * np.exp(lp + fit.coef[0] * rows.treated)
    time = np.unique(stop[rows.event])
    deaths = np.bincount(np.searchsorted(time, stop[rows.event]), weights=weight[rows.event], minlength=len(time))
    hazard = np.cumsum(deaths / (_from(time, stop, risk) - _from(time, rows.start, risk)))
    longest = float(min(stop[rows.treated].max(), stop[~rows.treated].max()))
    horizon = longest if tau is None else tau
    grid = np.arange(0.0, math.floor(longest) + 1.0)

    def survival(when: Floats, effect: float) -> Floats:
        h = np.concatenate([[0.0], hazard])[np.searchsorted(time, when, side="right")]
        return np.array([float(np.mean(np.exp(-value * np.exp(lp + effect)))) for value in h])

    curves = Curves(grid, survival(grid, float(fit.coef[0])), survival(grid, 0.0))
    if horizon > longest + INSTANT_MONTHS:
        return curves, None
    fine = np.linspace(0.0, horizon, 4 * max(1, math.ceil(horizon)) + 1)
    middle = (fine[1:] + fine[:-1]) / 2.0
    gain = float(np.sum((survival(middle, float(fit.coef[0])) - survival(middle, 0.0)) * np.diff(fine)))
    return curves, Difference(gain, math.nan, math.nan, math.nan, math.nan, horizon)


def _e_values(coef: float, half: float) -> dict[str, Any]:
    low, ratio, high = (math.exp(coef + step) for step in (-half, 0.0, half))
    return {
        "e_value": {
            "rare": e_value(ratio, common=False),
            "common": e_value(ratio, common=True),
            "limit_rare": e_value_of_limit(low, high, common=False),
            "limit_common": e_value_of_limit(low, high, common=True),
        }
    }


def estimate(
    data: ObservationalData,
    rows: PersonTime,
    *,
    key: str,
    label: str,
    estimand: Estimand,
    assumptions: tuple[str, ...],
    method: str,
    adjusted_for: tuple[str, ...] = (),
    curves: bool = True,
    tau_months: float | None = None,
    level: float = 0.95,
    diagnostics: Mapping[str, Any] | None = None,
) -> CausalEstimate:
    """Fit the rows and fill the record."""
    effect = fit_cox(rows)
    known = abs(effect.coef) < MOST_LOG and math.isfinite(effect.se_robust) and effect.se_robust < MOST_LOG
    problem = effect.problem or ("" if known else "the estimate runs to infinity: too few events for this model")
    half = z_of_level(level) * effect.se_robust
    shown, gain = None, None
    if curves and not problem:
        shown, gain = standardised(rows, effect.fit, tau_months) if effect.fit else compare_curves(rows, tau_months, level)
    curved = {name: data.splines[name] for name in adjusted_for if name in data.splines}
    inside = np.unique(rows.patient)
    ever = np.unique(rows.patient[rows.treated])
    events = int(data.event[inside].sum())
    return CausalEstimate(
        key=key,
        label=label,
        estimand=estimand,
        hazard_ratio=math.exp(effect.coef) if known else None,
        ci_low=math.exp(effect.coef - half) if known else None,
        ci_high=math.exp(effect.coef + half) if known else None,
        se_log=effect.se_robust if known else None,
        se_model=effect.se_model if known else None,
        interval="robust",
        level=level,
        rmst_difference=gain,
        curves=shown,
        n=len(inside),
        treated=len(ever),
        events=events,
        excluded=len(data) - len(inside),
        events_excluded=data.n_events - events,
        adjusted_for=adjusted_for,
        assumptions=assumptions,
        method=method + (f"; {in_words(curved)}" if curved else ""),
        diagnostics={
            **(diagnostics or {}),
            **(_e_values(effect.coef, half) if known else {}),
            **({"curved": {name: list(curve.knots) for name, curve in curved.items()}} if curved else {}),
        },
        patients=inside,
        problem=problem,
        se_known_weights=effect.se_known if known and rows.weight is not None else None,
    )
