"""Assures the search's line, the frontier, break-even costs, assurance and the value of information on numbers worked out by hand."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paget.design.assurance import assurance, checked_draws
from paget.design.search import break_even, frontier, probit_line, size_for
from paget.errors import PagetError


def test_the_probit_line_finds_the_size_and_its_error():
    """Power of a normal statistic; the error of the size agrees with simulated counts."""
    rng, n, trials = np.random.default_rng(1), np.array([100.0, 200.0, 300.0, 450.0]), np.full(4, 1000.0)
    power = np.array([NormalDist().cdf(0.15 * math.sqrt(x) - 1.96) for x in n])
    true = ((1.96 + NormalDist().inv_cdf(0.8)) / 0.15) ** 2
    found = [size_for(0.8, *probit_line(n, rng.binomial(1000, power).astype(float), trials)) for _ in range(400)]
    sizes, errors = np.array(found).T
    assert abs(sizes.mean() - true) < 4 * sizes.std() / 20 + 2
    assert errors.mean() == pytest.approx(sizes.std(), rel=0.2)


def test_the_frontier_keeps_what_nothing_beats():
    """Fewer randomised against fewer assessed; equals stay, what is not reached is left out."""
    needs = {"all": (1000, 1500), "bone": (400, 3900), "worse": (1100, 1600), "same": (400, 3900), "none": None}
    assert frontier(needs) == ["all", "bone", "same"]
    assert break_even(needs["all"], needs["bone"]) == pytest.approx(600 / 2400)
    assert break_even(needs["all"], needs["worse"]) is None
    assert break_even(needs["all"], None) is None
    assert break_even((1000, 1500), (900, 1400)) == math.inf


draws = st.lists(st.tuples(st.floats(0, 1), st.floats(-20, 20)), min_size=1, max_size=30)


@given(draws)
def test_no_trial_is_worth_more_than_knowing(pairs):
    """Following any trial gains at most what perfect information gains, which is never negative."""
    found = assurance([p for p, _ in pairs], [g for _, g in pairs])
    assert found.by_trial <= found.perfect + 1e-9
    assert found.evppi_months >= -1e-9
    assert found.trial_value_months <= found.evppi_months + 1e-9


def test_assurance_by_hand():
    """Two draws: one helps by six months and is found with 0.9, one harms by three and is found with 0.02."""
    found = assurance([0.9, 0.02], [6.0, -3.0])
    assert (found.assurance, found.probability_of_benefit, found.decide_now, found.perfect) == (0.46, 0.5, 1.5, 3.0)
    assert found.by_trial == pytest.approx((0.9 * 6 - 0.02 * 3) / 2)
    assert found.evppi_months == 1.5


def test_assurance_needs_draws():
    """No draw, something else than a draw, a power that is none."""
    for call in (lambda: assurance([], []), lambda: assurance([1.2], [1.0]), lambda: checked_draws([]), lambda: checked_draws([{}])):
        with pytest.raises(PagetError):
            call()
