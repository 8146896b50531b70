"""Founding, settling, sleeping and waking of colonies against the laws they claim."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from paget._jit import jit
from paget.biology.founding import _settle, add_colony, age_colony, burst_size, destination, draw_sleep, vascular_day
from paget.biology.layout import AVASCULAR, CAPACITY, DORMANT, LESION, N_ORGANS, VASCULAR
from paget.biology.natural_history import FIRST_COLONY, PRIMARY_ROW, _found_until, reset_store
from paget.biology.patient import PATIENT, draw_patient, draw_tropism

SEED = np.uint64(5)
LOG_CAPACITY = math.log(1e12)
DAYS, RATE_PRIMARY = 7_000.0, 0.0004


@jit
def found_events(seed, p, day, founding, who, store, counts, whole, days):
    """Count founding events of the primaries of many patients up to one day, and list their days."""
    listed = 0
    for patient in range(counts.shape[0]):
        draw_patient(seed, patient, p[0], who[0])
        draw_tropism(seed, patient, p[0], who[0])
        who[0].rate_primary = RATE_PRIMARY
        who[0].founding = founding
        reset_store(seed, patient, who[0], store, LOG_CAPACITY)
        whole[0] = _found_until(seed, patient, p[0], who[0], store, day, LOG_CAPACITY)[0]
        counts[patient] = store[PRIMARY_ROW].nth
        for i in range(FIRST_COLONY, who[0].n):
            if listed < days.shape[0]:
                days[listed] = store[i].founded
                listed += 1
    return listed


def founding_rate(mean, exponent):
    """Rate at 1e9 cells that gives so many events by `DAYS` on average, by quadrature of (N / 1e9)^a."""
    total = integrate.quad(
        lambda t: math.exp(exponent * (LOG_CAPACITY * (1 - math.exp(-RATE_PRIMARY * t)) - math.log(1e9))), 0, DAYS, epsrel=1e-10,
        limit=200,
    )[0]  # fmt: skip
    return mean / total


@pytest.fixture(scope="module")
def founded(point):
    """Counts and days of founding events in 6 000 alike patients with a mean of four events each."""
    p = point.with_values({"burst_extra_mean": 0.0, "self_seeding_ratio": 0.0, "switch_frailty": 0.0})
    counts, whole, days = np.zeros(6_000, np.int64), np.zeros(1), np.zeros(40_000)
    rate = founding_rate(4.0, p["founding_exponent"])
    listed = found_events(
        SEED, p.record, DAYS, rate, np.zeros(1, PATIENT), np.zeros(CAPACITY, LESION), counts, whole, days
    )  # fmt: skip
    return counts, whole[0], days[:listed]


def test_founding_events_are_poisson_with_the_mean_of_the_integral(founded):
    """Counts of events have the closed-form mean (by quadrature too) and pass a chi-square test against the Poisson law."""
    counts, whole, _ = founded
    assert whole == pytest.approx(4.0, rel=1e-6)
    assert counts.mean() == pytest.approx(4.0, abs=4 * math.sqrt(4.0 / len(counts)))
    seen = np.bincount(np.minimum(counts, 12), minlength=13)
    expected = stats.poisson.pmf(np.arange(12), 4.0)
    expected = np.append(expected, 1 - expected.sum()) * len(counts)
    assert stats.chisquare(seen, expected).pvalue > 1e-3


def test_founding_days_follow_the_emission_law(founded, point):
    """Days of founding follow emission proportional to cells to the exponent: their distribution passes Kolmogorov-Smirnov."""
    _, _, days = founded
    exponent = point["founding_exponent"]
    grid = np.linspace(0, DAYS, 20_001)
    emission = np.exp(exponent * (LOG_CAPACITY * (1 - np.exp(-RATE_PRIMARY * grid)) - math.log(1e9)))
    share = integrate.cumulative_trapezoid(emission, grid, initial=0)
    uniform_if_true = np.interp(days, grid, share / share[-1])
    assert stats.kstest(uniform_if_true, "uniform").pvalue > 1e-3


@jit
def fill_bursts(seed, p, out):
    for k in range(out.shape[0]):
        out[k] = burst_size(seed, 1, np.uint64(k + 1), p[0])


@pytest.mark.parametrize("extra", [0.0, 0.5, 3.0])
def test_bursts_are_geometric(point, extra):
    """A burst is one colony plus a geometric number with the stated mean and the variance of the geometric law."""
    out = np.zeros(40_000)
    fill_bursts(SEED, point.with_values({"burst_extra_mean": extra}).record, out)
    assert out.min() == 1
    if extra == 0:
        assert out.max() == 1
        return
    variance = extra * (1 + extra)
    assert out.mean() - 1 == pytest.approx(extra, abs=4 * math.sqrt(variance / len(out)))
    assert out.var() == pytest.approx(variance, rel=0.08)


@jit
def fill_places(seed, p, who, out, follows):
    draw_patient(seed, 3, p[0], who[0])
    draw_tropism(seed, 3, p[0], who[0])
    for k in range(out.shape[0]):
        out[k] = _settle(seed, 3, np.uint64(k + 1), 0, p[0], who[0])
        follows[k] = destination(seed, 3, np.uint64(k + 1), 1, out[k], p[0], who[0])


def test_colonies_settle_by_the_weights_of_organs(point):
    """The split over organs is that of the patient's weights, the breast takes its share, and bursts keep together."""
    who = np.zeros(1, PATIENT)
    places, follows = np.zeros(40_000, np.int64), np.zeros(40_000, np.int64)
    p = point.with_values({"self_seeding_ratio": 0.25})
    fill_places(SEED, p.record, who, places, follows)
    weights = who["weight"][0]
    assert weights.sum() == pytest.approx(1)
    expected = np.append(weights / 1.25, [0.0, 0.2]) * len(places)
    seen = np.bincount(places, minlength=8)
    assert seen[6] == 0
    kept = expected > 5
    assert stats.chisquare(seen[kept], expected[kept] * seen[kept].sum() / expected[kept].sum()).pvalue > 1e-3
    same = p["burst_same_organ"]
    chance = same + (1 - same) * ((expected / len(places)) ** 2).sum()
    assert (places == follows).mean() == pytest.approx(chance, abs=4 * math.sqrt(0.25 / len(places)))


@jit
def fill_weights(seed, p, who, out, classes):
    for k in range(out.shape[0]):
        draw_patient(seed, k, p[0], who[0])
        draw_tropism(seed, k, p[0], who[0])
        classes[k] = who[0].class_
        out[k] = who[0].weight


def test_patients_differ_in_tropism_around_the_mean_of_their_class(point):
    """Mean organ weights of patients of a class are the declared ones normalised; their variance is that of the Dirichlet law."""
    out, classes = np.zeros((12_000, N_ORGANS)), np.zeros(12_000, np.int64)
    fill_weights(SEED, point.record, np.zeros(1, PATIENT), out, classes)
    names = ("bone", "liver", "lung", "brain", "skin", "distant_nodes")
    mean = np.array([point[f"tropism_{name}"][0] for name in names])
    mean /= mean.sum()
    mine = out[classes == 0]
    variance = mean * (1 - mean) / (point["tropism_concentration"] + 1)
    np.testing.assert_allclose(mine.mean(axis=0), mean, atol=4 * np.sqrt(variance.max() / len(mine)))
    np.testing.assert_allclose(mine.var(axis=0), variance, rtol=0.12)


@jit
def fill_colonies(seed, p, who, store, share, sleep, days, states, sizes):
    """Put one colony of each of many events into the store and age it to each of some days."""
    for k in range(states.shape[0]):
        for d in range(days.shape[0]):
            who[0].n = 0
            who[0].id = k
            who[0].dormant_share = share
            who[0].sleep = sleep
            who[0].wait = 1.0
            who[0].rate_metastasis = 0.0016
            key = np.uint64(k + 1)
            asleep = draw_sleep(seed, k, key, who[0])
            add_colony(seed, k, p[0], who[0], store, key, 0, 0.0, asleep, store[0].fraction, False, 1.0)
            age_colony(store[0], days[d], p[0], LOG_CAPACITY, 1.0, 1.0)
            states[k, d] = store[0].state
            sizes[k, d] = store[0].x


def test_sleepers_wake_exponentially(point):
    """The share asleep is the dormant share times exp(-rate t) at every age, and what sleeps is one cell."""
    days = np.array([0.0, 30.0, 300.0, 1_000.0, 3_000.0])
    states, sizes = np.zeros((20_000, 5), np.int64), np.zeros((20_000, 5))
    share, sleep = 0.6, 1 / 1_000
    fill_colonies(SEED, point.record, np.zeros(1, PATIENT), np.zeros(4, LESION), share, sleep, days, states, sizes)
    expected = share * np.exp(-sleep * days)
    np.testing.assert_allclose((states == DORMANT).mean(axis=0), expected, atol=4 * np.sqrt(0.25 / 20_000))
    assert np.all(sizes[states == DORMANT] == 0)
    assert np.all(np.diff(sizes, axis=1) >= 0)


def colony(state, clock, wait_threshold, x):
    """One colony with an easy clock."""
    lesion = np.zeros(1, LESION)
    lesion["state"], lesion["clock"], lesion["switch"], lesion["x"] = state, clock, wait_threshold, x
    lesion["rate"], lesion["sleep"], lesion["wait"], lesion["mult"] = 0.0015, 1 / 800, 1 / 500, 1.0
    return lesion


@jit
def age_rows(lesions, p, steps, sleep_factor, wait_factor):
    for step in steps:
        age_colony(lesions[0], step, p[0], LOG_CAPACITY, sleep_factor, wait_factor)


@jit
def vascular_days(lesions, p, sleep_factor, wait_factor):
    return vascular_day(lesions[0], p[0], LOG_CAPACITY, sleep_factor, wait_factor)


FACTOR = st.floats(0.05, 5)


@given(
    st.sampled_from([DORMANT, AVASCULAR]), st.floats(1e-3, 5), st.floats(1e-3, 5),
    st.lists(st.floats(0.01, 900), min_size=2, max_size=12), FACTOR, FACTOR,
)  # fmt: skip
def test_ageing_a_colony_in_one_jump_equals_many_small_ones(point, state, clock, threshold, steps, sleep_factor, wait_factor):
    """A colony aged in any cuts of a time ends in the same state, size and remaining wait."""
    record = point.record
    whole, cut = colony(state, clock, threshold, 0.0), colony(state, clock, threshold, 0.0)
    age_rows(whole, record, np.array([sum(steps)]), sleep_factor, wait_factor)
    age_rows(cut, record, np.array(steps), sleep_factor, wait_factor)
    if whole["state"][0] == cut["state"][0]:  # a change of state within rounding of the end may fall either side
        assert cut["x"][0] == pytest.approx(whole["x"][0], abs=1e-8)
        if whole["state"][0] != VASCULAR:
            assert cut["clock"][0] == pytest.approx(whole["clock"][0], abs=1e-8)
    else:
        age_rows(cut, record, np.array([1e-6]), sleep_factor, wait_factor)
        age_rows(whole, record, np.array([1e-6]), sleep_factor, wait_factor)
        assert whole["state"][0] == cut["state"][0]


@given(st.sampled_from([DORMANT, AVASCULAR]), st.floats(1e-3, 5), st.floats(1e-3, 5), FACTOR, FACTOR)
def test_day_of_vessels_is_when_ageing_gives_vessels(point, state, clock, threshold, sleep_factor, wait_factor):
    """Just before its `vascular_day` a colony has no vessels, just after it has; then its size is the avascular ceiling."""
    if state == AVASCULAR:
        clock = threshold
    record = point.record
    when = vascular_days(colony(state, clock, threshold, 0.0), record, sleep_factor, wait_factor)
    for shift, has_vessels in ((-1e-3, False), (1e-3, True)):
        lesion = colony(state, clock, threshold, 0.0)
        age_rows(lesion, record, np.array([when + shift]), sleep_factor, wait_factor)
        assert (lesion["state"][0] == VASCULAR) == has_vessels
        if has_vessels:
            assert lesion["x"][0] == pytest.approx(math.log(point["avascular_cells"]), abs=1e-4)


@pytest.mark.parametrize("state", [DORMANT, AVASCULAR])
def test_a_step_that_never_happens_never_happens(point, state):
    """With rates of zero a sleeper sleeps and an avascular colony waits for ever; a clock that has run out gives no NaN."""
    record = point.record
    for clock in (0.0, 1e-9, 1.0):
        lesion = colony(state, clock, clock, 0.0)
        age_rows(lesion, record, np.array([1e6]), 0.0 if state == DORMANT else 1.0, 0.0)
        assert math.isfinite(lesion["x"][0])
        if clock > 0:
            assert lesion["state"][0] == state
            assert vascular_days(colony(state, clock, clock, 0.0), record, 0.0, 0.0) == math.inf


@jit
def add_to_full_store(seed, p, who, store, place, asleep):
    who[0].n = store.shape[0] - 1
    sleep = (asleep, 1.0, 1.0)
    return add_colony(seed, 1, p[0], who[0], store, np.uint64(9), place, 0.0, sleep, store[0].fraction, True, 2.0)


@pytest.mark.parametrize(
    ("place", "asleep", "expected"),
    [
        (0, True, 5),  # the only sleeper in bone
        (0, False, 7),  # the smaller of two avascular colonies in bone, not the cm-sized ones with vessels
        (1, True, 5),  # no sleeper in liver: a sleeper elsewhere
        (1, False, 8),  # avascular in liver
    ],
)
def test_overflow_is_counted_and_joins_its_like(point, place, asleep, expected):
    """What does not fit joins a colony of its state, in its organ where there is one; weights are kept, and the count is told."""
    store, who = np.zeros(CAPACITY, LESION), np.zeros(1, PATIENT)
    store["mult"], store["x"], store["state"] = 1.0, 20.0, VASCULAR
    store["place"] = np.arange(CAPACITY) % 2
    store["mult"][4], store["x"][4] = 0.0, 0.0  # taken out: never comes back
    rows = {5: (0, DORMANT, 0.0), 6: (0, AVASCULAR, 9.0), 7: (0, AVASCULAR, 3.0), 8: (1, AVASCULAR, 5.0)}
    for row, (organ, state, x) in rows.items():
        store[["place", "state", "x"]][row] = (organ, state, x)
    before = store.copy()
    assert add_to_full_store(SEED, point.record, who, store, place, asleep) == -1
    assert who["merged"][0] == 1
    gained = store["mult"] - before["mult"]
    assert gained[expected] == 2.0 and gained.sum() == 2.0
    store["mult"] = before["mult"]
    assert store.tobytes() == before.tobytes()
