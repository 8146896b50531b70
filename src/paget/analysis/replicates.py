"""Many replicates of one trial in a few numbers: centre, spread, and the error of having few.

Three uncertainties are kept apart, never in one band: sampling (one real trial differs from the next: `sd`
and the intervals), Monte-Carlo (more replicates would change the mean: `mc_se`), and parameters (not here).
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
