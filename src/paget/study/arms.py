"""Arms: what each group of patients is to receive, and what share of them really does.

Systemic therapy is the standard of care unless an arm names a regimen of its own. Locoregional treatment is
surgery of the primary with or without radiotherapy, at a time counted from an event, for a stated share of
the patients. Control patients may cross over to a late operation. All times are days.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from paget.forms.faults import Fault, Faults
from paget.study.conditions import Condition
from paget.study.values import Block, Days, Flag, Fraction, Id, Text

STANDARD_OF_CARE = "standard of care"
NO_SYSTEMIC = "none"


class When(Block):
    """A time after an event: lognormal between patients; spread 0 means the same day for all."""

    after: Literal["randomisation", "diagnosis"]
    delay_days_median: Days
    delay_days_sd: Days = Field(default=0.0, description="Standard deviation of the delay; 0: no spread")


class Locoregional(Block):
    """Treatment of the primary. Keys other than ``procedure`` belong to surgery."""

    procedure: Literal["none", "surgery"]
    when: When | None = None
    conditions: tuple[Condition, ...] = Field(
        default=(), description="Only patients who satisfy these are operated"
    )
    received_fraction: Fraction | None = Field(
        default=None, description="Share of the arm that is really operated"
    )
    breast_conserving_fraction: Fraction | None = Field(
        default=None, description="Of the operated; others: mastectomy"
    )
    margins_free_fraction: Fraction | None = Field(
        default=None, description="Of the operated; absent: the clinic's own"
    )
    radiotherapy_fraction_after_bcs: Fraction | None = Field(
        default=None, description="Of breast conserving operations"
    )
    radiotherapy_fraction_after_mastectomy: Fraction | None = Field(
        default=None, description="Of mastectomies"
    )
    systemic_pause_days: Days | None = Field(
        default=None, description="Days without drugs around the operation"
    )
    systemic_starts: Literal["at once", "after surgery"] = Field(
        default="at once", description="'after surgery': no drug before the operation and its pause"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        surgical = (
            "when",
            "received_fraction",
            "breast_conserving_fraction",
            "radiotherapy_fraction_after_bcs",
            "radiotherapy_fraction_after_mastectomy",
            "systemic_pause_days",
        )
        if self.procedure == "surgery":
            faults = [
                Fault(
                    (name,),
                    "is missing: surgery needs it",
                    expected="see docs/protocols.md, block locoregional",
                )
                for name in surgical
                if getattr(self, name) is None
            ]
        else:
            faults = [
                Fault(
                    (name,),
                    "belongs to surgery, but the procedure is none",
                    getattr(self, name),
                    fix="remove it",
                )
                for name in (*surgical, "margins_free_fraction")
                if getattr(self, name) is not None
            ]
            if self.conditions:
                faults.append(
                    Fault(("conditions",), "belong to surgery, but the procedure is none", fix="remove them")
                )
        if faults:
            raise Faults(faults)
        return self


class Crossover(Block):
    """A late operation in an arm without surgery.

    ``on: locoregional-progression``: the fraction is of the patients *to whom that happens*, and the delay
    counts from it. ``on: any-time``: the fraction is of *all patients of the arm*, and the delay counts
    from randomisation.
    """

    fraction: Fraction
    on: Literal["locoregional-progression", "any-time"]
    delay_days_median: Days
    delay_days_sd: Days = 0.0
    radiotherapy_fraction: Fraction = 0.0


class Arm(Block):
    """One arm of the trial. Its id is the arm's name in the evidence where results are compared with it."""

    id: Id
    label: Text
    control: Flag = False
    systemic: Annotated[Text, Field(description="'standard of care', the name of a regimen, or 'none'")] = (
        STANDARD_OF_CARE
    )
    locoregional: Locoregional = Locoregional(procedure="none")
    crossover: Crossover | None = None

    @property
    def untreated(self) -> bool:
        """Whether the arm receives nothing at all."""
        return self.systemic == NO_SYSTEMIC and self.locoregional.procedure == "none"

    @property
    def strategy(self) -> tuple[str, Locoregional, Crossover | None]:
        """What the arm does, without its name."""
        return self.systemic, self.locoregional, self.crossover
