"""Gompertz growth, alone and under drugs, against closed forms and an ODE solver."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from paget.biology.growth import grow, grow_under_kill, rate_from_doubling, time_to_reach
from paget.biology.layout import N_PHENOTYPES
from paget.biology.resistance import AXIS_FAMILIES, AXIS_FIRST, CHEMO, N_AXES, treat_axis

LOG_CAPACITY = math.log(1e12)
DAYS = st.floats(0.01, 2_000)


@given(st.floats(0, 27), st.floats(1e-5, 0.02), DAYS, DAYS)
def test_growth_is_a_semigroup(x, b, first, second):
    """Growing twice equals growing once for both times; a step may be cut anywhere."""
    twice = grow(grow(x, b, LOG_CAPACITY, first), b, LOG_CAPACITY, second)
    assert twice == pytest.approx(grow(x, b, LOG_CAPACITY, first + second), abs=1e-11)


@given(st.floats(0, 20), st.floats(0.01, 7), st.floats(1e-4, 0.02))
def test_time_to_reach_inverts_growth(x, more, b):
    """Growing for `time_to_reach` arrives at the target; a target already passed takes no time."""
    target = x + more
    assert grow(x, b, LOG_CAPACITY, time_to_reach(x, target, b, LOG_CAPACITY)) == pytest.approx(target, abs=1e-9)
    assert time_to_reach(target, x, b, LOG_CAPACITY) == 0.0


def test_doubling_time_is_that_of_the_growth_curve():
    """A tumour with a doubling time of 100 days at 1e9 cells grows there by ln 2 / 100 a day."""
    b = rate_from_doubling(100.0, 1e9, LOG_CAPACITY)
    x = math.log(1e9)
    slope = (grow(x, b, LOG_CAPACITY, 1e-4) - x) / 1e-4
    assert slope == pytest.approx(math.log(2) / 100, rel=1e-5)


def under_drugs(x, b, days, step, fraction, axis, kill, phi):
    """Growth with kill in steps of so many days, with the pieces that the life uses."""
    fraction, kill = fraction.copy(), np.asarray(kill, float)
    for _ in range(round(days / step)):
        half, full = treat_axis(fraction, axis, kill, phi * kill, step)
        x = grow_under_kill(x, b, LOG_CAPACITY, step, half, full)
    return x, fraction


def test_kill_of_sensitive_cells_follows_the_closed_form():
    """With every cell sensitive x(t) = ln K - k/b + (x0 - ln K + k/b) exp(-bt), to 1e-6 over half a year in four-week steps."""
    x0, b, k, days = math.log(3e9), 0.0015, 0.03, 168.0
    got, _ = under_drugs(x0, b, days, 28.0, np.zeros(N_PHENOTYPES), CHEMO, [k, 0, 0], 0.0)
    level = LOG_CAPACITY - k / b
    assert got == pytest.approx(level + (x0 - level) * math.exp(-b * days), abs=1e-6)


def ode_size(x0, b, days, fraction, axis, kill, phi):
    """Total log cells by an ODE of each phenotype on its own; its own per-capita growth is the common one."""
    first, families = AXIS_FIRST[axis], AXIS_FAMILIES[axis]
    n_types = families + 1 + (1 if families > 1 else 0)
    shares = np.zeros(n_types)
    shares[1:] = fraction[first : first + n_types - 1]
    shares[0] = 1 - shares.sum()
    rates = np.zeros(n_types)
    for kind in range(n_types):
        for family in range(families):
            resistant = kind == family + 1 or kind == families + 1
            rates[kind] += kill[family] * (phi if resistant else 1.0)

    def slope(_, logs):
        total = np.logaddexp.reduce(logs)
        return b * (LOG_CAPACITY - total) - rates

    start = x0 + np.log(np.maximum(shares, 1e-300))
    end = solve_ivp(slope, (0, days), start, method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    return np.logaddexp.reduce(end)


MIXTURES = [
    (CHEMO, [0.036, 0.0, 0.0], 0.02, {5: 0.1, 6: 0.1, 7: 0.2, 8: 0.01}),
    (CHEMO, [0.036, 0.034, 0.0], 0.02, {5: 0.01, 6: 0.02, 7: 0.2, 8: 1e-4}),
    (0, [0.0125, 0.0], 0.36, {0: 0.05, 1: 0.1, 2: 0.02}),
    (4, [0.03, 0.0, 0.0], 0.02, {9: 1e-3}),
]


@pytest.mark.parametrize(("axis", "kill", "phi", "shares"), MIXTURES)
def test_kill_of_mixtures_equals_an_ode_of_the_phenotypes(axis, kill, phi, shares):
    """Resistant mixtures under one or two drugs follow the ODE of every phenotype to 5e-6 in log-size over half a year."""
    fraction = np.zeros(N_PHENOTYPES)
    for j, share in shares.items():
        fraction[j] = share
    x0, b = math.log(2e9), 0.0017
    got, _ = under_drugs(x0, b, 168.0, 28.0, fraction, axis, kill, phi)
    assert got == pytest.approx(ode_size(x0, b, 168.0, fraction, axis, kill, phi), abs=5e-6)


@pytest.mark.parametrize(("axis", "kill", "phi", "shares"), MIXTURES)
def test_kill_does_not_depend_on_the_interval(axis, kill, phi, shares):
    """One step of 84 days equals twelve weekly ones: fractions exactly, size to 3e-4 (a lump factor errs by 10 to 50 %)."""
    fraction = np.zeros(N_PHENOTYPES)
    for j, share in shares.items():
        fraction[j] = share
    x0, b = math.log(2e9), 0.0017
    lump, after_lump = under_drugs(x0, b, 84.0, 84.0, fraction, axis, kill, phi)
    weekly, after_weekly = under_drugs(x0, b, 84.0, 7.0, fraction, axis, kill, phi)
    np.testing.assert_allclose(after_lump, after_weekly, rtol=1e-9)
    assert lump == pytest.approx(weekly, abs=3e-4)


@pytest.mark.parametrize(("factor", "error"), [(1.0, 5e-6), (3.0, 1e-4), (6.0, 1e-3)])
def test_four_week_steps_hold_for_patients_who_respond_strongly(factor, error):
    """In patients killed three and six times as fast the error of four-week steps stays under 1e-4 and 1e-3 in log-size."""
    x0, b = math.log(2e9), 0.0017
    for axis, kill, phi, shares in MIXTURES:
        fraction = np.zeros(N_PHENOTYPES)
        for j, share in shares.items():
            fraction[j] = share
        strong = [rate * factor for rate in kill]
        coarse, _ = under_drugs(x0, b, 168.0, 28.0, fraction, axis, strong, phi)
        fine, _ = under_drugs(x0, b, 168.0, 0.5, fraction, axis, strong, phi)
        assert coarse == pytest.approx(fine, abs=error)


SHARES = st.lists(st.floats(0, 1), min_size=5, max_size=5)
KILLS = st.lists(st.floats(0, 0.3), min_size=3, max_size=3)


def fractions_of(axis, weights):
    """Exclusive fractions of an axis from weights, and how many phenotypes it has beside the sensitive one."""
    first, families = AXIS_FIRST[axis], AXIS_FAMILIES[axis]
    last = first + families + (1 if families > 1 else 0)
    fraction = np.zeros(N_PHENOTYPES)
    total = sum(weights[: last - first + 1]) or 1.0
    fraction[first:last] = np.array(weights[: last - first]) / total
    return fraction, first, last


@given(st.integers(0, N_AXES - 1), SHARES, KILLS, st.floats(0, 1), st.floats(0, 400))
def test_fractions_stay_exclusive(axis, weights, kill, phi, exposure):
    """Fractions stay in [0, 1] and sum to at most one, survival is a share that falls with time, other axes are not touched."""
    fraction, first, last = fractions_of(axis, weights)
    fraction[:first] = 0.123
    fraction[last:] = 0.123
    half, full = treat_axis(fraction, axis, np.array(kill), phi * np.array(kill), exposure)
    mine = fraction[first:last]
    assert np.all(mine >= 0) and np.all(mine <= 1 + 1e-12)
    assert mine.sum() <= 1 + 1e-9
    assert full <= half + 1e-12 <= 2e-12
    assert np.all(fraction[:first] == 0.123) and np.all(fraction[last:] == 0.123)


@given(SHARES, st.floats(0.001, 0.2), st.floats(0, 0.9), st.floats(1, 100))
def test_survivors_of_a_drug_do_not_become_sensitive_to_it_again(weights, kill, phi, exposure):
    """After drug A the share resistant to A has not fallen, nor does it fall under drug B what A and B both spare."""
    fraction, first, last = fractions_of(CHEMO, weights)

    def resistant_to_a():
        return fraction[first] + fraction[first + 3]

    before = resistant_to_a()
    treat_axis(fraction, CHEMO, np.array([kill, 0.0, 0.0]), np.array([phi * kill, 0.0, 0.0]), exposure)
    after_a = resistant_to_a()
    assert after_a >= before - 1e-12
    multidrug = fraction[first + 3]
    treat_axis(fraction, CHEMO, np.array([0.0, kill, 0.0]), np.array([0.0, phi * kill, 0.0]), exposure)
    assert fraction[first + 3] >= multidrug - 1e-12
    assert fraction[first:last].sum() <= 1 + 1e-9


def test_odds_of_two_kinds_that_a_drug_treats_alike_do_not_change():
    """Drug B kills A-resistant and wholly sensitive cells alike, so their odds after it are those before it."""
    fraction = np.zeros(N_PHENOTYPES)
    fraction[5:9] = [0.1, 0.2, 0.05, 0.01]
    before = fraction[5] / (1 - fraction[5:9].sum())
    treat_axis(fraction, CHEMO, np.array([0.0, 0.03, 0.0]), np.array([0.0, 0.003, 0.0]), 84.0)
    assert fraction[5] / (1 - fraction[5:9].sum()) == pytest.approx(before, rel=1e-9)


@given(st.integers(0, N_AXES - 1), SHARES, KILLS, st.floats(0, 200))
def test_without_difference_in_kill_there_is_no_selection(axis, weights, kill, exposure):
    """With phi = 1 resistant cells die as sensitive ones do: the mix stays, and all survive at exp(-kill t)."""
    fraction, _, _ = fractions_of(axis, weights)
    before = fraction.copy()
    total = sum(kill[: AXIS_FAMILIES[axis]]) * exposure
    _, full = treat_axis(fraction, axis, np.array(kill), np.array(kill), exposure)
    np.testing.assert_allclose(fraction, before, atol=1e-9)
    assert full == pytest.approx(-total, abs=1e-9 * (1 + total))


def test_resistant_fraction_follows_the_logistic_law():
    """With one drug and two kinds of cells, logit(resistant) rises by kill * (1 - phi) * t exactly."""
    fraction = np.zeros(N_PHENOTYPES)
    fraction[4] = 0.02
    kill, phi, days = 0.016, 0.25, 120.0
    half, full = treat_axis(fraction, 2, np.array([kill, 0.0, 0.0]), np.array([phi * kill, 0.0, 0.0]), days)
    logit = math.log(fraction[4] / (1 - fraction[4]))
    assert logit == pytest.approx(math.log(0.02 / 0.98) + kill * (1 - phi) * days, abs=1e-10)
    assert full == pytest.approx(math.log(0.98 * math.exp(-kill * days) + 0.02 * math.exp(-phi * kill * days)), abs=1e-12)
    assert half == pytest.approx(
        math.log(0.98 * math.exp(-kill * days / 2) + 0.02 * math.exp(-phi * kill * days / 2)), abs=1e-12
    )
