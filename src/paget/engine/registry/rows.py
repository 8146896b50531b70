"""The bias ladder of a registry: each analysis with what is recorded and with the true confounders, beside the truth of its own estimand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from paget.analysis.causal import ANALYSES, CausalEstimate, ObservationalData, clone_censor_weight, ladder, rungs_of
from paget.analysis.causal.ladder import unanswered
from paget.engine.registry.cohort import BASELINE, CHANGING, Cohort
from paget.engine.registry.truth import plain, truth_of
from paget.errors import PagetError

Row = dict[str, Any]
VIEWS = ("not adjusted", "recorded", "true confounders")
ABOUT = {
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


def recorded_rows(cohort: Cohort, progress: Callable[[str, int, int], None] | None = None) -> list[tuple[CausalEstimate, ObservationalData]]:
    """The ladder that a researcher could climb with the registry's release."""
    known = cohort.registry.records.operation_day
    names = cohort.registry.records.covariates
    data = cohort.data(names, day_known=known)
    settings = _settings(cohort)
    made = ladder(data, adjust_for=names, analyses=ANALYSES if known else NEEDS_NO_DAY, progress=progress, **settings)
    if not known:
        by_key = {row.key: row for row in made}
        made = [
            by_key.get(rung.key) or unanswered(data, rung, WITHOUT_DAY, 0.95) for rung in rungs_of(adjust_for=names, **settings)
        ]
    return [(row, data) for row in made]


def true_rows(cohort: Cohort, progress: Callable[[str, int, int], None] | None = None) -> list[tuple[CausalEstimate, ObservationalData]]:
    """The same analyses by somebody who knows the day of every operation and all that decided on it; and one that no registry could do.

    Not adjusted rows are there only where the release cannot give them (no day recorded).
    """
    data = cohort.data(BASELINE, changing=True)
    settings = _settings(cohort)
    later = tuple(name for name in ANALYSES if name not in BASELINE_ONLY)
    found = {row.key: row for row in ladder(data, adjust_for=(*BASELINE, *CHANGING), analyses=later, progress=progress, **settings)}
    found |= {row.key: row for row in ladder(data, adjust_for=BASELINE, analyses=BASELINE_ONLY, **settings)}
    wanted = [rung.key for rung in rungs_of(adjust_for=BASELINE, **settings)]
    made = [found[key] for key in wanted if found[key].adjusted_for or (found[key].hazard_ratio is None and "+" in key)]
    if not cohort.registry.records.operation_day:
        made = [found[key] for key in wanted if not found[key].adjusted_for and not _family(key, NEEDS_NO_DAY)] + made
    grace = cohort.registry.analyses.grace_months
    if cohort.registry.operation.after_induction.unless_progressed:
        try:
            made.append(
                clone_censor_weight(
                    data, grace, adjust_for=(*BASELINE, *CHANGING), unless="progressed", tau_months=settings["tau_months"]
                )
            )
        except PagetError:
            pass  # the ladder has told why clone-censor-weight cannot be made
    return [(row, data) for row in made]


def _family(key: str, families: tuple[str, ...]) -> bool:
    return any(key == name or key.startswith(name + "+") for name in families)


def view_of(estimate: CausalEstimate, *, recorded: bool) -> str:
    """Which of `VIEWS` a row belongs to."""
    if not estimate.adjusted_for and "+" not in estimate.key and estimate.key.split("-")[0] not in ("matching", "iptw"):
        return "not adjusted"
    return "recorded" if recorded else "true confounders"


def row_of(estimate: CausalEstimate, data: ObservationalData, cohort: Cohort, *, recorded: bool) -> Row:
    """One row of the ladder with its truth, its bias and the Monte-Carlo error of that, as plain values."""
    truth = truth_of(estimate, cohort, data)
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
        "view": view_of(estimate, recorded=recorded),
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
    if any(strategy.endswith("unless progressed") for strategy in estimate.estimand.strategies):
        label = label.replace(", weighted", ", unless progressed")
    for word in (", Cox-adjusted", ", weighted", ", no covariates"):
        label = label.replace(word, "")
    return label


def climb(cohort: Cohort, progress: Callable[[str, int, int], None] | None = None) -> tuple[list[Row], list[tuple[CausalEstimate, ObservationalData]]]:
    """The whole ladder: rows in the order of `VIEWS`, and the estimates with what is recorded."""
    def named(stage: str) -> Callable[[str, int, int], None] | None:
        return None if progress is None else lambda _, done, total: progress(stage, done, total)

    recorded = recorded_rows(cohort, named("analyses as recorded"))
    true = true_rows(cohort, named("analyses with the truth"))
    rows = [row_of(one, data, cohort, recorded=True) for one, data in recorded]
    rows += [row_of(one, data, cohort, recorded=False) for one, data in true]
    rows = [row for row in rows if not (row["view"] == "not adjusted" and row["hazard_ratio"] is None and _given(row, rows))]
    return sorted(rows, key=lambda row: VIEWS.index(row["view"])), recorded


def _given(row: Row, rows: list[Row]) -> bool:
    """Whether another row gives what this one cannot."""
    return any(other is not row and other["key"] == row["key"] and other["view"] == row["view"] and other["hazard_ratio"] for other in rows)
