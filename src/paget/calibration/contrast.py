"""What surgery of the primary does in a trial, under one set of parameters: a hazard ratio by twins.

Every eligible patient lives both arms of the protocol with the same draws, so the ratio is the arms' and hardly chance's. Patients
count with the weight that gives the published baseline mix; deaths are seen until the protocol's data cut. Used to inform the second
posterior and to show what each posterior and each structural variant predicts; the blind fit never looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paget.calibration.targets import MOST_LIVES
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.study import Protocol, load_protocol

if TYPE_CHECKING:
    from paget.population import Population

Array = NDArray[np.float64]
LEAST_LIVES = 4_000
"""Fewer lives leave too few patients in a trial to say anything."""
GROUPS = 10
"""Groups of the jackknife."""


@dataclass(frozen=True)
class Contrast:
    """Log hazard ratio of death, experimental against control arm.

    Attributes
    ----------
    log_hr, se : float
        NaN where too few patients reach randomisation or nobody dies. The error is a jackknife's over ten groups of patients.
    patients : int
        Patients lived in both arms.
    matched : bool
        Whether the published baseline mix could be reached; without it every eligible patient counts the same.
    """

    log_hr: float
    se: float
    patients: int
    matched: bool


@dataclass(frozen=True)
class PublishedContrast:
    """The hazard ratio that a trial printed, on the log scale."""

    log_hr: float
    sd: float
    low: float
    high: float
    level: float
    evidence: str


def published_contrast(protocol: Protocol) -> PublishedContrast:
    """The printed hazard ratio of death of all patients.

    Raises
    ------
    PagetError
        If the protocol has none with an interval.
    """
    from scipy.special import ndtri

    from paget.study.published import published_value

    for entry in protocol.published:
        if entry.cut is not None:  # of an earlier look: deaths are seen until the last one here
            continue
        if entry.measure == "hazard_ratio" and entry.endpoint == "OS" and entry.subgroup is None and entry.printed.subgroup is None:
            found = published_value(entry)
            if found.ci_low is not None and found.ci_high is not None and found.ci_level is not None:
                if not found.ci_low <= found.value <= found.ci_high:
                    raise PagetError("impossible likelihood: the interval does not hold the figure", where=protocol.id, got=found.value)
                sd = float(np.log(found.ci_high / found.ci_low) / (2.0 * ndtri(0.5 + 0.5 * found.ci_level)))
                return PublishedContrast(float(np.log(found.value)), sd, found.ci_low, found.ci_high, found.ci_level, found.evidence)
    raise PagetError("this protocol has no published hazard ratio of death with an interval", where=protocol.id)


def contrasts(protocols: Sequence[str], parameters: ParameterSet, *, seed: int = 1, lives: int = MOST_LIVES) -> dict[str, Contrast]:
    """Effect in several trials, from one population and at most so many lives in all."""
    from paget.engine.compile import adjuvant_of, population_of

    if not LEAST_LIVES <= lives <= MOST_LIVES:
        raise PagetError("not a size of one evaluation", key="lives", got=lives, expected=f"{LEAST_LIVES:,} to {MOST_LIVES:,}")
    loaded = [load_protocol(name, check_evidence=False) for name in protocols]
    histories = int(0.6 * lives)
    each = (lives - histories) // (3 * max(len(loaded), 1))  # a patient is lived up to randomisation, and in two arms
    people = {}
    out = {}
    for protocol in loaded:
        chosen = parameters.with_switches(protocol.switches)
        key = (chosen.hash, protocol.population.source, adjuvant_of(protocol).hash)
        if key not in people:
            people[key] = population_of(protocol, chosen, seed, cache=False)
        population = people[key]
        out[protocol.id] = _effect(protocol, chosen, population, histories, each)
    return out


def _effect(protocol: Protocol, parameters: ParameterSet, population: Population, histories: int, most: int) -> Contrast:
    import polars as pl

    from paget.engine.compile import compile_plan
    from paget.engine.screen import Screening
    from paget.life.simulate import simulate
    from paget.study import acceptance_probability, accrual_months, cut_month, drop_out_days, fit_weights, mask
    from paget.units import DAYS_PER_MONTH

    screening = Screening(protocol, parameters, population)
    frame = population.among(0, histories)
    eligible = frame.filter(mask(frame, protocol.population.conditions)).head(most)
    if eligible.height < 2 * GROUPS:
        return Contrast(np.nan, np.nan, eligible.height, False)
    gated = screening.induce(eligible)
    passed = (gated["gate"] == "passed").to_numpy()
    try:
        weights = fit_weights(gated, protocol.population.baseline, randomised=passed)
        weight, matched = np.asarray(acceptance_probability(gated, protocol.population.baseline, weights)), True
    except PagetError:
        weight, matched = np.ones(gated.height), False
    gated, weight = gated.filter(pl.Series(passed)), weight[passed]
    ids, randomised = gated["patient_id"].to_numpy(), gated["randomised_day"].to_numpy()
    if len(ids) < 2 * GROUPS:
        return Contrast(np.nan, np.nan, len(ids), matched)
    plan = compile_plan(protocol, parameters)
    months = np.asarray(accrual_months(len(ids), protocol.accrual, population.seed, 0))
    cut = randomised + (cut_month(months, protocol.follow_up) - months) * DAYS_PER_MONTH
    lost = randomised + np.asarray(drop_out_days(ids, protocol.drop_out.fraction_per_year, population.seed))
    time, event = [], []
    for arm in (protocol.control, protocol.experimental[0]):
        lived = simulate(plan, ids, protocol.arms.index(arm), parameters, seed=population.seed, flags=gated["flags"].to_numpy())
        death = np.where(np.isnan(lived["death_day"]), np.inf, lived["death_day"])
        end = np.maximum(np.minimum(cut, lost), randomised)
        time.append((np.minimum(death, end) - randomised) / DAYS_PER_MONTH)
        event.append(death <= end)
    return _ratio(np.concatenate(time), np.concatenate(event), weight, len(ids), matched)


def _ratio(time: Array, event: NDArray[np.bool_], weight: Array, n: int, matched: bool) -> Contrast:
    from paget.analysis import cox

    exposed = np.repeat([0.0, 1.0], n)
    twice, group = np.tile(weight, 2), np.tile(np.arange(n) % GROUPS, 2)

    def log_hr(kept: NDArray[np.bool_]) -> float:
        if not event[kept].any() or not twice[kept].any():
            return np.nan
        used = kept & (twice > 0.0)
        if np.array_equal(np.sort(time[used & (exposed == 0)]), np.sort(time[used & (exposed == 1)])):
            return 0.0
        try:
            fit = cox(np.maximum(time[used], 1e-6), event[used], {"arm": exposed[used]}, weights=twice[used])
            return float(np.log(fit.hr[0]))
        except PagetError:
            return np.nan

    whole = log_hr(np.ones(2 * n, bool))
    return Contrast(whole, _jackknife(np.array([log_hr(group != g) for g in range(GROUPS)])), n, matched)


def _jackknife(parts: Array) -> float:
    """Standard error from values without one group of patients each; groups without which nothing comes out are left out."""
    there = parts[np.isfinite(parts)]
    if len(there) < 2:
        return float("nan")
    return float(np.sqrt((len(there) - 1) / len(there) * np.sum((there - there.mean()) ** 2)))
