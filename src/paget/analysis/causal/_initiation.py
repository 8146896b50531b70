"""When treatment starts: a monthly logistic model shared by clone-censor-weight and sequential trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import PagetError
from .._arrays import Bools, Floats, Ints
from ._design import columns, logistic, patient_scores, varying_part
from .data import ObservationalData
from .exposure import entry, starts_before_exit


def cuts(until_months: float, every_months: float) -> Floats:
    """Ends of intervals of `every_months` from 0 up to `until_months`, which is always the last."""
    if not every_months > 0 or not until_months > 0:
        raise PagetError("intervals and windows are longer than 0 months", got=(until_months, every_months))
    return np.append(np.arange(every_months, until_months - 1e-9, every_months), until_months)


def require_from_zero(data: ObservationalData, what: str) -> None:
    """Refuse late entry where an analysis needs everybody from time zero."""
    if data.entry_months is not None:
        raise PagetError(
            f"{what} needs everybody followed from time zero; here some enter late",
            where=data.where,
            fix="restrict the data to those followed from time zero, or use the time-varying or landmark analysis",
        )


@dataclass(frozen=True)
class Hazards:
    """Fitted probability of starting in each interval, one entry per patient and interval at risk of it."""

    patient: Ints
    interval: Ints
    started: Bools
    probability: Floats
    marginal: Floats
    """The same without covariates."""
    scores: Floats
    """Score of each patient of the data under the model, shape (n, parameters)."""


def start_hazards(
    data: ObservationalData,
    ends: Floats,
    adjust_for: Sequence[str],
    *,
    survivors_only: bool,
    excused_months: Floats | None = None,
) -> Hazards:
    """Pooled logistic model of starting treatment: one intercept an interval, and covariates at its start.

    Parameters
    ----------
    data : ObservationalData
    ends : array
        Ends of the intervals; interval 0 is the moment of time zero itself.
    adjust_for : sequence of str
        Baseline or time-varying covariates.
    survivors_only : bool
        Whether an interval counts only patients still followed at its end.
    excused_months : array, optional
        From when on a patient need not be treated; modelled by one rate of their own.

    Raises
    ------
    OverlapError
        Where a covariate separates those who start from the others.
    """
    start, months = starts_before_exit(data), data.months
    begins = np.concatenate([[0.0], np.concatenate([[0.0], ends[:-1]])])
    closes = np.concatenate([[0.0], ends])
    late = entry(data)
    who, which, begun, fits = [], [], [], []
    for k in range(len(closes)):
        at_risk = (months > begins[k]) & (start > begins[k]) & (late <= begins[k]) if k else (late <= 0)
        if survivors_only and k:
            at_risk &= months > closes[k]
        rows = np.flatnonzero(at_risk)
        who.append(rows)
        which.append(np.full(len(rows), k))
        begun.append(start[rows] <= closes[k])
        fits.append(np.zeros(len(rows), dtype=bool) if excused_months is None else excused_months[rows] <= begins[k])
    patient, interval = np.concatenate(who).astype(np.int64), np.concatenate(which).astype(np.int64)
    started, excused = np.concatenate(begun), np.concatenate(fits)
    size = len(closes)
    free = ~excused
    total = np.bincount(interval[free], minlength=size)
    count = np.bincount(interval[free], weights=started[free], minlength=size)
    rate = np.divide(count, total, out=np.zeros(size), where=total > 0)
    marginal = rate[interval]
    if excused.any():
        marginal[excused] = started[excused].mean()
    probability = marginal.copy()
    # an interval in which nobody starts has a fitted probability of exactly 0 and says nothing of the covariates
    informative = free & (count[interval] > 0) & (count[interval] < total[interval])
    if adjust_for and informative.any():
        rows = np.flatnonzero(informative)
        found = varying_part(columns(data, adjust_for, at=begins[interval[rows]], rows=patient[rows]))
        group = np.unique(interval[rows], return_inverse=True)[1].astype(np.int64)
        probability[rows] = logistic(started[rows], found, group=group, where=data.where).probability
        scores = patient_scores(started[rows] - probability[rows], found, patient[rows], len(data), group=group)
    else:
        scores = patient_scores((started - marginal)[free], {}, patient[free], len(data), group=interval[free])
    if excused.any():
        apart = patient_scores((started - marginal)[excused], {}, patient[excused], len(data))
        scores = np.column_stack([scores, apart])
    return Hazards(patient, interval, started, probability, marginal, scores)


def last_month(data: ObservationalData) -> float:
    """Whole month by which the last treatment has started."""
    return float(max(1, math.ceil(float(np.nanmax(data.treated_months)))))
