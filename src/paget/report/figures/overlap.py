"""Overlap: propensity scores of treated and untreated mirrored, and the weights that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import BLUE, GREY, INK, VERMILLION, Drawing, canvas, heading, place, styled


@dataclass(frozen=True)
class Histogram:
    """Counts of both groups in common bins; `edges` has one more entry than the counts."""

    edges: Sequence[float]
    treated: Sequence[float]
    untreated: Sequence[float]


@styled
def draw(
    score: Histogram | None,
    weights: Histogram | None = None,
    *,
    effective_n: tuple[float, float] | None = None,
    title: str = "Overlap and weights",
) -> Drawing:
    """Draw the propensity scores, and the weights beside them.

    Parameters
    ----------
    score : Histogram or None
        Propensity scores from 0 to 1; None where the analysis has none of its own (clone-censor-weight).
    weights : Histogram, optional
    effective_n : (float, float), optional
        Effective sample size of treated and untreated after weighting.
    title : str

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        Where there is nothing to draw.
    """
    panels = [(kind, h) for kind, h in (("propensity", score), ("weight", weights)) if h is not None]
    if not panels:
        raise ValueError("there is neither a propensity nor a weight to draw")
    width = 0.75 + 3.9 * len(panels)
    figure = canvas(width, 3.5)
    for i, (kind, h) in enumerate(panels):
        axes = place(figure, 0.7 + 3.9 * i, 0.6, 3.1, 2.15)
        _mirror(axes, h)
        axes.set_xlabel("Propensity of treatment" if kind == "propensity" else "Weight")
        axes.set_xlim(0, 1 if kind == "propensity" else h.edges[-1])
        if i == 0:
            axes.set_ylabel("Share of the group")
    note = "Upwards: treated. Downwards: untreated."
    if effective_n is not None:
        note += f" Effective n: {effective_n[0]:.0f} treated, {effective_n[1]:.0f} untreated."
    heading(figure, title, note)
    return Drawing(figure, _data(panels), _alt(panels, title, effective_n), title)


def _mirror(axes: Any, h: Histogram) -> None:
    widths = [b - a for a, b in zip(h.edges[:-1], h.edges[1:], strict=True)]
    one, zero = _shares(h.treated), _shares(h.untreated)
    axes.bar(h.edges[:-1], one, widths, align="edge", color=VERMILLION, ec="white", lw=0.4, label="treated")
    axes.bar(h.edges[:-1], [-v for v in zero], widths, align="edge", color=BLUE, ec="white", lw=0.4, hatch="////", label="untreated")
    axes.axhline(0, color=INK, lw=0.8)
    top = max([*one, *zero, 1e-9]) * 1.12
    axes.set_ylim(-top, top)
    ticks = [t for t in axes.get_yticks() if abs(t) <= top]
    axes.set_yticks(ticks, [f"{100 * abs(t):.0f} %" for t in ticks])
    axes.text(0.985, 0.95, "treated", transform=axes.transAxes, ha="right", va="top", color=VERMILLION, size=8.5)
    axes.text(0.985, 0.05, "untreated", transform=axes.transAxes, ha="right", va="bottom", color=BLUE, size=8.5)
    axes.tick_params(color=GREY)


def _shares(counts: Sequence[float]) -> list[float]:
    total = float(sum(counts))
    return [c / total if total else 0.0 for c in counts]


def _data(panels: list[tuple[str, Histogram]]) -> Any:
    import polars as pl

    rows = [
        {
            "panel": kind,
            "from": float(h.edges[k]),
            "to": float(h.edges[k + 1]),
            "treated": float(h.treated[k]),
            "untreated": float(h.untreated[k]),
        }
        for kind, h in panels
        for k in range(len(h.treated))
    ]
    return pl.DataFrame(rows)


def _alt(panels: list[tuple[str, Histogram]], title: str, effective_n: tuple[float, float] | None) -> str:
    words = [f"Mirrored histograms: {title}."]
    for kind, h in panels:
        for name, counts in (("treated", h.treated), ("untreated", h.untreated)):
            filled = [k for k, c in enumerate(counts) if c > 0]
            if filled:
                words.append(f"{kind} of the {name} from {h.edges[filled[0]]:.2f} to {h.edges[filled[-1] + 1]:.2f}.")
    if effective_n is not None:
        words.append(f"Effective sample size {effective_n[0]:.0f} treated, {effective_n[1]:.0f} untreated.")
    return " ".join(words)
