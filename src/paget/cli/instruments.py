"""The command ``paget instruments``: imaging, markers and assays of circulating tumour cells."""

from __future__ import annotations

from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import console
from paget.errors import unknown


@app.command("instruments")
def instruments_(
    kind: Annotated[str | None, typer.Option(help="imaging, marker, panel, cells, blood or schedule.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Set published sensitivities and rates beside what simulated patients give (minutes).")
    ] = False,
) -> None:
    """List the instruments: imaging, serum markers, assays of circulating tumour cells, schedules of follow-up.

    paget instruments --kind imaging
    paget show ct
    """
    from rich.table import Table

    from paget.clinic.instruments import KINDS, instruments

    if kind is not None and kind not in KINDS:
        raise unknown("kind of instrument", kind, KINDS, where="--kind")
    table = Table(box=None, pad_edge=False)
    columns = ("instrument", "study", "what", "patients", "published", "here", "role") if compare else ("id", "kind", "what")
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in ("published", "here") else "left")
    if compare:
        from paget.calibration.instruments import checks

        for one in checks():
            if kind is None or instruments()[one.instrument].kind == kind:
                what = f"{one.check.measure} of {one.check.of or one.check.endpoint}"
                setting = one.check.setting.replace("-", " ")
                table.add_row(
                    one.instrument, one.check.study, what, setting, f"{one.published:.2f}", f"{one.simulated:.2f}", one.check.role
                )
    else:
        for thing in instruments().values():
            if kind in (None, thing.kind):
                table.add_row(thing.id, thing.kind, thing.title)
    console().print(table)
