"""Boundaries of a group-sequential design, and how likely a trial is to stop at each look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from paget.report.style import BLUE, GREY, INK, VERMILLION, Drawing, canvas, footnote, heading, place, styled


@styled
def draw(
    information: Sequence[float],
    upper: Sequence[float],
    lower: Sequence[float],
    *,
    chances: Sequence[tuple[str, Sequence[float], Sequence[float]]] = (),
    name: str = "",
    alpha: float = 0.025,
    binding: bool = False,
) -> Drawing:
    """Draw the boundaries on the scale of Z, and bars of the stopping probabilities below.

    Parameters
    ----------
    information, upper, lower : sequence of float
        Of each look; ``inf`` and ``-inf`` where a look cannot stop.
    chances : sequence of (words, above, below)
        Stopping probabilities of each look under a truth, for efficacy and futility; at most two.
    name : str
        Of the design, in words.
    alpha : float
    binding : bool
        Whether futility binds.
    """
    if not len(information) == len(upper) == len(lower):
        raise ValueError("every look needs both boundaries")
    height = 2.35
    figure = canvas(7.6, 3.75 + (1.75 if chances else 0.0))
    base = 0.95 + (1.75 if chances else 0.0)
    axes = place(figure, 0.7, base, 6.6, height)
    ends = [z for z in (*upper, *lower) if math.isfinite(z)]
    top, bottom = max(*ends, 2.0) + 0.9, min(*ends, 0.0) - 0.9
    up = [(t, z) for t, z in zip(information, upper, strict=True) if math.isfinite(z)]
    down = [(t, z) for t, z in zip(information, lower, strict=True) if math.isfinite(z)]
    axes.fill_between([t for t, _ in up], [z for _, z in up], top, color=BLUE, alpha=0.10, lw=0)
    axes.plot([t for t, _ in up], [z for _, z in up], color=BLUE, marker="s", ms=5, lw=1.5)
    for t, z in up:
        axes.annotate(f"{z:.3f}", (t, z), (0, 5), textcoords="offset points", ha="center", size=8, color=BLUE)
    if down:
        axes.fill_between([t for t, _ in down], bottom, [z for _, z in down], color=VERMILLION, alpha=0.10, lw=0)
        axes.plot([t for t, _ in down], [z for _, z in down], color=VERMILLION, marker="D", ms=4.5, lw=1.5, ls=(0, (6, 2)))
        for t, z in down:
            if (t, z) not in up:
                axes.annotate(f"{z:.3f}", (t, z), (0, -12), textcoords="offset points", ha="center", size=8, color=VERMILLION)
    axes.axhline(0.0, color=GREY, lw=0.6)
    axes.set(xlim=(0, 1.06), ylim=(bottom, top), ylabel="Log-rank Z (up: benefit)")
    axes.set_xticks(list(information), [f"{100 * t:.0f} %" for t in information])
    axes.set_xlabel("Share of the planned events")
    middle = information[0] / 2.0
    axes.text(middle, upper[0] if math.isfinite(upper[0]) else top - 0.4, "stop: benefit", color=BLUE, size=8.5, ha="center", va="center")
    if down:
        axes.text(middle, down[0][1], "stop: futile", color=VERMILLION, size=8.5, ha="center", va="center")
    if chances:
        _bars(figure, chances, information)
    title = f"Boundaries of a trial with {len(information)} look{'s' if len(information) > 1 else ''}" + (f": {name}" if name else "")
    heading(figure, title)
    rule = "" if not down else (" Futility binds." if binding else " Futility does not bind: going on regardless keeps alpha.")
    footnote(
        figure, f"One-sided alpha {alpha:g}, by recursive integration.{rule} At the last look a trial ends, with or without a finding."
    )
    words = ", ".join(f"at {100 * t:.0f} % of events {u:.3f}" for t, u in zip(information, upper, strict=True))
    return Drawing(figure, _data(information, upper, lower, chances), f"Efficacy boundaries of Z: {words}.", title)


def _bars(figure: Any, chances: Sequence[tuple[str, Sequence[float], Sequence[float]]], information: Sequence[float]) -> None:
    width = 6.6 / len(chances) - (0.45 if len(chances) > 1 else 0.0)
    looks = list(range(len(information)))
    for i, (words, above, below) in enumerate(chances):
        axes = place(figure, 0.7 + i * (width + 0.9), 0.95, width, 0.9)
        axes.bar([k - 0.2 for k in looks], above, 0.38, color=BLUE, alpha=0.75)
        axes.bar([k + 0.2 for k in looks], below, 0.38, color=VERMILLION, alpha=0.75, hatch="////", edgecolor="white")
        for k in looks:
            for x, value in ((k - 0.2, above[k]), (k + 0.2, below[k])):
                axes.text(x, value + 0.03, f"{value:.2f}" if value >= 0.005 else "<.01" if value > 0 else "0", ha="center", size=7)
        axes.set(ylim=(0, 1.15), yticks=[0, 0.5, 1])
        axes.set_xticks(looks, [f"{100 * t:.0f} %" for t in information])
        axes.set_title(words, size=8.5, weight="normal", color=INK)
        if i == 0:
            axes.set_ylabel("Chance of stop")


def _data(
    information: Sequence[float],
    upper: Sequence[float],
    lower: Sequence[float],
    chances: Sequence[tuple[str, Sequence[float], Sequence[float]]],
) -> Any:
    import polars as pl

    def finite(values: Sequence[float]) -> list[float | None]:
        return [float(v) if math.isfinite(v) else None for v in values]

    columns: dict[str, Any] = {
        "look": list(range(1, len(information) + 1)), "information": list(information), "efficacy": finite(upper), "futility":
        finite(lower),
    }  # fmt: skip
    for words, above, below in chances:
        columns[f"efficacy stop, {words}"], columns[f"futility stop, {words}"] = list(above), list(below)
    return pl.DataFrame(columns)
