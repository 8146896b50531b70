"""ADSL by pencil and paper: one row per subject, populations, as treated, and nothing from beyond the data
cut."""

from __future__ import annotations

from datetime import date

import pytest
from hand_made_frames import MONTH, STUDY, patients

from paget.errors import PagetError
from paget.tables import StudyInfo, adsl, validate


def test_populations_follow_the_strategy_of_the_arm() -> None:
    """Per protocol: surgery within the window in the surgery arm, no crossover in the control; as treated:
    operated in time."""
    lives = patients(
        {"arm": "lrt", "surgery_day": 150.0 + 60, "surgery_kind": "mastectomy", "margins_free": True},
        {"arm": "lrt", "surgery_day": 150.0 + 120, "surgery_kind": "mastectomy", "margins_free": False},
        {"arm": "lrt"},
        {"arm": "systemic"},
        {
            "arm": "systemic",
            "surgery_day": 150.0 + 400,
            "surgery_kind": "breast-conserving",
            "crossover": True,
        },
        {"arm": "systemic", "surgery_day": 150.0 + 30, "surgery_kind": "mastectomy", "crossover": True},
    )
    frame = adsl(lives, STUDY)
    validate(frame, "adsl")
    assert frame["PPROTFL"].to_list() == ["Y", "", "", "Y", "", ""]
    assert frame["PPROTFN"].to_list() == [1, 0, 0, 1, 0, 0]
    assert frame["ACTARMCD"].to_list() == ["lrt", "systemic", "systemic", "systemic", "systemic", "lrt"]
    assert frame["TRT01P"].to_list() == ["Systemic therapy + surgery"] * 3 + ["Systemic therapy"] * 3
    assert frame["CROSSFL"].to_list() == ["", "", "", "", "Y", "Y"]
    assert frame["MARGFL"].to_list() == ["Y", "", "", "", "", ""]
    assert frame["SURGMO"][0] == pytest.approx(60 / MONTH)
    assert set(frame["ITTFL"]) == {"Y"}


def test_nothing_from_beyond_the_cut_is_in_the_table() -> None:
    """Surgery, progression and death after the data cut are blank; so is crossover surgery that came
    later."""
    late = 150.0 + 51 * MONTH
    lives = patients(
        {
            **{"surgery_day": late, "surgery_kind": "mastectomy", "crossover": True, "radiotherapy": True},
            **{"progression_day": late, "death_day": late + 10, "death_cause": "cancer"},
        }
    )
    row = adsl(lives, STUDY).to_dicts()[0]
    blank = ("SURGFL", "SURGKIND", "CROSSFL", "RTFL", "DTHFL", "DTHCAUS")
    assert [row[name] for name in blank] == [""] * len(blank)
    assert [row[name] for name in ("SURGDT", "PDDT", "DTHDT")] == [None] * 3
    assert row["PPROTFL"] == "Y"
    assert row["EOSSTT"] == "ONGOING"
    assert row["LSTALVDT"] <= row["DCUTDT"] == date(2016, 2, 1)


def test_baseline_is_what_the_clinic_saw() -> None:
    """Baseline variables, flags and numeric twins repeat the raw row."""
    row = adsl(patients({"subtype": "TNBC", "age_years": 55.0, "site_group": "brain", "bone": False}), STUDY).to_dicts()[0]
    assert (row["SUBTYPE"], row["SUBTYPEN"]) == ("TNBC", 4)
    assert (row["AGE"], row["AGEU"], row["AGEGR1"], row["AGEGR1N"]) == (55.0, "YEARS", ">=55", 2)
    assert (row["SITEGRP"], row["SITEGRPN"], row["BONEFL"], row["DENOVOFL"]) == ("brain", 3, "", "Y")
    assert (row["PRIMCMBL"], row["NODEBL"], row["NMETBL"]) == (4.2, "N1-3", 3)
    assert row["DIAGDT"] == date(2011, 7, 5)  # 150 days before 2 Dec 2011


def test_an_arm_that_the_study_does_not_have_is_refused() -> None:
    """A misspelt arm names its neighbour; a patient of a strange arm is an error."""
    with pytest.raises(PagetError, match="did you mean 'lrt'"):
        StudyInfo("X", [("systemic", "S"), ("lrt", "L")], 60.0, "systemic", "ltr", date(2011, 1, 1))
    with pytest.raises(ValueError, match="other"):
        adsl(patients({"arm": "other"}), STUDY)
