"""What each trial finds: the tests at its data cut, the looks on the way, when it stops and what it concludes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paget.design.boundaries import Boundaries, last_value, quantile
from paget.design.lives import CONTROL, Lives
from paget.design.trials import Course, Layout, Seen, draw_trials, live, observe
from paget.study import cut_month

if TYPE_CHECKING:
    import polars as pl

    from paget.study import Protocol

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PLANNING = 100
"""Trials whose mean number of events at the data cut is the planned one."""
ROUNDING_MONTHS = 1e-9
"""A look is held this much after its last event (milliseconds), so that rounding does not take the event from it."""
MAXCOMBO_ERROR = 1e-5
"""Of the probabilities by which MaxCombo is judged, where bounds do not decide."""


@dataclass(frozen=True)
class Question:
    """What a trial is asked: the endpoint, the strata, the restricted mean's horizon, the boundaries and the events planned.

    Attributes
    ----------
    protocol : Protocol
    endpoint : str
    plan : Boundaries
    planned_events : int
        At the data cut; looks come at shares of it.
    tests : tuple of str
        Of `paget.design.options.TESTS`.
    tau_months : float
    test : str
        By which a trial finds a benefit.
    """

    protocol: Protocol
    endpoint: str
    plan: Boundaries
    planned_events: int
    tests: tuple[str, ...]
    tau_months: float
    test: str = "logrank"

    @property
    def alpha(self) -> float:
        """One-sided error of the first kind."""
        return self.plan.alpha


def final_cuts(course: Course, protocol: Protocol) -> Floats:
    """Calendar month of each trial's data cut."""
    return np.array([cut_month(months, protocol.follow_up) for months in course.trials.entry_months])


def events_planned(protocol: Protocol, endpoint: str, plan: Layout, lives: Lives, seed: int) -> int:
    """Events to be expected at the data cut, from the first trials themselves."""
    course = live(lives, draw_trials(plan, range(PLANNING), seed))
    seen = observe(course, endpoint, final_cuts(course, protocol), protocol)
    return max(1, round(float(seen.event.sum()) / PLANNING))


def find(
    question: Question, plan: Layout, lives: Lives, which: range, seed: int, *, null: bool = False, control: str = CONTROL, threads: int = 1
) -> pl.DataFrame:
    """Findings of some trials, one row each.

    Returns
    -------
    polars.DataFrame
        ``trial``; at the data cut ``events``, ``log_hr``, ``se``, ``z`` (log-rank, positive for benefit), ``cut_month``, and for
        each test ``finds_<test>`` as if there were no looks (null where it could not be computed); of the design with its looks
        ``stopped_at`` (look from 1, the number of looks for the last), ``finds``, ``futile``, ``duration_months``,
        ``events_at_end``, ``enrolled``.
    """
    import polars as pl

    course = live(lives, draw_trials(plan, which, seed), null=null, control=control)
    cuts = final_cuts(course, question.protocol)
    seen = observe(course, question.endpoint, cuts, question.protocol)
    fixed = _statistics(course, seen, threads)
    columns: dict[str, Any] = {
        "trial": course.trials.number, "events": fixed.events, "events_experimental": fixed.events_experimental,
        "log_hr": fixed.log_hr, "se": fixed.se, "z": fixed.z, "cut_month": cuts,
    }  # fmt: skip
    limit = quantile(1.0 - question.alpha)
    columns["finds_logrank"] = fixed.z >= limit
    if "cox" in question.tests:
        with np.errstate(invalid="ignore"):
            columns["finds_cox"] = -fixed.log_hr / fixed.se >= limit
    if "rmst" in question.tests:
        difference, z = _restricted_means(course, seen, question.tau_months)
        columns["rmst_difference_months"] = difference
        with np.errstate(divide="ignore", invalid="ignore"):
            columns["rmst_difference_se"] = difference / z
        columns["finds_rmst"] = _or_missing(z >= limit, np.isfinite(z))
    if "maxcombo" in question.tests:
        columns["finds_maxcombo"] = _maxcombo_finds(course, seen, question.alpha)
    columns |= _with_looks(question, course, seen, fixed, cuts, threads)
    if question.test != "logrank":
        columns["finds"] = columns[f"finds_{question.test}"]
    return pl.DataFrame(columns)


def chunk_size(patients: int) -> int:
    """Trials that are computed at once: as many as fit into the memory of a million patients, at most 250."""
    return max(1, min(250, 1_000_000 // patients))


def chunks(trials: int, patients: int) -> list[range]:
    """Trials 0 to ``trials`` in pieces of `chunk_size`."""
    step = chunk_size(patients)
    return [range(a, min(a + step, trials)) for a in range(0, trials, step)]


def find_all(
    question: Question, plan: Layout, lives: Lives, trials: int, seed: int, *, null: bool = False, control: str = CONTROL, threads: int = 1
) -> pl.DataFrame:
    """Findings of trials 0 to ``trials``, piece by piece."""
    import polars as pl

    parts = [
        find(question, plan, lives, which, seed, null=null, control=control, threads=threads) for which in chunks(trials, plan.patients)
    ]
    return pl.concat(parts, how="vertical_relaxed")  # a column of which a piece knows nothing has no type there


@dataclass(frozen=True)
class _Fixed:
    events: Ints
    events_experimental: Ints
    log_hr: Floats
    se: Floats
    z: Floats


def _statistics(course: Course, seen: Seen, threads: int, rows: Ints | None = None) -> _Fixed:
    from paget.analysis.fast import replicate_statistics

    trials = course.trials
    keep = seen.included.ravel()
    number = np.repeat(np.arange(len(trials.number)), trials.row.shape[1])
    if rows is not None:
        keep = keep & np.isin(number, rows)
    found = replicate_statistics(
        seen.months.ravel()[keep], seen.event.ravel()[keep], trials.arm.ravel()[keep], number[keep],
        strata=trials.stratum.ravel()[keep], threads=threads,
    )  # fmt: skip
    return _Fixed(found.events.sum(axis=1), found.events[:, 1], found.log_hr, found.se, -found.logrank_z)


def _or_missing(hit: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]) -> list[bool | None]:
    return [bool(h) if k else None for h, k in zip(hit, known, strict=True)]


def _restricted_means(course: Course, seen: Seen, tau: float) -> tuple[Floats, Floats]:
    """Difference in restricted mean (experimental minus control) and its statistic; NaN where the horizon was not reached."""
    from paget.analysis import rmst_difference
    from paget.errors import PagetError

    value, z = np.full(len(seen.months), np.nan), np.full(len(seen.months), np.nan)
    for k, (months, event, arm) in enumerate(zip(seen.months, seen.event, course.trials.arm, strict=True)):
        try:
            found = rmst_difference(months, event, arm, tau)
        except PagetError:  # nobody of an arm was followed so long
            continue
        value[k] = found.value
        z[k] = found.value / found.se if found.se > 0 else np.nan
    return value, z


def _maxcombo_finds(course: Course, seen: Seen, alpha: float) -> list[bool | None]:
    """Whether the one-sided MaxCombo test is significant, of each trial; None where it cannot be computed."""
    from paget.analysis import fleming_harrington
    from paget.errors import PagetError

    out: list[bool | None] = []
    for months, event, arm, stratum in zip(seen.months, seen.event, course.trials.arm, course.trials.stratum, strict=True):
        try:
            z, correlation, _ = fleming_harrington(months, event, arm, strata=stratum)
        except PagetError:
            out.append(None)
            continue
        out.append(exceeds(float((-z).max()), correlation, alpha))
    return out


def exceeds(largest: float, correlation: Floats, alpha: float) -> bool:
    """Whether the largest of several correlated normals is significant, one-sided.

    The tail of one normal and that tail times their number bound the probability; only between them is it integrated.
    """
    single = 0.5 * math.erfc(largest / math.sqrt(2.0))
    if single > alpha:
        return False
    if single * len(correlation) <= alpha:
        return True
    from scipy.stats import multivariate_normal

    k = len(correlation)
    law = multivariate_normal(np.zeros(k), correlation, allow_singular=True, abseps=MAXCOMBO_ERROR, maxpts=200_000, seed=1)
    return 1.0 - float(law.cdf(np.full(k, largest))) <= alpha


def look_months(course: Course, seen: Seen, events: Sequence[int]) -> Floats:
    """Calendar month in which each trial has its nth event, for each n; ``inf`` where it has fewer at its data cut."""
    month = np.where(seen.event, course.trials.entry_months + seen.months, np.inf)
    month.sort(axis=1)
    month += ROUNDING_MONTHS
    width = month.shape[1]
    return np.column_stack([month[:, n - 1] if n <= width else np.full(len(month), np.inf) for n in events])


def _with_looks(question: Question, course: Course, seen: Seen, fixed: _Fixed, cuts: Floats, threads: int) -> dict[str, Any]:
    """Follow each trial through its looks: it stops for efficacy or futility, or goes to its data cut."""
    t, plan, planned = len(cuts), question.plan, question.planned_events
    need = [max(1, math.ceil(share * planned - 1e-9)) for share in plan.information[:-1]]
    months = look_months(course, seen, need) if need else np.empty((t, 0))
    going = np.ones(t, bool)
    held = np.zeros(t, np.int64)
    stopped, finds, futile = np.full(t, len(plan)), np.zeros(t, bool), np.zeros(t, bool)
    duration, events, enrolled = cuts.copy(), fixed.events.copy(), seen.included.sum(axis=1)
    for k, needed in enumerate(need):
        # a look whose events come with the last data is the data cut itself
        due = np.flatnonzero(going & (fixed.events > needed) & np.isfinite(months[:, k]))
        if not due.size:
            continue
        held[due] += 1
        when = np.where(np.isfinite(months[:, k]), months[:, k], cuts)
        now = observe(course, question.endpoint, when, question.protocol)
        found = _statistics(course, now, threads, due)
        up, down = found.z >= plan.upper[k], found.z < plan.lower[k]
        ended = due[up | down]
        stopped[ended], finds[due[up]], futile[due[down & ~up]] = k + 1, True, True
        duration[ended], events[ended] = months[ended, k], found.events[up | down]
        enrolled[ended] = now.included[ended].sum(axis=1)
        going[ended] = False
    value: dict[tuple[int, int], float] = {}
    for trial in np.flatnonzero(going):
        key = (int(held[trial]), int(fixed.events[trial]))
        if key not in value:
            value[key] = _last(plan, need, planned, *key)
        finds[trial] = fixed.z[trial] >= value[key]
    return {
        "stopped_at": stopped, "finds": finds, "futile": futile, "duration_months": duration, "events_at_end": events,
        "enrolled": enrolled,
    }  # fmt: skip


def _last(plan: Boundaries, need: list[int], planned: int, held: int, events: int) -> float:
    """Value of the last look, at the events that really came, after so many looks held."""
    if not held:
        return quantile(1.0 - plan.alpha)
    information = [n / planned for n in need[:held]] + [events / planned]
    return last_value(information, plan.upper[:held], plan.alpha, plan.keeps[:held])
