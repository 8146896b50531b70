"""Everything a trial report prints, computed from an ADSL and an ADTTE table as a list of summary records.

Works on real trial data as well as on simulated: it knows ADaM names and nothing of the simulation. P
values are given only when asked for, because at any size but the real trial's they are a statement about
the size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PagetError, unknown
from ._arrays import Bools
from .adam import Endpoint, arm_column, read_endpoint
from .competing import cumulative_incidence
from .cox import CoxFit, cox, interaction
from .km import IntervalKind, kaplan_meier
from .logrank import logrank, maxcombo
from .proportional import proportional_hazards
from .records import COMPARED, Record, check_published, join_published, record
from .rmst import longest_horizon, rmst, rmst_difference

if TYPE_CHECKING:
    import polars as pl

MANY_LEVELS = 12
"""A subgroup variable with more levels than this is a measurement: it wants cutting first."""


@dataclass(frozen=True)
class EndpointSpec:
    """What an endpoint is called and where it stands in ADTTE.

    Attributes
    ----------
    name : str
        Name in the records.
    paramcd : str
        CDISC parameter code.
    time_zero : {"randomisation", "diagnosis"}
        Start of the clock. From diagnosis, the time until randomisation could not be died in: the figures
        describe the patients who reached randomisation, as trials print them, and compare the arms fairly
        only because both share it.
    competing : bool
        Whether death competes (cumulative incidence in place of Kaplan-Meier, cause-specific hazard ratio).
    """

    name: str
    paramcd: str
    time_zero: str = "randomisation"
    competing: bool = False


ENDPOINTS: dict[str, EndpointSpec] = {
    "overall-survival": EndpointSpec("overall-survival", "OS"),
    "progression-free-survival": EndpointSpec("progression-free-survival", "PFS"),
    "distant-progression-free-survival": EndpointSpec("distant-progression-free-survival", "DPFS"),
    "locoregional-progression": EndpointSpec("locoregional-progression", "TTLRP", competing=True),
}
FROM_DIAGNOSIS = {"OS": "OSDX"}
"""The same endpoint counted from diagnosis, where ADTTE holds it."""


@dataclass(frozen=True)
class _Setting:
    """What every record of one endpoint and population shares."""

    spec: EndpointSpec
    population: str
    experimental: str
    control: str
    level: float
    kind: IntervalKind
    role: str
    p_values: bool
    strata: tuple[str, ...]

    def record(self, measure: str, value: float | None, **fields: Any) -> Record:
        """Make a record of this endpoint; compared measures get the comparison."""
        if measure in COMPARED:
            fields["comparison"] = {"experimental": self.experimental, "control": self.control}
        return record(
            self.spec.name,
            measure,
            value,
            population=self.population,
            time_zero=self.spec.time_zero,
            role=self.role,
            **fields,
        )


def summarise(
    adsl: pl.DataFrame,
    adtte: pl.DataFrame,
    *,
    endpoints: Sequence[str | EndpointSpec],
    experimental: str,
    control: str,
    strata: Sequence[str] = ("STRATUM",),
    landmarks_months: Sequence[float] = (12, 24, 36, 60),
    populations: Sequence[str] = ("itt",),
    subgroups: Sequence[str] = (),
    subgroup_endpoints: Sequence[str] | None = None,
    ci_level: float = 0.95,
    ci_kind: IntervalKind = "log-log",
    rmst_tau_months: float | None = None,
    published: Iterable[Mapping[str, Any]] = (),
    p_values: bool = True,
    role: str = "prediction",
    incomplete: str = "error",
) -> list[Record]:
    """Summary records of a two-arm comparison.

    Parameters
    ----------
    adsl, adtte : polars.DataFrame
        ADaM tables (`read_endpoint` says which columns).
    endpoints : sequence of str or EndpointSpec
        Names of `ENDPOINTS`, or own specifications. Overall survival from diagnosis (OSDX) is added where
        ADTTE holds it.
    experimental, control : str
        The arms, as in TRT01P, ARMCD or ARM.
    strata : sequence of str
        ADSL columns that stratify the Cox model and the log-rank test; () for none.
    landmarks_months : sequence of float
        Times of survival and incidence read-outs; those of published figures are added.
    populations : sequence of {"itt", "per-protocol", "as-treated"}
    subgroups : sequence of str
        ADSL columns; a hazard ratio for each level (unstratified) and one interaction test each, in the ITT
        population.
    subgroup_endpoints : sequence of str, optional
        Endpoints for which subgroups are computed; the first endpoint when not given.
    ci_level, ci_kind
        Level of every interval, and the kind of the survival intervals.
    rmst_tau_months : float, optional
        Horizon of the restricted mean; when not given, the last landmark that both arms reached, else the
        shorter follow-up.
    published : iterable of mapping
        Figures {endpoint, measure, arm or comparison, at_months, subgroup, value, ci_low, ci_high,
        ci_level, evidence}.
    p_values : bool
        Give p values and tests; False for any size but the real trial's.
    role : str
        Role of the figures (prediction, anchor, input, fitted).
    incomplete : {"error", "drop"}
        See `read_endpoint`.

    Returns
    -------
    list of dict
        Records in the form of `paget.analysis.records.record`.

    Raises
    ------
    PagetError
        Whatever is wrong with the tables or the names.
    """
    if not 0.5 < ci_level < 1.0:
        raise PagetError(
            "the level of an interval is a share", key="ci_level", got=ci_level, expected="between 0.5 and 1"
        )
    figures = check_published(published)
    specs = _specifications(endpoints, adtte)
    wanted = {specs[0].name} if subgroup_endpoints is None and specs else set(subgroup_endpoints or ())
    records: list[Record] = []
    for spec in specs:
        marks = _landmarks(landmarks_months, figures, spec)
        for population in populations:
            data = read_endpoint(adsl, adtte, spec.paramcd, population=population, incomplete=incomplete)
            code = arm_column(data, experimental, control, as_treated=population == "as-treated")
            data, arm = data.select(code >= 0), code[code >= 0] == 1
            setting = _Setting(
                spec, population, experimental, control, ci_level, ci_kind, role, p_values, tuple(strata)
            )
            if arm.all() or not arm.any():
                raise PagetError(
                    f"one arm of the {population} population is empty", got=f"{spec.paramcd}, n = {len(arm)}"
                )
            records += _compared(data, arm, setting)
            records += _per_arm(data, arm, setting, marks)
            if not spec.competing:
                records += _restricted(data, arm, setting, marks, rmst_tau_months)
            if population == "itt" and spec.name in wanted and spec.time_zero == "randomisation":
                for name in subgroups:
                    records += _subgroup(data, arm, setting, name)
    return join_published(records, figures)


def _specifications(endpoints: Sequence[str | EndpointSpec], adtte: pl.DataFrame) -> list[EndpointSpec]:
    specs: list[EndpointSpec] = []
    for given in endpoints:
        if isinstance(given, str) and given not in ENDPOINTS:
            raise unknown("endpoint", given, ENDPOINTS)
        specs.append(ENDPOINTS[given] if isinstance(given, str) else given)
    present = set(adtte["PARAMCD"].to_list()) if "PARAMCD" in adtte.columns else set()
    named = {spec.paramcd for spec in specs}
    for spec in list(specs):
        early = FROM_DIAGNOSIS.get(spec.paramcd, "")
        if early in present and early not in named:
            specs.append(replace(spec, paramcd=early, time_zero="diagnosis"))
    return specs


def _landmarks(given: Sequence[float], figures: Sequence[Record], spec: EndpointSpec) -> list[float]:
    asked = {float(t) for t in given}
    for figure in figures:
        same = (figure["endpoint"], figure["time_zero"]) == (spec.name, spec.time_zero)
        if (
            same
            and figure["measure"] in ("survival", "cumulative_incidence")
            and figure.get("at_months") is not None
        ):
            asked.add(float(figure["at_months"]))
    return sorted(asked)


def _compared(data: Endpoint, arm: Bools, setting: _Setting) -> list[Record]:
    """Hazard ratio, log-rank, MaxCombo and the test of proportional hazards."""
    t, e = data.survival.time_months, data.survival.event
    strata = data.strata(setting.strata)
    shared = {"n": len(data), "events": data.survival.n_events}
    by = f", stratified by {' and '.join(setting.strata)}" if setting.strata else ""
    how = "cause-specific Cox" if setting.spec.competing else "Cox"
    fit = _fit(t, e, arm, strata)
    log_rank = _or_none(lambda: logrank(t, e, arm, strata=strata).p_value) if setting.p_values else None
    if isinstance(fit, str):
        out = [setting.record("hazard_ratio", None, note=fit, **shared)]
    else:
        low, high = fit.ci(setting.level)[0]
        out = [
            setting.record(
                "hazard_ratio",
                float(fit.hr[0]),
                ci_low=low,
                ci_high=high,
                ci_level=setting.level,
                p_value=log_rank,
                method=f"{how}, Efron ties{by}; p by log-rank"
                if setting.p_values
                else f"{how}, Efron ties{by}",
                **shared,
            )
        ]
    if not setting.p_values:
        return out
    tests: list[tuple[str, Callable[[], float] | None, str]] = [
        ("logrank_p", None, f"log-rank{by}"),
        ("maxcombo_p", lambda: maxcombo(t, e, arm, strata=strata).p_value, f"FH (0,0) (1,0) (0,1) (1,1){by}"),
    ]
    if isinstance(fit, CoxFit):
        tests.append(
            (
                "cox_zph_p",
                lambda: float(proportional_hazards(fit).p_value[0]),
                "Grambsch-Therneau score test, km",
            )
        )
    for measure, compute, method in tests:
        p = log_rank if compute is None else _or_none(compute)
        out.append(setting.record(measure, p, p_value=p, method=method, **shared))
    return out


def _fit(t: Any, e: Any, arm: Bools, strata: Any) -> CoxFit | str:
    """Fit the model, or say why there is none."""
    if not e.any():
        return "no event"
    if not e[arm].any() or not e[~arm].any():
        return "no event in one arm"
    try:
        fit = cox(t, e, {"arm": arm.astype(float)}, strata=strata)
    except PagetError as error:
        return error.message
    return fit.problem or fit


def _per_arm(data: Endpoint, arm: Bools, setting: _Setting, marks: Sequence[float]) -> list[Record]:
    """Survival or cumulative incidence at landmarks, and the median, by arm."""
    out: list[Record] = []
    t, e = data.survival.time_months, data.survival.event
    for label, mask in ((setting.experimental, arm), (setting.control, ~arm)):
        shared = {"arm": label, "n": int(mask.sum()), "events": int(e[mask].sum()), "ci_level": setting.level}
        if setting.spec.competing:
            measure, method = (
                "cumulative_incidence",
                f"Aalen-Johansen, death competing, {setting.kind} interval",
            )
            curve = cumulative_incidence(t[mask], data.cause[mask], ci=setting.kind, level=setting.level)
            values = curve.at_with_ci(marks)
        else:
            measure, method = "survival", f"Kaplan-Meier, {setting.kind} interval"
            kept = kaplan_meier(t[mask], e[mask], ci=setting.kind, level=setting.level)
            values = kept.at_with_ci(marks)
            middle, low, high = kept.median()
            note = "not reached" if np.isnan(middle) else None
            out.append(
                setting.record(
                    "median_months", middle, ci_low=low, ci_high=high, method=method, note=note, **shared
                )
            )
        for at, value, low, high in zip(marks, *values, strict=True):
            note = "beyond the follow-up" if np.isnan(value) else None
            out.append(
                setting.record(
                    measure, value, ci_low=low, ci_high=high, at_months=at, method=method, note=note, **shared
                )
            )
    return out


def _restricted(
    data: Endpoint, arm: Bools, setting: _Setting, marks: Sequence[float], tau: float | None
) -> list[Record]:
    """Restricted mean of each arm and their difference, at one horizon."""
    t, e = data.survival.time_months, data.survival.event
    if tau is None:
        longest = longest_horizon(t, e, arm)
        within = [mark for mark in marks if mark <= longest]
        tau = within[-1] if within else longest
    shared: dict[str, Any] = {
        "at_months": tau,
        "ci_level": setting.level,
        "method": "area under Kaplan-Meier",
    }
    n, events = len(data), data.survival.n_events
    try:
        d = rmst_difference(t, e, arm, tau, level=setting.level)
        parts = [(label, mask, *rmst(t[mask], e[mask], tau)) for label, mask in _sides(setting, arm)]
    except PagetError as error:
        return [
            setting.record("rmst_difference_months", None, n=n, events=events, note=error.message, **shared)
        ]
    half = (d.ci_high - d.value) / d.se if d.se > 0 else 0.0
    out = [
        setting.record(
            "rmst_difference_months",
            d.value,
            ci_low=d.ci_low,
            ci_high=d.ci_high,
            p_value=d.p_value if setting.p_values else None,
            n=n,
            events=events,
            **shared,
        )
    ]
    for label, mask, value, se in parts:
        counts = {"n": int(mask.sum()), "events": int(e[mask].sum())}
        limits = {"ci_low": value - half * se, "ci_high": value + half * se}
        out.append(setting.record("rmst_months", value, arm=label, **limits, **counts, **shared))
    return out


def _sides(setting: _Setting, arm: Bools) -> tuple[tuple[str, Bools], tuple[str, Bools]]:
    return (setting.experimental, arm), (setting.control, ~arm)


def _subgroup(data: Endpoint, arm: Bools, setting: _Setting, name: str) -> list[Record]:
    """Hazard ratio in each level of one variable, and the test that they differ."""
    labels = data.column(name)
    levels = np.unique(labels)
    if len(levels) > MANY_LEVELS:
        raise PagetError(
            f"{name} has {len(levels)} different values, too many for subgroups",
            where="ADSL",
            key=name,
            expected=f"at most {MANY_LEVELS} levels",
            fix="cut it into groups first (an ADaM variable ending in GR1)",
        )
    t, e = data.survival.time_months, data.survival.event
    out: list[Record] = []
    for level in levels:
        mask = labels == level
        shared = {"subgroup": f"{name}={_text(level)}", "n": int(mask.sum()), "events": int(e[mask].sum())}
        fit = _fit(t[mask], e[mask], arm[mask], None)
        if isinstance(fit, str):
            out.append(setting.record("hazard_ratio", None, note=fit, **shared))
            continue
        low, high = fit.ci(setting.level)[0]
        out.append(
            setting.record(
                "hazard_ratio",
                float(fit.hr[0]),
                ci_low=low,
                ci_high=high,
                ci_level=setting.level,
                method="Cox, Efron ties, unstratified",
                **shared,
            )
        )
    if setting.p_values:
        p = _or_none(lambda: interaction(t, e, arm, labels).p_value)
        counts = {"n": len(data), "events": data.survival.n_events}
        method = "likelihood ratio, arm by subgroup"
        out.append(setting.record("interaction_p", p, p_value=p, subgroup=name, method=method, **counts))
    return out


def _text(level: Any) -> str:
    return f"{level:g}" if isinstance(level, (float, np.floating)) else str(level)


def _or_none(compute: Callable[[], float]) -> float | None:
    """Return a test's p value, or None where the data hold too little for it."""
    try:
        return compute()
    except PagetError:
        return None
