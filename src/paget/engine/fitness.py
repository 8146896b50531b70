"""Whether the patients that a protocol lets in may get what its arms give: no file's condition is passed over in silence."""

from __future__ import annotations

from itertools import product

import numpy as np

from paget.biology.layout import SUBTYPES
from paget.forms import Fault, Key, to_error
from paget.study import Protocol, mask
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.therapy import Library, Therapy

JUDGED = ("subtype", "hormone_receptor", "her2", "menopause", "ecog", "age_years")
"""Attributes on which protocols and therapies can be compared without patients."""


def therapy_faults(protocol: Protocol, shelf: Library) -> list[Fault]:
    """Regimens of arms that some patient whom the protocol lets in may not get."""
    faults = []
    for position, arm in enumerate(protocol.arms):
        asked: list[tuple[Key, str, bool]] = [(("arms", position, "systemic"), arm.systemic, True)]
        asked += [
            (("arms", position, "systemic_if", row, "systemic"), choice.systemic, True)
            for row, choice in enumerate(arm.systemic_if or ())
        ]
        asked += [
            (("arms", position, "later_lines", row, "systemic"), later.systemic, False)
            for row, later in enumerate(arm.later_lines or ())
        ]
        for key, regimen, first in asked:
            if regimen in (STANDARD_OF_CARE, NO_SYSTEMIC) or regimen not in shelf.regimens:
                continue
            for therapy in shelf.therapies_of(regimen):
                why = _refusals(protocol, therapy, first)
                if why:
                    faults.append(Fault(
                        key, f"gives {therapy.label} to patients who may not get it", regimen,
                        "only patients who may: " + ", ".join(therapy.eligible.conditions) + f" ({'; '.join(why)})",
                        "narrow population.eligibility, or give it in another line",
                    ))  # fmt: skip
    return faults


def check_therapies(protocol: Protocol, shelf: Library, where: str | None = None) -> None:
    """Refuse a protocol whose arms give a therapy to patients that its file forbids.

    Raises
    ------
    PagetError
        Every such arm at once.
    """
    faults = therapy_faults(protocol, shelf)
    if faults:
        raise to_error(faults, where or protocol.id)


def _refusals(protocol: Protocol, therapy: Therapy, first: bool) -> list[str]:
    rules = therapy.eligible
    if not rules.conditions:
        return []
    ages = [age for age in (rules.age_at_least, rules.age_at_most) if age is not None]
    tried = sorted({age + step for age in (*ages, 50.0) for step in (-0.5, 0.5)})
    people = list(product(SUBTYPES, ("pre", "post"), range(5), tried))
    why: dict[str, None] = {}
    for subtype, menopause, ecog, age in (people[k] for k in np.flatnonzero(_admitted(protocol, people))):
        patient = {"subtype": subtype, "menopause": menopause, "ecog": ecog, "age_years": age}
        why |= dict.fromkeys(rules.refusals(patient))
    if first and protocol.population.source == "de-novo":
        why |= dict.fromkeys(rules.refusals({"earlier": ()}))
    return list(why)


def _admitted(protocol: Protocol, people: list[tuple[str, str, int, float]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of these people the protocol's conditions on the judged attributes let in."""
    import polars as pl

    columns = {"subtype": pl.String, "menopause": pl.String, "ecog": pl.Int64, "age_years": pl.Float64}
    frame = pl.DataFrame(people, schema=columns, orient="row")
    conditions = [one for one in protocol.population.conditions if one.attribute in JUDGED]
    return np.asarray(mask(frame, conditions), bool) if conditions else np.ones(frame.height, bool)
