"""The smallest trial, and the population, that reach a power.

For each population a few sizes are simulated around what the formula says; power is then a straight line in the square root of the
size on the probit scale (exact where the statistic is normal with a drift that grows with the root of the size), fitted by maximum
likelihood; the size read off it is simulated once more. Where no size within reach has the power, that is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paget.design.accrual import Recruitment, event_probability
from paget.design.boundaries import check_power, quantile
from paget.design.effect import PopulationEffect, population_effect
from paget.design.lives import Lives
from paget.design.options import DesignOptions
from paget.design.outcome import Question, events_planned, find_all
from paget.design.samplesize import schoenfeld_power
from paget.design.table import average, formula_power, proportion, recruitment_of
from paget.design.trials import layout, tau_of
from paget.design.vary import change
from paget.errors import PagetError
from paget.progress import Progress, silent

if TYPE_CHECKING:
    from paget.study import Protocol

Floats = npt.NDArray[np.float64]

FACTORS = (0.5, 0.7, 1.0, 1.35)
"""Sizes that are simulated, as multiples of the formula's."""
ROUGH = 3
"""Sizes that are tried at most to find where to look."""
LEAST = 30
"""Smallest trial that is looked at."""


@dataclass(frozen=True)
class Reached:
    """What one population needs.

    Attributes
    ----------
    name, label : str
        Id and words of the population (a subgroup, or ``all``).
    share : float
        Of the patients who would be randomised under the protocol.
    effect : PopulationEffect
    points : list of dict
        Sizes simulated: ``patients``, ``power``, ``power_mcse``, ``power_formula``, ``events``, ``duration_months``, ``accrual_per_month``.
    patients : int or None
        Smallest number that reaches the power; None where none within reach does.
    patients_se : float or None
        Error of it from the number of trials.
    patients_population_se : float or None
        Error of it from the size of the population (it goes with the inverse square of the effect); None for MaxCombo, which tests no
        single effect.
    screened : int or None
        Patients of the protocol's mix to be assessed for so many to be randomised.
    screened_per_patient : float
    formula_patients : float or None
        By Schoenfeld's formula with the model's ratio and exponential survival.
    note : str
    """

    name: str
    label: str
    share: float
    effect: PopulationEffect
    points: list[dict[str, Any]]
    patients: int | None
    patients_se: float | None
    patients_population_se: float | None
    screened: int | None
    screened_per_patient: float
    formula_patients: float | None
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**{k: v for k, v in vars(self).items() if k != "effect"}, "effect": self.effect.as_dict()}


def probit_line(patients: Floats, hits: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """Maximum likelihood of ``power = Phi(a + b sqrt(n))``; coefficients and their covariance.

    Examples
    --------
    >>> from statistics import NormalDist
    >>> n = np.array([100.0, 200.0, 400.0])
    >>> beta, _ = probit_line(n, 1e6 * np.array([NormalDist().cdf(-2 + 0.15 * x**0.5) for x in n]), np.full(3, 1e6))
    >>> [round(float(b), 3) for b in beta]
    [-2.0, 0.15]
    """
    from scipy.special import ndtr

    x = np.column_stack([np.ones(len(patients)), np.sqrt(patients)])
    share = np.clip((hits + 0.5) / (trials + 1.0), 1e-9, 1 - 1e-9)
    start = np.array([quantile(float(p)) for p in share])
    beta = np.linalg.lstsq(x, start, rcond=None)[0]
    information = np.eye(2)
    for _ in range(60):
        eta = np.clip(x @ beta, -7.0, 7.0)
        p, density = np.asarray(ndtr(eta)), np.exp(-0.5 * eta * eta) / math.sqrt(2.0 * math.pi)
        spread = p * (1.0 - p)
        score = x.T @ (density * (hits - trials * p) / spread)
        information = (x * (trials * density**2 / spread)[:, None]).T @ x
        step = np.linalg.solve(information, score)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(beta), np.asarray(np.linalg.inv(information), np.float64)


def size_for(power: float, beta: Floats, covariance: Floats) -> tuple[float, float]:
    """Number of patients at which the line has this power, and its standard error (delta method)."""
    root = (quantile(power) - beta[0]) / beta[1]
    gradient = np.array([-2.0 * root / beta[1], -2.0 * root * root / beta[1]])
    return float(root * root), float(math.sqrt(gradient @ covariance @ gradient))


def formula_size(
    effect: PopulationEffect, recruitment: Recruitment, power: float, alpha: float, share: float, per_month: float | None, most: float
) -> float | None:
    """Patients by Schoenfeld's formula and exponential survival; None where the effect is no benefit or more than ``most`` are needed."""
    from scipy.optimize import brentq

    if not (math.isfinite(effect.log_hr) and effect.log_hr < 0 and effect.hazard_per_month > 0):
        return None

    def reach(n: float) -> float:
        here = recruitment if per_month is None else replace(recruitment, accrual_months=n / per_month, ramp_months=0.0)
        control = event_probability(effect.hazard_per_month, here)
        treated = event_probability(effect.hazard_per_month * effect.hazard_ratio, here)
        events = n * ((1.0 - share) * control + share * treated)
        return schoenfeld_power(effect.hazard_ratio, events, alpha=alpha, share=share) - power

    if reach(most) < 0:
        return None
    return float(brentq(reach, 2.0, most)) if reach(2.0) < 0 else 2.0


def smallest(
    protocol: Protocol,
    options: DesignOptions,
    lives: Lives,
    *,
    endpoint: str,
    power: float,
    trials: int,
    seed: int,
    most: int,
    control: str = "control",
    threads: int = 1,
    progress: Progress = silent,
) -> Reached:
    """Smallest trial of one population (``options.subgroup``) that reaches a power.

    Parameters
    ----------
    power : float
    trials : int
        Of each size.
    most : int
        Largest trial that is looked at.

    Raises
    ------
    PagetError
        The power is not between alpha and 1; the prepared population holds too few patients of the subgroup.
    """
    check_power(power, options.alpha)
    inside = lives.subgroup(protocol, options.subgroup)
    share_of_mix = float(inside.mean())
    available = int(inside.sum())
    label = next((g.label for g in protocol.analyses.subgroups if g.id == options.subgroup), "all who are eligible")
    if available < LEAST:
        raise PagetError(
            f"the prepared population has {available} patients of this subgroup", where=protocol.id, key=options.subgroup,
            expected=f"at least {LEAST}", fix="prepare a larger population with --pool",
        )  # fmt: skip
    per_month = options.accrual_per_month
    rate = None if per_month is None else per_month * share_of_mix  # patients of a subgroup come as often as they are in the mix
    limit = min(most, available)

    def at(n: int) -> tuple[Question, Any]:
        changed = change(protocol, {"accrual.patients": n})
        plan = layout(changed, options, lives)
        planned = events_planned(changed, endpoint, plan, lives, seed) if len(options.looks) > 1 else 1
        tests = tuple(dict.fromkeys(["logrank", options.test]))
        return Question(changed, endpoint, options.plan(), planned, tests, tau_of(changed), options.test), plan

    question, plan = at(limit)
    effect = population_effect(question.protocol, endpoint, plan, lives, seed, control=control)
    recruitment = recruitment_of(question, plan)
    proportional = options.test in ("logrank", "cox")
    formula = formula_size(effect, recruitment, power, options.alpha, plan.share, rate, 1e6)
    points: list[dict[str, Any]] = []

    def simulate(n: int) -> dict[str, Any]:
        mine, lay = at(n)
        found = find_all(mine, lay, lives, trials, seed, control=control, threads=threads)
        hit, events, duration = proportion(found["finds"]), average(found["events"]), average(found["duration_months"])
        assert hit.value is not None and events.value is not None
        formula_here = formula_power(mine, effect.log_hr, events.value, lay.share) if proportional else None
        return {
            "patients": n, "power": hit.value, "power_mcse": hit.mcse, "power_formula": formula_here, "events": events.value,
            "duration_months": duration.value,
            "accrual_per_month": n / lay.accrual.months if lay.accrual.months > 0 else None,
        }  # fmt: skip

    def look(n: int, step: int) -> dict[str, Any]:
        progress(f"search: {options.subgroup}", step, ROUGH + len(FACTORS) + 1)
        known = next((p for p in points if p["patients"] == n), None)
        if known is None:
            known = simulate(n)
            points.append(known)
        return known

    # first roughly: the drift of the statistic goes with the root of the size, whatever the test
    guess, wanted = min(formula or limit, float(limit)), quantile(1.0 - options.alpha) + quantile(power)
    for step in range(ROUGH):
        tried = look(min(limit, max(LEAST, round(guess))), step)
        share = min(max(tried["power"], 0.5 / trials), 1.0 - 0.5 / trials)
        drift = quantile(1.0 - options.alpha) + quantile(share)
        guess = min(float(limit), max(float(LEAST), tried["patients"] * (wanted / drift) ** 2)) if drift > 0.1 else float(limit)
        if 0.75 < guess / tried["patients"] < 1.33:
            break
    for k, factor in enumerate(FACTORS):
        look(min(limit, max(LEAST, round(guess * factor))), ROUGH + k)
    points.sort(key=lambda p: int(p["patients"]))
    screened_each = lives.examined / max(available, 1)
    patients = patients_se = population_se = None
    note = ""
    top = points[-1]
    beta, covariance = probit_line(
        np.array([p["patients"] for p in points], float),
        np.array([p["power"] * trials for p in points]),
        np.full(len(points), float(trials)),
    )
    fitted = size_for(power, beta, covariance) if len(points) > 1 and beta[1] > 0 and (quantile(power) - beta[0]) > 0 else None
    if fitted is not None and fitted[0] <= limit and top["power"] > 0.5 * power:
        patients = min(limit, max(LEAST, math.ceil(fitted[0])))
        patients_se = fitted[1]
        size, error = {"rmst": (effect.rmst_difference_months, effect.rmst_difference_se)}.get(
            options.test, (effect.log_hr, effect.log_hr_se if proportional else math.nan)
        )
        if math.isfinite(error) and size:
            population_se = patients * 2.0 * error / abs(size)
        look(patients, ROUGH + len(FACTORS))
        points.sort(key=lambda p: int(p["patients"]))
    else:
        why = "the model shows no benefit" if effect.log_hr >= 0 else "the benefit is too small"
        bound = "" if limit == most else " (as many as were prepared: --pool)"
        note = (
            f"no trial of up to {limit:,} patients{bound} reaches a power of {power:g}: {why} (hazard ratio {effect.hazard_ratio:.3f}); "
            f"at {top['patients']:,} the power is {top['power']:.3f}"
        ) + ("" if formula is None else f"; by formula {formula:,.0f} would")
    progress(f"search: {options.subgroup}", ROUGH + len(FACTORS) + 1, ROUGH + len(FACTORS) + 1)
    return Reached(
        options.subgroup, label, share_of_mix, effect, points, patients, patients_se, population_se,
        None if patients is None else math.ceil(patients * screened_each), screened_each, formula, note,
    )  # fmt: skip


Needs = tuple[int, int]
"""Patients randomised and assessed."""


def break_even(everybody: Needs | None, enriched: Needs | None) -> float | None:
    """Cost of assessing one patient, as a share of that of one randomised, at which the enriched trial costs what the unselected costs.

    Below it enrichment is cheaper for the same power. None where it never is, or where one of the two reaches no such power; infinite
    where enrichment needs fewer of both.

    Examples
    --------
    >>> break_even((1000, 1500), (400, 3900))
    0.25
    """
    if everybody is None or enriched is None:
        return None
    saved, more = everybody[0] - enriched[0], enriched[1] - everybody[1]
    if saved <= 0:
        return None
    return math.inf if more <= 0 else saved / more


def frontier(needs: Mapping[str, Needs | None]) -> list[str]:
    """Names of the populations for which no other needs both fewer randomised and fewer assessed.

    Examples
    --------
    >>> frontier({"all": (1000, 1500), "few": (400, 3900), "bad": (1200, 4000), "none": None})
    ['all', 'few']
    """
    sized = {name: need for name, need in needs.items() if need is not None}
    return [
        name for name, (n, m) in sized.items()
        if not any(a <= n and b <= m and (a, b) != (n, m) for a, b in sized.values())
    ]  # fmt: skip
