"""The tables that a run prints: simulated beside published, with the role of each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from paget.report.records import Record, headline, number, what, who, with_interval

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

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column("Result", overflow="fold")
    table.add_column("Arm", overflow="fold")
    table.add_column("Simulated", overflow="fold")
    table.add_column("Published", overflow="fold")
    table.add_column("Role")
    last = None
    for record in headline(records, all_records=all_records):
        measure = str(record["measure"])
        simulated = with_interval(measure, record)
        if record.get("mc_se") is not None:
            simulated += f" ± {number(measure, record['mc_se'])}"
        published = record.get("published")
        name = what(record)
        # texts, not strings: a label in square brackets is not markup
        cells = (
            "" if name == last else name,
            who(record, labels),
            simulated,
            with_interval(measure, published) if published else "not read",
            str(record.get("role", "")),
        )
        table.add_row(*(Text(cell, style="" if published or i < 3 else "dim") for i, cell in enumerate(cells)))
        last = name
    table.caption = "± Monte-Carlo standard error. Research software: not for clinical use."
    table.caption_justify = "left"
    return table
