"""ADRS: tumour response by RECIST 1.1 per visit, and what follows from it per subject.

Confirmation of a response is not required: a single CR or PR counts. Stable disease counts only from
`SD_WINDOW_DAYS` after randomisation (earlier it is NE), as in admiralonco.
"""

from __future__ import annotations

import polars as pl

from paget.tables.labels import RESPONSES
from paget.tables.observe import date_of, day, need, observe
from paget.tables.study_info import StudyInfo
from paget.tables.treated import Raw, index_responses

_SAME_DAY = 1e-6

SD_WINDOW_DAYS = 42.0
"""Days from randomisation before which stable disease does not count (admiralonco's default)."""

PARAMS: dict[str, tuple[int, str]] = {
    "OVR": (1, "Overall Response by Investigator"),
    "PD": (2, "Disease Progression by Investigator"),
    "RSP": (3, "Response by Investigator, Unconfirmed"),
    "CB": (4, "Clinical Benefit by Investigator"),
    "BOR": (5, "Best Overall Response, Unconfirmed"),
    "CR": (6, "Complete Response by Investigator, Unconfirmed"),
    "RSP2": (7, "Response to Second Line by Investigator, Unconfirmed"),
}
"""Number and label of each response parameter."""

ORDER: tuple[str, ...] = (
    *("STUDYID", "USUBJID", "REPLIC", "TRTP", "TRTPN", "ITTFL", "PARAMCD", "PARAM", "PARAMN"),
    *("PARCAT1", "PARCAT2", "PARCAT3", "AVISIT", "AVISITN", "ADT", "ADY", "AVALC", "AVAL", "ANL01FL"),
    *("LINE", "TRGRESP", "NTRGRESP", "NEWLFL"),
)
"""Variables of ADRS in the order of the file."""

LOCAL_RULES = {"RSP": ["CR", "PR"], "CR": ["CR"]}
"""Responses of locally treated lesions that make each parameter."""

RAW = ("patient_id", "visit", "day", "line", "target_response", "nontarget_response", "new_lesion")
RAW_TOO = ("overall_response", "baseline")


def visits_seen(assessments: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Visits that the study saw, with each patient's baseline visit and first progression.

    Adds ``_baseline`` (this row is the baseline), ``_post`` (after it), ``_counted`` (after it, up to and
    with the first PD), and what `observe` adds. The baseline is the last visit on or before randomisation
    (after an induction: that of the gate, not that of the diagnosis); without any, the last one marked.
    """
    need(assessments, [*RAW, *RAW_TOO], "assessments")
    subjects = observe(patients, study, assessments)
    if subjects["patient_id"].is_duplicated().any():
        raise ValueError("a patient has several rows: visits cannot be told apart (pass one arm of twins at a time)")
    subjects = subjects.select(*("patient_id", "USUBJID", "RANDDT", "_row", "_rand", "_end", "arm", "replicate", "surgery_day"))
    frame = (
        assessments.with_columns(_day=day("day"))
        .join(subjects, on="patient_id")
        .filter(pl.col("_day") <= pl.col("_end"))
        .sort("_row", "_day", "visit")
    )
    marked = pl.col("_day").filter(pl.col("baseline")).max().over("patient_id")
    before = pl.col("_day").filter(pl.col("_day") <= pl.col("_rand") + _SAME_DAY).max().over("patient_id")
    frame = frame.with_columns(_base_day=pl.coalesce(before, marked, "_rand"))
    frame = frame.with_columns(_baseline=pl.col("_day") == pl.col("_base_day"), _post=pl.col("_day") > pl.col("_base_day"))
    # visits are numbered from the baseline, so that the same number means the same visit in everybody
    base_visit = pl.col("visit").filter(pl.col("_day") <= pl.col("_base_day")).max().over("patient_id")
    frame = frame.with_columns(_nth=(pl.col("visit") - base_visit.fill_null(0)).cast(pl.Int64))
    progressed = (pl.col("overall_response") == "PD") & pl.col("_post")
    first = pl.col("_day").filter(progressed.fill_null(value=False)).min().over("patient_id")
    return frame.with_columns(_counted=pl.col("_post") & (first.is_null() | (pl.col("_day") <= first)))


def _study_day() -> pl.Expr:
    """ADaM relative day: randomisation is day 1, there is no day 0."""
    gap = (pl.col("ADT") - pl.col("RANDDT")).dt.total_days()
    return pl.when(gap >= 0).then(gap + 1).otherwise(gap).cast(pl.Int64)


def common(study: StudyInfo) -> list[pl.Expr]:
    """Expressions of the variables that every row of ADRS and ADTR carries."""
    return [
        pl.lit(study.study_id).alias("STUDYID"),
        pl.col("replicate").cast(pl.Int64).alias("REPLIC"),
        pl.col("arm").replace_strict(study.labels, return_dtype=pl.String).alias("TRTP"),
        pl.col("arm").replace_strict(study.numbers, return_dtype=pl.Int64).alias("TRTPN"),
        pl.lit("Y").alias("ITTFL"),
        _study_day().alias("ADY"),
    ]


def visit_name() -> list[pl.Expr]:
    """``AVISIT`` and ``AVISITN``: 0 is the baseline, earlier visits (of an induction) are negative."""
    number = pl.col("_nth")
    return [
        pl.when(number == 0)
        .then(pl.lit("Baseline"))
        .when(number > 0)
        .then(pl.lit("Visit ") + number.cast(pl.String))
        .otherwise(pl.lit("Before baseline ") + number.abs().cast(pl.String))
        .alias("AVISIT"),
        number.alias("AVISITN"),
    ]


def adrs(assessments: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, *, raw: Raw | None = None) -> pl.DataFrame:
    """Response table.

    Parameters
    ----------
    assessments : polars.DataFrame
        Raw visits (times in days from diagnosis).
    patients : polars.DataFrame
        Raw patients whose visits were kept; one row each. A patient without any visit gets BOR ``NE``.
    study : StudyInfo
        Names and calendar of the study.
    raw : Raw, optional
        Everything written down about these patients; where the study treats lesions locally, ``RSP`` and ``CR`` are then of
        the lesions in the treated places that were seen at baseline.

    Returns
    -------
    polars.DataFrame
        Per visit ``OVR`` (``ANL01FL`` is Y after baseline up to and with the first PD); per subject ``PD``,
        ``RSP``, ``CB`` (Y/N, AVAL 1/0, with the date of the first) and ``BOR``. Visits after the data cut
        are left out.

    Raises
    ------
    ValueError
        If a raw column is missing or a patient has several rows.
    """
    visits = visits_seen(assessments, patients, study)
    overall = visits.filter(~pl.col("_baseline") & pl.col("overall_response").is_not_null()).with_columns(
        ADT=date_of(pl.col("_day") - pl.col("_rand")),
        PARAMCD=pl.lit("OVR"),
        AVALC=pl.col("overall_response"),
        AVAL=pl.col("overall_response").replace_strict(RESPONSES, return_dtype=pl.Float64),
        ANL01FL=pl.when("_counted").then(pl.lit("Y")).otherwise(pl.lit("")),
        LINE=pl.col("line").cast(pl.Int64),
        TRGRESP=pl.col("target_response").fill_null(""),
        NTRGRESP=pl.col("nontarget_response").fill_null(""),
        NEWLFL=pl.when(pl.col("new_lesion").fill_null(value=False)).then(pl.lit("Y")).otherwise(pl.lit("")),
    )
    overall = overall.with_columns(*visit_name(), *common(study))
    parts = [_finish(overall), *(_finish(part) for part in _derived(overall, patients, study, raw))]
    return pl.concat(parts).sort("_row", "PARAMN", "ADT", "AVISITN", nulls_last=True).select(ORDER)


def _finish(frame: pl.DataFrame) -> pl.DataFrame:
    """Label the parameter and bring the columns into the order of the file."""
    numbers = {code: number for code, (number, _) in PARAMS.items()}
    texts = {code: label for code, (_, label) in PARAMS.items()}
    return frame.with_columns(
        PARAM=pl.col("PARAMCD").replace_strict(texts, return_dtype=pl.String),
        PARAMN=pl.col("PARAMCD").replace_strict(numbers, return_dtype=pl.Int64),
        PARCAT1=pl.lit("Tumor Response"),
        PARCAT2=pl.lit("Investigator"),
        PARCAT3=pl.lit("RECIST 1.1"),
    ).select("_row", *ORDER)


def _derived(overall: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw | None) -> list[pl.DataFrame]:
    """One row per subject of PD, RSP, CB and BOR, and of CR where the study asks for it."""
    counted = overall.filter(pl.col("ANL01FL") == "Y")
    early = (pl.col("_day") - pl.col("_rand")) < SD_WINDOW_DAYS
    stable = pl.col("AVALC").is_in(["SD", "NON-CR/NON-PD"])
    counted = counted.with_columns(_best=pl.when(stable & early).then(float(RESPONSES["NE"])).otherwise(pl.col("AVAL")))
    responded = pl.col("AVALC").is_in(["CR", "PR"])
    rules = {
        "PD": pl.col("AVALC") == "PD",
        "RSP": responded,
        "CB": responded | (stable & ~early),
    }
    if study.benefit_days is not None:
        rules["CB"] = responded | (stable & ((pl.col("_day") - pl.col("_rand")) >= study.benefit_days))
    if "CR" in study.endpoints:
        rules["CR"] = pl.col("AVALC") == "CR"
    local = index_responses(raw, patients, study) if raw is not None and study.local_places else None
    # Where two visits share the best response the first counts; NE carries the date of the last visit.
    best = (
        counted.sort("_row", "_best", "_day")
        .group_by("_row", maintain_order=True)
        .agg(_best=pl.col("_best").first(), _first=pl.col("ADT").first(), _last=pl.col("ADT").max())
        .with_columns(ADT=pl.when(pl.col("_best") == RESPONSES["NE"]).then(pl.col("_last")).otherwise("_first"))
        .select("_row", "_best", "ADT")
    )
    subjects = observe(patients, study).select("_row", "USUBJID", "RANDDT", "_rand", "arm", "replicate")
    blank = {
        "AVISIT": pl.lit(""),
        "AVISITN": pl.lit(None, dtype=pl.Int64),
        "ANL01FL": pl.lit("Y"),
        "LINE": pl.lit(None, dtype=pl.Int64),
        **{name: pl.lit("") for name in ("TRGRESP", "NTRGRESP", "NEWLFL")},
    }
    parts = []
    for code, rule in rules.items():
        first = counted.filter(rule).group_by("_row").agg(ADT=pl.col("ADT").min())
        if local is not None and code in LOCAL_RULES:
            first = (
                local.filter(pl.col("response").is_in(LOCAL_RULES[code]))
                .join(subjects.select("_row", "RANDDT", "_rand"), on="_row")
                .select("_row", ADT=date_of(pl.col("judged_day") - pl.col("_rand")))
            )
        part = subjects.join(first, on="_row", how="left", maintain_order="left")
        happened = pl.col("ADT").is_not_null()
        parts.append(
            part.with_columns(
                PARAMCD=pl.lit(code),
                AVALC=pl.when(happened).then(pl.lit("Y")).otherwise(pl.lit("N")),
                AVAL=happened.cast(pl.Float64),
                **blank,
            )
        )
    if "RSP2" in study.endpoints:
        parts.append(_second_line(overall, subjects, blank))
    names = {float(number): name for name, number in RESPONSES.items()}
    bor = subjects.join(best, on="_row", how="left", maintain_order="left").with_columns(
        AVAL=pl.col("_best").fill_null(float(RESPONSES["NE"]))
    )
    parts.append(
        bor.with_columns(PARAMCD=pl.lit("BOR"), AVALC=pl.col("AVAL").replace_strict(names, return_dtype=pl.String), **blank)
    )
    return [part.with_columns(*common(study)) for part in parts]


def _second_line(overall: pl.DataFrame, subjects: pl.DataFrame, blank: dict[str, pl.Expr]) -> pl.DataFrame:
    """Response of those who were seen at least once on a second line, from the baseline at its start."""
    seen = overall.filter(pl.col("LINE") == 2)
    first = seen.filter(pl.col("AVALC").is_in(["CR", "PR"])).group_by("_row").agg(ADT=pl.col("ADT").min())
    happened = pl.col("ADT").is_not_null()
    return (
        subjects.join(seen.select("_row").unique(), on="_row", how="semi")
        .join(first, on="_row", how="left", maintain_order="left")
        .with_columns(
            PARAMCD=pl.lit("RSP2"),
            AVALC=pl.when(happened).then(pl.lit("Y")).otherwise(pl.lit("N")),
            AVAL=happened.cast(pl.Float64),
            **blank,
        )
    )
