"""Arms: what each group of patients is to receive, and what share of them really does.

Systemic therapy is the standard of care unless an arm names a regimen of its own, in first line (for everybody, or by what
the clinic sees) or in a later one. Locoregional treatment is surgery of the primary with or without radiotherapy, at a time
counted from an event, for a stated share of the patients; local treatments of metastases stand in `paget.study.local`.
Patients may cross over to a late operation, or at progression to the regimen of another arm. All times are days.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from paget.forms.faults import Fault, Faults
from paget.study.adjuvant import Adjuvant
from paget.study.conditions import Condition
from paget.study.local import MOST_LOCAL, LocalTreatment
from paget.study.surveillance import Surveillance
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
    """A late operation in an arm without surgery, or the regimen of another arm in second line.

    ``on: locoregional-progression``: the fraction is of the patients *to whom that happens*, and the delay
    counts from it. ``on: any-time``: the fraction is of *all patients of the arm*, and the delay counts
    from randomisation. ``on: progression``: the fraction is of the patients who get a second line; it is what the arm
    named in ``to`` gives first.
    """

    fraction: Fraction
    on: Literal["locoregional-progression", "any-time", "progression"]
    to: Id | None = Field(default=None, description="Arm whose regimen is given (on: progression)")
    delay_days_median: Days | None = None
    delay_days_sd: Days = 0.0
    radiotherapy_fraction: Fraction = 0.0

    @property
    def surgical(self) -> bool:
        """Whether the crossover is to an operation."""
        return self.on != "progression"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        faults = []
        if self.surgical:
            if self.delay_days_median is None:
                faults.append(Fault(("delay_days_median",), "is missing: a late operation needs it", expected="days"))
            if self.to is not None:
                faults.append(Fault(("to",), f"belongs to on: progression, not to on: {self.on}", self.to, fix="remove it"))
        else:
            if self.to is None:
                faults.append(Fault(("to",), "is missing: whose regimen follows at progression?", expected="id of another arm"))
            surgical = ("delay_days_median", "delay_days_sd", "radiotherapy_fraction")
            faults += [
                Fault((name,), "belongs to a late operation: the next line begins at progression", getattr(self, name),
                      fix="remove it")
                for name in surgical if getattr(self, name) not in (None, 0.0)
            ]  # fmt: skip
        if faults:
            raise Faults(faults)
        return self


class LaterLine(Block):
    """A regimen that the arm gives in a later line, in place of the standard of care's."""

    line: Annotated[int, Field(strict=True, ge=2, le=5)] = Field(description="2: the first line after progression")
    systemic: Text = Field(description="Name of a regimen")
    fraction: Fraction = Field(default=1.0, description="Of the patients who get this line")


class Choice(Block):
    """A first regimen for patients who satisfy all conditions at diagnosis."""

    where: Annotated[tuple[Condition, ...], Field(min_length=1)]
    systemic: Text = Field(description="Name of a regimen, or 'standard of care'")


class Arm(Block):
    """One arm of the trial. Its id is the arm's name in the evidence where results are compared with it."""

    id: Id
    label: Text
    control: Flag = False
    systemic: Annotated[Text, Field(description="'standard of care', the name of a regimen, or 'none'")] = (
        STANDARD_OF_CARE
    )
    systemic_if: Annotated[tuple[Choice, ...], Field(min_length=1)] | None = Field(
        default=None, description="First regimen by what the clinic sees; the first row that holds counts, else `systemic`"
    )
    later_lines: Annotated[tuple[LaterLine, ...], Field(min_length=1)] | None = None
    locoregional: Locoregional = Locoregional(procedure="none")
    local: Annotated[tuple[LocalTreatment, ...], Field(min_length=1, max_length=MOST_LOCAL)] | None = Field(
        default=None, description="Local treatments of metastases"
    )
    surveillance: Surveillance | Id | None = Field(
        default=None, description="Follow-up of early disease: name of a schedule, or one; absent: symptoms alone find a relapse"
    )
    adjuvant: Adjuvant | None = Field(
        default=None, description="Adjuvant therapy in early disease; absent: that of the population"
    )
    placebo: Flag | None = Field(default=None, description="The arm is given a placebo of what another arm gets")
    crossover: Crossover | None = None

    @property
    def untreated(self) -> bool:
        """Whether the arm receives nothing at all."""
        nothing = self.systemic == NO_SYSTEMIC and not self.systemic_if and not self.later_lines
        return nothing and self.locoregional.procedure == "none" and not self.local

    @property
    def regimens(self) -> tuple[str, ...]:
        """What ``systemic``, ``systemic_if`` and ``later_lines`` name, each once: regimens, the standard of care, none."""
        named = (self.systemic, *(one.systemic for one in self.systemic_if or ()), *(one.systemic for one in self.later_lines or ()))
        return tuple(dict.fromkeys(named))

    @property
    def surgical_crossover(self) -> Crossover | None:
        """The late operation, if the arm allows one."""
        return self.crossover if self.crossover is not None and self.crossover.surgical else None

    @property
    def strategy(self) -> tuple[object, ...]:
        """What the arm does, without its name."""
        return (
            self.systemic, self.systemic_if, self.later_lines, self.locoregional, self.local, self.surveillance, self.adjuvant,
            bool(self.placebo), self.crossover,
        )  # fmt: skip
