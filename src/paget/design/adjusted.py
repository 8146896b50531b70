"""Estimates after a trial with looks: intervals that hold although it could have stopped earlier.

*Repeated* intervals (estimate plus or minus the boundary times the standard error) hold at every look, stopped or not, and are wide.
*Stagewise ordered* p value, median-unbiased estimate and interval are for the look at which the trial ended (Tsiatis, Rosner, Mehta 1984):
an outcome is more extreme the earlier the trial stopped, and at one look the larger its statistic.

Source: Jennison C, Turnbull BW, Group Sequential Methods (2000), chapters 8 and 9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from paget.design.boundaries import Boundaries, _root
from paget.design.crossing import Continuing, check_information
from paget.errors import PagetError


@dataclass(frozen=True)
class Adjusted:
    """Effect after looks, on the scale of the estimate; ``p_value`` one-sided, ``level`` of the interval two-sided."""

    p_value: float
    estimate: float
    ci_low: float
    ci_high: float
    level: float


def repeated_interval(boundaries: Boundaries, look: int, estimate: float, se: float) -> tuple[float, float]:
    """Interval of level 1 - 2 alpha that may be read at any look.

    Parameters
    ----------
    boundaries : Boundaries
    look : int
        From 0.
    estimate, se : float
        Such as a log hazard ratio and its standard error.

    Examples
    --------
    >>> from paget.design.boundaries import boundaries
    >>> low, high = repeated_interval(boundaries("obrien-fleming", [0.5, 1]), 1, -0.3, 0.1)
    >>> round(low, 3), round(high, 3)
    (-0.498, -0.102)
    """
    if not 0 <= look < len(boundaries):
        raise PagetError("there is no such look", key="look", got=look, expected=f"0 to {len(boundaries) - 1}")
    if not se > 0:
        raise PagetError("a standard error must be positive", key="se", got=se)
    half = boundaries.upper[look] * se
    return estimate - half, estimate + half


def stagewise(
    information: Sequence[float], upper: Sequence[float], z: float, *, lower: Sequence[float] | None = None, level: float = 0.95
) -> Adjusted:
    """P value, median-unbiased estimate and interval of a trial that ended at the last of these looks.

    Parameters
    ----------
    information : sequence of float
        Of the looks held, in the unit of 1 / se**2 of the estimate.
    upper, lower : sequence of float
        Boundaries of the looks before the last.
    z : float
        Statistic of the last look, large for benefit.
    level : float
        Of the interval.

    Notes
    -----
    The effect is on the scale on which ``z = effect x sqrt(information)``: for a log hazard ratio, its negative.
    """
    levels = check_information(information)
    if len(upper) != len(levels) - 1 or (lower is not None and len(lower) != len(levels) - 1):
        raise PagetError("boundaries are needed of each look but the last", got=len(upper), expected=str(len(levels) - 1))
    if not 0.0 < level < 1.0:
        raise PagetError("the level must lie between 0 and 1", key="level", got=level, expected="such as 0.95")
    bottom = [-math.inf] * (len(levels) - 1) if lower is None else list(lower)

    def extreme(theta: float) -> float:
        """Probability of an outcome at least as extreme, under an effect."""
        state, total = Continuing.start(theta), 0.0
        for k, information_k in enumerate(levels[:-1]):
            total += state.above(information_k, upper[k])
            state = state.after(information_k, bottom[k], upper[k], levels[k + 1])
        return total + state.above(levels[-1], z)

    root = math.sqrt(levels[-1])
    centre, reach = z / root, 12.0 / math.sqrt(levels[0])

    def effect_at(probability: float) -> float:
        return _root(lambda theta: extreme(theta) - probability, centre - reach, centre + reach)

    tail = (1.0 - level) / 2.0
    return Adjusted(extreme(0.0), effect_at(0.5), effect_at(tail), effect_at(1.0 - tail), level)
