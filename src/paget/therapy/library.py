"""The library of agents, regimens and standards of care: read from YAML, checked, compiled to records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from paget.biology.layout import SUBTYPES
from paget.biology.state import MAX_AGENTS
from paget.errors import PagetError, unknown
from paget.parameters import INDEX_LABELS, ParameterSet
from paget.therapy.layout import AGENT, LOCAL, MAX_LINES, MAX_OPTIONS, REGIMEN, STANDARD

AXES = ("endocrine", "CDK4/6", "HER2", "chemotherapy", "conjugate", "EGFR", "PARP", "immune")
FAMILIES = {"endocrine": ("A", "B"), "chemotherapy": ("anthracycline", "taxane", "antimetabolite")}


class Quantity(BaseModel):
    """A number of a therapy file with what stands behind it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    value: float = Field(ge=0)
    prior_sd_log: float | None = Field(default=None, gt=0)
    basis: Literal["sourced", "placed", "fitted", "assumed"]
    sources: tuple[str, ...] = ()
    reason: str


class Agent(BaseModel):
    """A systemic agent: through which axis and family it kills, at what rate, and what ends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    axis: Literal["endocrine", "CDK4/6", "HER2", "chemotherapy", "conjugate", "EGFR", "PARP", "immune", "none"]
    family: str | None = None
    cytotoxic: bool = False
    kill_per_day: Quantity | None = None
    growth_factor: Quantity | None = None
    toxic_stop_per_year: Quantity

    @model_validator(mode="after")
    def _complete(self) -> Agent:
        known = FAMILIES.get(self.axis)
        if known is not None and self.family not in known:
            raise ValueError(f"axis {self.axis!r} has the families {', '.join(known)}")
        if (self.axis == "none") == (self.kill_per_day is not None):
            raise ValueError("an agent with an axis has kill_per_day, one without has none")
        return self


class Course(BaseModel):
    """An agent within a regimen and the days of its course (None: until progression)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    agent: str
    days: float | None = Field(default=None, gt=0)


class Regimen(BaseModel):
    """Agents given together, and what maintains once the cytotoxic ones among them have run their course."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    agents: tuple[Course, ...] = Field(min_length=1, max_length=MAX_AGENTS)
    then: str | None = None


class Standard(BaseModel):
    """A standard of care: for each subtype and situation, the regimens of each line and the share of each."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    years: str
    title: str
    basis: Literal["sourced", "assumed"]
    sources: tuple[str, ...] = ()
    reason: str
    lines: dict[
        Literal["HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"],
        dict[Literal["any", "premenopausal", "postmenopausal", "crisis"], tuple[dict[str, float], ...]],
    ]

    @model_validator(mode="after")
    def _shares(self) -> Standard:
        for subtype in SUBTYPES:
            situations = self.lines.get(subtype)  # type: ignore[call-overload]
            if not situations or "crisis" not in situations:
                raise ValueError(f"{subtype} needs lines for 'crisis' and for 'any' (or both menopausal states)")
            if "any" not in situations and not {"premenopausal", "postmenopausal"} <= set(situations):
                raise ValueError(f"{subtype} needs 'any', or 'premenopausal' and 'postmenopausal'")
            for situation, lines in situations.items():
                if len(lines) > MAX_LINES:
                    raise ValueError(f"{subtype} {situation}: at most {MAX_LINES} lines")
                for number, options in enumerate(lines, 1):
                    if not 1 <= len(options) <= MAX_OPTIONS or abs(sum(options.values()) - 1.0) > 1e-6:
                        raise ValueError(
                            f"{subtype} {situation} line {number}: 1 to {MAX_OPTIONS} regimens whose shares sum to 1"
                        )
        return self


@dataclass(frozen=True)
class Library:
    """All agents, regimens and standards, and the records compiled from them."""

    agents: dict[str, Agent]
    regimens: dict[str, Regimen]
    standards: dict[str, Standard]

    def regimen_index(self, name: str) -> int:
        """Index of a regimen in the compiled records."""
        if name not in self.regimens:
            raise unknown("regimen", name, self.regimens)
        return list(self.regimens).index(name)

    def agent_records(self, parameters: ParameterSet | None = None) -> np.ndarray[Any, Any]:
        """The agents as kernels read them; ``kill_factor`` of the parameters multiplies the kill rates of each family."""
        out = np.zeros(len(self.agents), AGENT)
        for row, agent in zip(out, self.agents.values(), strict=True):
            row["axis"] = AXES.index(agent.axis) if agent.axis != "none" else 0
            known = FAMILIES.get(agent.axis, ())
            row["family"] = known.index(agent.family) if agent.family in known else 0
            row["kill"] = agent.kill_per_day.value if agent.kill_per_day else 0.0
            row["growth"] = agent.growth_factor.value if agent.growth_factor else 1.0
            row["toxic_stop"] = agent.toxic_stop_per_year.value / 365.25
            row["cytotoxic"] = agent.cytotoxic
            row["cross"] = math.nan
            row["steps"] = 1.0
            if parameters is not None:
                row["kill"] *= _kill_factor(agent, parameters)
        return out

    def regimen_records(self) -> np.ndarray[Any, Any]:
        """The regimens as kernels read them."""
        names = list(self.agents)
        out = np.zeros(len(self.regimens), REGIMEN)
        for row, regimen in zip(out, self.regimens.values(), strict=True):
            row["n"] = len(regimen.agents)
            row["agent"] = -1
            row["days"] = math.inf
            for k, course in enumerate(regimen.agents):
                row["agent"][k] = names.index(course.agent)
                row["days"][k] = math.inf if course.days is None else course.days
            row["then"] = -1 if regimen.then is None else self.regimen_index(regimen.then)
        return out

    def local_records(self) -> np.ndarray[Any, Any]:
        """The local treatments of lesions as kernels read them."""
        return np.zeros(0, LOCAL)

    def standard_record(self, name: str) -> np.ndarray[Any, Any]:
        """One standard of care as kernels read it."""
        if name not in self.standards:
            raise unknown("standard of care", name, self.standards)
        out = np.zeros(1, STANDARD)
        out["regimen"] = -1
        for s, subtype in enumerate(SUBTYPES):
            situations = self.standards[name].lines[subtype]  # type: ignore[index]
            for crisis in (0, 1):
                for menopause, key in enumerate(("premenopausal", "postmenopausal")):
                    lines = situations["crisis"] if crisis else situations.get("any") or situations[key]  # type: ignore[index]
                    for line, options in enumerate(lines):
                        for k, (regimen, chance) in enumerate(options.items()):
                            out["regimen"][0, s, crisis, menopause, line, k] = self.regimen_index(regimen)
                            out["chance"][0, s, crisis, menopause, line, k] = chance
        return out


def _kill_factor(agent: Agent, parameters: ParameterSet) -> float:
    labels = INDEX_LABELS["family"]
    for label in (f"{agent.axis} {agent.family}", str(agent.family), agent.axis):
        if label in labels:
            return float(parameters["kill_factor"][labels.index(label)])
    return 1.0


def _validated(model: type[BaseModel], entry: Any, where: str) -> Any:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise PagetError(
            first["msg"].removeprefix("Value error, "), where=where, key=key or None, got=first.get("input")
        ) from None


@lru_cache(maxsize=1)
def library() -> Library:
    """The shipped library."""
    data = files("paget.therapy").joinpath("data")

    def read(name: str) -> Any:
        return yaml.load(data.joinpath(name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)

    agents = {entry["id"]: _validated(Agent, entry, "agents.yaml") for entry in read("agents.yaml")}
    regimens = {entry["id"]: _validated(Regimen, entry, "regimens.yaml") for entry in read("regimens.yaml")}
    for regimen in regimens.values():
        for course in regimen.agents:
            if course.agent not in agents:
                raise unknown("agent", course.agent, agents, where="regimens.yaml")
        if regimen.then is not None and regimen.then not in regimens:
            raise unknown("regimen", regimen.then, regimens, where="regimens.yaml")
    standards = {}
    for path in sorted(data.joinpath("standards").iterdir(), key=lambda entry: entry.name):
        standard = _validated(Standard, read(f"standards/{path.name}"), path.name)
        standards[standard.id] = standard
    return Library(agents, regimens, standards)
