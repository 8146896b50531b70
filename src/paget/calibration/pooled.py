"""A target that stands for several trials: their ratios pooled by random effects, heterogeneity kept.

>>> from paget.calibration.rows import rows
>>> row = next(row for row in rows() if row.pool)
>>> figure = stated(pooled(row))
>>> figure.low < figure.value < figure.high
True
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from paget.calibration.rows import Anchor, cells
from paget.evidence.meta import Pooled, log_ratio, pool

if TYPE_CHECKING:
    from paget.report.style import Drawing

LEVEL = 0.95
_Z = 1.959963984540054


class Stated(NamedTuple):
    """A pooled ratio and the interval in which the ratio of one more such trial is expected, but for that trial's own sampling."""

    value: float
    low: float
    high: float
    level: float


def pooled(row: Anchor) -> Pooled:
    """The ratios of a row, pooled by random effects (REML).

    The standard error is Hartung and Knapp's or the plain one, whichever is larger: theirs falls below that of a common effect where few
    studies happen to agree (Röver, Knapp and Friede 2015, BMC Med Res Methodol 15:99).

    Raises
    ------
    PagetError
        If the evidence base has no such number, or several.
    """
    read = cells(row)
    labels = [str(result.of or study.id) for study, result, _ in read]
    ratios = [log_ratio(result, label=label) for label, (_, result, _) in zip(labels, read, strict=True)]
    notes = [note for _, _, note in ratios if note is not None]
    effects, ses = [effect for effect, _, _ in ratios], [se for _, se, _ in ratios]
    both = [pool(effects, ses, labels=labels, notes=notes, hartung_knapp=corrected) for corrected in (True, False)]
    return max(both, key=lambda one: one.se)


def stated(of: Pooled) -> Stated:
    """The pooled ratio as a target: uncertainty of the mean and heterogeneity between trials together, on the log scale."""
    spread = _Z * math.hypot(of.se, math.sqrt(of.tau2))
    return Stated(math.exp(of.estimate), math.exp(of.estimate - spread), math.exp(of.estimate + spread), LEVEL)


def drawn(row: Anchor) -> Drawing:
    """Forest plot of what a row pools: each study, the mean, and where the next study is expected."""
    import numpy as np
    import polars as pl

    from paget.evidence.figures import forest
    from paget.report.style import Drawing

    of = pooled(row)
    effects, spread = np.array(of.effects), _Z * np.array(of.ses)
    data = pl.DataFrame(
        {
            "study": [*of.labels, "pooled"],
            "ratio": [*np.exp(effects), of.ratio()[0]],
            "low": [*np.exp(effects - spread), of.ratio()[1]],
            "high": [*np.exp(effects + spread), of.ratio()[2]],
            "weight": [*of.weights, 1.0],
        }
    )
    told = " ".join(f"{name} {ratio:.2f} ({low:.2f} to {high:.2f})." for name, ratio, low, high, _ in data.iter_rows())
    return Drawing(forest(of, title=row.what), data, f"Forest plot: {row.what}. {told}", row.what)
