"""The state of the body, and of the drugs in it, that steps of the truth read and write."""

from __future__ import annotations

import numpy as np

from paget.biology.layout import N_PLACES
from paget.biology.resistance import MAX_FAMILIES, N_AXES

MAX_AGENTS = 4
MAX_LASTING = 4

BODY = np.dtype(
    [
        ("day", np.float64),  # from diagnosis (of metastatic disease)
        ("cancer_left", np.float64),  # what is left of the thresholds of death
        ("other_left", np.float64),
        ("treatment_left", np.float64),
        ("hazard", np.float64),  # of cancer death now, per day
        ("visceral", np.float64),
        ("background", np.float64),
        ("died", np.int64),  # 0 alive, 1 cancer, 2 other, 3 treatment
        ("burden", np.float64, (N_PLACES,)),  # cm3 by place, colonies with vessels and without
        ("reference_volume", np.float64),  # suppressing volume on the day of diagnosis, cm3
        ("primary_out", np.int64),
        ("wound_until", np.float64),
        ("pause_until", np.float64),  # no systemic therapy before this day
        ("operative_death", np.float64),  # day of it, inf if none
        ("sleep_factor", np.float64),  # factor on waking from adjuvant endocrine therapy
        ("z_condition", np.float64),
    ],
    align=True,
)

DRUGS = np.dtype(
    [
        ("kill", np.float64, (N_AXES, MAX_FAMILIES)),  # now, per day on sensitive cells
        ("spare", np.float64, (N_AXES, MAX_FAMILIES)),  # and on cells that resist the family
        ("active", np.int64, (N_AXES,)),
        ("any", np.int64),
        ("cytotoxic", np.int64),
        ("growth", np.float64),  # factor on growth
        ("founding", np.float64),  # factors on steps of the cascade: new colonies,
        ("dormancy", np.float64),  # the share of them that sleeps,
        ("awakening", np.float64),  # waking,
        ("switching", np.float64),  # vessels,
        ("circulating", np.float64),  # cells in the blood
        ("fatal", np.float64),  # hazard of death by treatment, per day
        ("agent", np.int64, (MAX_AGENTS,)),
        ("since", np.float64, (MAX_AGENTS,)),  # day on which the agent began
        ("until", np.float64, (MAX_AGENTS,)),  # day on which the agent stops
        ("n", np.int64),
        ("lasting", np.int64, (MAX_LASTING,)),  # agents that were stopped and of which some effect goes on
        ("lasting_since", np.float64, (MAX_LASTING,)),  # day on which each had begun
        ("lasting_from", np.float64, (MAX_LASTING,)),  # day on which it was stopped
        ("n_lasting", np.int64),
        ("regimen", np.int64),  # -1: none
        ("line", np.int64),  # lines begun
        ("over", np.int64),  # no more lines will be given
        ("effect", np.float64, (N_AXES, MAX_FAMILIES)),  # this patient's factor on kill
    ],
    align=True,
)
