"""Kaplan-Meier: survival with Greenwood's error, four kinds of interval, quantiles and numbers at risk.

Own code because the main trial must not pay three seconds of library import for forty lines of arithmetic;
every figure equals R's `survfit` (tests). Say the kind of interval wherever one is shown: lifelines means
log-log, R means log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import unknown
from ._arrays import Floats, at_risk, checked, checked_entry, checked_weights, tally
from ._distributions import z_of_level

IntervalKind = Literal["log-log", "log", "plain", "logit"]
INTERVAL_KINDS = ("log-log", "log", "plain", "logit")
_EQUAL = 1.5e-8
"""Survival this close to a quantile counts as equal to it (R's tolerance)."""


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve. All arrays have one entry per distinct time of event or censoring, in order.

    Attributes
    ----------
    time : array of float
        Distinct times, in the unit of the data.
    at_risk, events, censored : array of float
        Weight at risk just before the time, and leaving at it.
    survival : array of float
        Survival just after each time.
    log_variance : array of float
        Greenwood's sum d / (n (n - d)), the variance of log survival; infinite once survival is 0.
    """

    time: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    survival: Floats
    log_variance: Floats
    interval: IntervalKind
    level: float
    n: int

    @property
    def n_events(self) -> float:
        """Events (total weight of them)."""
        return float(self.events.sum())

    def at(self, t: npt.ArrayLike) -> Floats:
        """Survival at each time `t`; NaN after the last time observed unless survival is already 0."""
        return self._step(self.survival, 1.0, t)

    def std_error(self, t: npt.ArrayLike) -> Floats:
        """Greenwood standard error of survival at each time `t`."""
        with np.errstate(invalid="ignore"):
            error = self.survival * np.sqrt(self.log_variance)
        return self._step(np.where(self.survival > 0, error, np.nan), 0.0, t)

    def band(self) -> tuple[Floats, Floats]:
        """Lower and upper pointwise limits at `time` (NaN where survival is 0)."""
        return limits(self.survival, self.log_variance, self.interval, self.level)

    def at_with_ci(self, t: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Survival, lower and upper limit at each time `t`."""
        low, high = self.band()
        return self.at(t), self._step(low, 1.0, t), self._step(high, 1.0, t)

    def quantile(self, share: float = 0.5) -> tuple[float, float, float]:
        """Time by which `share` has had the event, with its interval; NaN where not reached.

        Where the curve lies flat at exactly 1 - share, the middle of the flat is given, as R does.
        """
        low, high = self.band()
        left = 1.0 - share
        return self._reach(self.survival, left), self._reach(low, left), self._reach(high, left)

    def median(self) -> tuple[float, float, float]:
        """Median time with its interval; NaN where not reached."""
        return self.quantile(0.5)

    def counts(self, t: npt.ArrayLike) -> dict[str, Floats]:
        """At risk, and censored and with event up to each time `t` (the table under a figure)."""
        when = np.atleast_1d(np.asarray(t, dtype=np.float64))
        upto = np.searchsorted(self.time, when, side="right")
        first = np.searchsorted(self.time, when, side="left")

        def total(values: Floats) -> Floats:
            return np.asarray(np.concatenate([[0.0], np.cumsum(values)])[upto])

        risk = np.append(self.at_risk, 0.0)[first]
        return {"at_risk": risk, "censored": total(self.censored), "events": total(self.events)}

    def _step(self, values: Floats, before: float, t: npt.ArrayLike) -> Floats:
        when = np.atleast_1d(np.asarray(t, dtype=np.float64))
        place = np.searchsorted(self.time, when, side="right")
        found = np.concatenate([[before], values])[place]
        if self.survival[-1] > 0:
            found = np.where(when > self.time[-1], np.nan, found)
        return np.asarray(found)

    def _reach(self, curve: Floats, left: float) -> float:
        with np.errstate(invalid="ignore"):
            reached = np.flatnonzero(curve < left + _EQUAL)
        if not reached.size:
            return float("nan")
        first = int(reached[0])
        if abs(curve[first] - left) < _EQUAL:
            below = np.flatnonzero(curve < curve[first])
            if below.size:
                return float(self.time[first] + self.time[int(below[0])]) / 2.0
        return float(self.time[first])


def kaplan_meier(
    time: Any,
    event: Any,
    *,
    entry: Any = None,
    weights: Any = None,
    ci: IntervalKind = "log-log",
    level: float = 0.95,
) -> KaplanMeier:
    """Kaplan-Meier curve of one group.

    Parameters
    ----------
    time, event : array, shape (n,)
        Time to event or censoring (any unit) and whether the event was seen (bool or 0/1).
    entry : array, optional
        Left truncation: a patient is at risk from after `entry` on.
    weights : array, optional
        Case weights, read as counts of patients (Greenwood's error is then that of the larger group).
    ci : {"log-log", "log", "plain", "logit"}
        Kind of interval. R's default is "log", lifelines' and this one's is "log-log".
    level : float
        Level of the interval, 0.95 by default.

    Raises
    ------
    PagetError
        For times, events, entries or weights that cannot be.

    Examples
    --------
    >>> curve = kaplan_meier([5, 8, 8, 12], [1, 1, 0, 1])
    >>> curve.at(8)
    array([0.5])
    >>> curve.median()[0]
    10.0
    """
    if ci not in INTERVAL_KINDS:
        raise unknown("kind of interval", str(ci), INTERVAL_KINDS)
    t, e = checked(time, event)
    w = checked_weights(weights, len(t))
    start = checked_entry(entry, t)
    times = np.unique(t)
    risk = at_risk(times, t, w, start)
    died, left = tally(times, t, e, w), tally(times, t, ~e, w)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(died > 0, 1.0 - died / risk, 1.0))
        terms = np.where(died > 0, died / (risk * (risk - died)), 0.0)
    # Rounding (with weights) must not leave a survival of 1e-17 where all have died.
    survival = np.where(survival < 1e-14, 0.0, survival)
    return KaplanMeier(times, risk, died, left, survival.astype(np.float64), np.cumsum(terms), ci, level, len(t))


def limits(survival: Floats, log_variance: Floats, kind: str, level: float) -> tuple[Floats, Floats]:
    """Pointwise limits of survival from the variance of its logarithm (NaN at survival 0, 1 at 1)."""
    z = z_of_level(level)
    with np.errstate(all="ignore"):
        error = np.sqrt(log_variance)
        log_s = np.log(survival)
        if kind == "log":
            low, high = np.exp(log_s - z * error), np.exp(log_s + z * error)
        elif kind == "plain":
            low, high = survival * (1 - z * error), survival * (1 + z * error)
        elif kind == "logit":
            odds, width = survival / (1 - survival), np.exp(z * error / (1 - survival))
            low, high = odds / width / (1 + odds / width), odds * width / (1 + odds * width)
        else:
            width = np.exp(z * error / -log_s)
            low, high = survival**width, survival ** (1 / width)
    inside = (survival > 0) & (survival < 1)
    edge = np.where(survival >= 1, 1.0, np.nan)
    low = np.where(inside, np.clip(low, 0, 1), edge)
    return low, np.where(inside, np.clip(high, 0, 1), edge)
