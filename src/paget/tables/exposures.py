"""ADEX: courses of systemic therapies, as far as the study saw them."""

from __future__ import annotations

import polars as pl

from paget.tables.observe import date_of, day, need, observe
from paget.tables.study_info import StudyInfo

ORDER: tuple[str, ...] = (
    *("STUDYID", "USUBJID", "REPLIC", "TRTP", "TRTPN", "ITTFL", "ASEQ", "EXTRT", "EXCLAS", "EXROUTE", "LINE"),
    *("ASTDT", "ASTDY", "AENDT", "AENDY", "ADURN", "EXONGFL", "EXDOSE", "EXDOSU"),
)
"""Variables of ADEX in the order of the file."""


def identified(rows: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Rows of patients with what every table says of a subject, and the study's view of her (``_rand``, ``_end``, ``RANDDT``)."""
    seen = observe(patients, study).select(
        "patient_id", "_row", "_rand", "_end", "RANDDT", "USUBJID",
        STUDYID=pl.lit(study.study_id),
        REPLIC=pl.col("replicate").cast(pl.Int64),
        TRTP=pl.col("arm").replace_strict(study.labels, return_dtype=pl.String),
        TRTPN=pl.col("arm").replace_strict(study.numbers, return_dtype=pl.Int64),
        ITTFL=pl.lit("Y"),
    )  # fmt: skip
    return rows.join(seen, on="patient_id", how="inner")


def study_day(since: pl.Expr) -> pl.Expr:
    """Study day of a time in days from randomisation: 1 on the day itself, -1 the day before; there is no day 0."""
    whole = since.floor().cast(pl.Int64)
    return pl.when(whole >= 0).then(whole + 1).otherwise(whole)


def adex(courses: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Exposure: one row for each course of a therapy that began while the study saw the patient.

    Parameters
    ----------
    courses : polars.DataFrame
        Raw courses (days from diagnosis): ``patient_id``, ``label``, ``class``, ``route``, ``line``, ``start_day``, ``stop_day``,
        ``dose``, ``dose_unit``.
    patients : polars.DataFrame
        Raw patients, one row each.
    study : StudyInfo

    Returns
    -------
    polars.DataFrame
        A course that goes on at the end of observation ends there and has ``EXONGFL`` Y; ``ADURN`` is in days. ``EXDOSE`` is the dose of
        the whole course, and null for one that goes on.

    Raises
    ------
    ValueError
        If a raw column is missing.
    """
    need(courses, ["patient_id", "label", "class", "route", "line", "start_day", "stop_day", "dose", "dose_unit"], "courses")
    rows = identified(courses, patients, study).filter(day("start_day") <= pl.col("_end"))
    goes_on = day("stop_day") > pl.col("_end")
    start = day("start_day") - pl.col("_rand")
    stop = pl.min_horizontal(day("stop_day"), pl.col("_end")) - pl.col("_rand")
    return (
        rows.with_columns(
            EXTRT=pl.col("label"), EXCLAS=pl.col("class"), EXROUTE=pl.col("route"), LINE=pl.col("line").cast(pl.Int64),
            ASTDT=date_of(start), ASTDY=study_day(start), AENDT=date_of(stop), AENDY=study_day(stop), ADURN=stop - start,
            EXONGFL=pl.when(goes_on).then(pl.lit("Y")).otherwise(pl.lit("")),
            EXDOSE=pl.when(~goes_on).then(pl.col("dose")), EXDOSU=pl.col("dose_unit"),
        )
        .sort("_row", "start_day", "EXTRT")
        .with_columns(ASEQ=pl.int_range(1, pl.len() + 1).over("USUBJID"))
        .select(ORDER)
    )  # fmt: skip
