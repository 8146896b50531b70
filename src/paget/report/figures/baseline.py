"""Baseline: simulated shares beside the published ones, and where nothing was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import BLUE, GREY, PALE, VERMILLION, Drawing, canvas, heading, place, styled


@dataclass(frozen=True)
class BaselineRow:
    """Share (0 to 1) of one level of a characteristic.

    `published` is None where it was not read. `role` is ``matched`` (patients were drawn to it),
    ``compared`` (not used), or ``assumed`` (from elsewhere).
    """

    characteristic: str
    level: str
    simulated: float
    published: float | None = None
    role: str = "compared"
    source: str = ""


@styled
def draw(rows: Sequence[BaselineRow], *, title: str = "Baseline: simulated and published") -> Drawing:
    """Draw one line per level.

    Parameters
    ----------
    rows : sequence of BaselineRow
        In order; levels of one characteristic together.
    title : str
        Above the plot.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If there is no row.
    """
    if not rows:
        raise ValueError("a baseline figure needs at least one row")
    places: list[float] = []
    heads: list[tuple[float, str]] = []
    y, last = 0.0, None
    for row in rows:
        if row.characteristic != last:
            y += 0.35 if last is not None else 0.0
            heads.append((y, row.characteristic))
            y, last = y + 1.0, row.characteristic
        places.append(y)
        y += 1.0
    body = 0.2 * (y + 0.4)
    figure = canvas(7.6, body + 1.15)
    axes = place(figure, 2.75, 0.55, 3.5, body)
    across = axes.get_yaxis_transform()
    for place_y, row in zip(places, rows, strict=True):
        axes.axhline(place_y, color=PALE, lw=0.8, zorder=0)
        axes.text(-2.45 / 3.5, place_y, row.level, transform=across, size=8.3, va="center")
        axes.text(1.03, place_y, f"{100 * row.simulated:.0f} %", transform=across, size=8.3, va="center", color=BLUE)
        if row.published is None:
            axes.text(1.16, place_y, "not read", transform=across, size=8.3, va="center", color=GREY, style="italic")
            continue
        axes.text(
            1.16,
            place_y,
            f"{100 * row.published:.0f} %",
            transform=across,
            size=8.3,
            va="center",
            color=VERMILLION,
        )
        axes.plot([row.simulated, row.published], [place_y, place_y], color=GREY, lw=0.9, zorder=2)
    for place_y, text in heads:
        axes.text(-2.65 / 3.5, place_y, text, transform=across, size=8.5, va="center", weight="bold")
    axes.plot(
        [r.simulated for r in rows],
        places,
        ls="",
        marker="o",
        ms=5.5,
        color=BLUE,
        label="simulated",
        zorder=4,
    )
    both = [(r.published, p) for r, p in zip(rows, places, strict=True) if r.published is not None]
    if both:
        x, where = zip(*both, strict=True)
        axes.plot(
            x,
            where,
            ls="",
            marker="D",
            ms=6,
            mfc="none",
            mec=VERMILLION,
            mew=1.4,
            label="published",
            zorder=3,
        )
    axes.set(xlim=(-0.02, 1.02), ylim=(y - 0.2, -0.6))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Share of patients")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, handletextpad=0.3)
    axes.text(1.03, -0.75, "sim.", transform=across, size=8, weight="bold", color=BLUE, va="bottom")
    axes.text(1.16, -0.75, "published", transform=across, size=8, weight="bold", color=VERMILLION, va="bottom")
    heading(figure, title)
    return Drawing(figure, _data(rows), _alt(rows, title), title)


def _data(rows: Sequence[BaselineRow]) -> Any:
    import polars as pl

    return pl.DataFrame([vars(row) for row in rows], schema_overrides={"published": pl.Float64})


def _alt(rows: Sequence[BaselineRow], title: str) -> str:
    words = [f"Dot plot: {title}."]
    for r in rows:
        beside = f"published {100 * r.published:.0f} %" if r.published is not None else "published not read"
        words.append(f"{r.characteristic}, {r.level}: simulated {100 * r.simulated:.0f} %, {beside}.")
    return " ".join(words)
