"""Figures of sensitivity: tornado of a headline result, Sobol and Morris indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paget.report.style import BLUE, GREY, ORANGE, VERMILLION, Drawing, canvas, footnote, heading, place, styled

if TYPE_CHECKING:
    import polars as pl

ROW = 0.22


@styled
def tornado(table: pl.DataFrame, result: str, unit: str) -> Drawing:
    """Draw how far one result moves when one number goes from its 5 % to its 95 % point, all others at their medians.

    Parameters
    ----------
    table : polars.DataFrame
        Columns ``column, low, high, middle, mc_error``, the widest first.
    result, unit : str
        What moves, and in which unit.
    """
    figure = canvas(7.4, 0.7 + ROW * table.height + 0.85)
    axes = place(figure, 3.05, 0.85, 4.05, ROW * table.height + 0.1)
    middle = float(table["middle"][0])
    for y, row in enumerate(table.iter_rows(named=True)):
        # one above the other: both ends may lie on one side
        for value, colour, up in ((row["low"], ORANGE, -0.16), (row["high"], BLUE, 0.16)):
            axes.barh(y + up, value - middle, left=middle, height=0.3, color=colour, lw=0)
        axes.text(-0.02, y, row["column"], transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=7.4)
    noise = float(table["mc_error"].max() or 0.0)  # type: ignore[arg-type]
    axes.axvspan(middle - 2 * noise, middle + 2 * noise, color=GREY, alpha=0.18, lw=0)
    axes.axvline(middle, color=GREY, lw=0.9)
    axes.set_ylim(table.height - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)
    axes.set_xlabel(f"{result}{f' ({unit})' if unit else ''}")
    heading(
        figure, f"What moves it: {result}", "Orange: the number at its 5 % point.   Blue: at its 95 % point.   Others at their medians."
    )
    footnote(figure, "Points of the posterior, one number at a time, the same women in every bar. Grey band: twice the Monte-Carlo error.")
    widest = ", ".join(f"{r['column']} ({r['low']:.3g} to {r['high']:.3g})" for r in table.head(3).iter_rows(named=True))
    return Drawing(figure, table, f"Tornado of {result}; at the medians {middle:.3g}. Widest: {widest}.", f"Tornado: {result}")


@styled
def indices(table: pl.DataFrame, title: str, note: str) -> Drawing:
    """Draw first-order and total indices of Sobol, one panel a result.

    Parameters
    ----------
    table : polars.DataFrame
        Columns ``result, column, first, total, total_error``; at most the twelve largest of each result are drawn.
    title, note : str
    """
    import polars as pl

    panels = [group.sort("total", descending=True).head(12) for group in table.partition_by("result", maintain_order=True)]
    across = 2
    down = (len(panels) + 1) // across
    height = ROW * 12 + 0.75
    figure = canvas(9.6, 0.45 + down * height + 0.55)
    for number, panel in enumerate(panels):
        left = 2.25 + 4.75 * (number % across)
        bottom = 0.6 + height * (down - 1 - number // across) + 0.25
        axes = place(figure, left, bottom, 2.3, ROW * 12)
        for y, row in enumerate(panel.iter_rows(named=True)):
            axes.barh(y, row["total"], height=0.62, color="#BFD9EA", lw=0)
            axes.barh(y, max(row["first"], 0.0), height=0.36, color=BLUE, lw=0)
            ends = np.clip([row["total"] - row["total_error"], row["total"] + row["total_error"]], 0.0, None)
            axes.plot(ends, [y, y], color=VERMILLION, lw=0.9)
            axes.text(-0.02, y, row["column"], transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=6.6)
        axes.set_ylim(11.6, -0.6)
        axes.set_yticks([])
        axes.set_xlim(0, max(0.3, float(panel["total"].max() or 0.3) * 1.15))  # type: ignore[arg-type]
        axes.set_title(str(panel["result"][0]), fontsize=8.2)
    heading(
        figure, title, "Dark: share of variance by the number alone.   Pale: with its interactions.   Red: 95 % interval of the pale bar."
    )
    footnote(figure, note)
    top = table.sort("total", descending=True).head(3)
    said = ", ".join(f"{r['column']} for {r['result']} ({r['total']:.2f})" for r in top.iter_rows(named=True))
    return Drawing(figure, table.with_columns(pl.lit(note).alias("note")), f"{title}. Largest total indices: {said}.", title)
