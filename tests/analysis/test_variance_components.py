"""Assures the split of variance into sampling and parameters: known truths are found, intervals cover, errors are the spread seen."""

import numpy as np
import pytest

from paget.analysis import components
from paget.errors import PagetError

DRAWS, EACH, SAMPLING = 20, 10, 0.16


def simulate(parameter_sd, runs, seed):
    rng = np.random.default_rng(seed)
    which = np.repeat(np.arange(DRAWS), EACH)
    for _ in range(runs):
        yield rng.normal(0, parameter_sd, DRAWS)[which] + rng.normal(0, SAMPLING, DRAWS * EACH), which


@pytest.mark.parametrize("truth", [0.0, 0.05, 0.3])
def test_estimates_are_unbiased_and_errors_honest(truth):
    """Over many runs of known truth: mean variance, its standard error, Monte-Carlo error and coverage of the interval."""
    runs = 400
    found = [components(values, which) for values, which in simulate(truth, runs, seed=1)]
    means = [values.mean() for values, _ in simulate(truth, runs, seed=1)]
    variance = np.array([one.parameter_variance for one in found])
    assert abs(variance.mean() - truth**2) < 4 * variance.std() / np.sqrt(runs)
    assert np.mean([one.parameter_variance_se for one in found]) == pytest.approx(variance.std(), rel=0.2)
    assert np.mean([one.mc_se**2 for one in found]) == pytest.approx(np.var(means), rel=0.25)
    assert np.mean([one.sampling_sd for one in found]) == pytest.approx(SAMPLING, rel=0.02)
    covered = np.mean([one.parameter_sd_low <= truth <= one.parameter_sd_high for one in found])
    assert 0.91 <= covered <= 1.0


def test_equals_the_textbook_table_of_a_balanced_design():
    """Mean squares by hand: two draws of three."""
    values = np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0])
    one = components(values, [0, 0, 0, 1, 1, 1])
    assert one.sampling_sd == pytest.approx(1.0)  # within 2 + 2 over 4
    assert one.parameter_variance == pytest.approx((24.0 - 1.0) / 3)  # between 24 over 1
    assert one.mc_se == pytest.approx(np.sqrt(24.0 / 6))


def test_missing_values_and_unequal_draws():
    """What could not be computed is left out; the order of replicates does not matter."""
    values, which = next(simulate(0.2, 1, seed=3))
    values[[0, 1, 57]] = np.nan
    one = components(values, which)
    order = np.random.default_rng(0).permutation(len(values))
    again = components(values[order], which[order])
    assert one.count == DRAWS * EACH - 3 and one.draws == DRAWS
    assert again.parameter_sd == pytest.approx(one.parameter_sd)


def test_what_cannot_be_told_is_not_told():
    """One draw has no parameter variance, one replicate a draw no split; nothing at all is an error."""
    values = np.random.default_rng(0).normal(size=12)
    alone = components(values, np.zeros(12))
    assert np.isnan(alone.parameter_sd) and alone.mc_se == pytest.approx(values.std(ddof=1) / np.sqrt(12))
    single = components(values, np.arange(12))
    assert np.isnan(single.parameter_sd) and np.isnan(single.sampling_sd) and single.mc_se > 0
    with pytest.raises(PagetError, match="no replicate"):
        components([np.nan], [0])
