"""Response by size (or dose, or margin): curves of treatments with the published points that set them, and those that did not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paget.report.style import ARM_COLOURS, ARM_LINES, GREY, INK, Drawing, canvas, footnote, heading, place, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

MARKERS = {"control": "s", "complete": "o", "objective": "^"}
MEANS = {"control": "lasting local control", "complete": "complete response", "objective": "objective response"}
WIDE, HIGH = 2.35, 1.75
"""Size of one panel (inches)."""


@dataclass(frozen=True)
class Point:
    """A published share: where it lies, its interval, what it measures, and whether it set the curve."""

    x: float
    y: float
    low: float
    high: float
    measure: str
    role: str
    label: str
    x_low: float = math.nan
    x_high: float = math.nan


@dataclass(frozen=True)
class Panel:
    """One treatment: its curves by name, and the published points beside them."""

    title: str
    x: Sequence[float]
    curves: Mapping[str, Sequence[float]]
    points: Sequence[Point] = field(default_factory=tuple)
    x_label: str = "diameter (cm)"
    y_label: str = "share"
    x_max: float = 8.0


@styled
def draw(
    panels: Sequence[Panel], title: str, below: str = "", *, columns: int = 4, note: str = "", one_legend: bool = True
) -> Drawing:
    """Draw panels side by side.

    Parameters
    ----------
    panels : sequence of Panel
    title, below : str
        Heading and the line under it.
    columns : int
        Panels in a row.
    note : str
        Foot note.
    one_legend : bool
        One legend for all panels, at the top; otherwise each panel, whose curves are its own, names them below.

    Returns
    -------
    Drawing
    """
    import polars as pl

    columns = min(columns, len(panels))
    lines = math.ceil(len(panels) / columns)
    width = 0.35 + columns * (WIDE + 0.5)
    top, foot = (0.85 if one_legend else 0.5), (0.4 if note else 0.1)
    below_axes = 0.55 if one_legend else 1.15  # labels, and the panel's own legend
    pitch = HIGH + below_axes + 0.3
    figure = canvas(width, top + lines * pitch + foot)
    height = figure.get_figheight()
    heading(figure, title, below)
    shared = list(dict.fromkeys(name for panel in panels for name in panel.curves))
    rows: list[dict[str, object]] = []
    for k, panel in enumerate(panels):
        line, column = divmod(k, columns)
        axes = place(figure, 0.55 + column * (WIDE + 0.5), height - top - (line + 1) * pitch + below_axes, WIDE, HIGH)
        axes.set_title(panel.title, size=9.0)
        names = shared if one_legend else list(panel.curves)
        for name, values in panel.curves.items():
            i = names.index(name)
            axes.plot(panel.x, values, color=ARM_COLOURS[i % 4], ls=ARM_LINES[i % 4], lw=1.6)
            rows += [
                {"panel": panel.title, "series": name, "x": x, "y": y, "low": None, "high": None, "role": "curve"}
                for x, y in zip(panel.x, values, strict=True)
            ]
        for point in panel.points:
            _point(axes, point)
            rows.append({
                "panel": panel.title, "series": f"{point.label} ({point.measure})", "x": point.x, "y": point.y,
                "low": _told(point.low), "high": _told(point.high), "role": point.role,
            })  # fmt: skip
        axes.set_xlim(0.0, panel.x_max)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel(panel.x_label)
        if column == 0:
            axes.set_ylabel(panel.y_label)
        if not one_legend:
            axes.legend(
                handles=_handles(names, panel.points), loc="upper left", bbox_to_anchor=(-0.05, -0.22), fontsize=7.5, labelspacing=0.25,
                borderaxespad=0.0,
            )  # fmt: skip
    if one_legend:
        figure.legend(
            handles=_handles(shared, [point for panel in panels for point in panel.points]), loc="upper left", ncol=4,
            bbox_to_anchor=(0.1 / width, 1 - 0.5 / height), columnspacing=1.4, handlelength=2.6, borderaxespad=0.0, labelspacing=0.3,
        )  # fmt: skip
    if note:
        footnote(figure, note)
    alt = f"{title}. " + " ".join(
        f"{panel.title}: " + "; ".join(f"{name} from {values[0]:.2f} to {values[-1]:.2f}" for name, values in panel.curves.items()) + "."
        for panel in panels
    )
    return Drawing(figure, pl.DataFrame(rows, infer_schema_length=None), alt, title)


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value


def _point(axes: Axes, point: Point) -> None:
    colour = INK if point.role == "input" else GREY
    face = INK if point.role == "input" else "white"
    if not math.isnan(point.low):
        axes.plot([point.x, point.x], [point.low, point.high], color=colour, lw=0.8, zorder=2)
    if not math.isnan(point.x_low):
        axes.plot([point.x_low, point.x_high], [point.y, point.y], color=colour, lw=0.8, zorder=2)
    marker = MARKERS.get(point.measure, "o")
    axes.plot([point.x], [point.y], marker, mfc=face, mec=colour, ms=5.0, mew=1.1, ls="", zorder=3)


def _handles(names: Sequence[str], points: Sequence[Point]) -> list[Line2D]:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=ARM_COLOURS[i % 4], ls=ARM_LINES[i % 4], lw=1.6, label=name) for i, name in enumerate(names)]
    for measure in dict.fromkeys(point.measure for point in points):
        for role, face, edge in (("input", INK, INK), ("prediction", "white", GREY)):
            if any(point.measure == measure and point.role == role for point in points):
                told = f"published {MEANS[measure]}: {role}" if measure in MEANS else measure
                look = {"marker": MARKERS.get(measure, "o"), "mfc": face, "mec": edge, "ms": 5.0, "mew": 1.1}
                handles.append(Line2D([], [], ls="", label=told, **look))  # type: ignore[arg-type]
    return handles
