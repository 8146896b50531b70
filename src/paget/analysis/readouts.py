"""Summary records of one endpoint in one population: effect, survival by arm, means, subgroups.

Where something cannot be computed (no event in an arm, a horizon beyond the follow-up) the record is there
with no value and a note that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PagetError
from ._arrays import Bools
from ._distributions import z_of_level
from .adam import Endpoint
from .competing import cumulative_incidence
from .cox import CoxFit, cox, interaction
from .km import IntervalKind, KaplanMeier, kaplan_meier
from .logrank import logrank, maxcombo
from .proportional import proportional_hazards
from .records import COMPARED, Record, record
from .rmst import longest_horizon, rmst, rmst_difference

if TYPE_CHECKING:
    import polars as pl

MANY_LEVELS = 12
"""A subgroup variable with more levels than this is a measurement: it wants cutting first."""
NOT_PROPORTIONAL = 0.05
"""Below this p value of the test of proportional hazards, MaxCombo is added when left to itself."""
FEW_AT_RISK = 10


@dataclass(frozen=True)
class Setting:
    """What every record of one endpoint and population shares."""

    endpoint: str
    competing: bool
    time_zero: str
    population: str
    experimental: str
    control: str | None
    level: float
    kind: IntervalKind
    role: str
    p_values: bool
    strata: tuple[str, ...]
    maxcombo: str

    def record(self, measure: str, value: float | None, **fields: Any) -> Record:
        """Make a record of this endpoint; compared measures get the comparison."""
        if measure in COMPARED:
            fields["comparison"] = {"experimental": self.experimental, "control": self.control}
        shared = {"population": self.population, "time_zero": self.time_zero, "role": self.role}
        return record(self.endpoint, measure, value, **shared, **fields)

    def sides(self, arm: Bools) -> tuple[tuple[str, Bools], ...]:
        """The arms by name, experimental first."""
        if self.control is None:
            return ((self.experimental, arm),)
        return (self.experimental, arm), (self.control, ~arm)


def compared(data: Endpoint, arm: Bools, setting: Setting) -> list[Record]:
    """Hazard ratio and, when p values are wanted, log-rank, test of proportional hazards and MaxCombo."""
    t, e = data.survival.time_months, data.survival.event
    strata = data.strata(setting.strata)
    shared: dict[str, Any] = {"n": len(data), "events": data.survival.n_events}
    by = f", stratified by {' and '.join(setting.strata)}" if setting.strata else ""
    fit = _fit(data, arm, strata)
    log_rank: float | None = None
    if setting.p_values:
        log_rank = _or_none(lambda: logrank(t, e, arm, strata=strata, entry=data.entry).p_value)
    method = ("cause-specific Cox" if setting.competing else "Cox") + ", Efron ties" + by
    out = [_hazard_ratio(fit, setting, method + ("; p by log-rank" if setting.p_values else ""), log_rank, shared)]
    if not setting.p_values:
        return out
    out.append(setting.record("logrank_p", log_rank, p_value=log_rank, method=f"log-rank{by}", **shared))
    drift: float | None = None
    if isinstance(fit, CoxFit):
        drift = float(proportional_hazards(fit).p_value[0])
        method = "Grambsch-Therneau score test, km time"
        out.append(setting.record("cox_zph_p", drift, p_value=drift, method=method, **shared))
    crossing = drift is not None and drift < NOT_PROPORTIONAL
    if setting.maxcombo == "always" or (setting.maxcombo == "auto" and crossing):
        combined = _or_none(lambda: maxcombo(t, e, arm, strata=strata, entry=data.entry).p_value)
        method = f"Fleming-Harrington (0,0) (1,0) (0,1) (1,1){by}"
        if setting.maxcombo == "auto":
            method += "; chosen because hazards were not proportional"
        out.append(setting.record("maxcombo_p", combined, p_value=combined, method=method, **shared))
    return out


def by_arm(data: Endpoint, arm: Bools, setting: Setting, marks: Sequence[float]) -> list[Record]:
    """Median, and survival or cumulative incidence at landmarks, of each arm."""
    out: list[Record] = []
    t, e = data.survival.time_months, data.survival.event
    for label, mask in setting.sides(arm):
        entry = None if data.entry is None else data.entry[mask]
        kept = kaplan_meier(t[mask], e[mask], entry=entry, ci=setting.kind, level=setting.level)
        thin = None if entry is None else _thin(kept, float(entry.max()))
        late = ", at risk from randomisation" if entry is not None else ""
        shared: dict[str, Any] = {
            "arm": label,
            "n": int(mask.sum()),
            "events": int(e[mask].sum()),
            "ci_level": setting.level,
        }
        if setting.competing:
            measure, method = (
                "cumulative_incidence",
                f"Aalen-Johansen, death competing, {setting.kind} interval{late}",
            )
            cause = data.cause[mask]
            curve = cumulative_incidence(t[mask], cause, entry=entry, ci=setting.kind, level=setting.level)
            values = curve.at_with_ci(marks)
        else:
            measure, method = "survival", f"Kaplan-Meier, {setting.kind} interval{late}"
            values = kept.at_with_ci(marks)
            middle, low, high = kept.median()
            note = "not reached" if np.isnan(middle) else thin
            limits = {"ci_low": low, "ci_high": high}
            out.append(setting.record("median_months", middle, method=method, note=note, **limits, **shared))
        for at, value, low, high in zip(marks, *values, strict=True):
            note = "beyond the follow-up" if np.isnan(value) else thin
            where = {"at_months": at, "ci_low": low, "ci_high": high}
            out.append(setting.record(measure, value, method=method, note=note, **where, **shared))
    return out


def _thin(curve: KaplanMeier, last_entry: float) -> str | None:
    """Tell of an event met by a small risk set while patients were still coming in: it moves the whole curve."""
    early = curve.at_risk[(curve.events > 0) & (curve.time <= last_entry)]
    if not early.size or early.min() >= FEW_AT_RISK:
        return None
    return f"only {early.min():.0f} at risk at an early event"


def restricted(data: Endpoint, arm: Bools, setting: Setting, marks: Sequence[float], tau: float | None) -> list[Record]:
    """Restricted mean of each arm and their difference, at one horizon."""
    t, e = data.survival.time_months, data.survival.event
    if setting.control is None:
        return _one_mean(data, arm, setting, marks, tau)
    if tau is None:
        longest = longest_horizon(t, e, arm)
        within = [mark for mark in marks if mark <= longest]
        tau = within[-1] if within else longest
    shared: dict[str, Any] = {
        "at_months": tau,
        "ci_level": setting.level,
        "method": "area under Kaplan-Meier",
    }
    counts = {"n": len(data), "events": data.survival.n_events}
    measure = "rmst_difference_months"
    try:
        d = rmst_difference(t, e, arm, tau, entry=data.entry, level=setting.level)
        means = [rmst(t[m], e[m], tau, entry=None if data.entry is None else data.entry[m]) for _, m in setting.sides(arm)]
    except PagetError as error:
        return [setting.record(measure, None, note=error.message, **counts, **shared)]
    p_value = d.p_value if setting.p_values else None
    limits = {"ci_low": d.ci_low, "ci_high": d.ci_high}
    out = [setting.record(measure, d.value, p_value=p_value, **limits, **counts, **shared)]
    half = (d.ci_high - d.value) / d.se if d.se > 0 else 0.0
    for (label, mask), (value, se) in zip(setting.sides(arm), means, strict=True):
        counts = {"n": int(mask.sum()), "events": int(e[mask].sum())}
        limits = {"ci_low": value - half * se, "ci_high": value + half * se}
        out.append(setting.record("rmst_months", value, arm=label, **limits, **counts, **shared))
    return out


def _one_mean(data: Endpoint, arm: Bools, setting: Setting, marks: Sequence[float], tau: float | None) -> list[Record]:
    """Restricted mean of a study with one arm, at the horizon asked for or the last landmark within the follow-up."""
    t, e = data.survival.time_months, data.survival.event
    followed = float(t.max())
    chosen = tau if tau is not None else max((mark for mark in marks if mark <= followed), default=followed)
    shared: dict[str, Any] = {
        "arm": setting.experimental, "at_months": chosen, "ci_level": setting.level, "method": "area under Kaplan-Meier",
        "n": len(data), "events": data.survival.n_events,
    }  # fmt: skip
    try:
        value, se = rmst(t, e, chosen, entry=data.entry)
    except PagetError as error:
        return [setting.record("rmst_months", None, note=error.message, **shared)]
    half = z_of_level(setting.level) * se
    return [setting.record("rmst_months", value, ci_low=value - half, ci_high=value + half, **shared)]


def subgroups(data: Endpoint, arm: Bools, setting: Setting, wanted: Sequence[str] | Mapping[str, pl.Expr]) -> list[Record]:
    """Hazard ratio in each subgroup and the tests of interaction; unstratified."""
    out: list[Record] = []
    if isinstance(wanted, Mapping):
        for name, condition in wanted.items():
            inside = _meets(data, name, condition)
            out.append(_subgroup(data, arm, setting, name, inside))
            out += _interaction(data, arm, setting, name, inside)
        return out
    for name in wanted:
        labels = data.column(name)
        levels = np.unique(labels)
        if len(levels) > MANY_LEVELS:
            raise PagetError(
                f"{name} has {len(levels)} different values, too many for subgroups",
                where="ADSL",
                key=name,
                expected=f"at most {MANY_LEVELS} levels",
                fix="cut it into groups first (an ADaM variable ending in GR1), or give a condition",
            )
        for level in levels:
            text = f"{level:g}" if isinstance(level, (float, np.floating)) else str(level)
            out.append(_subgroup(data, arm, setting, f"{name}={text}", labels == level))
        out += _interaction(data, arm, setting, name, labels)
    return out


def _meets(data: Endpoint, name: str, condition: pl.Expr) -> Bools:
    import polars as pl

    try:
        column = data.patients.select(condition.alias("__meets"))["__meets"]
    except pl.exceptions.ColumnNotFoundError as error:
        raise PagetError(
            f"subgroup {name!r} names a column that ADSL does not have",
            where="ADSL",
            got=str(error).split("\n")[0],
        ) from None
    if column.dtype != pl.Boolean or len(column) != len(data):
        raise PagetError(f"subgroup {name!r} is not a condition", got=str(column.dtype), expected="true or false")
    return column.fill_null(value=False).to_numpy()


def _subgroup(data: Endpoint, arm: Bools, setting: Setting, name: str, mask: Bools) -> Record:
    part = data.select(mask) if mask.any() else None
    shared: dict[str, Any] = {
        "subgroup": name,
        "n": int(mask.sum()),
        "events": 0 if part is None else part.survival.n_events,
    }
    fit = "no patient" if part is None else _fit(part, arm[mask], None)
    return _hazard_ratio(fit, setting, "Cox, Efron ties, unstratified", None, shared)


def _interaction(data: Endpoint, arm: Bools, setting: Setting, name: str, labels: Any) -> list[Record]:
    if not setting.p_values:
        return []
    t, e = data.survival.time_months, data.survival.event
    p = _or_none(lambda: interaction(t, e, arm, labels, entry=data.entry).p_value)
    counts = {"n": len(data), "events": data.survival.n_events}
    method = "likelihood ratio, arm by subgroup"
    return [setting.record("interaction_p", p, p_value=p, subgroup=name, method=method, **counts)]


def _hazard_ratio(fit: CoxFit | str, setting: Setting, method: str, p_value: float | None, shared: dict[str, Any]) -> Record:
    if isinstance(fit, str):
        return setting.record("hazard_ratio", None, note=fit, p_value=p_value, method=method, **shared)
    low, high = fit.ci(setting.level)[0]
    limits = {"ci_low": low, "ci_high": high, "ci_level": setting.level}
    return setting.record("hazard_ratio", float(fit.hr[0]), p_value=p_value, method=method, **limits, **shared)


def _fit(data: Endpoint, arm: Bools, strata: Any) -> CoxFit | str:
    """Fit the model, or say why there is none."""
    t, e = data.survival.time_months, data.survival.event
    if not e.any():
        return "no event"
    if not e[arm].any() or not e[~arm].any():
        return "no event in one arm"
    try:
        fit = cox(t, e, {"arm": arm.astype(float)}, strata=strata, entry=data.entry)
    except PagetError as error:
        return error.message
    return fit.problem or fit


def _or_none(compute: Callable[[], float]) -> float | None:
    """Return a test's p value, or None where the data hold too little for it."""
    try:
        return compute()
    except PagetError:
        return None
