"""Treatment switching by inverse probability of censoring weights: patients who switch are censored, those like them count more.

A patient of the control arm is censored at her switch. In each interval of follow-up a pooled logistic model gives the probability
of not switching, from baseline covariates and from events of her disease (whether they have happened, whether of late); the inverse
of the product up to an interval weights what comes after. Stabilised by the same model without the events. Right only if what
drives switching and prognosis is in the model: progression is, burden is not, as in a real trial.

Source: Robins JM, Finkelstein DM, Biometrics 2000;56:779-788.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from paget.errors import PagetError

Floats = npt.NDArray[np.float64]
LARGEST = 20.0
"""Weights are cut here and the patients concerned are counted."""
RECENT_MONTHS = 3.0
"""An event is of late for so long."""


@dataclass(frozen=True)
class Ipcw:
    """Weighted hazard ratio of one trial: log, robust standard error, switches, mean, largest and number of cut weights."""

    log_hr: float
    se: float
    switches: int
    mean_weight: float
    largest_weight: float
    cut: int


def ipcw(
    time: Floats,
    event: npt.NDArray[np.bool_],
    arm: npt.NDArray[np.int64],
    switch: Floats,
    events: dict[str, Floats],
    covariates: dict[str, Floats] | None = None,
    *,
    strata: Any = None,
    interval_months: float = 1.0,
) -> Ipcw:
    """Hazard ratio without switching, by weighting.

    Parameters
    ----------
    time, event, arm : array (n,)
        Months from randomisation, event, 1 experimental.
    switch : array (n,)
        Month of the switch; ``inf`` where none happened.
    events : mapping
        Month of each event that may drive switching, such as progression; ``inf`` where it was not seen.
    covariates : mapping, optional
        At baseline, numeric.
    strata : array, optional
        Of the Cox model.
    interval_months : float
        Of the pooled logistic model.

    Raises
    ------
    PagetError
        Columns of different lengths, or an interval that is not positive.
    """
    from paget.analysis import cox

    n = len(time)
    if any(len(column) != n for column in (event, arm, switch, *events.values(), *(covariates or {}).values())):
        raise PagetError("all columns must have one value per patient", expected=f"{n} values")
    if not interval_months > 0:
        raise PagetError("an interval must be positive", key="interval_months", got=interval_months)
    switched = (arm == 0) & (switch < time)
    end = np.where(switched, switch, time)
    seen = event & ~switched
    # one row per patient and interval; an event counts from the start of the interval that it falls into
    rows = np.maximum(np.ceil(end / interval_months - 1e-9), 1).astype(np.int64)
    who = np.repeat(np.arange(n), rows)
    k = np.arange(len(who)) - np.repeat(np.cumsum(rows) - rows, rows)
    start, stop = k * interval_months, np.minimum((k + 1) * interval_months, end[who])
    last = k == rows[who] - 1
    if not switched.any():
        fit = cox(time, event, {"arm": arm.astype(np.float64)}, strata=strata, robust=True)
        assert fit.robust_se is not None
        return Ipcw(float(fit.coef[0]), float(fit.robust_se[0]), 0, 1.0, 1.0, 0)
    control = arm[who] == 0
    base = [np.ones(len(who)), np.log1p(start)] + [np.asarray(c, np.float64)[who] for c in (covariates or {}).values()]
    leaves = (last & switched[who]).astype(np.float64)
    varying = []
    for months in events.values():
        happened = months[who] < stop
        varying += [happened.astype(np.float64), (happened & (stop - months[who] <= RECENT_MONTHS)).astype(np.float64)]
    full = _stays(np.column_stack([*base, *varying]), leaves, control)
    short = _stays(np.column_stack(base), leaves, control)
    weight = np.ones(len(who))
    ratio = np.where(control, short / full, 1.0)
    logs = np.log(ratio)
    total = np.cumsum(logs)
    first = np.cumsum(rows) - rows
    # of the intervals before this one: who is still here has not switched in them
    before = total - logs - np.repeat(total[first] - logs[first], rows)
    weight = np.exp(np.minimum(before, math.log(LARGEST) + 1.0))
    cut = weight > LARGEST
    weight = np.minimum(weight, LARGEST)
    stratum = None if strata is None else np.asarray(strata)[who]
    positive = stop > start
    fit = cox(
        stop[positive], (seen[who] & last)[positive], {"arm": arm[who][positive].astype(np.float64)},
        entry=start[positive], weights=weight[positive], cluster=who[positive],
        strata=None if stratum is None else stratum[positive],
    )  # fmt: skip
    assert fit.robust_se is not None
    return Ipcw(
        float(fit.coef[0]), float(fit.robust_se[0]), int(switched.sum()), float(weight[control].mean()), float(weight.max()),
        len(np.unique(who[cut])),
    )  # fmt: skip


def _stays(design: Floats, leaves: Floats, rows: npt.NDArray[np.bool_]) -> Floats:
    """Probability of not switching in each interval: logistic regression on ``rows``, a little ridge against separation."""
    x, y = design[rows], leaves[rows]
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    x = x / scale
    beta = np.zeros(x.shape[1])
    ridge = 1e-4 * np.eye(x.shape[1])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30.0, 30.0)))
        gradient = x.T @ (y - p) - ridge @ beta
        hessian = (x * (p * (1.0 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        beta = beta + np.clip(step, -3.0, 3.0)
        if np.abs(step).max() < 1e-9:
            break
    probability = 1.0 / (1.0 + np.exp(-np.clip(design / scale @ beta, -30.0, 30.0)))
    return np.asarray(np.maximum(1.0 - probability, 1e-6))
