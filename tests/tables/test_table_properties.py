"""Properties of the tables for any lives: times, order of end points, one row per subject, nothing after
the data cut."""

from __future__ import annotations

from typing import Any

import polars as pl
from hand_made_frames import STUDY, patients
from hypothesis import given, settings
from hypothesis import strategies as st

from paget.tables import adsl, adtte, validate

days = st.floats(0.0, 4000.0, allow_nan=False)


@st.composite
def lives(draw: st.DrawFn) -> dict[str, Any]:
    """One life: everything after randomisation, nothing after death, else free."""
    start = draw(st.floats(0.0, 400.0))
    death = start + draw(days) if draw(st.booleans()) else None
    row: dict[str, Any] = {
        "arm": draw(st.sampled_from(["systemic", "lrt"])),
        "randomised_day": start,
        "calendar_month": draw(st.floats(0.0, 60.0)),
        "death_day": death,
        "drop_out_day": start + draw(days) if draw(st.booleans()) else None,
        "crossover": draw(st.booleans()),
    }
    names = ("progression_day", "distant_progression_day", "locoregional_progression_day", "surgery_day")
    for name in (*names, "true_progression_day", "last_assessment_day"):
        day = start + draw(days)
        row[name] = day if draw(st.booleans()) and (death is None or day <= death) else None
    return row


@settings(max_examples=60, deadline=None)
@given(st.lists(lives(), min_size=1, max_size=8))
def test_tables_keep_every_rule_whatever_happened(rows: list[dict[str, Any]]) -> None:
    """Any lives: the rules of ADaM hold (AVAL >= 0, PFS <= OS, one row per key), and every event lies
    before the data cut."""
    raw = patients(*rows)
    subjects, times = adsl(raw, STUDY), adtte(raw, STUDY)
    validate(subjects, "adsl")
    validate(times, "adtte")
    assert subjects.height == subjects["USUBJID"].n_unique() == len(rows)
    assert times.height == 6 * len(rows)
    cut = STUDY.cut_date
    assert times.filter((pl.col("CNSR") == 0) & (pl.col("ADT") > cut)).height == 0
    assert times.filter(pl.col("AVAL") < 0).height == 0
    wide = times.pivot("PARAMCD", index="USUBJID", values="AVAL")
    for shorter in ("PFS", "DPFS", "TTLRP", "TPFS"):
        assert (wide[shorter] <= wide["OS"] + 1e-9).all(), shorter
    # months by the calendar and by AVAL agree to the day (two roundings for a time from diagnosis)
    gap = (times["ADT"] - times["STARTDT"]).dt.total_days() - times["AVAL"] * 30.4375
    allowed = times["PARAMCD"].replace_strict({"OSDX": 2.0}, default=1.0)
    assert (gap.abs() <= allowed + 1e-6).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(lives(), min_size=1, max_size=6), st.floats(61.0, 200.0))
def test_a_later_data_cut_never_takes_an_event_away(rows: list[dict[str, Any]], later: float) -> None:
    """With a later cut every event of the earlier cut is still there at the same time."""
    from dataclasses import replace

    raw = patients(*rows)
    early = adtte(raw, STUDY).filter(pl.col("CNSR") == 0)
    late = adtte(raw, replace(STUDY, data_cut_month=later))
    both = early.join(late, on=["USUBJID", "PARAMCD"])
    assert both.height == early.height
    assert (both["CNSR_right"] == 0).all()
    assert ((both["AVAL"] - both["AVAL_right"]).abs() < 1e-9).all()
