"""What must be said of a trial's therapies wherever its results stand: little evidence, hypothetical."""

from __future__ import annotations

from paget.engine.compile import protocol_library
from paget.study import Protocol
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.therapy import Therapy


def therapies_of(protocol: Protocol) -> list[Therapy]:
    """Therapies that the protocol's arms name (what the standard of care gives apart), each once."""
    shelf = protocol_library(protocol)
    named: list[str] = []
    found: dict[str, Therapy] = {}
    for arm in protocol.arms:
        named += [arm.systemic, *(one.systemic for one in arm.systemic_if or ()), *(one.systemic for one in arm.later_lines or ())]
        for local in arm.local or ():
            if local.therapy in shelf.therapies:
                found[local.therapy] = shelf.therapies[local.therapy]
    for regimen in named:
        if regimen not in (STANDARD_OF_CARE, NO_SYSTEMIC) and regimen in shelf.regimens:
            found |= {therapy.id: therapy for therapy in shelf.therapies_of(regimen)}
    return list(found.values())


def badge_lines(protocol: Protocol) -> list[str]:
    """One line for each therapy of the arms that is hypothetical or has little evidence."""
    return [f"{one.title}: {', '.join(one.badges)}." for one in therapies_of(protocol) if one.badges]


def badges(protocol: Protocol) -> dict[str, list[str]]:
    """The same by id, for machines."""
    return {one.id: list(one.badges) for one in therapies_of(protocol) if one.badges}
