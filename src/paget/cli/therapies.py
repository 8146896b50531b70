"""The command ``paget therapies``: every treatment with its tier, class and site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from paget.cli.app import app
from paget.cli.options import Therapies, console
from paget.errors import PagetError, unknown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from paget.calibration.local_twins import LocalReading
    from paget.therapy import Library, Therapy

EVERYWHERE = "everywhere"
EARLY = "early disease"


@app.command()
def therapies(
    tier: Annotated[str | None, typer.Option(help="A: shown against a study; B: little evidence.")] = None,
    class_: Annotated[str | None, typer.Option("--class", help="Text in the class, such as taxane or ablation.")] = None,
    site: Annotated[str | None, typer.Option(help="Place that it acts on, such as liver or skin.")] = None,
    subtype: Annotated[str | None, typer.Option(help="Who may get it, such as TNBC.")] = None,
    hypothetical: Annotated[bool | None, typer.Option("--hypothetical/--real", help="Only hypothetical ones, or none.")] = None,
    therapy: Therapies = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Try the read-outs on twins (2,000; adjuvant 10,000), beside what was published (minutes).")
    ] = False,
) -> None:
    """List the therapies: what, tier, class, where it acts.

    paget therapies --tier A
    paget therapies --site liver
    paget therapies --class antibody --subtype TNBC
    """
    from rich.table import Table

    from paget.biology.layout import PLACES, SUBTYPES
    from paget.therapy import library

    if tier is not None and tier not in ("A", "B"):
        raise PagetError("no such tier", where="--tier", got=tier, expected="A or B")
    if site is not None and site not in PLACES:
        raise unknown("place", site, PLACES, where="--site")
    if subtype is not None and subtype not in SUBTYPES:
        raise unknown("subtype", subtype, SUBTYPES, where="--subtype")
    shelf = library(therapy or ())
    table = Table(box=None, pad_edge=False)
    for column in ("id", "what; class", "tier", "acts on"):
        table.add_column(column, overflow="fold", no_wrap=column == "id")  # names can be copied
    shown: list[Therapy] = []
    for one in shelf.therapies.values():
        places = tuple(one.local.places) if one.local is not None else ()
        if tier not in (None, one.tier) or (class_ is not None and class_.casefold() not in one.class_.casefold()):
            continue
        if site is not None and not one.systemic and site not in places:
            continue
        if subtype is not None and one.eligible.subtypes and subtype not in one.eligible.subtypes:
            continue
        if hypothetical is not None and hypothetical != one.hypothetical:
            continue
        early = [EARLY] if one.adjuvant is not None else []
        where = ", ".join(([EVERYWHERE] if one.systemic else []) + early + list(places))
        table.add_row(one.id, f"{one.title}; {one.class_}", ", ".join((one.tier, *one.badges)), where)
        shown.append(one)
    if compare:
        _compare(console(), shelf, shown)
        return
    console().print(table)
    console().print(f"{len(shown)} of {len(shelf.therapies)} therapies; `paget show NAME` tells all about one", highlight=False)


def _compare(out: Console, shelf: Library, shown: list[Therapy]) -> None:
    """Print what the read-outs of some therapies come to."""
    from rich.table import Table

    from paget.calibration.adjuvant import EarlyBench
    from paget.calibration.local_twins import LocalBench
    from paget.calibration.therapies import Bench
    from paget.cli.therapy_card import published

    bench, early, local = Bench(shelf), EarlyBench(shelf), LocalBench(shelf)
    table = Table(box=None, pad_edge=False)
    for column in ("therapy", "read-out", "with", "without", "difference (95 %)", "expected", "role", "published"):
        table.add_column(column, overflow="fold")
    for one in shown:
        for readout in one.readouts if one.systemic else ():
            got = bench.read(one.id, readout)
            after = f", after {readout.after}" if readout.after else ""
            what = f"{readout.endpoint.replace('-', ' ')} ({got.unit}): {readout.given} against {readout.against}{after}"
            table.add_row(
                one.id, what, f"{got.given:.2f}", f"{got.against:.2f}", f"{got.difference:+.2f} ({got.low:+.2f} to {got.high:+.2f})",
                readout.expect + ("" if got.holds else ", not so"), readout.role, published(readout.finding) if readout.finding else "-",
            )  # fmt: skip
        for relapse in one.adjuvant.readouts if one.adjuvant is not None else ():
            seen = early.read(one.id, relapse)
            low, high = seen.interval
            against = " + ".join(relapse.against) or "none"
            what = f"relapse (a year), years {relapse.years[0]:g} to {relapse.years[1]:g}: {' + '.join(relapse.given)} against {against}"
            table.add_row(
                one.id, what, f"{seen.given.rate:.2%}", f"{seen.against.rate:.2%}", f"x {seen.ratio:.2f} ({low:.2f} to {high:.2f})",
                relapse.expect + ("" if seen.holds else ", not so"), relapse.role, published(relapse.finding) if relapse.finding else "-",
            )  # fmt: skip
        if one.local is not None:
            _add_lesions(table, local.read(one.id), ", ".join(one.local.places))
    out.print(table)


def _add_lesions(table: Table, got: LocalReading, places: str) -> None:
    """Two rows of a local therapy: tumour left beside the untreated twin, and lesions eradicated beside the file's curve."""
    left, gone = got.left, got.eradicated
    table.add_row(
        got.therapy, f"tumour left in {places} after 12 weeks (share of the untreated twin's), {got.treated} treated", f"{left.value:.2f}",
        "1.00", f"{left.value - 1:+.2f} ({left.low - 1:+.2f} to {left.high - 1:+.2f})", "better" + ("" if got.holds else ", not so"),
        "input", "-",
    )  # fmt: skip
    table.add_row(
        got.therapy, "lesions eradicated (share)", f"{gone.value:.2f}", "0.00", f"{gone.value:+.2f} ({gone.low:+.2f} to {gone.high:+.2f})",
        f"{got.eradicated_by_file:.2f} by its file", "input", "-",
    )  # fmt: skip
