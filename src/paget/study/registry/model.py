"""One registry: source, years, staging, choice of operation, recording, follow-up, and what it is set beside.

Validated as a whole: a `Registry` that exists is consistent (evidence look-ups apart).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from paget.forms.faults import Faults
from paget.study.assumptions import Assumption, Source
from paget.study.registry import consistency
from paget.study.registry.choice import Operation, Practice
from paget.study.registry.local import LocalOperation
from paget.study.values import Block, Count, EvidenceId, Flag, Fraction, Id, Months, Name, NonNegative, Positive, Text

RECORDABLE = (
    "age_years", "year", "menopause", "comorbidity", "ecog", "subtype", "hormone_receptor", "her2", "histology", "primary_cm", "nodes",
    "n_metastases", "n_sites", "site_group", "bone_only", "visceral", "bone", "liver", "lung", "brain", "skin", "distant_nodes",
    "presentation", "liver_only", "n_liver", "largest_liver_cm", "n_skin", "largest_skin_cm",
)  # fmt: skip
"""Covariates that a registry may record. Response to therapy and burden are not among them: no registry of this kind has them."""

Year = Annotated[int, Field(strict=True, ge=1950, le=2100)]


class Period(Block):
    """Some years of diagnosis with one practice."""

    first_year: Year
    last_year: Year
    fraction: Fraction = Field(description="Share of the registry's patients diagnosed in these years")
    standard_of_care: Name = Field(description="Name of a standard of care, such as '2005'")
    operated: Fraction = Field(description="Share of the patients of these years who are operated")
    pet_ct: Fraction = Field(description="Share staged by PET-CT; the others conventionally")


class PetCt(Block):
    """What PET-CT sees beyond conventional imaging."""

    detection_factor: Positive = Field(description="Detection limits in cm, relative to conventional imaging")
    not_in: tuple[Literal["bone", "liver", "lung", "brain", "skin", "distant-nodes"], ...] = Field(
        default=(), description="Organs in which it sees no more"
    )


class Staging(Block):
    """How patients are staged at diagnosis. Conventional imaging is the model's own."""

    pet_ct: PetCt


class Records(Block):
    """What the registry writes down; everything else is unmeasured."""

    covariates: tuple[Literal[RECORDABLE], ...] = Field(min_length=1)  # type: ignore[valid-type]
    operation_day: Flag = Field(description="Whether the day of the operation is recorded, or only that there was one")


class FollowUp(Block):
    """Vital status: until when, and who is lost on the way."""

    until_year: Year = Field(description="Followed to the end of this year")
    lost_per_year: NonNegative = Field(description="Hazard of being lost")
    linked_fraction: Fraction = Field(description="Share whose death is known from linkage, so that they cannot be lost")


class Analyses(Block):
    """Settings of the analyses of the ladder."""

    horizon_months: Positive = Field(description="Follow-up used, and horizon of the restricted mean")
    landmarks_months: tuple[Months, ...] = Field(default=(3.0, 6.0, 9.0, 12.0), min_length=1)
    grace_months: Positive = Field(default=12.0, description="Grace period of clone-censor-weight")


class Printed(Block):
    """One published result to be shown beside the ladder; its value comes from the evidence. Always a prediction."""

    evidence: EvidenceId
    comparison: Text = Field(description="As the evidence names it")
    subgroup: Text | None = None
    label: Text = Field(description="In words, for tables and figures")


class Registry(Block):
    """A registry of patients with metastases; what some of them had is the part `operation`, by which the kinds below differ."""

    id: Id
    title: Text
    resembles: Text = Field(description="The real registry and years that it is made after")
    question: Text
    evidence: tuple[EvidenceId, ...] = Field(description="Studies that its practice was read in")
    patients: Count = Field(description="Patients simulated, unless asked otherwise")
    source: Literal["de-novo", "relapse", "both"] = "de-novo"
    not_available: tuple[Text, ...] = Field(default=(), description="Axes of drugs that nobody could get, such as HER2")
    periods: tuple[Period, ...] = Field(min_length=1)
    staging: Staging
    operation: Practice
    records: Records
    follow_up: FollowUp
    assessments_every_weeks: Positive = Field(description="Interval of imaging under systemic therapy")
    analyses: Analyses
    published: tuple[Printed, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = consistency.check(self)
        if faults:
            raise Faults(faults)
        return self

    @property
    def first_year(self) -> int:
        """First year of diagnosis."""
        return self.periods[0].first_year

    @property
    def longest_days(self) -> float:
        """Longest follow-up that anybody can have, in days from diagnosis."""
        return (self.follow_up.until_year + 1 - self.first_year) * 365.25


class SurgeryRegistry(Registry):
    """A registry of patients with metastases at diagnosis, some of whom had the primary removed."""

    operation: Operation


class LocalRegistry(Registry):
    """A registry of patients with metastases in one organ, some of whom had these treated locally."""

    operation: LocalOperation


KINDS: dict[str, type[Registry]] = {"surgery": SurgeryRegistry, "local": LocalRegistry}
"""Kind of registry by `operation.procedure`; surgery where none is named."""
