"""The library of therapies, regimens, standards of care and adjuvant practices: read from YAML, checked, compiled to records.

The shipped library is read once. A user's own therapy files make a library of their own, which holds the shipped one and adds to it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ValidationError

from paget.biology.layout import SUBTYPES
from paget.errors import PagetError, unknown
from paget.forms import Key, to_error
from paget.parameters import INDEX_LABELS, ParameterSet
from paget.therapy.adjuvant import USUAL, Adjuvant, Given, Practice, practice_faults
from paget.therapy.by_lesion import log_hazard
from paget.therapy.correlation import marginal
from paget.therapy.files import shipped_therapies, therapy_from
from paget.therapy.form import AXES, FAMILIES, Kills, Therapy
from paget.therapy.layout import AGENT, LOCAL, REGIMEN, STANDARD
from paget.therapy.regimens import Course, Regimen, Standard


@dataclass(frozen=True)
class Library:
    """All therapies, regimens and standards, and the records compiled from them.

    Attributes
    ----------
    therapies, regimens, standards : dict
        By id.
    own : tuple of str
        Ids of therapies that came from a user's files.
    practices : dict
        Adjuvant practices by id.
    """

    therapies: dict[str, Therapy]
    regimens: dict[str, Regimen]
    standards: dict[str, Standard]
    own: tuple[str, ...] = field(default=())
    practices: dict[str, Practice] = field(default_factory=dict)

    @cached_property
    def agents(self) -> dict[str, Therapy]:
        """Therapies that act everywhere, in the order of their records."""
        return {name: therapy for name, therapy in self.therapies.items() if therapy.systemic}

    @cached_property
    def locals(self) -> dict[str, Therapy]:
        """Therapies that treat lesions, in the order of their records."""
        return {name: therapy for name, therapy in self.therapies.items() if therapy.local is not None}

    @cached_property
    def adjuvants(self) -> dict[str, Therapy]:
        """Therapies that can be given after the operation of early disease."""
        return {name: therapy for name, therapy in self.therapies.items() if therapy.adjuvant is not None}

    def adjuvant(self, practice: str | Sequence[Given] = USUAL, *, where: str | None = None, key: Key = ("adjuvant",)) -> Adjuvant:
        """A practice by name, or rows of one's own, with the therapies that they name; ``where`` and ``key`` are for messages.

        Raises
        ------
        PagetError
            A practice or a therapy that does not exist, or rows that contradict each other or the files of their therapies.
        """
        if isinstance(practice, str):
            if practice not in self.practices:
                raise unknown("adjuvant practice", practice, self.practices)
            name, rows = practice, self.practices[practice].gives
        else:
            name, rows = "", tuple(practice)
        for row in rows:
            if row.therapy not in self.adjuvants:
                raise unknown("adjuvant therapy", row.therapy, self.adjuvants)
        faults = practice_faults(rows, self.adjuvants)
        if faults:
            raise to_error([fault.under(key) for fault in faults], name or where)
        return Adjuvant(name, tuple((self.adjuvants[row.therapy], row) for row in rows))

    @cached_property
    def hash(self) -> str:
        """Name of all that the library holds: what was simulated with other contents must not be read again."""
        held = (*self.therapies.values(), *self.regimens.values(), *self.standards.values(), *self.practices.values())
        return hashlib.sha256("".join(one.model_dump_json(by_alias=True) for one in held).encode()).hexdigest()

    def regimen_index(self, name: str) -> int:
        """Index of a regimen in the compiled records."""
        if name not in self.regimens:
            raise unknown("regimen", name, self.regimens)
        return list(self.regimens).index(name)

    def therapies_of(self, regimen: str) -> list[Therapy]:
        """Therapies of a regimen and of what follows it, each once."""
        names: dict[str, None] = {}
        seen: list[str] = []
        now: str | None = regimen
        while now is not None and now not in seen:
            seen.append(now)
            names |= dict.fromkeys(course.agent for course in self.regimens[now].agents)
            now = self.regimens[now].then
        return [self.therapies[name] for name in names]

    def agent_records(self, parameters: ParameterSet | None = None) -> np.ndarray[Any, Any]:
        """The systemic therapies as kernels read them; ``kill_factor`` of the parameters multiplies the kill rates of each family."""
        out = np.zeros(len(self.agents), AGENT)
        for row, therapy in zip(out, self.agents.values(), strict=True):
            kills, costs = therapy.kills, therapy.costs
            row["axis"], row["cross"] = -1, math.nan
            if kills is not None:
                if kills.kill_per_day.value > 0.0:  # a rate of 0 is no axis: what kills nothing leaves the fractions alone to the last bit
                    row["axis"] = AXES.index(kills.axis)
                row["family"] = FAMILIES[kills.axis].index(kills.family) if kills.family is not None else 0
                row["kill"] = kills.kill_per_day.value * _kill_factor(kills, parameters)
                row["cytotoxic"] = kills.cytotoxic
                row["cross"] = math.nan if kills.cross is None else kills.cross.value
            row["growth"] = therapy.growth_factor.value if therapy.growth_factor else 1.0
            row["steps"] = therapy.step_multipliers()
            row["lasts"], row["lingers"] = therapy.step_durations()
            row["timed"] = any(change.lasts is not None for change in therapy.steps)
            row["toxic_stop"] = costs.toxic_stop_per_year.value / 365.25 if costs.toxic_stop_per_year else 0.0
            row["fatal"] = costs.deaths.hazard_per_day if costs.deaths else 0.0
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

    def local_index(self, name: str) -> int:
        """Index of a local treatment in the compiled records."""
        if name not in self.locals:
            raise unknown("local treatment", name, self.locals)
        return list(self.locals).index(name)

    def local_records(self, parameters: ParameterSet | None = None) -> np.ndarray[Any, Any]:
        """The local treatments of lesions as kernels read them; ``local_control_logit`` of the parameters shifts control by class."""
        out = self._local_records.copy()
        if parameters is not None:
            for row, therapy in zip(out, self.locals.values(), strict=True):
                by = parameters["local_control_logit"][local_class(therapy.class_)]
                row["control"] = shifted(row["control"], by)
                if by != 0.0 and row["by_lesion"] and therapy.local is not None:
                    average = [_over_patients(float(control), float(row["patient_sd"])) for control in row["control"]]
                    row["log_hazard"] = log_hazard(row, therapy.local.modifiers, np.array(average))
        return out

    @cached_property
    def _local_records(self) -> np.ndarray[Any, Any]:
        out = np.zeros(len(self.locals), LOCAL)
        for k, therapy in enumerate(self.locals.values()):
            assert therapy.local is not None
            out[k] = therapy.local.record()[0]
        return out

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


LOCAL_CLASSES = {
    "breast-surgery": 0, "excision": 0, "metastasectomy": 0, "thermal-ablation": 1, "embolisation": 2, "radioembolisation": 2,
    "radiotherapy": 3, "metastasis-directed-radiotherapy": 3, "electrochemotherapy": 4,
}  # fmt: skip
"""Place of a class of local treatments in ``local_control_logit``; all others share the last."""


def local_class(name: str) -> int:
    """Place of a class of local treatments in ``local_control_logit``."""
    return LOCAL_CLASSES.get(name, len(INDEX_LABELS["local"]) - 1)


def shifted(probability: np.ndarray[Any, Any], by: float) -> np.ndarray[Any, Any]:
    """Probabilities moved on the logit scale; 0 and 1 stay, and no shift leaves every bit."""
    if by == 0.0:
        return probability
    inside = (probability > 0.0) & (probability < 1.0)
    out = probability.copy()
    out[inside] = 1.0 / (1.0 + (1.0 / out[inside] - 1.0) * math.exp(-by))
    return out


def _over_patients(control: float, patient_sd: float) -> float:
    """Control on average over patients, of that of the median patient."""
    return marginal(math.log(control / (1.0 - control)), patient_sd) if 0.0 < control < 1.0 else control


def _kill_factor(kills: Kills, parameters: ParameterSet | None) -> float:
    if parameters is None:
        return 1.0
    labels = INDEX_LABELS["family"]
    for label in (f"{kills.axis} {kills.family}", str(kills.family), kills.axis):
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


def _regimens(therapies: dict[str, Therapy], written: list[tuple[str, Regimen]]) -> dict[str, Regimen]:
    """Regimens by id: the written ones, then every systemic therapy alone, under its own name, for its usual course.

    Parameters
    ----------
    therapies
    written : list of (file, regimen)
    """
    found: dict[str, Regimen] = {}
    for where, regimen in written:
        if regimen.id in found:
            raise PagetError("a regimen of this name exists already", where=where, key="id", got=regimen.id, fix="give it another id")
        found[regimen.id] = regimen
    for therapy in therapies.values():
        if therapy.systemic and therapy.id not in found:
            days = therapy.course_days.value if therapy.course_days else None
            found[therapy.id] = Regimen(id=therapy.id, agents=(Course(agent=therapy.id, days=days),))
    systemic = [name for name, therapy in therapies.items() if therapy.systemic]
    for where, regimen in written:
        for course in regimen.agents:
            if course.agent not in systemic:
                raise unknown("systemic therapy", course.agent, systemic, where=where)
        if regimen.then is not None and regimen.then not in found:
            raise unknown("regimen", regimen.then, found, where=where)
    return found


@lru_cache(maxsize=1)
def _shipped_text() -> tuple[list[Regimen], dict[str, Standard], dict[str, Practice]]:
    data = files("paget.therapy").joinpath("data")

    def load(name: str) -> Any:
        return yaml.load(data.joinpath(name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)

    regimens = [_validated(Regimen, entry, "regimens.yaml") for entry in load("regimens.yaml")]
    standards = {}
    for path in sorted(data.joinpath("standards").iterdir(), key=lambda entry: entry.name):
        standard = _validated(Standard, load(f"standards/{path.name}"), path.name)
        standards[standard.id] = standard
    practices = [_validated(Practice, entry, "practices.yaml") for entry in load("practices.yaml")]
    return regimens, standards, {practice.id: practice for practice in practices}


@lru_cache(maxsize=1)
def _shipped() -> Library:
    therapies = shipped_therapies()
    regimens, standards, practices = _shipped_text()
    written = [("regimens.yaml", regimen) for regimen in regimens]
    written += [(f"{one.id}.yaml", regimen) for one in therapies.values() for regimen in one.regimens]
    return Library(therapies, _regimens(therapies, written), standards, practices=practices)


def library(extra: Sequence[str | Path | Mapping[str, Any]] = ()) -> Library:
    """The shipped library, with a user's own therapies added.

    Parameters
    ----------
    extra : sequence of path or mapping
        Therapy files in the same form as the shipped ones (``docs/extending.md``), or what is in them.

    Raises
    ------
    PagetError
        For a file that is missing or wrong, or an id that is taken.

    Examples
    --------
    >>> library().therapies["letrozole"].kills.axis
    'endocrine'
    """
    shipped = _shipped()
    if not extra:
        return shipped
    therapies = dict(shipped.therapies)
    regimens, standards, practices = _shipped_text()
    written = [("regimens.yaml", regimen) for regimen in regimens]
    written += [(f"{one.id}.yaml", regimen) for one in shipped.therapies.values() for regimen in one.regimens]
    own = []
    for one in extra:
        therapy = therapy_from(one)
        where = str(one.get("id", "therapy")) if isinstance(one, Mapping) else str(one)
        if therapy.id in therapies:
            raise PagetError("a therapy of this name exists already", where=where, key="id", got=therapy.id, fix="give it another id")
        therapies[therapy.id] = therapy
        written += [(where, regimen) for regimen in therapy.regimens]
        own.append(therapy.id)
    return Library(therapies, _regimens(therapies, written), standards, tuple(own), practices)
