"""``paget validate``: predict what was held out of every fit, and score the predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import (
    Evidence,
    Histories,
    Only,
    Overwrite,
    Posteriors,
    Quiet,
    Replicates,
    Resume,
    Seed,
    SpreadDraws,
    Threads,
    TrialPatients,
    console,
)
from paget.cli.progress import Bars


@app.command()
def validate(
    parameters: Posteriors = None,
    protocol: Annotated[
        list[str] | None, typer.Option(help="A protocol of your own: what was published of it is predicted too (several allowed).")
    ] = None,
    evidence: Evidence = None,
    only: Only = None,
    replicates: Replicates = 200,
    draws: SpreadDraws = None,
    histories: Histories = 40_000,
    patients: TrialPatients = None,
    seed: Seed = 1,
    threads: Threads = None,
    out: Annotated[Path, typer.Option(help="Folder of the results, and of the runs behind them.")] = Path("validation"),
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Predict every study that is held out of the fit, and score the predictions.

    Writes validation.json, validation.md, figures, and one run folder a trial. Results are shown whether good or bad.

      paget validate
      paget validate --parameters blind --only mf0701-10y
      paget validate --protocol my-trial.yaml --evidence my-facts.yaml
    """
    from paget.validation import validate as run
    from paget.validation.show import render

    with Bars(quiet=quiet) as progress:
        found = run(
            parameters, protocols=protocol or (), evidence=evidence or (), only=only, replicates=replicates, draws=draws,
            histories=histories, patients=patients, seed=seed, threads=threads, out=out, resume=resume, overwrite=overwrite,
            progress=progress,
        )  # fmt: skip
    console().print(render(found.report))
    console().print(f"Folder: {found.path}", soft_wrap=True)
