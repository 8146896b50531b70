"""``paget calibrate``: fit the model to its declared targets, and check the fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import Evidence, Overwrite, Quiet, Resume, Seed, Threads, processors
from paget.cli.progress import Bars
from paget.errors import PagetError


@app.command()
def calibrate(
    size: Annotated[str, typer.Option(help="tiny (seconds), laptop (under an hour on two processors), full (under three).")] = "laptop",
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Folder; calibrations/<what>-<size>-s<seed>-<hash8> by default.")] = None,
    threads: Threads = None,
    targets: Annotated[Path | None, typer.Option(help="A file of targets of your own instead of the shipped one.")] = None,
    check: Annotated[
        str | None, typer.Option(help="Instead of a fit: synthetic (five known truths, full model) or emulator (simulation-based).")
    ] = None,
    sensitivity: Annotated[
        Path | None, typer.Option(help="Instead of a fit: Morris, Sobol and tornado around the posterior in this folder of a fit.")
    ] = None,
    variants: Annotated[bool, typer.Option("--variants", help="Instead of a fit: fit every structural variant and compare.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the targets and stop.")] = False,
    evidence: Evidence = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit the model to its declared targets: two posteriors, one that never saw a trial of surgery and one that saw two.

    paget calibrate
    paget calibrate --size full --out calibrations/shipped
    paget calibrate --check synthetic --size tiny
    paget calibrate --sensitivity calibrations/shipped
    paget calibrate --variants
    """
    asked = [name for name, given in (("--check", check), ("--sensitivity", sensitivity), ("--variants", variants)) if given]
    if len(asked) > 1:
        raise PagetError(
            "one thing at a time", where=" ".join(asked), expected="one of --check, --sensitivity, --variants, or none for a fit"
        )
    from paget.cli import calibrating as show
    from paget.evidence import using

    if list_:
        with using(evidence or ()):
            show.list_targets(targets)
        return
    options = {
        "size": size, "seed": seed, "out": out, "threads": processors(threads), "targets": targets,
        "resume": resume, "overwrite": overwrite,
    }  # fmt: skip
    with using(evidence or ()), Bars(quiet=quiet) as progress:
        if check is not None:
            folder = show.run_check(check, progress=progress, **options)
        elif sensitivity is not None:
            folder = show.run_sensitivity(sensitivity, progress=progress, **options)
        elif variants:
            folder = show.run_variants(progress=progress, **options)
        else:
            folder = show.run_fit(progress=progress, **options)
    show.tell(folder)
