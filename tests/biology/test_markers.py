"""Assures that markers are as frequent as declared, touch no other draw, and lean organs as declared without moving their average."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paget._jit import jit
from paget.biology.layout import LIVER, N_ORGANS, SKIN
from paget.biology.markers import CCR7, CXCR4, HER2_LOW, MARKERS, N_MARKERS
from paget.biology.patient import PATIENT, draw_ki67, draw_markers, draw_tropism, lean, marker_factor
from paget.life.frames import baseline_frame
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
from paget.study.attributes import ATTRIBUTES

SEED = np.uint64(17)
N = 6000


@jit
def _draw(seed, class_, p, who, marker, ki67, weight):
    for k in range(marker.shape[0]):
        who[0].id = k
        who[0].class_ = class_
        draw_markers(seed, k, class_, p[0], marker[k])
        ki67[k] = draw_ki67(seed, k, class_, p[0])
        draw_tropism(seed, k, p[0], who[0])
        for organ in range(weight.shape[1]):
            weight[k, organ] = who[0].weight[organ]


def drawn(class_, parameters, n=N):
    """Markers, Ki-67 and organ weights of many women of a class."""
    marker, ki67, weight = np.zeros((n, N_MARKERS), np.int64), np.zeros(n), np.zeros((n, N_ORGANS))
    _draw(SEED, class_, parameters.record, np.zeros(1, PATIENT), marker, ki67, weight)
    return marker, ki67, weight


def test_protocols_and_the_model_know_the_same_levels():
    """The words of a protocol are the words of the records."""
    for name, marker in MARKERS.items():
        assert set(ATTRIBUTES[name].levels) == set(marker.levels)
    assert len(MARKERS) == N_MARKERS


@pytest.mark.parametrize("class_", [0, 3, 4])
def test_markers_are_as_frequent_as_declared(point, class_):
    """The share of each marker in a class is the parameter's; markers are independent of one another."""
    marker, ki67, _ = drawn(class_, point)
    names = [f"share_{name}" for name in MARKERS if name != "her2_expression"]
    shares = [point[name][class_] for name in names] + [point["share_her2_low_tnbc" if class_ == 4 else "share_her2_low_hr_positive"]]
    for k, share in enumerate(shares):
        assert abs(marker[:, k].mean() - share) < 4 * np.sqrt(share * (1 - share) / N), list(MARKERS)[k]
    assert np.abs(np.corrcoef(marker.T) - np.eye(N_MARKERS)).max() < 4.5 / np.sqrt(N)
    logit = np.log(ki67 / (100 - ki67))
    middle = point["ki67_median_percent"][class_]
    assert np.median(logit) == pytest.approx(np.log(middle / (100 - middle)), abs=0.05)
    assert logit.std() == pytest.approx(point["ki67_sd_logit"], rel=0.05)


def test_markers_touch_nothing_else(point):
    """With other shares, and other sizes of effects that are switched off, every life is the same to the bit but for the markers."""
    others = {name: 0.5 for name in point if name.startswith("share_")}
    changed = point.with_values({**others, "cxcr4_liver_ratio": 9.0, "ccr7_negative_skin_ratio": 0.5})
    plan = LifePlan("2012")
    one, other = (simulate(plan, np.arange(1500), 0, p, seed=5) for p in (point, changed))
    assert not np.array_equal(one["marker"], other["marker"])
    for record in (one, other):
        record["marker"], record["ki67_percent"] = 0, 0.0
    assert one.tobytes() == other.tobytes()


def test_the_clinic_sees_levels_that_go_with_the_subtype(point):
    """HER2 is positive just where the subtype says so; every level of every marker occurs."""
    out = simulate(LifePlan("2012", horizon_days=0.0), np.arange(12_000), 0, point, seed=5)
    frame = baseline_frame(out[out["eligible_disease"] == 1])
    assert frame.height > 300
    positive = frame["her2_expression"] == "positive"
    assert (positive == frame["subtype"].str.ends_with("HER2+")).all()
    for name, marker in MARKERS.items():
        assert set(frame[name].unique()) == set(marker.levels)
    assert frame["ki67_percent"].is_between(0, 100).all()
    assert HER2_LOW == N_MARKERS - 1


WEIGHTS = st.lists(st.floats(0.02, 1.0), min_size=N_ORGANS, max_size=N_ORGANS)


@settings(max_examples=60)
@given(weights=WEIGHTS, organ=st.integers(0, N_ORGANS - 1), ratio=st.floats(0.0, 6.0), share=st.floats(0.1, 0.9))
def test_leaning_keeps_the_average_and_gives_the_ratio(weights, organ, ratio, share):
    """Over carriers and others the mean weights are those before; the organ's weights stand in the ratio, unless one hits the whole."""
    before = np.array(weights)
    total = before.sum()
    after = {}
    for carrier in (True, False):
        after[carrier] = before.copy()
        lean(after[carrier], total, organ, marker_factor(carrier, ratio, share))
        assert after[carrier].sum() == pytest.approx(total)
    if max(after[True][organ], after[False][organ]) < total * (1 - 1e-9):
        np.testing.assert_allclose(share * after[True] + (1 - share) * after[False], before, rtol=1e-9)
        assert after[True][organ] == pytest.approx(ratio * after[False][organ])


def test_the_switch_leans_liver_and_skin_and_nothing_on_average(point):
    """On: the liver's weight with CXCR4 is 3.71 times that without, none without CCR7 reaches the skin, and means over all stay."""
    class_ = 4
    marker, _, off = drawn(class_, point)
    same, _, on = drawn(class_, point.with_switches({"marker_tropism": 1.0}))
    np.testing.assert_array_equal(marker, same)
    error = 4 * np.sqrt((on.var(axis=0) + off.var(axis=0)) / N)
    assert np.all(np.abs(on.mean(axis=0) - off.mean(axis=0)) < error)
    cxcr4, ccr7 = marker[:, CXCR4] == 1, marker[:, CCR7] == 1
    with_it, without = on[cxcr4, LIVER], on[~cxcr4, LIVER]
    ratio = with_it.mean() / without.mean()
    spread = np.sqrt(with_it.var() / len(with_it) / with_it.mean() ** 2 + without.var() / len(without) / without.mean() ** 2)
    assert abs(np.log(ratio / point["cxcr4_liver_ratio"])) < 4 * spread
    assert np.all(on[~ccr7, SKIN] == 0.0) and on[ccr7, SKIN].mean() > 2 * off[:, SKIN].mean()
    error = off[:, LIVER].std() * np.sqrt(1 / cxcr4.sum() + 1 / (~cxcr4).sum())
    assert abs(off[cxcr4, LIVER].mean() - off[~cxcr4, LIVER].mean()) < 4 * error


def test_the_switch_is_off_unless_it_is_set():
    """What ships is without it."""
    assert ParameterSet.point()["switch_marker_tropism"] == 0.0
