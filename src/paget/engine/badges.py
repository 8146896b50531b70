"""What must be said of a trial's therapies wherever its results stand: little evidence, hypothetical."""

from __future__ import annotations

from paget.engine.compile import adjuvant_of, protocol_library
from paget.study import Protocol
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.therapy import Adjuvant, Therapy


def therapies_of(protocol: Protocol) -> list[Therapy]:
    """Therapies that the protocol names (what the standard of care and the usual adjuvant practice give apart), each once."""
    shelf = protocol_library(protocol)
    named: list[str] = []
    found: dict[str, Therapy] = {}
    for arm in protocol.arms:
        named += arm.regimens
        for local in arm.local or ():
            if local.therapy in shelf.therapies:
                found[local.therapy] = shelf.therapies[local.therapy]
    for regimen in named:
        if regimen not in (STANDARD_OF_CARE, NO_SYSTEMIC) and regimen in shelf.regimens:
            found |= {therapy.id: therapy for therapy in shelf.therapies_of(regimen)}
    for practice in adjuvant_practices(protocol):
        found |= {therapy.id: therapy for therapy in practice.therapies}
    return list(found.values())


def adjuvant_practices(protocol: Protocol) -> list[Adjuvant]:
    """Adjuvant practices that the protocol asks for, its patients' first, then those of arms that have one of their own."""
    asked: list[int | None] = [None] if protocol.population.adjuvant is not None else []
    asked += [position for position, arm in enumerate(protocol.arms) if arm.adjuvant is not None]
    return [adjuvant_of(protocol, position) for position in asked]


def badge_lines(protocol: Protocol) -> list[str]:
    """One line for each named therapy that is hypothetical or has little evidence."""
    return [f"{one.title}: {', '.join(one.badges)}." for one in therapies_of(protocol) if one.badges]


def standard_line(protocol: Protocol) -> str | None:
    """What of the standard of care has little evidence, in one sentence; None where all is shown against studies."""
    shelf = protocol_library(protocol)
    name = protocol.population.standard_of_care
    lines = [line for situations in shelf.standards[name].lines.values() for rows in situations.values() for line in rows]
    regimens = dict.fromkeys(regimen for line in lines for regimen in line)
    given = {therapy.id: therapy for regimen in regimens for therapy in shelf.therapies_of(regimen)}
    little = sorted(therapy.title for therapy in given.values() if therapy.badges)
    return f"The standard of care {name} gives therapies of little evidence too: {'; '.join(little)}." if little else None


def stamp_of(protocol: Protocol) -> str | None:
    """What every figure says: that a therapy of the study does not exist."""
    return "what-if: hypothetical therapy" if any(one.hypothetical for one in therapies_of(protocol)) else None


def badges(protocol: Protocol) -> dict[str, list[str]]:
    """The same by id, for machines."""
    return {one.id: list(one.badges) for one in therapies_of(protocol) if one.badges}
