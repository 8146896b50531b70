"""``paget design``: how large a trial must be, of whom, and what it would find if the model were right."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import Overwrite, Parameters, ProtocolName, Quiet, Resume, Seed, Set, Switch, Threads, console, factors, pairs
from paget.cli.progress import Bars


@app.command()
def design(
    protocol: ProtocolName,
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
    parameters: Parameters = None,
    draws: Annotated[int, typer.Option(help="Draws of the posterior, for assurance and the value of information.", min=0)] = 0,
    draw_trials: Annotated[int, typer.Option(help="Trials of each draw.")] = 200,
    draw_pool: Annotated[int, typer.Option(help="Patients prepared for each draw.")] = 2000,
    endpoint: Annotated[str | None, typer.Option(help="OS, PFS, DPFS or TTLRP; the estimand's by default.")] = None,
    test: Annotated[list[str] | None, typer.Option(help="Tests beside the log-rank test: cox, rmst, maxcombo. All by default.")] = None,
    null: Annotated[bool, typer.Option("--null/--no-null", help="Trials with no effect, for the error of the first kind.")] = True,
    pool: Annotated[int, typer.Option(help="Patients of the prepared population, at least.")] = 10_000,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Folder; runs/design-<protocol>-s<seed>-<hash8> by default.")] = None,
    threads: Threads = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    switch: Switch = None,
    set_: Set = None,
    quiet: Quiet = False,
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
            draw_pool=draw_pool, changes=pairs(set_, "--set"), switches=factors(switch),
            out=out, threads=threads, resume=resume, overwrite=overwrite, progress=progress, command=_command(),
        )  # fmt: skip
    for table in design_tables(found.data):
        console().print(table)
    console().print(f"Report: {found.report}", soft_wrap=True)


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
