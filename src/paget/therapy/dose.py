"""Response to the dose that a lesion absorbs: a logistic curve in log dose, tied to one cohort.

A cohort tells the dose at which half respond, the share that responded, and the doses of responders and non-responders. The doses of the
whole cohort are the mixture of the two; the steepness is the one at which the curve, averaged over those doses, gives the share.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from paget.therapy.numbers import Amount, Share

Array = np.ndarray[Any, np.dtype[np.float64]]
IQR_OF_NORMAL = 1.3489795


class Doses(BaseModel):
    """Absorbed doses of a group of lesions, lognormal: median and quartiles in Gy."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    median_gy: Amount
    lower_quartile_gy: Amount
    upper_quartile_gy: Amount

    def values(self, n: int = 400) -> Array:
        """Equally likely doses."""
        from scipy.special import ndtri

        sd = math.log(self.upper_quartile_gy.value / self.lower_quartile_gy.value) / IQR_OF_NORMAL
        return self.median_gy.value * np.exp(sd * ndtri((np.arange(n) + 0.5) / n))


class DoseResponse(BaseModel):
    """How response depends on dose, and how often the cohort's patients responded.

    Attributes
    ----------
    half_gy : Amount
        Dose at which half respond.
    response : Share
        Share of the cohort that responded, by the cohort's own rule.
    responders, non_responders : Doses
        Doses of the two groups.
    given : float
        Dose given, relative to the cohort's: 1 is what the cohort got.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    half_gy: Amount
    response: Share
    responders: Doses
    non_responders: Doses
    given: float = 1.0

    def doses(self) -> tuple[Array, Array]:
        """Doses of the cohort and their weights."""
        yes, no = self.responders.values(), self.non_responders.values()
        share = self.response.value
        return np.concatenate([yes, no]), np.concatenate([np.full(yes.size, share / yes.size), np.full(no.size, (1.0 - share) / no.size)])

    def steepness(self) -> float:
        """Steepness of the logistic curve in log dose."""
        return _steepness(self)

    def at(self, dose_gy: Array) -> Array:
        """Probability of response at these doses."""
        from scipy.special import expit

        out: Array = expit(self.steepness() * np.log(np.asarray(dose_gy) / self.half_gy.value))
        return out

    def expected(self, given: float | None = None) -> float:
        """Response averaged over the doses, all multiplied by ``given``."""
        doses, weights = self.doses()
        return float(weights @ self.at((self.given if given is None else given) * doses))


@lru_cache(maxsize=64)
def _steepness(cohort: DoseResponse) -> float:
    from scipy.optimize import brentq
    from scipy.special import expit

    doses, weights = cohort.doses()
    log_ratio = np.log(doses / cohort.half_gy.value)

    def excess(steepness: float) -> float:
        return float(weights @ expit(steepness * log_ratio)) - cohort.response.value

    if excess(50.0) < 0.0:
        raise ValueError("too few of the doses lie above the half-response dose for so many responses")
    return float(brentq(excess, 0.0, 50.0, xtol=1e-10))
