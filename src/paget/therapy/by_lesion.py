"""What the kernel needs to draw margin and modifiers of each lesion, such that control on average is the file's curve.

A lesion fails with the cumulative hazard ``H(d) * product of the ratios of what touches it * ratio_per_mm ** margin``. ``H`` is solved for
at the diameters of the record, on the very distribution that the kernel draws from, so that nothing is lost on the way.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paget.therapy.correlation import median_logit
from paget.therapy.curves import Curve, Margins
from paget.therapy.layout import LUCK_LOGIT, LUCK_POINTS, MARGIN_POINTS, MARGIN_SIZES
from paget.therapy.modifiers import Modifier, combinations, hazard_of

Array = np.ndarray[Any, np.dtype[np.float64]]


def fill(row: np.void, curve: Curve, modifiers: tuple[Modifier, ...], lasting: float, average: Array) -> None:
    """Fill the fields of a record of `LOCAL` by which lesions are treated one by one.

    Parameters
    ----------
    row : record
        With its grid of diameters and the spread between patients.
    curve : Curve
        Whose margins are drawn, if it has some.
    modifiers : tuple of Modifier
    lasting : float
        Share of complete responses that last.
    average : array
        Control at the diameters of the grid, on average over lesions and patients.
    """
    row["by_lesion"] = 1
    row["n_modifiers"] = len(modifiers)
    for k, modifier in enumerate(modifiers):
        row["modifier_share"][k] = modifier.share.value
        row["modifier_log_ratio"][k] = 0.0 if modifier.avoided else math.log(modifier.hazard_ratio.value)
        row["modifier_key"][k] = modifier.key
    row["lasting"] = lasting
    if isinstance(curve, Margins):
        row["margins"] = 1
        row["margin_log_ratio"] = math.log(curve.relation().ratio_per_mm)
        shares = np.linspace(0.0, 1.0, MARGIN_POINTS)
        shares[[0, -1]] = 0.1 * shares[1], 1.0 - 0.1 * shares[1]  # the very ends of a tail say little of what lies between
        row["margin_mm"] = [curve.quantiles_mm(float(d), shares) for d in _sizes(row)]
    row["log_hazard"] = log_hazard(row, modifiers, average)
    logits = np.linspace(-LUCK_LOGIT, LUCK_LOGIT, LUCK_POINTS)
    row["median_logit"] = [median_logit(1.0 / (1.0 + math.exp(-x)), float(row["patient_sd"])) for x in logits]


def log_hazard(row: np.void, modifiers: tuple[Modifier, ...], average: Array) -> Array:
    """Log hazard of failure at the diameters of a record, for lesions that nothing touches and, with margins, at a margin of nil.

    Such that control, averaged over what is drawn of lesions, is ``average``.
    """
    found = combinations(tuple(modifier for modifier in modifiers if not modifier.avoided))
    share, ratio = np.array([one for _, one, _ in found]), np.array([one for _, _, one in found])
    if row["margins"]:
        spots, fine = np.linspace(0.0, 1.0, MARGIN_POINTS), np.linspace(0.0, 1.0, 8 * MARGIN_POINTS + 1)[1::2]
        drawn = np.array([np.interp(fine, spots, margins) for margins in row["margin_mm"]])  # straight between quantiles and
        drawn = np.array([np.interp(row["grid_cm"], _sizes(row), margins) for margins in drawn.T])  # diameters, as the kernel draws
        ratio = (ratio[:, None, None] * np.exp(row["margin_log_ratio"] * drawn)).reshape(-1, average.size)
        share = np.repeat(share / len(fine), len(fine))
    hazard = hazard_of(average / row["lasting"], share, ratio)
    with np.errstate(divide="ignore"):
        return np.clip(np.log(hazard), -40.0, 30.0)


def _sizes(row: np.void) -> Array:
    """Diameters at which a record has margins."""
    return np.linspace(row["grid_cm"][0], row["grid_cm"][-1], MARGIN_SIZES)
