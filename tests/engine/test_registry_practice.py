"""Assures what a registry makes of its patients: shares come out, nobody is chosen on what is not seen, each bias has its switch."""

import numpy as np
import polars as pl
import pytest
from registry_people import block, made_up

from paget.engine.registry.cohort import BASELINE, follow
from paget.engine.registry.lives import ARMS, pet_parameters, plan_of, planned_days
from paget.engine.registry.practice import COMPONENTS, Biases, practise
from paget.errors import PagetError
from paget.study.registry import load_registry, override_registry


@pytest.fixture(scope="module")
def registry():
    return load_registry("ncdb-like")


def operated_share(made):
    return np.isfinite(made.operation_day).mean()


def test_an_operation_falls_on_the_day_that_its_life_plans(registry, real):
    """Days of a sham are computed outside the life; they are those on which the life would operate."""
    ids = real["patient_id"].to_numpy()
    for way in ARMS:
        plan = plan_of(registry, way, "2005", _point(), null=False)
        done = real[f"{way}_operated_operation"].to_numpy()
        mine = np.isfinite(done)
        assert mine.any()
        np.testing.assert_allclose(done[mine], planned_days(plan, 1, ids, 3)[mine], rtol=1e-12)


def _point():
    from paget.parameters import ParameterSet

    return ParameterSet.point()


def test_a_null_operation_changes_not_one_bit(registry, real):
    """With a sham, death and progression of every life are those without it, to the bit; with surgery some are not."""
    null = block(registry, _point(), null=True)
    for way, arms in ARMS.items():
        for arm in arms[1:]:
            for what in ("death", "progression"):
                without, sham = null[f"{way}_none_{what}"].to_numpy(), null[f"{way}_{arm}_{what}"].to_numpy()
                assert without.tobytes() == sham.tobytes()
                assert without.tobytes() == real[f"{way}_none_{what}"].to_numpy().tobytes()
            assert not np.array_equal(real[f"{way}_none_death"].to_numpy(), real[f"{way}_{arm}_death"].to_numpy(), equal_nan=True)
            sham_day, day = null[f"{way}_{arm}_operation"].to_numpy(), real[f"{way}_{arm}_operation"].to_numpy()
            both = np.isfinite(sham_day) & np.isfinite(day)
            np.testing.assert_allclose(sham_day[both], day[both], rtol=1e-12)


def test_threads_change_nothing(registry, real):
    """The same lives, to the bit, on two threads."""
    assert block(registry, _point(), threads=2).equals(real)


def test_the_shares_of_the_file_come_out(registry):
    """Share operated by period, share first, share found after: solved in expectation, met within sampling error."""
    people = made_up(20_000, registry=registry)
    made = practise(people, registry, 1)
    operated = np.isfinite(made.operation_day)
    period = people["period"].to_numpy()
    for k, one in enumerate(registry.periods):
        assert operated[period == k].mean() == pytest.approx(one.operated, abs=0.015)
    assert (made.way == "found").mean() == pytest.approx(16 / 128, abs=0.01)
    after_staging = operated & (made.way != "found")
    assert (made.way[after_staging] == "first").mean() == pytest.approx(0.5, abs=0.02)
    happens = np.isfinite(made.possible_day)
    expected = np.where(happens, made.probability, 0.0)[made.way != "found"].sum() + (made.way == "found").sum()
    assert expected == pytest.approx(sum(one.operated * (period == k).sum() for k, one in enumerate(registry.periods)), rel=0.01)


def test_nobody_is_chosen_on_what_clinicians_do_not_see(registry, people):
    """Shuffling every day of death leaves every choice as it is: only what is seen, and whether an operation is possible, enters."""
    rng = np.random.default_rng(0)
    hidden = [name for name in people.columns if name.endswith("_death")]
    shuffled = people.with_columns(*(pl.Series(name, rng.permutation(people[name].to_numpy())) for name in hidden))
    before, after = practise(people, registry, 1), practise(shuffled, registry, 1)
    assert np.array_equal(before.chosen, after.chosen) and np.array_equal(before.probability, after.probability)


def test_selection_follows_the_terms(registry, people):
    """With selection on, the operated are younger, fitter, with fewer sites; off, one chance for all whom nothing forbids."""
    made = practise(people, registry, 1)
    free = made.way != "found"
    for name in ("age_years", "n_sites", "ecog"):
        value = people[name].to_numpy()
        assert value[free & made.chosen].mean() < value[free & ~made.chosen].mean()
    even = practise(people, registry, 1, Biases().without("selection", "response-gate", "early-staging"))
    chances = np.unique(np.round(even.probability[even.probability > 0], 12))
    assert len(chances) == 1
    assert (even.way != "found").all()


def test_the_response_gate_can_be_opened(registry, people):
    """With the gate nobody is operated after progression; without it some are."""

    def after_progression(made):
        progressed = people["induction_none_progression"].to_numpy()
        with np.errstate(invalid="ignore"):
            return int(((made.way == "induction") & (progressed < made.decision_day) & made.chosen).sum())

    assert after_progression(practise(people, registry, 1)) == 0
    assert after_progression(practise(people, registry, 1, Biases().without("response-gate"))) > 0


def test_switching_a_bias_off_keeps_the_share_operated(registry, real):
    """Biases change who is operated, not how many."""
    shares = []
    for name in COMPONENTS:
        people = real.filter(pl.col("staging") == "conventional") if name == "stage-migration" else real.filter("drawn")
        shares.append(operated_share(practise(people, registry, 1, Biases().without(name))))
    assert np.ptp(shares) < 0.05


def test_shares_that_cannot_be_had_are_told(registry):
    """More operations than patients who live to have one; more silent metastases than there are."""
    people = made_up(2000, registry=registry).with_columns(alive_at_decision=pl.lit(False))
    greedy = override_registry(registry, {"periods.0.operated": 1.0, "operation.upfront.fraction_of_operated": 0.0})
    with pytest.raises(PagetError, match="so many patients cannot be operated") as caught:
        practise(people, greedy, 1)
    assert "periods[0].operated" in str(caught.value)
    felt = made_up(2000, registry=registry).with_columns(metastases_felt=pl.lit(True))
    with pytest.raises(PagetError, match="metastases without symptoms"):
        practise(felt, registry, 1)
    with pytest.raises(PagetError, match="component of bias"):
        Biases().without("luck")


def test_the_release_holds_what_is_recorded_and_nothing_else(people):
    """No hidden column reaches a researcher; SEER-like has no day of operation; times are in order."""
    for name in ("ncdb-like", "seer-like"):
        registry = load_registry(name)
        cohort = follow(registry, people, 1)
        release = cohort.release()
        expected = {"patient", "year", "operated", "months", "dead", *registry.records.covariates}
        expected |= {"operation_months"} if registry.records.operation_day else set()
        assert set(release.columns) == expected
        assert (release["months"] > 0).all() and release["year"].is_between(registry.first_year, registry.periods[-1].last_year).all()
        if registry.records.operation_day:
            assert (release["operation_months"].drop_nulls() <= release.filter(pl.col("operated") == 1)["months"]).all()
    truth = cohort.truth()
    assert {"death_without_months", "death_with_months", "probability", "chosen", "responded"} <= set(truth.columns)


def test_follow_up_ends_at_the_cut_or_with_loss(people):
    """Loss shortens follow-up, linkage undoes it, and neither touches who was chosen."""
    registry = load_registry("ncdb-like")
    lossless = follow(override_registry(registry, {"follow_up.lost_per_year": 0.0}), people, 1)
    lossy, linked = (
        follow(override_registry(registry, {"follow_up.lost_per_year": 0.3, "follow_up.linked_fraction": share}), people, 1)
        for share in (0.0, 1.0)
    )
    assert (lossy.censor_day <= lossless.censor_day).all() and (lossy.censor_day < lossless.censor_day).mean() > 0.3
    assert np.array_equal(linked.censor_day, lossless.censor_day)
    assert np.array_equal(lossy.practised.chosen, lossless.practised.chosen)


def test_what_changes_is_known_only_from_its_day(people):
    """Progression and response are 0 at diagnosis and appear on their day; baseline confounders are all there."""
    cohort = follow(load_registry("ncdb-like"), people, 1)
    data = cohort.data(BASELINE, changing=True)
    assert set(data.covariates) == set(BASELINE)
    who = np.arange(len(data))
    assert not any(data.varying.at(name, who, np.zeros(len(who))).any() for name in data.varying.values)
    progression = cohort.practised.progression_none / 30.4375
    known = np.isfinite(progression) & (progression < 40)
    late = data.varying.at("progressed", who, np.full(len(who), 40.0))
    assert np.array_equal(late == 1.0, known)


@pytest.fixture(scope="module")
def staged():
    """Natural histories under both stagings: (conventional, PET-CT) patient records of the same numbers."""
    from paget.population.diagnose import diagnose

    registry, point = load_registry("ncdb-like"), _point()
    return tuple(diagnose(0, 20_000, parameters, seed=11) for parameters in (point, pet_parameters(registry, point)))


def test_pet_ct_moves_patients_into_stage_iv_and_nobody_out(staged):
    """The same histories; whoever conventional imaging finds, PET-CT finds too, and some more."""
    conventional, pet = staged
    assert np.array_equal(conventional["primary_cm"], pet["primary_cm"])
    assert not ((conventional["metastatic"] == 1) & (pet["metastatic"] == 0)).any()
    assert (pet["metastatic"] == 1).sum() > 1.05 * (conventional["metastatic"] == 1).sum()


def test_will_rogers(staged):
    """PET-CT lengthens survival in stage IV and in stages I to III without treating anybody: those moved lie between the two."""
    from paget.life.simulate import LifePlan, simulate

    conventional, pet = (records["metastatic"] == 1 for records in staged)
    ids = staged[0]["id"]
    moved, four, rest = ids[pet & ~conventional], ids[conventional], ids[~pet][:1500]
    plan = LifePlan("2005", arms=({"untreated": 1},), source="all", horizon_days=15 * 365.25)

    def months(who):
        lived = simulate(plan, who, 0, _point(), seed=11)
        return np.where(np.isnan(lived["death_day"]), lived["last_day"], lived["death_day"]) / 30.4375

    moved, four, rest = months(moved), months(four), months(rest)
    assert np.concatenate([four, moved]).mean() > four.mean()
    # I to III before: the rest, of whom `rest` is a sample, and those moved, in their true proportion
    share = len(moved) / (len(moved) + (~pet).sum())
    assert rest.mean() > (1 - share) * rest.mean() + share * moved.mean()
    assert four.mean() < moved.mean() < rest.mean()
