"""Two ways of drawing for the NumPy versions: NumPy's own sequential generator, and draws named by patient, lesion and step.

Named draws are what makes a life a function of its number (replay, twins, any chunk size); the sequential generator gives all of
that up, and is the fastest that NumPy has.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from benchmarks.reduced.model import Floats, Ints
from paget.randomness import INDEX_BITS, MASK, SHIFT, TWO_M52, child, philox


class Draws(Protocol):
    """What a NumPy version asks for."""

    def uniform(self, patient: Ints, key: Any, process: int, index: Ints | int) -> Floats:
        """Uniforms in (0, 1), one for each patient given."""
        ...

    def normal(self, patient: Ints, key: Any, process: int, index: Ints | int) -> Floats:
        """Standard normals."""
        ...

    def poisson(self, mean: Floats, patient: Ints, key: Any, process: int, index: Ints | int) -> Ints:
        """Poisson counts."""
        ...

    def child(self, key: Any, nth: Ints, organ: Ints) -> Any:
        """Lineages of new colonies."""
        ...


class Sequential:
    """NumPy's default generator; names are ignored."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def uniform(self, patient: Ints, key: Any, process: int, index: Ints | int) -> Floats:
        """Uniforms, one for each patient given."""
        return self.rng.random(patient.size)

    def normal(self, patient: Ints, key: Any, process: int, index: Ints | int) -> Floats:
        """Standard normals."""
        return self.rng.standard_normal(patient.size)

    def poisson(self, mean: Floats, patient: Ints, key: Any, process: int, index: Ints | int) -> Ints:
        """Poisson counts."""
        return self.rng.poisson(mean)

    def child(self, key: Any, nth: Ints, organ: Ints) -> Any:
        """No lineage is needed."""
        return key


class Named:
    """Philox4x32-10 on arrays, named as in the kernel."""

    def __init__(self, seed: int) -> None:
        self.k0, self.k1 = np.uint64(seed) & MASK, np.uint64(seed) >> SHIFT

    def _pair(self, patient: Ints, key: Any, process: int, index: Ints | int) -> tuple[Floats, Floats]:
        rounds: Any = philox.py_func  # type: ignore[attr-defined]
        last = patient.astype(np.uint64)
        word = np.broadcast_to(np.asarray(key, np.uint64), last.shape)
        name = np.broadcast_to((np.uint64(process) << INDEX_BITS) | np.asarray(index, np.uint64), last.shape)
        a, b, c, d = rounds(word & MASK, word >> SHIFT, name, last & MASK, self.k0, self.k1)
        first = ((((a << SHIFT) | b) >> np.uint64(12)).astype(np.float64) + 0.5) * TWO_M52
        return first, ((((c << SHIFT) | d) >> np.uint64(12)).astype(np.float64) + 0.5) * TWO_M52

    def uniform(self, patient: Ints, key: Any, process: int, index: Ints | int) -> Floats:
        """Uniforms by name."""
        return self._pair(patient, key, process, index)[0]

    def normal(self, patient: Ints, key: Any, process: int, index: Ints | int) -> Floats:
        """Standard normals by name (Box-Muller)."""
        u, v = self._pair(patient, key, process, index)
        return np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)

    def poisson(self, mean: Floats, patient: Ints, key: Any, process: int, index: Ints | int) -> Ints:
        """Poisson counts by inversion of one named uniform (the normal limit above 500, where the store is full anyway)."""
        u = self.uniform(patient, key, process, index)
        count = np.zeros(u.size, np.int64)
        term = np.exp(-np.minimum(mean, 500.0))
        total = term.copy()
        left = np.flatnonzero(u > total)
        while left.size:
            count[left] += 1
            term[left] *= np.minimum(mean[left], 500.0) / count[left]
            total[left] += term[left]
            left = left[(u[left] > total[left]) & (count[left] < 700)]
        return count

    def child(self, key: Any, nth: Ints, organ: Ints) -> Any:
        """Lineages of new colonies."""
        return child.py_func(key, nth, organ.astype(np.uint64))  # type: ignore[attr-defined]
