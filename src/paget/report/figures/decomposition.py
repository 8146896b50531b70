"""Decomposition of a bias: what is reported over what is true, and what is left as sources of bias are removed one after the other."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import BLUE, GREY, INK, ORANGE, PALE, VERMILLION, Drawing, canvas, footnote, heading, place, styled

ROW = 0.5
"""Height of a row (inches)."""
WIDTH, LEFT, PLOT = 9.2, 3.6, 3.3


@dataclass(frozen=True)
class BiasStep:
    """One source of bias: the ratio reported / true before and after it is removed, and its factor when it alone is removed.

    `se` and `alone_se` are Monte-Carlo errors on the log scale.
    """

    name: str
    about: str
    before: float
    after: float
    se: float
    alone: float
    alone_se: float


@styled
def draw(steps: Sequence[BiasStep], *, start_se: float, end_se: float, title: str = "Where the bias comes from", note: str = "") -> Drawing:
    """Draw the steps as a waterfall on a log axis, from everything on to everything off.

    Parameters
    ----------
    steps : sequence of BiasStep
        In the order of removal; each begins where the one before ends.
    start_se, end_se : float
        Monte-Carlo errors (log scale) of the first and the last ratio.
    title, note : str

    Returns
    -------
    Drawing
    """
    if not steps:
        raise ValueError("a decomposition needs at least one step")
    start, end = steps[0].before, steps[-1].after
    values = [start, end, 1.0, *(s.after for s in steps)]
    low, high = min(values) / 1.12, max(max(values), 1.0) * 1.12
    rows = len(steps) + 2
    body = ROW * rows
    figure = canvas(WIDTH, body + 1.75)
    axes = place(figure, LEFT, 0.95, PLOT, body)
    axes.set_xscale("log")
    axes.set(xlim=(low, high), ylim=(rows - 0.5, -0.5))
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    ticks = [t for t in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2) if low <= t <= high]
    if len(ticks) > 7:
        ticks = [t for t in ticks if t not in (0.9, 1.1)]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.axvline(1.0, color=INK, lw=0.9)

    def at(i: float, x: float, text: str, **look: Any) -> None:
        axes.text((x - LEFT) / PLOT, i, text, transform=axes.get_yaxis_transform(), va="center", clip_on=False, **{"size": 8.3, **look})

    def end_point(i: int, name: str, value: float, se: float) -> None:
        at(i, 0.15, name, weight="bold")
        axes.plot([value * math.exp(-1.96 * se), value * math.exp(1.96 * se)], [i, i], color=INK, lw=1.5)
        axes.plot([value], [i], "s", color=INK, ms=6)
        at(i, LEFT + PLOT + 0.15, f"{value:.3f} ± {value * se:.3f}", weight="bold")

    for i in range(0, rows, 2):
        axes.axhspan(i - 0.5, i + 0.5, xmin=-LEFT / PLOT, xmax=(WIDTH - LEFT) / PLOT, color=PALE, alpha=0.5, lw=0, clip_on=False, zorder=-1)
    at(-0.72, LEFT + PLOT + 0.15, "in this order", weight="bold", size=8)
    at(-0.72, LEFT + PLOT + 1.28, "alone", weight="bold", size=8)
    end_point(0, "As practised", start, start_se)
    for i, step in enumerate(steps, start=1):
        at(i - 0.17, 0.15, f"without {step.name}", weight="bold")
        at(i + 0.21, 0.15, textwrap.shorten(step.about, 62, placeholder=" ..."), size=7.2, color="#444444")
        helps = step.after >= step.before
        colour, hatch = (BLUE, "") if helps else (ORANGE, "////")
        left, right = sorted((step.before, step.after))
        axes.barh(i, right - left, left=left, height=0.46, color=colour, hatch=hatch, edgecolor="white" if hatch else colour, lw=0.8)
        axes.plot([step.before] * 2, [i - 0.77, i + 0.23], color=GREY, lw=0.8)
        factor, alone = step.after / step.before, step.alone
        at(i, LEFT + PLOT + 0.15, f"× {factor:.2f} ± {factor * step.se:.2f}")
        at(i, LEFT + PLOT + 1.28, f"× {alone:.2f} ± {alone * step.alone_se:.2f}", color="#444444")
    axes.plot([end] * 2, [rows - 1.77, rows - 1.0], color=GREY, lw=0.8)
    end_point(rows - 1, "All of them off", end, end_se)
    axes.axvline(1.0, color=VERMILLION, lw=1.0, ls=(0, (4, 2)))
    axes.set_xlabel("Reported over true hazard ratio, ever / never (log scale)")
    footnote(figure, f"Dashed: no bias. ±: Monte-Carlo standard error. Hatched: towards smaller ratios. {note}".strip())
    heading(figure, title)
    return Drawing(figure, _data(steps, start_se, end_se), _alt(steps, title), title)


def _data(steps: Sequence[BiasStep], start_se: float, end_se: float) -> Any:
    import polars as pl

    rows: list[tuple[Any, ...]] = [("as practised", None, steps[0].before, start_se, None, None)]
    rows += [(f"without {s.name}", s.before, s.after, s.se, s.alone, s.alone_se) for s in steps]
    rows.append(("all off", None, steps[-1].after, end_se, None, None))
    schema: dict[str, Any] = {"practice": pl.String} | {
        name: pl.Float64 for name in ("ratio_before", "ratio_after", "mc_se_log", "factor_alone", "factor_alone_mc_se_log")
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _alt(steps: Sequence[BiasStep], title: str) -> str:
    words = [f"{title}. As practised, the reported hazard ratio is {steps[0].before:.2f} of the true one"]
    words += [f"without {s.name} {s.after:.2f}" for s in steps]
    return "; ".join(words) + "."
