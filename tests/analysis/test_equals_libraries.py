"""Independent implementations agree: statsmodels, lifelines, scikit-survival, scipy, where right."""

import math
import warnings

import numpy as np
import pytest
from made_up_trial import survival_data

from paget.analysis import cox, cumulative_incidence, kaplan_meier, logrank
from paget.analysis._distributions import box_probability, chi2_sf, normal_p, z_of_level
from paget.analysis._reference import reference


def test_cox_equals_phreg():
    """Coefficients, errors and likelihood equal statsmodels' PHReg to 1e-9, for both ties, with strata."""
    from statsmodels.duration.hazard_regression import PHReg

    g = reference("gbsg")
    x = {k: g[k] for k in ("hormon", "age", "nodes")}
    for ties in ("efron", "breslow"):
        ours = cox(g["rfstime"], g["status"], x, strata=g["grade"], ties=ties)
        theirs = PHReg(g["rfstime"], np.column_stack(list(x.values())), g["status"], strata=g["grade"], ties=ties).fit()
        # One more Newton step takes their estimate to its limit.
        model, at = theirs.model, theirs.params
        for _ in range(3):
            at = at - np.linalg.solve(model.hessian(at), model.score(at))
        assert ours.coef == pytest.approx(at, rel=1e-9)
        assert ours.se == pytest.approx(np.sqrt(np.diag(np.linalg.inv(-model.hessian(at)))), rel=1e-9)
        assert ours.loglik == pytest.approx(model.loglike(at), rel=1e-12)


def test_cox_equals_lifelines():
    """Coefficients and errors equal lifelines' to 1e-6, where it stops with strata."""
    pd = pytest.importorskip("pandas")
    time, event, arm, stratum = survival_data(3)
    ours = cox(time, event, {"arm": arm}, strata=stratum)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import CoxPHFitter

        frame = pd.DataFrame({"t": time, "e": event, "arm": arm, "s": stratum})
        theirs = CoxPHFitter().fit(frame, "t", "e", strata="s", fit_options={"precision": 1e-12})
    assert ours.coef[0] == pytest.approx(theirs.params_["arm"], rel=1e-6)
    assert ours.se[0] == pytest.approx(theirs.standard_errors_["arm"], rel=1e-6)


def test_stratified_log_rank_equals_statsmodels():
    """Stratified log-rank equals statsmodels' survdiff."""
    from statsmodels.duration.survfunc import survdiff

    time, event, arm, stratum = survival_data(4)
    statistic, p = survdiff(time, event, arm, strata=stratum)
    ours = logrank(time, event, arm, strata=stratum)
    assert (ours.statistic, ours.p_value) == pytest.approx((statistic, p), rel=1e-9)


def test_incidence_equals_scikit_survival():
    """Cumulative incidence and its log-log limits at ties equal scikit-survival's."""
    nonparametric = pytest.importorskip("sksurv.nonparametric")
    m = reference("mgus2")
    time = np.where(m["pstat"] == 1, m["ptime"], m["futime"])
    cause = np.where(m["pstat"] == 1, 1, 2 * m["death"]).astype(int)
    times, theirs = nonparametric.cumulative_incidence_competing_risks(cause, time)
    ours = cumulative_incidence(time, cause)
    assert ours.at(times) == pytest.approx(theirs[1], abs=1e-12)
    assert cumulative_incidence(time, cause, of=2).at(times) == pytest.approx(theirs[2], abs=1e-12)


def test_survival_equals_lifelines():
    """Survival at every time equals lifelines'."""
    time, event, _, _ = survival_data(6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import KaplanMeierFitter

        theirs = KaplanMeierFitter().fit(time, event).survival_function_["KM_estimate"]
    grid = theirs.index.to_numpy()
    assert kaplan_meier(time, event).at(grid) == pytest.approx(theirs.to_numpy(), abs=1e-12)


def test_tails_equal_scipy():
    """Normal and chi-square tails and quantiles equal scipy's."""
    from scipy.stats import chi2, norm

    for x in (0.0, 0.1, 3.3, 30.0, 200.0):
        for df in range(1, 9):
            assert chi2_sf(x, df) == pytest.approx(chi2.sf(x, df), rel=1e-12)
        assert normal_p(x / 6) == pytest.approx(2 * norm.sf(x / 6), rel=1e-12)
    assert z_of_level(0.9) == pytest.approx(norm.ppf(0.95), abs=1e-14)
    assert math.isnan(chi2_sf(math.nan, 1))


def fine_grid(limit, factor):
    """P(all |factor z| <= limit): midpoints along all axes but the last, which is in closed form."""
    from scipy.special import ndtr

    rank = factor.shape[1]
    cells = {1: 0, 2: 40_000, 3: 1_600}[rank]
    axis = (np.arange(cells) + 0.5) / max(cells, 1) * 13.0 - 6.5
    outer = np.stack(np.meshgrid(*[axis] * (rank - 1)), -1).reshape(-1, rank - 1) if rank > 1 else np.zeros((1, 0))
    shift, slope = outer @ factor[:, :-1].T, factor[:, -1]
    ends = np.stack([(-limit - shift) / slope, (limit - shift) / slope])
    low, high = ends.min(axis=0).max(axis=1), ends.max(axis=0).min(axis=1)
    density = np.exp(-0.5 * (outer**2).sum(axis=1)) * (13.0 / max(cells, 1) / np.sqrt(2 * np.pi)) ** (rank - 1)
    return float(density @ np.maximum(ndtr(high) - ndtr(low), 0))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_box_probability_equals_a_fine_grid(rank):
    """The probability of a box under dependent statistics equals a brute-force integral."""
    rng = np.random.default_rng(rank)
    factor = rng.normal(size=(4, rank))
    factor /= np.linalg.norm(factor, axis=1)[:, None]
    for limit in (0.8, 2.0, 3.5):
        want = fine_grid(limit, factor)
        assert box_probability(limit, factor @ factor.T) == pytest.approx(want, abs=2e-5)


def test_box_probability_of_full_rank_is_scipys():
    """Four independent statistics go to scipy, whose integral is right there."""
    exact = math.erf(2.0 / math.sqrt(2.0)) ** 4
    assert box_probability(2.0, np.eye(4)) == pytest.approx(exact, abs=1e-5)


def test_scipy_is_wrong_on_a_singular_correlation():
    """Known difference: scipy's multivariate normal is off by 3e-4 in the tail of a rank-two correlation."""
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(2)
    factor = rng.normal(size=(4, 2))
    factor /= np.linalg.norm(factor, axis=1)[:, None]
    law = multivariate_normal(np.zeros(4), factor @ factor.T, allow_singular=True, abseps=1e-7, maxpts=4_000_000, seed=2)
    theirs = law.cdf(np.full(4, 3.5), lower_limit=np.full(4, -3.5))
    assert fine_grid(3.5, factor) == pytest.approx(0.9987648, abs=1e-6)
    assert theirs == pytest.approx(0.99907, abs=5e-5)


def test_box_probability_of_independent_axes():
    """Independent axes multiply: the tail is right to 1e-9 where scipy's quasi-random integral is not."""
    for axes in (1, 2, 3):
        exact = math.erf(3.0 / math.sqrt(2.0)) ** axes
        assert box_probability(3.0, np.eye(axes)) == pytest.approx(exact, abs=1e-9)
