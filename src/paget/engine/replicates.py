"""Replicates: many trials of the same size with other patients, so that nobody reads one lucky trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.engine.endpoints import observed
from paget.engine.screen import Candidates
from paget.engine.trial import enrol, live_roster
from paget.parameters import ParameterSet
from paget.study import Protocol

if TYPE_CHECKING:
    import polars as pl

CHUNK = 10
"""Replicates in one piece of work."""
ENDPOINTS = {
    "OS": "overall-survival",
    "PFS": "progression-free-survival",
    "DPFS": "distant-progression-free-survival",
    "TTLRP": "locoregional-progression",
}


def chunks(replicates: int) -> list[range]:
    """Replicates 1 to ``replicates`` in pieces; replicate 0 is the trial itself."""
    return [range(start, min(start + CHUNK, replicates + 1)) for start in range(1, replicates + 1, CHUNK)]


def live_chunk(
    protocol: Protocol, parameters: ParameterSet, candidates: Candidates, which: range, seed: int, threads: int
) -> pl.DataFrame:
    """Live the patients of some replicates; months and causes of each endpoint, one row a patient."""
    import polars as pl

    roster = enrol(protocol, candidates, which, seed)
    patients = live_roster(protocol, parameters, roster, seed, threads=threads)
    columns: dict[str, Any] = {
        "replicate": roster.replicate,
        "arm": (roster.arm == protocol.arms.index(protocol.experimental[0])).astype(np.int8),
        "control": (roster.arm == protocol.arms.index(protocol.control)).astype(np.int8),
        "stratum": [str(label) for label in roster.stratum],
        "merged": patients["merged_colonies"],
    }
    for name, endpoint in observed(patients, protocol).items():
        columns[f"{name}_months"] = endpoint.months
        columns[f"{name}_cause"] = endpoint.cause.astype(np.int8)
    return pl.DataFrame(columns)


@dataclass(frozen=True)
class Replicates:
    """Statistics of all replicates, one row each (`frame`), and a reader for the spread of any of them."""

    frame: pl.DataFrame
    grid: NDArray[np.float64]
    curves: NDArray[np.float64]

    def values(self, column: str) -> NDArray[np.float64]:
        """One statistic of every replicate, NaN where it could not be computed."""
        found: NDArray[np.float64] = self.frame[column].to_numpy().astype(np.float64)
        return found

    def envelope(self, arm: int, low: float = 0.05, high: float = 0.95) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Band of the replicates' survival curves of an arm (1 experimental, 0 control)."""
        curves = self.curves[:, arm]
        followed = np.isnan(curves).mean(axis=0) <= 0.2  # where fewer trials are still followed a band would mislead
        lower, upper = np.nanquantile(curves[:, followed], [low, high], axis=0)
        return self.grid[followed], lower, upper


def summarise_replicates(rows: pl.DataFrame, protocol: Protocol, *, threads: int = 1) -> Replicates:
    """Log hazard ratios, survival at landmarks, medians, restricted means and incidences of every replicate."""
    import polars as pl

    from paget.analysis.fast import replicate_incidence, replicate_statistics

    rows = rows.filter((pl.col("arm") == 1) | (pl.col("control") == 1))
    marks = list(protocol.analyses.landmarks_months)
    marks += [float(entry.at_months) for entry in protocol.published if entry.at_months is not None]
    marks = sorted(set(marks))
    tau = protocol.analyses.rmst_tau_months or max(marks)
    arm, replicate = rows["arm"].to_numpy().astype(np.int64), rows["replicate"].to_numpy()
    strata = rows["stratum"].to_numpy() if protocol.randomisation.strata else None
    longest = protocol.accrual.months + protocol.follow_up.data_cut_months
    grid = np.linspace(0.0, longest, 97)
    out: dict[str, Any] = {}
    curves = np.zeros((0, 2, len(grid)))
    for name in protocol.endpoints:
        months = rows[f"{name}_months"].to_numpy()
        cause = rows[f"{name}_cause"].to_numpy().astype(np.int64)
        found = replicate_statistics(
            months, cause == 1, arm, replicate, strata=strata, landmarks=marks, tau=tau, threads=threads
        )
        out["replicate"] = found.replicate
        out[f"{name}_log_hr"], out[f"{name}_se"] = found.log_hr, found.se
        out[f"{name}_logrank_z"] = found.logrank_z
        incidence = None
        if name == "TTLRP":
            incidence = replicate_incidence(months, cause, arm, replicate, landmarks=marks, threads=threads)
        for a, side in enumerate(("control", "experimental")):
            out[f"{name}_events_{side}"] = found.events[:, a]
            for k, mark in enumerate(marks):
                value = found.survival[:, a, k] if incidence is None else incidence[:, a, k]
                out[f"{name}_at_{mark:g}_{side}"] = value
            if incidence is None:
                out[f"{name}_median_{side}"] = found.median[:, a]
                out[f"{name}_rmst_{side}"] = found.rmst[:, a]
        if name == "OS":
            curves = replicate_statistics(
                months, cause == 1, arm, replicate, landmarks=grid, threads=threads
            ).survival
    return Replicates(pl.DataFrame(out), grid, curves)


def add_spread(records: list[dict[str, Any]], replicates: Replicates, protocol: Protocol) -> None:
    """Give each record of the trial what the replicates say: mean, spread of single trials, Monte-Carlo error."""
    from paget.analysis import spread

    codes = {long: short for short, long in ENDPOINTS.items()}
    sides = {protocol.control.id: "control", protocol.experimental[0].id: "experimental"}
    for record in records:
        record["replicates"] = None
        code = codes.get(str(record["endpoint"]))
        plain = record["population"] == "itt" and record["time_zero"] == "randomisation" and not record["subgroup"]
        column = _column(record, code, sides) if code and plain else None
        if column is None:
            continue
        if isinstance(column, tuple):
            values = replicates.values(column[0]) - replicates.values(column[1])
        elif column in replicates.frame.columns:
            values = replicates.values(column)
        else:
            continue
        if not np.isfinite(values).any():
            continue
        found = spread(values)
        if record["measure"] == "hazard_ratio":
            ratio = found.exp()
            value, mc_se, low, high = ratio["value"], ratio["mc_se"], ratio["low95"], ratio["high95"]
        else:
            value, mc_se, low, high = found.mean, found.mc_se, found.low95, found.high95
        record["mc_se"] = mc_se if np.isfinite(mc_se) else None
        record["replicates"] = {
            "value": value, "low": low, "high": high, "level": 0.95, "mc_se": record["mc_se"],
            "count": found.count, "missing": found.missing,
        }  # fmt: skip


def _column(record: dict[str, Any], code: str, sides: dict[str, str]) -> str | tuple[str, str] | None:
    measure, side = record["measure"], sides.get(str(record["arm"]))
    if measure == "hazard_ratio":
        return f"{code}_log_hr"
    if measure == "rmst_difference_months":
        return f"{code}_rmst_experimental", f"{code}_rmst_control"
    if side is None:
        return None
    if measure in ("survival", "cumulative_incidence"):
        return f"{code}_at_{record['at_months']:g}_{side}"
    return {"median_months": f"{code}_median_{side}", "rmst_months": f"{code}_rmst_{side}"}.get(measure)
