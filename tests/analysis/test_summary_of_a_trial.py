"""The summary of a trial: complete, joined with what was published, and honest about what it cannot say."""

import json

import numpy as np
import polars as pl
import pytest
from made_up_trial import adam_trial

from paget.analysis import (
    ENDPOINTS,
    cox,
    join_published,
    kaplan_meier,
    read_endpoint,
    record,
    share,
    spread,
    summarise,
)
from paget.errors import PagetError

ARMS = {"experimental": "systemic+lrt", "control": "systemic"}
ALL = list(ENDPOINTS)[:4]


@pytest.fixture(scope="module")
def tables():
    return adam_trial()


def pick(records, **wanted):
    """The one record with these keys."""
    found = [r for r in records if all(r[k] == v for k, v in wanted.items())]
    assert len(found) == 1, f"{len(found)} records for {wanted}"
    return found[0]


def main(**more):
    return {"population": "itt", "time_zero": "randomisation", "subgroup": None, **more}


def test_the_main_numbers(tables):
    """Hazard ratio, survival, median and incidence in the records are those of the estimators."""
    adsl, adtte = tables
    records = summarise(adsl, adtte, endpoints=ALL, **ARMS, ci_level=0.9)
    data = read_endpoint(adsl, adtte, "OS")
    arm = data.column("TRT01P") == "systemic+lrt"
    t, e = data.survival.time_months, data.survival.event
    fit = cox(t, e, {"arm": arm}, strata=data.column("STRATUM"))
    hr = pick(records, **main(endpoint="overall-survival", measure="hazard_ratio"))
    assert (hr["value"], hr["ci_low"], hr["ci_high"]) == pytest.approx((fit.hr[0], *fit.ci(0.9)[0]))
    assert (hr["n"], hr["events"], hr["ci_level"], hr["comparison"]) == (240, int(e.sum()), 0.9, ARMS)
    curve = kaplan_meier(t[arm], e[arm], level=0.9)
    at = pick(records, **main(endpoint="overall-survival", measure="survival", arm="systemic+lrt", at_months=36))
    assert (at["value"], at["ci_low"], at["ci_high"]) == pytest.approx(np.ravel(curve.at_with_ci(36)))
    median = pick(records, **main(endpoint="overall-survival", measure="median_months", arm="systemic+lrt"))
    assert median["value"] == pytest.approx(curve.median()[0]) and median["events"] == e[arm].sum()
    local = [r for r in records if r["endpoint"] == "locoregional-progression"]
    assert {r["measure"] for r in local} >= {"hazard_ratio", "cumulative_incidence", "logrank_p"}
    assert not {r["measure"] for r in local} & {"survival", "median_months", "rmst_months"}
    json.dumps(records, allow_nan=False)


def test_swapping_the_arms_turns_the_comparison(tables):
    """The hazard ratio of control against experimental is one over the other, the p values the same."""
    adsl, adtte = tables
    one = summarise(adsl, adtte, endpoints=["OS"], **ARMS)
    two = summarise(adsl, adtte, endpoints=["OS"], experimental="systemic", control="systemic+lrt")
    a, b = (pick(r, **main(measure="hazard_ratio")) for r in (one, two))
    assert a["value"] * b["value"] == pytest.approx(1) and a["ci_low"] * b["ci_high"] == pytest.approx(1)
    assert a["p_value"] == pytest.approx(b["p_value"])


def test_p_values_only_when_asked(tables):
    """Without p values no record carries one, and no record is a test."""
    adsl, adtte = tables
    records = summarise(adsl, adtte, endpoints=ALL, **ARMS, p_values=False, subgroups=["SUBTYPE"])
    assert all(r["p_value"] is None and not r["measure"].endswith("_p") for r in records)


def test_survival_from_diagnosis_is_at_risk_from_randomisation(tables):
    """From diagnosis, late entry is honoured by default and can be ignored; ignoring it flatters."""
    adsl, adtte = tables
    kept, ignored = (summarise(adsl, adtte, endpoints=["OS"], **ARMS, delayed_entry=d) for d in (True, False))
    where = {"time_zero": "diagnosis", "measure": "survival", "arm": "systemic", "at_months": 24}
    assert pick(kept, **where)["value"] < pick(ignored, **where)["value"]
    assert "at risk from randomisation" in pick(kept, **where)["method"]


def test_an_early_event_in_a_small_risk_set_is_told(tables):
    """A death when few have entered is noted on the curve it moves; late small risk sets are not."""
    adsl, adtte = tables
    patient = adsl.filter(pl.col("ARMCD") == "SYS")["USUBJID"][0]
    mine = (pl.col("USUBJID") == patient) & (pl.col("PARAMCD") == "OSDX")
    early = adtte.with_columns(
        AVAL=pl.when(mine).then(4.1).otherwise("AVAL"),
        ENTRY=pl.when(mine).then(4.0).otherwise("ENTRY"),
        CNSR=pl.when(mine).then(0).otherwise("CNSR"),
    )
    where = {"time_zero": "diagnosis", "measure": "survival", "at_months": 24}
    for table, told in ((early, True), (adtte.filter(pl.col("PARAMCD") == "OS"), False)):
        records = summarise(adsl, table, endpoints=["OS"], **ARMS)
        notes = [r["note"] for r in records if "early event" in str(r["note"])]
        assert bool(notes) is told
    other = pick(summarise(adsl, early, endpoints=["OS"], **ARMS), arm="systemic", **where)
    assert "at risk at an early event" in other["note"]


def test_subgroups_by_column_and_by_condition(tables):
    """Subgroups by column and by condition give the same hazard ratio, and each an interaction test."""
    adsl, adtte = tables
    by_column = summarise(adsl, adtte, endpoints=["OS"], **ARMS, subgroups=["SUBTYPE"])
    conditions = {"triple-negative": pl.col("SUBTYPE") == "TNBC", "nobody": pl.col("AGE") > 200}
    by_condition = summarise(adsl, adtte, endpoints=["OS"], **ARMS, subgroups=conditions)
    one = pick(by_column, measure="hazard_ratio", subgroup="SUBTYPE=TNBC")
    two = pick(by_condition, measure="hazard_ratio", subgroup="triple-negative")
    assert (one["value"], one["n"], one["events"]) == (two["value"], two["n"], two["events"])
    tests = [pick(r, measure="interaction_p", subgroup=s)["value"] for r, s in
             ((by_column, "SUBTYPE"), (by_condition, "triple-negative"))]  # fmt: skip
    assert tests[0] == pytest.approx(tests[1], rel=1e-9)
    empty = pick(by_condition, measure="hazard_ratio", subgroup="nobody")
    assert empty["value"] is None and empty["note"] == "no patient"
    with pytest.raises(PagetError, match="too many"):
        summarise(adsl, adtte, endpoints=["OS"], **ARMS, subgroups=["AGE"])
    with pytest.raises(PagetError, match="names a column"):
        summarise(adsl, adtte, endpoints=["OS"], **ARMS, subgroups={"x": pl.col("NOPE") == 1})


def test_what_cannot_be_computed_says_why(tables):
    """No event in an arm, a late landmark, a long horizon, an empty population: no value, and a reason."""
    adsl, adtte = tables
    quiet = adtte.with_columns(
        CNSR=pl.when(pl.col("USUBJID").is_in(adsl.filter(ARMCD="LRT")["USUBJID"].to_list())).then(1).otherwise("CNSR")
    )
    records = summarise(adsl, quiet, endpoints=["OS"], **ARMS, landmarks_months=[12, 500], rmst_tau_months=500)
    hr = pick(records, **main(measure="hazard_ratio"))
    assert (hr["value"], hr["note"]) == (None, "no event in one arm")
    assert pick(records, **main(measure="survival", arm="systemic", at_months=500))["note"] == "beyond the follow-up"
    assert "horizon" in pick(records, **main(measure="rmst_difference_months"))["note"]
    assert pick(records, **main(measure="median_months", arm="systemic+lrt"))["note"] == "not reached"
    nobody = adsl.with_columns(PPROTFL=pl.when(pl.col("ARMCD") == "SYS").then(pl.lit("Y")).otherwise(pl.lit("")))
    records = summarise(nobody, adtte, endpoints=["OS"], **ARMS, populations=["itt", "per-protocol"])
    lost = pick(records, population="per-protocol", time_zero="randomisation")
    assert lost["value"] is None and "empty" in lost["note"]


def test_published_figures_are_joined_turned_and_never_lost(tables):
    """A published figure stands beside its own, turned if need be, kept if it has no partner."""
    adsl, adtte = tables
    published = [
        {"endpoint": "OS", "measure": "hazard_ratio", "comparison": "systemic vs systemic+lrt", "value": 0.8,
         "ci_low": 0.5, "ci_high": 1.25, "ci_level": 0.9, "evidence": "x", "role": "anchor"},
        {"endpoint": "OS", "measure": "survival", "arm": "systemic", "at_months": 30, "value": 0.7,
         "evidence": "x"},
        {"endpoint": "OS", "measure": "count", "arm": "systemic", "value": 22, "evidence": "x"},
    ]  # fmt: skip
    records = summarise(adsl, adtte, endpoints=["OS"], **ARMS, published=published)
    hr = pick(records, **main(measure="hazard_ratio"))
    assert hr["published"]["value"] == pytest.approx(1.25) and hr["role"] == "anchor"
    assert (hr["published"]["ci_low"], hr["published"]["ci_high"]) == pytest.approx((0.8, 2.0))
    assert pick(records, **main(measure="survival", arm="systemic", at_months=30))["published"]["value"] == 0.7
    lost = pick(records, measure="count")
    assert lost["value"] is None and lost["published"]["value"] == 22
    with pytest.raises(PagetError, match="measure"):
        summarise(adsl, adtte, endpoints=["OS"], **ARMS, published=[{"endpoint": "OS", "measure": "hr", "value": 1}])


def test_two_sources_for_one_figure():
    """A second published source for a figure stands in a record of its own."""
    own = record("overall-survival", "median_months", 30.0, arm="a")
    base = {"endpoint": "overall-survival", "measure": "median_months", "population": "itt",
            "time_zero": "randomisation", "arm": "a"}  # fmt: skip
    joined = join_published([own], [{**base, "value": 31, "evidence": "x"}, {**base, "value": 33, "evidence": "y"}])
    assert [(r["value"], r["published"]["value"]) for r in joined] == [(30, 31), (30, 33)]


def test_maxcombo_where_hazards_cross():
    """MaxCombo is added by itself only where hazards are not proportional."""
    n = 400
    adsl, _ = adam_trial(n=n)
    rng = np.random.default_rng(2)
    lrt = (adsl["ARMCD"] == "LRT").to_numpy()
    crossing = np.where(lrt, 10 + rng.exponential(60, n), rng.exponential(30, n))
    even = rng.exponential(30, n)
    for time, expected in ((crossing, True), (even, False)):
        adtte = pl.DataFrame({"USUBJID": adsl["USUBJID"], "PARAMCD": "OS", "AVAL": time, "AVALU": "MONTHS", "CNSR": 0})
        records = summarise(adsl, adtte, endpoints=["OS"], **ARMS)
        assert any(r["measure"] == "maxcombo_p" for r in records) is expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endpoints": ["overal-survival"]}, "overall-survival"),
        ({"endpoints": []}, "no endpoint"),
        ({"ci_level": 95}, "share"),
        ({"control": "sistemic"}, "'systemic'"),
        ({"populations": ["ITT"]}, "there is no population"),
        ({"strata": ["STRATA"]}, "'STRATUM'"),
    ],
)
def test_misspelt_options(tables, options, words):
    """A wrong name or level is told with the right one."""
    adsl, adtte = tables
    with pytest.raises(PagetError) as caught:
        summarise(adsl, adtte, **{"endpoints": ["OS"], **ARMS, **options})
    assert words in str(caught.value)


def test_spread_of_replicates():
    """Mean, sampling spread, Monte-Carlo error and quantiles over replicates are what they say."""
    values = np.append(np.linspace(-1, 1, 201), np.nan)
    found = spread(values, np.full(202, 0.2))
    assert (found.count, found.missing, found.mean_se) == (201, 1, pytest.approx(0.2))
    assert (found.low90, found.high90, found.low95, found.high95) == pytest.approx((-0.9, 0.9, -0.95, 0.95))
    assert found.mc_se == pytest.approx(np.nanstd(values, ddof=1) / np.sqrt(201))
    assert found.exp()["value"] == pytest.approx(1)
    assert share([True, False, False, False]) == pytest.approx((0.25, np.sqrt(0.25 * 0.75 / 4)))
    with pytest.raises(PagetError, match="no replicate"):
        spread([np.nan])
