"""Whether a row can be read at all: its readout taken of a cohort without patients, so that a mistake is told before any simulation."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from paget.biology.layout import N_ORGANS
from paget.calibration.cohorts import Cohort
from paget.calibration.conditions import matching
from paget.calibration.readouts import READOUTS
from paget.calibration.rows import Anchor, Simulation
from paget.errors import PagetError, unknown

_DIAGNOSED = (
    "id", "class_", "subtype", "age", "postmenopausal", "cm", "nodes", "stage", "found_by", "metastatic",
)  # fmt: skip
_EARLY = (*_DIAGNOSED, "colonies", "doubling", "years", "event")
_LIVED = (
    *_DIAGNOSED, "death", "cause", "progression", "progressed", "response", "organs", "sites", "lesions", "ctc", "ecog", "lines",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "diagnosis": (*_DIAGNOSED, "colonies", "doubling"),
    "early": _EARLY,
    "followed": (*_EARLY, "found_at_visit"),
    "de-novo": _LIVED,
    "relapsed": _LIVED,
    "metastatic": _LIVED,
    "everybody": _LIVED,
    "trial": _LIVED,
    "local-series": ("id", "class_", "subtype", "cm", "control", "complete"),
}
"""Columns of the cohorts of each kind of simulation (`paget.calibration.cohorts`)."""


def nobody(kind: str) -> Cohort:
    """A cohort of a kind of simulation, without patients."""
    return Cohort({name: np.zeros((0, N_ORGANS) if name == "organs" else 0, np.int64) for name in COLUMNS[kind]})


def check_conditions(where: Mapping[str, Any] | None, kind: str) -> None:
    """Refuse conditions that no patient of a kind of simulation can be asked.

    Raises
    ------
    PagetError
        For a condition, a value or a column that does not exist.
    """
    try:
        matching(nobody(kind), where)
    except (TypeError, ValueError) as error:
        raise PagetError(f"a condition that cannot be read ({error})", key="where", got=where) from None


def check_readout(row: Anchor, simulations: Mapping[str, Simulation]) -> None:
    """Refuse a row that asks what its simulation cannot tell.

    Raises
    ------
    PagetError
        For a simulation, readout, option, condition or column that does not exist.
    """
    for name in (row.simulation, row.options.get("control")):
        if name is not None and name not in simulations:
            raise unknown("simulation", str(name), simulations)
    if row.readout not in READOUTS:
        raise unknown("readout", str(row.readout), READOUTS)
    readout, options = READOUTS[row.readout], dict(row.options)
    kind = simulations[str(row.simulation)].kind
    check_conditions(row.where, kind)
    known = [name for name in inspect.signature(readout).parameters if name not in ("c", "seed")]
    for name in options:
        if name not in known:
            raise unknown(f"option of {row.readout}", str(name), known)
    if "control" in options:
        other = simulations[options["control"]].kind
        check_conditions(row.where, other)
        options["control"] = nobody(other)
    if "seed" in inspect.signature(readout).parameters:
        options["seed"] = 0
    try:
        readout(nobody(kind), **options)
    except KeyError as missing:
        raise PagetError(f"this simulation has no column {missing}", key="readout", got=row.readout) from None
    except (TypeError, ValueError, IndexError) as error:
        raise PagetError(
            f"{row.readout} cannot be read with these options ({error})", key="options", got=row.options, expected=", ".join(known)
        ) from None
