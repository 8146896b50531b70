"""Where the facts are used: the reverse index over everything in Paget that cites a study."""

from __future__ import annotations

from paget.evidence import EvidenceBase, Usage


def sources_in_use() -> dict[str, dict[str, tuple[str, ...]]]:
    """Evidence ids by the kind and the name of what rests on them or is compared with them."""
    from paget.calibration import rows
    from paget.calibration.targets import declared_targets
    from paget.engine.cited import protocol_sources
    from paget.evidence import load
    from paget.evidence.heldout import held_out
    from paget.parameters import declared
    from paget.study import load_protocol, shipped
    from paget.therapy import library

    base, shelf = load(), library()
    used: dict[str, dict[str, tuple[str, ...]]] = {
        "parameter": {p.name: p.sources for p in declared().values() if p.sources},
        "therapy": {therapy.id: therapy.sources for therapy in shelf.therapies.values() if therapy.sources},
        "adjuvant practice": {practice.id: practice.sources for practice in shelf.practices.values() if practice.sources},
        "standard of care": {standard.id: standard.sources for standard in shelf.standards.values() if standard.sources},
        "protocol": {name: tuple(one for one in protocol_sources(load_protocol(name)) if one in base) for name in shipped()},
        "anchor": {row.id: row.sources for row in rows() if row.role == "anchor"},
        "prediction": {row.id: row.sources for row in rows() if row.role == "prediction"},
        "target": {target.id: target.row.sources for target in declared_targets().targets},
        "held-out": {entry.name: (entry.evidence,) for entry in held_out().entries},
    }
    return used


def usage(base: EvidenceBase) -> Usage:
    """The reverse index."""
    return Usage(base, sources_in_use())
