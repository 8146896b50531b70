"""From ADaM tables (ADSL and ADTTE) to one endpoint ready to analyse; real trial data and simulated alike.

ADaM codes ``CNSR`` 0 = event and 1 or more = censored, the reverse of what survival libraries take: it is
turned once, here. A death that competes with the event of interest is a row with ``CNSR`` 2 or more and
``EVNTDESC`` naming a death.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PagetError, nearest, unknown
from ..units import DAYS_PER_MONTH
from ._arrays import Bools, Floats, Ints, Survival

if TYPE_CHECKING:
    import polars as pl

POPULATIONS = ("itt", "per-protocol", "as-treated")
_FLAG = {"itt": "ITTFL", "per-protocol": "PPROTFL", "as-treated": "ITTFL"}
_MONTHS = {"MONTHS": 1.0, "DAYS": 1.0 / DAYS_PER_MONTH, "WEEKS": 7.0 / DAYS_PER_MONTH, "YEARS": 12.0}
_PLANNED = ("TRT01P", "ARMCD", "ARM")


class EmptyPopulationError(PagetError):
    """An analysis population without a patient, or without one in some arm."""


class NobodyError(PagetError):
    """An endpoint that nobody of the population has (a duration of response where nobody responded)."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of one population, a row per patient; every array follows `patients`.

    Attributes
    ----------
    paramcd : str
    survival : Survival
        Time in months and event, together. A competing death is not an event here.
    cause : array of int
        0 censored, 1 the event, 2 a competing death.
    entry : array of float or None
        Months at which a patient came under observation (column ENTRY), None where all did at 0.
    patients : polars.DataFrame
        The ADSL rows, in the same order.
    """

    paramcd: str
    survival: Survival
    cause: Ints
    entry: Floats | None
    patients: pl.DataFrame

    def __len__(self) -> int:
        return len(self.survival)

    def column(self, name: str) -> Any:
        """Return an ADSL column as an array of labels (missing values become the label "missing")."""
        if name not in self.patients.columns:
            raise unknown("ADSL column", name, self.patients.columns, where="ADSL")
        values = self.patients[name]
        if values.dtype.is_numeric():
            return values.to_numpy()
        return values.cast(_polars().String).fill_null("missing").to_numpy().astype(str)

    def strata(self, names: Sequence[str]) -> list[Any] | None:
        """Stratification columns, None for none."""
        return [self.column(name) for name in names] or None

    def select(self, mask: Bools) -> Endpoint:
        """Return the patients where `mask` is True."""
        rows = self.patients.filter(_polars().Series(mask))
        entry = None if self.entry is None else self.entry[mask]
        return Endpoint(self.paramcd, self.survival.select(mask), self.cause[mask], entry, rows)


def read_endpoint(
    adsl: pl.DataFrame,
    adtte: pl.DataFrame,
    paramcd: str,
    *,
    population: str = "itt",
    incomplete: str = "error",
) -> Endpoint:
    """One endpoint from an ADSL and an ADTTE table.

    Parameters
    ----------
    adsl : polars.DataFrame
        One row per patient: USUBJID, a treatment column (TRT01P, ARMCD or ARM), flags ITTFL and PPROTFL (Y
        or blank).
    adtte : polars.DataFrame
        One row per patient and PARAMCD: USUBJID, PARAMCD, AVAL, AVALU (MONTHS, DAYS, WEEKS or YEARS), CNSR;
        EVNTDESC where deaths compete, ENTRY (unit of AVAL) where patients come under observation late.
    paramcd : str
        The endpoint, such as OS, PFS, DPFS, TTLRP.
    population : {"itt", "per-protocol", "as-treated"}
        Which patients: by flag. As-treated takes the same patients as ITT (the grouping differs).
    incomplete : {"error", "drop"}
        What to do with patients of the population who have no row for this endpoint.

    Raises
    ------
    PagetError
        Missing columns, a patient twice, an unknown endpoint or unit, missing or negative times, a CNSR
        that is no code.
    """
    pl = _polars()
    if population not in POPULATIONS:
        raise unknown("population", population, POPULATIONS)
    _require(adsl, ("USUBJID",), "ADSL")
    _require(adtte, ("USUBJID", "PARAMCD", "AVAL", "AVALU", "CNSR"), "ADTTE")
    _once(adsl, "ADSL", "one row per patient")
    present = adtte["PARAMCD"].unique().drop_nulls().to_list()
    if paramcd not in present:
        raise unknown("endpoint (PARAMCD)", paramcd, [str(p) for p in present], where="ADTTE")
    rows = adtte.filter(pl.col("PARAMCD") == paramcd)
    _once(rows, f"ADTTE {paramcd}", "one row per patient and PARAMCD")
    strangers = rows.join(adsl, on="USUBJID", how="anti")
    if strangers.height:
        raise PagetError(
            f"{strangers.height} patient(s) of ADTTE are not in ADSL",
            where="ADTTE",
            got=strangers["USUBJID"][0],
        )
    patients = _in_population(adsl, population)
    optional = [name for name in ("EVNTDESC", "ENTRY") if name in rows.columns]
    keep = ["USUBJID", "AVAL", "AVALU", "CNSR", *optional]
    renamed = rows.select(keep).rename({name: f"__{name}" for name in keep if name != "USUBJID"})
    joined = patients.join(renamed, on="USUBJID", how="left", maintain_order="left")
    absent = joined.filter(pl.col("__AVAL").is_null() & pl.col("__CNSR").is_null())
    if absent.height and incomplete == "error":
        raise PagetError(
            f"{absent.height} of {joined.height} patients have no row of {paramcd}",
            where="ADTTE",
            got=absent["USUBJID"][0],
            expected="one row for every patient of the population",
            fix="censor them at their last contact, or pass incomplete='drop' and say so",
        )
    if absent.height:
        joined = joined.join(absent.select("USUBJID"), on="USUBJID", how="anti", maintain_order="left")
    if not joined.height:
        raise NobodyError(f"no patient of the {population} population has a row of {paramcd}", where="ADTTE")
    cnsr = _censoring(joined, paramcd)
    survival = Survival(_months(joined, paramcd, "AVAL"), cnsr == 0)
    entry = _entry(joined, paramcd, survival.time_months)
    cause = np.where(cnsr == 0, 1, 0).astype(np.int64)
    if "__EVNTDESC" in joined.columns:
        words = joined["__EVNTDESC"].cast(pl.String).fill_null("").str.to_uppercase().to_numpy().astype(str)
        cause[(cnsr >= 2) & (np.char.find(words, "DEATH") >= 0)] = 2
    columns = [name for name in joined.columns if not name.startswith("__")]
    return Endpoint(paramcd, survival, cause, entry, joined.select(columns))


def arm_column(
    endpoint: Endpoint,
    experimental: str,
    control: str,
    *,
    as_treated: bool = False,
    adsl: pl.DataFrame | None = None,
) -> Ints:
    """1 for the experimental arm, 0 for control, -1 for any other, by planned or actual treatment.

    Parameters
    ----------
    endpoint : Endpoint
    experimental, control : str
        Arms, as in TRT01P, ARMCD or ARM.
    as_treated : bool
        Follow the arms through TRT01P to TRT01A.
    adsl : polars.DataFrame, optional
        The whole ADSL in which to look the names up, where the endpoint's population may lack an arm.

    Raises
    ------
    PagetError
        When an arm is not in the table, with the arms that are.
    """
    whole = endpoint.patients if adsl is None else adsl
    name = _naming_column(whole, experimental, control)
    labels = endpoint.column(name)
    if as_treated:
        if "TRT01A" not in whole.columns or "TRT01P" not in whole.columns:
            raise PagetError("an as-treated analysis needs both TRT01P and TRT01A", where="ADSL")
        pl = _polars()
        planned = [whole.filter(pl.col(name) == arm)["TRT01P"][0] for arm in (experimental, control)]
        labels, experimental, control = endpoint.column("TRT01A"), str(planned[0]), str(planned[1])
    return np.where(labels == experimental, 1, np.where(labels == control, 0, -1)).astype(np.int64)


def one_arm(endpoint: Endpoint, arm: str) -> Bools:
    """Who is in an arm, by planned treatment; PagetError where there is no such arm."""
    name = _naming_column(endpoint.patients, arm, arm)
    return np.asarray(endpoint.column(name) == arm)


def _naming_column(adsl: pl.DataFrame, experimental: str, control: str) -> str:
    """Find the treatment column that holds both names."""
    seen: list[str] = []
    for name in (c for c in _PLANNED if c in adsl.columns):
        labels = [str(v) for v in adsl[name].unique().drop_nulls().to_list()]
        if experimental in labels and control in labels:
            return name
        seen += [label for label in labels if label not in seen]
    if not seen:
        raise PagetError("ADSL has no treatment column", where="ADSL", expected="one of " + ", ".join(_PLANNED))
    raise unknown("arm", experimental if experimental not in seen else control, seen, where="ADSL")


def _in_population(adsl: pl.DataFrame, population: str) -> pl.DataFrame:
    flag = _FLAG[population]
    if flag not in adsl.columns:
        if population == "per-protocol":
            raise PagetError("ADSL has no PPROTFL, so there is no per-protocol population", where="ADSL")
        return adsl
    chosen = adsl.filter(_polars().col(flag) == "Y")
    if not chosen.height:
        raise EmptyPopulationError(
            f"no patient is in the {population} population", where="ADSL", key=flag, expected="'Y' for some"
        )
    return chosen


def _entry(joined: pl.DataFrame, paramcd: str, time: Floats) -> Floats | None:
    """Months of entry, None where nobody entered late.

    A patient who leaves at the moment of entry is taken to have entered just before, so that a death on the
    day of randomisation still counts.
    """
    if "__ENTRY" not in joined.columns:
        return None
    entry = np.asarray(_months(joined, paramcd, "ENTRY"))
    if not (entry > 0).any():
        return None
    if (entry > time + 1e-6).any():
        raise PagetError(
            "a patient enters after leaving",
            where="ADTTE",
            key="ENTRY",
            got=joined["USUBJID"][int(np.argmax(entry - time))],
            expected="ENTRY <= AVAL",
        )
    # 1e-6 months are under three seconds.
    return np.asarray(np.minimum(entry, time - 1e-6))


def _months(joined: pl.DataFrame, paramcd: str, column: str) -> Any:
    pl = _polars()
    units = joined["__AVALU"].cast(pl.String).fill_null("").str.strip_chars().str.to_uppercase()
    strange = sorted(set(units.unique().to_list()) - set(_MONTHS))
    if strange:
        guess = nearest(strange[0], _MONTHS)
        raise PagetError(
            f"the unit of {paramcd} is not known",
            where="ADTTE",
            key="AVALU",
            got=strange[0],
            expected="one of " + ", ".join(_MONTHS),
            fix=f"did you mean {guess!r}?" if guess else None,
        )
    value = joined[f"__{column}"].cast(pl.Float64, strict=False)
    wrong = joined.filter(value.is_null() | value.is_nan() | value.is_infinite() | (value < 0))
    if wrong.height:
        raise PagetError(
            f"{wrong.height} time(s) of {paramcd} are missing, infinite or negative, the first of patient {wrong['USUBJID'][0]}",
            where="ADTTE",
            key=column,
            got=wrong[f"__{column}"][0],
            expected="a time of 0 or more",
            fix="an event before time zero is a data error; a patient censored at once has AVAL 0",
        )
    factor = units.replace_strict(_MONTHS, return_dtype=pl.Float64)
    return (value * factor).to_numpy()


def _censoring(joined: pl.DataFrame, paramcd: str) -> Ints:
    pl = _polars()
    value = joined["__CNSR"].cast(pl.Float64, strict=False)
    wrong = joined.filter(value.is_null() | value.is_nan() | (value < 0) | (value != value.floor()))
    if wrong.height:
        raise PagetError(
            f"CNSR of {paramcd} is not a code for patient {wrong['USUBJID'][0]}",
            where="ADTTE",
            key="CNSR",
            got=wrong["__CNSR"][0],
            expected="0 for the event, 1 or more for censored",
        )
    return value.to_numpy().astype(np.int64)


def _once(table: pl.DataFrame, where: str, expected: str) -> None:
    double = table.filter(table["USUBJID"].is_duplicated())
    if double.height:
        raise PagetError(f"patient {double['USUBJID'][0]} is there twice", where=where, expected=expected)


def _require(table: pl.DataFrame, columns: Sequence[str], where: str) -> None:
    for name in columns:
        if name not in table.columns:
            guess = nearest(name, [c for c in table.columns if c not in columns])
            raise PagetError(
                f"the table has no column {name}",
                where=where,
                expected="columns " + ", ".join(columns),
                fix=f"is it {guess!r}?" if guess else "ADaM names are needed, see docs/statistics.md",
            )


def _polars() -> Any:
    import polars

    return polars
