"""What ``paget analyse`` does: reads the file and runs the analyses (`analysis_output` prints and writes them)."""

from __future__ import annotations

import math
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
    if request.estimand == "ccw" and request.grace_months == 0:
        raise PagetError(
            "a strategy needs time in which treatment can begin", where="--grace", got=request.grace_months, expected="more than 0 months",
            fix="treatment decided at time zero is compared by ever-never, matching and iptw",
        )  # fmt: skip
    followed = min(float(group.max()) for group in (data.months[data.ever_treated], data.months[~data.ever_treated]) if len(group))
    if request.tau_months is not None and request.tau_months > followed:
        raise PagetError(
            "treated or untreated, nobody is followed to this horizon", where="--tau", got=request.tau_months,
            expected=f"at most {followed:g} months", fix=f"{default_tau(data):g} months, which a tenth of each reach, is the default",
        )  # fmt: skip


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
            found.append(unanswered(data, rung, error.message, 0.95, error.fix))
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
            fix=_instead(request),
        )
    families = [rung.family for rung in rungs]
    main = _main(found, families)
    return Result(data, request, found, families, controls, main, target_table(data, main, found))


def _instead(request: Request) -> str:
    """What could be answered where nothing that was asked for could."""
    if request.adjust_for and request.estimand != "ladder":
        return "fewer covariates, or none (unadjusted), may be answered; --estimand ladder tells which analyses can be"
    return "survival of all patients can still be described (paget.analysis.kaplan_meier)"


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
