"""Whether adjuvant therapies do in the model what their evidence says: distant relapse of the same women under some, and under others.

Everybody takes what a read-out gives, and nothing else. The rate of relapse in a period is that of the women who have not relapsed
before it, so that a later period tells what is left of the effect. Sources count any recurrence, or death of breast cancer; the model
counts distant relapse: each file says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import SUBTYPES
from paget.calibration.therapies import Z95
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
from paget.population.diagnose import diagnose
from paget.therapy import Library, library
from paget.therapy.adjuvant import AdjuvantReadout, Given

WOMEN = 10_000
LOT = 32_768
MOST_HISTORIES = 40 * LOT
YEAR = 365.25
SAME = 0.25
"""How far from 1 a ratio of rates may be and still count as no difference."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Relapses:
    """Relapses of a group of women in a period, and the years that they were at risk in it."""

    events: int
    years: float

    @property
    def rate(self) -> float:
        """Relapses a year."""
        return self.events / self.years


@dataclass(frozen=True)
class RelapseReading:
    """One read-out as it came out: relapses under both, and the ratio of their rates with its 95 % interval.

    The interval takes both groups as independent; they are the same women, so it is on the wide side.
    """

    therapy: str
    readout: AdjuvantReadout
    women: int
    given: Relapses
    against: Relapses

    @property
    def ratio(self) -> float:
        """Ratio of the annual rates."""
        return self.given.rate / self.against.rate

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        half = Z95 * float(np.sqrt(1.0 / self.given.events + 1.0 / self.against.events))
        return self.ratio * float(np.exp(-half)), self.ratio * float(np.exp(half))

    @property
    def holds(self) -> bool:
        """Whether it moves as the file says: fewer beyond chance, or within what counts as the same."""
        return self.interval[1] < 1.0 if self.readout.expect == "fewer" else abs(self.ratio - 1.0) < SAME


class EarlyBench:
    """Women on whom read-outs of adjuvant therapies are tried; each set of therapies is lived once by each kind of women.

    Parameters
    ----------
    shelf : Library, optional
    women : int
        Without visible metastases at diagnosis, of the subtypes of a read-out.
    seed : int
    parameters : ParameterSet, optional
        The point values by default.
    threads : int
    """

    def __init__(
        self, shelf: Library | None = None, *, women: int = WOMEN, seed: int = 1, parameters: ParameterSet | None = None, threads: int = 1
    ) -> None:
        self.shelf, self.women, self.seed, self.threads = shelf or library(), women, seed, threads
        self.parameters = parameters or ParameterSet.point()
        self._people: dict[tuple[str, ...], NDArray[np.int64]] = {}
        self._lived: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[Floats, NDArray[np.bool_]]] = {}

    def people(self, subtypes: tuple[str, ...]) -> NDArray[np.int64]:
        """The first women of these subtypes (any, if none is named)."""
        if subtypes not in self._people:
            asked = [SUBTYPES.index(one) for one in subtypes or SUBTYPES]
            found: list[NDArray[np.int64]] = []
            for first in range(0, MOST_HISTORIES, LOT):
                lot = diagnose(first, LOT, self.parameters, seed=self.seed, threads=self.threads)
                found.append(lot["id"][(lot["metastatic"] == 0) & np.isin(lot["subtype"], asked)])
                if sum(map(len, found)) >= self.women:
                    break
            self._people[subtypes] = np.concatenate(found)[: self.women]
        return self._people[subtypes]

    def lived(self, therapies: tuple[str, ...], subtypes: tuple[str, ...]) -> tuple[Floats, NDArray[np.bool_]]:
        """Years from the operation to relapse or to the end of each woman's early life, and whether it was a relapse."""
        key = (therapies, subtypes)
        if key not in self._lived:
            practice = self.shelf.adjuvant([Given(therapy=name, use=1.0) for name in therapies])
            plan = LifePlan("2012", source="relapse", horizon_days=0.0, library=self.shelf, adjuvant=practice)
            out = simulate(plan, self.people(subtypes), 0, self.parameters, seed=self.seed, threads=self.threads, chunk=2048)
            found = out["eligible_disease"] == 1
            years = np.where(found, out["disease_free_days"], out["last_day"]) / YEAR
            # a death of cancer that nobody saw coming was a relapse
            self._lived[key] = years, found | (out["death_cause"] == 1)
        return self._lived[key]

    def relapses(self, therapies: tuple[str, ...], subtypes: tuple[str, ...], years: tuple[float, float]) -> Relapses:
        """Relapses in a period after the operation."""
        when, relapsed = self.lived(therapies, subtypes)
        inside = (when >= years[0]) & (when < years[1]) & relapsed
        at_risk = np.clip(when, years[0], years[1]) - years[0]
        return Relapses(int(inside.sum()), float(at_risk.sum()))

    def read(self, therapy: str, readout: AdjuvantReadout) -> RelapseReading:
        """Try one read-out."""
        given, against = (self.relapses(names, readout.subtypes, readout.years) for names in (readout.given, readout.against))
        return RelapseReading(therapy, readout, len(self.people(readout.subtypes)), given, against)
