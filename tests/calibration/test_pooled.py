"""A pooled target is the random-effects mean of its trials, as wide as their heterogeneity asks."""

import math

import pytest

from paget.calibration.pooled import pooled, pooled_results, stated
from paget.calibration.rows import Anchor, published, rows
from paget.calibration.targets import declared_targets
from paget.evidence.meta import Pooled, pool

POOLED = [row for row in rows() if row.pool]


def test_the_shipped_pooled_target_is_what_its_trials_say():
    """Three trials of one table; the target lies between them and is narrower than each."""
    (row,) = POOLED
    ratios = [result.value for _, result in pooled_results(row)]
    assert len(ratios) == 3 and {study.id for study, _ in pooled_results(row)} == {row.evidence}
    figure = published(row)
    assert min(ratios) < figure.value < max(ratios)
    (target,) = [t for t in declared_targets().targets if t.id == row.id]
    assert target.observed.value == pytest.approx(math.log(figure.value))
    assert target.observed.sd == pytest.approx(math.log(figure.high / figure.low) / (2 * 1.959964), rel=1e-6)
    assert target.observed.sd < min(pooled(row).ses)


def test_trials_that_agree_by_chance_do_not_narrow_the_mean_below_a_common_effect():
    """The standard error is the larger of Hartung and Knapp's and the plain one."""
    one = pooled(POOLED[0])
    common = 1.0 / math.sqrt(sum(1.0 / se**2 for se in one.ses))
    assert one.se >= common * (1 - 1e-12)
    assert one.se == pytest.approx(max(pool(one.effects, one.ses, hartung_knapp=hk).se for hk in (True, False)))


@pytest.mark.parametrize("apart", [0.0, 0.3, 0.8])
def test_the_further_trials_lie_apart_the_wider_the_target(apart):
    """Spread on the log scale is that of the mean and of heterogeneity together."""
    one = pool([-apart, 0.0, apart], [0.1, 0.1, 0.1])
    figure = stated(one)
    width = math.log(figure.high / figure.low) / (2 * 1.959964)
    assert width == pytest.approx(math.hypot(one.se, math.sqrt(one.tau2)), rel=1e-6)
    assert (one.tau2 > 0) == (apart > 0.1)
    assert isinstance(one, Pooled) and figure.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    "change", [{"pool": [{"of": "PALOMA-2"}]}, {"find": {"measure": "hazard_ratio"}}, {"derive": {"complement": True}}]
)
def test_a_row_that_pools_one_result_or_mixes_ways_is_refused(change):
    """Two results or more, and nothing beside them."""
    given = POOLED[0].model_dump() | change
    with pytest.raises(ValueError, match="pool"):
        Anchor.model_validate(given)
