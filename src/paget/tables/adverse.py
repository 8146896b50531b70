"""ADAE: adverse events while the study saw the patient, each with the therapy that it comes from."""

from __future__ import annotations

import polars as pl

from paget.tables.exposures import identified, study_day
from paget.tables.observe import date_of, day, need
from paget.tables.study_info import StudyInfo

ORDER: tuple[str, ...] = (
    *("STUDYID", "USUBJID", "REPLIC", "TRTP", "TRTPN", "ITTFL", "ASEQ", "AEDECOD", "AETOXGR", "ASTDT", "ASTDY"),
    *("TRTEMFL", "AETRT", "AEREL", "AEOUT", "AOCCFL"),
)
"""Variables of ADAE in the order of the file."""


def adae(events: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo) -> pl.DataFrame:
    """Adverse events: one row each.

    Parameters
    ----------
    events : polars.DataFrame
        Raw events (days from diagnosis): ``patient_id``, ``day``, ``label`` (of the therapy), ``term``, ``grade``, ``reversible``.
    patients : polars.DataFrame
        Raw patients, one row each.
    study : StudyInfo

    Returns
    -------
    polars.DataFrame
        ``TRTEMFL`` Y from randomisation on; ``AOCCFL`` Y on a subject's first event of a term. ``AEREL`` is RELATED throughout: the model
        has no events of other causes.

    Raises
    ------
    ValueError
        If a raw column is missing.
    """
    need(events, ["patient_id", "day", "label", "term", "grade", "reversible"], "adverse events")
    rows = identified(events, patients, study).filter(day("day") <= pl.col("_end"))
    since = day("day") - pl.col("_rand")
    outcome = (
        pl.when(pl.col("reversible")).then(pl.lit("RECOVERED/RESOLVED"))
        .when(~pl.col("reversible")).then(pl.lit("NOT RECOVERED/NOT RESOLVED"))
        .otherwise(pl.lit("UNKNOWN"))
    )  # fmt: skip
    return (
        rows.with_columns(
            AEDECOD=pl.col("term").str.replace_all("-", " ").str.to_uppercase(), AETOXGR=pl.col("grade").str.to_uppercase(),
            ASTDT=date_of(since), ASTDY=study_day(since),
            TRTEMFL=pl.when(since >= 0).then(pl.lit("Y")).otherwise(pl.lit("")),
            AETRT=pl.col("label"), AEREL=pl.lit("RELATED"), AEOUT=outcome,
        )
        .sort("_row", "day", "AEDECOD", "AETRT")
        .with_columns(ASEQ=pl.int_range(1, pl.len() + 1).over("USUBJID"))
        .with_columns(AOCCFL=pl.when(pl.int_range(pl.len()).over("USUBJID", "AEDECOD") == 0).then(pl.lit("Y")).otherwise(pl.lit("")))
        .select(ORDER)
    )  # fmt: skip
