"""What ``paget show`` prints of an instrument: its curve or its chance by burden, its errors, its numbers and their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paget.clinic.instruments import Imaging, Instrument, Schedule

DIAMETERS_CM = (0.3, 0.5, 1.0, 1.5, 2.0, 3.0)
BURDENS_CM3 = (0.0, 1.0, 10.0, 50.0, 200.0)
CELLS = (0.5, 2.0, 5.0, 20.0, 100.0)


def show_instrument(console: Any, one: Instrument) -> None:
    """Print an instrument.

    Parameters
    ----------
    console : rich.console.Console
    one : Instrument
    """
    from paget.clinic.instruments import CellAssay, Imaging, Marker, Panel, Schedule
    from paget.evidence import load, reference
    from paget.forms.quantities import numbers

    console.print(f"[bold]{one.title}[/bold] ({one.id})  {one.kind}\n{one.what}", soft_wrap=True)
    if isinstance(one, Imaging):
        _imaging(console, one)
    elif isinstance(one, Marker | Panel):
        _by_burden(console, one)
    elif isinstance(one, CellAssay):
        _by_cells(console, one)
    elif isinstance(one, Schedule):
        _schedule(console, one)
    console.print("[bold]Numbers[/bold]")
    cited: dict[str, None] = {}
    for path, number in numbers(one):
        value = getattr(number, "value", None)
        shown = f" {value:g}" if value is not None else ""
        sources = f" ({', '.join(number.sources)})" if number.sources else ""
        console.print(f"  {path}{shown}: {number.basis}. {number.reason}{sources}", soft_wrap=True)
        cited |= dict.fromkeys(number.sources)
    for check in getattr(one, "checks", ()):
        cited[check.study] = None
    console.print("[bold]Evidence[/bold]")
    for study in cited:
        console.print(f"  {study}: {reference(load()[study])}", soft_wrap=True)


def _table(console: Any, title: str, heads: list[str], rows: dict[str, list[str]]) -> None:
    from rich.table import Table

    console.print(f"[bold]{title}[/bold]")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for head in heads:
        table.add_column(head, justify="right")
    for name, cells in rows.items():
        table.add_row(name, *cells)
    console.print(table)


def _imaging(console: Any, one: Imaging) -> None:
    rows = {}
    for place, organ in one.places.items():
        wrong = f"{organ.false_positive.value:.1%}" if organ.false_positive else "-"
        rows[place] = [*(f"{organ.detects.at(cm):.2f}" for cm in DIAMETERS_CM), wrong]
    _table(console, "Share of lesions seen, by diameter", [*(f"{cm:g} cm" for cm in DIAMETERS_CM), "false positive"], rows)


def _by_burden(console: Any, one: Any) -> None:
    from paget.clinic.instruments import Panel
    from paget.clinic.markers import chance_raised, half_burden, median_baseline, panel_chance

    heads = [f"{burden:g} cm3" for burden in BURDENS_CM3]
    if isinstance(one, Panel):
        rows = {"above a cut-off": panel_chance(one, BURDENS_CM3)}
        if one.rise is not None:
            rows["risen over her own level"] = panel_chance(one, BURDENS_CM3, dynamic=True)
        half, spread = half_burden(one)
        note = f"half positive (beyond the false ones) at {half:.1f} cm3, sd of the log {spread:.2f}"
    else:
        rows = {"above the cut-off": chance_raised(one, BURDENS_CM3)}
        note = f"median without disease {median_baseline(one):.3g}, cut-off {one.cut_off.value:g} {one.unit}"
    _table(console, "Share positive, by burden", heads, {name: [f"{x:.2f}" for x in values] for name, values in rows.items()})
    console.print(note)


def _schedule(console: Any, one: Schedule) -> None:
    from paget.biology.layout import N_ORGANS, PLACES
    from paget.clinic.imaging import limits
    from paget.clinic.instruments import Panel, instrument
    from paget.clinic.markers import half_burden
    from paget.parameters import ParameterSet

    console.print(f"Visits every {one.every_months.value:g} months, until {one.until_months.value:g} months after the operation.")
    if one.panel is not None:
        panel = instrument(one.panel)
        assert isinstance(panel, Panel)
        burden, _ = half_burden(panel, dynamic=one.read == "rise")
        how = "a marker has risen over her own level" if one.read == "rise" else "a marker is above its cut-off"
        console.print(f"Blood for {one.panel}: positive when {how}, in half of patients from {burden:.1f} cm3.", soft_wrap=True)
    if not one.imaging and one.panel is None:
        console.print("Nothing looks for what is not felt: a relapse is found by its symptoms.")
        return
    detection = ParameterSet.point()["detection_cm"]
    rows = {}
    for words, names in (("at every visit", one.imaging), ("after a positive marker", one.work_up)):
        seen = limits(names, detection)
        rows[f"{words}: {', '.join(names) or 'nothing'}"] = [
            f"{seen[place] * own:.1f}" if place in seen else "-" for place, own in zip(PLACES[:N_ORGANS], detection, strict=True)
        ]
    _table(console, "Half of the lesions are seen from, cm", list(PLACES[:N_ORGANS]), rows)


def _by_cells(console: Any, one: Any) -> None:
    from paget.clinic.circulating import chance_of_clusters, chance_positive, expected_cells

    rows = {
        "cells expected": [f"{x:.1f}" for x in expected_cells(one, CELLS)],
        f"share with {one.positive_from.value:g} or more": [f"{x:.2f}" for x in chance_positive(one, CELLS)],
        "share with a cluster": [f"{x:.2f}" for x in chance_of_clusters(one, CELLS)],
    }
    _table(console, "By what the EpCAM assay would find on average in 7.5 ml", [f"{x:g}" for x in CELLS], rows)
