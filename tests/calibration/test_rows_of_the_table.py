"""Every row of the table of anchors points to one published number, and plays the role that the design gives its phenomenon."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from paget.calibration import published, rows
from paget.calibration.cohorts import KINDS
from paget.calibration.conditions import CONDITIONS
from paget.calibration.readouts import READOUTS
from paget.calibration.rows import Anchor, table
from paget.errors import PagetError
from paget.evidence import load

ROWS = rows()
SURGERY = {"tata2015", "mf0701-5y", "mf0701-10y", "e2108", "abcsg28", "submit"}
PREDICTIONS = {
    "Circulating tumour cells and survival",
    "Survival where a drug was added",
    "Randomised trials of primary surgery",
    "Registries of primary surgery",
}
ANCHORS = {
    "Stage IV at diagnosis",
    "Size, nodes and growth at diagnosis",
    "Organs at diagnosis of stage IV",
    "Metastasis by size of the primary",
    "Distant relapse after early disease",
    "Late relapse of ER+ disease",
    "Hazard of relapse over 20 years (pre-modern therapy)",
    "How distant relapse is found",
    "Organs at relapse",
    "Local treatments by size",
    "Untreated survival",
    "Survival of metastatic disease by era",
    "Survival of metastatic disease by subtype",
    "Survival by organs and extent",
    "Response and progression in trials of systemic therapy",
    "Bevacizumab: longer progression-free, same overall survival",
    "Circulating tumour cells",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_resolves_to_one_finite_published_number(row):
    figure = published(row)
    assert math.isfinite(figure.value) and figure.value > 0
    for limit, sign in ((figure.low, -1), (figure.high, 1)):
        assert limit is None or sign * (limit - figure.value) >= 0


def test_roles_are_those_of_the_design():
    by_role = {role: {row.phenomenon for row in ROWS if row.role == role} for role in ("anchor", "prediction")}
    assert by_role["anchor"] == ANCHORS
    assert by_role["prediction"] == PREDICTIONS


def test_no_trial_or_registry_of_primary_surgery_is_an_anchor_or_is_run_here():
    base = load()
    topic = {study.id for study in base.select(topic="primary-lrt")}
    assert SURGERY - {"mf0701-5y"} <= topic
    for row in ROWS:
        if base[row.evidence].id in SURGERY | topic:
            assert row.role == "prediction" and row.simulation is None and row.see is not None, row.id
    assert SURGERY & {row.evidence for row in ROWS} == {"tata2015", "mf0701-10y", "e2108", "abcsg28"}


def test_no_published_number_is_typed_where_a_source_prints_it():
    for row in ROWS:
        if row.value is not None:
            assert row.derived and not row.find, row.id
        elif row.derive:
            assert row.derived or set(row.derive) == {"complement"}, row.id


def test_every_simulation_and_readout_that_rows_name_exists_and_none_is_idle():
    simulations, _ = table()
    used = {row.simulation for row in ROWS} | {row.options.get("control") for row in ROWS}
    assert used - {None} == set(simulations)
    assert {simulation.kind for simulation in simulations.values()} == set(KINDS)
    assert {row.readout for row in ROWS} - {None} <= set(READOUTS)
    assert {key for row in ROWS for key in row.where} <= set(CONDITIONS)


def test_no_simulation_operates_on_stage_iv_disease():
    simulations, _ = table()
    for simulation in simulations.values():
        assert "procedure" not in simulation.options and "arms" not in simulation.options


def test_derived_numbers_follow_their_arithmetic():
    one = {row.id: row for row in ROWS}
    assert published(one["era-1997-median"]).value == pytest.approx(20.0)
    assert published(one["organs-lung"]).value == pytest.approx(4167 / 8848 * 0.651)
    assert published(one["hazard-er-pos-0"]).value == pytest.approx(0.8 * (0.099 - 0.006))
    assert published(one["size-gasparini-35"]).value == pytest.approx(0.41)


@pytest.mark.parametrize(
    "change",
    [
        {"find": {}},  # neither looked up nor typed
        {"value": 1.0},  # both
        {"derive": {"multiply": 2}},  # derived without its arithmetic
        {"readout": None},
        {"see": "paget run e2108"},  # run here and elsewhere
        {"role": "input"},
        {"surprise": 1},
    ],
)
def test_a_row_that_hides_something_is_refused(change):
    good = {"id": "x1", "phenomenon": "p", "what": "w", "role": "anchor", "evidence": "esme2020", "find": {"measure": "survival"},
            "simulation": "early", "readout": "risk"}  # fmt: skip
    Anchor.model_validate(good)
    with pytest.raises(ValidationError):
        Anchor.model_validate(good | change)


def test_a_look_up_that_is_ambiguous_or_empty_is_told():
    row = next(row for row in ROWS if row.id == "era-2012-esme")
    with pytest.raises(PagetError, match="results match"):
        published(row.model_copy(update={"find": {"measure": "median_months"}}))
    with pytest.raises(PagetError, match="relation"):
        published(row.model_copy(update={"evidence": "pan2017", "find": {"endpoint": "distant-recurrence"}}))
    with pytest.raises(PagetError, match="no such row"):
        published(row.model_copy(update={"evidence": "pan2017", "find": {"endpoint": "distant-recurrence", "row": "T9"}}))
