"""Assures needle error -> minimal margin -> local control: closed forms, Monte Carlo, and what must rise or fall."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paget.therapy.margins import MarginRelation, Needles, control, relation_from_series

RELATION = MarginRelation(0.6, 0.47)


def drawn(needles, diameter_cm, n, rng):
    """Minimal margins of n lesions by simulation of every needle; the number of sectors must be whole."""
    k = needles.sectors(diameter_cm)
    assert k == int(k)
    sigma = needles.error_mm / math.sqrt(math.pi / 2)
    room = needles.room_mm(diameter_cm)

    def fresh():
        return room - np.hypot(*rng.normal(0.0, sigma, (2, n, int(k))))

    margin = fresh()
    for _ in range(needles.attempts if needles.redo_below_mm is not None else 0):
        seen = margin + needles.check_sd_mm * rng.normal(size=margin.shape)
        margin = np.where(seen < needles.redo_below_mm, np.maximum(margin, fresh()), margin)
    return margin.min(axis=1)


def four_sectors(**changes):
    """Needles under which a lesion of 4.5 cm has four sectors."""
    return Needles(**{"planned_mm": 7.5, "error_mm": 3.7, "zone_cm": 3.0, **changes})


def test_one_needle_is_a_rayleigh_error():
    """The mean margin of one sector is the planned one less the mean error; the median is the Rayleigh's."""
    needles = Needles(10.0, 3.7, zone_cm=20.0)
    grid, below = needles.minimal(2.0)
    mean = grid[-1] - np.trapezoid(below, grid)
    assert mean == pytest.approx(10.0 - 3.7, abs=0.01)
    sigma = 3.7 / math.sqrt(math.pi / 2)
    assert needles.quantile_mm(2.0, 0.5) == pytest.approx(10.0 - sigma * math.sqrt(2 * math.log(2)), abs=0.01)


def test_minimal_margin_of_several_needles_in_closed_form():
    """Without a second needle, the thinnest of k independent sectors."""
    needles = four_sectors()
    grid, below = needles.minimal(4.5)
    np.testing.assert_allclose(below, 1 - (1 - needles.first(grid, 4.5)) ** 4, atol=1e-12)


def test_second_needle_with_a_perfect_check_in_closed_form():
    """Below the threshold both needles must be thin: F^2; above, those that were thick at once or became so."""
    needles = four_sectors(redo_below_mm=2.0, attempts=1)
    grid = needles.grid_mm(4.5)
    f, at = needles.first(grid, 4.5), needles.first(np.array([2.0]), 4.5)[0]
    expected = np.where(grid < 2.0, f * f, f - at + at * f)
    np.testing.assert_allclose(needles.sector(grid, 4.5), expected, atol=4e-3)


ONCE = {"redo_below_mm": 0.0, "attempts": 1, "check_sd_mm": 1.5}
TWICE = {"redo_below_mm": 5.0, "attempts": 2, "check_sd_mm": 1.0}


@pytest.mark.parametrize("rule", [{}, ONCE, TWICE])
def test_margins_and_control_equal_simulated_needles(rule):
    """Quadrature against 200,000 simulated lesions."""
    needles = four_sectors(**rule)
    margins = drawn(needles, 4.5, 200_000, np.random.default_rng(1))
    for share in (0.1, 0.5, 0.9):
        assert needles.quantile_mm(4.5, share) == pytest.approx(np.quantile(margins, share), abs=0.06)
    assert control(needles, RELATION, 4.5) == pytest.approx(1 - RELATION.progression(margins).mean(), abs=0.003)


@settings(max_examples=40, deadline=None)
@given(st.floats(2.0, 12.0), st.floats(0.5, 8.0), st.floats(1.5, 5.0), st.floats(0.5, 9.0))
def test_what_helps_and_what_harms(planned, error, zone, diameter):
    """Control falls with needle error and diameter, rises with the planned margin and with a second needle."""
    plain = Needles(planned, error, zone)
    here = control(plain, RELATION, diameter)
    assert 0.0 <= here <= 1.0
    assert control(Needles(planned, error * 1.3, zone), RELATION, diameter) <= here + 2e-3
    assert control(plain, RELATION, diameter + 1.0) <= here + 2e-3
    again = Needles(planned, error, zone, None, 0.0, 1, 1.0)
    assert control(again, RELATION, diameter) >= here - 2e-3


def test_a_technique_that_makes_no_wider_zones_runs_out_of_margin():
    """Beyond the widest zone the tumour is not covered."""
    single = Needles(7.5, 3.7, 3.0, zone_limit_cm=4.0)
    assert single.room_mm(2.0) == 7.5 and single.room_mm(3.0) == pytest.approx(5.0) and single.room_mm(5.0) == pytest.approx(-5.0)
    assert control(single, RELATION, 6.0) < 0.02 < 0.5 < control(single, RELATION, 2.0)


def test_relation_returns_the_series_that_it_was_made_from():
    """The series' progression comes out of its own margins; each mm multiplies the hazard by the ratio."""
    classes = ((0.0, 0.0, 0.146), (0.0, 5.0, 0.404), (5.0, 10.0, 0.451))
    relation = relation_from_series(0.121, classes, 0.47)
    rng = np.random.default_rng(2)
    margin = np.concatenate([np.zeros(146_000), rng.uniform(0, 5, 404_000), rng.uniform(5, 10, 451_000)])
    assert relation.progression(margin).mean() == pytest.approx(0.121, abs=0.001)
    hazard = -np.log1p(-relation.progression(np.array([1.0, 2.0])))
    assert hazard[1] / hazard[0] == pytest.approx(0.47)
