"""Agents, regimens and standards of care as the records that kernels read."""

from __future__ import annotations

import numpy as np

from paget.biology.state import MAX_AGENTS

MAX_LINES = 8
MAX_OPTIONS = 4

AGENT = np.dtype(
    [
        ("axis", np.int64),
        ("family", np.int64),
        ("kill", np.float64),
        ("growth", np.float64),
        ("toxic_stop", np.float64),  # per day
        ("cytotoxic", np.int64),
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
_TABLE = (4, 2, 2, MAX_LINES, MAX_OPTIONS)  # subtype, crisis, menopause, line, option
STANDARD = np.dtype([("regimen", np.int64, _TABLE), ("chance", np.float64, _TABLE)], align=True)
