"""``paget analyse`` end to end: tables of several kinds, files written, the same bytes twice, mistakes told once."""

import json

import numpy as np
import polars as pl
import pytest

from paget.analysis.causal.benchmark import SCENARIOS, generate
from paget.cli import main

COLUMNS = ["--time", "months", "--event", "dead", "--treated-at", "surgery", "--id", "id", "-q"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A registry of 800 patients as CSV and Parquet, with progressions beside it, and as ADaM tables."""
    base = tmp_path_factory.mktemp("registry")
    data = generate(SCENARIOS["E"], 800, 4)
    rng = np.random.default_rng(1)
    table = pl.DataFrame(
        {
            "id": [f"P{i:04d}" for i in range(800)],
            "months": data.months,
            "dead": data.event.astype(int),
            "surgery": pl.Series(data.treated_months, nan_to_null=True),
            "u": data.covariates["u"],
            "region": rng.choice(["north", "south", "west"], 800),
            "other": rng.exponential(40, 800),
            "other_seen": 1,
        }
    )
    table.write_csv(base / "r.csv")
    table.write_parquet(base / "r.parquet")
    varying = data.varying
    pl.DataFrame({"id": table["id"][varying.patient.tolist()], "from_months": varying.from_months, "progression": 1.0}).write_csv(
        base / "progression.csv"
    )
    adam = base / "adam"
    adam.mkdir()
    day0 = pl.date(2015, 1, 1)
    treated = (pl.col("surgery") * 30.4375).round(0)
    table.select(
        pl.col("id").alias("USUBJID"),
        day0.alias("RANDDT"),
        (day0 + pl.duration(days=treated)).cast(pl.String).alias("SURGDT"),
        pl.col("u").alias("U"),
    ).write_csv(adam / "adsl.csv")
    table.select(
        pl.col("id").alias("USUBJID"), PARAMCD=pl.lit("OS"), AVAL=(pl.col("months") * 30.4375).round(0) + 1, AVALU=pl.lit("DAYS"),
        CNSR=1 - pl.col("dead"), STARTDT=day0,
    ).write_parquet(adam / "adtte.parquet")  # fmt: skip
    return base


def run(capsys, *arguments, code=0):
    """Run the command in this process; its output and errors."""
    assert main(["analyse", *map(str, arguments)]) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out, err


def test_a_ladder_from_a_csv_file(folder, tmp_path, capsys, monkeypatch):
    """Table, JSON, figures and TARGET table; a second run gives the same bytes; CSV and Parquet agree."""
    monkeypatch.setenv("COLUMNS", "200")
    arguments = [*COLUMNS, "--adjust-for", "u,region", "--negative-control", "other,other_seen", "--grace", 8]
    out, _ = run(capsys, folder / "r.csv", *arguments, "--out", tmp_path / "one")
    for words in ("Ever / never", "Clone-censor-weight, 8 months, weighted", "Negative control", "E-value", "Assumes:", "800 patients"):
        assert words in out
    names = {path.name for path in (tmp_path / "one").iterdir()}
    figures = {f"{name}.{ending}" for name in ("ladder", "balance", "overlap") for ending in ("svg", "png", "csv")}
    assert names == {"analysis.json", "target.md", *figures}
    told = json.loads((tmp_path / "one" / "analysis.json").read_text())
    assert told["data"] == {
        "patients": 800, "treated": told["estimates"][0]["treated"], "events": told["estimates"][0]["events"], "dropped": 0,
        "time_zero": "diagnosis", "treatment": "treatment", "outcome": "death",
    }  # fmt: skip
    assert len(told["estimates"]) == len(told["negative_control"]) == 21 and told["main"] == "ccw-8+ipcw"
    assert told["estimates"][0]["curves"]["treated"][0] == 1.0
    assert {"6a, 7a", "6h, 7h"} <= {item["items"] for item in told["target"]["items"]}
    assert "| 6d, 7d | Follow-up |" in (tmp_path / "one" / "target.md").read_text()
    run(capsys, folder / "r.csv", *arguments, "--out", tmp_path / "two")
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    run(capsys, folder / "r.parquet", *arguments, "--out", tmp_path / "three")
    other = json.loads((tmp_path / "three" / "analysis.json").read_text())
    assert [one["hazard_ratio"] for one in other["estimates"]] == pytest.approx([one["hazard_ratio"] for one in told["estimates"]])


@pytest.mark.parametrize(
    ("estimand", "key"),
    [
        ("ever-never", "ever-never+cox"), ("immortal-excluded", "immortal-excluded+cox"), ("time-varying", "time-varying+cox"),
        ("landmark", "landmark-6+cox"), ("matching", "matching"), ("iptw", "iptw"), ("iptw-landmark", "iptw-landmark-6"),
        ("sequential", "sequential+ipw"), ("ccw", "ccw-6+ipcw"),
    ],
)  # fmt: skip
def test_each_estimand_alone(folder, tmp_path, capsys, estimand, key):
    """One analysis by name gives one row, the adjusted one."""
    run(capsys, folder / "r.csv", *COLUMNS, "--estimand", estimand, "--adjust-for", "u", "--landmark", "6,9", "--out", tmp_path)
    told = json.loads((tmp_path / "analysis.json").read_text())
    assert [one["key"] for one in told["estimates"]] == [key] and 0.4 < told["estimates"][0]["hazard_ratio"] < 1.4


def test_excuses_bootstrap_and_adam(folder, tmp_path, capsys):
    """A time-varying excuse, intervals by bootstrap, ADaM tables with dates."""
    run(
        capsys, folder / "r.csv", *COLUMNS, "--estimand", "ccw", "--varying", folder / "progression.csv", "--unless", "progression",
        "--bootstrap", 30, "--out", tmp_path / "ccw",
    )  # fmt: skip
    (one,) = json.loads((tmp_path / "ccw" / "analysis.json").read_text())["estimates"]
    assert one["key"] == "ccw-6+unless" and one["interval"] == "bootstrap" and one["diagnostics"]["excused"] > 0
    run(capsys, folder / "adam", "--adjust-for", "U", "--estimand", "time-varying", "--out", tmp_path / "adam", "-q")
    (adam,) = json.loads((tmp_path / "adam" / "analysis.json").read_text())["estimates"]
    run(capsys, folder / "r.csv", *COLUMNS, "--adjust-for", "u", "--estimand", "time-varying", "--out", tmp_path / "csv")
    (plain,) = json.loads((tmp_path / "csv" / "analysis.json").read_text())["estimates"]
    assert adam["hazard_ratio"] == pytest.approx(plain["hazard_ratio"], rel=0.02) and adam["n"] == 800


def test_a_ladder_tells_what_can_be_answered_instead(tmp_path, capsys, monkeypatch):
    """Where a covariate decides treatment, weighted rows have no answer, and the ladder says what could be asked in their place."""
    monkeypatch.setenv("COLUMNS", "400")
    rng = np.random.default_rng(1)
    u, months = rng.normal(size=300), np.minimum(rng.exponential(24, 300), 60)
    started = np.where((u > 0) & (months > 3), 2.0, np.nan)
    table = pl.DataFrame({"id": range(300), "months": months, "dead": (months < 60).astype(int), "surgery": started, "u": u})
    table.with_columns(pl.col("surgery").fill_nan(None)).write_csv(tmp_path / "apart.csv")
    out, _ = run(capsys, tmp_path / "apart.csv", *COLUMNS, "--adjust-for", "u", "--out", tmp_path / "apart")
    assert "Not answered" in out and "no overlap" in out and "instead: restrict the patients" in out
    told = json.loads((tmp_path / "apart" / "analysis.json").read_text())["estimates"]
    assert any("instead" in one["diagnostics"] for one in told if one["hazard_ratio"] is None)


def test_a_bootstrap_that_was_stopped_goes_on(folder, tmp_path, capsys, monkeypatch):
    """Stopped after some resamples, it draws only the rest and ends with the same bytes; other data or choices begin anew."""
    from paget.cli import analysing, resamples

    drawn = []
    real = resamples.KeptResamples.put
    monkeypatch.setattr(resamples.KeptResamples, "put", lambda self, k, one: (drawn.append(k), real(self, k, one))[1])
    call = [folder / "r.csv", *COLUMNS, "--adjust-for", "u", "--estimand", "landmark", "--landmark", "6", "--bootstrap", 60]

    def stop(stage, done, total):
        if stage == "bootstrap" and done == 40:
            raise KeyboardInterrupt

    data = analysing.read_file(
        folder / "r.csv", varying=None, unless=None, covariates=("u",), names={}, months="months", event="dead",
        treated_months="surgery", id="id", event_value=None, treated=None, entry_months=None, unit="months", missing="error",
        varying_from="from_months", negative_control=None,
    )  # fmt: skip
    request = analysing.Request(
        estimand="landmark", adjust_for=("u",), curved=(), landmark_months=(6.0,), grace_months=6.0, tau_months=None, truncate=None,
        unless=None, bootstrap=60, seed=1,
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        analysing.run(data, request, stop, tmp_path / "stopped")
    assert len(drawn) == 40
    (kept,) = (tmp_path / "stopped" / resamples.WORK).iterdir()
    assert len(json.loads(kept.read_text())["resamples"]) == 25
    drawn.clear()
    run(capsys, *call, "--out", tmp_path / "stopped")
    assert drawn == list(range(25, 60))
    assert not (tmp_path / "stopped" / resamples.WORK).exists()
    drawn.clear()
    run(capsys, *call, "--out", tmp_path / "whole")
    assert drawn == list(range(60))
    assert (tmp_path / "stopped" / "analysis.json").read_bytes() == (tmp_path / "whole" / "analysis.json").read_bytes()
    mark = resamples.fingerprint(data, {"seed": 1})
    assert mark == resamples.fingerprint(data, {"seed": 1}) != resamples.fingerprint(data, {"seed": 2})
    assert mark != resamples.fingerprint(data.take(np.arange(1, 800)), {"seed": 1})
    (tmp_path / "junk.json").write_text("[1")
    assert resamples.KeptResamples(tmp_path / "junk.json", mark).known == {}


def test_examples_are_at_hand(tmp_path, capsys, monkeypatch):
    """The tutorial's commands, with the numbers that it shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    out, _ = run(capsys, "example:heart", "--adjust-for", "age,surgery", "-q")
    assert "0.180 (" in out and "1.016 (" in out and "transplant and death" in out
    assert (tmp_path / "runs" / "analyse" / "example-heart-ladder" / "ladder.png").exists()
    out, _ = run(capsys, "example:rotterdam", "--adjust-for", "age,meno,size,grade,nodes,pgr,er", "-q")
    assert "1.511 (" in out and "0.811 (" in out and "no time is immortal" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["r.csv"], ["--time COLUMN", "columns of this file: id, months"]),
        (["r.csv", "--time", "month", "--event", "dead", "--treated-at", "surgery"], ["did you mean 'months'"]),
        (["r.csv", *COLUMNS, "--estimand", "cww"], ["did you mean 'ccw'"]),
        (["r.csv", *COLUMNS, "--estimand", "iptw"], ["needs covariates", "--adjust-for"]),
        (["r.csv", *COLUMNS, "--landmark", "six"], ["numbers separated by commas"]),
        (["r.csv", *COLUMNS, "--estimand", "landmark", "--landmark", "400"], ["nobody is followed beyond", "an earlier landmark"]),
        (["r.csv", *COLUMNS, "--tau", "900"], ["--tau: treated or untreated, nobody is followed", "is the default"]),
        (["r.csv", *COLUMNS, "--estimand", "ccw", "--grace", "0"], ["--grace: a strategy needs time", "ever-never, matching and iptw"]),
        (["r.csv", *COLUMNS, "--unless", "progression"], ["--varying FILE"]),
        (["r.csv", *COLUMNS, "--negative-control", "other"], ["TIME,EVENT"]),
        (["no.csv", *COLUMNS], ["no such file"]),
        (["adam", "--paramcd", "PFS", "-q"], ["PFS"]),
        (["adam", "--treated-date", "SURGDTT", "-q"], ["did you mean 'SURGDT'"]),
        (["example:lungs"], ["no example named"]),
        (["example:heart", "--time", "x"], ["brings its own columns"]),
    ],
)
def test_mistakes_are_told_once(folder, tmp_path, capsys, monkeypatch, arguments, words):
    """One message, exit code 2, nothing written."""
    monkeypatch.chdir(folder)
    _, err = run(capsys, *arguments, "--out", tmp_path / "x", code=2)
    assert err.startswith("paget: ") and all(word in err for word in words), err
    assert not (tmp_path / "x").exists()
