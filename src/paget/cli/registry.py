"""``paget registry``: the same virtual patients seen through a registry, and which analysis would have told the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.progress import Bars


@app.command("registry")
def registry_(
    name: Annotated[str | None, typer.Argument(metavar="[REGISTRY]", help="Name of a shipped registry, or a file; none: list.")] = None,
    patients: Annotated[int | None, typer.Option(help="Patients in the registry; the file's number by default.")] = None,
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 1,
    null: Annotated[bool, typer.Option("--null", help="An operation without any effect: what would the registry report?")] = False,
    staging: Annotated[str | None, typer.Option(help="Stage everybody so: conventional or pet-ct.")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Switch off a bias of practice: early-staging, stage-migration, response-gate, selection."),
    ] = None,
    parameters: Annotated[
        str | None,
        typer.Option("--parameters", help="blind or informed (fitted posteriors), point, or the file of a posterior; blind by default."),
    ] = None,
    draw: Annotated[int | None, typer.Option(help="Draw of the posterior; its middle one by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/<registry>-s<seed>-<hash8> by default.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors by default. Changes no result.", min=1)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run of the same request.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Throw away the run that is in the folder.")] = False,
    switch: Annotated[list[str] | None, typer.Option("--switch", help="Multiply a mechanism: --switch residual=0.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Set a parameter: --set wound_awakening=2.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Simulate a registry: the bias ladder beside the truth, and where the bias comes from.

    Writes the registry's data, the truth, summary.json, figures and report.html into a run folder.

      paget registry ncdb-like
      paget registry ncdb-like --null --patients 50000
      paget registry my-registry.yaml --without response-gate --out mine
    """
    if name is None:
        _list()
        return
    import threading

    from paget.report.save import warm

    threading.Thread(target=warm, daemon=True).start()  # drawing needs a second of imports: while kernels run
    from paget.cli.commands import _pairs
    from paget.engine.registry.run import run_registry

    with Bars(quiet=quiet) as progress:
        result = run_registry(
            name, patients=patients, seed=seed, null=null, staging=staging, without=without or (), out=out, threads=threads,
            resume=resume, overwrite=overwrite, parameters=parameters, draw=draw, changes=_pairs(set_ or [], "--set"),
            switches=_pairs(switch or [], "--switch"),  # type: ignore[arg-type]
            progress=progress,
        )  # fmt: skip
    from rich.console import Console

    from paget.report.registry import decomposition_table, ladder_table
    from paget.study.registry import load_registry

    console, summary = Console(), result.summary
    words = load_registry(name, check_evidence=False).operation.words
    what = words.sham if null else words.about
    title = f"{name}: {what} (seed {seed}, {summary['counts']['patients']:,} patients)"
    console.print(ladder_table(summary["ladder"], title=title, width=console.width))
    console.print(decomposition_table(summary["decomposition"]["on"], summary["decomposition"]["steps"]))
    for item in summary["published"]:
        interval = f" ({item['ci_low']:.2f} to {item['ci_high']:.2f})" if item["ci_low"] is not None else ""
        line = f"Published: {item['hazard_ratio']:.2f}{interval}  {item['label']} [{item['evidence']}]"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(f"Parameters: {result.manifest['parameters']}", highlight=False, soft_wrap=True)
    if note := result.manifest["parameters_note"]:
        console.print(note, highlight=False, soft_wrap=True)
    console.print(f"Report: {result.report}", highlight=False, soft_wrap=True)


def _list() -> None:
    from rich.console import Console
    from rich.table import Table

    from paget.study.registry import load_registry, shipped_registries

    table = Table(title="Registries", title_justify="left", box=None, pad_edge=False)
    for column in ("name", "patients", "years", "made after"):
        table.add_column(column, overflow="fold")
    for name in shipped_registries():
        one = load_registry(name, check_evidence=False)
        table.add_row(name, str(one.patients), f"{one.first_year}-{one.periods[-1].last_year}", one.resembles)
    Console().print(table)


def check_registry(file: Path) -> None:
    """Say what a registry file means, or what is wrong with it."""
    from paget.engine.registry.run import check_registry_names
    from paget.study.registry import load_registry, registry_to_yaml

    registry = load_registry(file)
    check_registry_names(registry, str(file))
    typer.echo(registry_to_yaml(registry))
    typer.echo(f"{file}: a valid registry")
