"""Restricted mean survival time and its difference, as at one horizon or along all horizons.

Own code: lifelines returns the variance of min(T, tau) where the variance of the estimated mean is wanted
(567 against 37.9 days on the GBSG trial). The error is the Greenwood form (Klein and Moeschberger 4.4.4),
equal to R's `print(survfit, rmean=)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import PagetError
from ._arrays import Floats, checked, checked_entry
from ._distributions import normal_p, z_of_level
from .km import KaplanMeier, kaplan_meier


@dataclass(frozen=True)
class Difference:
    """A difference with its standard error, interval and two-sided p value (experimental minus control)."""

    value: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float
    tau: float


def rmst(time: Any, event: Any, tau: float, *, entry: Any = None) -> tuple[float, float]:
    """Mean survival time up to `tau` and its standard error, in the unit of the data.

    Raises
    ------
    PagetError
        Where `tau` lies beyond the last time observed (unless that was an event, after which survival is 0).
    """
    values, errors = _restricted(kaplan_meier(time, event, entry=entry), np.array([tau], dtype=np.float64))
    if math.isnan(values[0]):
        last = float(np.max(np.asarray(time)))
        raise PagetError(
            "the horizon of the restricted mean lies beyond the follow-up",
            got=tau,
            expected=f"a horizon of at most {last:.6g}",
            fix="choose a horizon that patients of both arms reached",
        )
    return float(values[0]), float(errors[0])


def rmst_difference(time: Any, event: Any, arm: Any, tau: float, *, entry: Any = None, level: float = 0.95) -> Difference:
    """Difference in restricted mean, arm 1 (experimental) minus arm 0 (control).

    Parameters
    ----------
    time, event : array
        Time and event of each patient.
    arm : array of bool or 0/1
        True for the experimental arm.
    tau : float
        Horizon, in the unit of the data.
    entry : array, optional
        Left truncation.
    """
    t, e, a = _two_arms(time, event, arm)
    start = checked_entry(entry, t)
    one, zero = (rmst(t[m], e[m], tau, entry=None if start is None else start[m]) for m in (a, ~a))
    value, se = one[0] - zero[0], math.hypot(one[1], zero[1])
    half = z_of_level(level) * se
    p_value = normal_p(value / se) if se > 0 else math.nan
    return Difference(value, se, value - half, value + half, p_value, tau)


def rmst_curve(time: Any, event: Any, arm: Any, taus: Any = None, *, level: float = 0.95) -> dict[str, Floats]:
    """RMST difference against the horizon: tau, value, se, ci_low, ci_high (NaN beyond the follow-up).

    The limits are pointwise. Without `taus`, 100 horizons up to the last that both arms reached.
    """
    t, e, a = _two_arms(time, event, arm)
    if taus is None:
        taus = np.linspace(0.0, min(t[a].max(), t[~a].max()), 101)[1:]
    horizons = np.asarray(taus, dtype=np.float64)
    one, zero = (_restricted(kaplan_meier(t[m], e[m]), horizons) for m in (a, ~a))
    value, se = one[0] - zero[0], np.hypot(one[1], zero[1])
    half = z_of_level(level) * se
    return {"tau": horizons, "value": value, "se": se, "ci_low": value - half, "ci_high": value + half}


def longest_horizon(time: Any, event: Any, arm: Any) -> float:
    """Return the largest horizon with data in both arms: the smaller of the arms' last times."""
    t, _, a = _two_arms(time, event, arm)
    return float(min(t[a].max(), t[~a].max()))


def _restricted(curve: KaplanMeier, taus: Floats) -> tuple[Floats, Floats]:
    """Area under the curve up to each horizon and its standard error."""
    grid = np.concatenate([[0.0], curve.time])
    height = np.concatenate([[1.0], curve.survival])
    area = np.concatenate([[0.0], np.cumsum(np.diff(grid) * height[:-1])])
    place = np.searchsorted(curve.time, taus, side="left")
    upto = area[place] + (taus - grid[place]) * height[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = curve.events / (curve.at_risk * (curve.at_risk - curve.events))
    # The last patient at risk leaves an infinite term against an area of 0 beyond it: their product is 0.
    terms = np.where(curve.at_risk > curve.events, terms, 0.0)
    remaining = np.maximum(upto[:, None] - area[None, 1:], 0.0)
    inside = curve.time[None, :] <= taus[:, None]
    error = np.sqrt(np.sum(np.where(inside, remaining, 0.0) ** 2 * terms[None, :], axis=1))
    beyond = (taus > curve.time[-1]) & (curve.survival[-1] > 0)
    return np.where(beyond, np.nan, upto), np.where(beyond, np.nan, error)


def _two_arms(time: Any, event: Any, arm: Any) -> tuple[Floats, Any, Any]:
    t, e = checked(time, event)
    a = np.asarray(arm)
    if a.shape != t.shape or not set(np.unique(a).tolist()) <= {0, 1}:
        raise PagetError("arm must be 1 (experimental) or 0 (control) for every patient", got=np.unique(a).tolist()[:5])
    a = a.astype(bool)
    if a.all() or not a.any():
        raise PagetError("one arm has no patient", expected="patients in both arms")
    return t, e, a
