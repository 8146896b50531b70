"""Held-out figures of the table of phenomena: simulated under each draw, spread by the sampling error of the study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paget.calibration.cohorts import Setting
from paget.calibration.likelihood import SCALES, observation, simulated
from paget.calibration.rows import Anchor, Published, published, table
from paget.calibration.run import estimate
from paget.calibration.targets import LikelihoodSpec
from paget.engine.draws import Draw
from paget.errors import PagetError, unknown
from paget.evidence.heldout import HeldOut
from paget.forms import validated
from paget.validation.scores import Z95, Prediction, from_scale, reach

if TYPE_CHECKING:
    import polars as pl

MEASURES = {"median": "median_months", "survival": "survival", "share": "rate", "response": "rate", "many_circulating": "rate"}


def row_of(entry: HeldOut) -> Anchor:
    """The row of an entry.

    Raises
    ------
    PagetError
        There is none, it is not a prediction, or it is of another study.
    """
    by_id = {row.id: row for row in table()[1]}
    if entry.row not in by_id:
        raise unknown("row of anchors.yaml", str(entry.row), by_id, where="heldout.yaml")
    row = by_id[str(entry.row)]
    if row.role != "prediction" and not entry.seen:
        raise PagetError("this row is an anchor: it was used, so it cannot be held out", where="heldout.yaml", key=row.id)
    if row.evidence != entry.evidence:
        raise PagetError("the row is of another study", where="heldout.yaml", key=row.id, got=entry.evidence, expected=row.evidence)
    return row


def spec_of(entry: HeldOut) -> LikelihoodSpec:
    """On which scale the figure of an entry is compared, and what gives its sampling error."""
    return validated(LikelihoodSpec, entry.likelihood, f"heldout.yaml: {entry.name}.likelihood")


def simulate(entries: Sequence[HeldOut], draw: Draw, histories: int, threads: int) -> pl.DataFrame:
    """What one draw gives for each row: value and Monte-Carlo error on the scale (NaN where nothing came out)."""
    import polars as pl

    setting = Setting(draw.parameters, histories, draw.seed, threads)
    simulations, _ = table()
    out = []
    for entry in entries:
        found = simulated(spec_of(entry).kind, estimate(row_of(entry), simulations, setting))
        out.append((entry.name, math.nan if found is None else found.value, math.nan if found is None else found.sd))
    return pl.DataFrame(out, schema={"row": pl.String, "value": pl.Float64, "error": pl.Float64}, orient="row")


def predict(entry: HeldOut, rows: pl.DataFrame, *, posterior: str, held_out: bool, draws: int) -> Prediction | None:
    """One held-out figure beside what the draws say of it; None where nothing came out.

    The spread between draws is that of the parameters and of Monte-Carlo; the mean squared Monte-Carlo error is taken off. The sampling
    error is the study's own: cohorts are simulated larger than it.
    """
    import polars as pl

    mine = rows.filter((pl.col("row") == entry.name) & pl.col("value").is_finite())
    if not mine.height:
        return None
    row, spec = row_of(entry), spec_of(entry)
    figure: Published = published(row)
    observed = observation(
        spec.kind, figure, n=spec.n or _size(row), sd=spec.sd, rounded=spec.rounded, where="heldout.yaml", key=entry.name
    )
    scale = SCALES[spec.kind]
    assert scale in ("log", "logit", "identity")
    values, errors = mine["value"].to_numpy(), mine["error"].to_numpy()
    count = len(values)
    between = float(np.var(values, ddof=1)) if count > 1 else 0.0
    noise = float(np.mean(errors**2))
    parameter = math.sqrt(max(0.0, between - noise)) if draws else 0.0
    mc_se = math.sqrt((between if count > 1 else noise) / count)
    mean = float(values.mean())
    half = reach(observed.sd, parameter, mc_se, count) if draws else Z95 * math.hypot(observed.sd, mc_se)
    return Prediction(
        study=entry.evidence, name=entry.name, what=row.what, posterior=posterior,
        measure="hazard_ratio" if spec.kind == "log-normal" else MEASURES.get(str(row.readout), str(row.readout)),
        scale=scale, held_out=held_out, observed=figure.value, observed_low=figure.low, observed_high=figure.high,  # type: ignore[arg-type]
        observed_level=figure.level, observed_sd=observed.sd, mean=mean, low=from_scale(scale, mean - half),  # type: ignore[arg-type]
        high=from_scale(scale, mean + half), sampling_sd=observed.sd, parameter_sd=parameter, mc_se=mc_se,  # type: ignore[arg-type]
        draws=draws, count=count, source="row",
    )  # fmt: skip


def _size(row: Anchor) -> float | None:
    """Patients of the row's arm, where the source prints them."""
    from paget.evidence import load

    if not row.find:
        return None
    study = load().usable(row.evidence)
    result = load().one(study.id, **{key: value for key, value in row.find.items() if key not in ("row", "column")})
    if result.n is not None:
        return float(result.n)
    arms = {arm.name: arm.n for arm in study.arms}
    n = arms.get(str(result.arm))
    return None if n is None else float(n)
