"""The ladder: one data set through a fixed list of analyses, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...errors import PagetError, unknown
from ._design import require_both
from .data import ObservationalData
from .estimate import CausalEstimate, Estimand
from .exposure import ever_never, exclude_immortal, landmark, time_varying

ANALYSES = (
    "ever-never",
    "immortal-excluded",
    "time-varying",
    "landmark",
)
"""Families of analyses, in the order of a ladder."""

Rung = tuple[str, str, Callable[[], CausalEstimate]]


def ladder(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str] = (),
    analyses: Sequence[str] = ANALYSES,
    landmark_months: Sequence[float] = (3.0, 6.0, 9.0, 12.0),
    grace_months: float = 6.0,
    tau_months: float | None = None,
    truncate: float | None = None,
    level: float = 0.95,
    progress: Callable[[str, int, int], None] | None = None,
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
        Grace period of clone-censor-weight, in months.
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
        says why in `problem`.

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
        r for r in _rungs(data, tuple(adjust_for), landmark_months, grace_months, tau_months, truncate, level) if _family(r) in analyses
    ]
    found: list[CausalEstimate] = []
    for done, (key, label, run) in enumerate(rungs):
        if progress is not None:
            progress("analyses", done, len(rungs))
        try:
            found.append(run())
        except PagetError as error:
            found.append(unanswered(data, key, label, error.message, level))
    if progress is not None:
        progress("analyses", len(rungs), len(rungs))
    return found


def _family(rung: Rung) -> str:
    key = rung[0]
    return max((name for name in ANALYSES if key.startswith(name)), key=len)


def _rungs(
    data: ObservationalData,
    adjust_for: tuple[str, ...],
    landmarks: Sequence[float],
    grace: float,
    tau: float | None,
    truncate: float | None,
    level: float,
) -> list[Rung]:
    adjustments: list[tuple[str, ...]] = [(), adjust_for] if adjust_for else [()]
    rungs: list[Rung] = []

    def add(key: str, label: str, run: Callable[[], CausalEstimate]) -> None:
        rungs.append((key, label, run))

    for names in adjustments:
        tail, words = ("+cox", ", Cox-adjusted") if names else ("", "")
        add(f"ever-never{tail}", f"Ever / never{words}", lambda n=names: ever_never(data, adjust_for=n, tau_months=tau, level=level))  # type: ignore[misc]
    for names in adjustments:
        tail, words = ("+cox", ", Cox-adjusted") if names else ("", "")
        add(f"immortal-excluded{tail}", f"Immortal time left out{words}",
            lambda n=names: exclude_immortal(data, adjust_for=n, tau_months=tau, level=level))  # type: ignore[misc]  # fmt: skip
    for names in adjustments:
        tail, words = ("+cox", ", Cox-adjusted") if names else ("", "")
        add(f"time-varying{tail}", f"Time-varying treatment{words}", lambda n=names: time_varying(data, adjust_for=n, level=level))  # type: ignore[misc]
    for months in landmarks:
        for names in adjustments:
            tail, words = ("+cox", ", Cox-adjusted") if names else ("", "")
            add(f"landmark-{months:g}{tail}", f"Landmark {months:g} months{words}",
                lambda m=months, n=names: landmark(data, m, adjust_for=n, tau_months=tau, level=level))  # type: ignore[misc]  # fmt: skip
    return rungs


def unanswered(data: ObservationalData, key: str, label: str, why: str, level: float) -> CausalEstimate:
    """Row of an analysis that these data cannot answer."""
    return CausalEstimate(
        key=key, label=label, estimand=Estimand("nobody", "none", ("none", "none")), hazard_ratio=None, ci_low=None,
        ci_high=None, se_log=None, se_model=None, interval="none", level=level, rmst_difference=None, curves=None,
        n=0, treated=0, events=0, excluded=len(data), events_excluded=data.n_events, adjusted_for=(), assumptions=(),
        method="not estimated", problem=why,
    )  # fmt: skip
