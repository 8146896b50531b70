"""Probabilities that a sequence of test statistics crosses its boundaries: recursive integration.

The statistics of successive looks have the canonical joint law of group-sequential theory: ``B_k = Z_k sqrt(I_k)`` is a Brownian
motion with drift theta, observed at the information levels ``I_k``. A trial that goes on after look k has ``B_k`` between the
boundaries; the density of those trials is carried from look to look on Gauss-Legendre points.

Source: Jennison C, Turnbull BW, Group Sequential Methods with Applications to Clinical Trials (2000), chapter 19; the quadrature is
Gauss-Legendre in place of Simpson's rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from paget.errors import PagetError

Floats = npt.NDArray[np.float64]

REACH = 9.0
"""Standard deviations beyond which a normal density is nothing (1e-18)."""
POINTS = 20
"""Gauss-Legendre points of one panel; a panel is at most two standard deviations of the next increment wide."""


def upper_tail(z: Floats | float) -> Floats:
    """Upper tail of the standard normal law."""
    from scipy.special import ndtr

    return np.asarray(ndtr(-np.asarray(z, np.float64)))


@lru_cache(maxsize=1)
def _rule() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    return np.asarray(nodes), np.asarray(weights)


@dataclass(frozen=True)
class Continuing:
    """Trials that have not stopped: points of ``B`` at the information reached, and the probability that stands for each.

    Attributes
    ----------
    information : float
    points, mass : array (m,)
    theta : float
        Drift: ``E B = theta x information``.
    """

    information: float
    points: Floats
    mass: Floats
    theta: float

    @classmethod
    def start(cls, theta: float = 0.0) -> Continuing:
        """Before the first look all trials are at zero."""
        return cls(0.0, np.zeros(1), np.ones(1), theta)

    def _step(self, information: float) -> tuple[float, Floats]:
        step = information - self.information
        return math.sqrt(step), self.points + self.theta * step

    def above(self, information: float, z: float) -> float:
        """Probability of going on so far and then having a statistic above ``z`` at ``information``."""
        if math.isinf(z):
            return 0.0 if z > 0 else float(self.mass.sum())
        sd, centre = self._step(information)
        return float(self.mass @ upper_tail((z * math.sqrt(information) - centre) / sd))

    def below(self, information: float, z: float) -> float:
        """Probability of going on so far and then having a statistic below ``z`` at ``information``."""
        if math.isinf(z):
            return 0.0 if z < 0 else float(self.mass.sum())
        sd, centre = self._step(information)
        return float(self.mass @ upper_tail((centre - z * math.sqrt(information)) / sd))

    def after(self, information: float, lower: float, upper: float, next_information: float) -> Continuing:
        """Trials that go on after a look with these boundaries; ``next_information`` sets how fine the points must be."""
        sd, centre = self._step(information)
        root = math.sqrt(information)
        middle = self.theta * information
        low = max(lower * root, middle - REACH * root)
        high = min(upper * root, middle + REACH * root)
        if high <= low:
            return Continuing(information, np.zeros(1), np.zeros(1), self.theta)
        width = 2.0 * min(sd, math.sqrt(max(next_information - information, 1e-12 * information)))
        panels = min(400, max(4, math.ceil((high - low) / width)))
        nodes, weights = _rule()
        half = (high - low) / panels / 2.0
        middles = low + half * (2.0 * np.arange(panels) + 1.0)
        points = (middles[:, None] + half * nodes[None, :]).ravel()
        z = (points[:, None] - centre[None, :]) / sd
        density = (np.exp(-0.5 * z * z) @ self.mass) / (sd * math.sqrt(2.0 * math.pi))
        return Continuing(information, points, np.tile(half * weights, panels) * density, self.theta)


@dataclass(frozen=True)
class Crossing:
    """Probability of stopping at each look: above the upper boundary (efficacy), below the lower one (futility).

    At the last look a trial that has not crossed the upper boundary ends without a finding; that is counted in ``below`` only if a lower
    boundary was given there.
    """

    above: Floats
    below: Floats

    @property
    def power(self) -> float:
        """Probability of ever crossing the upper boundary."""
        return float(self.above.sum())


def check_information(information: Sequence[float]) -> tuple[float, ...]:
    """Information levels as floats, or the error that says what is wrong with them.

    Raises
    ------
    PagetError
        No level, one that is not positive, or levels that do not increase.
    """
    levels = tuple(float(x) for x in information)
    if not levels:
        raise PagetError("a design needs at least one look", key="information", got=list(information), expected="such as [0.5, 1]")
    if not all(math.isfinite(x) and x > 0 for x in levels):
        raise PagetError("information must be positive", key="information", got=list(levels), expected="such as [0.5, 1]")
    for before, now in pairwise(levels):
        if now <= before:
            raise PagetError(
                "information must increase from look to look", key="information", got=list(levels),
                expected=f"something above {before:g} after {before:g}", fix="give the looks in the order of time",
            )  # fmt: skip
    return levels


def crossing(information: Sequence[float], upper: Sequence[float], lower: Sequence[float] | None = None, theta: float = 0.0) -> Crossing:
    """Stopping probabilities of each look.

    Parameters
    ----------
    information : sequence of float
        Increasing; any unit. With fractions of the final information, ``theta`` is the expected final statistic.
    upper, lower : sequence of float
        Boundaries on the scale of Z; ``inf`` and ``-inf`` where a look cannot stop. No lower boundary by default.
    theta : float
        Drift per unit of information.

    Examples
    --------
    >>> round(crossing([1.0], [1.959964]).power, 6)
    0.025
    """
    levels = check_information(information)
    bottom = [-math.inf] * len(levels) if lower is None else list(lower)
    if not len(levels) == len(upper) == len(bottom):
        raise PagetError("each look needs one boundary of a kind", got=(len(levels), len(upper), len(bottom)))
    state = Continuing.start(theta)
    above, below = np.zeros(len(levels)), np.zeros(len(levels))
    for k, level in enumerate(levels):
        above[k] = state.above(level, upper[k])
        below[k] = state.below(level, min(bottom[k], upper[k]))
        if k + 1 < len(levels):
            state = state.after(level, bottom[k], upper[k], levels[k + 1])
    return Crossing(above, below)
