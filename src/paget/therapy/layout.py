"""Agents, regimens, standards of care and local treatments as the records that kernels read."""

from __future__ import annotations

import numpy as np

from paget.biology.layout import N_PLACES
from paget.biology.state import MAX_AGENTS

MAX_LINES = 8
MAX_OPTIONS = 4

STEPS = (
    "invasion", "intravasation", "circulation", "arrest", "extravasation", "colonisation",
    "dormancy", "awakening", "angiogenic_switch", "circulating_cells",
)  # fmt: skip
"""Steps of the cascade that a treatment can slow or speed; the first six multiply the founding of colonies."""
N_STEPS = len(STEPS)
FOUNDING_STEPS = 6
DORMANCY, AWAKENING, SWITCHING, CIRCULATING = range(FOUNDING_STEPS, N_STEPS)

CURVE_POINTS = 8
ADJUVANT_SLOTS = 8
"""Adjuvant therapies that one practice can name."""

AGENT = np.dtype(
    [
        ("axis", np.int64),  # -1: kills nothing
        ("family", np.int64),
        ("kill", np.float64),
        ("growth", np.float64),
        ("toxic_stop", np.float64),  # per day
        ("cytotoxic", np.int64),
        ("cross", np.float64),  # kill of cells that resist its family against sensitive ones; NaN: as usual in its axis
        ("fatal", np.float64),  # hazard of death by it, per day
        ("steps", np.float64, (N_STEPS,)),  # factors on the steps of the cascade while it is given
    ],
    align=True,
)
REGIMEN = np.dtype(
    [
        ("n", np.int64),
        ("agent", np.int64, (MAX_AGENTS,)),
        ("days", np.float64, (MAX_AGENTS,)),  # inf: until progression
        ("then", np.int64),  # maintenance regimen, -1 none
    ],
    align=True,
)
LOCAL = np.dtype(
    [
        ("places", np.int64, (N_PLACES,)),  # 1 where it may treat
        ("field", np.int64),  # 0 lesions that are seen, one by one; 1 everything in its places, seen or not
        ("max_lesions", np.float64),  # visible lesions in its places, beyond which it is not done
        ("min_cm", np.float64),  # smaller ones are left alone
        ("max_cm", np.float64),  # a larger one forbids it
        ("max_ecog", np.int64),
        ("other_sites", np.int64),  # 1: visible distant disease elsewhere does not forbid it
        ("grid_cm", np.float64, (CURVE_POINTS,)),
        ("control", np.float64, (CURVE_POINTS,)),  # probability that a lesion is eradicated, by diameter
        ("patient_sd", np.float64),  # between patients, on the logit of control
        ("survivors_log_mean", np.float64),  # of a lesion that is not eradicated: ln of the share of cells that survive
        ("survivors_log_sd", np.float64),
        ("sessions", np.int64),
        ("interval_days", np.float64),
        ("mortality", np.float64),  # within 30 days
        ("mortality_ecog2", np.float64),  # factor on it from ECOG 2
        ("pause_days", np.float64),  # without systemic therapy
        ("wound", np.int64),
    ],
    align=True,
)
_TABLE = (4, 2, 2, MAX_LINES, MAX_OPTIONS)  # subtype, crisis, menopause, line, option
STANDARD = np.dtype([("regimen", np.int64, _TABLE), ("chance", np.float64, _TABLE)], align=True)
