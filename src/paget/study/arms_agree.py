"""What must agree within and between the arms of a protocol, and with its estimand.

Each function returns the faults it finds; none stops at the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paget.forms.faults import Fault, Key, absent, twice
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.study.conditions import contradictions

if TYPE_CHECKING:
    from paget.study.protocol import Protocol


def check_arms(protocol: Protocol) -> list[Fault]:
    """One control among several arms, something for everybody, no two arms alike, crossovers that the estimand knows."""
    faults: list[Fault] = []
    arms = protocol.arms
    if not arms:
        return [Fault(("arms",), "has no arm", expected="one arm, or two or more that are compared")]
    controls = [arm.id for arm in arms if arm.control]
    if len(arms) > 1 and len(controls) != 1:
        problem = "has no control arm" if not controls else "has more than one control arm"
        faults.append(Fault(("arms",), problem, controls or None, "control: true in exactly one arm"))
    if all(arm.placebo for arm in arms):
        faults.append(Fault(("arms",), "every arm gets a placebo: of what?", expected="an arm without placebo: true"))
    for position, arm in enumerate(arms):
        if arm.untreated and not arm.placebo:
            expected = "systemic: standard of care (or a regimen), local, placebo: true, or locoregional.procedure: surgery"
            faults.append(Fault(("arms", position), f"the arm {arm.id!r} receives no treatment at all", expected=expected))
        for earlier in arms[:position]:
            if earlier.strategy == arm.strategy:
                message = f"the arms {earlier.id!r} and {arm.id!r} do the same: nothing can be compared"
                faults.append(Fault(("arms", position), message, fix="change systemic, local, locoregional or crossover of one"))
        when = arm.locoregional.when
        if when is not None and when.after == "diagnosis" and protocol.time_zero.event == "after-induction":
            key = ("arms", position, "locoregional", "when", "after")
            faults.append(
                Fault(
                    key,
                    "operates before the patient is randomised (time_zero is after-induction)",
                    "diagnosis",
                    "randomisation",
                )
            )
        faults += _crossover(protocol, position) + _lines(protocol, position) + _early(protocol, position)
        faults += [fault.under(("arms", position, "locoregional", "conditions")) for fault in contradictions(arm.locoregional.conditions)]
    return faults


CROSSING = {True: "crossover-to-surgery", False: "crossover-to-other-arm"}
"""Intercurrent event of a crossover, by whether it is surgical."""


def _crossover(protocol: Protocol, position: int) -> list[Fault]:
    arm = protocol.arms[position]
    late = arm.crossover
    if late is None:
        return []
    faults: list[Fault] = []
    key: Key = ("arms", position, "crossover")
    if late.surgical and arm.locoregional.procedure == "surgery":
        faults.append(Fault(key, "crosses over to surgery in an arm that has surgery", fix="remove it"))
    if not late.surgical:
        others = [other.id for other in protocol.arms if other is not arm]
        if late.to not in others:
            faults.append(absent(str(late.to), others, (*key, "to"), "other arm"))
        elif protocol.arm(str(late.to)).systemic in (STANDARD_OF_CARE, NO_SYSTEMIC):
            faults.append(Fault((*key, "to"), "gives no regimen of its own to cross over to", late.to, "an arm with systemic: a regimen"))
    events = {event.event for event in protocol.estimand.intercurrent_events}
    if late.fraction > 0 and CROSSING[late.surgical] not in events:
        message = f"the arm {arm.id!r} crosses over, but the estimand has no strategy for it"
        expected = f"{{event: {CROSSING[late.surgical]}, strategy: ...}}"
        faults.append(Fault(("estimand", "intercurrent_events"), message, expected=expected))
    return faults


def _lines(protocol: Protocol, position: int) -> list[Fault]:
    """Later lines and choices of the first: each line once, and none without systemic therapy."""
    arm = protocol.arms[position]
    rows = arm.later_lines or ()
    key: Key = ("arms", position, "later_lines")
    faults = twice([row.line for row in rows], key, "line", "line")
    if arm.crossover is not None and not arm.crossover.surgical and any(row.line == 2 for row in rows):
        faults.append(Fault(key, "says what line 2 is, and crossover does too", fix="keep one of the two"))
    later = rows or (arm.crossover is not None and not arm.crossover.surgical)
    if arm.systemic == NO_SYSTEMIC and (later or arm.systemic_if):
        faults.append(Fault(("arms", position, "systemic"), "is none, but the arm names regimens all the same", NO_SYSTEMIC))
    for place, choice in enumerate(arm.systemic_if or ()):
        faults += [fault.under(("arms", position, "systemic_if", place, "where")) for fault in contradictions(choice.where)]
    return faults


def _early(protocol: Protocol, position: int) -> list[Fault]:
    """Surveillance and adjuvant therapy of an arm are of early disease, and a study of early disease is of nothing else."""
    arm = protocol.arms[position]
    key: Key = ("arms", position)
    faults = []
    if not protocol.early:
        fix = "write population.source: early, or remove it"
        if arm.surveillance is not None:
            faults.append(Fault((*key, "surveillance"), "is follow-up of early disease", fix=fix))
        if arm.adjuvant is not None:
            fix = "write population.source: early; in relapsed disease adjuvant therapy lies before randomisation: population.adjuvant"
            faults.append(Fault((*key, "adjuvant"), "is given in early disease, and patients enter with metastases", fix=fix))
        if position == 0 and protocol.population.source == "de-novo" and protocol.population.adjuvant is not None:
            message = "is of those who had early disease, and everybody has metastases at diagnosis"
            faults.append(Fault(("population", "adjuvant"), message, fix="remove it, or write source: relapse, both or early"))
        return faults
    other = {
        "systemic": arm.systemic != STANDARD_OF_CARE, "systemic_if": bool(arm.systemic_if), "later_lines": bool(arm.later_lines),
        "local": bool(arm.local), "locoregional": arm.locoregional.procedure != "none", "crossover": arm.crossover is not None,
    }  # fmt: skip
    for name, given in other.items():
        if given:
            faults.append(Fault((*key, name), "is treatment of metastases, and patients enter with early disease", fix="remove it"))
    if position == 0 and protocol.time_zero.event != "diagnosis":
        faults.append(Fault(("time_zero", "event"), "is induction, and patients enter with early disease", fix="event: diagnosis"))
    return faults


def check_single_arm(protocol: Protocol) -> list[Fault]:
    """Refuse what compares, in a study without anything to compare with."""
    if not protocol.single_arm:
        return []
    faults = []
    expected = "survival, median or rate"
    if protocol.estimand.summary not in ("survival", "median", "rate"):
        faults.append(Fault(("estimand", "summary"), "compares, but the study has one arm", protocol.estimand.summary, expected))
    for position, result in enumerate(protocol.published):
        if result.comparison is not None:
            faults.append(Fault(("published", position, "comparison"), "compares, but the study has one arm", fix="remove it"))
    return faults
