"""Endpoints of many trials at once, as arrays: the same definitions as ADTTE (a test holds them equal), without the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paget.study import Protocol, cut_month, visit_days
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
PROGRESSION = {
    "PFS": "progression_day",
    "DPFS": "distant_progression_day",
    "TTLRP": "locoregional_progression_day",
}


@dataclass(frozen=True)
class Observed:
    """One endpoint of all patients: months from randomisation, and the cause that ended it (0 censored, 1 event, 2 death before it)."""

    months: Floats
    cause: NDArray[np.int64]


def observed(patients: pl.DataFrame, protocol: Protocol) -> dict[str, Observed]:
    """OS, PFS, DPFS and TTLRP of trials that stand one after another in a patients' table (column ``replicate``).

    Death is an event (cause 1) of OS, PFS and DPFS, and competes (cause 2) in TTLRP.
    """

    def days(name: str) -> Floats:
        column: Floats = patients[name].to_numpy().astype(np.float64)
        return np.where(np.isnan(column), np.inf, column)

    randomised = days("randomised_day")
    month = patients["calendar_month"].to_numpy()
    replicate = patients["replicate"].to_numpy()
    cut = np.empty_like(month)
    for r in np.unique(replicate):
        mine = replicate == r
        cut[mine] = cut_month(month[mine], protocol.follow_up)
    cut_day = randomised + (cut - month) * DAYS_PER_MONTH
    alive = np.maximum(np.minimum(cut_day, days("drop_out_day")), randomised)
    death = days("death_day")
    dead = death <= alive
    end = np.where(dead, death, alive)
    out = {"OS": Observed((end - randomised) / DAYS_PER_MONTH, dead.astype(np.int64))}

    schedule = np.concatenate([[0.0], visit_days(protocol.assessments, float((end - randomised).max()) + 1.0)])
    last_life = days("last_assessment_day")
    last_life = np.where(np.isinf(last_life), randomised, last_life)
    planned = randomised + schedule[np.searchsorted(schedule, end - randomised, side="right") - 1]
    last = np.maximum(np.where(last_life <= end, last_life, planned), randomised)
    for name, column in PROGRESSION.items():
        day = days(column)
        progressed = day <= end
        when = np.where(progressed, day, np.where(dead, death, last))
        competes = 2 if name == "TTLRP" else 1
        cause = np.where(progressed, 1, np.where(dead, competes, 0)).astype(np.int64)
        out[name] = Observed((when - randomised) / DAYS_PER_MONTH, cause)
    return out
