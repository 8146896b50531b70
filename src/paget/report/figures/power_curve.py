"""Power against the size of a trial: simulated with its Monte-Carlo band, by formula, and the power aimed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import (
    ARM_COLOURS,
    ARM_LINES,
    ARM_MARKERS,
    BLACK,
    GREY,
    INK,
    ORANGE,
    SKY,
    Drawing,
    canvas,
    footnote,
    heading,
    percent,
    place,
    styled,
)

COLOURS = (*ARM_COLOURS, ORANGE, SKY, BLACK, GREY)
MOST_SERIES = len(COLOURS)


@dataclass(frozen=True)
class PowerPoint:
    """Power of trials of one size; ``power_formula`` is None where there is no formula."""

    patients: int
    events: float
    power: float
    mcse: float
    power_formula: float | None = None


@dataclass(frozen=True)
class PowerSeries:
    """Sizes of one population or scenario, in words."""

    label: str
    points: Sequence[PowerPoint]


@styled
def draw(
    series: Sequence[PowerSeries], *, target: float | None = None, alpha: float = 0.025, trials: int | None = None, title: str = "Power"
) -> Drawing:
    """Draw power against patients (left) and against events (right).

    Parameters
    ----------
    series : sequence of PowerSeries
        At most eight; a reader cannot tell more apart.
    target : float, optional
        Power aimed at.
    alpha : float
        One-sided error of the first kind.
    trials : int, optional
        Simulated per point, for the note.
    title : str

    Raises
    ------
    ValueError
        No point to draw, or too many series.
    """
    shown = [PowerSeries(one.label, sorted(one.points, key=lambda p: p.patients)) for one in series if one.points]
    if not shown:
        raise ValueError("there is no power to draw")
    if len(shown) > MOST_SERIES:
        raise ValueError(f"{len(shown)} curves cannot be told apart, at most {MOST_SERIES}")
    rows = -(-len(shown) // 2)
    top = 0.62 + 0.2 * rows
    figure = canvas(7.6, 3.55 + top)
    panels = [place(figure, 0.65, 1.0, 3.1, 2.5), place(figure, 4.3, 1.0, 3.1, 2.5)]
    handles: list[Any] = []
    for axes, attribute, label in zip(panels, ("patients", "events"), ("Patients randomised", "Events at the data cut"), strict=True):
        for i, one in enumerate(shown):
            x = [float(getattr(p, attribute)) for p in one.points]
            low = [max(p.power - 1.96 * p.mcse, 0.0) for p in one.points]
            high = [min(p.power + 1.96 * p.mcse, 1.0) for p in one.points]
            colour = COLOURS[i]
            if len(x) > 1:
                axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
            else:
                axes.plot([x[0], x[0]], [low[0], high[0]], color=colour, lw=1.2)
            (line,) = axes.plot(
                x, [p.power for p in one.points], color=colour, ls=ARM_LINES[i % len(ARM_LINES)], lw=1.5,
                marker=ARM_MARKERS[i % len(ARM_MARKERS)], ms=4, mfc="white" if i >= len(ARM_MARKERS) else colour,
            )  # fmt: skip
            if axes is panels[0]:
                handles.append(line)
            formula = [(a, p.power_formula) for a, p in zip(x, one.points, strict=True) if p.power_formula is not None]
            if formula:
                axes.plot([a for a, _ in formula], [b for _, b in formula], color=colour, lw=0, marker="x", ms=5, mew=1.2)
                axes.plot([a for a, _ in formula], [b for _, b in formula], color=colour, lw=0.7, ls=":")
        if target is not None:
            axes.axhline(target, color=INK, lw=0.8, ls="--")
        axes.axhline(alpha, color=GREY, lw=0.7)
        axes.set(ylim=(0, 1.02), xlabel=label)
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panels[0].set_ylabel("Power (one-sided test for benefit)")
    panels[1].set_yticklabels([])
    figure.legend(
        handles, [one.label for one in shown], loc="upper left", bbox_to_anchor=(0.015, 1 - 0.32 / figure.get_figheight()), ncols=2,
        handlelength=3.2, columnspacing=1.5, labelspacing=0.3, borderaxespad=0.2,
    )  # fmt: skip
    heading(figure, title)
    count = f" of {trials:,} trials per point" if trials else ""
    by_formula = " Crosses, dotted: Schoenfeld's formula with the model's hazard ratio at the data cut and the simulated events."
    if not any(p.power_formula is not None for one in shown for p in one.points):
        by_formula = ""  # tests without such a formula
    aim = "" if target is None else f" Dashed: {percent(target)}."
    footnote(figure, f"Line: simulated from the model, band 1.96 Monte-Carlo errors{count}.{by_formula}{aim} Grey: alpha {alpha:g}.")
    words = "; ".join(f"{one.label}: " + ", ".join(f"{p.patients} patients {p.power:.2f}" for p in one.points) for one in shown)
    return Drawing(figure, _data(shown), f"Power against size. {words}.", title)


def _data(series: Sequence[PowerSeries]) -> Any:
    import polars as pl

    rows = [(one.label, p.patients, p.events, p.power, p.mcse, p.power_formula) for one in series for p in one.points]
    names = {"series": pl.String, "patients": pl.Int64, "events": pl.Float64, "power": pl.Float64, "power_mcse": pl.Float64}
    return pl.DataFrame(rows, schema={**names, "power_formula": pl.Float64}, orient="row")
