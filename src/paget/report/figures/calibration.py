"""Figures of a calibration: distance of every target before and after, what parameters learnt, what surgery does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.report.style import BLUE, GREY, INK, ORANGE, PALE, VERMILLION, Drawing, canvas, footnote, heading, place, styled

if TYPE_CHECKING:
    import polars as pl

Array = NDArray[np.float64]
ROW = 0.135
"""Height of a row of dots (inches)."""
MOST_RIDGES = 48


@styled
def z_scores(table: pl.DataFrame) -> Drawing:
    """Draw the standardised difference of every target, before (open) and after (filled).

    Parameters
    ----------
    table : polars.DataFrame
        Columns ``phenomenon, what, z_prior, z_posterior``, one row a target.
    """
    import polars as pl

    groups = table.partition_by("phenomenon", maintain_order=True)
    rows = table.height + 1.6 * len(groups)
    height = 0.62 + ROW * rows + 0.75
    figure = canvas(7.6, height)
    axes = place(figure, 3.25, 0.75, 4.15, ROW * rows)
    furthest = max(4.0, float(np.ceil(np.abs(table.select("z_prior", "z_posterior").to_numpy()).max() + 0.2)))
    furthest = min(furthest, 8.0)
    axes.axvspan(-2, 2, color=PALE, lw=0)
    axes.axvline(0, color=GREY, lw=0.8)
    y, labels = 0.0, []
    for group in groups:
        y += 1.2
        labels.append((y - 0.3, str(group["phenomenon"][0]), True))
        for row in group.iter_rows(named=True):
            y += 1.0
            before, after = (float(np.clip(row[name], -furthest, furthest)) for name in ("z_prior", "z_posterior"))
            axes.plot([before, after], [y, y], color=GREY, lw=0.7, zorder=2)
            axes.plot(before, y, "o", mfc="white", mec=GREY, ms=3.6, zorder=3)
            axes.plot(after, y, "o", color=VERMILLION if abs(after) > 2 else BLUE, ms=3.8, zorder=4)
            labels.append((y, str(row["what"]), False))
        y += 0.4
    axes.set_ylim(rows + 0.6, 0.2)
    axes.set_xlim(-furthest - 0.15, furthest + 0.15)
    axes.set_yticks([])
    axes.set_xlabel("Predicted less published, in standard deviations of the prediction")
    for place_y, text, bold in labels:
        axes.text(
            -0.015, place_y, text if len(text) <= 48 else text[:47] + "…", transform=axes.get_yaxis_transform(), ha="right", va="center",
            fontsize=7.2 if bold else 6.6, weight="bold" if bold else "normal",
        )  # fmt: skip
    heading(figure, "Targets of the fit", "○ under the prior   ● under the blind posterior (red: beyond 2)")
    footnote(
        figure,
        "Standard deviation: sampling of the study, declared discrepancy of the model, spread over the draws. Grey band: within 2.",
    )
    far = table.filter(pl.col("z_posterior").abs() > 2)
    alt = (
        f"Dot plot of {table.height} targets. After the fit {far.height} lie beyond two standard deviations"
        + (": " + ", ".join(f"{w} ({z:+.1f})" for w, z in far.select("what", "z_posterior").iter_rows()) if far.height else "")
        + "."
    )
    return Drawing(figure, table, alt, "Targets of the fit")


def _density(x: Array, grid: Array) -> Array:
    width = max(1.06 * float(x.std(ddof=1)) * len(x) ** -0.2, 0.05)
    return np.asarray(np.exp(-0.5 * ((grid[:, None] - x) / width) ** 2).sum(axis=1) / (len(x) * width * np.sqrt(2 * np.pi)))


@styled
def ridgelines(prior: Array, posterior: Array, columns: Sequence[str], blocks: Mapping[str, str]) -> Drawing:
    """Draw what the fit taught about each number, on the scale where every prior is the standard normal.

    Parameters
    ----------
    prior, posterior : array, draws by columns
        Draws on the normal scale; more columns than names are left out.
    columns : sequence of str
    blocks : mapping
        Block of each column.
    """
    import polars as pl

    contraction = 1.0 - posterior.var(axis=0, ddof=1) / prior.var(axis=0, ddof=1)
    moved = np.abs(posterior.mean(axis=0))
    order = sorted(range(len(columns)), key=lambda k: -(contraction[k] + 0.3 * moved[k]))[:MOST_RIDGES]
    half = (len(order) + 1) // 2
    step = 0.26
    figure = canvas(9.4, 0.6 + step * (half + 1) + 0.75)
    grid = np.linspace(-3.5, 3.5, 141)
    normal = np.exp(-0.5 * grid**2) / np.sqrt(2 * np.pi)
    for side in (0, 1):
        mine = order[side * half : (side + 1) * half]
        axes = place(figure, 2.35 + 4.65 * side, 0.75, 2.25, step * (half + 1))
        for line, k in enumerate(mine):
            base = half - line - 1
            shape = _density(posterior[:, k], grid)
            axes.fill_between(grid, base, base + 1.1 * normal, color=PALE, lw=0, zorder=2 * line)
            axes.plot(grid, base + 1.1 * normal, color=GREY, lw=0.6, zorder=2 * line)
            axes.fill_between(grid, base, base + 1.1 * np.minimum(shape, 1.6), color=BLUE, alpha=0.55, lw=0, zorder=2 * line + 1)
            axes.text(
                -0.02, base + 0.12, _short(columns[k]), transform=axes.get_yaxis_transform(), ha="right", va="bottom", fontsize=6.6
            )  # fmt: skip
        axes.axvline(0, color=GREY, lw=0.6, ls=(0, (2, 2)), zorder=200)
        axes.set_xlim(-3.5, 3.5)
        axes.set_ylim(-0.15, half + 1.0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Prior standard deviations")
    heading(figure, "What the fit taught", "Grey: prior, the same for every number on this scale.   Blue: blind posterior.")
    footnote(
        figure,
        f"The {len(order)} of {len(columns)} free numbers that narrowed or moved most; all are in parameters.csv. 0 is the prior's median.",
    )
    data = pl.DataFrame(
        {
            "column": [columns[k] for k in order], "block": [blocks.get(columns[k], "") for k in order],
            "shift": [float(posterior[:, k].mean()) for k in order], "sd": [float(posterior[:, k].std(ddof=1)) for k in order],
            "contraction": [float(contraction[k]) for k in order],
        }
    )  # fmt: skip
    top = ", ".join(f"{columns[k]} (spread {posterior[:, k].std(ddof=1):.2f} of the prior's)" for k in order[:3])
    return Drawing(
        figure, data, f"Ridgelines of {len(order)} parameters under prior and posterior. Narrowed most: {top}.", "What the fit taught"
    )


def _short(name: str) -> str:
    return name if len(name) <= 42 else name[:41] + "…"


@styled
def effects(table: pl.DataFrame, *, by: str = "posterior", title: str = "Surgery of the primary: hazard ratio of death") -> Drawing:
    """Draw the effect of surgery in each trial under each posterior or variant, beside what the trial reported.

    Parameters
    ----------
    table : polars.DataFrame
        Columns ``trial, hazard_ratio, low, high, published, published_low, published_high, used`` and the one named `by`.
    by : str
        What the rows within a trial differ in.
    title : str
    """
    trials = table.partition_by("trial", maintain_order=True)
    step = 0.22
    rows = sum(group.height + 1.9 for group in trials)
    figure = canvas(7.6, 0.6 + step * rows + 0.85)
    axes = place(figure, 2.55, 0.85, 3.45, step * rows)
    low, high = 0.45, 2.0
    axes.axvline(1.0, color=GREY, lw=0.8)
    y = 0.0
    for group in trials:
        y += 1.0
        first = group.row(0, named=True)
        axes.text(-0.70, y, str(first["trial"]), transform=axes.get_yaxis_transform(), va="center", fontsize=8.2, weight="bold")
        _bar(axes, y, (first["published_low"], first["published_high"]), (low, high), INK, 1.1)
        axes.plot(np.clip(first["published"], low, high), y, "D", mfc="white", mec=INK, ms=4.6, zorder=4)
        axes.text(1.03, y, _interval(first["published"], first["published_low"], first["published_high"]), **_right(axes))
        for row in group.iter_rows(named=True):
            y += 1.0
            colour = ORANGE if row["used"] else BLUE
            label = f"{row[by]}{' (used)' if row['used'] else ''}"
            axes.text(-0.02, y, label, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=7.6)
            if row["hazard_ratio"] is None or not np.isfinite(row["hazard_ratio"]):
                axes.text(1.03, y, "cannot be run", **_right(axes))
                continue
            _bar(axes, y, (row["low"], row["high"]), (low, high), colour, 1.8)
            axes.plot(np.clip(row["hazard_ratio"], low, high), y, "s", color=colour, ms=4.6, zorder=4)
            axes.text(1.03, y, _interval(row["hazard_ratio"], row["low"], row["high"]), **_right(axes))
        y += 0.9
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(y + 0.3, 0.2)
    axes.set_xticks([0.5, 0.7, 1.0, 1.4, 2.0], ["0.5", "0.7", "1", "1.4", "2"])
    axes.minorticks_off()
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Hazard ratio, surgery against none (below 1: surgery helps)")
    heading(figure, title, "◇ published, its printed interval   ■ simulated: mean over draws, 5 to 95 % of them")
    footnote(
        figure,
        "By twins: every patient lives both arms. Bars hold what parameters leave open and the twins' Monte-Carlo error, not the "
        "sampling of a trial of the real size.",
    )
    said = "; ".join(f"{r['trial']} {r[by]} {r['hazard_ratio']:.2f}" for r in table.iter_rows(named=True) if r["hazard_ratio"] is not None)
    return Drawing(figure, table, f"Hazard ratios of death, surgery against none: {said}.", title)


def _bar(axes: Any, y: float, ends: tuple[float, float], limits: tuple[float, float], colour: str, width: float) -> None:
    """An interval, with an arrow where it goes on beyond the axis."""
    shown = [float(np.clip(end, *limits)) for end in ends]
    axes.plot(shown, [y, y], color=colour, lw=width)
    for end, raw, mark in zip(shown, ends, "<>", strict=True):
        if raw != end:
            axes.plot(end, y, mark, color=colour, ms=4.5, clip_on=False)


def _right(axes: Any) -> dict[str, Any]:
    return {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 7.4}


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
