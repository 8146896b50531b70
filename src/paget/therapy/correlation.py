"""How alike the lesions of one patient respond: from rates by lesion against rates by patient.

Each patient has a standard normal ``z``; a lesion is controlled with probability ``expit(m + sd z)``. A patient counts as controlled only
if all her treated lesions are. With independent lesions the rate by patient would be the rate by lesion to the power of her number of
lesions; what it exceeds that by gives ``sd``.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
MAX_LESIONS = 60


@lru_cache(maxsize=1)
def _nodes() -> tuple[Array, Array]:
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    return points, weights / weights.sum()


def marginal(median_logit: float, patient_sd: float) -> float:
    """Rate by lesion: ``expit(m + sd z)`` averaged over patients (Gauss-Hermite)."""
    z, w = _nodes()
    return float(w @ (1.0 / (1.0 + np.exp(-(median_logit + patient_sd * z)))))


@lru_cache(maxsize=4096)
def median_logit(rate: float, patient_sd: float) -> float:
    """Logit of the median patient whose kind has this rate by lesion on average; inverse of `marginal`."""
    if not 0.0 < rate < 1.0:
        return math.copysign(math.inf, rate - 0.5)
    if patient_sd == 0.0:
        return math.log(rate / (1.0 - rate))
    from scipy.optimize import brentq

    return float(brentq(lambda m: marginal(m, patient_sd) - rate, -60.0, 60.0, xtol=1e-12))


def lesion_numbers(mean: float) -> Array:
    """Shares of patients with 0, 1, 2, ... lesions treated: one plus a Poisson number with this mean in all."""
    extra = mean - 1.0
    k = np.arange(MAX_LESIONS)
    log_factorial = np.array([math.lgamma(n + 1.0) for n in k])
    poisson = np.exp(-extra + k * math.log(extra) - log_factorial) if extra > 0.0 else (k == 0).astype(np.float64)
    return np.concatenate([[0.0], poisson / poisson.sum()])


def by_patient(rate: float, patient_sd: float, mean_lesions: float) -> float:
    """Rate by patient (all her lesions controlled) that a rate by lesion gives."""
    if not 0.0 < rate < 1.0:
        return rate
    z, w = _nodes()
    p = 1.0 / (1.0 + np.exp(-(median_logit(rate, patient_sd) + patient_sd * z)))
    shares = lesion_numbers(mean_lesions)
    return float(sum(share * float(w @ p**n) for n, share in enumerate(shares) if share > 0.0))


def patient_sd(per_lesion: float, per_patient: float, mean_lesions: float) -> float:
    """Between-patient standard deviation of the logit that joins the two rates.

    Nil where the rate by patient is no more than independent lesions would give.

    Examples
    --------
    >>> round(patient_sd(0.619, 0.462, 1.894), 2)
    0.78
    """
    if by_patient(per_lesion, 0.0, mean_lesions) >= per_patient:
        return 0.0
    if per_patient >= per_lesion:
        raise ValueError("a patient with several lesions cannot do better than one lesion")
    from scipy.optimize import brentq

    return float(brentq(lambda sd: by_patient(per_lesion, sd, mean_lesions) - per_patient, 0.0, 12.0, xtol=1e-9))
