"""Where the bias of ever / never comes from: each component of practice switched off in turn, one by one, and all together.

The estimator is always the same naive one; what changes is the practice that made the data. Contributions depend on what else is on, so
two are given: a component switched off alone, and the components removed one after the other in a fixed order, whose steps add up. The
same patients are in all of them, so the error of a difference comes from batches of patients, not from the errors of its two sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.analysis import cox
from paget.engine.registry.cohort import Cohort, follow
from paget.engine.registry.practice import Biases, about_of, components_of
from paget.engine.registry.truth import cut_twins, ratio_of
from paget.progress import Progress, silent
from paget.study.registry import Registry
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl


BATCHES = 20


@dataclass(frozen=True)
class Naive:
    """Ever / never under one set of biases, beside the truth of the same patients.

    Attributes
    ----------
    off : tuple of str
        Components switched off.
    n, operated : int
    hazard_ratio, se_log : float
        Ever against never operated.
    true_hazard_ratio, true_se_log : float
        Twins of all patients of the comparison, from its time zero.
    batches_log : tuple of float
        Log of reported over true in each of `BATCHES` parts of the patients.
    """

    off: tuple[str, ...]
    n: int
    operated: int
    hazard_ratio: float
    se_log: float
    true_hazard_ratio: float
    true_se_log: float
    batches_log: tuple[float, ...]

    @property
    def bias_log(self) -> float:
        """Log of the ratio of what is reported to what is true."""
        return math.log(self.hazard_ratio / self.true_hazard_ratio)

    @property
    def mc_se_log(self) -> float:
        """Monte-Carlo error of the bias, from both sides."""
        return math.hypot(self.se_log, self.true_se_log)


@dataclass(frozen=True)
class Step:
    """One component of the bias.

    Attributes
    ----------
    component : str
    alone : Naive
        With this component alone off; its contribution is the difference to everything on.
    after : Naive
        With it and all before it in the order off.
    contribution_log, contribution_se_log : float
        Change of the log hazard ratio's bias when it is switched off alone.
    step_log, step_se_log : float
        Change when it is removed after those before it; these add up.
    """

    component: str
    alone: Naive
    after: Naive
    contribution_log: float
    contribution_se_log: float
    step_log: float
    step_se_log: float


@dataclass(frozen=True)
class Decomposition:
    """All components on, each step, all off; and what each component is, in words."""

    on: Naive
    steps: list[Step]
    about: dict[str, str]

    @property
    def off(self) -> Naive:
        """Everything off."""
        return self.steps[-1].after

    def rows(self) -> list[dict[str, Any]]:
        """One row a component, plain values."""
        return [
            {
                "component": step.component,
                "about": self.about[step.component],
                **{f"alone_{name}": value for name, value in plain(step.alone).items() if name != "off"},
                "contribution_log": step.contribution_log,
                "contribution_se_log": step.contribution_se_log,
                **{f"after_{name}": value for name, value in plain(step.after).items() if name != "off"},
                "step_log": step.step_log,
                "step_se_log": step.step_se_log,
            }
            for step in self.steps
        ]


def plain(naive: Naive) -> dict[str, Any]:
    """Plain values for JSON."""
    shown = {name: getattr(naive, name) for name in Naive.__dataclass_fields__ if name != "batches_log"}
    return {**shown, "off": list(naive.off), "bias_log": naive.bias_log, "bias_mc_se_log": naive.mc_se_log}


def error_of_difference(a: Naive, b: Naive) -> float:
    """Monte-Carlo error of the difference of two biases in the same patients, from batches."""
    apart = np.asarray(a.batches_log) - np.asarray(b.batches_log)
    return float(np.std(apart, ddof=1) / math.sqrt(len(apart)))


def naive_ratio(cohort: Cohort, biases: Biases) -> Naive:
    """Ever against never, as a registry reports it; with immortal time off, as decided against not decided, from the decision.

    With eligibility off, whoever is in question for nothing is left out.
    """
    made = cohort.practised
    last = np.minimum(cohort.last_day, cohort.horizon_days)
    dead = cohort.dead & (cohort.last_day <= cohort.horizon_days)
    if "immortal-time" in biases.on:
        zero = np.zeros(len(last))
        treated = np.isfinite(cohort.operation_day) & (cohort.operation_day <= last)
    else:
        zero, treated = made.decision_day, made.chosen
    with np.errstate(invalid="ignore"):
        there = last > zero
    if "eligibility" not in biases.on:
        there &= made.offered
    part = (np.arange(len(last)) * BATCHES) // len(last)

    def both(who: NDArray[np.bool_]) -> tuple[float, float, float, float]:
        fit = cox((last[who] - zero[who]) / DAYS_PER_MONTH, dead[who], {"operated": treated[who].astype(float)}, robust=True)
        assert fit.robust_se is not None
        return float(fit.coef[0]), float(fit.robust_se[0]), *ratio_of(cut_twins(cohort, who, zero))

    log, se, true, true_se = both(there)
    batches = [both(there & (part == k)) for k in range(BATCHES)]
    return Naive(
        biases.off, int(there.sum()), int(treated[there].sum()), math.exp(log), se, math.exp(true), true_se,
        tuple(one[0] - one[2] for one in batches),
    )  # fmt: skip


def decompose(
    registry: Registry,
    people: Callable[[bool], pl.DataFrame],
    seed: int,
    *,
    base: Biases | None = None,
    progress: Progress = silent,
) -> Decomposition:
    """Switch off each component that is on.

    Parameters
    ----------
    registry : Registry
    people : callable
        Potential lives of the registry's patients, with (True) or without (False) stage migration.
    seed : int
    base : Biases, optional
        What is on to begin with.
    progress : callable, optional
        Called with (stage, done, total).
    """
    base = base or Biases()
    order = [name for name in components_of(registry) if name in base.on]
    done, total = 0, 2 * len(order)

    def under(biases: Biases) -> Naive:
        nonlocal done
        cohort = follow(registry, people("stage-migration" in biases.on), seed, biases)
        progress("decomposition", done, total)
        done += 1
        return naive_ratio(cohort, biases)

    on = before = under(base)
    steps = []
    for place, name in enumerate(order):
        alone = under(base.without(name))
        after = alone if place == 0 else under(base.without(*order[: place + 1]))
        steps.append(
            Step(
                name,
                alone,
                after,
                on.bias_log - alone.bias_log,
                error_of_difference(on, alone),
                before.bias_log - after.bias_log,
                error_of_difference(before, after),
            )
        )
        before = after
    progress("decomposition", total, total)
    return Decomposition(on, steps, about_of(registry))
