"""Assures the truth beside each row: twins of known effect give it back, in the row's own population, from its own time zero."""

import math

import numpy as np
import polars as pl
import pytest
from registry_people import made_up

from paget.analysis.causal import ANALYSES, rungs_of
from paget.engine.registry.cohort import BASELINE, CHANGING, follow
from paget.engine.registry.decompose import decompose, naive_ratio
from paget.engine.registry.practice import COMPONENTS, Biases
from paget.engine.registry.rows import NEEDS_NO_DAY, WITHOUT_DAY, climb, trial_row
from paget.engine.registry.truth import cut_twins, from_operation_ratio, gain, ratio_of, truth_of
from paget.engine.registry.vary import changes_of, vary
from paget.study.registry import load_registry, override_registry


@pytest.fixture(scope="module")
def registry():
    """Short grace and horizon well after the operation; nobody is lost."""
    return override_registry(
        load_registry("ncdb-like"), {"follow_up.lost_per_year": 0.0, "analyses.landmarks_months": [12.0], "periods.2.pet_ct": 0.0}
    )


@pytest.fixture(scope="module")
def doubled(registry):
    return follow(registry, made_up(3000, factor=2.0, registry=registry), 1)


@pytest.fixture(scope="module")
def untouched(registry):
    return follow(registry, made_up(3000, factor=1.0, registry=registry), 1)


def everybody(cohort):
    return np.ones(cohort.people.height, bool)


def test_twins_of_equal_lives_have_ratio_one_and_no_error(untouched):
    """Where no life differs, the truth is 1 exactly and the gain 0 exactly."""
    twins = cut_twins(untouched, everybody(untouched), 0.0)
    assert ratio_of(twins) == (0.0, 0.0) and from_operation_ratio(twins) == (0.0, 0.0)
    assert gain(twins, 48.0) == (0.0, 0.0)


def test_twins_of_doubled_lives_have_half_the_hazard(doubled):
    """After day 400 the hazard is exactly halved; the ratio of twins counted from there is 1/2."""
    log, se = ratio_of(cut_twins(doubled, everybody(doubled), 400.0))
    assert se < 0.05 and log == pytest.approx(math.log(0.5), abs=4 * se)


def test_those_who_never_come_to_the_operation_do_not_count_once_it_has_begun(registry):
    """Half of the patients die early and progress; the truth of begun against not begun stays that of the others."""
    people = made_up(6000, factor=2.0, registry=registry)
    rng = np.random.default_rng(3)
    ill = rng.random(people.height) < 0.5
    early = rng.uniform(100.0, 700.0, people.height)
    people = people.with_columns(
        *(
            pl.Series(name, np.where(ill, early if name.endswith("_death") else np.nan, people[name].to_numpy()))
            for name in people.columns
            if name.startswith("induction_") and name.endswith(("_death", "_operation"))
        ),
        progressed_before_decision=pl.Series(ill),
    )
    cohort = follow(registry, people, 1)
    possible = np.isfinite(cohort.practised.possible_day)
    assert 0.3 < possible.mean() < 0.9
    log, se = from_operation_ratio(cut_twins(cohort, possible, 0.0))
    healthy = follow(registry, made_up(6000, factor=2.0, registry=registry), 1)
    whole, _ = from_operation_ratio(cut_twins(healthy, everybody(healthy), 0.0))
    assert log == pytest.approx(whole, abs=4 * se) and whole < math.log(0.75)


def test_the_gain_is_the_mean_difference_of_lives(doubled):
    """Restricted means of twins by hand."""
    twins = cut_twins(doubled, everybody(doubled), 0.0)
    none, some = doubled.practised.death_none / 30.4375, doubled.practised.death_operated / 30.4375
    assert gain(twins, 36.0)[0] == pytest.approx((np.minimum(some, 36) - np.minimum(none, 36)).mean(), rel=1e-12)


def test_the_error_of_twins_is_that_of_repetition(registry):
    """The error by pair is the spread of the ratio over other patients."""
    found = [ratio_of(cut_twins(one, everybody(one), 0.0)) for one in
             (follow(registry, made_up(500, factor=1.3, seed=s, registry=registry), 1) for s in range(30))]  # fmt: skip
    spread = np.std([log for log, _ in found], ddof=1)
    assert np.mean([se for _, se in found]) == pytest.approx(spread, rel=0.4)


@pytest.fixture(scope="module")
def ladders(doubled, untouched):
    return {name: climb(cohort, 1)[0] for name, cohort in (("doubled", doubled), ("untouched", untouched))}


def test_every_row_stands_beside_a_truth_of_its_own(ladders):
    """Each analysis of the ladder is there, recorded and with the true confounders, each with a truth and a bias."""
    rows = ladders["doubled"]
    assert [row["view"] for row in rows] == sorted(
        (row["view"] for row in rows), key=("randomised", "not adjusted", "recorded", "true confounders").index
    )
    for view in ("recorded", "true confounders"):
        families = {row["key"] for row in rows if row["view"] == view}
        assert {"ever-never+cox", "matching", "iptw", "time-varying+cox", "landmark-12+cox", "sequential+ipw", "ccw-12+ipcw"} <= families
    for row in rows:
        assert row["hazard_ratio"] is not None, (row["key"], row["problem"])
        assert row["truth"]["hazard_ratio"] < 1.0 and row["truth"]["n"] > 0 and row["truth"]["contrast"]
        assert row["bias_log"] is not None and row["bias_mc_se_log"] > 0
        if row["contrast"] == "conditional":
            assert row["truth"]["conditional_hazard_ratio"] is not None


def test_where_choice_has_nothing_to_do_with_survival_careful_rows_find_the_truth(ladders):
    """Covariates here do not bear on survival: landmark, sequential trials, clone-censor-weight and the trial lie at their truths."""
    for name, rows in ladders.items():
        for row in rows:
            if row["key"].startswith(("landmark", "ccw", "randomised", "iptw-landmark")):
                assert abs(row["bias_log"]) < 4 * row["bias_mc_se_log"], (name, row["view"], row["key"])


def test_a_null_operation_has_truth_one_in_every_row(ladders):
    """Exactly, marginal and at any covariates."""
    for row in ladders["untouched"]:
        assert row["truth"]["hazard_ratio"] == 1.0 and row["truth"]["rmst_difference_months"] in (None, 0.0)
        assert row["truth"]["conditional_hazard_ratio"] in (None, 1.0)


def test_a_registry_without_days_tells_what_it_cannot_answer():
    """SEER-like: rows that need the day say so and what can be made instead; the others are there."""
    registry = override_registry(load_registry("seer-like"), {"analyses.landmarks_months": [6.0]})
    rows, recorded = climb(follow(registry, made_up(1500, registry=registry), 1), 1)
    mine = {row["key"]: row for row in rows if row["view"] == "recorded"}
    for key, row in mine.items():
        if key.split("+")[0] in NEEDS_NO_DAY:
            assert row["hazard_ratio"] is not None, key
        else:
            assert row["hazard_ratio"] is None and row["problem"] == WITHOUT_DAY
    assert {row["key"] for row in rows if row["view"] == "not adjusted"} >= {"ever-never", "landmark-6", "ccw-12"}
    assert len(recorded) == len(rungs_of(adjust_for=("x",), landmark_months=(6.0,), grace_months=12.0))
    assert set(ANALYSES) >= set(NEEDS_NO_DAY)


def test_the_landmark_truth_is_of_those_operated_by_it(doubled):
    """Only twins alive at the landmark whose operation would fall before it; conditional truth at the row's covariates."""
    from paget.analysis.causal import landmark

    data = doubled.data(BASELINE, changing=True)
    row = landmark(data, 12.0, adjust_for=(*BASELINE, *CHANGING))
    truth = truth_of(row, doubled, data)
    day = 12.0 * 30.4375
    with np.errstate(invalid="ignore"):
        possible = doubled.practised.possible_day <= day
    alive = np.fmin(doubled.practised.death_none, doubled.practised.death_operated) > day
    assert truth.n == int((possible & alive & (doubled.censor_day > day)).sum())
    assert truth.conditional_hazard_ratio == pytest.approx(truth.hazard_ratio, rel=0.05)


def test_with_everything_off_ever_never_returns_to_the_truth(registry):
    """Made-up lives in which death before the decision makes immortal time: all biases off, the naive ratio is true within three errors."""
    people = made_up(8000, factor=1.0, registry=registry)
    early = np.random.default_rng(5).exponential(500.0, people.height)
    dead = {
        name: pl.Series(name, np.where(early < people["decision_day"].to_numpy(), early, people[name].to_numpy()))
        for name in people.columns
        if name.endswith("_death")
    }
    gone = early < people["decision_day"].to_numpy()
    days = {
        name: pl.Series(name, np.where(early < people[name].to_numpy(), np.nan, people[name].to_numpy()))
        for name in people.columns
        if name.endswith("_operation")
    }
    people = people.with_columns(*dead.values(), *days.values(), alive_at_decision=pl.Series(~gone))
    parts = decompose(registry, lambda migration: people, 1)
    assert parts.on.hazard_ratio < 0.9
    assert [step.component for step in parts.steps] == list(COMPONENTS)
    assert parts.off.true_hazard_ratio == 1.0
    assert abs(parts.off.bias_log) < 3 * parts.off.mc_se_log
    assert sum(step.step_log for step in parts.steps) == pytest.approx(parts.on.bias_log - parts.off.bias_log, abs=1e-12)
    immortal = parts.steps[-1]
    assert immortal.component == "immortal-time" and immortal.contribution_log < -3 * immortal.contribution_se_log


def test_a_component_that_is_off_already_is_not_taken_apart(registry):
    """Decomposition takes away only what is there."""
    parts = decompose(registry, lambda migration: made_up(2000, registry=registry), 1, base=Biases().without("selection", "early-staging"))
    assert [step.component for step in parts.steps] == ["stage-migration", "response-gate", "immortal-time"]


def test_assumed_inputs_are_varied_without_living_anew(registry):
    """Each term with another value, some shares, and all terms at once; where choice does not bear on survival nothing changes much."""
    people, biases = made_up(3000, factor=1.0, registry=registry), Biases()
    base = naive_ratio(follow(registry, people, 1), biases)
    rows = vary(registry, people, 1, biases, base)
    terms = [term for _, term in registry.operation.terms if term.varied is not None]
    assert len(rows) == len(changes_of(registry)) + 1 > len(terms)
    assert rows[-1]["what"] == "all terms at their other value" and rows[0]["value"] == terms[0].log_odds
    for row in rows:
        assert abs(row["change_log"]) < 5 * row["change_mc_se_log"] + 1e-12, row


def test_the_trial_in_the_same_patients_is_unbiased(doubled):
    """A coin at the decision: the row lies at its twins' truth."""
    row = trial_row(doubled, 1)
    assert abs(row["bias_log"]) < 3 * row["bias_mc_se_log"]
    assert 0.47 < row["treated"] / row["n"] < 0.53
