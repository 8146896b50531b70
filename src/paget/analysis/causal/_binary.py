"""Weighted stratified Cox model of treatment alone, fast: cloned and nested data have a million rows.

With one 0/1 covariate the sums over the risk sets are weights at risk in either group, which do not depend on
the coefficient: they are added up once and Newton's method then runs over the events only. Sorting, ties
(Efron) and residuals are those of `paget.analysis.cox`, whose results it gives (tests).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import PagetError
from .._arrays import Bools, Floats, Ints
from .._coxdata import Stratum, Terms, build, over_risk_sets, score_residuals


@dataclass(frozen=True)
class BinaryFit:
    """Log hazard ratio with its model-based error and each cluster's influence; `problem` says where it runs to infinity."""

    coef: float
    se_model: float
    influence: Floats
    problem: str

    @property
    def se_robust(self) -> float:
        """Sandwich error, weights taken as known."""
        return float(np.sqrt(self.influence @ self.influence))


def cox_binary(
    start: Floats | None,
    stop: Floats,
    event: Bools,
    treated: Bools,
    weight: Floats,
    stratum: Ints,
    cluster: Ints,
    clusters: int = 0,
) -> BinaryFit:
    """Fit the model; influence is summed by `cluster` (row numbers of patients, or of pairs), of which there are `clusters`."""
    x = treated.astype(np.float64)[:, None]
    strata = build(stop, event, x, stratum, start, weight, True)
    sums = [_sums(s) for s in strata]
    one, zero = (np.concatenate([part[i] for part in sums]) for i in (0, 1))
    mean_weight = np.concatenate([s.mean_weight for s in strata])
    hits = float(sum(float(s.weight[s.dead] @ s.x[s.dead, 0]) for s in strata))
    if not ((one > 0) & (zero > 0)).any():
        raise PagetError("treated and untreated are never at risk at one time", fix="another window, landmark or time zero")
    beta = 0.0
    for _ in range(60):
        mean = math.exp(beta) * one / (zero + math.exp(beta) * one)
        information = float(mean_weight @ (mean * (1.0 - mean)))
        if information <= 0:
            break
        move = float(np.clip((hits - mean_weight @ mean) / information, -2.0, 2.0))
        beta += move
        if abs(move) < 1e-11 or abs(beta) > 25:
            break
    ratio = math.exp(beta)
    mean = ratio * one / (zero + ratio * one)
    information = float(mean_weight @ (mean * (1.0 - mean)))
    problem = "the estimate runs to infinity: a group without events" if abs(beta) > 15 or information <= 0 else ""
    if information <= 0:
        return BinaryFit(beta, math.inf, np.array([math.inf]), problem)
    ends = np.cumsum([len(s.dead) for s in strata])[:-1]
    phi = zero + ratio * one
    terms = Terms(
        0.0, np.zeros(1), np.array([[information]]), [m[:, None] for m in np.split(mean, ends)], [],
        np.split(mean_weight / phi, ends), [np.where(s.x[:, 0] > 0, ratio, 1.0) for s in strata],
    )  # fmt: skip
    influence = score_residuals(strata, terms, len(stop))[:, 0] * weight / information
    summed = np.bincount(cluster, weights=influence, minlength=clusters).astype(np.float64)
    return BinaryFit(beta, 1.0 / math.sqrt(information), summed, problem)


def _sums(s: Stratum) -> tuple[Floats, Floats]:
    """Weight at risk in treated and untreated at each death, Efron's share of the tied deaths left out."""
    pair = np.column_stack([s.weight * s.x[:, 0], s.weight * (1.0 - s.x[:, 0])])
    tied = np.column_stack([np.bincount(s.tie, weights=pair[s.dead, i], minlength=len(s.times)) for i in (0, 1)])
    left = over_risk_sets(s, pair)[s.tie] - s.share[:, None] * tied[s.tie]
    # differences of running sums leave rounding where a group is empty
    left = np.where(left > 1e-12 * np.maximum(1.0, left.sum(axis=1, keepdims=True)), left, 0.0)
    return left[:, 0], left[:, 1]
