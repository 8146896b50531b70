"""From whole simulated lives to what the study could see before its data cut.

The simulation hands over complete lives in days from diagnosis. A study sees a patient until the data cut,
the day she is lost, or the end of the simulated horizon, whichever comes first; later days become null
here, so that no table can leak the future.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from paget.errors import PagetError
from paget.tables.study_info import StudyInfo
from paget.units import DAYS_PER_MONTH

PATIENT_DAYS = (
    "surgery_day",
    "progression_day",
    "distant_progression_day",
    "locoregional_progression_day",
    "true_progression_day",
    "death_day",
)
"""Columns of the patients' frame that hold the day of an event (null where it did not happen)."""


def need(frame: pl.DataFrame, columns: Sequence[str], name: str) -> None:
    """Raise ValueError where a raw frame lacks a column (a defect of the caller, not of the user)."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"the {name} frame lacks the columns {', '.join(missing)}")


def day(name: str) -> pl.Expr:
    """Read a column of days with NaN as null."""
    return pl.col(name).cast(pl.Float64).fill_nan(None)


def date_of(day_after_randomisation: pl.Expr) -> pl.Expr:
    """Calendar date of a time given in days from randomisation (whole days, rounded down).

    Rounding down both the randomisation and the interval keeps every date on or before the data cut.
    """
    whole = day_after_randomisation.floor().cast(pl.Int64)
    return (pl.col("RANDDT") + pl.duration(days=whole)).cast(pl.Date)


def observe(patients: pl.DataFrame, study: StudyInfo, assessments: pl.DataFrame | None = None) -> pl.DataFrame:
    """Patients with what the study saw: helper columns start with ``_``, in days from diagnosis.

    Adds ``USUBJID``, ``RANDDT``, ``_rand``, ``_end`` (last known alive, or day of death), ``_reason`` (why
    observation ended), ``_dead``, ``_last`` (last evaluable assessment, at least randomisation),
    ``_last_kept`` (False where single visits are not known and ``_last`` is the last day known alive), and
    the event days masked by ``_end``.

    Raises
    ------
    ValueError
        If a needed column is missing or an arm is not in the study.
    PagetError
        If a patient was randomised after the data cut.
    """
    need(
        patients,
        [
            "patient_id",
            "arm",
            "randomised_day",
            "calendar_month",
            "last_assessment_day",
            "drop_out_day",
            *PATIENT_DAYS,
        ],
        "patients",
    )
    strange = sorted(set(patients["arm"].unique()) - set(study.labels))
    if strange:
        raise ValueError(f"patients of arms that study {study.study_id} does not have: {', '.join(strange)}")
    late = patients.filter(pl.col("calendar_month") > study.data_cut_month)
    if late.height:
        raise PagetError(
            f"{late.height} patients are randomised after the data cut",
            where=study.study_id,
            key="data_cut_month",
            got=study.data_cut_month,
            expected=f"at least {float(late['calendar_month'].to_numpy().max()):.1f} months",
            fix="a later data cut or a faster accrual",
        )
    never = pl.lit(None, dtype=pl.Float64)
    horizon = pl.lit(study.horizon_months * DAYS_PER_MONTH) if study.horizon_months is not None else never
    rand = day("randomised_day")
    cut = rand + (study.data_cut_month - pl.col("calendar_month")) * DAYS_PER_MONTH
    frame = patients.with_columns([day(name).alias(name) for name in PATIENT_DAYS]).with_columns(
        _row=pl.int_range(pl.len()),
        USUBJID=pl.lit(f"{study.study_id}-") + pl.col("patient_id").cast(pl.String),
        RANDDT=(
            pl.lit(study.start_date) + pl.duration(days=(pl.col("calendar_month") * DAYS_PER_MONTH).floor().cast(pl.Int64))
        ).cast(pl.Date),
        _rand=rand,
        _cut=cut,
        _drop=day("drop_out_day"),
        _horizon=horizon,
    )
    alive_until = pl.max_horizontal(pl.min_horizontal("_cut", "_drop", "_horizon"), "_rand")
    frame = frame.with_columns(
        _alive=alive_until, _dead=(pl.col("death_day") <= alive_until).fill_null(value=False)
    ).with_columns(
        _end=pl.when("_dead").then(pl.col("death_day")).otherwise(pl.col("_alive")),
        _reason=pl.when("_dead")
        .then(pl.lit("DEATH"))
        .when((pl.col("_drop") <= pl.col("_alive")).fill_null(value=False))
        .then(pl.lit("LOST TO FOLLOW-UP"))
        .when((pl.col("_horizon") < pl.col("_cut")).fill_null(value=False))
        .then(pl.lit("END OF SIMULATED HORIZON"))
        .otherwise(pl.lit("DATA CUT")),
    )
    seen = [
        pl.when(pl.col(name) <= pl.col("_end")).then(pl.col(name)).alias(name) for name in PATIENT_DAYS if name != "death_day"
    ]
    frame = frame.with_columns(*seen, death_day=pl.when("_dead").then(pl.col("death_day")))
    return _last_assessment(frame, study, assessments)


def _last_assessment(frame: pl.DataFrame, study: StudyInfo, assessments: pl.DataFrame | None) -> pl.DataFrame:
    """Add ``_last`` and ``_last_kept``: the last evaluable assessment that the study saw.

    The patients' own ``last_assessment_day`` counts visits after the data cut too; where it lies there, the
    single visits give the answer, else the planned schedule, else the last day known alive stands in (and
    the table says so).
    """
    frame = frame.with_columns(_last_life=day("last_assessment_day"))
    known = pl.when(pl.col("_last_life").is_null() | (pl.col("_last_life") <= pl.col("_end")))
    if assessments is not None and assessments.height:
        need(assessments, ["patient_id", "day", "overall_response"], "assessments")
        visits = (
            assessments.filter(pl.col("overall_response").is_not_null() & (pl.col("overall_response") != "NE"))
            .select("patient_id", _visit=day("day"))
            .join(frame.select("patient_id", "_end"), on="patient_id")
            .filter(pl.col("_visit") <= pl.col("_end"))
            .group_by("patient_id")
            .agg(_visit=pl.col("_visit").max())
        )
        detailed = assessments.select("patient_id").unique().with_columns(_detailed=pl.lit(value=True))
        frame = frame.join(visits, on="patient_id", how="left", maintain_order="left")
        frame = frame.join(detailed, on="patient_id", how="left", maintain_order="left")
    else:
        frame = frame.with_columns(_visit=pl.lit(None, dtype=pl.Float64), _detailed=pl.lit(None, dtype=pl.Boolean))
    frame = frame.with_columns(_detailed=pl.col("_detailed").fill_null(value=False))
    if study.visit_days:
        schedule = pl.DataFrame({"_planned": sorted({0.0, *(float(d) for d in study.visit_days)})})
        planned = (
            frame.select("_row", "_rand", _since=pl.col("_end") - pl.col("_rand"))
            .sort("_since")
            .join_asof(schedule, left_on="_since", right_on="_planned", strategy="backward")
            .select("_row", _planned=pl.col("_planned") + pl.col("_rand"))
        )
        frame = frame.join(planned, on="_row", how="left", maintain_order="left")
    else:
        frame = frame.with_columns(_planned=pl.lit(None, dtype=pl.Float64))
    last = (
        known.then(pl.col("_last_life"))
        .when(pl.col("_detailed"))
        .then(pl.col("_visit"))
        .otherwise(pl.coalesce("_planned", "_end"))
    )
    kept = (
        known.then(pl.lit(value=True))
        .when(pl.col("_detailed") | pl.col("_planned").is_not_null())
        .then(pl.lit(value=True))
        .otherwise(pl.lit(value=False))
    )
    return frame.with_columns(_last=pl.max_horizontal(last, "_rand"), _last_kept=kept)
