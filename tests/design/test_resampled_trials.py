"""Assures that trials resampled from a population are trials: who is in which, what is seen, looks, and no effect where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from paget.design.boundaries import boundaries, quantile
from paget.design.effect import population_effect
from paget.design.lives import CONTROL, EXPERIMENTAL, STAYED
from paget.design.options import DesignOptions
from paget.design.outcome import Question, events_planned, exceeds, final_cuts, find, look_months
from paget.design.table import row_of
from paget.design.trials import Course, Trials, draw_trials, layout, live, observe, passes, tau_of
from paget.errors import PagetError

ENDPOINTS = ("OS", "PFS", "DPFS", "TTLRP")


@pytest.fixture(scope="module")
def plan(protocol, lives):
    """Two arms, 1:1, everybody may be taken."""
    return layout(protocol, DesignOptions(), lives)


def test_a_smaller_population_is_the_beginning_of_a_larger_one(protocol, point, lives):
    """Also without the cache, and on two threads."""
    from paget.design.lives import prepare

    small = prepare(protocol, point, 1, 60, threads=2, cache=False)
    for life in (CONTROL, EXPERIMENTAL):
        for name, values in small.days[life].items():
            assert np.array_equal(values, lives.days[life][name][:60])
    assert small.candidates.equals(lives.candidates.head(60))
    assert small.examined == 60 and lives.examined == 400  # no induction: who is of the mix is randomised
    assert 60 < small.eligible < small.metastatic < lives.metastatic


def test_nobody_is_twice_in_a_trial_or_a_pass(plan):
    """Six lots of sixty from four hundred, then the population is shuffled anew."""
    trials = draw_trials(plan, range(14), 1)
    assert passes(400, 60, 14) == 3
    for one in trials.row:
        assert len(set(one)) == 60
    for turn in (0, 1):
        mine = trials.row[6 * turn : 6 * turn + 6]
        assert len(np.unique(mine)) == 360
    assert not np.array_equal(trials.row[0], trials.row[6])


def test_a_trial_is_the_same_whatever_is_drawn_with_it(plan):
    """Chunks change nothing; seeds do."""
    whole, part = draw_trials(plan, range(10), 1), draw_trials(plan, range(7, 9), 1)
    for name in ("row", "arm", "entry_months", "drop_out_days", "stratum"):
        assert np.array_equal(getattr(whole, name)[7:9], getattr(part, name))
    assert not np.array_equal(draw_trials(plan, range(2), 2).arm, whole.arm[:2])


def test_arms_are_balanced_within_strata(plan):
    """Permuted blocks of four: at most two apart in each stratum."""
    trials = draw_trials(plan, range(8), 1)
    for arm, stratum in zip(trials.arm, trials.stratum, strict=True):
        for s in np.unique(stratum):
            ones = int(arm[stratum == s].sum())
            assert abs(2 * ones - int((stratum == s).sum())) <= 2
    assert (trials.entry_months[:, 0] == 0).all() and (np.diff(trials.entry_months, axis=1) >= 0).all()


def test_endpoints_equal_those_of_a_run(protocol, point, lives):
    """A trial enrolled and lived by the engine, and the same patients looked up in the population, give the same four endpoints."""
    from paget.engine.endpoints import observed
    from paget.engine.screen import Screening
    from paget.engine.trial import enrol, live_roster
    from paget.population import Population

    screening = Screening(protocol, point, Population(point, 1, protocol.population.source))
    roster = enrol(protocol, screening.draw(120), range(2), 1)
    frame = live_roster(protocol, point, roster, 1)
    shape = (2, 60)
    trials = Trials(
        np.arange(2), np.arange(120).reshape(shape), roster.arm.reshape(shape), roster.calendar_month.reshape(shape),
        (roster.drop_out_day - roster.randomised_day).reshape(shape), np.zeros(shape, np.int64),
    )  # fmt: skip
    assert (lives.candidates["patient_id"].to_numpy()[:120] == roster.patient_id).all()
    course = live(lives, trials)
    cuts = final_cuts(course, protocol)
    expected = observed(frame, protocol)
    for name in ENDPOINTS:
        seen = observe(course, name, cuts, protocol)
        assert seen.included.all()
        np.testing.assert_allclose(seen.months.ravel(), expected[name].months, atol=1e-9)
        assert np.array_equal(seen.event.ravel(), expected[name].cause == 1)
        assert 0 < seen.event.sum() < 120


def test_an_early_cut_sees_less(plan, lives, protocol):
    """Who came later is not in it, and nobody is followed longer."""
    course = live(lives, draw_trials(plan, range(5), 1))
    late, early = (observe(course, "OS", np.full(5, month), protocol) for month in (42.0, 12.0))
    assert (early.included == (course.trials.entry_months <= 12)).all() and late.included.all()
    assert (early.months <= late.months + 1e-12).all()
    assert not (early.event & ~late.event).any()


def test_no_effect_is_exactly_none(plan, lives, protocol):
    """Both arms live the control life: twins' hazard ratio is exactly 1, their gain exactly 0, and arms are mere labels."""
    effect = population_effect(protocol, "OS", plan, lives, 1, null=True)
    assert effect.log_hr == 0.0 and effect.hazard_ratio == 1.0 and effect.log_hr_lifetime == 0.0
    assert (effect.mean_gain_months, effect.share_gaining, effect.share_losing, effect.rmst_difference_months) == (0, 0, 0, 0)
    assert all(ratio == 1.0 for _, _, ratio, _ in effect.by_period)
    trials = draw_trials(plan, range(3), 1)
    course = live(lives, trials, null=True)
    for name, values in course.days.items():
        assert np.array_equal(values, lives.days[CONTROL][name][trials.row] - lives.randomised_day[trials.row])


def test_with_an_effect_each_arm_has_its_own_life(plan, lives):
    """Experimental patients live the experimental life; without crossover the control life differs for some."""
    trials = draw_trials(plan, range(3), 1)
    course = live(lives, trials)
    treated = trials.arm == 1
    assert np.isfinite(course.days["surgery_day"][treated]).mean() > 0.8
    assert not np.isfinite(live(lives, trials, control=STAYED).days["surgery_day"][~treated]).any()
    assert (lives.days[CONTROL]["death_day"] != lives.days[EXPERIMENTAL]["death_day"]).mean() > 0.3


def question(protocol, lives, plan, looks=(1.0,), **options):
    """What a design asks, with three looks where asked."""
    wanted = DesignOptions(looks=looks, **options)
    planned = events_planned(protocol, "OS", plan, lives, 1)
    return Question(protocol, "OS", wanted.plan(), planned, ("logrank", "cox", "rmst", "maxcombo"), tau_of(protocol))


def test_the_statistics_are_those_of_the_library(protocol, lives, plan):
    """Stratified log-rank, Cox, restricted means and MaxCombo of single trials."""
    from paget.analysis import cox, logrank, maxcombo, rmst_difference

    asked = question(protocol, lives, plan)
    found = find(asked, plan, lives, range(12), 1)
    course = live(lives, draw_trials(plan, range(12), 1))
    seen = observe(course, "OS", final_cuts(course, protocol), protocol)
    for k in range(12):
        data = seen.months[k], seen.event[k], course.trials.arm[k]
        stratum = course.trials.stratum[k]
        assert found["z"][k] == pytest.approx(-logrank(*data, strata=stratum).z, abs=1e-9)
        fit = cox(data[0], data[1], {"arm": data[2].astype(float)}, strata=stratum)
        assert found["log_hr"][k] == pytest.approx(float(fit.coef[0]), abs=1e-7)
        assert found["rmst_difference_months"][k] == pytest.approx(rmst_difference(*data, asked.tau_months).value, abs=1e-9)
        if k < 2:  # a second each
            assert found["finds_maxcombo"][k] == (maxcombo(*data, strata=stratum, alternative="less").p_value <= 0.025)
        assert found["finds"][k] == (found["z"][k] >= quantile(0.975))


def test_maxcombo_is_judged_the_same_by_bounds_and_by_integration():
    """Between the bounds the integral decides; at the edges it need not be computed."""
    from scipy.stats import multivariate_normal

    correlation = np.array([[1, 0.9, 0.8], [0.9, 1, 0.6], [0.8, 0.6, 1]])
    law = multivariate_normal(np.zeros(3), correlation)
    for largest in (1.5, 1.97, 2.1, 2.2, 2.3, 2.5, 3.0):
        assert exceeds(largest, correlation, 0.025) == (1 - law.cdf(np.full(3, largest)) <= 0.025)


def test_looks_come_with_their_events_and_stop_trials(protocol, lives, plan):
    """A trial that stops at a look has just its events, ends earlier, and would have crossed; the others go to their data cut."""
    asked = question(protocol, lives, plan, (0.5, 0.75, 1.0), futility="hsd:-2", boundary="pocock", alpha=0.1)
    found = find(asked, plan, lives, range(120), 1)
    need = [-(-asked.planned_events * 2 // 4), -(-asked.planned_events * 3 // 4)]
    for look, events in enumerate(need, start=1):
        stopped = found.filter(found["stopped_at"] == look)
        assert stopped.height and (stopped["events_at_end"] == events).all()
        assert (stopped["duration_months"] < stopped["cut_month"]).all()
        assert (stopped["finds"] ^ stopped["futile"]).all()
    ended = found.filter(found["stopped_at"] == 3)
    assert (ended["events_at_end"] == ended["events"]).all() and (ended["duration_months"] == ended["cut_month"]).all()
    assert not ended["futile"].any()
    course = live(lives, draw_trials(plan, range(120), 1))
    seen = observe(course, "OS", final_cuts(course, protocol), protocol)
    months = look_months(course, seen, need)
    for k in range(20):
        if np.isfinite(months[k, 0]):
            now = observe(course, "OS", np.full(120, months[k, 0]), protocol)
            assert now.event[k].sum() == need[0]


def test_looks_do_not_depend_on_chunks_or_threads(protocol, lives, plan):
    """The same rows whatever is computed together."""
    asked = question(protocol, lives, plan, (0.5, 1.0))
    whole = find(asked, plan, lives, range(40), 1, threads=2)
    parts = [find(asked, plan, lives, range(a, a + 20), 1) for a in (0, 20)]
    assert whole.equals(parts[0].vstack(parts[1]))


def test_the_row_of_a_scenario_has_an_error_beside_every_share(protocol, lives, plan):
    """Shares with sqrt(p (1 - p) / n), means with sd / sqrt(n)."""
    asked = question(protocol, lives, plan)
    real, null = find(asked, plan, lives, range(50), 1), find(asked, plan, lives, range(50), 1, null=True)
    row = row_of(asked, plan, population_effect(protocol, "OS", plan, lives, 1), real, null, passes=9)
    p = float(real["finds"].mean())
    assert row["power"] == p and row["power_mcse"] == pytest.approx((p * (1 - p) / 50) ** 0.5)
    assert row["events_mcse"] == pytest.approx(float(real["events"].std()) / 50**0.5)
    for name in ("type_one_error", "power_rmst", "power_maxcombo", "hazard_ratio", "duration_months"):
        assert name in row and f"{name}_mcse" in row
    assert row["power_formula"] is not None and row["events_formula"] == pytest.approx(row["events"], rel=0.2)


def test_accrual_at_a_rate_lasts_as_long_as_it_must(protocol, lives):
    """Sixty patients at two a month take thirty months; a slow start no longer than that."""
    plan = layout(protocol, DesignOptions(accrual_per_month=2.0), lives)
    assert plan.accrual.months == 30
    assert draw_trials(plan, range(1), 1).entry_months.max() > 20


def test_a_subgroup_is_recruited_at_its_share_of_the_rate(protocol, lives):
    """Rare patients take longer: months are those of everybody over the share of the subgroup."""
    share = lives.subgroup(protocol, "hr-positive").mean()
    plan = layout(protocol, DesignOptions(subgroup="hr-positive", accrual_per_month=2.0), lives)
    assert 0 < share < 1 and plan.accrual.months == pytest.approx(30 / share)


def test_subgroups_are_all_in_the_subgroup(protocol, lives):
    """And too few of them are told."""
    options = DesignOptions(subgroup="hr-positive")
    plan = layout(protocol, options, lives)
    assert lives.subgroup(protocol, "hr-positive")[draw_trials(plan, range(3), 1).row].all()
    with pytest.raises(PagetError, match="prepared population has"):
        layout(protocol, DesignOptions(subgroup="solitary-bone"), replace(lives, candidates=lives.candidates.head(60)))


def test_unequal_arms_keep_their_ratio(protocol, lives):
    """2:1 in blocks of six; the formulas know the share."""
    from paget.design.vary import change

    changed = change(protocol, {"randomisation.ratio": [1, 2], "randomisation.block_size": 6})
    plan = layout(changed, DesignOptions(), lives)
    assert plan.share == pytest.approx(2 / 3)
    assert draw_trials(plan, range(4), 1).arm.mean() == pytest.approx(2 / 3, abs=0.05)


def test_a_course_has_no_time_before_randomisation(lives, plan):
    """Nobody dies before she is randomised."""
    course: Course = live(lives, draw_trials(plan, range(6), 1))
    assert (course.days["death_day"] >= 0).all()


def test_switching_is_compared_with_the_trial_that_nobody_leaves(protocol, lives, plan):
    """Five analyses; the truth differs from itself by nothing."""
    from paget.design.switching import METHODS, compare

    rows = compare(protocol, plan, lives, 1, 12)
    assert [row["method"] for row in rows] == list(METHODS)
    assert rows[-1]["bias_log"] == 0.0
    assert 0 < rows[0]["switched"] < 0.3 and rows[0]["trials"] >= 10


def test_the_search_says_so_where_no_size_has_the_power(protocol, lives):
    """Four hundred patients cannot show a small effect; the note says what they can."""
    from paget.design.search import smallest

    found = smallest(protocol, DesignOptions(), lives, endpoint="OS", power=0.95, trials=30, seed=1, most=300)
    assert found.patients is None and "no trial of up to 300 patients" in found.note
    with pytest.raises(PagetError, match="power must lie between"):
        smallest(protocol, DesignOptions(), lives, endpoint="OS", power=1.0, trials=30, seed=1, most=300)


def test_the_search_finds_a_size_where_there_is_one(protocol, lives):
    """A liberal test of restricted means: the power at the size found is what was asked, within its error."""
    from paget.design.search import smallest

    options = DesignOptions(test="rmst", alpha=0.4)
    found = smallest(protocol, options, lives, endpoint="OS", power=0.75, trials=150, seed=1, most=390)
    assert found.patients is not None and found.screened >= found.patients
    at = next(p for p in found.points if p["patients"] == found.patients)
    assert abs(at["power"] - 0.75) < 4 * at["power_mcse"]
    assert boundaries("pocock", [1.0], 0.4).upper[0] == pytest.approx(quantile(0.6))
