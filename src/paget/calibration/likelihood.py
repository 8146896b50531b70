"""Likelihoods of published figures: the scale on which one is normal, and the sampling error it has there.

=========== ============================== ========= ==========================================================
kind        figure                         scale     sampling error from
=========== ============================== ========= ==========================================================
binomial    share of patients              logit     ``n``
survival    share by a landmark            logit     the printed interval, else ``n``
log-normal  ratio, rate, mean              log       the printed interval, else ``sd``
interval    median                         log       the printed interval or range, else ``n``
normal      anything                       identity  ``sd``
=========== ============================== ========= ==========================================================

The median of n exponential times has a standard error of 1.44 / sqrt(n) on the log scale (its density at the median is half its rate).
A range without a level is taken as 90 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

from paget.calibration.readouts import Estimate
from paget.calibration.rows import Published
from paget.errors import PagetError

Kind = Literal["binomial", "survival", "log-normal", "interval", "normal"]
RANGE_LEVEL = 0.90
MEDIAN_SD = 1.0 / math.log(2.0)
_LONGEST_MONTHS = 400.0
_FURTHEST = {"log": 6.0, "logit": 9.0}


def logit(p: float) -> float:
    """Log odds."""
    return math.log(p / (1.0 - p))


SCALES: dict[Kind, str] = {
    "binomial": "logit", "survival": "logit", "log-normal": "log", "interval": "log", "normal": "identity",
}  # fmt: skip
_TO: dict[str, Callable[[float], float]] = {"logit": logit, "log": math.log, "identity": float}
_FROM: dict[str, Callable[[float], float]] = {
    "logit": lambda x: 1.0 / (1.0 + math.exp(-x)), "log": math.exp, "identity": float,
}  # fmt: skip


class Observation(NamedTuple):
    """A published figure on the scale of its likelihood, and the standard error of sampling there."""

    value: float
    sd: float


def scaled(kind: Kind, value: float) -> float:
    """A number on the scale of a likelihood."""
    return _TO[SCALES[kind]](value)


def unscaled(kind: Kind, value: float) -> float:
    """Back from the scale of a likelihood."""
    return _FROM[SCALES[kind]](value)


def observation(
    kind: Kind, figure: Published, *, n: float | None, sd: float | None, rounded: float | None, where: str, key: str
) -> Observation:
    """A published figure as its likelihood sees it.

    Raises
    ------
    PagetError
        If the likelihood is impossible: a share outside 0 to 1, a ratio or median that is not positive, an interval that does not hold the
        figure, a size or a spread that is not positive, or nothing that gives a sampling error.
    """

    def refuse(what: str, got: object, expected: str) -> PagetError:
        return PagetError(f"impossible likelihood: {what}", where=where, key=f"{key}.likelihood", got=got, expected=expected)

    value, low, high, _ = figure
    scale = SCALES[kind]
    if scale == "logit" and not 0.0 < value < 1.0:
        raise refuse(f"a {kind} figure is not a share", value, "more than 0 and less than 1")
    if scale == "log" and not value > 0.0:
        raise refuse(f"a {kind} figure is not positive", value, "more than 0")
    if (low is not None and low > value) or (high is not None and high < value):
        raise refuse("the interval does not hold the figure", f"{value:g} ({low} to {high})", "low <= figure <= high")
    if n is not None and not n >= 1.0:
        raise refuse("no patients", n, "n of 1 or more")
    if sd is not None and not sd > 0.0:
        raise refuse("a spread that is not positive", sd, "sd above 0")
    centre = scaled(kind, value)
    found = _spread(kind, figure, n, sd)
    if found is None:
        need = {"binomial": "n", "survival": "n, or a printed interval", "interval": "n, or a printed interval or range"}
        raise refuse("nothing gives its sampling error", None, need.get(kind, "sd, or a printed interval"))
    if rounded:
        step = rounded / math.sqrt(12.0)
        found = math.hypot(found, step / (value * (1.0 - value)) if scale == "logit" else step / value if scale == "log" else step)
    return Observation(centre, found)


def _spread(kind: Kind, figure: Published, n: float | None, sd: float | None) -> float | None:
    value, low, high, level = figure
    if kind in ("binomial", "normal"):
        if kind == "normal":
            return sd
        return None if n is None else 1.0 / math.sqrt(n * value * (1.0 - value))
    if sd is not None:
        return sd
    ends = [x for x in (low, high) if x is not None and x > 0.0 and (SCALES[kind] == "log" or x < 1.0)]
    if ends and (low is not None or high is not None):
        from scipy.special import ndtri

        z = float(ndtri(0.5 + 0.5 * (level or RANGE_LEVEL)))
        far = [scaled(kind, x) for x in ends]
        if len(far) == 2 and far[1] > far[0]:
            return (far[1] - far[0]) / (2.0 * z)
        if abs(far[0] - scaled(kind, value)) > 0.0:
            return abs(far[0] - scaled(kind, value)) / z
    if n is None:
        return None
    return 1.0 / math.sqrt(n * value * (1.0 - value)) if kind == "survival" else MEDIAN_SD / math.sqrt(n) if kind == "interval" else None


def simulated(kind: Kind, found: Estimate) -> Observation | None:
    """What a simulation gave, on the scale of a likelihood, with its Monte-Carlo error; None where nothing came out.

    Shares of 0 and 1 are drawn in by half a patient; medians that nobody reached stand at 400 months.
    """
    value, se, n = found
    scale = SCALES[kind]
    if math.isnan(value) or n == 0 or (scale == "log" and value <= 0.0):
        return None
    if scale == "logit":
        p = (min(max(value, 0.0), 1.0) * n + 0.5) / (n + 1.0)
        error = (se if math.isfinite(se) else 0.5 / math.sqrt(n)) / (p * (1.0 - p))
        return Observation(logit(p), min(error, _FURTHEST[scale]))
    if scale == "log":
        x = math.log(min(value, _LONGEST_MONTHS) if kind == "interval" else value)
        x = min(max(x, -_FURTHEST[scale] * 2.0), _FURTHEST[scale] * 2.0)
        return Observation(x, se / value if math.isfinite(se) and math.isfinite(value) else MEDIAN_SD / math.sqrt(n))
    return Observation(value, se if math.isfinite(se) else 0.0)
