"""Time in a trial: when the clock starts, who comes when, visits, the data cut.

Calendar times are months from the first patient in; visits are weeks from randomisation.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from paget.forms.faults import Fault, Faults
from paget.study.conditions import Condition
from paget.study.values import Block, Count, Fraction, Id, Months, Positive


class Induction(Block):
    """Systemic therapy before randomisation, and what it must have achieved.

    A patient is due for randomisation at a time drawn evenly between the two limits, and is randomised at
    that time if what is required holds at her last assessment; otherwise she leaves.
    """

    min_months: Months
    max_months: Months
    required: Literal["none", "no-progression", "response"]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_months > self.max_months:
            raise Faults(
                [
                    Fault(
                        ("max_months",),
                        "is shorter than min_months",
                        self.max_months,
                        f"at least {self.min_months:g}",
                    )
                ]
            )
        return self


class TimeZero(Block):
    """What starts the clock of the trial: randomisation at diagnosis, or after induction."""

    event: Literal["diagnosis", "after-induction"]
    induction: Induction | None = None
    at_diagnosis_if: tuple[Condition, ...] = Field(
        default=(),
        description="Patients who satisfy all of these are randomised at diagnosis, without induction",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        faults = []
        if self.event == "after-induction" and self.induction is None:
            faults.append(
                Fault(
                    ("induction",),
                    "is missing: the event is after-induction",
                    expected="min_months, max_months, required",
                )
            )
        if self.event == "diagnosis" and self.induction is not None:
            faults.append(
                Fault(
                    ("induction",),
                    "is given, but the event is diagnosis",
                    fix="remove it, or write event: after-induction",
                )
            )
        if self.event == "diagnosis" and self.at_diagnosis_if:
            faults.append(
                Fault(
                    ("at_diagnosis_if",), "is needless: everybody is randomised at diagnosis", fix="remove it"
                )
            )
        if faults:
            raise Faults(faults)
        return self


class Accrual(Block):
    """How many patients are randomised, over how many months, evenly or with a slow start."""

    patients: Count
    months: Months
    pattern: Literal["uniform", "ramp"] = "uniform"
    ramp_months: Months | None = Field(
        default=None, description="Ramp only: months until accrual is at full speed"
    )

    @model_validator(mode="after")
    def _ramp(self) -> Self:
        if self.pattern == "uniform" and self.ramp_months is not None:
            raise Faults(
                [Fault(("ramp_months",), "belongs to pattern: ramp", self.ramp_months, fix="remove it")]
            )
        if self.pattern == "ramp":
            if self.ramp_months is None:
                raise Faults(
                    [
                        Fault(
                            ("ramp_months",),
                            "is missing: pattern is ramp",
                            expected="months until full speed",
                        )
                    ]
                )
            if self.ramp_months > self.months:
                raise Faults(
                    [
                        Fault(
                            ("ramp_months",),
                            "is longer than accrual",
                            self.ramp_months,
                            f"at most {self.months:g}",
                        )
                    ]
                )
        return self


class Cut(Block):
    """An earlier look at the same trial, for results that were published before the last data cut."""

    id: Id
    data_cut_months: Months
    after: Literal["first-patient", "last-patient"] = "last-patient"


class FollowUp(Block):
    """When the data are cut: months after the first or the last patient was randomised."""

    data_cut_months: Months
    after: Literal["first-patient", "last-patient"] = "last-patient"
    earlier_cuts: tuple[Cut, ...] = ()


class DropOut(Block):
    """Patients lost to follow-up: a constant hazard, the same in all arms."""

    fraction_per_year: Fraction = 0.0

    @model_validator(mode="after")
    def _not_all(self) -> Self:
        if self.fraction_per_year >= 1:
            raise Faults(
                [
                    Fault(
                        ("fraction_per_year",),
                        "leaves nobody to follow",
                        self.fraction_per_year,
                        "less than 1",
                    )
                ]
            )
        return self


class Visits(Block):
    """Assessments every so many weeks, until so many months after randomisation."""

    every_weeks: Positive
    until_months: Months | None = None


class Randomisation(Block):
    """Permuted blocks within strata; the ratio follows the order of the arms."""

    ratio: tuple[Count, ...]
    strata: tuple[str, ...] = Field(
        default=(), description="Attributes with levels, such as hormone_receptor"
    )
    block_size: Count
