"""From a protocol to a plan of lives: months and weeks become days, shares become fields of an arm."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.clinic.instruments import of_kind
from paget.engine.fitness import check_therapies
from paget.engine.surveillance import check_looks, follow_up_of
from paget.engine.therapies import check_places, variants
from paget.forms import Key
from paget.life.kernel import AT_ONCE, INOPERABLE
from paget.life.simulate import LifePlan
from paget.life.state import LATER_LINES
from paget.parameters import ParameterSet, switch_names
from paget.population import Population
from paget.study import Protocol, check_names, mask
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE, Arm
from paget.therapy import Adjuvant, Library, library
from paget.therapy.adjuvant import USUAL, Given
from paget.therapy.form import AXES
from paget.therapy.local import MAX_LOCAL
from paget.units import DAYS_PER_MONTH

SURGEON_MAX_ECOG = 3
"""Nobody with ECOG 4 is operated on the primary (assumed)."""
LONGEST_DAYS = 30 * 365.25


@lru_cache(maxsize=16)
def _library_of(therapies: str) -> Library:
    return library(json.loads(therapies))


def protocol_library(protocol: Protocol) -> Library:
    """The library that a protocol's names are of: the shipped one and the therapies that the protocol brings along."""
    if not protocol.therapies:
        return library()
    return _library_of(json.dumps(protocol.therapies, default=_plain))


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def check_known_names(protocol: Protocol, where: str | None = None) -> None:
    """Refuse a protocol that names what does not exist (a switch, a standard, a regimen, a class of drugs), or gives what is forbidden."""
    shelf = protocol_library(protocol)
    check_names(
        protocol,
        {
            "switches": switch_names(),
            "standards_of_care": list(shelf.standards),
            "regimens": list(shelf.regimens),
            "not_available": list(AXES),
            "local_therapies": list(shelf.locals),
            "schedules": of_kind("schedule"),
            "imaging": of_kind("imaging"),
            "panels": of_kind("panel"),
            "adjuvant_practices": list(shelf.practices),
            "adjuvant_therapies": list(shelf.adjuvants),
        },
        where=where,
    )
    check_looks(protocol, where)
    check_therapies(protocol, shelf, where)
    for arm in (None, *range(len(protocol.arms))):
        adjuvant_of(protocol, arm)


def adjuvant_of(protocol: Protocol, arm: int | None = None) -> Adjuvant:
    """Adjuvant practice of a protocol's patients, or of one of its arms.

    Raises
    ------
    PagetError
        A practice or a therapy that does not exist, or one that is given to women whom its file forbids it.
    """
    key: Key = ("population", "adjuvant")
    asked = protocol.population.adjuvant
    if arm is not None and protocol.arms[arm].adjuvant is not None:
        asked, key = protocol.arms[arm].adjuvant, ("arms", arm, "adjuvant")
    shelf = protocol_library(protocol)
    if asked is None or asked.gives is None:
        return shelf.adjuvant(USUAL if asked is None else str(asked.practice))
    return shelf.adjuvant([Given.model_validate(row.model_dump()) for row in asked.gives], where=protocol.id, key=key)


def population_of(protocol: Protocol, parameters: ParameterSet, seed: int, *, cache: bool = True) -> Population:
    """Natural histories that a protocol draws its patients from."""
    return Population(parameters, seed, protocol.population.source, cache, adjuvant_of(protocol))


def _sd_log(median: float, sd: float) -> float:
    return math.sqrt(math.log1p((sd / median) ** 2)) if median > 0 and sd > 0 else 0.0


def _arm(arm: Arm, protocol: Protocol, parameters: ParameterSet, shelf: Library) -> dict[str, Any]:
    out: dict[str, Any] = {"max_ecog": SURGEON_MAX_ECOG, "margin_involved": parameters["margin_involved"]}
    if arm.systemic == NO_SYSTEMIC:
        out["untreated"] = 1
    elif arm.systemic != STANDARD_OF_CARE:
        out["first_regimen"] = shelf.regimen_index(arm.systemic)
    out |= _later_lines(arm, protocol, shelf) | _local(arm, shelf)
    surgery = arm.locoregional
    if surgery.procedure == "surgery" and surgery.when is not None:
        out |= {
            "procedure": 1,
            "delay_median": max(surgery.when.delay_days_median, 1.0),
            "delay_sd_log": _sd_log(surgery.when.delay_days_median, surgery.when.delay_days_sd),
            "received": surgery.received_fraction or 0.0,
            "conserving": surgery.breast_conserving_fraction or 0.0,
            "radiotherapy_conserving": surgery.radiotherapy_fraction_after_bcs or 0.0,
            "radiotherapy_mastectomy": surgery.radiotherapy_fraction_after_mastectomy or 0.0,
            "pause_days": surgery.systemic_pause_days or 0.0,
            "systemic_after": surgery.systemic_starts == "after surgery",
        }
        if surgery.margins_free_fraction is not None:
            out["margin_involved"] = 1.0 - surgery.margins_free_fraction
    late = arm.surgical_crossover
    if late is not None and late.fraction > 0:
        delay = late.delay_days_median or 0.0
        out |= {
            "crossover": late.fraction,
            "crossover_on": 1 if late.on == "locoregional-progression" else 2,
            "crossover_delay": max(delay, 1.0),
            "crossover_delay_sd_log": _sd_log(delay, late.delay_days_sd),
            "radiotherapy_conserving": late.radiotherapy_fraction,
            "radiotherapy_mastectomy": late.radiotherapy_fraction,
        }
    return out


def _later_lines(arm: Arm, protocol: Protocol, shelf: Library) -> dict[str, Any]:
    """Regimens of later lines, a crossover at progression among them."""
    rows = {later.line: (later.systemic, later.fraction) for later in arm.later_lines or ()}
    late = arm.crossover
    if late is not None and not late.surgical:
        rows[2] = (protocol.arm(str(late.to)).systemic, late.fraction)
    if not rows:
        return {}
    regimen, share = np.full(LATER_LINES, -1), np.zeros(LATER_LINES)
    for line, (name, fraction) in rows.items():
        regimen[line - 2], share[line - 2] = shelf.regimen_index(name), fraction
    return {"later_regimen": regimen, "later_share": share}


def _local(arm: Arm, shelf: Library) -> dict[str, Any]:
    """Local treatments of lesions, each in a slot of its own."""
    if not arm.local:
        return {}
    out: dict[str, Any] = {
        "local": np.full(MAX_LOCAL, -1),
        "local_delay_median": np.ones(MAX_LOCAL),
        "local_delay_sd_log": np.zeros(MAX_LOCAL),
        "local_received": np.ones(MAX_LOCAL),
        "local_sessions": np.zeros(MAX_LOCAL, np.int64),
    }
    for slot, local in enumerate(arm.local):
        out["local"][slot] = shelf.local_index(local.therapy)
        out["local_delay_median"][slot] = max(local.when.delay_days_median, 1.0)
        out["local_delay_sd_log"][slot] = _sd_log(local.when.delay_days_median, local.when.delay_days_sd)
        out["local_received"][slot] = local.received_fraction
        out["local_sessions"][slot] = local.sessions or 0
    return out


def follow_up_days(protocol: Protocol) -> float:
    """Longest follow-up of anybody, in days from diagnosis."""
    induction = protocol.time_zero.induction
    gate = induction.max_months if induction else 0.0
    return (gate + protocol.accrual.months + protocol.follow_up.data_cut_months + 1.0) * DAYS_PER_MONTH


def compile_plan(protocol: Protocol, parameters: ParameterSet, *, to_death: bool = False) -> LifePlan:
    """The plan of lives of a protocol.

    Parameters
    ----------
    protocol : Protocol
    parameters : ParameterSet
        For what the protocol leaves to the clinic (margins).
    to_death : bool
        Live everybody to death (twins ask for it), not just to the data cut.

    Raises
    ------
    PagetError
        A name in the protocol is not known.
    """
    check_known_names(protocol)
    shelf = protocol_library(protocol)
    check_places(protocol, shelf)
    induction = protocol.time_zero.induction
    required = {"none": "nothing", "no-progression": "no-progression", "response": "response"}
    arms = [_arm(arm, protocol, parameters, shelf) for arm in protocol.arms]
    arms += [
        {**arms[of], "first_regimen": -1 if name == STANDARD_OF_CARE else shelf.regimen_index(name)} for of, name in variants(protocol)
    ]
    conserving = max(arm.get("conserving", 0.0) for arm in arms)
    for arm in arms:  # a late operation conserves the breast as often as a planned one
        arm.setdefault("conserving", conserving)
    visits = tuple(
        (7.0 * row.every_weeks, math.inf if row.until_months is None else row.until_months * DAYS_PER_MONTH)
        for row in protocol.assessments
    )
    return LifePlan(
        standard_of_care=protocol.population.standard_of_care,
        arms=tuple(arms),
        horizon_days=LONGEST_DAYS if to_death else follow_up_days(protocol),
        source="relapse" if protocol.early else protocol.population.source,
        gate_days=(induction.min_months * DAYS_PER_MONTH, induction.max_months * DAYS_PER_MONTH) if induction else (0.0, 0.0),
        gate_required=required[induction.required] if induction else "nothing",
        visits=visits,
        not_available=tuple(protocol.population.not_available),
        library=shelf,
        adjuvant=adjuvant_of(protocol),
    )


def early_plan(protocol: Protocol, parameters: ParameterSet, arm: int) -> LifePlan:
    """The plan of one arm of early disease: adjuvant therapy and follow-up as the arm says, then the standard of care."""
    schedule = follow_up_of(protocol.arms[arm], parameters)
    return replace(compile_plan(protocol, parameters), surveillance=schedule, adjuvant=adjuvant_of(protocol, arm))


def patient_flags(protocol: Protocol, frame: object) -> NDArray[np.int64]:
    """Flags of candidates: who skips the gate, who may not be operated, by the protocol's conditions at diagnosis."""
    import polars as pl

    assert isinstance(frame, pl.DataFrame)
    flags = np.zeros(frame.height, np.int64)
    if protocol.time_zero.at_diagnosis_if:
        flags |= AT_ONCE * np.asarray(mask(frame, protocol.time_zero.at_diagnosis_if)).astype(np.int64)
    conditions = [condition for arm in protocol.arms for condition in arm.locoregional.conditions]
    if conditions:
        flags |= INOPERABLE * (1 - np.asarray(mask(frame, conditions)).astype(np.int64))
    return flags
