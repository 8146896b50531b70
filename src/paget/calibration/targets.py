"""The declared targets of a fit: rows of ``anchors.yaml`` with a likelihood and a discrepancy, and the checks that hold them to the rules.

>>> from paget.calibration.targets import declared_targets
>>> all(target.row.role == "anchor" for target in declared_targets().targets)
True
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from paget.calibration.likelihood import Kind, Observation, observation
from paget.calibration.rows import Anchor, Simulation, published, table
from paget.calibration.sealed import check_contrasts, figures_of, read_of, result_of, sealed_figures
from paget.errors import PagetError, unknown
from paget.evidence import load
from paget.evidence.models import Result, Study
from paget.evidence.registers import shared_registers
from paget.forms import parse, text_of, validated

LEVELS = ("table", "abstract")
"""Where a figure must have been read to be a target."""
MOST_LIVES = 20_000
"""Lives that one evaluation may use."""
Array = NDArray[np.float64]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


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

    share: float = Field(gt=0, lt=1)
    where: dict[str, Any] | None = None


class Lives(_Strict):
    """Shares of the lives of one evaluation."""

    natural_histories: dict[str, float]
    follow_ups: dict[str, FollowUp] = Field(default_factory=dict)
    patients: dict[str, float] = Field(default_factory=dict)

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
    """Targets of a user's file.

    Raises
    ------
    PagetError
        If the file is malformed, names what does not exist, contradicts ``anchors.yaml`` or itself, or breaks a rule of targets.
    """
    return _checked(text_of(path), str(path))


@lru_cache(maxsize=1)
def declared_targets() -> TargetSet:
    """The shipped targets."""
    return _checked(files("paget.calibration").joinpath("targets.yaml").read_text(encoding="utf-8"), "targets.yaml")


def held_out() -> frozenset[str]:
    """Ids of studies and of rows that are kept out of every fit (`paget.evidence.heldout`)."""
    from paget.evidence.heldout import held_out as declared

    return declared().kept_out()


def _checked(text: str, where: str) -> TargetSet:
    file = validated(TargetFile, parse(text, where, "list of targets")[0], where)
    simulations, rows = table()
    by_id = {row.id: row for row in rows}
    seen: dict[str, tuple[str, ...]] = {}
    used: dict[str, str] = {}
    told = {one.source for one in file.shared_patients}
    found = []
    for number, entry in enumerate(file.targets):
        key = f"targets[{number}] ({entry.id})"
        if entry.id in seen:
            raise PagetError("target declared twice", where=where, key=key)
        row = _row(entry, by_id, where, key)
        study = _allowed(entry, row, where, key)
        figure = repr((study.id, sorted(row.find.items()), row.pool, row.value, sorted(row.derive)))
        if figure in used:
            raise PagetError("the same figure is used twice", where=where, key=key, got=f"also {used[figure]}", fix="keep one of them")
        sources = tuple(source for source, _ in _read(row, study, where, key))
        for source in sources:
            _check_shared(source, seen, told, where, key)
        if entry.class_ not in file.classes:
            raise unknown("class of targets", entry.class_, file.classes, where=where)
        seen[entry.id], used[figure] = tuple(source.id for source in sources), entry.id
        found.append(_target(entry, row, study, file.classes[entry.class_].sd, where, key))
    _check_lives(file.lives, simulations, {str(t.row.simulation) for t in found} | _controls(found), where)
    check_contrasts(file.contrasts.inform, file.contrasts.predict, where)
    return TargetSet(tuple(found), simulations, file.lives, file.contrasts, file.classes, _digest(text))


def _check_shared(study: Study, seen: Mapping[str, tuple[str, ...]], told: Collection[str], where: str, key: str) -> None:
    """Refuse a study whose patients count already: under another id, or as other years of one register, unless the file tells of it."""
    for other, studies in seen.items():
        for name in studies:
            if name != study.id and load().overlap(name, study.id):
                raise PagetError(
                    f"patients of {study.id!r} count twice: they are among those of {name!r}", where=where, key=key, got=f"also {other}",
                    fix="keep targets of one of the two studies",
                )  # fmt: skip
            registers = shared_registers(study, load()[name]) - set(told)
            if registers:
                raise PagetError(
                    f"patients of {study.id!r} may count twice: it reads the register that {name!r} reads, in the same years", where=where,
                    key=key, got=", ".join(sorted(registers)),
                    fix="keep one of the two, or name the register under `shared_patients` with a reason",
                )  # fmt: skip


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


def _allowed(entry: Declaration, row: Anchor, where: str, key: str) -> Study:
    def refuse(message: str, **more: Any) -> PagetError:
        return PagetError(f"cannot be a target: {message}", where=where, key=key, **more)

    if row.role != "anchor":
        raise refuse("it is a prediction", fix="take it out; predictions are never used to set anything")
    if row.context:
        raise refuse("source and simulation measure different things (`context`)")
    try:
        study = load().usable(entry.evidence)
    except PagetError as error:  # no such study, or a retracted one: say in which file
        raise PagetError(error.message, where=where, key=f"{key}.evidence", expected=error.expected, fix=error.fix) from None
    if study.topic == "primary-lrt":
        raise refuse("its study is about surgery of the primary", got=study.id)
    kept_out = held_out()
    for one in (row.id, study.id, entry.evidence):
        if one in kept_out:
            raise refuse("it is held out", got=one, fix="take it out: what is held out is never fitted")
    read = _read(row, study, where, key)
    if figures_of(row, read) & sealed_figures():
        raise refuse("its figure is held out", got=study.id, fix="take it out: what is held out is never fitted")
    for source, result in read:
        if source.id in kept_out or source.topic == "primary-lrt":
            raise refuse("one of the pooled studies is held out or about surgery of the primary", got=source.id)
        if shared := sorted(one for one in kept_out if one in load() and load().overlap(one, source.id)):
            raise refuse(f"patients of {source.id!r} are among those of a study that is held out", got=", ".join(shared))
        level = source.level if result is None else source.level_of(result)
        if level not in LEVELS:
            raise refuse("of where its figure was read", got=level, expected=" or ".join(LEVELS))
        if result is not None and result.caveat is not None:
            raise refuse("the source contradicts itself", got=result.caveat)
    return study


def _read(row: Anchor, study: Study, where: str, key: str) -> list[tuple[Study, Result | None]]:
    """The results that a row rests on, each with its study."""
    try:
        return read_of(row, study)
    except PagetError as error:
        raise PagetError(
            f"a pooled result is not there: {error.message}", where=where, key=f"{key}.row.pool", got=error.got, expected=error.expected,
            fix=error.fix,
        ) from None  # fmt: skip


def _target(entry: Declaration, row: Anchor, study: Study, discrepancy: float, where: str, key: str) -> Target:
    spec, result = entry.likelihood, result_of(row, study)
    n = spec.n
    if n is None and result is not None:
        arms = {arm.name: arm.n for arm in study.arms}
        n = result.n if result.n is not None else arms.get(str(result.arm))
    elif (n is not None or spec.sd is not None) and spec.arithmetic is None:
        raise PagetError(
            "a size or spread that no source prints tells its `arithmetic`", where=where, key=f"{key}.likelihood", got=n or spec.sd
        )
    observed = observation(spec.kind, published(row), n=n, sd=spec.sd, rounded=spec.rounded, where=where, key=key)
    return Target(entry.id, study.id, entry.class_, row, spec.kind, observed, discrepancy)


def _check_lives(lives: Lives, simulations: dict[str, Simulation], used: set[str], where: str) -> None:
    if lives.total > 1.0 + 1e-9:
        raise PagetError(
            "more lives than there are", where=where, key="lives", got=round(lives.total, 4), expected="shares that sum to at most 1"
        )
    if any(share <= 0.0 for share in (*lives.natural_histories.values(), *lives.patients.values())):
        raise PagetError("a share of lives that is not positive", where=where, key="lives")
    if "diagnosis" not in lives.natural_histories:
        raise PagetError("the first population has no share", where=where, key="lives.natural_histories.diagnosis")
    for name in (*lives.natural_histories, *lives.follow_ups):
        if name not in simulations:
            raise unknown("simulation", name, simulations, where=where)
    given = {*lives.natural_histories, *lives.follow_ups, *lives.patients}
    for name in sorted(used):
        simulation = simulations[name]
        era = simulation.options.get("era")
        parts = [f"de-novo-{era}", f"relapsed-{era}"] if simulation.kind == "metastatic" else [name]
        free = simulation.kind == "local-series" or (simulation.kind in ("diagnosis", "early") and not simulation.parameters)
        for part in parts:
            if not free and part not in given:
                raise PagetError("a simulation that targets need has no share of lives", where=where, key="lives", got=part)
