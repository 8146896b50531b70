"""Resistance: exclusive phenotypes within an axis of drugs, independence between axes.

An axis holds one or more drug families. Its phenotypes are: sensitive; resistant to one family only; resistant to all. Fractions of
these are exclusive and sum to one, so survivors of one drug are never counted as sensitive to it again. Resistant cells die at a
lower rate of their own (partial resistance).
"""

from __future__ import annotations

import math

import numpy as np

from paget._jit import jit
from paget.biology.layout import N_PHENOTYPES
from paget.randomness import RESISTANCE, normal

N_AXES = 8
MAX_FAMILIES = 3
ENDOCRINE, CDK, HER2, CHEMO, CONJUGATE, EGFR, PARP, IMMUNE = range(N_AXES)
AXIS_FAMILIES = np.array([2, 1, 1, 3, 1, 1, 1, 1], np.int64)
AXIS_FIRST = np.array([0, 3, 4, 5, 9, 10, 11, 12], np.int64)
LOG_REFERENCE = math.log(1e9)
CEILING = 0.999  # a lesion never starts without a sensitive cell


@jit
def treat_axis(fraction, axis, kill, spare, exposure):
    """Let the drugs of one axis act on a lesion's fractions; return ln S at half and at the end of the interval.

    Parameters
    ----------
    fraction : array (13,)
        Exclusive phenotype fractions of the lesion; those of this axis are updated to the end of the interval.
    axis : int
    kill : array (3,)
        Kill rate of each family on sensitive cells, per day of exposure.
    spare : array (3,)
        Kill rate of each family on cells that resist it, per day of exposure (partial resistance).
    exposure : float
        Days, scaled by the growth dependence of kill.

    Returns
    -------
    tuple of float
        Log of the surviving share of cells after half and after all of the interval.
    """
    families = AXIS_FAMILIES[axis]
    first = AXIS_FIRST[axis]
    all_die = 1.0  # every family acts, at half of the interval; squares give the end of it
    all_resist = 1.0
    sensitive = 1.0
    for family in range(families):
        if kill[family] > 0.0:  # most families are not given: their factor is 1
            all_die *= math.exp(-0.5 * kill[family] * exposure)
            all_resist *= math.exp(-0.5 * spare[family] * exposure)
        sensitive -= fraction[first + family]
    if families > 1:
        sensitive -= fraction[first + families]
    sensitive = max(sensitive, 0.0)
    half = sensitive * all_die
    full = sensitive * all_die * all_die
    for family in range(families):
        if families == 1:
            survives = all_resist
        elif kill[family] <= 0.0:
            survives = all_die
        else:
            survives = all_die * math.exp(0.5 * (kill[family] - spare[family]) * exposure)
        share = fraction[first + family]
        half += share * survives
        fraction[first + family] = share * survives * survives
        full += fraction[first + family]
    if families > 1:
        share = fraction[first + families]
        half += share * all_resist
        fraction[first + families] = share * all_resist * all_resist
        full += fraction[first + families]
    half = max(half, 1e-300)
    full = max(full, 1e-300)
    last = first + families + (1 if families > 1 else 0)
    for j in range(first, last):
        fraction[j] /= full
    return math.log(half), math.log(full)


@jit
def draw_resistance(seed, patient, p, who):
    """The patient's own part of the logit of each phenotype: one effect shared by all classes of drugs, one of each class."""
    shared = p.resistance_sd * math.sqrt(p.resistance_shared)
    own = p.resistance_sd * math.sqrt(1.0 - p.resistance_shared)
    patient_effect = normal(seed, patient, np.uint64(0), RESISTANCE, 0)
    for j in range(N_PHENOTYPES):
        class_effect = normal(seed, patient, np.uint64(0), RESISTANCE, 1 + j)
        who.resistance[j] = p.resistant_logit[j] + shared * patient_effect + own * class_effect


@jit
def draw_fractions(seed, patient, p, who, lesion):
    """Initial resistant fractions of a lesion that has never met a drug: patient, lesion and size effects.

    A lesion that has outlived adjuvant drugs of an axis starts with more resistance to it. Rescaled within an axis where the exclusive
    phenotypes would exceed the whole.
    """
    own = p.resistance_lesion_sd * normal(seed, patient, lesion.key, RESISTANCE, 0)
    own += p.resistance_size_slope * (lesion.x - LOG_REFERENCE)
    for axis in range(N_AXES):
        first = AXIS_FIRST[axis]
        shift = own
        if lesion.exposed >> axis & 1:
            shift += p.switch_adjuvant_resistance * p.adjuvant_resistance_logit
        last = AXIS_FIRST[axis + 1] if axis + 1 < N_AXES else N_PHENOTYPES
        total = 0.0
        for j in range(first, last):
            lesion.fraction[j] = p.switch_resistance * CEILING / (1.0 + math.exp(-who.resistance[j] - shift))
            total += lesion.fraction[j]
        if total > CEILING:
            for j in range(first, last):
                lesion.fraction[j] *= CEILING / total
