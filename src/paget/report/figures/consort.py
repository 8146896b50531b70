"""Flow of patients in the form of the CONSORT 2025 diagram: enrolment, allocation, follow-up, analysis."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paget.report.style import INK, SKY, Drawing, canvas, heading, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE, PAD, GAP = 0.155, 0.09, 0.26
"""Height of a line of text, padding of a box and gap between boxes (inches)."""


@dataclass(frozen=True)
class ConsortArm:
    """Counts of one arm; `not_received` by reason, `crossing` what one may cross over to (empty: to nothing)."""

    label: str
    allocated: int
    received: int
    analysed: int
    not_received: Mapping[str, int] = field(default_factory=dict)
    crossed_over: int = 0
    lost: int = 0
    treatment: str = "the allocated treatment"
    crossing: str = "later surgery"


@dataclass(frozen=True)
class ConsortFlow:
    """Counts of the whole trial.

    Attributes
    ----------
    assessed : int
        Virtual patients diagnosed.
    not_eligible : mapping
        By the first condition that each failed.
    set_aside : int
        Eligible, but not drawn when the mix was matched to the published baseline.
    registered : int
        Eligible and entered.
    not_randomised : mapping
        Registered but not randomised, by reason.
    randomised : int
    entry : str
        What entering is called: a study with one arm randomises nobody.
    arms : sequence of ConsortArm
    """

    assessed: int
    registered: int
    randomised: int
    arms: Sequence[ConsortArm]
    not_eligible: Mapping[str, int] = field(default_factory=dict)
    set_aside: int = 0
    not_randomised: Mapping[str, int] = field(default_factory=dict)
    entry: str = "Randomised"

    def check(self) -> None:
        """Raise ValueError where the counts do not add up."""
        sums = {
            "assessed": (self.assessed, sum(self.not_eligible.values()) + self.set_aside + self.registered),
            "registered": (self.registered, sum(self.not_randomised.values()) + self.randomised),
            "randomised": (self.randomised, sum(arm.allocated for arm in self.arms)),
        }
        for arm in self.arms:
            sums[f"allocated to {arm.label}"] = (arm.allocated, arm.received + sum(arm.not_received.values()))
        for name, (count, total) in sums.items():
            if count != total:
                raise ValueError(f"{name} is {count}, but its parts add up to {total}")

    def rows(self) -> list[tuple[str, str, str, int]]:
        """Every count as (stage, arm, what, n): the data of the figure."""
        found = [("enrolment", "", "diagnosed (assessed for eligibility)", self.assessed)]
        found += [("enrolment", "", f"not eligible: {why}", n) for why, n in self.not_eligible.items()]
        found.append(("enrolment", "", "set aside to match the published baseline", self.set_aside))
        found.append(("enrolment", "", "registered", self.registered))
        found += [("enrolment", "", f"not randomised: {why}", n) for why, n in self.not_randomised.items()]
        found.append(("enrolment", "", "randomised", self.randomised))
        for arm in self.arms:
            found.append(("allocation", arm.label, "allocated", arm.allocated))
            found.append(("allocation", arm.label, f"received {arm.treatment}", arm.received))
            found += [("allocation", arm.label, f"did not receive: {why}", n) for why, n in arm.not_received.items()]
            found.append(("follow-up", arm.label, "crossed over", arm.crossed_over))
            found.append(("follow-up", arm.label, "lost to follow-up", arm.lost))
            found.append(("analysis", arm.label, "analysed by intention to treat", arm.analysed))
        return found


@dataclass(frozen=True)
class _Box:
    lines: tuple[str, ...]
    width: float

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 2 * PAD


def _box(head: str, parts: Mapping[str, int] | Sequence[str], width: float) -> _Box:
    """Text of a box, wrapped to its width (inches)."""
    letters = int((width - 2 * PAD) / 0.07)
    items = [f"{why} ({n})" for why, n in parts.items()] if isinstance(parts, Mapping) else list(parts)
    head = head.replace("n = ", "n\u00a0=\u00a0")  # a count is never torn apart
    lines = textwrap.wrap(head, int(letters * 0.95))
    for item in items:
        # spaces that a page does not swallow
        deeper = "\u00a0" * 4 if item.startswith("  ") else ""
        text = item.strip().replace("n = ", "n\u00a0=\u00a0")
        lines += textwrap.wrap(text, letters, initial_indent=f"{deeper}• ", subsequent_indent=deeper + "\u00a0" * 3)
    return _Box(tuple(lines), width)


@styled
def draw(flow: ConsortFlow, *, title: str = "Flow of virtual patients") -> Drawing:
    """Draw the flow diagram.

    Parameters
    ----------
    flow : ConsortFlow
        Counts; they must add up.
    title : str
        Above the diagram.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If the counts do not add up.
    """
    flow.check()
    count = max(len(flow.arms), 1)
    left, width = 0.55, max(7.6, 0.65 + 3.0 * count + 0.3 * (count - 1))
    centre = left + (width - left - 0.1) / 2
    inner = width - left - 0.1
    arm_width = (inner - 0.3 * (count - 1)) / count
    main_width = min(3.2, inner * 0.44)
    side_width = inner / 2 - 0.35
    enrolment: list[tuple[_Box, _Box | None]] = []
    gone = dict(flow.not_eligible)
    if flow.set_aside:
        gone["set aside to match the published baseline"] = flow.set_aside
    first = _box(f"Diagnosed, assessed for eligibility (n = {flow.assessed})", [], main_width)
    enrolment.append((first, _box(f"Not entered (n = {sum(gone.values())})", gone, side_width) if gone else None))
    if flow.not_randomised:
        out = _box(f"Not randomised (n = {sum(flow.not_randomised.values())})", flow.not_randomised, side_width)
        enrolment.append((_box(f"Registered (n = {flow.registered})", [], main_width), out))
    enrolment.append((_box(f"{flow.entry} (n = {flow.randomised})", [], main_width), None))
    stages = [("Allocation", [_allocation(arm, arm_width) for arm in flow.arms])]
    stages.append(("Follow-up", [_follow_up(arm, arm_width) for arm in flow.arms]))
    stages.append(("Analysis", [_analysis(arm, arm_width) for arm in flow.arms]))

    tall = sum(main.height + (side.height + 0.16 if side else 0) + GAP for main, side in enrolment)
    tall += sum(max(box.height for box in boxes) + GAP for _, boxes in stages) + 0.45 - GAP + 0.12
    figure = canvas(width, tall)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, tall))
    axes.axis("off")
    heading(figure, title)
    y = tall - 0.45
    top = y
    previous = 0.0
    for main, side in enrolment:
        if previous:
            _arrow(axes, centre, previous, centre, y)
        _put(axes, main, centre - main.width / 2, y)
        below = y - main.height
        if side is not None:
            middle = below - 0.08 - side.height / 2
            _put(axes, side, centre + 0.3, middle + side.height / 2)
            _arrow(axes, centre, middle, centre + 0.3, middle)
            y = middle - side.height / 2 - 0.08 - GAP
        else:
            y = below - GAP
        previous = below
    _stage(axes, "Enrolment", top, previous)
    spots = [left + i * (arm_width + 0.3) for i in range(count)]
    fork = previous - GAP / 2
    axes.plot([centre, centre], [previous, fork], color=INK, lw=0.9)
    axes.plot([spots[0] + arm_width / 2, spots[-1] + arm_width / 2], [fork, fork], color=INK, lw=0.9)
    heads = [fork] * count
    for name, boxes in stages:
        depth = max(box.height for box in boxes)
        for i, box in enumerate(boxes):
            even = _Box(box.lines, box.width)
            _arrow(axes, spots[i] + arm_width / 2, heads[i], spots[i] + arm_width / 2, y)
            _put(axes, even, spots[i], y, depth)
            heads[i] = y - depth
        _stage(axes, name, y, y - depth)
        y -= depth + GAP
    return Drawing(figure, _data(flow), _alt(flow), title)


def _allocation(arm: ConsortArm, width: float) -> _Box:
    parts = [f"Received {arm.treatment} (n = {arm.received})"]
    missed = sum(arm.not_received.values())
    parts.append(f"Did not receive it (n = {missed})")
    parts += [f"  {why} ({n})" for why, n in arm.not_received.items()]
    return _box(f"{arm.label} (n = {arm.allocated})", parts, width)


def _follow_up(arm: ConsortArm, width: float) -> _Box:
    return _box(
        f"Lost to follow-up (n = {arm.lost})",
        [f"Crossed over to {arm.crossing} (n = {arm.crossed_over})"] if arm.crossing else [],
        width,
    )


def _analysis(arm: ConsortArm, width: float) -> _Box:
    left_out = arm.allocated - arm.analysed
    return _box(
        f"Analysed by intention to treat (n = {arm.analysed})",
        [f"Excluded from analysis (n = {left_out})"],
        width,
    )


def _put(axes: Axes, box: _Box, x: float, top: float, height: float | None = None) -> None:
    from matplotlib.patches import Rectangle

    tall = height if height is not None else box.height
    axes.add_patch(Rectangle((x, top - tall), box.width, tall, facecolor="white", edgecolor=INK, lw=0.9))
    for i, line in enumerate(box.lines):
        head = not line.startswith(("•", "\u00a0"))
        y = top - PAD - (i + 0.5) * LINE
        axes.text(x + PAD, y, line, size=8.2, va="center", weight="bold" if head else "normal")


def _arrow(axes: Axes, x0: float, y0: float, x1: float, y1: float) -> None:
    axes.annotate(
        "",
        (x1, y1),
        (x0, y0),
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0},
    )


def _stage(axes: Axes, name: str, top: float, bottom: float) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((0.1, bottom), 0.27, top - bottom, facecolor=SKY, alpha=0.35, edgecolor="none"))
    small = top - bottom < 0.075 * len(name) + 0.1
    axes.text(
        0.235,
        (top + bottom) / 2,
        name,
        rotation=90,
        ha="center",
        va="center",
        size=6.0 if small else 8.2,
        weight="bold",
    )


def _data(flow: ConsortFlow) -> Any:
    import polars as pl

    return pl.DataFrame(flow.rows(), schema=["stage", "arm", "what", "n"], orient="row")


def _alt(flow: ConsortFlow) -> str:
    words = [
        f"Flow diagram: {flow.assessed} virtual patients diagnosed, {flow.registered} registered, {flow.randomised} randomised."
    ]
    for arm in flow.arms:
        words.append(
            f"{arm.label}: {arm.allocated} allocated, {arm.received} received {arm.treatment}, "
            f"{arm.crossed_over} crossed over, {arm.lost} lost, {arm.analysed} analysed."
        )
    return " ".join(words)
