"""Waterfall: best change of the sum of target diameters of each patient, with the RECIST thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paget.report.style import (
    GREEN,
    GREY,
    INK,
    SKY,
    VERMILLION,
    Drawing,
    canvas,
    footnote,
    heading,
    place,
    styled,
)

if TYPE_CHECKING:
    import polars as pl

RESPONSE, PROGRESSION = -30.0, 20.0
"""Thresholds of RECIST 1.1 (%): response against baseline; progression (there against the nadir)."""
CAP = 100.0
"""Bars are cut here (per cent)."""


def best_change(adtr: pl.DataFrame) -> pl.DataFrame:
    """Lowest change from baseline of each subject's target sum (per cent) up to the first progression.

    Parameters
    ----------
    adtr : polars.DataFrame
        ADTR with ``SDIAM``, ``ANL01FL`` and ``PCHG``. Subjects without target disease or without a later
        visit are not in the result.

    Returns
    -------
    polars.DataFrame
        ``USUBJID, TRTP, TRTPN, change``, worst first within the arm.
    """
    import polars as pl

    return (
        adtr.filter((pl.col("PARAMCD") == "SDIAM") & (pl.col("ANL01FL") == "Y") & pl.col("PCHG").is_not_null())
        .group_by("USUBJID", "TRTP", "TRTPN")
        .agg(change=pl.col("PCHG").min())
        .sort("TRTPN", "change", "USUBJID", descending=[False, True, False])
    )


@styled
def draw(
    changes: Mapping[str, Sequence[float]],
    *,
    without_target: Mapping[str, int] | None = None,
    title: str = "Best change of target lesions",
    note: str | None = None,
    of: str = "target disease",
) -> Drawing:
    """Draw one panel per arm.

    Parameters
    ----------
    changes : mapping of sequence of float
        Best change in per cent of each patient, by the label of the arm.
    without_target : mapping of int, optional
        Patients without measurable target disease, by arm; they have no bar, and the panel says how many
        they are.
    title : str
        Above the panels.
    note : str, optional
        Under the panels, where the change is not that of RECIST's target lesions.
    of : str
        What those with a bar have.

    Returns
    -------
    Drawing
    """
    from matplotlib.collections import PolyCollection

    figure = canvas(7.6, 3.9)
    count = max(len(changes), 1)
    width = (7.6 - 0.75 - 0.15 - 0.25 * (count - 1)) / count
    for i, (arm, values) in enumerate(changes.items()):
        axes = place(figure, 0.75 + i * (width + 0.25), 0.75, width, 2.45)
        ordered = np.sort(np.asarray(values, dtype=float))[::-1]
        shown = np.minimum(ordered, CAP)
        for low, high, colour, hatch in (
            (PROGRESSION, np.inf, VERMILLION, "xxxx"),
            (RESPONSE, PROGRESSION, SKY, ""),
            (-np.inf, RESPONSE, GREEN, "////"),
        ):
            inside = (ordered >= low) & (ordered < high) if high < np.inf else ordered >= low
            if low == RESPONSE:
                inside = (ordered > low) & (ordered < high)
            elif high == RESPONSE:
                inside = ordered <= RESPONSE
            where = np.flatnonzero(inside)
            bars = [
                [(x + 0.08, 0.0), (x + 0.08, y), (x + 0.92, y), (x + 0.92, 0.0)] for x, y in zip(where, shown[where], strict=True)
            ]
            if bars:
                look: dict[str, Any] = {
                    "facecolor": colour,
                    "edgecolor": "white" if hatch else "none",
                    "linewidth": 0.0,
                }
                axes.add_collection(PolyCollection(bars, hatch=hatch or None, **look))
        for y in (RESPONSE, PROGRESSION):
            axes.axhline(y, color=INK, lw=0.9, ls=(0, (4, 3)), zorder=4)
        axes.axhline(0, color=INK, lw=0.8)
        cut = int((ordered > CAP).sum())
        axes.set(xlim=(-0.5, max(len(ordered), 1) + 0.5), ylim=(-104, CAP + 4), xticks=[])
        axes.spines["bottom"].set_visible(False)
        axes.set_title(arm, size=9, weight="bold", pad=4)
        if i:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("Best change of the sum (%)" if note is None else "Change of the sum (%)")
            edge: dict[str, Any] = {} if note is None else {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.0}, "zorder": 5}
            axes.text(0.4, RESPONSE - 2.5, "response −30 %", size=7.5, va="top", color="#333333", **edge)
            axes.text(
                max(len(ordered), 1),
                PROGRESSION + 2.5,
                "progression +20 %",
                size=7.5,
                ha="right",
                va="bottom",
                color="#333333",
            )
        between = "\n" if len(changes) > 2 else " "  # narrow panels: a line for each number
        words = f"{len(ordered)} patients with {of}"
        if without_target and arm in without_target:
            words += f";{between}{without_target[arm]} without"
        if cut:
            words += f";{between}{cut} beyond +{CAP:.0f} %"
        axes.text(0.0, -0.03, words, transform=axes.transAxes, size=7.8, va="top")
        if not len(ordered):
            axes.text(0.5, 0.5, f"nobody with {of}", transform=axes.transAxes, ha="center", color=GREY)
    heading(figure, title)
    footnote(
        figure,
        note
        or "Lowest sum up to the first progression, against baseline. After surgery of the primary the sum "
        "and its baseline are those of the lesions left. Confirmation of a response is not required.",
    )
    return Drawing(figure, _data(changes), _alt(changes, title), title)


def _data(changes: Mapping[str, Sequence[float]]) -> Any:
    import polars as pl

    rows = [
        (arm, rank + 1, float(value))
        for arm, values in changes.items()
        for rank, value in enumerate(sorted(values, reverse=True))
    ]
    return pl.DataFrame(rows, schema={"arm": pl.String, "rank": pl.Int64, "best_change_percent": pl.Float64}, orient="row")


def _alt(changes: Mapping[str, Sequence[float]], title: str) -> str:
    words = [f"Waterfall: {title}."]
    for arm, values in changes.items():
        array = np.asarray(values, dtype=float)
        if array.size:
            words.append(
                f"{arm}: {array.size} patients with target disease, median {np.median(array):.0f} %, "
                f"{int((array <= RESPONSE).sum())} shrank by 30 % or more, "
                f"{int((array >= PROGRESSION).sum())} never did better than 20 % growth."
            )
    return " ".join(words)
