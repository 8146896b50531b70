"""Exposure and adverse events of replayed lives: read off the log, outside the kernels, so that no harm changes a life.

(What does change lives, death by treatment and drugs stopped for toxicity, is the kernels' own.) A harm with a rate over a course
happens to that share of courses, on a day drawn evenly over the course. A harm by cumulative dose happens when the dose that a woman has
had of drugs of the class reaches her own threshold, drawn so that the share harmed by each dose is the published one. Complications of
local treatments are those of `paget.therapy.complications`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.clinic.draws import uniforms
from paget.life.simulate import Detail, LifePlan
from paget.randomness import ADVERSE
from paget.therapy import Therapy
from paget.therapy.complications import harms

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
CONTIGUOUS_DAYS = 1e-6


def courses_frame(detail: Detail, plan: LifePlan) -> pl.DataFrame:
    """Courses of systemic therapies: one row for each therapy that a patient had without a break.

    Columns: ``patient_id``, ``therapy`` (id), ``label`` (with badges), ``class``, ``route``, ``line`` (in which it began), ``course`` (her
    nth of this therapy, from 0), ``start_day``, ``stop_day``, ``dose`` (in all over the course; null where the file gives none) and
    ``dose_unit``.
    """
    import polars as pl

    shelf = list(plan.library.agents.values())
    rows = np.sort(detail.exposures, order=("patient_id", "agent", "start_day"))
    fresh = np.ones(len(rows), bool)
    if len(rows) > 1:
        same = (rows["patient_id"][1:] == rows["patient_id"][:-1]) & (rows["agent"][1:] == rows["agent"][:-1])
        fresh[1:] = ~(same & (rows["start_day"][1:] <= rows["stop_day"][:-1] + CONTIGUOUS_DAYS))
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(rows)) - 1 if len(first) else first
    begun, ended = rows[first], rows[last]
    therapies = [shelf[int(agent)] for agent in begun["agent"]]
    days = ended["stop_day"] - begun["start_day"]
    doses = [one.dose.total_after(float(d)) if one.dose else None for one, d in zip(therapies, days, strict=True)]
    frame = pl.DataFrame(
        {
            "patient_id": begun["patient_id"], "therapy": [one.id for one in therapies], "label": [one.label for one in therapies],
            "class": [one.class_ for one in therapies], "route": [one.route for one in therapies], "line": begun["line"],
            "start_day": begun["start_day"], "stop_day": ended["stop_day"], "dose": doses,
            "dose_unit": [one.dose.unit if one.dose else "" for one in therapies],
        },
        schema={
            "patient_id": pl.Int64, "therapy": pl.String, "label": pl.String, "class": pl.String, "route": pl.String, "line": pl.Int64,
            "start_day": pl.Float64, "stop_day": pl.Float64, "dose": pl.Float64, "dose_unit": pl.String,
        },
    )  # fmt: skip
    nth = pl.int_range(pl.len()).over("patient_id", "therapy").alias("course")
    return frame.with_columns(nth).sort("patient_id", "start_day", "therapy")


def adverse_frame(detail: Detail, plan: LifePlan, *, seed: int) -> pl.DataFrame:
    """Adverse events: one row each.

    Parameters
    ----------
    detail : Detail
        Replayed lives.
    plan : LifePlan
        The plan they were lived under.
    seed : int
        Seed of the run.

    Returns
    -------
    polars.DataFrame
        ``patient_id``, ``day``, ``therapy``, ``label``, ``term``, ``grade``, ``reversible`` (null: not told), by patient and day.
    """
    import polars as pl

    courses = courses_frame(detail, plan)
    found: list[tuple[Any, ...]] = []
    for therapy in plan.library.agents.values():
        mine = courses.filter(pl.col("therapy") == therapy.id)
        if mine.height:
            found += _by_course(therapy, mine, seed)
    found += _by_dose(plan, courses, seed)
    for number, therapy in enumerate(plan.library.locals.values()):
        treated = detail.treated[detail.treated["therapy"] == number]
        label = therapy.label
        found += [(one.patient_id, one.day, therapy.id, label, one.name, one.grade, None) for one in harms(therapy, treated, seed=seed)]
    schema = {
        "patient_id": pl.Int64, "day": pl.Float64, "therapy": pl.String, "label": pl.String, "term": pl.String, "grade": pl.String,
        "reversible": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(found, schema=schema, orient="row").sort("patient_id", "day", "therapy", "term")


def _by_course(therapy: Therapy, courses: pl.DataFrame, seed: int) -> Iterator[tuple[Any, ...]]:
    who, which = courses["patient_id"].to_numpy(), courses["course"].to_numpy()
    start, stop = courses["start_day"].to_numpy(), courses["stop_day"].to_numpy()
    for harm in therapy.costs.toxicities:
        if harm.rate is None:
            continue
        happens, when = uniforms(seed, who, ("adverse", therapy.id, harm.name), ADVERSE, which)
        day = start + when * (stop - start)
        for k in np.flatnonzero(happens < harm.rate.value):
            yield int(who[k]), float(day[k]), therapy.id, therapy.label, harm.name, harm.grade, harm.reversible


def _by_dose(plan: LifePlan, courses: pl.DataFrame, seed: int) -> Iterator[tuple[Any, ...]]:
    """Harms by cumulative dose: doses of all therapies of a class that share the harm and the unit add up."""
    import polars as pl

    groups: dict[tuple[str, str, str], list[Therapy]] = {}
    for therapy in plan.library.agents.values():
        for harm in therapy.costs.toxicities:
            if harm.by_dose is not None and therapy.dose is not None:
                groups.setdefault((therapy.class_, harm.name, therapy.dose.unit), []).append(therapy)
    for (class_, name, _), therapies in groups.items():
        ids = [therapy.id for therapy in therapies]
        mine = courses.filter(pl.col("therapy").is_in(ids))
        if not mine.height:
            continue
        people = mine["patient_id"].unique(maintain_order=True).to_numpy()
        thresholds = uniforms(seed, people, ("adverse", "dose", class_, name), ADVERSE)[0]
        luck = dict(zip(people.tolist(), thresholds.tolist(), strict=True))
        total: dict[int, float] = {}
        done: set[int] = set()
        for row in mine.iter_rows(named=True):
            patient = row["patient_id"]
            therapy = therapies[ids.index(row["therapy"])]
            harm = next(one for one in therapy.costs.toxicities if one.name == name and one.by_dose is not None)
            assert therapy.dose is not None and harm.by_dose is not None
            day = row["start_day"]
            while day < row["stop_day"] and patient not in done:
                total[patient] = total.get(patient, 0.0) + therapy.dose.amount.value
                if luck[patient] < harm.by_dose.at(total[patient]):
                    done.add(patient)
                    yield patient, day, therapy.id, therapy.label, name, harm.grade, harm.reversible
                day += therapy.dose.every_days.value


__all__ = ["adverse_frame", "courses_frame"]
