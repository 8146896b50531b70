"""From files to `ObservationalData`: a CSV or Parquet table with one row per patient, or ADaM tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import PagetError, unknown
from .._arrays import Survival
from .data import MISSING, UNITS, ObservationalData, Varying

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".gz", ".tsv", ".parquet")


def read_table(path: str | Path) -> pl.DataFrame:
    """Read a CSV (also gzipped), TSV or Parquet file.

    Raises
    ------
    PagetError
        Where the file is not there, is of another kind, is empty or is not a table.
    """
    import polars as pl

    file = Path(path)
    if not file.exists():
        raise PagetError("there is no such file", where=file)
    if file.suffix not in SUFFIXES:
        raise PagetError("this kind of file cannot be read", where=file, got=file.suffix, expected="CSV, TSV or Parquet, or an ADaM folder")
    try:
        if file.suffix == ".parquet":
            table = pl.read_parquet(file)
        else:
            tab = "\t" if ".tsv" in file.suffixes else ","
            table = pl.read_csv(file, separator=tab, null_values=["", "NA", "."], infer_schema_length=None)
    except (OSError, UnicodeError, pl.exceptions.PolarsError) as error:
        raise PagetError("this file cannot be read as a table", where=file, got=str(error).splitlines()[0]) from None
    if not table.height:
        raise PagetError("this table has no row", where=file, expected="one row per patient")
    return table


def from_adam(
    folder: str | Path,
    *,
    paramcd: str = "OS",
    treated_date: str = "SURGDT",
    origin_date: str | None = None,
    covariates: Sequence[str] = (),
    missing: str = "error",
    **names: str,
) -> ObservationalData:
    """Read ADSL and ADTTE (CSV or Parquet) of a folder: ``CNSR`` 0 is the event, a date says when treatment began.

    Parameters
    ----------
    folder : path
        Holds ``adsl`` and ``adtte`` (``.parquet`` or ``.csv``).
    paramcd : str
        The endpoint.
    treated_date : str
        ADSL column of the start of treatment: a date (or a number of days), empty where never.
    origin_date : str, optional
        ADSL column of time zero; ``STARTDT`` of ADTTE by default, from which ``AVAL`` is counted, else ``RANDDT``.
    covariates : sequence of str
        ADSL columns.

    Raises
    ------
    PagetError
        As `read_endpoint`; also where a date column is missing or no date.
    """
    import polars as pl

    from ..adam import read_endpoint

    base = Path(folder)
    adsl, adtte = (_adam_table(base, name) for name in ("adsl", "adtte"))
    endpoint = read_endpoint(adsl, adtte, paramcd)
    patients = endpoint.patients
    if origin_date is None and "STARTDT" in adtte.columns:
        origin_date = "STARTDT"
        begun = adtte.filter(pl.col("PARAMCD") == paramcd).select("USUBJID", "STARTDT")
        patients = patients.join(begun, on="USUBJID", how="left", maintain_order="left")
    origin_date = origin_date or "RANDDT"
    for name in (treated_date, origin_date, *covariates):
        if name not in patients.columns:
            raise unknown("ADSL column", name, patients.columns, where=base)
    days = _days(patients, treated_date, base) - _days(patients, origin_date, base)
    frame = patients.select("USUBJID", *covariates).with_columns(
        pl.Series("__months", endpoint.survival.time_months),
        pl.Series("__event", endpoint.survival.event),
        pl.Series("__treated", days * UNITS["days"], nan_to_null=True),
        *([] if endpoint.entry is None else [pl.Series("__entry", endpoint.entry)]),
    )
    return ObservationalData.from_frame(
        frame, id="USUBJID", months="__months", event="__event", treated_months="__treated", covariates=covariates,
        entry_months=None if endpoint.entry is None else "__entry", missing=missing, where=str(base), **names,  # type: ignore[arg-type]
    )  # fmt: skip


def from_frame(
    cls: type[ObservationalData],
    frame: pl.DataFrame,
    *,
    months: str,
    event: str,
    treated_months: str | None,
    treated: str | None,
    covariates: Sequence[str],
    id: str | None,
    entry_months: str | None,
    unit: str,
    event_value: Any,
    missing: str,
    varying: pl.DataFrame | None,
    varying_from: str,
    negative_control: tuple[str, str] | None,
    names: dict[str, Any],
) -> ObservationalData:
    """Do the work of `ObservationalData.from_frame`."""
    where = names["where"]
    if unit not in UNITS:
        raise unknown("unit of time", unit, UNITS, where=where)
    if missing not in MISSING:
        raise unknown("way with missing covariates", missing, MISSING)
    if treated_months is None and treated is None:
        raise PagetError(
            "no column says who was treated",
            where=where,
            expected="a column of the time of treatment, or of 0/1 where treatment is decided at time zero",
        )
    wanted = [months, event, treated_months, treated, id, entry_months, *(negative_control or ()), *covariates]
    for name in (one for one in wanted if one is not None):
        if name not in frame.columns:
            raise unknown("column", name, frame.columns, where=where)
    rows_of_file = frame.height
    if missing == "drop" and covariates:
        frame = frame.drop_nulls(list(covariates)).drop_nans([c for c in covariates if frame[c].dtype.is_float()])
        if not frame.height:
            raise PagetError("no patient has every covariate", where=where, got=list(covariates), fix="leave out the emptiest")
    factor = UNITS[unit]
    time = _number(frame, months, where, may_be_empty=False) * factor
    if id is not None and frame[id].null_count():
        raise PagetError(
            f"column {id!r} is empty in {frame[id].null_count()} row(s)", where=where, expected="an identifier for every patient"
        )
    ids = frame[id].to_numpy() if id is not None else np.arange(frame.height)
    data = cls(
        id=ids.astype(str) if ids.dtype == object else ids,
        months=time,
        event=_event(frame, event, event_value, where),
        treated_months=_treated(frame, treated_months, treated, factor, where),
        covariates={name: _column(frame, name) for name in covariates},
        entry_months=None if entry_months is None else _number(frame, entry_months, where, may_be_empty=False) * factor,
        negative_control=None
        if negative_control is None
        else Survival(
            _number(frame, negative_control[0], where, may_be_empty=False) * factor,
            _event(frame, negative_control[1], None, where),
        ),
        dropped=rows_of_file - frame.height,
        **names,
    )
    if varying is None:
        return data
    if id is None:
        raise PagetError("time-varying covariates need a column of identifiers", where=where)
    from dataclasses import replace

    return replace(data, varying=_varying(varying, data, id, varying_from, factor, where))


def _varying(table: pl.DataFrame, data: ObservationalData, id: str, start: str, factor: float, where: str | None) -> Varying:
    import polars as pl

    for name in (id, start):
        if name not in table.columns:
            raise unknown("column of the time-varying table", name, table.columns, where=where)
    places = pl.DataFrame({id: data.id, "__row": np.arange(len(data))})
    places = places.with_columns(pl.col(id).cast(pl.String))
    joined = table.with_columns(pl.col(id).cast(pl.String)).join(places, on=id, how="left", maintain_order="left")
    known = joined.filter(pl.col("__row").is_not_null())
    if not known.height:
        raise PagetError("no patient of the time-varying table is in the data", where=where, key=id)
    values = {c: _number(known, c, where, may_be_empty=False) for c in table.columns if c not in (id, start)}
    when = _number(known, start, where, may_be_empty=False) * factor
    return Varying(known["__row"].to_numpy().astype(np.int64), when, values)


def _number(frame: pl.DataFrame, name: str, where: str | None, *, may_be_empty: bool) -> Any:
    import polars as pl

    column = frame[name]
    values = column.cast(pl.Float64, strict=False)
    bad = column.is_not_null() & values.is_null()
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0]) + 1
        raise PagetError(
            f"column {name!r} holds something that is no number in {int(bad.sum())} row(s), the first is row {row}",
            where=where,
            got=column.filter(bad)[0],
            expected="a number" + (", or nothing" if may_be_empty else ""),
            fix="correct it, or leave the row out",
        )
    if not may_be_empty and values.null_count():
        row = int(np.flatnonzero(values.is_null().to_numpy())[0]) + 1
        raise PagetError(f"column {name!r} is empty in {values.null_count()} row(s), the first is row {row}", where=where)
    return values.fill_null(float("nan")).to_numpy()


def _event(frame: pl.DataFrame, name: str, event_value: Any, where: str | None) -> Any:
    import polars as pl

    column = frame[name]
    if column.null_count():
        raise PagetError(f"the event {name!r} is missing in {column.null_count()} row(s)", where=where)
    if event_value is not None:
        hit = column.cast(pl.String) == str(event_value)
        if not hit.any() and column.dtype.is_numeric():
            hit = column.cast(pl.Float64) == _float(event_value)
        if not hit.any():
            raise PagetError("no patient has this value of the event", where=where, key=name, got=event_value,
                             expected="one of " + ", ".join(str(v) for v in column.unique().sort().to_list()[:8]))  # fmt: skip
        return hit.to_numpy()
    if column.dtype == pl.String:
        raise PagetError(
            f"the event {name!r} is text",
            where=where,
            got=column.unique().sort().to_list()[:5],
            fix="say which value means the event (--event-value)",
        )
    return column.to_numpy()


def _float(text: Any) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _treated(frame: pl.DataFrame, when: str | None, flag: str | None, factor: float, where: str | None) -> Any:
    times = None if when is None else _number(frame, when, where, may_be_empty=True) * factor
    if flag is None:
        return times
    values = _number(frame, flag, where, may_be_empty=False)
    if not np.isin(values, (0.0, 1.0)).all():
        raise PagetError(f"column {flag!r} says who was treated and must hold 0 and 1", where=where, got=np.unique(values)[:5].tolist())
    if times is None:
        return np.where(values == 1, 0.0, np.nan)
    differ = np.flatnonzero((values == 1) != np.isfinite(times))
    if differ.size:
        raise PagetError(
            f"{differ.size} patient(s) are treated without a time of treatment or the reverse, the first in row {int(differ[0])}",
            where=where,
            expected=f"{when} filled exactly where {flag} is 1",
        )
    return times


def _column(frame: pl.DataFrame, name: str) -> Any:
    import polars as pl

    column = frame[name]
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.array(column.cast(pl.String).to_list(), dtype=object)


def _adam_table(folder: Path, name: str) -> pl.DataFrame:
    for suffix in (".parquet", ".csv"):
        for spelled in (name, name.upper()):
            file = folder / f"{spelled}{suffix}"
            if file.exists():
                return read_table(file)
    raise PagetError(f"the folder has no {name}.parquet or {name}.csv", where=folder, expected="ADaM tables adsl and adtte")


def _days(patients: pl.DataFrame, name: str, where: Path) -> Any:
    """Days since 1970 of a date column, or the numbers of a numeric one; NaN where empty."""
    import polars as pl

    column = patients[name]
    if column.dtype == pl.String:
        parsed = column.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        if (column.is_not_null() & parsed.is_null()).any():
            bad = column.filter(column.is_not_null() & parsed.is_null())[0]
            raise PagetError(f"column {name} holds something that is no date", where=where, got=bad, expected="YYYY-MM-DD")
        column = parsed
    if column.dtype in (pl.Date, pl.Datetime):
        column = column.cast(pl.Date).to_physical()
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
