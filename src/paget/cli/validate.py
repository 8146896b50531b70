"""``paget validate``: predict what was held out of every fit, and score the predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.evidence import Extra
from paget.cli.progress import Bars


@app.command()
def validate(
    parameters: Annotated[
        list[str] | None, typer.Option("--parameters", help="Posterior: blind, informed, point or a file (several allowed).")
    ] = None,
    protocol: Annotated[list[str] | None, typer.Option(help="Your own protocol: what was published of it is predicted too.")] = None,
    evidence: Extra = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this study, row or protocol (several allowed).")] = None,
    replicates: Annotated[int, typer.Option(help="Simulated trials of each held-out trial.")] = 200,
    draws: Annotated[int | None, typer.Option(help="Draws of the posterior that they are spread over.", min=1)] = None,
    histories: Annotated[int, typer.Option(help="Natural histories a draw for figures that are no trials.", min=2000)] = 40_000,
    patients: Annotated[int | None, typer.Option(help="Patients a trial, to try things out; the real numbers by default.")] = None,
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 1,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors by default. Changes no result.", min=1)] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results and of the runs behind them.")] = Path("validation"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished validation of the same request.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Throw away the validation that is in the folder.")] = False,
) -> None:
    """Predict every study that is held out of the fit, and score the predictions.

    Writes validation.json, validation.md, figures, and one run folder a trial. Results are shown whether good or bad.

      paget validate
      paget validate --parameters blind --only mf0701-10y
      paget validate --protocol my-trial.yaml --evidence my-facts.yaml
    """
    from rich.console import Console

    from paget.validation import validate as run
    from paget.validation.show import render

    with Bars() as progress:
        found = run(
            parameters, protocols=protocol or (), evidence=evidence or (), only=only, replicates=replicates, draws=draws,
            histories=histories, patients=patients, seed=seed, threads=threads, out=out, resume=resume, overwrite=overwrite,
            progress=progress,
        )  # fmt: skip
    console = Console()
    console.print(render(found.report))
    console.print(f"Written: {found.path}", highlight=False, soft_wrap=True)
