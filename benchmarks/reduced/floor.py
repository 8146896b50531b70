"""The floor: as many calls of Philox, exp and log as the kernel made for each patient, and nothing else.

Arguments run through the range that the kernel uses, so that no call can be foreseen or folded away. No version that
draws the same randomness and takes the same exponentials and logarithms with scalar calls can be faster.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from benchmarks.reduced.kernel import EXP, LOG, NOBODY, PHILOX
from benchmarks.reduced.model import LOG_1CM3, Ints
from paget.randomness import TRAITS, uniform

jit = numba.njit(nogil=True, error_model="numpy", fastmath=False)


@jit
def _calls(seed, rows):
    total = 0.0
    for patient in range(rows.shape[0]):
        for k in range(rows[patient, PHILOX]):
            total += uniform(seed, patient, NOBODY, TRAITS, k)
        n = rows[patient, EXP]
        x, step = 0.0, LOG_1CM3 / max(n, 1)
        for _ in range(n):
            total += math.exp(x)
            x += step
        x = 0.001
        n = rows[patient, LOG]
        step = 1.0 / max(n, 1)
        for _ in range(n):
            total += math.log(x)
            x += step
    return total


def run(rows: Ints, seed: int = 1) -> float:
    """Repeat the calls counted in the kernel's rows; the sum only keeps the compiler from dropping them."""
    return float(_calls(np.uint64(seed), rows))
