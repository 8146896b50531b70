"""Where a run leaves what the evidence covers: each record of it carries a badge that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from paget.engine.compile import adjuvant_of, protocol_library
from paget.engine.draws import Source
from paget.parameters.coverage import Coverage, of_point_values
from paget.study import Protocol
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.study.attributes import ATTRIBUTES, SUBTYPES
from paget.study.conditions import region


@dataclass(frozen=True)
class Badge:
    """One way in which a result is beyond what values were placed on or fitted to.

    Attributes
    ----------
    kind : {"standard", "source", "therapy", "procedure", "subtype", "subgroup", "values"}
    about : str
        The standard of care, arm, subgroup ... that it is about.
    words : str
        For readers.
    """

    kind: str
    about: str
    words: str


def coverage_of(source: Source) -> Coverage | None:
    """What the values of a run cover; None where a posterior does not say."""
    if source.name == "given":
        return None
    if not source.available:
        return of_point_values()
    given = source.manifest.get("coverage")
    return None if given is None else Coverage.of(given)


def badges(protocol: Protocol, source: Source, changed: Iterable[str] = ()) -> list[Badge]:
    """Every way in which a protocol goes beyond the evidence behind its values.

    Parameters
    ----------
    protocol : Protocol
    source : Source
    changed : iterable of str
        Parameters and switches that the user set.
    """
    found = []
    moved = sorted(changed)
    if moved:
        found.append(Badge("values", ", ".join(moved), f"values set by the user, not those of the evidence: {', '.join(moved)}"))
    covered = coverage_of(source)
    if covered is None:
        who = "these values were given by the user" if source.name == "given" else "the posterior does not say what it covers"
        return [*found, Badge("values", source.name, f"{who}: whether this is extrapolation is not known")]
    standard = protocol.population.standard_of_care
    if standard not in covered.standards:
        found.append(Badge("standard", standard, f"standard of care {standard}: no target on survival was treated under it"))
    if protocol.population.source not in covered.sources:
        words = f"{protocol.population.source} disease: no target on its survival"
        found.append(Badge("source", protocol.population.source, words))
    for arm in protocol.arms:
        for regimen in arm.regimens:
            if regimen not in (*covered.regimens, STANDARD_OF_CARE, NO_SYSTEMIC):
                found.append(Badge("therapy", arm.id, f"{regimen} (arm {arm.id}): no target on its effect"))
        for treatment in arm.local or ():
            if treatment.therapy not in covered.procedures:
                words = f"{treatment.therapy} (arm {arm.id}): what it does beyond the lesion is predicted, no target holds it"
                found.append(Badge("procedure", arm.id, words))
        procedure = arm.locoregional.procedure
        if procedure not in (*covered.procedures, "none"):
            words = f"{procedure} (arm {arm.id}): no contrast with none was used; its effect is predicted from mechanisms"
            found.append(Badge("procedure", arm.id, words))
    usual = {therapy.id for therapy in protocol_library(protocol).adjuvant().therapies}  # under the usual practice everything was fitted
    for therapy in adjuvant_of(protocol).therapies:
        if therapy.id not in usual:
            found.append(Badge("source", "population", f"{therapy.id} (all patients): no target on its effect"))
    for position, arm in enumerate(protocol.arms):
        for therapy in adjuvant_of(protocol, position).therapies if arm.adjuvant is not None else ():
            if therapy.id not in usual:
                found.append(Badge("therapy", arm.id, f"{therapy.id} (arm {arm.id}): no target on its effect"))
    missing = [one for one in _subtypes(protocol) if one not in covered.subtypes]
    if missing:
        found.append(Badge("subtype", ", ".join(missing), f"{', '.join(missing)}: no target on survival"))
    for group in protocol.analyses.subgroups:
        unknown = sorted({c.attribute for c in group.where if not _split(c.attribute, covered)})
        if unknown:
            words = f"subgroup {group.id}: no target splits outcomes by {', '.join(unknown)}"
            found.append(Badge("subgroup", group.id, words))
    return found


def _subtypes(protocol: Protocol) -> list[str]:
    """Subtypes that a protocol may enter, by its conditions on receptors."""
    seen = {
        "subtype": lambda name: name,
        "hormone_receptor": lambda name: "positive" if name.startswith("HR+") else "negative",
        "her2": lambda name: "positive" if name.endswith("HER2+") else "negative",
    }
    allowed = list(SUBTYPES)
    for condition in protocol.population.conditions:
        levels = region(condition).levels
        if condition.attribute in seen and levels is not None:
            allowed = [name for name in allowed if seen[condition.attribute](name) in levels]
    return allowed


def _split(attribute: str, covered: Coverage) -> bool:
    derived = ATTRIBUTES[attribute].derived
    return attribute in covered.splits or (bool(derived) and all(one in covered.splits for one in derived))


def mark(records: list[dict[str, Any]], found: list[Badge]) -> None:
    """Give each record the badges that concern it.

    A badge of an arm concerns records of that arm and every comparison; one of a subgroup, the records of that subgroup; the others
    concern all.
    """
    for record in records:
        record["extrapolation"] = [badge.words for badge in found if _concerns(badge, record)]


def _concerns(badge: Badge, record: dict[str, Any]) -> bool:
    if badge.kind == "subgroup":
        return bool(record.get("subgroup") == badge.about)
    if badge.kind in ("therapy", "procedure"):
        return bool(record.get("comparison")) or record.get("arm") == badge.about
    return True
