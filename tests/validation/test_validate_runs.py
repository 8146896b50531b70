"""Assures `paget validate`: predictions of trials and of single figures, bytes that repeat, a user's own trial, mistakes told."""

import json
import subprocess
import sys

import pytest

import paget.validation.run as module
from helpers import fingerprints
from paget.engine.draws import resolve_source
from paget.errors import PagetError
from paget.evidence.heldout import held_out
from paget.parameters.posterior import load, save
from paget.validation import validate
from paget.validation.rows import simulate
from paget.validation.run import GIVEN, _chosen, _used

pytestmark = pytest.mark.slow
SMALL = {"replicates": 5, "draws": 2, "patients": 40, "histories": 2000, "seed": 5, "only": ["mf0701-10y", "ctc-os"]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return validate(["prior"], out=tmp_path_factory.mktemp("validations") / "one", threads=1, **SMALL)


def test_everything_held_out_is_predicted_with_its_scores(finished):
    """The trial's published numbers and the row; each with interval and verdict; list and hash are there."""
    report = json.loads((finished.path / "validation.json").read_text(encoding="utf-8"))
    assert report["held_out"] == {"hash": held_out().hash, "names": list(held_out().names)}
    names = {(one["study"], one["measure"]) for one in report["predictions"]}
    assert {("mf0701-10y", "hazard_ratio"), ("mf0701-10y", "survival"), ("ctc_meta_mbc_2015", "hazard_ratio")} <= names
    for one in report["predictions"]:
        assert one["draws"] == 2 and one["held_out"] and one["z"] is not None
        if one["low"] is not None and one["high"] is not None:
            assert one["low"] < one["predicted"] < one["high"]
            assert one["covered"] == (one["low"] <= one["observed"] <= one["high"])
    assert {one["group"] for one in report["summary"]} == {"ratios", "landmarks", "medians", "all"}
    assert "for trying out only" in (finished.path / "validation.md").read_text(encoding="utf-8")
    assert (finished.path / "figures" / "predicted-observed-prior.png").exists()
    assert (finished.path / "runs" / "prior-mf07-01" / "report.html").exists()


def test_the_mean_is_that_of_the_replicates(finished):
    """The prediction of the hazard ratio is the replicates' geometric mean."""
    import polars as pl

    rows = pl.read_parquet(finished.path / "runs" / "prior-mf07-01" / "replicates.parquet")
    one = next(p for p in finished.predictions if p.study == "mf0701-10y" and p.measure == "hazard_ratio")
    assert one.mean == pytest.approx(rows["OS_log_hr"].mean()) and one.count == 5
    assert one.observed == 0.71


def test_interrupted_and_taken_up_again_gives_the_same_bytes(finished, tmp_path, monkeypatch):
    """Stopped in the second draw of the rows, on two threads: nothing done twice, every file the same."""
    done = []

    def stop(entries, draw, *rest):
        if done:
            raise KeyboardInterrupt
        done.append(draw.number)
        return simulate(entries, draw, *rest)

    monkeypatch.setattr(module.of_rows, "simulate", stop)
    with pytest.raises(KeyboardInterrupt):
        validate(["prior"], out=tmp_path / "two", threads=2, **SMALL)
    again = []
    monkeypatch.setattr(module.of_rows, "simulate", lambda entries, draw, *rest: again.append(draw) or simulate(entries, draw, *rest))
    other = validate(["prior"], out=tmp_path / "two", threads=2, **SMALL)
    assert len(again) == 1
    assert fingerprints(other.path) == fingerprints(finished.path)


@pytest.fixture
def own(tmp_path):
    """A protocol and a file of facts of the user's, with one published number."""
    from paget.study import load_protocol
    from paget.study.load import to_yaml

    facts = tmp_path / "facts.yaml"
    facts.write_text(
        """- id: mine2026
  kind: rct
  topic: primary-lrt
  citation: "Own trial, not published"
  level: table
  population: {n: 40, setting: de novo stage IV}
  results:
    - {measure: hazard_ratio, endpoint: overall-survival, comparison: lrt vs no-lrt, value: 0.9, ci: [0.5, 1.6], ci_level: 0.95}
""",
        encoding="utf-8",
    )
    text = to_yaml(load_protocol("tata-memorial"))
    data = __import__("yaml").safe_load(text)
    data |= {"id": "mine", "evidence": ["mine2026"], "sources": []}
    data["published"] = [
        {"evidence": "mine2026", "measure": "hazard_ratio", "endpoint": "OS", "comparison": {"experimental": "lrt", "control": "no-lrt"}}
    ]
    protocol = tmp_path / "mine.yaml"
    protocol.write_text(json.dumps(data), encoding="utf-8")
    return protocol, facts


def test_a_users_own_trial_is_predicted(own, tmp_path):
    """Its published number becomes a prediction; another number in the facts, or another protocol under the name, is another validation."""
    protocol, facts = own
    asked = {"protocols": [protocol], "evidence": [facts], "only": ["mine2026"], "replicates": 3, "patients": 40, "seed": 5, "threads": 1}
    found = validate(["point"], out=tmp_path / "v", **asked)
    (one,) = found.predictions
    assert one.study == "mine2026" and one.observed == 0.9 and one.held_out and one.draws == 0
    run = json.loads((tmp_path / "v" / "runs" / "point-mine" / "manifest.json").read_text(encoding="utf-8"))
    assert "mine2026" in run["evidence"]
    assert validate(["point"], out=tmp_path / "v", **asked).predictions == found.predictions
    was = facts.read_text(encoding="utf-8")
    facts.write_text(was.replace("value: 0.9", "value: 0.8"), encoding="utf-8")
    with pytest.raises(PagetError, match="another run is here: it differs in evidence, trials"):
        validate(["point"], out=tmp_path / "v", **asked)
    facts.write_text(was, encoding="utf-8")
    data = json.loads(protocol.read_text(encoding="utf-8"))
    data["follow_up"]["data_cut_months"] += 12
    protocol.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(PagetError, match="another run is here: it differs in trials"):
        validate(["point"], out=tmp_path / "v", **asked)


def test_what_the_values_were_chosen_by_is_no_held_out_study():
    """A user's protocol of a study that is a target, or an anchor of the point values; nothing that is declared held out is among them."""
    for name, draws in (("blind", 2), ("informed", 2), ("point", None)):
        used = _used(resolve_source(name, draws=draws, replicates=4, seed=1))
        assert {"e1193", "cleopatra"} <= used and not used & {"mf0701-10y", "abcsg28", "stic_ctc", "mine2026"}
    own = {entry.evidence: entry for entry in _chosen(held_out(), ["tata-memorial", "e1193"], None) if entry.reason == GIVEN}
    assert own["tata2015"].under == ("blind",) and own["e1193"].under == ("blind", "informed")


def test_a_posterior_that_was_fitted_to_it_is_refused(tmp_path):
    """A manifest that names a held-out row among its targets."""
    save(load("prior").frame, tmp_path / "bad.parquet", "blind", targets=["iv-all", "ctc-os"])
    with pytest.raises(PagetError, match="fitted to what is held out"):
        validate([tmp_path / "bad.parquet"], out=tmp_path / "v", replicates=2, draws=1)
    assert not (tmp_path / "v").exists()


def test_a_posterior_that_a_held_out_trial_informed_is_refused(tmp_path):
    """Its manifest names a trial, or a study that one of its targets pools, which is held out under it."""
    frame, told = load("prior").frame, {"targets": ["iv-all"]}
    save(frame, tmp_path / "informed.parquet", "informed", contrasts=["mf07-01"], **told)
    with pytest.raises(PagetError, match="mf0701-10y"):
        validate([tmp_path / "informed.parquet"], out=tmp_path / "v", replicates=2, draws=1)
    save(frame, tmp_path / "pooled.parquet", "blind", evidence=["abcsg28"], **told)
    with pytest.raises(PagetError, match="abcsg28"):
        validate([tmp_path / "pooled.parquet"], out=tmp_path / "v", replicates=2, draws=1)
    assert not (tmp_path / "v").exists()
    save(frame, tmp_path / "fine.parquet", "informed", contrasts=["tata-memorial", "e2108"], **told)
    source = resolve_source(tmp_path / "fine.parquet", draws=1, replicates=1, seed=1)
    module._check_unused(source, held_out())
    assert {"tata2015", "e2108"} <= _used(source)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--parameters", "prior", "--only", "mf0701-10"], "did you mean"),
        (["--parameters", "prior", "--replicates", "1"], "greater than or equal to 2"),
        (["--parameters", "priors"], "there is no posterior"),
        (["--parameters", "prior", "--protocol", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_the_command_tells_mistakes(words, said, tmp_path):
    """One message, exit code 2, nothing written."""
    code = [sys.executable, "-c", "from paget.cli import main; main()", "validate", *words]
    done = subprocess.run(code, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
