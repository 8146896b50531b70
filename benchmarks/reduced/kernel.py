"""The reduced model as Paget's kernels are written: a scalar function per patient, thresholds, keys of lineage, swap-remove.

Counts its calls of Philox, exp and log as it goes (integer additions, lost in the noise): the floor repeats exactly those.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from benchmarks.reduced.model import (
    ALPHA,
    BACKGROUND_PER_DAY,
    CAPACITY,
    DETECTION_EXPONENT,
    DETECTION_PER_DAY,
    FOUNDING,
    LETHAL_CM3,
    LETHAL_EXPONENT,
    LETHAL_PER_DAY,
    LOG_1CM3,
    LOG_K,
    METASTASIS_RATIO,
    METASTASIS_SPEED,
    MUTATION,
    ORGAN_CUT,
    PROGRESSION,
    RATE,
    SD_FOUNDING,
    SD_LESION,
    SD_RATE,
    SEEN_CELLS,
    STEP,
    STEPS,
    SURVIVE_RESISTANT,
    SURVIVE_SENSITIVE,
    Ints,
    Result,
)
from paget.randomness import (
    COLONY,
    DEATH,
    DESTINATION,
    DIAGNOSIS,
    PRIMARY_LINEAGE,
    RESISTANCE,
    TRAITS,
    child,
    exponential,
    normal,
    uniform,
)
from paget.randomness import FOUNDING as FOUNDING_DRAW

# As `paget._jit.jit`, but never kept on disk: a cache would not see a changed number in model.py.
jit = numba.njit(nogil=True, error_model="numpy", fastmath=False)

LESION = np.dtype(
    [
        ("key", np.uint64),
        ("x", np.float64),  # log cells
        ("decay", np.float64),  # exp(-b STEP)
        ("births", np.float64),  # b STEP
        ("rho", np.float64),  # resistant fraction
        ("mutated", np.float64),  # integrated, and the threshold
        ("mutates", np.float64),
        ("seeds", np.float64),  # integrated, and the next threshold
        ("next", np.float64),
        ("scale", np.float64),  # founding events a step at 1e9 cells
        ("nth", np.int64),
        ("organ", np.int64),  # -1 the primary
    ],
    align=True,
)
PHILOX, EXP, LOG, FOUNDED, LESION_STEPS, DEATH_STEP, FOUND_STEP = range(7)
NOBODY = np.uint64(0)
CUT = np.array(ORGAN_CUT)
LETHAL = np.array(LETHAL_CM3)
ALIVE_S = np.array(SURVIVE_SENSITIVE)
ALIVE_R = np.array(SURVIVE_RESISTANT)


@jit
def _colony(seed, patient, key, organ, b, scale, lesion):
    lesion.key = key
    lesion.x = 0.0
    lesion.births = b * STEP
    lesion.decay = math.exp(-lesion.births)
    lesion.rho = 0.0
    lesion.mutated = 0.0
    lesion.mutates = exponential(seed, patient, key, RESISTANCE, 0)
    lesion.seeds = 0.0
    lesion.next = exponential(seed, patient, key, FOUNDING_DRAW, 0)
    lesion.scale = scale
    lesion.nth = 0
    lesion.organ = organ


@jit
def _organ(u):
    for k in range(3):
        if u < CUT[k]:
            return k
    return 3


@jit
def one_life(seed, patient, store, burden, out):
    """Live one patient; ``out`` is filled with the counts and outcomes in the order of the constants above."""
    z = normal(seed, patient, NOBODY, TRAITS, 0)
    b_primary = RATE * math.exp(SD_RATE * z)
    scale = STEP * FOUNDING * math.exp(SD_FOUNDING * normal(seed, patient, NOBODY, TRAITS, 1))
    to_death = exponential(seed, patient, NOBODY, DEATH, 0)
    to_detection = exponential(seed, patient, NOBODY, DIAGNOSIS, 0)
    _colony(seed, patient, PRIMARY_LINEAGE, -1, b_primary, scale, store[0])
    philox, exps, logs = 6, 3, 6
    n = 1
    founded, lesion_steps = 0, 0
    found_step, death_step = -1, STEPS
    line, nadir = 0, math.inf

    for step in range(1, STEPS + 1):
        for organ in range(4):
            burden[organ] = 0.0
        largest, remove_primary = 0.0, False
        treated = line == 1 or line == 2
        i, last = 0, n
        lesion_steps += n
        while i < last:
            lesion = store[i]
            x = LOG_K + (lesion.x - LOG_K) * lesion.decay
            if treated:
                alive = (1.0 - lesion.rho) * ALIVE_S[line] + lesion.rho * ALIVE_R[line]
                x += math.log(alive)
                logs += 1
                lesion.rho *= ALIVE_R[line] / alive
                if x <= 0.0:
                    last -= 1
                    if i != last:
                        store[i] = store[last]
                    n -= 1
                    if last != n:
                        store[last] = store[n]
                    continue
            lesion.x = x
            cells = math.exp(x)
            emission = math.exp(ALPHA * (x - LOG_1CM3))
            exps += 2
            if lesion.rho == 0.0:
                lesion.mutated += MUTATION * lesion.births * (LOG_K - x) * cells
                if lesion.mutated >= lesion.mutates:
                    lesion.rho = min(1.0, 1.0 / cells)
            lesion.seeds += lesion.scale * emission
            while lesion.seeds >= lesion.next:
                nth = lesion.nth
                lesion.nth = nth + 1
                lesion.next += exponential(seed, patient, lesion.key, FOUNDING_DRAW, nth + 1)
                founded += 1
                philox += 1
                logs += 1
                if n < CAPACITY:
                    organ = _organ(uniform(seed, patient, lesion.key, DESTINATION, nth))
                    key = child(lesion.key, nth, organ)
                    b = METASTASIS_SPEED * b_primary * math.exp(SD_LESION * normal(seed, patient, key, COLONY, 0))
                    _colony(seed, patient, key, organ, b, METASTASIS_RATIO * scale, store[n])
                    n += 1
                    philox += 4
                    exps += 2
                    logs += 3
            if lesion.organ < 0:
                to_detection -= STEP * DETECTION_PER_DAY * math.exp(DETECTION_EXPONENT * (x - LOG_1CM3))
                exps += 1
                remove_primary = to_detection <= 0.0
            else:
                burden[lesion.organ] += cells * 1e-9
                largest = max(largest, cells)
            i += 1

        hazard, volume = BACKGROUND_PER_DAY, 0.0
        for organ in range(4):
            volume += burden[organ]
            if burden[organ] > 1e-3:
                hazard += LETHAL_PER_DAY * math.exp(LETHAL_EXPONENT * math.log(burden[organ] / LETHAL[organ]))
                exps += 1
                logs += 1
        to_death -= hazard * STEP
        if to_death <= 0.0:
            death_step = step
            break
        if found_step < 0 and largest >= SEEN_CELLS:
            found_step, line, nadir = step, 1, volume
        elif line == 1 or line == 2:
            if volume >= PROGRESSION * nadir:
                line, nadir = line + 1, volume
            nadir = min(nadir, volume)
        if remove_primary:
            n -= 1
            if n > 0:
                store[0] = store[n]
            if n == 0:
                death_step = min(STEPS, step + math.ceil(to_death / (BACKGROUND_PER_DAY * STEP)))
                break
        elif n == 0:
            death_step = min(STEPS, step + math.ceil(to_death / (BACKGROUND_PER_DAY * STEP)))
            break
    out[PHILOX], out[EXP], out[LOG] = philox, exps, logs
    out[FOUNDED], out[LESION_STEPS] = founded, lesion_steps
    out[DEATH_STEP], out[FOUND_STEP] = death_step, found_step


@jit
def _many(seed, first, store, burden, out):
    for k in range(out.shape[0]):
        one_life(seed, first + k, store, burden, out[k])


def counts(patients: int, seed: int = 1, first: int = 0) -> Ints:
    """Raw rows of ``patients`` lives."""
    out = np.zeros((patients, 7), np.int64)
    _many(np.uint64(seed), first, np.zeros(CAPACITY, LESION), np.zeros(4), out)
    return out


def run(patients: int, seed: int = 1) -> Result:
    """Live ``patients`` patients."""
    out = counts(patients, seed)
    return Result(out[:, DEATH_STEP], out[:, FOUND_STEP], out[:, FOUNDED], out[:, LESION_STEPS])
