"""Each kind of uncertainty of one hazard ratio by itself, on one axis, with the published result below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.report.style import BLUE, GREEN, GREY, INK, PURPLE, VERMILLION, Drawing, canvas, footnote, heading, place, styled


@dataclass(frozen=True)
class Band:
    """One kind: where it puts the ratio; limits are None where it was not computed."""

    kind: str
    low: float | None
    high: float | None
    meaning: str
    value: float | None = None


COLOURS = (INK, BLUE, GREEN, PURPLE, VERMILLION)


@styled
def draw(bands: Sequence[Band], *, centre: float, endpoint: str = "Overall survival", title: str | None = None) -> Drawing:
    """Draw one row a kind around the mean of the replicates.

    Parameters
    ----------
    bands : sequence of Band
        In the order of rows; one named ``published`` is drawn open at its own value.
    centre : float
        Mean hazard ratio over the replicates.
    endpoint : str
        What the ratio is of.
    title : str, optional

    Raises
    ------
    ValueError
        If there are no bands.
    """
    if not bands:
        raise ValueError("a figure of uncertainty needs at least one kind")
    height = 1.55 + 0.42 * len(bands)
    figure = canvas(7.6, height)
    axes = place(figure, 1.45, 0.95, 3.0, 0.42 * len(bands))
    axes.set_xscale("log")
    axes.axvline(1.0, color=INK, lw=0.7, ls=":")
    axes.axvline(centre, color=GREY, lw=1.0, ls="--")
    ends = [centre, 1.0]
    for k, band in enumerate(bands):
        colour = VERMILLION if band.kind == "published" else COLOURS[k % (len(COLOURS) - 1)]
        y = len(bands) - 1 - k
        if band.low is not None and band.high is not None:
            ends += [band.low, band.high]
            axes.plot([band.low, band.high], [y, y], color=colour, lw=3.0 if band.kind != "published" else 1.6, solid_capstyle="butt")
        if band.kind == "published" and band.value is not None:
            ends.append(band.value)
            axes.plot([band.value], [y], marker="D", ms=6, color=colour, mfc="white", mew=1.5)
        elif band.low is not None:
            axes.plot([centre], [y], marker="o", ms=4, color=colour)
        span = "not computed" if band.low is None or band.high is None else f"{band.low:.2f} to {band.high:.2f}"
        if band.kind == "published" and band.value is not None:
            span = f"{band.value:.2f}" if band.low is None else f"{band.value:.2f} ({span})"
        axes.annotate(
            f"{span}  {band.meaning}", (1.0, y), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points", size=7.6,
            va="center", color=colour,
        )  # fmt: skip
    left, right = min(ends) / 1.06, max(ends) * 1.06
    ticks = [t for t in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5) if left <= t <= right]
    axes.set(xlim=(left, right), ylim=(-0.6, len(bands) - 0.4))
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(bands)), [band.kind for band in reversed(bands)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"Hazard ratio of {endpoint.lower()} (log scale)")
    name = title or "Uncertainty of the hazard ratio, each kind apart"
    heading(figure, name)
    footnote(figure, "Dashed: mean of the replicates. The kinds are not added up here.")
    words = "; ".join(
        f"{band.kind} " + ("not computed" if band.low is None or band.high is None else f"{band.low:.2f} to {band.high:.2f}")
        for band in bands
    )
    return Drawing(figure, _data(bands, centre), f"{name}: mean {centre:.2f}; {words}.", name)


def _data(bands: Sequence[Band], centre: float) -> Any:
    import polars as pl

    rows = [("mean", centre, None, None), *((band.kind, band.value, band.low, band.high) for band in bands)]
    schema: dict[str, Any] = {"kind": pl.String, "hazard_ratio": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
