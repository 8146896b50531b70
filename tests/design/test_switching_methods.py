"""Assures that RPSFT and IPCW find a known truth under switching, where the analysis by intention to treat does not."""

import math

import numpy as np
import pytest

from paget.design.ipcw import ipcw
from paget.design.rpsft import Switched, rpsft
from paget.errors import PagetError


def structural_trials(psi, trials=40, n=600, seed=3):
    """Trials in which time on treatment counts exp(psi) times; control patients switch, the frail sooner."""
    rng = np.random.default_rng(seed)
    size = trials * n
    frail = rng.normal(0, 0.7, size)
    u = rng.exponential(20 * np.exp(-frail))
    arm = np.tile([0, 1], size // 2)
    switch = np.where(rng.random(size) < 0.5, rng.exponential(10 * np.exp(-0.7 * frail)), np.inf)
    off = np.where(arm == 1, 0.0, np.minimum(switch, u))
    death = off + (u - off) * math.exp(-psi)
    censoring = rng.uniform(24, 60, size)
    time = np.minimum(death, censoring)
    return Switched(time, death <= censoring, arm, np.minimum(off, time), censoring, np.repeat(np.arange(trials), n))


@pytest.mark.parametrize("psi", [0.0, -0.4])
def test_rpsft_finds_the_factor(psi):
    """Mean over trials within three standard errors; nine tenths of the 95 % intervals hold it; the adjusted ratio goes beyond ITT."""
    trials = structural_trials(psi)
    found = rpsft(trials)
    assert np.isfinite(found.psi).all()
    error = found.psi.std(ddof=1) / math.sqrt(len(found.psi))
    assert abs(found.psi.mean() - psi) < 3 * error + 1e-9
    assert ((found.psi_low <= psi) & (psi <= found.psi_high)).mean() >= 0.85
    assert np.allclose(np.abs(found.log_hr / found.se), np.abs(found.z))
    if psi < 0:
        from paget.analysis.fast import replicate_statistics

        plain = replicate_statistics(trials.time, trials.event, trials.arm, trials.replicate).log_hr
        assert found.log_hr.mean() < plain.mean() - 0.05


def test_recensoring_matters_only_where_times_are_stretched():
    """At psi 0 nothing changes; otherwise no time lies beyond the recensoring limit."""
    trials = structural_trials(-0.4, trials=1)
    time, event = trials.untreated(0.0)
    assert np.allclose(time, trials.time) and (event == trials.event).all()
    for psi in (-0.5, 0.5):
        time, event = trials.untreated(psi)
        limit = np.minimum(trials.censoring, trials.censoring * math.exp(psi))
        assert (time <= limit + 1e-9).all()
        assert event.sum() <= trials.event.sum()


def progression_trial(rng, n=6000):
    """No effect at all; control patients who progress switch at once with probability 0.6, and progression foretells death."""
    arm = np.tile([0, 1], n // 2)
    progression = rng.exponential(12, n)
    base = rng.exponential(40, n)
    death = np.where(base < progression, base, progression + rng.exponential(10, n))
    censoring = rng.uniform(30, 60, n)
    time = np.minimum(death, censoring)
    switch = np.where((arm == 0) & (rng.random(n) < 0.6), progression + rng.uniform(0, 1, n), np.inf)
    return time, death <= censoring, arm, switch, np.where(progression < time, progression, np.inf)


def test_ipcw_finds_no_effect_where_censoring_at_the_switch_does_not():
    """Weights by progression bring the log hazard ratio back to zero; censoring alone makes the control arm look better than it is."""
    from paget.analysis import cox

    weighted, naive = [], []
    for seed in range(4):
        time, event, arm, switch, progression = progression_trial(np.random.default_rng(seed))
        found = ipcw(time, event, arm, switch, {"progression": progression})
        assert found.switches > 500 and found.mean_weight > 0.9
        weighted.append((found.log_hr, found.se))
        left = (arm == 0) & (switch < time)
        naive.append(cox(np.where(left, switch, time), event & ~left, {"arm": arm.astype(float)}).coef[0])
    mean, error = np.mean([w[0] for w in weighted]), np.mean([w[1] for w in weighted]) / 2
    assert abs(mean) < 3 * error
    assert np.mean(naive) > 0.15


def test_without_switches_ipcw_is_the_plain_cox_model():
    """Nothing is weighted."""
    from paget.analysis import cox

    time, event, arm, switch, progression = progression_trial(np.random.default_rng(0), 400)
    found = ipcw(time, event, arm, np.full_like(switch, np.inf), {"progression": progression})
    assert (found.switches, found.largest_weight) == (0, 1.0)
    assert found.log_hr == pytest.approx(float(cox(time, event, {"arm": arm.astype(float)}).coef[0]), abs=1e-12)


def test_mistakes_are_told():
    """A switch after the end, censoring before the time, columns of different lengths."""
    one = np.array([1.0, 2.0])
    yes, arm = np.array([True, True]), np.array([0, 1])
    with pytest.raises(PagetError, match="more time without treatment"):
        Switched(one, yes, arm, np.array([3.0, 0.0]), np.array([5.0, 5.0]), arm)
    with pytest.raises(PagetError, match="censored before"):
        Switched(one, yes, arm, np.zeros(2), np.array([0.5, 5.0]), arm)
    with pytest.raises(PagetError, match="one value per patient"):
        ipcw(one, yes, arm, np.array([np.inf]), {})
