"""Priors on a scale where each of them is the standard normal.

An *entry* is one number of a parameter: the parameter itself, or one of its labels. Fits and draws happen on ``z``: the value is
a monotone function of ``z``, and ``z`` is standard normal under the prior. So a spread of 0.5 after a fit is half the prior's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.errors import PagetError, unknown
from paget.parameters.registry import INDEX_LABELS, Parameter, ParameterSet, Prior, declared

Array = NDArray[np.float64]
_EDGE = 1e-12


@dataclass(frozen=True)
class Entry:
    """One number of the model with its prior.

    Attributes
    ----------
    column : str
        ``name``, or ``name[label]`` for an indexed parameter.
    parameter : str
    position : int or None
        Place within an indexed parameter.
    value : float
        The declared value.
    prior : Prior
    floor : float
        Zero where a normal prior is cut because the quantity cannot be negative; minus infinity elsewhere.
    """

    column: str
    parameter: str
    position: int | None
    value: float
    prior: Prior
    floor: float = -np.inf

    def to_value(self, z: Array | float) -> Array:
        """Value at ``z``."""
        return _to_value(self.prior, self.value, self.floor, np.asarray(z, np.float64))

    def to_z(self, value: Array | float) -> Array:
        """``z`` of a value; values at the edge of the prior's support stay finite."""
        return _to_z(self.prior, self.value, self.floor, np.asarray(value, np.float64))


def _to_value(prior: Prior, value: float, floor: float, z: Array) -> Array:
    from scipy.special import betaincinv, expit, logit, ndtr, ndtri

    kind = prior.distribution
    if kind == "lognormal":
        found = value * np.exp(_sd(prior) * z)
    elif kind == "normal":
        below = ndtr((floor - value) / _sd(prior))
        found = value + _sd(prior) * (z if below == 0.0 else ndtri(below + (1.0 - below) * ndtr(z)))
    elif kind == "logit-normal":
        found = expit(logit(value) + _sd(prior) * z)
    elif kind == "half-normal":
        found = _sd(prior) * ndtri(np.clip(0.5 + 0.5 * ndtr(z), 0.5, 1.0 - _EDGE))
    elif kind == "beta":
        found = betaincinv(prior.a, prior.b, ndtr(z))
    elif kind == "uniform":
        found = _low(prior) + (_high(prior) - _low(prior)) * ndtr(z)
    else:
        raise PagetError("a fixed parameter has no prior to draw from", got=kind)
    return np.asarray(found, np.float64)


def _to_z(prior: Prior, value: float, floor: float, x: Array) -> Array:
    from scipy.special import betainc, logit, ndtr, ndtri

    kind = prior.distribution
    if kind == "lognormal":
        return np.asarray(np.log(x / value) / _sd(prior))
    if kind == "normal":
        below = ndtr((floor - value) / _sd(prior))
        if below == 0.0:
            return np.asarray((x - value) / _sd(prior))
        u = (ndtr((x - value) / _sd(prior)) - below) / (1.0 - below)
    elif kind == "logit-normal":
        return np.asarray((logit(x) - logit(value)) / _sd(prior))
    elif kind == "half-normal":
        u = 2.0 * ndtr(x / _sd(prior)) - 1.0
    elif kind == "beta":
        u = betainc(prior.a, prior.b, x)
    elif kind == "uniform":
        u = (x - _low(prior)) / (_high(prior) - _low(prior))
    else:
        raise PagetError("a fixed parameter has no prior", got=kind)
    return np.asarray(ndtri(np.clip(u, _EDGE, 1.0 - _EDGE)))


def _sd(prior: Prior) -> float:
    return float(prior.sd_log or prior.sd or 1.0)


def _low(prior: Prior) -> float:
    return float(prior.low or 0.0)


def _high(prior: Prior) -> float:
    return float(prior.high or 0.0)


def columns_of(parameter: Parameter) -> tuple[str, ...]:
    """Column names of a parameter: its name, or one name a label."""
    if parameter.index is None:
        return (parameter.name,)
    return tuple(f"{parameter.name}[{label}]" for label in INDEX_LABELS[parameter.index])


@lru_cache(maxsize=1)
def entries() -> dict[str, Entry]:
    """Every number that has a prior, by column, in the order of the files; fixed parameters are left out."""
    found = {}
    for parameter in declared().values():
        if parameter.prior.distribution == "fixed":
            continue
        for place, (column, value) in enumerate(zip(columns_of(parameter), parameter.values, strict=True)):
            position = None if parameter.index is None else place
            floor = 0.0 if parameter.prior.distribution == "normal" and not parameter.may_be_negative else -np.inf
            found[column] = Entry(column, parameter.name, position, value, parameter.prior, floor)
    return found


def values_of(numbers: Mapping[str, float], base: ParameterSet | None = None, *, where: str | None = None) -> ParameterSet:
    """A parameter set with single entries replaced.

    Parameters
    ----------
    numbers : mapping
        Values by column (``name`` or ``name[label]``).
    base : ParameterSet, optional
        The point values by default.

    Raises
    ------
    PagetError
        For a column that names no parameter with a prior, or a value its parameter cannot have.
    """
    start = base or ParameterSet.point()
    changes: dict[str, Any] = {}
    known = entries()
    for column, number in numbers.items():
        if column not in known:
            raise unknown("parameter with a prior", column, known, where=where)
        entry = known[column]
        if entry.position is None:
            changes[entry.parameter] = float(number)
        else:
            changes.setdefault(entry.parameter, list(start[entry.parameter]))[entry.position] = float(number)
    return ParameterSet(dict(start.with_values(changes, where=where).items()), start.changed)


def prior_draws(columns: Iterable[str], count: int, seed: int) -> dict[str, Array]:
    """Draws from the priors of some entries.

    A column's draws depend on the seed, its name and the row alone: asking for other columns, or for more rows, changes none.
    """
    known = entries()
    return {column: known[column].to_value(normal_draws(column, count, seed)) for column in columns}


def normal_draws(name: str, count: int, seed: int) -> Array:
    """Standard normal draws of a named stream."""
    import hashlib

    key = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key)).standard_normal(count)
