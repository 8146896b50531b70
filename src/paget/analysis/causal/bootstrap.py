"""Bootstrap by patient: the whole analysis again on patients drawn with replacement, weights and all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...errors import PagetError
from ...progress import Progress, silent
from .._distributions import normal_p
from ..rmst import Difference
from .data import ObservationalData
from .estimate import CausalEstimate

MOST_FAILURES = 0.1
"""Share of resamples that may fail before the interval is refused."""

Resample = tuple[float, float | None] | None
"""Log hazard ratio and difference in restricted means of one resample; nothing where it could not be analysed."""


class Resamples:
    """Memory of resamples that were made before: none here; a kind of it that keeps them can make a bootstrap go on."""

    def get(self, k: int) -> tuple[bool, Resample]:
        """Whether resample k is known, and what it gave."""
        return False, None

    def put(self, k: int, one: Resample) -> None:
        """Remember what resample k gave."""


def bootstrap(
    analysis: Callable[[ObservationalData], CausalEstimate],
    data: ObservationalData,
    *,
    replicates: int = 500,
    seed: int = 1,
    level: float = 0.95,
    progress: Progress = silent,
    memory: Resamples | None = None,
) -> CausalEstimate:
    """Return the analysis with percentile intervals of its hazard ratio and restricted-mean difference.

    Parameters
    ----------
    analysis : callable
        From data to an estimate, such as ``lambda d: iptw(d, adjust_for=["age"], tau_months=60)``. Give
        `tau_months`, or each resample has a horizon of its own.
    data : ObservationalData
    replicates : int
        Resamples; replicate k is drawn from a counter-based generator by (seed, k).
    seed : int
    level : float
    progress : callable, optional
        Called with (stage, done, total).
    memory : Resamples, optional
        Where resamples are kept, of the same analysis and data; what it knows is not drawn again.

    Raises
    ------
    PagetError
        Where more than a tenth of the resamples cannot be analysed.
    """
    if replicates < 20:
        raise PagetError("a bootstrap needs at least 20 resamples", got=replicates, expected="500 or more for an interval")
    point = analysis(data)
    logs, gains, failed = [], [], 0
    memory = memory or Resamples()
    for k in range(replicates):
        progress("bootstrap", k, replicates)
        known, one = memory.get(k)
        if not known:
            one = _resample(analysis, data, seed, k)
            memory.put(k, one)
        if one is None:
            failed += 1
            continue
        logs.append(one[0])
        if one[1] is not None:
            gains.append(one[1])
    progress("bootstrap", replicates, replicates)
    if failed > MOST_FAILURES * replicates:
        raise PagetError(
            f"{failed} of {replicates} resamples could not be analysed: the groups are too small for a bootstrap",
            where=data.where,
            fix="use the robust interval, fewer covariates or another landmark",
        )
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(logs, [tail, 1.0 - tail])
    gain = point.rmst_difference
    if gain is not None and len(gains) > (1.0 - MOST_FAILURES) * replicates:
        se = float(np.std(gains, ddof=1))
        ends = np.quantile(gains, [tail, 1.0 - tail])
        gain = Difference(gain.value, se, float(ends[0]), float(ends[1]), normal_p(gain.value / se) if se > 0 else 1.0, gain.tau)
    return replace(
        point,
        ci_low=float(np.exp(low)),
        ci_high=float(np.exp(high)),
        se_log=float(np.std(logs, ddof=1)),
        interval="bootstrap",
        level=level,
        rmst_difference=gain,
        diagnostics={**point.diagnostics, "bootstrap": {"replicates": replicates, "failed": failed, "seed": seed}},
    )


def _resample(analysis: Callable[[ObservationalData], CausalEstimate], data: ObservationalData, seed: int, k: int) -> Resample:
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, k], dtype=np.uint64)))
    n = len(data)
    try:
        one = analysis(data.take(rng.integers(0, n, n)))
    except PagetError:
        return None
    if one.problem or one.hazard_ratio is None:
        return None
    return float(one.log_hazard_ratio), None if one.rmst_difference is None else float(one.rmst_difference.value)
