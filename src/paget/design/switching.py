"""Trials in which the control arm crosses over: what each analysis reports, beside the trial without crossover that only a model can run.

By intention to treat; RPSFT (`paget.design.rpsft`); IPCW (`paget.design.ipcw`); patients censored at their switch without weights;
and the same trials with a control arm that nobody leaves, lived by the same patients.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paget.design.ipcw import ipcw
from paget.design.lives import STAYED, Lives
from paget.design.outcome import final_cuts
from paget.design.rpsft import Switched, rpsft
from paget.design.trials import Course, Layout, draw_trials, live, observe
from paget.errors import PagetError
from paget.progress import Progress, silent
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from paget.study import Protocol

Floats = npt.NDArray[np.float64]
TRUTH = "no crossover (only a model can run it)"
METHODS = ("intention to treat", "censored at the switch", "RPSFT", "IPCW", TRUTH)


def switched_trials(course: Course, protocol: Protocol) -> tuple[Switched, Floats, dict[str, Floats]]:
    """Trials of death with their switches: the table for RPSFT, the month of each switch, and of each kind of progression seen."""
    trials = course.trials
    cuts = final_cuts(course, protocol)
    seen = observe(course, "OS", cuts, protocol)
    surgery = course.days["surgery_day"] / DAYS_PER_MONTH
    cut = (cuts[:, None] - trials.entry_months) * DAYS_PER_MONTH
    censoring = np.maximum(np.minimum(cut, trials.drop_out_days), 0.0) / DAYS_PER_MONTH
    months = seen.months
    number = np.repeat(np.arange(len(cuts)), months.shape[1])
    # an operation on the day of death or later gave no time on treatment
    off = np.minimum(np.where(np.isfinite(surgery), np.maximum(surgery, 0.0), np.inf), months)
    table = Switched(months.ravel(), seen.event.ravel(), trials.arm.ravel(), off.ravel(), np.maximum(censoring, months).ravel(), number)
    switch = np.where(trials.arm == 0, surgery, np.inf)
    progression = {
        name: (course.days[column] / DAYS_PER_MONTH).ravel()
        for name, column in {"progression": "progression_day", "local": "local_progression_day"}.items()
    }
    return table, switch.ravel(), progression


def compare(
    protocol: Protocol,
    plan: Layout,
    lives: Lives,
    seed: int,
    trials: int,
    *,
    threads: int = 1,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Log hazard ratios of death by each analysis over the same trials: mean, error, spread, and difference from the truth.

    Returns
    -------
    list of dict
        For each method ``method``, ``hazard_ratio``, ``mcse`` (of it), ``sd_log`` (between trials), ``median_se``, ``bias_log``
        (against the trial without crossover, paired) with ``bias_mcse``, ``trials`` that gave an estimate; ``switched`` is the
        share of control patients who switched.

    Raises
    ------
    PagetError
        The control arm has no crossover.
    """
    if STAYED not in lives.days:
        raise PagetError("the lives without crossover were not prepared")
    drawn = draw_trials(plan, range(trials), seed)
    course = live(lives, drawn)
    table, switch, progression = switched_trials(course, protocol)
    n = drawn.row.shape[1]
    strata = drawn.stratum.ravel()
    progress("switching", 0, trials + 2)
    from paget.analysis.fast import replicate_statistics

    plain = replicate_statistics(table.time, table.event, table.arm, table.replicate, strata=strata, threads=threads)
    structural = rpsft(table, strata, threads=threads)
    progress("switching", 1, trials + 2)
    left = (table.arm == 0) & (switch < table.time)
    censored = replicate_statistics(
        np.where(left, switch, table.time), table.event & ~left, table.arm, table.replicate, strata=strata, threads=threads
    )
    weighted, weighted_se = np.full(trials, np.nan), np.full(trials, np.nan)
    columns = _covariates(lives)
    for k in range(trials):
        mine = slice(k * n, (k + 1) * n)
        covariates = {name: column[drawn.row[k]] for name, column in columns.items()}
        events = {name: column[mine] for name, column in progression.items()}
        found = ipcw(table.time[mine], table.event[mine], table.arm[mine], switch[mine], events, covariates, strata=strata[mine])
        weighted[k], weighted_se[k] = found.log_hr, found.se
        progress("switching", k + 2, trials + 2)
    kept, _, _ = switched_trials(live(lives, drawn, control=STAYED), protocol)
    truth = replicate_statistics(kept.time, kept.event, kept.arm, kept.replicate, strata=strata, threads=threads)
    found_of = {
        METHODS[0]: (plain.log_hr, plain.se), METHODS[1]: (censored.log_hr, censored.se),
        METHODS[2]: (structural.log_hr, structural.se), METHODS[3]: (weighted, weighted_se), METHODS[4]: (truth.log_hr, truth.se),
    }  # fmt: skip
    share = float(left.sum() / max((table.arm == 0).sum(), 1))
    return [_row(name, values, errors, truth.log_hr, share) for name, (values, errors) in found_of.items()]


def _covariates(lives: Lives) -> dict[str, Floats]:
    """What a real trial would put into the model of switching."""
    frame = lives.candidates
    return {
        "age": frame["age_years"].to_numpy().astype(np.float64),
        "ecog": frame["ecog"].to_numpy().astype(np.float64),
        "metastases": np.log1p(frame["n_metastases"].to_numpy().astype(np.float64)),
        "primary": np.log1p(frame["primary_cm"].to_numpy().astype(np.float64)),
    }


def _row(name: str, values: Floats, errors: Floats, truth: Floats, switched: float) -> dict[str, Any]:
    good = np.isfinite(values) & np.isfinite(truth)
    logs, apart = values[good], (values - truth)[good]
    count = len(logs)
    if count < 2:
        return {"method": name, "hazard_ratio": None, "trials": count, "switched": switched}
    mean = float(logs.mean())
    # the error that a trial gives itself can be very large where its test is near zero: the median speaks for the rest
    usable = errors[good & np.isfinite(errors)]
    return {
        "method": name,
        "hazard_ratio": math.exp(mean),
        "mcse": math.exp(mean) * float(logs.std(ddof=1)) / math.sqrt(count),
        "sd_log": float(logs.std(ddof=1)),
        "median_se": float(np.median(usable)) if len(usable) else None,
        "bias_log": float(apart.mean()),
        "bias_mcse": float(apart.std(ddof=1)) / math.sqrt(count),
        "trials": count,
        "switched": switched,
    }
