"""What a list of targets covers, read off the simulations that stand for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from paget.calibration.rows import Anchor, Simulation, table
from paget.parameters.coverage import Coverage

OUTCOMES = ("median", "survival", "hazard_ratio", "response")
"""Readouts of how metastatic disease goes on; shares at diagnosis and relapse do not cover an outcome."""
KINDS = {"de-novo": ("de-novo",), "relapsed": ("relapse",), "metastatic": ("de-novo", "relapse"), "trial": ("de-novo",)}
ATTRIBUTES = {
    "subtype": "subtype", "hormone_receptor": "hormone_receptor", "her2": "her2", "age": "age_years", "cm": "primary_cm",
    "nodes": "nodes", "lesions": "n_metastases", "sites": "n_sites",
}  # fmt: skip
"""Conditions of a row, and the attribute that a protocol knows them by."""
ORGANS = {"bone": "bone", "liver": "liver", "lung": "lung", "brain": "brain", "skin": "skin", "distant-nodes": "distant_nodes"}


def coverage(targets: Iterable[Anchor], simulations: Mapping[str, Simulation] | None = None, procedures: Iterable[str] = ()) -> Coverage:
    """What these rows cover.

    Parameters
    ----------
    targets : iterable of Anchor
        Rows used to place or fit values; others must be left out by the caller.
    simulations : mapping, optional
        The declared simulations; those of ``anchors.yaml`` by default.
    procedures : iterable of str
        Local treatments whose contrast with none is among the targets.
    """
    known = table()[0] if simulations is None else simulations
    found: dict[str, set[str]] = {name: set() for name in ("standards", "regimens", "subtypes", "sources", "splits")}
    for row in targets:
        simulation = known.get(row.simulation or "")
        if simulation is None or simulation.kind not in KINDS or row.readout not in OUTCOMES or row.context:
            continue
        options = simulation.options
        if options.get("untreated"):
            continue
        found["sources"] |= set(KINDS[simulation.kind])
        if simulation.kind == "trial":
            found["regimens"].add(str(options["regimen"]))
        else:
            found["standards"].add(str(options.get("era", "2012")))
        found["subtypes"] |= _subtypes(row.where, options)
        found["splits"] |= _splits(row.where) | _splits(row.options.get("versus", {})) | _splits(row.options.get("of", {}))
    return Coverage(**{name: tuple(sorted(values)) for name, values in found.items()}, procedures=tuple(sorted(procedures)))


def _subtypes(where: Mapping[str, Any], options: Mapping[str, Any]) -> set[str]:
    given = where.get("subtype", options.get("subtypes", ()))
    found = {given} if isinstance(given, str) else set(given)
    return {str(one) for one in found} if len(found) <= 2 else set()


def _splits(where: Any) -> set[str]:
    if not isinstance(where, Mapping):
        return set()
    found = set()
    for name, value in where.items():
        if name == "sites" and list(value) == [1, None]:  # anybody with visible metastases
            continue
        if name in ATTRIBUTES:
            found.add(ATTRIBUTES[name])
        elif name == "organ":
            found.add(ORGANS[str(value)])
        elif name == "only":
            found.add("bone_only" if value == "bone" else ORGANS[str(value)])
        elif name == "any_of":
            for one in value:
                found |= _splits(one)
    return found


def of_anchors() -> Coverage:
    """What the anchors cover, on which the point values were placed by hand."""
    return coverage(row for row in table()[1] if row.role == "anchor")
