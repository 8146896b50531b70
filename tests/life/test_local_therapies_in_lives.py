"""Assures that the shipped local therapies do in lives what their files say (input checks, no validation)."""

import dataclasses
import math

import numpy as np
import pytest
from lives import a_plan

from paget.biology.layout import LIVER, PLACES, SKIN
from paget.life.simulate import replay, simulate
from paget.life.state import OUTCOME
from paget.therapy import library
from paget.therapy.complications import harms
from paget.therapy.layout import LOCAL
from paget.therapy.library import Library
from paget.therapy.local import REFUSALS

SEED = 5
AT_DIAGNOSIS = {"local_delay_median": (1.0, 1, 1), "local_delay_sd_log": (0.0, 0, 0), "untreated": 1}


def arm(name, **more):
    return {"local": (library().local_index(name), -1, -1), **AT_DIAGNOSIS, **more}


@pytest.fixture(scope="module")
def seen_in(point):
    """Numbers of patients with visible metastases at diagnosis, by place."""
    out = simulate(a_plan(horizon_days=1.0), np.arange(80_000), 0, point, seed=SEED)
    metastatic = out["eligible_disease"] == 1
    seen = {place: out["patient_id"][metastatic & (out["site"][:, place] == 1)] for place in (LIVER, SKIN)}
    return seen | dict.fromkeys((PLACES.index("breast"), PLACES.index("regional-nodes")), out["patient_id"][metastatic])


def where(name):
    """A place that a treatment treats, of those that women were looked for: liver before skin before breast and nodes."""
    places = {PLACES.index(place) for place in library().locals[name].local.places}
    return next(place for place in (LIVER, SKIN, PLACES.index("breast"), PLACES.index("regional-nodes")) if place in places)


def cases(detail):
    """First-session rows of what was treated."""
    return detail.treated[detail.treated["session"] == 0]


def clustered_error(values, who):
    """Standard error of a mean whose observations come in clusters."""
    sums = np.zeros(who.max() + 1)
    np.add.at(sums, who, values - values.mean())
    return math.sqrt((sums**2).sum()) / len(values)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "place"),
    [("srfa", LIVER), ("rfa", LIVER), ("sirt", LIVER), ("electrochemotherapy", SKIN), ("radiotherapy-hyperthermia", SKIN)],
)
def test_control_by_diameter_over_many_lives_is_the_files_curve(point, seen_in, name, place):
    """Input check: lesions of each class of diameter are eradicated as often as the file says, on average over patients."""
    ids = seen_in[place][:900]
    rows = cases(replay(a_plan(arm(name), horizon_days=30.0), ids, 0, point, seed=SEED))
    local = library().therapies[name].local
    assert set(np.unique(rows["place"])) <= {PLACES.index(p) for p in local.places}
    checked = 0
    for low, high in ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 20.0)):
        here = rows[(rows["true_cm"] >= low) & (rows["true_cm"] < high)]
        if len(here) < 60:
            continue
        expected = local.control_at(here["true_cm"])
        gap = here["eradicated"] - expected
        _, who = np.unique(here["patient_id"], return_inverse=True)
        assert abs(gap.mean()) < 4.0 * clustered_error(here["eradicated"].astype(float), who) + 0.02, (low, high)
        checked += 1
    assert checked >= 1


def test_survivors_in_lives_are_those_of_the_file(point, seen_in):
    """Objective response of treated lesions, worked out from what survived, is the file's."""
    ids = seen_in[SKIN][:500]
    rows = cases(replay(a_plan(arm("electrochemotherapy"), horizon_days=30.0), ids, 0, point, seed=SEED))
    local = library().therapies["electrochemotherapy"].local
    left = rows[rows["eradicated"] == 0]["survivors_log"]
    mean, sd = local.survivors_log()
    draws = np.minimum(mean + sd * np.random.default_rng(0).normal(size=200_000), 0.0)
    assert (left <= 0).all() and len(left) > 100
    for limit in (-6.0, 3 * math.log(0.7), -0.1):
        share = (draws <= limit).mean()
        assert abs((left <= limit).mean() - share) < 4 * math.sqrt(share * (1 - share) / len(left))


def test_lesions_of_one_patient_are_as_alike_as_the_file_says(point, seen_in):
    """Patients with several lesions have all of them eradicated as often as the spread between patients makes it, not as chance would."""
    rows = cases(replay(a_plan(arm("srfa"), horizon_days=30.0), seen_in[LIVER], 0, point, seed=SEED))
    record = library().local_records()[library().local_index("srfa")]
    z, w = np.polynomial.hermite_e.hermegauss(60)
    w /= w.sum()
    expected, by_chance, variance, seen = 0.0, 0.0, 0.0, 0
    for patient in np.unique(rows["patient_id"]):
        mine = rows[rows["patient_id"] == patient]
        if len(mine) < 2:
            continue
        median = np.interp(mine["true_cm"], record["grid_cm"], record["control"])
        p = 1 / (1 + np.exp(-(np.log(median / (1 - median))[:, None] + record["patient_sd"] * z)))
        both = float(w @ p.prod(axis=0))
        expected += both
        variance += both * (1 - both)
        by_chance += float(np.prod(p @ w))
        seen += int(mine["eradicated"].all())
    assert variance > 20
    assert abs(seen - expected) < 4 * math.sqrt(variance)
    assert seen > by_chance + 2 * math.sqrt(variance)


def null_version(name):
    """The shipped library with one treatment that has no curve, no survivors' effect and no cost."""
    shelf = library()
    local = shelf.therapies[name].local
    rate = local.mortality_30_days.model_copy(update={"value": 0.0})
    zero = local.pause_days.model_copy(update={"value": 0.0})
    flat = {"kind": "flat", "control": {"value": 0.0, "basis": "assumed", "reason": "null"}}
    whole = {"value": 1.0, "basis": "assumed", "reason": "null"}
    null = type(local).model_validate(
        local.model_dump(by_alias=True)
        | {
            "control": flat, "lasting": None, "modifiers": (), "dose": None, "mortality_30_days": rate.model_dump(), "wound": False,
            "survivors": {"kind": "given", "median_share": whole, "sd_log": {**whole, "value": 0.0}}, "pause_days": zero.model_dump(),
        }
    )  # fmt: skip
    therapies = {**shelf.therapies, name: shelf.therapies[name].model_copy(update={"local": null})}
    return Library(therapies, shelf.regimens, shelf.standards)


@pytest.mark.parametrize("name", library().locals)
def test_a_null_version_leaves_the_truth_bit_for_bit(point, seen_in, name):
    """With no control, nothing killed and no cost, patients without drugs live the same lives to the bit."""
    plan = a_plan(arm(name), {"untreated": 1}, library=null_version(name))
    ids = seen_in[where(name)][:150]
    treated, plain = (simulate(plan, ids, which, point, seed=SEED) for which in (0, 1))
    assert np.isfinite(treated["local_day"]).any()
    for field in ("death_day", "death_cause", "last_day", "age_years", "n_metastases", "ecog", "merged"):
        np.testing.assert_array_equal(treated[field], plain[field], err_msg=field)
    real = simulate(dataclasses.replace(plan, library=library()), ids, 0, point, seed=SEED)
    assert (real["death_day"] != plain["death_day"]).any()


@pytest.mark.parametrize("name", library().locals)
def test_nobody_is_treated_whom_the_file_forbids(point, seen_in, name):
    """The kernel refuses for the reason that the file's own limits give, and treats nobody whom they forbid.

    A row that stands for several lesions counts as several but is seen once, so a number may be exceeded that sightings do not show.
    """
    ids = seen_in[where(name)][:300]
    detail = replay(a_plan(arm(name), horizon_days=30.0), ids, 0, point, seed=SEED)
    local = library().therapies[name].local
    here = {int(k): [] for k in ids}
    elsewhere = dict.fromkeys(here, False)
    first = {int(k): detail.sightings["day"][detail.sightings["patient_id"] == k].min(initial=math.inf) for k in ids}
    for row in detail.sightings[detail.sightings["day"] < 1.5]:
        k = int(row["patient_id"])
        if row["day"] != first[k]:
            continue
        if PLACES[row["place"]] in local.places:
            here[k].append(float(row["measured_cm"]))
        elif row["place"] < 6:
            elsewhere[k] = True
    agree = counted = 0
    for row in detail.outcomes:
        k = int(row["patient_id"])
        if not here[k] or not (np.isfinite(row["local_day"]) or row["local_refused"]):
            continue
        why = local.refusal(ecog=int(row["ecog_randomised"]), here_cm=here[k], elsewhere=elsewhere[k])
        told = REFUSALS[row["local_refused"]] or None
        assert why == told or told == "number of lesions"
        agree += why == told
        counted += 1
    assert counted > 100 and agree > 0.9 * counted


@pytest.mark.parametrize("name", [name for name, one in library().locals.items() if one.local.complications])
def test_complications_come_out_as_published(name):
    """Over many patients each complication is as frequent as its file says, of what it is counted in; draws do not depend on others."""
    therapy = library().therapies[name]
    n, lesions = 4000, 2
    treated = np.zeros(n * lesions, [("patient_id", int), ("day", float), ("session", int), ("lesion", int)])
    treated["patient_id"] = np.repeat(np.arange(n), lesions)
    treated["lesion"] = np.tile(np.arange(lesions), n)
    found = list(harms(therapy, treated, seed=1))
    for harm in therapy.local.complications:
        mine = [one for one in found if one.name == harm.name]
        of = n * lesions if harm.of == "lesions" else n
        rate = harm.rate.value
        assert abs(len(mine) / of - rate) < 4 * math.sqrt(rate * (1 - rate) / of), harm.name
        assert all((one.lesion is None) == (harm.of != "lesions") and one.grade == harm.grade for one in mine)
    some = treated[treated["patient_id"] % 7 == 0][::-1]
    again = {(one.patient_id, one.name, one.lesion) for one in harms(therapy, some, seed=1)}
    assert again == {(one.patient_id, one.name, one.lesion) for one in found if one.patient_id % 7 == 0}


def test_records_have_the_dtype_that_kernels_read():
    assert library().local_records().dtype == LOCAL
    assert "local_refused" in OUTCOME.names
