"""How strong something unmeasured would have to be: E-value, and an array of bias-corrected hazard ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import PagetError


def e_value(hazard_ratio: float, *, common: bool) -> float:
    """E-value of a hazard ratio (VanderWeele and Ding 2017).

    The least strength, as a risk ratio with treatment and with the outcome alike, that an unmeasured
    confounder must have to explain the whole effect.

    Parameters
    ----------
    hazard_ratio : float
    common : bool
        Outcome in more than 15 % by the end of follow-up: the ratio is first turned into an approximate
        risk ratio, (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)).

    Examples
    --------
    >>> round(e_value(0.65, common=False), 2), round(e_value(0.65, common=True), 2)
    (2.45, 2.03)
    """
    if not hazard_ratio > 0:
        raise PagetError("an E-value needs a hazard ratio above 0", got=hazard_ratio)
    ratio = risk_ratio(hazard_ratio) if common else hazard_ratio
    ratio = max(ratio, 1.0 / ratio)
    return ratio + math.sqrt(ratio * (ratio - 1.0))


def e_value_of_limit(ci_low: float, ci_high: float, *, common: bool) -> float:
    """E-value of the limit nearer to 1; 1 where the interval holds 1."""
    if ci_low <= 1.0 <= ci_high:
        return 1.0
    return e_value(ci_high if ci_high < 1.0 else ci_low, common=common)


def risk_ratio(hazard_ratio: float) -> float:
    """Approximate risk ratio of a common outcome (VanderWeele 2017)."""
    return float((1.0 - 0.5 ** math.sqrt(hazard_ratio)) / (1.0 - 0.5 ** math.sqrt(1.0 / hazard_ratio)))


@dataclass(frozen=True)
class BiasCell:
    """Hazard ratio that would be left after removing one assumed confounder."""

    confounder_ratio: float
    prevalence_treated: float
    prevalence_untreated: float
    bias: float
    corrected: float


def bias_array(
    hazard_ratio: float,
    *,
    confounder_ratios: Sequence[float] = (1.5, 2.0, 3.0, 5.0),
    prevalence_treated: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5),
    prevalence_untreated: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5),
) -> list[BiasCell]:
    """Corrected hazard ratio for each strength and prevalence of one binary unmeasured confounder.

    The bias factor is (1 + p1 (r - 1)) / (1 + p0 (r - 1)), with r the ratio of the confounder on the
    hazard, p1 and p0 its prevalence in treated and untreated (Schlesselman 1978; Lin, Psaty and Kronmal
    1998). It is exact for rare outcomes, and near for common ones.

    Raises
    ------
    PagetError
        For ratios that are not positive or prevalences outside 0 to 1.
    """
    cells: list[BiasCell] = []
    for r in confounder_ratios:
        if not r > 0:
            raise PagetError("the hazard ratio of a confounder is above 0", got=r)
        for p1 in prevalence_treated:
            for p0 in prevalence_untreated:
                if not (0 <= p1 <= 1 and 0 <= p0 <= 1):
                    raise PagetError("a prevalence lies between 0 and 1", got=(p1, p0))
                bias = (1.0 + p1 * (r - 1.0)) / (1.0 + p0 * (r - 1.0))
                cells.append(BiasCell(r, p1, p0, bias, hazard_ratio / bias))
    return cells
