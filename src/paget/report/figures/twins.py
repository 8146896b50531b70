"""Twins: what no real trial can see, the gain or loss of every single patient between her two lives."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from paget.report.style import BLUE, GREY, INK, VERMILLION, Drawing, canvas, footnote, heading, place, styled


@styled
def draw(
    gain_months: npt.ArrayLike,
    *,
    threshold: float = 1.0,
    experimental: str = "the experimental arm",
    control: str = "the control arm",
    endpoint: str = "survival",
    horizon_months: float | None = None,
) -> Drawing:
    """Draw every patient's gain (experimental minus control life), sorted.

    Parameters
    ----------
    gain_months : array of float
        One number per patient; NaN where a life was not ended (left out and counted).
    threshold : float
        Months below which a difference counts as none.
    experimental, control, endpoint : str
        In words.
    horizon_months : float, optional
        Where lives are cut, if they are.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If there is no finite gain.
    """
    values = np.asarray(gain_months, dtype=float)
    gains = np.sort(values[np.isfinite(values)])[::-1]
    if not gains.size:
        raise ValueError("no patient has two ended lives to compare")
    better, worse = gains > threshold, gains < -threshold
    share = 100.0 * (np.arange(gains.size) + 0.5) / gains.size
    figure = canvas(7.6, 3.9)
    axes = place(figure, 0.8, 0.85, 6.6, 2.5)
    axes.fill_between(share, 0, np.where(gains > 0, gains, 0), step="mid", facecolor=BLUE, alpha=0.55, lw=0)
    axes.fill_between(
        share,
        0,
        np.where(gains < 0, gains, 0),
        step="mid",
        facecolor=VERMILLION,
        alpha=0.45,
        lw=0,
        hatch="////",
        edgecolor="white",
    )
    axes.plot(share, gains, color=INK, lw=1.0)
    axes.axhline(0, color=INK, lw=0.8)
    mean, median = float(gains.mean()), float(np.median(gains))
    axes.axhline(mean, color=INK, lw=0.9, ls=(0, (4, 3)))
    reach = max(float(np.abs(gains).max()), threshold) * 1.1
    axes.set(
        xlim=(0, 100),
        ylim=(min(-0.25 * reach, float(gains.min()) * 1.15), max(0.25 * reach, float(gains.max()) * 1.1)),
    )
    axes.set_xlabel("Patients, sorted by gain (%)")
    axes.set_ylabel(f"Gain of {endpoint} (months)")
    gained, lost = 100 * better.mean(), 100 * worse.mean()
    words = [
        f"gain more than {threshold:g} month: {gained:.0f} % of patients",
        f"differ less: {100 - gained - lost:.0f} %",
        f"lose more than {threshold:g} month: {lost:.0f} %",
        f"mean {mean:+.1f} months (dashed), median {median:+.1f}",
    ]
    axes.text(
        0.985,
        0.97,
        "\n".join(words),
        transform=axes.transAxes,
        ha="right",
        va="top",
        size=8.5,
        linespacing=1.4,
    )
    title = "Who gains and who loses: every patient in both lives"
    heading(figure, title, f"{experimental} minus {control}")
    note = f"{gains.size} patients, each simulated in both arms with the same random numbers; "
    note += "not observable in any real trial."
    if horizon_months is not None:
        note += f" Lives are cut at {horizon_months:g} months."
    footnote(figure, note)
    if gains.size < values.size:
        axes.text(
            0.985,
            0.6,
            f"{values.size - gains.size} patients without two ended lives are left out",
            transform=axes.transAxes,
            ha="right",
            size=7.5,
            color=GREY,
        )
    return Drawing(
        figure,
        _data(gains),
        f"Sorted gains: {title}, {experimental} minus {control}. " + ". ".join(words) + ".",
        title,
    )


def _data(gains: Any) -> Any:
    import polars as pl

    return pl.DataFrame({"rank": np.arange(1, gains.size + 1), "gain_months": gains})
