"""Held-out trials: the whole trial is simulated many times at its size, and its published numbers are read off the replicates."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.analysis import components
from paget.engine.result import Run
from paget.engine.run import run
from paget.errors import PagetError
from paget.study import Protocol, load_protocol, published_values
from paget.study.analyses import Published
from paget.study.published import PublishedValue
from paget.validation.scores import Z95, Prediction, Scale, to_scale

Progress = Callable[[str, int, int], None]
SCALES: dict[str, Scale] = {"hazard_ratio": "log", "median_months": "log", "survival": "logit", "cumulative_incidence": "logit"}
"""Measures that replicates give, and the scale of each."""


def look(protocol: Protocol, cut: str | None) -> Protocol:
    """The protocol with an earlier look as its data cut, and only the figures that were published of it.

    Raises
    ------
    PagetError
        There is no such look.
    """
    if cut is None:
        return protocol
    found = [one for one in protocol.follow_up.earlier_cuts if one.id == cut]
    if not found:
        known = ", ".join(one.id for one in protocol.follow_up.earlier_cuts) or "none"
        raise PagetError("this protocol has no such look", where=protocol.id, key="cut", got=cut, expected=known)
    follow_up = protocol.follow_up.model_copy(
        update={"data_cut_months": found[0].data_cut_months, "after": found[0].after, "earlier_cuts": ()}
    )
    kept = tuple(entry.model_copy(update={"cut": None}) for entry in protocol.published if entry.cut == cut)
    return protocol.model_copy(update={"follow_up": follow_up, "published": kept})


def figures(protocol: Protocol, study: str | None) -> list[tuple[Published, PublishedValue]]:
    """Published numbers of a study that replicates give: of all patients, from randomisation, of the last look."""
    return [
        (entry, value)
        for entry, value in published_values(protocol)
        if (study is None or entry.evidence == study) and entry.measure in SCALES and entry.endpoint is not None
        and entry.subgroup is None and entry.cut is None and entry.printed.subgroup is None and entry.role == "prediction"
    ]  # fmt: skip


def simulate(
    protocol: str | Path, cut: str | None, folder: Path, *, progress: Progress, **options: Any
) -> tuple[Protocol, Run]:
    """The run of a held-out trial; taken up again where it was left."""
    chosen = look(load_protocol(protocol), cut)
    return chosen, run(chosen, out=folder, resume=True, progress=progress, **options)


def predictions(
    protocol: Protocol, result: Run, study: str | None, *, name: str, posterior: str, held_out: bool
) -> list[Prediction]:
    """Each published number of a trial beside what the replicates say of it.

    Raises
    ------
    PagetError
        The trial has none.
    """
    found = []
    rows = result.replicates
    draws = rows["draw"].to_numpy()
    for entry, value in figures(protocol, study):
        column, size = _column(protocol, entry)
        if column not in rows.columns:
            continue
        values = rows[column].to_numpy().astype(np.float64)
        if entry.measure == "hazard_ratio":
            scaled = values
        elif SCALES[entry.measure] == "logit":
            n = size or protocol.accrual.patients
            share = (np.clip(values, 0.0, 1.0) * n + 0.5) / (n + 1.0)
            scaled = np.log(share / (1.0 - share))
        else:
            scaled = np.log(np.maximum(values, 1e-3))
        if not np.isfinite(scaled).any():
            continue
        found.append(_prediction(entry, value, scaled, draws, size, name=name, posterior=posterior, held_out=held_out))
    if not found:
        raise PagetError("nothing was published of this trial that replicates give", where=protocol.id, got=study)
    return found


def _column(protocol: Protocol, entry: Published) -> tuple[str, int | None]:
    """Column of ``replicates.parquet``, and the patients of the arm."""
    sides = {protocol.control.id: "control", protocol.experimental[0].id: "experimental"}
    if entry.measure == "hazard_ratio":
        return f"{entry.endpoint}_log_hr", None
    side = sides.get(str(entry.arm), "")
    ratio = protocol.randomisation.ratio
    place = next((k for k, arm in enumerate(protocol.arms) if arm.id == entry.arm), 0)
    size = round(protocol.accrual.patients * ratio[place] / sum(ratio))
    if entry.measure == "median_months":
        return f"{entry.endpoint}_median_{side}", size
    return f"{entry.endpoint}_at_{entry.at_months:g}_{side}", size


def _prediction(
    entry: Published, value: PublishedValue, scaled: NDArray[np.float64], draws: NDArray[np.int64], size: int | None, *, name: str,
    posterior: str, held_out: bool,
) -> Prediction:  # fmt: skip
    from paget.validation.scores import from_scale

    scale = SCALES[entry.measure]
    parts = components(scaled, draws)
    # what was not reached in a replicate (a median) is longer than all that were: it counts among the highest
    filled = np.sort(np.where(np.isfinite(scaled), scaled, np.inf))
    low, high = (float(np.quantile(filled, q, method="inverted_cdf")) for q in (0.025, 0.975))
    known = math.isfinite(parts.parameter_sd)
    where = "" if entry.arm is None else f", {entry.arm}"
    at = "" if entry.at_months is None else f" at {entry.at_months:g} months"
    return Prediction(
        study=entry.evidence, name=name, what=f"{entry.endpoint} {entry.measure.replace('_', ' ')}{at}{where}", posterior=posterior,
        measure=entry.measure, scale=scale, held_out=held_out, observed=value.value, observed_low=value.ci_low,
        observed_high=value.ci_high, observed_level=value.ci_level, observed_sd=_printed_error(value, scale, entry.measure, size),
        mean=float(np.mean(scaled[np.isfinite(scaled)])),
        low=from_scale(scale, low) if math.isfinite(low) else None, high=from_scale(scale, high) if math.isfinite(high) else None,
        sampling_sd=parts.sampling_sd if math.isfinite(parts.sampling_sd) else 0.0,
        parameter_sd=parts.parameter_sd if known else 0.0, mc_se=parts.mc_se, draws=parts.draws if draws[0] >= 0 else 0,
        count=parts.count, source="replicates",
    )  # fmt: skip


def _printed_error(value: PublishedValue, scale: Scale, measure: str, size: int | None) -> float | None:
    """Standard error of a printed number on its scale, from its interval; of a share without one, from the patients of the arm."""
    from scipy.special import ndtri

    z = float(ndtri(0.5 + 0.5 * (value.ci_level or 0.95)))
    ends = [end for end in (value.ci_low, value.ci_high) if end is not None]
    if len(ends) == 2 and 0.0 < ends[0] < ends[1] and (scale != "logit" or ends[1] < 1.0):
        return (to_scale(scale, ends[1]) - to_scale(scale, ends[0])) / (2.0 * z)
    if len(ends) == 1 and ends[0] > 0.0 and ends[0] != value.value:
        return abs(to_scale(scale, ends[0]) - to_scale(scale, value.value)) / z
    if scale == "logit" and size and 0.0 < value.value < 1.0:
        return 1.0 / math.sqrt(size * value.value * (1.0 - value.value))
    return None


__all__ = ["Z95", "figures", "look", "predictions", "simulate"]
