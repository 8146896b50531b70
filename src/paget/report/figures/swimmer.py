"""Swimmer plot: a sample of patients as lanes with lines of therapy and what happened on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from paget.report.style import (
    ARM_COLOURS,
    GREEN,
    INK,
    ORANGE,
    VERMILLION,
    YELLOW,
    Drawing,
    canvas,
    heading,
    month_ticks,
    place,
    styled,
)

if TYPE_CHECKING:
    import polars as pl

NO_DRUGS = "#E6E6E6"
"""Time under observation without systemic therapy."""
LINE_SHADES = ("#D6EAF5", "#8CC5E3", "#3C8DBC", "#0B4F79")
"""First, second, third and later lines of therapy, light to dark (readable without colour)."""


@dataclass(frozen=True)
class SwimmerRow:
    """One patient; months from randomisation.

    `lines` are (start, stop, number of the line). `responses` are the months of CR or PR by its name. `lesions_treated` is the first
    local treatment of lesions.
    """

    label: str
    arm: str
    end: float
    dead: bool
    lines: Sequence[tuple[float, float, int]] = ()
    surgery: float | None = None
    progression: float | None = None
    responses: Sequence[tuple[float, str]] = field(default=())
    lesions_treated: float | None = None


def sample(adsl: pl.DataFrame, adrs: pl.DataFrame, n: int = 24, *, adles: pl.DataFrame | None = None) -> list[SwimmerRow]:
    """Choose patients spread evenly over follow-up within each arm; the same tables give the same ones.

    Parameters
    ----------
    adsl, adrs : polars.DataFrame
        The tables of one trial; ADRS must hold ``LINE``. A change of line is shown at the visit that first
        saw it.
    n : int
        About how many patients in all.
    adles : polars.DataFrame, optional
        Lesions treated locally; the first day of each patient is marked.

    Returns
    -------
    list of SwimmerRow
        By arm, longest follow-up first.
    """
    import polars as pl

    visits = adrs.filter(pl.col("PARAMCD") == "OVR").select("USUBJID", "ADT", "AVALC", "LINE").sort("USUBJID", "ADT")
    arms = adsl.select("TRT01P", "TRT01PN").unique().sort("TRT01PN")["TRT01P"].to_list()
    each = max(n // max(len(arms), 1), 1)
    chosen = []
    for arm in arms:
        people = adsl.filter(pl.col("TRT01P") == arm).sort("FUPMO", "USUBJID", descending=[True, False])
        spots = np.unique(np.linspace(0, people.height - 1, min(each, people.height)).round().astype(int))
        chosen.append(people[spots.tolist()])
    treated: dict[str, Any] = {}
    if adles is not None:
        treated = dict(adles.group_by("USUBJID").agg(pl.col("TRTDT").min()).iter_rows())
    rows = []
    month = 30.4375
    for subject in pl.concat(chosen).to_dicts() if chosen else []:
        start = subject["RANDDT"]
        seen = [
            ((r["ADT"] - start).days / month, r["AVALC"], r["LINE"])
            for r in visits.filter(pl.col("USUBJID") == subject["USUBJID"]).to_dicts()
        ]
        lines: list[tuple[float, float, int]] = []
        current, since = seen[0][2] if seen and seen[0][2] is not None else 1, 0.0
        for when, _, line in seen:
            if line is not None and line != current:
                lines.append((since, when, int(current)))
                current, since = line, max(when, 0.0)
        lines.append((since, subject["FUPMO"], int(current)))
        progression = (subject["PDDT"] - start).days / month if subject["PDDT"] is not None else None
        first: dict[str, float] = {}
        for when, response, _ in seen:
            early = progression is None or when < progression
            if response in ("CR", "PR") and when >= 0 and early:
                first.setdefault(response, when)
        rows.append(
            SwimmerRow(
                subject["SUBJID"],
                subject["TRT01P"],
                float(subject["FUPMO"]),
                subject["DTHFL"] == "Y",
                lines,
                subject["SURGMO"],
                progression,
                [(when, name) for name, when in first.items()],
                (treated[subject["USUBJID"]] - start).days / month if treated.get(subject["USUBJID"]) is not None else None,
            )
        )
    return rows


@styled
def draw(rows: Sequence[SwimmerRow], *, title: str = "Course of a sample of patients") -> Drawing:
    """Draw the lanes, grouped by arm in the order in which the arms come.

    Parameters
    ----------
    rows : sequence of SwimmerRow
        Patients in the order from top to bottom.
    title : str
        Above the lanes.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If there is no patient.
    """
    if not rows:
        raise ValueError("a swimmer plot needs at least one patient")
    arms = list(dict.fromkeys(row.arm for row in rows))
    ordered = [row for arm in arms for row in rows if row.arm == arm]
    gap = 1.1
    y = np.array([i + gap * arms.index(row.arm) for i, row in enumerate(ordered)])
    body = 0.17 * (len(ordered) + gap * (len(arms) - 1)) + 0.3
    figure = canvas(7.6, body + 1.45)
    axes = place(figure, 0.8, 0.55, 6.6, body)
    last = max(row.end for row in ordered)
    for number, shade in enumerate((NO_DRUGS, *LINE_SHADES)):
        bars = [
            (place_y, start, stop)
            for place_y, row in zip(y, ordered, strict=True)
            for start, stop, line in row.lines
            if min(line, len(LINE_SHADES)) == number and stop > start
        ]
        for_all = np.array(bars) if bars else np.empty((0, 3))
        axes.barh(for_all[:, 0], for_all[:, 2] - for_all[:, 1], left=for_all[:, 1], height=0.62, color=shade, lw=0)
    _marks(axes, ordered, y)
    for arm in arms:
        place_y = min(v for v, row in zip(y, ordered, strict=True) if row.arm == arm)
        axes.text(
            0,
            place_y - 0.62,
            arm,
            weight="bold",
            size=8.5,
            color=ARM_COLOURS[arms.index(arm) % 4],
            va="bottom",
        )
    axes.set_yticks(y, [row.label for row in ordered])
    axes.tick_params(axis="y", labelsize=7, length=0)
    axes.set(xlim=(0, last * 1.03), ylim=(y[-1] + 0.8, -1.6), xticks=month_ticks(last))
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Months from randomisation")
    axes.set_ylabel("Patient")
    _key(axes, ordered)
    heading(figure, title)
    return Drawing(figure, _data(ordered), _alt(ordered, title), title)


MARKS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("surgery", "surgery of the primary", {"marker": "D", "mfc": YELLOW, "mec": INK, "ms": 5.5}),
    ("lesions", "lesions treated", {"marker": "P", "mfc": ORANGE, "mec": INK, "ms": 6}),
    ("CR", "complete response", {"marker": "^", "mfc": GREEN, "mec": INK, "ms": 6}),
    ("PR", "partial response", {"marker": "^", "mfc": "white", "mec": GREEN, "ms": 5.5, "mew": 1.3}),
    ("PD", "progression", {"marker": "X", "mec": "white", "mfc": VERMILLION, "ms": 7, "mew": 0.7}),
    ("death", "death", {"marker": "s", "mfc": INK, "mec": INK, "ms": 4.5}),
    ("alive", "alive at last contact", {"marker": ">", "mfc": INK, "mec": INK, "ms": 4.5}),
)


def _marks(axes: Any, rows: Sequence[SwimmerRow], y: Any) -> None:
    spots: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _ in MARKS}
    for place_y, row in zip(y, rows, strict=True):
        if row.surgery is not None:
            spots["surgery"].append((row.surgery, place_y))
        if row.lesions_treated is not None:
            spots["lesions"].append((row.lesions_treated, place_y))
        for when, name in row.responses:
            spots[name].append((when, place_y))
        if row.progression is not None:
            spots["PD"].append((row.progression, place_y))
        spots["death" if row.dead else "alive"].append((row.end, place_y))
    for name, _, look in MARKS:
        if spots[name]:
            x, where = zip(*spots[name], strict=True)
            axes.plot(x, where, ls="", zorder=5, clip_on=False, **look)


def _key(axes: Any, rows: Sequence[SwimmerRow]) -> None:
    """What stands in the lanes; of operations and of no drugs only what some lane shows."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    untreated = any(line == 0 for row in rows for _, _, line in row.lines)
    shown = {"surgery": any(row.surgery is not None for row in rows), "lesions": any(row.lesions_treated is not None for row in rows)}
    handles: list[Any] = [
        Patch(facecolor=shade, label=f"line {i}" + (" and later" if i == len(LINE_SHADES) else ""))
        for i, shade in enumerate(LINE_SHADES, start=1)
    ]
    handles += [Patch(facecolor=NO_DRUGS, label="no drugs")] if untreated else []
    handles += [Line2D([], [], ls="", label=words, **look) for name, words, look in MARKS if shown.get(name, True)]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.1, 1.0),
        ncols=5,
        fontsize=7.8,
        columnspacing=1.4,
        handletextpad=0.4,
    )


def _data(rows: Sequence[SwimmerRow]) -> Any:
    import polars as pl

    found: list[tuple[Any, ...]] = []
    for row in rows:
        found += [
            (row.label, row.arm, f"line {line}" if line else "no drugs", float(start), float(stop)) for start, stop, line in row.lines
        ]
        if row.surgery is not None:
            found.append((row.label, row.arm, "surgery", float(row.surgery), None))
        if row.lesions_treated is not None:
            found.append((row.label, row.arm, "lesions treated", float(row.lesions_treated), None))
        found += [(row.label, row.arm, name, float(when), None) for when, name in row.responses]
        if row.progression is not None:
            found.append((row.label, row.arm, "PD", float(row.progression), None))
        found.append((row.label, row.arm, "death" if row.dead else "alive at last contact", float(row.end), None))
    schema: dict[str, Any] = {"patient": pl.String, "arm": pl.String, "what": pl.String}
    return pl.DataFrame(found, schema=schema | {"months": pl.Float64, "until_months": pl.Float64}, orient="row")


def _alt(rows: Sequence[SwimmerRow], title: str) -> str:
    words = [f"Swimmer plot: {title}."]
    for arm in dict.fromkeys(row.arm for row in rows):
        mine = [row for row in rows if row.arm == arm]
        words.append(
            f"{arm}: {len(mine)} patients, {sum(r.surgery is not None for r in mine)} operated, "
            + (f"{sum(r.lesions_treated is not None for r in mine)} with lesions treated, " if any(r.lesions_treated for r in rows) else "")
            + f"{sum(r.progression is not None for r in mine)} with progression, "
            f"{sum(r.dead for r in mine)} died."
        )
    return " ".join(words)
