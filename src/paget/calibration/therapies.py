"""Whether therapies do in the model what their evidence says: the read-outs of their files, tried on twins.

Each read-out gives one regimen, and another, to the same patients, in first line or in second line after a third. Whoever differs between
the two lives differs because of the regimen alone. What comes out of a therapy's own numbers is an *input* check, never a validation: the
file says which role it has.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import SUBTYPES
from paget.clinic.state import CR, PD, PR
from paget.life.simulate import Detail, LifePlan, replay, simulate
from paget.life.state import EV_FOUNDED, EV_LINE, EV_WAKE, LATER_LINES
from paget.parameters import ParameterSet
from paget.population import Population
from paget.therapy import Library, library
from paget.therapy.form import Readout
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl

HORIZON_MONTHS = 60.0
TWINS = 2000
Z95 = 1.959963984540054
SAME = {"response": 0.08, "progression": 2.0, "survival": 2.0}
"""How far apart two means may be and still count as the same: share of patients; months of sixty."""
UNITS = {
    "response": "share of patients", "progression": "months of 60", "survival": "months of 60", "new-colonies": "foundings a patient",
    "waking": "colonies a patient", "circulating-cells": "log of cells in 7.5 ml",
}  # fmt: skip
FEWER_IS_BETTER = ("new-colonies", "waking", "circulating-cells")
NONE = "none"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """One read-out as it came out: means under both regimens, and the mean difference with its 95 % interval (paired)."""

    therapy: str
    readout: Readout
    n: int
    given: float
    against: float
    difference: float
    low: float
    high: float

    @property
    def unit(self) -> str:
        """Unit of the means and of the difference."""
        return UNITS[self.readout.endpoint]

    @property
    def holds(self) -> bool:
        """Whether it moves as the file says: the interval lies on the right side of zero, or within what counts as the same."""
        kind = self.readout.endpoint
        if self.readout.expect == "same":
            return abs(self.difference) < SAME[kind]
        upward = (kind in FEWER_IS_BETTER) == (self.readout.expect == "worse")
        return self.low > 0 if upward else self.high < 0


def first_patients(
    population: Population, wanted: Callable[[pl.DataFrame], NDArray[np.bool_]], count: int, *, threads: int = 1
) -> NDArray[np.int64]:
    """Numbers of the first so many patients of a population who are wanted, judged block by block."""
    found: list[int] = []
    number = 0
    while len(found) < count:
        block = population.block(number, threads=threads)
        found += block["patient_id"].to_numpy()[wanted(block)].tolist()
        number += 1
    return np.asarray(found[:count], np.int64)


class Bench:
    """Twins on which read-outs are tried; each regimen is lived once by each kind of patients.

    Parameters
    ----------
    shelf : Library, optional
    twins : int
        Patients lived under both regimens. Regimens that a life cannot tell apart are lived once.
    seed : int
    standard : str
        Standard of care of the lines that follow.
    threads : int
    """

    def __init__(
        self, shelf: Library | None = None, *, twins: int = TWINS, seed: int = 1, standard: str = "2012", threads: int = 1
    ) -> None:
        self.shelf = shelf or library()
        self.twins, self.seed, self.standard, self.threads = twins, seed, standard, threads
        self.parameters = ParameterSet.point()
        self._people: dict[tuple[str, ...], NDArray[np.int64]] = {}
        self._values: dict[tuple[Hashable, Hashable, tuple[str, ...], str], Floats] = {}

    def people(self, subtypes: tuple[str, ...]) -> NDArray[np.int64]:
        """The first patients with metastases at diagnosis of these subtypes (any, if none is named)."""
        if subtypes not in self._people:
            population = Population(self.parameters, self.seed, "de-novo")
            self._people[subtypes] = first_patients(
                population, lambda block: block["subtype"].is_in(subtypes or SUBTYPES).to_numpy(), self.twins, threads=self.threads
            )
        return self._people[subtypes]

    def plan(self, regimen: str, after: str | None) -> LifePlan:
        """Lives that begin with a regimen (``none``: no systemic therapy at all), or have it in second line after another."""
        arm: dict[str, Any] = {"untreated": 1}
        if after is not None:
            later = [self.shelf.regimen_index(regimen)] + [-1] * (LATER_LINES - 1)
            arm = {"first_regimen": self.shelf.regimen_index(after), "later_regimen": later, "later_share": [1.0] * LATER_LINES}
        elif regimen != NONE:
            arm = {"first_regimen": self.shelf.regimen_index(regimen)}
        return LifePlan(self.standard, arms=(arm,), horizon_days=HORIZON_MONTHS * DAYS_PER_MONTH, library=self.shelf)

    def same(self, regimen: str | None) -> Hashable:
        """What makes two regimens one and the same to a life: the records of their drugs, their courses, and what follows."""
        if regimen is None or regimen == NONE:
            return regimen
        record = self.shelf.regimen_records()[self.shelf.regimen_index(regimen)]
        drugs = self.shelf.agent_records()[record["agent"][: record["n"]]]
        then = self.shelf.regimens[regimen].then
        return drugs.tobytes(), record["days"].tobytes(), self.same(then)

    def values(self, regimen: str, readout: Readout) -> Floats:
        """The read-out's endpoint of each patient under a regimen; NaN where there is nothing to read."""
        where = (self.same(regimen), self.same(readout.after), readout.subtypes)
        if (*where, readout.endpoint) not in self._values:
            ids, plan = self.people(readout.subtypes), self.plan(regimen, readout.after)
            measures: dict[str, Floats]
            if readout.after is None and readout.endpoint in _LIVED:
                outcomes = simulate(plan, ids, 0, self.parameters, seed=self.seed, threads=self.threads)
                measures = {name: measure(outcomes) for name, measure in _LIVED.items()}
            else:
                detail = replay(plan, ids, 0, self.parameters, seed=self.seed)
                measures = second_line(detail) if readout.after is not None else {n: told(detail) for n, told in _REPLAYED.items()}
            self._values |= {(*where, name): value for name, value in measures.items()}
        return self._values[*where, readout.endpoint]

    def read(self, therapy: str, readout: Readout) -> Reading:
        """Try one read-out."""
        a, b = self.values(readout.given, readout), self.values(readout.against, readout)
        kept = np.isfinite(a) & np.isfinite(b)
        gain = a[kept] - b[kept]
        middle, half = float(gain.mean()), Z95 * float(gain.std(ddof=1)) / float(np.sqrt(len(gain)))
        return Reading(
            therapy, readout, len(gain), float(a[kept].mean()), float(b[kept].mean()), middle, middle - half, middle + half
        )

    def read_all(self) -> list[Reading]:
        """Every read-out of every systemic therapy of the library."""
        return [self.read(name, readout) for name, therapy in self.shelf.agents.items() for readout in therapy.readouts]


def _months(day: Floats) -> Floats:
    return np.asarray(np.fmin(day / DAYS_PER_MONTH, HORIZON_MONTHS), np.float64)


def _response(outcomes: NDArray[Any]) -> Floats:
    return np.isin(outcomes["best_response"], (CR, PR)).astype(np.float64)


def _progression(outcomes: NDArray[Any]) -> Floats:
    return _months(np.fmin(outcomes["progression_day"], outcomes["death_day"]))


def _survival(outcomes: NDArray[Any]) -> Floats:
    return _months(outcomes["death_day"])


def _events(detail: Detail, kind: int) -> Floats:
    rows = detail.events[detail.events["event"] == kind]
    ids = detail.outcomes["patient_id"]
    order = np.argsort(ids)
    places = order[np.searchsorted(ids[order], rows["patient_id"])]
    return np.bincount(places, weights=rows["detail"], minlength=len(ids)).astype(np.float64)


def _founded(detail: Detail) -> Floats:
    return _events(detail, EV_FOUNDED)


def _woken(detail: Detail) -> Floats:
    return _events(detail, EV_WAKE)


def _circulating(detail: Detail) -> Floats:
    """Log of the expected cells at the first visit on therapy; NaN where there was none."""
    out = np.full(len(detail.outcomes), np.nan)
    first = detail.assessments[detail.assessments["visit"] == 1]
    place = {int(patient): k for k, patient in enumerate(detail.outcomes["patient_id"])}
    for row in first:
        if row["ctc_mean"] > 0:
            out[place[int(row["patient_id"])]] = np.log(row["ctc_mean"])
    return out


def second_line(detail: Detail) -> dict[str, Floats]:
    """Response, progression and survival from the start of second line on; NaN for those who never had one."""
    ids = detail.outcomes["patient_id"]
    place = {int(patient): k for k, patient in enumerate(ids)}
    lines = detail.events[detail.events["event"] == EV_LINE]
    start = np.full(len(ids), np.nan)
    begun = np.zeros(len(ids), np.int64)
    for row in lines:
        k = place[int(row["patient_id"])]
        begun[k] += 1
        if begun[k] == 2:
            start[k] = row["day"]
    response, progression = np.where(np.isfinite(start), 0.0, np.nan), np.full(len(ids), np.nan)
    for row in detail.assessments[detail.assessments["line"] == 2]:
        k = place[int(row["patient_id"])]
        if row["day"] <= start[k] or np.isfinite(progression[k]):
            continue
        if row["overall_response"] == PD:
            progression[k] = row["day"] - start[k]
        elif row["overall_response"] in (CR, PR):
            response[k] = 1.0
    death = detail.outcomes["death_day"] - start
    seen = np.isfinite(start)
    return {
        "response": response,
        "progression": np.where(seen, _months(np.fmin(progression, death)), np.nan),
        "survival": np.where(seen, _months(death), np.nan),
    }


_LIVED: dict[str, Callable[[NDArray[Any]], Floats]] = {"response": _response, "progression": _progression, "survival": _survival}
_REPLAYED: dict[str, Callable[[Detail], Floats]] = {"new-colonies": _founded, "waking": _woken, "circulating-cells": _circulating}
