"""Assures `paget design` end to end: files, the same bytes whatever the threads and resumption, and mistakes in one message."""

import json
import os
import subprocess
import sys

import polars as pl
import pytest

from paget.design import Design, design
from paget.errors import PagetError
from paget.parameters import ParameterSet

PAGET = [sys.executable, "-c", "from paget.cli import main; main()"]
SMALL = {"trials": 40, "pool": 400, "seed": 1, "parameters": "point"}
VARY = {"accrual.patients": [40, 80], "drop_out.fraction_per_year": [0.0, 0.1]}


def paget(*arguments, cwd, code=0):
    """Run the real command; returns its output and errors."""
    done = subprocess.run([*PAGET, *arguments], capture_output=True, text=True, cwd=cwd, env={**os.environ, "COLUMNS": "150"})
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A design with four scenarios, looks, a search, a comparison of analyses of crossover and two draws of the parameters."""
    point = ParameterSet.point()
    draws = [point, point.with_values({"wound_awakening": 3.0})]
    from paget.design import DesignOptions

    options = DesignOptions(looks=(0.5, 1.0), futility="hsd:-2")
    return design(
        "mf07-01", vary=VARY, options=options, search=["all"], most_patients=200, switching=5, draws=draws, draw_trials=10, draw_pool=100,
        out=tmp_path_factory.mktemp("design") / "d", threads=1, **SMALL,
    )  # fmt: skip


def test_everything_is_written(finished):
    """The table, the trials, figures, and a page that needs no network and says what it is."""
    names = {path.name for path in finished.path.iterdir()}
    assert {"design.json", "scenarios.csv", "trials.parquet", "report.html", "manifest.json", "request.json", "figures", "run.log"} <= names
    assert ".work" not in names
    figures = {path.stem for path in (finished.path / "figures").glob("*.svg")}
    assert figures == {"power", "scenarios", "boundaries", "frontier", "search"}
    page = finished.report.read_text(encoding="utf-8")
    assert "Research software" in page and "<script" not in page and 'src="http' not in page
    for words in (
        "Type-I error",
        "Boundaries",
        "How trials with looks end",
        "Futile under no effect",
        "Assurance",
        "Crossover",
        "Smallest trials",
        "Population error",
        "Data-generating mechanism",
    ):
        assert words in page
    table = pl.read_csv(finished.path / "scenarios.csv")
    assert table.height == 4 and table["patients"].to_list() == [40, 40, 80, 80]
    assert finished.trials.height == 4 * 2 * 40 and repr(finished).startswith("<Design of mf07-01")


def test_the_numbers_are_those_of_the_trials(finished):
    """The table is what its trials say; the data are JSON without numbers that are none."""
    data = json.loads((finished.path / "design.json").read_text(encoding="utf-8"))
    for k, row in enumerate(finished.rows):
        mine = finished.trials.filter((pl.col("scenario") == k) & ~pl.col("no_effect"))
        assert row["power"] == pytest.approx(mine["finds"].mean())
        assert row["duration_months"] == pytest.approx(mine["duration_months"].mean())
    assert data["search"]["populations"][0]["patients"] is None or data["search"]["populations"][0]["patients"] <= 200
    assert len(data["assurance"]["scenarios"]) == 4 and data["assurance"]["scenarios"][0]["draws"] == 2
    assert len(data["switching"]) == 5
    assert "as many as were prepared: --pool" not in data["search"]["populations"][0]["note"]  # the limit was the one asked for
    assert data["designs"][0]["boundaries"]["planned_events"] > 0


@pytest.mark.slow
def test_threads_and_resumption_change_no_byte(finished, tmp_path):
    """Killed in the middle and resumed on two threads: the same files."""
    seen = []

    def stop(stage, done, total):
        seen.append(stage)
        if stage == "trials" and done == 5 * 40:
            raise KeyboardInterrupt

    from paget.design import DesignOptions

    point = ParameterSet.point()
    request = {
        "vary": VARY, "options": DesignOptions(looks=(0.5, 1.0), futility="hsd:-2"), "search": ["all"], "most_patients": 200,
        "switching": 5,
        "draws": [point, point.with_values({"wound_awakening": 3.0})], "draw_trials": 10, "draw_pool": 100, "out": tmp_path / "d", **SMALL,
    }  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        design("mf07-01", threads=2, progress=stop, **request)
    with pytest.raises(PagetError, match="no finished design"):
        Design(tmp_path / "d")
    kept = len(list((tmp_path / "d" / ".work").glob("scenario-*.parquet")))
    assert kept == 5
    again = design("mf07-01", threads=2, **request)
    for name in ("design.json", "scenarios.csv", "trials.parquet", "manifest.json", "figures/power.svg", "report.html"):
        assert (again.path / name).read_bytes() == (finished.path / name).read_bytes(), name


def test_a_design_of_another_request_is_not_taken_over(finished):
    """Resuming asks for the same."""
    with pytest.raises(PagetError, match="differs in"):
        design("mf07-01", out=finished.path, trials=50, pool=400, parameters="point")


def test_the_command_prints_the_table_and_says_what_it_did_not_compute(tmp_path):
    """A protocol file of one's own; a second time it is an error; resume reads it."""
    small = ["mf07-01", "--vary", "n=40", "--trials", "20", "--pool", "300", "--out", "d", "--no-null", "--test", "rmst"]
    small += ["--parameters", "point"]
    out = " ".join(paget("design", *small, cwd=tmp_path)[0].split())
    assert "point parameters: assurance not computed" in out and "±" in out and "not for clinical use" in out
    page = (tmp_path / "d" / "report.html").read_text(encoding="utf-8")
    assert "paget design mf07-01 --vary n=40 --trials 20 --pool 300 --no-null --test rmst --parameters point" in page
    _, err = paget("design", *small, cwd=tmp_path, code=2)
    assert "holds a finished run" in err
    assert "±" in paget("design", *small, "--resume", cwd=tmp_path)[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--vary", "accrual.patient=100"], "did you mean 'accrual.patients'"),
        (["--power", "1.2"], "between 0 and 1"),
        (["--alpha", "0.6"], "between 0 and 0.5"),
        (["--looks", "0.6,0.4,1"], "increase"),
        (["--looks", "soon"], "these are not looks"),
        (["--looks", "2", "--primary", "rmst"], "looks need the log-rank test"),
        (["--boundary", "obrien"], "did you mean 'obrien-fleming'"),
        (["--search", "solitary"], "did you mean 'solitary-bone'"),
        (["--endpoint", "os"], "endpoint"),
        (["--trials", "1"], "2 to 100,000"),
        (["--parameters", "blinded"], "did you mean 'blind'"),
        (["--parameters", "point", "--draws", "3"], "one set of parameters has no draws"),
        (["--vary", "population.standard_of_care=1999"], "no standard of care"),
        (["--vary", "arms.systemic.crossover.fraction=0", "--switching", "10"], "nobody of the control arm crosses over"),
    ],
)
def test_mistakes_are_told_before_anything_is_simulated(arguments, says, tmp_path):
    """One message, code 2, no folder left behind."""
    from paget.cli import main

    source = [] if "--parameters" in arguments else ["--parameters", "point"]
    code = main_in(tmp_path, main, ["design", "mf07-01", *arguments, *source])
    assert code[0] == 2 and says in code[1]
    assert not (tmp_path / "runs").exists()


def main_in(folder, main, arguments):
    """Exit code and message of the command line, in this process."""
    import contextlib
    import io

    before, err = os.getcwd(), io.StringIO()
    os.chdir(folder)
    try:
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            code = main(arguments)
    finally:
        os.chdir(before)
    return code, err.getvalue()


def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    """Boundaries, formulas and assurance as the page shows them."""
    import contextlib
    import io
    import re
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "design.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 3
    with contextlib.redirect_stdout(out):
        for block in blocks:
            exec(compile(block, "design.md", "exec"), {})
    text = out.getvalue()
    assert "2.96258" in text and "246.78" in text and "277.63" in text and 0 <= float(text.splitlines()[-1]) <= 1
