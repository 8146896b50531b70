"""``paget registry``: the same virtual patients seen through a registry, and which analysis would have told the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import Draw, Overwrite, Parameters, Quiet, Resume, Seed, Set, Switch, Threads, console, factors, pairs
from paget.cli.progress import Bars


@app.command("registry")
def registry_(
    name: Annotated[str | None, typer.Argument(metavar="[REGISTRY]", help="Name of a shipped registry, or a file; none: list.")] = None,
    patients: Annotated[int | None, typer.Option(help="Patients in the registry; the file's number by default.")] = None,
    seed: Seed = 1,
    null: Annotated[bool, typer.Option("--null", help="An operation without any effect: what would the registry report?")] = False,
    staging: Annotated[str | None, typer.Option(help="Stage everybody so: conventional or pet-ct.")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Switch off a bias of practice: early-staging, stage-migration, response-gate, selection (several allowed)."),
    ] = None,
    parameters: Parameters = None,
    draw: Draw = None,
    out: Annotated[Path | None, typer.Option(help="Folder; runs/<registry>-s<seed>-<hash8> by default.")] = None,
    threads: Threads = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    switch: Switch = None,
    set_: Set = None,
    quiet: Quiet = False,
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
    from paget.engine.registry.run import run_registry

    with Bars(quiet=quiet) as progress:
        result = run_registry(
            name, patients=patients, seed=seed, null=null, staging=staging, without=without or (), out=out, threads=threads,
            resume=resume, overwrite=overwrite, parameters=parameters, draw=draw, changes=pairs(set_, "--set"), switches=factors(switch),
            progress=progress,
        )  # fmt: skip
    from paget.report.registry import decomposition_table, ladder_table
    from paget.study.registry import load_registry

    out_, summary = console(), result.summary
    words = load_registry(name, check_evidence=False).operation.words
    what = words.sham if null else words.about
    title = f"{name}: {what} (seed {seed}, {summary['counts']['patients']:,} patients)"
    out_.print(ladder_table(summary["ladder"], title=title, width=out_.width))
    out_.print(decomposition_table(summary["decomposition"]["on"], summary["decomposition"]["steps"]))
    for item in summary["published"]:
        interval = f" ({item['ci_low']:.2f} to {item['ci_high']:.2f})" if item["ci_low"] is not None else ""
        line = f"Published: {item['hazard_ratio']:.2f}{interval}  {item['label']} [{item['evidence']}]"
        out_.print(line, markup=False, soft_wrap=True)
    out_.print(f"Parameters: {result.manifest['parameters']}", soft_wrap=True)
    if note := result.manifest["parameters_note"]:
        out_.print(note, soft_wrap=True)
    out_.print(f"Report: {result.report}", soft_wrap=True)


def _list() -> None:
    from rich.table import Table

    from paget.study.registry import load_registry, shipped_registries

    table = Table(title="Registries", title_justify="left", box=None, pad_edge=False)
    for column in ("name", "patients", "years", "made after"):
        table.add_column(column, overflow="fold")
    for name in shipped_registries():
        one = load_registry(name, check_evidence=False)
        table.add_row(name, str(one.patients), f"{one.first_year}-{one.periods[-1].last_year}", one.resembles)
    console().print(table)


def check_registry(file: Path) -> None:
    """Say what a registry file means, or what is wrong with it."""
    from paget.engine.registry.run import check_registry_names
    from paget.study.registry import load_registry, registry_to_yaml

    registry = load_registry(file)
    check_registry_names(registry, str(file))
    typer.echo(registry_to_yaml(registry))
    typer.echo(f"{file}: a valid registry")
