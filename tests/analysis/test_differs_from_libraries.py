"""Where a common library call is wrong or differs from R: R's value, ours and the library's, side by side.

When a test here fails because the library has changed, the discrepancies page in the docs is out of date.
"""

import warnings

import numpy as np
import pytest

from paget.analysis import cox, cumulative_incidence, kaplan_meier, logrank, proportional_hazards, rmst
from paget.analysis._reference import complete, reference


@pytest.fixture
def lifelines():
    """The library, its own warnings (of pandas, of ties) silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("lifelines")


def lung():
    data = reference("lung")
    return data["time"], data["status"] == 2, data["sex"] == 1


def test_tied_competing_risks(lifelines):
    """1. Ties: R and we have 0.0398 at 60 months, lifelines 0.0382 because it jitters them."""
    m = reference("mgus2")
    female = m["sex"] == "F"
    time = np.where(m["pstat"] == 1, m["ptime"], m["futime"])[female]
    cause = np.where(m["pstat"] == 1, 1, 2 * m["death"])[female].astype(int)
    assert cumulative_incidence(time, cause).at(60) == pytest.approx(0.039789622, abs=1e-9)
    theirs = float(lifelines.AalenJohansenFitter(seed=1).fit(time, cause, 1).predict(60))
    assert theirs == pytest.approx(0.0382, abs=5e-4) and abs(theirs - 0.0398) > 1e-3


def test_error_of_restricted_mean(lifelines):
    """2. RMST: its error is 37.9 days in R and here; lifelines gives that of min(T, tau), 567 days."""
    from lifelines.utils import restricted_mean_survival_time

    g = reference("gbsg")
    treated = g["hormon"] == 1
    time, event = g["rfstime"][treated], g["status"][treated]
    assert rmst(time, event, 1825) == pytest.approx((1413.4221, 37.906792), rel=1e-7)
    mean, variance = restricted_mean_survival_time(lifelines.KaplanMeierFitter().fit(time, event), t=1825, return_variance=True)
    assert mean == pytest.approx(1413.4221, rel=1e-7) and np.sqrt(variance) == pytest.approx(567.076, abs=0.01)


def test_proportional_hazards(lifelines):
    """3. PH test: R >= 3.0 and we have 0.478 / 3.085 / 8.017, lifelines the older approximation."""
    import pandas as pd
    from lifelines.statistics import proportional_hazard_test

    part = complete(reference("lung"), ["ph.karno"])
    x = {k: part[k] for k in ("age", "sex", "ph.karno")}
    ours = proportional_hazards(cox(part["time"], part["status"] == 2, x)).statistic
    assert ours == pytest.approx((0.4782, 3.0853, 8.0172), abs=5e-5)
    frame = pd.DataFrame({**x, "t": part["time"], "e": part["status"] == 2})
    fit = lifelines.CoxPHFitter().fit(frame, "t", "e")
    theirs = proportional_hazard_test(fit, frame, time_transform="km").test_statistic
    assert theirs.to_numpy() == pytest.approx((0.010, 2.413, 8.305), abs=5e-4)


def test_kind_of_interval(lifelines):
    """4. KM interval: R's default is log, lifelines' is log-log; both are here, each under its name."""
    time, event, _ = lung()
    by_log = np.ravel(kaplan_meier(time, event, ci="log").at_with_ci(365)[1:])
    by_log_log = np.ravel(kaplan_meier(time, event, ci="log-log").at_with_ci(365)[1:])
    assert by_log == pytest.approx((0.3447, 0.4858), abs=5e-5)
    fit = lifelines.KaplanMeierFitter().fit(time, event)
    theirs = fit.confidence_interval_.loc[:365].iloc[-1].to_numpy()
    assert theirs == pytest.approx(by_log_log, abs=1e-12)
    assert abs(theirs - by_log).min() > 5e-3


def test_weighted_log_rank_with_case_weights(lifelines):
    """5. Fleming-Harrington: lifelines is wrong with case weights and fails on an event at time 0."""
    from lifelines.statistics import logrank_test

    time, event, male = lung()
    kinds = {"weightings": "fleming-harrington", "p": 1, "q": 0}
    plain = logrank_test(time[male], time[~male], event[male], event[~male], **kinds).test_statistic
    assert plain == pytest.approx(logrank(time, event, male, rho=1).statistic) == pytest.approx(12.7141514012)
    weights = np.tile([1, 2, 1], 76)
    rows = np.repeat(np.arange(228), weights)
    assert logrank(time[rows], event[rows], male[rows], rho=1).statistic == pytest.approx(25.015495447)  # R, repeated rows
    weighted = logrank_test(
        time[male], time[~male], event[male], event[~male],
        weights_A=weights[male], weights_B=weights[~male], **kinds,
    ).test_statistic  # fmt: skip
    assert weighted == pytest.approx(24.87827, abs=1e-4)
    at_once, happened = time.copy(), event.copy()
    at_once[0], happened[0] = 0.0, True
    assert logrank(at_once, happened, male, rho=1).statistic == pytest.approx(13.1826142984)  # R
    with pytest.raises(ValueError, match="coerce to Series"):
        logrank_test(at_once[male], at_once[~male], happened[male], happened[~male], **kinds)


def test_robust_error(lifelines):
    """Robust error of sex on lung: R and we have 0.1601742, lifelines 0.1601296."""
    import pandas as pd

    data = reference("lung")
    x = {"age": data["age"], "sex": data["sex"]}
    ours = cox(data["time"], data["status"] == 2, x, robust=True)
    assert ours.robust_se == pytest.approx((0.0095046381, 0.1601741678), rel=1e-8)
    frame = pd.DataFrame({**x, "t": data["time"], "e": data["status"] == 2})
    theirs = lifelines.CoxPHFitter().fit(frame, "t", "e", robust=True, fit_options={"precision": 1e-12})
    assert theirs.params_.to_numpy() == pytest.approx(ours.coef, rel=1e-9)
    assert theirs.standard_errors_["sex"] == pytest.approx(0.1601296, abs=1e-7)
