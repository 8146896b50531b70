"""The form of a published fact: a study, its arms, its results.

Frozen pydantic models, strict about types and keys. A number keeps the unit that it was published in and
one of three shapes: one ``value``, ``pairs`` (a value by a covariate) or a ``list`` (named alternatives,
such as lowest and highest). What a source printed but cannot be (an interval that misses its value, say)
stays, with a ``caveat`` that says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Kind = Literal[
    "rct", "cohort", "registry", "meta-analysis", "natural-history", "diagnostic", "lab", "guideline"
]
Topic = Literal["primary-lrt", "liver", "skin", "systemic", "detection", "cascade", "survival"]
Level = Literal["table", "abstract", "full-text", "secondary", "computed"]
Site = Literal["breast", "regional-nodes", "bone", "liver", "lung", "brain", "skin", "distant-nodes"]
Measure = Literal[
    "hazard_ratio", "odds_ratio", "risk_ratio", "survival", "cumulative_incidence", "median_months",
    "rate", "mean", "median", "count", "sensitivity", "specificity", "relation",
]  # fmt: skip

RATIOS = frozenset({"hazard_ratio", "odds_ratio", "risk_ratio"})
FRACTIONS = frozenset({"survival", "cumulative_incidence", "sensitivity", "specificity", "rate"})
DEFAULT_UNIT: Mapping[str, str] = MappingProxyType(
    {m: "1" for m in RATIOS}
    | {m: "fraction" for m in FRACTIONS}
    | {"median_months": "months", "count": "count"}
)
"""Units that need not be written; ``mean``, ``median`` and ``relation`` must name theirs."""


def _sequence(value: object) -> object:
    """Let YAML lists stand for tuples (strict pydantic would refuse them)."""
    return tuple(value) if isinstance(value, list) else value


def _cell(value: object) -> float | str | None:
    """One cell of a pair or list: a finite number, a word, or nothing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a cell is a number, a text or null")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("a number must be finite")
    return number


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{1,59}$")]
Alias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,59}$")]
Cell = Annotated[Any, BeforeValidator(_cell)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Positive = Annotated[float, Field(ge=0)]
Months = Annotated[float, Field(ge=0, le=1800)]
_T = TypeVar("_T")
Seq = Annotated[tuple[_T, ...], BeforeValidator(_sequence)]
Pair = Annotated[tuple[float | None, float | None], BeforeValidator(_sequence)]


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True
    )


class Population(_Frozen):
    """Who was studied: number, setting and period of enrolment, in words of the source."""

    setting: Text
    n: Count | None = None
    enrolled: Text | None = None


class Arm(_Frozen):
    """One arm or group of a study."""

    name: Text
    n: Count | None = None


class Result(_Frozen):
    """One published number, or one small table of numbers.

    Fractions are 0..1, ``at_months`` and ``median_months`` are months of 30.4375 days; every other unit
    is told by ``unit``.
    """

    measure: Measure
    endpoint: Text | None = None
    of: Text | None = None
    subgroup: Text | None = None
    arm: Text | None = None
    comparison: Text | None = None
    from_months: Months | None = None
    at_months: Months | None = None
    value: float | None = None
    pairs: Seq[Seq[Cell]] | None = None
    items: Seq[Cell] | None = Field(default=None, alias="list")
    by: Text | None = None
    columns: Seq[Text] | None = None
    unit: Text | None = None
    ci: Pair | None = None
    ci_level: Annotated[float, Field(gt=0, lt=1)] | None = None
    sd: Positive | None = None
    se: Positive | None = None
    range: Pair | None = None
    iqr: Pair | None = None
    n: Count | None = None
    events: Count | None = None
    level: Level | None = None
    note: Text | None = None
    caveat: Text | None = None

    @property
    def units(self) -> str:
        """The unit of the numbers: the written one, or what the measure implies."""
        return self.unit if self.unit is not None else DEFAULT_UNIT[self.measure]

    def numbers(self) -> list[float]:
        """All published numbers of this result (no interval limits), in reading order."""
        if self.value is not None:
            return [self.value]
        cells = self.items if self.items is not None else [c for row in self.pairs or () for c in row[1:]]
        return [cell for cell in cells if isinstance(cell, float)]

    @model_validator(mode="after")
    def _consistent(self) -> Result:
        self._check_shape()
        self._check_size()
        if self.caveat is None:  # a caveat says why the source's own inconsistency is kept
            self._check_interval()
        return self

    def _check_shape(self) -> None:
        given = [
            key
            for key, x in (("value", self.value), ("pairs", self.pairs), ("list", self.items))
            if x is not None
        ]
        if len(given) != 1:
            raise ValueError(f"exactly one of value, pairs, list is needed, not {given or 'none'}")
        if self.endpoint is None and self.of is None:
            raise ValueError("say what was measured: `endpoint`, or `of`")
        if self.unit is None and self.measure not in DEFAULT_UNIT:
            raise ValueError(f"a {self.measure} needs its `unit`")
        if self.measure == "median_months" and self.units != "months":
            raise ValueError("median_months is in months; use `measure: median` with another unit")
        if self.measure in {"survival", "cumulative_incidence"} and self.at_months is None:
            raise ValueError(f"a {self.measure} needs `at_months`")
        if self.measure == "relation" and self.pairs is None:
            raise ValueError("a relation is given by `pairs`")
        if self.pairs is not None:
            widths = {len(row) for row in self.pairs}
            if len(widths) != 1 or min(widths) < 2:
                raise ValueError("pairs are rows of equal length: the covariate, then its value(s)")
            if self.by is None:
                raise ValueError("pairs need `by`: the name of the covariate")
            if self.columns is not None and len(self.columns) != widths.pop() - 1:
                raise ValueError("`columns` names the values of a row, one each")
        if self.items is not None and len(self.items) != len(self.columns or ()):
            raise ValueError("a list needs `columns`, one name per item")

    def _check_size(self) -> None:
        numbers = self.numbers()
        if self.measure in RATIOS and any(x <= 0 for x in numbers):
            raise ValueError(f"a {self.measure} is above 0")
        if (self.measure in FRACTIONS and self.units in {"fraction", "1"}) or self.units == "fraction":
            limits = [x for x in (self.ci or ()) if x is not None]
            if any(not 0 <= x <= 1 for x in numbers + limits):
                raise ValueError("a fraction lies in 0..1 (write 42 % as 0.42)")
        if self.measure in {"median_months", "count"} and any(x < 0 for x in numbers):
            raise ValueError(f"a {self.measure} is not negative")
        if self.events is not None and self.n is not None and self.events > self.n:
            raise ValueError("more events than patients (`events` > `n`)")
        if self.from_months is not None and self.at_months is not None and self.from_months > self.at_months:
            raise ValueError("`from_months` comes after `at_months`")

    def _check_interval(self) -> None:
        for key, pair in (("ci", self.ci), ("range", self.range), ("iqr", self.iqr)):
            if pair is None:
                continue
            low, high = pair
            if low is not None and high is not None and low > high:
                raise ValueError(f"`{key}` runs from {low:g} down to {high:g}")
            # the mean may lie outside the quartiles, never outside the range
            if self.value is None or (key == "iqr" and self.measure != "median"):
                continue
            if (low is not None and self.value < low) or (high is not None and self.value > high):
                raise ValueError(f"`{key}` does not contain the value {self.value:g}")
        if (self.ci is None) != (self.ci_level is None):
            raise ValueError("`ci` and `ci_level` go together")
        if self.ci is not None and self.value is None:
            raise ValueError("a `ci` belongs to a `value`")


class Study(_Frozen):
    """One published source and what was taken from it.

    Attributes
    ----------
    aliases : tuple of str
        Other ids under which this study was known; they resolve to it, so that it counts once.
    same_as : str or None
        Makes this entry a mere pointer to another study (it then has no results of its own).
    overlaps : tuple of str
        Studies that share patients with this one: not to be pooled together.
    registers : tuple of str
        Registers, databases or overviews whose records it reads: two studies of one, in overlapping years, share patients
        (`paget.evidence.registers`).
    level : str or None
        Where the numbers were read; ``None`` where the source does not say. A result may have its own.
    retracted : bool
        A retracted study can be shown, never used.
    """

    id: Identifier
    kind: Kind
    topic: Topic
    citation: Text
    population: Population
    results: Seq[Result]
    aliases: Seq[Alias] = ()
    same_as: Alias | None = None
    overlaps: Seq[Alias] = ()
    registers: Seq[Identifier] = ()
    doi: Annotated[str, StringConstraints(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    pmid: Annotated[int, Field(gt=0, lt=10**9)] | None = None
    read_at: Text | None = None
    level: Level | None = None
    retracted: bool = False
    sites: Seq[Site] = ()
    therapies: Seq[Identifier] = ()
    baseline: dict[Text, float] = Field(default_factory=dict)
    arms: Seq[Arm] = ()
    notes: Text | None = None

    @property
    def caveats(self) -> tuple[str, ...]:
        """What must be known before a number is used: retraction first, then result by result."""
        told = ["retracted: shown for the record, never used"] if self.retracted else []
        return (*told, *(r.caveat for r in self.results if r.caveat is not None))

    def level_of(self, result: Result) -> Level | None:
        """Where the numbers of one result were read."""
        return result.level or self.level

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        for key, share in self.baseline.items():
            # ages and sizes are named as medians or means; all else is a share of the patients
            if not 0 <= share <= 1 and not {"median", "mean"} & set(key.split("_")):
                raise ValueError(f"baseline {key!r} is a fraction (0..1), or is named median_... or mean_...")
        names = [arm.name for arm in self.arms]
        if len(set(names)) != len(names):
            raise ValueError("two arms have the same name")
        if self.id in (*self.aliases, self.same_as, *self.overlaps):
            raise ValueError("a study is not its own alias or overlap")
        if self.same_as is not None and (self.results or self.arms):
            raise ValueError("`same_as` makes this entry a pointer: move its results to that study")
        self._check_contradictions()
        return self

    def _check_contradictions(self) -> None:
        """One number has one value, and curves of survival and incidence do not turn back; a caveat keeps what a source prints."""
        first: dict[tuple[object, ...], int] = {}
        curves: dict[tuple[object, ...], list[tuple[float, float, int]]] = {}
        for i, r in enumerate(self.results):
            if r.value is None or r.caveat is not None:
                continue
            who = (r.measure, r.endpoint, r.of, r.subgroup, r.arm, r.comparison, r.by, r.from_months, r.unit)
            at = first.setdefault((*who, r.at_months), i)
            if self.results[at].value != r.value:
                raise ValueError(
                    f"results[{at}] and results[{i}] give two values of one number ({self.results[at].value:g} and {r.value:g}): "
                    "tell them apart by `subgroup`, `arm` or `of`, or say why in a `caveat`"
                )
            if r.measure in {"survival", "cumulative_incidence"} and r.at_months is not None:
                curves.setdefault(who, []).append((r.at_months, r.value, i))
        for (measure, *_), points in curves.items():
            points.sort()
            for (_, before, j), (_, after, i) in pairwise(points):
                if (after > before) if measure == "survival" else (after < before):
                    raise ValueError(
                        f"results[{j}] and results[{i}] contradict each other: {measure} goes from {before:g} to {after:g} later on"
                    )
