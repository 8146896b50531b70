"""What has to be looked at before an adjusted estimate is believed: balance, overlap, weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import Bools, Floats

BINS = 20
"""Bars of the histograms of propensity and of weights."""
GOOD_BALANCE = 0.1
"""Absolute standardised difference below which a covariate is commonly called balanced (Austin 2009)."""


@dataclass(frozen=True)
class Balance:
    """One covariate (or one level of it) in treated and untreated, before and after weighting or matching.

    Standardised mean difference: difference of means over the root mean of both groups' unweighted
    variances, the same denominator before and after.
    """

    covariate: str
    mean_treated: float
    mean_untreated: float
    smd_before: float
    smd_after: float | None = None


def balance(found: Mapping[str, Floats], treated: Bools, weights: Floats | None = None) -> list[Balance]:
    """Balance table of numeric columns.

    Parameters
    ----------
    found : mapping of name to array
    treated : array of bool
    weights : array, optional
        Weights after which `smd_after` is computed (0 for patients left out by matching).
    """
    rows: list[Balance] = []
    for name, column in found.items():
        one, zero = column[treated], column[~treated]
        spread = math.sqrt((one.var(ddof=1) + zero.var(ddof=1)) / 2.0) if min(len(one), len(zero)) > 1 else 0.0
        before = _standardised(one.mean() - zero.mean(), spread)
        after = None
        if weights is not None:
            means = [float(np.average(column[g], weights=weights[g])) for g in (treated, ~treated)]
            after = _standardised(means[0] - means[1], spread)
        rows.append(Balance(name, float(one.mean()), float(zero.mean()), before, after))
    return rows


def _standardised(difference: float, spread: float) -> float:
    if spread > 0:
        return float(difference / spread)
    return 0.0 if abs(difference) < 1e-12 else math.copysign(math.inf, difference)


def overlap(score: Floats, treated: Bools) -> dict[str, Any]:
    """Propensity scores of both groups: histograms, common range, share outside it, and C of the model."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    one, zero = score[treated], score[~treated]
    low, high = max(one.min(), zero.min()), min(one.max(), zero.max())
    outside = float(np.mean((score < low) | (score > high)))
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    values, inverse, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    ranks[order] = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    c = (ranks[treated].sum() - len(one) * (len(one) + 1) / 2.0) / (len(one) * len(zero))
    return {
        "edges": edges.tolist(),
        "treated": np.histogram(one, edges)[0].tolist(),
        "untreated": np.histogram(zero, edges)[0].tolist(),
        "common_range": [float(low), float(high)],
        "share_outside_common_range": outside,
        "c_statistic": float(c),
        "distinct_scores": len(values),
    }


def weight_summary(weights: Floats, treated: Bools) -> dict[str, Any]:
    """Mean, extremes and effective sample size of weights (Kish), overall and by group, with a histogram."""
    top = max(float(weights.max()), 1e-12)
    edges = np.linspace(0.0, top, BINS + 1)
    return {
        "mean": float(weights.mean()),
        "min": float(weights.min()),
        "max": float(weights.max()),
        "effective_n": effective_n(weights),
        "effective_n_treated": effective_n(weights[treated]),
        "effective_n_untreated": effective_n(weights[~treated]),
        "edges": edges.tolist(),
        "treated": np.histogram(weights[treated], edges)[0].tolist(),
        "untreated": np.histogram(weights[~treated], edges)[0].tolist(),
    }


def effective_n(weights: Floats) -> float:
    """Kish's effective sample size: (sum w)^2 / sum w^2."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def truncated(weights: Floats, share: float | None) -> Floats:
    """Weights cut off at their `share` and 1 - `share` quantiles; unchanged for None."""
    if not share:
        return weights
    low, high = np.quantile(weights, [share, 1.0 - share])
    return np.clip(weights, low, high)


def balance_rows(table: list[Balance]) -> list[dict[str, Any]]:
    """Balance table as plain values."""
    return [
        {
            "covariate": row.covariate,
            "mean_treated": row.mean_treated,
            "mean_untreated": row.mean_untreated,
            "smd_before": row.smd_before,
            "smd_after": row.smd_after,
        }
        for row in table
    ]
