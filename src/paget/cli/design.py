"""``paget design``: how large a trial must be, of whom, and what it would find if the model were right."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.progress import Bars

WIDE = 112
"""Columns of a table that goes into a file or a pipe."""


@app.command()
def design(
    protocol: Annotated[str, typer.Argument(help="Name of a shipped protocol, or path of a protocol file.")],
    vary: Annotated[
        list[str] | None,
        typer.Option(help="KEY=A,B: a key of the protocol, design.*, parameters.* or switches.*; n is short for accrual.patients."),
    ] = None,
    trials: Annotated[int, typer.Option(help="Trials of each scenario, and as many with no effect.")] = 1000,
    looks: Annotated[str, typer.Option(help="How many looks, or information times: 0.5,0.75,1.")] = "1",
    boundary: Annotated[
        str, typer.Option(help="obrien-fleming, pocock, lan-demets-of, lan-demets-pocock, or hsd:GAMMA.")
    ] = "lan-demets-of",
    futility: Annotated[
        str, typer.Option(help="Spending of the second error: lan-demets-of, lan-demets-pocock, hsd:GAMMA, none.")
    ] = "none",
    binding: Annotated[bool, typer.Option("--binding", help="Futility must be obeyed.")] = False,
    primary: Annotated[str, typer.Option(help="Test by which a trial finds a benefit: logrank, cox, rmst, maxcombo.")] = "logrank",
    alpha: Annotated[float, typer.Option(help="One-sided error of the first kind.")] = 0.025,
    power: Annotated[float, typer.Option(help="Power aimed at: by the search, by futility, in figures.")] = 0.8,
    accrual_per_month: Annotated[
        float | None, typer.Option(help="Patients a month; accrual then lasts as long as it must. By default as long as the protocol says.")
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(help="Look for the smallest trial: all, a subgroup of the protocol, or every (several allowed)."),
    ] = None,
    most_patients: Annotated[int, typer.Option(help="Largest trial that the search looks at.")] = 10_000,
    switching: Annotated[int, typer.Option(help="Compare analyses of crossover (RPSFT, IPCW) in so many trials.")] = 0,
    parameters: Annotated[
        str | None,
        typer.Option(
            "--parameters", help="blind or informed (fitted posteriors), point (one set), or the file of a posterior; blind by default."
        ),
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of the posterior, for assurance and the value of information.", min=0)] = 0,
    draw_trials: Annotated[int, typer.Option(help="Trials of each draw.")] = 200,
    draw_pool: Annotated[int, typer.Option(help="Patients prepared for each draw.")] = 2000,
    endpoint: Annotated[str | None, typer.Option(help="OS, PFS, DPFS or TTLRP; the estimand's by default.")] = None,
    test: Annotated[list[str] | None, typer.Option(help="Tests beside the log-rank test: cox, rmst, maxcombo. All by default.")] = None,
    null: Annotated[bool, typer.Option("--null/--no-null", help="Trials with no effect, for the error of the first kind.")] = True,
    pool: Annotated[int, typer.Option(help="Patients of the prepared population, at least.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder; runs/design-<protocol>-s<seed>-<hash8> by default.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors by default. Changes no result.", min=1)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished design of the same request.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Throw away what is in the folder.")] = False,
    switch: Annotated[list[str] | None, typer.Option("--switch", help="Multiply a mechanism: --switch residual=0.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Set a parameter: --set wound_awakening=2.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Design a trial: power and type-I error of scenarios, by simulation from the model and by formula.

    Writes scenarios.csv, design.json, trials.parquet, figures and report.html into a folder.

      paget design mf07-01 --vary n=200,400,800 --vary follow_up.data_cut_months=36,60
      paget design mf07-01 --looks 0.5,0.75,1 --boundary lan-demets-of --futility hsd:-2
      paget design mf07-01 --search all --search solitary-bone --power 0.9
      paget design mf07-01 --search all --primary rmst
      paget design e2108 --switching 200
      paget design mf07-01 --vary n=1000 --draws 20
    """
    from paget.cli.commands import _pairs
    from paget.design.options import DesignOptions
    from paget.design.run import design as make
    from paget.design.show import design_tables, parse_looks, populations
    from paget.design.vary import parse_vary

    options = DesignOptions()
    given = {"test": primary, "looks": parse_looks(looks), "alpha": alpha, "boundary": boundary, "futility": futility}
    for name, value in {**given, "binding": binding, "beta": 1.0 - power}.items():
        options = options.with_option(name, value)
    if accrual_per_month is not None:
        options = options.with_option("accrual_per_month", accrual_per_month)
    with Bars(quiet=quiet) as progress:
        found = make(
            protocol, vary=parse_vary(vary or []), options=options, trials=trials, null=null, pool=pool, seed=seed, endpoint=endpoint,
            tests=test or ("cox", "rmst", "maxcombo"), power=power, search=populations(search or [], protocol),
            most_patients=most_patients, switching=switching, parameters=parameters, draws=draws, draw_trials=draw_trials,
            draw_pool=draw_pool, changes=_pairs(set_ or [], "--set"),
            switches=_pairs(switch or [], "--switch"),
            out=out, threads=threads, resume=resume, overwrite=overwrite, progress=progress, command=_command(),
        )  # fmt: skip
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, WIDE))
    for table in design_tables(found.data):
        console.print(table)
    console.print(f"Report: {found.report}", highlight=False, soft_wrap=True)


def _command() -> str:
    """What was typed, without what changes no result."""
    words = sys.argv[1:]
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("--out", "--threads"):
            skip = True
        elif word not in ("--resume", "--overwrite", "--quiet", "-q") and not word.startswith(("--out=", "--threads=")):
            kept.append(word)
    return shlex.join(["paget", *kept])
