"""The options that several commands share, so that each has one name, one meaning and one help text everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paget.errors import PagetError

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 112
"""Columns of what goes into a file or a pipe."""

ProtocolName = Annotated[str, typer.Argument(help="Name of a shipped protocol, or path of a protocol file.")]
Seed = Annotated[int, typer.Option(help="Everything follows from it.", min=0, max=2**64 - 1)]
Threads = Annotated[int | None, typer.Option(help="Threads; all processors by default. Changes no result.", min=1)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the unfinished work of the same request that is in the folder.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Throw away what is in the folder.")]
Parameters = Annotated[
    str | None,
    typer.Option("--parameters", help="blind or informed (fitted posteriors), point (one set), or a posterior's file; blind by default."),
]
Posteriors = Annotated[
    list[str] | None,
    typer.Option("--parameters", help="blind, informed, point, or a posterior's file (several allowed); blind and informed by default."),
]
Draw = Annotated[int | None, typer.Option(help="Draw of the posterior; the one nearest to its middle by default.", min=0)]
Switch = Annotated[list[str] | None, typer.Option("--switch", help="Multiply a mechanism: --switch residual=0 (several allowed).")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Set a parameter: --set wound_awakening=2 (several allowed).")]
Therapies = Annotated[list[Path] | None, typer.Option("--therapy", help="A therapy file of your own (several allowed).")]
Evidence = Annotated[list[Path] | None, typer.Option("--evidence", help="A file of your own facts (several allowed).")]
Replicates = Annotated[int, typer.Option(help="Simulated trials of each held-out trial.", min=2)]
Histories = Annotated[int, typer.Option(help="Natural histories a draw for figures that are no trials.", min=2000)]
SpreadDraws = Annotated[
    int | None, typer.Option("--draws", help="Draws of the posterior that replicates are spread over; by default up to 20.", min=1)
]
TrialPatients = Annotated[
    int | None, typer.Option("--patients", help="Patients a trial, to try things out; the real numbers by default.", min=2)
]
Only = Annotated[list[str] | None, typer.Option(help="Only this study, row or protocol (several allowed).")]


def pairs(given: list[str] | None, option: str) -> dict[str, float | list[float]]:
    """``name=value`` options; several values of one parameter are separated by commas.

    Raises
    ------
    PagetError
        One is not of this form.

    Examples
    --------
    >>> pairs(["wound_days=30"], "--set")
    {'wound_days': 30.0}
    """
    found: dict[str, float | list[float]] = {}
    for item in given or ():
        name, equals, text = item.partition("=")
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if not equals or not numbers:
            raise PagetError(f"{option} takes name=number", where=option, got=item, expected=f"such as {option} wound_days=30")
        found[name.strip()] = numbers[0] if len(numbers) == 1 else numbers
    return found


def factors(given: list[str] | None, option: str = "--switch") -> dict[str, float]:
    """``name=value`` options with one value each.

    Raises
    ------
    PagetError
        One has several values, or is not of this form.
    """
    found: dict[str, float] = {}
    for name, value in pairs(given, option).items():
        if isinstance(value, list):
            raise PagetError(f"{option} takes one number", where=option, key=name, got=value)
        found[name] = value
    return found


def processors(threads: int | None) -> int:
    """Threads to work on: those asked for, or all processors."""
    return threads or os.cpu_count() or 1


def console() -> Console:
    """Where commands print: as wide as the terminal; wide enough for every table where it is a file or a pipe."""
    from rich.console import Console

    made = Console(highlight=False)
    return made if made.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=max(made.width, WIDE))
