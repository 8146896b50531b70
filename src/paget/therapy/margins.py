"""From the error of needles to the margin of an ablation, and from the margin to local control.

The workflow at patient scale, without its 3D planning. A sphere of tumour is to be covered with a planned margin. The more needles, the
more places at which one of them may lie off: the surface is split into as many sectors as zones of one needle's width cover it, and
each sector has its own needle. A needle off by ``e`` thins its sector's margin by ``e``; ``e`` is the length of a lateral error with two
normal components, so it follows a Rayleigh distribution. After the ablation each sector is looked at on fused images, with an error of
its own; a sector that seems thinner than the threshold gets a new needle, which can only add to its margin. The minimal margin is the
thinnest of the sectors. Local progression falls exponentially with it.

Margins in millimetres (negative: tumour left uncovered), diameters in centimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
_STEPS = 801


@dataclass(frozen=True)
class Needles:
    """How needles are placed and looked after.

    Attributes
    ----------
    planned_mm : float
        Margin that is planned on all sides.
    error_mm : float
        Mean lateral error of one needle.
    zone_cm : float
        Width of tissue that one needle looks after; sets how many sectors a lesion has.
    zone_limit_cm : float or None
        Widest zone that the technique makes; a larger lesion leaves less room for a margin. ``None``: zones are joined, no limit.
    redo_below_mm : float or None
        A sector that seems thinner than this is ablated again in the same session. ``None``: never.
    attempts : int
        How often at most.
    check_sd_mm : float
        Error of the margin seen on fused images.
    """

    planned_mm: float
    error_mm: float
    zone_cm: float
    zone_limit_cm: float | None = None
    redo_below_mm: float | None = None
    attempts: int = 0
    check_sd_mm: float = 0.0

    def sectors(self, diameter_cm: float) -> float:
        """Number of sectors of a lesion: surface to be covered over that of one zone, at least one (not rounded)."""
        return max(1.0, ((diameter_cm + 0.2 * self.planned_mm) / self.zone_cm) ** 2)

    def room_mm(self, diameter_cm: float) -> float:
        """Margin that would be reached without any error: the planned one, or what the widest zone leaves."""
        if self.zone_limit_cm is None:
            return self.planned_mm
        return min(self.planned_mm, 5.0 * (self.zone_limit_cm - diameter_cm))

    def grid_mm(self, diameter_cm: float) -> Array:
        """Margins at which distributions are tabled, from where practically none is thinner to the largest possible."""
        room = self.room_mm(diameter_cm)
        return np.linspace(room - 5.0 * self.error_mm, room, _STEPS)

    def first(self, margin_mm: Array, diameter_cm: float) -> Array:
        """Probability that one sector's margin is at most this with one needle: Rayleigh error, closed form."""
        short = np.maximum(self.room_mm(diameter_cm) - margin_mm, 0.0)
        return np.exp(-0.25 * math.pi * (short / self.error_mm) ** 2)

    def sector(self, margin_mm: Array, diameter_cm: float) -> Array:
        """The same once thin sectors have been ablated again, as often as allowed.

        A sector of margin ``m`` is done again with probability ``q(m)``; then it has the larger of two margins. So
        ``P(<= x)`` becomes the part below ``x`` that was left alone, plus the part below ``x`` that was done again times ``P(new <= x)``.
        ``margin_mm`` must be an increasing grid that begins where the probability is nil.
        """
        new = self.first(margin_mm, diameter_cm)
        if self.redo_below_mm is None:
            return new
        done = new
        for _ in range(self.attempts):
            mass = np.diff(done, prepend=0.0)
            middle = np.concatenate([margin_mm[:1], 0.5 * (margin_mm[1:] + margin_mm[:-1])])
            again = np.cumsum(mass * self._seems_thin(middle))
            done = done - again + again * new
        return done

    def _seems_thin(self, margin_mm: Array) -> Array:
        from scipy.special import ndtr

        assert self.redo_below_mm is not None
        if self.check_sd_mm == 0.0:
            return (margin_mm < self.redo_below_mm).astype(np.float64)
        thin: Array = ndtr((self.redo_below_mm - margin_mm) / self.check_sd_mm)
        return thin

    def minimal(self, diameter_cm: float) -> tuple[Array, Array]:
        """Grid of margins and the probability that the minimal margin is at most each of them."""
        grid = self.grid_mm(diameter_cm)
        sector = np.minimum(self.sector(grid, diameter_cm), 1.0)
        return grid, 1.0 - (1.0 - sector) ** self.sectors(diameter_cm)

    def quantile_mm(self, diameter_cm: float, share: float) -> float:
        """Minimal margin below which this share of lesions of that diameter lies."""
        grid, below = self.minimal(diameter_cm)
        return float(np.interp(share, below, grid))


@dataclass(frozen=True)
class MarginRelation:
    """Local progression by minimal margin: ``1 - exp(-at_zero * ratio_per_mm ** margin)``.

    ``at_zero`` is the cumulative hazard at a margin of nil, ``ratio_per_mm`` the hazard ratio of one more millimetre.
    """

    at_zero: float
    ratio_per_mm: float

    def progression(self, margin_mm: Array) -> Array:
        """Probability of local progression at these margins."""
        return -np.expm1(-self.at_zero * self.ratio_per_mm**margin_mm)


def relation_from_series(progression: float, classes: tuple[tuple[float, float, float], ...], ratio_per_mm: float) -> MarginRelation:
    """The relation that gives a series its progression, with the margins that such a series has.

    Parameters
    ----------
    progression : float
        Share of the series' lesions that progressed locally.
    classes : tuple of (low_mm, high_mm, share)
        Margins of such lesions; even within a class.
    ratio_per_mm : float
        Hazard ratio of one more millimetre.
    """
    from scipy.optimize import brentq

    total = sum(share for _, _, share in classes)

    def excess(log_at_zero: float) -> float:
        relation = MarginRelation(math.exp(log_at_zero), ratio_per_mm)
        mean = 0.0
        for low, high, share in classes:
            inside = np.linspace(low, high, 101)
            mean += share / total * float(np.trapezoid(relation.progression(inside), inside) / (high - low) if high > low else
                                          relation.progression(np.array([low]))[0])  # fmt: skip
        return mean - progression

    return MarginRelation(math.exp(brentq(excess, -8.0, 8.0)), ratio_per_mm)


def control(needles: Needles, relation: MarginRelation, diameter_cm: float) -> float:
    """Probability that a lesion of this diameter does not progress locally: the relation averaged over its minimal margins."""
    grid, below = needles.minimal(diameter_cm)
    middle = 0.5 * (grid[1:] + grid[:-1])
    mass = np.diff(below)
    failed = float(mass @ relation.progression(middle)) + float(below[0])  # thinner than the grid: taken as progressing
    return 1.0 - failed
