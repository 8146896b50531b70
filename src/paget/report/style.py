"""The look of every figure: Okabe-Ito colours told apart by line style too, fixed fonts, sizes in inches.

The colours are those of Okabe and Ito (Color Universal Design, 2008): told apart by colour-blind readers;
line styles, markers and
hatches carry the same information in greyscale.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE, INK = "#7A7A7A", "#E6E6E6", "#1A1A1A"

ARM_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE)
ARM_LINES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)))
ARM_MARKERS = ("s", "D", "o", "^")

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "text.color": INK,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "hatch.linewidth": 0.6,
    "text.parse_math": False,
    # a quarter of the drawing time of a PNG goes into hinting, which nobody sees at this resolution
    "text.hinting": "none",
}
"""Settings of matplotlib under which every figure is drawn."""


@dataclass(frozen=True)
class Drawing:
    """A figure with what must go with it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The drawing; not registered with pyplot.
    data : polars.DataFrame
        Every number that is drawn, one row each (written as CSV beside the figure).
    alt : str
        The figure in words, for readers who cannot see it.
    title : str
        Its title.
    """

    figure: Figure
    data: pl.DataFrame
    alt: str
    title: str


@dataclass(frozen=True)
class Ratio:
    """A hazard ratio with its interval; limits are None where not read or not estimable."""

    value: float
    ci_low: float | None = None
    ci_high: float | None = None
    ci_level: float = 0.95

    def __str__(self) -> str:
        if self.ci_low is None or self.ci_high is None:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} ({percent(self.ci_level)} CI {self.ci_low:.2f} to {self.ci_high:.2f})"


def percent(share: float) -> str:
    """Show a share as per cent without needless digits.

    Examples
    --------
    >>> percent(0.95), percent(0.975)
    ('95 %', '97.5 %')
    """
    return f"{100 * share:.4g} %"


def settings(more: dict[str, Any] | None = None) -> Any:
    """Settings of matplotlib that depend on nothing of the user's own: its defaults, `RC`, and `more`."""
    import matplotlib as mpl

    # the backend is left alone: setting it would load pyplot
    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}
    return {**defaults, **RC, **(more or {})}


P = ParamSpec("P")


def styled(draw: Callable[P, Drawing]) -> Callable[P, Drawing]:
    """Let a figure be drawn under `RC`, whatever the user's own matplotlib settings are."""

    @functools.wraps(draw)
    def under_rc(*args: P.args, **kwargs: P.kwargs) -> Drawing:
        import matplotlib as mpl

        with mpl.rc_context(settings()):
            return draw(*args, **kwargs)

    return under_rc


def canvas(width: float, height: float) -> Figure:
    """Make an empty figure of `width` x `height` inches without pyplot's global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a position in inches (no layout engine: it costs more than the drawing)."""
    full_width, full_height = figure.get_size_inches()
    return figure.add_axes((left / full_width, bottom / full_height, width / full_width, height / full_height))


def heading(figure: Figure, text: str, below: str = "") -> None:
    """Write the title of a figure at its top left, and a smaller line below it."""
    height = figure.get_figheight()
    figure.text(0.15 / figure.get_figwidth(), 1 - 0.2 / height, text, weight="bold", size=10.5, va="center")
    if below:
        figure.text(0.15 / figure.get_figwidth(), 1 - 0.4 / height, below, size=8.5, va="center", color="#333333")


def stamp(drawing: Drawing, words: str) -> Drawing:
    """Say something at the top right of a figure that nobody may miss, in its description too."""
    figure = drawing.figure
    width, height = figure.get_size_inches()
    figure.text(1 - 0.1 / width, 1 - 0.06 / height, words, size=7, style="italic", ha="right", va="top", color=VERMILLION)
    return replace(drawing, alt=f"{words}. {drawing.alt}")


def footnote(figure: Figure, text: str) -> None:
    """Write a note at the foot of a figure, wrapped to its width (two lines need 0.4 inch)."""
    width, height = figure.get_size_inches()
    lines = textwrap.fill(text, int((width - 0.3) / 0.06))
    figure.text(0.15 / width, 0.09 / height, lines, size=7.5, color="#444444", linespacing=1.3, va="bottom")


def legend(axes: Axes, names: list[str], marked: set[int]) -> None:
    """Name the arms above the axes, one per line; those in `marked` with their marker of published values."""
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    for i in range(len(names)):
        look: dict[str, Any] = {
            "marker": ARM_MARKERS[i],
            "mfc": "white",
            "mec": ARM_COLOURS[i],
            "mew": 1.4,
            "ms": 5.5,
        }
        line = Line2D([], [], color=ARM_COLOURS[i], ls=ARM_LINES[i], lw=1.7)
        handles.append((line, Line2D([], [], ls="", **look)) if i in marked else (line,))
    axes.legend(
        handles,
        names,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        handlelength=4.2,
        labelspacing=0.25,
        borderaxespad=0.2,
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0.3)},
    )


def month_ticks(last: float, most: int = 9) -> list[float]:
    """Choose times for the axis and the table below it: whole years or parts of a year, at most about `most`.

    Examples
    --------
    >>> month_ticks(60.0)
    [0.0, 12.0, 24.0, 36.0, 48.0, 60.0]
    """
    for step in (1, 2, 3, 6, 12, 24, 36, 60, 120):
        if last / step <= most - 1:
            break
    return [float(step * i) for i in range(int(last / step + 1e-9) + 1)]
