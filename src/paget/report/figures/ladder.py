"""Bias ladder: the hazard ratio of one treatment by analysis, each beside the truth of its own estimand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILLION,
    Drawing,
    Ratio,
    canvas,
    footnote,
    heading,
    percent,
    place,
    styled,
)

ROW = 0.24
"""Height of a row (inches)."""
WIDTH, LEFT, PLOT = 9.2, 4.3, 3.0
"""Width of the figure, left edge of the axes and their width (inches)."""


@dataclass(frozen=True)
class LadderRow:
    """One analysis: its hazard ratio, and the true one of its own estimand where that is known.

    `ratio` is None where the analysis could not be made; `note` then says why. Rows of one `group` stand
    together under its name.
    """

    label: str
    ratio: Ratio | None
    n: int
    events: int
    truth: float | None = None
    adjusted: bool = False
    group: str = ""
    note: str = ""


@styled
def draw(
    rows: Sequence[LadderRow],
    *,
    title: str = "Hazard ratio by analysis",
    treated: str = "treatment",
    note: str = "",
) -> Drawing:
    """Draw the ladder, top to bottom in the order given.

    Parameters
    ----------
    rows : sequence of LadderRow
    title : str
    treated : str
        Name of the treatment, for the words under the axis.
    note : str
        Line at the foot.

    Returns
    -------
    Drawing
    """
    lines = _lines(rows)
    low, high = _limits(rows)
    body = ROW * len(lines)
    bottom = 0.85 if note or any(r.truth is not None for r in rows) else 0.7
    figure = canvas(WIDTH, bottom + body + 0.75)
    axes = place(figure, LEFT, bottom, PLOT, body)
    axes.set_xscale("log")
    axes.set(xlim=(low, high), ylim=(len(lines) - 0.5, -0.5))
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    ticks = [t for t in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5, 10) if low <= t <= high]
    if len(ticks) > 8:
        ticks = [t for t in ticks if t in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10)]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.axvline(1.0, color=INK, lw=0.9, zorder=1)
    level = next((r.ratio.ci_level for r in rows if r.ratio is not None), 0.95)
    _header(axes, percent(level))
    striped = 0
    for i, (text, row) in enumerate(lines):
        if row is None:
            _write(axes, i, 0.12, text, weight="bold")
            striped = 0
            continue
        if striped % 2:
            axes.axhspan(
                i - 0.5, i + 0.5, xmin=-LEFT / PLOT, xmax=(WIDTH - LEFT) / PLOT, color=PALE, alpha=0.5, lw=0, clip_on=False, zorder=-1
            )
        striped += 1
        _row(axes, i, row, low, high)
    axes.set_xlabel("Hazard ratio (log scale)")
    foot = -0.46 / body
    axes.text(0.0, foot, f"← favours {treated}", transform=axes.transAxes, size=7.5, ha="left", va="top")
    axes.text(1.0, foot, "favours none →", transform=axes.transAxes, size=7.5, ha="right", va="top")
    marks = "Filled: adjusted for covariates; open: not."
    if any(r.truth is not None for r in rows):
        marks += " Diamonds: the truth for that row's own estimand."
    footnote(figure, f"{marks} {note}".strip())
    heading(figure, title)
    return Drawing(figure, _data(rows), _alt(rows, title), title)


def _lines(rows: Sequence[LadderRow]) -> list[tuple[str, LadderRow | None]]:
    lines: list[tuple[str, LadderRow | None]] = []
    last = ""
    for row in rows:
        if row.group and row.group != last:
            lines.append((row.group, None))
        last = row.group
        lines.append((row.label, row))
    return lines


def _limits(rows: Sequence[LadderRow]) -> tuple[float, float]:
    """Axis that holds every estimate and truth and most of the intervals."""
    ends: list[float] = [0.75, 1.25]
    for r in rows:
        if r.ratio is not None and r.ratio.value > 0:
            ends += [r.ratio.value / 1.1, r.ratio.value * 1.1]
            ends += [v for v in (r.ratio.ci_low, r.ratio.ci_high) if v is not None and 0.3 < v / r.ratio.value < 3.0]
        if r.truth is not None and r.truth > 0:
            ends += [r.truth / 1.1, r.truth * 1.1]
    return max(0.08, min(ends) / 1.05), min(12.0, max(ends) * 1.05)


def _write(axes: Any, i: int, x: float, text: str, **look: Any) -> None:
    axes.text((x - LEFT) / PLOT, i, text, transform=axes.get_yaxis_transform(), size=8.3, va="center", clip_on=False, **look)


def _header(axes: Any, level: str) -> None:
    look: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "size": 8, "weight": "bold", "va": "bottom", "linespacing": 1.1}
    for x, text, ha in ((0.12, "Analysis", "left"), (3.75, "events / n", "center"), (LEFT + PLOT + 0.15, f"HR ({level} CI)", "left")):
        axes.text((x - LEFT) / PLOT, -0.62, text, ha=ha, **look)


def _row(axes: Any, i: int, row: LadderRow, low: float, high: float) -> None:
    _write(axes, i, 0.24 if row.group else 0.12, row.label)
    right = LEFT + PLOT + 0.15
    if row.ratio is None:
        _write(axes, i, right, "not answered", color=GREY)
        return
    _write(axes, i, 3.75, f"{row.events}/{row.n}", ha="center")
    value, lo, hi = row.ratio.value, row.ratio.ci_low, row.ratio.ci_high
    _write(axes, i, right, f"{value:.2f}" + (f" ({lo:.2f} to {hi:.2f})" if lo is not None and hi is not None else ""))
    ends = (value if lo is None else lo, value if hi is None else hi)
    axes.plot([max(ends[0], low), min(ends[1], high)], [i, i], color=BLUE, lw=1.4, solid_capstyle="butt", zorder=3)
    for beyond, edge, marker in ((ends[0] < low, low, "<"), (ends[1] > high, high, ">")):
        if beyond:
            axes.plot([edge], [i], marker=marker, color=BLUE, ms=5, clip_on=False, zorder=4)
    axes.plot([value], [i], marker="s", ms=6, mfc=BLUE if row.adjusted else "white", mec=BLUE, mew=1.3, zorder=5)
    if row.truth is not None and low <= row.truth <= high:
        axes.plot([row.truth], [i], marker="D", ms=6.5, mfc=VERMILLION, mec="white", mew=0.8, zorder=6)


def _data(rows: Sequence[LadderRow]) -> Any:
    import polars as pl

    def one(row: LadderRow) -> dict[str, Any]:
        ratio = row.ratio
        return {
            "group": row.group,
            "analysis": row.label,
            "adjusted": row.adjusted,
            "n": row.n,
            "events": row.events,
            "hazard_ratio": ratio.value if ratio else None,
            "ci_low": ratio.ci_low if ratio else None,
            "ci_high": ratio.ci_high if ratio else None,
            "ci_level": ratio.ci_level if ratio else None,
            "truth": row.truth,
            "bias_log": math.log(ratio.value / row.truth) if ratio and ratio.value > 0 and row.truth else None,
            "note": row.note,
        }

    floats = ("hazard_ratio", "ci_low", "ci_high", "ci_level", "truth", "bias_log")
    return pl.DataFrame([one(r) for r in rows], schema_overrides=dict.fromkeys(floats, pl.Float64))


def _alt(rows: Sequence[LadderRow], title: str) -> str:
    words = [f"Bias ladder: {title}."]
    for r in rows:
        truth = f", truth {r.truth:.2f}" if r.truth is not None else ""
        words.append(f"{r.label}: {r.ratio if r.ratio else 'not answered'}{truth}.")
    return " ".join(words)
