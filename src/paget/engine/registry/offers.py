"""Which local therapy each patient is in question for: what clinicians ask, what the therapies' files allow, and how cases are shared.

Decided at diagnosis, on what is seen then. On the day itself the life asks the therapy's file again (`paget.therapy.local.refusal`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import PLACES
from paget.errors import nearest
from paget.forms import Fault, Key, to_error
from paget.study import mask
from paget.study.registry import LocalOperation
from paget.study.streams import uniforms
from paget.therapy import Library

if TYPE_CHECKING:
    import polars as pl

Ints = NDArray[np.int64]
NONE = -1
"""Place of the therapy of somebody who is in question for none."""


def check_therapies(operation: LocalOperation, shelf: Library, where: str | None) -> None:
    """Refuse a therapy that does not exist, or that does not treat the place of the registry.

    Raises
    ------
    PagetError
        All of them at once.
    """
    faults = []
    for row, one in enumerate(operation.therapies):
        key: Key = ("operation", "therapies", row, "therapy")
        if one.therapy not in shelf.locals:
            fitting = [name for name, record in zip(shelf.locals, shelf.local_records(), strict=True) if _treats(record, operation.place)]
            guess = nearest(one.therapy, shelf.locals)
            fix = f"did you mean {guess!r}?" if guess else None
            faults.append(Fault(key, "is no local therapy", one.therapy, "one of " + ", ".join(fitting), fix))
            continue
        record = shelf.local_records()[shelf.local_index(one.therapy)]
        treats = [place for place, yes in zip(PLACES, record["places"], strict=True) if yes]
        if not _treats(record, operation.place):
            fix = f"take a therapy of the {operation.place}, or change operation.place"
            faults.append(Fault(key, f"does not treat the {operation.place}", one.therapy, f"it treats: {', '.join(treats)}", fix))
    if faults:
        raise to_error(faults, where)


def _treats(record: Any, place: str) -> bool:
    return bool(record["places"][PLACES.index(place)] == 1)


def allowed(record: Any, place: str, frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Whose case the file of a therapy allows, by what is seen at diagnosis."""
    number, largest = frame[f"n_{place}"].to_numpy(), frame[f"largest_{place}_cm"].to_numpy()
    yes = (number >= 1) & (number <= record["max_lesions"]) & (largest <= record["max_cm"]) & (largest >= record["min_cm"])
    yes &= frame["ecog"].to_numpy() <= record["max_ecog"]
    if record["other_sites"] == 0:
        yes &= frame["n_sites"].to_numpy() <= 1
    return np.asarray(yes, bool)


def offers(frame: pl.DataFrame, operation: LocalOperation, seed: int, shelf: Library) -> Ints:
    """Place in ``operation.therapies`` of the therapy that each patient is in question for, `NONE` where there is none.

    Parameters
    ----------
    frame : polars.DataFrame
        What the clinic sees at diagnosis.
    operation : LocalOperation
    seed : int
    shelf : Library
    """
    records = shelf.local_records()
    asked = np.asarray(mask(frame, operation.offered), bool)
    weights = np.stack(
        [
            one.weight * (asked & allowed(records[shelf.local_index(one.therapy)], operation.place, frame))
            for one in operation.therapies
        ]
    )  # fmt: skip
    edges = np.cumsum(weights, axis=0)
    u = uniforms(seed, ("registry", "therapy"), frame["patient_id"].to_numpy())
    chosen = (edges <= u * edges[-1]).sum(axis=0)
    return np.where(edges[-1] > 0.0, np.minimum(chosen, len(operation.therapies) - 1), NONE).astype(np.int64)
