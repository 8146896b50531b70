"""Every number of the reference table equals R's; and the other estimators beyond it."""

import numpy as np
import pytest

from paget.analysis import (
    cox,
    gray_test,
    interaction,
    kaplan_meier,
    logrank,
    proportional_hazards,
    rmst_curve,
)
from paget.analysis._reference import FOLDER, complete, reference
from paget.analysis.selftest import selftest

CHECKS = selftest()


@pytest.mark.parametrize("check", CHECKS, ids=[c.name for c in CHECKS])
def test_equals_r(check):
    """Each number of the table that `paget selftest` prints equals R's within its stated tolerance."""
    assert check.ok, f"expected {check.expected!r}, got {check.got!r}"


def test_the_table_can_fail(monkeypatch):
    """A wrong estimate is reported as a failure, not passed over."""
    import importlib

    module = importlib.import_module("paget.analysis.selftest")
    monkeypatch.setattr(module, "kaplan_meier", lambda t, e, **kw: kaplan_meier(np.asarray(t) + 5, e, **kw))
    assert sum(not c.ok for c in module.selftest()) > 10


def test_reference_data_are_what_the_note_says():
    """Rows and the licence note of the reference data are as stated."""
    rows = {
        "lung": 228,
        "gbsg": 686,
        "rotterdam": 2982,
        "heart": 172,
        "mgus2": 1384,
        "aml": 23,
        "colon": 929,
        "cgd": 203,
    }
    for name, n in rows.items():
        assert all(len(column) == n for column in reference(name).values())
    note = (FOLDER / "README.md").read_text()
    assert "LGPL" in note and all(f"`{name}`" in note for name in rows)


def test_left_truncated_survival():
    """Survival, errors and limits under left truncation equal R's on the heart data."""
    h = reference("heart")
    mine = h["transplant"] == 0
    curve = kaplan_meier(h["stop"][mine], h["event"][mine], entry=h["start"][mine])
    value, low, high = curve.at_with_ci([30, 100, 400])
    assert value == pytest.approx([0.80680553, 0.56271401, 0.23633988], abs=1e-8)
    assert low == pytest.approx([0.70587378, 0.39088681, 0.05455928], abs=1e-8)
    assert high == pytest.approx([0.87607373, 0.70331037, 0.48898918], abs=1e-8)
    assert curve.median() == (149, 69, 340)


def test_case_weights():
    """Weights that are counts give the curve, error and median of R with the same weights."""
    lung = reference("lung")
    curve = kaplan_meier(lung["time"], lung["status"] == 2, weights=np.tile([1, 2, 1], 76))
    assert curve.at([100, 365]) == pytest.approx([0.86509434, 0.41078337], abs=1e-8)
    assert curve.std_error([100, 365]) == pytest.approx([0.019596512, 0.031031026], abs=1e-9)
    assert curve.median() == (310, 285, 353)


def test_quartiles_and_level():
    """Quartiles with log-log limits, and a 90 % interval, equal R's."""
    lung = reference("lung")
    time, event = lung["time"], lung["status"] == 2
    assert kaplan_meier(time, event).quantile(0.25) == (170, 144, 194)
    assert kaplan_meier(time, event, ci="logit").quantile(0.75) == (550, 457, 654)
    ninety = kaplan_meier(time, event, level=0.9)
    assert np.ravel(ninety.at_with_ci(365)[1:]) == pytest.approx([0.350047744731, 0.467447761879], abs=1e-11)
    assert ninety.median() == (310, 285, 353)


def test_flat_median_is_the_middle():
    """Where survival is exactly one half over a stretch, the median is its middle, as R prints it."""
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).median()[0] == 2.5


@pytest.mark.parametrize(
    ("scale", "want"),
    [
        ("identity", (0.44228479578, 3.24884603812, 7.55246297288, 10.05295306393)),
        ("log", (4.07232301293, 2.67709226983, 3.35653497895, 8.12447657997)),
    ],
)
def test_proportional_hazards_on_other_time_scales(scale, want):
    """The score test on identity and log time equals R's cox.zph."""
    part = complete(reference("lung"), ["ph.karno"])
    fit = cox(part["time"], part["status"] == 2, {k: part[k] for k in ("age", "sex", "ph.karno")})
    found = proportional_hazards(fit, scale)
    assert [*found.statistic, found.global_statistic] == pytest.approx(want, rel=1e-8)


def test_proportional_hazards_with_strata_entry_and_weights():
    """The score test equals R's with strata, with left truncation, and with weights."""
    lung, h = reference("lung"), reference("heart")
    part = complete(lung, ["ph.karno"])
    x = {"age": part["age"], "karno": part["ph.karno"]}
    found = proportional_hazards(cox(part["time"], part["status"] == 2, x, strata=part["sex"]))
    assert [*found.statistic, found.global_statistic] == pytest.approx((0.356693566, 7.380085165, 7.423312941), rel=1e-8)
    fit = cox(h["stop"], h["event"], {k: h[k] for k in ("transplant", "age", "surgery")}, entry=h["start"])
    found = proportional_hazards(fit)
    assert [*found.statistic, found.global_statistic] == pytest.approx(
        (0.128266526, 0.8953770835, 0.09683511197, 1.379252801), rel=1e-8
    )
    x = {"age": lung["age"], "sex": lung["sex"]}
    fit = cox(lung["time"], lung["status"] == 2, x, weights=np.tile([1, 2, 1], 76))
    assert (fit.loglik_null, fit.loglik) == pytest.approx((-1053.37793886, -1038.7711460017), rel=1e-12)
    assert proportional_hazards(fit).statistic == pytest.approx((0.04441574311, 3.1624862526), rel=1e-8)


def test_breslow_robust_and_cluster_errors():
    """Robust errors under Breslow's ties and clustered errors under left truncation equal R's."""
    lung, h = reference("lung"), reference("heart")
    x = {"age": lung["age"], "sex": lung["sex"]}
    fit = cox(lung["time"], lung["status"] == 2, x, ties="breslow", robust=True)
    assert fit.robust_se == pytest.approx((0.00948632318, 0.15994067444), rel=1e-8)
    fit = cox(
        h["stop"],
        h["event"],
        {k: h[k] for k in ("transplant", "age", "surgery")},
        entry=h["start"],
        cluster=h["id"],
    )
    assert fit.robust_se == pytest.approx((0.3093096926468, 0.0143280673043, 0.3332410723375), rel=1e-8)
    assert (fit.loglik_null, fit.loglik) == pytest.approx((-298.12135567298, -292.7620255324), rel=1e-12)


def test_concordance_within_strata():
    """Concordance counts pairs within strata only, as R does."""
    lung = reference("lung")
    fit = cox(lung["time"], lung["status"] == 2, {"age": lung["age"]}, strata=lung["sex"])
    assert fit.concordance() == pytest.approx((4382 + 1249 + (239 + 72) / 2) / (4382 + 3502 + 239 + 1249 + 1156 + 72))


def test_interaction():
    """The likelihood-ratio test of treatment by grade equals R's, with grade as covariate and as stratum."""
    g = reference("gbsg")
    args = g["rfstime"], g["status"], g["hormon"], g["grade"]
    found = interaction(*args)
    assert (found.statistic, found.df, found.p_value) == pytest.approx((0.9247767, 2, 0.629778), rel=1e-6)
    assert interaction(*args, strata=g["grade"]).statistic == pytest.approx(1.23968324, rel=1e-7)


def test_gray_with_rho_strata_and_four_groups():
    """Gray's test with a weight, with strata and with four groups equals cmprsk."""
    m = reference("mgus2")
    time = np.where(m["pstat"] == 1, m["ptime"], m["futime"])
    cause = np.where(m["pstat"] == 1, 1, 2 * m["death"])
    assert gray_test(time, cause, m["sex"], rho=1).statistic == pytest.approx(1.229358833560, rel=1e-11)
    assert gray_test(time, cause, m["sex"], of=2, strata=m["age"] > 70).statistic == pytest.approx(23.84880055063)
    found = gray_test(time, cause, np.digitize(m["age"], [60, 70, 80], right=True))
    assert (found.statistic, found.df) == pytest.approx((8.0379283460639, 3), rel=1e-11)


def test_rmst_along_the_horizon():
    """The difference in restricted means along the horizon equals R's at each, and stops at the follow-up."""
    g = reference("gbsg")
    found = rmst_curve(g["rfstime"], g["status"], g["hormon"], [365, 730, 1095, 1825, 9999])
    want = np.array(
        [
            358.59420227 - 354.6013156,
            674.763886119 - 646.859955253,
            945.805730369 - 885.363161121,
            149.30398567,
        ]
    )
    assert found["value"][:4] == pytest.approx(want, rel=1e-8)
    assert found["se"][0] == pytest.approx(np.hypot(1.92364687850, 1.99463600631), rel=1e-9)
    assert np.isnan(found["value"][4])


def test_several_groups():
    """The log-rank test of four groups has R's chi-square, a group of one patient included."""
    part = complete(reference("lung"), ["ph.ecog"])
    found = logrank(part["time"], part["status"] == 2, part["ph.ecog"])
    assert found.df == 3 and found.p_value == pytest.approx(6.642535356e-05, rel=1e-9)
    assert found.expected == pytest.approx((54.152697, 83.5275646, 26.1473531, 0.1723853407), rel=1e-8)
