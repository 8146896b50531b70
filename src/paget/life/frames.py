"""Outcome records as tables: the columns that studies, exports and reports read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import N_ORGANS, PLACES, SUBTYPES
from paget.biology.markers import HER2_LOW, MARKERS
from paget.clinic.state import RESPONSES
from paget.life.simulate import Detail, LifePlan
from paget.life.state import EVENTS
from paget.therapy.local import REFUSALS
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl

Records = NDArray[Any]
CAUSES = np.array(["", "cancer", "other", "treatment"])
ROLES = np.array(["", "target", "non-target", "new", "treated"])
GATES = ("passed", "died", "progressed", "no response")


def marker_columns(marker: NDArray[np.int64], ki67_percent: NDArray[np.float64], subtype: NDArray[np.int64]) -> dict[str, Any]:
    """Levels of the markers by name, one column each, and Ki-67."""
    found: dict[str, Any] = {}
    for k, (name, known) in enumerate(MARKERS.items()):
        level = marker[:, k]
        if k == HER2_LOW:
            level = np.where((subtype == 1) | (subtype == 2), 2, level)
        found[name] = np.asarray(known.levels)[level]
    return found | {"ki67_percent": ki67_percent}


def baseline_frame(outcomes: Records) -> pl.DataFrame:
    """What the clinic sees at diagnosis of metastatic disease, one row a patient: the attributes a protocol may ask for."""
    import polars as pl

    site = outcomes["site"].astype(bool)
    n_sites = outcomes["n_sites"]
    bone_only = site[:, 0] & (n_sites == 1)
    visceral = site[:, 1] | site[:, 2]
    group = np.where(site[:, 3], "brain", np.where(visceral, "visceral", np.where(bone_only, "bone only", "other")))
    nodes = np.where(outcomes["node_count"] == 0, "N0", np.where(outcomes["node_count"] <= 3, "N1-3", "N4+"))
    relapse = np.isfinite(outcomes["disease_free_days"])
    columns: dict[str, Any] = {
        "patient_id": outcomes["patient_id"],
        "age_years": outcomes["age_years"],
        "menopause": np.where(outcomes["menopause"] == 1, "post", "pre"),
        "ecog": outcomes["ecog"],
        "comorbidity": outcomes["comorbidity"],
        "subtype": np.asarray(SUBTYPES)[outcomes["subtype"]],
        "histology": np.where(outcomes["lobular"] == 1, "lobular", "ductal"),
        "primary_cm": outcomes["primary_cm"],
        "nodes": nodes,
        "n_metastases": outcomes["n_metastases"],
        "n_sites": n_sites,
        "site_group": group,
        "solitary_bone": bone_only & (outcomes["n_metastases"] == 1),
        "presentation": np.where(relapse, "relapse", "de novo"),
        "disease_free_months": outcomes["disease_free_days"] / DAYS_PER_MONTH,
        "ctc_mean": outcomes["ctc_mean"],
        **marker_columns(outcomes["marker"], outcomes["ki67_percent"], outcomes["subtype"]),
    }
    for place in ("liver", "skin"):
        columns[f"n_{place}"] = outcomes["n_visible"][:, PLACES.index(place)]
        columns[f"largest_{place}_cm"] = outcomes["largest_cm"][:, PLACES.index(place)]
    for organ in range(N_ORGANS):
        columns[PLACES[organ].replace("-", "_")] = site[:, organ]
    return pl.DataFrame(columns).with_columns(pl.col("disease_free_months").fill_nan(None))


def early_frame(people: Records, marker: NDArray[np.int64], ki67_percent: NDArray[np.float64]) -> pl.DataFrame:
    """What the clinic sees of operated early disease: the columns of `baseline_frame`, no metastasis among them.

    The markers of these people are those of `paget.population.diagnose.markers_of`.

    Performance status is taken as 0 and blood as free of tumour cells: neither is asked before a relapse.
    """
    import polars as pl

    n = len(people)
    nodes = np.where(people["node_count"] == 0, "N0", np.where(people["node_count"] <= 3, "N1-3", "N4+"))
    columns: dict[str, Any] = {
        "patient_id": people["id"],
        "age_years": people["age"],
        "menopause": np.where(people["menopause"] == 1, "post", "pre"),
        "ecog": np.zeros(n, np.int64),
        "comorbidity": people["comorbidity"],
        "subtype": np.asarray(SUBTYPES)[people["subtype"]],
        "histology": np.where(people["lobular"] == 1, "lobular", "ductal"),
        "primary_cm": people["primary_cm"],
        "nodes": nodes,
        "n_metastases": np.zeros(n, np.int64),
        "n_sites": np.zeros(n, np.int64),
        "site_group": ["other"] * n,
        "solitary_bone": np.zeros(n, bool),
        "presentation": ["early"] * n,
        "disease_free_months": np.full(n, np.nan),
        "ctc_mean": np.zeros(n),
        **marker_columns(marker, ki67_percent, people["subtype"]),
    }
    for place in ("liver", "skin"):
        columns[f"n_{place}"], columns[f"largest_{place}_cm"] = np.zeros(n, np.int64), np.zeros(n)
    for organ in range(N_ORGANS):
        columns[PLACES[organ].replace("-", "_")] = np.zeros(n, bool)
    return pl.DataFrame(columns).with_columns(pl.col("disease_free_months").fill_nan(None))


def patients_frame(outcomes: Records, plan: LifePlan) -> pl.DataFrame:
    """Everything about each patient of a trial: what the clinic saw, what was done, what happened, and the truth.

    Days count from the diagnosis of metastatic disease; null where something did not happen.
    """
    import polars as pl

    regimens = np.asarray([*plan.library.regimens, "none"])
    kinds = np.where(
        np.isnan(outcomes["surgery_day"]), "", np.where(outcomes["conserving"] == 1, "breast-conserving", "mastectomy")
    )
    more: dict[str, Any] = {
        name: outcomes[name]
        for name in (
            "randomised_day", "surgery_day", "progression_day", "distant_progression_day", "last_assessment_day",
            "true_progression_day", "death_day", "n_lines", "last_day", "local_day", "local_lesions", "treated_progression_day",
        )
    }  # fmt: skip
    more["found_early"] = outcomes["found_early"] == 1
    more["locoregional_progression_day"] = outcomes["local_progression_day"]
    more["first_progression_day"] = outcomes["first_progression_day"]
    more["gate"] = np.asarray(GATES)[outcomes["gate"]]
    more["surgery_kind"] = kinds
    more["radiotherapy"] = outcomes["radiotherapy"] == 1
    more["crossover"] = outcomes["crossover"] == 1
    more["local_refused"] = np.asarray(REFUSALS)[outcomes["local_refused"]]
    more["surgery_death"] = outcomes["surgery_death"] == 1
    more["first_line"] = regimens[outcomes["first_regimen"]]
    more["best_response"] = np.asarray(RESPONSES)[outcomes["best_response"]]
    more["death_cause"] = CAUSES[outcomes["death_cause"]]
    more["merged_colonies"] = outcomes["merged"]
    frame = pl.DataFrame(more).with_columns(
        pl.col(pl.Float64).fill_nan(None),
        margins_free=pl.Series(outcomes["margins_free"] == 1).set(pl.Series(outcomes["margins_free"] < 0), None),
    )
    return pl.concat([baseline_frame(outcomes), frame], how="horizontal")


def assessments_frame(detail: Detail) -> pl.DataFrame:
    """Visits of replayed patients, with RECIST responses by name."""
    import polars as pl

    rows = detail.assessments
    names = np.asarray(RESPONSES)
    return pl.DataFrame(
        {
            "patient_id": rows["patient_id"], "visit": rows["visit"], "day": rows["day"], "line": rows["line"],
            "sum_target_cm": rows["sum_target_cm"], "n_target": rows["n_target"],
            "target_response": names[rows["target_response"]],
            "nontarget_response": names[rows["nontarget_response"]],
            "new_lesion": rows["new_lesion"] == 1,
            "overall_response": names[rows["overall_response"]],
            "baseline": rows["baseline"] == 1,
            "ecog": rows["ecog"],
        }
    )  # fmt: skip


def lesions_frame(detail: Detail) -> pl.DataFrame:
    """Lesions seen at the visits of replayed patients."""
    import polars as pl

    rows = detail.sightings
    return pl.DataFrame(
        {
            "patient_id": rows["patient_id"], "visit": rows["visit"], "day": rows["day"], "lesion": rows["lesion"],
            "organ": np.asarray(PLACES)[rows["place"]], "role": ROLES[rows["role"]],
            "measured_cm": rows["measured_cm"], "true_cm": rows["true_cm"],
        }
    )  # fmt: skip


def exposures_frame(detail: Detail, plan: LifePlan) -> pl.DataFrame:
    """Agents given to replayed patients: line, days, and how long the course was planned (null: until progression).

    The planned course is that of the first regimen and of what maintains after it; later lines have none.
    """
    import polars as pl

    rows, known = detail.exposures, plan.library
    agents = list(known.agents)
    plans: dict[str, dict[str, float | None]] = {}
    for name, regimen in known.regimens.items():
        then = known.regimens[regimen.then].agents if regimen.then else ()
        plans[name] = {course.agent: course.days for course in (*then, *regimen.agents)}
    names = [*known.regimens, "none"]
    first = {int(row["patient_id"]): names[row["first_regimen"]] for row in detail.outcomes}
    planned = [
        plans.get(first[int(row["patient_id"])], {}).get(agents[row["agent"]]) if row["line"] == 1 else None for row in rows
    ]
    return pl.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "agent": [agents[k] for k in rows["agent"]],
            "cytotoxic": known.agent_records()["cytotoxic"][rows["agent"]] == 1,
            "line": rows["line"],
            "start_day": rows["start_day"],
            "stop_day": rows["stop_day"],
            "planned_days": planned,
        },
        schema_overrides={
            "agent": pl.String, "cytotoxic": pl.Boolean, "planned_days": pl.Float64, "patient_id": pl.Int64, "line": pl.Int64
        },
    )  # fmt: skip


def treated_frame(detail: Detail, plan: LifePlan) -> pl.DataFrame:
    """Lesions of replayed patients that were treated locally, a row for each session: size before, and what was left of it.

    ``left_cm`` is 0 where the lesion was eradicated. Truth, not observation: what the clinic sees later is in `lesions_frame`.
    ``margin_mm`` is the minimal margin of an ablation whose margin is drawn; ``vessel`` and ``thin_margin`` say whether these modifiers
    of the therapy's file touch the lesion. Null where the therapy has no such thing, or where a row stands for several lesions.
    """
    import polars as pl

    rows = detail.treated
    left = np.where(rows["eradicated"] == 1, 0.0, rows["true_cm"] * np.exp(rows["survivors_log"] / 3.0))
    return pl.DataFrame(
        {
            "patient_id": rows["patient_id"], "day": rows["day"], "therapy": rows["therapy"], "session": rows["session"],
            "lesion": rows["lesion"], "organ": np.asarray(PLACES)[rows["place"]], "true_cm": rows["true_cm"], "left_cm": left,
            "margin_mm": rows["margin_mm"], **{name.replace("-", "_"): _touched(rows, plan, name) for name in ("vessel", "thin-margin")},
        }
    ).with_columns(pl.col("margin_mm").fill_nan(None))  # fmt: skip


def _touched(rows: Records, plan: LifePlan, modifier: str) -> pl.Series:
    """Whether a modifier touches each treated lesion, by its place in the file of the lesion's therapy."""
    import polars as pl

    places = [
        next((k for k, one in enumerate(therapy.local.modifiers) if one.name == modifier), -1) if therapy.local is not None else -1
        for therapy in plan.library.locals.values()
    ]
    place = np.asarray(places, np.int64)[rows["therapy"]]
    known = (place >= 0) & (rows["touched"] >= 0)
    return pl.Series((rows["touched"] >> np.maximum(place, 0)) & 1 == 1).set(pl.Series(~known), None)


NOTHING_LEFT = "; none left"
"""What is told of the last drug of a regimen that stops."""


def events_frame(detail: Detail, plan: LifePlan) -> pl.DataFrame:
    """Events of lives replayed under a plan, in words.

    A local treatment tells which and of how many lesions, drugs that stop which and what goes on.
    """
    import polars as pl

    regimens = [*plan.library.regimens, "none"]
    agents, locals_ = list(plan.library.agents), list(plan.library.locals)
    ended: dict[tuple[int, float], list[str]] = {}  # by patient and day
    for one in detail.exposures:
        ended.setdefault((int(one["patient_id"]), round(float(one["stop_day"]), 4)), []).append(agents[one["agent"]])
    treated: dict[tuple[int, float], int] = {}
    for one in detail.treated:
        when = int(one["patient_id"]), round(float(one["day"]), 4)
        treated[when] = treated.get(when, 0) + 1
    words = []
    for row in detail.events:
        name, value = EVENTS[row["event"]], float(row["detail"])
        at = int(row["patient_id"]), round(float(row["day"]), 4)
        if name in ("line", "maintenance"):
            words.append(regimens[int(value)])
        elif name == "death":
            words.append(str(CAUSES[int(value)]))
        elif name == "surgery":
            words.append(("mastectomy", "breast-conserving", "sham")[int(value)])
        elif name == "diagnosis":
            words.append(f"primary {value:.1f} cm")
        elif name == "not randomised":
            words.append(GATES[int(value)])
        elif name == "local treatment refused":
            words.append(REFUSALS[int(value)])
        elif name == "local treatment":
            number = treated.get(at, 0)
            words.append(f"{locals_[int(value)]}, {number} lesion{'' if number == 1 else 's'}")
        elif name == "drug stopped":
            words.append(", ".join(sorted(ended.get(at, []))) + (NOTHING_LEFT if value == 0 else f"; {int(value)} left"))
        elif name == "no further systemic therapy":
            words.append(f"after line {int(value)}" if value else "none was ever given")
        elif name in ("colony wakes", "colonies founded"):
            words.append(f"{int(value)}")
        else:
            words.append("")
    return pl.DataFrame(
        {
            "patient_id": detail.events["patient_id"],
            "day": detail.events["day"],
            "event": [EVENTS[row["event"]] for row in detail.events],
            "detail": words,
        },
        schema={"patient_id": pl.Int64, "day": pl.Float64, "event": pl.String, "detail": pl.String},
    )
