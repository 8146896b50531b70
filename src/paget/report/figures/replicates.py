"""Sampling distribution: hazard ratios of replicate trials of the trial's size, and the published one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from paget.report.style import (
    BLUE,
    INK,
    SKY,
    VERMILLION,
    Drawing,
    Ratio,
    canvas,
    footnote,
    heading,
    percent,
    place,
    styled,
)


@styled
def draw(
    ratios: npt.ArrayLike,
    *,
    n: int,
    this_run: Ratio | None = None,
    published: Ratio | None = None,
    endpoint: str = "Overall survival",
    level: float = 0.90,
    draws: int = 0,
) -> Drawing:
    """Draw the histogram of the replicates' hazard ratios on a log axis.

    Parameters
    ----------
    ratios : array of float
        Hazard ratio of each replicate trial; what is not finite or not positive is left out and counted.
    n : int
        Patients of each trial.
    this_run : Ratio, optional
        The one trial that the run shows in full.
    published : Ratio, optional
        The real trial.
    endpoint : str
        What the ratio is of.
    level : float
        Share of the replicates in the bracket.
    draws : int
        Draws of the posterior that the replicates are spread over; 0 where parameters are held fixed.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If fewer than two ratios can be drawn.
    """
    values = np.asarray(ratios, dtype=float)
    usable = values[np.isfinite(values) & (values > 0)]
    if usable.size < 2:
        raise ValueError(f"a distribution needs at least two hazard ratios, got {usable.size}")
    logs = np.log(usable)
    low, middle, high = np.exp(np.quantile(logs, [(1 - level) / 2, 0.5, (1 + level) / 2]))
    bins = int(np.clip(np.ceil(np.sqrt(usable.size) * 1.4), 5, 40))
    counts, edges = np.histogram(logs, bins=bins)
    figure = canvas(7.6, 3.75)
    axes = place(figure, 0.7, 0.95, 6.7, 2.3)
    axes.set_xscale("log")
    axes.stairs(counts, np.exp(edges), fill=True, facecolor=SKY, alpha=0.55, edgecolor="none")
    axes.stairs(counts, np.exp(edges), color=BLUE, lw=1.1)
    top = float(counts.max())
    axes.axvline(1.0, color=INK, lw=0.8, ls=":")
    rows: list[tuple[str, Ratio, str, str]] = [("replicates", Ratio(float(middle), float(low), float(high), level), BLUE, "o")]
    words = [f"replicates: median {middle:.2f}, {percent(level)} of them {low:.2f} to {high:.2f}"]
    if this_run is not None:
        rows.append(("this run", this_run, INK, "s"))
        words.append(f"this run: {this_run}")
    if published is not None:
        rows.append(("published", published, VERMILLION, "D"))
        words.append(f"published: {published}")
    for i, (name, ratio, colour, marker) in enumerate(rows):
        y = top * (1.12 + 0.13 * i)
        lo = ratio.ci_low if ratio.ci_low is not None else ratio.value
        hi = ratio.ci_high if ratio.ci_high is not None else ratio.value
        axes.plot([lo, hi], [y, y], color=colour, lw=1.6)
        axes.plot(
            [ratio.value],
            [y],
            marker=marker,
            ms=6,
            color=colour,
            mfc="white" if name == "published" else colour,
            mew=1.5,
        )
        axes.text(hi * 1.03, y, words[i], size=8, va="center", color=colour)
    ends = [v for _, r, _, _ in rows for v in (r.value, r.ci_low, r.ci_high) if v is not None]
    left, right = min(*ends, float(usable.min())), max(*ends, float(usable.max()))
    # room for the words to the right of the intervals
    axes.set(
        xlim=(left / 1.08, max(right * 1.08, max(ends) * (right / left) ** 0.75)),
        ylim=(0, top * (1.12 + 0.13 * len(rows))),
    )
    ticks = [
        t
        for t in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 8)
        if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]
    ]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel(f"Hazard ratio of {endpoint.lower()} (log scale)")
    axes.set_ylabel("Replicate trials")
    title = f"{usable.size} replicate trials of {n} patients"
    heading(figure, title)
    held = f"sampling and parameters, {draws} draws" if draws else "sampling error only; the model's parameters are held fixed"
    note = f"Spread of single trials of this size ({held})."
    if usable.size < values.size:
        left_out = values.size - usable.size
        note += f" Left out, without an estimate: {left_out} trial{'s' if left_out > 1 else ''}."
    footnote(figure, note)
    return Drawing(figure, _data(values, this_run, published), f"Histogram: {title}. " + ". ".join(words) + ".", title)


def _data(values: Any, this_run: Ratio | None, published: Ratio | None) -> Any:
    import polars as pl

    rows: list[tuple[Any, ...]] = [
        ("replicate", i + 1, float(v) if np.isfinite(v) else None, None, None) for i, v in enumerate(values)
    ]
    for name, ratio in (("this run", this_run), ("published", published)):
        if ratio is not None:
            rows.append((name, None, ratio.value, ratio.ci_low, ratio.ci_high))
    schema: dict[str, Any] = {"series": pl.String, "replicate": pl.Int64, "hazard_ratio": pl.Float64}
    return pl.DataFrame(rows, schema=schema | {"ci_low": pl.Float64, "ci_high": pl.Float64}, orient="row")
