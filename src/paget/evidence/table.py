"""All published numbers as one long polars table, for filtering and plotting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from paget.evidence.models import Result, Study


def frame(studies: Iterable[Study]) -> pl.DataFrame:
    """One row per number: the cell of a table has its ``key`` (covariate) and ``column``."""
    import polars as pl

    text, real, whole = pl.String, pl.Float64, pl.Int64
    schema: dict[str, Any] = {
        "id": text, "kind": text, "topic": text, "level": text, "retracted": pl.Boolean, "result": whole,
        "measure": text, "endpoint": text, "of": text, "subgroup": text, "arm": text, "comparison": text,
        "from_months": real, "at_months": real, "by": text, "key": text, "column": text,
        "value": real, "text": text, "unit": text,
        "ci_low": real, "ci_high": real, "ci_level": real, "sd": real, "se": real,
        "range_low": real, "range_high": real, "iqr_low": real, "iqr_high": real,
        "n": whole, "events": whole, "note": text, "caveat": text,
    }  # fmt: skip
    rows = [row for study in studies for row in _rows(study)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    for position, result in enumerate(study.results):
        shared = {
            "id": study.id,
            "kind": study.kind,
            "topic": study.topic,
            "level": study.level_of(result),
            "retracted": study.retracted,
            "result": position,
            "unit": result.units,
        }
        for name in ("measure", "endpoint", "of", "subgroup", "arm", "comparison", "from_months", "at_months",
                     "by", "ci_level", "sd", "se", "n", "events", "note", "caveat"):  # fmt: skip
            shared[name] = getattr(result, name)
        for name in ("ci", "range", "iqr"):
            shared[f"{name}_low"], shared[f"{name}_high"] = getattr(result, name) or (None, None)
        for key, column, cell in _cells(result):
            number = cell if isinstance(cell, float) else None
            word = cell if isinstance(cell, str) else None
            yield shared | {"key": key, "column": column, "value": number, "text": word}


def _cells(result: Result) -> Iterator[tuple[str | None, str | None, object]]:
    if result.value is not None:
        yield None, None, result.value
    elif result.items is not None:
        for column, cell in zip(result.columns or (), result.items, strict=True):
            yield None, column, cell
    else:
        for key, *cells in result.pairs or ():
            name = f"{key:g}" if isinstance(key, float) else key
            for i, cell in enumerate(cells):
                yield name, result.columns[i] if result.columns else None, cell
