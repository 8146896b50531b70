"""What if an assumed input of practice were otherwise: ever / never with each `varied` value of the file in place of the one in force.

Choosing again costs no life, so whatever only decides who is operated can be varied in a second; what changes lives
(standards of care, staging, the operation itself) needs a run of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paget.engine.registry.cohort import follow
from paget.engine.registry.decompose import Naive, error_of_difference, naive_ratio
from paget.engine.registry.practice import Biases
from paget.errors import PagetError
from paget.study.assumptions import lookup
from paget.study.registry import Registry, override_registry

if TYPE_CHECKING:
    import polars as pl

DECIDES = ("operation.upfront.fraction_of_operated", "operation.found_after_operation.fraction", "follow_up.")
"""Keys other than terms, and the shares operated, that can be varied without living anew."""


def changes_of(registry: Registry) -> list[tuple[str, str, Any, Any]]:
    """Key, words, value in force and other value of every input that can be varied."""
    out: list[tuple[str, str, Any, Any]] = []
    for key, term in registry.operation.terms:
        if term.varied is not None:
            out.append(
                (".".join(("operation", *key, "log_odds")), f"{key[0].replace('_', ' ')}: {term.text()}", term.log_odds, term.varied)
            )
    for item in registry.assumptions:
        decides = item.what.startswith(DECIDES) or item.what.endswith(".operated")
        if item.varied is not None and decides and isinstance(item.varied, int | float):
            value: Any = lookup(registry, item.what)[0]
            out.append((item.what, item.what, value, item.varied))
    return out


def vary(registry: Registry, people: pl.DataFrame, seed: int, biases: Biases, base: Naive) -> list[dict[str, Any]]:
    """Ever / never with each input at its other value, and with all terms there at once; errors by batches of the same patients."""
    listed = changes_of(registry)
    terms = {key: other for key, _, _, other in listed if key.endswith("log_odds")}
    tried = [(words, value, other, {key: other}) for key, words, value, other in listed]
    if len(terms) > 1:
        tried.append(("all terms at their other value", None, None, terms))
    rows = []
    for words, value, other, changes in tried:
        row: dict[str, Any] = {"what": words, "value": value, "varied": other}
        try:
            found = naive_ratio(follow(override_registry(registry, changes), people, seed, biases), biases)
        except PagetError as error:
            row |= {"hazard_ratio": None, "change_log": None, "change_mc_se_log": None, "problem": error.message}
        else:
            row |= {
                "hazard_ratio": found.hazard_ratio,
                "change_log": found.bias_log - base.bias_log,
                "change_mc_se_log": error_of_difference(found, base),
                "problem": "",
            }
        rows.append(row)
    return rows
