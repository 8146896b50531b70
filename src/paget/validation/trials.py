"""Held-out trials: the whole trial is simulated many times at its size, and its published numbers are read off the replicates."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.analysis import components
from paget.engine.replicates import column_of, sides_of
from paget.engine.result import Run
from paget.engine.run import run
from paget.errors import PagetError
from paget.progress import Progress
from paget.study import Protocol, load_protocol, published_values
from paget.study.analyses import Published
from paget.study.published import PublishedValue
from paget.validation.scores import Prediction, Scale, from_scale, reach, to_scale

if TYPE_CHECKING:
    import polars as pl

SCALES: dict[str, Scale] = {
    "hazard_ratio": "log", "odds_ratio": "log", "median_months": "log", "survival": "logit", "cumulative_incidence": "logit",
    "rate": "logit", "rate_difference": "identity",
}  # fmt: skip
"""Measures that replicates give, and the scale of each."""
UNKNOWN_SIZE = 1000
"""Patients by whose number shares of no one arm are drawn in from 0 and 1."""


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
    longest, wanted = protocol.accrual.months + found[0].data_cut_months, protocol.analyses
    tau = wanted.rmst_tau_months
    analyses = wanted.model_copy(
        update={
            "landmarks_months": tuple(month for month in wanted.landmarks_months if month <= longest),
            "rmst_tau_months": None if tau is not None and tau > longest else tau,
        }
    )
    return protocol.model_copy(update={"follow_up": follow_up, "published": kept, "analyses": analyses})


def figures(protocol: Protocol, study: str | None) -> list[tuple[Published, PublishedValue]]:
    """Published numbers of a study that replicates give: of all patients (or lesions of a size), from randomisation, of the last look."""
    return [
        (entry, value)
        for entry, value in published_values(protocol)
        if (study is None or entry.evidence == study) and entry.measure in SCALES and entry.endpoint is not None
        and entry.subgroup is None and entry.cut is None and entry.role == "prediction"
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
        values = _values(protocol, entry, rows)
        if values is None:
            continue
        size = None if entry.arm is None else _arm_size(protocol, entry.arm)
        scaled = values if entry.measure in ("hazard_ratio", "odds_ratio", "rate_difference") else _scaled(entry.measure, values, size)
        if np.isfinite(scaled).any():
            found.append(_prediction(entry, value, scaled, draws, size, name=name, posterior=posterior, held_out=held_out))
    if not found:
        raise PagetError("nothing was published of this trial that replicates give", where=protocol.id, got=study)
    return found


def _values(protocol: Protocol, entry: Published, rows: pl.DataFrame) -> NDArray[np.float64] | None:
    """The number in every replicate (the logarithm of a ratio); None where replicates do not hold it."""
    comparison = None if entry.comparison is None else entry.comparison.model_dump()
    record = {
        "measure": entry.measure, "arm": entry.arm, "comparison": comparison, "at_months": entry.at_months, "subgroup": entry.lesions
    }  # fmt: skip
    column = column_of(record, str(entry.endpoint), sides_of(protocol))
    names = (column,) if isinstance(column, str) else column
    if names is None or any(name not in rows.columns for name in names):
        return None
    values = [rows[name].to_numpy().astype(np.float64) for name in names]
    return values[0] if len(values) == 1 else values[0] - values[1]


def _scaled(measure: str, values: NDArray[np.float64], size: int | None) -> NDArray[np.float64]:
    if SCALES[measure] == "log":
        return np.asarray(np.log(np.maximum(values, 1e-3)))
    n = size or UNKNOWN_SIZE
    share = (np.clip(values, 0.0, 1.0) * n + 0.5) / (n + 1.0)  # as `scores.drawn_in`, for an array
    return np.asarray(np.log(share / (1.0 - share)))


def _arm_size(protocol: Protocol, arm: str) -> int:
    ratio = protocol.randomisation.ratio
    place = next((k for k, one in enumerate(protocol.arms) if one.id == arm), 0)
    return round(protocol.accrual.patients * ratio[place] / sum(ratio))


def _prediction(
    entry: Published, value: PublishedValue, scaled: NDArray[np.float64], draws: NDArray[np.int64], size: int | None, *, name: str,
    posterior: str, held_out: bool,
) -> Prediction:  # fmt: skip
    scale = SCALES[entry.measure]
    parts = components(scaled, draws)
    known, mean = math.isfinite(parts.parameter_sd), float(np.mean(scaled[np.isfinite(scaled)]))
    # one replicate a draw: sampling and parameters cannot be told apart, and the replicates' own spread is both
    both = parts.mc_se * math.sqrt(parts.count) if math.isfinite(parts.mc_se) else 0.0
    sampling = parts.sampling_sd if math.isfinite(parts.sampling_sd) else both
    parameter = parts.parameter_sd if known else 0.0
    if np.isfinite(scaled).all():
        # quantiles of many replicates under few draws would be too narrow: they do not know of the draws that were not taken
        half = reach(sampling, parameter, parts.mc_se, parts.draws if known else parts.count)
        low, high = mean - half, mean + half
    else:
        # what was not reached in a replicate (a median) is longer than all that were: it counts among the highest
        filled = np.sort(np.where(np.isfinite(scaled), scaled, np.inf))
        low, high = (float(np.quantile(filled, q, method="inverted_cdf")) for q in (0.025, 0.975))
    where = ("" if entry.lesions is None else f", lesions {entry.lesions}") + ("" if entry.arm is None else f", {entry.arm}")
    at = "" if entry.at_months is None else f" at {entry.at_months:g} months"
    return Prediction(
        study=entry.evidence, name=name, what=f"{entry.endpoint} {entry.measure.replace('_', ' ')}{at}{where}", posterior=posterior,
        measure=entry.measure, scale=scale, held_out=held_out, observed=value.value, observed_low=value.ci_low,
        observed_high=value.ci_high, observed_level=value.ci_level, observed_sd=_printed_error(value, scale, entry.measure, size),
        mean=mean, low=from_scale(scale, low) if math.isfinite(low) else None,
        high=from_scale(scale, high) if math.isfinite(high) else None, sampling_sd=sampling, parameter_sd=parameter,
        mc_se=parts.mc_se if math.isfinite(parts.mc_se) else 0.0, draws=parts.draws if draws[0] >= 0 else 0,
        count=parts.count, source="replicates", size=(size or UNKNOWN_SIZE) if scale == "logit" else None,
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


__all__ = ["figures", "look", "predictions", "simulate"]
