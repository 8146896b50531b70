"""Follow-up of operated early disease: visits, what they image, what makes a serum marker positive, and the work-up after it.

Imaging and work-up are named by instrument, or given by place as detection limits: multiples of the diameter from which staging CT shows
a lesion of that patient (1 is as good as staging, 2 needs lesions twice as large). A place that nothing looks at is not imaged. Every visit
asks and examines too, which finds a metastasis a little before it would announce itself (parameter ``visit_finds_from``). Whatever visits
miss is found by its symptoms.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from paget.forms.faults import Fault, Faults, Key
from paget.study.values import Block, Id, Months, NonNegative, Positive

Place = Literal["bone", "liver", "lung", "brain", "skin", "distant-nodes"]
Limit = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=100)]


Looks = dict[Place, Limit] | Annotated[tuple[Id, ...], Field(min_length=1)]
"""What looks: instruments by name, or detection limits by place."""


class Surveillance(Block):
    """A schedule of follow-up, counted from the operation."""

    every_months: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=120)]
    until_months: Months
    imaging: Looks = Field(default_factory=dict, description="At every visit: instruments, or detection limit by place")
    panel: Id | None = Field(default=None, description="Panel of serum markers taken at every visit")
    read: Literal["cut-off", "rise"] | None = Field(default=None, description="When the panel is positive; default cut-off")
    marker_cm3: Positive | None = Field(default=None, description="Instead of a panel: burden at which a marker rises in half of patients")
    marker_sd_log: NonNegative | None = Field(default=None, description="Spread of that burden between patients")
    work_up: Looks = Field(default_factory=dict, description="Once a marker is positive: instruments, or detection limit by place")

    @property
    def named(self) -> list[tuple[Key, str, str]]:
        """Instruments by name: key, name, kind."""
        found: list[tuple[Key, str, str]] = []
        for key, given in (("imaging", self.imaging), ("work_up", self.work_up)):
            if isinstance(given, tuple):
                found += [((key, row), name, "imaging") for row, name in enumerate(given)]
        return found + ([(("panel",), self.panel, "panel")] if self.panel else [])

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = []
        marker = self.panel is not None or self.marker_cm3 is not None
        if self.panel is not None and self.marker_cm3 is not None:
            faults.append(Fault(("marker_cm3",), "stands beside a panel", fix="keep one of the two"))
        if self.work_up and not marker:
            faults.append(Fault(("panel",), "is missing: the work-up follows a marker", expected="a panel, or marker_cm3 (cm3 of tumour)"))
        if self.marker_sd_log is not None and self.marker_cm3 is None:
            faults.append(Fault(("marker_sd_log",), "belongs to marker_cm3, and none is given", fix="remove it, or give marker_cm3"))
        if self.read is not None and self.panel is None:
            faults.append(Fault(("read",), "belongs to a panel, and none is taken", fix="remove it, or name a panel"))
        if faults:
            raise Faults(faults)
        return self
