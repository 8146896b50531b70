"""Numbers of files that users write: each with what stands behind it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from paget.forms.faults import Fault, Faults

Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9+-]*$", max_length=60)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Basis = Literal["sourced", "placed", "fitted", "assumed"]


class Block(BaseModel):
    """A block of keys: unknown keys are refused, and a validated block never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Quantity(Block):
    """A number with its prior spread (sd of the logarithm), its basis, the studies it was read in, and why it is what it is."""

    value: Annotated[Number, Field(ge=0)]
    prior_sd_log: Annotated[Number, Field(gt=0)] | None = None
    basis: Basis
    sources: tuple[str, ...] = ()
    reason: Text

    @model_validator(mode="after")
    def _founded(self) -> Quantity:
        if self.basis in ("sourced", "placed") and not self.sources:
            raise Faults([Fault(("sources",), f"a {self.basis} number names its studies", fix="add sources, or write basis: assumed")])
        return self


class Rate(Quantity):
    """A share of patients, with the interval in which the true share lies as far as its source can tell.

    The interval is the printed one (``ci``), or Wilson's 95 % interval on the ``n`` patients it was read on.
    """

    value: Annotated[Number, Field(ge=0, le=1)]
    n: Annotated[int, Field(strict=True, ge=1)] | None = None
    ci: tuple[Number, Number] | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Lowest and highest share that the source allows; None where it tells neither an interval nor a number of patients."""
        if self.ci is not None:
            return self.ci
        if self.n is None:
            return None
        z2 = 1.959963984540054**2
        middle = (self.value + z2 / (2 * self.n)) / (1 + z2 / self.n)
        half = math.sqrt(z2 * self.value * (1 - self.value) / self.n + z2 * z2 / (4 * self.n * self.n)) / (1 + z2 / self.n)
        return max(0.0, middle - half), min(1.0, middle + half)

    @model_validator(mode="after")
    def _inside(self) -> Rate:
        if self.ci is not None and not 0 <= self.ci[0] <= self.value <= self.ci[1] <= 1:
            raise Faults([Fault(("ci",), "does not contain the value", list(self.ci), "[low, high] around the value, within 0 to 1")])
        return self


class Curve(Block):
    """A share by something (dose, diameter): straight lines between points, flat outside."""

    points: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=2)]
    basis: Basis
    sources: tuple[str, ...] = ()
    reason: Text

    @model_validator(mode="after")
    def _in_order(self) -> Curve:
        xs, ys = [x for x, _ in self.points], [y for _, y in self.points]
        if any(b <= a for a, b in itertools.pairwise(xs)) or not all(0 <= y <= 1 for y in ys):
            raise Faults([Fault(("points",), "are not a curve", None, "[[x, share], ...], x rising, shares from 0 to 1")])
        if self.basis in ("sourced", "placed") and not self.sources:
            raise Faults([Fault(("sources",), f"a {self.basis} curve names its studies", fix="add sources, or write basis: assumed")])
        return self

    def at(self, x: float) -> float:
        """Share at x."""
        points = self.points
        if x <= points[0][0]:
            return points[0][1]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            if x <= x1:
                return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        return points[-1][1]

    def first_at(self, share: float) -> float:
        """Smallest x from which this share is reached; infinite if it never is."""
        if self.points[0][1] >= share:
            return self.points[0][0]
        for (x0, y0), (x1, y1) in itertools.pairwise(self.points):
            if y1 >= share:
                return x0 + (x1 - x0) * (share - y0) / (y1 - y0)
        return math.inf


def numbers(block: Any, path: str = "") -> Iterator[tuple[str, Quantity | Curve]]:
    """Every number of a form with the path of its key, such as ``costs.deaths.rate``."""
    if isinstance(block, Quantity | Curve):
        yield path, block
    elif isinstance(block, Block):
        for name, field in type(block).model_fields.items():
            yield from numbers(getattr(block, name), f"{path}.{field.alias or name}".lstrip("."))
    elif isinstance(block, tuple):
        for k, item in enumerate(block):
            yield from numbers(item, f"{path}[{k}]")
    elif isinstance(block, dict):
        for name, item in block.items():
            yield from numbers(item, f"{path}.{name}")
