"""Comparisons by when and whether treatment began: ever/never, immortal time left out, time-varying, landmark.

The first two are what many registry papers report, and are wrong on purpose where treatment starts late: they
are rungs of the ladder, not advice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import PagetError
from .._arrays import Floats, Ints
from ._design import columns, require_untreated, require_waiting, varying_part
from ._person_time import PersonTime, estimate
from .data import INSTANT_MONTHS, ObservationalData
from .estimate import CausalEstimate, Estimand, in_months

EXCHANGEABLE = "treated and untreated have the same prognosis given what is adjusted for (no unmeasured confounding)"
UNADJUSTED = "treated and untreated have the same prognosis without any adjustment"
CENSORING = "censoring is unrelated to prognosis"
CONSISTENT = "the treatment is the same thing for everybody and one patient's does not affect another's"
NO_IMMORTAL = "treatment starts at time zero, so that nobody has to survive in order to be treated"
PROPORTIONAL = "the hazard ratio is constant, or read as an average over follow-up"
MODEL = "the Cox model has the right form in the covariates"


def starts_before_exit(data: ObservationalData) -> Floats:
    """Start of treatment, an instant before exit where both are recorded at one moment; infinite for never."""
    return np.where(data.ever_treated, np.minimum(data.starts, np.maximum(data.months - INSTANT_MONTHS, 0.0)), np.inf)


def entry(data: ObservationalData) -> Floats:
    """Start of observation of each patient (zeros without late entry)."""
    return np.zeros(len(data)) if data.entry_months is None else data.entry_months


def common(adjusted: bool, *more: str, by_cox: bool = True) -> tuple[str, ...]:
    """Assumptions of nearly every analysis, in order; `by_cox` where covariates are in the Cox model itself."""
    first = (UNADJUSTED,) if not adjusted else (EXCHANGEABLE, MODEL) if by_cox else (EXCHANGEABLE,)
    return (*more, *first, CENSORING, CONSISTENT, PROPORTIONAL)


def strategies(data: ObservationalData) -> tuple[str, str]:
    """Ever and never treated, in words; at time zero where all treatment starts there."""
    if data.point_treatment:
        return f"{data.treatment} at {data.time_zero}", f"no {data.treatment}"
    return f"{data.treatment} at any time", f"never {data.treatment}"


def contrast(adjust_for: Sequence[str]) -> str:
    """What a Cox model's ratio is of: conditional on the covariates in it, marginal without any."""
    return "conditional" if adjust_for else "marginal"


def suffix(adjust_for: Sequence[str]) -> tuple[str, str]:
    """What is added to the key and to the label of an analysis that adjusts by a Cox model."""
    return ("+cox", ", Cox-adjusted") if adjust_for else ("", "")


def ever_never(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str] = (),
    tau_months: float | None = None,
    level: float = 0.95,
) -> CausalEstimate:
    """Ever against never treated, from time zero: the naive analysis.

    Where treatment starts later than time zero, the time before it is counted as treated although the
    treated could not have died in it (immortal time), which favours treatment.

    Parameters
    ----------
    data : ObservationalData
    adjust_for : sequence of str
        Covariates of the Cox model; the hazard ratio is then conditional on them.
    tau_months : float, optional
        Horizon of the restricted mean; the longest that both groups reached by default.
    level : float

    Raises
    ------
    PagetError
        Where nobody or everybody was treated, or a group has no event.
    """
    require_untreated(data)
    key, label = suffix(adjust_for)
    rows = PersonTime(
        np.arange(len(data)), entry(data), data.months, data.event, data.ever_treated,
        covariates=varying_part(columns(data, adjust_for)),
    )  # fmt: skip
    return estimate(
        data,
        rows,
        key=f"ever-never{key}",
        label=f"Ever / never{label}",
        estimand=Estimand(
            "all patients",
            data.time_zero,
            strategies(data),
            contrast(adjust_for),
        ),
        assumptions=common(bool(adjust_for), NO_IMMORTAL),
        method="Cox model of ever against never treated" + (f", adjusted for {', '.join(adjust_for)}" if adjust_for else ""),
        adjusted_for=tuple(adjust_for),
        tau_months=tau_months,
        level=level,
        diagnostics={"immortal_months": float(np.nansum(data.treated_months))},
    )


def exclude_immortal(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str] = (),
    tau_months: float | None = None,
    level: float = 0.95,
) -> CausalEstimate:
    """Treated from the start of treatment, never treated from time zero: immortal time left out, not repaired.

    The two groups then have different time zeros, and the treated have survived until theirs.
    """
    require_untreated(data)
    require_waiting(data, "leaving out immortal time")
    key, label = suffix(adjust_for)
    shift = np.where(data.ever_treated, data.treated_months, 0.0)
    rows = PersonTime(
        np.arange(len(data)), np.maximum(entry(data) - shift, 0.0), data.months - shift, data.event, data.ever_treated,
        covariates=varying_part(columns(data, adjust_for)),
    )  # fmt: skip
    return estimate(
        data,
        rows,
        key=f"immortal-excluded{key}",
        label=f"Immortal time left out{label}",
        estimand=Estimand(
            "all patients",
            f"start of {data.treatment} (treated) or {data.time_zero} (never treated)",
            (f"{data.treatment}", f"never {data.treatment}"),
            contrast(adjust_for),
        ),
        assumptions=common(bool(adjust_for), "the hazard does not depend on the time since " + data.time_zero, NO_IMMORTAL),
        method="Cox model; time of the treated counted from the start of treatment",
        adjusted_for=tuple(adjust_for),
        tau_months=tau_months,
        level=level,
        diagnostics={"immortal_months": float(np.nansum(data.treated_months))},
    )


def time_varying(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str] = (),
    level: float = 0.95,
) -> CausalEstimate:
    """Treatment as a time-varying covariate: untreated until it starts, treated from then on.

    No survival curve belongs to it: the groups exchange members. Only baseline covariates can be adjusted
    for; one that changes over time and is affected by treatment needs weights.
    """
    require_waiting(data, "a time-varying analysis")
    _baseline_only(data, adjust_for, "time-varying treatment")
    key, label = suffix(adjust_for)
    rows = switch_rows(data)
    covariates = {name: column[rows.patient] for name, column in varying_part(columns(data, adjust_for)).items()}
    return estimate(
        data,
        PersonTime(rows.patient, rows.start, rows.stop, rows.event, rows.treated, covariates=covariates),
        key=f"time-varying{key}",
        label=f"Time-varying treatment{label}",
        estimand=Estimand(
            "patients alive at each moment",
            data.time_zero,
            (f"{data.treatment} begun", f"{data.treatment} not begun yet"),
            contrast(adjust_for),
        ),
        assumptions=common(
            bool(adjust_for), "at each moment, whether treatment starts depends on prognosis only through what is adjusted for"
        ),
        method="Cox model with start-stop rows: untreated before, treated after the start of treatment",
        adjusted_for=tuple(adjust_for),
        curves=False,
        level=level,
    )


def landmark(
    data: ObservationalData,
    landmark_months: float,
    *,
    adjust_for: Sequence[str] = (),
    tau_months: float | None = None,
    level: float = 0.95,
) -> CausalEstimate:
    """Treated by a landmark against not treated by it, among those still followed then, counted from it.

    Later treatment of the comparator is ignored. `tau_months` counts from the landmark. Time-varying
    covariates are taken at the landmark.

    Raises
    ------
    PagetError
        Where nobody, or everybody, was treated by the landmark, or nobody is left at it.
    """
    rows, alive = landmark_rows(data, landmark_months)
    covariates = varying_part(columns(data, adjust_for, at=landmark_months, rows=alive))
    key, label = suffix(adjust_for)
    return estimate(
        data,
        PersonTime(rows.patient, rows.start, rows.stop, rows.event, rows.treated, covariates=covariates),
        key=f"landmark-{landmark_months:g}{key}",
        label=f"Landmark {in_months(landmark_months)}{label}",
        estimand=landmark_estimand(data, landmark_months, contrast(adjust_for)),
        assumptions=common(bool(adjust_for), "treatment by the landmark depends on prognosis only through what is adjusted for"),
        method=f"Cox model from the landmark at {in_months(landmark_months)}",
        adjusted_for=tuple(adjust_for),
        tau_months=tau_months,
        level=level,
        diagnostics=landmark_losses(data, landmark_months),
    )


def landmark_rows(data: ObservationalData, at_months: float) -> tuple[PersonTime, Ints]:
    """Follow-up from the landmark of those still followed then, and their row numbers.

    Raises
    ------
    PagetError
        Where the landmark leaves nobody, or one group empty.
    """
    require_waiting(data, "a landmark analysis")
    if not at_months >= 0:
        raise PagetError("a landmark lies at 0 months or later", got=at_months)
    alive = np.flatnonzero(data.months > at_months).astype(np.int64)
    if not alive.size:
        raise PagetError(
            f"nobody is followed beyond the landmark of {in_months(at_months)}",
            where=data.where,
            got=f"last follow-up at {data.months.max():.4g} months",
            fix="an earlier landmark",
        )
    treated = data.starts[alive] <= at_months
    if treated.all() or not treated.any():
        first = float(np.nanmin(data.treated_months))
        raise PagetError(
            f"{'everybody' if treated.all() else 'nobody'} followed at the landmark of {in_months(at_months)} had been treated by then",
            where=data.where,
            got=f"{len(alive)} patients at the landmark; the first treatment at {first:.4g} months",
            fix="another landmark, or the time-varying analysis, which needs none",
        )
    late = np.maximum(entry(data)[alive] - at_months, 0.0)
    return PersonTime(alive, late, data.months[alive] - at_months, data.event[alive], treated), alive


def landmark_estimand(data: ObservationalData, at_months: float, contrast: str) -> Estimand:
    """Estimand of a landmark analysis."""
    return Estimand(
        f"patients followed beyond {in_months(at_months)}",
        f"{in_months(at_months)} after {data.time_zero}",
        (f"{data.treatment} within {in_months(at_months)}", f"no {data.treatment} within {in_months(at_months)}"),
        contrast,
        landmark_months=at_months,
    )


def landmark_losses(data: ObservationalData, at_months: float) -> dict[str, int]:
    """Patients and events before the landmark, and the untreated at it who are treated later."""
    early = data.months <= at_months
    later = ~early & data.ever_treated & (data.starts > at_months)
    return {
        "left_before_landmark": int(early.sum()),
        "events_before_landmark": int((early & data.event).sum()),
        "treated_after_landmark": int(later.sum()),
    }


def switch_rows(data: ObservationalData) -> PersonTime:
    """Start-stop rows: before and after the start of treatment.

    Treatment recorded at the moment of exit is taken to have begun an instant before it.
    """
    begin, end = entry(data), data.months
    start = starts_before_exit(data)
    before = np.flatnonzero((start > begin) & (np.minimum(start, end) >= begin))
    after = np.flatnonzero(data.ever_treated)
    stays = ~data.ever_treated[before]
    return PersonTime(
        np.concatenate([before, after]),
        np.concatenate([begin[before], np.maximum(start[after], begin[after])]),
        np.concatenate([np.where(stays, end[before], start[before]), end[after]]),
        np.concatenate([data.event[before] & stays, data.event[after]]),
        np.concatenate([np.zeros(len(before), dtype=bool), np.ones(len(after), dtype=bool)]),
    )


def _baseline_only(data: ObservationalData, names: Sequence[str], what: str) -> None:
    changing = [name for name in names if name not in data.covariates and data.varying is not None and name in data.varying.values]
    if changing:
        raise PagetError(
            f"{what} cannot adjust for {changing[0]!r}, which changes over time",
            where=data.where,
            expected="baseline covariates",
            fix="clone-censor-weight and sequential trials weight for it; a landmark takes its value at the landmark",
        )
