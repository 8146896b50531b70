"""Observational survival data: one row per patient, checked once, times in months from one time zero.

Everything that makes an analysis wrong in silence is refused here in plain words: times below zero,
treatment before time zero or after the end, missing covariates, a patient twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import PagetError, unknown
from ...units import DAYS_PER_MONTH, DAYS_PER_YEAR
from .._arrays import Bools, Floats, Ints, Survival, checked
from .splines import NoCurveError, Spline, spline

if TYPE_CHECKING:
    import polars as pl

UNITS = {
    "months": 1.0,
    "days": 1.0 / DAYS_PER_MONTH,
    "weeks": 7.0 / DAYS_PER_MONTH,
    "years": DAYS_PER_YEAR / DAYS_PER_MONTH,
}
"""Months in one unit of a file's times."""
MISSING = ("error", "drop")
"""What may be done with patients who lack a covariate."""
INSTANT_MONTHS = 1e-6
"""Two things recorded at one moment are set this far apart (three seconds) where an order is needed."""


@dataclass(frozen=True)
class Varying:
    """Covariates that change over time: long rows, each valid from its time until the patient's next.

    Attributes
    ----------
    patient : array of int
        Row of the patient in the data.
    from_months : array of float
    values : mapping of name to array of float
    """

    patient: Ints
    from_months: Floats
    values: Mapping[str, Floats]

    def at(self, name: str, patient: Ints, months: Floats) -> Floats:
        """Last value known at `months` of each patient (0 before the first row)."""
        order = np.lexsort((self.from_months, self.patient))
        # what held before time zero holds at it
        who, when, value = self.patient[order], np.maximum(self.from_months[order], 0.0), self.values[name][order]
        first = np.searchsorted(who, patient, side="left")
        # one search over (patient, time) pairs laid on one line: times are far below the spacing
        spacing = 1.0 + max(float(when.max(initial=0.0)), float(months.max(initial=0.0)))
        place = np.searchsorted(who * spacing + when, patient * spacing + months, side="right") - 1
        return np.where(place >= first, value[np.maximum(place, 0)], 0.0)

    def take(self, rows: Ints, n: int) -> Varying:
        """Rows of the patients in `rows` (repeats allowed), renumbered in that order."""
        order = np.argsort(self.patient, kind="stable")
        counts = np.bincount(self.patient, minlength=n)
        ends = np.cumsum(counts)
        lengths = counts[rows]
        starts = np.repeat(ends[rows] - lengths, lengths)
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        source = order[starts + within]
        return Varying(
            np.repeat(np.arange(len(rows)), lengths).astype(np.int64),
            self.from_months[source],
            {name: column[source] for name, column in self.values.items()},
        )


@dataclass(frozen=True)
class ObservationalData:
    """Patients followed from one time zero, some of them treated at some time.

    Attributes
    ----------
    id : array, shape (n,)
        Patient identifiers, distinct.
    months : array of float, shape (n,)
        Months from time zero to the outcome or to censoring.
    event : array of bool, shape (n,)
        True where the outcome was seen.
    treated_months : array of float, shape (n,)
        Months from time zero to the start of treatment, NaN where never treated during follow-up.
    covariates : mapping of name to array
        Baseline covariates: float arrays, or arrays of labels (strings).
    entry_months : array of float or None
        Late entry (left truncation): under observation only after this.
    varying : Varying or None
        Time-varying covariates.
    negative_control : Survival or None
        An outcome that treatment cannot change, of the same patients.
    time_zero, treatment, outcome : str
        Names used in texts.
    where : str or None
        The file, for messages.
    dropped : int
        Patients left out when the file was read, because a covariate was missing.
    splines : mapping of name to Spline
        Covariates that go into models as curves (`with_curves`); all others go in straight.

    Raises
    ------
    PagetError
        For data that cannot be, told with the row.

    Examples
    --------
    >>> data = ObservationalData(np.arange(3), np.array([9.0, 30.0, 24.0]), np.array([True, False, True]),
    ...                          np.array([np.nan, 2.0, 5.0]))
    >>> len(data), data.n_treated
    (3, 2)
    """

    id: Any
    months: Floats
    event: Bools
    treated_months: Floats
    covariates: Mapping[str, Any] = field(default_factory=dict)
    entry_months: Floats | None = None
    varying: Varying | None = None
    negative_control: Survival | None = None
    time_zero: str = "diagnosis"
    treatment: str = "treatment"
    outcome: str = "death"
    where: str | None = None
    dropped: int = 0
    splines: Mapping[str, Spline] = field(default_factory=dict)

    def __post_init__(self) -> None:
        months, event = _outcome(self.months, self.event, self.id, self.where)
        n = len(months)
        ids = np.asarray(self.id)
        if ids.shape != (n,):
            raise PagetError("id must have one value per patient", where=self.where, got=ids.shape, expected=f"({n},)")
        values, counts = np.unique(ids, return_counts=True)
        if (counts > 1).any():
            raise PagetError(
                f"patient {values[counts > 1][0]} is there {int(counts.max())} times",
                where=self.where,
                expected="one row per patient",
                fix="time-varying covariates go into a table of their own (id, from, values)",
            )
        treated = _treatment(self.treated_months, months, ids, self.where)
        entry = None if self.entry_months is None else _entry(self.entry_months, months, ids, self.where)
        covariates = {name: _covariate(name, column, n, self.where) for name, column in self.covariates.items()}
        if self.negative_control is not None and len(self.negative_control) != n:
            raise PagetError("the negative-control outcome must have one row per patient", where=self.where)
        for name, value in (
            ("id", ids),
            ("months", months),
            ("event", event),
            ("treated_months", treated),
            ("entry_months", entry),
            ("covariates", covariates),
        ):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.months)

    @property
    def ever_treated(self) -> Bools:
        """Whether each patient was treated at any time of follow-up."""
        return np.isfinite(self.treated_months)

    @property
    def n_treated(self) -> int:
        """Patients ever treated."""
        return int(self.ever_treated.sum())

    @property
    def n_events(self) -> int:
        """Events seen."""
        return int(self.event.sum())

    @property
    def point_treatment(self) -> bool:
        """Whether every treatment starts at time zero, so that no time is immortal."""
        return bool((self.treated_months[self.ever_treated] == 0).all())

    @property
    def starts(self) -> Floats:
        """Months of the start of treatment, infinite where never treated."""
        return np.where(self.ever_treated, self.treated_months, np.inf)

    def column(self, name: str) -> Any:
        """Return a baseline covariate."""
        if name not in self.covariates:
            raise unknown("covariate", name, self.covariates, where=self.where)
        return self.covariates[name]

    def with_curves(self, names: Sequence[str] | str = "all", *, knots: int = 4) -> ObservationalData:
        """Return the data with covariates that every model takes as restricted cubic splines in place of straight lines.

        Knots are set here, by the patients at hand: they stay as they are in resamples, at landmarks and in each month.

        Parameters
        ----------
        names : sequence of str, or "all"
            Baseline or time-varying covariates; "all" takes each that can have a curve.
        knots : {3, 4}
            3 bend once, 4 twice; 3 where ties leave no 4.

        Raises
        ------
        PagetError
            For an unknown name, and for labels or few values where the covariate is named.
        """
        changing = {} if self.varying is None else self.varying.values
        known = {**{name: np.asarray(column, dtype=np.float64) for name, column in changing.items()}, **self.covariates}
        found: dict[str, Spline] = {}
        for name in known if names == "all" else (names,) if isinstance(names, str) else names:
            if name not in known:
                raise unknown("covariate", name, known, where=self.where)
            try:
                found[name] = spline(name, known[name], knots, self.where)
            except NoCurveError:
                if names != "all":
                    raise
        return replace(self, splines={**self.splines, **found})

    def take(self, rows: Any) -> ObservationalData:
        """Patients of `rows` (a mask or row numbers; repeats allowed, ids are then numbered anew)."""
        index = np.asarray(rows)
        index = np.flatnonzero(index) if index.dtype == np.bool_ else index.astype(np.int64)
        ids = self.id[index]
        if len(np.unique(index)) < len(index):
            ids = np.arange(len(index))
        control = self.negative_control
        return replace(
            self,
            id=ids,
            months=self.months[index],
            event=self.event[index],
            treated_months=self.treated_months[index],
            covariates={name: column[index] for name, column in self.covariates.items()},
            entry_months=None if self.entry_months is None else self.entry_months[index],
            varying=None if self.varying is None else self.varying.take(index, len(self)),
            negative_control=None if control is None else Survival(control.time_months[index], control.event[index]),
        )

    @classmethod
    def from_frame(
        cls,
        frame: pl.DataFrame,
        *,
        months: str,
        event: str,
        treated_months: str | None = None,
        treated: str | None = None,
        covariates: Sequence[str] = (),
        id: str | None = None,
        entry_months: str | None = None,
        unit: str = "months",
        event_value: Any = None,
        missing: str = "error",
        varying: pl.DataFrame | None = None,
        varying_from: str = "from_months",
        negative_control: tuple[str, str] | None = None,
        time_zero: str = "diagnosis",
        treatment: str = "treatment",
        outcome: str = "death",
        where: str | None = None,
    ) -> ObservationalData:
        """Read the columns of a table with one row per patient.

        Parameters
        ----------
        frame : polars.DataFrame
        months, event : str
            Columns of the time from time zero (in `unit`) and of the outcome (0/1, or `event_value`).
        treated_months : str, optional
            Column of the time of treatment (in `unit`); empty where never treated.
        treated : str, optional
            Column of 0/1 where treatment is decided at time zero, or beside `treated_months` as a check.
        covariates : sequence of str
            Baseline covariates; text columns are categorical.
        id : str, optional
            Column of identifiers; row numbers without it.
        entry_months : str, optional
            Column of late entry (in `unit`).
        unit : {"months", "days", "weeks", "years"}
            Unit of every time of the table.
        event_value : optional
            The value of `event` that means the outcome, where it is not coded 0/1.
        missing : {"error", "drop"}
            What to do with patients who lack a covariate.
        varying : polars.DataFrame, optional
            Long table: the id column, `varying_from` (in `unit`) and one column per covariate.
        negative_control : (str, str), optional
            Columns of time and event of a negative-control outcome.

        Raises
        ------
        PagetError
            For missing columns or values that cannot be.
        """
        from .reading import from_frame

        return from_frame(
            cls, frame, months=months, event=event, treated_months=treated_months, treated=treated, covariates=covariates,
            id=id, entry_months=entry_months, unit=unit, event_value=event_value, missing=missing, varying=varying,
            varying_from=varying_from, negative_control=negative_control,
            names={"time_zero": time_zero, "treatment": treatment, "outcome": outcome, "where": where},
        )  # fmt: skip


def _outcome(months: Any, event: Any, ids: Any, where: str | None) -> tuple[Floats, Bools]:
    time = np.asarray(months, dtype=np.float64)
    negative = np.flatnonzero(time < 0)
    if negative.size:
        labels = np.asarray(ids)
        first = labels[negative[0]] if labels.shape == time.shape else f"in row {int(negative[0]) + 1}"
        raise PagetError(
            f"{negative.size} patient(s) leave before time zero, the first is {first}",
            where=where,
            got=float(time[negative[0]]),
            expected="times of 0 or more",
            fix="compute each time as end minus time zero; ties and times of 0 are fine",
        )
    try:
        return checked(time, event)
    except PagetError as error:
        fix = f"{error.fix} (`paget analyse`: --event-value)" if error.fix and "status == 2" in error.fix else error.fix
        raise PagetError(
            error.message, where=error.where or where, key=error.key, got=error.got, expected=error.expected, fix=fix
        ) from None


def _treatment(given: Any, months: Floats, ids: Any, where: str | None) -> Floats:
    treated = np.asarray(given, dtype=np.float64)
    if treated.shape != months.shape:
        raise PagetError("treated_months must have one value per patient", where=where, got=treated.shape)
    treated = np.where(np.isposinf(treated), np.nan, treated)
    with np.errstate(invalid="ignore"):
        early, late = np.flatnonzero(treated < 0), np.flatnonzero(treated > months + INSTANT_MONTHS)
    if early.size:
        raise PagetError(
            f"{early.size} patient(s) are treated before time zero, the first is {ids[early[0]]}",
            where=where,
            got=float(treated[early[0]]),
            expected="treatment at or after time zero (0 months)",
            fix="leave these patients out (they are prevalent users), or count time from an earlier time zero, such as diagnosis",
        )
    if late.size:
        row = int(late[0])
        raise PagetError(
            f"{late.size} patient(s) are treated after their follow-up ends, the first is {ids[row]}",
            where=where,
            got=f"treated at {treated[row]:.6g}, last seen at {months[row]:.6g} months",
            expected="treatment within follow-up, or empty where never treated",
            fix="check the unit and the origin of both times; treatment after censoring counts as never treated",
        )
    return np.minimum(treated, months)


def _entry(given: Any, months: Floats, ids: Any, where: str | None) -> Floats | None:
    entry = np.asarray(given, dtype=np.float64)
    if entry.shape != months.shape or not np.isfinite(entry).all() or (entry < 0).any():
        raise PagetError("entry_months must have one finite value of 0 or more per patient", where=where)
    late = np.flatnonzero(entry > months)
    if late.size:
        row = int(late[0])
        raise PagetError(
            f"{late.size} patient(s) enter after they leave, the first is {ids[row]}",
            where=where,
            got=(float(entry[row]), float(months[row])),
            expected="entry <= end of follow-up",
        )
    return entry if (entry > 0).any() else None


def _covariate(name: str, column: Any, n: int, where: str | None) -> Any:
    values = np.asarray(column)
    if values.shape != (n,):
        raise PagetError(f"covariate {name!r} must have one value per patient", where=where, got=values.shape)
    if values.dtype.kind in "fiub":
        values = values.astype(np.float64)
        absent = int((~np.isfinite(values)).sum())
    else:
        absent = sum(value is None for value in values.tolist())
        values = values if absent else values.astype(str)
    if absent:
        raise PagetError(
            f"covariate {name!r} is missing in {absent} of {n} patients",
            where=where,
            expected="a value for every patient",
            fix="leave those patients out (--missing drop), leave the covariate out, or impute it beforehand",
        )
    return values
