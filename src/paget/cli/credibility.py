"""``paget credibility``: compute the numbers and figures of the credibility pages, all of them, by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import Histories, Only, Overwrite, Posteriors, Quiet, Replicates, Seed, SpreadDraws, Threads, TrialPatients
from paget.cli.progress import Bars


@app.command()
def credibility(
    parameters: Posteriors = None,
    docs: Annotated[Path, typer.Option(help="Folder of the pages; numbers.json and figures/ are written there.")] = Path(
        "docs/credibility"
    ),
    work: Annotated[Path, typer.Option(help="Folder of the validation behind them; what is finished there is not done again.")] = Path(
        "validation"
    ),
    calibration: Annotated[Path | None, typer.Option(help="Folder of the fit (paget calibrate), to show how it met its targets.")] = None,
    sensitivity: Annotated[Path | None, typer.Option(help="Folder of paget calibrate --sensitivity.")] = None,
    check: Annotated[
        list[Path] | None, typer.Option(help="Folder of paget calibrate --check synthetic or emulator (several allowed).")
    ] = None,
    replicates: Replicates = 200,
    draws: SpreadDraws = None,
    histories: Histories = 40_000,
    patients: TrialPatients = None,
    lives: Annotated[int, typer.Option(help="Lives of each evaluation of what would flip.", min=4_000, max=20_000)] = 8_000,
    only: Only = None,
    seed: Seed = 1,
    threads: Threads = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Rebuild every generated number and figure of the credibility pages (an hour under both posteriors).

    paget credibility --calibration calibrations/shipped
    paget credibility --parameters point --replicates 40 --lives 4000
    """
    from paget.validation.credibility import credibility as build

    with Bars(quiet=quiet) as progress:
        path = build(
            parameters, docs=docs, work=work, calibration=calibration, sensitivity=sensitivity, checks=check or (),
            replicates=replicates, draws=draws, histories=histories, patients=patients, lives=lives, only=only, seed=seed,
            threads=threads, overwrite=overwrite, progress=progress,
        )  # fmt: skip
    typer.echo(f"Folder: {path}")
