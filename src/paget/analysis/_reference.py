"""The reference data sets beside this room (from R's `survival`), as columns; see ``reference/README.md``."""

from __future__ import annotations

import csv
import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import unknown

FOLDER = Path(__file__).parent / "reference"
Columns = dict[str, Any]


@lru_cache(maxsize=16)
def reference(name: str) -> Columns:
    """Columns of one data set: floats (NaN where R has NA), or strings.

    Examples
    --------
    >>> len(reference("lung")["time"])
    228
    """
    path = FOLDER / f"{name}.csv.gz"
    if not path.exists():
        raise unknown("reference data set", name, [p.name.removesuffix(".csv.gz") for p in FOLDER.glob("*.csv.gz")])
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: _column([row[key] for row in rows]) for key in rows[0]}


def complete(columns: Columns, names: list[str]) -> Columns:
    """Return the rows in which none of `names` is missing, as R drops them."""
    keep = np.all([~np.isnan(columns[name]) for name in names], axis=0)
    return {key: values[keep] for key, values in columns.items()}


def _column(texts: list[str]) -> Any:
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array(texts)
