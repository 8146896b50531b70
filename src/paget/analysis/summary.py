"""Everything a trial report prints, computed from an ADSL and an ADTTE table as a list of summary records.

Works on real trial data as well as on simulated: it knows ADaM names and nothing of the simulation. P
values are given only when asked for, because at any size but the real trial's they are a statement about
the size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..endpoints import COMPETING, NAMES, timed
from ..errors import PagetError, unknown
from . import readouts
from ._arrays import Bools
from .adam import EmptyPopulationError, Endpoint, NobodyError, arm_column, one_arm, read_endpoint
from .km import IntervalKind
from .records import Record, check_published, join_published, record

if TYPE_CHECKING:
    import polars as pl


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
    name: EndpointSpec(name, code, competing=code in COMPETING)
    for code, name in NAMES.items()
    if timed(code)
}
SPARSE = ("RSD", "LPFS", "TTLTP", "SAR")
"""Codes of times that not every patient has: a duration of response, a local progression of what was never treated."""
FROM_DIAGNOSIS = {"OS": "OSDX"}
"""The same endpoint counted from diagnosis, where ADTTE holds it."""


def summarise(
    adsl: pl.DataFrame,
    adtte: pl.DataFrame,
    *,
    endpoints: Sequence[str | EndpointSpec],
    experimental: str,
    control: str | None,
    strata: Sequence[str] = ("STRATUM",),
    landmarks_months: Sequence[float] = (12, 24, 36, 60),
    populations: Sequence[str] = ("itt",),
    subgroups: Sequence[str] | Mapping[str, pl.Expr] = (),
    subgroup_endpoints: Sequence[str] | None = None,
    ci_level: float = 0.95,
    ci_kind: IntervalKind = "log-log",
    rmst_tau_months: float | None = None,
    delayed_entry: bool = True,
    maxcombo_when: Literal["auto", "always", "never"] = "auto",
    published: Iterable[Mapping[str, Any]] = (),
    months_of: Iterable[Mapping[str, Any]] = (),
    p_values: bool = True,
    role: str = "prediction",
    incomplete: str = "error",
) -> list[Record]:
    """Summary records of a two-arm comparison, or of one arm.

    Parameters
    ----------
    adsl, adtte : polars.DataFrame
        ADaM tables (`read_endpoint` says which columns).
    endpoints : sequence of str or EndpointSpec
        Names of `ENDPOINTS`, or own specifications. Overall survival from diagnosis (OSDX) is added where
        ADTTE holds it.
    experimental, control : str
        The arms, as in TRT01P, ARMCD or ARM. Without a control there is nothing to compare: medians, survival, incidence and
        restricted means of the one arm.
    strata : sequence of str
        ADSL columns that stratify the Cox model and the log-rank test; () for none.
    landmarks_months : sequence of float
        Times of survival and incidence read-outs; those of published figures are added.
    populations : sequence of {"itt", "per-protocol", "as-treated"}
    subgroups : sequence of str, or mapping of name to polars expression
        ADSL columns (a hazard ratio for each level, named ``SUBTYPE=TNBC``), or conditions on ADSL (a hazard
        ratio of those who meet it). Unstratified, in the ITT population, each with a test of interaction.
    subgroup_endpoints : sequence of str, optional
        Endpoints for which subgroups are computed; the first endpoint when not given.
    ci_level, ci_kind
        Level of every interval, and the kind of the survival intervals.
    rmst_tau_months : float, optional
        Horizon of the restricted mean; when not given, the last landmark that both arms reached, else the
        shorter follow-up.
    delayed_entry : bool
        Honour the column ENTRY (survival from diagnosis: at risk from randomisation on). False counts
        everyone from diagnosis, as many trials print it: nobody could die before randomisation, so it
        flatters both arms.
    maxcombo_when : {"auto", "always", "never"}
        "auto" adds MaxCombo where the test of proportional hazards has p < 0.05.
    published : iterable of mapping
        Figures {endpoint, measure, arm or comparison, at_months, subgroup, value, ci_low, ci_high,
        ci_level, evidence}.
    months_of : iterable of mapping
        Published figures that are joined later: their times are read out too.
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
    if maxcombo_when not in ("auto", "always", "never"):
        raise unknown("use of MaxCombo", str(maxcombo_when), ("auto", "always", "never"))
    if not 0.5 < ci_level < 1.0:
        raise PagetError("the level of an interval is a share", key="ci_level", got=ci_level, expected="between 0.5 and 1")
    figures = check_published(published)
    timed = [*figures, *check_published(months_of)]
    specs = _specifications(endpoints, adtte)
    if not specs:
        raise PagetError("no endpoint was asked for", expected="one of " + ", ".join(ENDPOINTS))
    asked = [specs[0].name] if subgroup_endpoints is None else list(subgroup_endpoints)
    wanted = {NAMES.get(name, name) for name in asked}
    records: list[Record] = []
    codes = set(adtte["PARAMCD"].to_list())
    for spec in specs:
        if spec.paramcd in SPARSE and spec.paramcd not in codes:
            note = "nobody has this time"
            records.append(record(spec.name, "median_months", None, arm=experimental, note=note, role=role))
            continue
        marks = _landmarks(landmarks_months, timed, spec)
        for population in populations:
            try:
                data, arm = _population(adsl, adtte, spec, population, (experimental, control), incomplete)
            except EmptyPopulationError as error:
                if population == "itt" and spec.paramcd not in SPARSE:
                    raise
                sides = {"experimental": experimental, "control": control}
                fields = {"population": population, "time_zero": spec.time_zero, "role": role}
                records.append(record(spec.name, "hazard_ratio", None, comparison=sides, note=error.message, **fields))
                continue
            except NobodyError as error:
                records.append(record(spec.name, "median_months", None, arm=experimental, note=error.message, role=role))
                continue
            if not delayed_entry:
                data = replace(data, entry=None)
            setting = readouts.Setting(
                endpoint=spec.name,
                competing=spec.competing,
                time_zero=spec.time_zero,
                population=population,
                experimental=experimental,
                control=control,
                level=ci_level,
                kind=ci_kind,
                role=role,
                p_values=p_values,
                strata=tuple(strata),
                maxcombo=maxcombo_when,
            )
            if control is not None:
                records += readouts.compared(data, arm, setting)
            records += readouts.by_arm(data, arm, setting, marks)
            if not spec.competing:
                records += readouts.restricted(data, arm, setting, marks, rmst_tau_months)
            if control is not None and population == "itt" and spec.name in wanted and spec.time_zero == "randomisation":
                records += readouts.subgroups(data, arm, setting, subgroups)
    return join_published(records, figures)


def _population(
    adsl: pl.DataFrame,
    adtte: pl.DataFrame,
    spec: EndpointSpec,
    population: str,
    arms: tuple[str, str | None],
    incomplete: str,
) -> tuple[Endpoint, Bools]:
    """Read the patients of both arms and which of them are in the experimental one."""
    data = read_endpoint(adsl, adtte, spec.paramcd, population=population, incomplete=incomplete)
    experimental, control = arms
    if control is None:
        mine = one_arm(data, experimental)
        return data.select(mine), mine[mine]
    code = arm_column(data, experimental, control, as_treated=population == "as-treated", adsl=adsl)
    data, arm = data.select(code >= 0), code[code >= 0] == 1
    if arm.all() or not arm.any():
        raise EmptyPopulationError(f"one arm of the {population} population is empty", got=f"{spec.paramcd}, n = {len(arm)}")
    return data, arm


def _specifications(endpoints: Sequence[str | EndpointSpec], adtte: pl.DataFrame) -> list[EndpointSpec]:
    specs: list[EndpointSpec] = []
    for given in endpoints:
        if isinstance(given, EndpointSpec):
            specs.append(given)
            continue
        name = NAMES.get(given, given)
        if name not in ENDPOINTS:
            raise unknown("endpoint", given, [*ENDPOINTS, *NAMES])
        specs.append(ENDPOINTS[name])
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
        if same and figure["measure"] in ("survival", "cumulative_incidence") and figure.get("at_months") is not None:
            asked.add(float(figure["at_months"]))
    return sorted(asked)
