"""One trial: who is in it, which arm each patient is in, how she lives there, and what the study sees of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.endpoints import FIRST
from paget.engine.compile import compile_plan, early_plan, protocol_library
from paget.engine.screen import Candidates, with_counts
from paget.engine.therapies import lived_arms, treated_places
from paget.life.frames import patients_frame
from paget.life.simulate import simulate
from paget.life.state import OUTCOME
from paget.parameters import ParameterSet
from paget.study import Protocol, accrual_months, assign, cut_month, drop_out_days, stratum_labels, visit_days
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.study.schedule import Cut, FollowUp
from paget.tables import StudyInfo
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl

START = date(2000, 1, 3)
"""First patient in, in calendar dates of the tables; virtual, so any day will do."""
SURGERY_WINDOW_DAYS = 183.0
RESPONSE_WEEKS = 12.0
"""By when the response of locally treated lesions is judged, unless the protocol says otherwise."""


@dataclass(frozen=True)
class Roster:
    """The patients of some trials, in the order of randomisation.

    Attributes
    ----------
    patient_id, replicate, arm, flags : int arrays
    choices : int array, shape (patients, arms)
        Arm of the plan that each patient lives in each arm of the protocol (`paget.engine.therapies.lived_arms`).
    stratum : object array
    calendar_month, drop_out_day, randomised_day : float arrays
        Drop-out in days from diagnosis, as everything in the patients' table.
    people : polars.DataFrame
        What was known of them when they entered.
    """

    patient_id: NDArray[np.int64]
    replicate: NDArray[np.int64]
    arm: NDArray[np.int64]
    choices: NDArray[np.int64]
    flags: NDArray[np.int64]
    stratum: NDArray[Any]
    calendar_month: NDArray[np.float64]
    drop_out_day: NDArray[np.float64]
    randomised_day: NDArray[np.float64]
    people: pl.DataFrame

    @property
    def lived(self) -> NDArray[np.int64]:
        """Arm of the plan that each patient lives."""
        found: NDArray[np.int64] = self.choices[np.arange(len(self.arm)), self.arm]
        return found

    def only(self, replicate: int) -> Roster:
        """The patients of one replicate."""
        mine = self.replicate == replicate
        kept: dict[str, Any] = {one.name: getattr(self, one.name)[mine] for one in fields(self) if one.name != "people"}
        return Roster(**kept, people=self.people.filter(mine))


def enrol(protocol: Protocol, candidates: Candidates, replicates: range, seed: int) -> Roster:
    """Fill trials with patients: trial r takes the rth lot of candidates."""
    import polars as pl

    size = protocol.accrual.patients
    parts: list[tuple[Any, ...]] = []
    for r in replicates:
        rows = candidates.frame.slice(r * size, size)
        strata = np.asarray(stratum_labels(rows, protocol.randomisation.strata), dtype=object)
        months = np.asarray(accrual_months(size, protocol.accrual, seed, r))
        arm = assign(list(strata), protocol.randomisation.ratio, protocol.randomisation.block_size, seed, r)
        ids = rows["patient_id"].to_numpy()
        randomised = rows["randomised_day"].to_numpy()
        lost = randomised + np.asarray(drop_out_days(ids, protocol.drop_out.fraction_per_year, seed))
        choices = np.column_stack([lived_arms(protocol, rows, np.full(size, k)) for k in range(len(protocol.arms))])
        parts.append((ids, np.full(size, r), arm, choices, rows["flags"].to_numpy(), strata, months, lost, randomised))
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    people = pl.concat([candidates.frame.slice(r * size, size) for r in replicates])
    names = [one.name for one in fields(Roster) if one.name != "people"]
    return Roster(**dict(zip(names, columns, strict=True)), people=people)


def live_roster(
    protocol: Protocol,
    parameters: ParameterSet,
    roster: Roster,
    seed: int,
    *,
    threads: int = 1,
    to_death: bool = False,
    arm: int | None = None,
) -> pl.DataFrame:
    """Live everybody on a roster in her arm (or all in one arm, for twins); the patients' table."""
    if protocol.early:
        return early_lives(protocol, parameters, roster, seed, threads=threads)
    plan = compile_plan(protocol, parameters, to_death=to_death)
    lived = roster.lived if arm is None else roster.choices[:, arm]
    outcomes = simulate(
        plan, roster.patient_id, lived, parameters, seed=seed, flags=roster.flags, threads=threads
    )
    assigned = roster.arm if arm is None else np.full_like(roster.arm, arm)
    return roster_frame(protocol, roster, patients_frame(outcomes, plan), assigned, seed)


def early_lives(
    protocol: Protocol, parameters: ParameterSet, roster: Roster, seed: int, *, threads: int = 1
) -> pl.DataFrame:
    """Patients of early disease, each followed as her arm says; days count from the operation.

    The relapse found is her distant progression. Attributes are those at the operation, of metastases those at relapse.
    """
    import polars as pl

    outcomes = np.zeros(len(roster.arm), OUTCOME)
    for position in range(len(protocol.arms)):
        mine = roster.arm == position
        plan = early_plan(protocol, parameters, position)
        outcomes[mine] = simulate(plan, roster.patient_id[mine], position, parameters, seed=seed, threads=threads)
    relapsed = outcomes["eligible_disease"] == 1
    found = np.where(relapsed, outcomes["disease_free_days"], np.nan)
    died = np.where(relapsed, found + outcomes["death_day"], np.where(outcomes["death_cause"] > 0, outcomes["last_day"], np.nan))
    last = np.where(relapsed, found + outcomes["last_day"], outcomes["last_day"])
    nothing = pl.lit(None, dtype=pl.Float64)
    frame = patients_frame(outcomes, compile_plan(protocol, parameters)).with_columns(
        randomised_day=pl.lit(0.0),
        progression_day=pl.Series(found).fill_nan(None),
        distant_progression_day=pl.Series(found).fill_nan(None),
        death_day=pl.Series(died).fill_nan(None),
        last_day=pl.Series(last),
        last_assessment_day=nothing,
        true_progression_day=nothing,
        locoregional_progression_day=nothing,
        first_progression_day=nothing,
        surgery_day=nothing,
    )
    known = [name for name in roster.people.columns if name in frame.columns and name not in ("randomised_day", "flags", "gate")]
    frame = frame.with_columns(*(roster.people[name] for name in known))
    return roster_frame(protocol, roster, frame, roster.arm, seed)


def roster_frame(protocol: Protocol, roster: Roster, frame: pl.DataFrame, arm: NDArray[np.int64], seed: int) -> pl.DataFrame:
    """Patients who were lived, with what the study did with them: arm, replicate, stratum, calendar, loss to follow-up."""
    import polars as pl

    names = np.asarray([one.id for one in protocol.arms])
    lost = np.where(np.isfinite(roster.drop_out_day), roster.drop_out_day, np.nan)
    return with_counts(frame, seed).with_columns(
        pl.Series("arm", names[arm]),
        pl.Series("replicate", roster.replicate),
        pl.Series("stratum", [str(label) for label in roster.stratum]),
        pl.Series("calendar_month", roster.calendar_month),
        pl.Series("drop_out_day", lost).fill_nan(None),
    )


def study_info(protocol: Protocol, calendar_months: NDArray[np.float64], cut: FollowUp | Cut | None = None) -> StudyInfo:
    """What the tables must know of one trial of a protocol, cut as the protocol says (or at an earlier look)."""
    follow_up = cut or protocol.follow_up
    last = cut_month(calendar_months, follow_up)
    arms = [(arm.id, arm.label) for arm in protocol.arms]
    analyses = protocol.analyses
    return StudyInfo(
        study_id=protocol.id.upper(),
        arms=arms,
        data_cut_month=last,
        control=protocol.control.id,
        experimental=protocol.experimental[0].id,
        start_date=START,
        surgery_arms=tuple(arm.id for arm in protocol.arms if arm.locoregional.procedure == "surgery"),
        surgery_window_days=SURGERY_WINDOW_DAYS,
        visit_days=tuple(float(day) for day in visit_days(protocol.assessments, (last + 1.0) * DAYS_PER_MONTH)),
        endpoints=tuple(code for code in protocol.endpoints if code not in FIRST),
        regimen_arms=tuple(arm.id for arm in protocol.arms if arm.systemic not in (STANDARD_OF_CARE, NO_SYSTEMIC)),
        local_places=treated_places(protocol, protocol_library(protocol)) if protocol.local else (),
        lesion_limits_cm=analyses.lesion_sizes_cm or (),
        response_days=7.0 * (analyses.response_weeks or RESPONSE_WEEKS),
        benefit_days=None if analyses.clinical_benefit_weeks is None else 7.0 * analyses.clinical_benefit_weeks,
    )
