"""Public data sets, ready to analyse: immortal time (Stanford heart), confounding by indication (Rotterdam, GBSG)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import unknown
from ...units import DAYS_PER_MONTH
from .._reference import reference
from .data import ObservationalData

EXAMPLES = {
    "heart": "Stanford heart transplants (Crowley and Hu 1977): the treated had to live until their transplant",
    "rotterdam": "Rotterdam tumour bank (Royston and Altman 2013): hormones went to women of worse prognosis",
    "gbsg": "German Breast Cancer Study Group 2 (Schumacher 1994): hormones mostly at random",
}
"""Names and what each shows."""


def example(name: str) -> ObservationalData:
    """Return one of the data sets beside `paget.analysis` as observational data.

    Raises
    ------
    PagetError
        For an unknown name.
    """
    if name == "heart":
        return _heart()
    if name == "rotterdam":
        r = reference("rotterdam")
        covariates = {key: r[key] for key in ("age", "meno", "size", "grade", "nodes", "pgr", "er")}
        return _hormones(r["dtime"], r["death"], r["hormon"], covariates, "surgery", "death", name)
    if name == "gbsg":
        g = reference("gbsg")
        covariates = {key: g[key] for key in ("age", "meno", "size", "grade", "nodes", "pgr", "er")}
        return _hormones(g["rfstime"], g["status"], g["hormon"], covariates, "randomisation", "recurrence or death", name)
    raise unknown("example", name, EXAMPLES)


def _hormones(days: Any, event: Any, hormon: Any, covariates: dict[str, Any], time_zero: str, outcome: str, name: str) -> ObservationalData:
    return ObservationalData(
        id=np.arange(1, len(days) + 1),
        months=days / DAYS_PER_MONTH,
        event=event == 1,
        treated_months=np.where(hormon == 1, 0.0, np.nan),
        covariates=covariates,
        time_zero=time_zero,
        treatment="hormonal treatment",
        outcome=outcome,
        where=f"example:{name}",
    )


def _heart() -> ObservationalData:
    """One row per patient from the start-stop rows; R counts the day of acceptance as day 1."""
    h = reference("heart")
    ids, first, place = np.unique(h["id"], return_index=True, return_inverse=True)
    stop, died, start = np.zeros(len(ids)), np.zeros(len(ids)), np.full(len(ids), np.nan)
    np.maximum.at(stop, place, h["stop"])
    np.maximum.at(died, place, h["event"])
    after = h["transplant"] == 1
    start[place[after]] = h["start"][after]
    return ObservationalData(
        id=ids.astype(np.int64),
        months=stop / DAYS_PER_MONTH,
        event=died == 1,
        treated_months=start / DAYS_PER_MONTH,
        covariates={"age": h["age"][first], "surgery": h["surgery"][first]},
        time_zero="acceptance",
        treatment="transplant",
        outcome="death",
        where="example:heart",
    )
