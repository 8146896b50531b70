"""Love plot: standardised mean difference of each covariate before and after adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import BLUE, GREY, INK, ORANGE, PALE, Drawing, canvas, heading, place, styled

ROW = 0.24
GOOD = 0.1
"""Absolute difference below which a covariate is commonly called balanced (Austin 2009)."""


@dataclass(frozen=True)
class LoveRow:
    """One covariate with its standardised differences (treated minus untreated)."""

    covariate: str
    before: float
    after: float | None = None


@styled
def draw(rows: Sequence[LoveRow], *, title: str = "Balance of covariates", after: str = "after adjustment") -> Drawing:
    """Draw the covariates, the least balanced at the top.

    Parameters
    ----------
    rows : sequence of LoveRow
    title : str
    after : str
        What was done, for the legend, such as "after weighting".

    Returns
    -------
    Drawing
    """
    ordered = sorted(rows, key=lambda row: -abs(row.before))
    longest = max(len(row.covariate) for row in ordered)
    left = min(3.4, 0.35 + 0.075 * longest)
    body = ROW * max(3, len(ordered))
    figure = canvas(left + 4.4, body + 1.35)
    axes = place(figure, left, 0.55, 4.1, body)
    axes.set_ylim(len(ordered) - 0.5, -0.5)
    edge = max([abs(r.before) for r in ordered] + [abs(r.after) for r in ordered if r.after is not None] + [0.25]) * 1.1
    axes.set_xlim(-edge, edge)
    axes.axvspan(-GOOD, GOOD, color=PALE, alpha=0.7, lw=0, zorder=0)
    axes.axvline(0.0, color=INK, lw=0.9, zorder=1)
    axes.set_yticks(range(len(ordered)), [_short(row.covariate) for row in ordered])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for i, row in enumerate(ordered):
        if row.after is not None:
            axes.plot([row.before, row.after], [i, i], color=GREY, lw=0.8, zorder=2)
            axes.plot([row.after], [i], "o", color=BLUE, ms=6, zorder=4)
        axes.plot([row.before], [i], "D", mfc="white", mec=ORANGE, mew=1.4, ms=5.5, zorder=3)
    axes.set_xlabel("Standardised mean difference, treated minus untreated")
    _legend(axes, after if any(row.after is not None for row in ordered) else "")
    heading(figure, title)
    return Drawing(figure, _data(ordered), _alt(ordered, title, after), title)


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"


def _legend(axes: Any, after: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Line2D([], [], marker="D", mfc="white", mec=ORANGE, mew=1.4, ms=5.5, ls="", label="before")]
    if after:
        handles.append(Line2D([], [], marker="o", color=BLUE, ms=6, ls="", label=after))
    handles.append(Patch(color=PALE, alpha=0.7, lw=0, label=f"within {GOOD:g}"))
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=len(handles), borderaxespad=0.2, columnspacing=1.2)


def _data(rows: Sequence[LoveRow]) -> Any:
    import polars as pl

    return pl.DataFrame(
        {
            "covariate": [r.covariate for r in rows],
            "smd_before": [r.before for r in rows],
            "smd_after": [r.after for r in rows],
        },
        schema_overrides={"smd_before": pl.Float64, "smd_after": pl.Float64},
    )


def _alt(rows: Sequence[LoveRow], title: str, after: str) -> str:
    words = [f"Love plot: {title}. Standardised differences before and {after}."]
    for r in rows:
        words.append(f"{r.covariate}: {r.before:.2f}" + (f", then {r.after:.2f}." if r.after is not None else "."))
    return " ".join(words)
