"""Who enters: source, standard of care, eligibility, and the published baseline mix.

A baseline item says which fraction of the trial's patients has a level or a range of an attribute. Items
with a fraction are matched by rejection (`paget.study.baseline`); an item whose fraction is ``not read`` is
only reported, so that nobody takes silence for agreement.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from paget.forms.faults import Fault, Faults
from paget.study.adjuvant import Adjuvant
from paget.study.conditions import Condition, Test
from paget.study.values import NOT_READ, Block, Fraction, Name, Text, fraction_or

FractionOrNotRead = Annotated[float | None, *fraction_or(NOT_READ, f"a number from 0 to 1, counts such as 107/125, or {NOT_READ!r}")]


class Varied(Block):
    """One other value of an assumption, so that a reader sees whether it matters."""

    fraction: Fraction
    reason: Text


class BaselineItem(Test):
    """The published (or assumed) share of patients with a level or a range of one attribute.

    ``level: TNBC`` is short for ``is: TNBC``; ranges use at_least, at_most, above, below.
    """

    level: Annotated[Any, WithJsonSchema({"type": ["string", "boolean"]})] = None
    fraction: FractionOrNotRead
    source: Text = Field(description="An evidence id, or 'assumed'")
    reason: Text | None = None
    varied: Varied | None = None

    @model_validator(mode="before")
    @classmethod
    def _level_is_is(cls, data: Any) -> Any:
        # Kept as `is` so that conditions and baseline items are evaluated by the same code.
        if isinstance(data, dict) and data.get("level") is not None:
            if any(data.get(name) is not None for name in ("is", "is_", "in", "not_in")):
                raise Faults([Fault((), "has both level and is / in / not_in", expected="only level")])
            data = {**{name: value for name, value in data.items() if name != "level"}, "is": data["level"]}
        return data

    @model_validator(mode="after")
    def _assumed_says_why(self) -> Self:
        faults = []
        if self.source == "assumed" and self.reason is None:
            faults.append(
                Fault(("reason",), "is missing: an assumed fraction needs a reason", expected="one sentence")
            )
        if self.varied is not None and self.fraction is None:
            faults.append(
                Fault(
                    ("varied",),
                    f"varies a fraction that is {NOT_READ!r}",
                    fix="give the fraction, or leave varied out",
                )
            )
        if faults:
            raise Faults(faults)
        return self

    @property
    def assumed(self) -> bool:
        """Whether the fraction is not from the trial's own publication nor another study."""
        return self.source == "assumed"


class Population(Block):
    """Where patients come from, how they are treated outside the question, who may enter, and their mix."""

    source: Literal["de-novo", "relapse", "both", "early"] = Field(
        description="De novo stage IV disease, relapse after early disease, or both; or operated early disease"
    )
    standard_of_care: Name = Field(description="Name of a standard of care, such as '2012'")
    not_available: tuple[Text, ...] = Field(
        default=(), description="Names of drug axes that these patients could not get, such as HER2"
    )
    adjuvant: Adjuvant | None = Field(
        default=None, description="Adjuvant therapy of those who had early disease; absent: the usual practice"
    )
    eligibility: tuple[Condition, ...] = ()
    baseline: tuple[BaselineItem, ...] = ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions of entry, the source of patients first."""
        if self.source == "both":
            return self.eligibility
        presentation = {"de-novo": "de novo", "relapse": "relapse", "early": "early"}[self.source]
        first = Condition.model_validate(
            {"attribute": "presentation", "is": presentation, "reason": "population.source"}
        )
        return (first, *self.eligibility)

    @property
    def matched(self) -> tuple[BaselineItem, ...]:
        """Baseline items that have a fraction to match."""
        return tuple(item for item in self.baseline if item.fraction is not None)
