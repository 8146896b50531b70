"""ADSL: one row per subject, with what the clinic knew at baseline and what the study saw."""

from __future__ import annotations

import polars as pl

from paget.tables.observe import date_of, need, observe
from paget.tables.study_info import StudyInfo
from paget.units import DAYS_PER_MONTH

CODES: dict[str, tuple[str, ...]] = {
    "AGEGR1": ("<55", ">=55"),
    "MENOP": ("pre", "post"),
    "SUBTYPE": ("HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"),
    "HIST": ("ductal", "lobular"),
    "NODEBL": ("N0", "N1-3", "N4+"),
    "SITEGRP": ("bone only", "visceral", "brain", "other"),
}
"""Terms of each coded variable in the order of their numeric twin (1, 2, ...)."""

BASELINE: dict[str, str] = {
    "AGE": "age_years",
    "MENOP": "menopause",
    "SUBTYPE": "subtype",
    "HIST": "histology",
    "ECOGBL": "ecog",
    "COMORBL": "comorbidity",
    "PRIMCMBL": "primary_cm",
    "NODEBL": "nodes",
    "NMETBL": "n_metastases",
    "NSITEBL": "n_sites",
    "SITEGRP": "site_group",
    "STRATUM": "stratum",
    "FRSTLINE": "first_line",
    "BRCABL": "germline_brca",
    "PDL1BL": "pd_l1",
    "EGFRBL": "egfr",
    "CXCR4BL": "cxcr4",
    "CCR7BL": "ccr7",
    "VEGFBL": "vegf",
    "HER2BL": "her2_expression",
    "KI67BL": "ki67_percent",
}
"""ADSL variable and the raw column that it repeats."""

FLAGS: dict[str, str] = {
    "BONEFL": "bone",
    "LIVERFL": "liver",
    "LUNGFL": "lung",
    "BRAINFL": "brain",
    "SKINFL": "skin",
    "DNODEFL": "distant_nodes",
    "SOLBONFL": "solitary_bone",
}
"""ADSL baseline flag and its raw boolean column."""

_OTHER = (
    "replicate",
    "presentation",
    "surgery_kind",
    "margins_free",
    "radiotherapy",
    "crossover",
    "surgery_death",
    "death_cause",
)

ORDER: tuple[str, ...] = (
    *("STUDYID", "USUBJID", "SUBJID", "SITEID", "REPLIC", "AGE", "AGEU", "AGEGR1", "AGEGR1N", "SEX", "RACE"),
    *("MENOP", "MENOPN", "SUBTYPE", "SUBTYPEN", "HIST", "HISTN", "ECOGBL", "COMORBL", "PRIMCMBL"),
    *("NODEBL", "NODEBLN", "NMETBL", "NSITEBL", "SITEGRP", "SITEGRPN"),
    *("BONEFL", "LIVERFL", "LUNGFL", "BRAINFL", "SKINFL", "DNODEFL", "SOLBONFL", "DENOVOFL"),
    *("BRCABL", "PDL1BL", "EGFRBL", "CXCR4BL", "CCR7BL", "VEGFBL", "HER2BL", "KI67BL"),
    *("STRATUM", "STRATUMN", "ARM", "ARMCD", "ACTARM", "ACTARMCD", "TRT01P", "TRT01PN", "TRT01A", "TRT01AN"),
    *("RANDFL", "RANDFN", "ITTFL", "ITTFN", "SAFFL", "SAFFN", "PPROTFL", "PPROTFN"),
    *("DIAGDT", "DIAGMO", "ACCRMO", "RANDDT", "TRTSDT", "TRTEDT", "FRSTLINE"),
    *("SURGFL", "SURGDT", "SURGMO", "SURGKIND", "MARGFL", "RTFL", "CROSSFL", "SDTHFL"),
    *("PDDT", "DPDDT", "LRPDT", "LSTASDT", "DTHFL", "DTHDT", "DTHCAUS", "LSTALVDT"),
    *("EOSDT", "EOSSTT", "DCSREAS", "DCUTDT", "FUPMO"),
)
"""Variables of ADSL in the order of the file."""


def flag(condition: pl.Expr) -> pl.Expr:
    """Y where a condition holds, blank where it does not or is not known."""
    return pl.when(condition.fill_null(value=False)).then(pl.lit("Y")).otherwise(pl.lit(""))


def adsl(patients: pl.DataFrame, study: StudyInfo, *, assessments: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per subject.

    Parameters
    ----------
    patients : polars.DataFrame
        Raw patients, one row each (times in days from diagnosis).
    study : StudyInfo
        Names and calendar of the study.
    assessments : polars.DataFrame, optional
        Raw visits, where they were kept; used only for the last assessment before the data cut.

    Returns
    -------
    polars.DataFrame
        Variables of `ORDER`. Nothing that happened after the data cut, the drop-out or the horizon is in it.

    Raises
    ------
    ValueError
        If a raw column is missing.
    PagetError
        If somebody was randomised after the data cut.
    """
    need(patients, [*BASELINE.values(), *FLAGS.values(), *_OTHER], "patients")
    seen = observe(patients, study, assessments)
    frame = seen.with_columns(
        *(pl.col(raw).alias(name) for name, raw in BASELINE.items()),
        *(flag(pl.col(raw)).alias(name) for name, raw in FLAGS.items()),
        *_identity(study),
        *_treatment(study),
        *_dates(study),
    ).with_columns(AGEGR1=pl.when(pl.col("AGE") < 55).then(pl.lit("<55")).otherwise(pl.lit(">=55")))
    frame = frame.with_columns(
        *(
            pl.col(name)
            .replace_strict({term: i + 1 for i, term in enumerate(terms)}, default=None, return_dtype=pl.Int64)
            .alias(f"{name}N")
            for name, terms in CODES.items()
        ),
        STRATUMN=pl.col("STRATUM").rank("dense").cast(pl.Int64),
        **{f"{name[:-1]}N": (pl.col(name) == "Y").cast(pl.Int64) for name in ("RANDFL", "ITTFL", "SAFFL", "PPROTFL")},
    )
    return frame.select(ORDER)


def _identity(study: StudyInfo) -> list[pl.Expr]:
    """Write identifiers, constants and the population flags."""
    yes = pl.lit("Y")
    return [
        pl.lit(study.study_id).alias("STUDYID"),
        pl.col("patient_id").cast(pl.String).alias("SUBJID"),
        pl.lit("SIM").alias("SITEID"),
        pl.col("replicate").cast(pl.Int64).alias("REPLIC"),
        pl.lit("YEARS").alias("AGEU"),
        pl.lit("F").alias("SEX"),
        pl.lit("UNKNOWN").alias("RACE"),
        flag(pl.col("presentation") == "de novo").alias("DENOVOFL"),
        *(yes.alias(name) for name in ("RANDFL", "ITTFL", "SAFFL")),
        flag(per_protocol(study)).alias("PPROTFL"),
    ]


def operated_in_window(study: StudyInfo) -> pl.Expr:
    """Tell whether the primary was seen operated within the protocol's window after randomisation."""
    operated = pl.col("surgery_day").is_not_null()
    if study.surgery_window_days is None:
        return operated
    return operated & (pl.col("surgery_day") - pl.col("_rand") <= study.surgery_window_days)


def per_protocol(study: StudyInfo) -> pl.Expr:
    """Tell who was treated as the arm's strategy says: surgery done in time, elsewhere no crossover seen."""
    crossed = (pl.col("crossover") & pl.col("surgery_day").is_not_null()).fill_null(value=False)
    planned = operated_in_window(study).fill_null(value=False) & ~crossed
    return pl.when(pl.col("arm").is_in(list(study.operated))).then(planned).otherwise(~crossed)


def _treatment(study: StudyInfo) -> list[pl.Expr]:
    """Planned and actual treatment; as treated = operated within the window or not, whatever was planned."""
    pair = pl.col("arm").is_in([study.control, study.experimental])
    compares_surgery = study.experimental in study.operated and study.control not in study.operated
    actual = (
        pl.when(pair & operated_in_window(study).fill_null(value=False))
        .then(pl.lit(study.experimental))
        .when(pair)
        .then(pl.lit(study.control))
        .otherwise(pl.col("arm"))
        if compares_surgery
        else pl.col("arm")
    )
    operated = pl.col("surgery_day").is_not_null()
    planned_label = pl.col("arm").replace_strict(study.labels, return_dtype=pl.String)
    actual_label = actual.replace_strict(study.labels, return_dtype=pl.String)
    return [
        *(planned_label.alias(name) for name in ("ARM", "TRT01P")),
        *(actual_label.alias(name) for name in ("ACTARM", "TRT01A")),
        pl.col("arm").alias("ARMCD"),
        actual.alias("ACTARMCD"),
        pl.col("arm").replace_strict(study.numbers, return_dtype=pl.Int64).alias("TRT01PN"),
        actual.replace_strict(study.numbers, return_dtype=pl.Int64).alias("TRT01AN"),
        flag(operated).alias("SURGFL"),
        ((pl.col("surgery_day") - pl.col("_rand")) / DAYS_PER_MONTH).alias("SURGMO"),
        pl.when(operated).then(pl.col("surgery_kind")).otherwise(pl.lit("")).fill_null("").alias("SURGKIND"),
        flag(pl.col("margins_free") & operated).alias("MARGFL"),
        # radiotherapy has no day of its own: it is seen where the operation was, or where none was done in
        # the whole life
        flag(pl.col("radiotherapy") & (operated | (pl.col("surgery_kind").fill_null("") == ""))).alias("RTFL"),
        flag(pl.col("crossover") & operated).alias("CROSSFL"),
        flag(pl.col("surgery_death") & pl.col("_dead")).alias("SDTHFL"),
    ]


def _dates(study: StudyInfo) -> list[pl.Expr]:
    """Dates of the study, all on or before the data cut."""

    def since(name: str) -> pl.Expr:
        return date_of(pl.col(name) - pl.col("_rand"))

    end = since("_end")
    return [
        (pl.col("RANDDT") - pl.duration(days=pl.col("_rand").floor().cast(pl.Int64))).cast(pl.Date).alias("DIAGDT"),
        (pl.col("_rand") / DAYS_PER_MONTH).alias("DIAGMO"),
        pl.col("calendar_month").cast(pl.Float64).alias("ACCRMO"),
        pl.col("RANDDT").alias("TRTSDT"),
        # an arm is a strategy that goes on as long as the patient is followed
        end.alias("TRTEDT"),
        since("surgery_day").alias("SURGDT"),
        since("progression_day").alias("PDDT"),
        since("distant_progression_day").alias("DPDDT"),
        since("locoregional_progression_day").alias("LRPDT"),
        since("_last").alias("LSTASDT"),
        flag(pl.col("_dead")).alias("DTHFL"),
        since("death_day").alias("DTHDT"),
        pl.when("_dead").then(pl.col("death_cause")).otherwise(pl.lit("")).fill_null("").alias("DTHCAUS"),
        end.alias("LSTALVDT"),
        end.alias("EOSDT"),
        pl.when(pl.col("_reason").is_in(["DEATH", "LOST TO FOLLOW-UP"]))
        .then(pl.lit("DISCONTINUED"))
        .when(pl.col("_reason") == "DATA CUT")
        .then(pl.lit("ONGOING"))
        .otherwise(pl.lit("COMPLETED"))
        .alias("EOSSTT"),
        pl.when(pl.col("_reason").is_in(["DEATH", "LOST TO FOLLOW-UP"]))
        .then(pl.col("_reason"))
        .otherwise(pl.lit(""))
        .alias("DCSREAS"),
        pl.lit(study.cut_date).alias("DCUTDT"),
        ((pl.col("_end") - pl.col("_rand")) / DAYS_PER_MONTH).alias("FUPMO"),
    ]
