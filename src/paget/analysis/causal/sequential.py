"""Sequential (nested) target trials: a new trial each month of all who could be treated then (Hernan 2008, Danaei 2013)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import PagetError
from .._arrays import Floats, Ints
from ._design import require_waiting
from ._initiation import Hazards, cuts, last_month, start_hazards
from ._person_time import PersonTime, estimate
from .data import ObservationalData
from .diagnostics import truncated, weight_summary
from .estimate import CausalEstimate, Estimand, in_months
from .exposure import common, entry, starts_before_exit
from .weighting import POSITIVE

COARSE_MONTHS = 3.0
"""Intervals of the model of later starts, after the last trial."""


def sequential_trials(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str] = (),
    until_months: float = 12.0,
    every_months: float = 1.0,
    truncate: float | None = None,
    level: float = 0.95,
) -> CausalEstimate:
    """One trial per interval, of those followed at its end and untreated at its start; trials pooled as strata.

    A trial compares those who started in the interval with those who did not, from its end on, so that
    nobody's time is immortal; what happens within the interval of the start is left out (a short interval
    leaves out little). The untreated are censored when they start later. With covariates, one monthly
    logistic model of starting gives the weight of the assignment and of that censoring, both stabilised.

    Parameters
    ----------
    data : ObservationalData
    adjust_for : sequence of str
        Baseline or time-varying covariates of the model of starting.
    until_months, every_months : float
        Last trial, and interval of trials.
    truncate : float, optional
        Share of weights cut off at each end.

    Raises
    ------
    PagetError
        Where all treatment starts at time zero, nobody starts before `until_months`, or there is no overlap.
    """
    require_waiting(data, "a sequence of trials")
    ends = cuts(until_months, every_months)
    final = last_month(data)
    if final > until_months:
        ends = np.concatenate([ends, until_months + cuts(final - until_months, COARSE_MONTHS)])
    trials = 1 + int((ends <= until_months + 1e-9).sum())
    start = starts_before_exit(data)
    if not (start <= until_months).any():
        raise PagetError(
            f"nobody starts {data.treatment} within {in_months(until_months)}",
            where=data.where,
            got=f"the first start is at {np.nanmin(data.treated_months):.4g} months",
            fix="trials for longer (until_months)",
        )
    hazards = start_hazards(data, ends, adjust_for, survivors_only=True)
    pieces = [_trial(data, start, ends, hazards, m, bool(adjust_for)) for m in range(trials)]
    pieces = [piece for piece in pieces if piece is not None]
    if not pieces:
        raise PagetError("no interval has patients who start and patients who do not", where=data.where, fix="longer intervals")
    patient, begin, stop, event, treated, weight, trial = (
        np.concatenate([piece[i] for piece in pieces if piece is not None]) for i in range(7)
    )
    weight = truncated(weight, truncate)
    rows = PersonTime(
        patient.astype(np.int64),
        begin,
        stop,
        event.astype(bool),
        treated.astype(bool),
        weight=weight,
        stratum=trial.astype(np.int64),
        scores=hazards.scores if adjust_for else None,
    )
    first = begin == 0
    return estimate(
        data,
        rows,
        key="sequential" + ("+ipw" if adjust_for else ""),
        label="Sequential trials" + (", weighted" if adjust_for else ", no covariates"),
        estimand=Estimand(
            f"patients untreated and followed at each of months 0 to {until_months:g}, once per trial",
            f"each {in_months(every_months)} after {data.time_zero}",
            (f"{data.treatment} started in the interval before", f"no {data.treatment} from then on"),
        ),
        assumptions=common(
            bool(adjust_for),
            "in each interval, whether treatment starts depends on prognosis only through what is adjusted for",
            POSITIVE,
            "the models of starting treatment have the right form",
            by_cox=False,
        ),
        method=f"trials every {in_months(every_months)} to month {until_months:g}, Cox model stratified by trial, the untreated censored "
        "at a later start" + (", stabilised weights of assignment and censoring" if adjust_for else "") + ", errors by patient",
        adjusted_for=tuple(adjust_for),
        curves=False,
        level=level,
        diagnostics={
            "trials": len(pieces),
            "entries": int(first.sum()),
            "entries_treated": int((first & rows.treated).sum()),
            "weights": weight_summary(weight, rows.treated),
        },
    )


def _trial(data: ObservationalData, start: Floats, ends: Floats, hazards: Hazards, m: int, weighted: bool) -> tuple[Floats, ...] | None:
    """Rows of trial `m`, time counted from the end of its interval; None where one arm is empty."""
    here = hazards.interval == m
    who, took = hazards.patient[here], hazards.started[here]
    zero = 0.0 if m == 0 else float(ends[m - 1])
    alive = (data.months[who] > zero) & (entry(data)[who] <= zero)
    who, took = who[alive], took[alive]
    if not took.any() or took.all():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        chance, share = hazards.probability[here][alive], hazards.marginal[here][alive]
        assigned = np.where(took, share / chance, (1.0 - share) / (1.0 - chance))
    one, zeros = who[took], who[~took]
    treated = (
        one.astype(np.float64), np.zeros(len(one)), data.months[one] - zero, data.event[one].astype(np.float64),
        np.ones(len(one)), assigned[took], np.full(len(one), float(m)),
    )  # fmt: skip
    crosses = start[zeros] < data.months[zeros]
    last = np.where(crosses, start[zeros], data.months[zeros])
    outcome = data.event[zeros] & ~crosses
    if weighted:
        begins, closes, weight, rows = _later(data, hazards, ends, m, zeros, last, assigned[~took])
    else:
        rows, begins, closes, weight = np.arange(len(zeros)), np.full(len(zeros), zero), np.full(len(zeros), np.inf), np.ones(len(zeros))
    stop = np.minimum(last[rows], closes)
    controls = (
        zeros[rows].astype(np.float64), begins - zero, stop - zero, (outcome[rows] & (last[rows] <= closes)).astype(np.float64),
        np.zeros(len(rows)), weight, np.full(len(rows), float(m)),
    )  # fmt: skip
    return tuple(np.concatenate([a, b]) for a, b in zip(treated, controls, strict=True))


def _later(
    data: ObservationalData, hazards: Hazards, ends: Floats, m: int, zeros: Ints, last: Floats, assigned: Floats
) -> tuple[Floats, Floats, Floats, Ints]:
    """Begin, end and weight of the pieces of untreated follow-up of trial `m`, and whose they are."""
    closes = np.concatenate([[0.0], ends])
    stay = np.ones((len(data), len(closes)))
    with np.errstate(divide="ignore", invalid="ignore"):
        stay[hazards.patient, hazards.interval] = (1.0 - hazards.marginal) / (1.0 - hazards.probability)
    stay[:, : m + 1] = 1.0
    kept = np.cumprod(stay[zeros][:, m:], axis=1)
    begins = closes[m:]
    rows, k = np.nonzero(last[:, None] > begins[None, :])
    return begins[k], np.append(closes[m + 1 :], np.inf)[k], assigned[rows] * kept[rows, k], rows.astype(np.int64)
