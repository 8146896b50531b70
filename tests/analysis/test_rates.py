"""Assures shares: intervals equal independent libraries, lesions of one patient do not count as many patients."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paget.analysis import clustered, event_rates, lesion_rates, odds_ratio, response_rates, wilson
from paget.errors import PagetError


@given(st.integers(1, 400), st.data())
def test_wilson_equals_scipy(n, data):
    """The interval is scipy's, for any count."""
    from scipy.stats import binomtest

    events = data.draw(st.integers(0, n))
    expected = binomtest(events, n).proportion_ci(0.95, method="wilson")
    assert wilson(events, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_an_impossible_share_is_refused():
    """More events than patients is an error, not a number."""
    with pytest.raises(PagetError):
        wilson(5, 4)


def test_odds_ratio_equals_statsmodels():
    """Value and Woolf's interval are those of statsmodels; an empty cell gives none."""
    from statsmodels.stats.contingency_tables import Table2x2

    table = Table2x2(np.array([[59, 41], [41, 59]]))
    assert odds_ratio((59, 41), (100, 100)) == pytest.approx((table.oddsratio, *table.oddsratio_confint()), rel=1e-9)
    assert np.isnan(odds_ratio((0, 4), (10, 10))).all()


def test_one_lesion_a_patient_is_a_plain_proportion():
    """Clusters of one: the standard error is that of a proportion (with n - 1)."""
    events = np.r_[np.ones(30), np.zeros(70)]
    share, low, high = clustered(events, np.ones(100))
    se = np.sqrt(0.3 * 0.7 / 99)
    assert share == pytest.approx(0.3)
    assert (low, high) == pytest.approx((0.3 - 1.959964 * se, 0.3 + 1.959964 * se), abs=1e-6)


def test_alike_lesions_widen_the_interval():
    """Patients whose four lesions all do the same tell as much as patients with one: the interval is twice that of independent lesions."""
    rng = np.random.default_rng(1)
    luck = rng.random(400) < 0.4
    alike = clustered(4.0 * luck, np.full(400, 4.0))
    single = clustered(1.0 * luck, np.ones(400))
    assert alike == pytest.approx(single)
    apart = clustered(rng.binomial(4, 0.4, 400), np.full(400, 4))
    assert (alike[2] - alike[1]) == pytest.approx(2 * (apart[2] - apart[1]), rel=0.15)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=40))
def test_limits_hold_the_share(rows):
    """Whatever the clusters, limits are within 0 to 1 and around the share."""
    events, n = [min(e, m) for e, m in rows], [m for _, m in rows]
    share, low, high = clustered(events, n)
    assert 0.0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1.0


ADSL = pl.DataFrame({"USUBJID": ["1", "2", "3", "4"], "ARMCD": ["a", "a", "b", "b"], "TRT01P": ["A", "A", "B", "B"], "ITTFL": ["Y"] * 4})


def test_every_randomised_patient_counts():
    """One without a row has not responded; the second line is of those who have a row."""
    adrs = pl.DataFrame({"USUBJID": ["1", "3", "4", "1"], "PARAMCD": ["RSP", "RSP", "RSP", "RSP2"], "AVALC": ["Y", "Y", "N", "Y"]})
    found = {r["arm"]: r for r in response_rates(ADSL, adrs, "RSP", experimental="a", control="b") if r["arm"]}
    assert (found["a"]["value"], found["a"]["n"]) == (0.5, 2)
    second = response_rates(ADSL, adrs, "RSP2", experimental="a", control=None)
    assert [(r["value"], r["n"]) for r in second] == [(1.0, 1)]
    with pytest.raises(PagetError):
        response_rates(ADSL, adrs, "CR", experimental="a", control="b")


def test_crude_shares_count_events_and_not_competing_deaths():
    """An event is counted, a competing death and a censored patient are not."""
    adtte = pl.DataFrame(
        {
            "USUBJID": ["1", "2", "3", "4"], "PARAMCD": ["TTLTP"] * 4, "AVAL": [1.0, 2.0, 3.0, 4.0], "AVALU": ["MONTHS"] * 4,
            "CNSR": [0, 2, 1, 0], "EVNTDESC": ["LOCAL PROGRESSION", "DEATH", "", "LOCAL PROGRESSION"],
        }
    )  # fmt: skip
    found = {r["arm"]: r["value"] for r in event_rates(ADSL, adtte, "TTLTP", experimental="a", control="b")}
    assert found == {"a": 0.5, "b": 0.5}


def test_lesions_are_told_by_class():
    """All lesions of an arm, then each class; a class without a lesion says so."""
    adles = pl.DataFrame({"USUBJID": ["1", "1", "2"], "TRTP": ["A"] * 3, "SIZEGR": ["<3 cm", "<3 cm", ">=3 cm"], "LCRFL": ["Y", "", ""]})
    found = lesion_rates(adles, "LCR", arms=[("a", "A"), ("b", "B")], classes=["<3 cm", ">=3 cm"])
    values = {(r["arm"], r["subgroup"]): r["value"] for r in found}
    assert values[("a", None)] == pytest.approx(1 / 3)
    assert (values[("a", "<3 cm")], values[("a", ">=3 cm")], values[("b", None)]) == (0.5, 0.0, None)
