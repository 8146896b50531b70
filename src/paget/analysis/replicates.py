"""Many replicates of one trial in a few numbers: centre, spread, and the error of having few.

Uncertainties are kept apart: sampling (one real trial differs from the next), parameters (what the evidence leaves open: `components`
splits the two by replicates within draws), and Monte-Carlo (more replicates and draws would change the mean: `mc_se`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import PagetError

NINETY = (0.05, 0.95)
NINETY_FIVE = (0.025, 0.975)


@dataclass(frozen=True)
class Spread:
    """Distribution of one statistic over replicates.

    Attributes
    ----------
    count, missing : int
        Replicates with a value, and without one (such as a median that was not reached).
    mean, sd : float
        Mean and sampling standard deviation over replicates; `mean_se` is the mean standard error the
        trials reported of themselves, to be compared with `sd` (NaN when not given).
    mc_se : float
        Monte-Carlo standard error of the mean, sd / sqrt(count).
    low90, high90, low95, high95 : float
        Quantiles 5-95 % and 2.5-97.5 % over replicates: where a single trial of this size would fall.
    """

    count: int
    missing: int
    mean: float
    sd: float
    mean_se: float
    mc_se: float
    low90: float
    high90: float
    low95: float
    high95: float

    def exp(self) -> dict[str, float]:
        """Return the same on the scale of ratios (a geometric mean); `mc_se` by the delta method."""
        mean = math.exp(self.mean)
        return {
            "value": mean,
            "mc_se": mean * self.mc_se,
            "low90": math.exp(self.low90),
            "high90": math.exp(self.high90),
            "low95": math.exp(self.low95),
            "high95": math.exp(self.high95),
        }


def spread(values: Any, standard_errors: Any = None) -> Spread:
    """Summarise one statistic over replicates, such as the log hazard ratio of each.

    Parameters
    ----------
    values : array (replicates,)
        One value per replicate; NaN where it could not be computed (counted in `missing`, left out of the
        rest).
    standard_errors : array, optional
        The standard error each replicate reported.

    Raises
    ------
    PagetError
        When no replicate has a value.
    """
    column = np.asarray(values, dtype=np.float64).reshape(-1)
    good = column[np.isfinite(column)]
    if not good.size:
        raise PagetError(
            "no replicate gave a value for this statistic",
            got=f"{column.size} replicates, all missing",
            fix="take a landmark within the follow-up, or larger trials",
        )
    n = len(good)
    sd = float(good.std(ddof=1)) if n > 1 else math.nan
    low90, high90, low95, high95 = (float(q) for q in np.quantile(good, (*NINETY, *NINETY_FIVE)))
    errors = None if standard_errors is None else np.asarray(standard_errors, dtype=np.float64)
    mean_se = math.nan if errors is None else float(errors[np.isfinite(errors)].mean())
    return Spread(n, column.size - n, float(good.mean()), sd, mean_se, sd / math.sqrt(n), low90, high90, low95, high95)


def share(hits: Any) -> tuple[float, float]:
    """Return a proportion (such as power) and its Monte-Carlo standard error sqrt(p (1 - p) / n)."""
    column = np.asarray(hits, dtype=bool).reshape(-1)
    if not column.size:
        raise PagetError("there are no replicates to count")
    p = float(column.mean())
    return p, math.sqrt(p * (1.0 - p) / column.size)


@dataclass(frozen=True)
class Components:
    """Variance of one statistic over replicates within parameter draws, split in two (one-way random effects).

    Attributes
    ----------
    draws, count : int
        Parameter draws that gave a value, and replicates in all.
    mc_se : float
        Monte-Carlo standard error of the mean over all replicates: it falls with more draws and more replicates of each.
    sampling_sd : float
        Between replicates of one draw: what other patients would change (NaN with one replicate a draw).
    parameter_sd : float
        Between draws, with sampling taken off; 0 where draws differ no more than chance. NaN with one draw.
    parameter_sd_low, parameter_sd_high : float
        Interval of `parameter_sd` (Williams and Tukey) at ``level``: with few draws it is wide.
    parameter_variance, parameter_variance_se : float
        Unbiased estimate, which may be negative, and its standard error.
    level : float
    """

    draws: int
    count: int
    mc_se: float
    sampling_sd: float
    parameter_sd: float
    parameter_sd_low: float
    parameter_sd_high: float
    parameter_variance: float
    parameter_variance_se: float
    level: float


def components(values: Any, draws: Any, *, level: float = 0.95) -> Components:
    """Split the variance of a statistic into sampling (within draws) and parameters (between draws).

    Parameters
    ----------
    values : array (replicates,)
        One value a replicate, such as its log hazard ratio; NaN where it could not be computed (left out).
    draws : array (replicates,)
        Which parameter draw each replicate was simulated under. Replicates are independent, within draws and between.
    level : float
        Of the interval of the parameter standard deviation.

    Raises
    ------
    PagetError
        When no replicate has a value.

    Notes
    -----
    Analysis of variance with unequal group sizes (Searle, Casella, McCulloch, Variance Components, 1992, 3.6); the interval is that of
    Williams (Biometrika 1962;49:278), whose level is at least ``2 * level - 1`` and in practice close to ``level``.
    """
    from scipy import stats

    column, which = np.asarray(values, dtype=np.float64).reshape(-1), np.asarray(draws).reshape(-1)
    good = np.isfinite(column)
    column, which = column[good], which[good]
    if not column.size:
        raise PagetError("no replicate gave a value for this statistic", got=f"{good.size} replicates, all missing")
    _, group, sizes = np.unique(which, return_inverse=True, return_counts=True)
    k, n = len(sizes), len(column)
    means = np.bincount(group, column) / sizes
    grand = float(column.mean())
    within = float(np.sum((column - means[group]) ** 2))
    between = float(np.sum(sizes * (means - grand) ** 2))
    ms_within = within / (n - k) if n > k else math.nan
    nan = math.nan
    if k < 2:
        sd = math.sqrt(ms_within) if n > k else nan
        return Components(k, n, sd / math.sqrt(n), sd, nan, nan, nan, nan, nan, level)
    ms_between = between / (k - 1)
    mc_se = math.sqrt(ms_between / n)
    if n == k:  # one replicate a draw: the two cannot be told apart
        return Components(k, n, mc_se, nan, nan, nan, nan, nan, nan, level)
    typical = (n - float(np.sum(sizes**2)) / n) / (k - 1)
    variance = (ms_between - ms_within) / typical
    error = math.sqrt(2 * (ms_between**2 / (k - 1) + ms_within**2 / (n - k))) / typical
    tail = (1 - level) / 2

    def limit(p: float) -> float:
        f, chi2 = float(stats.f.ppf(p, k - 1, n - k)), float(stats.chi2.ppf(p, k - 1))
        return math.sqrt(max(0.0, (between - (k - 1) * f * ms_within) / (typical * chi2)))

    return Components(
        k, n, mc_se, math.sqrt(ms_within), math.sqrt(max(0.0, variance)), limit(1 - tail), limit(tail), variance, error, level
    )
