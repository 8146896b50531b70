"""Places, states and the lesion record: the vocabulary of all kernels.

A lesion is one row of a structured array. A row may stand for several like lesions (`mult` > 1) once a patient's store is full.
"""

from __future__ import annotations

import math

import numpy as np

from paget._jit import jit

# places a colony can be in
BONE, LIVER, LUNG, BRAIN, SKIN, DISTANT_NODES, REGIONAL_NODES, BREAST = range(8)
PLACES = ("bone", "liver", "lung", "brain", "skin", "distant-nodes", "regional-nodes", "breast")
N_ORGANS = 6  # the first six are distant
N_PLACES = 8

# clinical subtypes, and the intrinsic classes that make them up
SUBTYPES = ("HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC")
CLASS_SUBTYPE = np.array([0, 0, 1, 2, 3], np.int64)

# states of a colony
DORMANT, AVASCULAR, VASCULAR = 0, 1, 2
# role of a lesion in the clinic's books
UNSEEN, TARGET, NON_TARGET, NEW_SEEN, TREATED = range(5)  # NEW_SEEN stands in the log only

CAPACITY = 96
"""Rows of the lesion store of one patient; what does not fit is merged by organ and counted."""

N_PHENOTYPES = 13

LESION = np.dtype(
    [
        ("key", np.uint64),  # lineage
        ("clock", np.float64),  # what is left of the unit-exponential threshold of the present wait
        ("switch", np.float64),  # threshold of the wait for vessels (kept while dormant)
        ("mult", np.float64),  # how many like lesions the row stands for
        ("x", np.float64),  # log cells of one of them
        ("rate", np.float64),  # Gompertz rate b, per day
        ("slope", np.float64),  # dx/dt over the last step, per day
        ("debt", np.float64),  # log-size held back by a growth-slowing drug
        ("sleep", np.float64),  # rate of waking, per day
        ("wait", np.float64),  # rate of the angiogenic switch, per day
        ("limit", np.float64),  # diameter from which imaging shows it, cm
        ("symptom", np.float64),  # diameter from which it is felt, cm
        ("founded", np.float64),  # day of founding
        ("seeds", np.float64),  # integrated founding intensity since its birth
        ("next", np.float64),  # intensity at which it founds next
        ("seen", np.float64),  # measured diameter at the last visit, cm
        ("after", np.float64),  # smallest diameter since a local treatment, cm; 0 if never treated
        ("fraction", np.float64, (N_PHENOTYPES,)),  # exclusive resistant phenotypes, axis by axis
        ("exposed", np.int64),  # adjuvant therapies it has outlived, one bit an axis
        ("nth", np.int64),  # index of its next founding event
        ("place", np.int32),
        ("state", np.int32),
        ("role", np.int32),
        ("label", np.int32),  # small stable number for tables
    ],
    align=True,
)


@jit
def diameter_cm(log_cells, cells_per_cm3):
    """Diameter in cm of a sphere of so many (log) cells."""
    return (math.exp(log_cells) / cells_per_cm3 * 6.0 / math.pi) ** (1.0 / 3.0)


@jit
def log_cells(diameter, cells_per_cm3):
    """Log cells in a sphere of this diameter in cm; inverse of `diameter_cm`."""
    return math.log(math.pi / 6.0 * diameter * diameter * diameter * cells_per_cm3)
