"""Cumulative incidence of an event when another, such as death, competes with it (Aalen-Johansen)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from paget.report.figures.kaplan_meier import PublishedPoint
from paget.report.style import (
    ARM_COLOURS,
    ARM_LINES,
    ARM_MARKERS,
    Drawing,
    canvas,
    footnote,
    heading,
    legend,
    month_ticks,
    percent,
    place,
    styled,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CifCurve:
    """One arm: incidence of the event and of the competing event at each time (months)."""

    label: str
    time: Floats
    incidence: Floats
    competing: Floats
    n: int
    events: int
    competing_events: int
    ci_low: Floats | None = None
    ci_high: Floats | None = None
    at_risk: Floats | None = None

    @classmethod
    def of(cls, label: str, event: Any, competing: Any, ticks: Sequence[float]) -> CifCurve:
        """From two `paget.analysis.competing.CumulativeIncidence` of the same patients (months).

        `event` is that of the event of interest, `competing` that of the competing one.
        """
        low, high = event.band()
        entered = np.searchsorted(event.time, np.asarray(ticks, dtype=float), side="left")
        risk = np.append(event.at_risk, 0.0)[entered]
        return cls(
            label,
            event.time,
            event.incidence,
            competing.incidence,
            int(event.n),
            int(event.n_events),
            int(competing.n_events),
            low,
            high,
            risk,
        )


@styled
def draw(
    curves: Sequence[CifCurve],
    *,
    endpoint: str = "Locoregional progression",
    competing: str = "death without it",
    ticks: Sequence[float] | None = None,
    published: Sequence[PublishedPoint] = (),
    ci_level: float = 0.95,
    ci_type: str = "log-log",
    time_zero: str = "randomisation",
) -> Drawing:
    """Draw the event (thick, with its band) and the competing event (thin) of each arm.

    Parameters
    ----------
    curves : sequence of CifCurve
        At most four arms.
    endpoint, competing : str
        The event and the competing event, in words.
    ticks : sequence of float, optional
        Months of the axis; `CifCurve.at_risk`, where given, has one count per tick.
    published : sequence of PublishedPoint
        Published incidences (``kind="survival"``: the value at a month).
    ci_level, ci_type, time_zero : float, str, str
        Stated under the figure.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If a published point is of an arm that is not drawn.
    """
    if not 1 <= len(curves) <= len(ARM_COLOURS):
        raise ValueError(f"one to four curves can be told apart, got {len(curves)}")
    last = max(float(c.time[-1]) for c in curves)
    months = [float(t) for t in ticks] if ticks is not None else month_ticks(last)
    risk = all(c.at_risk is not None for c in curves)
    foot = 0.45 + (0.12 + 0.34 * len(curves) if risk else 0.0)
    figure = canvas(7.6, foot + 0.5 + 3.0 + 0.5 + 0.19 * len(curves))
    axes = place(figure, 1.25, foot + 0.5, 6.1, 3.0)
    top = 0.0
    for i, c in enumerate(curves):
        time = np.concatenate([[0.0], c.time])
        incidence, other = (np.concatenate([[0.0], v]) for v in (c.incidence, c.competing))
        look: dict[str, Any] = {"color": ARM_COLOURS[i], "ls": ARM_LINES[i], "drawstyle": "steps-post"}
        if c.ci_low is not None and c.ci_high is not None:
            low, high = (np.concatenate([[0.0], v]) for v in (c.ci_low, c.ci_high))
            axes.fill_between(time, low, high, step="post", color=ARM_COLOURS[i], alpha=0.16, lw=0)
            top = max(top, float(np.nanmax(high)))
        axes.plot(time, incidence, lw=1.8, **look)
        axes.plot(time, other, lw=0.8, alpha=0.8, **look)
        top = max(top, float(np.nanmax(incidence)), float(np.nanmax(other)))
    order = {c.label: i for i, c in enumerate(curves)}
    for point in published:
        if point.arm not in order or point.at_months is None:
            raise ValueError(f"a published incidence needs an arm that is drawn and its month, got {point}")
        i = order[point.arm]
        errors = None
        if point.ci_low is not None and point.ci_high is not None:
            errors = [[point.value - point.ci_low], [point.ci_high - point.value]]
        axes.errorbar(
            point.at_months,
            point.value,
            yerr=errors,
            fmt=ARM_MARKERS[i],
            ms=6.5,
            mfc="white",
            mec=ARM_COLOURS[i],
            mew=1.5,
            ecolor=ARM_COLOURS[i],
            capsize=3,
            zorder=6,
        )
        top = max(top, point.value)
    limit = min(1.0, np.ceil(top * 10 + 0.3) / 10)
    shares = np.arange(0, limit + 1e-9, 0.1 if limit <= 0.6 else 0.2)
    axes.set_yticks(shares, [f"{100 * y:.0f} %" for y in shares])
    axes.set(xlim=(0, max(last, months[-1]) * 1.01), ylim=(0, limit), xticks=months)
    axes.set_xlabel(f"Months from {time_zero}")
    axes.set_ylabel("Cumulative incidence")
    names = [f"{c.label} ({c.events} of {c.n}; competing {c.competing_events})" for c in curves]
    legend(axes, names, {order[p.arm] for p in published})
    title = f"{endpoint}, with {competing} competing"
    heading(figure, title)
    if risk:
        _at_risk(axes, curves, months)
    footnote(
        figure,
        f"Aalen-Johansen. Thick: {endpoint.lower()}; thin: {competing}. "
        f"Shaded: {percent(ci_level)} pointwise CI "
        f"({ci_type})." + (" Open markers: published." if published else ""),
    )
    return Drawing(figure, _data(curves, published), _alt(curves, title, published, endpoint), title)


def _at_risk(axes: Any, curves: Sequence[CifCurve], months: Sequence[float]) -> None:
    inch = 1.0 / 3.0
    for i, c in enumerate(curves):
        y = (-0.77 - 0.34 * i) * inch
        look: dict[str, Any] = {"transform": axes.transAxes, "va": "center"}
        axes.text(-1.2 / 6.1, y + 0.16 * inch, c.label, size=8.5, weight="bold", color=ARM_COLOURS[i], **look)
        axes.text(-1.2 / 6.1 + 0.02, y, "At risk", size=8, **look)
        assert c.at_risk is not None
        for t, count in zip(months, c.at_risk, strict=True):
            axes.text(t, y, f"{count:.0f}", transform=axes.get_xaxis_transform(), size=8, ha="center", va="center")


def _data(curves: Sequence[CifCurve], published: Sequence[PublishedPoint]) -> Any:
    import polars as pl

    parts = []
    for c in curves:
        nothing = np.full(len(c.time), np.nan)
        parts.append(
            pl.DataFrame(
                {
                    "series": ["simulated"] * len(c.time),
                    "arm": [c.label] * len(c.time),
                    "months": c.time,
                    "incidence": c.incidence,
                    "low": c.ci_low if c.ci_low is not None else nothing,
                    "high": c.ci_high if c.ci_high is not None else nothing,
                    "competing": c.competing,
                }
            ).fill_nan(None)
        )
    if published:
        rows = [("published", p.arm, p.at_months, p.value, p.ci_low, p.ci_high, None) for p in published]
        parts.append(pl.DataFrame(rows, schema=parts[0].schema, orient="row"))
    return pl.concat(parts)


def _alt(curves: Sequence[CifCurve], title: str, published: Sequence[PublishedPoint], endpoint: str) -> str:
    words = [f"Cumulative incidence: {title}."]
    for c in curves:
        words.append(
            f"{c.label}: {c.events} of {c.n} patients had {endpoint.lower()}, "
            f"{c.competing_events} the competing event; "
            f"incidence {100 * c.incidence[-1]:.1f} % at {c.time[-1]:.0f} months."
        )
    words += [f"Published for {p.arm}: {100 * p.value:.1f} % at {p.at_months:g} months." for p in published]
    return " ".join(words)
