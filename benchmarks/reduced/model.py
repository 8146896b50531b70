"""Numbers of the reduced model, shared by its three versions (what they mean: `benchmarks/reduced_model.md`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STEP = 28.0  # days
STEPS = 391  # 30 years
LOG_K = math.log(1e12)
LOG_1CM3 = math.log(1e9)
CAPACITY = 257  # the primary and 256 lesions

DOUBLING_DAYS = 150.0  # of the primary, at 1e9 cells
RATE = math.log(2.0) / (DOUBLING_DAYS * (LOG_K - LOG_1CM3))
SD_RATE, SD_LESION = 0.4, 0.25
METASTASIS_SPEED = 2.0

FOUNDING = 8.0e-4  # events a day at 1e9 cells, median over patients
SD_FOUNDING = 1.6
ALPHA = 0.75
METASTASIS_RATIO = 0.06
ORGAN_CUT = (0.5, 0.7, 0.9)  # cumulated weights of bone, liver, lung; the rest is brain
LETHAL_CM3 = (650.0, 300.0, 350.0, 25.0)
LETHAL_PER_DAY = 0.25 / 365.25
LETHAL_EXPONENT = 1.4
BACKGROUND_PER_DAY = 0.015 / 365.25

MUTATION = 1.0e-9  # a birth
DETECTION_PER_DAY = 5.0e-4  # of a primary of 1e9 cells
DETECTION_EXPONENT = 0.4
SEEN_CELLS = math.pi / 6.0 * 1e9  # 1 cm
PROGRESSION = 1.728  # 20 % in diameter, as volume
KILL_SENSITIVE = (0.0, 0.030, 0.030)  # a day; no therapy, first line, second line
KILL_RESISTANT = (0.0, 0.0, 0.010)

SURVIVE_SENSITIVE = tuple(math.exp(-k * STEP) for k in (*KILL_SENSITIVE, 0.0))
SURVIVE_RESISTANT = tuple(math.exp(-k * STEP) for k in (*KILL_RESISTANT, 0.0))

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Result:
    """What a version says of each patient.

    Attributes
    ----------
    death_step : array of int
        Step at whose end she died; ``STEPS`` if she lived to the end.
    found_step : array of int
        Step at whose end a metastasis was first seen; -1 if none was.
    founded : array of int
        Founding events in her life.
    lesion_steps : array of int
        Live lesions, summed over steps.
    """

    death_step: Ints
    found_step: Ints
    founded: Ints
    lesion_steps: Ints
