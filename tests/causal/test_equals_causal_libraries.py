"""The fast pieces equal statsmodels, the general Cox model, and the same estimators written out the long way."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from longhand import clone_censor_weight as longhand_ccw
from longhand import glm
from longhand import nearest_pairs as longhand_pairs

from paget.analysis import cox, rmst_difference
from paget.analysis.causal import clone_censor_weight, ever_never, iptw, sequential_trials
from paget.analysis.causal._binary import cox_binary
from paget.analysis.causal._design import logistic
from paget.analysis.causal.benchmark import SCENARIOS, generate
from paget.analysis.causal.matching import nearest_pairs


def test_logistic_equals_statsmodels():
    """Slopes, probabilities and errors of one intercept equal GLM; so do those of many intercepts."""
    rng = np.random.default_rng(4)
    n = 800
    x = {"a": rng.normal(3, 10, n), "b": (rng.random(n) < 0.3).astype(float)}
    group = rng.integers(0, 6, n)
    y = (rng.random(n) < 1 / (1 + np.exp(0.4 - 0.08 * x["a"] - x["b"] + 0.2 * group))).astype(float)
    mine = logistic(y, x)
    theirs = sm.GLM(y, np.column_stack([np.ones(n), x["a"], x["b"]]), family=sm.families.Binomial()).fit(tol=1e-14)
    assert np.allclose(mine.probability, theirs.fittedvalues, atol=1e-10)
    assert np.allclose([mine.intercepts[0], *mine.slopes.values()], theirs.params, atol=1e-9)
    assert np.allclose(np.sqrt(np.diag(mine.covariance)), theirs.bse[1:], rtol=1e-6)
    dummies = (group[:, None] == np.arange(6)[None, :]).astype(float)
    mine = logistic(y, x, group=group)
    assert np.allclose(mine.probability, glm(y, np.column_stack([dummies, x["a"], x["b"]])), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.booleans())
def test_fast_cox_equals_the_general_one(seed, strata, late):
    """Coefficient, model-based and clustered errors, with ties, late entry, weights and strata."""
    rng = np.random.default_rng(seed)
    n = 120
    t = np.ceil(rng.exponential(12, n)) + 1
    e, x, w = rng.random(n) < 0.7, rng.random(n) < 0.4, rng.random(n) + 0.2
    start = np.floor(t * rng.random(n) * 0.9) if late else None
    s, c = rng.integers(0, strata, n), rng.integers(0, 60, n)
    slow = cox(t, e, x.astype(float), entry=start, weights=w, strata=s, cluster=c)
    fast = cox_binary(start, t, e, x, w, s, c)
    if slow.problem:
        return
    assert fast.coef == pytest.approx(slow.coef[0], abs=1e-9)
    assert fast.se_model == pytest.approx(slow.se[0], rel=1e-8)
    assert fast.se_robust == pytest.approx(slow.robust_se[0], rel=1e-7)


def test_clone_censor_weight_equals_the_long_way():
    """Hazard ratio and clustered error equal rows made patient by patient, weighted by statsmodels, with and without covariate."""
    data = generate(SCENARIOS["C"], 500, 3)
    for names in ((), ("u",)):
        who, start, stop, event, arm, weight = longhand_ccw(data, 6, names)
        slow = cox(stop, event, arm.astype(float), entry=start, weights=weight, cluster=who)
        fast = clone_censor_weight(data, 6, adjust_for=names)
        assert fast.log_hazard_ratio == pytest.approx(slow.coef[0], abs=1e-7)
        assert fast.se_known_weights == pytest.approx(slow.robust_se[0], rel=1e-6)


def test_the_error_with_estimated_weights_is_that_of_stacked_equations():
    """IPTW: the projection on the scores equals the sandwich of treatment model and outcome model solved as one."""
    data = generate(SCENARIOS["C"], 3000, 6)
    found = iptw(data, adjust_for=["u"])
    u, treated = data.covariates["u"], data.ever_treated
    x = np.column_stack([np.ones(len(u)), u])

    def log_hr(gamma):
        p = 1 / (1 + np.exp(-(x @ gamma)))
        weight = np.where(treated, treated.mean() / p, (1 - treated.mean()) / (1 - p))
        return cox_binary(None, data.months, data.event, treated, weight, np.zeros(len(u), dtype=int), np.arange(len(u)))

    model = sm.GLM(treated.astype(float), x, family=sm.families.Binomial()).fit(tol=1e-14)
    gamma, step = np.asarray(model.params), 1e-4
    slope = np.array([(log_hr(gamma + step * e).coef - log_hr(gamma - step * e).coef) / (2 * step) for e in np.eye(2)])
    scores = (treated - model.fittedvalues)[:, None] * x
    stacked = log_hr(gamma).influence + scores @ np.linalg.inv(scores.T @ scores) @ slope
    assert found.se_log == pytest.approx(float(np.sqrt(stacked @ stacked)), rel=0.03)
    assert found.se_log < 0.93 * found.se_known_weights


def test_sequential_trials_equal_the_long_way():
    """Without covariates: trials made one by one, stratified Cox, clustered by patient."""
    data = generate(SCENARIOS["B"], 400, 8)
    rows = []
    for m in range(1, 13):
        for i in range(len(data)):
            s, t = data.starts[i], data.months[i]
            if t > m and s > m - 1:
                treated = s <= m
                end = t if treated or s >= t else s
                rows.append((i, end - m, data.event[i] and end == t, float(treated), m))
    who, stop, event, arm, trial = (np.array(column) for column in zip(*rows, strict=True))
    slow = cox(stop, event, arm, strata=trial, cluster=who)
    fast = sequential_trials(data)
    assert fast.log_hazard_ratio == pytest.approx(slow.coef[0], abs=1e-9)
    assert fast.se_log == pytest.approx(slow.robust_se[0], rel=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 1.0), st.booleans())
def test_matching_equals_looking_at_everybody(seed, width, coarse):
    """The search with shortcuts finds the pairs of the exhaustive search, ties included."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 1, 60)
    logit = np.round(logit * 4) / 4 if coarse else logit
    treated = rng.random(60) < 0.4
    if treated.all() or not treated.any():
        return
    pairs = [tuple(pair) for pair in nearest_pairs(logit, treated, width).tolist()]
    assert pairs == longhand_pairs(logit, treated, width)


def test_unweighted_restricted_means_are_those_of_the_room():
    """Without weights the difference is that of `rmst_difference`, and the robust error near Greenwood's."""
    data = generate(SCENARIOS["B"], 1500, 2)
    mine = ever_never(data, tau_months=48).rmst_difference
    theirs = rmst_difference(data.months, data.event, data.ever_treated, 48)
    assert mine.value == pytest.approx(theirs.value, abs=1e-9)
    assert mine.se == pytest.approx(theirs.se, rel=2e-3)
