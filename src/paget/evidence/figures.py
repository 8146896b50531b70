"""Forest plot of a meta-analysis, drawn without pyplot so that no global state is touched."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from paget.evidence.meta import Pooled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _ACCENT, _SOFT = "#1f2933", "#0b6e8f", "#9fb3c8"


def forest(
    pooled: Pooled,
    *,
    title: str | None = None,
    measure: str = "hazard ratio",
    names: Mapping[str, str] | None = None,
    favours: tuple[str, str] | None = None,
) -> Figure:
    """Each study with its interval, the pooled mean as a diamond, the prediction interval as a bar below.

    Parameters
    ----------
    pooled : Pooled
        Log ratios, from `paget.evidence.pool_studies`.
    names : mapping, optional
        Id -> label to print instead.
    favours : (str, str), optional
        What is favoured left and right of 1.

    Returns
    -------
    matplotlib.figure.Figure
        All intervals at ``pooled.level``, whatever level the sources printed.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
    from scipy import stats

    quantile = float(stats.norm.ppf((1 + pooled.level) / 2))
    rows = [
        (effect, effect - quantile * se, effect + quantile * se, weight)
        for effect, se, weight in zip(pooled.effects, pooled.ses, pooled.weights, strict=True)
    ]
    bottom = -2.0
    figure = Figure(figsize=(8.2, 1.7 + 0.36 * (len(rows) + 2)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color=_INK, lw=0.8)
    axes.axvline(pooled.estimate, color=_ACCENT, lw=0.8, ls=":")
    text = [(f"{_label(names, label)}", row) for label, row in zip(pooled.labels, rows, strict=True)]
    for y, (_, (effect, low, high, weight)) in zip(range(len(rows), 0, -1), text, strict=True):
        axes.plot([low, high], [y, y], color=_INK, lw=1.1, solid_capstyle="butt")
        axes.plot(
            [effect], [y], marker="s", color=_ACCENT, ms=4 + 9 * math.sqrt(weight / max(pooled.weights))
        )
    (low, high), mid = pooled.ci, pooled.estimate
    axes.add_patch(
        Polygon([(low, 0), (mid, 0.28), (high, 0), (mid, -0.28)], closed=True, color=_ACCENT, lw=0)
    )
    axes.plot(pooled.prediction, [-1, -1], color=_SOFT, lw=6, solid_capstyle="butt")

    labels = [label for label, _ in text] + ["pooled (random effects)", "prediction interval"]
    axes.set_yticks([*range(len(rows), 0, -1), 0, -1], labels)
    right = axes.secondary_yaxis("right")
    values = [_interval(*row[:3]) + f"  {100 * row[3]:.0f} %" for _, row in text]
    values += [_interval(mid, low, high), _interval(None, *pooled.prediction)]
    right.set_yticks([*range(len(rows), 0, -1), 0, -1], values)
    for axis in (axes, right):
        axis.tick_params(axis="y", length=0)
    limits = [x for _, a, b, _ in rows for x in (a, b)] + list(pooled.prediction)
    axes.set_xlim(min(*limits, -0.1) - 0.1, max(*limits, 0.1) + 0.1)
    axes.set_ylim(bottom + 0.2, len(rows) + 0.8)
    ticks = [
        x for x in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.4, 2, 3, 5, 10, 20) if _inside(x, axes.get_xlim())
    ]
    axes.xaxis.set_major_locator(FixedLocator([math.log(x) for x in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{math.exp(x):.2g}"))
    side = f"{favours[0]}  <   {measure}   >  {favours[1]}" if favours else measure
    axes.set_xlabel(
        f"{side}\n{pooled.method}{', Hartung-Knapp' if pooled.hartung_knapp else ''}; "
        f"tau2 {pooled.tau2:.3f}, I2 {100 * pooled.i2:.0f} %, Q {pooled.q:.1f} (p {pooled.q_p:.3f}); "
        f"{100 * pooled.level:g} % intervals"
    )
    if title:
        axes.set_title(title, loc="left")
    for edge in ("top", "right", "left"):
        axes.spines[edge].set_visible(False)
        if edge in right.spines:
            right.spines[edge].set_visible(False)
    return figure


def _label(names: Mapping[str, str] | None, label: str) -> str:
    return (names or {}).get(label, label)


def _interval(mid: float | None, low: float, high: float) -> str:
    span = f"{math.exp(low):.2f} to {math.exp(high):.2f}"
    return span if mid is None else f"{math.exp(mid):.2f} ({span})"


def _inside(ratio: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= math.log(ratio) <= limits[1]
