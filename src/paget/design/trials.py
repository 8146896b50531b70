"""Trials resampled from a prepared population: who is in which, in which arm, when she comes, when she is lost.

The population is shuffled and cut into lots of a trial's size; when the lots are used up it is shuffled anew (a *pass*). So nobody
is twice in a trial or in two trials of one pass, and trials of different passes share patients. Each trial has a seed of its own, a
hash of the design's seed and its number; with it the study's own functions draw arms, accrual and drop-out, so scenarios share
their draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paget.design.lives import CONTROL, DAYS, EXPERIMENTAL, Lives
from paget.engine.endpoints import PROGRESSION
from paget.errors import PagetError
from paget.study import accrual_months, drop_out_days, visit_days
from paget.study.randomise import block_arms
from paget.study.streams import lineage, uniforms
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from paget.design.options import DesignOptions
    from paget.study import Protocol
    from paget.study.schedule import Accrual

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COLUMN = {
    "progression_day": "progression_day",
    "distant_progression_day": "distant_progression_day",
    "locoregional_progression_day": "local_progression_day",
}
"""Columns of the patients' table and of outcomes, where they have different names."""


@dataclass(frozen=True)
class Layout:
    """What drawing trials needs of a scenario: sizes, ratio, accrual, the patients that may be taken.

    Attributes
    ----------
    patients : int
        Of both arms that are compared.
    ratio : tuple of int
        Control, experimental.
    block_size : int
    accrual : Accrual
    drop_out_per_year : float
    rows : int array
        Positions in the prepared population.
    strata : object array
        Of the whole population.
    """

    patients: int
    ratio: tuple[int, int]
    block_size: int
    accrual: Accrual
    drop_out_per_year: float
    rows: Ints
    strata: npt.NDArray[Any]

    @property
    def share(self) -> float:
        """Share of the patients in the experimental arm."""
        return self.ratio[1] / sum(self.ratio)


def layout(protocol: Protocol, options: DesignOptions, lives: Lives) -> Layout:
    """Size, ratio and accrual of the two arms that a design compares.

    Of a protocol with more than two arms the two compared keep their shares of its patients.

    Raises
    ------
    PagetError
        The population has fewer patients (of the subgroup) than a trial.
    """
    arm = protocol.arm(options.arm) if options.arm else protocol.experimental[0]
    weights = protocol.randomisation.ratio
    pair = (weights[protocol.arms.index(protocol.control)], weights[protocol.arms.index(arm)])
    patients = round(protocol.accrual.patients * sum(pair) / sum(weights))
    blocks = max(1, protocol.randomisation.block_size // sum(weights))
    accrual = protocol.accrual
    inside = lives.subgroup(protocol, options.subgroup)
    if options.accrual_per_month is not None:
        months = patients / (options.accrual_per_month * max(float(inside.mean()), 1e-9))  # a subgroup gets its share of the rate
        changes: dict[str, Any] = {"months": months}
        if accrual.ramp_months is not None:
            changes["ramp_months"] = min(accrual.ramp_months, months)
        accrual = accrual.model_copy(update=changes)
    rows = np.flatnonzero(inside)
    if len(rows) < patients:
        raise PagetError(
            f"the prepared population has {len(rows):,} patients to take, a trial needs {patients:,}",
            where=protocol.id, key="accrual.patients" if options.subgroup == "all" else options.subgroup, got=patients,
            fix="prepare a larger population with --pool, or make the trial smaller",
        )  # fmt: skip
    return Layout(patients, pair, blocks * sum(pair), accrual, protocol.drop_out.fraction_per_year, rows, lives.strata(protocol))


@dataclass(frozen=True)
class Trials:
    """Some trials, one row each, patients in the order of randomisation.

    Attributes
    ----------
    number : array (t,)
    row : array (t, n)
        Position of each patient in the prepared population.
    arm : array (t, n)
        1 experimental.
    entry_months : array (t, n)
        Calendar month of randomisation; the first is 0.
    drop_out_days : array (t, n)
        From randomisation; ``inf`` where never.
    stratum : array (t, n)
        Code of the stratum.
    """

    number: Ints
    row: Ints
    arm: Ints
    entry_months: Floats
    drop_out_days: Floats
    stratum: Ints


def passes(population: int, size: int, trials: int) -> int:
    """How often a population is shuffled for so many trials."""
    return -(-trials // max(population // size, 1))


def draw_trials(plan: Layout, which: range, seed: int) -> Trials:
    """Draw some trials; the same whatever others are drawn with them."""
    n, m = plan.patients, len(plan.rows)
    lots = m // n
    order: dict[int, Ints] = {}
    labels, found = np.unique(plan.strata.astype(str), return_inverse=True)
    codes = found.reshape(-1)
    t = len(which)
    row, arm = np.empty((t, n), np.int64), np.empty((t, n), np.int64)
    entry, lost = np.empty((t, n)), np.empty((t, n))
    for k, number in enumerate(which):
        turn, lot = divmod(number, lots)
        if turn not in order:
            order = {turn: _shuffled(m, turn, seed)}
        row[k] = plan.rows[order[turn][lot * n : (lot + 1) * n]]
        own = lineage("design", seed, number)
        mine = codes[row[k]]
        for code in np.flatnonzero(np.bincount(mine)):  # `paget.study.assign`, without a label per patient
            inside = np.flatnonzero(mine == code)
            arm[k, inside] = block_arms(len(inside), plan.ratio, plan.block_size, own, 0, str(labels[code]))
        entry[k] = accrual_months(n, plan.accrual, own)
        lost[k] = drop_out_days(np.arange(n), plan.drop_out_per_year, own)
    return Trials(np.asarray(which), row, arm, entry, lost, codes[row])


def _shuffled(m: int, turn: int, seed: int) -> Ints:
    if turn == 0:
        return np.arange(m)  # the first pass in the order of the patients' numbers, as a run enrols them
    return np.argsort(uniforms(seed, ("design", "shuffle", turn), np.arange(m)), kind="stable")


@dataclass(frozen=True)
class Course:
    """What happened to the patients of some trials, days from randomisation, whatever was seen of it.

    Attributes
    ----------
    days : dict
        Columns of `DAYS`, each (t, n).
    """

    trials: Trials
    days: dict[str, Floats]


def live(lives: Lives, trials: Trials, *, null: bool = False, control: str = CONTROL) -> Course:
    """Look up the life of each patient in her arm.

    Parameters
    ----------
    null : bool
        Everybody lives the control life, whatever her arm: exactly no effect.
    control : str
        Which life the control arm has (`CONTROL`, or `STAYED` without crossover).
    """
    randomised = lives.randomised_day[trials.row]
    treated = trials.arm == 1
    days = {}
    for column in DAYS:
        untreated = lives.days[control][column][trials.row]
        value = untreated if null else np.where(treated, lives.days[EXPERIMENTAL][column][trials.row], untreated)
        days[column] = value - randomised
    return Course(trials, days)


@dataclass(frozen=True)
class Seen:
    """One endpoint as a study sees it at a data cut: months from randomisation, event, and who was in the study by then."""

    months: Floats
    event: Bools
    included: Bools


def observe(course: Course, endpoint: str, cut_months: Floats, protocol: Protocol) -> Seen:
    """Endpoint of each patient at the data cut of her trial; the definitions of `paget.engine.endpoints` (a test holds them equal).

    Parameters
    ----------
    endpoint : {"OS", "PFS", "DPFS", "TTLRP"}
    cut_months : array (t,)
        Calendar month of each trial's data cut.
    """
    trials = course.trials
    cut = (cut_months[:, None] - trials.entry_months) * DAYS_PER_MONTH
    included = cut >= 0.0
    alive = np.maximum(np.minimum(cut, trials.drop_out_days), 0.0)
    death = course.days["death_day"]
    dead = death <= alive
    end = np.where(dead, death, alive)
    if endpoint == "OS":
        return Seen(end / DAYS_PER_MONTH, dead & included, included)
    schedule = np.concatenate([[0.0], visit_days(protocol.assessments, float(end.max()) + 1.0)])
    last_life = np.where(np.isfinite(course.days["last_assessment_day"]), course.days["last_assessment_day"], 0.0)
    planned = schedule[np.searchsorted(schedule, end, side="right") - 1]
    last = np.maximum(np.where(last_life <= end, last_life, planned), 0.0)
    day = course.days[COLUMN[PROGRESSION[endpoint]]]
    progressed = day <= end
    when = np.where(progressed, day, np.where(dead, death, last))
    event = progressed if endpoint == "TTLRP" else progressed | dead
    return Seen(when / DAYS_PER_MONTH, event & included, included)


def tau_of(protocol: Protocol) -> float:
    """Horizon of the restricted mean: the protocol's (its last landmark), or the shortest planned follow-up where that is shorter.

    So that the mean of every trial is known; a horizon near the longest follow-up is reached by few trials.
    """
    wanted = protocol.analyses.rmst_tau_months or max(protocol.analyses.landmarks_months)
    follow = protocol.follow_up
    shortest = follow.data_cut_months - (0.0 if follow.after == "last-patient" else protocol.accrual.months)
    return min(wanted, shortest) if shortest > 0 else wanted
