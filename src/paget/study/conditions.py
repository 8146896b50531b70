"""Structured conditions on what a clinic sees: ``{attribute: age_years, at_most: 65, reason: ...}``.

Conditions are data. Nothing in a protocol is evaluated as code; a condition names an attribute and compares
it with constants. All conditions of a list must hold (and); within one condition ``in`` lists alternatives
(or).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from paget.forms.faults import Fault, Faults, Key
from paget.study.attributes import ATTRIBUTES, Attribute, did_you_mean
from paget.study.values import Block, Number, Scalar, Text

TESTS = ("at_least", "at_most", "above", "below", "is", "in", "not_in")


class Test(Block):
    """An attribute and what it must be; the part that conditions, baseline items and subgroups share."""

    attribute: Annotated[
        str, Field(strict=True, description="What the clinic sees; listed in docs/protocols.md")
    ]
    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    is_: Scalar | None = Field(default=None, alias="is")
    in_: tuple[Scalar, ...] | None = Field(default=None, alias="in")
    not_in: tuple[Scalar, ...] | None = None

    @field_validator("attribute")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in ATTRIBUTES:
            known = ", ".join(ATTRIBUTES)
            raise Faults(
                [Fault((), "there is no such attribute", name, f"one of {known}", did_you_mean(name))]
            )
        return name

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = _faults_of(self, ATTRIBUTES[self.attribute])
        if faults:
            raise Faults(faults)
        return self

    @property
    def tests(self) -> dict[str, Any]:
        """The comparisons that were written, by their name in the file."""
        written = {
            "at_least": self.at_least,
            "at_most": self.at_most,
            "above": self.above,
            "below": self.below,
            "is": self.is_,
            "in": self.in_,
            "not_in": self.not_in,
        }
        return {name: value for name, value in written.items() if value is not None}

    def text(self) -> str:
        """Return the condition in words, as reports print it."""
        said = {
            "at_least": ">=",
            "at_most": "<=",
            "above": ">",
            "below": "<",
            "is": "is",
            "in": "in",
            "not_in": "not in",
        }
        if isinstance(self.tests.get("is"), bool):
            return f"{self.attribute}: {'yes' if self.tests['is'] else 'no'}"
        parts = []
        for name, value in self.tests.items():
            shown = (
                ", ".join(map(str, value))
                if isinstance(value, tuple)
                else f"{value:g}"
                if _number(value)
                else str(value)
            )
            parts.append(f"{said[name]} {shown}")
        unit = ATTRIBUTES[self.attribute].unit
        return f"{self.attribute} " + " and ".join(parts) + (f" {unit}" if unit else "")


class Condition(Test):
    """One condition of eligibility, with the reason that the trial gave and where it was read."""

    reason: Text | None = Field(default=None, description="Why; printed in the report")
    source: Text | None = Field(default=None, description="An evidence id, a page, or 'assumed'")


@dataclass(frozen=True)
class Region:
    """Values of one attribute that satisfy some tests: an interval, or a set of levels."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    levels: frozenset[object] | None = None

    @property
    def empty(self) -> bool:
        """Whether no value is left."""
        if self.levels is not None:
            return not self.levels
        return self.low > self.high or (self.low == self.high and (self.open_low or self.open_high))

    def meet(self, other: Region) -> Region:
        """Values in both."""
        levels = self.levels
        if other.levels is not None:
            levels = other.levels if levels is None else levels & other.levels
        low, open_low = max((self.low, self.open_low), (other.low, other.open_low))
        high, closed = min((self.high, not self.open_high), (other.high, not other.open_high))
        return Region(low, high, open_low, not closed, levels)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def region(test: Test) -> Region:
    """Return the values that a condition allows."""
    attribute = ATTRIBUTES[test.attribute]
    listed: set[object] | None = None
    if test.is_ is not None:
        listed = {test.is_}
    if test.in_ is not None:
        listed = set(test.in_) if listed is None else listed & set(test.in_)
    if attribute.ordered:
        low = max(
            (x, o)
            for x, o in ((test.at_least, False), (test.above, True), (-math.inf, False))
            if x is not None
        )
        high = min(
            (x, c) for x, c in ((test.at_most, True), (test.below, False), (math.inf, True)) if x is not None
        )
        if attribute.kind == "count":  # whole numbers: above 2 is the same as at least 3
            low = (math.floor(low[0]) + 1.0, False) if low[1] and math.isfinite(low[0]) else low
            high = (math.ceil(high[0]) - 1.0, True) if not high[1] and math.isfinite(high[0]) else high
        made = Region(low[0], high[0], low[1], not high[1])
        if listed is not None:
            numbers = [float(x) for x in listed if isinstance(x, int | float)]
            return made.meet(Region(min(numbers), max(numbers))) if numbers else Region(1, 0)
        return made
    levels: set[object] = {True, False} if attribute.kind == "flag" else set(attribute.levels)
    if listed is not None:
        levels &= listed
    if test.not_in is not None:
        levels -= set(test.not_in)
    return Region(levels=frozenset(levels))


def _faults_of(test: Test, attribute: Attribute) -> list[Fault]:
    faults: list[Fault] = []
    if not test.tests:
        some = "at_least, at_most, above, below" if attribute.ordered else "is, in, not_in"
        faults.append(Fault((), "compares with nothing", test.attribute, f"one of {some}"))
    for name, value in test.tests.items():
        if name in ("at_least", "at_most", "above", "below") and not attribute.ordered:
            expected = f"is, in or not_in with {attribute.expects}"
            faults.append(Fault((name,), f"{attribute.name} has no order", value, expected))
            continue
        many = isinstance(value, tuple)
        if many and not value:
            faults.append(Fault((name,), "is an empty list", expected=attribute.expects))
        for position, one in enumerate(value if many else (value,)):
            if not attribute.holds(one):
                at: Key = (name, position) if many else (name,)
                faults.append(
                    Fault(
                        at,
                        f"is not possible for {attribute.name}",
                        one,
                        attribute.expects,
                        _unit_hint(attribute, one),
                    )
                )
    if not faults and region(test).empty:
        faults.append(Fault((), "contradicts itself: no patient can satisfy it", test.text()))
    return faults


def _unit_hint(attribute: Attribute, value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if attribute.unit == "cm" and value > attribute.high:
            return f"millimetres? In cm it is {value / 10:g}"
        if attribute.unit == "years" and value > attribute.high:
            return f"months? In years it is {value / 12:g}"
    if attribute.kind == "flag" and value in ("yes", "no"):
        return "write true or false"
    return None


def contradictions(conditions: Sequence[Test]) -> list[Fault]:
    """Find conditions on one attribute that no patient can satisfy together; keys are positions."""
    faults: list[Fault] = []
    so_far: dict[str, tuple[int, Region]] = {}
    for position, condition in enumerate(conditions):
        name = condition.attribute
        here = region(condition)
        if name in so_far:
            first, before = so_far[name]
            here = before.meet(here)
            if here.empty:
                faults.append(
                    Fault(
                        (position,),
                        f"contradicts an earlier condition on {name}: nobody can satisfy both",
                        condition.text(),
                        f"something that agrees with: {conditions[first].text()}",
                        "change or remove one of the two",
                    )
                )
                continue
        so_far[name] = (position, here)
    return faults
