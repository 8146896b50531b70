"""Death: by burden of organs, by age, by treatment; hazards integrated to thresholds, and located inside a step."""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.layout import BRAIN, BREAST, LIVER, LUNG, N_PLACES, REGIONAL_NODES


@jit
def cancer_hazard(burden_cm3, p):
    """Hazard of cancer death per day, and its part from liver, lung and brain, given the burden in cm3 by place."""
    total = 0.0
    visceral = 0.0
    for place in range(N_PLACES):
        if burden_cm3[place] > 1e-3:
            term = math.exp(p.lethal_exponent * math.log(burden_cm3[place] / p.lethal_burden_cm3[place]))
            if place == BREAST or place == REGIONAL_NODES:
                term *= p.switch_local_progression
            total += term
            if place == LIVER or place == LUNG or place == BRAIN:
                visceral += term
    per_day = p.lethal_hazard_per_year / 365.25
    return total * per_day, visceral * per_day


@jit
def background_hazard(age_years, comorbidity, p):
    """Hazard of death from other causes per day, log-linear between the five-year ages of the life table."""
    position = min(max((age_years - 30.0) / 5.0, 0.0), 13.999999)
    cell = int(position)
    low = math.log(-math.log(1.0 - p.background_death_per_year[cell]))
    high = math.log(-math.log(1.0 - p.background_death_per_year[cell + 1]))
    yearly = math.exp(low + (position - cell) * (high - low) + p.background_comorbidity_log * comorbidity)
    return p.switch_background_death * yearly / 365.25


@jit
def integrated(before, after, days):
    """Integral of a hazard that runs exponentially from ``before`` to ``after``."""
    if before <= 0.0 or after <= 0.0:
        return 0.5 * (before + after) * days
    ratio = math.log(after / before)
    if abs(ratio) < 1e-6:
        return 0.5 * (before + after) * days
    return (after - before) / ratio * days


@jit
def time_of(threshold, before, after, days):
    """Time within the step at which that integral reaches the threshold (at most ``days``)."""
    if before <= 0.0 or after <= 0.0:
        slope = (after - before) / days
        if abs(slope) < 1e-300:
            return min(threshold / max(before, 1e-300), days)
        root = before * before + 2.0 * slope * threshold
        return min((math.sqrt(max(root, 0.0)) - before) / slope, days)
    ratio = math.log(after / before) / days
    if abs(ratio * days) < 1e-6:
        return min(2.0 * threshold / (before + after), days)
    return min(math.log(1.0 + ratio * threshold / before) / ratio, days)
