"""``paget parameters``: every number of the model, where it comes from, and what share is sourced, fitted or assumed."""

from __future__ import annotations

from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import console
from paget.errors import unknown

numbers = typer.Typer(no_args_is_help=True, help="The numbers of the model: what each is, where it comes from, how many are assumed.")
app.add_typer(numbers, name="parameters")
Under = Annotated[
    str | None, typer.Option("--parameters", help="A posterior (blind, informed or a file): what it moved counts as fitted.")
]


@numbers.command("list")
def list_(
    words: Annotated[list[str] | None, typer.Argument(help="Only those with all these words in name, meaning or reason.")] = None,
    basis: Annotated[str | None, typer.Option(help="sourced, fitted, placed, assumed or switch.")] = None,
    source: Annotated[str | None, typer.Option(help="Only those that rest on this study (evidence id).")] = None,
    parameters: Under = None,
) -> None:
    """List parameters, filtered by words, basis or source.

    paget parameters list dormancy
    paget parameters list --basis assumed
    """
    from rich.table import Table
    from rich.text import Text

    from paget.evidence import load
    from paget.parameters import declared
    from paget.parameters.shares import BASES, basis_of, choose, fitted_names

    if basis is not None and basis not in (*BASES, "switch"):
        raise unknown("basis", basis, (*BASES, "switch"))
    moved = fitted_names(_posterior(parameters))
    study = None if source is None else load().resolve(source)
    found = choose(declared().values(), basis=basis, words=" ".join(words or ()), source=study, fitted=moved)
    table = Table(box=None, pad_edge=False)
    for name in ("parameter", "value", "unit", "basis", "what"):
        table.add_column(name, overflow="fold", no_wrap=name in ("parameter", "basis"))
    for p in found:
        shown = f"{p.values[0]:g}" if p.index is None else f"{min(p.values):g} to {max(p.values):g}"
        table.add_row(*map(Text, (p.name, shown, p.unit, basis_of(p, moved), p.what)))
    console().print(table)
    typer.echo(f"{len(found)} of {len(declared())} parameters")


@numbers.command("show")
def show(name: Annotated[str, typer.Argument(help="Name of a parameter.")]) -> None:
    """Show one parameter: values, prior, reason, sources.

    paget parameters show founding_rate_per_day
    """
    from paget.cli.showing import show_thing
    from paget.parameters import declared

    if name not in declared():
        raise unknown("parameter", name, declared())
    show_thing(name)


@numbers.command("share")
def share(parameters: Under = None) -> None:
    """Tell the share of parameters that are sourced, fitted, placed and assumed.

    paget parameters share
    """
    from rich.table import Table

    from paget.parameters.shares import MEANING, shares

    table = Table(box=None, pad_edge=False)
    for column in ("basis", "parameters", "share", "numbers", "with a source", "meaning"):
        table.add_column(column, justify="left" if column in ("basis", "meaning") else "right", overflow="fold")
    found = shares(_posterior(parameters))
    for one in found:
        table.add_row(
            one.basis, str(one.parameters), f"{100 * one.share:.0f} %", str(one.numbers), str(one.with_source), MEANING[one.basis]
        )
    table.add_row("all", str(sum(one.parameters for one in found)), "", str(sum(one.numbers for one in found)), "", "without switches")
    console().print(table)


def _posterior(name: str | None):  # type: ignore[no-untyped-def]  # the type would import what help must not
    if name is None:
        return None
    from paget.parameters.posterior import load

    return load(name)
