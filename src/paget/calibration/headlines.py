"""Headline results: what sensitivity is asked of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paget.calibration.contrast import LEAST_LIVES, contrasts
from paget.calibration.evaluate import Evaluation, evaluate
from paget.calibration.likelihood import unscaled
from paget.calibration.targets import TargetSet
from paget.parameters import ParameterSet
from paget.study import load_protocol

Array = NDArray[np.float64]
FIGURES = {
    "era-2005-median": ("Median survival, de novo stage IV, 2005-09", "months"),
    "untreated-iv": ("Median survival, untreated stage IV", "months"),
    "iv-hr-pos": ("Stage IV at diagnosis, HR+/HER2-", "share"),
    "hazard-er-pos-10": ("Relapse of ER+ disease, years 10-15", "a year"),
}
"""Targets that are headline results too, with their names and units."""


@dataclass(frozen=True)
class Headline:
    """One result: its name, its unit, and whether it stands on a log scale."""

    id: str
    name: str
    unit: str
    kind: str


def headlines(targets: TargetSet) -> tuple[Headline, ...]:
    """The effect of surgery in each trial, and some figures of the disease."""
    trials = [
        Headline(name, f"Hazard ratio of surgery, {name}", "", "ratio") for name in (*targets.contrasts.inform, *targets.contrasts.predict)
    ]
    kinds = {t.id: t.kind for t in targets.targets}
    return (*trials, *(Headline(k, name, unit, kinds[k]) for k, (name, unit) in FIGURES.items() if k in kinds))


def natural(headline: Headline, value: float) -> float:
    """A result on its own scale."""
    return float(np.exp(value)) if headline.kind == "ratio" else unscaled(headline.kind, value)  # type: ignore[arg-type]


def results(parameters: ParameterSet, targets: TargetSet, *, lives: int, seed: int) -> Evaluation:
    """All headline results under one set of parameters, on the scales of their likelihoods; three evaluations' lives."""
    wanted = [h.id for h in headlines(targets)]
    trials = (*targets.contrasts.inform, *targets.contrasts.predict)
    values: dict[str, tuple[float, float]] = {}
    most = 0
    for k in range(0, len(trials), 2):
        found = contrasts(trials[k : k + 2], parameters, seed=seed, lives=max(lives, LEAST_LIVES))
        for name in trials[k : k + 2]:
            one = found[load_protocol(name, check_evidence=False).id]
            values[name] = (one.log_hr, one.se)
    part = targets.only([name for name in FIGURES if name in targets.ids])
    if part.targets:
        made = evaluate(parameters, part, lives=lives, seed=seed)
        most = made.lives
        values |= {name: (float(x), float(e)) for name, x, e in zip(part.ids, made.values, made.errors, strict=True)}
    return Evaluation(np.array([values[name][0] for name in wanted]), np.array([values[name][1] for name in wanted]), max(most, lives))
