"""The table runs at a small size, gives finite numbers, repeats itself, and shows what it found."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

from paget.calibration import anchors, frame, render, rows, tally
from paget.calibration.cohorts import KINDS, Setting, diagnosis, early, everybody
from paget.calibration.rows import table
from paget.errors import PagetError
from paget.parameters import ParameterSet

N = 8_000


@pytest.fixture(scope="module")
def records():
    return anchors(n=N, seed=3, threads=2)


def test_every_simulated_row_gives_a_finite_number_unless_it_looks_for_a_peak(records):
    assert [r.id for r in records] == [row.id for row in rows()]
    peaks = {row.id for row in rows() if row.readout == "peak"}
    elsewhere = {row.id for row in rows() if row.see is not None}
    for r in records:
        if r.id in elsewhere:
            assert r.simulated is None and r.verdict.startswith("see ")
        elif r.id not in peaks:
            # few patients of a rare kind may be all alive or all dead: zero is a number
            assert r.simulated is not None and math.isfinite(r.simulated) and r.simulated >= 0.0, r.id
            assert r.n > 0 and (r.mc_se is None or r.mc_se >= 0.0)


def test_shares_are_shares_and_times_are_positive(records):
    by_id = {r.id: r for r in records}
    for row in rows():
        r = by_id[row.id]
        if r.simulated is None:
            continue
        if row.readout in ("share", "survival", "risk", "response", "many_circulating"):
            assert 0.0 <= r.simulated <= 1.0, row.id
        if row.unit == "months":
            assert 0.0 < r.simulated < 400.0, row.id


def test_a_cohort_does_not_depend_on_threads_and_neither_does_the_table():
    wanted = ["iv-all", "relapse-ii-hr-pos-0", "let-hr", "ctc-os"]
    once, again = anchors(n=2_000, seed=5, threads=1, only=wanted), anchors(n=2_000, seed=5, threads=2, only=wanted)
    assert once == again
    assert anchors(n=2_000, seed=6, only="iv-all")[0].simulated != once[0].simulated


@pytest.mark.parametrize("name", sorted(table()[0]))
def test_every_simulation_runs_at_tiny_size_with_finite_columns(name):
    simulation = table()[0][name]
    setting = Setting(ParameterSet.point(), 1_500, 7).with_values(simulation.parameters)
    options = {key: tuple(x) if isinstance(x, list) else x for key, x in simulation.options.items()}
    cohort = KINDS[simulation.kind](setting, **options)
    assert len(cohort) > 0
    for column, values in cohort.columns.items():
        assert len(values) == len(cohort)
        assert not np.any(np.isnan(values.astype(float))), column


def test_early_disease_accounts_for_everybody():
    cohort = early(Setting(ParameterSet.point(), 3_000, 2))
    assert np.array_equal(cohort["event"] == -1, cohort["metastatic"] == 1)
    assert set(np.unique(cohort["event"])) <= {-1, 0, 1, 2}
    free = cohort["event"] >= 0
    assert np.all(cohort["years"][free] > 0) and np.all(cohort["years"] <= 25.0 + 1e-9)
    # followed to the end exactly when nothing happened
    assert np.allclose(cohort["years"][cohort["event"] == 0], 25.0)


def test_without_drugs_more_women_relapse_and_without_founding_nobody_does():
    setting = Setting(ParameterSet.point(), 4_000, 2)
    off = {"adjuvant_chemo_use": 0.0, "adjuvant_endocrine_use": 0.0, "adjuvant_trastuzumab_use": 0.0}
    assert np.sum(early(setting.with_values(off))["event"] == 1) > np.sum(early(setting)["event"] == 1)
    none = setting.with_values({"switch_colonisation": 0.0})
    assert not np.any(diagnosis(none)["colonies"]) and not np.any(early(none)["event"] == 1)


def test_untreated_women_all_die_and_of_cancer_mostly():
    cohort = everybody(Setting(ParameterSet.point(), 3_000, 2))
    assert np.mean(np.isfinite(cohort["death"])) > 0.95
    assert np.mean(cohort["cause"] == 1) > 0.5


def test_the_table_is_grouped_and_says_what_fails(records):
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=400).print(render(records, notes=True))
    text = out.getvalue()
    for phenomenon in {row.phenomenon for row in rows()}:
        assert phenomenon in text
    assert "see paget run e2108" in text and "does not come out" in text and "Monte-Carlo" in text
    assert tally(records).split()[0] == str(sum(r.role == "anchor" and r.verdict != "context" for r in records))


def test_the_frame_holds_every_record(records):
    table_ = frame(records)
    assert table_.height == len(records) and table_["id"].n_unique() == len(records)
    assert set(table_["role"].unique()) == {"anchor", "prediction"}


def test_user_mistakes_are_told():
    with pytest.raises(PagetError, match="too few"):
        anchors(n=5)
    with pytest.raises(PagetError, match="no row of the table"):
        anchors(n=500, only="stage-iv-shere")


def test_progress_is_counted():
    seen = []
    anchors(n=500, only="Stage IV at diagnosis", progress=lambda name, done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)
