"""Data with a known effect: one treatment seen through frailty, selection, a response gate and a waiting time.

The benchmark proves estimators against a known truth. It is no target for the disease model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .data import ObservationalData, Varying

MEDIAN_MONTHS, PROGRESSION_MEDIAN_MONTHS = 38.0, 14.0


@dataclass(frozen=True)
class Scenario:
    """One way in which treated patients come to differ.

    Attributes
    ----------
    frailty : float
        Effect of the hidden trait u ~ N(0, 1) on the log hazard of death.
    selection : float
        How strongly u lowers the log odds of being chosen for treatment.
    gate : float
        Effect of u on the log hazard of progression, which cancels treatment; 0 for no gate.
    hazard_ratio : float
        True effect on the hazard from the start of treatment on.
    """

    name: str
    what: str
    frailty: float
    selection: float
    gate: float
    hazard_ratio: float = 1.0


SCENARIOS = {
    "A": Scenario("A", "immortal time only", 0.0, 0.0, 0.0),
    "B": Scenario("B", "frailty, treatment at random", 0.8, 0.0, 0.0),
    "C": Scenario("C", "frailty and selection", 0.8, 0.6, 0.0),
    "E": Scenario("E", "frailty and a response gate", 0.8, 0.0, 0.8),
}


def generate(scenario: Scenario, n: int, seed: int, replicate: int = 0) -> ObservationalData:
    """Draw `n` patients: u recorded as covariate, progression as a time-varying one.

    Death is exponential with median 38 months at u = 0, censoring uniform on 24 to 84 months, the choice of
    treatment logistic, its time Gamma(2) with mean 5 months; treatment is cancelled by an earlier
    progression where there is a gate.

    Parameters
    ----------
    scenario : Scenario
    n : int
    seed, replicate : int
        Key of a counter-based generator: replicate k is the same whatever else is drawn.
    """
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, replicate], dtype=np.uint64)))
    u = rng.standard_normal(n)
    death = rng.exponential(1.0, n) * MEDIAN_MONTHS / np.log(2.0) * np.exp(-scenario.frailty * u)
    censor = rng.uniform(24.0, 84.0, n)
    intent = rng.random(n) < 1.0 / (1.0 + np.exp(0.9 + scenario.selection * u))
    start = np.where(intent, rng.gamma(2.0, 2.5, n), np.inf)
    progression = rng.exponential(1.0, n) * PROGRESSION_MEDIAN_MONTHS / np.log(2.0) * np.exp(-scenario.gate * u)
    if scenario.gate > 0:
        start = np.where(progression < start, np.inf, start)
    after = death > start
    death[after] = start[after] + (death[after] - start[after]) / scenario.hazard_ratio
    months = np.minimum(death, censor)
    seen = np.flatnonzero(progression < months)
    return ObservationalData(
        id=np.arange(n),
        months=months,
        event=death <= censor,
        treated_months=np.where(start < months, start, np.nan),
        covariates={"u": u},
        varying=Varying(seen.astype(np.int64), progression[seen], {"progression": np.ones(len(seen))}),
        treatment="surgery",
        where=f"benchmark {scenario.name}",
    )
