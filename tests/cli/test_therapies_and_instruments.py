"""Assures the commands about therapies and instruments: lists, cards, checks of a user's file, and a run with one."""

import shutil
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def test_therapies_are_listed_and_filtered(paget):
    """Every therapy stands in the list with its tier; filters narrow it; a word that is none is told."""
    everything, _ = paget("therapies")
    for name in ("letrozole", "doxorubicin", "trastuzumab-deruxtecan", "dormancy-keeper"):
        assert name in everything
    (keeper,) = [line for line in everything.splitlines() if line.startswith("dormancy-keeper")]
    assert "hypothetical" in keeper
    shown, _ = paget("therapies", "--tier", "A", "--class", "taxane")
    assert "paclitaxel" in shown and "docetaxel" not in shown and "little evidence" not in shown
    shown, _ = paget("therapies", "--subtype", "TNBC", "--real")
    assert "sacituzumab-govitecan" in shown and "letrozole" not in shown and "hypothetical" not in shown
    for arguments, told in (
        (["--tier", "C"], "A or B"),
        (["--site", "livr"], "liver"),
        (["--subtype", "TNB"], "TNBC"),
        (["--therapy", "nowhere.yaml"], "no such file"),
    ):
        _, err = paget("therapies", *arguments, code=2)
        assert told in err


def test_a_card_tells_what_for_whom_effect_cost_and_evidence(paget):
    """The card of a drug has its badge, who may get it, the curve of effect, harms with their rates, read-outs and citations."""
    out, _ = paget("show", "doxorubicin")
    for words in ("anthracycline", "heart failure", "26.0% by 550 mg/m2", "sensitive cells", "24 weeks", "Sledge 2003", "0.36"):
        assert words in out
    out, _ = paget("show", "bevacizumab")
    assert "angiogenic switch times 0.5" in out and "14.8% of courses" in out and "hazard ratio" in out
    out, _ = paget("show", "protease-inhibitor")
    assert "hypothetical" in out and "invasion times 0.5" in out and "Evidence none" in out
    _, err = paget("show", "doxorubicine", code=2)
    assert "did you mean 'doxorubicin'" in err


def test_instruments_are_listed_and_shown(paget):
    """Imaging, markers and assays have cards with what they show by size, burden and cells."""
    out, _ = paget("instruments")
    for name in ("ct", "bone-scan", "ca15-3", "marker-panel", "ctc-size-filtration"):
        assert name in out
    out, _ = paget("instruments", "--kind", "cells")
    assert "ctc-epcam" in out and "mammography" not in out
    assert "0.904" in paget("show", "mri")[0]
    assert "10 cm3" in paget("show", "tpa")[0] and "half positive" in paget("show", "marker-panel")[0]
    assert "share with 5 or more" in paget("show", "ctc-epcam")[0]
    assert "imaging" in paget("instruments", "--kind", "imagin", code=2)[1]


def test_a_file_of_ones_own_is_checked(tmp_path, paget):
    """`check` and `show` read a therapy file; all its mistakes are told at once, with lines."""
    mine = tmp_path / "my-therapy.yaml"
    shutil.copy(EXAMPLES / "my-therapy.yaml", mine)
    out, _ = paget("check", str(mine))
    assert "a valid therapy" in out and "hypothetical" in out
    assert "Inhibitor of waking" in paget("show", str(mine))[0]
    mine.write_text(mine.read_text().replace("tier: B", "tier: C").replace("awakening", "awakning").replace("e1193", "e1194"))
    _, err = paget("check", str(mine), code=2)
    assert "2 mistakes" in err and "did you mean 'awakening'" in err and "line 6: tier" in err
    mine.write_text(mine.read_text().replace("tier: C", "tier: B").replace("awakning", "awakening"))
    _, err = paget("check", str(mine), code=2)
    assert "did you mean 'e1193'" in err


def test_the_example_is_short():
    """A new therapy takes less than forty lines of YAML and no code."""
    lines = (EXAMPLES / "my-therapy.yaml").read_text().splitlines()
    assert len([line for line in lines if line.strip() and not line.strip().startswith("#")]) < 40


@pytest.mark.slow
def test_a_run_with_a_therapy_of_ones_own(tmp_path, paget, monkeypatch):
    """A trial of the new drug runs; the report, the manifest and the tables say that it is hypothetical, and exposure is to it."""
    import json

    import polars as pl

    monkeypatch.chdir(tmp_path)
    drug = yaml.safe_load((EXAMPLES / "my-therapy.yaml").read_text())
    del drug["eligible"]
    (tmp_path / "drug.yaml").write_text(yaml.safe_dump(drug))
    trial = yaml.safe_load((EXAMPLES / "my-trial.yaml").read_text())
    trial["arms"][0] = {"id": "surgery", "label": "the new drug", "systemic": "waking-inhibitor"}
    trial["arms"][1].pop("crossover")
    trial["time_zero"] = {"event": "diagnosis"}
    (tmp_path / "trial.yaml").write_text(yaml.safe_dump(trial))
    small = ["--patients", "60", "--replicates", "0", "--out", "run", "-q"]
    _, err = paget("run", "trial.yaml", *small, code=2)
    assert "there is no regimen of this name" in err
    out, _ = paget("run", "trial.yaml", "--therapy", "drug.yaml", *small)
    assert "waking-inhibitor: hypothetical" in out
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["therapies"] == {"waking-inhibitor": ["hypothetical"]}
    page = (tmp_path / "run" / "report.html").read_text()
    assert "is hypothetical" in page and "--therapy drug.yaml" in page
    given = pl.read_parquet(tmp_path / "run" / "adex.parquet")
    mine = given.filter(pl.col("EXTRT").str.contains("hypothetical"))
    assert 0 < mine.height and set(mine["TRTP"]) == {"the new drug"}
    harms = pl.read_parquet(tmp_path / "run" / "adae.parquet")
    assert set(harms["USUBJID"]) <= set(given["USUBJID"])


def test_the_page_shows_the_example_as_it_is():
    """The files on the page of extending are the files among the examples."""
    page = (EXAMPLES.parent / "extending.md").read_text(encoding="utf-8")
    assert (EXAMPLES / "my-therapy.yaml").read_text(encoding="utf-8").split("\n", 1)[1].strip() in page
    assert (EXAMPLES / "my-adjuvant.yaml").read_text(encoding="utf-8").strip() in page
