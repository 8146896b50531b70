"""What the clinic of a life does: operations, gates, crossover, visits, drugs; and lives at the edges of what is plausible."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lives import NONE, SURGERY, a_plan, os_days
from scipy import stats

from paget.life.kernel import AT_ONCE, INOPERABLE, PASSED, PROGRESSED
from paget.life.simulate import replay, simulate
from paget.life.state import EV_MAINTENANCE, EV_STOP, EV_SURGERY
from paget.parameters import ParameterSet, declared
from paget.population.diagnose import diagnose
from paget.randomness import CARE, exponential
from paget.therapy import library
from paget.therapy.care import TOXICITY

SEED = 11
GATED = {"gate_days": (112.0, 224.0), "gate_required": "no-progression"}


def test_fatal_operation_kills_within_thirty_days(stage_four, point):
    """With an operative mortality of 1 everybody who is operated dies within 30 days, nobody before the operation by it."""
    p = point.with_values({"operative_mortality": 1.0})
    out = simulate(a_plan(NONE, SURGERY), stage_four[:400], 1, p, seed=SEED)
    operated = np.isfinite(out["surgery_day"])
    assert operated.sum() > 200
    lived = (out["death_day"] - out["surgery_day"])[operated]
    assert np.all((lived > 0) & (lived <= 30))
    by_operation = out["surgery_death"] == 1
    assert np.all(out["death_cause"][by_operation] == 3) and not np.any(by_operation & ~operated)
    assert by_operation[operated].mean() > 0.85  # a few die of something else first


def test_operation_comes_when_the_arm_says(stage_four, point):
    """Days of surgery are lognormal around the median after time zero; the fraction received is that of the arm; ECOG decides."""
    p = point.with_values({"lethal_hazard_per_year": 1e-9, "switch_background_death": 0.0})
    plan = a_plan({**SURGERY, "received": 0.7, "delay_median": 80, "delay_sd_log": 0.5}, horizon_days=1_000.0)
    out = simulate(plan, stage_four, 0, p, seed=SEED)
    day = out["surgery_day"]
    assert np.isfinite(day).mean() == pytest.approx(0.7, abs=4 * math.sqrt(0.21 / len(day)))
    assert stats.kstest(np.log(day[np.isfinite(day)] / 80) / 0.5, "norm").pvalue > 1e-3
    fit = simulate(a_plan({**SURGERY, "max_ecog": -1}, horizon_days=400.0), stage_four[:200], 0, p, seed=SEED)
    assert np.all(np.isnan(fit["surgery_day"]))


def test_inoperable_patients_are_not_operated_and_live_as_controls(stage_four, point):
    """The flag keeps the operation away; such a life equals the control's to the bit."""
    ids = stage_four[:200]
    plan = a_plan(NONE, SURGERY)
    flagged = simulate(plan, ids, 1, point, seed=SEED, flags=INOPERABLE)
    assert flagged.tobytes() == simulate(plan, ids, 0, point, seed=SEED).tobytes()


@pytest.mark.parametrize("pause", [0.0, 56.0])
def test_drugs_pause_for_the_operation(stage_four, point, pause):
    """During the pause no drug acts: with a long one tumours of operated patients are larger and more die early."""
    p = point.with_values({"operative_mortality": 0.0})
    lives = [
        os_days(simulate(a_plan({**SURGERY, "pause_days": days}), stage_four, 0, p, seed=SEED), 3_000) for days in (0.0, pause)
    ]
    change = (lives[1] - lives[0]).mean()
    assert change == 0 if pause == 0 else change < -1.0


def test_crossover_operates_controls(stage_four, point):
    """With a crossover fraction of 1 every control who lives to her day is operated; on local progression who has it."""
    for on in (1, 2):
        plan = a_plan({"crossover": 1.0, "crossover_on": on, "crossover_delay": 30.0}, SURGERY)
        out = simulate(plan, stage_four[:400], 0, point, seed=SEED)
        operated = np.isfinite(out["surgery_day"])
        assert np.all(out["crossover"][operated] == 1) and operated.sum() > 20
        if on == 1:
            assert np.all(out["local_progression_day"][operated] + 30 == pytest.approx(out["surgery_day"][operated], abs=1e-3))
            later = np.nan_to_num(out["death_day"], nan=math.inf) > out["local_progression_day"] + 31
            assert np.all(operated[later & np.isfinite(out["local_progression_day"])])
        else:
            np.testing.assert_allclose(out["surgery_day"][operated], 30.0, atol=1e-3)
            assert np.all(operated[os_days(out) > 31])
    never = a_plan({"crossover": 0.0, "crossover_on": 2, "crossover_delay": 30.0}, SURGERY)
    assert np.all(np.isnan(simulate(never, stage_four[:200], 0, point, seed=SEED)["surgery_day"]))


def test_each_arm_crosses_over_on_its_own_day(stage_four, point):
    """Two arms with crossover at different delays keep each their own."""
    arms = [{"crossover": 1.0, "crossover_on": 2, "crossover_delay": days} for days in (40.0, 200.0)]
    for which, days in enumerate((40.0, 200.0)):
        out = simulate(a_plan(*arms), stage_four[:100], which, point, seed=SEED)
        operated = np.isfinite(out["surgery_day"])
        assert operated.sum() > 30
        np.testing.assert_allclose(out["surgery_day"][operated], days, atol=1e-3)


def test_nobody_is_randomised_who_progressed_in_induction(stage_four, point):
    """Who passes the gate has not progressed before it; who has is not randomised and gets no arm's operation."""
    out = simulate(a_plan(SURGERY, **GATED), stage_four, 0, point, seed=SEED)
    passed = out["gate"] == PASSED
    randomised = np.isfinite(out["randomised_day"])
    np.testing.assert_array_equal(passed, randomised)
    assert np.all((out["randomised_day"][passed] >= 112) & (out["randomised_day"][passed] <= 224 + 1e-3))
    assert not np.any(out["first_progression_day"][passed] <= out["randomised_day"][passed])
    failed = out["gate"] == PROGRESSED
    assert failed.sum() > 50
    assert np.all(np.isfinite(out["first_progression_day"][failed]))
    assert np.all(np.isnan(out["surgery_day"][~passed]))
    assert np.all(out["surgery_day"][passed & np.isfinite(out["surgery_day"])] > 112)
    for stop in (1, 2):
        short = simulate(a_plan(SURGERY, **GATED), stage_four, 0, point, seed=SEED, stop_at_gate=stop)
        np.testing.assert_array_equal(short["gate"], out["gate"])
        assert short["randomised_day"].tobytes() == out["randomised_day"].tobytes()
    assert short[passed].tobytes() == out[passed].tobytes()


def test_response_may_be_required(stage_four, point):
    """Asking for a response lets fewer pass than asking for no progression, and those are among them."""
    passes = {}
    for required in ("nothing", "no-progression", "response"):
        plan = a_plan(gate_days=(112.0, 224.0), gate_required=required)
        passes[required] = simulate(plan, stage_four, 0, point, seed=SEED, stop_at_gate=1)["gate"] == PASSED
    assert passes["response"].sum() < passes["no-progression"].sum() < passes["nothing"].sum()
    assert np.all(passes["no-progression"][passes["response"]]) and np.all(passes["nothing"][passes["no-progression"]])


def test_who_skips_the_gate_is_randomised_at_diagnosis(stage_four, point):
    """The flag randomises at diagnosis whatever the gate says."""
    out = simulate(a_plan(NONE, **GATED), stage_four[:100], 0, point, seed=SEED, flags=AT_ONCE)
    assert np.all(out["randomised_day"] == 0) and np.all(out["gate"] == PASSED)


def test_progression_is_recorded_at_visits_only(stage_four, point):
    """Every recorded progression falls on a day of the schedule, which changes interval when the plan says."""
    plan = a_plan(visits=((56.0, 200.0), (84.0, math.inf)))
    out = simulate(plan, stage_four, 0, point, seed=SEED)
    schedule = np.concatenate([[56, 112, 168], 224 + 84 * np.arange(0, 200)])
    for name in ("progression_day", "distant_progression_day", "local_progression_day", "last_assessment_day"):
        days = out[name][np.isfinite(out[name])]
        assert len(days) > 100
        assert np.abs(days[:, None] - schedule).min(axis=1).max() < 1e-2, name
        assert np.all(days <= np.nan_to_num(out["death_day"], nan=math.inf)[np.isfinite(out[name])])


def test_visits_censor_progression_by_interval(stage_four, point):
    """Seen without error, rarer visits never see the first progression earlier than the visit that brackets it.

    With visits every four weeks and every twenty, of an untreated course without noise, the second is later by between nothing
    and one interval in nearly all patients.
    """
    p = point.with_switches({"measurement_error": 0.0})
    days = []
    for weeks in (4, 20):
        plan = a_plan({"untreated": 1}, visits=((7.0 * weeks, math.inf),))
        days.append(simulate(plan, stage_four, 0, p, seed=SEED)["progression_day"])
    seen = np.isfinite(days[0]) & np.isfinite(days[1])
    lag = (days[1] - days[0])[seen]
    assert seen.sum() > 200
    assert np.mean((lag >= -1e-2) & (lag <= 140 + 1e-2)) > 0.97
    assert 30 < lag.mean() < 110


def test_true_progression_comes_before_it_is_seen_in_known_lesions(stage_four, point):
    """Untreated, where no new lesion showed, all disease had in most truly grown by 20 % in diameter when it was recorded."""
    p = point.with_switches({"measurement_error": 0.0})
    detail = replay(a_plan({"untreated": 1}), stage_four[:500], 0, p, seed=SEED)
    visits = detail.assessments
    new = {(row["patient_id"], row["day"]) for row in visits[visits["new_lesion"] == 1]}
    out = detail.outcomes[np.isfinite(detail.outcomes["progression_day"])]
    known = [row for row in out if (row["patient_id"], row["progression_day"]) not in new]
    assert len(known) > 50
    assert np.mean([row["true_progression_day"] <= row["progression_day"] + 1e-3 for row in known]) > 0.7


def course_ends(ids):
    """Days on which taxane and trastuzumab of the first line stop, by course (168 days) or toxicity."""
    stops = {name: library().agents[name].costs.toxic_stop_per_year.value / 365.25 for name in ("taxane", "trastuzumab")}
    draws = np.array(
        [[exponential(np.uint64(SEED), int(k), np.uint64(0), CARE, TOXICITY + j) for j in range(2)] for k in ids]
    )
    return np.minimum(168.0, draws[:, 0] / stops["taxane"]), draws[:, 1] / stops["trastuzumab"]


@pytest.mark.parametrize("arm", [NONE, {**SURGERY, "delay_median": 160.0, "delay_sd_log": 0.0, "pause_days": 28.0}])
def test_maintenance_follows_the_end_of_chemotherapy(stage_four, point, arm):
    """Endocrine maintenance begins on the day the taxane stops: not when trastuzumab stops first; and in a pause too."""
    regimen = library().regimen_index("taxane+trastuzumab-then-endocrine")
    p = point.with_values({"untreated_share": 0.0, "first_line_futile_hazard_per_year": 1e9, "lethal_hazard_per_year": 1e-9})
    plan = a_plan({**arm, "first_regimen": regimen}, visits=((1e4, math.inf),), horizon_days=400.0)
    ids = stage_four[:700]
    detail = replay(plan, ids, 0, p, seed=SEED)
    taxane, trastuzumab = course_ends(ids)
    assert np.sum(trastuzumab < taxane) >= 5
    death = os_days(detail.outcomes)
    begun = {row["patient_id"]: row["day"] for row in detail.events[detail.events["event"] == EV_MAINTENANCE]}
    for k, patient in enumerate(ids):
        if death[k] > taxane[k]:
            assert begun[patient] == pytest.approx(taxane[k], abs=1e-3)
    stopped = detail.events[detail.events["event"] == EV_STOP]
    assert len(stopped) > 500


def test_a_sham_operation_is_told_and_does_nothing(stage_four, point):
    """A sham leaves its event in the log, and no operation in the outcome."""
    detail = replay(a_plan({**SURGERY, "procedure": 2}), stage_four[:30], 0, point, seed=SEED)
    assert np.sum(detail.events["event"] == EV_SURGERY) > 10
    assert np.all(np.isnan(detail.outcomes["surgery_day"]))


def test_what_is_not_available_is_not_given(stage_four, point):
    """Without any class of drugs survival is that of the untreated; a class that does not exist is refused."""
    from paget.errors import PagetError

    axes = ("endocrine", "CDK4/6", "HER2", "chemotherapy", "conjugate")
    ids = stage_four[:300]
    bare = os_days(simulate(a_plan(not_available=axes), ids, 0, point, seed=SEED), 9_000)
    untreated = os_days(simulate(a_plan({"untreated": 1}), ids, 0, point, seed=SEED), 9_000)
    treated = os_days(simulate(a_plan(), ids, 0, point, seed=SEED), 9_000)
    np.testing.assert_allclose(bare.mean(), untreated.mean(), rtol=0.03)
    assert treated.mean() > 1.3 * untreated.mean()
    with pytest.raises(PagetError, match="chemotherapy"):
        simulate(a_plan(not_available=("chemotherpy",)), ids, 0, point, seed=SEED)


def edge(parameter, at):
    """Values of a parameter at a low, middle or high edge of its prior."""
    prior, values = parameter.prior, np.array(parameter.values)
    if at == 0 or prior.distribution == "fixed":
        return None
    if prior.distribution == "lognormal":
        values = values * math.exp(2.5 * at * prior.sd_log)
    elif prior.distribution == "normal":
        values = values + 2.5 * at * prior.sd
    elif prior.distribution == "uniform":
        values = np.full_like(values, prior.low if at < 0 else prior.high)
    elif prior.distribution == "beta":
        values = np.full_like(values, stats.beta.ppf(0.005 if at < 0 else 0.995, prior.a, prior.b))
    elif prior.distribution == "logit-normal":
        logit = np.log(values / (1 - values)) + 2.5 * at * prior.sd
        values = 1 / (1 + np.exp(-logit))
    else:
        values = np.zeros_like(values) if at < 0 else np.full_like(values, 2.5 * prior.sd)
    return values.tolist()


NAMES = list(declared())


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([-1, 0, 0, 1]), min_size=len(NAMES), max_size=len(NAMES)), st.integers(0, 2**64 - 1))
def test_plausible_extremes_give_finite_lives(edges, seed):
    """With any parameters at the edges of their priors every life ends, and what it reports is finite and ordered."""
    changes = {name: edge(declared()[name], at) for name, at in zip(NAMES, edges, strict=True)}
    p = ParameterSet.point().with_values({name: value for name, value in changes.items() if value is not None})
    people = diagnose(0, 600, p, seed=seed)
    assert np.all(np.isfinite(people["primary_cm"])) and np.all(people["age_of_tumour"] > 0)
    assert np.all((people["n"] >= 2) & (people["n"] <= 96)) and np.all(people["founding"] >= 0)
    plan = a_plan(NONE, SURGERY, horizon_days=5_000.0, source="all")
    out = simulate(plan, people["id"][:60], np.arange(60) % 2, p, seed=seed)
    for name in ("age_years", "primary_cm", "ctc_mean", "last_day"):
        assert np.all(np.isfinite(out[name])) and np.all(out[name] >= 0), name
    death, last = out["death_day"], out["last_day"]
    assert np.all(np.isnan(death) | ((death > 0) & (death <= 5_000)))
    assert np.all(np.where(np.isnan(death), last >= 5_000 - 1e-6, last == death))
    np.testing.assert_array_equal(np.isnan(death), out["death_cause"] == 0)
    assert not np.any(out["progression_day"] > last)
    assert np.all(np.isin(out["best_response"], range(7)))
