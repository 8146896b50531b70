"""``paget analyse``: the effect of a treatment from a user's own observational survival data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import Quiet, Seed
from paget.cli.progress import Bars
from paget.errors import PagetError

ESTIMANDS = (
    "ladder", "ever-never", "immortal-excluded", "time-varying", "landmark", "matching", "iptw", "iptw-landmark", "sequential", "ccw",
)  # fmt: skip


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _numbers(text: str, option: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in _names(text))
    except ValueError:
        found = ()
    if not found:
        raise PagetError(f"{option} takes numbers separated by commas", where=option, got=text, expected="such as 3,6,9,12")
    return found


@app.command()
def analyse(
    file: Annotated[
        str,
        typer.Argument(help="CSV or Parquet, a folder of ADaM tables, or example:heart, example:rotterdam, example:gbsg."),
    ],
    estimand: Annotated[str, typer.Option(help="One of " + ", ".join(ESTIMANDS) + ".")] = "ladder",
    time: Annotated[str | None, typer.Option(help="Column of the time from time zero to the outcome or the end of follow-up.")] = None,
    event: Annotated[str | None, typer.Option(help="Column of the outcome, 0 or 1.")] = None,
    event_value: Annotated[str | None, typer.Option(help="The value of --event that means the outcome, if not 1.")] = None,
    treated_at: Annotated[str | None, typer.Option(help="Column of the time of treatment; empty where never treated.")] = None,
    treated: Annotated[str | None, typer.Option(help="Column of 0 and 1, where treatment is decided at time zero.")] = None,
    adjust_for: Annotated[str | None, typer.Option(help="Covariates, separated by commas.")] = None,
    curved: Annotated[str | None, typer.Option(help="Covariates that enter as curves (restricted cubic splines), or all.")] = None,
    knots: Annotated[int, typer.Option(help="Knots of each curve.", min=3, max=4)] = 4,
    id_: Annotated[str | None, typer.Option("--id", help="Column of identifiers.")] = None,
    entry: Annotated[str | None, typer.Option(help="Column of late entry (left truncation).")] = None,
    unit: Annotated[str, typer.Option(help="Unit of the times in the file: days, weeks, months or years.")] = "months",
    landmark: Annotated[str, typer.Option(help="Landmarks in months; the first for a single analysis.")] = "3,6,9,12",
    grace: Annotated[float, typer.Option(help="Grace period of ccw, and landmark of iptw-landmark, in months.")] = 6.0,
    tau: Annotated[float | None, typer.Option(help="Horizon of restricted means in months; what a tenth reach by default.")] = None,
    truncate: Annotated[float | None, typer.Option(help="Share of weights cut off at each end, such as 0.01.")] = None,
    unless: Annotated[str | None, typer.Option(help="For ccw: a time-varying covariate that excuses from treatment.")] = None,
    varying: Annotated[Path | None, typer.Option(help="Table of time-varying covariates: identifier, from, values.")] = None,
    varying_from: Annotated[str, typer.Option(help="Column of that table that says from when a row holds.")] = "from_months",
    negative_control: Annotated[str | None, typer.Option(help="Columns of time and event of an outcome untouched by treatment.")] = None,
    bootstrap: Annotated[
        int, typer.Option(help="Resamples for intervals; 0 for robust intervals. Goes on where it was stopped.", min=0)
    ] = 0,
    seed: Seed = 1,
    missing: Annotated[str, typer.Option(help="Patients without a covariate: error or drop.")] = "error",
    treatment: Annotated[str | None, typer.Option(help="Name of the treatment in texts.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Name of the outcome in texts.")] = None,
    time_zero: Annotated[str | None, typer.Option(help="Name of time zero in texts.")] = None,
    paramcd: Annotated[str, typer.Option(help="Endpoint of ADaM tables.")] = "OS",
    treated_date: Annotated[str, typer.Option(help="ADSL column of the date of treatment.")] = "SURGDT",
    out: Annotated[Path | None, typer.Option(help="Folder; runs/analyse/<file>-<estimand> by default.")] = None,
    quiet: Quiet = False,
) -> None:
    """Estimate the effect of a treatment from observational survival data, by one analysis or by all of them.

    Prints a table; writes analysis.json, figures and the TARGET (2025) table.

      paget analyse example:heart --adjust-for age,surgery
      paget analyse example:rotterdam --estimand iptw --adjust-for age,meno,size,grade,nodes,pgr,er
      paget analyse registry.csv --time os_months --event dead --treated-at surgery_month --adjust-for age,ecog
    """
    from paget.analysis.causal import example
    from paget.analysis.causal.data import MISSING, UNITS
    from paget.cli import analysing as work
    from paget.cli import analysis_output as output
    from paget.errors import unknown

    for option, value, known in (("estimand", estimand, ESTIMANDS), ("unit", unit, UNITS), ("missing", missing, MISSING)):
        if value not in known:
            raise unknown(option, value, known, where=f"--{option}")
    texts = {"treatment": treatment, "outcome": outcome, "time_zero": time_zero}
    names = {key: value for key, value in texts.items() if value is not None}
    covariates = _names(adjust_for)
    control = _names(negative_control)
    if negative_control is not None and len(control) != 2:
        raise PagetError("--negative-control takes two columns", got=negative_control, expected="TIME,EVENT")
    if file.startswith("example:"):
        data = example(file.removeprefix("example:"))
        work.refuse_columns(
            {
                "--time": time, "--event": event, "--event-value": event_value, "--treated-at": treated_at, "--treated": treated,
                "--id": id_, "--entry": entry, "--varying": varying, "--unless": unless, "--negative-control": negative_control,
            }
        )  # fmt: skip
    elif Path(file).is_dir():
        data = work.read_adam(Path(file), paramcd, treated_date, covariates, missing, names)
    else:
        data = work.read_file(
            Path(file), months=time, event=event, event_value=event_value, treated_months=treated_at, treated=treated,
            covariates=covariates, id=id_, entry_months=entry, unit=unit, missing=missing, varying=varying,
            varying_from=varying_from, negative_control=control or None, unless=unless, names=names,
        )  # fmt: skip
    if curved is not None:
        data = work.curve(data, covariates, _names(curved), knots)
    request = work.Request(
        estimand=estimand, adjust_for=covariates, curved=tuple(name for name in covariates if name in data.splines),
        landmark_months=_numbers(landmark, "--landmark"), grace_months=grace, tau_months=tau,
        truncate=truncate, unless=unless, bootstrap=bootstrap, seed=seed,
    )  # fmt: skip
    folder = out or Path("runs") / "analyse" / f"{Path(file.replace(':', '-')).name.split('.')[0]}-{estimand}"
    with Bars(quiet=quiet) as progress:
        result = work.run(data, request, progress, folder)
    output.write(result, folder, file)  # before printing: a pipe that is closed takes no result away
    output.show(result)
    typer.echo(f"Folder: {folder}")
