"""Assures `paget evidence` and `paget parameters` as a user walks through them."""

import json
import os
import re
import subprocess
import sys
from importlib.resources import files

import pytest


def paget(*arguments, code=0, cwd=None):
    """Run the real command; its output and errors."""
    done = subprocess.run(
        [sys.executable, "-c", "from paget.cli import main; main()", *arguments], capture_output=True, text=True, cwd=cwd,
        env={**os.environ, "COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def test_lists_are_filtered_and_read_on_a_narrow_terminal():
    """Every filter narrows; ids and kinds are whole on 100 columns."""
    everything, _ = paget("evidence", "list")
    liver, _ = paget("evidence", "list", "--topic", "liver", "--therapy", "srfa")
    total = int(re.search(r"(\d+) of (\d+) studies", everything)[2])
    kept = int(re.search(r"(\d+) of (\d+) studies", liver)[1])
    assert 0 < kept < total
    assert "mf0701-10y" in everything and "…" not in "".join(line[:60] for line in everything.splitlines())
    idle, _ = paget("evidence", "list", "--unused")
    assert "e2108" not in [line.split()[0] for line in idle.splitlines() if line.split()]


def test_filters_work_without_the_word_list_and_a_bare_group_shows_its_help():
    """`paget evidence --topic liver` lists; `paget evidence` and `paget parameters` print their commands and no empty error."""
    short, _ = paget("evidence", "--topic", "liver", "--therapy", "srfa")
    assert short == paget("evidence", "list", "--topic", "liver", "--therapy", "srfa")[0]
    assert "pool" in paget("evidence")[0]
    _, told = paget("evidence", "--topic", "liver", "show", "e2108", code=2)
    assert "filters stand after `list`" in told
    shown, told = paget("parameters", code=2)
    assert "share" in shown + told and "paget: \n" not in told


def test_a_study_tells_where_it_is_used():
    """Parameters, protocols, targets and the held-out list."""
    shown, _ = paget("evidence", "show", "e2108")
    text = " ".join(shown.replace("│", " ").split())
    assert "held-out e2108" in text and "protocol e2108" in text
    target, _ = paget("evidence", "show", "nat-tao2016")
    assert "target iv-hr-pos" in " ".join(target.replace("│", " ").split())


def test_pooling_gives_the_reference_numbers_and_a_plot(tmp_path):
    """The four trials of primary surgery, as metafor pools them; the plot is written whole."""
    out, _ = paget(
        "evidence", "pool", "tata2015", "mf0701-10y", "e2108", "abcsg28", "--invert", "abcsg28",
        "--comparison", "mf0701-10y=lrt+systemic vs systemic", "--out", "plots/forest.svg", "--favours", "surgery,none", cwd=tmp_path,
    )  # fmt: skip
    assert "0.97 (0.62 to 1.51)" in out and "0.41 to 2.27" in out
    assert "<svg" in (tmp_path / "plots" / "forest.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "--therapy", "surgeri"], "unknown therapy"),
        (["show", "e2109"], "did you mean 'e2108'"),
        (["search", "zebrafish", "lobotomy"], "no study holds all these words"),
        (["cite", "nothing-like-it"], "there is no study"),
        (["cite", "."], "there is no finished run here"),
        (["pool", "e2108"], "at least two studies"),
        (["pool", "e2108", "tata2015", "--comparison", "e2108"], "ID=text"),
        (["pool", "mf0701-5y", "mf0701-10y"], "mf0701"),
        (["pool", "e2108", "tata2015", "--method", "ML"], "unknown method"),
        (["pool", "e2108", "tata2015", "--out", "plot.docx"], "not a kind of figure"),
    ],
)
def test_mistakes_are_told(words, said, tmp_path):
    """One message, exit code 2."""
    _, errors = paget("evidence", *words, code=2, cwd=tmp_path)
    assert said in errors


def test_lists_of_facts_and_of_targets_are_checked(tmp_path):
    """`paget check` knows both; what is no mapping, empty or wrong is told with its place."""
    shipped = files("paget.calibration").joinpath("targets.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(shipped, encoding="utf-8")
    out, _ = paget("check", "mine.yaml", cwd=tmp_path)
    assert "a valid list of targets" in out and "cdk-pfs-hr" in out
    (tmp_path / "mine.yaml").write_text(shipped.replace("{id: let-os,", "{id: let-os, clas: x,"), encoding="utf-8")
    _, errors = paget("check", "mine.yaml", code=2, cwd=tmp_path)
    assert "did you mean 'class'" in errors
    (tmp_path / "text.yaml").write_text("targets", encoding="utf-8")
    _, errors = paget("calibrate", "--list", "--targets", "text.yaml", code=2, cwd=tmp_path)
    assert "keys with values belong here" in errors and "contrasts" in errors
    (tmp_path / "empty.yaml").write_text("", encoding="utf-8")
    _, errors = paget("evidence", "list", "--evidence", "empty.yaml", code=2, cwd=tmp_path)
    assert "no studies in this file" in errors


def test_what_a_run_used_is_cited(tmp_path):
    """The manifest of a run names the evidence of protocol, parameters and drugs; BibTeX follows."""
    paget("run", "mf07-01", "--parameters", "point", "--patients", "40", "--replicates", "0", "--out", "one", "--seed", "5", cwd=tmp_path)
    ids = json.loads((tmp_path / "one" / "manifest.json").read_text(encoding="utf-8"))["evidence"]
    assert "mf0701-10y" in ids and "nat-tao2016" in ids and len(ids) > 30
    out, _ = paget("evidence", "cite", "one", cwd=tmp_path)
    assert out.count("\n@") + 1 == len(ids) and "@article{mf0701-10y," in out


def test_parameters_are_listed_shown_and_counted():
    """Filters of the list agree with the shares; a parameter shows its prior and sources."""
    shares, _ = paget("parameters", "share")
    counts = {line.split()[0]: int(line.split()[1]) for line in shares.splitlines()[1:] if re.match(r"^\w+\s+\d+", line)}
    assert counts["all"] == sum(counts[basis] for basis in ("sourced", "fitted", "placed", "assumed"))
    assumed, _ = paget("parameters", "list", "--basis", "assumed")
    assert f"{counts['assumed']} of " in assumed
    found, _ = paget("parameters", "list", "dormant", "--source", "braun2005")
    assert re.search(r"\d+ of \d+ parameters", found)
    shown, _ = paget("parameters", "show", "founding_rate_per_day")
    assert "prior" in shown and "coumans2013" in shown
    for words, said in ((["list", "--basis", "guessed"], "basis"), (["show", "founding_rat"], "did you mean")):
        _, errors = paget("parameters", *words, code=2)
        assert said in errors


def test_a_posterior_makes_parameters_fitted(tmp_path):
    """What a fitted posterior moved counts as fitted; draws of the prior fit nothing."""
    from paget.parameters.posterior import load, save

    prior = load("prior")
    save(prior.frame.select(prior.frame.columns[:5]), tmp_path / "mine.parquet", "blind")
    counts = {}
    for name in ("prior", "mine.parquet"):
        out, _ = paget("parameters", "share", "--parameters", name, cwd=tmp_path)
        counts[name] = int(re.search(r"^fitted\s+(\d+)", out, flags=re.M)[1])
    assert counts["prior"] == 0
    assert counts["mine.parquet"] == len({column.partition("[")[0] for column in prior.frame.columns[:5]})


def test_what_a_fit_only_varies_is_not_fitted():
    """Draws from the prior, carried along in a posterior, keep the basis that was declared."""
    from paget.calibration.free import declared_space
    from paget.parameters.posterior import load
    from paget.parameters.shares import fitted_names

    space, moved = declared_space(), fitted_names(load("blind"))
    assert moved == {column.partition("[")[0] for column in space.free}
    assert "immune_kill_per_day" in {column.partition("[")[0] for column in space.varied} - moved
