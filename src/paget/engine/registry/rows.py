"""The bias ladder: each analysis with what is recorded and with the true confounders, beside the truth of its own estimand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paget.analysis.causal import (
    ANALYSES,
    CausalEstimate,
    ObservationalData,
    clone_censor_weight,
    ever_never,
    ladder,
    rungs_of,
)
from paget.analysis.causal.ladder import unanswered
from paget.engine.registry.cohort import CHANGING, Cohort
from paget.engine.registry.truth import Truth, cut_twins, gain, plain, ratio_of, truth_of
from paget.errors import PagetError
from paget.progress import Progress, silent
from paget.study import mask
from paget.study.registry import LocalOperation
from paget.study.streams import uniforms
from paget.units import DAYS_PER_MONTH

Row = dict[str, Any]
Made = list[tuple[CausalEstimate, ObservationalData]]
VIEWS = ("randomised", "not adjusted", "recorded", "true confounders")
ABOUT = {
    "randomised": "A trial in the same patients",
    "not adjusted": "Not adjusted",
    "recorded": "Adjusted for what the registry records",
    "true confounders": "Adjusted for what decided (no registry has it)",
}
NEEDS_NO_DAY = ("ever-never", "matching", "iptw")
"""Analyses that can be made where only the fact of an operation is recorded."""
BASELINE_ONLY = ("time-varying",)
"""Analyses that cannot adjust for what changes over time."""
WITHOUT_DAY = "the registry does not record the day of the operation; ever / never, matching and weighting at diagnosis can be made"


def _settings(cohort: Cohort) -> dict[str, Any]:
    analyses = cohort.registry.analyses
    return {
        "landmark_months": analyses.landmarks_months,
        "grace_months": analyses.grace_months,
        "tau_months": analyses.horizon_months - max(analyses.landmarks_months),
    }


def eligible_as_recorded(cohort: Cohort) -> Cohort:
    """Those whom a researcher would take to be in question for the treatment, going by the conditions on what the registry records.

    All patients where the treatment is surgery of the primary.
    """
    operation, recorded = cohort.registry.operation, cohort.registry.records.covariates
    asked = [one for one in operation.offered if one.attribute in recorded] if isinstance(operation, LocalOperation) else []
    return cohort.among(np.asarray(mask(cohort.people, asked), bool)) if asked else cohort


def recorded_rows(cohort: Cohort, progress: Progress = silent, *, adjusted: bool = True) -> Made:
    """The ladder that a researcher could climb with the registry's release; only its unadjusted rows where `adjusted` is false."""
    known = cohort.registry.records.operation_day
    names = cohort.registry.records.covariates if adjusted else ()
    data = cohort.data(names, day_known=known)
    settings = _settings(cohort)
    made = ladder(data, adjust_for=names, analyses=ANALYSES if known else NEEDS_NO_DAY, progress=progress, **settings)
    if not known:
        by_key = {row.key: row for row in made}
        made = [by_key.get(rung.key) or unanswered(data, rung, WITHOUT_DAY, 0.95) for rung in rungs_of(adjust_for=names, **settings)]
    return [(row, data) for row in made]


def true_rows(cohort: Cohort, progress: Progress = silent) -> Made:
    """The same analyses by somebody who knows the day of every operation and all that decided on it; and one that no registry could do.

    Not adjusted rows are there only where the release cannot give them (no day recorded).
    """
    known = cohort.confounders
    data = cohort.data(known, changing=True)
    settings = _settings(cohort)
    later = tuple(name for name in ANALYSES if name not in BASELINE_ONLY)
    found = {row.key: row for row in ladder(data, adjust_for=(*known, *CHANGING), analyses=later, progress=progress, **settings)}
    found |= {row.key: row for row in ladder(data, adjust_for=known, analyses=BASELINE_ONLY, **settings)}
    wanted = [rung.key for rung in rungs_of(adjust_for=known, **settings)]
    made = [found[key] for key in wanted if found[key].adjusted_for or (found[key].hazard_ratio is None and "+" in key)]
    if not cohort.registry.records.operation_day:
        made = [found[key] for key in wanted if not found[key].adjusted_for and not _family(key, NEEDS_NO_DAY)] + made
    grace = cohort.registry.analyses.grace_months
    if cohort.registry.operation.after_induction.unless_progressed:
        try:
            made.append(
                clone_censor_weight(data, grace, adjust_for=(*known, *CHANGING), unless="progressed", tau_months=settings["tau_months"])
            )
        except PagetError:
            pass  # the ladder has told why clone-censor-weight cannot be made
    return [(row, data) for row in made]


def trial_row(cohort: Cohort, seed: int) -> Row:
    """A trial in the patients whom clinicians would consider: a coin at the decision, analysed as assigned, from there."""
    made, words = cohort.practised, cohort.registry.operation.words
    with np.errstate(invalid="ignore"):
        who = np.flatnonzero(
            (made.way != "found") & (made.probability > 0) & (np.minimum(cohort.censor_day, cohort.horizon_days) > made.decision_day)
        )
    zero = made.decision_day[who]
    coin = uniforms(seed, ("registry", "coin"), cohort.people["patient_id"].to_numpy()[who]) < 0.5
    death = np.where(coin, made.death_operated[who], made.death_none[who])
    end = np.minimum(cohort.censor_day, cohort.horizon_days)[who]
    there = ~(death <= zero)
    data = ObservationalData(
        id=who[there], months=(np.fmin(death, end) - zero)[there] / DAYS_PER_MONTH, event=(death <= end)[there],
        treated_months=np.where(coin, 0.0, np.nan)[there], time_zero="the decision", treatment=f"assignment to {words.treatment}",
    )  # fmt: skip
    tau = _settings(cohort)["tau_months"]
    found = ever_never(data, tau_months=tau)
    chosen = np.zeros(len(made.way), bool)
    chosen[who] = True
    twins = cut_twins(cohort, chosen, made.decision_day)
    log, se = ratio_of(twins)
    truth = Truth(math.exp(log), se, None, None, *gain(twins, tau), tau, len(twins.rows), f"whoever may be {words.done}, from the decision")
    row = _row(found, truth)
    return {**row, "view": "randomised", "key": "randomised", "label": "Randomised at the decision, as assigned"}


def _family(key: str, families: tuple[str, ...]) -> bool:
    return any(key == name or key.startswith(name + "+") for name in families)


def view_of(estimate: CausalEstimate, *, recorded: bool) -> str:
    """Which of `VIEWS` a row belongs to."""
    if not estimate.adjusted_for and "+" not in estimate.key and estimate.key.split("-")[0] not in ("matching", "iptw"):
        return "not adjusted"
    return "recorded" if recorded else "true confounders"


def row_of(estimate: CausalEstimate, data: ObservationalData, cohort: Cohort, *, recorded: bool) -> Row:
    """One row of the ladder with its truth, its bias and the Monte-Carlo error of that, as plain values."""
    return {**_row(estimate, truth_of(estimate, cohort, data)), "view": view_of(estimate, recorded=recorded)}


def _row(estimate: CausalEstimate, truth: Truth) -> Row:
    conditional = estimate.estimand.contrast == "conditional" and truth.conditional_hazard_ratio is not None
    against = truth.conditional_hazard_ratio if conditional else truth.hazard_ratio
    error = truth.conditional_se_log if conditional else truth.se_log
    bias = mc_se = None
    if estimate.hazard_ratio is not None and against is not None and estimate.se_log is not None:
        bias = math.log(estimate.hazard_ratio / against)
        mc_se = math.hypot(estimate.se_log, error or 0.0)
    difference = estimate.rmst_difference
    gain = truth.rmst_difference_months
    made = estimate.to_dict(curves=False)
    made["label"] = _label(estimate)
    return {
        **made,
        "truth": plain(truth),
        "bias_log": bias,
        "bias_mc_se_log": mc_se,
        "rmst_bias_months": difference.value - gain if difference is not None and gain is not None else None,
        "rmst_bias_mc_se_months": math.hypot(difference.se, truth.rmst_se_months or 0.0)
        if difference is not None and gain is not None and math.isfinite(difference.se)
        else None,
    }


def _label(estimate: CausalEstimate) -> str:
    """Label without the words that the view already says."""
    label = estimate.label
    for word in (", Cox-adjusted", ", weighted", ", no covariates"):
        label = label.replace(word, "")
    return label


def climb(cohort: Cohort, seed: int, progress: Progress = silent) -> tuple[list[Row], Made]:
    """The whole ladder: rows in the order of `VIEWS`, and the estimates with what is recorded."""

    def named(stage: str) -> Progress:
        return lambda _, done, total: progress(stage, done, total)

    asked = eligible_as_recorded(cohort)
    recorded = recorded_rows(asked, named("analyses as recorded"))
    of = [asked] * len(recorded)
    if asked is not cohort:  # not adjusted: all patients
        crude = recorded_rows(cohort, adjusted=False)
        recorded = crude + [pair for pair in recorded if view_of(pair[0], recorded=True) != "not adjusted"]
        of = [cohort] * len(crude) + [asked] * (len(recorded) - len(crude))
    eligible = cohort if cohort.practised.offered.all() else cohort.among(cohort.practised.offered)  # as a target trial would have it
    true = true_rows(eligible, named("analyses with the truth"))
    rows = [trial_row(cohort, seed)]
    rows += [row_of(one, data, whose, recorded=True) for (one, data), whose in zip(recorded, of, strict=True)]
    beside = [row_of(one, data, eligible, recorded=False) for one, data in true]
    rows += [{**row, "label": f"{row['label']} (day known)"} if row["view"] == "not adjusted" else row for row in beside]
    rows = [row for row in rows if not (row["view"] == "not adjusted" and row["hazard_ratio"] is None and _given(row, rows))]
    return sorted(rows, key=lambda row: VIEWS.index(row["view"])), recorded


def _given(row: Row, rows: list[Row]) -> bool:
    """Whether another row gives what this one cannot."""
    return any(other is not row and other["key"] == row["key"] and other["view"] == row["view"] and other["hazard_ratio"] for other in rows)
