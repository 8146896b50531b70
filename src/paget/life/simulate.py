"""From patient numbers to outcome records: the loop over patients, on as many threads as asked for.

Results do not depend on threads or on how patients are cut into chunks, because a life is a function of its number alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget._jit import jit
from paget.biology.layout import CAPACITY, LESION, N_ORGANS, PLACES
from paget.biology.patient import PATIENT
from paget.biology.state import BODY, DRUGS
from paget.clinic.state import CLINIC
from paget.errors import unknown
from paget.life.kernel import live
from paget.life.state import ARM, ASSESSMENT, EVENT, EXPOSURE, OUTCOME, PLAN, SIGHTING, TREATED_LESION
from paget.parameters import ParameterSet
from paget.therapy import Adjuvant, Library, library
from paget.therapy.form import AXES
from paget.therapy.layout import LOCAL

Records = NDArray[Any]


@jit
def _live_many(seed, patients, which, flags, parameters, agents, regimens, therapies, standard, plan, arms, scratch, out, log):
    who, store, body, drugs, clinic = scratch
    for k in range(patients.shape[0]):
        live(
            seed, patients[k], parameters[0], (agents, regimens, therapies), standard[0], plan[0], arms, which[k], flags[k],
            who[0], store, body[0], drugs[0], clinic[0], out[k], log,
        )  # fmt: skip


@dataclass(frozen=True)
class Surveillance:
    """Follow-up of early disease at fixed intervals.

    Attributes
    ----------
    every_days, until_days : float
        Interval of visits, and the day after surgery on which they end.
    imaging, workup : mapping of place to float
        Imaging at every visit, and once a marker has risen: its detection limit as a multiple of each lesion's own (1: as staging CT);
        places left out are not imaged.
    marker_cm3, marker_sd_log : float
        Burden at which a serum marker rises in half of patients, and the spread between patients; infinite: none measured.
    """

    every_days: float
    until_days: float = math.inf
    imaging: Mapping[str, float] = field(default_factory=dict)
    marker_cm3: float = math.inf
    marker_sd_log: float = 0.0
    workup: Mapping[str, float] = field(default_factory=dict)

    def fill(self, out: Records) -> None:
        """Write the schedule into a plan record."""
        out["surveillance_days"], out["surveillance_until"] = self.every_days, self.until_days
        out["marker_cm3"], out["marker_sd_log"] = self.marker_cm3, self.marker_sd_log
        for name, limits in (("surveillance_limit", self.imaging), ("workup_limit", self.workup)):
            for place in limits:
                if place not in PLACES[:N_ORGANS]:
                    raise unknown("distant place", place, PLACES[:N_ORGANS])
            out[name] = [limits.get(place, math.inf) for place in PLACES[:N_ORGANS]]


@dataclass(frozen=True)
class LifePlan:
    """What a study asks of a life, in days: who, until when, which gate, which visits; and what each arm does.

    Attributes
    ----------
    horizon_days : float
        Lives are followed to death or to this day after diagnosis.
    source : {"de-novo", "relapse", "both", "all"}
        De novo stage IV; relapse after early disease; both of these; or everybody from diagnosis, whatever the stage (an untreated series).
    gate_days : (float, float)
        Shortest and longest induction before randomisation; (0, 0) randomises at diagnosis.
    gate_required : {"nothing", "no-progression", "response"}
    visits : sequence of (interval_days, until_days)
        Interval of assessments, up to so many days after randomisation; the last interval goes on.
    arms : sequence of dict
        Fields of the ``ARM`` record; what is left out is zero or the neutral value.
    standard_of_care : str
        Name of the standard.
    not_available : sequence of str
        Axes of drugs that nobody receives, whatever the standard says.
    surveillance : Surveillance, optional
        Follow-up of early disease that may find a relapse before it is felt.
    imaging : mapping of place to float
        Detection limits of the visits' imaging as a multiple of each lesion's own; places left out are imaged as at staging.
    false_positive : float
        Probability that a visit shows a new lesion where there is none.
    library : Library
        Therapies, regimens and standards that the names and indices of the plan are of.
    adjuvant : Adjuvant
        Who is given which adjuvant therapy in early disease.
    """

    standard_of_care: str
    arms: tuple[Mapping[str, Any], ...] = field(default_factory=lambda: ({},))
    horizon_days: float = 25 * 365.25
    source: str = "de-novo"
    gate_days: tuple[float, float] = (0.0, 0.0)
    gate_required: str = "nothing"
    visits: tuple[tuple[float, float], ...] = ((84.0, math.inf),)
    not_available: tuple[str, ...] = ()
    surveillance: Surveillance | None = None
    imaging: Mapping[str, float] = field(default_factory=dict)
    false_positive: float = 0.0
    library: Library = field(default_factory=library)
    adjuvant: Adjuvant = field(default_factory=lambda: library().adjuvant())

    def plan_record(self, stop_at_gate: int = 0) -> Records:
        """The plan as the kernel reads it."""
        out = np.zeros(1, PLAN)
        out["horizon"] = self.horizon_days
        out["relapse"] = ("de-novo", "relapse", "all", "both").index(self.source)
        out["gate_low"], out["gate_high"] = self.gate_days
        out["gate_required"] = ("nothing", "no-progression", "response").index(self.gate_required)
        out["stop_at_gate"] = stop_at_gate
        for place in self.imaging:
            if place not in PLACES:
                raise unknown("place", place, PLACES)
        out["imaging_limit"] = [self.imaging.get(place, 1.0) for place in PLACES]
        out["false_positive"] = self.false_positive
        if self.surveillance is not None:
            self.surveillance.fill(out)
        out["visit_days"], out["visit_until"] = self.visits[-1][0], math.inf
        for k, (interval, until) in enumerate(self.visits[:4]):
            out["visit_days"][0, k], out["visit_until"][0, k] = interval, until
        return out

    def arm_records(self) -> Records:
        """The arms as the kernel reads them."""
        out = np.zeros(len(self.arms), ARM)
        for row, arm in zip(out, self.arms, strict=True):
            row["received"], row["max_ecog"], row["first_regimen"] = 1.0, 4, -1
            row["local"] = -1
            row["local_received"] = 1.0
            row["later_regimen"] = -1
            for name, value in arm.items():
                row[name] = value
        return out


@dataclass(frozen=True)
class Detail:
    """Everything written down about replayed lives."""

    outcomes: Records
    assessments: Records
    sightings: Records
    events: Records
    exposures: Records
    treated: Records


def _scratch() -> tuple[Records, ...]:
    return (
        np.zeros(1, PATIENT), np.zeros(CAPACITY, LESION), np.zeros(1, BODY), np.zeros(1, DRUGS), np.zeros(1, CLINIC),
    )  # fmt: skip


def _no_log() -> tuple[Records, ...]:
    return (
        np.zeros(0, ASSESSMENT), np.zeros(0, SIGHTING), np.zeros(0, EVENT), np.zeros(5, np.int64), np.zeros(0, EXPOSURE),
        np.zeros(0, TREATED_LESION),
    )  # fmt: skip


def _each(value: Sequence[int] | NDArray[np.int64] | int, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.int64), ids.shape))


def _shared(plan: LifePlan, parameters: ParameterSet, stop_at_gate: int) -> tuple[Records, ...]:
    shelf = plan.library
    agents = shelf.agent_records(parameters)
    for axis in plan.not_available:
        if axis not in AXES:
            raise unknown("axis of drugs", axis, AXES)
        mine = [agent.axis == axis for agent in shelf.agents.values()]
        agents["kill"][mine] = 0.0
    treats_lesions = any((np.asarray(arm.get("local", -1)) >= 0).any() for arm in plan.arms)
    therapies = shelf.local_records(parameters) if treats_lesions else np.zeros(0, LOCAL)  # working them out takes a second
    schedule = plan.plan_record(stop_at_gate)
    plan.adjuvant.fill(schedule, parameters)
    return (
        parameters.record, agents, shelf.regimen_records(), therapies,
        shelf.standard_record(plan.standard_of_care), schedule, plan.arm_records(),
    )  # fmt: skip


def simulate(
    plan: LifePlan,
    patients: Sequence[int] | NDArray[np.int64],
    arm: Sequence[int] | NDArray[np.int64] | int,
    parameters: ParameterSet,
    *,
    seed: int,
    flags: NDArray[np.int64] | int = 0,
    threads: int = 1,
    stop_at_gate: int = 0,
    chunk: int = 256,
    on_chunk: Callable[[int], None] | None = None,
) -> Records:
    """Live patients, each in her arm; one outcome record each, in the order given.

    Parameters
    ----------
    plan : LifePlan
    patients : integers
        Numbers of natural histories.
    arm : integers
        Index of the arm of each patient (or one for all).
    parameters : ParameterSet
    seed : int
        0 to 2**64 - 1.
    flags : integers
        Of each patient (or one for all): ``AT_ONCE``, ``INOPERABLE`` of `paget.life.kernel`.
    threads : int
    stop_at_gate : {0, 1, 2}
        0 lives everybody to the end; 1 stops at randomisation; 2 stops those who are not randomised.
    chunk : int
        Patients a task; changes nothing but the rhythm of ``on_chunk``.
    on_chunk : callable, optional
        Called with the number of patients done, from the calling thread.

    Returns
    -------
    record array of ``OUTCOME``
    """
    ids = np.ascontiguousarray(patients, np.int64)
    which, marks = _each(arm, ids), _each(flags, ids)
    out = np.zeros(len(ids), OUTCOME)
    record, agents, regimens, therapies, standard, schedule, arms = _shared(plan, parameters, stop_at_gate)

    def work(start: int) -> int:
        stop = min(start + chunk, len(ids))
        _live_many(
            np.uint64(seed), ids[start:stop], which[start:stop], marks[start:stop], record, agents, regimens, therapies, standard,
            schedule, arms, _scratch(), out[start:stop], _no_log(),
        )  # fmt: skip
        return stop - start

    starts = range(0, len(ids), chunk)
    if threads <= 1 or len(ids) <= chunk:
        for start in starts:
            done = work(start)
            if on_chunk:
                on_chunk(done)
    else:
        work(len(ids))  # nobody: compiles the kernels, or loads them, before threads ask for them at the same time
        with ThreadPoolExecutor(threads) as pool:
            try:
                for done in pool.map(work, starts):
                    if on_chunk:
                        on_chunk(done)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return out


def replay(
    plan: LifePlan,
    patients: Sequence[int] | NDArray[np.int64],
    arm: Sequence[int] | NDArray[np.int64] | int,
    parameters: ParameterSet,
    *,
    seed: int,
    flags: NDArray[np.int64] | int = 0,
) -> Detail:
    """Live patients again and write everything down: assessments, sightings of lesions, events."""
    ids = np.ascontiguousarray(patients, np.int64)
    which, marks = _each(arm, ids), _each(flags, ids)
    shared = _shared(plan, parameters, 0)
    size = max(1, len(ids))
    while True:
        log = (
            np.zeros(400 * size, ASSESSMENT), np.zeros(8000 * size, SIGHTING), np.zeros(1200 * size, EVENT), np.zeros(5, np.int64),
            np.zeros(60 * size, EXPOSURE), np.zeros(200 * size, TREATED_LESION),
        )  # fmt: skip
        out = np.zeros(len(ids), OUTCOME)
        _live_many(np.uint64(seed), ids, which, marks, *shared, _scratch(), out, log)
        counts = log[3]
        books = (log[0], log[1], log[2], log[4], log[5])
        if all(n < len(book) for n, book in zip(counts, books, strict=True)):
            return Detail(out, *(book[:n] for n, book in zip(counts, books, strict=True)))
        size *= 2  # a book was full: the lives are lived again with more room


__all__ = ["Detail", "LifePlan", "Surveillance", "replay", "simulate"]
