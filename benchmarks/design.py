"""Designing trials: 1,000 trials of 400 from a prepared population, and the error of the first kind over 10,000 trials with no effect."""

from __future__ import annotations

import math
import time

from benchmarks.report import bar, cpu_seconds, title
from paget.design.lives import Lives, prepare
from paget.design.options import DesignOptions
from paget.design.outcome import Question, events_planned, find
from paget.design.trials import Layout, layout, tau_of
from paget.design.vary import change
from paget.parameters import ParameterSet
from paget.study import load_protocol

PROTOCOL, PATIENTS, POOL, SEED, CHUNK = "e2108", 400, 10_000, 1, 500
NULL_TRIALS, ALPHA = 10_000, 0.025


def main() -> None:
    """Measure speed (CPU time of one thread) and the error of the first kind, without and with looks."""
    title(f"Designing a trial: {PROTOCOL} with {PATIENTS} patients, population of {POOL:,}")
    protocol = change(load_protocol(PROTOCOL), {"accrual.patients": PATIENTS})
    spent, lives = cpu_seconds(lambda: prepare(protocol, ParameterSet.point(), SEED, POOL))
    print(f"prepare the population (read from the cache where it is there): {spent:.1f} s of CPU")
    plan = layout(protocol, DesignOptions(), lives)
    fixed = Question(protocol, "OS", DesignOptions().plan(), 1, ("logrank", "cox"), tau_of(protocol))
    find(fixed, plan, lives, range(2), SEED)  # loads the kernels
    wall = time.perf_counter()
    spent, _ = cpu_seconds(lambda: [find(fixed, plan, lives, range(a, a + CHUNK), SEED) for a in range(0, 1000, CHUNK)])
    print(f"        wall time, whatever else the machine does: {time.perf_counter() - wall:.1f} s")
    bar("1,000 trials, stratified log-rank and Cox, one thread", spent, 60.0, unit=" s of CPU")

    options = DesignOptions(looks=(0.5, 0.75, 1.0), boundary="lan-demets-of", futility="hsd:-2", binding=True)
    planned = events_planned(protocol, "OS", plan, lives, SEED)
    asked = Question(protocol, "OS", options.plan(), planned, ("logrank", "cox", "rmst"), tau_of(protocol))
    rates = null_rates(asked, plan, lives)
    for what, name in {
        "stratified log-rank test": "finds_logrank", "Cox, Wald test": "finds_cox",
        "three looks, Lan-DeMets, binding futility": "finds",
    }.items():  # fmt: skip
        judge(what, rates[name])
    # an unstratified test after stratified randomisation errs less often than it says, so it is judged without strata
    print(f"        difference of restricted means, unstratified, after stratified randomisation: {rates['finds_rmst']:.4f}")
    plain = change(protocol, {"randomisation.strata": []})
    again = layout(plain, DesignOptions(), lives)
    rates = null_rates(Question(plain, "OS", DesignOptions().plan(), 1, ("logrank", "rmst"), tau_of(plain)), again, lives)
    judge("difference of restricted means, no strata", rates["finds_rmst"])


def null_rates(asked: Question, plan: Layout, lives: Lives) -> dict[str, float]:
    """Share of trials without any effect that find one, by each test."""
    import polars as pl

    found = pl.concat([find(asked, plan, lives, range(a, a + CHUNK), SEED, null=True) for a in range(0, NULL_TRIALS, CHUNK)])
    return {name: float(found[name].mean()) for name in found.columns if name.startswith("finds")}  # type: ignore[arg-type]


def judge(what: str, rate: float) -> None:
    """Print an error of the first kind against two Monte-Carlo errors."""
    error = math.sqrt(ALPHA * (1 - ALPHA) / NULL_TRIALS)
    bar(f"type-I error over {NULL_TRIALS:,} trials, {what}: {rate:.4f}; from {ALPHA}", abs(rate - ALPHA) / error, 2.0, unit=" MCSE")
