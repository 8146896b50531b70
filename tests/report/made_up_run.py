"""A made-up trial of realistic size for the report tests (numbers drawn from plain distributions, no model
of disease)."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from paget.tables import StudyInfo

MONTH = 30.4375
CONTROL, EXPERIMENTAL = "Continued systemic therapy", "Locoregional treatment + systemic therapy"
STUDY = StudyInfo(
    "MADEUP",
    [("systemic", CONTROL), ("lrt", EXPERIMENTAL)],
    96.0,
    "systemic",
    "lrt",
    date(2011, 2, 1),
    surgery_window_days=90.0,
    horizon_months=240.0,
)


def _pick(rng: np.random.Generator, terms: list[str], shares: list[float], n: int) -> list[str]:
    return [str(t) for t in rng.choice(terms, n, p=shares)]


def patients(n: int = 256, seed: int = 1) -> pl.DataFrame:
    """Raw patients of a two-arm trial."""
    rng = np.random.default_rng(seed)
    arm = np.where(np.arange(n) % 2 == 0, "systemic", "lrt")
    rand = rng.uniform(120, 240, n)
    death = rand + rng.weibull(1.2, n) * 62 * MONTH
    progression = rand + rng.exponential(24 * MONTH, n)
    local = rand + rng.exponential(np.where(arm == "lrt", 160, 60) * MONTH, n)
    operated = (arm == "lrt") & (rng.random(n) < 0.86)
    crossed = (arm == "systemic") & (rng.random(n) < 0.2)
    surgery = np.where(operated, rand + rng.uniform(10, 70, n), np.where(crossed, progression + 30, np.nan))
    surgery[surgery > death] = np.nan
    nan = np.nan

    def before_death(day: Any) -> Any:
        return np.where(day < death, day, nan)

    kinds = np.where(rng.random(n) < 0.7, "mastectomy", "breast-conserving")
    bone, liver = rng.random(n) < 0.65, rng.random(n) < 0.3
    group = np.where(liver, "visceral", np.where(bone, "bone only", "other"))
    return pl.DataFrame(
        {
            "patient_id": np.arange(n) + 1000,
            "arm": arm,
            "replicate": 0,
            "age_years": rng.normal(56, 11, n).clip(25, 88),
            "menopause": np.where(rng.random(n) < 0.35, "pre", "post"),
            "ecog": rng.integers(0, 3, n),
            "comorbidity": rng.integers(0, 3, n),
            "subtype": _pick(rng, ["HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"], [0.6, 0.2, 0.1, 0.1], n),
            "histology": _pick(rng, ["ductal", "lobular"], [0.85, 0.15], n),
            "primary_cm": rng.lognormal(1.3, 0.5, n),
            "nodes": _pick(rng, ["N0", "N1-3", "N4+"], [0.2, 0.5, 0.3], n),
            "n_metastases": rng.integers(1, 9, n),
            "n_sites": rng.integers(1, 4, n),
            "bone": bone,
            "liver": liver,
            **{organ: rng.random(n) < 0.15 for organ in ("lung", "brain", "skin", "distant_nodes")},
            "site_group": group,
            "solitary_bone": bone & (rng.random(n) < 0.2),
            "presentation": "de novo",
            "germline_brca": "wild type",
            **{marker: _pick(rng, ["negative", "positive"], [0.7, 0.3], n) for marker in ("pd_l1", "egfr", "cxcr4", "ccr7")},
            "vegf": "low",
            "her2_expression": "zero",
            "ki67_percent": rng.uniform(2, 90, n),
            "randomised_day": rand,
            "calendar_month": rng.uniform(0, 53, n),
            "stratum": _pick(rng, ["HR+", "HR-"], [0.8, 0.2], n),
            "surgery_day": surgery,
            "surgery_kind": np.where(np.isfinite(surgery), kinds, ""),
            "margins_free": rng.random(n) < 0.9,
            "radiotherapy": operated & (rng.random(n) < 0.6),
            "crossover": crossed,
            "surgery_death": False,
            "first_line": "aromatase inhibitor",
            "n_lines": 2,
            "progression_day": before_death(progression),
            "distant_progression_day": before_death(progression * 1.05),
            "locoregional_progression_day": before_death(local),
            "last_assessment_day": death - rng.uniform(1, 90, n),
            "best_response": "SD",
            "true_progression_day": before_death(progression - 40),
            "death_day": death,
            "death_cause": np.where(rng.random(n) < 0.9, "cancer", "other"),
            "drop_out_day": np.where(rng.random(n) < 0.05, rand + rng.uniform(100, 1500, n), nan),
        }
    )


def details(raw: pl.DataFrame, seed: int = 2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Visits and lesions of these patients: one target in the breast, one in the liver, every three
    months."""
    rng = np.random.default_rng(seed)
    visits: list[dict[str, Any]] = []
    lesions: list[dict[str, Any]] = []
    for row in raw.to_dicts():
        start, stop = row["randomised_day"], min(row["death_day"], row["randomised_day"] + 60 * MONTH)
        target = rng.random() < 0.7
        breast, liver = rng.uniform(2, 6), rng.uniform(1, 4)
        shrink = rng.uniform(0.7, 1.08)
        progression = row["progression_day"]
        for visit, day in enumerate(np.arange(start, stop, 90.0)):
            late = np.isfinite(progression) and day > progression
            factor = max(shrink**visit, 0.05) * (1.12 ** max(0, visit - 6))
            cut = np.isfinite(row["surgery_day"]) and day > row["surgery_day"]
            sizes = {"liver": liver * factor} if cut else {"breast": breast * factor, "liver": liver * factor}
            response = "PD" if late else ("NE" if visit == 0 else ("PR" if factor < 0.7 else "SD"))
            visits.append(
                {
                    "patient_id": row["patient_id"],
                    "visit": visit,
                    "day": float(day),
                    "line": 1 + int(late) + int(late and day > progression + 300),
                    "sum_target_cm": sum(sizes.values()) if target else None,
                    "n_target": len(sizes) if target else 0,
                    "target_response": response if target else "NA",
                    "nontarget_response": "NON-CR/NON-PD",
                    "new_lesion": bool(late),
                    "overall_response": response,
                    "baseline": visit == 0,
                    "ecog": 1,
                }
            )
            for number, (organ, size) in enumerate(sizes.items()):
                lesions.append(
                    {
                        "patient_id": row["patient_id"],
                        "visit": visit,
                        "day": float(day),
                        "lesion": number if organ == "breast" else 1,
                        "organ": organ,
                        "role": "target" if target else "non-target",
                        "measured_cm": float(size * rng.lognormal(0, 0.05)),
                        "true_cm": float(size),
                    }
                )
    return pl.DataFrame(visits, infer_schema_length=None), pl.DataFrame(lesions)
