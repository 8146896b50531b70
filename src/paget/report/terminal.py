"""The tables that a run prints: simulated beside published, with the role of each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from paget.report.records import Record, endpoint_of, headline, number, replicated, uncertainty_rows, what, who

if TYPE_CHECKING:
    from rich.table import Table


def comparison_table(
    records: Sequence[Record],
    *,
    labels: Mapping[str, str] | None = None,
    title: str = "Simulated beside published",
    all_records: bool = False,
) -> Table:
    """Table of simulated and published numbers for `rich.print`.

    Parameters
    ----------
    records : sequence of dict
        Summary records.
    labels : mapping, optional
        Label of each arm by its id.
    title : str
        Above the table.
    all_records : bool
        Every record; by default those with a published number and the main ones.

    Returns
    -------
    rich.table.Table
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    shown = headline(records, all_records=all_records)
    several = max((record["replicates"]["count"] for record in shown if record.get("replicates")), default=0)
    heads = ["Result", "Arm", *([f"Mean of {several} trials"] if several else []), "One trial", "Published", "Role"]
    for name in heads:
        table.add_column(name, overflow="fold", min_width=10 if name == "Role" else None)
    endpoint = name = ""
    for record in shown:
        if (new := endpoint_of(record)) != endpoint:
            endpoint, name = new, ""
            # texts, not strings: a label in square brackets is not markup
            table.add_row(Text(endpoint, style="bold"))
        measure, published = str(record["measure"]), record.get("published")
        cells = [
            "" if what(record) == name else "  " + what(record),
            who(record, labels),
            *([replicated(record)] if several else []),
            _short(measure, record, None if record.get("replicates") else record.get("mc_se")),
            _short(measure, published) if published else "not read",
            str(record.get("role", "")),
        ]
        table.add_row(*(Text(cell, style="" if published or i < len(heads) - 2 else "dim") for i, cell in enumerate(cells)))
        name = what(record)
    table.caption = (
        ("Mean of trials: in brackets where 95 % of single trials of this size fall. " if several else "")
        + "One trial, published: in brackets 95 % CI unless marked. Research software: not for clinical use."
    )
    table.caption_justify = "left"
    return table


def uncertainty_table(record: Record, source: str) -> Table:
    """Table of each kind of uncertainty of one result, and of where it goes beyond the evidence.

    Parameters
    ----------
    record : mapping
        A summary record with replicates, such as the main hazard ratio.
    source : str
        Where the parameters came from, in words.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"Uncertainty of the {what(record)} of {endpoint_of(record).lower()}, each kind apart"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    spread = record.get("replicates")
    for row in uncertainty_rows(spread, int(record["n"]), source) if spread else [("all", "not computed", "run replicates to see it")]:
        table.add_row(*(Text(cell) for cell in row))
    for words in record.get("extrapolation") or ():
        table.add_row(Text("extrapolation", style="yellow"), "", Text(words))
    return table


def _short(measure: str, part: Record, mc_se: float | None = None) -> str:
    """Value, Monte-Carlo error and interval, as short as can be."""
    text = number(measure, part.get("value"))
    if mc_se is not None:
        text += f" ± {number(measure, mc_se)}"
    low, high, level = part.get("ci_low"), part.get("ci_high"), part.get("ci_level")
    if low is None and high is None:
        return text
    ends = [number(measure, end).removesuffix(" %") if end is not None else "open" for end in (low, high)]
    mark = f"; {100 * level:.4g} %" if level is not None and level != 0.95 else ""
    return f"{text} ({ends[0]} to {ends[1]}{mark})"
