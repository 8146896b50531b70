"""The declared targets of a fit: rows of ``anchors.yaml`` with a likelihood and a discrepancy, and the checks that hold them to the rules.

>>> from paget.calibration.targets import declared_targets
>>> all(target.row.role == "anchor" for target in declared_targets().targets)
True
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from paget.calibration.dry import check_conditions, check_readout
from paget.calibration.likelihood import Kind, Observation, observation
from paget.calibration.rows import Anchor, Cell, Simulation, published, table
from paget.calibration.rules import Read, allowed, check_once, check_patients, check_registers, check_trials, placed
from paget.errors import PagetError, unknown
from paget.evidence.added import added_files
from paget.evidence.models import Study
from paget.forms import parse, text_of, validated

MOST_LIVES = 20_000
"""Lives that one evaluation may use."""
Array = NDArray[np.float64]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


Share = Annotated[float, Field(gt=0, lt=1)]


class LikelihoodSpec(_Strict):
    """How a figure scatters around the truth of its study."""

    kind: Kind
    n: float | None = None
    sd: float | None = None
    rounded: float | None = Field(default=None, gt=0)
    arithmetic: str | None = None


class DiscrepancyClass(_Strict):
    """How far a right model could be off, and why."""

    sd: float = Field(gt=0)
    reason: str = Field(min_length=10)


class Declaration(_Strict):
    """One entry of the file; ``row`` is an anchor of its own where ``anchors.yaml`` has none of this id."""

    id: str
    evidence: str
    simulation: str
    class_: str = Field(alias="class")
    likelihood: LikelihoodSpec
    row: dict[str, Any] | None = None


class FollowUp(_Strict):
    """Women of the first population lived again under another adjuvant therapy."""

    share: Share
    where: dict[str, Any] | None = None


class Lives(_Strict):
    """Shares of the lives of one evaluation."""

    natural_histories: dict[str, Share]
    follow_ups: dict[str, FollowUp] = Field(default_factory=dict)
    patients: dict[str, Share] = Field(default_factory=dict)

    @property
    def total(self) -> float:
        """Sum of all shares."""
        return sum([*self.natural_histories.values(), *self.patients.values(), *(f.share for f in self.follow_ups.values())])


class Contrasts(_Strict):
    """Trials of primary surgery: whose contrast informs, which are predicted by every posterior, and the model's discrepancy (log)."""

    inform: tuple[str, ...] = Field(min_length=1)
    predict: tuple[str, ...]
    sd: float = Field(gt=0)
    reason: str = Field(min_length=10)


class SharedPatients(_Strict):
    """A register that several studies of the file read in overlapping years, and why their figures stand side by side all the same."""

    source: str
    reason: str = Field(min_length=10)


class TargetFile(_Strict):
    """The whole file."""

    classes: dict[str, DiscrepancyClass]
    lives: Lives
    targets: tuple[Declaration, ...] = Field(min_length=1)
    contrasts: Contrasts
    shared_patients: tuple[SharedPatients, ...] = ()


@dataclass(frozen=True)
class Target:
    """A figure with everything that a fit needs of it.

    Attributes
    ----------
    id, evidence, class_ : str
    row : Anchor
        Which patients of which simulation, which readout.
    kind : str
        Kind of likelihood.
    observed : Observation
        The figure and its sampling error on the scale of the likelihood.
    discrepancy : float
        Standard deviation of the model's discrepancy on that scale.
    """

    id: str
    evidence: str
    class_: str
    row: Anchor
    kind: Kind
    observed: Observation
    discrepancy: float

    @property
    def sd(self) -> float:
        """Sampling error and discrepancy together."""
        return float(np.hypot(self.observed.sd, self.discrepancy))


@dataclass(frozen=True)
class TargetSet:
    """All targets of a file, the simulations they need, and how lives are shared out among these."""

    targets: tuple[Target, ...]
    simulations: dict[str, Simulation]
    lives: Lives
    contrasts: Contrasts
    classes: dict[str, DiscrepancyClass]
    hash: str

    @cached_property
    def y(self) -> Array:
        """Published figures, each on its scale."""
        return np.array([t.observed.value for t in self.targets])

    @cached_property
    def sd(self) -> Array:
        """Standard deviations of sampling and discrepancy together."""
        return np.array([t.sd for t in self.targets])

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids in order."""
        return tuple(t.id for t in self.targets)

    def only(self, ids: Iterable[str]) -> TargetSet:
        """A part of the targets, in the same order."""
        wanted = set(ids)
        for one in wanted - set(self.ids):
            raise unknown("target", one, self.ids)
        kept = tuple(t for t in self.targets if t.id in wanted)
        return TargetSet(kept, self.simulations, self.lives, self.contrasts, self.classes, _digest(self.hash, *sorted(wanted)))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def targets_from(path: Path) -> TargetSet:
    """Targets of a user's file; they may rest on facts of the user's own (`paget.evidence.using`), which then count in the hash.

    Raises
    ------
    PagetError
        If the file is malformed, names what does not exist, contradicts ``anchors.yaml`` or itself, or breaks a rule of targets.
    """
    return _checked(text_of(path), str(path), *map(text_of, added_files()))


@lru_cache(maxsize=1)
def declared_targets() -> TargetSet:
    """The shipped targets."""
    return _checked(files("paget.calibration").joinpath("targets.yaml").read_text(encoding="utf-8"), "targets.yaml")


def _checked(text: str, where: str, *facts: str) -> TargetSet:
    file = validated(TargetFile, parse(text, where, "list of targets")[0], where)
    simulations, rows = table()
    by_id = {row.id: row for row in rows}
    seen: dict[str, tuple[str, ...]] = {}
    used: dict[Cell, str] = {}
    told = {one.source for one in file.shared_patients}
    found = []
    for number, entry in enumerate(file.targets):
        key = f"targets[{number}] ({entry.id})"
        if entry.id in seen:
            raise PagetError("target declared twice", where=where, key=key)
        row = _row(entry, by_id, where, key)
        with placed(where, key):
            study, read = allowed(row)
            check_once(entry.id, read, used)
            sources = {source.id: source for source, _, _ in read}
            for source in sources.values():
                check_patients(source, seen, told)
            check_readout(row, simulations)
            if entry.class_ not in file.classes:
                raise unknown("class of targets", entry.class_, file.classes)
            found.append(_target(entry, row, study, read, file.classes[entry.class_].sd, where, key))
        seen[entry.id] = tuple(sources)
        used |= {cell: entry.id for _, _, cell in read}
    with placed(where, "shared_patients"):
        check_registers(told, {name for names in seen.values() for name in names})
    with placed(where, "contrasts"):
        check_trials(file.contrasts.inform, file.contrasts.predict)
    _check_lives(file.lives, simulations, {str(t.row.simulation) for t in found} | _controls(found), where)
    return TargetSet(tuple(found), simulations, file.lives, file.contrasts, file.classes, _digest(text, *facts))


def _controls(targets: Iterable[Target]) -> set[str]:
    return {str(t.row.options["control"]) for t in targets if "control" in t.row.options}


def _row(entry: Declaration, by_id: dict[str, Anchor], where: str, key: str) -> Anchor:
    if entry.row is not None:
        if entry.id in by_id:
            raise PagetError("this row stands in anchors.yaml already", where=where, key=key, fix="leave `row` out")
        given = {"id": entry.id, "evidence": entry.evidence, "simulation": entry.simulation, "phenomenon": entry.class_} | entry.row
        row = validated(Anchor, given, f"{where}: {key}.row")
    elif entry.id in by_id:
        row = by_id[entry.id]
    else:
        raise unknown("row of anchors.yaml", entry.id, by_id, where=where)
    if row.evidence != entry.evidence:
        raise PagetError(
            "contradiction: the row has another source", where=where, key=f"{key}.evidence", got=entry.evidence, expected=row.evidence
        )
    if row.simulation != entry.simulation:
        raise PagetError(
            "contradiction: the row has another simulation",
            where=where,
            key=f"{key}.simulation",
            got=entry.simulation,
            expected=str(row.simulation),
        )
    return row


def _target(entry: Declaration, row: Anchor, study: Study, read: Read, discrepancy: float, where: str, key: str) -> Target:
    spec = entry.likelihood
    if (spec.n is not None or spec.sd is not None) and spec.arithmetic is None:
        raise PagetError("a size or spread that no source prints tells its `arithmetic`", key="likelihood", got=spec.n or spec.sd)
    n = spec.n
    if row.pool:
        if spec.kind != "log-normal" or n is not None or spec.sd is not None:
            raise PagetError(
                "impossible likelihood: a pooled ratio is log-normal and brings its own spread", key="likelihood",
                got=spec.model_dump(exclude_none=True), expected="{kind: log-normal}",
            )  # fmt: skip
    elif n is None:
        result = read[0][1]
        n = result.n if result.n is not None else {arm.name: arm.n for arm in study.arms}.get(str(result.arm))
    observed = observation(spec.kind, published(row), n=n, sd=spec.sd, rounded=spec.rounded, where=where, key=key)
    return Target(entry.id, study.id, entry.class_, row, spec.kind, observed, discrepancy)


def _check_lives(lives: Lives, simulations: dict[str, Simulation], used: set[str], where: str) -> None:
    if lives.total > 1.0 + 1e-9:
        raise PagetError(
            "more lives than there are", where=where, key="lives", got=round(lives.total, 4), expected="shares that sum to at most 1"
        )
    if "diagnosis" not in lives.natural_histories:
        raise PagetError("the first population has no share", where=where, key="lives.natural_histories.diagnosis")
    mixed = {f"{kind}-{one.options['era']}" for one in simulations.values() if one.kind == "metastatic" for kind in ("de-novo", "relapsed")}
    with placed(where, "lives"):
        for name in (*lives.natural_histories, *lives.follow_ups):
            if name not in simulations:
                raise unknown("simulation", name, simulations)
        for name in lives.patients:
            if name not in simulations.keys() | mixed:
                raise unknown("simulation", name, simulations.keys() | mixed)
    for name, follow_up in lives.follow_ups.items():
        with placed(where, f"lives.follow_ups.{name}"):
            if simulations[name].kind != "early":
                raise PagetError("this simulation does not follow early disease", got=simulations[name].kind, expected="early")
            check_conditions(follow_up.where, "diagnosis")
    given = {*lives.natural_histories, *lives.follow_ups, *lives.patients}
    for name in sorted(used):
        simulation = simulations[name]
        era = simulation.options.get("era")
        parts = [f"de-novo-{era}", f"relapsed-{era}"] if simulation.kind == "metastatic" else [name]
        free = simulation.kind == "local-series" or (simulation.kind in ("diagnosis", "early") and not simulation.parameters)
        for part in parts:
            if not free and part not in given:
                raise PagetError("a simulation that targets need has no share of lives", where=where, key="lives", got=part)
