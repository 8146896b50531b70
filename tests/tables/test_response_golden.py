"""ADRS and ADTR by pencil and paper: best response, sums, nadir, and an operated primary that leaves the
sum."""

from __future__ import annotations

import polars as pl
import pytest
from hand_made_frames import MONTH, STUDY, assessments, lesions, patients, rows_by

from paget.tables import adrs, adtr, validate

ALIVE = {"death_day": None, "last_assessment_day": 400.0}


def test_best_response_is_the_best_before_the_first_progression() -> None:
    """SD at day 30 is too early to count; PR at day 100 is the best; a CR after PD does not count."""
    visits = assessments(
        {"day": 150.0, "baseline": True, "overall_response": "NE"},
        {"day": 180.0, "overall_response": "SD"},
        {"day": 250.0, "overall_response": "PR"},
        {"day": 330.0, "overall_response": "PD", "new_lesion": True},
        {"day": 410.0, "overall_response": "CR"},
    )
    frame = adrs(visits, patients(ALIVE), STUDY)
    validate(frame, "adrs")
    bor = rows_by(frame, "BOR")["1"]
    assert (bor["AVALC"], bor["AVAL"], bor["ADY"]) == ("PR", 2.0, 101)
    assert "Unconfirmed" in bor["PARAM"]
    assert rows_by(frame, "PD")["1"]["AVALC"] == "Y"
    assert rows_by(frame, "PD")["1"]["ADY"] == 181
    assert rows_by(frame, "RSP")["1"]["AVALC"] == "Y"
    overall = frame.filter(frame["PARAMCD"] == "OVR")
    assert overall["AVALC"].to_list() == ["SD", "PR", "PD", "CR"]
    assert overall["ANL01FL"].to_list() == ["Y", "Y", "Y", ""]
    assert overall["NEWLFL"].to_list() == ["", "", "Y", ""]


@pytest.mark.parametrize(
    ("responses", "best", "benefit"),
    [
        ([(30.0, "SD")], "NE", "N"),
        ([(30.0, "SD"), (90.0, "PD")], "PD", "N"),
        ([(42.0, "SD"), (90.0, "PD")], "SD", "Y"),
        ([(60.0, "NON-CR/NON-PD")], "NON-CR/NON-PD", "Y"),
        ([(60.0, "SD"), (120.0, "CR")], "CR", "Y"),
        ([], "NE", "N"),
    ],
)
def test_stable_disease_counts_from_six_weeks(responses: list[tuple[float, str]], best: str, benefit: str) -> None:
    """SD and NON-CR/NON-PD before day 42 are NE; without visits BOR is NE."""
    rows = [{"day": 150.0 + d, "overall_response": r} for d, r in responses]
    visits = assessments({"day": 150.0, "baseline": True, "overall_response": "NE"}, *rows)
    frame = adrs(visits, patients(ALIVE), STUDY)
    assert rows_by(frame, "BOR")["1"]["AVALC"] == best
    assert rows_by(frame, "CB")["1"]["AVALC"] == benefit


def test_visits_after_the_cut_are_left_out() -> None:
    """A response seen after the data cut is not in the table."""
    visits = assessments(
        {"day": 150.0, "baseline": True},
        {"day": 250.0},
        {"day": 150.0 + 51 * MONTH, "overall_response": "CR"},
    )
    frame = adrs(visits, patients(ALIVE), STUDY)
    assert frame.filter(frame["PARAMCD"] == "OVR").height == 1
    assert rows_by(frame, "BOR")["1"]["AVALC"] == "NON-CR/NON-PD"


def test_change_from_baseline_and_from_nadir() -> None:
    """Sums 50, 30, 25, 31 mm: nadir before the last is 25, +6 mm and +24 % is target progression."""
    visits = assessments(
        *(
            {"day": d, "sum_target_cm": s, "n_target": 2, "overall_response": r, "baseline": d == 150.0}
            for d, s, r in [(150.0, 5.0, "NE"), (210.0, 3.0, "PR"), (270.0, 2.5, "PR"), (330.0, 3.1, "PD")]
        )
    )
    sizes = [(150.0, 3.0, 2.0), (210.0, 2.0, 1.0), (270.0, 2.0, 0.5), (330.0, 2.3, 0.8)]
    seen = lesions(
        *((v, d, n, "liver", "target", cm) for v, (d, *two) in enumerate(sizes) for n, cm in zip((4, 9), two, strict=True))
    )
    frame = adtr(seen, visits, patients(ALIVE), STUDY)
    validate(frame, "adtr")
    sums = frame.filter(frame["PARAMCD"] == "SDIAM")
    assert sums["AVAL"].to_list() == pytest.approx([50, 30, 25, 31])
    assert sums["PCHG"].to_list() == pytest.approx([0, -40, -50, -38])
    assert sums["NADIR"].to_list()[1:] == pytest.approx([50, 30, 25])
    assert sums["CHGNAD"].to_list()[1:] == pytest.approx([-20, -5, 6])
    assert sums["PCHGNAD"][3] == pytest.approx(24)
    assert sums["PDFL"].to_list() == ["", "", "", "Y"]
    assert sums["ABLFL"].to_list() == ["Y", "", "", ""]
    assert sorted(set(frame["PARAMCD"])) == ["LDIAM1", "LDIAM2", "SDIAM"]
    assert frame.filter(frame["PARAMCD"] == "LDIAM2")["TRLNKID"].to_list() == ["L9"] * 4


def test_an_operated_primary_leaves_the_sum_and_its_reference() -> None:
    """Breast 40 mm + liver 20 mm; after mastectomy liver 22 mm is +10 % over the liver's own 20 mm, not -63
    % of 60."""
    visits = assessments(
        {"day": 150.0, "sum_target_cm": 6.0, "n_target": 2, "baseline": True, "overall_response": "NE"},
        {"day": 240.0, "sum_target_cm": 2.2, "n_target": 1, "overall_response": "SD"},
        {"day": 330.0, "sum_target_cm": 2.6, "n_target": 1, "overall_response": "PD"},
    )
    seen = lesions(
        (0, 150.0, 0, "breast", "target", 4.0),
        (0, 150.0, 1, "liver", "target", 2.0),
        (1, 240.0, 1, "liver", "target", 2.2),
        (2, 330.0, 1, "liver", "target", 2.6),
    )
    life = patients({**ALIVE, "arm": "lrt", "surgery_day": 200.0, "surgery_kind": "mastectomy"})
    sums = adtr(seen, visits, life, STUDY)
    sums = sums.filter(sums["PARAMCD"] == "SDIAM")
    assert sums["BASE"].to_list() == pytest.approx([60, 20, 20])
    assert sums["PCHG"].to_list() == pytest.approx([0, 10, 30])
    assert sums["NADIR"].to_list()[1:] == pytest.approx([20, 20])
    assert sums["PDFL"].to_list() == ["", "", "Y"]
    assert sums["LRTFL"].to_list() == ["", "Y", "Y"]
    # without the operation the same numbers are a response: the breast lesion has gone by itself
    plain = adtr(seen, visits, patients(ALIVE), STUDY)
    assert plain.filter(plain["PARAMCD"] == "SDIAM")["PCHG"][1] == pytest.approx(100 * (22 - 60) / 60)


def test_targets_chosen_anew_at_randomisation_are_compared_with_themselves() -> None:
    """After induction a shrunken target (8 mm) is dropped: the 30 mm left are compared with 30, not with 38."""
    visits = assessments(
        {"day": 0.0, "sum_target_cm": 6.0, "n_target": 2, "baseline": True, "overall_response": "NE"},
        {"day": 150.0, "sum_target_cm": 3.8, "n_target": 2, "overall_response": "PR"},
        {"day": 240.0, "sum_target_cm": 3.0, "n_target": 1, "overall_response": "SD"},
    )
    seen = lesions(
        *((v, d, 1, "liver", "target", cm) for v, d, cm in ((0, 0.0, 4.0), (1, 150.0, 3.0), (2, 240.0, 3.0))),
        *((v, d, 2, "lung", "target", cm) for v, d, cm in ((0, 0.0, 2.0), (1, 150.0, 0.8))),
        (2, 240.0, 2, "lung", "non-target", 0.8),
    )
    sums = adtr(seen, visits, patients(ALIVE), STUDY).filter(pl.col("PARAMCD") == "SDIAM")
    assert sums["AVISIT"].to_list() == ["Before baseline 1", "Baseline", "Visit 1"]
    assert sums["BASE"].to_list() == [None, pytest.approx(38), pytest.approx(30)]
    assert sums["PCHG"].to_list() == [None, pytest.approx(0), pytest.approx(0)]


def test_sums_after_progression_are_not_compared() -> None:
    """A new line has targets of its own: after the first PD there is no change from baseline."""
    visits = assessments(
        {"day": 150.0, "sum_target_cm": 2.0, "n_target": 1, "baseline": True, "overall_response": "NE"},
        {"day": 240.0, "sum_target_cm": 2.6, "n_target": 1, "overall_response": "PD"},
        {"day": 330.0, "sum_target_cm": 1.0, "n_target": 1, "overall_response": "PR"},
    )
    days = ((0, 150.0, 2.0), (1, 240.0, 2.6), (2, 330.0, 1.0))
    seen = lesions(*((v, d, 1, "liver", "target", cm) for v, d, cm in days))
    sums = adtr(seen, visits, patients(ALIVE), STUDY).filter(pl.col("PARAMCD") == "SDIAM")
    assert sums["PCHG"].to_list() == [pytest.approx(0), pytest.approx(30), None]
    assert sums["PDFL"].to_list() == ["", "Y", ""]


def test_nodes_are_measured_by_their_short_axis() -> None:
    """Nodal targets are NLDIAMn, the others LDIAMn, numbered apart."""
    visits = assessments({"day": 150.0, "sum_target_cm": 4.0, "n_target": 2, "baseline": True})
    seen = lesions((0, 150.0, 3, "distant-nodes", "target", 1.8), (0, 150.0, 5, "lung", "target", 2.2))
    frame = adtr(seen, visits, patients(ALIVE), STUDY)
    codes = dict(zip(frame["PARAMCD"], frame["AVAL"], strict=True))
    assert codes == pytest.approx({"SDIAM": 40.0, "LDIAM1": 22.0, "NLDIAM1": 18.0})
