"""Normal and chi-square tails, and the probability of a box under a normal law, without scipy.

`scipy.stats` costs more than a second of import, several times what all the statistics of one trial cost;
the few tails that the main path needs are closed forms. Checked against scipy in the tests.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from ._arrays import Floats

_STANDARD = NormalDist()
_OUTER, _INNER = 160, 12
"""Gauss-Legendre nodes of `box_probability`: error below 1e-9 at p < 0.01, below 1e-5 at p of 0.4 (tests)."""


def z_quantile(probability: float) -> float:
    """Quantile of the standard normal law (Wichura AS 241, 16 digits)."""
    return _STANDARD.inv_cdf(probability)


def z_of_level(level: float) -> float:
    """Half-width in standard errors of a two-sided interval at `level` (0.95 gives 1.959964)."""
    return z_quantile(0.5 + level / 2.0)


def normal_p(z: float) -> float:
    """Two-sided p value of a standard normal statistic."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def chi2_sf(x: float, df: int) -> float:
    """Upper tail of the chi-square law with a whole number of degrees of freedom."""
    if math.isnan(x) or df < 1:
        return math.nan
    if x <= 0.0:
        return 1.0
    half = x / 2.0
    if df % 2 == 0:
        terms = [1.0]
        for k in range(1, df // 2):
            terms.append(terms[-1] * half / k)
        return math.exp(-half) * math.fsum(terms)
    tail = math.erfc(math.sqrt(half))
    term = math.exp(-half) * math.sqrt(half) / math.gamma(1.5)
    for k in range(1, (df - 1) // 2 + 1):
        tail += term
        term *= half / (k + 0.5)
    return tail


def box_probability(limit: float, correlation: Floats) -> float:
    """Probability that every one of several correlated standard normals lies in [-limit, limit].

    Fleming-Harrington statistics are linearly dependent ((1,0) and (0,1) sum to (0,0)), so a MaxCombo of
    four has a correlation of rank three: two axes are integrated on a grid and the third in closed form. A
    higher rank goes to `scipy.stats.multivariate_normal`.
    """
    factor = _pivoted_cholesky(correlation)
    rank = factor.shape[1]
    if rank > 3:
        return _box_by_scipy(limit, correlation)
    if rank == 1:
        return 1.0 - normal_p(limit)
    nodes, weights = _legendre(_OUTER)
    first = nodes * limit
    w1 = weights * limit * _density(first)
    if rank == 2:
        low, high = _interval(limit, factor[1:, :1] @ first[None, :], factor[1:, 1])
        return float(np.sum(w1 * _mass(low, high)))
    return float(w1 @ _inner(limit, factor, first))


def _inner(limit: float, factor: Floats, first: Floats) -> Floats:
    """Integrate the two inner axes of a rank-three box at each value of the first axis.

    The bounds of the third axis are straight lines in the second: between two crossings of lines the
    integrand is smooth, so each stretch gets its own Gauss-Legendre rule.
    """
    # A statistic that the first two axes determine (as (0,0) by (1,0) and (0,1)) cuts the second axis, not
    # the third.
    determined = np.abs(factor[:, 2]) < 1e-6
    determined[0] = False
    low, high = _interval(limit, factor[determined, :1] @ first[None, :], factor[determined, 1])
    low = np.clip(low, -9.0, 9.0)
    high = np.clip(high, low, 9.0)
    rows = factor[~determined][1:]
    slope = np.tile(-rows[:, 1] / rows[:, 2], 2)
    sign = np.repeat([limit, -limit], len(rows))[:, None]
    offset = (sign - np.tile(rows[:, 0], 2)[:, None] * first[None, :]) / np.tile(rows[:, 2], 2)[:, None]
    i, j = np.triu_indices(len(slope), 1)
    apart = np.abs(slope[i] - slope[j]) > 1e-12
    i, j = i[apart], j[apart]
    crossings = (offset[j] - offset[i]) / (slope[i] - slope[j])[:, None]
    grid = np.clip(np.arange(-6.0, 7.0, 2.0)[:, None], low, high)
    knots = np.sort(np.vstack([low, high, np.clip(crossings, low, high), grid]), axis=0)
    nodes, weights = _legendre(_INNER)
    middle, half = (knots[1:] + knots[:-1]) / 2.0, (knots[1:] - knots[:-1]) / 2.0
    second = middle[:, :, None] + half[:, :, None] * nodes
    shift = rows[:, 0, None, None, None] * first[None, None, :, None] + rows[:, 1, None, None, None] * second[None]
    low3, high3 = _interval(limit, shift.reshape(len(shift), -1), rows[:, 2])
    mass = _mass(low3, high3).reshape(second.shape) * _density(second)
    return np.asarray((half * (mass @ weights)).sum(axis=0))


def _pivoted_cholesky(matrix: Floats) -> Floats:
    """Rows of L (L L' = matrix), pivots first and lower triangular; as many columns as the rank."""
    left = matrix.astype(np.float64).copy()
    columns: list[Floats] = []
    pivots: list[int] = []
    for _ in range(len(left)):
        diagonal = np.diag(left).copy()
        diagonal[pivots] = 0.0
        pivot = int(np.argmax(diagonal))
        if diagonal[pivot] < 1e-8:
            break
        column = left[:, pivot] / math.sqrt(diagonal[pivot])
        columns.append(column)
        pivots.append(pivot)
        left = left - np.outer(column, column)
    factor = np.column_stack(columns)
    rest = [i for i in range(len(left)) if i not in pivots]
    return np.asarray(factor[pivots + rest])


def _interval(limit: float, shift: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Where |shift_i + slope_i z| <= limit for all i; empty as low > high."""
    low = np.full(shift.shape[1], -np.inf)
    high = np.full(shift.shape[1], np.inf)
    for row, c in zip(shift, slope, strict=True):
        if abs(c) < 1e-9:
            high = np.where(np.abs(row) <= limit + 1e-12, high, -np.inf)
            continue
        a, b = (-limit - row) / c, (limit - row) / c
        low, high = np.maximum(low, np.minimum(a, b)), np.minimum(high, np.maximum(a, b))
    return low, high


def _mass(low: Floats, high: Floats) -> Floats:
    root = math.sqrt(2.0)
    upper = np.fromiter(map(math.erf, (high / root).tolist()), dtype=np.float64, count=len(high))
    lower = np.fromiter(map(math.erf, (low / root).tolist()), dtype=np.float64, count=len(low))
    return np.asarray(np.maximum(upper - lower, 0.0) / 2.0)


def _density(z: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


@lru_cache(maxsize=4)
def _legendre(count: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return np.asarray(nodes), np.asarray(weights)


def _box_by_scipy(limit: float, correlation: Floats) -> float:
    from scipy.stats import multivariate_normal

    k = len(correlation)
    law = multivariate_normal(np.zeros(k), correlation, allow_singular=True, abseps=1e-8, maxpts=2_000_000, seed=1)
    return float(law.cdf(np.full(k, limit), lower_limit=np.full(k, -limit)))
