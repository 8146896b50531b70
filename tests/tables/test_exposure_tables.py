"""ADEX and ADAE on hand-made courses and events: what the study saw, and no more."""

import polars as pl
import pytest
from hand_made_frames import STUDY, patients

from paget.errors import PagetError
from paget.tables import adae, adex, validate
from paget.tables.rules import problems

COURSE = {
    "patient_id": 1, "label": "Paclitaxel", "class": "taxane", "route": "intravenous", "line": 1, "start_day": 0.0, "stop_day": 168.0,
    "dose": None, "dose_unit": "",
}  # fmt: skip
EVENT = {"patient_id": 1, "day": 30.0, "label": "Paclitaxel", "term": "sensory-neuropathy", "grade": "3-4", "reversible": True}


def courses(*rows):
    schema = {"dose": pl.Float64, "dose_unit": pl.String}
    return pl.DataFrame([COURSE | row for row in rows], schema_overrides=schema)


def events(*rows):
    return pl.DataFrame([EVENT | row for row in rows], schema_overrides={"reversible": pl.Boolean})


# patient 1 is followed to the data cut (day 150 + 50 months), patient 2 dies on day 400; both are randomised on day 150, 2011-12-02
TWO = patients({}, {"death_day": 400.0, "death_cause": "cancer"})


def test_a_course_ends_with_observation():
    """Days count from randomisation; a course that outlasts the patient ends with her and is open; one that begins later is not there."""
    table = adex(
        courses(
            {"dose": 480.0, "dose_unit": "mg/m2"},
            {"patient_id": 2, "start_day": 200.0, "stop_day": 500.0, "dose": 100.0, "line": 2},
            {"patient_id": 2, "start_day": 401.0, "stop_day": 500.0},
        ),
        TWO,
        STUDY,
    )
    validate(table, "adex")
    first, second = table.to_dicts()
    assert (first["USUBJID"], first["ASTDY"], first["AENDY"], first["ADURN"]) == ("T01-1", -150, 19, 168.0)
    assert (first["EXDOSE"], first["EXDOSU"], first["EXONGFL"]) == (480.0, "mg/m2", "")
    assert (second["USUBJID"], second["ASTDY"], second["AENDY"], second["ADURN"]) == ("T01-2", 51, 251, 200.0)
    assert (second["EXDOSE"], second["EXONGFL"], second["LINE"]) == (None, "Y", 2)
    assert first["AENDT"] > first["ASTDT"] and second["EXTRT"] == "Paclitaxel"


def test_events_after_observation_are_not_there():
    """Events are numbered within a subject in time; emergent from randomisation on; the first of a term is flagged; the last is unseen."""
    table = adae(
        events({"day": 300.0}, {}, {"patient_id": 2, "day": 400.5}, {"patient_id": 2, "day": 399.0, "reversible": None, "grade": "any"}),
        TWO,
        STUDY,
    )
    validate(table, "adae")
    before, after, other = table.to_dicts()
    assert (before["ASEQ"], before["ASTDY"], before["TRTEMFL"], before["AOCCFL"]) == (1, -120, "", "Y")
    assert (after["ASEQ"], after["ASTDY"], after["TRTEMFL"], after["AOCCFL"]) == (2, 151, "Y", "")
    assert (after["AEDECOD"], after["AETOXGR"], after["AEOUT"]) == ("SENSORY NEUROPATHY", "3-4", "RECOVERED/RESOLVED")
    assert (other["USUBJID"], other["AEOUT"], other["AETOXGR"]) == ("T01-2", "UNKNOWN", "ANY")


def test_nobody_exposed_gives_an_empty_table():
    """Without courses and events both tables have their variables and no rows, and keep the rules."""
    for name, table in (("adex", adex(courses({}).clear(), TWO, STUDY)), ("adae", adae(events({}).clear(), TWO, STUDY))):
        validate(table, name)
        assert table.height == 0


def test_broken_rules_are_found():
    """A number that stands twice and an end before its beginning break a rule; a missing raw column is a defect of the caller."""
    table = adex(courses({}, {"start_day": 180.0, "stop_day": 200.0}), TWO, STUDY)
    twice = table.with_columns(ASEQ=pl.lit(1))
    turned = table.with_columns(AENDT=pl.col("ASTDT") - pl.duration(days=1))
    assert [column for column, _ in problems(twice, "adex")] == ["ASEQ"]
    assert [column for column, _ in problems(turned, "adex")] == ["AENDT"]
    with pytest.raises(PagetError, match="AENDT"):
        validate(turned, "adex")
    with pytest.raises(ValueError, match="dose"):
        adex(courses({}).drop("dose"), TWO, STUDY)
