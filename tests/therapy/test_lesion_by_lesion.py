"""Assures that margin and vessel are drawn per lesion as their files say, and that control is the file's curve on average."""

import math

import numpy as np
import pytest

from paget.biology.layout import LIVER
from paget.life.frames import treated_frame
from paget.life.simulate import LifePlan, replay, simulate
from paget.parameters import ParameterSet
from paget.therapy import library
from paget.therapy.correlation import marginal
from paget.therapy.curves import Margins
from paget.therapy.layout import MARGIN_POINTS
from paget.therapy.library import shifted
from paget.therapy.local import control_of_lesion, draw_margin, with_luck
from paget.therapy.local_form import LocalTreatment
from paget.therapy.modifiers import Modifier, combinations

SHELF = library()
ABLATIONS = ("rfa", "mwa", "srfa")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
GUESS = {"basis": "assumed", "reason": "a test"}


def average(row, modifiers, diameter_cm):
    """Control that the kernel gives at a diameter, averaged over margins, modifiers and the luck of patients."""
    spots = (np.arange(40 * MARGIN_POINTS) + 0.5) / (40 * MARGIN_POINTS) if row["margins"] else [0.5]
    total = 0.0
    for present, share, _ in combinations(modifiers):
        touched = sum(1 << k for k, here in enumerate(present) if here)
        for u in spots:
            margin = draw_margin(row, diameter_cm, u) if row["margins"] else math.nan
            middle = control_of_lesion(row, diameter_cm, margin, touched)
            lucky = sum(w * with_luck(middle, row["patient_sd"] * z) for z, w in zip(NODES, WEIGHTS, strict=True))
            total += share / len(spots) * lucky
    return total


def record_of(name, parameters=None):
    return SHELF.local_records(parameters)[SHELF.local_index(name)]


@pytest.mark.parametrize("name", ABLATIONS)
def test_control_averaged_over_what_is_drawn_is_the_curve(name):
    """At diameters on and between the points of the record."""
    local, row = SHELF.therapies[name].local, record_of(name)
    for cm in (0.5, 1.3, 2.2, 3.0, 4.6):
        assert average(row, local.modifiers, cm) == pytest.approx(float(local.control_at([cm])[0]), abs=0.004), cm


@pytest.mark.parametrize("name", ("rfa", "srfa"))
def test_a_shift_of_control_moves_the_average_as_it_moves_a_curve(name):
    """What a posterior says of control means the same, whether lesions are drawn one by one or not."""
    by = 0.7
    row = record_of(name, ParameterSet.point().with_values({"local_control_logit": by}))
    plain = record_of(name)
    local = SHELF.therapies[name].local
    for k in (2, 5):
        cm = float(plain["grid_cm"][k])
        middle = float(shifted(plain["control"], by)[k])
        moved = marginal(math.log(middle / (1 - middle)), float(plain["patient_sd"]))
        assert average(row, local.modifiers, cm) == pytest.approx(moved, abs=0.004)
        assert moved > float(local.control_at([cm])[0]) + 0.01


def test_margins_follow_the_needles():
    """Quantiles of drawn margins are those of the placement, between the diameters of the record too."""
    row, local = record_of("srfa"), SHELF.therapies["srfa"].local
    assert isinstance(local.control, Margins)
    needles = local.control.placement.needles()
    for cm in (1.0, 2.6, 5.0):
        for share in (0.05, 0.3, 0.5, 0.9):
            assert draw_margin(row, cm, share) == pytest.approx(needles.quantile_mm(cm, share), abs=0.12)
    assert draw_margin(row, 3.0, 1e-9) >= row["margin_mm"].min() and draw_margin(row, 3.0, 1 - 1e-9) <= needles.room_mm(3.0)


def test_a_margin_or_a_vessel_does_what_the_file_says():
    """One millimetre more, and a vessel, multiply the hazard of failure by the file's ratios; an avoided vessel by nothing."""
    def hazard(row, margin, touched):
        row = row.copy()
        row["patient_sd"] = 0.0  # the median patient is then the average one
        row["median_logit"] = np.linspace(-12, 12, len(row["median_logit"]))
        return -math.log(control_of_lesion(row, 2.5, margin, touched))

    srfa, rfa, mwa = (record_of(name) for name in ("srfa", "rfa", "mwa"))
    assert hazard(srfa, 3.0, 0) / hazard(srfa, 2.0, 0) == pytest.approx(0.47, rel=1e-6)
    assert hazard(rfa, math.nan, 1) / hazard(rfa, math.nan, 0) == pytest.approx(2.2, rel=1e-6)
    assert hazard(rfa, math.nan, 3) / hazard(rfa, math.nan, 1) == pytest.approx(14.6, rel=1e-6)
    assert hazard(mwa, math.nan, 1) == hazard(mwa, math.nan, 0)


def test_margins_and_modifiers_of_one_file_average_to_its_curve():
    """A file of one's own may have both."""
    vessel = Modifier.model_validate(
        {"name": "vessel", "what": "x", "of": "lesion", "share": {"value": 0.3, **GUESS}, "hazard_ratio": {"value": 3.0, **GUESS}}
    )
    local = SHELF.therapies["srfa"].local
    both = LocalTreatment.model_validate({**local.model_dump(by_alias=True), "modifiers": (vessel,)})
    row = both.record()[0]
    for cm in (1.0, 3.5):
        assert average(row, both.modifiers, cm) == pytest.approx(float(local.control_at([cm])[0]), abs=0.004)


@pytest.fixture(scope="module")
def in_the_liver(point):
    out = simulate(LifePlan("2012", horizon_days=1.0), np.arange(60_000), 0, point, seed=5)
    return out["patient_id"][(out["eligible_disease"] == 1) & (out["site"][:, LIVER] == 1)][:450]


def treated(name, ids, point, *, drawn=True):
    arm = {"local": (SHELF.local_index(name), -1, -1), "local_delay_median": (1.0, 1, 1), "local_delay_sd_log": (0.0, 0, 0), "untreated": 1}
    plan = LifePlan("2012", arms=(arm,), horizon_days=30.0)
    detail = replay(plan, ids, 0, point, seed=5)
    rows, frame = detail.treated, treated_frame(detail, plan)
    kept = rows["touched"] >= 0 if drawn else np.ones(len(rows), bool)
    return rows[kept], frame.filter(kept)


def test_in_lives_vessels_and_margins_are_as_frequent_as_the_file_says(point, in_the_liver):
    """Shares come out; a vessel belongs to the lesion and is there whatever treats it; failures are of touched lesions."""
    rows, frame = treated("rfa", in_the_liver, point)
    assert len(rows) > 350
    for column, share in (("vessel", 0.179), ("thin_margin", 0.55)):
        assert abs(frame[column].mean() - share) < 4 * math.sqrt(share * (1 - share) / len(rows))
    other, other_frame = treated("mwa", in_the_liver, point)
    np.testing.assert_array_equal(rows["lesion"], other["lesion"])
    assert frame["vessel"].equals(other_frame["vessel"]) and frame["margin_mm"].null_count() == len(rows)
    failed = rows["eradicated"] == 0
    assert failed[frame["thin_margin"].to_numpy()].mean() > failed[~frame["thin_margin"].to_numpy()].mean() + 0.1


def test_in_lives_a_thin_margin_fails(point, in_the_liver):
    """Of stereotactic ablations the margin is known, and its file's relation is what failures follow."""
    rows, frame = treated("srfa", in_the_liver, point)
    assert frame["margin_mm"].null_count() == 0 and frame["vessel"].null_count() == frame.height
    thin = rows["margin_mm"] < np.median(rows["margin_mm"])
    assert (rows["eradicated"][thin] == 0).mean() > 2 * (rows["eradicated"][~thin] == 0).mean()
    expected = SHELF.therapies["srfa"].local.control_at(rows["true_cm"])
    assert abs(rows["eradicated"].mean() - expected.mean()) < 6 * math.sqrt(expected.mean() * (1 - expected.mean()) / len(rows))


def test_treatments_without_modifiers_draw_nothing_of_the_kind(point, in_the_liver):
    """Their lesions have no margin and no vessel in the log."""
    rows, frame = treated("sirt", in_the_liver[:60], point, drawn=False)
    assert len(rows) and (rows["touched"] == -1).all() and np.isnan(rows["margin_mm"]).all()
    assert frame["vessel"].null_count() == frame.height
