"""Assures what a local treatment of lesions does to a life: by its curve, to lesions it may treat, and to nothing else."""

import math

import numpy as np
import pytest
from lives import NONE, a_plan, every_liver_lesion, os_days

from paget.biology.layout import LIVER, N_PLACES, PLACES
from paget.clinic.state import PD, RESPONSES
from paget.life.simulate import _live_many, _no_log, _scratch, _shared, replay, simulate
from paget.life.state import ASSESSMENT, EVENT, EXPOSURE, OUTCOME, SIGHTING, TREATED_LESION
from paget.therapy.layout import CURVE_POINTS
from paget.therapy.local import ELSEWHERE, GIVEN, NOTHING_THERE, TOO_LARGE, TOO_MANY, control_at, with_luck

ABLATION = {"local": (0, -1, -1), "local_delay_median": (60.0, 0, 0), "local_delay_sd_log": (0.2, 0, 0)}


def lived(plan, patients, arm, parameters, therapies, *, seed=3, detail=False):
    """Outcomes under a plan with local treatments of our own, and the log if asked for."""
    ids = np.ascontiguousarray(patients, np.int64)
    out = np.zeros(len(ids), OUTCOME)
    shared = list(_shared(plan, parameters, 0))
    shared[3] = therapies
    log = _no_log()
    if detail:
        n = len(ids)
        log = (
            np.zeros(400 * n, ASSESSMENT), np.zeros(8000 * n, SIGHTING), np.zeros(1200 * n, EVENT), np.zeros(5, np.int64),
            np.zeros(100 * n, EXPOSURE), np.zeros(400 * n, TREATED_LESION),
        )  # fmt: skip
    which = np.full(len(ids), arm)
    _live_many(np.uint64(seed), ids, which, np.zeros(len(ids), np.int64), *shared, _scratch(), out, log)
    books = [book[:k] for book, k in zip((log[0], log[1], log[2], log[4], log[5]), log[3], strict=True)]
    return out, books


@pytest.fixture(scope="module")
def with_liver(point):
    """Numbers of patients with visible liver metastases at diagnosis."""
    out = simulate(a_plan(NONE, horizon_days=1.0), np.arange(60_000), 0, point, seed=3)
    return out["patient_id"][(out["eligible_disease"] == 1) & (out["site"][:, LIVER] == 1)]


def test_curve_is_linear_between_its_points_and_flat_outside():
    """Control by diameter."""
    one = every_liver_lesion()
    one["control"][0] = np.linspace(0.8, 0.1, CURVE_POINTS)
    got = [control_at(one[0], cm) for cm in (0.2, 1.0, 1.5, 8.0, 20.0)]
    assert got == pytest.approx([0.8, 0.8, 0.75, 0.1, 0.1])


def test_luck_moves_the_logit_and_leaves_certainty():
    """A patient's luck is a shift of the logit; 0 and 1 stay."""
    moved = with_luck(0.7, 0.5)
    assert math.log(moved / (1 - moved)) == pytest.approx(math.log(0.7 / 0.3) + 0.5)
    assert with_luck(0.0, 3.0) == 0.0 and with_luck(1.0, -3.0) == 1.0


def test_a_null_treatment_changes_not_one_bit(point, with_liver):
    """No control, no cost, but lesions leave the sums only in name: without anything treated, lives are those without it."""
    nothing = every_liver_lesion(places=np.zeros(N_PLACES))
    plan = a_plan(ABLATION, NONE)
    treated, _ = lived(plan, with_liver, 0, point, nothing)
    plain, _ = lived(plan, with_liver, 1, point, nothing)
    assert np.isin(treated["local_refused"], (GIVEN, NOTHING_THERE)).all()  # given to nobody: the rest had died before
    assert (treated["local_refused"] == NOTHING_THERE).mean() > 0.7 and np.isnan(treated["local_day"]).all()
    for name in OUTCOME.names:
        if name != "local_refused":
            np.testing.assert_array_equal(treated[name], plain[name], err_msg=name)


def test_truth_is_untouched_by_a_treatment_that_kills_nothing(point, with_liver):
    """Untreated by drugs, patients whose lesions are only called treated die on the same day, to the bit."""
    plan = a_plan({**ABLATION, "untreated": 1}, {"untreated": 1})
    treated, _ = lived(plan, with_liver, 0, point, every_liver_lesion(control=0.0))
    plain, _ = lived(plan, with_liver, 1, point, every_liver_lesion(control=0.0))
    assert np.isfinite(treated["local_day"]).mean() > 0.5
    np.testing.assert_array_equal(treated["death_day"], plain["death_day"])


def test_control_is_as_often_as_the_curve_says(point, with_liver):
    """The share of single lesions eradicated is the curve's, whatever the patient's other lesions."""
    _, books = lived(a_plan({**ABLATION, "untreated": 1}), with_liver, 0, point, every_liver_lesion(control=0.6), detail=True)
    treated = books[4]
    share = treated["eradicated"].mean()
    assert len(treated) > 400
    assert abs(share - 0.6) < 4 * math.sqrt(0.24 / len(treated)) + 0.03  # rows of several lesions count as not eradicated


def test_lesions_of_a_patient_share_her_luck(point, with_liver):
    """With a spread between patients the lesions of one patient agree more often than by chance."""
    def agreement(sd):
        even = every_liver_lesion(control=0.5, patient_sd=sd)
        _, books = lived(a_plan({**ABLATION, "untreated": 1}), with_liver, 0, point, even, detail=True)
        who, hit = books[4]["patient_id"], books[4]["eradicated"]
        pairs = [hit[i] == hit[i + 1] for i in range(len(who) - 1) if who[i] == who[i + 1]]
        return np.mean(pairs)

    assert agreement(3.0) > agreement(0.0) + 0.1


def test_removing_liver_lesions_prolongs_life_when_they_kill(point, with_liver):
    """Without drugs, eradicating every liver lesion that is seen can only put death off; the switch takes the effect away."""
    plan = a_plan({**ABLATION, "untreated": 1}, {"untreated": 1})
    cured, _ = lived(plan, with_liver, 0, point, every_liver_lesion())
    plain, _ = lived(plan, with_liver, 1, point, every_liver_lesion())
    assert os_days(cured, 9000).mean() > os_days(plain, 9000).mean() + 20
    off, _ = lived(plan, with_liver, 0, point.with_switches({"local_treatment": 0.0}), every_liver_lesion())
    np.testing.assert_array_equal(off["death_day"], plain["death_day"])


def test_who_may_not_have_it_is_told_why(point, with_liver):
    """Number, size and disease elsewhere forbid it; nobody beyond a limit is treated."""
    for limits, reason in (({"max_lesions": 1}, TOO_MANY), ({"max_cm": 2.0}, TOO_LARGE), ({"other_sites": 0}, ELSEWHERE)):
        out, books = lived(a_plan(ABLATION), with_liver, 0, point, every_liver_lesion(**limits), detail=True)
        refused = out["local_refused"] == reason
        assert refused.any()
        assert np.isnan(out["local_day"][refused]).all()
        assert not set(books[4]["patient_id"]) & set(out["patient_id"][refused])
        assert np.isfinite(out["local_day"][out["local_refused"] == GIVEN]).any()


def test_what_is_left_grows_again_and_progresses_as_treated(point, with_liver):
    """A lesion of which one cell in ten survives is followed as treated and, in most, is seen to progress."""
    left = every_liver_lesion(control=0.0, survivors_log_mean=math.log(0.1))
    out, books = lived(a_plan({**ABLATION, "untreated": 1}), with_liver, 0, point, left, detail=True)
    given = np.isfinite(out["local_day"])
    grew = np.isfinite(out["treated_progression_day"])
    assert not grew[~given].any()
    assert np.all(out["treated_progression_day"][grew] > out["local_day"][grew])
    assert (books[1]["role"] == 4).any()
    assert grew[given].mean() > 0.2


def test_treated_targets_leave_the_sums(point, with_liver):
    """After all liver lesions are treated no liver lesion is a target, and treating makes no progression of itself."""
    cure = every_liver_lesion()
    plan = a_plan({**ABLATION, "untreated": 1}, {"untreated": 1})
    out, books = lived(plan, with_liver, 0, point, cure, detail=True)
    sightings, visits = books[1], books[0]
    day = dict(zip(out["patient_id"], out["local_day"], strict=True))
    after = np.array([s["day"] > day[s["patient_id"]] for s in sightings])
    old = {(t["patient_id"], t["lesion"]) for t in books[4]}
    mine = np.array([(s["patient_id"], s["lesion"]) in old for s in sightings])
    assert not (after & mine & (sightings["role"] == 1)).any()
    _, plain_books = lived(plan, with_liver, 1, point, cure, detail=True)
    first = {v["patient_id"]: v for v in visits if v["day"] > day[v["patient_id"]] and v["visit"] <= 2}
    assert first
    progressed = np.mean([v["overall_response"] == PD for v in first.values()])
    untreated = np.mean([v["overall_response"] == PD for v in plain_books[0] if v["visit"] in (1, 2)])
    assert progressed <= untreated + 0.05
    assert RESPONSES[PD] == "PD" and PLACES[LIVER] == "liver"


def test_mortality_comes_out_as_the_file_says(point, with_liver):
    """Death within thirty days of the session, by treatment, as often as stated."""
    out, _ = lived(a_plan({**ABLATION, "untreated": 1}), with_liver, 0, point, every_liver_lesion(mortality=0.2, mortality_ecog2=1.0))
    given = np.isfinite(out["local_day"])
    dead = (out["death_cause"] == 3) & (out["death_day"] <= out["local_day"] + 30.0)
    share = dead[given].mean()
    assert abs(share - 0.2) < 4 * math.sqrt(0.16 / given.sum())
    assert not (out["death_cause"][~given] == 3).any()


def test_exposures_tile_the_lines(point):
    """Exposures of a patient begin after diagnosis, end after they begin, and no agent is given twice at a time."""
    plan = a_plan(NONE)
    ids = simulate(plan, np.arange(4000), 0, point, seed=3)
    ids = ids["patient_id"][ids["eligible_disease"] == 1][:60]
    detail = replay(plan, ids, 0, point, seed=3)
    rows = detail.exposures
    assert len(rows) > 100
    assert np.all(rows["stop_day"] > rows["start_day"]) and np.all(rows["start_day"] >= 0)
    last = dict(zip(detail.outcomes["patient_id"], detail.outcomes["last_day"], strict=True))
    assert all(row["stop_day"] <= last[row["patient_id"]] + 1e-6 for row in rows)
    for patient in ids:
        mine = rows[rows["patient_id"] == patient]
        for agent in np.unique(mine["agent"]):
            spans = np.sort(mine[mine["agent"] == agent], order="start_day")
            assert np.all(spans["start_day"][1:] >= spans["stop_day"][:-1] - 1e-6)
