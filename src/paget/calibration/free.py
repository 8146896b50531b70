"""Which numbers a fit moves, which it only varies, and which targets may move what (``free.yaml``).

>>> from paget.calibration.free import declared_space
>>> space = declared_space()
>>> "lethal_hazard_per_year" in space.free, "immune_kill_per_day" in space.varied
(True, True)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from paget.calibration.cohorts import KINDS
from paget.calibration.targets import TargetSet
from paget.errors import PagetError, unknown
from paget.forms import parse, validated
from paget.parameters import ParameterSet, declared
from paget.parameters.priors import columns_of, entries, normal_draws, values_of

Array = NDArray[np.float64]


class Block(BaseModel):
    """Parameters that a fit moves together, and the kinds of simulation that they act on."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    acts_on: tuple[str, ...]
    free: tuple[str, ...] = Field(min_length=1)


class Varied(BaseModel):
    """Parameters that no target identifies, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    parameters: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=10)


class FreeFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    blocks: dict[str, Block]
    varied: tuple[Varied, ...]


@dataclass(frozen=True)
class Space:
    """Columns of a fit, the free ones first.

    Attributes
    ----------
    free, varied : tuple of str
        Columns (``name`` or ``name[label]``).
    block : dict
        Block of each free column.
    acts_on : dict
        Kinds of simulation by block.
    reasons : dict
        Why a varied parameter is not free, by parameter.
    same : dict
        Parameters that take the values of another one, in a structural variant.
    """

    free: tuple[str, ...]
    varied: tuple[str, ...]
    block: Mapping[str, str]
    acts_on: Mapping[str, tuple[str, ...]]
    reasons: Mapping[str, str]
    same: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return self.free + self.varied

    def prior(self, count: int, seed: int) -> Array:
        """Draws of the prior on the normal scale: one row a member, one column an entry."""
        return np.stack([normal_draws(column, count, seed) for column in self.columns], axis=1)

    def values(self, z: Array, base: ParameterSet | None = None) -> ParameterSet:
        """Parameters at one row of the normal scale."""
        known = entries()
        found = values_of({c: float(known[c].to_value(x)) for c, x in zip(self.columns, z, strict=True)}, base)
        if not self.same:
            return found
        return ParameterSet(dict(found.items()) | {one: found[other] for one, other in self.same.items()}, found.changed)

    def frame_columns(self, z: Array) -> dict[str, Array]:
        """Values of all rows, by column."""
        known = entries()
        return {column: known[column].to_value(z[:, k]) for k, column in enumerate(self.columns)}

    def may_move(self, targets: TargetSet) -> NDArray[np.bool_]:
        """Whether a target may move a column: rows are columns of the fit, columns are targets."""
        kinds = [self._kinds(targets, target.row.simulation, target.row.options.get("control")) for target in targets.targets]
        allowed = np.zeros((len(self.columns), len(kinds)), bool)
        for k, column in enumerate(self.free):
            acts_on = set(self.acts_on[self.block[column]])
            allowed[k] = [bool(acts_on & mine) for mine in kinds]
        return allowed

    @staticmethod
    def _kinds(targets: TargetSet, *names: Any) -> set[str]:
        return {targets.simulations[str(name)].kind for name in names if name is not None}

    def without(self, parameters: Iterable[str], same: Mapping[str, str] | None = None) -> Space:
        """The same with some parameters taken out (they stand at their base values, or at those of another parameter)."""
        out = set(parameters)
        free, varied = (tuple(c for c in columns if c.partition("[")[0] not in out) for columns in (self.free, self.varied))
        return Space(free, varied, self.block, self.acts_on, self.reasons, dict(same or {}))


def space_from(text: str, where: str, ignore: Iterable[str] = ()) -> Space:
    """Columns declared in a text of the form of ``free.yaml``.

    Raises
    ------
    PagetError
        For a name that is no parameter with a prior, one that stands in two places, one that stands nowhere, or a kind of simulation
        that does not exist.
    """
    file = validated(FreeFile, parse(text, where, "declaration of free numbers")[0], where)
    with_prior = {entry.parameter for entry in entries().values()}
    place: dict[str, str] = {}
    for heading, names in _places(file):
        for name in names:
            if name not in with_prior:
                raise unknown("parameter with a prior", name, with_prior, where=where)
            if name in place:
                raise PagetError("a parameter stands in two places", where=where, key=heading, got=name, expected=f"only in {place[name]}")
            place[name] = heading
    missing = sorted(with_prior - set(place) - set(ignore))
    if missing:
        raise PagetError("a parameter with a prior is neither free nor varied", where=where, got=missing[0], fix="say which it is, and why")
    for name, block in file.blocks.items():
        for kind in block.acts_on:
            if kind not in KINDS:
                raise unknown("kind of simulation", kind, KINDS, where=f"{where}: blocks.{name}.acts_on")
    free = {c: name for name, block in file.blocks.items() for p in block.free for c in columns_of(declared()[p])}
    varied = tuple(c for group in file.varied for p in group.parameters for c in columns_of(declared()[p]))
    return Space(
        tuple(free), varied, free, {name: block.acts_on for name, block in file.blocks.items()},
        {p: group.reason for group in file.varied for p in group.parameters},
    )  # fmt: skip


def _places(file: FreeFile) -> list[tuple[str, tuple[str, ...]]]:
    return [(f"blocks.{name}.free", block.free) for name, block in file.blocks.items()] + [
        (f"varied[{k}]", group.parameters) for k, group in enumerate(file.varied)
    ]


@lru_cache(maxsize=1)
def declared_space() -> Space:
    """The shipped declaration."""
    return space_from(files("paget.calibration").joinpath("free.yaml").read_text(encoding="utf-8"), "free.yaml")
