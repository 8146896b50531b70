"""From a cohort to one number and its Monte-Carlo error: shares, medians, survival, risks, hazard ratios."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import numpy as np

from paget.calibration.cohorts import Array, Cohort
from paget.calibration.conditions import matching
from paget.errors import PagetError


class Estimate(NamedTuple):
    """A number, its Monte-Carlo standard error, and how many patients it rests on."""

    value: float
    se: float
    n: int


NOTHING = Estimate(math.nan, math.nan, 0)


def _share(hits: Array) -> Estimate:
    n = len(hits)
    if n == 0:
        return NOTHING
    value = float(np.mean(hits))
    return Estimate(value, math.sqrt(max(value * (1.0 - value), 0.25 / n) / n), n)


def share(c: Cohort, of: Mapping[str, Any]) -> Estimate:
    """Share of patients who meet a condition."""
    return _share(matching(c, of))


def mean(c: Cohort, column: str) -> Estimate:
    """Mean of a column."""
    x = c[column]
    if len(x) < 2:
        return NOTHING
    return Estimate(float(np.mean(x)), float(np.std(x, ddof=1) / math.sqrt(len(x))), len(x))


def median_of(x: Array) -> Estimate:
    """Sample median, its error from the order statistics half a standard deviation of rank away."""
    n = len(x)
    if n < 4:
        return NOTHING
    ranked = np.sort(x)
    half = 0.5 * math.sqrt(n)
    low, high = ranked[max(int(n / 2 - half), 0)], ranked[min(int(n / 2 + half), n - 1)]
    return Estimate(float(np.median(ranked)), float(high - low) / 2.0 if math.isfinite(high) else math.nan, n)


def times(c: Cohort, to: str) -> Array:
    """Months to death or to progression; progression is spread over the interval between visits.

    In a simulation all visits fall on the same day, so that a raw median jumps from one visit to the next; real visits are
    scattered by some weeks. The spread is regular (steps of the golden ratio along patient numbers), not random.
    """
    if to == "death":
        return c["death"]
    offset = (c["id"] * 0.6180339887498949) % 1.0 - 0.5
    spread = np.where(c["progressed"], c["progression"] + offset * c.visit_months, c["progression"])
    return np.minimum(np.maximum(spread, 0.0), c["death"])


def median(c: Cohort, column: str) -> Estimate:
    """Median of a column, or months ``to`` death or progression."""
    return median_of(times(c, column) if column in ("death", "progression") else c[column])


def survival(c: Cohort, at_months: float, *, of_cancer: bool = False) -> Estimate:
    """Share alive at a time; with ``of_cancer`` other deaths are censored (cancer-specific survival)."""
    if not of_cancer:
        return _share(c["death"] > at_months)
    return _kept(c["death"], c["cause"] == 1, 0.0, at_months)


def _kept(time: Array, event: Array, start: float, end: float) -> Estimate:
    """Kaplan-Meier probability of being event-free at ``end`` given event-free at ``start``."""
    inside = time > start
    t, e = np.minimum(time[inside], end + 1e-9), event[inside] & (time[inside] <= end)
    if len(t) == 0:
        return NOTHING
    order = np.argsort(t, kind="stable")
    risk = len(t) - np.arange(len(t))
    fails = e[order]
    kept = float(np.prod(1.0 - fails / risk))
    with np.errstate(divide="ignore"):
        variance = np.sum(np.where(fails & (risk > 1), 1.0 / (risk * np.maximum(risk - 1.0, 1.0)), 0.0))
    return Estimate(kept, max(kept * math.sqrt(float(variance)), 0.5 / len(t)), len(t))


def risk(c: Cohort, years: tuple[float, float], *, deaths_count: bool = False) -> Estimate:
    """Risk of distant relapse within a period, for those free of it at its start; other deaths are censored (or counted)."""
    free = c["event"] >= 0
    event = c["event"][free] >= 1 if deaths_count else c["event"][free] == 1
    kept = _kept(c["years"][free], event, float(years[0]), float(years[1]))
    return Estimate(1.0 - kept.value, kept.se, kept.n)


def rate(c: Cohort, years: tuple[float, float]) -> Estimate:
    """Annual hazard of distant relapse within a period: events per year at risk."""
    low, high = years
    free = (c["event"] >= 0) & (c["years"] > low)
    at_risk = float(np.sum(np.clip(c["years"][free] - low, 0.0, high - low)))
    events = int(np.sum((c["event"][free] == 1) & (c["years"][free] <= high)))
    if at_risk <= 0.0:
        return NOTHING
    return Estimate(events / at_risk, math.sqrt(max(events, 1)) / at_risk, int(np.sum(free)))


def _ratio(a: Estimate, b: Estimate) -> Estimate:
    if not b.value or not a.value or math.isnan(a.value) or math.isnan(b.value):
        return NOTHING
    value = a.value / b.value
    return Estimate(value, value * math.hypot(a.se / a.value, b.se / b.value), a.n + b.n)


def rate_ratio(c: Cohort, years: tuple[float, float], control: Cohort) -> Estimate:
    """Annual hazard of relapse against that of another simulation."""
    return _ratio(rate(c, years), rate(control, years))


def _yearly(c: Cohort, until: float) -> tuple[Array, Array]:
    """Hazard of relapse in half-years, smoothed over three of them."""
    edges = np.arange(0.0, until + 0.25, 0.5)
    raw = np.array([rate(c, (low, low + 0.5)).value for low in edges[:-1]])
    padded = np.concatenate([[0.0], raw, raw[-1:]])
    return edges[:-1] + 0.25, np.convolve(padded, [0.25, 0.5, 0.25], mode="valid")


def peak(c: Cohort, months: tuple[float, float]) -> Estimate:
    """Month of the highest hazard of relapse inside a period; nothing if it rises or falls throughout (no peak)."""
    when, hazard = _yearly(c, months[1] / 12.0 + 1.0)
    inside = np.flatnonzero((when * 12.0 >= months[0]) & (when * 12.0 <= months[1]))
    top = inside[int(np.argmax(hazard[inside]))]
    if top in (inside[0], inside[-1]) or not np.isfinite(hazard[top]):
        return NOTHING
    return Estimate(float(when[top] * 12.0), 3.0, len(c))


def peak_ratio(c: Cohort, versus: Mapping[str, Any], base: Mapping[str, Any], *, years: float = 5.0) -> Estimate:
    """Peak hazard of relapse of some patients against that of others."""
    parts = []
    for where in (versus, base):
        group = c.only(matching(c, where))
        when, hazard = _yearly(group, years)
        top = int(np.nanargmax(hazard)) if len(group) else 0
        parts.append(Estimate(float(hazard[top]), rate(group, (when[top] - 0.75, when[top] + 0.75)).se, len(group)))
    return _ratio(parts[0], parts[1])


def hazard_ratio(
    c: Cohort,
    *,
    versus: Mapping[str, Any] | None = None,
    base: Mapping[str, Any] | None = None,
    control: Cohort | None = None,
    to: str = "death",
    of_cancer: bool = False,
    adjusted: bool = False,
) -> Estimate:
    """Cox hazard ratio of some patients against others, or of this simulation against another.

    With ``adjusted`` the model also holds age, subtype and the organs involved, as registries' multivariable models do.

    Raises
    ------
    PagetError
        If neither ``versus`` nor ``control`` says who is compared.
    """
    from paget.analysis import cox

    if versus is None and control is None:
        raise PagetError("a hazard ratio compares", key="options", expected="`versus` (some patients) or `control` (another simulation)")
    if control is not None:
        time = np.concatenate([times(c, to), times(control, to)])
        exposed = np.concatenate([np.ones(len(c)), np.zeros(len(control))])
        event = np.isfinite(time)
        columns = {"exposed": exposed}
    else:
        mine = matching(c, versus)
        others = matching(c, base) & ~mine if base is not None else ~mine
        kept = c.only(mine | others)
        mine = mine[mine | others]
        time = times(kept, to)
        event = np.isfinite(time) & ((kept["cause"] == 1) if of_cancer else True)
        columns = {"exposed": mine.astype(float)}
        if adjusted:
            columns |= _covariates(kept, mine)
    columns = {name: x for name, x in columns.items() if np.ptp(x) > 0.0} if len(time) else {}
    if "exposed" not in columns or min(np.sum(event[columns["exposed"] == side]) for side in (0.0, 1.0)) < 2:
        return NOTHING
    try:
        with np.errstate(all="ignore"):  # few patients: covariates may repeat one another, or a group may be without deaths
            fit = cox(np.minimum(np.maximum(time, 1e-6), 1e4), event, columns)
            value, se = float(fit.hr[0]), float(fit.se[0])
    except (PagetError, np.linalg.LinAlgError):
        return NOTHING
    return NOTHING if fit.problem or not np.isfinite(se) else Estimate(value, value * se, len(time))


def _covariates(c: Cohort, mine: Array) -> dict[str, Array]:
    found = {"age": c["age"].astype(float)}
    found |= {f"subtype {k}": (c["subtype"] == k).astype(float) for k in (1, 2, 3)}
    found |= {f"organ {k}": (c["organs"][:, k] == 1).astype(float) for k in (1, 2, 3)}
    # the exposure itself is among them: it must not stand in the model twice
    if np.all(mine == mine[:1]):
        return {}  # nobody to compare
    return {name: x for name, x in found.items() if np.ptp(x) > 0 and abs(np.corrcoef(x, mine)[0, 1]) < 0.999}


def response(c: Cohort, *, measurable: bool = True) -> Estimate:
    """Share with complete or partial response, among all or among those with a target lesion."""
    codes = c["response"][matching(c, {"measurable": True})] if measurable else c["response"]
    return _share(np.isin(codes, (1, 2)))


def many_circulating(c: Cohort, at_least: int = 5) -> Estimate:
    """Share with so many circulating tumour cells in 7.5 ml: a Poisson count around each patient's expectation."""
    tail = _poisson_tail(c["ctc"], at_least)
    return Estimate(float(np.mean(tail)), float(np.std(tail) / math.sqrt(max(len(tail), 1))), len(tail)) if len(tail) else NOTHING


def _poisson_tail(expected: Array, at_least: int) -> Array:
    term = np.exp(-expected)
    below = term.copy()
    for k in range(1, at_least):
        term = term * expected / k
        below += term
    return 1.0 - below


def circulating_ratio(c: Cohort, *, to: str, seed: int, at_least: int = 5) -> Estimate:
    """Hazard ratio of patients with so many circulating tumour cells against the others, one sample each."""
    from paget.biology.patient import NOBODY
    from paget.randomness import ASSAY, uniform

    key, draw = np.uint64(seed), cast(Callable[..., float], uniform)
    drawn = np.array([draw(key, int(patient), NOBODY, ASSAY, 1) for patient in c["id"]])
    many = drawn < _poisson_tail(c["ctc"], at_least)
    marked = Cohort(c.columns | {"colonies": many.astype(np.int64)}, c.visit_months)
    return hazard_ratio(marked, versus={"colonies": 1}, to=to)


def average(c: Cohort, column: str) -> Estimate:
    """Mean of a column that is worked out, not drawn: its only error is that of the grid."""
    x = c[column]
    return Estimate(float(np.mean(x)), 1e-3, len(x)) if len(x) else NOTHING


READOUTS: dict[str, Callable[..., Estimate]] = {
    "share": share, "mean": mean, "average": average, "median": median, "survival": survival, "risk": risk, "rate": rate,
    "rate_ratio": rate_ratio, "peak": peak, "peak_ratio": peak_ratio, "hazard_ratio": hazard_ratio, "response": response,
    "many_circulating": many_circulating, "circulating_ratio": circulating_ratio,
}  # fmt: skip
"""Readouts by the name that a row of ``anchors.yaml`` gives."""
