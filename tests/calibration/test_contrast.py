"""The error of a contrast by twins is the jackknife's of groups of patients."""

import math

import numpy as np
import pytest

from paget.calibration.contrast import _jackknife


def test_the_jackknife_of_a_mean_is_its_standard_error():
    """Leaving out one group in turn gives the textbook error of a mean of groups, exactly."""
    groups = np.random.default_rng(2).normal(size=10)
    left_out = (groups.sum() - groups) / 9
    assert _jackknife(left_out) == pytest.approx(groups.std(ddof=1) / math.sqrt(10))


def test_a_group_without_which_nothing_comes_out_is_left_out():
    """One gap leaves an error, not certainty; nothing but gaps leaves none."""
    parts = np.array([0.1, 0.2, np.nan, 0.15])
    assert _jackknife(parts) == pytest.approx(math.sqrt(2 / 3 * np.sum((parts[[0, 1, 3]] - 0.15) ** 2)))
    assert math.isnan(_jackknife(np.full(10, np.nan)))
