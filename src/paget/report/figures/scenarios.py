"""Power and error of the first kind of each scenario, one row each: for tables that vary anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import BLUE, GREY, INK, ORANGE, VERMILLION, Drawing, canvas, footnote, heading, percent, place, styled

MOST = 40
"""Rows that fit on a page."""


@dataclass(frozen=True)
class ScenarioPower:
    """One scenario in words, with what was simulated, by formula, and under no effect (None where not computed)."""

    label: str
    power: float
    mcse: float
    formula: float | None = None
    null: float | None = None
    null_mcse: float | None = None


@styled
def draw(
    scenarios: Sequence[ScenarioPower], *, alpha: float = 0.025, target: float | None = None, title: str = "Power of each scenario"
) -> Drawing:
    """Draw one row per scenario: power with its Monte-Carlo interval, the formula's, and the error under no effect.

    Parameters
    ----------
    scenarios : sequence of ScenarioPower
        The first forty are drawn; the data hold all.
    alpha, target : float
    title : str
    """
    if not scenarios:
        raise ValueError("there is no scenario to draw")
    shown = list(scenarios[:MOST])
    longest = max(len(one.label) for one in shown)
    left = min(3.9, 0.45 + 0.065 * min(longest, 54))
    size = 0.24 * len(shown)
    figure = canvas(7.6, 1.75 + size)
    axes = place(figure, left, 1.0, 7.4 - left, size)
    for i, one in enumerate(shown):
        y = len(shown) - 1 - i
        axes.plot([max(one.power - 1.96 * one.mcse, 0), min(one.power + 1.96 * one.mcse, 1)], [y, y], color=BLUE, lw=1.8)
        axes.plot([one.power], [y], marker="s", ms=5, color=BLUE)
        if one.formula is not None:
            axes.plot([one.formula], [y], marker="x", ms=5.5, mew=1.4, color=VERMILLION)
        if one.null is not None:
            axes.plot([one.null], [y - 0.22], marker="o", ms=3.6, color=ORANGE, mec=INK, mew=0.5)
    axes.axvline(alpha, color=GREY, lw=0.7)
    if target is not None:
        axes.axvline(target, color=INK, lw=0.8, ls="--")
        axes.text(target, len(shown) - 0.45, percent(target), size=7.5, ha="center", va="bottom")
    axes.set(xlim=(0, 1), ylim=(-0.6, len(shown) - 0.4), xlabel="Probability of a finding of benefit")
    labels = [one.label if len(one.label) <= 54 else one.label[:51] + "..." for one in reversed(shown)]
    axes.set_yticks(range(len(shown)), labels)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.grid(axis="x", color="#E6E6E6", lw=0.6)
    axes.set_axisbelow(True)
    heading(figure, title)
    more = f" The first {MOST} of {len(scenarios)} scenarios." if len(scenarios) > MOST else ""
    footnote(
        figure,
        "Squares: simulated power, bars 1.96 Monte-Carlo errors. Crosses: formula with the model's hazard ratio at the data cut and the "
        f"simulated events. Dots: both arms live the control life (no effect); grey: alpha {alpha:g}.{more}",
    )
    words = "; ".join(f"{one.label}: {one.power:.2f}" for one in shown)
    return Drawing(figure, _data(scenarios), f"Power of each scenario. {words}.", title)


def _data(scenarios: Sequence[ScenarioPower]) -> Any:
    import polars as pl

    rows = [(one.label, one.power, one.mcse, one.formula, one.null, one.null_mcse) for one in scenarios]
    names = ("power", "power_mcse", "power_formula", "type_one_error", "type_one_error_mcse")
    return pl.DataFrame(rows, schema={"scenario": pl.String, **dict.fromkeys(names, pl.Float64)}, orient="row")
