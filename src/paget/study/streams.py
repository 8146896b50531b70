"""Random numbers of a study: uniforms named by seed, purpose, replicate, stratum and number.

The same Philox4x32-10 as everywhere in Paget (`paget.randomness`), run on whole NumPy arrays. A number
depends on its name only, so chunks, threads and the order of computing cannot change it; names of a study
never meet names of a life, because the lineage word is a hash of text that starts with ``study``.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def lineage(*parts: str | int) -> int:
    """64-bit name of a stream: a hash of its parts, the same on every machine and in every run."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in ("study", *parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniforms(seed: int, name: tuple[str | int, ...], numbers: npt.ArrayLike) -> Floats:
    """One uniform in (0, 1) for each number of a named stream.

    Parameters
    ----------
    seed
        Seed of the run, 0 to 2**64 - 1.
    name
        Purpose and whatever the stream is separate for (replicate, stratum).
    numbers
        Patient numbers or positions, 0 to 2**32 - 1, any shape.
    """
    # Here and not above: the compiler behind it takes half a second to load, which reading a protocol need
    # not wait for.
    from paget.randomness import INDEX_BITS, MASK, SHIFT, STUDY, TWO_M52, philox

    count = np.asarray(numbers)
    if count.size and (count.min() < 0 or count.max() > int(MASK)):
        raise ValueError("numbers of a stream must be from 0 to 2**32 - 1")
    last = count.astype(np.uint64)
    word = lineage(*name)

    def same(value: int) -> npt.NDArray[np.uint64]:
        return np.full(last.shape, value, np.uint64)

    # The uncompiled function runs on arrays, with the same bits.
    rounds: Any = getattr(philox, "py_func", philox)
    high, low, _, _ = rounds(
        same(word & int(MASK)),
        same(word >> int(SHIFT)),
        same(int(STUDY) << int(INDEX_BITS)),
        last,
        same(int(seed) & int(MASK)),
        same((int(seed) >> 32) & int(MASK)),
    )
    bits = ((high << SHIFT) | low) >> np.uint64(12)
    made: Floats = (bits.astype(np.float64) + 0.5) * TWO_M52
    return made
