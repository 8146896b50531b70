"""A made-up table of candidates with the clinic's columns; no biology, only the right shapes and plausible
shares."""

from __future__ import annotations

import numpy as np
import polars as pl


def candidates(n: int, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    subtype = rng.choice(["HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"], n, p=[0.6, 0.15, 0.1, 0.15])
    age = np.clip(rng.normal(62, 13, n), 20, 95)
    organs = {
        name: rng.random(n) < share for name, share in [("liver", 0.25), ("lung", 0.3), ("brain", 0.06)]
    }
    bone = rng.random(n) < 0.65
    others = {name: rng.random(n) < share for name, share in [("skin", 0.05), ("distant_nodes", 0.2)]}
    none = ~(
        bone | organs["liver"] | organs["lung"] | organs["brain"] | others["skin"] | others["distant_nodes"]
    )
    bone = bone | none
    sites = bone.astype(int) + sum(x.astype(int) for x in (*organs.values(), *others.values()))
    count = sites - 1 + rng.geometric(0.25, n)
    visceral = organs["liver"] | organs["lung"]
    group = np.where(
        organs["brain"],
        "brain",
        np.where(visceral, "visceral", np.where(bone & (sites == 1), "bone only", "other")),
    )
    return pl.DataFrame(
        {
            "patient_id": np.arange(n, dtype=np.int64),
            "age_years": age,
            "menopause": np.where(age > 51, "post", "pre"),
            "ecog": rng.choice([0, 1, 2, 3, 4], n, p=[0.4, 0.35, 0.15, 0.08, 0.02]),
            "comorbidity": rng.choice([0, 1, 2, 3], n, p=[0.5, 0.3, 0.15, 0.05]),
            "subtype": subtype,
            "histology": rng.choice(["ductal", "lobular"], n, p=[0.85, 0.15]),
            "primary_cm": np.clip(rng.lognormal(1.3, 0.5, n), 0.3, 20),
            "nodes": rng.choice(["N0", "N1-3", "N4+"], n, p=[0.3, 0.45, 0.25]),
            "n_metastases": count,
            "n_sites": sites,
            "bone": bone,
            **organs,
            **others,
            "site_group": group,
            "solitary_bone": bone & (sites == 1) & (count == 1),
            "presentation": rng.choice(["de novo", "relapse"], n, p=[0.8, 0.2]),
            "germline_brca": rng.choice(["wild type", "mutated"], n, p=[0.9, 0.1]),
            **{marker: rng.choice(["negative", "positive"], n) for marker in ("pd_l1", "egfr", "cxcr4", "ccr7")},
            "vegf": rng.choice(["low", "high"], n),
            "her2_expression": np.where(np.char.endswith(np.asarray(subtype, str), "HER2+"), "positive", rng.choice(["zero", "low"], n)),
            "ki67_percent": rng.uniform(2, 95, n),
            "n_liver": np.where(organs["liver"], rng.integers(1, 6, n), 0),
            "largest_liver_cm": np.where(organs["liver"], rng.lognormal(0.7, 0.5, n), 0.0),
            "n_skin": np.where(others["skin"], rng.integers(1, 4, n), 0),
            "largest_skin_cm": np.where(others["skin"], rng.lognormal(0.5, 0.5, n), 0.0),
            "disease_free_months": rng.uniform(6, 200, n),
            "ctc_count": rng.poisson(rng.lognormal(1.0, 1.5, n)),
        }
    )
