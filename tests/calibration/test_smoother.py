"""The ensemble smoother equals the closed form where there is one, repeats itself, and goes on where it stopped."""

import numpy as np
import pytest
from scipy import stats

from paget.calibration.checks import simulated_ranks
from paget.calibration.emulator import emulate
from paget.calibration.ensemble import damping, effective_size, filled, perturbations, resampled, update
from paget.calibration.evaluate import Evaluation
from paget.calibration.free import declared_space
from paget.calibration.ledger import Ledger, evaluate_all
from paget.calibration.smoother import Size, smooth
from paget.calibration.targets import declared_targets


def linear(p, m, seed, strength=0.6):
    """A linear problem: sensitivities, data, and the posterior in closed form."""
    draw = np.random.default_rng(seed)
    g = draw.normal(0, strength, (m, p)) * (draw.random((m, p)) < 0.5)
    truth, error = draw.normal(size=p), draw.uniform(0.5, 1.5, m)
    y = g @ truth + error * draw.normal(size=m)
    covariance = np.linalg.inv(np.eye(p) + g.T @ (g / error[:, None] ** 2))
    return g, y, error, covariance @ (g.T @ (y / error**2)), covariance


@pytest.mark.parametrize("steps", [1, 4])
def test_a_linear_problem_comes_out_as_its_closed_form(steps):
    """Mean and covariance of the normal posterior, in one assimilation or in four."""
    g, y, error, mean, covariance = linear(6, 9, 1)
    draw = np.random.default_rng(2)
    z = draw.normal(size=(20_000, 6))
    for _ in range(steps):
        z = update(z, z @ g.T, y, error, alpha=float(steps), noise=draw.normal(size=(len(z), 9)), damped=False)
    assert np.allclose(z.mean(axis=0), mean, atol=0.03)
    assert np.allclose(np.cov(z.T), covariance, atol=0.03)


def test_damping_keeps_a_large_linear_problem_near_its_closed_form():
    """More columns and targets than a small ensemble can tell apart: spreads stay true, the mean comes nearer than without damping."""
    p, m, n = 60, 50, 150
    g, y, error, mean, covariance = linear(p, m, 3, strength=0.12)
    errors, spreads = {}, {}
    for damped in (False, True):
        draw = np.random.default_rng(4)
        z = draw.normal(size=(n, p))
        for _ in range(3):
            z = update(z, z @ g.T, y, error, alpha=3.0, noise=draw.normal(size=(n, m)), damped=damped)
        errors[damped] = np.mean((z.mean(axis=0) - mean) ** 2)
        spreads[damped] = np.mean(z.std(axis=0, ddof=1) / np.sqrt(np.diag(covariance)))
    assert errors[True] < 0.8 * errors[False]
    assert abs(spreads[True] - 1.0) < 0.1 < 1.0 - spreads[False] + 0.05


def test_a_column_that_no_target_may_move_stays():
    """Structural zeros hold exactly."""
    draw = np.random.default_rng(5)
    z, noise = draw.normal(size=(100, 3)), draw.normal(size=(100, 2))
    allowed = np.array([[True, True], [False, False], [True, False]])
    moved = update(z, z[:, :2] * 2, np.array([3.0, -3.0]), np.ones(2), alpha=1.0, noise=noise, allowed=allowed)
    assert np.array_equal(moved[:, 1], z[:, 1]) and not np.allclose(moved[:, 0], z[:, 0])


def test_damping_lies_between_chance_and_certainty():
    """Nothing is left of independent columns (mostly), all of a copy."""
    draw = np.random.default_rng(6)
    z = draw.normal(size=(400, 30))
    kept = damping(z, np.column_stack([z[:, 0], draw.normal(size=400)]))
    assert kept[0, 0] == pytest.approx(1.0) and np.mean(kept[:, 1] == 0.0) > 0.7 and np.all((kept >= 0) & (kept <= 1))


def test_gaps_are_filled_with_the_middle():
    """A member in whom a target does not come out neither pulls nor is lost."""
    whole, missing = filled(np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]]))
    assert whole[2, 0] == 2.0 and missing.tolist() == [pytest.approx(1 / 3), 1.0]


def test_perturbations_are_named():
    """A target more changes no other's."""
    two, three = perturbations(("a", "c"), 5, 0, 1), perturbations(("a", "b", "c"), 5, 0, 1)
    assert np.array_equal(two, three[:, [0, 2]])
    assert not np.array_equal(two, perturbations(("a", "c"), 5, 1, 1))


def test_weights_and_resampling():
    """Even weights keep every draw once; one heavy draw takes all."""
    assert effective_size(np.zeros(50)) == pytest.approx(50.0)
    assert np.array_equal(resampled(np.zeros(50), 50, 3), np.arange(50))
    heavy = np.where(np.arange(50) == 7, 0.0, -1e3)
    assert set(resampled(heavy, 50, 3)) == {7} and effective_size(heavy) == pytest.approx(1.0)
    weights = np.log(np.arange(1, 11))
    assert np.allclose(np.bincount(resampled(weights, 5500, 1), minlength=10), 100 * np.arange(1, 11), atol=1)


PART = declared_targets().only(["iv-hr-pos", "let-os", "dox-orr", "hazard-er-pos-0"])
SPACE = declared_space()
SENSITIVITY = np.zeros((4, len(SPACE.columns)))
for _k, _allowed in enumerate(SPACE.may_move(PART).T):  # each target hangs on six numbers that it may move, and on two that are only varied
    SENSITIVITY[_k, np.flatnonzero(_allowed)[_k::20][:6]] = 0.3
    SENSITIVITY[_k, [-1 - _k, -10 - _k]] = 0.05


def stand_in(z, seed):
    """A linear model of four targets with a little noise that follows the seed."""
    noise = np.random.default_rng(seed).normal(0, 0.05, 4)
    return Evaluation(PART.y + 0.3 + SENSITIVITY @ z + noise, np.full(4, 0.05), 10)


def test_a_fit_comes_nearer_and_leaves_varied_numbers_alone():
    """Distance falls; what is only varied keeps its prior draws to the last bit."""
    fit = smooth(PART, SPACE, Size(200, 3, 1_000), seed=1, model=stand_in)
    assert fit.posterior.distance(fit.y, PART.sd) < 0.25 * fit.prior.distance(fit.y, PART.sd)
    n = len(SPACE.free)
    assert np.array_equal(fit.posterior.z[:, n:], fit.prior.z[:, n:])
    assert fit.posterior.z[:, :n].var() < fit.prior.z[:, :n].var()


def test_threads_and_interruption_change_nothing(tmp_path):
    """One thread, three threads, or a ledger cut off in the middle of a line: the same ensemble."""
    size = Size(30, 2, 1_000)
    once = smooth(PART, SPACE, size, seed=1, model=stand_in)
    threaded = smooth(PART, SPACE, size, seed=1, model=stand_in, threads=3)
    assert np.array_equal(once.posterior.z, threaded.posterior.z)
    path = tmp_path / "evaluations.jsonl"
    smooth(PART, SPACE, size, seed=1, model=stand_in, ledger=Ledger(path))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    calls = []

    def counted(z, seed):
        calls.append(seed)
        return stand_in(z, seed)

    kept = Ledger(path)
    before = len(kept)
    resumed = smooth(PART, SPACE, size, seed=1, model=counted, ledger=kept)
    assert np.array_equal(once.posterior.z, resumed.posterior.z)
    assert 0 < before < 90 and len(calls) == 90 - before
    assert not np.array_equal(once.posterior.z, smooth(PART, SPACE, size, seed=2, model=stand_in).posterior.z)


def test_a_failed_evaluation_keeps_what_was_finished(tmp_path):
    """What was done before an error is in the ledger."""
    ledger = Ledger(tmp_path / "x.jsonl")

    def work(member):
        if member == 3:
            raise KeyboardInterrupt
        return Evaluation(np.array([1.0, np.nan]), np.array([0.1, np.nan]), 5)

    with pytest.raises(KeyboardInterrupt):
        evaluate_all(work, range(6), ledger, "s")
    again = Ledger(tmp_path / "x.jsonl")
    assert len(again) == 3 and np.isnan(again.get("s", 0).values[1])


def test_a_silent_target_moves_nothing():
    """A figure that comes out in few members has no say."""

    def sometimes(z, seed):
        found = stand_in(z, seed)
        values = found.values.copy()
        values[1] = np.nan
        return Evaluation(values, found.errors, 10)

    fit = smooth(PART, SPACE, Size(60, 2, 1_000), seed=1, model=sometimes)
    assert not fit.posterior.speaks[1] and np.isfinite(fit.posterior.z).all()


def test_an_emulator_finds_a_quadratic_and_knows_when_it_knows_nothing():
    """R2 of points left out is near one for a quadratic surface, near zero for noise."""
    draw = np.random.default_rng(7)
    z = draw.normal(size=(300, 8))
    surface = 1.0 + z[:, 0] - 0.5 * z[:, 1] ** 2 + 0.7 * z[:, 0] * z[:, 2]
    made = emulate(z, np.column_stack([surface, draw.normal(size=300)]))
    assert made.r2[0] > 0.98 and made.r2[1] < 0.1
    new = draw.normal(size=(50, 8))
    assert np.allclose(made(new)[:, 0], 1.0 + new[:, 0] - 0.5 * new[:, 1] ** 2 + 0.7 * new[:, 0] * new[:, 2], atol=0.15)


def test_simulation_based_calibration_is_uniform_on_a_linear_model():
    """Ranks of the truths among the draws are uniform, in place and in spread."""

    def model(z):
        return PART.y + np.atleast_2d(z) @ SENSITIVITY.T

    ranks = simulated_ranks(model, PART, SPACE, truths=150, members=120, steps=2, seed=3)
    informed = np.flatnonzero(np.abs(SENSITIVITY[:, : len(SPACE.free)]).sum(axis=0))
    assert stats.kstest(ranks[:, informed].ravel(), "uniform").pvalue > 0.001
    assert abs(ranks.std() - np.sqrt(1 / 12)) < 0.01
