"""A life is a function of seed, patient number, parameters and treatment, and of nothing else."""

import numpy as np
import pytest
from lives import NONE, SHAM, SURGERY, a_plan

from paget.life.simulate import replay, simulate

SEED = 11
PLAN = a_plan(NONE, SURGERY, gate_days=(112.0, 224.0), gate_required="no-progression")


@pytest.fixture(scope="module")
def patients(stage_four):
    """Three hundred metastatic patients, and the arm of each."""
    ids = stage_four[:300]
    return ids, np.arange(len(ids)) % 2


@pytest.fixture(scope="module")
def whole(patients, point):
    """Their outcomes, lived on one thread in one piece."""
    return simulate(PLAN, *patients, point, seed=SEED, chunk=300).tobytes()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("chunk", [1, 7, 64, 300])
def test_threads_and_chunks_do_not_change_a_byte(patients, point, whole, threads, chunk):
    """One or two threads, in chunks of 1, 7, 64 or all: the same bytes."""
    assert simulate(PLAN, *patients, point, seed=SEED, threads=threads, chunk=chunk).tobytes() == whole


@pytest.mark.parametrize("source", ["de-novo", "relapse", "all"])
def test_order_and_company_do_not_change_a_life(point, source):
    """Lived in reverse order, or without the others, every patient of every source has the same outcome."""
    plan = a_plan(NONE, SURGERY, source=source)
    ids = np.arange(800)
    forth = simulate(plan, ids, 0, point, seed=SEED)
    back = simulate(plan, ids[::-1], 0, point, seed=SEED)[::-1]
    some = simulate(plan, ids[5::20], 0, point, seed=SEED)
    assert forth.tobytes() == back.tobytes()
    assert forth[5::20].tobytes() == some.tobytes()
    assert forth["eligible_disease"].sum() > 20


def test_one_patient_replayed_alone_equals_her_row(patients, point, whole):
    """Replaying single patients, with everything written down, gives their rows of the big run."""
    ids, arm = patients
    rows = np.frombuffer(whole, simulate(PLAN, ids[:1], 0, point, seed=SEED).dtype)
    for k in (0, 3, 17, 120, 299):
        detail = replay(PLAN, ids[k : k + 1], arm[k : k + 1], point, seed=SEED)
        assert detail.outcomes.tobytes() == rows[k : k + 1].tobytes()
        assert len(detail.events) > 0


def test_another_seed_or_number_is_another_patient(patients, point):
    """Changing the seed, or the patient's number, changes the life."""
    ids, _ = patients
    one = simulate(a_plan(), ids, 0, point, seed=SEED)
    other = simulate(a_plan(source="all"), ids, 0, point, seed=SEED + 1)
    assert not np.any(one["death_day"] == other["death_day"])
    assert len(np.unique(one["ctc_mean"])) == len(ids)


@pytest.mark.parametrize("gate", [(0.0, 0.0), (112.0, 224.0)])
def test_an_arm_without_effect_is_bit_identical_for_every_patient(stage_four, point, gate):
    """A sham operation, and the same arm in another place among the arms, change not one bit of any life."""
    arms = a_plan(NONE, SHAM, NONE, SURGERY, gate_days=gate)
    none = simulate(arms, stage_four, 0, point, seed=SEED)
    for which in (1, 2):
        assert simulate(arms, stage_four, which, point, seed=SEED).tobytes() == none.tobytes()
    elsewhere = a_plan(SURGERY, SHAM, NONE, gate_days=gate)
    assert simulate(elsewhere, stage_four, 2, point, seed=SEED).tobytes() == none.tobytes()
    assert simulate(arms, stage_four, 3, point, seed=SEED).tobytes() != none.tobytes()


def test_replay_writes_everything_down_whatever_the_schedule(stage_four, point):
    """Weekly visits for life overflow no book: every assessment of a long life is there, the last one too."""
    plan = a_plan(visits=((7.0, np.inf),))
    out = simulate(plan, stage_four, 0, point, seed=SEED)
    long = stage_four[np.nanargmax(out["death_day"])]
    detail = replay(plan, [long], 0, point, seed=SEED)
    row = detail.outcomes[0]
    assert row["death_day"] > 7 * 400
    assert len(detail.assessments) == 1 + int(row["last_assessment_day"] / 7 + 1e-6)
    assert detail.assessments["day"][-1] == row["last_assessment_day"]
    assert np.all(np.diff(detail.assessments["visit"]) == 1)
