"""Resamples of a bootstrap kept on disk, so that one which was stopped goes on where it was.

Resample k follows from the seed and k alone, so what was kept is what would be drawn again; a file is used only for the same data, the same
choices and the same version of Paget.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from paget._version import __version__
from paget.analysis.causal import ObservationalData
from paget.analysis.causal.bootstrap import Resample, Resamples

WORK = ".bootstrap"
"""Folder of unfinished bootstraps, in that of the results."""
EVERY = 25
"""Resamples between two writings."""


def _parts(value: Any) -> Iterator[bytes]:
    """Everything in some data as bytes, in a fixed order."""
    if isinstance(value, np.ndarray):
        yield str((value.dtype.kind, value.shape)).encode()
        yield repr(value.tolist()).encode() if value.dtype.kind == "O" else np.ascontiguousarray(value).tobytes()
    elif isinstance(value, Mapping):
        for name in sorted(value):
            yield name.encode()
            yield from _parts(value[name])
    elif hasattr(value, "__dataclass_fields__"):
        for one in fields(value):
            yield one.name.encode()
            yield from _parts(getattr(value, one.name))
    else:
        yield repr(value).encode()


def fingerprint(data: ObservationalData, choices: Mapping[str, Any]) -> str:
    """Hash of data, choices and version: what the resamples of every analysis follow from."""
    digest = hashlib.sha256(__version__.encode())
    for part in (*_parts(data), *_parts(choices)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


class KeptResamples(Resamples):
    """Resamples of one analysis, read from a file where it is of the same data and choices, and written now and then.

    Parameters
    ----------
    path : Path
    mark : str
        Fingerprint of data and choices.
    """

    def __init__(self, path: Path, mark: str) -> None:
        self.path, self.mark = path, mark
        self.known: dict[int, Resample] = {}
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["mark"] == mark:
                self.known = {int(k): None if one is None else (one[0], one[1]) for k, one in kept["resamples"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            pass  # nothing kept, or nothing that can be read: everything is drawn again

    def get(self, k: int) -> tuple[bool, Resample]:
        """Whether resample k was kept, and what it gave."""
        return k in self.known, self.known.get(k)

    def put(self, k: int, one: Resample) -> None:
        """Keep resample k."""
        self.known[k] = one
        if len(self.known) % EVERY == 0:
            self.write()

    def write(self) -> None:
        """Write what is known, whole or not at all."""
        from paget.report.save import write_atomic

        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, json.dumps({"mark": self.mark, "resamples": self.known}).encode())
