"""Whether the patients that a protocol lets in may get what its arms give: no file's condition is passed over in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from paget.biology.layout import SUBTYPES
from paget.biology.markers import MARKERS
from paget.forms import Fault, Key, to_error
from paget.study import Protocol, mask
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.study.conditions import Condition
from paget.therapy import Library, Therapy

Conditions = tuple[Condition, ...]
JUDGED = ("subtype", "hormone_receptor", "her2", "menopause", "ecog", "age_years", *MARKERS)
"""Attributes on which protocols and therapies can be compared without patients."""


def therapy_faults(protocol: Protocol, shelf: Library) -> list[Fault]:
    """Regimens of arms that some patient whom the protocol lets in, and to whom the arm gives them, may not get."""
    faults = []
    for position, arm in enumerate(protocol.arms):
        at: Key = ("arms", position)
        choices = arm.systemic_if or ()
        chosen = [choice.where for choice in choices if all(one.attribute in JUDGED for one in choice.where)]
        asked: list[tuple[Key, str, bool, Conditions, list[Conditions]]] = [((*at, "systemic"), arm.systemic, True, (), chosen)]
        asked += [((*at, "systemic_if", row, "systemic"), one.systemic, True, one.where, []) for row, one in enumerate(choices)]
        asked += [
            ((*at, "later_lines", row, "systemic"), later.systemic, False, (), []) for row, later in enumerate(arm.later_lines or ())
        ]
        for key, regimen, first, where, but in asked:
            if regimen in (STANDARD_OF_CARE, NO_SYSTEMIC) or regimen not in shelf.regimens:
                continue
            for therapy in shelf.therapies_of(regimen):
                why = _refusals(protocol, therapy, first, where, but)
                if why:
                    faults.append(Fault(
                        key, f"gives {therapy.label} to patients who may not get it", regimen,
                        "only patients who may: " + ", ".join(therapy.eligible.conditions) + f" ({'; '.join(why)})",
                        "narrow population.eligibility, or give it in another line",
                    ))  # fmt: skip
    return faults


def check_therapies(protocol: Protocol, shelf: Library, where: str | None = None) -> None:
    """Refuse a protocol whose arms give a therapy to patients that its file forbids, or begin different drugs before randomisation.

    Raises
    ------
    PagetError
        Every such arm at once.
    """
    faults = therapy_faults(protocol, shelf) + _before_randomisation(protocol)
    if faults:
        raise to_error(faults, where or protocol.id)


def _before_randomisation(protocol: Protocol) -> list[Fault]:
    """First-line regimens that differ between arms although first line is what patients are randomised after."""
    if protocol.time_zero.induction is None:
        return []
    return [
        Fault(
            ("arms", position, "systemic"), "differs between arms, yet begins at diagnosis, before the patient is randomised", arm.systemic,
            "the same first line in every arm of a trial with induction", "randomise at diagnosis, or tell the arms apart by later_lines",
        )
        for position, arm in enumerate(protocol.arms)
        if (arm.systemic, arm.systemic_if) != (protocol.control.systemic, protocol.control.systemic_if)
    ]  # fmt: skip


def _refusals(protocol: Protocol, therapy: Therapy, first: bool, where: Conditions, but: list[Conditions]) -> list[str]:
    rules = therapy.eligible
    if not rules.conditions:
        return []
    why: dict[str, None] = {}
    conditions = [*protocol.population.conditions, *where, *(one for alternative in but for one in alternative)]
    people = list(_people(therapy, {one.attribute for one in conditions}))
    admitted = np.flatnonzero(_admitted(protocol, people, where, but))
    for k in admitted:
        patient = people[k]
        why |= dict.fromkeys(rules.refusals({**patient, "biomarkers": patient}))
    if first and protocol.population.source == "de-novo" and admitted.size:
        why |= dict.fromkeys(rules.refusals({"earlier": ()}))
    return list(why)


def _people(therapy: Therapy, attributes: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """One woman of each kind that the rules of a therapy, and conditions on these attributes, may tell apart."""
    rules = therapy.eligible
    ages = [age for age in (rules.age_at_least, rules.age_at_most) if age is not None]
    tried = sorted({age + step for age in (*ages, 50.0) for step in (-0.5, 0.5)})
    asked = [name for name in MARKERS if name in attributes or any(marker.name == name for marker in rules.biomarkers)]
    levels = [MARKERS[name].levels for name in asked]
    for subtype, menopause, ecog, age, *of in product(SUBTYPES, ("pre", "post"), range(5), tried, *levels):
        marked = dict(zip(asked, of, strict=True))
        of_her2 = marked.get("her2_expression")
        if of_her2 is None or (of_her2 == "positive") == str(subtype).endswith("HER2+"):
            yield {"subtype": subtype, "menopause": menopause, "ecog": ecog, "age_years": age, **marked}


def _admitted(
    protocol: Protocol, people: list[Mapping[str, Any]], where: Conditions, but: list[Conditions]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of these people the protocol's conditions let in, who satisfy some more and none of the alternatives in ``but``."""
    import polars as pl

    frame = pl.DataFrame(people)
    conditions = [one for one in (*protocol.population.conditions, *where) if one.attribute in JUDGED]
    kept = np.asarray(mask(frame, conditions), bool) if conditions else np.ones(frame.height, bool)
    for alternative in but:
        kept &= ~np.asarray(mask(frame, alternative), bool)
    return kept
