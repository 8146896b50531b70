"""Small hand-made raw frames for the table tests: every number can be checked with pencil and paper."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from paget.tables import StudyInfo

MONTH = 30.4375

STUDY = StudyInfo(
    study_id="T01",
    arms=[("systemic", "Systemic therapy"), ("lrt", "Systemic therapy + surgery")],
    data_cut_month=60.0,
    control="systemic",
    experimental="lrt",
    start_date=date(2011, 2, 1),
    surgery_window_days=90.0,
    horizon_months=240.0,
)

DEFAULTS: dict[str, Any] = {
    "patient_id": 1,
    "arm": "systemic",
    "replicate": 0,
    "age_years": 52.4,
    "menopause": "post",
    "ecog": 1,
    "comorbidity": 0,
    "subtype": "HR+/HER2-",
    "histology": "ductal",
    "primary_cm": 4.2,
    "nodes": "N1-3",
    "n_metastases": 3,
    "n_sites": 1,
    "bone": True,
    "liver": False,
    "lung": False,
    "brain": False,
    "skin": False,
    "distant_nodes": False,
    "site_group": "bone only",
    "solitary_bone": False,
    "presentation": "de novo",
    "germline_brca": "wild type",
    "pd_l1": "negative",
    "egfr": "negative",
    "cxcr4": "positive",
    "ccr7": "negative",
    "vegf": "high",
    "her2_expression": "low",
    "ki67_percent": 12.0,
    "randomised_day": 150.0,
    "calendar_month": 10.0,
    "stratum": "HR+ bone",
    "surgery_day": None,
    "surgery_kind": "",
    "margins_free": None,
    "radiotherapy": False,
    "crossover": False,
    "surgery_death": False,
    "first_line": "AI",
    "n_lines": 2,
    "progression_day": None,
    "distant_progression_day": None,
    "locoregional_progression_day": None,
    "last_assessment_day": None,
    "best_response": "SD",
    "true_progression_day": None,
    "death_day": None,
    "death_cause": None,
    "drop_out_day": None,
}

_FLOATS = [name for name in DEFAULTS if name.endswith("_day")]


def patients(*rows: dict[str, Any]) -> pl.DataFrame:
    """Raw patients: one per dict, numbered from 1, the rest as in `DEFAULTS`."""
    full = [{**DEFAULTS, "patient_id": i + 1, **row} for i, row in enumerate(rows)]
    types: dict[str, Any] = {name: pl.Float64 for name in _FLOATS}
    return pl.DataFrame(
        full,
        schema_overrides={**types, "margins_free": pl.Boolean, "death_cause": pl.String},
        infer_schema_length=None,
    )


def assessments(*rows: dict[str, Any]) -> pl.DataFrame:
    """Raw visits of patient 1 unless said otherwise."""
    base = {
        "patient_id": 1,
        "visit": 0,
        "day": 150.0,
        "line": 1,
        "sum_target_cm": None,
        "n_target": 0,
        "target_response": "NA",
        "nontarget_response": "NON-CR/NON-PD",
        "new_lesion": False,
        "overall_response": "NON-CR/NON-PD",
        "baseline": False,
        "ecog": 1,
    }
    full = [{**base, "visit": i, **row} for i, row in enumerate(rows)]
    return pl.DataFrame(full, schema_overrides={"sum_target_cm": pl.Float64, "day": pl.Float64}, infer_schema_length=None)


def lesions(*rows: tuple[int, float, int, str, str, float]) -> pl.DataFrame:
    """Raw lesions of patient 1 as (visit, day, lesion, organ, role, measured_cm)."""
    return pl.DataFrame(
        [(1, *row, row[-1]) for row in rows],
        schema={
            "patient_id": pl.Int64,
            "visit": pl.Int64,
            "day": pl.Float64,
            "lesion": pl.Int64,
            "organ": pl.String,
            "role": pl.String,
            "measured_cm": pl.Float64,
            "true_cm": pl.Float64,
        },
        orient="row",
    )


def rows_by(frame: pl.DataFrame, code: str) -> dict[str, dict[str, Any]]:
    """Rows of one parameter by the subject's number."""
    part = frame.filter(pl.col("PARAMCD") == code)
    return {row["USUBJID"].rsplit("-", 1)[1]: row for row in part.to_dicts()}
