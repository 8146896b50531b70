"""Assures laws of trials with looks: errors add up to alpha at any information times, and agree with simulated Brownian paths."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from paget.design.accrual import Recruitment, event_probability, months_to_events
from paget.design.adjusted import repeated_interval, stagewise
from paget.design.boundaries import boundaries, last_value
from paget.design.crossing import crossing
from paget.design.samplesize import schoenfeld_patients
from paget.design.spending import spending_function
from paget.errors import PagetError

NAMES = ["obrien-fleming", "pocock", "lan-demets-of", "lan-demets-pocock", "hsd:-4", "hsd:1"]
increasing = st.lists(st.floats(0.05, 0.97), min_size=0, max_size=4, unique=True).map(lambda t: [*sorted(t), 1.0])


def apart(times):
    """Whether looks are not on top of one another."""
    return all(b - a > 0.01 for a, b in pairwise(times))


@settings(max_examples=25)
@given(times=increasing.filter(apart), name=st.sampled_from(NAMES), alpha=st.sampled_from([0.005, 0.025, 0.1]))
def test_the_whole_error_is_alpha(times, name, alpha):
    """Whatever the boundary and whenever the looks."""
    design = boundaries(name, times, alpha)
    assert sum(design.stopping(0.0).above) == pytest.approx(alpha, abs=1e-9)


@settings(max_examples=25)
@given(times=increasing.filter(apart), gamma=st.floats(-8, 4), theta=st.floats(-1, 4))
def test_a_trial_ends_once(times, gamma, theta):
    """Efficacy and futility at all looks add up to one where the boundaries meet at the last."""
    design = boundaries(f"hsd:{gamma}", times, futility="hsd:-2" if len(times) > 1 else None)
    found = design.stopping(theta)
    rest = 0.0 if len(times) > 1 else crossing(times, [math.inf], [design.upper[0]], theta).below[0]
    assert found.above.sum() + found.below.sum() + rest == pytest.approx(1.0, abs=1e-8)


def test_recursion_agrees_with_simulated_paths():
    """Stopping probabilities of simulated Brownian motions with drift, within four Monte-Carlo errors."""
    design = boundaries("lan-demets-pocock", [0.3, 0.55, 0.8, 1.0], futility="lan-demets-of", beta=0.15)
    theta, n = 2.3, 400_000
    steps = np.diff([0.0, *design.information])
    paths = np.cumsum(np.random.default_rng(5).normal(theta * steps, np.sqrt(steps), (n, 4)), axis=1) / np.sqrt(design.information)
    going, found = np.ones(n, bool), design.stopping(theta)
    for k in range(4):
        up, down = going & (paths[:, k] >= design.upper[k]), going & (paths[:, k] < design.lower[k])
        for share, expected in ((up.mean(), found.above[k]), (down.mean(), found.below[k])):
            assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / n) + 1e-9
        going &= ~(up | down)


def test_binding_futility_lowers_the_last_boundary_and_keeps_alpha():
    """What futility stops need not be paid for; going on regardless would then cost more than alpha."""
    loose = boundaries("lan-demets-of", [0.5, 0.75, 1], futility="hsd:-2")
    strict = boundaries("lan-demets-of", [0.5, 0.75, 1], futility="hsd:-2", binding=True)
    assert strict.upper[-1] < loose.upper[-1]
    assert strict.spent()[-1] == pytest.approx(0.025, abs=1e-9)
    assert loose.spent()[-1] == pytest.approx(0.025, abs=1e-9)
    assert crossing(strict.information, strict.upper).power > 0.0251
    assert strict.power(strict.drift(0.8)) == pytest.approx(0.8, abs=1e-9)


def test_the_last_value_follows_the_information_that_came():
    """As planned it is the planned one; with more information since the look the looks are less correlated, so it is higher."""
    design = boundaries("lan-demets-of", [0.5, 1])
    assert last_value([0.5, 1.0], design.upper[:1], 0.025) == pytest.approx(design.upper[1], abs=1e-9)
    more, less = (last_value([0.5, end], design.upper[:1], 0.025) for end in (1.3, 0.7))
    assert less < design.upper[1] < more
    for end, value in ((1.3, more), (0.7, less)):
        assert crossing([0.5, end], [design.upper[0], value]).power == pytest.approx(0.025, abs=1e-9)


def test_fewer_patients_on_average_than_at_most():
    """Looks cost a little at the most and save much on average."""
    design = boundaries("lan-demets-of", [0.5, 0.75, 1], futility="hsd:-2")
    assert design.expected_information(design.drift(0.8)) < 1 < design.inflation(0.8)
    assert design.expected_information(0.0) < 0.75


def test_spending_functions_spend_all_and_in_order():
    """Nothing at the beginning, everything at the end, never less later."""
    for name in ("lan-demets-of", "lan-demets-pocock", "hsd:-4", "hsd:0", "hsd:3"):
        spend = spending_function(name)
        values = [spend(t, 0.025) for t in np.linspace(0, 1, 41)]
        assert values[0] == 0 and values[-1] == 0.025
        assert np.diff(values).min() >= 0


def test_without_looks_the_adjusted_estimate_is_the_plain_one():
    """One look: the fixed p value, the estimate itself, the usual interval."""
    found = stagewise([100.0], [], 2.5)
    assert found.p_value == pytest.approx(norm.sf(2.5), abs=1e-12)
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((0.25, 0.25 - 0.1959964, 0.25 + 0.1959964), abs=1e-6)


def test_on_the_boundary_the_stagewise_p_value_is_what_was_spent():
    """At the last look's boundary it is alpha, at an earlier one what had been spent by then."""
    design = boundaries("pocock", [0.4, 0.7, 1])
    levels = [400.0 * t for t in design.information]
    assert stagewise(levels, design.upper[:2], design.upper[2]).p_value == pytest.approx(0.025, abs=1e-9)
    assert stagewise(levels[:2], design.upper[:1], design.upper[1]).p_value == pytest.approx(design.spent()[1], abs=1e-9)
    late = stagewise(levels, design.upper[:2], 2.6)
    assert late.estimate < 2.6 / math.sqrt(400) and late.ci_low < late.estimate < late.ci_high  # shrunk: it did not stop before


def test_a_repeated_interval_excludes_no_effect_just_when_the_boundary_is_crossed():
    """The interval and the test say the same."""
    design = boundaries("obrien-fleming", [0.5, 1])
    for look, upper in enumerate(design.upper):
        crossed, not_crossed = (repeated_interval(design, look, -upper * factor * 0.2, 0.2)[1] for factor in (1.001, 0.999))
        assert crossed < 0 < not_crossed


@settings(max_examples=30)
@given(
    hazard=st.floats(0.005, 0.2), accrual=st.floats(1, 80), follow=st.floats(0, 60), loss=st.floats(0, 0.05), ramp=st.floats(0, 1)
)
def test_event_probability_is_the_mean_over_times_of_entry(hazard, accrual, follow, loss, ramp):
    """The closed form against a sum over the times of entry of the study's own accrual."""
    # the law of entry: the rate rises to the ramp, then stays (a test of the study holds that its draws follow it)
    grid = (np.arange(40_000) + 0.5) / 40_000 * accrual
    density = np.minimum(grid / max(ramp * accrual, 1e-12), 1.0)
    rate = hazard + loss
    seen = hazard / rate * (1 - np.exp(-rate * (accrual + follow - grid)))
    expected = float((density * seen).sum() / density.sum())
    assert event_probability(hazard, Recruitment(accrual, follow, loss, ramp * accrual)) == pytest.approx(expected, rel=2e-4)


def test_months_to_events_is_when_they_are_expected():
    """Schoenfeld's patients bring Schoenfeld's events at the data cut."""
    plan = Recruitment(24, 18, 0.002)
    patients = schoenfeld_patients(0.75, 0.03, plan, power=0.9)
    assert months_to_events(507.8443, patients, 0.03, 0.75, plan) == pytest.approx(42, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: boundaries("pocock", [0.5, 0.4, 1]), "increase"),
        (lambda: boundaries("pocock", [0.5, 0.9]), "last look must hold all"),
        (lambda: boundaries("pocock", [0.0, 1]), "positive"),
        (lambda: boundaries("pocok", [0.5, 1]), "did you mean 'pocock'"),
        (lambda: boundaries("hsd:x", [0.5, 1]), "hsd:GAMMA"),
        (lambda: boundaries("pocock", [0.5, 1], 0.7), "alpha must lie between"),
        (lambda: boundaries("pocock", [0.5, 1], futility="hsd:-2", binding=True), "binding futility needs"),
        (lambda: boundaries("pocock", [0.5, 1], binding=True), "no futility"),
        (lambda: boundaries("pocock", [0.5, 1]).drift(1.2), "power must lie between 0 and 1"),
        (lambda: boundaries("pocock", [0.5, 1], futility="hsd:-2", beta=0.99), "larger than alpha"),
        (lambda: stagewise([1.0, 2.0], [], 2.0), "boundaries are needed"),
        (lambda: Recruitment(10, 10, 0, 20), "longer than accrual"),
        (lambda: months_to_events(900, 500, 0.03, 0.7, Recruitment(12, 0, 0.02)), "never come"),
        (lambda: schoenfeld_patients(1.0, 0.03, Recruitment(12, 12)), "no effect"),
    ],
)
def test_mistakes_are_told(call, says):
    """One message that says what is wrong."""
    with pytest.raises(PagetError, match=says):
        call()
