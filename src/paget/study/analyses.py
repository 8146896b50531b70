"""What is computed from the trial's table, and the published results that stand beside it.

Published values are never typed into a protocol: an entry names the study and the result, and the value is
looked up in the evidence (`paget.study.published`).
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field

from paget.endpoints import EndpointCode
from paget.study.conditions import Condition
from paget.study.values import Block, EvidenceId, Flag, Fraction, Id, Months, Positive, Text

Measure = Literal[
    "hazard_ratio",
    "survival",
    "cumulative_incidence",
    "median_months",
    "rmst_difference_months",
    "rmst_months",
    "rate",
    "odds_ratio",
    "count",
]
RATIOS = ("hazard_ratio", "odds_ratio")
SHARES = ("rate", "odds_ratio", "count")
"""Measures of a share of patients or lesions."""
AT_A_TIME = ("survival", "cumulative_incidence")


class Subgroup(Block):
    """Patients who satisfy all conditions at diagnosis."""

    id: Id
    label: Text
    where: tuple[Condition, ...] = Field(min_length=1)


class Analyses(Block):
    """Time points, subgroups and analysis populations."""

    landmarks_months: tuple[Months, ...] = (12.0, 24.0, 36.0, 60.0)
    rmst_tau_months: Months | None = Field(default=None, description="Default: the last landmark")
    subgroups: tuple[Subgroup, ...] = ()
    populations: tuple[Literal["itt", "per-protocol", "as-treated"], ...] = Field(
        default=("itt",), min_length=1
    )
    strata_in_analysis: tuple[str, ...] | None = Field(
        default=None, description="Default: as in the randomisation"
    )
    ci_level: Fraction = 0.95
    lesion_sizes_cm: Annotated[tuple[Positive, ...], Field(min_length=1)] | None = Field(
        default=None, description="Limits between size classes of treated lesions, ascending"
    )
    response_weeks: Positive | None = Field(
        default=None, description="Weeks after treatment by which a treated lesion's response is judged; default 12"
    )
    clinical_benefit_weeks: Positive | None = Field(
        default=None, description="Stable disease for so many weeks is clinical benefit; default 6"
    )
    maxcombo: Literal["auto", "always", "never"] = Field(
        default="auto", description="'auto': where hazards are not proportional"
    )


def size_classes(limits_cm: tuple[float, ...] | None) -> list[str]:
    """Names of the size classes of treated lesions; each class takes its lower limit and not its upper.

    Examples
    --------
    >>> size_classes((3.0, 5.0))
    ['<3 cm', '3-5 cm', '>=5 cm']
    """
    if not limits_cm:
        return []
    inner = [f"{low:g}-{high:g} cm" for low, high in itertools.pairwise(limits_cm)]
    return [f"<{limits_cm[0]:g} cm", *inner, f">={limits_cm[-1]:g} cm"]


class Comparison(Block):
    """Two arms, the experimental one first."""

    experimental: Id
    control: Id


class Printed(Block):
    """How the evidence names things where this protocol names them otherwise."""

    endpoint: Text | None = None
    arm: Text | None = None
    comparison: Text | None = None
    subgroup: Text | None = None
    of: Text | None = None


class Published(Block):
    """One published result to compare with; its value comes from the evidence."""

    evidence: EvidenceId
    measure: Measure
    endpoint: EndpointCode | None = None
    arm: Id | None = None
    comparison: Comparison | None = None
    subgroup: Id | None = None
    lesions: Text | None = Field(default=None, description="Size class of treated lesions, such as '<3 cm'")
    at_months: Months | None = None
    cut: Id | None = Field(
        default=None, description="An earlier data cut (follow_up.earlier_cuts); default: the last one"
    )
    invert: Flag = Field(default=False, description="The ratio is printed the other way round")
    role: Literal["prediction", "anchor", "input", "fitted"] = "prediction"
    printed: Printed = Printed()
    note: Text | None = None
