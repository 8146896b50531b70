"""What a run rests on: the evidence ids of its protocol, its parameters, its drugs and the targets of its posterior."""

from __future__ import annotations

from collections.abc import Iterable

from paget.engine.badges import adjuvant_practices
from paget.engine.compile import protocol_library
from paget.engine.draws import Source
from paget.evidence import load
from paget.parameters import declared
from paget.study import Protocol


def protocol_sources(protocol: Protocol) -> list[str]:
    """Evidence ids that a protocol names."""
    baseline = [item.source for item in protocol.population.baseline if not item.assumed]
    other = [source.evidence for source in protocol.sources if source.evidence is not None]
    return list(dict.fromkeys([*protocol.evidence, *(entry.evidence for entry in protocol.published), *baseline, *other]))


def _regimens(protocol: Protocol) -> Iterable[str]:
    shelf = protocol_library(protocol)
    for situations in shelf.standards[protocol.population.standard_of_care].lines.values():
        for lines in situations.values():
            for options in lines:
                yield from options
    for arm in protocol.arms:
        yield from (name for name in arm.regimens if name in shelf.regimens)


def cited(protocol: Protocol, source: Source) -> list[str]:
    """All evidence ids that a run rests on, each once, sorted; what is not an id of the evidence (a page, a registration) is left out."""
    shelf, base = protocol_library(protocol), load()
    treated = [entry.therapy for arm in protocol.arms for entry in arm.local or ()]
    treated += [therapy.id for practice in adjuvant_practices(protocol) for therapy in practice.therapies]
    regimens, seen = list(_regimens(protocol)), set()
    agents: set[str] = set()
    while regimens:
        regimen = shelf.regimens[regimens.pop()]
        if regimen.id in seen:
            continue
        seen.add(regimen.id)
        agents |= {course.agent for course in regimen.agents}
        if regimen.then is not None:
            regimens.append(regimen.then)
    ids = {
        *protocol_sources(protocol),
        *shelf.standards[protocol.population.standard_of_care].sources,
        *(one for therapy in (*agents, *treated) if therapy in shelf.therapies for one in shelf.therapies[therapy].sources),
        *(one for parameter in declared().values() for one in parameter.sources),
        *(str(one) for one in source.manifest.get("evidence", ())),
    }
    return sorted({base.resolve(one) for one in ids if one in base})
