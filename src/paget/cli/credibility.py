"""``paget credibility``: compute the numbers and figures of the credibility pages, all of them, by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.progress import Bars


@app.command()
def credibility(
    parameters: Annotated[
        list[str] | None, typer.Option("--parameters", help="Posterior: blind, informed, point or a file (several allowed).")
    ] = None,
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
    replicates: Annotated[int, typer.Option(help="Simulated trials of each held-out trial.")] = 200,
    draws: Annotated[int | None, typer.Option(help="Draws of the posterior that they are spread over.", min=1)] = None,
    histories: Annotated[int, typer.Option(help="Natural histories a draw for figures that are no trials.", min=2000)] = 40_000,
    patients: Annotated[int | None, typer.Option(help="Patients a trial, to try things out; the real numbers by default.")] = None,
    lives: Annotated[int, typer.Option(help="Lives of each evaluation of what would flip.", min=500, max=20_000)] = 8_000,
    only: Annotated[list[str] | None, typer.Option(help="Validate only this study, row or protocol (several allowed).")] = None,
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 1,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors by default. Changes no result.", min=1)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Throw away the validation that is in the folder.")] = False,
) -> None:
    """Rebuild every generated number and figure of the credibility pages (an hour under both posteriors).

    paget credibility --calibration calibrations/shipped
    paget credibility --parameters point --replicates 40 --lives 4000
    """
    from paget.validation.credibility import credibility as build

    with Bars() as progress:
        path = build(
            parameters, docs=docs, work=work, calibration=calibration, sensitivity=sensitivity, checks=check or (),
            replicates=replicates, draws=draws, histories=histories, patients=patients, lives=lives, only=only, seed=seed,
            threads=threads, overwrite=overwrite, progress=progress,
        )  # fmt: skip
    typer.echo(f"Written: {path}")
