"""Course of one virtual patient: diameters of her lesions over time, with visits, treatments and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paget.report.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    Drawing,
    canvas,
    footnote,
    heading,
    month_ticks,
    place,
    styled,
)

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
MONTH = 30.4375
FLOOR_CM = 0.1
"""Lower end of the axis (cm); what is smaller is drawn on it."""

ORGANS: dict[str, tuple[str, str, Any]] = {
    "breast": (PURPLE, "o", "-"),
    "regional-nodes": (YELLOW, "p", (0, (1, 1))),
    "bone": (BLACK, "s", "-"),
    "liver": (VERMILLION, "D", (0, (6, 2))),
    "lung": (BLUE, "^", (0, (3, 1))),
    "brain": (GREEN, "v", (0, (6, 2, 1, 2))),
    "skin": (ORANGE, "P", (0, (2, 1))),
    "distant-nodes": (SKY, "X", (0, (4, 1, 1, 1))),
}
"""Colour, marker and line of each organ."""


BEGINNINGS = ("line", "maintenance")
"""Events that begin a treatment."""
LAST_STOP = "none left"
"""How the detail of ``drug stopped`` ends where no drug goes on."""
HIDDEN = ("drug stopped", "response", "colony wakes", "colonies founded", "adjuvant therapy")
"""Events that get no mark: too many, seen by nobody, or drawn as a bar."""
MARK = {"local treatment": "{}", "surgery": "{}", "local treatment refused": "not treated: {}"}
"""Events whose mark is made of their detail: which treatment it was, or why it was not given."""
PROGRESSIONS = ("distant progression", "locoregional progression", "treated lesion progresses")
"""Kinds of progression: beside one of them plain ``progression`` says nothing new."""


@dataclass(frozen=True)
class LesionTrack:
    """One lesion: true diameters and measured ones (cm) over time (months from diagnosis)."""

    organ: str
    month: Floats
    true_cm: Floats
    measured_month: Floats
    measured_cm: Floats


@dataclass(frozen=True)
class TreatmentBar:
    """A treatment from start to stop (months from diagnosis)."""

    label: str
    start: float
    stop: float


@dataclass(frozen=True)
class PatientCourse:
    """What is drawn of one patient; months from diagnosis, or from what ``origin`` says."""

    name: str
    lesions: Sequence[LesionTrack]
    visits: Sequence[float] = ()
    treatments: Sequence[TreatmentBar] = ()
    events: Sequence[tuple[float, str]] = ()
    origin: str = "diagnosis"

    @classmethod
    def of(
        cls,
        name: str,
        lesions: pl.DataFrame,
        assessments: pl.DataFrame,
        events: pl.DataFrame,
        *,
        end_day: float,
    ) -> PatientCourse:
        """From the raw frames of one patient.

        Events ``line``, ``maintenance`` and ``... start`` begin a bar named by their `detail` and end the one
        before; ``... stop``, ``no further systemic therapy`` and the stop of the last drug end it (an open one ends
        at `end_day`). What nobody can see (`HIDDEN`) is left out; the other events become marks, local treatment
        by its name.
        """
        tracks = []
        for (_, organ), part in lesions.sort("day").group_by("lesion", "organ", maintain_order=True):
            day = part["day"].to_numpy() / MONTH
            measured = part["measured_cm"].fill_null(float("nan")).to_numpy()
            seen = np.isfinite(measured)
            tracks.append(LesionTrack(str(organ), day, part["true_cm"].to_numpy(), day[seen], measured[seen]))
        bars: list[TreatmentBar] = []
        marks: list[tuple[float, str]] = []
        running: tuple[str, float] | None = None
        for row in events.sort("day", maintain_order=True).to_dicts():
            event, when = str(row["event"]), float(row["day"]) / MONTH
            begins = event in BEGINNINGS or event.endswith(" start")
            last = event == "drug stopped" and str(row["detail"]).endswith(LAST_STOP)
            if begins or last or event == "no further systemic therapy" or event.endswith(" stop"):
                if running is not None:
                    bars.append(TreatmentBar(*running, when))
                running = (str(row["detail"] or event), when) if begins else None
            elif event not in HIDDEN:
                detail = str(row["detail"] or "")
                marks.append((when, MARK[event].format(detail) if detail and event in MARK else event))
        if running is not None:
            bars.append(TreatmentBar(*running, end_day / MONTH))
        visits = (assessments["day"].sort().to_numpy() / MONTH).tolist()
        return cls(name, tracks, visits, sorted(bars, key=lambda bar: bar.start), marks)


@styled
def draw(course: PatientCourse) -> Drawing:
    """Draw the lesions on a log axis above the treatments.

    Parameters
    ----------
    course : PatientCourse
        Months from diagnosis.

    Returns
    -------
    Drawing
    """
    names = list(dict.fromkeys(bar.label for bar in course.treatments))
    strip = 0.2 * max(len(names), 1) + 0.1
    marks = _grouped(course.events)
    # names of late events lean out to the right: room for them, and above for the longest
    figure = canvas(9.0, 0.75 + strip + 0.12 + 2.9 + 1.75)
    end = _end(course)
    below = place(figure, 2.1, 0.75, 5.7, strip)
    axes = place(figure, 2.1, 0.75 + strip + 0.12, 5.7, 2.9)
    organs = [o for o in ORGANS if any(track.organ == o for track in course.lesions)]
    strange = {t.organ for t in course.lesions} - set(ORGANS)
    if strange:
        raise ValueError(f"no colour for lesions of {', '.join(sorted(strange))}")
    for track in course.lesions:
        colour, marker, line = ORGANS[track.organ]
        axes.plot(track.month, np.maximum(track.true_cm, FLOOR_CM), color=colour, ls=line, lw=1.1, alpha=0.85)
        axes.plot(
            track.measured_month,
            np.maximum(track.measured_cm, FLOOR_CM),
            ls="",
            marker=marker,
            ms=4.5,
            color=colour,
            mec=INK,
            mew=0.4,
        )
    axes.set_yscale("log")
    sizes = [float(np.nanmax(t.true_cm)) for t in course.lesions if t.true_cm.size]
    top = max([*sizes, 2.0]) * 1.6
    axes.set(xlim=(0, end * 1.02), ylim=(FLOOR_CM * 0.85, top))
    ticks = [v for v in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if v <= top]
    axes.set_yticks(ticks, [f"{v:g}" for v in ticks])
    axes.minorticks_off()
    axes.set_ylabel("Diameter (cm)")
    months = month_ticks(end)
    axes.set_xticks(months, [""] * len(months))
    axes.axhline(1.0, color=GREY, lw=0.6, ls=":")
    axes.plot(
        course.visits,
        np.full(len(course.visits), FLOOR_CM * 0.92),
        ls="",
        marker="|",
        ms=6,
        color=GREY,
        zorder=6,
    )
    _events(axes, marks, end)
    _treatments(below, course, names, end, months)
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            color=ORGANS[o][0],
            marker=ORGANS[o][1],
            ls=ORGANS[o][2],
            ms=4.5,
            mec=INK,
            mew=0.4,
            label=o,
        )
        for o in organs
    ]
    height = figure.get_figheight()
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.012, 1 - 0.3 / height), ncols=4, handlelength=3)
    title = f"Course of {course.name}"
    heading(figure, title)
    footnote(
        figure,
        "Lines: true diameter; markers: measured at a visit (ticks at the foot). Log axis; below 1 mm drawn at 1 mm.",
    )
    return Drawing(figure, _data(course), _alt(course, title), title)


def _end(course: PatientCourse) -> float:
    times = [*course.visits, *(when for when, _ in course.events), *(bar.stop for bar in course.treatments)]
    times += [float(t.month[-1]) for t in course.lesions if t.month.size]
    return max([*times, 1.0])


def _grouped(events: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Events in order, each once a day; of progression its kinds, where they are known."""
    found: dict[float, list[str]] = {}
    for when, what in sorted(events, key=lambda event: event[0]):
        names = found.setdefault(round(when, 2), [])
        if what not in names:
            names.append(what)
    return [
        (when, name)
        for when, names in found.items()
        for name in names
        if name != "progression" or not set(names) & set(PROGRESSIONS)
    ]


def _events(axes: Any, marks: Sequence[tuple[float, str]], end: float) -> None:
    """Vertical lines, named above the axes; names keep a distance so that none lies on another."""
    step = 0.036 * end
    spots: list[float] = []
    for when, _ in marks:
        spots.append(max(when, spots[-1] + step) if spots else when)
    over = spots[-1] - end * 1.02 if spots else 0.0
    if over > 0:  # push the last names back to the left
        limit = end * 1.02
        for i in range(len(spots) - 1, -1, -1):
            spots[i] = min(spots[i], limit)
            limit = spots[i] - step
    blended = axes.get_xaxis_transform()
    for (when, what), spot in zip(marks, spots, strict=True):
        axes.axvline(when, color=GREY, lw=0.7, ls="--", zorder=1)
        axes.annotate(
            what,
            (when, 1.0),
            (spot, 1.05),
            xycoords=blended,
            textcoords=blended,
            rotation=38,
            rotation_mode="anchor",
            ha="left",
            va="bottom",
            size=7.5,
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.5, "shrinkA": 0, "shrinkB": 0},
        )


def _cut(name: str, most: int = 30) -> str:
    """A name that fits beside the bars (its end tells least)."""
    return name if len(name) <= most else name[: most - 1] + "…"


def _treatments(axes: Any, course: PatientCourse, names: Sequence[str], end: float, months: Sequence[float]) -> None:
    for bar in course.treatments:
        i = names.index(bar.label)
        axes.barh(
            i,
            max(bar.stop - bar.start, 0.004 * end),
            left=bar.start,
            height=0.6,
            color=SKY,
            edgecolor=INK,
            lw=0.5,
        )
    axes.set_yticks(range(len(names)), [_cut(name) for name in names])
    axes.tick_params(axis="y", labelsize=7.5, length=0)
    axes.set(xlim=(0, end * 1.02), ylim=(max(len(names), 1) - 0.4, -0.6), xticks=months)
    axes.set_xlabel(f"Months from {course.origin}")


def _data(course: PatientCourse) -> Any:
    import polars as pl

    rows: list[tuple[Any, ...]] = []
    for i, track in enumerate(course.lesions):
        rows += [
            ("true diameter", f"{track.organ} {i}", float(m), float(d), None)
            for m, d in zip(track.month, track.true_cm, strict=True)
        ]
        rows += [
            ("measured diameter", f"{track.organ} {i}", float(m), float(d), None)
            for m, d in zip(track.measured_month, track.measured_cm, strict=True)
        ]
    rows += [("visit", "", float(v), None, None) for v in course.visits]
    rows += [("treatment", b.label, float(b.start), None, float(b.stop)) for b in course.treatments]
    rows += [("event", what, float(when), None, None) for when, what in course.events]
    schema: dict[str, Any] = {"series": pl.String, "what": pl.String, "months": pl.Float64, "cm": pl.Float64}
    return pl.DataFrame(rows, schema=schema | {"until_months": pl.Float64}, orient="row")


def _alt(course: PatientCourse, title: str) -> str:
    organs = [track.organ for track in course.lesions]
    counts = ", ".join(f"{organs.count(o)} in {o}" for o in dict.fromkeys(organs))
    events = "; ".join(f"{what} at {when:.1f} months" for when, what in sorted(course.events))
    return f"{title}: lesions: {counts or 'none seen'}. {events}."
