"""Assures runs: the same bytes whatever the threads, chunks and resumption; nothing lost, nothing overwritten by accident."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import paget
from helpers import fingerprints
from paget import PagetError
from paget.engine import replicates as replicates_module
from paget.engine.run import run
from paget.engine.screen import Screening
from paget.engine.trial import enrol
from paget.parameters import ParameterSet
from paget.population import Population
from paget.study import load_protocol, override

SMALL = {"patients": 40, "replicates": 20, "seed": 5, "parameters": "point"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    return run("mf07-01", out=folder, threads=1, **SMALL)


def test_a_run_writes_what_the_docs_promise(finished):
    """Tables, records, figures in three forms, a report and a manifest."""
    names = {path.name for path in finished.path.iterdir()}
    assert {"adsl.parquet", "adtte.parquet", "adrs.parquet", "adtr.parquet", "summary.json", "manifest.json", "run.log"} <= names
    assert "report.html" in names and ".work" not in names
    assert {"kaplan-meier", "consort", "forest", "cumulative-incidence", "waterfall", "swimmer", "replicates"} <= set(finished.figures)
    for figure in finished.figures:
        assert {path.suffix for path in (finished.path / "figures").glob(f"{figure}.*")} == {".svg", ".png", ".csv"}
    assert finished.adsl.height == 40 and finished.replicates.height == 20
    assert finished.manifest["seed"] == 5


def test_every_record_has_the_promised_keys(finished):
    """Each summary record is complete, its role is known, its interval holds its value."""
    keys = {
        "endpoint", "measure", "population", "time_zero", "comparison", "arm", "at_months", "value", "ci_low", "ci_high",
        "ci_level", "mc_se", "n", "events", "role", "published",
    }  # fmt: skip
    for record in finished.summary:
        assert keys <= set(record)
        assert record["role"] in ("anchor", "input", "fitted", "prediction")
        if None not in (record["value"], record["ci_low"], record["ci_high"]):
            assert record["ci_low"] <= record["value"] <= record["ci_high"]


def test_the_effect_of_surgery_is_a_prediction_everywhere(finished):
    """No number of a trial of primary surgery is called an anchor."""
    assert {r["role"] for r in finished.summary if r["published"] and r["measure"] == "hazard_ratio"} == {"prediction"}


def drawn(seed, trials):
    """Numbers of the patients of so many trials of 30."""
    protocol = override(load_protocol("mf07-01"), {"accrual.patients": 30})
    point = ParameterSet.point()
    candidates = Screening(protocol, point, Population(point, seed)).draw(30 * trials)
    return enrol(protocol, candidates, range(trials), seed).patient_id


def test_replicates_share_no_patient_and_another_seed_has_others():
    """Trial r takes the rth lot of candidates, in the order of their numbers; the seed matters."""
    patients = drawn(5, 4)
    assert len(set(patients.tolist())) == 120
    assert (np.diff(patients) > 0).all()
    assert not np.array_equal(drawn(6, 1), patients[:30])


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a POSIX signal")
def test_a_run_killed_dead_resumes_to_the_same_bytes(finished, tmp_path, monkeypatch):
    """kill -9 leaves finished pieces only; --resume, on two threads and in other pieces, ends with the bytes of an undisturbed run."""
    folder = tmp_path / "killed"
    code = (
        "import paget.engine.replicates as r, time; r.CHUNK = 3; import paget.engine.run as e\n"
        "live = e.live_chunk\n"
        "def slow(*a): time.sleep(0.4); return live(*a)\n"
        "e.live_chunk = slow\n"
        f"e.run('mf07-01', out={str(folder)!r}, threads=1, patients=40, replicates=20, seed=5, parameters='point')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
    deadline = time.time() + 120
    while time.time() < deadline and len(list(folder.glob(".work/*.parquet"))) < 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(folder.glob(".work/*.parquet")) and not (folder / "manifest.json").exists()
    with pytest.raises(PagetError, match="unfinished run"):
        run("mf07-01", out=folder, resume=False, **SMALL)
    monkeypatch.setattr(replicates_module, "CHUNK", 3)
    resumed = run("mf07-01", out=folder, resume=True, threads=2, **SMALL)
    assert fingerprints(resumed.path) == fingerprints(finished.path)


def test_finished_pieces_are_not_done_again(finished, tmp_path, monkeypatch):
    """A resumed run reads what is there: living a finished piece again would fail here."""
    import paget.engine.run as module

    folder = tmp_path / "half"
    live, lived = module.live_chunk, []

    def stop_after_one(*arguments):
        if lived:
            raise KeyboardInterrupt
        lived.append(arguments)
        return live(*arguments)

    monkeypatch.setattr(module, "live_chunk", stop_after_one)
    with pytest.raises(KeyboardInterrupt):
        run("mf07-01", out=folder, **SMALL)
    done = []
    monkeypatch.setattr(module, "live_chunk", lambda *a: done.append(a[3]) or live(*a))
    resumed = run("mf07-01", out=folder, **SMALL)
    assert done == [range(11, 21)]
    assert fingerprints(resumed.path) == fingerprints(finished.path)


def test_a_single_replicate_is_a_run_too(tmp_path):
    """No spread can be drawn of one replicate; everything else is there."""
    alone = run("mf07-01", out=tmp_path / "one", **{**SMALL, "replicates": 1})
    assert alone.replicates.height == 1 and "replicates" not in alone.figures and "kaplan-meier" in alone.figures


def test_a_finished_run_is_read_not_repeated(finished):
    """Asking again for the same run returns it at once."""
    before = (finished.path / "summary.json").stat().st_mtime_ns
    again = run("mf07-01", out=finished.path, **SMALL)
    assert (again.path / "summary.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 6}, "another run is here: it differs in seed"),
        ({"patients": 41}, "protocol"),
    ],
)
def test_another_request_never_touches_a_run(finished, change, said):
    """The folder of one run is refused to another, and stays as it was."""
    before = fingerprints(finished.path)
    with pytest.raises(PagetError, match=said):
        run("mf07-01", out=finished.path, **{**SMALL, **change})
    assert fingerprints(finished.path) == before


def test_a_folder_of_something_else_is_never_touched(tmp_path):
    """A folder that is not a run is refused, even with overwrite."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(PagetError, match="not a run of Paget"):
        run("mf07-01", out=tmp_path, overwrite=True, **SMALL)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_full_disk_is_told_and_leaves_no_half_file(tmp_path, monkeypatch):
    """ENOSPC becomes one message with a remedy; no temporary file stays."""
    import errno

    import paget.population.store as store

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "replace", full)
    folder = tmp_path / "full"
    with pytest.raises(PagetError, match="the disk is full"):
        run("mf07-01", out=folder, **SMALL)
    assert not list(folder.rglob("*.tmp"))


def test_the_notebook_view_holds_curve_and_table(finished):
    """A run shows itself: curves as SVG, and the comparison with the real trial."""
    shown = finished._repr_html_()
    assert "<svg" in shown and "hazard ratio" in shown and "mf07-01" in repr(finished)


def test_the_public_face_is_lazy():
    """`import paget` loads no heavy library; the names are all there."""
    code = "import paget, sys; print([m for m in ('numba','polars','numpy','matplotlib','pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    for name in paget.__all__:
        assert getattr(paget, name) is not None


def test_numbers_that_cannot_be_are_refused():
    """Negative sizes and odd seeds are told before anything is simulated."""
    for bad in ({"patients": -5}, {"replicates": -1}, {"seed": -1}, {"seed": 2**70}, {"patients": 1}):
        with pytest.raises(PagetError):
            run("mf07-01", out="nowhere", **bad)
    assert not os.path.exists("nowhere")


def test_json_is_strict(finished):
    """No NaN in any JSON file."""
    for name in ("summary.json", "manifest.json", "request.json"):
        text = (finished.path / name).read_text(encoding="utf-8")
        json.loads(text, parse_constant=pytest.fail)
