"""Counterfactual twins: every patient lives both arms with shared randomness, to death.

What no trial can see: who gains and who loses by being assigned to the experimental arm, and by how much. Also the estimands that need
both potential outcomes: the principal stratum of those who would be operated if assigned to it, and the hypothetical in which nobody of
the control arm is operated late. None of these is observable; every record says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.analysis import cox, record
from paget.engine.compile import LONGEST_DAYS, compile_plan
from paget.engine.therapies import regimen_of
from paget.engine.trial import Roster
from paget.life.simulate import simulate
from paget.parameters import ParameterSet
from paget.study import Protocol
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl

TIE_MONTHS = 1.0
"""Gains and losses of less than a month are called none."""


def live_twins(protocol: Protocol, parameters: ParameterSet, roster: Roster, seed: int, *, threads: int = 1) -> pl.DataFrame:
    """Months from randomisation to death of each patient in each arm, and without late operations in the control arm."""
    import polars as pl

    plan = compile_plan(protocol, parameters, to_death=True)
    control, experimental = protocol.arms.index(protocol.control), protocol.arms.index(protocol.experimental[0])
    stayed = tuple(
        _without_crossover(one, protocol) if regimen_of(protocol, k)[0] == control else one for k, one in enumerate(plan.arms)
    )
    alternatives = {
        "control": (plan, control),
        "experimental": (plan, experimental),
        "control_without_crossover": (replace(plan, arms=stayed), control),
    }
    columns: dict[str, Any] = {"patient_id": roster.patient_id, "replicate": roster.replicate}
    for name, (lived, arm) in alternatives.items():
        outcomes = simulate(lived, roster.patient_id, roster.choices[:, arm], parameters, seed=seed, flags=roster.flags, threads=threads)
        death = np.where(np.isnan(outcomes["death_day"]), LONGEST_DAYS, outcomes["death_day"])
        columns[f"{name}_months"] = (death - outcomes["randomised_day"]) / DAYS_PER_MONTH
        columns[f"{name}_alive"] = np.isnan(outcomes["death_day"])
        if name == "experimental":
            columns["operated"] = np.isfinite(outcomes["surgery_day"])
            columns["surgery_death"] = outcomes["surgery_death"] == 1
    return pl.DataFrame(columns).with_columns(
        gain_months=pl.col("experimental_months") - pl.col("control_months")
    )


def _without_crossover(arm: Mapping[str, Any], protocol: Protocol) -> dict[str, Any]:
    """The control arm if nobody of it were operated late or given another arm's regimen at progression."""
    changed = {**arm, "crossover": 0.0}
    late = protocol.control.crossover
    if late is not None and not late.surgical:
        changed["later_share"] = np.concatenate([[0.0], arm["later_share"][1:]])
    return changed


def _hazard_ratio(treated: NDArray[Any], untreated: NDArray[Any]) -> float:
    time = np.concatenate([treated, untreated])
    arm = np.concatenate([np.ones(len(treated)), np.zeros(len(untreated))])
    if np.array_equal(np.sort(treated), np.sort(untreated)):
        return 1.0
    return float(cox(time, np.ones(len(time), dtype=bool), {"arm": arm}).hr[0])


def twin_records(twins: pl.DataFrame, protocol: Protocol) -> list[dict[str, Any]]:
    """Records of what the twins show, each marked as not observable."""
    n = twins.height
    comparison = {"experimental": protocol.experimental[0].id, "control": protocol.control.id}
    gain = twins["gain_months"].to_numpy()
    operated = twins["operated"].to_numpy()
    experimental, control = twins["experimental_months"].to_numpy(), twins["control_months"].to_numpy()
    stayed = twins["control_without_crossover_months"].to_numpy()
    paired, apart = float(np.var(gain, ddof=1)), float(np.var(experimental, ddof=1) + np.var(control, ddof=1))
    note = "not observable: both arms lived by the same patients, to death"
    fields: dict[str, Any] = {"comparison": comparison, "n": n, "note": note}

    def of_mean(values: NDArray[Any]) -> float:
        return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")

    out = [
        record("overall-survival", "twin_mean_gain_months", float(gain.mean()), mc_se=of_mean(gain), **fields),
        record("overall-survival", "twin_hazard_ratio", _hazard_ratio(experimental, control), **fields),
    ]
    for name, test in {
        "twin_share_gaining": gain > TIE_MONTHS,
        "twin_share_losing": gain < -TIE_MONTHS,
        "twin_share_unchanged": np.abs(gain) <= TIE_MONTHS,
    }.items():
        share = float(test.mean())
        out.append(record("overall-survival", name, share, mc_se=float(np.sqrt(share * (1 - share) / n)), **fields))
    out.append(record("overall-survival", "twin_variance_ratio", apart / paired if paired > 0 else None, **fields))
    out.append(
        record(
            "overall-survival", "twin_hazard_ratio", _hazard_ratio(experimental, stayed), comparison=comparison, n=n,
            method="hypothetical strategy: no late operation in the control arm", note=note,
        )
    )  # fmt: skip
    if operated.sum() >= 20:
        out.append(
            record(
                "overall-survival", "twin_hazard_ratio", _hazard_ratio(experimental[operated], control[operated]),
                comparison=comparison, n=int(operated.sum()),
                method="principal stratum: patients who are operated if assigned to it", note=note,
            )
        )  # fmt: skip
    for item in out:
        item["replicates"] = None
    return out
