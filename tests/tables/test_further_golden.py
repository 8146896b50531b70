"""Further endpoints by pencil and paper: what is an event, what competes, where a time is censored; and what treated lesions did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hand_made_frames import MONTH, STUDY, assessments, lesions, patients, rows_by

from paget.tables import Raw, adles, adrs, adtte, validate

DAY0 = 150.0  # randomisation
CODES = ("TTP", "TTTF", "TTCT", "RSD", "LPFS", "TTLTP", "TTNL", "TTLIVP")
LOCAL: dict[str, Any] = {"local_day": None, "treated_progression_day": None, "last_assessment_day": DAY0 + 300.0}


def study(**changes: Any) -> Any:
    return replace(STUDY, endpoints=CODES, **changes)


def people(*rows: dict[str, Any]) -> pl.DataFrame:
    frame = patients(*({**LOCAL, **row} for row in rows))
    return frame.with_columns(pl.col("local_day", "treated_progression_day").cast(pl.Float64))


def exposures(*rows: tuple[int, bool, int, float, float, float | None]) -> pl.DataFrame:
    """Rows (patient, cytotoxic, line, start, stop, planned days)."""
    schema = {
        "patient_id": pl.Int64, "cytotoxic": pl.Boolean, "line": pl.Int64, "start_day": pl.Float64, "stop_day": pl.Float64,
        "planned_days": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def treated(*rows: tuple[int, float, int, int, float, float], organ: str = "liver") -> pl.DataFrame:
    """Rows (patient, day, session, lesion, true cm, left cm)."""
    schema = {
        "patient_id": pl.Int64, "day": pl.Float64, "session": pl.Int64, "lesion": pl.Int64, "true_cm": pl.Float64, "left_cm": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_columns(
        organ=pl.lit(organ), therapy=pl.lit(0), margin_mm=pl.lit(3.5), vessel=pl.lit(value=True), thin_margin=pl.lit(None, pl.Boolean)
    )


def raw(*, visits: Any = None, seen: Any = None, given: Any = None, ablated: Any = None) -> Raw:
    return Raw(
        assessments({"day": DAY0, "baseline": True}) if visits is None else visits,
        lesions() if seen is None else seen,
        exposures() if given is None else given,
        treated() if ablated is None else ablated,
    )


def test_time_to_progression_censors_a_death_without_it() -> None:
    """Progression is the event; a death before it is censored at the last assessment, unlike progression-free survival."""
    lives = people({"progression_day": DAY0 + 4 * MONTH}, {"death_day": DAY0 + 11 * MONTH, "death_cause": "other"})
    frame = adtte(lives, study(), raw=raw())
    validate(frame, "adtte")
    rows = rows_by(frame, "TTP")
    assert (rows["1"]["CNSR"], rows["1"]["AVAL"]) == (0, pytest.approx(4.0))
    assert (rows["2"]["CNSR"], rows["2"]["AVAL"]) == (1, pytest.approx(300.0 / MONTH))
    assert rows_by(frame, "PFS")["2"]["CNSR"] == 0


def test_treatment_fails_when_it_stops_before_its_course_is_over() -> None:
    """A course of 100 days stopped on day 50 fails then; one that ran to its end fails at progression; one never begun at once."""
    lives = people(
        {"progression_day": DAY0 + 200.0}, {"progression_day": DAY0 + 200.0}, {"progression_day": DAY0 + 200.0},
        {"death_day": DAY0 + 90.0, "death_cause": "cancer"},
    )  # fmt: skip
    given = exposures(
        (1, True, 1, DAY0, DAY0 + 50.0, 100.0), (2, True, 1, DAY0, DAY0 + 100.0, 100.0), (4, True, 1, DAY0, DAY0 + 90.0, 100.0)
    )
    rows = rows_by(adtte(lives, study(regimen_arms=("systemic",)), raw=raw(given=given)), "TTTF")
    assert [rows[k]["AVAL"] * MONTH for k in "1234"] == pytest.approx([50.0, 200.0, 0.0, 90.0])
    assert [rows[k]["EVNTDESC"] for k in "1234"] == ["TREATMENT STOPPED", "PROGRESSION", "TREATMENT STOPPED", "DEATH"]
    # an arm without a regimen of its own cannot fail by stopping one
    rows = rows_by(adtte(lives, study(), raw=raw(given=given)), "TTTF")
    assert rows["1"]["AVAL"] * MONTH == pytest.approx(200.0)


def test_time_to_chemotherapy_is_the_first_cytotoxic_drug_or_death() -> None:
    """Endocrine drugs do not count; who gets none is censored when last known alive."""
    lives = people({}, {}, {"death_day": DAY0 + 60.0, "death_cause": "cancer"})
    first, second = (1, False, 1, DAY0, DAY0 + 80.0, None), (1, True, 2, DAY0 + 80.0, DAY0 + 90.0, None)
    given = exposures(first, second, (2, False, 1, DAY0, 900.0, None))
    rows = rows_by(adtte(lives, study(), raw=raw(given=given)), "TTCT")
    assert [rows[k]["CNSR"] for k in "123"] == [0, 1, 0]
    assert (rows["1"]["AVAL"] * MONTH, rows["3"]["AVAL"] * MONTH) == pytest.approx((80.0, 60.0))


def test_duration_of_response_starts_at_the_response_and_is_of_responders() -> None:
    """From the first PR to progression; who never responded has no row."""
    lives = people({"progression_day": DAY0 + 250.0}, {})
    visits = assessments(
        {"day": DAY0, "baseline": True, "overall_response": "NE"},
        {"day": DAY0 + 60.0, "overall_response": "PR"},
        {"day": DAY0 + 250.0, "overall_response": "PD"},
    )
    frame = adtte(lives, study(), raw=raw(visits=visits))
    rows = rows_by(frame, "RSD")
    assert set(rows) == {"1"}
    assert (rows["1"]["AVAL"] * MONTH, rows["1"]["CNSR"]) == (pytest.approx(190.0), 0)


def test_local_progression_counts_from_treatment_in_the_treated() -> None:
    """Censored by death in one form, competed with in the other; the untreated have no row."""
    lives = people(
        {"local_day": DAY0 + 10.0, "treated_progression_day": DAY0 + 110.0},
        {"local_day": DAY0 + 10.0, "death_day": DAY0 + 90.0, "death_cause": "cancer"},
        {"death_day": DAY0 + 90.0, "death_cause": "cancer"},
    )
    frame = adtte(lives, study(), raw=raw())
    free, competing = rows_by(frame, "LPFS"), rows_by(frame, "TTLTP")
    assert set(free) == set(competing) == {"1", "2"}
    assert free["1"]["AVAL"] * MONTH == pytest.approx(100.0)
    assert (free["2"]["CNSR"], competing["2"]["CNSR"], competing["2"]["EVNTDESC"]) == (1, 2, "DEATH")


def test_new_lesions_count_where_the_study_treats() -> None:
    """A new lesion in bone is no event of a study that treats the liver; one in the liver is."""
    lives = people({})
    visits = assessments({"day": DAY0, "baseline": True}, {"day": DAY0 + 60.0}, {"day": DAY0 + 120.0})
    seen = lesions((1, DAY0 + 60.0, 7, "bone", "new", 1.5), (2, DAY0 + 120.0, 8, "liver", "new", 1.2))
    here = rows_by(adtte(lives, study(local_places=("liver",)), raw=raw(visits=visits, seen=seen)), "TTNL")["1"]
    anywhere = rows_by(adtte(lives, study(), raw=raw(visits=visits, seen=seen)), "TTNL")["1"]
    assert (here["AVAL"] * MONTH, anywhere["AVAL"] * MONTH) == pytest.approx((120.0, 60.0))


def test_liver_progression_is_growth_of_what_is_not_treated() -> None:
    """20 % and 5 mm over the nadir of untreated liver lesions; a lesion that is treated later does not count."""
    lives = people({})
    visits = assessments({"day": DAY0, "baseline": True}, {"day": DAY0 + 60.0}, {"day": DAY0 + 120.0}, {"day": DAY0 + 180.0})
    sizes = [(0, 3.0), (1, 2.0), (2, 2.3), (3, 2.6)]  # +15 % and 3 mm is not enough, +30 % and 6 mm is
    seen = lesions(*((v, DAY0 + 60.0 * v, 4, "liver", "target", cm) for v, cm in sizes))
    row = rows_by(adtte(lives, study(), raw=raw(visits=visits, seen=seen)), "TTLIVP")["1"]
    assert (row["CNSR"], row["AVAL"] * MONTH) == (0, pytest.approx(180.0))
    ablated = treated((1, DAY0 + 30.0, 0, 4, 3.0, 0.5))
    row = rows_by(adtte(lives, study(), raw=raw(visits=visits, seen=seen, ablated=ablated)), "TTLIVP")["1"]
    assert row["CNSR"] == 1


VISITS = ({"day": DAY0, "baseline": True}, {"day": DAY0 + 60.0}, {"day": DAY0 + 400.0})


def test_treated_lesions_are_judged_by_what_is_seen_later() -> None:
    """Gone is complete, a third smaller partial, unchanged stable; local progression is 20 % and 5 mm over the smallest since."""
    lives = people({"local_day": DAY0 + 5.0})
    seen = lesions(
        (0, DAY0, 1, "liver", "target", 2.0), (0, DAY0, 2, "liver", "target", 3.5), (0, DAY0, 3, "liver", "target", 6.0),
        (1, DAY0 + 60.0, 2, "liver", "treated", 2.0), (1, DAY0 + 60.0, 3, "liver", "treated", 5.9),
        (2, DAY0 + 400.0, 2, "liver", "treated", 2.6), (2, DAY0 + 400.0, 3, "liver", "treated", 6.0),
    )  # fmt: skip
    ablated = treated((1, DAY0 + 5.0, 0, 1, 2.0, 0.0), (1, DAY0 + 5.0, 0, 2, 3.4, 2.1), (1, DAY0 + 5.0, 0, 3, 6.1, 5.8))
    here = study(local_places=("liver",), lesion_limits_cm=(3.0, 5.0), response_days=84.0)
    book = raw(visits=assessments(*VISITS), seen=seen, ablated=ablated)
    frame = adles(book, lives, here)
    validate(frame, "adles")
    assert frame["LRESP"].to_list() == ["CR", "PR", "SD"]
    assert frame["SIZEGR"].to_list() == ["<3 cm", "3-5 cm", ">=5 cm"]
    assert frame["LLTPFL"].to_list() == ["", "Y", ""]  # 2.0 to 2.6 cm is 30 % and 6 mm
    assert frame["CNSR"].to_list() == [1, 0, 1]
    assert frame["ERADFL"].to_list() == ["Y", "", ""]
    # the sum of the three, 11.5 cm before and 7.9 cm at the visit within 12 weeks: 31 % less
    responses = adrs(book.assessments, lives, replace(here, endpoints=("CR",)), raw=book)
    by = {row["PARAMCD"]: row["AVALC"] for row in responses.to_dicts() if row["PARAMCD"] != "OVR"}
    assert (by["RSP"], by["CR"]) == ("Y", "N")


def test_nothing_after_the_data_cut_is_seen() -> None:
    """A lesion treated after the cut is in no table, and growth after it is no progression."""
    late = DAY0 + 51 * MONTH
    lives = people({"local_day": late, "last_assessment_day": DAY0})
    book = raw(seen=lesions((0, DAY0, 1, "liver", "target", 2.0)), ablated=treated((1, late, 0, 1, 2.0, 0.5)))
    here = study(local_places=("liver",))
    assert adles(book, lives, here).height == 0
    assert rows_by(adtte(lives, here, raw=book), "LPFS") == {}


def test_second_line_response_is_of_those_who_got_one() -> None:
    """Visits on line 2 decide; a patient who was never seen on it has no row."""
    visits = assessments(
        {"day": DAY0, "baseline": True, "overall_response": "NE"}, {"day": DAY0 + 60.0, "overall_response": "PD"},
        {"day": DAY0 + 120.0, "line": 2, "overall_response": "PR"},
    )  # fmt: skip
    frame = adrs(visits, people({}, {}), replace(STUDY, endpoints=("RSP2",)))
    validate(frame, "adrs")
    second = frame.filter(pl.col("PARAMCD") == "RSP2")
    assert second["AVALC"].to_list() == ["Y"]


def test_clinical_benefit_can_ask_for_longer_stable_disease() -> None:
    """Stable at two months is a benefit by the default of six weeks, not by 24 weeks."""
    visits = assessments({"day": DAY0, "baseline": True, "overall_response": "NE"}, {"day": DAY0 + 60.0, "overall_response": "SD"})
    answers = []
    for benefit in (None, 168.0):
        frame = adrs(visits, people({}), replace(STUDY, benefit_days=benefit))
        answers.append(frame.filter(pl.col("PARAMCD") == "CB")["AVALC"].item())
    assert answers == ["Y", "N"]
