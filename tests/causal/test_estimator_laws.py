"""What must hold of the estimators on any data: invariances, known truths, bootstrap against the sandwich."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paget.analysis import Survival
from paget.analysis.causal import (
    ANALYSES,
    ObservationalData,
    Varying,
    balance,
    bootstrap,
    clone_censor_weight,
    default_tau,
    ever_never,
    iptw,
    ladder,
    landmark,
    matching,
    negative_control,
    overlap,
    rungs_of,
    sequential_trials,
    target_table,
    time_varying,
    weight_summary,
)
from paget.analysis.causal.benchmark import SCENARIOS, Scenario, generate
from paget.errors import PagetError


@pytest.fixture(scope="module")
def gate():
    """Scenario E: a response gate and frailty."""
    return generate(SCENARIOS["E"], 1200, 7)


def test_ladder_is_in_one_order_and_complete(gate):
    """Every family is there, in the order of `ANALYSES`; keys are distinct and the same as those of the rungs."""
    found = ladder(gate, adjust_for=["u"])
    rungs = rungs_of(adjust_for=["u"])
    assert [one.key for one in found] == [rung.key for rung in rungs]
    assert [one.label for one in found] == [rung.label for rung in rungs]
    families = list(dict.fromkeys(rung.family for rung in rungs))
    assert families == list(ANALYSES)
    assert len({one.key for one in found}) == len(found) == 21
    assert all(one.hazard_ratio is not None and one.ci_low < one.hazard_ratio < one.ci_high for one in found)
    assert all(one.assumptions and one.method and one.n + one.excluded == len(gate) for one in found)
    assert all(one.events + one.events_excluded == gate.n_events for one in found)
    plain = ladder(gate)
    assert [one.key for one in plain] == [one.key for one in found if not one.adjusted_for]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_order_and_names_of_patients_do_not_matter(seed):
    """Patients shuffled and renamed: the same estimates (matching chooses by order where there are ties, here none)."""
    data = generate(SCENARIOS["C"], 300, seed)
    shuffled = data.take(np.random.default_rng(seed).permutation(300))
    shuffled = replace(shuffled, id=np.array([f"p{i}" for i in range(300)]))
    settings_ = {"adjust_for": ["u"], "landmark_months": (6,)}
    for one, two in zip(ladder(data, **settings_), ladder(shuffled, **settings_), strict=True):
        assert one.problem == two.problem
        if one.hazard_ratio is not None and not one.problem:
            assert one.log_hazard_ratio == pytest.approx(two.log_hazard_ratio, abs=1e-7), one.key
            assert one.se_log == pytest.approx(two.se_log, rel=1e-6)


@pytest.mark.parametrize("truth", [0.5, 1.0, 1.8])
def test_a_known_effect_is_found(truth):
    """Immortal time only: analyses that respect the time of treatment give the true ratio within four standard errors."""
    data = generate(Scenario("x", "known effect", 0.0, 0.0, 0.0, truth), 12_000, 3)
    for one in (time_varying(data), sequential_trials(data), landmark(data, 12)):
        assert abs(one.log_hazard_ratio - np.log(truth)) < 4 * one.se_log + (0.05 if one.key == "landmark-12" else 0.0), one.key
    naive = ever_never(data)
    assert naive.log_hazard_ratio < np.log(truth) - 2 * naive.se_log
    ccw = clone_censor_weight(data, 8)
    assert np.sign(round(ccw.log_hazard_ratio, 1)) == np.sign(round(np.log(truth), 1))


def test_excused_patients_follow_both_strategies(gate):
    """With the gate taken into the strategy, progression alone is enough: no confounder need be known."""
    data = generate(SCENARIOS["E"], 20_000, 12)
    gated = clone_censor_weight(data, 8, unless="progression", every_months=0.25)
    crude = clone_censor_weight(data, 8)
    assert abs(gated.log_hazard_ratio) < 3 * gated.se_log
    assert crude.log_hazard_ratio < -1.2 * crude.se_log
    assert gated.diagnostics["excused"] > 0
    assert gated.key == "ccw-8+unless"
    with pytest.raises(PagetError, match="no time-varying covariate named 'respons"):
        clone_censor_weight(gate, 8, unless="response")


def test_weights_balance_what_they_are_made_of(gate):
    """Weighted means agree; the mean weight is near 1; matching leaves pairs within the caliper and nobody twice."""
    found = iptw(gate, adjust_for=["u"], landmark_months=6)
    (row,) = found.diagnostics["balance"]
    assert abs(row["smd_after"]) < 0.03 < abs(row["smd_before"])
    assert found.diagnostics["weights"]["mean"] == pytest.approx(1.0, abs=0.02)
    cut = iptw(gate, adjust_for=["u"], landmark_months=6, truncate=0.05)
    assert cut.diagnostics["weights"]["max"] < found.diagnostics["weights"]["max"]
    pairs = matching(gate, adjust_for=["u"])
    assert pairs.n == 2 * pairs.diagnostics["matched_pairs"] == 2 * pairs.treated
    assert len(np.unique(pairs.patients)) == pairs.n
    assert abs(pairs.diagnostics["balance"][0]["smd_after"]) < 0.05
    ccw = clone_censor_weight(gate, 8, adjust_for=["u"])
    assert abs(ccw.diagnostics["balance"][0]["smd_after"]) < 0.1


def test_nothing_to_adjust_for_changes_nothing():
    """A covariate unrelated to treatment by construction (the same in every pair) leaves IPTW at the crude ratio."""
    base = generate(SCENARIOS["A"], 400, 2)
    twice = base.take(np.concatenate([np.arange(400), np.arange(400)]))
    twice = replace(twice, covariates={"side": np.repeat([0.0, 1.0], 400)})
    assert iptw(twice, adjust_for=["side"]).log_hazard_ratio == pytest.approx(ever_never(twice).log_hazard_ratio, abs=1e-9)


def test_bootstrap_agrees_with_the_sandwich_and_repeats(gate):
    """Spread over resamples near the robust error, the same numbers for the same seed, interval around the estimate."""

    def run(data):
        return time_varying(data)

    one, two = (bootstrap(run, gate, replicates=150, seed=4) for _ in range(2))
    assert (one.ci_low, one.ci_high, one.se_log) == (two.ci_low, two.ci_high, two.se_log)
    assert one.interval == "bootstrap" and one.diagnostics["bootstrap"]["failed"] == 0
    assert one.se_log == pytest.approx(run(gate).se_log, rel=0.25)
    assert one.ci_low < one.hazard_ratio < one.ci_high

    def weighted(data):
        return iptw(data, adjust_for=["u"], landmark_months=6)

    again = bootstrap(weighted, gate, replicates=150)
    assert again.se_log == pytest.approx(weighted(gate).se_log, rel=0.25)
    gain = bootstrap(lambda d: ever_never(d, adjust_for=["u"], tau_months=48), gate, replicates=60).rmst_difference
    assert gain.ci_low < gain.value < gain.ci_high
    with pytest.raises(PagetError, match="at least 20"):
        bootstrap(run, gate, replicates=5)


def test_standardised_restricted_mean_has_its_closed_form():
    """Exponential survival, treatment by lot: the g-formula gives the difference of the two integrals."""
    rng = np.random.default_rng(8)
    n, ratio, rate = 20_000, 0.6, 0.02
    treated, noise = rng.random(n) < 0.5, rng.normal(size=n)
    months = rng.exponential(1.0, n) / (rate * np.where(treated, ratio, 1.0))
    end = np.minimum(months, 90.0)
    data = ObservationalData(np.arange(n), end, months < 90, np.where(treated, 0.0, np.nan), {"noise": noise})
    found = ever_never(data, adjust_for=["noise"], tau_months=60)

    def mean(hazard):
        return (1 - np.exp(-60 * hazard)) / hazard

    assert found.rmst_difference.value == pytest.approx(mean(rate * ratio) - mean(rate), abs=0.9)
    assert found.curves.treated[60] == pytest.approx(np.exp(-60 * rate * ratio), abs=0.015)
    assert np.all(np.diff(found.curves.treated) <= 0) and found.curves.treated[0] == 1.0


def test_negative_control_sees_bias_and_no_bias(gate):
    """An outcome driven by u alone shows what is left of confounding: ever / never is off, time-varying with u is not."""
    data = generate(SCENARIOS["C"], 8000, 5)
    rng = np.random.default_rng(1)
    other = rng.exponential(30, 8000) * np.exp(-0.8 * data.covariates["u"])
    control = Survival(np.minimum(other, data.months), other <= data.months)
    data = replace(data, negative_control=control)
    crude = negative_control(time_varying, data)
    assert crude.ci_high < 1.0 and crude.key == "time-varying~negative-control"
    adjusted = negative_control(lambda d: time_varying(d, adjust_for=["u"]), data)
    assert abs(adjusted.log_hazard_ratio) < 3 * adjusted.se_log
    with pytest.raises(PagetError, match="no negative-control outcome"):
        negative_control(time_varying, gate)


def test_late_entry_counts_from_entry():
    """Left-truncated data of a treatment at random: the true ratio is found, and clone-censor-weight says it cannot."""
    whole = generate(SCENARIOS["A"], 20_000, 6)
    enter = np.random.default_rng(2).uniform(0, 12, len(whole))
    seen = np.flatnonzero(whole.months > enter)
    data = replace(whole.take(seen), entry_months=enter[seen])
    found = time_varying(data)
    assert abs(found.log_hazard_ratio) < 3.5 * found.se_log
    assert abs(landmark(data, 12).log_hazard_ratio) < 3.5 * landmark(data, 12).se_log
    assert sequential_trials(data).hazard_ratio == pytest.approx(1.0, abs=0.15)
    with pytest.raises(PagetError, match="followed from time zero"):
        clone_censor_weight(data)


def test_ties_and_times_of_zero_are_fine():
    """Whole months, deaths at time zero, treatment on the day of death or of diagnosis: every row is finite."""
    data = generate(SCENARIOS["B"], 1500, 9)
    months = np.floor(data.months)
    coarse = replace(data, months=months, treated_months=np.minimum(np.floor(data.treated_months), months), varying=None)
    assert (coarse.months == 0).any() and (coarse.treated_months == 0).any()
    for one in ladder(coarse, adjust_for=["u"]):
        assert one.problem == "" and np.isfinite([one.hazard_ratio, one.ci_low, one.ci_high, one.se_log]).all(), one.key


def test_a_death_on_the_day_of_treatment_is_a_treated_death():
    """Operative mortality is not counted against the untreated."""
    months = np.array([5.0, 5.0, 9.0, 12.0, 12.0, 15.0, 20.0, 22.0])
    died = np.array([1, 0, 1, 1, 0, 1, 0, 1], dtype=bool)
    treated = np.array([5.0, np.nan, 2.0, np.nan, 3.0, np.nan, 1.0, np.nan])
    data = ObservationalData(np.arange(8), months, died, treated)
    sooner = replace(data, treated_months=np.where(np.arange(8) == 0, 4.9, treated))
    assert time_varying(data).hazard_ratio == pytest.approx(time_varying(sooner).hazard_ratio)


def test_varying_covariates_are_looked_up_and_follow_resampling():
    """The last value at or before a time, 0 before the first; repeated patients bring their rows along."""
    varying = Varying(np.array([2, 0, 0]), np.array([5.0, 1.0, 4.0]), {"x": np.array([9.0, 1.0, 2.0])})
    who, when = np.array([0, 0, 0, 1, 2, 2]), np.array([0.5, 1.0, 6.0, 50.0, 4.9, 5.0])
    assert varying.at("x", who, when).tolist() == [0, 1, 2, 0, 0, 9]
    again = varying.take(np.array([2, 0, 0]), 3)
    assert again.at("x", np.array([0, 1, 2, 2]), np.array([6.0, 6.0, 2.0, 0.0])).tolist() == [9, 2, 1, 0]


def test_summaries_of_weights_and_overlap():
    """Kish's effective size, C of the propensity, standardised differences, by hand."""
    treated = np.array([True, True, False, False])
    told = weight_summary(np.array([1.0, 3.0, 2.0, 2.0]), treated)
    assert told["effective_n_treated"] == pytest.approx(1.6) and told["effective_n_untreated"] == pytest.approx(2.0)
    assert sum(told["treated"]) == 2 and told["max"] == 3.0
    seen = overlap(np.array([0.8, 0.4, 0.4, 0.1]), treated)
    assert seen["c_statistic"] == pytest.approx(0.875)
    assert seen["common_range"] == [0.4, 0.4] and seen["share_outside_common_range"] == 0.5
    (row,) = balance({"x": np.array([1.0, 3.0, 0.0, 2.0])}, treated, np.array([1.0, 0.0, 0.0, 1.0]))
    assert row.smd_before == pytest.approx(1 / np.sqrt(2)) and row.smd_after == pytest.approx(-1 / np.sqrt(2))


def test_the_target_table_follows_the_choices(gate):
    """It says when strategies are told from the future, and names window, assumptions, further analyses and what is left open."""
    found = ladder(gate, adjust_for=["u"])
    naive = target_table(gate, found[0], found)
    follow_up = next(row for row in naive.rows if row.element == "Follow-up")
    assert "NOT ALIGNED" in follow_up.emulation
    ccw = found[-1]
    table = target_table(gate, ccw, found)
    text = table.to_markdown()
    assert "NOT ALIGNED" not in text and "surgery within 6 months" in text and "cloned into both" in text
    assert "no unmeasured confounding" in text and "Landmark 9 months" in text
    items = {item.strip() for row in table.rows for item in row.items.split(",")}
    assert {f"{n}{letter}" for n in (6, 7) for letter in "abcdefgh"} <= items
    assert {*items, *table.left_open} >= {"8", "9", "10", "11", "12", "13", "14", "2", "3", "4", "5", *map(str, range(15, 22))}
    assert 12 <= default_tau(gate) <= 84
