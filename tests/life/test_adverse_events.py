"""Assures that harms come out at their published rates, change no life, and do not depend on who else is looked at."""

import math

import numpy as np
import polars as pl
import pytest
from lives import a_plan

from paget.life.adverse import adverse_frame, courses_frame
from paget.life.simulate import replay, simulate
from paget.therapy import library

SEED = 11
EVERYBODY = np.arange(2600)
"""Natural histories of any stage: for exposure it does not matter who they are."""
LIBRARY = library()
WILSON_Z = 3.29  # two-sided 0.001


def lived(regimen, ids, point, **options):
    plan = a_plan({"first_regimen": LIBRARY.regimen_index(regimen)}, horizon_days=900.0, **{"source": "all", **options})
    return plan, replay(plan, ids, 0, point, seed=SEED)


def close(hits, n, share):
    """Whether a share of so many is within what chance allows."""
    return abs(hits / n - share) <= WILSON_Z * math.sqrt(share * (1 - share) / n) + 1 / n


@pytest.fixture(scope="module")
def bevacizumab(point):
    return lived("taxane+bevacizumab", EVERYBODY, point)


def test_rates_by_course_come_out_as_published(bevacizumab):
    """Over two thousand courses each harm of bevacizumab happens to its published share, on a day of the course."""
    plan, detail = bevacizumab
    courses = courses_frame(detail, plan).filter(pl.col("therapy") == "bevacizumab")
    assert courses.height >= 2000 and courses["patient_id"].n_unique() == courses.height
    events = adverse_frame(detail, plan, seed=SEED).filter(pl.col("therapy") == "bevacizumab")
    for harm in LIBRARY.therapies["bevacizumab"].costs.toxicities:
        mine = events.filter(pl.col("term") == harm.name)
        assert close(mine.height, courses.height, harm.rate.value), harm.name
        assert set(mine["grade"]) == {harm.grade} and set(mine["reversible"]) == {harm.reversible}
    joined = events.join(courses, on="patient_id")
    assert ((joined["day"] >= joined["start_day"]) & (joined["day"] <= joined["stop_day"])).all()


def test_harm_by_cumulative_dose_follows_its_curve(point):
    """Heart failure on doxorubicin comes at the doses given, to the share that the curve says of the dose that each has had."""
    plan, detail = lived("doxorubicin", EVERYBODY, point)
    courses = courses_frame(detail, plan).filter(pl.col("class") == "anthracycline")
    events = adverse_frame(detail, plan, seed=SEED).filter(pl.col("term") == "heart-failure", pl.col("therapy") != "trastuzumab")
    therapy = LIBRARY.therapies["doxorubicin"]
    (harm,) = therapy.costs.toxicities
    had = courses.group_by("patient_id").agg(pl.col("dose").sum())
    assert had.height >= 2000 and had["dose"].max() >= 480
    expected = [harm.by_dose.at(dose) for dose in had["dose"]]
    spread = math.sqrt(sum(p * (1 - p) for p in expected))
    assert abs(events.height - sum(expected)) <= WILSON_Z * spread
    assert 50 < events.height and events["patient_id"].n_unique() == events.height
    doses = (events.join(courses, on="patient_id").with_columns(since=pl.col("day") - pl.col("start_day"))["since"] / 21.0).to_numpy()
    assert np.allclose(doses, np.round(doses), atol=1e-6)


def test_harms_do_not_depend_on_who_else_is_looked_at(bevacizumab, point):
    """The same patients looked at alone have the same events; another seed gives others."""
    plan, detail = bevacizumab
    everybody = adverse_frame(detail, plan, seed=SEED)
    some = EVERYBODY[100:160]
    alone = adverse_frame(replay(plan, some, 0, point, seed=SEED), plan, seed=SEED)
    assert alone.height > 5
    assert alone.equals(everybody.filter(pl.col("patient_id").is_in(list(map(int, some)))))
    assert not everybody.equals(adverse_frame(detail, plan, seed=SEED + 1))


def test_courses_without_a_break_are_one(point):
    """Trastuzumab that goes on as maintenance is one course, though the regimen changes under it."""
    plan, detail = lived("taxane+trastuzumab-then-endocrine", EVERYBODY[:300], point)
    courses = courses_frame(detail, plan)
    agent = list(LIBRARY.agents).index("trastuzumab")
    written = detail.exposures[detail.exposures["agent"] == agent]
    mine = courses.filter(pl.col("therapy") == "trastuzumab")
    assert 0 < mine.height < len(written)
    assert mine["stop_day"].to_numpy().sum() - mine["start_day"].to_numpy().sum() == pytest.approx(
        float((written["stop_day"] - written["start_day"]).sum())
    )
    assert (mine["stop_day"] > mine["start_day"]).all()


def test_a_therapy_without_effect_leaves_every_byte(stage_four, point):
    """Beside a taxane, a therapy whose effects are all neutral changes nothing; the same therapy with its effects does."""
    base = LIBRARY.therapies["dormancy-keeper"]
    one = {"value": 1.0, "basis": "assumed", "reason": "no effect"}
    null = {
        "id": "null-drug", "title": "Nothing", "class": "none", "route": "oral", "tier": "B", "hypothetical": True, "what": "Nothing.",
        "steps": [{"step": change.step, "multiplier": one} for change in base.steps],
        "growth_factor": one,
        "costs": {"toxic_stop_per_year": {"value": 0.0, "basis": "assumed", "reason": "no effect"}},
        "regimens": [{"id": "taxane+null-drug", "agents": [{"agent": "taxane"}, {"agent": "null-drug"}]}],
    }  # fmt: skip
    shelf = library((null,))
    out = {}
    for regimen in ("taxane-to-progression", "taxane+null-drug", "taxane+dormancy-keeper"):
        plan = a_plan({"first_regimen": shelf.regimen_index(regimen)}, library=shelf, horizon_days=3000.0)
        outcomes = simulate(plan, stage_four[:600], 0, point, seed=SEED)
        outcomes["first_regimen"] = 0
        out[regimen] = outcomes.tobytes()
    assert out["taxane+null-drug"] == out["taxane-to-progression"] != out["taxane+dormancy-keeper"]


def test_deaths_by_a_therapy_come_at_its_rate(point):
    """Where nothing else kills, the share of courses that end in death by doxorubicin is the published one."""
    p = point.with_values({"lethal_hazard_per_year": 1e-9, "untreated_share": 0.0, "first_line_futile_hazard_per_year": 1e9})
    plan = a_plan({"first_regimen": LIBRARY.regimen_index("doxorubicin")}, horizon_days=168.0, visits=((1e4, math.inf),), source="all")
    outcomes = simulate(plan, EVERYBODY, 0, p, seed=SEED)
    deaths = LIBRARY.therapies["doxorubicin"].costs.deaths
    stops = LIBRARY.therapies["doxorubicin"].costs.toxic_stop_per_year.value / 365.25
    hazard = deaths.hazard_per_day
    expected = hazard / (hazard + stops) * (1.0 - math.exp(-(hazard + stops) * 168.0))  # some stop it for toxicity before
    treated = outcomes["death_cause"] == 3
    assert close(int(treated.sum()), len(outcomes), expected)
