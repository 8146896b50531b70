"""Forest plot of subgroups: events / n per arm, hazard ratio on a log axis, p of interaction."""

from __future__ import annotations

import math
import textwrap
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

ROW = 0.235
"""Height of a row (inches)."""


@dataclass(frozen=True)
class ForestRow:
    """One level of a subgroup: events and patients of both arms, and the hazard ratio.

    `ratio` is None where it could not be estimated (too few events). `interaction_p` is that of the whole
    subgroup; it is shown at
    its first level.
    """

    subgroup: str
    level: str
    events_experimental: int
    n_experimental: int
    events_control: int
    n_control: int
    ratio: Ratio | None
    interaction_p: float | None = None
    published: Ratio | None = None


@styled
def draw(
    rows: Sequence[ForestRow],
    overall: ForestRow,
    *,
    experimental: str = "Experimental",
    control: str = "Control",
    endpoint: str = "Overall survival",
    limits: tuple[float, float] | None = None,
) -> Drawing:
    """Draw the subgroups under the overall effect.

    Parameters
    ----------
    rows : sequence of ForestRow
        Levels in order; those of one subgroup together.
    overall : ForestRow
        All patients; its ratio is the dashed line.
    experimental, control : str
        Names of the arms.
    endpoint : str
        What the ratio is of.
    limits : (float, float), optional
        Ends of the axis; an interval that goes beyond ends in an arrow.

    Returns
    -------
    Drawing
    """
    low, high = limits or _limits([*rows, overall])
    lines = _lines(rows, overall)
    body = ROW * len(lines)
    tall = 0.16 * (1 + max(_short(name).count("\n") + 1 for name in (experimental, control)))
    figure = canvas(9.2, 0.75 + body + tall + 0.45)
    axes = place(figure, 4.55, 0.75, 2.35, body)
    axes.set_xscale("log")
    axes.set(xlim=(low, high), ylim=(len(lines) - 0.5, -0.5))
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    ticks = [t for t in (0.1, 0.125, 0.25, 0.5, 1, 2, 4, 8, 10) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.axvline(1.0, color=INK, lw=0.9)
    if overall.ratio is not None:
        axes.axvline(overall.ratio.value, color=VERMILLION, lw=1.0, ls=(0, (4, 2)))
    level = next((r.ratio.ci_level for r in [overall, *rows] if r.ratio is not None), 0.95)
    columns = {"group": 0.12, "exp": 2.5, "con": 3.78, "hr": 7.08, "p": 8.78}
    _header(axes, columns, experimental, control, percent(level))
    for i, (text, row, show_p) in enumerate(lines):
        if i % 2:
            axes.axhspan(
                i - 0.5,
                i + 0.5,
                xmin=-4.55 / 2.35,
                xmax=(9.2 - 4.55) / 2.35,
                color=PALE,
                alpha=0.5,
                lw=0,
                clip_on=False,
                zorder=-1,
            )
        at = _at(axes, i)
        bold = row is None or row is overall
        at(columns["group"] + (0.0 if bold else 0.14), text, weight="bold" if bold else "normal")
        if show_p is not None:
            at(columns["p"], _p(show_p), ha="center")
        if row is None:
            continue
        at(columns["exp"], f"{row.events_experimental}/{row.n_experimental}", ha="center")
        at(columns["con"], f"{row.events_control}/{row.n_control}", ha="center")
        if row.ratio is None:
            at(columns["hr"], "too few events", color=GREY)
            continue
        value, lo, hi = row.ratio.value, row.ratio.ci_low, row.ratio.ci_high
        at(
            columns["hr"],
            f"{value:.2f}" + (f" ({lo:.2f} to {hi:.2f})" if lo is not None and hi is not None else ""),
        )
        _interval(axes, i, row, low, high, overall=row is overall)
    if any(r.published is not None for r in [*rows, overall]):
        footnote(figure, "Open diamonds: published.")
    axes.set_xlabel("Hazard ratio (log scale)")
    foot = -0.46 / body
    axes.text(0.0, foot, "← favours experimental", transform=axes.transAxes, size=7.5, ha="left", va="top")
    axes.text(1.0, foot, "favours control →", transform=axes.transAxes, size=7.5, ha="right", va="top")
    title = f"{endpoint} by subgroup"
    heading(figure, title)
    return Drawing(figure, _data(rows, overall), _alt(rows, overall, title), title)


def _limits(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """Axis that holds every estimate; at least 0.25 to 4, at most 0.1 to 10."""
    values = [r.ratio.value for r in rows if r.ratio is not None and r.ratio.value > 0]
    widest = max([abs(math.log(v)) for v in values] + [math.log(3.0)])
    edge = min(10.0, math.exp(widest) * 1.35)
    return 1 / edge, edge


def _lines(rows: Sequence[ForestRow], overall: ForestRow) -> list[tuple[str, ForestRow | None, float | None]]:
    lines: list[tuple[str, ForestRow | None, float | None]] = [("All patients", overall, None)]
    last = None
    for row in rows:
        if not row.level:  # a condition that patients meet or not stands on one line
            lines.append((row.subgroup, row, row.interaction_p))
            last = None
            continue
        if row.subgroup != last:
            lines.append((row.subgroup, None, row.interaction_p))
            last = row.subgroup
        lines.append((row.level, row, None))
    return lines


def _at(axes: Any, i: int) -> Any:
    """Write on row `i` at inches from the left edge of the figure."""

    def write(x: float, text: str, **look: Any) -> None:
        axes.text(
            (x - 4.55) / 2.35,
            i,
            text,
            transform=axes.get_yaxis_transform(),
            size=8.3,
            va="center",
            clip_on=False,
            **look,
        )

    return write


def _short(name: str) -> str:
    """Wrap the name of an arm for the head of a column."""
    return textwrap.fill(textwrap.shorten(name, 48, placeholder="…"), 16)


def _header(axes: Any, columns: dict[str, float], experimental: str, control: str, level: str) -> None:
    look: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "size": 8,
        "weight": "bold",
        "va": "bottom",
        "linespacing": 1.1,
    }

    def head(x: float, text: str, ha: str) -> None:
        axes.text((x - 4.55) / 2.35, -0.62, text, ha=ha, **look)

    head(columns["group"], "Subgroup", "left")
    head(columns["exp"], _short(experimental) + "\nevents / n", "center")
    head(columns["con"], _short(control) + "\nevents / n", "center")
    head(columns["hr"], f"HR ({level} CI)", "left")
    head(columns["p"], "Interaction\np-value", "center")


def _interval(axes: Any, i: int, row: ForestRow, low: float, high: float, *, overall: bool) -> None:
    ratio = row.ratio
    assert ratio is not None
    colour = VERMILLION if overall else BLUE
    lo = ratio.ci_low if ratio.ci_low is not None else ratio.value
    hi = ratio.ci_high if ratio.ci_high is not None else ratio.value
    axes.plot([max(lo, low), min(hi, high)], [i, i], color=colour, lw=1.4, solid_capstyle="butt", zorder=3)
    for beyond, edge, marker in ((lo < low, low, "<"), (hi > high, high, ">")):
        if beyond:
            axes.plot([edge], [i], marker=marker, color=colour, ms=5, clip_on=False, zorder=4)
    events = row.events_experimental + row.events_control
    size = 4.0 + 5.0 * math.sqrt(events / 400.0)
    if low <= ratio.value <= high:
        axes.plot([ratio.value], [i], marker="D" if overall else "s", ms=min(size, 10), color=colour, zorder=5)
    if row.published is not None and low <= row.published.value <= high:
        axes.plot([row.published.value], [i], marker="D", ms=6, mfc="white", mec=INK, mew=1.1, zorder=6)


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _data(rows: Sequence[ForestRow], overall: ForestRow) -> Any:
    import polars as pl

    def one(row: ForestRow) -> dict[str, Any]:
        ratio = row.ratio
        return {
            "subgroup": row.subgroup,
            "level": row.level,
            "events_experimental": row.events_experimental,
            "n_experimental": row.n_experimental,
            "events_control": row.events_control,
            "n_control": row.n_control,
            "hazard_ratio": ratio.value if ratio else None,
            "ci_low": ratio.ci_low if ratio else None,
            "ci_high": ratio.ci_high if ratio else None,
            "ci_level": ratio.ci_level if ratio else None,
            "interaction_p": row.interaction_p,
            "published": row.published.value if row.published else None,
        }

    floats = ("hazard_ratio", "ci_low", "ci_high", "ci_level", "interaction_p", "published")
    return pl.DataFrame([one(r) for r in (overall, *rows)], schema_overrides=dict.fromkeys(floats, pl.Float64))


def _alt(rows: Sequence[ForestRow], overall: ForestRow, title: str) -> str:
    words = [f"Forest plot: {title}. All patients: hazard ratio {overall.ratio}."]
    words += [f"{r.subgroup} {r.level}: {r.ratio if r.ratio else 'too few events'}." for r in rows]
    return " ".join(words)
