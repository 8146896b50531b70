"""The rows of ``anchors.yaml``: which phenomenon, which published figure, which simulation and readout, in which role."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from paget.errors import PagetError, unknown
from paget.evidence import load
from paget.evidence.models import Result

Role = Literal["anchor", "prediction"]


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


def _cell(result: Result, row: Any, column: str | None, where: str) -> float:
    for pair in result.pairs or ():
        if pair[0] == row:
            place = 1 if column is None else 1 + (result.columns or ()).index(column)
            return float(pair[place])
    raise PagetError("no such row in the relation", where=where, got=row, expected=str([p[0] for p in result.pairs or ()]))


def _found(evidence: str, filters: dict[str, Any]) -> Published:
    asked = dict(filters)
    row, column = asked.pop("row", None), asked.pop("column", None)
    result = load().one(load().usable(evidence).id, **asked)
    if row is not None:
        return Published(_cell(result, row, column, evidence), None, None, None)
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
            other = _found(row.evidence, by).value if isinstance(by, dict) else float(by)
            value, low, high = (None if x is None else _apply(step, x, other) for x in (value, low, high))  # type: ignore[assignment]
        else:
            raise unknown("derivation", step, ("complement", "subtract", "multiply", "divide_by"))
    return Published(value, low if row.low is None else row.low, high if row.high is None else row.high, number.level)


def _apply(step: str, x: float, other: float) -> float:
    return x - other if step == "subtract" else x * other if step == "multiply" else x / other
