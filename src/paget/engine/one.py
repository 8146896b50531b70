"""One patient of a trial, lived again with everything written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paget.engine.badges import badge_lines, stamp_of
from paget.engine.compile import LONGEST_DAYS, compile_plan, early_plan, population_of
from paget.engine.draws import Posterior, resolve_source
from paget.engine.screen import Screening
from paget.engine.therapies import regimen_of
from paget.engine.trial import enrol
from paget.errors import PagetError, unknown
from paget.life.frames import CAUSES, assessments_frame, events_frame, lesions_frame, patients_frame
from paget.life.simulate import LifePlan, replay
from paget.parameters import ParameterSet
from paget.report.figures.patient_course import PatientCourse, TreatmentBar
from paget.study import load_protocol
from paget.therapy import Therapy
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Told:
    """A life in words and as the material of a figure."""

    title: str
    lines: list[str]
    course: PatientCourse
    file_name: str
    stamp: str | None = None


def course_of(
    protocol: str | Path,
    place: int,
    *,
    arm: str | None = None,
    seed: int = 1,
    parameters: ParameterSet | Posterior | str | Path | None = None,
    draw: int | None = None,
    threads: int = 1,
) -> Told:
    """The course of the patient at a place (from 1) of the trial itself, in her arm or in another.

    ``parameters`` are those of `paget.run`: under a posterior she is lived under its middle draw, as in a run, or under draw ``draw``.

    Raises
    ------
    PagetError
        The trial has no such place or arm.
    """
    import polars as pl

    loaded = load_protocol(protocol)
    size = loaded.accrual.patients
    if not 1 <= place <= size:
        raise PagetError("the trial has no such patient", key="--id", got=place, expected=f"1 to {size}")
    source = resolve_source(parameters, draws=None, replicates=0, seed=seed, draw=draw).changed({}, loaded.switches)
    chosen = source.central
    population = population_of(loaded, chosen, seed)
    candidates = Screening(loaded, chosen, population, threads=threads, where=str(protocol)).draw(size)
    roster = enrol(loaded, candidates, range(1), seed)
    names = [one.id for one in loaded.arms]
    if arm is not None and arm not in names:
        raise unknown("arm", arm, names, where=str(protocol))
    lived = int(roster.lived[place - 1]) if arm is None else names.index(arm)
    number = regimen_of(loaded, lived)[0]
    flags = np.asarray([roster.flags[place - 1]])
    if loaded.early:
        plan, lived = replace(early_plan(loaded, chosen, number), horizon_days=LONGEST_DAYS), number
    else:
        plan = compile_plan(loaded, chosen, to_death=True)
    patient = int(roster.patient_id[place - 1])
    detail = replay(plan, [patient], lived, chosen, seed=seed, flags=flags)
    row = patients_frame(detail.outcomes, plan).row(0, named=True)
    outcome = detail.outcomes[0]
    relapse = float(outcome["disease_free_days"])
    start = 0.0 if not loaded.early else relapse if np.isfinite(relapse) else float(outcome["last_day"])
    shift = pl.col("day") + start
    events = events_frame(detail, plan).with_columns(shift)
    if loaded.early:
        later = events.filter(~pl.col("event").is_in(("diagnosis", "randomisation")))
        events = pl.concat([_early_events(outcome, plan, events.schema), later])
    told = [_who(row, roster.people.row(place - 1, named=True), early=loaded.early)]
    if not loaded.early and np.isfinite(relapse):
        told.append(f"relapse {relapse / DAYS_PER_MONTH:.0f} months after the operation; adjuvant therapy: {_taken(outcome, plan)}")
    told += [
        f"parameters: {source.words}",
        f"arm: {names[number]}" + ("" if arm is None else " (chosen here, not by randomisation)"),
        *(f"therapy {line}" for line in badge_lines(loaded)),
        "",
    ]
    for event in events.iter_rows(named=True):
        what = event["event"] + (f": {event['detail']}" if event["detail"] else "")
        told.append(f"  month {event['day'] / DAYS_PER_MONTH:6.1f}  {what}")
    title = f"{loaded.id}, patient {place} (natural history {patient}, seed {seed})"
    lesions, visits = lesions_frame(detail).with_columns(shift), assessments_frame(detail).with_columns(shift)
    course = PatientCourse.of(title, lesions, visits, events, end_day=float(events["day"].max() or 0.0))  # type: ignore[arg-type]
    if loaded.early:
        bars = [
            TreatmentBar(therapy.id, 0.0, min(start, therapy.adjuvant.years.value * 365.25) / DAYS_PER_MONTH)
            for therapy in _adjuvant(outcome, plan) if therapy.adjuvant is not None
        ]  # fmt: skip
        course = replace(course, origin="the operation", treatments=[*bars, *course.treatments])
    return Told(title, told, course, f"{loaded.id}-s{seed}-{place}-{names[number]}", stamp_of(loaded))


def _who(row: dict[str, Any], entered: dict[str, Any], *, early: bool) -> str:
    """The patient in a line: as she was when metastases were found, or when she was operated."""
    seen = entered if early else row
    sites = ", ".join(name for name in ("bone", "liver", "lung", "brain", "skin", "distant_nodes") if row[name]).replace("_", " ")
    number = row["n_metastases"]
    disease = f"{number} visible metastas{'i' if number == 1 else 'e'}s in {sites}" if number else "no visible metastasis"
    return (
        f"{seen['age_years']:.0f} years, {seen['menopause']}menopausal, ECOG {seen['ecog']}, {seen['subtype']}, {seen['histology']}; "
        f"primary {seen['primary_cm']:.1f} cm, {seen['nodes']}; " + ("operated, no visible metastasis" if early else disease)
    )


def _adjuvant(outcome: np.void, plan: LifePlan) -> list[Therapy]:
    """Adjuvant therapies that she took."""
    return [therapy for k, therapy in enumerate(plan.adjuvant.therapies) if outcome["adjuvant"] >> k & 1]


def _taken(outcome: np.void, plan: LifePlan) -> str:
    """The same in words, with what must be said of each."""
    return "; ".join(therapy.label for therapy in _adjuvant(outcome, plan)) or "none"


def _early_events(outcome: np.void, plan: LifePlan, schema: Any) -> pl.DataFrame:
    """What happens to her before she has metastases that anybody knows of."""
    import polars as pl

    rows = [(0.0, "operation", ""), (0.0, "randomisation", ""), (0.0, "adjuvant therapy", _taken(outcome, plan))]
    if outcome["eligible_disease"] == 1:
        how = "at a visit of surveillance" if outcome["found_early"] else "by its symptoms"
        rows.append((float(outcome["disease_free_days"]), "distant relapse", f"found {how}"))
    elif outcome["death_cause"] > 0:
        rows.append((float(outcome["last_day"]), "death", str(CAUSES[outcome["death_cause"]])))
    else:
        rows.append((float(outcome["last_day"]), "end of follow-up", "no relapse"))
    return pl.DataFrame([(int(outcome["patient_id"]), *row) for row in rows], schema=schema, orient="row")
