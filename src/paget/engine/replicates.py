"""Replicates: many trials of the same size with other patients, so that nobody reads one lucky trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.endpoints import COMPETING, LESIONS, NAMES, timed
from paget.engine.detailed import all_detailed_rows, flag_column, member_column
from paget.engine.endpoints import observed
from paget.engine.screen import Candidates
from paget.engine.trial import enrol, live_roster
from paget.parameters import ParameterSet
from paget.parameters.variants import VariantEffect
from paget.study import Protocol
from paget.study.analyses import size_classes

if TYPE_CHECKING:
    import polars as pl

CHUNK = 10
"""Replicates in one piece of work."""
NORMAL_95 = 1.959963984540054


def chunks(replicates: range) -> list[range]:
    """Replicates in pieces; replicate 0 is the trial itself."""
    return [range(start, min(start + CHUNK, replicates.stop)) for start in range(replicates.start, replicates.stop, CHUNK)]


def lots(replicates: int, draws: int) -> list[tuple[int, range]]:
    """Replicates 1 to ``replicates`` dealt to draws in turn of their numbers, as evenly as can be.

    Examples
    --------
    >>> lots(7, 3)
    [(0, range(1, 4)), (1, range(4, 6)), (2, range(6, 8))]
    """
    edges = [1]
    for k in range(draws):
        edges.append(edges[-1] + replicates // draws + (k < replicates % draws))
    return [(k, range(edges[k], edges[k + 1])) for k in range(draws)]


def numbered(rows: pl.DataFrame, first: int, draw: int) -> pl.DataFrame:
    """Rows with replicates counted from ``first`` and the number of the posterior's draw (-1: no posterior)."""
    import polars as pl

    return rows.with_columns(pl.col("replicate") + first, draw=pl.lit(draw, pl.Int64))


def live_chunk(
    protocol: Protocol, parameters: ParameterSet, candidates: Candidates, which: range, seed: int, threads: int
) -> pl.DataFrame:
    """Live the patients of some replicates; months and causes of each endpoint, one row a patient."""
    import polars as pl

    roster = enrol(protocol, candidates, which, seed)
    columns: dict[str, Any] = {
        "replicate": roster.replicate,
        "arm": (roster.arm == protocol.arms.index(protocol.experimental[0])).astype(np.int8),
        "control": (roster.arm == protocol.arms.index(protocol.control)).astype(np.int8),
        "stratum": [str(label) for label in roster.stratum],
    }
    if len(protocol.arms) > 2:
        columns["place"] = roster.arm
    if protocol.detailed:
        return pl.DataFrame(columns | all_detailed_rows(protocol, parameters, roster, seed, threads))
    patients = live_roster(protocol, parameters, roster, seed, threads=threads)
    columns["merged"] = patients["merged_colonies"]
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

    @property
    def draws(self) -> NDArray[np.int64]:
        """Draw of the posterior of each replicate; -1 where there is one set."""
        found: NDArray[np.int64] = self.frame["draw"].to_numpy()
        return found

    @property
    def posterior_draws(self) -> int:
        """Number of different draws; 0 where there is one set."""
        return len(np.unique(self.draws[self.draws >= 0]))

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

    from paget.analysis.fast import replicate_statistics

    marks = list(protocol.analyses.landmarks_months)
    marks += [float(entry.at_months) for entry in protocol.published if entry.at_months is not None]
    marks = sorted(set(marks))
    tau = protocol.analyses.rmst_tau_months or max(marks, default=protocol.follow_up.data_cut_months)
    longest = protocol.accrual.months + protocol.follow_up.data_cut_months
    grid = np.linspace(0.0, longest, 97)
    first = rows.filter((pl.col("arm") == 1) | (pl.col("control") == 1))
    out = _statistics(first, first["arm"].to_numpy().astype(np.int64), protocol, marks, tau, threads)
    for arm in protocol.experimental[1:]:
        place = protocol.arms.index(arm)
        pair = rows.filter((pl.col("place") == place) | (pl.col("control") == 1))
        more = _statistics(pair, (pair["place"] == place).to_numpy().astype(np.int64), protocol, marks, tau, threads)
        out |= {f"{name}@{arm.id}": values for name, values in more.items() if not name.endswith(CONTROL) and name != "replicate"}
    if protocol.single_arm:
        out = {name: values for name, values in out.items() if name.endswith("_experimental") or name == "replicate"}
    survival = replicate_statistics(
        first["OS_months"].to_numpy(), first["OS_cause"].to_numpy() == 1, first["arm"].to_numpy().astype(np.int64),
        first["replicate"].to_numpy(), landmarks=grid, threads=threads,
    )  # fmt: skip
    out["draw"] = rows.unique("replicate", keep="first").sort("replicate")["draw"]
    return Replicates(pl.DataFrame(out), grid, survival.survival)


CONTROL = "_control"


def _statistics(
    rows: pl.DataFrame, arm: NDArray[np.int64], protocol: Protocol, marks: list[float], tau: float, threads: int
) -> dict[str, Any]:
    """Statistics of two arms (1 against 0) of every replicate, by the name of their column."""
    import polars as pl

    from paget.analysis.fast import replicate_incidence, replicate_statistics

    out: dict[str, Any] = {}
    everyone = np.unique(rows["replicate"].to_numpy())
    for name in protocol.endpoints:
        if not timed(name):
            out |= _shares(rows, arm, name, protocol)
            continue
        months = rows[f"{name}_months"].to_numpy()
        cause = rows[f"{name}_cause"].to_numpy().astype(np.int64)
        has = cause >= 0  # a duration of response is of those who responded
        if not has.any():
            continue
        months, cause, a, replicate = months[has], cause[has], arm[has], rows["replicate"].to_numpy()[has]
        strata = rows["stratum"].to_numpy()[has] if protocol.randomisation.strata else None
        found = replicate_statistics(
            months, cause == 1, a, replicate, strata=strata, landmarks=marks, tau=tau, threads=threads
        )
        there = np.searchsorted(everyone, found.replicate)

        def every(values: Any, there: Any = there) -> Any:
            if len(there) == len(everyone):
                return values
            filled = np.full(len(everyone), np.nan)  # a replicate in which nobody has this time
            filled[there] = values
            return filled

        out["replicate"] = everyone
        out[f"{name}_log_hr"], out[f"{name}_se"] = every(found.log_hr), every(found.se)
        out[f"{name}_logrank_z"] = every(found.logrank_z)
        incidence = None
        if name in COMPETING:
            incidence = replicate_incidence(months, cause, a, replicate, landmarks=marks, threads=threads)
        for g, side in enumerate(("control", "experimental")):
            out[f"{name}_events_{side}"] = every(found.events[:, g])
            for k, mark in enumerate(marks):
                value = found.survival[:, g, k] if incidence is None else incidence[:, g, k]
                out[f"{name}_at_{mark:g}_{side}"] = every(value)
            if incidence is None:
                out[f"{name}_median_{side}"] = every(found.median[:, g])
                out[f"{name}_rmst_{side}"] = every(found.rmst[:, g])
        if protocol.detailed:
            out |= _crude(rows.filter(pl.Series(has)), a, name, everyone)
    out.setdefault("replicate", everyone)
    return out


def _crude(rows: pl.DataFrame, arm: NDArray[np.int64], name: str, everyone: NDArray[np.int64]) -> dict[str, Any]:
    """Crude share of patients with an event, as some papers print it."""
    return {
        f"{name}_rate_{side}": _share((rows[f"{name}_cause"] == 1).to_numpy()[mine], np.ones(int(mine.sum())),
                                      rows["replicate"].to_numpy()[mine], everyone)
        for side, mine in (("control", arm == 0), ("experimental", arm == 1))
    }  # fmt: skip


def _shares(rows: pl.DataFrame, arm: NDArray[np.int64], name: str, protocol: Protocol) -> dict[str, Any]:
    """Share of responders, or of treated lesions by size class, and the odds ratio between arms."""
    everyone = np.unique(rows["replicate"].to_numpy())
    groups = (None, *size_classes(protocol.analyses.lesion_sizes_cm)) if name in LESIONS else (None,)
    out: dict[str, Any] = {}
    for group in groups:
        hits, of = rows[flag_column(name, group)].to_numpy(), rows[member_column(name, group)].to_numpy()
        mark = "" if group is None else f"_{group}"
        for side, mine in (("control", arm == 0), ("experimental", arm == 1)):
            out[f"{name}{mark}_rate_{side}"] = _share(hits[mine], of[mine], rows["replicate"].to_numpy()[mine], everyone)
    if name not in LESIONS and not protocol.single_arm:
        p, q = out[f"{name}_rate_experimental"], out[f"{name}_rate_control"]
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.log(p / (1 - p)) - np.log(q / (1 - q))
        out[f"{name}_log_odds_ratio"] = np.where(np.isfinite(odds), odds, np.nan)
    return out


def _share(hits: Any, of: Any, replicate: NDArray[np.int64], everyone: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum of hits over sum of members, replicate by replicate; NaN where there is no member."""
    place = np.searchsorted(everyone, replicate)
    top = np.bincount(place, np.asarray(hits, float), len(everyone))
    bottom = np.bincount(place, np.asarray(of, float), len(everyone))
    found: NDArray[np.float64] = np.divide(top, bottom, out=np.full(len(everyone), np.nan), where=bottom > 0)
    return found


def add_spread(records: list[dict[str, Any]], replicates: Replicates, protocol: Protocol) -> None:
    """Give each record of the trial what the replicates say: mean, spread of single trials, and each kind of uncertainty apart."""
    codes, sides = {long: short for short, long in NAMES.items()}, sides_of(protocol)
    for record in records:
        record["replicates"] = None
        code = codes.get(str(record["endpoint"]))
        plain = record["population"] == "itt" and record["time_zero"] == "randomisation"
        plain = plain and (not record["subgroup"] or code in LESIONS)
        column = column_of(record, code, sides) if code and plain else None
        if column is None:
            continue
        if isinstance(column, tuple):
            if any(name not in replicates.frame.columns for name in column):
                continue
            values = replicates.values(column[0]) - replicates.values(column[1])
        elif column in replicates.frame.columns:
            values = replicates.values(column)
        else:
            continue
        if not np.isfinite(values).any():
            continue
        record["replicates"] = uncertainty(values, replicates.draws, ratio=record["measure"] in ("hazard_ratio", "odds_ratio"))
        record["mc_se"] = record["replicates"]["mc_se"]


def uncertainty(values: NDArray[np.float64], draws: NDArray[np.int64], *, ratio: bool) -> dict[str, Any]:
    """What replicates say of one statistic, as it stands in ``summary.json`` (docs/outputs.md).

    Parameters
    ----------
    values : array
        One a replicate; logarithms where it is a ratio.
    draws : array of int
        Draw of each.
    ratio : bool
        Give values and limits as ratios; standard deviations stay on the log scale.
    """
    from paget.analysis import components, spread
    from paget.analysis.records import finite

    found, parts = spread(values), components(values, draws)

    def shown(value: float) -> float | None:
        return finite(math.exp(value) if ratio else value)

    def normal(sd: float) -> dict[str, float | None]:
        return {"low": shown(found.mean - NORMAL_95 * sd), "high": shown(found.mean + NORMAL_95 * sd)}

    mean = math.exp(found.mean) if ratio else found.mean
    known = math.isfinite(parts.parameter_sd)
    both = parts.sampling_sd**2 + parts.parameter_sd**2
    return {
        "value": mean, "low": shown(found.low95), "high": shown(found.high95), "level": 0.95,
        "mc_se": finite(mean * parts.mc_se if ratio else parts.mc_se),
        "count": found.count, "missing": found.missing, "draws": parts.draws if draws[0] >= 0 else 0,
        "scale": "log" if ratio else "identity",
        "sampling": {"sd": finite(parts.sampling_sd), **normal(parts.sampling_sd)},
        "parameter": {
            "sd": finite(parts.parameter_sd), "sd_low": finite(parts.parameter_sd_low), "sd_high": finite(parts.parameter_sd_high),
            "share": finite(parts.parameter_sd**2 / both) if both > 0 else None, **normal(parts.parameter_sd),
        } if known else None,
        "structural": None,
    }  # fmt: skip


def add_structures(records: list[dict[str, Any]], effects: Sequence[VariantEffect], *, changed: bool) -> None:
    """Give the hazard ratio of death what fitted structural variants say of it; nothing where the user changed values."""
    for record in records:
        spread = record.get("replicates")
        whole = record["population"] == "itt" and record["time_zero"] == "randomisation" and not record["subgroup"]
        main = record["endpoint"] == NAMES["OS"] and record["measure"] == "hazard_ratio" and record["cut"] is None and whole
        if not spread or not effects or changed or not main:
            continue
        ratios = [one.hazard_ratio for one in effects]
        spread["structural"] = {
            "low": min(ratios), "high": max(ratios),
            "variants": [
                {
                    "id": one.variant, "what": one.what, "value": one.hazard_ratio,
                    "mc_se": one.hazard_ratio * one.mc_se_log if math.isfinite(one.mc_se_log) else None,
                }
                for one in effects
            ],
            "meaning": f"range of the mean effect over {len(effects)} fitted structures: "
            + ", ".join(f"{one.variant} {one.hazard_ratio:.2f}" for one in effects),
        }  # fmt: skip


def sides_of(protocol: Protocol) -> dict[str, str]:
    """End of the names of columns of each arm."""
    sides = {protocol.control.id: "control", protocol.experimental[0].id: "experimental"}
    return sides | {arm.id: f"experimental@{arm.id}" for arm in protocol.experimental[1:]}


def column_of(record: Mapping[str, Any], code: str, sides: Mapping[str, str]) -> str | tuple[str, str] | None:
    """Column of the replicates' table that holds a result (two: their difference), None where there is none.

    Parameters
    ----------
    record : mapping
        ``measure``, ``arm``, ``comparison``, ``at_months``, ``subgroup`` (of lesions: a size class).
    code : str
        Endpoint, such as ``OS``.
    sides : mapping
        From `sides_of`.
    """
    measure, side = record["measure"], sides.get(str(record["arm"]))
    versus = record["comparison"]["experimental"] if record["comparison"] else ""
    mark = sides.get(versus, "experimental").removeprefix("experimental")  # "@arm" beyond the first comparison
    if measure == "hazard_ratio":
        return f"{code}_log_hr{mark}"
    if measure == "odds_ratio":
        return f"{code}_log_odds_ratio{mark}"
    if measure == "rmst_difference_months":
        return f"{code}_rmst_experimental{mark}", f"{code}_rmst_control"
    if measure == "rate_difference":
        return f"{code}_rate_experimental{mark}", f"{code}_rate_control"
    if side is None:
        return None
    if measure in ("survival", "cumulative_incidence"):
        return f"{code}_at_{record['at_months']:g}_{side}"
    if measure == "rate":
        return f"{code}_rate_{side}" if not record["subgroup"] else f"{code}_{record['subgroup']}_rate_{side}"
    return {"median_months": f"{code}_median_{side}", "rmst_months": f"{code}_rmst_{side}"}.get(measure)
