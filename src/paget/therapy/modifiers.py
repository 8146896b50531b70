"""What makes local failure likelier in some lesions than in others: nearness of a vessel, a thin margin, earlier irradiation.

A published curve is of the mixture that its series had. With the share of lesions that a modifier touches and its hazard ratio of local
failure, the mixture comes apart: at each diameter the cumulative hazard ``H`` of lesions that nothing touches is the one for which
``sum over combinations of share * exp(-H * product of ratios)`` is the published probability.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Literal
from zlib import crc32

import numpy as np
from pydantic import model_validator

from paget.forms import Fault, Faults
from paget.forms.quantities import Block, Name, Quantity, Rate, Text

Array = np.ndarray[Any, np.dtype[np.float64]]


class Modifier(Block):
    """One modifier of local failure.

    Attributes
    ----------
    name : str
    what : str
        Which lesions it touches.
    share : Rate
        How many of the lesions behind the curve.
    hazard_ratio : Quantity
        Of local failure, touched against not touched.
    avoided : bool
        The treatment is not subject to it although the series behind the curve was: its curve is the one of lesions not touched.
    of : {"lesion", "session"}
        What it belongs to in a life: to the lesion, where it is whatever treats it and however often (the same draw for all therapies
        whose file names it), or to the session, in which it is made anew.
    """

    name: Name
    what: Text
    share: Rate
    hazard_ratio: Quantity
    avoided: bool = False
    of: Literal["lesion", "session"] = "session"

    @property
    def key(self) -> int:
        """Index of the draw of what belongs to a lesion, from its name; -1 for what belongs to a session."""
        return crc32(self.name.encode()) & 0xFFFF if self.of == "lesion" else -1

    @model_validator(mode="after")
    def _acts(self) -> Modifier:
        if self.hazard_ratio.value <= 0:
            raise Faults([Fault(("hazard_ratio", "value"), "is not a ratio", self.hazard_ratio.value, "more than 0")])
        return self


def combinations(modifiers: tuple[Modifier, ...]) -> list[tuple[tuple[bool, ...], float, float]]:
    """Every combination of modifiers: which are present, its share (independent), its hazard ratio."""
    found = []
    for present in product((False, True), repeat=len(modifiers)):
        share = ratio = 1.0
        for here, modifier in zip(present, modifiers, strict=True):
            share *= modifier.share.value if here else 1.0 - modifier.share.value
            ratio *= modifier.hazard_ratio.value if here else 1.0
        found.append((present, share, ratio))
    return found


def untouched_hazard(mixture: Array, modifiers: tuple[Modifier, ...]) -> Array:
    """Cumulative hazard of failure of lesions that nothing touches, given the probability of control in the mixture.

    Infinite where the mixture has no control at all.
    """
    cases = combinations(modifiers)
    return hazard_of(mixture, np.array([share for _, share, _ in cases]), np.array([ratio for _, _, ratio in cases]))


def hazard_of(mixture: Array, shares: Array, ratios: Array) -> Array:
    """Cumulative hazard ``H`` for which ``sum over cases of share * exp(-H * ratio)`` is the probability of control in the mixture.

    Parameters
    ----------
    mixture : array
        Probabilities.
    shares : array (cases,)
    ratios : array (cases,) or (cases, *mixture.shape)
        Hazard ratio of each case, the same for all of the mixture or not.
    """
    mixture = np.asarray(mixture, np.float64)
    more = (1,) * mixture.ndim
    shares = shares.reshape(-1, *more)
    ratios = ratios.reshape(-1, *more) if ratios.ndim == 1 else ratios
    low, high = np.full(mixture.shape, -40.0), np.full(mixture.shape, 8.0)  # of the log hazard
    for _ in range(90):
        middle = 0.5 * (low + high)
        control = (shares * np.exp(-np.exp(middle) * ratios)).sum(axis=0)
        too_low = control > mixture
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return np.where(mixture >= 1.0, 0.0, np.where(mixture <= 0.0, np.inf, np.exp(0.5 * (low + high))))


def component(mixture: Array, modifiers: tuple[Modifier, ...], present: tuple[bool, ...]) -> Array:
    """Probability of control of lesions with just these modifiers."""
    ratio = 1.0
    for here, modifier in zip(present, modifiers, strict=True):
        ratio *= modifier.hazard_ratio.value if here else 1.0
    return np.exp(-untouched_hazard(mixture, modifiers) * ratio)


def effective(mixture: Array, modifiers: tuple[Modifier, ...]) -> Array:
    """Control averaged over the modifiers that act on this treatment; avoided ones are absent."""
    if not any(modifier.avoided for modifier in modifiers):
        return np.asarray(mixture, np.float64)
    hazard = untouched_hazard(mixture, modifiers)
    acting = tuple(modifier for modifier in modifiers if not modifier.avoided)
    out: Array = np.sum([share * np.exp(-hazard * ratio) for _, share, ratio in combinations(acting)], axis=0)
    return out
