"""A made-up two-arm trial in ADaM form, with every parameter that the summary reads."""

from __future__ import annotations

import numpy as np
import polars as pl


def survival_data(seed: int, n: int = 120, *, rounded: bool = True):
    """Times (tied when rounded), events, arm, stratum; no random library state outside the seed."""
    rng = np.random.default_rng(seed)
    arm = rng.permutation(n) % 2
    hidden, cut = rng.exponential(30 * np.exp(-0.3 * arm)), rng.uniform(12, 60, n)
    time = np.minimum(hidden, cut)
    return (np.round(time) if rounded else time), hidden <= cut, arm, rng.integers(0, 3, n)


def adam_trial(seed: int = 5, n: int = 240) -> tuple[pl.DataFrame, pl.DataFrame]:
    """ADSL and ADTTE of a randomised trial whose systemic arm is coded SYS and experimental arm LRT."""
    rng = np.random.default_rng(seed)
    ids = [f"P-{i:04d}" for i in range(n)]
    arm = rng.permutation(n) % 2
    name = np.where(arm == 1, "systemic+lrt", "systemic")
    switched = rng.random(n) < 0.1
    adsl = pl.DataFrame(
        {
            "USUBJID": ids,
            "ARM": name,
            "ARMCD": np.where(arm == 1, "LRT", "SYS"),
            "TRT01P": name,
            "TRT01A": np.where(switched, "systemic", name),
            "ITTFL": ["Y"] * n,
            "PPROTFL": np.where(switched, "", "Y"),
            "STRATUM": rng.choice(["bone", "visceral"], n),
            "SUBTYPE": rng.choice(["HR+/HER2-", "TNBC"], n),
            "AGE": rng.integers(30, 80, n),
        }
    )
    randomised = rng.uniform(4, 8, n)
    parts = []
    for code, scale in (("OS", 50.0), ("PFS", 18.0), ("DPFS", 20.0), ("TTLRP", 70.0)):
        hidden, cut, death = rng.exponential(scale, n), rng.uniform(36, 84, n), rng.exponential(90, n)
        cnsr, words = np.where(hidden <= cut, 0, 1), np.where(hidden <= cut, code, "")
        time = np.minimum(hidden, cut)
        if code == "TTLRP":
            dead = death < time
            time, cnsr, words = (
                np.where(dead, death, time),
                np.where(dead, 2, cnsr),
                np.where(dead, "DEATH", words),
            )
        row = {"USUBJID": ids, "AVAL": time, "AVALU": ["MONTHS"] * n, "CNSR": cnsr, "EVNTDESC": words}
        parts.append(pl.DataFrame({**row, "PARAMCD": [code] * n, "ENTRY": np.zeros(n)}))
        if code == "OS":
            late = {**row, "AVAL": time + randomised, "PARAMCD": ["OSDX"] * n, "ENTRY": randomised}
            parts.append(pl.DataFrame(late))
    return adsl, pl.concat(parts, how="diagonal")
