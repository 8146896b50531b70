"""The rows of ``anchors.yaml``: which phenomenon, which published figure, which simulation and readout, in which role."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from paget.errors import PagetError, unknown
from paget.evidence import load
from paget.evidence.models import Result, Study

Role = Literal["anchor", "prediction"]
FILTERS = ("measure", "endpoint", "arm", "comparison", "subgroup", "at_months", "of")
"""What a row may ask of a result."""
CELL = ("row", "column")
"""What a row may ask of a relation besides: one of its cells."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Simulation(_Strict):
    """A sub-simulation: its kind, its options, and the parameters it changes (no screening, no adjuvant therapy, ...).

    ``histories`` is a number of natural histories of its own, instead of the setting's.
    """

    kind: str
    histories: int | None = Field(default=None, ge=1)
    options: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)


class Anchor(_Strict):
    """One published figure beside what the model should say about it.

    Attributes
    ----------
    find : dict
        Filters of `paget.evidence.EvidenceBase.one`; ``row`` and ``column`` pick the cell of a relation.
    derive : dict
        What is done to the published number: ``complement`` (1 - x), ``subtract``, ``multiply``, ``divide_by`` (filters of a
        second number). Needs ``arithmetic``, except for a complement.
    pool : sequence of dict
        Instead of ``find``: filters of several ratios that are pooled by random effects (`paget.calibration.pooled`); ``evidence`` in
        one of them names another study.
    value, low, high : float, optional
        A figure that no source prints; needs ``arithmetic``.
    context : bool
        Shown to be read, not counted: source and simulation measure different things.
    see : str, optional
        Command that runs it instead (trials of primary surgery).
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]+$")
    phenomenon: str
    what: str
    role: Role
    evidence: str
    find: dict[str, Any] = Field(default_factory=dict)
    derive: dict[str, Any] = Field(default_factory=dict)
    pool: tuple[dict[str, Any], ...] = ()
    value: float | None = None
    low: float | None = None
    high: float | None = None
    arithmetic: str | None = None
    simulation: str | None = None
    where: dict[str, Any] = Field(default_factory=dict)
    readout: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    unit: Literal["", "months", "days", "% a year", "%"] = ""
    note: str | None = None
    context: bool = False
    see: str | None = None

    @property
    def derived(self) -> bool:
        """Whether the published number was computed from what a source prints."""
        return self.arithmetic is not None

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of the studies that it rests on."""
        return tuple(dict.fromkeys([self.evidence, *(str(one["evidence"]) for one in self.pool if "evidence" in one)]))

    @model_validator(mode="after")
    def _whole(self) -> Anchor:
        if (self.value is not None) + bool(self.find) + bool(self.pool) != 1:
            raise ValueError("one of `find`, `pool` and `value`")
        if self.pool and (len(self.pool) < 2 or self.derive):
            raise ValueError("`pool` holds two results or more, and nothing is derived from it")
        if self.arithmetic is None and (self.value is not None or set(self.derive) - {"complement"}):
            raise ValueError("a derived number tells its `arithmetic`")
        if (self.see is None) == (self.simulation is None or self.readout is None):
            raise ValueError("either `simulation` with `readout`, or `see`")
        if self.see is not None and self.role != "prediction":
            raise ValueError("what another command runs is a prediction")
        return self


class Published(NamedTuple):
    """A published number, its interval where there is one, and the level of that interval."""

    value: float
    low: float | None
    high: float | None
    level: float | None


class Table(_Strict):
    """The whole file."""

    simulations: dict[str, Simulation]
    phenomena: dict[str, tuple[dict[str, Any], ...]]


@lru_cache(maxsize=1)
def table() -> tuple[dict[str, Simulation], tuple[Anchor, ...]]:
    """The declared simulations and rows, checked against each other."""
    text = files("paget.calibration").joinpath("anchors.yaml").read_text(encoding="utf-8")
    whole = Table.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
    rows = tuple(Anchor.model_validate({"phenomenon": phenomenon} | row) for phenomenon, group in whole.phenomena.items() for row in group)
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise PagetError("row declared twice", where="anchors.yaml", key=row.id)
        seen.add(row.id)
        for name in (row.simulation, row.options.get("control")):
            if name is not None and name not in whole.simulations:
                raise unknown("simulation", name, whole.simulations, where="anchors.yaml")
    return whole.simulations, rows


def rows() -> tuple[Anchor, ...]:
    """All rows, in the order of the file."""
    return table()[1]


class Cell(NamedTuple):
    """One number of the evidence base, however it was asked for: study, position of the result, row and column of a relation."""

    study: str
    position: int
    row: str
    column: str


def looked_up(evidence: Any, filters: Mapping[str, Any]) -> tuple[Study, Result]:
    """The study and the one result that a row asks for.

    Raises
    ------
    PagetError
        If there is no such study, filter or result, several results, or a study that was retracted.
    """
    for key in filters:
        if key not in FILTERS:
            raise unknown("filter of results", str(key), FILTERS)
    if not isinstance(evidence, str):
        raise PagetError("a study is named by its id", got=evidence, expected="an id that `paget evidence list` tells")
    study = load().usable(evidence)
    return study, load().one(study.id, **filters)


def cells(row: Anchor) -> list[tuple[Study, Result, Cell]]:
    """Every number that a row rests on: what it finds, what that is computed with, what it pools."""
    asked: list[tuple[Any, dict[str, Any]]] = [(row.evidence, row.find)] if row.find else []
    asked += [(row.evidence, by) for by in row.derive.values() if isinstance(by, dict)]
    asked += [(one.get("evidence", row.evidence), {k: v for k, v in one.items() if k != "evidence"}) for one in row.pool]
    found = []
    for evidence, filters in asked:
        study, result = looked_up(evidence, {k: v for k, v in filters.items() if row.pool or k not in CELL})
        place = (str(filters.get(key, "")) for key in CELL)
        found.append((study, result, Cell(study.id, study.results.index(result), *place)))
    return found


def _cell(result: Result, row: Any, column: Any, where: str) -> float:
    columns = result.columns or ()
    if column is not None and column not in columns:
        raise unknown("column of the relation", str(column), columns, where=where)
    for pair in result.pairs or ():
        if pair[0] == row:
            number = pair[1 if column is None else 1 + columns.index(column)]
            if not isinstance(number, float):
                raise PagetError("this cell of the relation is no number", where=where, key=str(row), got=number)
            return number
    raise PagetError("no such row in the relation", where=where, got=row, expected=str([p[0] for p in result.pairs or ()]))


def _found(evidence: str, filters: dict[str, Any]) -> Published:
    study, result = looked_up(evidence, {key: x for key, x in filters.items() if key not in CELL})
    if "row" in filters:
        return Published(_cell(result, filters["row"], filters.get("column"), study.id), None, None, None)
    if result.value is None:
        raise PagetError("this result is a relation: name its row", where=evidence, got=str(filters))
    low, high = result.ci if result.ci is not None else (None, None)
    return Published(result.value, low, high, result.ci_level)


def published(row: Anchor) -> Published:
    """Look the published number up in the evidence base, and derive from it what the row says.

    Raises
    ------
    PagetError
        If the evidence base has no such number, or several.
    """
    if row.value is not None:
        load().usable(row.evidence)
        return Published(row.value, row.low, row.high, None)
    if row.pool:
        from paget.calibration.pooled import pooled, stated

        return Published(*stated(pooled(row)))
    number = _found(row.evidence, row.find)
    value, low, high = number.value, number.low, number.high
    for step, by in row.derive.items():
        if step == "complement":
            value, low, high = 1.0 - value, None if high is None else 1.0 - high, None if low is None else 1.0 - low
        elif step in ("subtract", "multiply", "divide_by"):
            other = _found(row.evidence, by).value if isinstance(by, dict) else by
            if isinstance(other, bool) or not isinstance(other, int | float) or (step == "divide_by" and other == 0):
                raise PagetError(
                    "nothing can be derived with this", key=f"derive.{step}", got=by, expected="a number, or filters of a second one"
                )
            value, low, high = (None if x is None else _apply(step, x, other) for x in (value, low, high))  # type: ignore[assignment]
        else:
            raise unknown("derivation", step, ("complement", "subtract", "multiply", "divide_by"))
    return Published(value, low if row.low is None else row.low, high if row.high is None else row.high, number.level)


def _apply(step: str, x: float, other: float) -> float:
    return x - other if step == "subtract" else x * other if step == "multiply" else x / other
