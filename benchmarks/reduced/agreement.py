"""Whether the versions of the reduced model tell the same story, within Monte-Carlo error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.reduced.model import STEP, STEPS, Floats, Result

LIMIT = 4.0
"""Largest difference, in standard errors, that counts as agreement (five comparisons a version)."""


@dataclass(frozen=True)
class Estimate:
    """A number and its Monte-Carlo standard error."""

    value: float
    se: float


def _mean(values: Floats) -> Estimate:
    return Estimate(float(values.mean()), float(values.std(ddof=1) / math.sqrt(values.size)))


def median_survival_months(result: Result) -> Estimate:
    """Median survival from the first visible metastasis, with its binomial error (few are alive at the end of time)."""
    found = result.found_step >= 0
    months = np.sort((result.death_step - result.found_step)[found] * STEP / 30.4375)
    n = months.size
    half = 0.5 * math.sqrt(n)  # one standard error in rank
    low, high = months[max(0, int(0.5 * n - half))], months[min(n - 1, int(0.5 * n + half) + 1)]
    grid = STEP / 30.4375 / math.sqrt(12.0)  # survival is known to the step
    return Estimate(float(np.median(months)), math.hypot(0.5 * float(high - low), grid))


OUTPUTS: dict[str, Callable[[Result], Estimate]] = {
    "patients with a visible metastasis": lambda r: _mean((r.found_step >= 0).astype(float)),
    "alive 15 years after the first cell": lambda r: _mean((r.death_step > STEPS // 2).astype(float)),
    "median survival from it, months": median_survival_months,
    "lesions founded (at most 256), mean": lambda r: _mean(np.minimum(r.founded, 256).astype(float)),
    "live lesions summed over steps, mean": lambda r: _mean(r.lesion_steps.astype(float)),
}


def join(results: list[Result]) -> Result:
    """Several runs of one version as one."""
    return Result(*(np.concatenate([getattr(r, name) for r in results]) for name in Result.__dataclass_fields__))


def distance(a: Estimate, b: Estimate) -> float:
    """Difference in standard errors."""
    return (a.value - b.value) / math.hypot(a.se, b.se)


def differences(reference: Result, other: Result) -> dict[str, float]:
    """Difference of each output from the reference, in standard errors."""
    return {name: distance(of(other), of(reference)) for name, of in OUTPUTS.items()}
