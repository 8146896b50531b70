"""How clinicians choose: terms of a logistic model of what they see, and the moments at which they decide.

A term adds to the log odds of being operated. There is no intercept in a file: it is solved so that the share operated is the one that
was read. Nobody can be chosen on what a clinic does not see.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from paget.errors import nearest
from paget.forms.faults import Fault, Faults
from paget.study.attributes import ATTRIBUTES, Attribute
from paget.study.registry.words import SURGERY, Words
from paget.study.values import Block, Days, Flag, Fraction, Months, Number, Positive, Scalar, Text

ASSUMED = "assumed"
SEEN: dict[str, Attribute] = {
    **{name: one for name, one in ATTRIBUTES.items() if name not in ("presentation", "menopause")},
    "responded": Attribute("responded", "flag", "complete or partial response to first-line therapy by the day of the decision"),
    "progressed": Attribute("progressed", "flag", "progression on first-line therapy by the day of the decision"),
}
"""What clinicians see. ECOG is the one rated on the day of the decision; the rest but `COURSE` is known at diagnosis."""
COURSE = ("responded", "progressed")
"""How therapy went: not known before it."""


class Term(Block):
    """One thing that makes an operation more or less likely.

    Of a number, ``log_odds`` is per ``per`` units (``per: 10`` of age_years: a decade); with ``scale: log`` per unit of its natural
    logarithm. Of a category or flag, ``level`` says which level has it.
    """

    attribute: Annotated[str, Field(strict=True, description="What the clinician sees; listed in docs/registries.md")]
    level: Annotated[Scalar | None, Field(description="Level of a category or flag that has these log odds")] = None
    per: Positive | None = Field(default=None, description="Units of a number that the log odds are of; default 1")
    scale: Literal["linear", "log"] | None = Field(default=None, description="Scale of a number; default linear")
    log_odds: Annotated[Number, Field(ge=-10, le=10)]
    source: Text = Field(description="An evidence id, or 'assumed'")
    reason: Text = Field(description="How the number was had from the source, or why it was assumed")
    varied: Number | None = Field(default=None, description="One other value, to see whether it matters")

    @field_validator("attribute")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in SEEN:
            guess = nearest(name, SEEN)
            fix = f"did you mean {guess!r}?" if guess else "the attributes are listed in docs/registries.md"
            raise Faults([Fault((), "clinicians see no such thing", name, "one of " + ", ".join(SEEN), fix)])
        return name

    @model_validator(mode="after")
    def _fits(self) -> Self:
        attribute = SEEN[self.attribute]
        faults = []
        if attribute.ordered:
            if self.level is not None:
                faults.append(Fault(("level",), f"{attribute.name} is a number and has no levels", self.level, fix="use per and scale"))
        else:
            if self.level is None:
                faults.append(Fault(("level",), "is missing: which level has these log odds?", expected=attribute.expects))
            elif not attribute.holds(self.level):
                faults.append(Fault(("level",), f"is not possible for {attribute.name}", self.level, attribute.expects))
            for name in ("per", "scale"):
                if getattr(self, name) is not None:
                    faults.append(Fault((name,), f"belongs to numbers, and {attribute.name} is none", fix="remove it"))
        if faults:
            raise Faults(faults)
        return self

    def text(self) -> str:
        """Return what the term is about, in words."""
        if self.level is not None:
            return self.attribute if self.level is True else f"{self.attribute} {self.level}"
        unit = SEEN[self.attribute].unit
        if self.scale == "log":
            return f"log {self.attribute}"
        return f"{self.attribute} per {self.per:g} {unit}".rstrip() if self.per is not None else self.attribute


class Delay(Block):
    """Days from a decision to the operation: lognormal between patients."""

    days_median: Days = Field(description="Median, days")
    days_sd: Days = Field(default=0.0, description="Standard deviation, days; 0: the same day for all")

    @property
    def sd_log(self) -> float:
        """Standard deviation of the logarithm."""
        return math.sqrt(math.log1p((self.days_sd / self.days_median) ** 2)) if self.days_median > 0 else 0.0


class FoundAfterOperation(Block):
    """Operated before staging was complete: metastases were found only afterwards, and the patient became stage IV with an operation.

    Only patients whose metastases give no symptoms can be such; who of them is, follows the terms.
    """

    fraction: Fraction = Field(description="Share of all patients of the registry; 0 for none")
    delay: Delay
    terms: tuple[Term, ...] = ()


class Upfront(Block):
    """Operated before systemic therapy; the terms say whose clinicians think of operating first, whether or not they then do."""

    fraction_of_operated: Fraction = Field(description="Of the operated, staging complete")
    delay: Delay
    terms: tuple[Term, ...] = ()


class AfterInduction(Block):
    """The decision after some months of systemic therapy."""

    decision_min_months: Months
    decision_max_months: Months
    unless_progressed: Flag = Field(description="Whether progression before the operation rules it out")
    delay: Delay

    @model_validator(mode="after")
    def _window(self) -> Self:
        if not 0 < self.decision_min_months <= self.decision_max_months:
            expected = f"a month above 0 and at most decision_max_months ({self.decision_max_months:g})"
            raise Faults([Fault(("decision_min_months",), "does not begin a window", self.decision_min_months, expected)])
        return self


class Details(Block):
    """What the operation is."""

    breast_conserving_fraction: Fraction
    radiotherapy_fraction_after_bcs: Fraction
    radiotherapy_fraction_after_mastectomy: Fraction
    margins_free_fraction: Fraction | None = Field(default=None, description="Absent: the model's own")
    systemic_pause_days: Days = Field(description="Days without drugs after the operation")


class Practice(Block):
    """What every kind of treatment has: two ways to it, a choice, and words for it."""

    if TYPE_CHECKING:  # fields of the kinds, in an order of their own
        upfront: Upfront
        after_induction: AfterInduction
        choice: tuple[Term, ...]

    @property
    def terms(self) -> list[tuple[tuple[str, ...], Term]]:
        """Every term with the key of its list."""
        raise NotImplementedError

    @property
    def early_fraction(self) -> float:
        """Share of the patients who are treated before their metastases are found."""
        raise NotImplementedError

    @property
    def words(self) -> Words:
        """What it is called."""
        raise NotImplementedError

    def faults(self) -> list[Fault]:
        """What does not fit together."""
        raise NotImplementedError


class Operation(Practice):
    """Surgery of the primary as practised: three ways to it, the choice, and what it is."""

    procedure: Literal["surgery"] = "surgery"
    found_after_operation: FoundAfterOperation
    upfront: Upfront
    after_induction: AfterInduction
    choice: tuple[Term, ...] = Field(description="Log odds of being operated, at diagnosis or after induction")
    details: Details

    @property
    def terms(self) -> list[tuple[tuple[str, ...], Term]]:
        """Every term with the key of its list."""
        out: list[tuple[tuple[str, ...], Term]] = []
        for key, listed in (
            (("found_after_operation", "terms"), self.found_after_operation.terms),
            (("upfront", "terms"), self.upfront.terms),
            (("choice",), self.choice),
        ):
            out += [((*key, str(place)), term) for place, term in enumerate(listed)]
        return out

    @property
    def early_fraction(self) -> float:
        """Share of the patients who are operated before their metastases are found."""
        return self.found_after_operation.fraction

    @property
    def words(self) -> Words:
        """What it is called."""
        return SURGERY

    def faults(self) -> list[Fault]:
        """Terms that ask, before therapy, how therapy went."""
        return term_faults({"found_after_operation": self.found_after_operation.terms, "upfront": self.upfront.terms})


def term_faults(where: dict[str, tuple[Term, ...]]) -> list[Fault]:
    """Terms that ask, before therapy, how therapy went; the lists of terms by the key of their block."""
    found: list[Fault] = []
    for name, terms in where.items():
        for place, term in enumerate(terms):
            if term.attribute in COURSE:
                key: Any = (name, "terms", place, "attribute")
                found.append(Fault(key, "is not known at diagnosis: therapy has not begun", term.attribute, fix="move it to choice"))
    return found
