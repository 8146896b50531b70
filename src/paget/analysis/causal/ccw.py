"""Clone, censor, weight: strategies with a grace period, compared from time zero (Maringe 2020, Cain 2010).

Every patient enters twice, once under "treat within the grace period" and once under "never in it". A clone is
censored when its patient stops following its strategy, and those who stay are weighted up for those like them who
did not. Nobody's time is immortal: until she deviates, a patient counts in both arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import PagetError, unknown
from .._arrays import Floats, Ints
from ._design import columns, logistic, patient_scores, require_waiting, varying_part
from ._initiation import Hazards, cuts, require_from_zero, start_hazards
from ._person_time import PersonTime, estimate
from .data import ObservationalData
from .diagnostics import balance, balance_rows, truncated, weight_summary
from .estimate import CausalEstimate, Estimand, in_months
from .exposure import common, starts_before_exit
from .weighting import POSITIVE

Arm = tuple[Any, Any, Any, Any, Any]
"""Patient, start, stop, event, weight of the rows of one arm."""


def clone_censor_weight(
    data: ObservationalData,
    grace_months: float = 6.0,
    *,
    adjust_for: Sequence[str] = (),
    unless: str | None = None,
    every_months: float = 1.0,
    truncate: float | None = None,
    tau_months: float | None = None,
    level: float = 0.95,
) -> CausalEstimate:
    """Treatment within a grace period against none in it, by cloning, censoring and weighting.

    With baseline covariates the weights are Maringe's: in the untreated arm from a pooled logistic model of
    starting in each month, in the treated arm one over the probability of having started by the end of the
    grace period among those followed then. With time-varying covariates, or with `unless`, those of the
    treated arm come from the same monthly model: starts are spread over the grace period as they are on
    average in these data, whatever the covariates (the stochastic strategy of Cain 2010).

    Parameters
    ----------
    data : ObservationalData
    grace_months : float
        Length of the grace period.
    adjust_for : sequence of str
        Covariates of the models of censoring.
    unless : str, optional
        A time-varying covariate that excuses from treatment once it is above 0 (such as progression): who
        has it before treatment follows both strategies.
    every_months : float
        Interval of the monthly model. Shorter (0.25) where `unless` and treatment often fall in one month: the
        model does not see their order within an interval.
    truncate : float, optional
        Share of weights cut off at each end.
    tau_months : float, optional
        Horizon of the restricted mean.

    Raises
    ------
    PagetError
        Where all treatment starts at time zero, nobody starts within the grace period or is left at its
        end, there is no overlap, or patients enter late.
    """
    require_waiting(data, "clone-censor-weight")
    require_from_zero(data, "clone-censor-weight")
    start, grace = starts_before_exit(data), float(grace_months)
    ends = cuts(grace, every_months)
    _require_starts(data, start, grace)
    changing = [name for name in adjust_for if name not in data.covariates]
    by_month = bool(changing) or unless is not None
    excused = _excused(data, unless, start)
    hazards = start_hazards(data, ends, adjust_for, survivors_only=by_month, excused_months=excused)
    none = _untreated_arm(data, start, ends, hazards)
    if by_month:
        some = _treated_arm_by_month(data, start, ends, hazards, np.full(len(data), np.inf) if excused is None else excused)
        scores = hazards.scores
    else:
        some, more = _treated_arm(data, start, grace, adjust_for)
        scores = np.column_stack([hazards.scores, more])
    size = len(none[0])
    joined = [np.concatenate([a, b]) for a, b in zip(none, some, strict=True)]
    rows = PersonTime(
        joined[0].astype(np.int64), joined[1], joined[2], joined[3].astype(bool), np.arange(len(joined[0])) >= size,
        weight=truncated(joined[4], truncate), scores=scores,
    )  # fmt: skip
    found = estimate(
        data,
        rows,
        key=f"ccw-{grace:g}" + ("+ipcw" if adjust_for else "") + ("+unless" if unless else ""),
        label=f"Clone-censor-weight, {in_months(grace)}"
        + (", weighted" if adjust_for else ", no covariates")
        + (f", unless {unless}" if unless else ""),
        estimand=Estimand(
            "all patients",
            data.time_zero,
            (
                f"{data.treatment} within {in_months(grace)}" + (f" unless {unless}" if unless else ""),
                f"no {data.treatment} within {in_months(grace)}",
            ),
            grace_months=grace,
        ),
        assumptions=common(
            bool(adjust_for or unless),
            "at each month of the grace period, whether treatment starts depends on prognosis only through what is adjusted for",
            POSITIVE,
            "the models of starting treatment have the right form",
            by_cox=False,
        ),
        method=f"each patient cloned into both strategies, censored on deviating, weighted by the inverse probability of not deviating "
        f"(intervals of {in_months(every_months)}); weighted Cox model, errors by patient",
        adjusted_for=(*adjust_for, *([unless] if unless else [])),
        tau_months=tau_months,
        level=level,
        diagnostics=_diagnostics(data, rows, start, grace, adjust_for, excused),
    )
    started = start <= grace
    return replace(found, treated=int(started.sum()))


def _require_starts(data: ObservationalData, start: Floats, grace: float) -> None:
    if not (start <= grace).any():
        first = float(np.nanmin(data.treated_months))
        raise PagetError(
            f"nobody starts {data.treatment} within {in_months(grace)}",
            where=data.where,
            got=f"the first start is at {first:.4g} months",
            fix="a longer grace period",
        )
    left = data.months > grace
    if not left.any():
        raise PagetError(f"nobody is followed beyond the grace period of {in_months(grace)}", where=data.where, fix="a shorter one")
    if not (left & (start > grace)).any():
        raise PagetError(
            f"everybody followed beyond {in_months(grace)} had started {data.treatment} by then",
            where=data.where,
            fix="a shorter grace period",
        )


def _excused(data: ObservationalData, unless: str | None, start: Floats) -> Floats | None:
    """First month at which each patient is excused before being treated; infinite for never."""
    if unless is None:
        return None
    varying = data.varying
    if varying is None or unless not in varying.values:
        raise unknown("time-varying covariate", unless, varying.values if varying is not None else (), where=data.where)
    first = np.full(len(data), np.inf)
    on = varying.values[unless] > 0
    np.minimum.at(first, varying.patient[on], varying.from_months[on])
    return np.where(first < start, first, np.inf)


def _untreated_arm(data: ObservationalData, start: Floats, ends: Floats, hazards: Hazards) -> Arm:
    """Clones under "no treatment in the grace period": censored when treatment starts in it."""
    n, size = len(data), len(ends)
    stops = start <= ends[-1]
    last = np.where(stops, start, data.months)
    stay = np.ones((n, size + 1))  # probability of not having started, by interval, of patients at risk in it
    stay[hazards.patient, hazards.interval] = 1.0 - hazards.probability
    kept = np.cumprod(stay, axis=1)
    begins = np.concatenate([[0.0], ends])
    closes = np.concatenate([ends, [np.inf]])
    at_risk = last[:, None] > begins[None, :]
    patient, k = np.nonzero(at_risk)
    stop = np.minimum(last[patient], closes[k])
    event = data.event[patient] & ~stops[patient] & (last[patient] <= closes[k])
    return patient.astype(np.float64), begins[k], stop, event.astype(np.float64), 1.0 / kept[patient, k]


def _treated_arm(data: ObservationalData, start: Floats, grace: float, adjust_for: Sequence[str]) -> tuple[Arm, Floats]:
    """Clones under "treat within the grace period": censored at its end if not treated (Maringe's weights)."""
    months = data.months
    left = np.flatnonzero(months > grace)
    treated = start[left] <= grace
    found = varying_part(columns(data, adjust_for, rows=left))
    chance = logistic(treated, found, where=data.where).probability
    patient = np.concatenate([np.arange(len(data)), left[treated]])
    n, m = len(data), int(treated.sum())
    arm = (
        patient.astype(np.float64),
        np.concatenate([np.zeros(n), np.full(m, grace)]),
        np.concatenate([np.minimum(months, grace), months[left[treated]]]),
        np.concatenate([data.event & (months <= grace), data.event[left[treated]]]).astype(np.float64),
        np.concatenate([np.ones(n), 1.0 / chance[treated]]),
    )
    return arm, patient_scores(treated - chance, found, left, len(data))


def _treated_arm_by_month(data: ObservationalData, start: Floats, ends: Floats, hazards: Hazards, excused: Floats) -> Arm:
    """Clones under "treat within the grace period, unless excused", with starts spread as on average."""
    n, size = len(data), len(ends)
    factor = np.ones((n, size + 1))
    p, k = hazards.probability, hazards.interval
    free = excused[hazards.patient] > np.concatenate([[0.0, 0.0], ends[:-1]])[k]
    aimed = _aimed(k[free], hazards.marginal[free], size)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(hazards.started, aimed[k] / p, (1.0 - aimed[k]) / (1.0 - p))
    factor[hazards.patient, k] = np.where(free, ratio, 1.0)
    # who neither started nor was excused by the end of the grace period stops following the strategy there
    deviates = (data.months > ends[-1]) & (start > ends[-1]) & (excused > ends[-1])
    factor[~deviates, size] = np.where(factor[~deviates, size] == 0, 1.0, factor[~deviates, size])
    weight = np.cumprod(factor, axis=1)
    last = np.where(deviates, ends[-1], data.months)
    begins, closes = np.concatenate([[0.0], ends]), np.concatenate([ends, [np.inf]])
    patient, j = np.nonzero((last[:, None] > begins[None, :]) & (weight > 0))
    stop = np.minimum(last[patient], closes[j])
    event = data.event[patient] & ~deviates[patient] & (last[patient] <= closes[j])
    return patient.astype(np.float64), begins[j], stop, event.astype(np.float64), weight[patient, j]


def _aimed(interval: Ints, marginal: Floats, size: int) -> Floats:
    """Hazard of starting in each interval under the strategy: as on average, and certain in the last."""
    rate = np.zeros(size + 1)
    rate[interval] = marginal
    going = np.concatenate([[1.0], np.cumprod(1.0 - rate)[:-1]])
    mass = rate * going
    ahead = np.cumsum(mass[::-1])[::-1]
    return np.asarray(np.divide(mass, ahead, out=np.zeros(size + 1), where=ahead > 0))


def _diagnostics(
    data: ObservationalData, rows: PersonTime, start: Floats, grace: float, adjust_for: Sequence[str], excused: Floats | None
) -> dict[str, object]:
    """Weights and balance of those who still follow their strategy after the grace period."""
    assert rows.weight is not None
    late = rows.stop > grace
    late &= rows.start >= grace - 1e-9
    told: dict[str, object] = {
        "started_in_grace": int((start <= grace).sum()),
        "left_in_grace_untreated": int(((data.months <= grace) & (start > grace)).sum()),
        "events_counted_in_both": int((data.event & (data.months <= grace) & (start > grace)).sum()),
        "untreated_after_grace": int((late & ~rows.treated).sum()),
        "treated_after_grace": int((late & rows.treated).sum()),
    }
    if excused is not None:
        told["excused"] = int((excused <= grace).sum())
    if not (late & rows.treated).any() or not (late & ~rows.treated).any():
        return told
    told["weights"] = weight_summary(rows.weight[late], rows.treated[late])
    baseline = [name for name in adjust_for if name in data.covariates]
    if baseline:
        found = varying_part(columns(data, baseline, rows=rows.patient[late]))
        told["balance"] = balance_rows(balance(found, rows.treated[late], rows.weight[late]))
    return told
