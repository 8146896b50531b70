"""Where a run's parameters come from: one set, or draws of a posterior, so that what the evidence leaves open shows in the result.

A run under a posterior lives its replicates under several draws, each with a population of its own seed, so that replicates are
independent within and between draws. The one trial shown in full is lived under the draw nearest to the posterior's middle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from paget.errors import PagetError
from paget.parameters import ParameterSet, declared
from paget.parameters.variants import VariantEffect, beside
from paget.study.streams import lineage, uniforms

DRAWS = 20
PER_DRAW = 10
"""By default twenty draws with ten replicates each; fewer replicates take fewer draws."""
POINT = "point"
DEFAULT = "blind"
"""Headline posterior: fitted without any contrast between surgery and none, so that the trials' hazard ratios are predictions."""


@runtime_checkable
class Posterior(Protocol):
    """What a run needs of a posterior (`paget.parameters.posterior`)."""

    @property
    def name(self) -> str:
        """Short name."""
        ...

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What it was made from."""
        ...

    def __len__(self) -> int: ...

    def draw(self, i: int) -> ParameterSet:
        """Parameters of one draw, counted from 0."""
        ...


@dataclass(frozen=True)
class Draw:
    """One draw of a posterior as a run uses it: its number, its parameters, and the seed of its population."""

    number: int
    parameters: ParameterSet
    seed: int


@dataclass(frozen=True)
class Source:
    """Parameters of a run.

    Attributes
    ----------
    name : str
        ``point``, the name or file of a posterior, or ``given`` (a set handed over in Python).
    central : ParameterSet
        Under which the trial shown in full, its twins and single patients are lived.
    central_draw : int, optional
        Number of that draw; None where there is no posterior.
    draws : tuple of Draw
        Under which the replicates are lived; empty where there is one set.
    available : int
        Draws that the posterior holds.
    manifest : mapping
        What the posterior says of itself (targets, coverage, variants).
    note : str, optional
        What a reader must know, such as why the default could not be had.
    variants : mapping
        Effects under fitted structural variants, by trial, from the file beside the posterior.
    """

    name: str
    central: ParameterSet
    central_draw: int | None = None
    draws: tuple[Draw, ...] = ()
    available: int = 0
    manifest: Mapping[str, Any] = field(default_factory=dict, compare=False)
    note: str | None = None
    variants: Mapping[str, tuple[VariantEffect, ...]] = field(default_factory=dict, compare=False)

    def changed(self, values: Mapping[str, Any], switches: Mapping[str, float], *, where: str | None = None) -> Source:
        """The same with values and switches set in every draw."""

        def set_in(one: ParameterSet) -> ParameterSet:
            return one.with_switches(switches, where=where).with_values(values)

        return replace(
            self,
            central=set_in(self.central),
            draws=tuple(replace(draw, parameters=set_in(draw.parameters)) for draw in self.draws),
        )

    @property
    def hash(self) -> str:
        """SHA-256 of the central set and of every draw."""
        text = " ".join([self.central.hash, *(f"{draw.number}:{draw.seed}:{draw.parameters.hash}" for draw in self.draws)])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def words(self) -> str:
        """Where the parameters come from, in a few words."""
        if not self.draws:
            return {POINT: "point values, not fitted", "given": "one set, given by the user"}.get(
                self.name, f"draw {self.central_draw} of the posterior {self.name!r}"
            )
        return f"{len(self.draws)} of {self.available} draws of the posterior {self.name!r}"


def default_draws(replicates: int) -> int:
    """Draws over which so many replicates are spread by default.

    Examples
    --------
    >>> [default_draws(n) for n in (0, 5, 60, 200, 1000)]
    [0, 1, 6, 20, 20]
    """
    return 0 if replicates == 0 else min(DRAWS, max(1, replicates // PER_DRAW))


def resolve_source(
    parameters: ParameterSet | Posterior | str | Path | None, *, draws: int | None, replicates: int, seed: int, draw: int | None = None
) -> Source:
    """Find the parameters that were asked for.

    Parameters
    ----------
    parameters : ParameterSet, Posterior, str, Path or None
        One set; a posterior; ``point``; the name of a shipped posterior or the file of another. None takes the shipped posterior, and
        point values, with a note, where there is none that fits this version of the model.
    draws : int, optional
        Draws over which replicates are spread.
    replicates : int
    seed : int
        Chooses the draws.
    draw : int, optional
        Take this draw of the posterior as the one set (no parameter uncertainty).

    Raises
    ------
    PagetError
        No such posterior, or it does not fit this version of the model; more draws than it holds or than replicates.
    """
    note, variants = None, {}
    if isinstance(parameters, ParameterSet):
        return _one("given", parameters, draws, draw)
    found: Posterior | None
    if parameters is None:
        found, note = _default()
        parameters = DEFAULT
    elif isinstance(parameters, (str, Path)):
        found = None if str(parameters) == POINT else _open(parameters)
    else:
        found = parameters
    if found is not None and isinstance(parameters, (str, Path)) and found.manifest.get("kind") != "prior":
        variants = beside(path_of(parameters))  # fitted structures do not belong beside what was not fitted
    if found is None:
        return replace(_one(POINT, ParameterSet.point(), draws, draw), note=note)
    name, size = found.name, len(found)
    if draw is not None:
        if not 0 <= draw < size:
            raise PagetError("the posterior has no such draw", key="--draw", got=draw, expected=f"0 to {size - 1}", where=name)
        return Source(name, found.draw(draw), draw, (), size, found.manifest)
    wanted = min(default_draws(replicates), size) if draws is None else draws
    if draws is not None and not 1 <= draws <= min(size, max(replicates, 1)):
        raise PagetError(
            "so many draws cannot be taken", key="draws", got=draws, where=name,
            expected=f"1 to {min(size, max(replicates, 1))} (the posterior holds {size}, the run has {replicates} replicates)",
        )  # fmt: skip
    middle = central_draw(found)
    order = np.argsort(uniforms(seed, ("posterior draws",), np.arange(size)), kind="stable")
    chosen = [
        Draw(int(number), found.draw(int(number)), lineage("population of a draw", seed, int(number))) for number in order[:wanted]
    ]
    return Source(name, found.draw(middle), middle, tuple(chosen), size, found.manifest, note, variants)


def _one(name: str, parameters: ParameterSet, draws: int | None, draw: int | None) -> Source:
    if draws is not None or draw is not None:
        raise PagetError(
            "one set of parameters has no draws", key="draws" if draw is None else "--draw", got=draws if draw is None else draw,
            fix="choose a posterior with --parameters, or leave this out",
        )  # fmt: skip
    return Source(name, parameters)


def _default() -> tuple[Posterior | None, str | None]:
    from paget.parameters.posterior import load, shipped

    try:
        if DEFAULT in shipped():
            return load(DEFAULT), None
        why = "no fitted posterior comes with this version"
    except PagetError as error:
        why = error.message
    return None, f"Point values were used, so parameter uncertainty is not in these figures: {why}."


def path_of(name: str | Path) -> Path:
    """File of a posterior."""
    from paget.parameters.posterior import path_of as find

    return find(name)


def _open(name: str | Path) -> Posterior:
    from paget.parameters.posterior import load

    return load(name)


def central_draw(posterior: Posterior) -> int:
    """Number of the draw nearest to the middle: least sum of squared distances from the medians, in spreads of each parameter.

    Values that are positive in every draw are compared by their logarithms. A draw, not the vector of medians: it keeps what the
    posterior knows of how parameters go together.
    """
    rows = np.array([_flat(posterior.draw(number)) for number in range(len(posterior))])
    positive = (rows > 0).all(axis=0)
    rows[:, positive] = np.log(rows[:, positive])
    spread = rows.std(axis=0)
    rows = rows[:, spread > 1e-12]
    distance = (((rows - np.median(rows, axis=0)) / rows.std(axis=0)) ** 2).sum(axis=1) if rows.size else np.zeros(len(rows))
    return int(np.argmin(distance))


def _flat(parameters: ParameterSet) -> Sequence[float]:
    out: list[float] = []
    for name in declared():
        value = parameters[name]
        out.extend(value if isinstance(value, tuple) else (value,))
    return out
