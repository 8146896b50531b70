"""Counter-based randomness: every draw is a pure function of (seed, patient, lineage, process, index).

Nothing here has state. Philox4x32-10 [salmon2011] is run on a counter that *names* the draw, so a life does not depend on the
order in which things are computed: threads, chunks and resumption cannot change it, and removing the primary of a twin leaves the
draws of every lesion that others founded.

Counter words: (lineage low, lineage high, process << 24 | index, patient); key words: (seed low, seed high).

Reference: Salmon JK et al., Parallel random numbers: as easy as 1, 2, 3. SC'11.
"""

from __future__ import annotations

import math

import numpy as np

from paget._jit import jit

MASK = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
INDEX_BITS = np.uint64(24)
TWO_M52 = 2.0**-52

# Processes: one number for each kind of draw. Appending is safe; renumbering changes every result under a fixed seed.
(
    TRAITS,  # who the patient is
    TROPISM,  # her organ weights
    DIAGNOSIS,  # when the primary is found
    NODES,  # arrivals of node colonies
    FOUNDING,  # arrivals of founding events of one emitter
    BURST,  # how many colonies one event leaves
    DESTINATION,  # where a colony lands
    COLONY,  # growth, dormancy, clocks and detectability of a colony
    RESISTANCE,  # initial resistant fractions
    PHARMACOLOGY,  # how strongly drugs kill in this patient
    DEATH,  # thresholds of the causes of death
    STAGING,  # imaging at diagnosis
    MEASUREMENT,  # reader's noise at a visit
    CARE,  # choices of clinician and patient
    OPERATION,  # what an operation does
    ADJUVANT,  # which occult colonies adjuvant therapy eradicates
    STUDY,  # acceptance, timing and drop-out of a patient in a study
    ASSAY,  # blood samples
    LOCAL,  # what a local treatment of lesions does
    ADVERSE,  # adverse events
    SURVEILLANCE,  # follow-up of early disease
    PRACTICE,  # whom clinicians of a registry treat, and when
    MARKER,  # attributes of patient and tumour that decide who may get a therapy
) = range(23)

PRIMARY_LINEAGE = np.uint64(1)


@jit
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32 on four 32-bit counter words (held in uint64), two key words; four 32-bit words out."""
    for _ in range(10):
        p0 = M0 * c0
        p1 = M1 * c2
        c0, c1, c2, c3 = (
            ((p1 >> SHIFT) ^ c1 ^ k0) & MASK,
            p1 & MASK,
            ((p0 >> SHIFT) ^ c3 ^ k1) & MASK,
            p0 & MASK,
        )
        k0 = (k0 + W0) & MASK
        k1 = (k1 + W1) & MASK
    return c0, c1, c2, c3


@jit
def _to_unit(high, low):
    # 52 bits and a half: neither 0 nor 1 can occur, so logarithms are safe.
    bits = ((high << SHIFT) | low) >> np.uint64(12)
    return (np.float64(bits) + 0.5) * TWO_M52


@jit
def uniforms(seed, patient, lineage, process, index):
    """Two independent uniforms in (0, 1) for one named draw."""
    a, b, c, d = philox(
        lineage & MASK,
        lineage >> SHIFT,
        (np.uint64(process) << INDEX_BITS) | np.uint64(index),
        np.uint64(patient) & MASK,
        seed & MASK,
        seed >> SHIFT,
    )
    return _to_unit(a, b), _to_unit(c, d)


@jit
def uniform(seed, patient, lineage, process, index):
    """One uniform in (0, 1) for one named draw."""
    u, _ = uniforms(seed, patient, lineage, process, index)
    return u


@jit
def normal(seed, patient, lineage, process, index):
    """One standard normal for one named draw (Box-Muller)."""
    u, v = uniforms(seed, patient, lineage, process, index)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@jit
def normals(seed, patient, lineage, process, index):
    """Two independent standard normals for one named draw."""
    u, v = uniforms(seed, patient, lineage, process, index)
    radius = math.sqrt(-2.0 * math.log(u))
    return radius * math.cos(2.0 * math.pi * v), radius * math.sin(2.0 * math.pi * v)


@jit
def exponential(seed, patient, lineage, process, index):
    """One unit exponential for one named draw: the threshold that an integrated hazard has to reach."""
    return -math.log(uniform(seed, patient, lineage, process, index))


@jit
def gamma(seed, patient, lineage, process, index, shape):
    """One Gamma(shape, 1) variate (Marsaglia and Tsang 2000) from a reserved block of 64 draws after ``index``."""
    boost = 1.0
    if shape < 1.0:
        boost = uniform(seed, patient, lineage, process, index + 63) ** (1.0 / shape)
        shape = shape + 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    value = d
    for k in range(31):  # each try is accepted with probability > 0.95
        z = normal(seed, patient, lineage, process, index + 2 * k)
        v = 1.0 + c * z
        if v > 0.0:
            v = v * v * v
            u = uniform(seed, patient, lineage, process, index + 2 * k + 1)
            if math.log(u) < 0.5 * z * z + d - d * v + d * math.log(v):
                value = d * v
                break
    return value * boost


@jit
def child(parent, nth, destination):
    """Lineage of a colony: a 64-bit hash of its parent's lineage, which of that parent's seeds it is, and where it landed."""
    x = parent + np.uint64(0x9E3779B97F4A7C15) * (np.uint64(nth) * np.uint64(64) + np.uint64(destination) + np.uint64(1))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
