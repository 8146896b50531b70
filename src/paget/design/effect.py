"""The effect in the prepared population itself: both lives of every patient under one data cut, beside what trials of it find.

No trial can see it. It is what formulas should be fed with, shows whether hazards are proportional, and says how much of the answer
hangs on the size of the population: its patients are a sample too, and resampling more trials from them does not make them more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paget.design.lives import CONTROL, Lives
from paget.design.trials import Course, Layout, Trials, live, observe, tau_of
from paget.study import accrual_months, cut_month, drop_out_days
from paget.study.streams import lineage, uniforms
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from paget.study import Protocol

Floats = npt.NDArray[np.float64]

BATCHES = 20
"""Parts of the population whose spread gives the error of the whole."""
PERIODS_MONTHS = (0.0, 12.0, 36.0, math.inf)
TIE_MONTHS = 1.0
"""Gains and losses of less than a month are called none, as in twins."""


@dataclass(frozen=True)
class PopulationEffect:
    """Both lives of all patients that a design may take.

    Attributes
    ----------
    patients : int
    log_hr, log_hr_se : float
        Of the endpoint at the design's data cut; the error is that of having these patients and no others.
    log_hr_lifetime : float
        Of death, everybody followed to the end; NaN where the two lives are the same.
    by_period : list of (from_months, to_months, hazard ratio, events)
        Hazard ratio by time since randomisation, within the data cut: equal where hazards are proportional.
    mean_gain_months, mean_gain_se : float
        Life gained by assignment to the experimental arm.
    share_gaining, share_losing : float
        Of the patients, by more than a month.
    hazard_per_month : float
        Of the endpoint in the control life: events by time under observation.
    rmst_difference_months, rmst_difference_se : float
        Of the endpoint up to the horizon that trials use, everybody followed so long.
    """

    patients: int
    log_hr: float
    log_hr_se: float
    log_hr_lifetime: float
    by_period: list[tuple[float, float, float, int]]
    mean_gain_months: float
    mean_gain_se: float
    share_gaining: float
    share_losing: float
    hazard_per_month: float
    rmst_difference_months: float
    rmst_difference_se: float

    @property
    def hazard_ratio(self) -> float:
        """At the data cut."""
        return math.exp(self.log_hr)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is not a number becomes None."""

        def number(value: float) -> float | None:
            return float(value) if math.isfinite(value) else None

        return {
            "patients": self.patients,
            "hazard_ratio": number(math.exp(self.log_hr)),
            "log_hr_se": number(self.log_hr_se),
            "hazard_ratio_lifetime": number(math.exp(self.log_hr_lifetime)),
            "by_period": [
                {"from_months": a, "to_months": number(b), "hazard_ratio": number(hr), "events": n} for a, b, hr, n in self.by_period
            ],
            "mean_gain_months": number(self.mean_gain_months),
            "mean_gain_se": number(self.mean_gain_se),
            "share_gaining": number(self.share_gaining),
            "share_losing": number(self.share_losing),
            "hazard_per_month": number(self.hazard_per_month),
            "rmst_difference_months": number(self.rmst_difference_months),
            "rmst_difference_se": number(self.rmst_difference_se),
        }


def log_ratio(time: Floats, event: Any, arm: Any, strata: Any = None, entry: Any = None) -> float:
    """Log hazard ratio of two lives: exactly 0 where they are the same, NaN where it cannot be computed."""
    from paget.analysis import cox
    from paget.errors import PagetError

    one, zero = arm == 1, arm == 0
    if np.array_equal(time[one], time[zero]) and np.array_equal(event[one], event[zero]):
        return 0.0
    try:
        fit = cox(time, event, {"arm": arm.astype(np.float64)}, strata=strata, entry=entry)
    except PagetError:
        return math.nan
    return math.nan if fit.problem else float(fit.coef[0])


def population_effect(
    protocol: Protocol, endpoint: str, plan: Layout, lives: Lives, seed: int, *, null: bool = False, control: str = CONTROL
) -> PopulationEffect:
    """Effect among all patients that a design may take, each in both arms, with entry and loss drawn once for both.

    Parameters
    ----------
    null : bool
        Both lives are the control life: the ratio is exactly 1.
    control : str
        `paget.design.lives.CONTROL`, or ``STAYED`` for the control life without crossover.
    """
    rows = plan.rows
    n = len(rows)
    own = lineage("design", seed, "population")
    months = accrual_months(n, plan.accrual, own)
    # the patients' order in the population tells nothing of when they come: entries are dealt out
    entry = months[np.argsort(uniforms(seed, ("design", "deal"), np.arange(n)), kind="stable")]
    lost = drop_out_days(np.arange(n), plan.drop_out_per_year, own)
    both = np.vstack([rows, rows])
    arms = np.vstack([np.zeros(n, np.int64), np.ones(n, np.int64)])
    _, codes = np.unique(plan.strata.astype(str), return_inverse=True)
    strata = codes.reshape(-1)[rows]
    trials = Trials(np.arange(2), both, arms, np.vstack([entry, entry]), np.vstack([lost, lost]), np.vstack([strata, strata]))
    course = live(lives, trials, null=null, control=control)
    cut = np.full(2, cut_month(entry, protocol.follow_up))
    seen = observe(course, endpoint, cut, protocol)
    time, event, arm, stratum = seen.months.ravel(), seen.event.ravel(), arms.ravel(), trials.stratum.ravel()
    whole = log_ratio(time, event, arm, stratum)
    death = course.days["death_day"] / DAYS_PER_MONTH
    gain = death[1] - death[0]
    tau = tau_of(protocol)
    patient_by_patient = _restricted(course, endpoint, tau, protocol)
    return PopulationEffect(
        patients=n,
        log_hr=whole,
        log_hr_se=_batch_error(time, event, arm, stratum, n),
        log_hr_lifetime=log_ratio(death.ravel(), np.ones(2 * n, bool), arm, stratum),
        by_period=_by_period(time, event, arm, stratum),
        mean_gain_months=float(gain.mean()),
        mean_gain_se=float(gain.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan,
        share_gaining=float((gain > TIE_MONTHS).mean()),
        share_losing=float((gain < -TIE_MONTHS).mean()),
        hazard_per_month=float(seen.event[0].sum() / max(seen.months[0].sum(), 1e-12)),
        rmst_difference_months=float(patient_by_patient.mean()),
        rmst_difference_se=float(patient_by_patient.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan,
    )


def _restricted(course: Course, endpoint: str, tau: float, protocol: Protocol) -> Floats:
    """Difference of each patient's two times up to the horizon, followed for that long and not lost."""
    entry = course.trials.entry_months
    trials = replace(course.trials, drop_out_days=np.full(entry.shape, np.inf), entry_months=np.zeros(entry.shape))
    seen = observe(Course(trials, course.days), endpoint, np.full(2, tau), protocol)
    times = np.where(seen.event, seen.months, tau)
    found: Floats = times[1] - times[0]
    return found


def _batch_error(time: Floats, event: Any, arm: Any, stratum: Any, n: int) -> float:
    """Standard error of the population's log hazard ratio, from the spread of its parts (both lives of a patient in one part)."""
    from paget.analysis.fast import replicate_statistics

    batches = min(BATCHES, n // 50)
    if batches < 5:
        return math.nan
    part = np.tile(np.arange(n) % batches, 2)
    found = replicate_statistics(time, event, arm, part, strata=stratum).log_hr
    found = found[np.isfinite(found)]
    return float(found.std(ddof=1) / math.sqrt(len(found))) if len(found) > 1 else math.nan


def _by_period(time: Floats, event: Any, arm: Any, stratum: Any) -> list[tuple[float, float, float, int]]:
    out = []
    for start, stop in pairwise(PERIODS_MONTHS):
        here = time > start
        if not here.any():
            break
        seen, ends = event[here] & (time[here] <= stop), np.minimum(time[here], stop)
        events = int(seen.sum())
        if not events:
            continue
        one, zero = arm[here] == 1, arm[here] == 0
        same = one.sum() == zero.sum() and np.array_equal(np.sort(ends[one]), np.sort(ends[zero]))
        ratio = 0.0 if same else log_ratio(ends, seen, arm[here], stratum[here], np.full(len(ends), start))
        out.append((start, stop, math.exp(ratio), events))
    return out
