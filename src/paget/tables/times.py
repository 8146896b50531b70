"""ADTTE: one row per subject and time-to-event parameter; ``CNSR`` 0 is an event."""

from __future__ import annotations

import polars as pl

from paget.tables.further import further_events
from paget.tables.labels import TTE_PARAMS
from paget.tables.observe import date_of, observe
from paget.tables.study_info import StudyInfo
from paget.tables.subjects import adsl
from paget.tables.treated import Raw
from paget.units import DAYS_PER_MONTH

CARRIED: tuple[str, ...] = (
    *(
        "AGE",
        "AGEGR1",
        "MENOP",
        "SUBTYPE",
        "HIST",
        "ECOGBL",
        "COMORBL",
        "PRIMCMBL",
        "NODEBL",
        "NMETBL",
        "NSITEBL",
    ),
    *("SITEGRP", "SOLBONFL", "DENOVOFL"),
)
"""Baseline variables repeated in ADTTE, so that a subgroup needs no join."""

ORDER: tuple[str, ...] = (
    *("STUDYID", "USUBJID", "REPLIC", "TRTP", "TRTPN", "TRTA", "TRTAN", "ITTFL", "PPROTFL", "STRATUM"),
    *(
        "PARAMCD",
        "PARAM",
        "PARAMN",
        "AVAL",
        "AVALU",
        "STARTDT",
        "ADT",
        "ENTRY",
        "CNSR",
        "EVNTDESC",
        "CNSDTDSC",
    ),
    *("SRCDOM", "SRCVAR", "SRCSEQ"),
    *CARRIED,
)
"""Variables of ADTTE in the order of the file."""


def adtte(
    patients: pl.DataFrame, study: StudyInfo, *, assessments: pl.DataFrame | None = None, raw: Raw | None = None
) -> pl.DataFrame:
    """Time-to-event table with the parameters OS, PFS, DPFS, TTLRP, OSDX and TPFS, and those of ``study.endpoints``.

    Parameters
    ----------
    patients : polars.DataFrame
        Raw patients (times in days from diagnosis).
    study : StudyInfo
        Names and calendar of the study.
    assessments : polars.DataFrame, optional
        Raw visits where they were kept, for the last assessment before the data cut.
    raw : Raw, optional
        Everything written down about these patients; further endpoints need it.

    Returns
    -------
    polars.DataFrame
        Sorted as `patients`, then by ``PARAMN``. ``AVAL`` is in months of 30.4375 days, exact (not rounded
        to the whole days of ``ADT``). ``CNSR`` is 0 for an event and 1 for a censored time; in TTLRP death
        comes first with 2, a competing event. ``ENTRY`` is 0 but for OSDX, where subjects enter the risk
        set at randomisation.

    Raises
    ------
    ValueError, PagetError
        As `paget.tables.adsl`.
    """
    subjects = adsl(patients, study, assessments=assessments).select(
        "STUDYID",
        "REPLIC",
        pl.col("TRT01P").alias("TRTP"),
        pl.col("TRT01PN").alias("TRTPN"),
        pl.col("TRT01A").alias("TRTA"),
        pl.col("TRT01AN").alias("TRTAN"),
        "ITTFL",
        "PPROTFL",
        "STRATUM",
        "DIAGDT",
        *CARRIED,
    )
    seen = observe(patients, study, assessments)
    frame = pl.concat([subjects, seen.select([c for c in seen.columns if c not in subjects.columns])], how="horizontal")
    parts = [
        _survival(frame),
        _progression(frame, "PFS", "progression_day", "DISEASE PROGRESSION", "PDDT"),
        _progression(frame, "DPFS", "distant_progression_day", "DISTANT PROGRESSION", "DPDDT"),
        _locoregional(frame),
        _survival_from_diagnosis(frame),
        _true_progression(frame),
    ]
    if raw is not None and study.endpoints:
        parts.append(_further(frame, further_events(patients, study, raw)))
    return pl.concat(parts).sort("_row", "PARAMN").select(ORDER)


def _further(frame: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Rows of the endpoints that `paget.tables.further` derives."""
    numbers = {code: number for code, (number, _) in TTE_PARAMS.items()}
    texts = {code: label for code, (_, label) in TTE_PARAMS.items()}
    return (
        events.join(frame, on="_row", how="inner", maintain_order="left")
        .with_columns(
            PARAMCD=pl.col("code"),
            PARAM=pl.col("code").replace_strict(texts, return_dtype=pl.String),
            PARAMN=pl.col("code").replace_strict(numbers, return_dtype=pl.Int64),
            AVAL=(pl.col("_day") - pl.col("_origin")) / DAYS_PER_MONTH,
            AVALU=pl.lit("MONTHS"),
            STARTDT=date_of(pl.col("_origin") - pl.col("_rand")),
            ADT=date_of(pl.col("_day") - pl.col("_rand")),
            ENTRY=pl.lit(0.0),
            EVNTDESC=pl.col("event"),
            CNSDTDSC=pl.col("censored"),
            SRCDOM=pl.lit(""),
            SRCVAR=pl.lit(""),
            SRCSEQ=pl.lit(None, dtype=pl.Int64),
        )
        .select("_row", *ORDER)
    )


def _rows(
    frame: pl.DataFrame,
    code: str,
    *,
    day: pl.Expr,
    cnsr: pl.Expr,
    event: pl.Expr,
    censored: pl.Expr,
    variable: pl.Expr,
    from_diagnosis: bool = False,
) -> pl.DataFrame:
    """Rows of one parameter from the day (from diagnosis) and the coding of what happened on it."""
    number, label = TTE_PARAMS[code]
    origin = pl.lit(0.0) if from_diagnosis else pl.col("_rand")
    entry = pl.col("_rand") / DAYS_PER_MONTH if from_diagnosis else pl.lit(0.0)
    return (
        frame.with_columns(_day=day, CNSR=cnsr.cast(pl.Int64))
        .with_columns(
            PARAMCD=pl.lit(code),
            PARAM=pl.lit(label),
            PARAMN=pl.lit(number, dtype=pl.Int64),
            AVAL=(pl.col("_day") - origin) / DAYS_PER_MONTH,
            AVALU=pl.lit("MONTHS"),
            STARTDT=pl.col("DIAGDT") if from_diagnosis else pl.col("RANDDT"),
            ADT=date_of(pl.col("_day") - pl.col("_rand")),
            ENTRY=entry,
            EVNTDESC=pl.when(pl.col("CNSR") == 1).then(pl.lit("")).otherwise(event),
            CNSDTDSC=pl.when(pl.col("CNSR") == 1).then(censored).otherwise(pl.lit("")),
            SRCDOM=pl.when(variable == "").then(pl.lit("")).otherwise(pl.lit("ADSL")),
            SRCVAR=variable,
            SRCSEQ=pl.lit(None, dtype=pl.Int64),
        )
        .select("_row", *ORDER)
    )


def _censored(*, dead: pl.Expr | None = None) -> pl.Expr:
    """CNSR of a parameter whose event is `dead` (default: death as the study saw it)."""
    happened = pl.col("_dead") if dead is None else dead
    return pl.when(happened).then(0).otherwise(1)


def _survival(frame: pl.DataFrame) -> pl.DataFrame:
    return _rows(
        frame,
        "OS",
        day=pl.col("_end"),
        cnsr=_censored(),
        event=pl.lit("DEATH"),
        censored=pl.lit("LAST KNOWN ALIVE: ") + pl.col("_reason"),
        variable=pl.when("_dead").then(pl.lit("DTHDT")).otherwise(pl.lit("LSTALVDT")),
    )


def _survival_from_diagnosis(frame: pl.DataFrame) -> pl.DataFrame:
    return _rows(
        frame,
        "OSDX",
        day=pl.col("_end"),
        cnsr=_censored(),
        event=pl.lit("DEATH"),
        censored=pl.lit("LAST KNOWN ALIVE: ") + pl.col("_reason"),
        variable=pl.when("_dead").then(pl.lit("DTHDT")).otherwise(pl.lit("LSTALVDT")),
        from_diagnosis=True,
    )


def _last_visit() -> tuple[pl.Expr, pl.Expr]:
    """Where a patient without progression is censored: description and source variable."""
    words = (
        pl.when(~pl.col("_last_kept"))
        .then(pl.lit("LAST KNOWN ALIVE: VISITS NOT KEPT"))
        .when(pl.col("_last") <= pl.col("_rand"))
        .then(pl.lit("RANDOMISATION: NO LATER ASSESSMENT"))
        .otherwise(pl.lit("LAST EVALUABLE ASSESSMENT"))
    )
    variable = pl.when(pl.col("_last") <= pl.col("_rand")).then(pl.lit("RANDDT")).otherwise(pl.lit("LSTASDT"))
    return words, variable


def _progression(frame: pl.DataFrame, code: str, column: str, words: str, source: str) -> pl.DataFrame:
    progressed = pl.col(column).is_not_null()
    censored, variable = _last_visit()
    return _rows(
        frame,
        code,
        day=pl.when(progressed).then(pl.col(column)).when(pl.col("_dead")).then(pl.col("death_day")).otherwise(pl.col("_last")),
        cnsr=_censored(dead=progressed | pl.col("_dead")),
        event=pl.when(progressed).then(pl.lit(words)).otherwise(pl.lit("DEATH")),
        censored=censored,
        variable=pl.when(progressed).then(pl.lit(source)).when(pl.col("_dead")).then(pl.lit("DTHDT")).otherwise(variable),
    )


def _locoregional(frame: pl.DataFrame) -> pl.DataFrame:
    progressed = pl.col("locoregional_progression_day").is_not_null()
    censored, variable = _last_visit()
    return _rows(
        frame,
        "TTLRP",
        day=pl.when(progressed)
        .then(pl.col("locoregional_progression_day"))
        .when(pl.col("_dead"))
        .then(pl.col("death_day"))
        .otherwise(pl.col("_last")),
        cnsr=pl.when(progressed).then(0).when(pl.col("_dead")).then(2).otherwise(1),
        event=pl.when(progressed).then(pl.lit("LOCOREGIONAL PROGRESSION")).otherwise(pl.lit("DEATH")),
        censored=censored,
        variable=pl.when(progressed).then(pl.lit("LRPDT")).when(pl.col("_dead")).then(pl.lit("DTHDT")).otherwise(variable),
    )


def _true_progression(frame: pl.DataFrame) -> pl.DataFrame:
    # Growth that began before randomisation is an event at time 0: no trial could have seen it.
    progressed = pl.col("true_progression_day").is_not_null()
    return _rows(
        frame,
        "TPFS",
        day=pl.when(progressed).then(pl.max_horizontal("true_progression_day", "_rand")).otherwise(pl.col("_end")),
        cnsr=_censored(dead=progressed | pl.col("_dead")),
        event=pl.when(progressed).then(pl.lit("TRUE PROGRESSION")).otherwise(pl.lit("DEATH")),
        censored=pl.lit("LAST KNOWN ALIVE: ") + pl.col("_reason"),
        variable=pl.when(progressed).then(pl.lit("")).when(pl.col("_dead")).then(pl.lit("DTHDT")).otherwise(pl.lit("LSTALVDT")),
    )
