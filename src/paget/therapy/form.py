"""The form of a therapy file: what it is, who may get it, what it kills, which steps it modifies, which lesions it removes, its cost.

One form for drugs, operations, radiation, ablation and what is painted on skin. A file has a systemic part (`kills`, `growth_factor`,
`steps`), a local part (`local`), a part for early disease (`adjuvant`), or several.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from paget.errors import nearest
from paget.forms import Fault, Faults
from paget.forms.quantities import Block, Curve, Name, Quantity, Rate, Text, numbers
from paget.parameters import declared
from paget.therapy.adjuvant import AdjuvantTreatment
from paget.therapy.eligible import Eligible
from paget.therapy.finding import Finding
from paget.therapy.layout import N_STEPS, STEPS
from paget.therapy.local_form import LocalTreatment
from paget.therapy.regimens import Regimen

AXES = ("endocrine", "CDK4/6", "HER2", "chemotherapy", "conjugate", "EGFR", "PARP", "immune")
FAMILIES = {"endocrine": ("A", "B"), "chemotherapy": ("anthracycline", "taxane", "antimetabolite")}
Axis = Literal["endocrine", "CDK4/6", "HER2", "chemotherapy", "conjugate", "EGFR", "PARP", "immune"]
Step = Literal[
    "invasion", "intravasation", "circulation", "arrest", "extravasation", "colonisation", "dormancy", "awakening",
    "angiogenic_switch", "circulating_cells",
]  # fmt: skip
LITTLE_EVIDENCE = "little evidence"
HYPOTHETICAL = "hypothetical"


class Kills(Block):
    """What a drug kills: cells sensitive to its family at a rate, cells that resist the family at a part of it."""

    axis: Axis
    family: str | None = None
    cytotoxic: bool = False
    kill_per_day: Quantity
    cross: Quantity | None = None

    @model_validator(mode="after")
    def _family_of_axis(self) -> Kills:
        known = FAMILIES.get(self.axis)
        if known is not None and self.family not in known:
            guess = nearest(str(self.family), known)
            fix = f"did you mean {guess!r}?" if guess else None
            raise Faults([Fault(("family",), f"axis {self.axis} has families", self.family, "one of " + ", ".join(known), fix)])
        if known is None and self.family is not None:
            raise Faults([Fault(("family",), f"axis {self.axis} has no families", self.family, fix="remove it")])
        if self.cross is not None and self.cross.value > 1:
            raise Faults([Fault(("cross",), "is more than 1", self.cross.value, "kill of resistant cells relative to sensitive ones")])
        return self


class Lasting(Block):
    """How long an effect lasts where it is not as long as the course: days after the course has begun, or after it has ended.

    After the start: whether the drug is still given or not. After the end: all through the course, and so many days more, whatever
    ended it.
    """

    days: Quantity
    after: Literal["start", "end"]

    @model_validator(mode="after")
    def _some_days(self) -> Lasting:
        if self.days.value <= 0:
            raise Faults([Fault(("days", "value"), "is no duration", self.days.value, "more than 0 days")])
        return self


class StepChange(Block):
    """A step of the cascade and the factor on it: while the therapy is given, or for a duration of its own."""

    step: Step
    multiplier: Quantity
    lasts: Lasting | None = None

    @property
    def when(self) -> str:
        """How long it lasts, in words."""
        return "while it is given" if self.lasts is None else f"for {self.lasts.days.value:g} days after its {self.lasts.after}"


class Toxicity(Block):
    """One harm: how many patients have it over a course, or by the dose that they have had in all."""

    name: Name
    grade: Literal["any", "1-2", "3", "3-4", "4", "5"]
    rate: Rate | None = None
    by_dose: Curve | None = None
    reversible: bool

    @model_validator(mode="after")
    def _one_rate(self) -> Toxicity:
        if (self.rate is None) == (self.by_dose is None):
            raise Faults([Fault((), "has two rates or none", self.name, "rate (over a course), or by_dose (by cumulative dose)")])
        return self


class Dose(Block):
    """Dose of one cycle and the days between cycles."""

    amount: Quantity
    unit: Text
    every_days: Quantity

    @model_validator(mode="after")
    def _some_days(self) -> Dose:
        if self.every_days.value <= 0 or self.amount.value <= 0:
            raise Faults([Fault((), "a dose and its interval are more than 0")])
        return self

    def total_after(self, days: float) -> float:
        """Dose in all after so many days of a course: the first on its first day."""
        return self.amount.value * max(0.0, math.ceil(days / self.every_days.value))


class Deaths(Block):
    """Share of patients whom it kills in a course of so many days."""

    rate: Rate
    over_days: Quantity

    @property
    def hazard_per_day(self) -> float:
        """Constant hazard that leaves this share after so many days."""
        return -math.log1p(-self.rate.value) / self.over_days.value


class Costs(Block):
    """What it costs the patient."""

    toxic_stop_per_year: Quantity | None = None
    deaths: Deaths | None = None
    toxicities: tuple[Toxicity, ...] = ()


class Readout(Block):
    """What shows that it does what its evidence says: one regimen against another on the same patients.

    In first line, or in second line after the regimen ``after``.
    """

    given: Name
    against: Name
    after: Name | None = None
    subtypes: tuple[str, ...] = ()
    endpoint: Literal["response", "progression", "survival", "new-colonies", "waking", "circulating-cells"]
    expect: Literal["better", "worse", "same"]
    finding: Finding | None = None
    role: Literal["input", "anchor", "prediction"]
    reason: Text


class Therapy(Block):
    """One therapy file."""

    id: Name
    title: Text
    class_: Annotated[Text, Field(alias="class")]
    route: Literal[
        "oral", "intravenous", "intramuscular", "subcutaneous", "topical", "intralesional", "transarterial", "percutaneous",
        "operation", "external-radiation", "light", "electric-field",
    ]  # fmt: skip
    tier: Literal["A", "B"]
    hypothetical: bool = False
    shown_on: tuple[Text, ...] = ()
    what: Text
    eligible: Eligible = Eligible()
    kills: Kills | None = None
    growth_factor: Quantity | None = None
    steps: tuple[StepChange, ...] = ()
    local: LocalTreatment | None = None
    adjuvant: AdjuvantTreatment | None = None
    course_days: Quantity | None = None
    dose: Dose | None = None
    costs: Costs = Costs()
    readouts: tuple[Readout, ...] = ()
    regimens: tuple[Regimen, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Therapy:
        faults = []
        if not self.systemic and self.local is None and self.adjuvant is None:
            faults.append(Fault((), "does nothing", self.id, "at least one of kills, growth_factor, steps, local, adjuvant"))
        if self.adjuvant is not None:
            rules = self.eligible
            faults += [
                Fault(("eligible", name), "is not judged in early disease", getattr(rules, name), "subtypes, menopause", "remove it")
                for name in ("age_at_least", "age_at_most", "ecog_at_most", "sites", "after", "not_after")
                if getattr(rules, name) not in (None, ())
            ]
        if self.systemic and self.costs.toxic_stop_per_year is None:
            faults.append(Fault(("costs", "toxic_stop_per_year"), "is missing", expected="how many stop a drug a year for toxicity"))
        if self.growth_factor is not None and not 0 < self.growth_factor.value <= 1:
            faults.append(Fault(("growth_factor", "value"), "is out of range", self.growth_factor.value, "more than 0, at most 1"))
        if self.tier == "A" and not self.shown_on:
            faults.append(Fault(("shown_on",), "is missing", expected="the studies that a therapy of tier A is shown against"))
        if self.tier == "A" and self.hypothetical:
            faults.append(Fault(("hypothetical",), "cannot be of tier A", True, fix="tier: B"))
        steps = [change.step for change in self.steps]
        for k, step in enumerate(steps):
            if step in steps[:k]:
                faults.append(Fault(("steps", k, "step"), "stands here twice", step, fix="keep one"))
        if self.dose is None:
            faults += [
                Fault(("dose",), "is missing", expected=f"the dose that {harm.name} by cumulative dose counts")
                for harm in self.costs.toxicities
                if harm.by_dose is not None
            ]
        if faults:
            raise Faults(faults)
        return self

    @property
    def systemic(self) -> bool:
        """Whether it acts everywhere: as an agent of the kernel."""
        return self.kills is not None or self.growth_factor is not None or bool(self.steps)

    @property
    def axis(self) -> str:
        """Axis through which it kills, ``none`` if it kills nothing."""
        return self.kills.axis if self.kills is not None else "none"

    @property
    def badges(self) -> tuple[str, ...]:
        """What every output says beside its name: little evidence, hypothetical."""
        told = (HYPOTHETICAL,) if self.hypothetical else ()
        return (*told, *((LITTLE_EVIDENCE,) if self.tier == "B" and not self.hypothetical else ()))

    @property
    def label(self) -> str:
        """Title with its badges."""
        return self.title + (f" ({', '.join(self.badges)})" if self.badges else "")

    @property
    def parameters(self) -> tuple[str, ...]:
        """Declared parameters that the file refers to, each once."""
        part = self.adjuvant
        if part is None:
            return ()
        eradicates = (part.eradicates.awake, part.eradicates.dormant) if part.eradicates is not None else ()
        effects = (*eradicates, part.waking, part.usual_use)
        return tuple(dict.fromkeys(one.parameter for one in effects if one is not None and one.parameter is not None))

    def step_multipliers(self) -> list[float]:
        """Factors on the steps of the cascade, in the order of `paget.therapy.layout.STEPS`."""
        out = [1.0] * N_STEPS
        for change in self.steps:
            out[STEPS.index(change.step)] = change.multiplier.value
        return out

    def step_durations(self) -> tuple[list[float], list[float]]:
        """Days that each step's effect lasts after the start of the course (inf: no limit) and after its end (-1: not counted)."""
        lasts, lingers = [math.inf] * N_STEPS, [-1.0] * N_STEPS
        for change in self.steps:
            if change.lasts is not None:
                days = lasts if change.lasts.after == "start" else lingers
                days[STEPS.index(change.step)] = change.lasts.days.value
        return lasts, lingers

    def numbers(self) -> Iterator[tuple[str, Quantity | Curve]]:
        """Every number of the file with the path of its key."""
        yield from numbers(self)

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of all studies that the file cites, each once."""
        cited = dict.fromkeys(self.shown_on)
        for _, number in self.numbers():
            cited |= dict.fromkeys(number.sources)
        findings = [readout.finding for readout in self.readouts]
        findings += [readout.finding for readout in (self.adjuvant.readouts if self.adjuvant is not None else ())]
        cited |= dict.fromkeys(finding.study for finding in findings if finding is not None)
        cited |= dict.fromkeys(source for name in self.parameters for source in declared()[name].sources)
        cited |= dict.fromkeys(source for source in self.eligible.sources)
        if self.local is not None:
            cited |= dict.fromkeys(result.study for result in self.local.published)
        return tuple(cited)
