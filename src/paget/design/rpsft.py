"""Treatment switching by a rank-preserving structural failure time model: what would have been without the switch.

Time on treatment counts ``exp(psi)`` times: the time without treatment is ``U(psi) = T_off + exp(psi) T_on``. Randomisation makes U
alike in both arms at the true psi, so the estimate is where a log-rank test of U finds nothing (g-estimation). Observed censoring
becomes informative on the scale of U; it is recensored at the smallest U that a patient could have been censored at, ``min(C, C
exp(psi))``, in an arm in which treatment can begin late.

Source: Robins JM, Tsiatis AA, Commun Stat Theory Methods 1991;20:2609-2631; White IR et al., Stat Med 1999;18:2617-2634.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from paget.errors import PagetError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

REACH = 2.0
"""psi is looked for from -REACH to REACH: time stretched or shrunk by up to a factor of seven."""
STEPS = 34
"""Halvings of that range: to 2e-10."""


@dataclass(frozen=True)
class Switched:
    """Trials with switching, one patient a row, months from randomisation.

    Attributes
    ----------
    time : array
        Of the event or of censoring.
    event : array of bool
    arm : array of 0/1
        1 experimental.
    off : array
        Time without the experimental treatment: 0 to ``time``. In the experimental arm the wait for it, in the control arm the time
        until the switch, or all of it.
    censoring : array
        When the patient would have been censored, whether or not she had the event before.
    replicate : array of int
        Trial of each patient.
    """

    time: Floats
    event: Bools
    arm: npt.NDArray[np.int64]
    off: Floats
    censoring: Floats
    replicate: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        late = np.flatnonzero((self.off < 0) | (self.off > self.time * (1 + 1e-12) + 1e-12))
        if late.size:
            row = int(late[0])
            raise PagetError(
                f"{late.size} patient(s) have more time without treatment than time, the first in row {row}",
                got=(float(self.off[row]), float(self.time[row])), expected="0 <= off <= time",
                fix="count both from randomisation; a switch after the end is no switch",
            )  # fmt: skip
        early = np.flatnonzero(self.censoring < self.time * (1 - 1e-12) - 1e-12)
        if early.size:
            row = int(early[0])
            raise PagetError(
                f"{early.size} patient(s) would have been censored before their time, the first in row {row}",
                got=(float(self.censoring[row]), float(self.time[row])), expected="censoring >= time",
            )  # fmt: skip

    def untreated(self, psi: Floats | float, *, recensor: bool = True) -> tuple[Floats, Bools]:
        """Times and events without treatment under ``psi`` (one value, or one per row), recensored in both arms."""
        stretch = np.exp(np.asarray(psi, np.float64))
        u = self.off + stretch * (self.time - self.off)
        if not recensor:
            return u, self.event
        limit = np.minimum(self.censoring, self.censoring * stretch)
        return np.minimum(u, limit), self.event & (u <= limit)

    def adjusted(self, psi: Floats | float) -> tuple[Floats, Bools]:
        """The trial without switching: the experimental arm as observed, the control arm untreated and recensored."""
        u, event = self.untreated(psi)
        treated = self.arm == 1
        return np.where(treated, self.time, u), np.where(treated, self.event, event)


@dataclass(frozen=True)
class Rpsft:
    """Estimates of each trial.

    Attributes
    ----------
    psi, psi_low, psi_high : array
        Log of the factor by which time on treatment counts (negative: treatment prolongs life), and its 95 % limits. NaN where the test has
        no zero within the range.
    log_hr : array
        Experimental arm as observed against control without switching.
    se : array
        Of ``log_hr``, so that its test is the trial's own: ``abs(log_hr / z)`` of the test by intention to treat (White 1999).
    z : array
        Log-rank statistic by intention to treat.
    """

    psi: Floats
    psi_low: Floats
    psi_high: Floats
    log_hr: Floats
    se: Floats
    z: Floats


def rpsft(trials: Switched, strata: Any = None, *, threads: int = 1) -> Rpsft:
    """G-estimate of each trial, all trials at once.

    Parameters
    ----------
    trials : Switched
    strata : array, optional
        Of the log-rank test.
    threads : int

    Notes
    -----
    The statistic is a step function of psi and nearly monotone; the halving keeps a change of sign. Where it has
    several zeros, one is found.
    """
    from paget.analysis.fast import replicate_statistics

    labels, code = np.unique(trials.replicate, return_inverse=True)
    count = len(labels)

    def statistic(psi: Floats) -> Floats:
        u, event = trials.untreated(psi[code])
        return replicate_statistics(u, event, trials.arm, trials.replicate, strata=strata, threads=threads).logrank_z

    def solve(target: float) -> Floats:
        return _zeros(lambda psi: statistic(psi) - target, count)

    psi = solve(0.0)
    # a larger psi makes treated patients' U longer, so fewer events than expected: the statistic falls
    low, high = solve(1.959963984540054), solve(-1.959963984540054)
    time, event = trials.adjusted(np.where(np.isfinite(psi), psi, 0.0)[code])
    adjusted = replicate_statistics(time, event, trials.arm, trials.replicate, strata=strata, threads=threads)
    plain = replicate_statistics(trials.time, trials.event, trials.arm, trials.replicate, strata=strata, threads=threads)
    log_hr = np.where(np.isfinite(psi), adjusted.log_hr, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.abs(log_hr / plain.logrank_z)
    return Rpsft(psi, low, high, log_hr, se, plain.logrank_z)


def _zeros(function: Callable[[Floats], Floats], count: int) -> Floats:
    """A zero of each of ``count`` falling functions by halving; NaN where there is none in the range."""
    low, high = np.full(count, -REACH), np.full(count, REACH)
    at_low, at_high = function(low), function(high)
    bracketed = (at_low >= 0) & (at_high <= 0)
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        positive = function(middle) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return np.where(bracketed, (low + high) / 2.0, math.nan)
