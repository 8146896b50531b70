"""ADLES: one row per lesion that was treated locally; and the response of the lesions that a local treatment is meant for.

The response of a lesion is read off the clinic's measurements: against its last diameter before treatment, at the last visit
within the study's window after it. A lesion that no longer shows is a complete response, whatever cells are left.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import polars as pl

from paget.tables.observe import date_of, day, need, observe
from paget.tables.study_info import StudyInfo
from paget.units import DAYS_PER_MONTH

ORDER: tuple[str, ...] = (
    *("STUDYID", "USUBJID", "REPLIC", "TRTP", "TRTPN", "ITTFL", "TRLNKID", "TULOC", "TRTDT", "NSESS", "SIZEMM", "SIZEGR"),
    *("LRESP", "LRSPFL", "LCRFL", "AVAL", "AVALU", "CNSR", "LLTPFL", "ERADFL", "MARGMM", "VESSEL", "THINMARG"),
)
"""Variables of ADLES in the order of the file."""

PR_SHARE, PD_SHARE, PD_CM = 0.7, 1.2, 0.5
"""Partial response: at least 30 % smaller; progression: at least 20 % and 5 mm larger (RECIST 1.1)."""
WINDOW_SLACK_DAYS = 7.0


@dataclass(frozen=True)
class Raw:
    """Everything written down about the patients of a study while they lived (times in days from diagnosis).

    Attributes
    ----------
    assessments, lesions, exposures, treated : polars.DataFrame
        Visits, lesions seen at them, agents given, lesions treated locally.
    """

    assessments: pl.DataFrame
    lesions: pl.DataFrame
    exposures: pl.DataFrame
    treated: pl.DataFrame


def size_class(cm: pl.Expr, limits: tuple[float, ...]) -> pl.Expr:
    """Name of the size class of a diameter; each class takes its lower limit and not its upper, ``all`` without limits."""
    if not limits:
        return pl.lit("all")
    names = [f"<{limits[0]:g} cm"]
    names += [f"{low:g}-{high:g} cm" for low, high in itertools.pairwise(limits)]
    found: Any = pl.when(cm < limits[0]).then(pl.lit(names[0]))
    for high, name in zip(limits[1:], names[1:], strict=True):
        found = found.when(cm < high).then(pl.lit(name))
    last: pl.Expr = found.otherwise(pl.lit(f">={limits[-1]:g} cm"))
    return last


def response_of(now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """CR, PR, SD or PD from a diameter (or sum) now and before treatment, cm; NE where there is no measurement now."""
    return (
        pl.when(now.is_null())
        .then(pl.lit("NE"))
        .when(now <= 0)
        .then(pl.lit("CR"))
        .when(now <= PR_SHARE * before)
        .then(pl.lit("PR"))
        .when((now >= PD_SHARE * before) & (now >= before + PD_CM))
        .then(pl.lit("PD"))
        .otherwise(pl.lit("SD"))
    )


def visits_of(raw: Raw, subjects: pl.DataFrame) -> pl.DataFrame:
    """Visits that the study saw: one row each, with the patient's `_row`, `_rand` and `_end`."""
    return (
        raw.assessments.select("patient_id", "visit", _day=day("day"), _new=pl.col("new_lesion"), _ovr=pl.col("overall_response"))
        .join(subjects.select("patient_id", "_row", "_rand", "_end"), on="patient_id")
        .filter(pl.col("_day") <= pl.col("_end"))
        .sort("_row", "_day")
    )


def judged_visit(visits: pl.DataFrame, since: pl.DataFrame, window_days: float) -> pl.DataFrame:
    """The visit at which a response is judged: the last one after ``_since`` and within the window (``patient_id``, ``visit``)."""
    return (
        visits.join(since.select("patient_id", "_since"), on="patient_id")
        .filter((pl.col("_day") > pl.col("_since")) & (pl.col("_day") <= pl.col("_since") + window_days + WINDOW_SLACK_DAYS))
        .group_by("patient_id", maintain_order=True)
        .agg(visit=pl.col("visit").last())
    )


def treated_lesions(raw: Raw, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Lesions treated at least once, as far as the study saw: sizes in cm, days from diagnosis.

    Only lesions that the clinic knew count; a field treatment also meets others, which nobody can name.
    """
    subjects = observe(patients, study)
    visits = visits_of(raw, subjects)
    seen = raw.lesions.select("patient_id", "visit", "lesion", "role", _cm=day("measured_cm").fill_null(0.0)).join(
        visits.select("patient_id", "visit", "_day"), on=["patient_id", "visit"]
    )
    rows = (
        raw.treated.join(subjects.select("patient_id", "_row", "_end"), on="patient_id")
        .filter(pl.col("day") <= pl.col("_end"))
        .sort("_row", "lesion", "session")
        .group_by("_row", "patient_id", "lesion", "organ", "_end", maintain_order=True)
        .agg(
            _since=pl.col("day").first(), sessions=pl.len(), true_cm=pl.col("true_cm").first(),
            left_cm=pl.col("left_cm").last(), _last_session=pl.col("day").last(), margin_mm=pl.col("margin_mm").last(),
            vessel=pl.col("vessel").last(), thin_margin=pl.col("thin_margin").last(),
        )
    )  # fmt: skip
    before = (
        seen.join(rows.select("patient_id", "lesion", "_since"), on=["patient_id", "lesion"])
        .filter((pl.col("_day") <= pl.col("_since")) & (pl.col("_cm") > 0))
        .sort("_day")
        .group_by("patient_id", "lesion", maintain_order=True)
        .agg(before_cm=pl.col("_cm").last())
    )
    rows = rows.join(before, on=["patient_id", "lesion"], how="inner")
    judged = judged_visit(visits, rows.group_by("patient_id").agg(_since=pl.col("_since").min()), study.response_days)
    after = (
        rows.select("patient_id", "lesion")
        .join(judged, on="patient_id")
        .join(seen.select("patient_id", "visit", "lesion", "_cm"), on=["patient_id", "visit", "lesion"], how="left")
        .select("patient_id", "lesion", now_cm=pl.col("_cm").fill_null(0.0))
    )
    grown = (
        seen.join(rows.select("patient_id", "lesion", "_last_session", "left_cm"), on=["patient_id", "lesion"])
        .filter((pl.col("_day") > pl.col("_last_session")) & (pl.col("_cm") > 0))
        .sort("patient_id", "lesion", "_day")
        .with_columns(_low=pl.col("_cm").cum_min().shift(1).over("patient_id", "lesion"))
        .with_columns(_low=pl.min_horizontal("_low", "left_cm"))
        .filter((pl.col("_cm") >= PD_SHARE * pl.col("_low")) & (pl.col("_cm") >= pl.col("_low") + PD_CM))
        .group_by("patient_id", "lesion", maintain_order=True)
        .agg(grown_day=pl.col("_day").first())
    )
    keys = ["patient_id", "lesion"]
    rows = rows.join(after, on=keys, how="left").join(grown, on=keys, how="left")
    return rows.sort("_row", "lesion").with_columns(response=response_of(pl.col("now_cm"), pl.col("before_cm")))


def adles(raw: Raw, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Table of lesions treated locally.

    Parameters
    ----------
    raw : Raw
        What was written down about these patients.
    patients : polars.DataFrame
        Raw patients, one row each (times in days from diagnosis).
    study : StudyInfo
        Names and calendar; ``lesion_limits_cm`` and ``response_days``.

    Returns
    -------
    polars.DataFrame
        Variables of `ORDER`. ``AVAL`` is months from the first treatment to local progression (``CNSR`` 0), to death (2) or to the
        end of observation (1).

    Raises
    ------
    ValueError
        If a raw column is missing.
    """
    needed = ["patient_id", "day", "session", "lesion", "organ", "true_cm", "left_cm", "margin_mm", "vessel", "thin_margin"]
    need(raw.treated, needed, "treated lesions")
    subjects = observe(patients, study).select("_row", "USUBJID", "RANDDT", "_rand", "arm", "replicate", "death_day")
    frame = treated_lesions(raw, patients, study).join(subjects, on="_row", how="left", maintain_order="left")
    stop = pl.min_horizontal("grown_day", "_end")
    flag = {True: pl.lit("Y"), False: pl.lit("")}
    return frame.select(
        pl.lit(study.study_id).alias("STUDYID"),
        "USUBJID",
        pl.col("replicate").cast(pl.Int64).alias("REPLIC"),
        pl.col("arm").replace_strict(study.labels, return_dtype=pl.String).alias("TRTP"),
        pl.col("arm").replace_strict(study.numbers, return_dtype=pl.Int64).alias("TRTPN"),
        pl.lit("Y").alias("ITTFL"),
        (pl.lit("L") + pl.col("lesion").cast(pl.String)).alias("TRLNKID"),
        pl.col("organ").str.to_uppercase().alias("TULOC"),
        date_of(pl.col("_since") - pl.col("_rand")).alias("TRTDT"),
        pl.col("sessions").cast(pl.Int64).alias("NSESS"),
        (pl.col("before_cm") * 10.0).alias("SIZEMM"),
        size_class(pl.col("before_cm"), study.lesion_limits_cm).alias("SIZEGR"),
        pl.col("response").alias("LRESP"),
        pl.when(pl.col("response").is_in(["CR", "PR"])).then(flag[True]).otherwise(flag[False]).alias("LRSPFL"),
        pl.when(pl.col("response") == "CR").then(flag[True]).otherwise(flag[False]).alias("LCRFL"),
        ((stop - pl.col("_since")) / DAYS_PER_MONTH).alias("AVAL"),
        pl.lit("MONTHS").alias("AVALU"),
        pl.when(pl.col("grown_day").is_not_null()).then(0).when(pl.col("death_day").is_not_null()).then(2).otherwise(1)
        .cast(pl.Int64).alias("CNSR"),
        pl.when(pl.col("grown_day").is_not_null()).then(flag[True]).otherwise(flag[False]).alias("LLTPFL"),
        pl.when(pl.col("left_cm") <= 0).then(flag[True]).otherwise(flag[False]).alias("ERADFL"),
        pl.col("margin_mm").cast(pl.Float64).alias("MARGMM"),
        *(
            pl.when(pl.col(name)).then(pl.lit("Y")).when(pl.col(name).is_not_null()).then(pl.lit("N")).otherwise(pl.lit("")).alias(variable)
            for name, variable in (("vessel", "VESSEL"), ("thin_margin", "THINMARG"))
        ),
    ).select(ORDER)  # fmt: skip


def index_responses(raw: Raw, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Response of the lesions in the treated places that were seen at baseline, patient by patient, treated or not.

    Their sum at the last visit within the study's window after the first local treatment (after randomisation where none was
    given) stands against their sum at baseline. Columns ``patient_id``, ``before_cm``, ``now_cm``, ``response``, ``judged_day``.
    """
    subjects = observe(patients, study).select("patient_id", "_row", "_rand", "_end", local_day=day("local_day"))
    visits = visits_of(raw, subjects)
    started = pl.col("local_day").is_not_null() & (pl.col("local_day") <= pl.col("_end"))
    subjects = subjects.with_columns(_since=pl.when(started).then("local_day").otherwise("_rand"))
    base = (
        visits.filter(pl.col("_day") <= pl.col("_rand") + 1e-6)
        .group_by("patient_id", maintain_order=True)
        .agg(visit=pl.col("visit").last())
    )
    here = raw.lesions.filter(pl.col("organ").is_in(list(study.local_places)))
    chosen = here.join(base, on=["patient_id", "visit"]).filter(day("measured_cm") > 0)
    before = chosen.group_by("patient_id").agg(before_cm=day("measured_cm").sum())
    judged = judged_visit(visits, subjects, study.response_days)
    now = (
        chosen.select("patient_id", "lesion")
        .join(judged, on="patient_id")
        .join(here.select("patient_id", "visit", "lesion", _cm=day("measured_cm")), on=["patient_id", "visit", "lesion"], how="left")
        .group_by("patient_id", "visit")
        .agg(now_cm=pl.col("_cm").fill_null(0.0).sum())
        .join(visits.select("patient_id", "visit", judged_day="_day"), on=["patient_id", "visit"])
    )
    return (
        subjects.join(before, on="patient_id")
        .join(now, on="patient_id", how="left")
        .sort("_row")
        .with_columns(response=response_of(pl.col("now_cm"), pl.col("before_cm")))
        .select("patient_id", "_row", "before_cm", "now_cm", "response", "judged_day")
    )
