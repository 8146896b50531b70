"""What a protocol's arms give, as the library of therapies knows it: local therapies, choices of a first regimen, places treated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import N_ORGANS, PLACES
from paget.errors import PagetError
from paget.forms import Fault, Key, to_error
from paget.study import Protocol, mask
from paget.study.conditions import region
from paget.therapy import Library

if TYPE_CHECKING:
    import polars as pl

Ints = NDArray[np.int64]
Record = np.void
COUNTED_PLACES = ("liver", "skin")
"""Places whose lesions have attributes of their own (number, largest)."""
FLAG = {place: place.replace("-", "_") for place in PLACES[:N_ORGANS]}
"""Attribute of the patients' table that says whether a place has visible disease."""


def treated_places(protocol: Protocol, shelf: Library) -> tuple[str, ...]:
    """Places that some local treatment of some arm treats, in the order of `PLACES`."""
    records = shelf.local_records()
    found = np.zeros(len(PLACES), bool)
    for arm in protocol.arms:
        for local in arm.local or ():
            found |= records[shelf.local_index(local.therapy)]["places"] == 1
    return tuple(place for place, yes in zip(PLACES, found, strict=True) if yes)


def _possible(protocol: Protocol, attribute: str, value: object) -> bool:
    """Whether eligibility leaves room for a value of an attribute with levels."""
    for condition in protocol.population.conditions:
        if condition.attribute == attribute:
            here = region(condition)
            if here.levels is not None and value not in here.levels:
                return False
    return True


def check_places(protocol: Protocol, shelf: Library) -> None:
    """Refuse a local treatment of places in which nobody who is eligible can have disease.

    Raises
    ------
    PagetError
        With the therapy, the places that it treats, and the arm.
    """
    if not protocol.local:
        return
    records = shelf.local_records()
    nowhere_else = {"bone_only": "bone", "solitary_bone": "bone", "liver_only": "liver"}
    only = [
        place for attribute, place in nowhere_else.items()
        if any(c.attribute == attribute and c.tests.get("is") is True for c in protocol.population.conditions)
    ]  # fmt: skip
    faults = []
    for position, arm in enumerate(protocol.arms):
        for row, local in enumerate(arm.local or ()):
            places = [PLACES[k] for k in range(N_ORGANS) if records[shelf.local_index(local.therapy)]["places"][k] == 1]
            open_ = [place for place in places if _possible(protocol, FLAG[place], True) and (not only or place in only)]
            key: Key = ("arms", position, "local", row, "therapy")
            fix = "change eligibility, or the therapy"
            if places and not open_:
                message = "treats places where nobody who is eligible has disease"
                faults.append(Fault(key, message, local.therapy, f"patients with disease in {' or '.join(places)}", fix))
            for attribute, most, words in _limits(records[shelf.local_index(local.therapy)], open_):
                if _lowest(protocol, attribute) > most:
                    message = f"is forbidden by its file to everybody who is eligible: {attribute} is at most {most:g} for it"
                    faults.append(Fault(key, message, local.therapy, words, fix))
    if faults:
        raise to_error(faults, protocol.id)


def _limits(record: Record, places: list[str]) -> list[tuple[str, float, str]]:
    """Limits of a local therapy on what a protocol can ask for: attribute, highest value, in words."""
    found = [("ecog", float(record["max_ecog"]), f"ECOG at most {record['max_ecog']}")]
    if len(places) == 1 and places[0] in COUNTED_PLACES:
        number, size = float(record["max_lesions"]), float(record["max_cm"])
        found += [
            (f"n_{places[0]}", number, f"at most {number:g} lesions"),
            (f"largest_{places[0]}_cm", size, f"lesions of at most {size:g} cm"),
        ]
    return found


def _lowest(protocol: Protocol, attribute: str) -> float:
    """Lowest value of a number that eligibility allows."""
    bounds = [region(one).low for one in protocol.population.conditions if one.attribute == attribute]
    return max(bounds, default=-np.inf)


def check_given(protocol: Protocol, patients: pl.DataFrame) -> None:
    """Refuse a trial in which a local treatment was planned and nobody could have it.

    Raises
    ------
    PagetError
        With the reasons of refusal and how often each was met.
    """
    import polars as pl

    for position, arm in enumerate(protocol.arms):
        planned = [local for local in arm.local or () if local.received_fraction > 0]
        mine = patients.filter(pl.col("arm") == arm.id)
        if not planned or not mine.height or mine["local_day"].is_not_null().any():
            continue
        why = mine.filter(pl.col("local_refused") != "")["local_refused"].value_counts(sort=True).rows()
        if not why:
            continue  # all died or progressed before: a result, not a mistake
        raise PagetError(
            f"nobody of the arm {arm.id!r} may have {planned[0].therapy}: its file forbids it to all {mine.height}",
            where=protocol.id,
            key=f"arms[{position}].local",
            got="; ".join(f"{reason}: {count}" for reason, count in why),
            expected="patients whom `paget show " + planned[0].therapy + "` allows",
            fix="narrow eligibility to patients with few and small enough lesions where it treats",
        )


def variants(protocol: Protocol) -> list[tuple[int, str]]:
    """Choices of a first regimen by what the clinic sees: arm and regimen of each, in the order in which kernels get them.

    They follow the arms themselves: variant k is arm ``len(protocol.arms) + k`` of the plan.
    """
    return [(position, choice.systemic) for position, arm in enumerate(protocol.arms) for choice in arm.systemic_if or ()]


def lived_arms(protocol: Protocol, frame: pl.DataFrame, arm: Ints) -> Ints:
    """Arm of the plan that each patient lives: her arm, or its variant for patients like her."""
    if not any(one.systemic_if for one in protocol.arms):
        return arm
    lived = arm.copy()
    number = len(protocol.arms)
    for position, one in enumerate(protocol.arms):
        open_ = arm == position
        for choice in one.systemic_if or ():
            here = open_ & np.asarray(mask(frame, choice.where), bool)
            lived[here] = number
            open_ &= ~here
            number += 1
    return lived


def regimen_of(protocol: Protocol, lived: int) -> tuple[int, str]:
    """Arm of the protocol that an arm of the plan belongs to, and the first regimen that it names."""
    n = len(protocol.arms)
    return (lived, protocol.arms[lived].systemic) if lived < n else variants(protocol)[lived - n]
