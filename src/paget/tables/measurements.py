"""ADTR: diameters of target lesions and their sum, with change from baseline and from nadir (RECIST 1.1).

A target that was operated leaves the sum, and must leave what the sum is compared with: after the operation
BASE and NADIR are counted over the targets that are left, else removing the breast would read as a response
of the metastases.
"""

from __future__ import annotations

import polars as pl

from paget.tables.observe import date_of, day, need
from paget.tables.responses import common, visit_name, visits_seen
from paget.tables.study_info import StudyInfo

NODAL = ("regional-nodes", "distant-nodes")
"""Organs whose targets are measured by the short axis (NLDIAMn); others by the longest diameter."""

LOCOREGIONAL = ("breast", "regional-nodes")
"""Organs whose lesions an operation of the primary can remove."""

MM_PER_CM = 10.0
PD_PERCENT, PD_MM = 20.0, 5.0
"""Target progression: at least +20 % and +5 mm over the nadir (RECIST 1.1)."""

ORDER: tuple[str, ...] = (
    *("STUDYID", "USUBJID", "REPLIC", "TRTP", "TRTPN", "ITTFL", "PARAMCD", "PARAM", "PARAMN", "PARCAT1"),
    *(
        "AVISIT",
        "AVISITN",
        "ADT",
        "ADY",
        "AVAL",
        "AVALU",
        "ABLFL",
        "ANL01FL",
        "LRTFL",
        "NTARG",
        "TRLNKID",
        "TULOC",
    ),
    *("BASE", "CHG", "PCHG", "NADIR", "CHGNAD", "PCHGNAD", "PDFL", "CRFL", "TRUEMM"),
)
"""Variables of ADTR in the order of the file."""


def adtr(lesions: pl.DataFrame, assessments: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Tumour measurements: ``LDIAMn`` and ``NLDIAMn`` per target lesion, ``SDIAM`` their sum, in mm.

    Parameters
    ----------
    lesions : polars.DataFrame
        Raw lesions seen per visit (cm).
    assessments : polars.DataFrame
        Raw visits, of which ``sum_target_cm`` is the sum (cm).
    patients : polars.DataFrame
        Raw patients whose visits were kept; one row each.
    study : StudyInfo
        Names and calendar of the study.

    Returns
    -------
    polars.DataFrame
        ``PCHG`` and ``PCHGNAD`` are percent and null where the reference is 0. ``NADIR`` is the lowest
        earlier
        sum from baseline on. ``ANL01FL`` is Y after baseline up to and with the first PD; later sums are of
        targets chosen anew for the next line and have no BASE or NADIR.

    Raises
    ------
    ValueError
        If a raw column is missing or a patient has several rows.
    """
    need(assessments, ["sum_target_cm", "n_target"], "assessments")
    need(
        lesions,
        ["patient_id", "visit", "day", "lesion", "organ", "role", "measured_cm", "true_cm"],
        "lesions",
    )
    visits = visits_seen(assessments, patients, study)
    targets = lesions.filter((pl.col("role") == "target") & day("measured_cm").is_not_null()).select(
        "patient_id",
        "visit",
        "lesion",
        "organ",
        _mm=day("measured_cm") * MM_PER_CM,
        _true=day("true_cm") * MM_PER_CM,
    )
    parts = [_sums(visits, targets, lesions), _diameters(visits, targets)]
    frame = pl.concat(parts, how="diagonal").with_columns(ADT=date_of(pl.col("_day") - pl.col("_rand")))
    frame = frame.with_columns(
        *common(study),
        *visit_name(),
        PARCAT1=pl.lit("Tumor Measurement"),
        AVALU=pl.lit("mm"),
        ABLFL=pl.when("_baseline").then(pl.lit("Y")).otherwise(pl.lit("")),
        ANL01FL=pl.when("_counted").then(pl.lit("Y")).otherwise(pl.lit("")),
        LRTFL=pl.when(_operated()).then(pl.lit("Y")).otherwise(pl.lit("")),
        CHG=pl.col("AVAL") - pl.col("BASE"),
        CHGNAD=pl.col("AVAL") - pl.col("NADIR"),
    )
    frame = frame.with_columns(
        PCHG=_percent("CHG", "BASE"),
        PCHGNAD=_percent("CHGNAD", "NADIR"),
    ).with_columns(PDFL=_target_progression(), CRFL=_all_gone(), NTARG=pl.col("NTARG").cast(pl.Int64))
    frame = frame.with_columns(pl.col(name).fill_null("") for name in ("TRLNKID", "TULOC", "PDFL", "CRFL"))
    return frame.sort("_row", "PARAMN", "ADT", "AVISITN").select(ORDER)


def _operated() -> pl.Expr:
    """Tell the visits after the operation of the primary."""
    return (pl.col("_day") > pl.col("surgery_day")).fill_null(value=False)


def _percent(change: str, reference: str) -> pl.Expr:
    return pl.when(pl.col(reference) > 0).then(100.0 * pl.col(change) / pl.col(reference))


def _target_progression() -> pl.Expr:
    """PDFL of a sum; from a nadir of 0 any regrowth of 5 mm is more than 20 %."""
    grown = (pl.col("PCHGNAD") >= PD_PERCENT) | ((pl.col("NADIR") == 0) & (pl.col("AVAL") > 0))
    hit = (pl.col("PARAMCD") == "SDIAM") & pl.col("_counted") & grown & (pl.col("CHGNAD") >= PD_MM)
    return pl.when(hit.fill_null(value=False)).then(pl.lit("Y")).otherwise(pl.lit(""))


def _all_gone() -> pl.Expr:
    hit = (pl.col("PARAMCD") == "SDIAM") & pl.col("_post") & (pl.col("target_response") == "CR")
    return pl.when(hit.fill_null(value=False)).then(pl.lit("Y")).otherwise(pl.lit(""))


def _compared(visits: pl.DataFrame, targets: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Choose the target lesions of each epoch (before, after the operation) of each patient.

    They are those that the clinic called targets at a visit that counts: the choice is made anew at
    randomisation,
    and after the operation those of the breast and the regional nodes are no targets any more. A target that
    is
    gone altogether has no row; it keeps its place, unless the operation took it.
    """
    key = ["patient_id", "lesion"]
    epochs = visits.filter("_counted").select("patient_id", "_epoch").unique()
    shown = visits.filter("_counted").select("patient_id", "visit", "_epoch")
    chosen = targets.join(shown, on=["patient_id", "visit"]).select(*key, "_epoch", "organ").unique([*key, "_epoch"])
    at_baseline = visits.filter("_baseline").select("patient_id", "visit")
    earlier = pl.concat(
        [targets.join(at_baseline, on=["patient_id", "visit"]).select(*key, "organ"), chosen.select(*key, "organ")]
    ).unique(key)
    present = lesions.join(shown, on=["patient_id", "visit"]).select(*key, "_epoch").unique()
    gone = (
        earlier.join(epochs, on="patient_id")
        .filter(~(pl.col("_epoch") & pl.col("organ").is_in(LOCOREGIONAL)))
        .join(present, on=[*key, "_epoch"], how="anti")
        .select(*key, "_epoch")
    )
    return pl.concat([chosen.select(*key, "_epoch"), gone]).unique()


def _sums(visits: pl.DataFrame, targets: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Rows of SDIAM; BASE and NADIR are sums of the very lesions that the visit's own sum is of."""
    visits = visits.with_columns(_epoch=_operated())
    measured = lesions.select("patient_id", "visit", "lesion", _mm=day("measured_cm").fill_null(0.0) * MM_PER_CM)
    since = visits.filter(pl.col("_baseline") | pl.col("_counted"))
    over = (
        _compared(visits, targets, lesions)
        .join(measured, on=["patient_id", "lesion"])
        .group_by("patient_id", "visit", "_epoch")
        .agg(_sum=pl.col("_mm").sum())
    )
    grid = (
        since.select("_row", "patient_id", "visit", "_day", "_baseline")
        .join(visits.filter("_counted").select("patient_id", "_epoch").unique(), on="patient_id")
        .join(over, on=["patient_id", "visit", "_epoch"], how="left")
        .with_columns(_sum=pl.col("_sum").fill_null(0.0))
        .sort("patient_id", "_epoch", "_day")
        .with_columns(
            BASE=pl.col("_sum").filter("_baseline").first().over("patient_id", "_epoch"),
            NADIR=pl.col("_sum").cum_min().shift(1).over("patient_id", "_epoch"),
        )
        .select("patient_id", "visit", "_epoch", "BASE", "NADIR")
    )
    frame = (
        visits.with_columns(AVAL=day("sum_target_cm") * MM_PER_CM)
        .filter((pl.col("n_target") > 0) & pl.col("AVAL").is_not_null())
        .join(grid, on=["patient_id", "visit", "_epoch"], how="left", maintain_order="left")
    )
    return frame.with_columns(
        PARAMCD=pl.lit("SDIAM"),
        PARAM=pl.lit("Sum of Target Lesion Diameters (mm)"),
        PARAMN=pl.lit(1, dtype=pl.Int64),
        BASE=pl.when("_baseline").then(pl.col("AVAL")).when("_counted").then(pl.col("BASE")),
        NADIR=pl.when("_counted").then(pl.col("NADIR")),
        NTARG=pl.col("n_target"),
    )


def _diameters(visits: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """Rows of one target lesion each; numbered within the subject, nodes apart."""
    nodal = pl.col("organ").is_in(NODAL)
    numbers = (
        targets.select("patient_id", "lesion", "organ")
        .unique(subset=["patient_id", "lesion"], keep="first", maintain_order=True)
        .with_columns(_nodal=nodal)
        .with_columns(_n=pl.col("lesion").rank("ordinal").over("patient_id", "_nodal").cast(pl.Int64))
        .select("patient_id", "lesion", "_nodal", "_n")
    )
    frame = visits.join(targets, on=["patient_id", "visit"], maintain_order="left").join(
        numbers, on=["patient_id", "lesion"], maintain_order="left"
    )
    text = pl.col("_n").cast(pl.String)
    base = pl.col("_mm").filter("_baseline").first().over("patient_id", "lesion")
    return frame.with_columns(
        PARAMCD=pl.when("_nodal").then(pl.lit("NLDIAM")).otherwise(pl.lit("LDIAM")) + text,
        PARAM=pl.when("_nodal")
        .then(pl.lit("Target Node ") + text + pl.lit(" Short Axis (mm)"))
        .otherwise(pl.lit("Target Lesion ") + text + pl.lit(" Longest Diameter (mm)")),
        PARAMN=pl.when("_nodal").then(100 + pl.col("_n")).otherwise(10 + pl.col("_n")),
        AVAL=pl.col("_mm"),
        BASE=pl.when(pl.col("_post") | pl.col("_baseline")).then(base),
        NADIR=pl.lit(None, dtype=pl.Float64),
        NTARG=pl.lit(None, dtype=pl.Int64),
        TRLNKID=pl.lit("L") + pl.col("lesion").cast(pl.String),
        TULOC=pl.col("organ").str.to_uppercase(),
        TRUEMM=pl.col("_true"),
    )
