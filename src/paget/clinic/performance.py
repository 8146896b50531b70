"""ECOG performance status: a latent score from age, comorbidity, burden and toxicity, seen with error."""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.patient import NOBODY
from paget.randomness import CARE, normal

OBSERVED = 1000  # index of the observation errors of a patient's visits


@jit
def performance_score(who, body, cytotoxic, p):
    """Latent performance score; ECOG is its floor between 0 and 4."""
    score = p.ecog_base + p.ecog_per_decade * (who.age + body.day / 365.25 - 60.0) / 10.0
    score += p.ecog_per_comorbidity * who.comorbidity
    score += p.ecog_burden * math.log(1.0 + body.hazard * 365.25 / 0.5)
    score += p.ecog_patient_sd * body.z_condition
    if cytotoxic == 1:
        score += p.ecog_toxicity
    return score


@jit
def observed_ecog(seed, who, body, cytotoxic, visit, p):
    """ECOG 0 to 4 as the clinic rates it at a visit."""
    error = p.switch_measurement_error * p.ecog_observation_sd * normal(seed, who.id, NOBODY, CARE, OBSERVED + visit)
    return int(min(max(math.floor(performance_score(who, body, cytotoxic, p) + error), 0.0), 4.0))
