"""What ``paget analyse`` does: reads the file, runs the analyses, prints and writes them."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from paget.analysis.causal import (
    NEED_WAITING,
    CausalEstimate,
    ObservationalData,
    Rung,
    TargetTable,
    bias_array,
    bootstrap,
    clone_censor_weight,
    default_tau,
    from_adam,
    negative_control,
    read_table,
    rungs_of,
    target_table,
    unanswered,
)
from paget.cli.options import console
from paget.cli.resamples import WORK, KeptResamples, fingerprint
from paget.errors import PagetError, unknown
from paget.progress import Progress

BEST = ("ccw", "sequential", "iptw-landmark", "iptw", "matching", "landmark", "time-varying", "ever-never")
"""Families whose adjusted row the TARGET table of a ladder is of: the first one that was answered."""


@dataclass(frozen=True)
class Request:
    """The choices of one call."""

    estimand: str
    adjust_for: tuple[str, ...]
    curved: tuple[str, ...]
    landmark_months: tuple[float, ...]
    grace_months: float
    tau_months: float | None
    truncate: float | None
    unless: str | None
    bootstrap: int
    seed: int


@dataclass(frozen=True)
class Result:
    """Everything that is printed and written."""

    data: ObservationalData
    request: Request
    estimates: list[CausalEstimate]
    families: list[str]
    controls: list[CausalEstimate]
    main: CausalEstimate
    target: TargetTable


def refuse_columns(given: Mapping[str, object]) -> None:
    """An example brings its own columns."""
    for option, value in given.items():
        if value is not None:
            raise PagetError("an example brings its own columns", where=option, got=value, fix="leave the option out")


def read_adam(
    folder: Path, paramcd: str, treated_date: str, covariates: tuple[str, ...], missing: str, names: dict[str, str]
) -> ObservationalData:
    """Read ADaM tables."""
    return from_adam(folder, paramcd=paramcd, treated_date=treated_date, covariates=covariates, missing=missing, **names)


def read_file(
    file: Path,
    *,
    varying: Path | None,
    unless: str | None,
    covariates: tuple[str, ...],
    names: dict[str, str],
    months: str | None,
    event: str | None,
    **columns: Any,
) -> ObservationalData:
    """Read a table with one row per patient; covariates found only in the time-varying table are taken from there."""
    table = read_table(file)
    if months is None or event is None:
        raise PagetError(
            "say which columns hold the time and the outcome",
            where=file,
            expected="--time COLUMN --event COLUMN, and --treated-at COLUMN or --treated COLUMN",
            fix="columns of this file: " + ", ".join(table.columns[:30]),
        )
    changing = None if varying is None else read_table(varying)
    baseline = [name for name in covariates if name in table.columns or changing is None or name not in changing.columns]
    if unless is not None and changing is None:
        raise PagetError("--unless names a time-varying covariate, and there is none", fix="give their table with --varying FILE")
    return ObservationalData.from_frame(
        table, months=months, event=event, covariates=baseline, varying=changing, where=str(file), **{**columns, **names}
    )


def check(data: ObservationalData, request: Request) -> None:
    """Refuse, before anything is computed, what no analysis can answer.

    Raises
    ------
    PagetError
        A covariate that the data do not have; a time or a share that cannot be one.
    """
    known = [*data.covariates, *(data.varying.values if data.varying is not None else ())]
    for name in request.adjust_for:
        if name not in known:
            raise unknown("covariate", name, known, where="--adjust-for")
    if request.unless is not None and request.unless not in known:
        raise unknown("time-varying covariate", request.unless, known, where="--unless")
    limits = [("--landmark", months, 0.0, math.inf, "0 months or later") for months in request.landmark_months]
    limits.append(("--grace", request.grace_months, 0.0, math.inf, "0 months or more"))
    if request.tau_months is not None:
        limits.append(("--tau", request.tau_months, 1e-9, math.inf, "more than 0 months"))
    if request.truncate is not None:
        limits.append(("--truncate", request.truncate, 0.0, 0.49, "a share from 0 to 0.49"))
    for option, value, least, most, expected in limits:
        if not (math.isfinite(value) and least <= value <= most):
            raise PagetError("not a number that can be used", where=option, got=value, expected=expected)


def curve(data: ObservationalData, covariates: tuple[str, ...], names: tuple[str, ...], knots: int) -> ObservationalData:
    """Data in which the named covariates, or all of `covariates` that can, enter models as curves."""
    option = "--curved"
    if not covariates:
        raise PagetError("curves are of covariates, and none is adjusted for", where=option, fix="name them with --adjust-for")
    if names == ("all",) and "all" not in covariates:
        made = data.with_curves(knots=knots)
        if not any(name in made.splines for name in covariates):
            raise PagetError(
                "no covariate can have a curve: each has levels or few values", where=option, got=list(covariates), fix="leave --curved out"
            )
        return made
    for name in names:
        if name not in covariates:
            raise unknown("covariate of --adjust-for", name, covariates, where=option)
    if not names:
        raise PagetError("no covariate is named", where=option, expected="names out of --adjust-for, or all")
    return data.with_curves(names, knots=knots)


def run(data: ObservationalData, request: Request, progress: Progress, folder: Path | None = None) -> Result:
    """Run what was asked for; a bootstrap that was stopped goes on from what it left in the folder of the results.

    Raises
    ------
    PagetError
        Where a single analysis cannot be answered; in a ladder such rows say so and the rest goes on.
    """
    check(data, request)
    tau = default_tau(data) if request.tau_months is None else request.tau_months
    rungs = [_excusing(rung, request, tau) for rung in rungs_of(
        adjust_for=request.adjust_for, landmark_months=request.landmark_months, grace_months=request.grace_months,
        tau_months=tau, truncate=request.truncate,
    )]  # fmt: skip
    whole = request.estimand == "ladder"
    if not whole:
        rungs = _one(rungs, request, data)
    elif data.point_treatment:
        rungs = [rung for rung in rungs if rung.family not in NEED_WAITING]
    found, controls = [], []
    mark = fingerprint(data, asdict(request)) if request.bootstrap and folder is not None else None
    for done, rung in enumerate(rungs):
        progress("analyses", done, len(rungs))
        try:
            found.append(_estimate(rung, data, request, progress, _memory(rung, mark, folder)))
        except PagetError as error:
            if not whole:
                raise error if error.where else _at(error, data.where) from None
            found.append(unanswered(data, rung, error.message, 0.95))
            continue
        if data.negative_control is not None:
            with suppress(PagetError):  # a row that the control outcome cannot answer stays empty
                controls.append(negative_control(rung.run, data))
    progress("analyses", len(rungs), len(rungs))
    if all(one.hazard_ratio is None for one in found):
        raise PagetError(
            f"none of the analyses can be answered by these data: {found[0].problem}",
            where=data.where,
            got=f"{data.n_treated} of {len(data)} patients treated, {data.n_events} with the outcome",
            expected="treated and untreated patients, and outcomes in both",
            fix="survival of all patients can still be described (paget.analysis.kaplan_meier)",
        )
    families = [rung.family for rung in rungs]
    main = _main(found, families)
    return Result(data, request, found, families, controls, main, target_table(data, main, found))


def _at(error: PagetError, where: str | None) -> PagetError:
    """The same mistake with the file at fault."""
    return PagetError(error.message, where=where, key=error.key, got=error.got, expected=error.expected, fix=error.fix)


def _excusing(rung: Rung, request: Request, tau: float) -> Rung:
    """Clone-censor-weight with the covariate that excuses from treatment, where one is named."""
    if rung.family != "ccw" or request.unless is None:
        return rung
    names = request.adjust_for if rung.key.endswith("+ipcw") else ()

    def excused(data: ObservationalData) -> CausalEstimate:
        return clone_censor_weight(
            data, request.grace_months, adjust_for=names, unless=request.unless, truncate=request.truncate, tau_months=tau
        )

    return Rung(rung.family, f"{rung.key}+unless", f"{rung.label}, unless {request.unless}", excused)


def _one(rungs: list[Rung], request: Request, data: ObservationalData) -> list[Rung]:
    """The single analysis asked for: adjusted where covariates are named, at the first landmark."""
    mine = [rung for rung in rungs if rung.family == request.estimand]
    if not mine:
        raise PagetError(
            f"{request.estimand} needs covariates to adjust for",
            where="--adjust-for",
            expected="names out of " + (", ".join(data.covariates) or "the columns of the file"),
            fix="without covariates, ever-never, time-varying, landmark and ccw can be answered",
        )
    if request.estimand == "landmark":
        key = f"landmark-{request.landmark_months[0]:g}"
        mine = [rung for rung in mine if rung.key in (key, f"{key}+cox")]
    return mine[-1:]


def _memory(rung: Rung, mark: str | None, folder: Path | None) -> KeptResamples | None:
    return None if mark is None or folder is None else KeptResamples(folder / WORK / f"{rung.key}.json", mark)


def _estimate(rung: Rung, data: ObservationalData, request: Request, progress: Progress, memory: KeptResamples | None) -> CausalEstimate:
    if not request.bootstrap:
        return rung.run(data)
    return bootstrap(rung.run, data, replicates=request.bootstrap, seed=request.seed, progress=progress, memory=memory)


def _main(found: list[CausalEstimate], families: list[str]) -> CausalEstimate:
    for family in BEST:
        answered = [one for one, mine in zip(found, families, strict=True) if mine == family and one.hazard_ratio is not None]
        if answered:
            return answered[-1]
    return next(one for one in found if one.hazard_ratio is not None)


def show(result: Result) -> None:
    """Print the table of analyses, and below it what has to be known of the main one."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    data, out = result.data, console()
    title = f"{data.treatment} and {data.outcome}: {len(data)} patients, {data.n_treated} treated, {data.n_events} events"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    controls = {one.key.removesuffix("~negative-control"): one for one in result.controls}
    heads = ["Analysis", "n", "treated", "events", "Hazard ratio (95 % CI)", "Difference in mean survival, months"]
    for head in [*heads, *(["Negative control"] if controls else [])]:
        table.add_column(head, justify="right" if head in ("n", "treated", "events") else "left")
    for one in result.estimates:
        if one.hazard_ratio is None:
            continue
        cells = [one.label, str(one.n), str(one.treated), str(one.events), _ratio(one), _gain(one)]
        if controls:
            cells.append(_ratio(controls[one.key]) if one.key in controls else "")
        table.add_row(*(Text(cell) for cell in cells))
    out.print(table)
    for why in dict.fromkeys(one.problem for one in result.estimates if one.problem):
        labels = [one.label for one in result.estimates if one.problem == why]
        state = "Not answered" if any(one.hazard_ratio is None for one in result.estimates if one.problem == why) else "Doubtful"
        out.print(Text(f"{state}: {', '.join(labels)}: {why}"))
    if data.point_treatment and len(result.estimates) > 1:
        out.print("All treatment starts at time zero, so no time is immortal: analyses of when it starts were left out.")
    for line in _told(result.main):
        out.print(Text(line))


def _ratio(one: CausalEstimate) -> str:
    if one.hazard_ratio is None:
        return "-"
    return f"{one.hazard_ratio:.3f} ({one.ci_low:.3f} to {one.ci_high:.3f})"


def _gain(one: CausalEstimate) -> str:
    gain = one.rmst_difference
    if gain is None:
        return "-"
    known = gain.ci_low == gain.ci_low
    return f"{gain.value:+.2f}" + (f" ({gain.ci_low:+.2f} to {gain.ci_high:+.2f})" if known else "") + f" to {gain.tau:.4g}"


def _told(one: CausalEstimate) -> list[str]:
    lines = [f"{one.label}: {one.estimand}."]
    if one.excluded:
        lines.append(f"Left out: {one.excluded} patients, {one.events_excluded} events.")
    curved = one.diagnostics.get("curved")
    if curved:
        straight = [name for name in one.adjusted_for if name not in curved]
        lines.append(f"Curved: {', '.join(curved)}" + (f"; straight: {', '.join(straight)}." if straight else "."))
    table = one.diagnostics.get("balance")
    if table:
        worst = max(table, key=lambda row: abs(row["smd_after"] if row["smd_after"] is not None else row["smd_before"]))
        value = worst["smd_after"] if worst["smd_after"] is not None else worst["smd_before"]
        word = "balanced" if abs(value) < 0.1 else "NOT balanced"
        lines.append(f"Covariates {word}: the largest standardised difference is {value:+.2f} ({worst['covariate']}).")
    weights = one.diagnostics.get("weights")
    if weights:
        lines.append(
            f"Weights: mean {weights['mean']:.3f}, largest {weights['max']:.2f}; effective n {weights['effective_n_treated']:.0f} treated, "
            f"{weights['effective_n_untreated']:.0f} untreated."
        )
    e = one.diagnostics.get("e_value")
    if e:
        lines.append(
            f"E-value: {e['common']:.2f} (common outcome) or {e['rare']:.2f} (rare); of the limit nearer to 1: {e['limit_common']:.2f} or "
            f"{e['limit_rare']:.2f}."
        )
    lines += ["Assumes: " + "; ".join(one.assumptions) + "."]
    return lines


def write(result: Result, folder: Path, source: str) -> None:
    """Write analysis.json, the TARGET table and the figures; each file whole or not at all."""
    from paget.engine.folder import disk_errors

    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write(result, folder, source)


def _write(result: Result, folder: Path, source: str) -> None:
    from paget.report.save import save, write_atomic

    data, main = result.data, result.main
    plain = {
        "source": source,
        "request": asdict(result.request),
        "data": {
            "patients": len(data), "treated": data.n_treated, "events": data.n_events, "dropped": data.dropped,
            "time_zero": data.time_zero, "treatment": data.treatment, "outcome": data.outcome,
        },
        "estimates": [one.to_dict() for one in result.estimates],
        "negative_control": [one.to_dict(curves=False) for one in result.controls],
        "main": main.key,
        "bias_array": [asdict(cell) for cell in bias_array(float(main.hazard_ratio or 1.0))],
        "target": result.target.to_dict(),
    }  # fmt: skip
    write_atomic(folder / "analysis.json", (json.dumps(plain, indent=1, allow_nan=False, sort_keys=True) + "\n").encode())
    write_atomic(folder / "target.md", result.target.to_markdown().encode())
    for name, drawing in drawings(result).items():
        save(drawing, folder, name)
    shutil.rmtree(folder / WORK, ignore_errors=True)


def drawings(result: Result) -> dict[str, Any]:
    """Figures of a result by file name: the ladder, and balance and overlap of the best-told weighted analysis."""
    from paget.report.figures import ladder, love_plot, overlap

    data = result.data
    found: dict[str, Any] = {
        "ladder": ladder.draw(
            [ladder_row(one, family) for one, family in zip(result.estimates, result.families, strict=True)],
            title=f"{data.treatment[:1].upper()}{data.treatment[1:]} and {data.outcome}: hazard ratio by analysis",
            treated=data.treatment,
        )
    }
    candidates = [result.main, *reversed(result.estimates)]
    balanced = next((one for one in candidates if one.diagnostics.get("balance")), None)
    if balanced is not None:
        rows = [love_plot.LoveRow(r["covariate"], r["smd_before"], r["smd_after"]) for r in balanced.diagnostics["balance"]]
        done = "after matching" if "matched" in balanced.diagnostics or balanced.key.startswith("matching") else "after weighting"
        found["balance"] = love_plot.draw(rows, title=f"Balance: {balanced.label}", after=done)
    spread = next((one for one in candidates if one.diagnostics.get("overlap")), None)
    if spread is None:
        spread = next((one for one in candidates if one.diagnostics.get("weights") and one.adjusted_for), None)
    if spread is not None:
        score, weights = spread.diagnostics.get("overlap"), spread.diagnostics.get("weights")
        found["overlap"] = overlap.draw(
            None if score is None else overlap.Histogram(score["edges"], score["treated"], score["untreated"]),
            None if weights is None else overlap.Histogram(weights["edges"], weights["treated"], weights["untreated"]),
            effective_n=None if weights is None else (weights["effective_n_treated"], weights["effective_n_untreated"]),
            title=f"Overlap: {spread.label}",
        )
    return found


GROUPS = {
    "ever-never": "Ever against never",
    "matching": "Ever against never",
    "iptw": "Ever against never",
    "immortal-excluded": "Immortal time left out",
    "time-varying": "Treatment in its time",
    "landmark": "Landmark",
    "iptw-landmark": "Landmark",
    "sequential": "Emulated target trial",
    "ccw": "Emulated target trial",
}
"""Headings of the ladder by family of analyses."""


def ladder_row(one: CausalEstimate, family: str, truth: float | None = None) -> Any:
    """Row of the ladder figure of an estimate."""
    from paget.report.figures.ladder import LadderRow
    from paget.report.style import Ratio

    ratio = None if one.hazard_ratio is None else Ratio(one.hazard_ratio, one.ci_low, one.ci_high, one.level)
    return LadderRow(
        one.label, ratio, one.n, one.events, truth=truth, adjusted=bool(one.adjusted_for), group=GROUPS[family], note=one.problem
    )
