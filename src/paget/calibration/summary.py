"""What a calibration taught: figures before and after, parameters before and after, correlations, the effect of surgery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.calibration.ensemble import effective_size
from paget.calibration.likelihood import unscaled
from paget.calibration.pooled import drawn
from paget.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from paget.calibration.fit import Calibration, Informed
    from paget.calibration.smoother import Fit

Array = NDArray[np.float64]
LOW, HIGH = 0.05, 0.95


def target_rows(fit: Fit) -> pl.DataFrame:
    """One row a target: published, simulated under prior and posterior (median, 5 and 95 %), standardised difference before and after."""
    import polars as pl

    sd = fit.targets.sd
    before, after = fit.prior.scores(fit.y, sd), fit.posterior.scores(fit.y, sd)
    rows = []
    for k, target in enumerate(fit.targets.targets):

        def back(x: float, kind: Any = target.kind) -> float:
            return unscaled(kind, float(x))

        def spread(values: Array) -> list[float]:
            return [back(x) for x in np.quantile(values, [0.5, LOW, HIGH])]

        observed = [back(fit.y[k] + z * target.observed.sd) for z in (0.0, -1.645, 1.645)]
        rows.append(
            (
                target.id, target.row.phenomenon, target.row.what, target.class_, target.evidence, target.kind, target.row.unit, *observed,
                *spread(fit.prior.values[:, k]), *spread(fit.posterior.values[:, k]), float(before[k]), float(after[k]),
                target.observed.sd, target.discrepancy, float(np.median(fit.posterior.errors[:, k])), float(fit.posterior.missing[k]),
            )
        )  # fmt: skip
    names = (
        "id", "phenomenon", "what", "class", "evidence", "likelihood", "unit", "published", "published_low", "published_high", "prior",
        "prior_low", "prior_high", "posterior", "posterior_low", "posterior_high", "z_prior", "z_posterior", "sd_sampling",
        "sd_discrepancy", "sd_monte_carlo", "missing",
    )  # fmt: skip
    return pl.DataFrame(rows, schema=list(names), orient="row")


def parameter_rows(fit: Fit) -> pl.DataFrame:
    """One row a number: prior and posterior (median, 5 and 95 %), shift in prior deviations, contraction 1 - var/var."""
    import polars as pl

    z = fit.posterior.z
    before, after = fit.space.frame_columns(fit.prior.z), fit.space.frame_columns(z)
    rows = []
    for k, column in enumerate(fit.space.columns):
        free = column in fit.space.free
        rows.append(
            (
                column, fit.space.block.get(column, "varied"), free, *map(float, np.quantile(before[column], [0.5, LOW, HIGH])),
                *map(float, np.quantile(after[column], [0.5, LOW, HIGH])), float(z[:, k].mean()),
                float(1.0 - z[:, k].var(ddof=1) / fit.prior.z[:, k].var(ddof=1)),
            )
        )  # fmt: skip
    names = (
        "column", "block", "free", "prior", "prior_low", "prior_high", "posterior", "posterior_low", "posterior_high", "shift",
        "contraction",
    )  # fmt: skip
    return pl.DataFrame(rows, schema=list(names), orient="row")


def correlation_rows(fit: Fit, least: float = 0.3) -> pl.DataFrame:
    """Pairs of free numbers whose correlation in the posterior is at least so strong, strongest first."""
    import polars as pl

    free = fit.space.free
    r = np.atleast_2d(np.corrcoef(fit.posterior.z[:, : len(free)].T))
    pairs = [(free[i], free[j], float(r[i, j])) for i in range(len(free)) for j in range(i) if abs(r[i, j]) >= least]
    pairs.sort(key=lambda pair: (-abs(pair[2]), pair[0], pair[1]))
    return pl.DataFrame(pairs, schema={"one": pl.Utf8, "other": pl.Utf8, "correlation": pl.Float64}, orient="row")


def effect_rows(informed: Informed) -> pl.DataFrame:
    """One row a trial and posterior: hazard ratio over the draws (mean of the log, 5 and 95 %), beside the published one."""
    import polars as pl

    rows = []
    for name, chosen in (("blind", np.arange(len(informed.log_hr))), ("informed", informed.chosen)):
        for k, trial in enumerate(informed.trials):
            x = informed.log_hr[chosen, k]
            x, se = x[np.isfinite(x)], informed.se[chosen, k]
            p = informed.published[k]
            low, high = np.quantile(x, [LOW, HIGH]) if len(x) else (np.nan, np.nan)
            mc = float(np.sqrt(np.mean(se[np.isfinite(se)] ** 2))) if np.isfinite(se).any() else np.nan
            # the draws' scatter holds the twins' Monte-Carlo error; what is left is what the parameters leave open
            parameters = float(np.sqrt(max(np.var(x, ddof=1) - mc**2, 0.0))) if len(x) > 1 else np.nan
            rows.append(
                (
                    name, trial, p.evidence, float(np.exp(x.mean())) if len(x) else np.nan, float(np.exp(low)), float(np.exp(high)),
                    parameters, mc, len(x), float(np.exp(p.log_hr)), p.low, p.high, p.level,
                    name == "informed" and k < informed.informing,
                )
            )  # fmt: skip
    names = (
        "posterior", "trial", "evidence", "hazard_ratio", "low", "high", "sd_parameters", "sd_monte_carlo", "draws", "published",
        "published_low", "published_high", "published_level", "used",
    )  # fmt: skip
    return pl.DataFrame(rows, schema=list(names), orient="row")


def summary_of(done: Calibration, request: dict[str, Any]) -> dict[str, Any]:
    """Plain data: what was asked, misfit before and after, figures far off, contraction, effect of surgery."""
    fit, informed = done.fit, done.informed
    sd = fit.targets.sd
    after = fit.posterior.scores(fit.y, sd)
    worst = sorted(zip(np.abs(after), fit.targets.ids, after, strict=True), reverse=True)[:10]
    contraction = parameter_rows(fit)
    weights = -0.5 * np.sum(((fit.posterior.values - fit.y) / np.hypot(sd, fit.posterior.errors)) ** 2, axis=1)
    return {
        "request": request,
        "misfit": {
            "prior": fit.prior.misfit(fit.y, sd), "posterior": fit.posterior.misfit(fit.y, sd),
            "of_the_mean_prior": fit.prior.distance(fit.y, sd), "of_the_mean_posterior": fit.posterior.distance(fit.y, sd),
        },
        "z": {
            "beyond_2_prior": int(np.sum(np.abs(fit.prior.scores(fit.y, sd)) > 2.0)),
            "beyond_2_posterior": int(np.sum(np.abs(after) > 2.0)), "targets": len(after),
            "furthest": [{"id": name, "z": float(z)} for _, name, z in worst],
        },
        "silent_targets": [name for name, speaks in zip(fit.targets.ids, fit.posterior.speaks, strict=True) if not speaks],
        "mean_contraction": {
            str(block): float(part["contraction"].to_numpy().mean())
            for (block,), part in sorted(contraction.group_by("block"), key=lambda pair: str(pair[0]))
        },
        "importance_weights": {
            "effective_draws": effective_size(weights),
            "note": "of weighting the final members by their likelihood once more: far too few draws would be left, so it is not done",
        },
        "informed": {"effective_draws": informed.effective, "draws": len(informed.chosen), "distinct": len(np.unique(informed.chosen))},
        "effects": effect_rows(informed).to_dicts(),
    }  # fmt: skip


def write_summary(done: Calibration, request: dict[str, Any], *, progress: Progress = silent) -> dict[str, Any]:
    """Write ``summary.json``, ``targets.csv``, ``parameters.csv``, ``correlations.csv``, ``effects.csv`` and the figures."""
    from paget.engine.folder import canonical, write_text
    from paget.report.figures import calibration as figures
    from paget.report.save import save

    tables = {
        "targets": target_rows(done.fit), "parameters": parameter_rows(done.fit), "correlations": correlation_rows(done.fit),
        "effects": effect_rows(done.informed),
    }  # fmt: skip
    for name, table in tables.items():
        write_text(done.folder / f"{name}.csv", table.write_csv(float_precision=6))
    found: dict[str, Any] = plain(summary_of(done, request))
    write_text(done.folder / "summary.json", canonical(found))
    drawings = {
        "z-scores": figures.z_scores(tables["targets"]),
        "parameters": figures.ridgelines(
            done.fit.prior.z, done.fit.posterior.z, done.fit.space.columns[: len(done.fit.space.free)], dict(done.fit.space.block)
        ),
        "effects": figures.effects(tables["effects"]),
    } | {f"pooled-{t.id}": drawn(t.row) for t in done.fit.targets.targets if t.row.pool}
    for k, (name, drawing) in enumerate(drawings.items()):
        progress("drawing", k, len(drawings))
        save(drawing, done.folder / "figures", name)
    progress("drawing", len(drawings), len(drawings))
    return found


def plain(data: Any) -> Any:
    """Data that JSON can hold: numbers to 10 digits, what is not finite as null."""
    if isinstance(data, dict):
        return {key: plain(x) for key, x in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(x) for x in data]
    if isinstance(data, (np.floating, float)):
        return float(f"{float(data):.10g}") if np.isfinite(data) else None
    return int(data) if isinstance(data, np.integer) else data
