"""Shares of responders and of controlled lesions: simulated with their interval, published beside them, one row each.

The grey bar is where replicate trials of the same size fall; the open marker is what the real study printed, and its shape says
in which role the number stands (a prediction, or a number that was used to place the model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import BLUE, INK, PALE, VERMILLION, Drawing, canvas, footnote, heading, percent, place, styled

MARKERS = {"prediction": "D", "anchor": "s", "input": "o", "fitted": "s"}


@dataclass(frozen=True)
class RateRow:
    """One share; fractions from 0 to 1, limits None where there are none.

    Attributes
    ----------
    group, name : str
        What is measured (a heading) and of whom.
    value, ci_low, ci_high : float
        Simulated, in the one trial.
    low, high : float
        Where 95 % of replicate trials fall.
    published, published_low, published_high : float
        What the real study printed.
    role : str
        Role of the published number.
    n : int
        Patients or lesions of the simulated share.
    """

    group: str
    name: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    low: float | None = None
    high: float | None = None
    published: float | None = None
    published_low: float | None = None
    published_high: float | None = None
    role: str = "prediction"
    n: int | None = None


@styled
def draw(rows: Sequence[RateRow], *, title: str = "Responses", level: float = 0.95) -> Drawing:
    """Draw the rows from top to bottom under the heading of their group.

    Parameters
    ----------
    rows : sequence of RateRow
        Those of one group together.
    title : str
    level : float
        Level of the intervals of the simulated shares.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        There is no row.
    """
    if not rows:
        raise ValueError("there is no share to draw")
    lines: list[tuple[str, RateRow | None]] = []
    group = ""
    for one in rows:
        if one.group != group:
            lines.append((one.group, None))
            group = one.group
        lines.append((one.name, one))
    height = 0.28 * len(lines)
    figure = canvas(7.6, height + 1.75)
    axes = place(figure, 3.45, 0.95, 3.95, height)
    for i, (name, row) in enumerate(lines):
        y = len(lines) - 1 - i
        if row is None:
            axes.text(-0.83, y, name, transform=axes.get_yaxis_transform(), weight="bold", size=9, va="center")
            continue
        words = name if row.n is None else f"{name} (n = {row.n})"
        axes.text(-0.805, y, words, transform=axes.get_yaxis_transform(), size=8.5, va="center")
        _row(axes, y, row)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(lines) - 0.4), yticks=[])
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=PALE, lw=0.6, zorder=0)
    axes.set_axisbelow(True)
    _legend(axes, rows)
    heading(figure, title)
    notes = f"Filled: this trial, {percent(level)} CI."
    if any(row.low is not None for row in rows):
        notes += " Grey: where 95 % of replicate trials of this size fall."
    if any(row.published is not None for row in rows):
        notes += " Open: published, with its interval where one was printed."
    footnote(figure, notes)
    return Drawing(figure, _data(rows), _alt(rows, title), title)


def _row(axes: Any, y: float, row: RateRow) -> None:
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [y, y], color="#BBBBBB", lw=7, solid_capstyle="butt", zorder=1)
    if row.value is not None:
        if row.ci_low is not None and row.ci_high is not None:
            axes.plot([row.ci_low, row.ci_high], [y + 0.12] * 2, color=BLUE, lw=1.3, zorder=3)
        axes.plot([row.value], [y + 0.12], marker="o", ms=5.5, color=BLUE, zorder=4)
    else:
        axes.text(0.0, y, "not computed", size=7.5, color="#666666", va="center")
    if row.published is not None:
        if row.published_low is not None and row.published_high is not None:
            axes.plot([row.published_low, row.published_high], [y - 0.16] * 2, color=VERMILLION, lw=1.1, zorder=3)
        axes.plot(
            [row.published], [y - 0.16], marker=MARKERS.get(row.role, "D"), ms=6, mfc="white", mec=VERMILLION, mew=1.4, ls="", zorder=5
        )


def _legend(axes: Any, rows: Sequence[RateRow]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], marker="o", color=BLUE, lw=1.3, ms=5.5, label="simulated")]
    for role in dict.fromkeys(row.role for row in rows if row.published is not None):
        look: dict[str, Any] = {"marker": MARKERS.get(role, "D"), "mfc": "white", "mec": VERMILLION, "mew": 1.4, "ms": 6, "ls": ""}
        handles.append(Line2D([], [], label=f"published ({role})", **look))
    # as far to the right as the axes reach: names of several roles are wider than they are
    side, x = ("left", -0.02) if len(handles) < 3 else ("right", 1.02)
    shape: dict[str, Any] = {"ncols": len(handles), "columnspacing": 1.2, "handletextpad": 0.5}
    axes.legend(handles=handles, loc=f"lower {side}", bbox_to_anchor=(x, 1.0), **shape)
    axes.tick_params(axis="x", colors=INK)


def _data(rows: Sequence[RateRow]) -> Any:
    import polars as pl

    names = (
        "group", "name", "n", "value", "ci_low", "ci_high", "low", "high", "published", "published_low", "published_high", "role",
    )  # fmt: skip
    schema: dict[str, Any] = {name: pl.Float64 for name in names} | {"group": pl.String, "name": pl.String, "role": pl.String}
    schema["n"] = pl.Int64
    return pl.DataFrame([[getattr(row, name) for name in names] for row in rows], schema=schema, orient="row")


def _alt(rows: Sequence[RateRow], title: str) -> str:
    words = [f"Shares: {title}."]
    for row in rows:
        said = "not computed" if row.value is None else f"simulated {100 * row.value:.0f} %"
        if row.published is not None:
            said += f", published {100 * row.published:.0f} % ({row.role})"
        words.append(f"{row.group}, {row.name}: {said}.")
    return " ".join(words)
