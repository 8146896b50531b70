"""A trial as data: the whole protocol, one block per section of the file.

The blocks live in files of their own (`estimand`, `population`, `schedule`, `arms`, `analyses`,
`assumptions`); what must agree between blocks is checked in `consistency`. docs/protocols.md describes
every key.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from paget.endpoints import FIRST, EndpointCode
from paget.forms.faults import Fault, Faults
from paget.study import consistency
from paget.study.analyses import Analyses, Published
from paget.study.arms import Arm
from paget.study.assumptions import Assumption, Source
from paget.study.estimand import Estimand
from paget.study.population import Population
from paget.study.schedule import Accrual, DropOut, FollowUp, Randomisation, TimeZero, Visits
from paget.study.values import Block, EvidenceId, Id, NonNegative, Text


class Protocol(Block):
    """One trial. Validated as a whole: a `Protocol` that exists is consistent (evidence look-ups apart)."""

    id: Id
    title: Text
    registration: Text | None = None
    question: Text
    evidence: tuple[EvidenceId, ...] = Field(
        default=(), description="Studies whose results stand beside this trial's"
    )
    therapies: Annotated[tuple[Text | dict[str, Any], ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Therapy files of the user's own, relative to this file; a protocol that is loaded holds what is in them",
    )
    estimand: Estimand
    population: Population
    time_zero: TimeZero
    randomisation: Randomisation
    arms: tuple[Arm, ...]
    accrual: Accrual
    follow_up: FollowUp
    drop_out: DropOut = DropOut()
    assessments: Annotated[tuple[Visits, ...], Field(min_length=1)]
    endpoints: Annotated[tuple[EndpointCode, ...], Field(min_length=1)] = ("OS", "PFS", "DPFS", "TTLRP")
    analyses: Analyses = Analyses()
    published: tuple[Published, ...] = ()
    switches: dict[Text, NonNegative] = Field(
        default_factory=dict, description="Mechanism name: multiplier; 1 leaves it as it is, 0 turns it off"
    )
    assumptions: tuple[Assumption, ...] = ()
    sources: tuple[Source, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _nothing_to_randomise(cls, data: Any) -> Any:
        if isinstance(data, dict) and "randomisation" not in data:
            arms = data.get("arms")
            if isinstance(arms, list | tuple) and len(arms) == 1:
                return {**data, "randomisation": {"ratio": [1], "block_size": 1}}
        return data

    @field_validator("switches", mode="before")
    @classmethod
    def _switch_names(cls, value: Any) -> Any:
        if isinstance(value, dict) and not all(isinstance(name, str) for name in value):
            raise Faults(
                [
                    Fault(
                        (),
                        "has a name that is not text",
                        [name for name in value if not isinstance(name, str)],
                    )
                ]
            )
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = consistency.check(self)
        if faults:
            raise Faults(faults)
        return self

    @property
    def single_arm(self) -> bool:
        """Whether the study has one arm: nothing is compared."""
        return len(self.arms) == 1

    @property
    def control(self) -> Arm:
        """The control arm; of a single-arm study, its only arm."""
        return self.arms[0] if self.single_arm else next(arm for arm in self.arms if arm.control)

    @property
    def experimental(self) -> tuple[Arm, ...]:
        """All other arms, in the order of the file; of a single-arm study, its only arm."""
        return self.arms if self.single_arm else tuple(arm for arm in self.arms if not arm.control)

    @property
    def early(self) -> bool:
        """Whether the patients enter with operated early disease."""
        return self.population.source == "early"

    @property
    def local(self) -> bool:
        """Whether some arm treats metastases locally."""
        return any(arm.local for arm in self.arms)

    @property
    def detailed(self) -> bool:
        """Whether some endpoint needs every visit, not just the outcome of a life."""
        return any(endpoint not in FIRST for endpoint in self.endpoints)

    def arm(self, id_: str) -> Arm:
        """Return the arm with this id; KeyError where there is none."""
        for arm in self.arms:
            if arm.id == id_:
                return arm
        raise KeyError(id_)
