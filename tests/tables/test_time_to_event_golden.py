"""ADTTE by pencil and paper: what is an event, where a time is censored, and that CNSR 0 is the event."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hand_made_frames import MONTH, STUDY, assessments, patients, rows_by

from paget.errors import PagetError
from paget.tables import adtte, validate

CUT_DAYS = (60.0 - 10.0) * MONTH  # days from randomisation to the data cut of a patient randomised in month 10


def test_death_is_cnsr_zero_and_survival_counts_from_randomisation() -> None:
    """A death before the cut is an event at (death - randomisation) / 30.4375 months."""
    frame = adtte(patients({"death_day": 150.0 + 20 * MONTH, "death_cause": "cancer"}), STUDY)
    row = rows_by(frame, "OS")["1"]
    assert row["CNSR"] == 0
    assert row["AVAL"] == pytest.approx(20.0, abs=1e-12)
    assert (row["EVNTDESC"], row["CNSDTDSC"], row["SRCVAR"]) == ("DEATH", "", "DTHDT")
    # month 10 = day 304 (rounded down) after 1 Feb 2011; 20 months = 608.75 days
    assert row["STARTDT"] == date(2011, 12, 2)
    assert row["ADT"] == date(2013, 8, 1)
    assert (row["AVALU"], row["TRTP"], row["ENTRY"]) == ("MONTHS", "Systemic therapy", 0.0)
    validate(frame, "adtte")


def test_overall_survival_is_censored_at_the_first_of_cut_dropout_and_horizon() -> None:
    """Alive at the data cut, lost before it, or past the horizon: censored there, with the reason; later
    deaths do not count."""
    lives = patients(
        {"death_day": 150.0 + CUT_DAYS + 1},
        {"drop_out_day": 150.0 + 7 * MONTH, "death_day": 150.0 + 8 * MONTH},
        {"death_day": None},
        {"death_day": 150.0 + CUT_DAYS},
    )
    rows = rows_by(adtte(lives, STUDY), "OS")
    assert [rows[str(i)]["CNSR"] for i in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert rows["1"]["AVAL"] == pytest.approx(50.0)
    assert rows["1"]["CNSDTDSC"] == "LAST KNOWN ALIVE: DATA CUT"
    assert rows["2"]["AVAL"] == pytest.approx(7.0)
    assert rows["2"]["CNSDTDSC"] == "LAST KNOWN ALIVE: LOST TO FOLLOW-UP"
    short = rows_by(adtte(lives, replace(STUDY, horizon_months=24.0)), "OS")["3"]
    assert short["AVAL"] == pytest.approx(24.0 - 150.0 / MONTH)
    assert short["CNSDTDSC"] == "LAST KNOWN ALIVE: END OF SIMULATED HORIZON"


def test_progression_or_death_whichever_comes_first_else_the_last_assessment() -> None:
    """PFS: observed PD, then death, then the last evaluable assessment, then randomisation."""
    lives = patients(
        {"progression_day": 150.0 + 6 * MONTH, "death_day": 150.0 + 9 * MONTH},
        {"death_day": 150.0 + 9 * MONTH, "last_assessment_day": 150.0 + 8 * MONTH},
        {"last_assessment_day": 150.0 + 48 * MONTH},
        {"last_assessment_day": None},
        {"progression_day": 150.0 + CUT_DAYS + 5, "last_assessment_day": 150.0 + 48 * MONTH},
    )
    rows = rows_by(adtte(lives, STUDY), "PFS")
    assert [round(rows[str(i)]["AVAL"], 9) for i in (1, 2, 3, 4, 5)] == [6.0, 9.0, 48.0, 0.0, 48.0]
    assert [rows[str(i)]["CNSR"] for i in (1, 2, 3, 4, 5)] == [0, 0, 1, 1, 1]
    assert rows["1"]["EVNTDESC"] == "DISEASE PROGRESSION"
    assert rows["2"]["EVNTDESC"] == "DEATH"
    assert rows["3"]["CNSDTDSC"] == "LAST EVALUABLE ASSESSMENT"
    assert rows["4"]["CNSDTDSC"] == "RANDOMISATION: NO LATER ASSESSMENT"


def test_assessments_after_the_cut_do_not_lengthen_progression_free_survival() -> None:
    """A last assessment of the whole life beyond the cut is replaced by the visits, the schedule, or (said
    so) the cut."""
    lives = patients({"last_assessment_day": 150.0 + 55 * MONTH})
    visits = assessments(
        {"day": 150.0, "baseline": True},
        {"day": 150.0 + 45 * MONTH},
        {"day": 150.0 + 49 * MONTH, "overall_response": "NE"},
        {"day": 150.0 + 53 * MONTH},
    )
    assert rows_by(adtte(lives, STUDY, assessments=visits), "PFS")["1"]["AVAL"] == pytest.approx(45.0)
    every_four = replace(STUDY, visit_days=tuple(4 * MONTH * i for i in range(1, 30)))
    assert rows_by(adtte(lives, every_four), "PFS")["1"]["AVAL"] == pytest.approx(48.0)
    blind = rows_by(adtte(lives, STUDY), "PFS")["1"]
    assert blind["AVAL"] == pytest.approx(50.0)
    assert blind["CNSDTDSC"] == "LAST KNOWN ALIVE: VISITS NOT KEPT"


def test_death_before_locoregional_progression_competes() -> None:
    """TTLRP: progression 0, death before it 2 (described as DEATH), nothing 1."""
    lives = patients(
        {"locoregional_progression_day": 150.0 + 5 * MONTH, "death_day": 150.0 + 30 * MONTH},
        {"death_day": 150.0 + 11 * MONTH},
        {"last_assessment_day": 150.0 + 47 * MONTH},
    )
    rows = rows_by(adtte(lives, STUDY), "TTLRP")
    assert [(rows[k]["CNSR"], rows[k]["EVNTDESC"], round(rows[k]["AVAL"], 6)) for k in "123"] == [
        (0, "LOCOREGIONAL PROGRESSION", 5.0),
        (2, "DEATH", 11.0),
        (1, "", 47.0),
    ]


def test_survival_from_diagnosis_keeps_its_entry() -> None:
    """OSDX starts at diagnosis and carries the months until randomisation as ENTRY."""
    frame = adtte(patients({"randomised_day": 6 * MONTH, "death_day": 26 * MONTH}), STUDY)
    row = rows_by(frame, "OSDX")["1"]
    assert row["AVAL"] == pytest.approx(26.0)
    assert row["ENTRY"] == pytest.approx(6.0)
    assert (row["ADT"] - row["STARTDT"]).days == pytest.approx(26 * MONTH, abs=2)
    assert rows_by(frame, "OS")["1"]["AVAL"] == pytest.approx(20.0)


def test_true_progression_is_kept_apart_from_the_observed_one() -> None:
    """TPFS takes the true day (0 where growth began before randomisation), never that of a scan; its label
    says unobservable."""
    lives = patients(
        {"true_progression_day": 150.0 + 4 * MONTH, "progression_day": 150.0 + 6 * MONTH},
        {"true_progression_day": 120.0},
        {},
    )
    frame = adtte(lives, STUDY)
    rows = rows_by(frame, "TPFS")
    assert [(rows[k]["CNSR"], round(rows[k]["AVAL"], 6)) for k in "123"] == [(0, 4.0), (0, 0.0), (1, 50.0)]
    assert "Unobservable" in rows["1"]["PARAM"]


def test_nan_means_did_not_happen_like_null() -> None:
    """NaN days in a raw frame give the same table as nulls."""
    lives = patients({"last_assessment_day": 300.0}, {"death_day": 800.0})
    with_nan = lives.with_columns(pl.col(pl.Float64).fill_null(float("nan")))
    assert adtte(with_nan, STUDY).equals(adtte(lives, STUDY))


def test_randomised_after_the_cut_is_a_mistake_told() -> None:
    """A patient randomised after the data cut is refused, with the month that would be right."""
    with pytest.raises(PagetError, match="61"):
        adtte(patients({"calendar_month": 61.0}), STUDY)
