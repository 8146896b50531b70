"""Scores of predictions of held-out numbers. Arithmetic on numbers only: nothing here knows the model.

Each number has a scale on which it is about normal: log for ratios and medians, logit for shares. Intervals are given back in its own
unit; scores that add up (interval score, regression) are on the scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from paget.errors import PagetError

Scale = Literal["log", "logit", "identity"]
Z95 = 1.959963984540054
ALPHA = 0.05
EDGE = 1e-6
"""Shares closer than this to 0 or 1 are taken as this: their logits would be infinite."""
ROUNDING = 1e-9
"""Numbers on a scale that differ by less are the same: there and back costs the last bits."""
GROUPS = {
    "hazard_ratio": "ratios", "odds_ratio": "ratios", "survival": "landmarks", "cumulative_incidence": "landmarks", "rate": "shares",
    "median_months": "medians",
}  # fmt: skip


def to_scale(scale: Scale, value: float) -> float:
    """A number on its scale.

    Examples
    --------
    >>> to_scale("log", 1.0), to_scale("logit", 0.5)
    (0.0, 0.0)
    """
    if scale == "log":
        return math.log(value)
    if scale == "logit":
        share = min(max(value, EDGE), 1.0 - EDGE)
        return math.log(share / (1.0 - share))
    return value


def drawn_in(share: float, size: int) -> float:
    """A share with half a patient added on either side: none of 26 is 0.5 of 27, so that 0 and 1 have a logit.

    Examples
    --------
    >>> drawn_in(0.0, 9), drawn_in(1.0, 9)
    (0.05, 0.95)
    """
    return (min(max(share, 0.0), 1.0) * size + 0.5) / (size + 1.0)


def from_scale(scale: Scale, value: float) -> float:
    """Back from the scale."""
    if scale == "log":
        return math.exp(min(value, 700.0))
    return 1.0 / (1.0 + math.exp(-value)) if scale == "logit" else value


def reach(sampling_sd: float, parameter_sd: float, mc_se: float, units: int) -> float:
    """Half width of a 95 % predictive interval on the scale, from so many draws (or replicates, where there is one set): Student's t."""
    from scipy import stats

    if units < 2:
        return math.inf
    return float(stats.t.ppf(1.0 - ALPHA / 2.0, units - 1)) * math.sqrt(sampling_sd**2 + parameter_sd**2 + mc_se**2)


@dataclass(frozen=True)
class Prediction:
    """One held-out number as the model predicts it at the size of the study, beside what the study printed.

    Attributes
    ----------
    study, name, what : str
        Evidence id; the row or the protocol with its look; the number in words.
    posterior : str
    measure : str
        ``hazard_ratio``, ``survival``, ``median_months`` ...
    scale : {"log", "logit", "identity"}
    held_out : bool
        Whether these values were chosen without it; others are shown, not scored.
    observed, observed_low, observed_high, observed_level : float or None
        As printed.
    observed_sd : float or None
        Standard error of the study on the scale, from its interval or size; None where neither was printed.
    mean : float
        Mean of the predictive distribution, on the scale.
    low, high : float or None
        95 % predictive interval at the study's size, in the unit of the number: sampling and parameters together. None: not reached.
    sampling_sd, parameter_sd, mc_se : float
        On the scale: other patients; other draws; few replicates and draws (error of the mean).
    draws, count : int
        Parameter draws (0: one set) and replicates or draws behind it.
    source : str
        ``replicates`` of the whole trial, or ``row`` of the table of phenomena.
    size : int or None
        Patients by whose number simulated shares were drawn in from 0 and 1; the observed share is drawn in likewise. None: it is not.
    """

    study: str
    name: str
    what: str
    posterior: str
    measure: str
    scale: Scale
    held_out: bool
    observed: float
    observed_low: float | None
    observed_high: float | None
    observed_level: float | None
    observed_sd: float | None
    mean: float
    low: float | None
    high: float | None
    sampling_sd: float
    parameter_sd: float
    mc_se: float
    draws: int
    count: int
    source: str
    size: int | None = None

    @property
    def observed_scaled(self) -> float:
        """The printed number on the scale, nobody and everybody drawn in by half a patient where the simulated ones were."""
        if self.scale == "logit" and self.size:
            return to_scale(self.scale, drawn_in(self.observed, self.size))
        return to_scale(self.scale, self.observed)

    @property
    def predicted(self) -> float:
        """Middle of the prediction in the unit of the number."""
        return from_scale(self.scale, self.mean)

    @property
    def group(self) -> str:
        """Kind of number: ratios, landmarks, medians, shares."""
        return GROUPS.get(self.measure, self.measure)

    @property
    def error(self) -> float:
        """Standard deviation of observed minus predicted on the scale: the study's sampling, the parameters, and Monte-Carlo."""
        own = self.sampling_sd if self.observed_sd is None else self.observed_sd
        return math.sqrt(own**2 + self.parameter_sd**2 + self.mc_se**2)


@dataclass(frozen=True)
class Score:
    """What one prediction is worth.

    Attributes
    ----------
    covered : bool
        The printed number lies in the 95 % predictive interval.
    width : float or None
        Width of that interval: factor between its ends for ratios and medians, difference for shares. None: open.
    z : float
        Standardised difference: observed minus predicted over the error of that difference.
    agrees : bool or None
        The prediction lies in the study's printed interval; None where it printed none.
    interval_score : float or None
        Gneiting and Raftery's, at 95 %, on the scale: width plus 40 times the miss. Smaller is better. None: open interval.
    """

    covered: bool
    width: float | None
    z: float
    agrees: bool | None
    interval_score: float | None


def score(p: Prediction) -> Score:
    """Score one prediction."""
    observed = p.observed_scaled
    low = -math.inf if p.low is None else to_scale(p.scale, p.low)
    high = math.inf if p.high is None else to_scale(p.scale, p.high)
    covered = low - ROUNDING <= observed <= high + ROUNDING
    width = points = None
    if p.low is not None and p.high is not None:
        width = p.high / p.low if p.scale == "log" else p.high - p.low
        points = (high - low) + 2.0 / ALPHA * (max(low - observed, 0.0) + max(observed - high, 0.0))
    agrees = None
    if p.observed_low is not None or p.observed_high is not None:
        agrees = (p.observed_low is None or p.observed_low <= p.predicted) and (
            p.observed_high is None or p.predicted <= p.observed_high
        )
    z = (observed - p.mean) / p.error if p.error > 0.0 else math.nan
    return Score(covered, width, z, agrees, points)


@dataclass(frozen=True)
class Line:
    """Regression of observed on predicted (`line`), each on its scale: 1 and 0 are right.

    Weights: one over the squared error of the difference.
    """

    slope: float
    slope_se: float
    intercept: float
    intercept_se: float
    count: int


@dataclass(frozen=True)
class Summary:
    """Scores of all held-out numbers of one kind (or of all kinds) under one posterior.

    Attributes
    ----------
    posterior, group : str
    count, covered : int
        Numbers, and how many lie in their 95 % predictive interval.
    agreeing, with_interval : int
        Of those whose study printed an interval, how many it holds the prediction of.
    close : int
        Standardised difference below 1.96.
    width : float or None
        Median width of the intervals (see `Score`); None over all kinds, whose widths cannot be compared.
    interval_score : float or None
        Mean.
    calibration : Line or None
        None with fewer than three numbers.
    """

    posterior: str
    group: str
    count: int
    covered: int
    agreeing: int
    with_interval: int
    close: int
    width: float | None
    interval_score: float | None
    calibration: Line | None

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def line(predictions: Sequence[Prediction], *, within: bool = False) -> Line | None:
    """Weighted least squares of observed on predicted; None where no line can be drawn.

    Parameters
    ----------
    predictions : sequence of Prediction
    within : bool
        Numbers of several kinds: the slope is taken within kinds, since differences between logs of months and logs of ratios carry any
        slope to 1 whatever is foretold; the intercept is how far observed numbers lie above predicted ones on average.

    Notes
    -----
    Standard errors grow with the root of chi-square over its degrees of freedom where the points scatter more than their errors say.
    """
    x = np.array([p.mean for p in predictions])
    y = np.array([p.observed_scaled for p in predictions])
    w = np.array([p.error**-2 for p in predictions])
    kinds = np.unique([p.group for p in predictions], return_inverse=True)[1] if within else np.zeros(len(x), int)
    free = len(x) - (kinds.max(initial=0) + 1) - 1
    if free < 1:
        return None
    total = np.bincount(kinds, w)
    centred_x, centred_y = (v - (np.bincount(kinds, w * v) / total)[kinds] for v in (x, y))
    spread = float((w * centred_x**2).sum())
    if not np.isfinite(spread) or spread <= 1e-12:
        return None
    slope = float((w * centred_x * centred_y).sum() / spread)
    scatter = math.sqrt(max(1.0, float((w * (centred_y - slope * centred_x) ** 2).sum()) / free))
    mean, all_w = float((w * x).sum() / w.sum()), float(w.sum())
    intercept = float((w * y).sum() / all_w) - (1.0 if within else slope) * mean
    error = math.sqrt(1.0 / all_w + (0.0 if within else mean**2 / spread))
    return Line(slope, scatter * spread**-0.5, intercept, scatter * error, len(predictions))


def summarise(predictions: Sequence[Prediction]) -> list[Summary]:
    """Sum up the held-out ones by posterior and kind, and over all kinds.

    Raises
    ------
    PagetError
        If nothing was held out.
    """
    scored = [p for p in predictions if p.held_out]
    if not scored:
        raise PagetError(
            "nothing was predicted that is held out", expected="at least one held-out number",
            fix="take a study that these values were not fitted to (targets: `paget calibrate --list`)" if predictions else None,
        )  # fmt: skip
    out = []
    for posterior in dict.fromkeys(p.posterior for p in scored):
        mine = [p for p in scored if p.posterior == posterior]
        groups = [g for g in ("ratios", "landmarks", "medians", "shares") if any(p.group == g for p in mine)]
        out += [_summary(posterior, group, [p for p in mine if p.group == group]) for group in groups]
        out.append(_summary(posterior, "all", mine))
    return out


def _summary(posterior: str, group: str, mine: list[Prediction]) -> Summary:
    scores = [score(p) for p in mine]
    widths = [s.width for s in scores if s.width is not None]
    points = [s.interval_score for s in scores if s.interval_score is not None]
    judged = [s.agrees for s in scores if s.agrees is not None]
    return Summary(
        posterior, group, len(mine), sum(s.covered for s in scores), sum(judged), len(judged), sum(abs(s.z) < Z95 for s in scores),
        float(np.median(widths)) if widths and group != "all" else None, float(np.mean(points)) if points else None,
        line(mine, within=group == "all"),
    )  # fmt: skip
