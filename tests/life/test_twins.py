"""Counterfactual twins: the same patient with and without an operation differs by what the operation does, nothing else."""

import numpy as np
import pytest
from lives import NONE, SURGERY, a_plan, bodies, children_of, os_days

from paget.biology.layout import BREAST, REGIONAL_NODES
from paget.life.simulate import replay, simulate
from paget.population.diagnose import diagnose
from paget.randomness import PRIMARY_LINEAGE, child
from paget.therapy.surgery import SCAR

SEED = 11
HORIZON = 900.0
# what a colony is: all but its place in the clinic's books
BODY_FIELDS = [
    "key", "clock", "switch", "mult", "x", "rate", "sleep", "wait", "founded", "seeds", "next", "fraction", "nth", "place",
    "state",
]  # fmt: skip


@pytest.fixture(scope="module")
def untreated_twins(point):
    """Stores of untreated patients at 900 days, with and without surgery, none of them overflowing."""
    quiet = {**SURGERY, "untreated": 1, "pause_days": 0}
    plan = a_plan({"untreated": 1}, quiet, horizon_days=HORIZON)
    fewer = {
        "founding_rate_per_day": [rate / 4 for rate in point["founding_rate_per_day"]], "sd_log_founding": 1.2,
        "burst_extra_mean": 0.4, "dormant_share": 0.2, "self_seeding_ratio": 0.2,
    }  # fmt: skip
    p = point.with_values(
        {"lethal_hazard_per_year": 1e-9, "operative_mortality": 0.0, "residual_free_margin": 0.5, **fewer}
    )  # fmt: skip
    people = diagnose(0, 20_000, p, seed=SEED)
    ids = people["id"][people["metastatic"] == 1][:400]
    control, without = bodies(plan, ids, 0, p, SEED)
    operated, after = bodies(plan, ids, 1, p, SEED)
    usable = (control["merged"] == 0) & (operated["merged"] == 0)
    usable &= np.isnan(control["death_day"]) & np.isnan(operated["death_day"])
    assert usable.sum() > 40
    return [(operated[k], without[k], after[k]) for k in np.flatnonzero(usable)]


def of_others(store):
    """Colonies outside breast and regional nodes, by key."""
    alive = store[(store["mult"] > 0) & ~np.isin(store["place"], [BREAST, REGIONAL_NODES])]
    return {int(row["key"]): row for row in alive}


def can_found(parent):
    """Keys of all colonies that a parent's first events can have left."""
    out = np.zeros(60 * 61 * 8, np.uint64)
    return set(out[: children_of(np.uint64(parent), 60, out)].tolist())


def test_resection_leaves_every_lesion_of_another_parent_as_it_was(untreated_twins):
    """Two years after surgery every colony is there, bit for bit, but those the removed disease would have founded since."""
    scar = int(child(PRIMARY_LINEAGE, 0, SCAR))
    shared, missing = 0, 0
    for outcome, without, after in untreated_twins:
        control, operated = of_others(without), of_others(after)
        # whatever is only in the control comes from primary or nodes after the operation, or from such a colony
        nodes = int(without["key"][1])
        from_removed = can_found(PRIMARY_LINEAGE) | can_found(nodes)
        for key in sorted(set(control) - set(operated), key=lambda key: control[key]["founded"]):
            assert control[key]["founded"] > outcome["surgery_day"]
            assert key in from_removed
            from_removed |= can_found(key)
            missing += 1
        # whatever is only in the operated comes from what grew in the opened bed
        beds = [int(key) for key in after["key"][after["place"] == BREAST]]
        from_bed = set().union(can_found(scar), *(can_found(key) for key in beds))
        for key in sorted(set(operated) - set(control), key=lambda key: operated[key]["founded"]):
            assert key in from_bed
            from_bed |= can_found(key)
        for key in set(control) & set(operated):
            assert all(np.array_equal(control[key][field], operated[key][field]) for field in BODY_FIELDS)
            shared += 1
    assert shared > 100
    assert missing > 5


def test_twins_are_one_until_the_operation(stage_four, point):
    """Up to the day of surgery assessments, sightings and events of both twins are the same, drugs and all."""
    plan = a_plan(NONE, {**SURGERY, "delay_median": 300})
    ids = stage_four[:60]
    control, operated = (replay(plan, ids, arm, point, seed=SEED) for arm in (0, 1))
    compared = 0
    for row in operated.outcomes:
        if np.isnan(row["surgery_day"]):
            continue
        for name in ("assessments", "sightings", "events"):
            one, other = getattr(control, name), getattr(operated, name)
            one = one[(one["patient_id"] == row["patient_id"]) & (one["day"] < row["surgery_day"])]
            other = other[(other["patient_id"] == row["patient_id"]) & (other["day"] < row["surgery_day"])]
            if name == "events":  # the arm's number is told at randomisation
                one, other = (rows[rows["event"] != 1] for rows in (one, other))
            assert one.tobytes() == other.tobytes()
            compared += len(one)
    assert compared > 300
    never = np.isnan(operated.outcomes["surgery_day"])
    same = control.outcomes[never]
    assert same.tobytes() == operated.outcomes[never].tobytes()


IRRELEVANT = {
    "switch_source_of_seeds": 0.0,  # (1) no seeds after diagnosis
    "switch_immune": 0.0,  # (2)
    "switch_suppression": 0.0,  # (3)
    "switch_wound": 0.0,
    "switch_local_progression": 0.0,  # (4) neither kills nor counts
    "switch_operative_cost": 0.0,  # (5)
    "switch_residual": 0.0,
    "switch_self_seeding": 0.0,  # an opened bed would let cells settle that a standing primary swallows
    "node_rate_per_day": 0.0,  # nodes are taken out too: they kill and seed a little
}


def test_removing_an_irrelevant_primary_changes_no_death_by_one_bit(stage_four, point):
    """With all five effects, residual disease, self-seeding and nodes off, surgery leaves deaths, lines and progression alone.

    Days and causes of death are bit-identical for every patient: the hazard ratio is exactly 1.
    """
    p = point.with_values({**IRRELEVANT, "immune_kill_per_day": 6e-4, "dormancy_suppression": 0.7, "wound_awakening": 8.0})
    plan = a_plan(NONE, SURGERY)
    control, operated = (simulate(plan, stage_four, arm, p, seed=SEED) for arm in (0, 1))
    had = np.isfinite(operated["surgery_day"])
    assert had.mean() > 0.7
    for name in ("death_day", "death_cause", "distant_progression_day", "progression_day", "n_lines", "merged", "best_response"):
        assert control[name].tobytes() == operated[name].tobytes(), name


@pytest.mark.parametrize(
    ("relevant", "better"),
    [
        ({"switch_source_of_seeds": 1.0, "metastasis_seeding_ratio": 0.0}, True),
        ({"switch_immune": 1.0, "immune_kill_per_day": 2e-3, "immune_half_volume_cm3": 5.0}, True),
        ({"switch_suppression": 1.0, "dormancy_suppression": 0.95, "angiogenesis_suppression": 0.9}, False),
        ({"switch_wound": 1.0, "wound_awakening": 300.0, "wound_switch": 300.0, "wound_days": 200.0}, False),
        ({"switch_local_progression": 1.0}, True),
        ({"switch_operative_cost": 1.0, "operative_mortality": 0.3}, False),
    ],
    ids=["source of seeds", "immune", "suppression", "wound", "local progression", "operative cost"],
)
def test_each_effect_of_the_primary_alone_moves_survival_its_way(stage_four, point, relevant, better):
    """Switched on alone, each of the five effects changes deaths, and in the direction the mechanism says."""
    p = point.with_values({**IRRELEVANT, **relevant})
    plan = a_plan(NONE, SURGERY)
    control, operated = (os_days(simulate(plan, stage_four, arm, p, seed=SEED), 9_000) for arm in (0, 1))
    assert np.any(control != operated)
    gain = (operated - control).mean()
    assert (gain > 0) == better, gain
