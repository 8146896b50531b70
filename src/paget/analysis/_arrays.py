"""Arrays of a survival table: checked once, time and event travelling together, and who is at risk when.

Every estimator of this room starts here, so that a swapped column, a negative time or an empty arm is told
in plain words before any arithmetic. The unit of time is the caller's (ADaM tables: months).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import PagetError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Survival:
    """Times and events of one endpoint as one thing, so that they cannot be swapped or get out of step.

    Parameters
    ----------
    time_months : array of float, shape (n,)
        Time from the time zero to the event or to censoring, in months (>= 0).
    event : array of bool, shape (n,)
        True where the event was seen (ADaM ``CNSR`` 0), False where censored.

    Raises
    ------
    PagetError
        For a negative or missing time, or lengths that differ.

    Examples
    --------
    >>> seen = Survival(np.array([3.0, 8.0]), np.array([True, False]))
    >>> len(seen), seen.n_events
    (2, 1)
    """

    time_months: Floats
    event: Bools

    def __post_init__(self) -> None:
        time, event = checked(self.time_months, self.event)
        object.__setattr__(self, "time_months", time)
        object.__setattr__(self, "event", event)

    def __len__(self) -> int:
        return len(self.time_months)

    @property
    def n_events(self) -> int:
        """Number of events."""
        return int(self.event.sum())

    def select(self, mask: Bools) -> Survival:
        """Return the rows where `mask` is True."""
        return Survival(self.time_months[mask], self.event[mask])


def checked(time: Any, event: Any) -> tuple[Floats, Bools]:
    """Return times as floats and events as booleans, or an error that says which row is wrong.

    Raises
    ------
    PagetError
        Lengths differ; no rows; a time is missing, negative or infinite; an event is neither 0 nor 1.
    """
    t = np.asarray(time, dtype=np.float64)
    e = np.asarray(event)
    if t.ndim != 1 or t.shape != e.shape:
        raise PagetError("time and event must be two columns of one length", got=(t.shape, e.shape))
    if t.size == 0:
        raise PagetError("there is no patient to analyse", expected="at least one row")
    bad = np.flatnonzero(~(np.isfinite(t) & (t >= 0)))
    if bad.size:
        raise PagetError(
            f"{bad.size} survival time(s) are missing, infinite or negative, the first in row {int(bad[0])}",
            got=float(t[bad[0]]),
            expected="a finite time of 0 or more",
            fix="compute the time as end minus start, and drop or mend rows without an end",
        )
    if e.dtype != np.bool_:
        values = set(np.unique(e).tolist())
        if not values <= {0, 1}:
            raise PagetError(
                "the event column holds something other than 0 and 1",
                got=sorted(values, key=str)[:5],
                expected="1 or True where the event was seen, 0 or False where censored",
                fix="for status coded 1 = censored, 2 = event, give `status == 2`; for ADaM use CNSR == 0",
            )
        e = e.astype(bool)
    return t, e


def checked_column(name: str, values: Any, n: int) -> Floats:
    """Return a numeric column of `n` finite values (weights, entry times, a covariate)."""
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (n,):
        raise PagetError(f"{name} must have one value per patient", got=column.shape, expected=f"({n},)")
    if not np.isfinite(column).all():
        raise PagetError(f"{name} has missing values", expected="a finite number for every patient")
    return column


def checked_entry(entry: Any, time: Floats) -> Floats | None:
    """Entry times (left truncation), each before its own exit; None stays None."""
    if entry is None:
        return None
    start = checked_column("entry", entry, len(time))
    late = np.flatnonzero(start >= time)
    if late.size:
        row = int(late[0])
        raise PagetError(
            f"{late.size} patient(s) enter at or after their exit, the first in row {row}",
            got=(float(start[row]), float(time[row])),
            expected="entry < time",
        )
    return start


def checked_weights(weights: Any, n: int) -> Floats:
    """Case weights, ones where none are given; positive."""
    if weights is None:
        return np.ones(n)
    column = checked_column("weights", weights, n)
    if (column < 0).any() or not (column > 0).any():
        raise PagetError("weights must be positive", got=float(column.min()))
    return column


def codes(labels: Any, n: int, name: str) -> tuple[list[Any], Ints]:
    """Distinct labels in sorted order and the place of each patient's label among them."""
    column = np.asarray(labels)
    if column.shape != (n,):
        raise PagetError(f"{name} must have one value per patient", got=column.shape, expected=f"({n},)")
    if column.dtype == object and any(value is None for value in column):
        raise PagetError(f"{name} has missing values", expected="a label for every patient")
    levels, code = np.unique(column, return_inverse=True)
    return levels.tolist(), code.astype(np.int64)


def strata_codes(strata: Any, n: int) -> Ints:
    """One code per stratum; `strata` is a column, a list of columns (crossed), or None."""
    if strata is None:
        return np.zeros(n, dtype=np.int64)
    if isinstance(strata, (list, tuple)) and len(strata) and np.ndim(strata[0]) == 1:
        crossed = np.zeros(n, dtype=np.int64)
        for column in strata:
            levels, code = codes(column, n, "strata")
            crossed = crossed * len(levels) + code
        return np.unique(crossed, return_inverse=True)[1].astype(np.int64)
    return codes(strata, n, "strata")[1]


def at_risk(times: Floats, time: Floats, weights: Floats, entry: Floats | None) -> Floats:
    """Weight at risk just before each of `times`: entered before it and not left before it."""
    risk = _weight_from(times, time, weights)
    if entry is not None:
        risk = risk - _weight_from(times, entry, weights)
    return risk


def _weight_from(times: Floats, values: Floats, weights: Floats) -> Floats:
    """Total weight of the rows with value >= each of `times`."""
    order = np.argsort(values, kind="stable")
    tail = np.concatenate([np.cumsum(weights[order][::-1])[::-1], [0.0]])
    return np.asarray(tail[np.searchsorted(values[order], times, side="left")])


def tally(times: Floats, time: Floats, keep: Bools, weights: Floats) -> Floats:
    """Weight of the rows kept whose time equals each of `times` (sorted, distinct)."""
    place = np.searchsorted(times, time[keep])
    return np.bincount(place, weights=weights[keep], minlength=len(times)).astype(np.float64)
