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
MARGIN_SIZES = 24
MARGIN_POINTS = 65
"""Diameters, evenly spaced between the ends of a record's grid, and quantiles, from 0 to 1, at which it has minimal margins."""
LUCK_POINTS = 49
LUCK_LOGIT = 12.0
"""Logits of control, from minus to plus this, at which a record says where the median patient stands."""
MAX_MODIFIERS = 3
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
        ("steps", np.float64, (N_STEPS,)),  # factors on the steps of the cascade
        ("timed", np.int64),  # 1: some of them have a duration of their own
        ("lasts", np.float64, (N_STEPS,)),  # days that each lasts after the start of the course; inf: as long as it is given
        ("lingers", np.float64, (N_STEPS,)),  # days that it goes on after the end of the course; -1: it does not hang on the end
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
        ("by_lesion", np.int64),  # 1: control is of the lesion at hand, by what follows, and no average
        ("log_hazard", np.float64, (CURVE_POINTS,)),  # ln of the cumulative hazard of failure of a lesion that nothing touches
        ("n_modifiers", np.int64),
        ("modifier_share", np.float64, (MAX_MODIFIERS,)),
        ("modifier_log_ratio", np.float64, (MAX_MODIFIERS,)),  # ln of the hazard ratio of failure; 0 where the treatment avoids it
        ("modifier_key", np.int64, (MAX_MODIFIERS,)),  # of the lesion, whatever treats it: index of its draw; -1: of the session
        ("margins", np.int64),  # 1: a minimal margin is drawn
        ("margin_mm", np.float64, (MARGIN_SIZES, MARGIN_POINTS)),  # its quantiles, by diameter
        ("margin_log_ratio", np.float64),  # ln of the hazard ratio of failure for one millimetre more
        ("lasting", np.float64),  # share of complete responses that last
        ("median_logit", np.float64, (LUCK_POINTS,)),  # of control in the median patient, by that on average over patients
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
