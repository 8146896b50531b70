"""Response to the dose that a lesion absorbs: the logistic regression on log dose that one cohort's figures allow.

A cohort tells how many responded, and the doses of responders and of non-responders (medians and quartiles). Both groups are laid out as
lognormal samples; the curve is the logistic regression of response on log dose over them, so it returns the cohort's share of responders
and the mean log dose of each group exactly.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import Field

from paget.forms.quantities import Block, Quantity, Rate

Array = np.ndarray[Any, np.dtype[np.float64]]
IQR_OF_NORMAL = 1.3489795


class Doses(Block):
    """Absorbed doses of a group, lognormal: median and quartiles in Gy."""

    median_gy: Quantity
    lower_quartile_gy: Quantity
    upper_quartile_gy: Quantity

    def values(self, n: int = 400) -> Array:
        """Equally likely doses."""
        from scipy.special import ndtri

        sd = math.log(self.upper_quartile_gy.value / self.lower_quartile_gy.value) / IQR_OF_NORMAL
        out: Array = self.median_gy.value * np.exp(sd * ndtri((np.arange(n) + 0.5) / n))
        return out


class DoseResponse(Block):
    """How response depends on dose in a cohort, and the dose that is given.

    Attributes
    ----------
    response : Rate
        Share of the cohort that responded, by the cohort's own rule.
    responders, non_responders : Doses
        Doses of the two groups.
    given : float
        Dose given, relative to the cohort's: 1 is what the cohort got.
    """

    response: Rate
    responders: Doses
    non_responders: Doses
    given: float = Field(default=1.0, gt=0)

    def doses(self) -> tuple[Array, Array]:
        """Doses of the cohort and their weights (sum 1)."""
        yes, no = self.responders.values(), self.non_responders.values()
        share = self.response.value
        return np.concatenate([yes, no]), np.concatenate([np.full(yes.size, share / yes.size), np.full(no.size, (1.0 - share) / no.size)])

    @property
    def half_gy(self) -> float:
        """Dose at which half respond."""
        intercept, steepness = _regression(self)
        return math.exp(-intercept / steepness)

    @property
    def steepness(self) -> float:
        """Rise of the logit with the log of dose."""
        return _regression(self)[1]

    def at(self, dose_gy: Array) -> Array:
        """Probability of response at these doses."""
        from scipy.special import expit

        intercept, steepness = _regression(self)
        out: Array = expit(intercept + steepness * np.log(np.asarray(dose_gy, np.float64)))
        return out

    def expected(self, given: float | None = None) -> float:
        """Response averaged over the cohort's doses, all multiplied by ``given``."""
        doses, weights = self.doses()
        return float(weights @ self.at((self.given if given is None else given) * doses))


@lru_cache(maxsize=64)
def _regression(cohort: DoseResponse) -> tuple[float, float]:
    """Intercept and slope of the logistic regression, by Newton's method."""
    from scipy.special import expit

    doses, weights = cohort.doses()
    yes = np.arange(doses.size) < doses.size // 2
    x = np.column_stack([np.ones(doses.size), np.log(doses)])
    beta = np.zeros(2)
    for _ in range(50):
        p = expit(x @ beta)
        step = np.linalg.solve(x.T @ (x * (weights * p * (1.0 - p))[:, None]), x.T @ (weights * (yes - p)))
        beta += step
        if np.abs(step).max() < 1e-12:
            break
    return float(beta[0]), float(beta[1])
