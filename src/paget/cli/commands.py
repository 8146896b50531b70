"""The commands that every user meets: run, protocols, show, patient, check, selftest, population, anchors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli import analyse as _analyse  # noqa: F401  registers its command
from paget.cli import calibrate as _calibrate  # noqa: F401  registers its command
from paget.cli import credibility as _credibility  # noqa: F401
from paget.cli import design as _design  # noqa: F401  registers its command
from paget.cli import evidence as _evidence  # noqa: F401  registers its commands
from paget.cli import instruments as _instruments  # noqa: F401
from paget.cli import parameters as _parameters  # noqa: F401
from paget.cli import registry as _registry  # noqa: F401
from paget.cli import therapies as _therapies  # noqa: F401
from paget.cli import validate as _validate  # noqa: F401
from paget.cli.app import app
from paget.cli.options import (
    Draw,
    Evidence,
    Overwrite,
    Parameters,
    ProtocolName,
    Quiet,
    Resume,
    Seed,
    Set,
    SpreadDraws,
    Switch,
    Therapies,
    Threads,
    console,
    factors,
    pairs,
    processors,
)
from paget.cli.progress import Bars
from paget.errors import PagetError


@app.command()
def run(
    protocol: ProtocolName,
    patients: Annotated[int | None, typer.Option(help="Patients randomised; the real trial's number by default.", min=2)] = None,
    seed: Seed = 1,
    replicates: Annotated[int, typer.Option(help="Further trials of the same size, each with other patients.", min=0)] = 200,
    twins: Annotated[bool, typer.Option("--twins", help="Let every patient live both arms: who gains, who loses.")] = False,
    parameters: Parameters = None,
    draws: SpreadDraws = None,
    out: Annotated[Path | None, typer.Option(help="Folder; runs/<protocol>-s<seed>-<hash8> by default.")] = None,
    threads: Threads = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    switch: Switch = None,
    set_: Set = None,
    therapy: Therapies = None,
    evidence: Evidence = None,
    quiet: Quiet = False,
) -> None:
    """Simulate a trial and set it beside what the real one reported.

    Writes tables (CDISC ADaM), summary.json, figures and report.html into a run folder.

      paget run e2108
      paget run e2108 --parameters point
      paget run my-trial.yaml --patients 400 --replicates 50 --out trial-a
      paget run mf07-01 --switch operative_cost=0 --set immune_kill_per_day=0.0006
    """
    import threading

    from paget.report.save import warm

    threading.Thread(target=warm, daemon=True).start()  # drawing needs a second of imports: while kernels run
    from paget.engine.run import run as simulate

    with Bars(quiet=quiet) as progress:
        result = simulate(
            protocol, patients=patients, seed=seed, replicates=replicates, twins=twins, out=out, threads=threads,
            resume=resume, overwrite=overwrite, parameters=parameters, draws=draws, changes=pairs(set_, "--set"), switches=factors(switch),
            therapies=therapy or (), evidence=evidence or (), progress=progress,
        )  # fmt: skip
    from paget.report.terminal import comparison_table, uncertainty_table

    out_ = console()
    out_.print(comparison_table(result.summary, title=f"{protocol}: simulated beside published (seed {seed})"))
    effect = result.estimand
    if effect is not None:
        out_.print(uncertainty_table(effect, result.manifest["parameters"]))
    if note := result.manifest["parameters_note"]:
        out_.print(note, style="yellow", highlight=False)
    for name, told in result.manifest["therapies"].items():
        out_.print(f"{name}: {', '.join(told)}", style="yellow", highlight=False)
    out_.print(f"Report: {result.report}", highlight=False, soft_wrap=True)


@app.command()
def protocols() -> None:
    """List the trials that come with Paget."""
    from rich.table import Table

    from paget.study import load_protocol, shipped

    table = Table(title="Protocols", title_justify="left", box=None, pad_edge=False)
    for column in ("name", "patients", "arms", "question"):
        table.add_column(column, overflow="fold")
    for name in shipped():
        one = load_protocol(name, check_evidence=False)
        table.add_row(name, str(one.accrual.patients), " / ".join(arm.id for arm in one.arms), one.question)
    console().print(table)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="A protocol, registry, parameter, therapy, instrument, regimen, standard of care; or a file.")
    ],
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of protocols, for editors.")] = False,
) -> None:
    """Show a protocol as resolved, or what stands behind a parameter, a treatment or an instrument.

    paget show e2108
    paget show founding_rate_per_day
    paget show docetaxel
    paget show "2012"
    """
    from paget.cli.showing import show_thing

    if schema:
        import json

        from paget.study import json_schema

        typer.echo(json.dumps(json_schema(), indent=2))
        return
    show_thing(name)


@app.command()
def patient(
    protocol: ProtocolName,
    id_: Annotated[int, typer.Option("--id", help="Place of the patient in the trial, from 1.", min=1)] = 1,
    arm: Annotated[str | None, typer.Option(help="Live her in this arm; the one she was randomised to by default.")] = None,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Folder of the figure (PNG, SVG and CSV); runs/patients by default.")] = None,
    parameters: Parameters = None,
    draw: Draw = None,
    threads: Threads = None,
) -> None:
    """Live one patient of a trial in full: a timeline, and a figure of her lesions.

    paget patient e2108 --id 42
    paget patient e2108 --id 42 --arm systemic --out figures
    """
    from paget.cli.showing import show_patient

    show_patient(protocol, id_, arm, seed, out, threads, parameters, draw)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A file of any kind that a user may write, or the name of a shipped one.")],
    dry_run: Annotated[bool, typer.Option("--dry-run/--no-dry-run", help="For a protocol: how many would be eligible.")] = True,
    evidence: Evidence = None,
) -> None:
    """Say what is wrong with a file, or what it means: a protocol is resolved and tried on a small population.

    paget check my-trial.yaml
    paget check my-therapy.yaml
    paget check my-facts.yaml
    paget check my-targets.yaml
    """
    from paget.cli.showing import check_file
    from paget.evidence import using

    with using(evidence or ()):
        check_file(file, dry_run)


@app.command()
def selftest() -> None:
    """Check the statistics on this machine against reference numbers from R."""
    from rich.table import Table

    from paget.analysis import selftest as checks

    table = Table(title="Statistics against reference values", title_justify="left", box=None, pad_edge=False)
    for column in ("check", "expected", "got", "tolerance", ""):
        table.add_column(column, overflow="fold")
    found = checks()
    for one in found:
        table.add_row(one.name, f"{one.expected:.10g}", f"{one.got:.10g}", f"{one.tolerance:g}", "PASS" if one.ok else "FAIL")
    console().print(table)
    failed = sum(not one.ok for one in found)
    typer.echo(f"{len(found) - failed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


population = typer.Typer(no_args_is_help=True, help="The cache of natural histories grown to diagnosis.")
app.add_typer(population, name="population")


@population.command("make")
def population_make(
    blocks: Annotated[int, typer.Option(help="Blocks of 65,536 natural histories.", min=1)] = 8,
    seed: Seed = 1,
    source: Annotated[str, typer.Option(help="de-novo, relapse, both or early.")] = "de-novo",
    parameters: Parameters = None,
    draw: Draw = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Grow natural histories now, so that later runs of this seed only read them.

    Under a posterior they are those of its middle draw, which the trial shown in full, registries, designs and single patients are lived
    under; the draws of replicates have populations of their own.

      paget population make --blocks 40
    """
    from rich.table import Table

    from paget.engine.draws import resolve_source
    from paget.population import BLOCK, Population, summary

    if source not in ("de-novo", "relapse", "both", "early"):
        raise PagetError("no such source of patients", where="--source", got=source, expected="de-novo, relapse, both or early")
    people = Population(resolve_source(parameters, draws=None, replicates=0, seed=seed, draw=draw).central, seed, source)
    rows = []
    with Bars(quiet=quiet) as progress:
        for number in range(blocks):
            progress("growing", number, blocks)
            rows.append(people.block(number, threads=processors(threads)))
    import polars as pl

    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in summary(pl.concat(rows)).items():
        table.add_row(name, f"{value:,.0f}" if value > 1.5 else f"{value:.3f}")
    console().print(table)
    typer.echo(f"{blocks * BLOCK:,} natural histories in {people.folder}")


@population.command("clear")
def population_clear() -> None:
    """Delete all cached populations and screenings."""
    from paget.population import clear_cache

    typer.echo(f"freed {clear_cache() / 1e6:.1f} MB")


@app.command()
def anchors(
    seed: Seed = 1,
    only: Annotated[list[str] | None, typer.Option(help="Only phenomena whose name holds this text (several allowed).")] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Set the model's natural history and treatment beside the published anchors, role by role."""
    from paget.cli.showing import show_anchors

    show_anchors(seed, only, threads, quiet)
