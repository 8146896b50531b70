"""Assures adjuvant therapy in early lives: who takes it, that it does what it says and no more, that null therapies change no bit."""

from functools import lru_cache

import numpy as np
import pytest

from paget.biology.natural_history import stage_group
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
from paget.population import Population
from paget.population.diagnose import diagnose
from paget.therapy import library
from paget.therapy.adjuvant import Given, allowed

LIBRARY = library()
SEED, HISTORIES = 11, 5000


def own(**adjuvant):
    """A therapy for everybody that eradicates and slows waking as told."""
    number = {"basis": "assumed", "reason": "made up"}
    chances = {name: {"number": {"value": adjuvant[name], **number}} for name in ("awake", "dormant") if name in adjuvant}
    part = {"kind": adjuvant.get("kind", "other"), "years": {"value": adjuvant.get("years", 5), **number}}
    part |= {"eradicates": chances} if chances else {}
    part |= {"waking": {"number": {"value": adjuvant["waking"], **number}}} if "waking" in adjuvant else {}
    what = {"title": "Made up", "class": "made up", "route": "oral", "tier": "B", "what": "Made up."}
    return library(({"id": "own", **what, "adjuvant": part},))


@lru_cache(maxsize=1)
def women():
    """Numbers of those without metastases at diagnosis."""
    found = diagnose(0, HISTORIES, ParameterSet.point(), seed=SEED)
    return found["id"][found["metastatic"] == 0]


def lived(point, practice, shelf=LIBRARY, **more):
    """Relapse under a practice."""
    plan = LifePlan("2012", source="relapse", horizon_days=0.0, library=shelf, adjuvant=shelf.adjuvant(practice), **more)
    return simulate(plan, women(), 0, point, seed=SEED)


def everybody(*therapies):
    """Rows that give these therapies to everybody who may have them."""
    return [Given(therapy=name, use=1.0) for name in therapies]


@pytest.fixture(scope="module")
def untreated(point):
    return lived(point, "none")


@pytest.fixture(scope="module")
def usual(point):
    return lived(point, "usual")


def test_the_usual_practice_is_what_lives_have_without_a_word(point, usual):
    """A plan that says nothing lives the usual practice, bit by bit."""
    assert simulate(LifePlan("2012", source="relapse", horizon_days=0.0), women(), 0, point, seed=SEED).tobytes() == usual.tobytes()


def test_who_takes_what_is_as_the_practice_says(point, usual):
    """Shares by stage and subtype come out as asked, and nobody takes what the file of a therapy forbids."""
    practice = LIBRARY.adjuvant("usual")
    use = practice.use(point)
    stage = np.array([stage_group(row["primary_cm"], row["node_count"]) - 1 for row in usual])
    for k, therapy in enumerate(practice.therapies):
        took = usual["adjuvant"] >> k & 1
        for t in range(4):
            if not allowed(therapy)[0, t].any():
                assert not took[usual["subtype"] == t].any()
            for s in range(3):
                mine = took[(usual["subtype"] == t) & (stage == s)]
                assert abs(mine.mean() - use[therapy.id][s, t, 0]) < 4 * np.sqrt(0.25 / len(mine))
    assert usual["adjuvant"].max() == 7


def test_a_therapy_that_does_nothing_changes_no_bit(point, untreated):
    """Chances of 0 and a factor of 1 on waking, taken by all, leave every life as it was without."""
    null = lived(point, everybody("own"), own(awake=0.0, dormant=0.0, waking=1.0))
    assert (null["adjuvant"] == 1).all()
    for name in null.dtype.names:
        if name != "adjuvant":
            assert null[name].tobytes() == untreated[name].tobytes(), name


def test_nobody_relapses_whose_colonies_are_all_eradicated(point, untreated):
    """Chances of 1 for awake and sleeping colonies leave no relapse; of one of the two, some."""
    assert (untreated["eligible_disease"] == 1).sum() > 500
    assert not (lived(point, everybody("own"), own(awake=1.0, dormant=1.0))["eligible_disease"] == 1).any()
    for part in ({"awake": 1.0}, {"dormant": 1.0}):
        some = lived(point, everybody("own"), own(**part))["eligible_disease"] == 1
        assert 0 < some.sum() < (untreated["eligible_disease"] == 1).sum()


def test_nothing_wakes_while_waking_is_stopped(point):
    """With all colonies that are awake eradicated and waking stopped for 25 years, nobody relapses; for five, nobody before."""
    for years, kind in ((25, "endocrine"), (5, "other")):
        out = lived(point, everybody("own"), own(awake=1.0, waking=0.0, years=years, kind=kind))
        found = out[out["eligible_disease"] == 1]
        assert len(found) == 0 if years == 25 else found["disease_free_days"].min() > years * 365.25


def test_a_course_that_ends_within_a_step_counts_by_its_days(point):
    """A course of a year and a day lies between a year and fifteen months."""
    relapses = []
    for years in (1.0, 1.0 + 1.0 / 365.25, 1.25):
        out = lived(point, everybody("own"), own(waking=0.0, years=years))
        relapses.append(np.nansum(np.where(out["eligible_disease"] == 1, out["disease_free_days"], 25 * 365.25)))
    assert relapses[0] < relapses[1] < relapses[2]
    assert relapses[1] - relapses[0] < relapses[2] - relapses[1]


def test_five_and_ten_years_are_the_same_life_up_to_year_five(point):
    """Therapies of one kind share draws: whoever relapses before year five relapses on the same day; later, nobody earlier."""
    five, ten = lived(point, everybody("adjuvant-endocrine")), lived(point, everybody("adjuvant-endocrine-10"))
    early = (five["eligible_disease"] == 1) & (five["disease_free_days"] < 5 * 365.25)
    assert early.sum() > 100
    assert (five["disease_free_days"][early] == ten["disease_free_days"][early]).all()
    late = (five["eligible_disease"] == 1) & (five["disease_free_days"] > 10 * 365.25)
    assert (ten["eligible_disease"][late] == 0).sum() > (five["eligible_disease"][(ten["eligible_disease"] == 1)] == 0).sum()


def test_it_leaves_resistance_to_its_own_axis_behind(point):
    """What outlives endocrine therapy responds less to endocrine therapy of metastases; with the switch off it does not."""
    progressed = {}
    for switch in (1.0, 0.0):
        p = point.with_switches({"adjuvant_resistance": switch})
        for name, practice in (("none", "none"), ("null", everybody("own"))):
            shelf = own(waking=1.0, years=25, kind="endocrine")
            arm = {"first_regimen": shelf.regimen_index("aromatase-inhibitor")}
            plan = LifePlan("2012", arms=(arm,), source="relapse", library=shelf, adjuvant=shelf.adjuvant(practice))
            out = simulate(plan, women()[:3000], 0, p, seed=SEED)
            out = out[(out["eligible_disease"] == 1) & (out["subtype"] <= 1)]
            progressed[switch, name] = np.fmin(out["first_progression_day"], out["death_day"])
    assert np.nanmean(progressed[1.0, "null"]) < np.nanmean(progressed[1.0, "none"]) - 30.0
    assert progressed[0.0, "null"].tobytes() == progressed[0.0, "none"].tobytes()


def test_populations_of_relapse_know_their_practice(point):
    """Another practice is another population; of de novo disease and of early disease it is the same."""
    for source, same in (("relapse", False), ("both", False), ("de-novo", True), ("early", True)):
        a, b = (Population(point, 1, source, adjuvant=LIBRARY.adjuvant(name)).key for name in ("usual", "none"))
        assert (a == b) == same
    assert Population(point, 1, "relapse").key == Population(point, 1, "relapse", adjuvant=LIBRARY.adjuvant("usual")).key
