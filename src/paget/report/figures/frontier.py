"""Who should be randomised: patients randomised against patients assessed, for each population that reaches the power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paget.report.style import BLUE, GREY, INK, Drawing, canvas, footnote, heading, percent, place, styled


@dataclass(frozen=True)
class Candidate:
    """One population: what its smallest trial needs, with the error of the number randomised; None where it reaches no such power."""

    label: str
    randomised: int | None
    screened: int | None
    error: float = 0.0
    efficient: bool = False
    note: str = ""


@styled
def draw(candidates: Sequence[Candidate], *, power: float, title: str = "Smallest trials") -> Drawing:
    """Draw populations by what their trial needs, those on the frontier joined; list those that do not reach the power.

    Parameters
    ----------
    candidates : sequence of Candidate
    power : float
        That all of them reach.
    title : str
    """
    if not candidates:
        raise ValueError("there is no population to draw")
    sized = [one for one in candidates if one.randomised is not None and one.screened is not None]
    missing = [one for one in candidates if one not in sized]
    extra = 0.17 * len(missing) + (0.25 if missing else 0.0)
    figure = canvas(7.6, (4.1 if sized else 1.3) + extra)
    if sized:
        _plane(figure, sized, extra)
    for i, one in enumerate(missing):
        y = (0.55 + 0.17 * (len(missing) - 1 - i)) / figure.get_figheight()
        words = f"{one.label}: {one.note}" if one.note else f"{one.label}: not reached"
        figure.text(0.15 / 7.6, y, words if len(words) < 128 else words[:125] + "...", size=7.5, color=INK)
    if missing:
        y = (0.55 + 0.17 * len(missing)) / figure.get_figheight()
        figure.text(0.15 / 7.6, y, f"Power of {percent(power)} not reached by", size=8, weight="bold")
    heading(figure, title)
    footnote(
        figure,
        f"Each point: the smallest trial of that population with a power of {percent(power)}; bars 1.96 errors from the "
        "number of trials and "
        "the size of the prepared population. Filled: no other population needs both fewer randomised and fewer assessed.",
    )
    words = "; ".join(f"{one.label} {one.randomised} randomised of {one.screened} assessed" for one in sized) or "none reaches the power"
    return Drawing(figure, _data(candidates), f"Smallest trials with a power of {percent(power)}: {words}.", title)


def _plane(figure: Any, sized: Sequence[Candidate], extra: float) -> None:
    axes = place(figure, 0.8, 0.95 + extra, 6.5, 2.6)
    x = np.array([float(one.screened or 0) for one in sized])
    y = np.array([float(one.randomised or 0) for one in sized])
    error = 1.96 * np.array([one.error for one in sized])
    ratio_x = max(float(x.max() / x.min()), 1.3)
    best = sorted(((a, b) for a, b, one in zip(x, y, sized, strict=True) if one.efficient), key=lambda p: p[0])
    if len(best) > 1:
        axes.plot([a for a, _ in best], [b for _, b in best], color=BLUE, lw=1.2, ls=":")
    for i, one in enumerate(sized):
        colour = BLUE if one.efficient else GREY
        axes.plot([x[i], x[i]], [max(y[i] - error[i], y[i] / 4), y[i] + error[i]], color=colour, lw=1.1)
        axes.plot([x[i]], [y[i]], marker="o", ms=7, color=colour, mfc=colour if one.efficient else "white", mew=1.4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = float(np.maximum(y - error, y / 4).min()), float((y + error).max())
    axes.set(xlim=(x.min() / ratio_x**0.3, x.max() * ratio_x**0.3), ylim=(low / 1.15, high * 1.2))
    # labels towards the middle of the plane, moved up where they would run into one another
    span, centre = np.log(high * 1.2) - np.log(low / 1.15), float(np.sqrt(x.min() * x.max()))
    taken: list[float] = []
    for i in np.argsort(y):
        at = float(np.log(y[i]))
        while any(abs(at - other) < 0.07 * span for other in taken):
            at += 0.01 * span
        taken.append(at)
        left = x[i] > centre
        axes.annotate(
            f"{sized[i].label}: {sized[i].randomised:,} of {sized[i].screened:,}", (x[i], y[i]),
            (x[i] * ratio_x ** (-0.025 if left else 0.025), float(np.exp(at))), size=8, va="center", ha="right" if left else "left",
            color=BLUE if sized[i].efficient else INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )  # fmt: skip
    axes.set_xlabel("Patients assessed (log scale)")
    axes.set_ylabel("Patients randomised (log scale)")
    for axis, values in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        ticks = _ticks(*values)
        axis.set_ticks(ticks, [f"{t:,.0f}" for t in ticks])
        axis.set_ticks([], minor=True)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers on a log axis, as few as tell where one is."""
    found: list[float] = []
    for multiples in ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)):
        found = [m * 10.0**e for e in range(1, 8) for m in multiples if low <= m * 10.0**e <= high]
        if len(found) >= 3:
            break
    return found


def _data(candidates: Sequence[Candidate]) -> Any:
    import polars as pl

    rows = [(one.label, one.randomised, one.screened, one.error, one.efficient, one.note) for one in candidates]
    schema: dict[str, Any] = {
        "population": pl.String, "randomised": pl.Int64, "assessed": pl.Int64, "randomised_error": pl.Float64, "on_frontier": pl.Boolean,
        "note": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
