"""Log-rank tests: plain, stratified, Fleming-Harrington weighted, and MaxCombo.

Own code: lifelines has no stratified test, its weighted test fails on an event at time 0 and with case
weights, and no library has MaxCombo. Equal to R's `survdiff` (G^rho) and to mvtnorm (MaxCombo) in the
tests. A p value belongs to a trial at its real size; for thousands of virtual patients report the effect
and its interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import PagetError
from ._arrays import Floats, Ints, at_risk, checked, checked_entry, codes, strata_codes, tally
from ._distributions import box_probability, chi2_sf

MAXCOMBO_WEIGHTS: tuple[tuple[float, float], ...] = ((0, 0), (1, 0), (0, 1), (1, 1))


@dataclass(frozen=True)
class LogRank:
    """Result of a log-rank test.

    Attributes
    ----------
    statistic, df, p_value : float, int, float
        Chi-square, its degrees of freedom and upper tail.
    groups : list
        Labels, sorted; arrays follow this order.
    observed, expected : array
        (Weighted) events observed and expected under no difference.
    variance : array, shape (g, g)
        Covariance of observed - expected.
    z : float
        For two groups, signed: positive when the last group has more events than expected. NaN otherwise.
    """

    statistic: float
    df: int
    p_value: float
    groups: list[Any]
    observed: Floats
    expected: Floats
    variance: Floats
    z: float


@dataclass(frozen=True)
class MaxCombo:
    """Largest of several Fleming-Harrington statistics; the p value accounts for their correlation."""

    statistic: float
    p_value: float
    z: Floats
    weights: tuple[tuple[float, float], ...]
    correlation: Floats


def logrank(
    time: Any,
    event: Any,
    group: Any,
    *,
    strata: Any = None,
    rho: float = 0.0,
    gamma: float = 0.0,
    entry: Any = None,
) -> LogRank:
    """Log-rank test of equal survival between groups.

    Parameters
    ----------
    time, event, group : array, shape (n,)
        Time, event (bool or 0/1) and group label of each patient.
    strata : array or list of arrays, optional
        Observed, expected and variance are summed over strata (several columns are crossed).
    rho, gamma : float
        Fleming-Harrington weight S(t-)^rho (1 - S(t-))^gamma on pooled survival within the stratum; (1, 0)
        stresses early and (0, 1) late differences.
    entry : array, optional
        Left truncation.

    Raises
    ------
    PagetError
        For bad columns, fewer than two groups, or no event at all.
    """
    t, e, labels, code, stratum, start = _prepare(time, event, group, strata, entry)
    observed, expected, variance = _moments(t, e, code, len(labels), stratum, start, [(rho, gamma)])
    difference, v = (observed - expected)[0], variance[0, 0]
    statistic, df = _quadratic(difference, v)
    z = float(difference[1] / math.sqrt(v[1, 1])) if len(labels) == 2 and v[1, 1] > 0 else math.nan
    return LogRank(statistic, df, chi2_sf(statistic, df), labels, observed[0], expected[0], v, z)


def fleming_harrington(
    time: Any,
    event: Any,
    group: Any,
    *,
    strata: Any = None,
    weights: Sequence[tuple[float, float]] = MAXCOMBO_WEIGHTS,
    entry: Any = None,
) -> tuple[Floats, Floats, tuple[tuple[float, float], ...]]:
    """Several weighted log-rank statistics of two groups and their correlation: what MaxCombo combines.

    Parameters
    ----------
    time, event, group, strata, weights, entry
        As in `maxcombo`.

    Returns
    -------
    z : array (k,)
        Positive where the last group has more events than expected.
    correlation : array (k, k)
    weights : tuple of (rho, gamma)
    """
    t, e, labels, code, stratum, start = _prepare(time, event, group, strata, entry)
    if len(labels) != 2:
        raise PagetError("MaxCombo compares exactly two groups", got=labels)
    pairs = tuple((float(r), float(g)) for r, g in weights)
    observed, expected, variance = _moments(t, e, code, 2, stratum, start, pairs)
    covariance = variance[:, :, 1, 1]
    error = np.sqrt(np.diag(covariance))
    if not (error > 0).all():
        raise PagetError("a weighted log-rank statistic has no variance", fix="drop that weight, or give more events")
    return (observed - expected)[:, 1] / error, covariance / np.outer(error, error), pairs


def maxcombo(
    time: Any,
    event: Any,
    group: Any,
    *,
    strata: Any = None,
    weights: Sequence[tuple[float, float]] = MAXCOMBO_WEIGHTS,
    alternative: Literal["two-sided", "less", "greater"] = "two-sided",
    entry: Any = None,
) -> MaxCombo:
    """MaxCombo test of two groups, for hazards that may cross.

    Parameters
    ----------
    time, event, group, strata, entry
        As in `logrank`; exactly two groups, the last in sorted order is the one whose excess of events is
        positive.
    weights : sequence of (rho, gamma)
        The Fleming-Harrington tests combined.
    alternative : {"two-sided", "less", "greater"}
        "less" looks for fewer events in the last group (a benefit of the experimental arm coded 1).

    Notes
    -----
    The p value is 1 - P(all |Z| <= max) for normals with the estimated correlation (Karrison 2016; Lin et
    al. 2020).
    """
    z, correlation, pairs = fleming_harrington(time, event, group, strata=strata, weights=weights, entry=entry)
    if alternative == "two-sided":
        largest = float(np.abs(z).max())
        p_value = 1.0 - box_probability(largest, correlation)
    else:
        largest = float((-z if alternative == "less" else z).max())
        p_value = 1.0 - _one_sided(largest, correlation)
    return MaxCombo(largest, min(max(p_value, 0.0), 1.0), z, pairs, correlation)


def _prepare(
    time: Any, event: Any, group: Any, strata: Any, entry: Any
) -> tuple[Floats, Any, list[Any], Ints, Ints, Floats | None]:
    t, e = checked(time, event)
    labels, code = codes(group, len(t), "group")
    if len(labels) < 2:
        raise PagetError("there is only one group, so nothing to compare", got=labels, expected="two groups or more")
    if not e.any():
        raise PagetError("no patient had the event: there is nothing to compare", fix="check the coding of the event")
    return t, e, labels, code, strata_codes(strata, len(t)), checked_entry(entry, t)


def _moments(
    time: Floats,
    event: Any,
    code: Ints,
    n_groups: int,
    stratum: Ints,
    entry: Floats | None,
    weights: Sequence[tuple[float, float]],
) -> tuple[Floats, Floats, Floats]:
    """Weighted observed and expected (weights, groups), and their covariance for each pair of weights."""
    k = len(weights)
    observed, expected = np.zeros((k, n_groups)), np.zeros((k, n_groups))
    variance = np.zeros((k, k, n_groups, n_groups))
    for s in range(int(stratum.max()) + 1):
        inside = stratum == s
        if not (inside & event).any():
            continue
        times = np.unique(time[inside & event])
        risk, died = np.zeros((len(times), n_groups)), np.zeros((len(times), n_groups))
        for g in range(n_groups):
            mine = inside & (code == g)
            one = np.ones(int(mine.sum()))
            risk[:, g] = at_risk(times, time[mine], one, None if entry is None else entry[mine])
            died[:, g] = tally(times, time[mine], event[mine], one)
        n, d = risk.sum(axis=1), died.sum(axis=1)
        before = np.concatenate([[1.0], np.cumprod(1.0 - d / n)[:-1]])
        w = np.array([before**rho * (1.0 - before) ** gamma for rho, gamma in weights])
        share = risk / n[:, None]
        observed += w @ died
        expected += w @ (share * d[:, None])
        spread = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1), 0.0)
        shape = share[:, :, None] * (np.eye(n_groups)[None] - share[:, None, :])
        variance += np.einsum("at,bt,tgh->abgh", w * spread, w, shape)
    return observed, expected, variance


def _quadratic(difference: Floats, variance: Floats) -> tuple[float, int]:
    """Chi-square of the differences, leaving out one group (they sum to 0) and any never at risk."""
    live = np.flatnonzero(np.diag(variance) > 1e-12)[1:]
    if not live.size:
        return math.nan, 1
    part = difference[live]
    solved = np.linalg.lstsq(variance[np.ix_(live, live)], part, rcond=None)[0]
    return float(part @ solved), len(live)


def _one_sided(limit: float, correlation: Floats) -> float:
    from scipy.stats import multivariate_normal

    k = len(correlation)
    law = multivariate_normal(np.zeros(k), correlation, allow_singular=True, abseps=1e-8, maxpts=2_000_000, seed=1)
    return float(law.cdf(np.full(k, limit)))
