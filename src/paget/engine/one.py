"""One patient of a trial, lived again with everything written down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paget.engine.compile import compile_plan, population_of
from paget.engine.draws import Posterior, resolve_source
from paget.engine.screen import Screening
from paget.engine.therapies import regimen_of
from paget.engine.trial import enrol
from paget.errors import PagetError, unknown
from paget.life.frames import assessments_frame, events_frame, lesions_frame, patients_frame
from paget.life.simulate import replay
from paget.parameters import ParameterSet
from paget.report.figures.patient_course import PatientCourse
from paget.study import load_protocol
from paget.units import DAYS_PER_MONTH


@dataclass(frozen=True)
class Told:
    """A life in words and as the material of a figure."""

    title: str
    lines: list[str]
    course: PatientCourse
    file_name: str


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
    plan = compile_plan(loaded, chosen, to_death=True)
    patient = int(roster.patient_id[place - 1])
    detail = replay(plan, [patient], lived, chosen, seed=seed, flags=np.asarray([roster.flags[place - 1]]))
    row = patients_frame(detail.outcomes, plan).row(0, named=True)
    events = events_frame(detail, plan)
    sites = [name for name in ("bone", "liver", "lung", "brain", "skin", "distant_nodes") if row[name]]
    lines = [
        f"{row['age_years']:.0f} years, {row['menopause']}menopausal, ECOG {row['ecog']}, {row['subtype']}, {row['histology']}; "
        f"primary {row['primary_cm']:.1f} cm, {row['nodes']}; {row['n_metastases']} visible metastases in "
        + ", ".join(sites).replace("_", " "),
        f"parameters: {source.words}",
        f"arm: {names[number]}" + ("" if arm is None else " (chosen here, not by randomisation)"),
        "",
    ]
    for event in events.iter_rows(named=True):
        what = event["event"] + (f": {event['detail']}" if event["detail"] else "")
        lines.append(f"  month {event['day'] / DAYS_PER_MONTH:6.1f}  {what}")
    title = f"{loaded.id}, patient {place} (natural history {patient}, seed {seed})"
    end = row["last_day"] if row["death_day"] is None else row["death_day"]
    course = PatientCourse.of(title, lesions_frame(detail), assessments_frame(detail), events, end_day=float(end))
    return Told(title, lines, course, f"{loaded.id}-s{seed}-{place}-{names[number]}")
