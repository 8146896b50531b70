"""Local treatments of lesions in an arm: which therapy, when, for what share of the patients.

What a therapy may treat and what it achieves is in its own file; an arm only says that it is given. Times count from
randomisation, or from diagnosis where patients are randomised then.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from paget.forms.faults import Fault, Faults
from paget.study.values import Block, Days, Fraction, Id

MOST_LOCAL = 3
"""Local treatments that one arm may give."""


class LocalWhen(Block):
    """Days after time zero: lognormal between patients; spread 0 means the same day for all."""

    delay_days_median: Days
    delay_days_sd: Days = Field(default=0.0, description="Standard deviation of the delay; 0: no spread")

    @model_validator(mode="after")
    def _spread_of_nothing(self) -> Self:
        if self.delay_days_median == 0 and self.delay_days_sd > 0:
            raise Faults([Fault(("delay_days_sd",), "spreads a delay of 0 days", self.delay_days_sd, fix="give a median above 0")])
        return self


class LocalTreatment(Block):
    """One local treatment: its therapy file by id, when it is given, and to what share of the arm."""

    therapy: Id = Field(description="Id of a local therapy, such as srfa")
    when: LocalWhen
    received_fraction: Fraction = Field(default=1.0, description="Share of the arm that is really treated")
    sessions: Annotated[int, Field(strict=True, ge=1, le=20)] | None = Field(
        default=None, description="Sessions at most; absent: as the therapy's file says"
    )
