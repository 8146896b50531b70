"""Named draws on whole arrays, for what is read off lives outside the kernels: samples of blood, adverse events.

The same Philox4x32-10 as everywhere (`paget.randomness`): a number depends on seed, patient, name, process and index only.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paget.randomness import INDEX_BITS, MASK, SHIFT, TWO_M52, philox

Floats = NDArray[np.float64]


def lineage_of(*parts: str) -> int:
    """64-bit name of a stream: a hash of words, the same on every machine."""
    return int.from_bytes(hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest(), "little")


def uniforms(seed: int, patients: ArrayLike, name: tuple[str, ...], process: int, index: ArrayLike = 0) -> tuple[Floats, Floats]:
    """Two independent uniforms in (0, 1) for each patient and index.

    Parameters
    ----------
    seed : int
    patients : array of int
        Patient numbers, below 2**32.
    name : tuple of str
        Whose draws these are, such as ``("marker", "cea")``.
    process : int
        Kind of draw, of `paget.randomness`.
    index : array of int
        Which draw of the patient, below 2**24; broadcast against ``patients``.
    """
    who, which = np.broadcast_arrays(np.asarray(patients, np.uint64), np.asarray(index, np.uint64))
    word = lineage_of(*name)

    def same(value: int) -> NDArray[np.uint64]:
        return np.full(who.shape, value, np.uint64)

    rounds: Any = getattr(philox, "py_func", philox)  # the uncompiled function runs on arrays, with the same bits
    a, b, c, d = rounds(
        same(word & int(MASK)), same(word >> int(SHIFT)), (np.uint64(process) << INDEX_BITS) | which, who & MASK,
        same(int(seed) & int(MASK)), same(int(seed) >> 32),
    )  # fmt: skip
    return _unit(a, b), _unit(c, d)


def _unit(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Floats:
    bits = ((high << SHIFT) | low) >> np.uint64(12)
    made: Floats = (bits.astype(np.float64) + 0.5) * TWO_M52
    return made


def normals(seed: int, patients: ArrayLike, name: tuple[str, ...], process: int, index: ArrayLike = 0) -> Floats:
    """One standard normal for each patient and index."""
    u, v = uniforms(seed, patients, name, process, index)
    made: Floats = np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)
    return made
