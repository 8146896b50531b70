"""Tables on disk: parquet with the ADaM label of each variable as column metadata, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from paget.tables.labels import LABELS

if TYPE_CHECKING:
    import polars as pl


def write_table(frame: pl.DataFrame, path: Path) -> Path:
    """Write a table as parquet, atomically and with the same bytes for the same table.

    Parameters
    ----------
    frame : polars.DataFrame
        An ADaM table; variables without an entry in `LABELS` get their own name as label.
    path : Path
        The file, such as ``run/adtte.parquet``. Its table name goes into the metadata.

    Returns
    -------
    Path
        `path`. Read a label with ``pyarrow.parquet.read_schema(path).field("CNSR").metadata[b"label"]``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = frame.to_arrow()
    fields = [field.with_metadata({"label": LABELS.get(field.name, field.name)}) for field in table.schema]
    schema = pa.schema(fields, metadata={"dataset": path.stem.upper(), "standard": "CDISC ADaM"})
    temporary = path.with_name(f".{path.name}.part")
    try:
        pq.write_table(table.cast(schema), temporary, compression="zstd")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def read_labels(path: Path) -> dict[str, str]:
    """Label of each variable of a table written by `write_table`."""
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    return {field.name: (field.metadata or {}).get(b"label", b"").decode() for field in schema}
