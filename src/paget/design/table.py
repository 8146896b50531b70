"""The scenario table: each scenario in one row, every number that chance made with its Monte-Carlo error beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from paget.design.accrual import Recruitment, expected_events
from paget.design.boundaries import quantile
from paget.design.effect import PopulationEffect
from paget.design.outcome import Question
from paget.design.samplesize import schoenfeld_power
from paget.design.trials import Layout
from paget.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    import polars as pl

Row = dict[str, Any]
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Estimate:
    """A number and its Monte-Carlo standard error."""

    value: float | None
    mcse: float | None


def proportion(column: pl.Series) -> Estimate:
    """Share of trials, of those that gave an answer, with ``sqrt(p (1 - p) / n)``.

    Where none or all of n do, that would be no error at all; there it is that of one more success and one more failure.

    Examples
    --------
    >>> import polars as pl
    >>> [round(proportion(pl.Series(one)).mcse, 4) for one in ([True, False, False, False], [False] * 100)]
    [0.2165, 0.0099]
    """
    known = column.drop_nulls()
    if not len(known):
        return Estimate(None, None)
    p = float(known.mean())  # type: ignore[arg-type]
    q = p if 0.0 < p < 1.0 else (p * len(known) + 1.0) / (len(known) + 2.0)
    return Estimate(p, math.sqrt(q * (1.0 - q) / len(known)))


def average(column: pl.Series) -> Estimate:
    """Mean over trials, of those that gave a finite number."""
    values = column.drop_nulls().to_numpy().astype(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Estimate(None, None)
    return Estimate(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None)


def recruitment_of(question: Question, plan: Layout) -> Recruitment:
    """Accrual and follow-up for the formulas; a data cut counted from the first patient leaves what is left of it."""
    follow = question.protocol.follow_up
    after = follow.data_cut_months if follow.after == "last-patient" else max(follow.data_cut_months - plan.accrual.months, 0.0)
    loss = -math.log1p(-plan.drop_out_per_year) * DAYS_PER_MONTH / DAYS_PER_YEAR if plan.drop_out_per_year else 0.0
    return Recruitment(plan.accrual.months, after, loss, plan.accrual.ramp_months or 0.0)


def row_of(
    question: Question,
    plan: Layout,
    effect: PopulationEffect,
    found: pl.DataFrame,
    null: pl.DataFrame | None,
    *,
    passes: int,
    varied: Mapping[str, Any] | None = None,
) -> Row:
    """One row of the scenario table.

    Keys ending in ``_mcse`` are Monte-Carlo errors of the key before (over trials); ``power_population_se`` is the error that stays however
    many trials are drawn, because the population is a sample: the slope of power on the effect times the error of the effect.
    """
    row: Row = dict(varied or {})
    row["patients"], row["trials"], row["passes"] = plan.patients, found.height, passes

    def put(name: str, estimate: Estimate) -> None:
        row[name], row[f"{name}_mcse"] = estimate.value, estimate.mcse

    put("power", proportion(found["finds"]))
    events = average(found["events"])
    row["power_population_se"] = _population_error(question.test, row["power"], events.value or 0.0, plan.share, effect, found)
    if null is not None:
        put("type_one_error", proportion(null["finds"]))
        row["null_trials"] = null.height
    for test in question.tests:
        put(f"power_{test}", proportion(found[f"finds_{test}"]))
        if null is not None:
            put(f"type_one_error_{test}", proportion(null[f"finds_{test}"]))
    log_hr = average(found["log_hr"])
    row["hazard_ratio"] = None if log_hr.value is None else math.exp(log_hr.value)
    row["hazard_ratio_mcse"] = None if log_hr.value is None or log_hr.mcse is None else math.exp(log_hr.value) * log_hr.mcse
    if "rmst" in question.tests:
        row["rmst_tau_months"] = question.tau_months
        put("rmst_difference_months", average(found["rmst_difference_months"]))
    put("events", events)
    put("events_at_end", average(found["events_at_end"]))
    put("enrolled", average(found["enrolled"]))
    put("duration_months", average(found["duration_months"]))
    if len(question.plan) > 1:
        put("stopped_early", proportion(found["stopped_at"] < len(question.plan)))
        put("futile", proportion(found["futile"]))
        if null is not None:
            put("futile_under_null", proportion(null["futile"]))
            put("duration_months_under_null", average(null["duration_months"]))
    row |= _formula(question, plan, effect, events.value or 0.0)
    row["formula_minus_simulated"] = row["power_formula"] - row["power"] if row["power_formula"] is not None else None
    return row


def _population_error(
    test: str, power: float | None, events: float, share: float, effect: PopulationEffect, found: pl.DataFrame
) -> float | None:
    """Slope of power on the effect, at the drift that this power means, times the error of the effect; None where it is not known."""
    if power is None or not 0.0 < power < 1.0 or test == "maxcombo":
        return None
    if test == "rmst":
        se = average(found["rmst_difference_se"]).value
        drift_error = effect.rmst_difference_se / se if se else math.nan
    else:
        drift_error = effect.log_hr_se * math.sqrt(events * share * (1.0 - share))
    return _NORMAL.pdf(quantile(power)) * drift_error if math.isfinite(drift_error) else None


def formula_power(question: Question, log_hr: float, events: float, share: float) -> float | None:
    """Power by formula under proportional hazards, with the looks of the design."""
    if not math.isfinite(log_hr):
        return None
    if len(question.plan) == 1:
        return schoenfeld_power(math.exp(log_hr), events, alpha=question.alpha, share=share)
    return question.plan.power(-log_hr * math.sqrt(events * share * (1.0 - share)))


def _formula(question: Question, plan: Layout, effect: PopulationEffect, events: float) -> Row:
    """Cross-checks: power from the model's ratio and the simulated events, and events from exponential survival."""
    expected = None
    proportional = question.test in ("logrank", "cox")  # there is no such formula for the others
    if effect.hazard_per_month > 0 and math.isfinite(effect.log_hr):
        recruitment = recruitment_of(question, plan)
        expected = sum(expected_events(plan.patients, effect.hazard_per_month, math.exp(effect.log_hr), recruitment, share=plan.share))
    return {
        "population_hazard_ratio": math.exp(effect.log_hr) if math.isfinite(effect.log_hr) else None,
        "power_formula": formula_power(question, effect.log_hr, events, plan.share) if proportional else None,
        "power_formula_lifetime": formula_power(question, effect.log_hr_lifetime, events, plan.share) if proportional else None,
        "events_formula": expected,
    }
