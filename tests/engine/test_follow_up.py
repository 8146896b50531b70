"""Assures that follow-up by named instruments is what the instruments say, and that how relapses are found comes out of it."""

import math

import polars as pl
import pytest

import paget
from paget.clinic.imaging import limits
from paget.clinic.instruments import Panel, instrument
from paget.clinic.markers import half_burden
from paget.engine.surveillance import follow_up, follow_up_of
from paget.parameters import ParameterSet
from paget.study import load_protocol, plain, validate
from paget.tables.further import FOUND_AT_VISIT, FOUND_BY_SYMPTOM

POINT = ParameterSet.point()


PROTOCOL = load_protocol("surveillance")


def arm_with(surveillance):
    """The intensive arm of the shipped protocol with other follow-up."""
    data = plain(PROTOCOL)
    data["arms"][0]["surveillance"] = surveillance
    return validate(data).arms[0]


def test_a_schedule_equals_its_instruments_named_one_by_one():
    """The shipped schedule and a block that names the same instruments yield the same follow-up; so does the block by limits."""
    by_name = follow_up_of(arm_with("intensive-follow-up"), POINT)
    looks, work_up = ["bone-scan", "liver-ultrasound", "chest-x-ray"], ["ct", "mri"]
    block = {"every_months": 6, "until_months": 120, "imaging": looks, "panel": "marker-panel", "read": "rise", "work_up": work_up}
    assert follow_up_of(arm_with(block), POINT) == by_name
    panel = instrument("marker-panel")
    assert isinstance(panel, Panel)
    assert (by_name.marker_cm3, by_name.marker_sd_log) == half_burden(panel, dynamic=True)
    typed = {
        "every_months": 6, "until_months": 120, "marker_cm3": by_name.marker_cm3, "marker_sd_log": by_name.marker_sd_log,
        "imaging": dict(limits(looks, POINT["detection_cm"])), "work_up": dict(limits(work_up, POINT["detection_cm"])),
    }  # fmt: skip
    assert follow_up_of(arm_with(typed), POINT) == by_name
    over_cut_off = follow_up_of(arm_with({**block, "read": "cut-off"}), POINT)
    assert over_cut_off.marker_cm3 != by_name.marker_cm3


def test_visits_that_look_with_nothing_still_ask_and_examine():
    """Minimal follow-up has visits and no instrument; an arm without follow-up has no visits; imaging alone never asks for a work-up."""
    minimal = follow_up_of(PROTOCOL.arms[1], POINT)
    assert PROTOCOL.arms[1].surveillance == "minimal-follow-up" and minimal.every_days > 0.0
    assert not minimal.imaging and not minimal.workup and minimal.marker_cm3 == math.inf
    assert follow_up_of(arm_with({"every_months": 6, "until_months": 120}), POINT) == minimal
    assert follow_up(None, POINT) is None
    alone = follow_up_of(arm_with({"every_months": 6, "until_months": 60, "imaging": ["ct"]}), POINT)
    assert alone.marker_cm3 == math.inf and not alone.workup and set(alone.imaging) >= {"liver", "lung"}


@pytest.mark.slow
def test_how_relapses_are_found_is_in_the_results(tmp_path):
    """Visits with instruments find more relapses than visits without; the record counts the events of DRFS."""
    done = paget.run("surveillance", parameters="point", patients=400, replicates=0, seed=2, out=tmp_path / "run")
    found = {r["arm"]: r for r in done.summary if r["endpoint"] == "relapse-found-at-visit" and r["measure"] == "rate"}
    times = done.adtte.filter((pl.col("PARAMCD") == "DRFS") & (pl.col("CNSR") == 0))
    relapses = times.filter(pl.col("EVNTDESC").is_in([FOUND_AT_VISIT, FOUND_BY_SYMPTOM]))
    assert found["intensive"]["n"] + found["minimal"]["n"] == relapses.height > 40
    assert sum(found[arm]["events"] for arm in found) == relapses.filter(pl.col("EVNTDESC") == FOUND_AT_VISIT).height
    share = {arm: row["events"] / row["n"] for arm, row in found.items()}
    assert share["intensive"] > 2 * share["minimal"] > 0
