"""Local therapies tried on twins: what one course does to lesions, on the same women with and without it, beside their file's curves.

A curve read back is a check of the arithmetic and of who was treated, never a validation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import N_ORGANS, PLACES
from paget.calibration.therapies import TWINS, Z95, first_patients
from paget.life.simulate import Detail, LifePlan, replay
from paget.parameters import ParameterSet
from paget.population import Population
from paget.therapy import Library, library
from paget.therapy.local import GIVEN, REFUSALS
from paget.therapy.survivors import PARTIAL_LOG

if TYPE_CHECKING:
    import polars as pl

LOOK_DAYS = 84.0
"""Day of the visit at which what is left is looked at; treated on the first day, without any drugs."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % interval; observations of one woman belong together."""

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Standard error."""
        return (self.high - self.low) / (2.0 * Z95)


@dataclass(frozen=True)
class LocalReading:
    """What one local therapy did.

    Attributes
    ----------
    therapy : str
    treated : int
        Twins who had it.
    refused : mapping of str to int
        Twins who had it not, by the reason that the file gives.
    untouched : bool
        Whether the lives of those who were refused are those of their twins to the bit.
    left : Mean
        Tumour in the places that it treats twelve weeks later, as a share of what the untreated twin has there.
    eradicated, responded : Mean
        Share of the lesions of the first session that were eradicated, and in objective response.
    eradicated_by_file, responded_by_file : float
        What the file's curves say of lesions of these diameters.
    """

    therapy: str
    treated: int
    refused: Mapping[str, int]
    untouched: bool
    left: Mean
    eradicated: Mean
    responded: Mean
    eradicated_by_file: float
    responded_by_file: float

    @property
    def holds(self) -> bool:
        """Whether less tumour is left, beyond chance."""
        return self.left.high < 1.0


class LocalBench:
    """Women with visible disease where a therapy acts, lived with it and without it.

    Parameters
    ----------
    shelf : Library, optional
    twins : int
    seed : int
    """

    def __init__(self, shelf: Library | None = None, *, twins: int = TWINS, seed: int = 1) -> None:
        self.shelf = shelf or library()
        self.twins, self.seed = twins, seed
        self.parameters = ParameterSet.point()
        self._people: dict[tuple[str, ...], NDArray[np.int64]] = {}

    def people(self, places: tuple[str, ...]) -> NDArray[np.int64]:
        """The first women with metastases at diagnosis who have visible disease in one of these places (breast and nodes: anybody)."""
        organs = tuple(place.replace("-", "_") for place in places if PLACES.index(place) < N_ORGANS)
        if len(organs) < len(places):
            organs = ()  # most have a primary and nodes
        if organs not in self._people:

            def seen(block: pl.DataFrame) -> NDArray[np.bool_]:
                return np.logical_or.reduce([block[organ].to_numpy() for organ in organs]) if organs else np.ones(block.height, bool)

            self._people[organs] = first_patients(Population(self.parameters, self.seed, "de-novo"), seen, self.twins)
        return self._people[organs]

    def lives(self, name: str) -> tuple[Detail, Detail]:
        """With one local therapy on the first day and without it, and without any drugs: two arms of one plan, so stops are the same."""
        local = self.shelf.locals[name].local
        assert local is not None
        course = {"local": (self.shelf.local_index(name), -1, -1), "local_delay_median": (1.0, 1, 1)}
        arms = ({"untreated": 1, **course}, {"untreated": 1})
        plan = LifePlan("2012", arms=arms, horizon_days=LOOK_DAYS + 1.0, visits=((LOOK_DAYS, math.inf),), library=self.shelf)
        ids = self.people(local.places)
        with_it, without = (replay(plan, ids, arm, self.parameters, seed=self.seed) for arm in (0, 1))
        return with_it, without

    def read(self, name: str) -> LocalReading:
        """Try one therapy."""
        local = self.shelf.locals[name].local
        assert local is not None
        given, plain = self.lives(name)
        had = np.isfinite(given.outcomes["local_day"])
        why = given.outcomes["local_refused"]
        with_it, without = (_burden(detail, local.places) for detail in (given, plain))
        seen = had & np.isfinite(with_it) & np.isfinite(without) & (without > 0.0)
        share = with_it[seen] / without[seen]
        same = (with_it == without) | (np.isnan(with_it) & np.isnan(without))
        first = given.treated[given.treated["session"] == 0]
        who, cm = first["patient_id"], np.maximum(first["true_cm"], local.grid()[0][0])  # below its first point the record is flat
        eradicated = first["eradicated"].astype(np.float64)
        responded = np.maximum(eradicated, first["survivors_log"] <= PARTIAL_LOG)
        return LocalReading(
            therapy=name, treated=int(had.sum()), untouched=bool(same[~had].all()),
            refused={REFUSALS[code]: int((why[~had] == code).sum()) for code in np.unique(why[~had]) if code != GIVEN},
            left=_mean(share, given.outcomes["patient_id"][seen]), eradicated=_mean(eradicated, who), responded=_mean(responded, who),
            eradicated_by_file=float(local.control_at(cm).mean()), responded_by_file=float(local.objective_at(cm).mean()),
        )  # fmt: skip


def _mean(values: Floats, who: NDArray[np.int64]) -> Mean:
    """Mean and interval, clustered by woman."""
    _, place = np.unique(who, return_inverse=True)
    middle = float(values.mean())
    sums = np.bincount(place, weights=values - middle)
    half = Z95 * math.sqrt(float(sums @ sums)) / len(values)
    return Mean(middle, middle - half, middle + half)


def _burden(detail: Detail, places: tuple[str, ...]) -> Floats:
    """Tumour (cm3) in some places at the visit, of each woman; NaN where she did not live to see it."""
    ids = detail.outcomes["patient_id"]
    order = np.argsort(ids)
    visit = detail.assessments[detail.assessments["day"] >= LOOK_DAYS]
    out = np.full(len(ids), np.nan)
    rows = order[np.searchsorted(ids[order], visit["patient_id"])]
    out[rows] = visit["burden_cm3"][:, [PLACES.index(place) for place in places]].sum(axis=1)
    return out


__all__ = ["LocalBench", "LocalReading", "Mean"]
