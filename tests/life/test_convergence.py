"""Numerical settings do not matter: shorter steps and other visit-free intervals give the same survival."""

import numpy as np
import pytest
from lives import NONE, SURGERY, a_plan, os_days

from paget.life.simulate import simulate

SEED = 11
LANDMARKS = np.array([12, 24, 36, 60, 84]) * 30.4375


def curves(point, ids, step, horizon=90 * 30.4375):
    """Survival and progression-free survival at the landmarks, with and without surgery."""
    p = point.with_values({"step_days": step})
    plan = a_plan(NONE, SURGERY, horizon_days=horizon)
    out = []
    for arm in (0, 1):
        lives = simulate(plan, ids, arm, p, seed=SEED, threads=2)
        death = os_days(lives)
        progression = np.fmin(lives["progression_day"], death)
        out += [(death[:, None] > LANDMARKS).mean(axis=0), (progression[:, None] > LANDMARKS).mean(axis=0)]
    return np.array(out)


@pytest.fixture(scope="module")
def at_28_days(stage_four, point):
    return curves(point, stage_four, 28.0)


@pytest.mark.parametrize("step", [14.0, 7.0])
def test_halving_the_step_changes_survival_by_less_than_monte_carlo_error(stage_four, point, at_28_days, step):
    """Steps of 14 and 7 days give the survival of 28 at every landmark to within its Monte-Carlo standard error."""
    fine = curves(point, stage_four, step)
    error = np.sqrt(np.maximum(at_28_days * (1 - at_28_days), 0.02) / len(stage_four))
    assert np.all(np.abs(fine - at_28_days) < error), (fine - at_28_days) / error


def test_more_visits_do_not_change_an_untreated_course(stage_four, point):
    """Without treatment visits are only stops: visits every 4 and every 12 weeks give the survival of one another to 1e-2."""
    ids = stage_four[:600]
    survival = []
    for weeks in (4, 12):
        plan = a_plan({"untreated": 1}, visits=((7.0 * weeks, np.inf),), horizon_days=2_000.0)
        death = os_days(simulate(plan, ids, 0, point, seed=SEED, threads=2))
        survival.append((death[:, None] > LANDMARKS).mean(axis=0))
    np.testing.assert_allclose(survival[0], survival[1], atol=1e-2)
