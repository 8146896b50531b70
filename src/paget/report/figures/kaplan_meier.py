"""Kaplan-Meier figure in KMunicate form: curves with bands over a table at risk / censored / events.

Form: Morris TP et al., BMJ Open 2019;9:e030215 (KMunicate). Published landmarks and medians are drawn as
open markers on the curves, so that the
real trial is seen on the simulated one; a faint band shows where replicate trials of the same size fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from paget.report.style import (
    ARM_COLOURS,
    ARM_LINES,
    ARM_MARKERS,
    GREY,
    Drawing,
    Ratio,
    canvas,
    footnote,
    heading,
    legend,
    month_ticks,
    percent,
    place,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KmCurve:
    """One arm's curve, ready to draw. Times in months.

    Attributes
    ----------
    label : str
        The arm.
    time, survival, ci_low, ci_high : array
        Distinct times in order, survival just after each, and its pointwise limits.
    table : dict
        ``at_risk``, ``censored``, ``events`` at the ticks of the axis (censored and events counted from the
        start).
    n, events : int
        Patients and events.
    median : tuple of float, optional
        Median with its limits (NaN where not reached).
    band : tuple of array, optional
        Times and the lower and upper edge of the band of replicate trials.
    """

    label: str
    time: Floats
    survival: Floats
    ci_low: Floats
    ci_high: Floats
    table: dict[str, Floats]
    n: int
    events: int
    median: tuple[float, float, float] | None = None
    band: tuple[Floats, Floats, Floats] | None = None

    @classmethod
    def of(
        cls,
        label: str,
        km: Any,
        ticks: Sequence[float],
        *,
        band: tuple[Floats, Floats, Floats] | None = None,
    ) -> KmCurve:
        """From a `paget.analysis.km.KaplanMeier` in months, with the table at `ticks`."""
        low, high = km.band()
        return cls(
            label,
            km.time,
            km.survival,
            low,
            high,
            km.counts(ticks),
            int(km.n),
            round(float(km.n_events)),
            km.median(),
            band,
        )


@dataclass(frozen=True)
class PublishedPoint:
    """A published survival at a landmark (value = survival) or a published median (value = months)."""

    arm: str
    kind: Literal["survival", "median"]
    value: float
    at_months: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


@styled
def draw(
    curves: Sequence[KmCurve],
    *,
    endpoint: str = "Overall survival",
    ticks: Sequence[float] | None = None,
    ratio: Ratio | None = None,
    published_ratio: Ratio | None = None,
    published: Sequence[PublishedPoint] = (),
    ci_level: float = 0.95,
    ci_type: str = "log-log",
    time_zero: str = "randomisation",
    logrank_p: float | None = None,
    band_level: float = 0.90,
    n_replicates: int | None = None,
    title: str | None = None,
) -> Drawing:
    """Draw the curves, the published points on them, and the table below.

    Parameters
    ----------
    curves : sequence of KmCurve
        At most four arms; `KmCurve.table` must hold one count per tick.
    endpoint : str
        What the curve is of.
    ticks : sequence of float, optional
        Months of the axis and the table.
    ratio, published_ratio : Ratio, optional
        Hazard ratios written into a corner.
    published : sequence of PublishedPoint
        Landmarks and medians of the real trial, by the label of the arm.
    ci_level, ci_type : float, str
        Level and kind of the band (stated under the figure).
    time_zero : str
        Where time starts.
    logrank_p : float, optional
        Only where the number of patients is that of the real trial.
    band_level, n_replicates : float, int, optional
        What the faint band is.
    title : str, optional
        Instead of the endpoint.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If a table has another length than the ticks, or there is no curve or more than four.
    """
    if not 1 <= len(curves) <= len(ARM_COLOURS):
        raise ValueError(f"one to four curves can be told apart, got {len(curves)}")
    last = max(float(curve.time[-1]) for curve in curves)
    months = [float(t) for t in ticks] if ticks is not None else month_ticks(last)
    for curve in curves:
        for name in ("at_risk", "censored", "events"):
            if len(curve.table[name]) != len(months):
                raise ValueError(f"{curve.label}: the table {name} has {len(curve.table[name])} entries for {len(months)} ticks")
    table_height = 0.66 * len(curves)
    figure = canvas(7.6, table_height + 0.98 + 3.1 + 0.48 + 0.19 * len(curves))
    axes = place(figure, 1.25, table_height + 0.98, 6.1, 3.1)
    end = max(last, months[-1])
    order = [curve.label for curve in curves]
    for i, curve in enumerate(curves):
        _curve(axes, curve, i)
    _published(axes, curves, published, end)
    axes.axhline(0.5, color=GREY, lw=0.6, ls=":", zorder=0)
    axes.set(xlim=(0, end * 1.01), ylim=(0, 1.02), xticks=months, yticks=np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6), [f"{100 * y:.0f} %" for y in np.linspace(0, 1, 6)])
    axes.set_xlabel(f"Months from {time_zero}")
    axes.set_ylabel(endpoint)
    legend(axes, [_name(curve) for curve in curves], {order.index(p.arm) for p in published})
    words = _corner(curves, ratio, published_ratio, logrank_p)
    if words:
        _write_corner(axes, curves, words, end)
    name = title or endpoint
    heading(figure, name)
    _table(axes, curves, months)
    footnote(figure, _note(curves, ci_level, ci_type, band_level, n_replicates, bool(published)))
    return Drawing(figure, _data(curves, published, months), _alt(curves, name, words, published), name)


def _curve(axes: Axes, curve: KmCurve, i: int) -> None:
    colour = ARM_COLOURS[i]
    time = np.concatenate([[0.0], curve.time])
    survival = np.concatenate([[1.0], curve.survival])
    if curve.band is not None:
        when, low, high = curve.band
        axes.fill_between(when, low, high, color=colour, alpha=0.07, lw=0, zorder=1)
        for edge in (low, high):
            axes.plot(when, edge, color=colour, lw=0.6, ls=":", alpha=0.7, zorder=1)
    low = np.concatenate([[1.0], curve.ci_low])
    high = np.concatenate([[1.0], curve.ci_high])
    axes.fill_between(time, low, high, step="post", color=colour, alpha=0.16, lw=0, zorder=2)
    axes.plot(time, survival, drawstyle="steps-post", color=colour, ls=ARM_LINES[i], lw=1.7, zorder=4)


def _name(curve: KmCurve) -> str:
    return f"{curve.label} (n = {curve.n}, events {curve.events})"


def _published(axes: Axes, curves: Sequence[KmCurve], points: Sequence[PublishedPoint], end: float) -> None:
    order = {curve.label: i for i, curve in enumerate(curves)}
    # arms with a landmark at the same month are set apart sideways, so that neither hides the other
    shift = 0.007 * end
    for point in points:
        if point.arm not in order:
            raise ValueError(f"a published point of {point.arm!r}, which is not drawn")
        i = order[point.arm]
        side = shift * (2 * i - (len(curves) - 1))
        if point.kind == "survival":
            if point.at_months is None:
                raise ValueError("a published survival needs its month")
            x, y = point.at_months + side, point.value
            bars: dict[str, Any] = {"yerr": _reach(point)}
        else:
            x, y = point.value, 0.5 + (0.012 if i else -0.012) * (1 if len(curves) > 1 else 0)
            bars = {"xerr": _reach(point)}
        axes.errorbar(
            x,
            y,
            **bars,
            fmt=ARM_MARKERS[i],
            ms=6,
            mfc="white",
            mec=ARM_COLOURS[i],
            mew=1.4,
            ecolor=ARM_COLOURS[i],
            elinewidth=1.2,
            capsize=3,
            zorder=6,
        )


def _reach(point: PublishedPoint) -> list[list[float]] | None:
    """Lengths of the error bar; a limit that is open or was not read gets none."""
    if point.ci_low is None and point.ci_high is None:
        return None
    low = point.value - point.ci_low if point.ci_low is not None else 0.0
    high = point.ci_high - point.value if point.ci_high is not None else 0.0
    return [[low], [high]]


def _corner(curves: Sequence[KmCurve], ratio: Ratio | None, published: Ratio | None, p: float | None) -> list[str]:
    words = []
    if ratio is not None:
        words.append(f"HR simulated {ratio}")
    if published is not None:
        words.append(f"HR published {published}")
    if p is not None:
        words.append("log-rank p < 0.001" if p < 0.001 else f"log-rank p = {p:.3f}")
    return words


def _write_corner(axes: Axes, curves: Sequence[KmCurve], words: list[str], end: float) -> None:
    """Write into the lower left corner, or the upper right where the curves come down early."""
    height = 0.05 + 0.065 * len(words)
    early = min(float(np.nanmin(c.ci_low[c.time <= 0.5 * end], initial=1.0)) for c in curves)
    low = early > height
    axes.text(
        0.015 if low else 0.985,
        0.03 if low else 0.97,
        "\n".join(words),
        transform=axes.transAxes,
        ha="left" if low else "right",
        va="bottom" if low else "top",
        size=8.5,
        linespacing=1.35,
        zorder=7,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
    )


def _table(axes: Axes, curves: Sequence[KmCurve], months: Sequence[float]) -> None:
    """Write counts under the axis, at the ticks; inches are turned into the axes' own height."""
    inch = 1.0 / 3.1
    top = -0.62 * inch
    blended = axes.get_xaxis_transform()
    for i, curve in enumerate(curves):
        y = top - 0.66 * i * inch
        left = -1.2 / 6.1
        axes.text(
            left,
            y,
            curve.label,
            transform=axes.transAxes,
            color=ARM_COLOURS[i],
            weight="bold",
            size=8.5,
            va="center",
        )
        for j, (name, words) in enumerate((("at_risk", "At risk"), ("censored", "Censored"), ("events", "Events"))):
            line = y - (0.16 + 0.145 * j) * inch
            axes.text(left + 0.02, line, words, transform=axes.transAxes, size=8, va="center")
            for t, count in zip(months, curve.table[name], strict=True):
                axes.text(
                    t,
                    line,
                    f"{count:.0f}",
                    transform=blended,
                    size=8,
                    ha="center",
                    va="center",
                    clip_on=False,
                )


def _note(
    curves: Sequence[KmCurve],
    level: float,
    kind: str,
    band_level: float,
    n_replicates: int | None,
    published: bool,
) -> str:
    note = f"Shaded: {percent(level)} pointwise CI ({kind}). Censored and events are counted from the start."
    if any(curve.band is not None for curve in curves):
        number = f"{n_replicates} " if n_replicates else ""
        note += f" Dotted: {percent(band_level)} of {number}replicate trials of this size."
    if published:
        note += " Open markers: published."
    return note


def _data(curves: Sequence[KmCurve], points: Sequence[PublishedPoint], months: Sequence[float]) -> Any:
    import polars as pl

    rows: list[tuple[Any, ...]] = []
    for c in curves:
        for t, s, low, high in zip(c.time, c.survival, c.ci_low, c.ci_high, strict=True):
            rows.append(("curve", c.label, float(t), float(s), _number(low), _number(high), None, None, None))
        for j, t in enumerate(months):
            counts = [round(float(c.table[name][j])) for name in ("at_risk", "censored", "events")]
            rows.append(("table", c.label, float(t), None, None, None, *counts))
        if c.median is not None:
            rows.append(
                (
                    "median",
                    c.label,
                    *(_number(v) for v in (c.median[0],)),
                    0.5,
                    *map(_number, c.median[1:]),
                    None,
                    None,
                    None,
                )
            )
        if c.band is not None:
            rows += [
                ("replicates", c.label, float(t), None, _number(a), _number(b), None, None, None)
                for t, a, b in zip(*c.band, strict=True)
            ]
    for p in points:
        if p.kind == "survival":
            rows.append(("published survival", p.arm, p.at_months, p.value, p.ci_low, p.ci_high, None, None, None))
        else:
            rows.append(("published median", p.arm, p.value, 0.5, p.ci_low, p.ci_high, None, None, None))
    schema: dict[str, Any] = {
        "series": pl.String,
        "arm": pl.String,
        "months": pl.Float64,
        "survival": pl.Float64,
    }
    schema |= {
        "low": pl.Float64,
        "high": pl.Float64,
        "at_risk": pl.Int64,
        "censored": pl.Int64,
        "events": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _alt(curves: Sequence[KmCurve], name: str, words: list[str], points: Sequence[PublishedPoint]) -> str:
    parts = [f"Kaplan-Meier curves: {name}."]
    for c in curves:
        median = ""
        if c.median is not None:
            median = f", median {c.median[0]:.1f} months" if np.isfinite(c.median[0]) else ", median not reached"
        parts.append(f"{c.label}: {c.n} patients, {c.events} events{median}.")
    parts += [f"{word}." for word in words]
    for p in points:
        if p.kind == "survival":
            parts.append(f"Published for {p.arm}: {100 * p.value:.1f} % at {p.at_months:g} months.")
        else:
            parts.append(f"Published median for {p.arm}: {p.value:g} months.")
    return " ".join(parts)
