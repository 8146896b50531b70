"""Which patients of a cohort a published figure speaks of: conditions as data, never evaluated as code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from paget.biology.layout import N_ORGANS, PLACES, SUBTYPES
from paget.calibration.cohorts import Array, Cohort
from paget.errors import PagetError, unknown
from paget.parameters.registry import INDEX_LABELS

_NODES = {"N0": (0, 0), "N1-3": (1, 3), "N4-9": (4, 9), "N4+": (4, 999), "N+": (1, 999)}
_FOUND_BY = ("symptom", "screening", "metastasis")
_STAGES = ("I", "II", "III")


def _within(column: Array, limits: Any, key: str) -> Array:
    if not isinstance(limits, (list, tuple)) or len(limits) != 2:
        raise PagetError("not a pair", key=key, got=limits, expected="[lowest, below]")
    low, high = limits
    return (column >= (-np.inf if low is None else low)) & (column < (np.inf if high is None else high))


def _among(column: Array, wanted: Any, names: tuple[str, ...], key: str) -> Array:
    chosen = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in chosen:
        if name not in names:
            raise unknown(key, str(name), names)
    return np.isin(column, [names.index(name) for name in chosen])


def _nodes(c: Cohort, wanted: Any) -> Array:
    if wanted not in _NODES:
        raise unknown("nodal status", str(wanted), _NODES)
    low, high = _NODES[wanted]
    return (c["nodes"] >= low) & (c["nodes"] <= high)


def _organ(c: Cohort, name: Any) -> Array:
    organs = PLACES[:N_ORGANS]
    if name not in organs:
        raise unknown("organ", str(name), organs)
    return np.asarray(c["organs"][:, organs.index(name)] == 1)


def _sign(column: Array, wanted: Any, key: str) -> Array:
    if wanted not in ("positive", "negative"):
        raise unknown(key, str(wanted), ("positive", "negative"))
    return column if wanted == "positive" else ~column


CONDITIONS: dict[str, Callable[[Cohort, Any], Array]] = {
    "subtype": lambda c, x: _among(c["subtype"], x, SUBTYPES, "subtype"),
    "class": lambda c, x: _among(c["class_"], x, INDEX_LABELS["class"], "class"),
    "hormone_receptor": lambda c, x: _sign(c["subtype"] <= 1, x, "hormone receptor status"),
    "her2": lambda c, x: _sign((c["subtype"] == 1) | (c["subtype"] == 2), x, "HER2 status"),
    "stage": lambda c, x: _among(c["stage"] - 1, x, _STAGES, "stage"),
    "cm": lambda c, x: _within(c["cm"], x, "cm"),
    "age": lambda c, x: _within(c["age"], x, "age"),
    "nodes": _nodes,
    "every": lambda c, x: (c["nodes"] > 0) | (c["id"] % int(x) == 0),  # all with positive nodes, one in x of the others
    "found_by": lambda c, x: _among(c["found_by"], x, _FOUND_BY, "way of being found"),
    "stage_iv": lambda c, x: c["metastatic"] == int(x),
    "found_at_visit": lambda c, x: c["found_at_visit"] == int(x),
    "relapses": lambda c, x: (c["event"] == 1) == bool(x),
    "colonies": lambda c, x: c["colonies"] == int(x),
    "organ": _organ,
    "only": lambda c, x: _organ(c, x) & (c["sites"] == 1),
    "sites": lambda c, x: _within(c["sites"], x, "sites"),
    "lesions": lambda c, x: _within(c["lesions"], x, "lesions"),
    "measurable": lambda c, x: (c["response"] != 4) == bool(x),  # 4: NON-CR/NON-PD, no target lesion
    "any_of": lambda c, x: np.any([matching(c, one) for one in x], axis=0),
}


def matching(cohort: Cohort, where: Mapping[str, Any] | None) -> Array:
    """Patients for whom all conditions hold.

    Raises
    ------
    PagetError
        For a condition or a value that does not exist, or that this cohort cannot answer.
    """
    mask = np.ones(len(cohort), bool)
    for key, wanted in (where or {}).items():
        if key not in CONDITIONS:
            raise unknown("condition", key, CONDITIONS)
        try:
            mask &= CONDITIONS[key](cohort, wanted)
        except KeyError as missing:
            raise PagetError(f"this simulation has no column {missing}", key=key, got=wanted) from None
    return mask
