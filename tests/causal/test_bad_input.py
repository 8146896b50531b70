"""Data and questions that do not fit get one message each, and it says what could be answered instead."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from paget.analysis.causal import (
    ObservationalData,
    clone_censor_weight,
    ever_never,
    exclude_immortal,
    from_adam,
    iptw,
    ladder,
    landmark,
    matching,
    read_table,
    sequential_trials,
    time_varying,
)
from paget.analysis.causal.benchmark import SCENARIOS, generate
from paget.errors import PagetError

DATA = generate(SCENARIOS["C"], 300, 1)


def frame(**changes):
    """A small table."""
    columns = {
        "id": ["a", "b", "c", "d"], "months": [5.0, 9.0, 14.0, 20.0], "dead": [1, 0, 1, 1], "at": [2.0, None, None, 3.0],
        "age": [50.0, 61.0, 70.0, 44.0], "grade": ["1", "2", "3", "2"],
    }  # fmt: skip
    return pl.DataFrame({**columns, **changes})


def read(table, **options):
    """Read it with its own names."""
    return ObservationalData.from_frame(table, **{"months": "months", "event": "dead", "treated_months": "at", "id": "id", **options})


def says(call, *words):
    """The call fails with one message that holds all the words."""
    with pytest.raises(PagetError) as caught:
        call()
    text = str(caught.value)
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"months": [5.0, -9.0, 14.0, 20.0]}, {}, ("before time zero", "ties and times of 0 are fine")),
        ({"months": [5.0, None, 14.0, 20.0]}, {}, ("'months' is empty",)),
        ({"months": ["5", "soon", "1", "2"]}, {}, ("no number in 1 row(s), the first is row 2", "soon", "correct it")),
        ({"at": [-2.0, None, None, 3.0]}, {}, ("treated before time zero", "prevalent users")),
        ({"at": [2.0, None, None, 30.0]}, {}, ("after their follow-up ends", "d")),
        ({"dead": [1, 0, 2, 1]}, {}, ("something other than 0 and 1", "--event-value")),
        ({"dead": ["yes", "no", "yes", "no"]}, {}, ("is text", "--event-value")),
        ({"dead": ["yes", "no", "yes", "no"]}, {"event_value": "maybe"}, ("no patient has this value",)),
        ({"id": ["a", "a", "c", "d"]}, {}, ("there 2 times",)),
        ({"id": ["a", None, "c", "d"]}, {}, ("'id' is empty in 1",)),
        ({"age": [50.0, None, 70.0, 44.0]}, {"covariates": ["age"]}, ("'age' is missing in 1 of 4", "--missing drop")),
        ({"grade": ["1", None, "3", "2"]}, {"covariates": ["grade"]}, ("'grade' is missing in 1 of 4",)),
        ({}, {"covariates": ["agee"]}, ("no column named 'agee'", "did you mean 'age'")),
        ({}, {"treated_months": None}, ("no column says who was treated",)),
        ({}, {"unit": "fortnights"}, ("no unit of time named",)),
        ({"t": [1, 1, 0, 1]}, {"treated": "t"}, ("treated without a time",)),
        ({"t": [1, 2, 0, 1]}, {"treated": "t", "treated_months": None}, ("must hold 0 and 1",)),
        ({"e": [1.0, 10.0, 0.0, 0.0]}, {"entry_months": "e"}, ("enter after they leave",)),
    ],
)  # fmt: skip
def test_a_table_with_a_mistake(changes, options, words):
    """Each mistake in a table is named with the value."""
    says(lambda: read(frame(**changes), **options), *words)


def test_a_table_that_is_right():
    """Events by value, days, labels as covariates, gaps dropped and counted."""
    table = frame(dead=["yes", "no", "yes", "no"], grade=["1", None, "3", "2"])
    data = read(table, event_value="yes", unit="days", covariates=["age", "grade"], missing="drop")
    assert len(data) == 3 and data.dropped == 1 and data.n_events == 2 and data.n_treated == 2
    assert data.months[0] == pytest.approx(5 / 30.4375) and data.covariates["grade"].tolist() == ["1", "3", "2"]


def test_a_table_of_changes():
    """Rows of strangers are left out, all strangers are a mistake; rows from before time zero hold at time zero."""
    changes = pl.DataFrame({"id": ["b", "b", "z", "c"], "from_months": [-3.0, -1.0, 0.0, 4.0], "ps": [2.0, 1.0, 9.0, 3.0]})
    data = read(frame(), varying=changes)
    assert data.varying.at("ps", np.array([0, 1, 2, 2]), np.array([5.0, 0.0, 3.0, 4.0])).tolist() == [0, 1, 0, 3]
    numbers = read(frame(id=[1, 2, 3, 4]), varying=changes.with_columns(id=pl.Series(["2", "2", "x", "3"])))
    assert numbers.varying.at("ps", np.array([1]), np.array([1.0])).tolist() == [1]
    says(lambda: read(frame(), varying=changes.with_columns(id=pl.lit("q"))), "no patient of the time-varying table")
    says(lambda: read(frame(), varying=changes.rename({"from_months": "start"})), "no column of the time-varying table", "id, ps, start")
    says(lambda: read(frame(), varying=changes, id=None), "need a column of identifiers")


def test_nobody_or_everybody_treated():
    """No comparison without both groups; what is left is said."""
    nobody = replace(DATA, treated_months=np.full(300, np.nan))
    for call in (ever_never, time_varying, exclude_immortal, sequential_trials, clone_censor_weight, ladder):
        says(lambda call=call: call(nobody), "nobody received surgery", "kaplan_meier")
    says(lambda: ever_never(replace(DATA, treated_months=np.zeros(300))), "everybody received surgery")
    late = replace(DATA, treated_months=DATA.months * np.random.default_rng(1).random(300))
    says(lambda: ever_never(late), "nobody never treated", "landmark and clone-censor-weight")
    says(lambda: time_varying(late), "nobody untreated had the outcome")
    assert landmark(late, 12).hazard_ratio > 0


def test_all_treatment_at_time_zero():
    """Questions about when treatment starts are refused, and the ladder leaves them out."""
    point = replace(DATA, treated_months=np.where(DATA.ever_treated, 0.0, np.nan))
    for call in (time_varying, exclude_immortal, sequential_trials, clone_censor_weight, lambda d: landmark(d, 6)):
        says(lambda call=call: call(point), "needs the time of treatment", "ever-never, matching and iptw answer")
    assert [one.key for one in ladder(point, adjust_for=["u"])] == ["ever-never", "ever-never+cox", "matching", "iptw"]


def test_no_overlap():
    """A covariate that tells the groups apart is named, and what can still be answered."""
    apart = replace(DATA, covariates={"u": DATA.covariates["u"], "centre": DATA.ever_treated.astype(float)})
    for call in (iptw, matching):
        says(lambda call=call: call(apart, adjust_for=["u", "centre"]), "no overlap", "'centre'", "unadjusted analyses")
    found = {one.key: one for one in ladder(apart, adjust_for=["u", "centre"])}
    assert "no overlap" in found["iptw"].problem and found["iptw"].hazard_ratio is None
    assert found["time-varying"].hazard_ratio is not None


def test_questions_out_of_reach():
    """Landmarks and windows without patients, adjustment without covariates, unknown names."""
    says(lambda: landmark(DATA, 500), "nobody is followed beyond", "an earlier landmark")
    says(lambda: landmark(DATA, 0.0), "nobody followed at the landmark", "time-varying analysis")
    says(lambda: landmark(DATA, -1), "0 months or later")
    says(lambda: clone_censor_weight(DATA, 0.001), "nobody starts surgery within", "longer grace")
    says(lambda: clone_censor_weight(DATA, 500), "nobody is followed beyond the grace")
    says(lambda: sequential_trials(DATA, until_months=0.01), "nobody starts")
    says(lambda: iptw(DATA, adjust_for=[]), "needs covariates", "u")
    says(lambda: matching(DATA, adjust_for=["u"], caliper=0), "caliper is above 0")
    says(lambda: matching(DATA, adjust_for=["u"], caliper=1e-9), "within the caliper", "wider")
    says(lambda: ever_never(DATA, adjust_for=["stage"]), "no covariate named 'stage'")
    says(lambda: time_varying(DATA, adjust_for=["progression"]), "changes over time", "clone-censor-weight")
    says(lambda: ladder(DATA, analyses=["ccv"]), "did you mean 'ccw'")
    says(lambda: DATA.column("v"), "no covariate named 'v'")
    without = replace(DATA, event=DATA.event & ~DATA.ever_treated)
    says(lambda: ever_never(without), "nobody treated had the outcome")


def test_files_that_are_no_tables(tmp_path):
    """Missing, empty, of another kind, or no ADaM folder."""
    says(lambda: read_table(tmp_path / "no.csv"), "no such file")
    (tmp_path / "x.xlsx").write_bytes(b"PK")
    says(lambda: read_table(tmp_path / "x.xlsx"), "kind of file", ".xlsx")
    (tmp_path / "x.parquet").write_bytes(b"not parquet")
    says(lambda: read_table(tmp_path / "x.parquet"), "cannot be read as a table")
    (tmp_path / "x.csv").write_text("a,b\n")
    says(lambda: read_table(tmp_path / "x.csv"), "no row")
    says(lambda: from_adam(tmp_path), "no adsl.parquet or adsl.csv")
