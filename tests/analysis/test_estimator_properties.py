"""What must hold for any data: bounds, symmetries, and agreements between estimators."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paget.analysis import (
    cox,
    cumulative_incidence,
    gray_test,
    interaction,
    kaplan_meier,
    logrank,
    maxcombo,
    rmst,
    rmst_difference,
)
from paget.errors import PagetError

PATIENT = st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 1), st.integers(0, 2))
TABLE = st.lists(PATIENT, min_size=8, max_size=40)
QUICK = settings(max_examples=60, deadline=None)


def columns(table):
    """Times, events, arms, strata; both arms and one event are made sure of."""
    time, event, arm, stratum = (np.array(c) for c in zip(*table, strict=True))
    arm[:2], event[0], event[1] = [0, 1], True, True
    return time.astype(float), event.astype(bool), arm, stratum


@QUICK
@given(TABLE)
def test_survival_falls_within_its_limits(table):
    """Survival starts at 1, never rises, and lies in [0, 1] and inside its limits of each kind."""
    time, event, _, _ = columns(table)
    for kind in ("log-log", "log", "plain", "logit"):
        curve = kaplan_meier(time, event, ci=kind)
        steps = np.concatenate([[1.0], curve.survival])
        assert (np.diff(steps) <= 1e-15).all() and (steps >= 0).all()
        low, high = curve.band()
        seen = ~np.isnan(low)
        assert (low[seen] <= curve.survival[seen] + 1e-12).all() and (curve.survival[seen] <= high[seen] + 1e-12).all()
        assert curve.events.sum() + curve.censored.sum() == len(time)


@QUICK
@given(TABLE)
def test_without_censoring_survival_is_a_share(table):
    """Without censoring, survival is the share of patients still alive, and its error the binomial one."""
    time, event, _, _ = columns(table)
    curve = kaplan_meier(time, np.ones_like(event))
    share = np.array([(time > t).mean() for t in curve.time])
    assert curve.survival == pytest.approx(share, abs=1e-12)
    inside = share > 0
    error = np.sqrt(share * (1 - share) / len(time))
    assert curve.std_error(curve.time)[inside] == pytest.approx(error[inside], abs=1e-12)
    assert rmst(time, np.ones_like(event), 12.0)[0] == pytest.approx(np.minimum(time, 12.0).mean(), abs=1e-10)


@QUICK
@given(TABLE)
def test_counts_as_weights(table):
    """A weight of two is the same as the patient twice, for survival and for Cox."""
    time, event, _, stratum = columns(table)
    weights = 1 + stratum % 2
    rows = np.repeat(np.arange(len(time)), weights)
    one, two = kaplan_meier(time, event, weights=weights), kaplan_meier(time[rows], event[rows])
    assert one.survival == pytest.approx(two.survival, abs=1e-12)
    assert one.at_risk == pytest.approx(two.at_risk)


@QUICK
@given(TABLE)
def test_log_rank_is_symmetric(table):
    """Swapping arms turns the sign of Z; one stratum is no stratum; observed and expected agree in total."""
    time, event, arm, _ = columns(table)
    one, two = logrank(time, event, arm), logrank(time, event, 1 - arm)
    if not np.isnan(one.z):
        assert two.z == pytest.approx(-one.z, abs=1e-10)
        assert one.statistic == pytest.approx(one.z**2, abs=1e-9)
        single = logrank(time, event, arm, strata=np.zeros(len(time)))
        assert (single.statistic, single.z) == (one.statistic, one.z)
    assert one.observed.sum() == pytest.approx(one.expected.sum())


@QUICK
@given(TABLE, st.floats(0.1, 50))
def test_ranks_only(table, stretch):
    """Log-rank, Cox and MaxCombo see the order of times only: stretching the clock changes nothing."""
    time, event, arm, stratum = columns(table)
    later = np.sqrt(time) * stretch + 1
    one, two = logrank(time, event, arm, strata=stratum), logrank(later, event, arm, strata=stratum)
    assert one.statistic == pytest.approx(two.statistic, nan_ok=True)


@QUICK
@given(TABLE)
def test_score_test_is_the_log_rank_test(table):
    """Without ties, the score test of a 0/1 covariate is the log-rank chi-square, stratified or not."""
    time, event, arm, stratum = columns(table)
    apart = time + np.linspace(0, 0.5, len(time))
    for strata in (None, stratum):
        try:
            fit = cox(apart, event, {"arm": arm}, strata=strata)
        except PagetError:
            continue
        assert fit.score_statistic == pytest.approx(logrank(apart, event, arm, strata=strata).statistic, rel=1e-8)


@QUICK
@given(TABLE)
def test_cox_turns_with_its_coding(table):
    """Swapping the arms turns the log hazard ratio; one stratum or entry at 0 makes no difference."""
    time, event, arm, _ = columns(table)
    time = time + 1
    try:
        one, two = cox(time, event, {"arm": arm}), cox(time, event, {"arm": 1 - arm})
    except PagetError:
        return
    if one.problem:
        assert two.problem
        return
    assert two.coef[0] == pytest.approx(-one.coef[0], abs=1e-9)
    late = cox(time, event, {"arm": arm}, entry=np.zeros(len(time)), strata=np.zeros(len(time)))
    assert (late.coef[0], late.se[0]) == pytest.approx((one.coef[0], one.se[0]), rel=1e-9, abs=1e-12)


@QUICK
@given(TABLE)
def test_restricted_means_are_antisymmetric(table):
    """The difference in restricted means changes its sign, not its error, when the arms are swapped."""
    time, event, arm, _ = columns(table)
    tau = min(time[arm == 0].max(), time[arm == 1].max())
    if tau <= 0:
        return
    one, two = rmst_difference(time, event, arm, tau), rmst_difference(time, event, 1 - arm, tau)
    assert (two.value, two.se) == pytest.approx((-one.value, one.se), abs=1e-12)
    assert (two.ci_low, two.ci_high) == pytest.approx((-one.ci_high, -one.ci_low), abs=1e-12)


@QUICK
@given(TABLE)
def test_incidences_and_survival_sum_to_one(table):
    """The incidences of all causes and the survival free of any add up to 1 at every time."""
    time, event, _, kind = columns(table)
    cause = np.where(event, 1 + kind, 0)
    parts = [cumulative_incidence(time, cause, of=k) for k in (1, 2, 3)]
    free = kaplan_meier(time, event).survival
    assert sum(p.incidence for p in parts) + free == pytest.approx(np.ones(len(free)), abs=1e-12)
    assert parts[0].overall == pytest.approx(free, abs=1e-12)


@QUICK
@given(TABLE)
def test_one_cause_alone_is_kaplan_meier(table):
    """Without competitors the incidence is one minus Kaplan-Meier, with Greenwood's error."""
    time, event, _, _ = columns(table)
    curve, survival = cumulative_incidence(time, event.astype(int)), kaplan_meier(time, event)
    assert curve.incidence == pytest.approx(1 - survival.survival, abs=1e-12)
    alive = survival.survival > 0
    assert curve.std_error[alive] == pytest.approx(survival.std_error(survival.time)[alive], abs=1e-7)


@QUICK
@given(TABLE)
def test_gray_does_not_mind_the_order_of_groups(table):
    """Gray's statistic is the same with the groups renamed."""
    time, event, arm, kind = columns(table)
    cause = np.where(event, 1 + kind % 2, 0)
    if not (cause == 1).any():
        return
    one, two = gray_test(time, cause, arm), gray_test(time, cause, 1 - arm)
    assert one.statistic == pytest.approx(two.statistic, rel=1e-6, abs=1e-9, nan_ok=True)


@QUICK
@given(TABLE)
def test_maxcombo_lies_between_its_bounds(table):
    """MaxCombo's p value is no smaller than its smallest test's and no larger than Bonferroni's."""
    time, event, arm, _ = columns(table)
    try:
        found = maxcombo(time, event, arm)
    except PagetError:
        return
    from paget.analysis._distributions import normal_p

    smallest = normal_p(found.statistic)
    assert smallest - 2e-5 <= found.p_value <= min(4 * smallest, 1) + 2e-5


def test_maxcombo_one_sided():
    """A one-sided MaxCombo in the direction of the effect is smaller than the two-sided, the other near 1."""
    from made_up_trial import survival_data

    time, event, arm, stratum = survival_data(8, 400, rounded=False)
    both = maxcombo(time, event, arm, strata=stratum)
    less, more = (maxcombo(time, event, arm, strata=stratum, alternative=a) for a in ("less", "greater"))
    assert min(less.p_value, more.p_value) < both.p_value < max(less.p_value, more.p_value)


def test_interaction_with_an_empty_level():
    """A subgroup level without events is left out of the interaction, not allowed to break it."""
    from made_up_trial import survival_data

    time, event, arm, stratum = survival_data(9, 300)
    event = event & (stratum != 2)
    assert interaction(time, event, arm, stratum).levels == [0, 1]


def test_infinite_hazard_ratio_is_told():
    """An arm without events gives a fit that says so, with no warning and no false precision."""
    fit = cox([2, 3, 5, 7, 11, 12], [1, 1, 0, 0, 0, 0], {"arm": [1, 1, 0, 0, 0, 1]})
    assert "infinity" in fit.problem
    assert fit.ci()[0, 0] < 1e-3 and fit.ci()[0, 1] > 1e6
