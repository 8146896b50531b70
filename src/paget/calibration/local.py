"""What a local treatment's file says of series by size, under given parameters: no lives, an exact average over lesions and patients.

The record that lives are given (`paget.therapy.library`) is read here as well, so that what a fit moves is what lives then have.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from paget.calibration.cohorts import Cohort, Setting
from paget.therapy import library
from paget.therapy.correlation import marginal

LESIONS = 200


def local_series(setting: Setting, *, therapy: str) -> Cohort:
    """Lesions of the sizes that a treatment's file tells, evenly by rank.

    Adds ``cm`` and, averaged over patients, ``control`` (eradicated for good) and ``complete`` (complete response, lasting or not).
    """

    def make() -> Cohort:
        shelf = library()
        row = shelf.local_records(setting.parameters)[shelf.local_index(therapy)]
        treatment = shelf.locals[therapy].local
        assert treatment is not None
        cm, lasting = _sizes(therapy), treatment.lasting.value if treatment.lasting else 1.0
        median = np.interp(cm, row["grid_cm"], row["control"])
        logit = np.log(median / (1.0 - median))
        control = np.array([marginal(float(one), float(row["patient_sd"])) for one in logit])
        zero = np.zeros(LESIONS, np.int64)
        columns = {"id": np.arange(LESIONS), "class_": zero, "subtype": zero, "cm": cm, "control": control}
        return Cohort(columns | {"complete": control / lasting})

    return setting.once(("local-series", therapy), make)  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def _sizes(therapy: str) -> np.ndarray:
    from scipy.stats import norm

    treatment = library().locals[therapy].local
    assert treatment is not None
    sizes = treatment.sizes
    ranks = (np.arange(LESIONS) + 0.5) / LESIONS
    return np.asarray(sizes.median_cm.value * np.exp(sizes.sd_log.value * norm.ppf(ranks)))
