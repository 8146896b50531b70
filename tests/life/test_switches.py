"""Every mechanism can be switched off, moves what it should, and its switch is idle where the mechanism has no strength."""

import numpy as np
import pytest
from lives import NONE, SURGERY, a_plan, bodies, every_liver_lesion, os_days, seeds_of_the_primary

from paget.biology.layout import BREAST, DORMANT, LIVER
from paget.biology.markers import CXCR4
from paget.life.simulate import LifePlan, _live_many, _no_log, _scratch, _shared, replay, simulate
from paget.life.state import EV_WAKE, OUTCOME, TREATED_LESION
from paget.parameters import switch_names
from paget.population.diagnose import diagnose

SEED = 11
PLAN = a_plan(NONE, SURGERY)
STEPS = ("invasion", "intravasation", "circulation", "arrest", "extravasation", "colonisation")


class Setting:
    """Patients, and parameters with a mechanism given strength."""

    def __init__(self, ids, parameters):
        self.ids, self.parameters = ids, parameters

    def outcomes(self, arm, some=400, plan=PLAN):
        return simulate(plan, self.ids[:some], arm, self.parameters, seed=SEED)

    def stores(self, arm, horizon, some=200):
        plan = a_plan(NONE, SURGERY, horizon_days=horizon)
        return bodies(plan, self.ids[:some], arm, self.parameters, SEED)[1]

    def detail(self, arm, some=60):
        return replay(PLAN, self.ids[:some], arm, self.parameters, seed=SEED)

    def population(self, n=3_000):
        return diagnose(0, n, self.parameters, seed=SEED)


def stage_four_share(s):
    return s.population()["metastatic"].mean()


def asleep(s):
    return np.mean([np.sum(store["state"][2:] == DORMANT) for store in s.stores(0, 1e-3)])


def wakings(s):
    events = s.detail(0).events
    return events["detail"][events["event"] == EV_WAKE].sum()


def wakings_after_surgery(s):
    detail = s.detail(1)
    day = dict(zip(detail.outcomes["patient_id"], detail.outcomes["surgery_day"], strict=True))
    wakes = detail.events[detail.events["event"] == EV_WAKE]
    since = wakes["day"] - np.array([day[k] for k in wakes["patient_id"]])
    return wakes["detail"][(since > 0) & (since < 90)].sum()


def weight_of_colonies(s):
    return np.mean([store["mult"][2:].sum() for store in s.stores(0, 700.0)])


def seeded_since_diagnosis(s):
    mine = seeds_of_the_primary(200)
    return sum(int(key) in mine for store in s.stores(0, 700.0) for key in store["key"][store["founded"] > 0])


def in_the_breast_after_surgery(s):
    return sum(np.sum((store["place"][2:] == BREAST) & (store["mult"][2:] > 0)) for store in s.stores(1, 1_000.0))


def local_progressions(s):
    return np.isfinite(s.outcomes(0)["local_progression_day"]).sum()


def gain_from_surgery(s):
    return (os_days(s.outcomes(1), 9_000) - os_days(s.outcomes(0), 9_000)).mean()


def operative_deaths(s):
    return s.outcomes(1)["surgery_death"].sum()


def progressed_in_two_years(s):
    return (s.outcomes(0)["progression_day"] < 730).sum()


def spread_of_founding(s):
    people = s.population(2_000)
    return np.log(people["founding"][people["class_"] == 0]).std()


def deaths_of_other_causes(s):
    return (s.outcomes(0)["death_cause"] == 2).sum()


def error_of_measurement(s):
    seen = s.detail(0, 20).sightings
    seen = seen[seen["measured_cm"] > 0]
    return np.abs(np.log(seen["measured_cm"] / seen["true_cm"])).max()


def relapses_of_the_resistant(s):
    """Share of relapsed patients who progress within a year: larger with what adjuvant therapy has selected."""
    out = simulate(LifePlan("2012", source="relapse"), np.arange(6_000), 0, s.parameters, seed=SEED)
    found = out[out["eligible_disease"] == 1]
    return (found["progression_day"] < 365).mean()


def eradicated(s):
    """Share of liver lesions that a perfect ablation eradicates."""
    shared = list(_shared(LifePlan("2012", arms=({"local": (0, -1, -1), "local_delay_median": (1.0, 0, 0)},)), s.parameters, 0))
    shared[3] = every_liver_lesion()
    ids = np.ascontiguousarray(s.ids[:300], np.int64)
    log = (*_no_log()[:3], np.zeros(5, np.int64), _no_log()[4], np.zeros(4_000, TREATED_LESION))
    none = np.zeros(len(ids), np.int64)
    _live_many(np.uint64(SEED), ids, none, none, *shared, _scratch(), np.zeros(len(ids), OUTCOME), log)
    return log[5][: log[3][4]]["eradicated"].mean()


def liver_lean(s):
    out = simulate(LifePlan("2012", horizon_days=0.0), s.ids, 0, s.parameters, seed=SEED)
    liver, cxcr4 = out["site"][:, LIVER] == 1, out["marker"][:, CXCR4] == 1
    return liver[cxcr4].mean() - liver[~cxcr4].mean()


# switch: (values that give the mechanism strength, what is observed, whether it is more with the mechanism on, exact value when
# off or None, values that take all strength from the mechanism or None where there are none)
CASES = {
    **{step: ({}, stage_four_share, True, 0.0, None) for step in STEPS},
    "dormancy": ({}, asleep, True, 0.0, {"dormant_share": 0.0}),
    "awakening": ({}, wakings, True, 0.0, {"dormant_share": 0.0}),
    "angiogenic_switch": ({}, stage_four_share, True, 0.0, None),
    "metastasis_seeding": ({}, weight_of_colonies, True, None, {"metastasis_seeding_ratio": 0.0}),
    "node_seeding": ({"node_seeding_ratio": 20.0}, weight_of_colonies, True, None, {"node_seeding_ratio": 0.0}),
    "self_seeding": (
        {"self_seeding_ratio": 1.0, "switch_residual": 0.0}, in_the_breast_after_surgery, True, 0.0, {"self_seeding_ratio": 0.0}
    ),
    "source_of_seeds": ({}, seeded_since_diagnosis, True, 0.0, None),
    "immune": (
        {"immune_kill_per_day": 2e-3, "immune_half_volume_cm3": 5.0}, gain_from_surgery, True, None, {"immune_kill_per_day": 0.0}
    ),
    "suppression": (
        {"dormancy_suppression": 0.9}, wakings, False, None, {"dormancy_suppression": 0.0, "angiogenesis_suppression": 0.0}
    ),
    "wound": ({"wound_awakening": 50.0}, wakings_after_surgery, True, None, {"wound_awakening": 0.0, "wound_switch": 0.0}),
    "local_progression": ({}, local_progressions, True, 0.0, None),
    "operative_cost": ({"operative_mortality": 0.3}, operative_deaths, True, 0.0, None),
    "residual": (
        {"switch_self_seeding": 0.0}, in_the_breast_after_surgery, True, 0.0,
        {"residual_free_margin": 0.0, "residual_involved_margin": 0.0},
    ),
    "resistance": ({}, progressed_in_two_years, True, None, {"resistant_logit": -1e4}),
    "frailty": ({}, spread_of_founding, True, None, {"sd_log_founding": 0.0, "sd_log_nodes": 0.0}),
    "background_death": ({}, deaths_of_other_causes, True, 0.0, None),
    "adjuvant_resistance": (
        {"adjuvant_resistance_logit": 8.0}, relapses_of_the_resistant, True, None, {"adjuvant_resistance_logit": 0.0}
    ),
    "dose_with_age": ({"dose_log_per_decade": 2.0}, progressed_in_two_years, True, None, {"dose_log_per_decade": 0.0}),
    "local_treatment": ({}, eradicated, True, 0.0, None),
    "marker_tropism": (
        {"switch_marker_tropism": 1.0}, liver_lean, True, None, {"cxcr4_liver_ratio": 1.0, "ccr7_negative_skin_ratio": 1.0}
    ),
    "measurement_error": ({}, error_of_measurement, True, 0.0, {"measurement_sd_log": 0.0, "ecog_observation_sd": 0.0}),
}  # fmt: skip


def test_every_switch_has_a_case():
    """No switch is left untested."""
    assert set(CASES) == set(switch_names())


@pytest.mark.parametrize("name", CASES)
def test_switching_a_mechanism_off_moves_what_it_should(stage_four, point, name):
    """With the mechanism given strength, switching it off moves its observable the right way (to nothing, where it should)."""
    strength, observe, more, exactly, _ = CASES[name]
    on = Setting(stage_four, point.with_values(strength))
    off = Setting(stage_four, on.parameters.with_switches({name: 0.0}))
    with_it, without = observe(on), observe(off)
    assert (with_it > without) == more and with_it != without, (with_it, without)
    if exactly is not None:
        assert without == pytest.approx(exactly, abs=1e-12)
    elif name == "frailty":
        assert without < 1e-12 + abs(np.log(point["lobular_invasion"]))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[-1] is not None])
def test_a_switch_is_idle_where_its_mechanism_has_no_strength(stage_four, point, name):
    """With the mechanism at zero strength its switch, at 0 or at 3, changes not one bit of any life in either arm."""
    zero = point.with_values(CASES[name][-1])
    ids = stage_four[:150]
    for arm in (0, 1):
        runs = {simulate(PLAN, ids, arm, zero.with_switches({name: value}), seed=SEED).tobytes() for value in (0.0, 1.0, 3.0)}
        assert len(runs) == 1


def test_steps_of_the_cascade_multiply(point):
    """Halving any one step, or the founding rates themselves, is the same to the bit: only their product matters."""
    halves = [point.with_switches({step: 0.5}) for step in STEPS]
    rates = {name: np.array(point[name]) * 0.5 for name in ("founding_rate_per_day", "node_rate_per_day")}
    halves.append(point.with_values({name: value.tolist() for name, value in rates.items()}))
    assert len({diagnose(0, 2_000, p, seed=SEED).tobytes() for p in halves}) == 1
