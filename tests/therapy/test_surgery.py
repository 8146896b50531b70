"""What an operation takes out, leaves behind, and costs."""

import math

import numpy as np
import pytest
from scipy import stats

from paget._jit import jit
from paget.biology.founding import add_colony
from paget.biology.layout import BREAST, CAPACITY, LESION, REGIONAL_NODES
from paget.biology.natural_history import grow_to_diagnosis
from paget.biology.patient import PATIENT
from paget.biology.state import BODY
from paget.life.state import ARM
from paget.randomness import PRIMARY_LINEAGE, child
from paget.therapy.surgery import SCAR, resect

SEED = np.uint64(11)
DAY = 60.0
AWAKE = (False, 1.0, 1.0)


@jit
def operate_many(seed, patients, p, arm, fill, ecog, who, store, body, told, before, after, rows):
    """Resect patients fresh from diagnosis; what was told, and the store before and after."""
    for k in range(patients.shape[0]):
        grow_to_diagnosis(seed, patients[k], p[0], who[0], store)
        body[0].pause_until = -1.0
        body[0].operative_death = math.inf
        for more in range(CAPACITY if fill else 0):
            if who[0].n < CAPACITY - 1:
                key = np.uint64(10**6 + more)
                add_colony(seed, patients[k], p[0], who[0], store, key, more % 6, 0.0, AWAKE, store[0].fraction, False, 1.0)
        if fill:
            merged = who[0].merged
            for j in range(5):
                key = np.uint64(2 * 10**6 + j)
                add_colony(seed, patients[k], p[0], who[0], store, key, 0, 0.0, AWAKE, store[0].fraction, False, 1.0)
            told[k, 7] = who[0].merged - merged
        rows[k, 0] = who[0].n
        for i in range(who[0].n):
            before[k, i] = store[i]
        conserving, free, radiotherapy = resect(seed, p[0], who[0], store, body[0], arm[0], DAY, ecog)
        told[k, 0] = 1.0 if conserving else 0.0
        told[k, 1] = 1.0 if free else 0.0
        told[k, 2] = 1.0 if radiotherapy else 0.0
        told[k, 3] = body[0].operative_death
        told[k, 4] = body[0].pause_until
        told[k, 5] = body[0].wound_until
        told[k, 6] = body[0].primary_out
        rows[k, 1] = who[0].n
        for i in range(who[0].n):
            after[k, i] = store[i]


class Operated:
    """Results of operating on some patients."""

    def __init__(self, parameters, patients, *, fill=False, ecog=0, **arm):
        n = len(patients)
        record = np.zeros(1, ARM)
        for name, value in arm.items():
            record[name] = value
        self.told, self.rows = np.zeros((n, 8)), np.zeros((n, 2), np.int64)
        self.before, self.after = np.zeros((n, CAPACITY), LESION), np.zeros((n, CAPACITY), LESION)
        operate_many(
            SEED, patients, parameters.record, record, fill, ecog, np.zeros(1, PATIENT), np.zeros(CAPACITY, LESION),
            np.zeros(1, BODY), self.told, self.before, self.after, self.rows,
        )  # fmt: skip

    @property
    def scars(self):
        key = child(PRIMARY_LINEAGE, 0, SCAR)
        return [store[:n][store["key"][:n] == key] for store, n in zip(self.after, self.rows[:, 1], strict=True)]


def near(share, expected, n):
    return abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / n)


def test_operation_takes_out_local_disease_and_nothing_else(point, stage_four):
    """Primary, nodes and what came back there are gone; every other lesion keeps every byte; the wound opens, drugs pause."""
    p = point.with_switches({"residual": 0.0})
    done = Operated(p, stage_four[:300], pause_days=28)
    np.testing.assert_array_equal(done.rows[:, 0], done.rows[:, 1])
    for before, after, n in zip(done.before, done.after, done.rows[:, 0], strict=True):
        local = np.isin(before["place"][:n], [BREAST, REGIONAL_NODES])
        assert np.all(after["mult"][:n][local] == 0)
        assert before[:n][~local].tobytes() == after[:n][~local].tobytes()
    assert np.all(done.told[:, 4] == DAY + 28) and np.all(done.told[:, 5] == DAY + p["wound_days"])
    assert np.all(done.told[:, 6] == 1)


def test_shares_of_the_operation_are_those_of_the_arm(point, stage_four):
    """Breast conservation, margins and radiotherapy after each kind of operation come in the shares of the arm."""
    done = Operated(
        point, stage_four, conserving=0.4, margin_involved=0.15, radiotherapy_conserving=0.9, radiotherapy_mastectomy=0.3
    )  # fmt: skip
    conserving, free, radiotherapy = (done.told[:, k] == 1 for k in range(3))
    n = len(stage_four)
    assert near(conserving.mean(), 0.4, n) and near(free.mean(), 0.85, n)
    assert near(radiotherapy[conserving].mean(), 0.9, conserving.sum())
    assert near(radiotherapy[~conserving].mean(), 0.3, (~conserving).sum())


@pytest.mark.parametrize(("margin", "radiotherapy"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_residual_disease_depends_on_margins_and_radiotherapy(point, stage_four, margin, radiotherapy):
    """The share with residual disease is that of the margins, times the ratio where there was radiotherapy."""
    done = Operated(point, stage_four, margin_involved=margin, radiotherapy_mastectomy=radiotherapy)
    expected = point["residual_involved_margin"] if margin else point["residual_free_margin"]
    expected *= point["residual_radiotherapy_ratio"] if radiotherapy else 1.0
    left = np.array([len(scar) for scar in done.scars])
    assert near(left.mean(), expected, len(left))


def test_residual_disease_is_a_small_lesion_of_the_breast(point, stage_four):
    """Residual disease has the stated median and spread, is never larger than the primary was, and grows as it did."""
    done = Operated(point.with_values({"residual_free_margin": 1.0}), stage_four)
    scars = np.concatenate(done.scars)
    assert np.all(scars["place"] == BREAST) and np.all(scars["mult"] == 1)
    with_scar = np.array([len(scar) for scar in done.scars]) == 1
    primary = done.before[with_scar, 0]
    assert np.all(scars["x"] <= primary["x"])
    np.testing.assert_array_equal(scars["rate"], primary["rate"])
    z = (scars["x"] - math.log(point["residual_cells"])) / point["residual_sd_log"]
    uncut = scars["x"] < primary["x"]
    assert uncut.mean() > 0.9
    assert abs(np.median(z)) < 0.1
    assert stats.kstest(z[uncut], "norm").statistic < 0.06


def test_operative_death_has_its_risk_and_comes_within_thirty_days(point, stage_four):
    """The share who die of the operation is the risk, raised at ECOG 2; the day is uniform over the thirty after it."""
    p = point.with_values({"operative_mortality": 0.2})
    for ecog, risk in ((0, 0.2), (1, 0.2), (2, 0.2 * p["operative_mortality_ecog2"])):
        day = Operated(p, stage_four, ecog=ecog).told[:, 3]
        dies = np.isfinite(day)
        assert near(dies.mean(), risk, len(day))
        assert stats.kstest((day[dies] - DAY) / 30, "uniform").pvalue > 1e-3


def test_operation_costs_nothing_with_its_cost_switched_off(point, stage_four):
    """With operative cost off nobody dies of the operation and no drug pauses."""
    p = point.with_values({"operative_mortality": 1.0, "switch_operative_cost": 0.0})
    done = Operated(p, stage_four[:200], pause_days=28)
    assert np.all(np.isinf(done.told[:, 3])) and np.all(done.told[:, 4] == DAY)


def test_full_store_keeps_a_row_for_residual_disease(point, stage_four):
    """In a patient whose store is full, residual disease finds its row and no colony gives way to it."""
    p = point.with_values({"residual_free_margin": 1.0})
    done = Operated(p, stage_four[:100], fill=True)
    assert np.all(done.told[:, 7] == 5)  # what does not fit is merged, and counted
    assert np.all(done.rows[:, 0] == CAPACITY - 1)
    left = np.array([len(scar) for scar in done.scars]) == 1
    assert left.mean() > 0.9
    for before, after, n in zip(done.before, done.after, done.rows[:, 0], strict=True):
        distant = ~np.isin(before["place"][:n], [BREAST, REGIONAL_NODES])
        assert before[:n][distant].tobytes() == after[:n][distant].tobytes()
