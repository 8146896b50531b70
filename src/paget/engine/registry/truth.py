"""The true effect that each row of a ladder would have estimated: a contrast of twins in the row's own population, from its own time zero.

Every patient has two lives that differ in nothing but the operation. Which of them are compared, and from when, follows the row:

| row | whose lives | from |
| --- | --- | --- |
| ever / never, matching, weighting at diagnosis | all (matched: the operated who found a match) | diagnosis |
| immortal time left out | the operated | the operation |
| time-varying | whoever would come to the operation if chosen, from its day on | diagnosis (late entry) |
| landmark L, weighting at it | alive at L in both lives, who would be operated by L | L |
| sequential trials | who would be operated in one of the trials' months | the operation |
| clone-censor-weight, grace G | all but those who would be operated after G | diagnosis |

Cox ratios are not collapsible: a row that adjusts by a Cox model is held against the twins' ratio at the same covariates too. Both lives
are cut by the patient's own follow-up, since a ratio averages over follow-up; restricted means need no cut and are those of the lives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.analysis import cox
from paget.analysis.causal import CausalEstimate, ObservationalData
from paget.engine.registry.cohort import Cohort
from paget.errors import PagetError
from paget.units import DAYS_PER_MONTH

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
TRIALS_MONTHS = 12.0
"""Last month of the sequential trials of the ladder."""


@dataclass(frozen=True)
class Truth:
    """True effect of one estimand, from twins.

    Attributes
    ----------
    hazard_ratio, se_log : float or None
        Marginal; the error is that of the patients drawn (Monte-Carlo), by pair of twins.
    conditional_hazard_ratio, conditional_se_log : float or None
        At the covariates of a row that adjusts by a Cox model.
    rmst_difference_months, rmst_se_months : float or None
        With the operation minus without, up to `tau_months`.
    tau_months : float or None
    n : int
        Pairs of twins compared.
    contrast : str
        Whose lives, from when.
    """

    hazard_ratio: float | None
    se_log: float | None
    conditional_hazard_ratio: float | None
    conditional_se_log: float | None
    rmst_difference_months: float | None
    rmst_se_months: float | None
    tau_months: float | None
    n: int
    contrast: str


@dataclass(frozen=True)
class Twins:
    """Pairs of lives cut out of a cohort for one contrast, in months from the contrast's time zero.

    Attributes
    ----------
    rows : array of int
        Rows of the cohort.
    without, with_operation : (months, event)
        Followed as the patient was.
    whole_without, whole_with : array of float
        Lives to their end, for restricted means (infinite where alive at the end of what was lived).
    operated_months : array of float
        When the operation falls in the life that has one, NaN where it does not come to it.
    """

    rows: NDArray[np.int64]
    without: tuple[Floats, Bools]
    with_operation: tuple[Floats, Bools]
    whole_without: Floats
    whole_with: Floats
    operated_months: Floats


def cut_twins(cohort: Cohort, chosen: Bools, zero_days: Floats | float) -> Twins:
    """Pairs of those chosen who are alive and followed in both lives at their time zero (days from diagnosis)."""
    made = cohort.practised
    zero = np.broadcast_to(np.asarray(zero_days, np.float64), chosen.shape)
    none = np.where(np.isnan(made.death_none), np.inf, made.death_none)
    some = np.where(np.isnan(made.death_operated), np.inf, made.death_operated)
    end = np.minimum(cohort.censor_day, cohort.horizon_days)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(chosen & (np.minimum(none, some) > zero) & (end > zero))
    start = zero[rows]

    def seen(death: Floats) -> tuple[Floats, Bools]:
        return (np.minimum(death[rows], end[rows]) - start) / DAYS_PER_MONTH, death[rows] <= end[rows]

    return Twins(
        rows.astype(np.int64),
        seen(none),
        seen(some),
        (none[rows] - start) / DAYS_PER_MONTH,
        (some[rows] - start) / DAYS_PER_MONTH,
        (made.possible_day[rows] - start) / DAYS_PER_MONTH,
    )


def ratio_of(twins: Twins, covariates: dict[str, Floats] | None = None) -> tuple[float, float]:
    """Log hazard ratio of the operation over pairs of lives, and its error by pair; exactly 0 where no life differs."""
    (a, dead_a), (b, dead_b) = twins.without, twins.with_operation
    if np.array_equal(a, b) and np.array_equal(dead_a, dead_b):
        return 0.0, 0.0
    n = len(a)
    stacked = {name: np.concatenate([column, column]) for name, column in (covariates or {}).items()}
    fit = cox(
        np.concatenate([a, b]), np.concatenate([dead_a, dead_b]), {"operated": np.repeat([0.0, 1.0], n), **stacked},
        cluster=np.tile(np.arange(n), 2),
    )  # fmt: skip
    assert fit.robust_se is not None
    return float(fit.coef[0]), float(fit.robust_se[0])


def from_operation_ratio(twins: Twins, covariates: dict[str, Floats] | None = None) -> tuple[float, float]:
    """The same from the day of the operation on, in time since the time zero of the twins: begun against not begun at each moment.

    Only lives that come to the operation count, and only once they have come to it: before, both lives are one; those who never come to
    it have no moment at which they begin.
    """
    (a, dead_a), (b, dead_b) = twins.without, twins.with_operation
    if np.array_equal(a, b) and np.array_equal(dead_a, dead_b):
        return 0.0, 0.0
    day = np.maximum(twins.operated_months, 0.0)
    with np.errstate(invalid="ignore"):
        who = np.flatnonzero((day < a) & (day < b))
    n = len(who)
    fit = cox(
        np.concatenate([a[who], b[who]]),
        np.concatenate([dead_a[who], dead_b[who]]),
        {
            "operated": np.repeat([0.0, 1.0], n),
            **{name: np.concatenate([column[who], column[who]]) for name, column in (covariates or {}).items()},
        },
        entry=np.concatenate([day[who], day[who]]),
        cluster=np.tile(np.arange(n), 2),
    )
    assert fit.robust_se is not None
    return float(fit.coef[0]), float(fit.robust_se[0])


def gain(twins: Twins, tau_months: float) -> tuple[float, float]:
    """Mean gain in months lived up to a horizon, and its error."""
    differences = np.minimum(twins.whole_with, tau_months) - np.minimum(twins.whole_without, tau_months)
    n = len(differences)
    return float(differences.mean()), float(differences.std(ddof=1) / math.sqrt(n)) if n > 1 else 0.0


def _numeric(data: ObservationalData, names: tuple[str, ...], rows: NDArray[np.int64], at_months: float) -> dict[str, Floats]:
    """Columns of covariates on some rows: labels as 0/1, what changes as it stands at a time; what does not vary is left out."""
    found: dict[str, Floats] = {}
    for name in names:
        if name in data.covariates:
            values = data.covariates[name][rows]
            if values.dtype.kind == "f":
                found[name] = values
            else:
                levels = np.unique(values)
                found |= {f"{name}={level}": (values == level).astype(np.float64) for level in levels[1:]}
        elif data.varying is not None:
            found[name] = data.varying.at(name, rows, np.full(len(rows), at_months))
    return {name: column for name, column in found.items() if np.ptp(column) > 0}


def _contrast(estimate: CausalEstimate, cohort: Cohort) -> tuple[Bools, Floats | float, str]:
    """Who is compared, the time zero of each in days, and both in words."""
    made, n = cohort.practised, cohort.people.height
    everybody = np.ones(n, bool)
    entered = np.zeros(n, bool)
    if estimate.patients is not None:
        entered[estimate.patients] = True
    words = cohort.registry.operation.words
    done, act = words.done, words.act
    operated = np.isfinite(cohort.operation_day)
    landmark, grace = estimate.estimand.landmark_months, estimate.estimand.grace_months
    with np.errstate(invalid="ignore"):
        if grace is not None:
            late = made.possible_day > grace * DAYS_PER_MONTH
            return ~late, 0.0, f"all but those who would be {done} after {grace:g} months, from diagnosis"
        if landmark is not None:
            day = landmark * DAYS_PER_MONTH
            who = made.possible_day <= day
            if estimate.estimand.effect_in == "matched":
                return entered & (cohort.operation_day <= day), day, f"matched patients {done} by {landmark:g} months, from there"
            return who, day, f"alive at {landmark:g} months in both lives, {done} by then if chosen, from there"
        if estimate.key.startswith("sequential"):
            who = made.possible_day <= TRIALS_MONTHS * DAYS_PER_MONTH
            return who, made.possible_day, f"those {done} within {TRIALS_MONTHS:g} months if chosen, from the {act}"
    if estimate.key.startswith("immortal-excluded"):
        return operated, cohort.operation_day, f"the {done}, from the {act}"
    if estimate.key.startswith("time-varying"):
        return np.isfinite(made.possible_day), 0.0, f"who would come to the {act} if chosen, from its day on, time since diagnosis"
    if estimate.estimand.effect_in == "matched":
        return entered & operated, 0.0, f"the {done} who found a match, from diagnosis"
    return everybody, 0.0, "all patients, from diagnosis"


def truth_of(estimate: CausalEstimate, cohort: Cohort, data: ObservationalData) -> Truth:
    """The truth beside one row of a ladder.

    Parameters
    ----------
    estimate : CausalEstimate
        A row; it may have no estimate, then there is no truth either.
    cohort : Cohort
    data : ObservationalData
        What the row was computed on.
    """
    who, zero, words = _contrast(estimate, cohort)
    twins = cut_twins(cohort, who, zero)
    if estimate.hazard_ratio is None or len(twins.rows) < 2:
        return Truth(None, None, None, None, None, None, None, len(twins.rows), words)
    find = from_operation_ratio if estimate.key.startswith("time-varying") else ratio_of
    tau = estimate.rmst_difference.tau if estimate.rmst_difference is not None else None
    mean: tuple[float | None, float | None] = gain(twins, tau) if tau is not None else (None, None)
    conditional: tuple[float | None, float | None] = (None, None)
    try:
        log_ratio, se = find(twins)
        if estimate.estimand.contrast == "conditional":
            at = (estimate.estimand.landmark_months or 0.0) if np.ndim(zero) == 0 else 0.0
            one, error = find(twins, _numeric(data, estimate.adjusted_for, twins.rows, at))
            conditional = (math.exp(one), error)
    except PagetError:  # nobody died, say
        return Truth(None, None, None, None, *mean, tau, len(twins.rows), words)
    return Truth(math.exp(log_ratio), se, *conditional, *mean, tau, len(twins.rows), words)


def plain(truth: Truth) -> dict[str, Any]:
    """Plain values for JSON."""
    return {name: getattr(truth, name) for name in Truth.__dataclass_fields__}
