"""The reduced model as a plain vectorised NumPy program: ragged arrays of the live lesions of all patients, a step at a time.

A draw for every lesion and step (Poisson counts, Bernoulli mutations and deaths): the same law as the kernel by another
algorithm, so that agreement of the two means something. Draws are named like the kernel's, or come from NumPy's sequential
generator (`numpy_draws`).
"""

from __future__ import annotations

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
from benchmarks.reduced.numpy_draws import Draws, Named, Sequential
from paget.randomness import COLONY, DEATH, DESTINATION, DIAGNOSIS, PRIMARY_LINEAGE, RESISTANCE, TRAITS
from paget.randomness import FOUNDING as FOUNDING_DRAW

BATCH = 20_000
ALIVE_S, ALIVE_R = np.array(SURVIVE_SENSITIVE), np.array(SURVIVE_RESISTANT)
LETHAL = np.array(LETHAL_CM3)


def _seat(patient: Ints, new: Ints, count: Ints) -> Ints:
    """How many of each patient's new lesions fit into her store."""
    order = np.argsort(patient, kind="stable")
    sums = np.cumsum(new[order])
    first = np.searchsorted(patient[order], patient[order])
    before = np.empty_like(sums)
    before[:] = sums - new[order] - np.where(first > 0, sums[first - 1], 0)
    fits = np.empty_like(new)
    fits[order] = np.clip(CAPACITY - count[patient[order]] - before, 0, new[order])
    return fits


def _batch(n: int, first: int, draws: Draws) -> Result:
    everybody = np.arange(first, first + n)
    nobody = np.zeros(n, np.uint64)
    b_primary = RATE * np.exp(SD_RATE * draws.normal(everybody, nobody, TRAITS, 0))
    scale = STEP * FOUNDING * np.exp(SD_FOUNDING * draws.normal(everybody, nobody, TRAITS, 1))
    death = np.full(n, STEPS)
    found = np.full(n, -1)
    founded, lesion_steps = np.zeros(n, np.int64), np.zeros(n, np.int64)
    line, nadir = np.zeros(n, np.int64), np.full(n, np.inf)
    alive = np.ones(n, bool)

    patient = np.arange(n)
    key = np.full(n, PRIMARY_LINEAGE)
    nth = np.zeros(n, np.int64)
    x, rho = np.zeros(n), np.zeros(n)
    births = b_primary * STEP
    organ = np.full(n, -1)
    ratio = np.ones(n)

    for step in range(1, STEPS + 1):
        count = np.bincount(patient, minlength=n)
        lesion_steps += count
        # growth, drugs, extinction
        x = LOG_K + (x - LOG_K) * np.exp(-births)
        now = line[patient]
        treated = np.flatnonzero((now == 1) | (now == 2))
        if treated.size:
            s, r = ALIVE_S[now[treated]], ALIVE_R[now[treated]]
            share = (1.0 - rho[treated]) * s + rho[treated] * r
            x[treated] += np.log(share)
            rho[treated] *= r / share
            keep = x > 0.0
            keep[now == 0] = True
            if not keep.all():
                patient, key, nth, x, rho, births, organ, ratio = (
                    a[keep] for a in (patient, key, nth, x, rho, births, organ, ratio)
                )
        cells = np.exp(x)
        number = everybody[patient]
        # mutation, founding, detection of the primary
        chance = -np.expm1(-MUTATION * births * (LOG_K - x) * cells)
        mutate = (rho == 0.0) & (draws.uniform(number, key, RESISTANCE, step) < chance)
        rho[mutate] = np.minimum(1.0, 1.0 / cells[mutate])
        mean = ratio * scale[patient] * np.exp(ALPHA * (x - LOG_1CM3))
        new = draws.poisson(mean, number, key, FOUNDING_DRAW, step)
        founded += np.bincount(patient, new, n).astype(np.int64)
        primary = organ < 0
        hazard = STEP * DETECTION_PER_DAY * np.exp(DETECTION_EXPONENT * (x[primary] - LOG_1CM3))
        removed = np.zeros(x.size, bool)
        removed[primary] = draws.uniform(number[primary], nobody[: hazard.size], DIAGNOSIS, step) < -np.expm1(-hazard)
        # burden, death, lines of therapy
        distant = ~primary
        place = patient[distant] * 4 + organ[distant]
        burden = np.bincount(place, cells[distant], 4 * n).reshape(n, 4) * 1e-9
        largest = np.zeros(n)
        np.maximum.at(largest, patient[distant], cells[distant])
        terms = np.where(burden > 1e-3, np.maximum(burden / LETHAL, 1e-30) ** LETHAL_EXPONENT, 0.0)
        rate = BACKGROUND_PER_DAY + LETHAL_PER_DAY * terms.sum(1)
        dies = alive & (draws.uniform(everybody, nobody, DEATH, step) < -np.expm1(-rate * STEP))
        death[dies] = step
        alive &= ~dies
        volume = burden.sum(1)
        start = alive & (found < 0) & (largest >= SEEN_CELLS)
        on = alive & ~start & ((line == 1) | (line == 2))
        found[start], line[start] = step, 1
        worse = on & (volume >= PROGRESSION * nadir)
        line[worse] += 1
        nadir[start | worse] = volume[start | worse]
        nadir[on] = np.minimum(nadir[on], volume[on])
        # new colonies in, removed primaries and the dead out
        keep = alive[patient] & ~removed
        seeding = np.flatnonzero((new > 0) & alive[patient])
        if seeding.size:
            fits = _seat(patient[seeding], new[seeding], np.bincount(patient, minlength=n))
            mother = np.repeat(seeding, fits)
        else:
            mother = seeding
        more, owner = mother.size, patient[mother]
        rank = np.arange(more) - np.searchsorted(mother, mother)  # of a mother's colonies of this step
        which = nth[mother] + rank
        places = np.searchsorted(ORGAN_CUT, draws.uniform(number[mother], key[mother], DESTINATION, which), side="right")
        keys = draws.child(key[mother], which, places)
        rates = METASTASIS_SPEED * b_primary[owner] * np.exp(SD_LESION * draws.normal(number[mother], keys, COLONY, 0))
        nth += new
        patient = np.concatenate([patient[keep], owner])
        key = np.concatenate([key[keep], keys])
        nth = np.concatenate([nth[keep], np.zeros(more, np.int64)])
        x = np.concatenate([x[keep], np.zeros(more)])
        rho = np.concatenate([rho[keep], np.zeros(more)])
        births = np.concatenate([births[keep], rates * STEP])
        organ = np.concatenate([organ[keep], places])
        ratio = np.concatenate([ratio[keep], np.full(more, METASTASIS_RATIO)])
    return Result(death, found, founded, lesion_steps)


def run(patients: int, seed: int = 1, *, named: bool = True) -> Result:
    """Live ``patients`` patients, at most ``BATCH`` at a time."""
    draws: Draws = Named(seed) if named else Sequential(seed)
    parts = [_batch(min(BATCH, patients - start), start, draws) for start in range(0, patients, BATCH)]
    return Result(*(np.concatenate([getattr(part, name) for part in parts]) for name in Result.__dataclass_fields__))


def run_sequential(patients: int, seed: int = 1) -> Result:
    """The same with NumPy's sequential generator."""
    return run(patients, seed, named=False)
