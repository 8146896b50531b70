"""Assures that an effect on a step of the cascade lasts as long as its file says: the course, days after its start, days after its end."""

import itertools
import math

import numpy as np
import pytest
import yaml

from paget.biology.state import DRUGS, MAX_LASTING
from paget.errors import PagetError
from paget.life.simulate import LifePlan, replay, simulate
from paget.life.state import EV_WAKE
from paget.therapy import library
from paget.therapy.care import apply_agents, let_go, next_fading
from paget.therapy.files import validate_therapy
from paget.therapy.layout import AGENT

GUESS = {"basis": "assumed", "reason": "a test"}


def file(lasts=None, multiplier=0.0, course=None, step="awakening"):
    """A therapy that does one thing to one step."""
    change = {"step": step, "multiplier": {"value": multiplier, **GUESS}}
    if lasts is not None:
        days, after = lasts
        change["lasts"] = {"days": {"value": days, **GUESS}, "after": after}
    made = {
        "id": "keeper", "title": "Keeper", "class": "test", "route": "oral", "tier": "B", "hypothetical": True, "what": "A test.",
        "steps": [change], "costs": {"toxic_stop_per_year": {"value": 0.0, **GUESS}},
    }  # fmt: skip
    return made | ({"course_days": {"value": course, **GUESS}} if course else {})


def record(*files):
    """Agents of these files alone."""
    out = np.zeros(len(files), AGENT)
    for k, one in enumerate(files):
        shelf = library((one,))
        out[k] = shelf.agent_records()[list(shelf.agents).index("keeper")]
    return out


def drugs_given(*since):
    """Drugs of a woman who has had agents 0, 1, ... since these days."""
    drugs = np.zeros(1, DRUGS)
    drugs["n"] = len(since)
    drugs["agent"][0, : len(since)] = range(len(since))
    drugs["since"][0, : len(since)] = since
    drugs["until"] = math.inf
    return drugs


def factor(point, drugs, agents, day, paused=False):
    """Factor on waking on a day."""
    apply_agents(point.record[0], drugs[0], agents, paused, day)
    return float(drugs["awakening"][0])


def stopped(drugs, agents, day):
    """The same, after everything was stopped on a day."""
    let_go(drugs[0], agents, day)
    drugs["n"] = 0
    return drugs


def test_without_a_duration_it_is_as_long_as_the_course(point):
    """On while it is given, off in a pause and from the last day on."""
    agents, drugs = record(file(multiplier=0.3)), drugs_given(5.0)
    assert factor(point, drugs, agents, 5.0) == factor(point, drugs, agents, 5000.0) == 0.3
    assert factor(point, drugs, agents, 6.0, paused=True) == 1.0
    assert next_fading(drugs[0], agents, 6.0) == math.inf
    assert factor(point, stopped(drugs, agents, 50.0), agents, 50.0) == 1.0
    assert drugs["n_lasting"][0] == 0


def test_days_after_the_start_count_whether_it_is_given_or_not(point):
    """Thirty days after the start: over in the midst of a long course, and going on after a short one."""
    agents = record(file((30, "start"), 0.3))
    drugs = drugs_given(5.0)
    assert next_fading(drugs[0], agents, 5.0) == 35.0
    assert [factor(point, drugs, agents, day) for day in (5.0, 34.9, 35.0, 400.0)] == [0.3, 0.3, 1.0, 1.0]
    short = stopped(drugs_given(5.0), agents, 10.0)
    assert [factor(point, short, agents, day) for day in (10.0, 34.9, 35.0)] == [0.3, 0.3, 1.0]
    assert factor(point, short, agents, 20.0, paused=True) == 0.3
    assert next_fading(short[0], agents, 10.0) == 35.0 and next_fading(short[0], agents, 35.0) == math.inf


def test_days_after_the_end_follow_the_whole_course(point):
    """All through the course and thirty days more, whenever it ends; nothing of a course that never began."""
    agents = record(file((30, "end"), 0.3))
    drugs = drugs_given(5.0)
    assert factor(point, drugs, agents, 4000.0) == 0.3 and next_fading(drugs[0], agents, 5.0) == math.inf
    over = stopped(drugs, agents, 4000.0)
    assert [factor(point, over, agents, day) for day in (4000.0, 4029.9, 4030.0)] == [0.3, 0.3, 1.0]
    assert next_fading(over[0], agents, 4000.0) == 4030.0
    waiting = stopped(drugs_given(50.0), agents, 10.0)
    assert waiting["n_lasting"][0] == 0 and factor(point, waiting, agents, 20.0) == 1.0


def test_an_agent_given_again_acts_once(point):
    """The effect of an earlier course is not multiplied with that of the course that is on; the last course is remembered."""
    agents = record(file((30, "end"), 0.3))
    drugs = stopped(drugs_given(0.0), agents, 10.0)
    drugs["n"], drugs["since"][0, 0] = 1, 15.0
    assert factor(point, drugs, agents, 20.0) == 0.3
    stopped(drugs, agents, 25.0)
    assert drugs["n_lasting"][0] == 1 and factor(point, drugs, agents, 54.0) == 0.3


def test_the_longest_stopped_makes_room(point):
    """More agents than are remembered: the one that stopped first is forgotten."""
    agents = record(*[file((1000, "end"), 0.5)] * (MAX_LASTING + 1))
    drugs = np.zeros(1, DRUGS)
    for k in range(MAX_LASTING + 1):
        drugs["n"], drugs["agent"][0, 0], drugs["since"][0, 0] = 1, k, 10.0 * k
        stopped(drugs, agents, 10.0 * k + 5.0)
    assert drugs["n_lasting"][0] == MAX_LASTING and set(drugs["lasting"][0]) == set(range(1, MAX_LASTING + 1))
    assert factor(point, drugs, agents, 100.0) == 0.5**MAX_LASTING


@pytest.fixture(scope="module")
def sleepers(point):
    """Patients with metastases at diagnosis."""
    out = simulate(LifePlan("2012", horizon_days=0.0), np.arange(40_000), 0, point, seed=3)
    return out["patient_id"][out["eligible_disease"] == 1][:150]


def wakings(point, ids, made, days):
    """Number of colonies that wake in lives, by the stretches of time between these days."""
    shelf = library((made,))
    plan = LifePlan("2012", arms=({"first_regimen": shelf.regimen_index("keeper")},), horizon_days=days[-1], library=shelf)
    detail = replay(plan, ids, 0, point, seed=3)
    treated = detail.outcomes["patient_id"][detail.outcomes["first_regimen"] == shelf.regimen_index("keeper")]
    rows = detail.events[(detail.events["event"] == EV_WAKE) & np.isin(detail.events["patient_id"], treated)]
    return [rows["detail"][(rows["day"] > low) & (rows["day"] <= high)].sum() for low, high in itertools.pairwise(days)]


def test_in_lives_nothing_wakes_until_the_effect_is_over(point, sleepers):
    """A course of 21 days that stops waking: for 21 days, for 150 days after its start, or for 100 after its end."""
    for lasts, end in ((None, 21.0), ((150, "start"), 150.0), ((100, "end"), 121.0)):
        before, after = wakings(point, sleepers, file(lasts, course=21), (0.0, end + 1e-6, 700.0))
        assert before == 0 and after > 20, lasts


def test_a_duration_beyond_the_course_that_ends_life_changes_nothing(point, sleepers):
    """Days after the end of a course that is never over are never lived: the same bytes as without a duration."""
    lives = []
    for lasts in (None, (500, "end")):
        shelf = library((file(lasts, 0.2),))
        plan = LifePlan("2012", arms=({"first_regimen": shelf.regimen_index("keeper")},), horizon_days=80.0, library=shelf)
        lives.append(simulate(plan, sleepers, 0, point, seed=3).tobytes())
    assert lives[0] == lives[1]


def test_mistakes_are_told():
    """No days, an unknown anchor, a duration without its reason."""
    for lasts, told in (
        ({"days": {"value": 0.0, **GUESS}, "after": "end"}, "is no duration"),
        ({"days": {"value": 9.0, **GUESS}, "after": "middle"}, "one of start, end"),
        ({"days": {"value": 9.0, "basis": "assumed"}, "after": "end"}, "reason"),
    ):
        made = file()
        made["steps"][0]["lasts"] = lasts
        with pytest.raises(PagetError, match=told):
            validate_therapy(yaml.safe_load(yaml.safe_dump(made)), where="keeper.yaml")
