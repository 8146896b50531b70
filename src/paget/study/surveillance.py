"""Follow-up of operated early disease: visits, what they image, which burden makes a serum marker rise, and the work-up after it.

Detection limits are multiples of the diameter from which staging CT shows a lesion of that patient: 1 is as good as staging, 2 needs
lesions twice as large. A place that is left out is not imaged. Whatever visits miss is found by its symptoms.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from paget.forms.faults import Fault, Faults
from paget.study.values import Block, Months, NonNegative, Positive

Place = Literal["bone", "liver", "lung", "brain", "skin", "distant-nodes"]
Limit = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=100)]


class Surveillance(Block):
    """A schedule of follow-up, counted from the operation."""

    every_months: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=120)]
    until_months: Months
    imaging: dict[Place, Limit] = Field(default_factory=dict, description="Detection limit by place, at every visit")
    marker_cm3: Positive | None = Field(default=None, description="Burden at which a marker rises in half of patients")
    marker_sd_log: NonNegative | None = Field(default=None, description="Spread of that burden between patients")
    workup: dict[Place, Limit] = Field(default_factory=dict, description="Detection limit by place once a marker has risen")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = []
        if not self.imaging and self.marker_cm3 is None:
            faults.append(Fault((), "looks for nothing: neither imaging nor a marker", fix="leave surveillance out, or add one"))
        if self.workup and self.marker_cm3 is None:
            faults.append(Fault(("marker_cm3",), "is missing: the work-up follows a marker", expected="cm3 of tumour"))
        if self.marker_sd_log is not None and self.marker_cm3 is None:
            faults.append(Fault(("marker_sd_log",), "belongs to a marker, and none is measured", fix="remove it, or give marker_cm3"))
        if faults:
            raise Faults(faults)
        return self
