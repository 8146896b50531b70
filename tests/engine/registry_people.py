"""Patients of a registry for tests: a small block of real lives, and a made-up table of lives whose effect is known."""

import numpy as np
import polars as pl

from paget.engine.registry.lives import ARMS, Lives
from paget.population import store
from paget.study.registry import load_registry

SMALL_BLOCK = 16_384
"""Natural histories of a block: about a thousand patients."""


def block(registry, parameters, *, seed=3, null=False, threads=1, number=0):
    """Potential lives of one small block."""
    before, store.BLOCK = store.BLOCK, SMALL_BLOCK
    try:
        return Lives(registry, parameters, seed, null, threads).block(number)
    finally:
        store.BLOCK = before


def made_up(n=4000, *, factor=2.0, seed=1, registry=None):
    """Lives by exponential laws: with the operation everybody lives ``factor`` times as long, so that its hazard ratio is 1 / factor.

    Nobody dies or progresses before the operation could be done; clinicians see covariates that have nothing to do with survival.
    """
    registry = registry or load_registry("ncdb-like")
    rng = np.random.default_rng(seed)
    life = 400.0 + 900.0 * rng.exponential(size=n)
    frame = {
        "patient_id": np.arange(n), "age_years": rng.normal(60, 12, n), "menopause": ["post"] * n, "ecog": rng.integers(0, 3, n),
        "comorbidity": rng.integers(0, 3, n), "subtype": rng.choice(["HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"], n),
        "histology": ["ductal"] * n, "primary_cm": rng.lognormal(1.0, 0.5, n), "nodes": rng.choice(["N0", "N1-3", "N4+"], n),
        "n_metastases": rng.integers(1, 9, n), "n_sites": rng.integers(1, 4, n),
        "site_group": rng.choice(["bone only", "visceral", "brain", "other"], n), "solitary_bone": np.zeros(n, bool),
        "presentation": ["de novo"] * n, "metastases_felt": rng.random(n) < 0.6, "decision_day": rng.uniform(120, 240, n),
        "ecog_decision": rng.integers(0, 3, n), "responded": rng.random(n) < 0.4, "progressed_before_decision": np.zeros(n, bool),
        "alive_at_decision": np.ones(n, bool), "period": rng.integers(0, len(registry.periods), n), "staging": ["conventional"] * n,
        "drawn": np.ones(n, bool),
    }  # fmt: skip
    for organ in ("bone", "liver", "lung", "brain", "skin", "distant_nodes"):
        frame[organ] = rng.random(n) < 0.3
    for way, arms in ARMS.items():
        day = frame["decision_day"] + 40.0 if way == "induction" else np.full(n, 30.0)
        for arm in arms:
            frame[f"{way}_{arm}_progression"] = np.full(n, np.nan)
            frame[f"{way}_{arm}_death"] = life if arm == "none" else 400.0 + factor * (life - 400.0)
            if arm != "none":
                frame[f"{way}_{arm}_operation"] = day
    return pl.DataFrame(frame)
