"""Predicted against observed hazard ratios with both intervals: what was held out is filled, what was fitted to is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paget.report.style import BLUE, GREY, INK, VERMILLION, Drawing, canvas, footnote, heading, place, styled

SHOWN = (0.05, 20.0)
"""Ratios that the axes show at most."""


@dataclass(frozen=True)
class Point:
    """One study: predicted ratio with its 95 % predictive interval, printed ratio with its interval (None: not printed)."""

    name: str
    predicted: float
    low: float
    high: float
    observed: float
    observed_low: float | None
    observed_high: float | None
    held_out: bool
    covered: bool


@styled
def draw(points: Sequence[Point], *, title: str = "Predicted and observed hazard ratios", note: str = "") -> Drawing:
    """Draw the points on two log axes with the line of equality; each is numbered and named at the right.

    Parameters
    ----------
    points : sequence of Point
    title, note : str

    Raises
    ------
    ValueError
        If there are none.
    """
    if not points:
        raise ValueError("a figure of predictions needs at least one")
    rows = len(points)
    height = max(4.4, 1.5 + 0.2 * rows)
    figure = canvas(7.6, height)
    axes = place(figure, 0.7, 0.95, 3.7, height - 1.55)
    ends = [v for p in points for v in (p.low, p.high, p.observed, p.observed_low, p.observed_high) if v is not None]
    left, right = max(min(*ends, 0.9) / 1.1, SHOWN[0]), min(max(*ends, 1.1) * 1.1, SHOWN[1])  # the list tells what goes beyond
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.plot([left, right], [left, right], color=GREY, lw=1.0, ls="--")
    for value in (axes.axvline, axes.axhline):
        value(1.0, color=INK, lw=0.6, ls=":")
    listing = place(figure, 4.55, 0.95, 3.0, height - 1.55)
    listing.axis("off")
    listing.set(xlim=(0, 1), ylim=(max(rows, 12), -1))
    listing.text(0.0, -0.75, "study: predicted (95 % predictive), observed", size=7.5, weight="bold")
    for k, p in enumerate(points):
        colour = BLUE if p.covered else VERMILLION
        axes.plot([p.low, p.high], [p.observed] * 2, color=colour, lw=1.1)
        if p.observed_low is not None and p.observed_high is not None:
            axes.plot([p.predicted] * 2, [p.observed_low, p.observed_high], color=colour, lw=1.1)
        shape, face = "o" if p.covered else "D", colour if p.held_out else "white"
        axes.plot([p.predicted], [p.observed], shape, ms=11, color=colour, mfc=face, mew=1.2)
        axes.text(
            p.predicted, p.observed, str(k + 1), size=7, ha="center", va="center_baseline", color="white" if p.held_out else colour,
            weight="bold", zorder=5,
        )  # fmt: skip
        told = f"{k + 1}  {p.name}: {p.predicted:.2f} ({p.low:.2f} to {p.high:.2f}), {p.observed:.2f}"
        listing.text(0.0, k, told, size=7.2, va="center", color=colour)
    ticks = [t for t in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8) if left <= t <= right]
    axes.set(xlim=(left, right), ylim=(left, right))
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("Predicted hazard ratio (log scale)")
    axes.set_ylabel("Observed hazard ratio (log scale)")
    heading(figure, title)
    inside = sum(p.covered for p in points if p.held_out)
    held = sum(p.held_out for p in points)
    words = f"Filled: held out of the fit ({inside} of {held} inside their 95 % predictive interval; diamonds: outside). Open: fitted to."
    footnote(figure, f"{words} {note}".strip())
    return Drawing(figure, _data(points), f"{title}. {words}", title)


def _data(points: Sequence[Point]) -> Any:
    import polars as pl

    columns = ("name", "predicted", "low", "high", "observed", "observed_low", "observed_high", "held_out", "covered")
    frame = pl.DataFrame({name: [getattr(p, name) for p in points] for name in columns}, strict=False)
    numbers = [name for name in columns[1:7]]
    return frame.with_columns(pl.col(name).cast(pl.Float64).fill_nan(None) for name in numbers).with_columns(
        ratio=np.array([p.observed / p.predicted for p in points])
    )
