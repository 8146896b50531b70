"""The ladder: one data set through a fixed list of analyses, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import PagetError, unknown
from ...progress import Progress, silent
from ._design import require_both
from .ccw import clone_censor_weight
from .data import ObservationalData
from .estimate import CausalEstimate, Estimand, in_months
from .exposure import ever_never, exclude_immortal, landmark, time_varying
from .matching import matching
from .sequential import sequential_trials
from .weighting import iptw

ANALYSES = (
    "ever-never",
    "matching",
    "iptw",
    "immortal-excluded",
    "time-varying",
    "landmark",
    "iptw-landmark",
    "sequential",
    "ccw",
)
"""Families of analyses, in the order of a ladder."""
NEED_WAITING = ("immortal-excluded", "time-varying", "landmark", "iptw-landmark", "sequential", "ccw")
"""Families without a question where all treatment starts at time zero: they are left out of its ladder."""
LANDMARKS_MONTHS = (3.0, 6.0, 9.0, 12.0)


@dataclass(frozen=True)
class Rung:
    """One row of a ladder before it is run."""

    family: str
    key: str
    label: str
    run: Callable[[ObservationalData], CausalEstimate]


def ladder(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str] = (),
    analyses: Sequence[str] = ANALYSES,
    landmark_months: Sequence[float] = LANDMARKS_MONTHS,
    grace_months: float = 6.0,
    tau_months: float | None = None,
    truncate: float | None = None,
    level: float = 0.95,
    progress: Progress = silent,
) -> list[CausalEstimate]:
    """Run every analysis of the list, each without adjustment and, where it can, with `adjust_for`.

    Parameters
    ----------
    data : ObservationalData
    adjust_for : sequence of str
        Covariates of the adjusted rows; without any, only unadjusted rows are made.
    analyses : sequence of str
        Families out of `ANALYSES`; the order of the result is always that of `ANALYSES`.
    landmark_months : sequence of float
        Landmarks, in months.
    grace_months : float
        Grace period of clone-censor-weight, in months; also the landmark of weighting at a landmark.
    tau_months : float, optional
        Horizon of restricted means, from each analysis' own time zero.
    truncate : float, optional
        Share of weights cut off at each end (such as 0.01).
    level : float
        Level of intervals.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    list of CausalEstimate
        One row each, in a fixed order. An analysis that these data cannot answer has `hazard_ratio` None and
        says why in `problem`. Where all treatment starts at time zero, families in `NEED_WAITING` have no
        question and are left out.

    Raises
    ------
    PagetError
        Where nobody or everybody was treated, or a name is unknown.
    """
    require_both(data)
    for name in analyses:
        if name not in ANALYSES:
            raise unknown("analysis", name, ANALYSES)
    rungs = [
        rung
        for rung in rungs_of(
            adjust_for=adjust_for, landmark_months=landmark_months, grace_months=grace_months, tau_months=tau_months,
            truncate=truncate, level=level,
        )
        if rung.family in analyses and not (data.point_treatment and rung.family in NEED_WAITING)
    ]  # fmt: skip
    found: list[CausalEstimate] = []
    for done, rung in enumerate(rungs):
        progress("analyses", done, len(rungs))
        try:
            found.append(rung.run(data))
        except PagetError as error:
            found.append(unanswered(data, rung, error.message, level))
    progress("analyses", len(rungs), len(rungs))
    return found


def rungs_of(
    *,
    adjust_for: Sequence[str] = (),
    landmark_months: Sequence[float] = LANDMARKS_MONTHS,
    grace_months: float = 6.0,
    tau_months: float | None = None,
    truncate: float | None = None,
    level: float = 0.95,
) -> list[Rung]:
    """Every row of a ladder in order, each a call that takes the data (for bootstrap and negative controls)."""
    names = tuple(adjust_for)
    both = [(), names] if names else [()]
    shared = {"tau_months": tau_months, "level": level}
    cut = {"truncate": truncate, "level": level}
    found: list[Rung] = []

    def cox_rows(family: str, key: str, label: str, call: Callable[..., CausalEstimate], **fixed: object) -> None:
        for adjusted in both:
            tail, words = ("+cox", ", Cox-adjusted") if adjusted else ("", "")
            found.append(Rung(family, key + tail, label + words, _bound(call, adjust_for=adjusted, **fixed)))

    cox_rows("ever-never", "ever-never", "Ever / never", ever_never, **shared)
    if names:
        found.append(Rung("matching", "matching", "Propensity-matched, ever / never", _bound(matching, adjust_for=names, **shared)))
        found.append(Rung("iptw", "iptw", "IPTW, ever / never", _bound(iptw, adjust_for=names, tau_months=tau_months, **cut)))
    cox_rows("immortal-excluded", "immortal-excluded", "Immortal time left out", exclude_immortal, **shared)
    cox_rows("time-varying", "time-varying", "Time-varying treatment", time_varying, level=level)
    for at in landmark_months:
        cox_rows("landmark", f"landmark-{at:g}", f"Landmark {in_months(at)}", landmark, landmark_months=at, **shared)
    if names:
        weighted = _bound(iptw, adjust_for=names, landmark_months=grace_months, tau_months=tau_months, **cut)
        found.append(Rung("iptw-landmark", f"iptw-landmark-{grace_months:g}", f"IPTW, landmark {in_months(grace_months)}", weighted))
    for adjusted in both:
        tail, words = ("+ipw", ", weighted") if adjusted else ("", ", no covariates")
        found.append(
            Rung("sequential", f"sequential{tail}", f"Sequential trials{words}", _bound(sequential_trials, adjust_for=adjusted, **cut))
        )
    for adjusted in both:
        tail, words = ("+ipcw", ", weighted") if adjusted else ("", ", no covariates")
        run = _bound(clone_censor_weight, grace_months=grace_months, adjust_for=adjusted, tau_months=tau_months, **cut)
        found.append(Rung("ccw", f"ccw-{grace_months:g}{tail}", f"Clone-censor-weight, {in_months(grace_months)}{words}", run))
    return found


def _bound(call: Callable[..., CausalEstimate], **fixed: object) -> Callable[[ObservationalData], CausalEstimate]:
    def run(data: ObservationalData) -> CausalEstimate:
        return call(data, **fixed)

    return run


def unanswered(data: ObservationalData, rung: Rung, why: str, level: float, instead: str | None = None) -> CausalEstimate:
    """Row of an analysis that these data cannot answer; ``instead`` tells what they can answer (`diagnostics`)."""
    return CausalEstimate(
        key=rung.key, label=rung.label, estimand=Estimand("nobody", "none", ("none", "none")), hazard_ratio=None, ci_low=None,
        ci_high=None, se_log=None, se_model=None, interval="none", level=level, rmst_difference=None, curves=None,
        n=0, treated=0, events=0, excluded=len(data), events_excluded=data.n_events, adjusted_for=(), assumptions=(),
        method="not estimated", problem=why, diagnostics={} if instead is None else {"instead": instead},
    )  # fmt: skip


def default_tau(data: ObservationalData) -> float:
    """Horizon of restricted means: what a tenth of the ever and of the never treated are followed to, in whole years.

    In whole months below a year; at least one month.
    """
    groups = [group for group in (data.months[data.ever_treated], data.months[~data.ever_treated]) if len(group)]
    reached = min(float(np.quantile(group, 0.9)) for group in groups)
    return float(12 * int(reached // 12)) if reached >= 12 else float(max(1, int(reached)))
