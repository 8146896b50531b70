"""The table of anchors and predictions, for the terminal and as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from paget.calibration.run import Record

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

TITLE = "Anchors and predictions: simulated beside published"
_STYLES = {"inside CI": "green", "inside range": "green", "within 25 %": "green", "off": "yellow", "far": "red"}


def number(value: float | None, unit: str = "") -> str:
    """Three figures; shares per year as percentages."""
    if value is None:
        return "-"
    if unit.startswith("%"):
        return f"{100.0 * value:.2g}"
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"


def _printed(record: Record) -> str:
    text = number(record.published, record.unit)
    if record.ci_low is not None or record.ci_high is not None:
        ends = ("open" if x is None else number(x, record.unit) for x in (record.ci_low, record.ci_high))
        text += f" ({' to '.join(ends)})"
    return text + (" *" if record.derived else "")


def _simulated(record: Record) -> str:
    text = number(record.simulated, record.unit)
    return text if record.mc_se is None or record.simulated is None else f"{text} ± {number(record.mc_se, record.unit)}"


def tally(records: Sequence[Record]) -> str:
    """How many of the anchors came out how, in one line."""
    counted = [r for r in records if r.role == "anchor" and r.verdict != "context"]
    close = sum(r.verdict in ("inside CI", "inside range", "within 25 %") for r in counted)
    off, far = (sum(r.verdict == word for r in counted) for word in ("off", "far"))
    absent = sum(r.verdict == "does not come out" for r in counted)
    return (
        f"{len(counted)} anchors: {close} inside the published interval or within 25 %, {off} off by up to a factor of 1.6, "
        f"{far} further off, {absent} that do not come out"
    )


def render(records: Sequence[Record], *, notes: bool = False) -> Table:
    """Table for `rich.print`, grouped by phenomenon.

    Parameters
    ----------
    records : sequence of Record
    notes : bool
        A column with derivations and what is not comparable.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=TITLE, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in ("Figure", "Simulated", "Published", "Unit", "Evidence", "Role", "Verdict", *(("Note",) if notes else ())):
        table.add_column(name, overflow="fold", justify="right" if name in ("Simulated", "Published") else "left")
    phenomenon = ""
    for record in records:
        if record.phenomenon != phenomenon:
            phenomenon = record.phenomenon
            table.add_row(Text(phenomenon, style="bold"))
        cells = [
            "  " + record.what, _simulated(record), _printed(record), record.unit, record.evidence, record.role, record.verdict,
            *((record.note or "",) if notes else ()),
        ]  # fmt: skip
        style = _STYLES.get(record.verdict, "dim")
        table.add_row(*(Text(cell, style=style if i == 6 else "") for i, cell in enumerate(cells)))
    table.caption = (
        f"{tally(records)}. ± Monte-Carlo error; * derived, not printed. Verdicts against an interval allow for twice the "
        "Monte-Carlo error. No value was moved to meet a prediction."
    )
    table.caption_justify = "left"
    return table


def frame(records: Sequence[Record]) -> pl.DataFrame:
    """One row a record."""
    import polars as pl

    kinds = {str: pl.Utf8, float: pl.Float64, int: pl.Int64, bool: pl.Boolean}
    schema = {
        "id": str, "phenomenon": str, "what": str, "role": str, "evidence": str, "published": float, "ci_low": float,
        "ci_high": float, "ci_level": float, "derived": bool, "simulated": float, "mc_se": float, "n": int, "ratio": float,
        "verdict": str, "unit": str, "note": str,
    }  # fmt: skip
    return pl.DataFrame([r.as_dict() for r in records], schema={name: kinds[kind] for name, kind in schema.items()})
