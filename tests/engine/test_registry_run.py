"""Assures a run of a registry: its folder is what the docs promise, the same bytes whatever the threads and resumption, mistakes told."""

import json

import polars as pl
import pytest
from registry_people import SMALL_BLOCK

from helpers import fingerprints
from paget.cli.app import main
from paget.engine.registry import run as module
from paget.engine.registry.result import RegistryRun
from paget.engine.registry.run import resolve_request, run_registry
from paget.errors import PagetError
from paget.population import store
from paget.study.registry import load_registry, override_registry

SMALL = {"patients": 400, "seed": 3, "null": True, "parameters": "point"}


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    before, store.BLOCK = store.BLOCK, SMALL_BLOCK
    yield
    store.BLOCK = before


@pytest.fixture(scope="module")
def registry():
    """One landmark, so that the ladder is short."""
    return override_registry(load_registry("ncdb-like"), {"analyses.landmarks_months": [6.0]})


@pytest.fixture(scope="module")
def finished(registry, tmp_path_factory):
    return run_registry(registry, out=tmp_path_factory.mktemp("registry") / "one", threads=1, **SMALL)


def test_the_folder_is_what_the_docs_promise(finished):
    """Release and truth as CSV and Parquet, ladder, decomposition, figures in three forms, report, manifest."""
    names = {path.name for path in finished.path.iterdir()}
    assert {
        "registry.csv", "registry.parquet", "truth.csv", "truth.parquet", "ladder.csv", "decomposition.csv", "summary.json",
        "manifest.json", "request.json", "report.html", "figures", "run.log",
    } == names  # fmt: skip
    assert {path.name for path in (finished.path / "figures").iterdir()} == {
        f"{name}.{end}" for name in ("ladder", "decomposition") for end in ("csv", "png", "svg")
    }
    assert finished.release.height == finished.truth.height == 400
    assert pl.read_csv(finished.path / "registry.csv").columns == finished.release.columns
    assert finished.summary["counts"]["patients"] == 400 and finished.summary["published"][0]["role"] == "prediction"
    assert finished.summary["counts"]["lives_that_the_decision_changes"] == 0
    assert finished.summary["varied"][0]["hazard_ratio"] > 0
    assert [step["component"] for step in finished.decomposition["steps"]][-1] == "immortal-time"


def test_the_report_says_what_it_is_and_fills_target(finished):
    """Research software, no network, TARGET items from the files, the command that repeats it, the question and the published ratios."""
    page = finished.report.read_text(encoding="utf-8")
    for part in ("Research software", "not for clinical use", "TARGET 2025", "6a, 7a", "Causal question", "--null", "0.61", "khan2002"):
        assert part in page
    assert "<script" not in page and 'src="http' not in page and "{{" not in page


def test_threads_and_resumption_change_no_byte(finished, registry, tmp_path):
    """Two threads, and a run that was stopped after its lives, end with the same files."""
    other = run_registry(registry, out=tmp_path / "two", threads=2, **SMALL)
    assert fingerprints(other.path) == fingerprints(finished.path)
    stopped = tmp_path / "stopped"

    def stop(stage, done, total):
        if stage.startswith("analyses"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_registry(registry, out=stopped, threads=1, progress=stop, **SMALL)
    assert list((stopped / ".work").glob("lives-*.parquet")) and not (stopped / "manifest.json").exists()
    with pytest.raises(PagetError, match="no finished run of a registry"):
        RegistryRun(stopped)
    assert fingerprints(run_registry(registry, out=stopped, threads=1, **SMALL).path) == fingerprints(finished.path)


def test_a_finished_run_is_read_and_another_is_not_mixed_in(finished, registry):
    """The same request reads what is there; another seed, or another practice, is refused with what differs."""
    assert run_registry(registry, out=finished.path, **SMALL).path == finished.path
    with pytest.raises(PagetError, match="differs in seed"):
        run_registry(registry, out=finished.path, **{**SMALL, "seed": 4})
    with pytest.raises(PagetError, match="without"):
        run_registry(registry, out=finished.path, without=["selection"], **SMALL)


def test_a_notebook_is_shown_the_naive_ratio_and_not_the_trial(finished):
    """The ladder begins with a trial in the same patients; what is called ever / never is that row's."""
    naive = next(row for row in finished.ladder if row["key"] == "ever-never")
    assert finished.ladder[0]["key"] == "randomised"
    assert f"ever / never {naive['hazard_ratio']:.2f}" in finished._repr_html_()


def test_more_patients_begin_with_the_same_patients(registry, finished):
    """Patients come in the order of their numbers, whatever their number; their lives do not depend on how many there are."""
    people, _ = module.live_people(resolve_request(registry, **{**SMALL, "patients": 900}), _NoFolder(), 1, lambda *_: None)
    first = people.filter("drawn").head(400)
    assert first["patient_id"].to_list() == finished.truth["patient_id"].to_list()
    truth = finished.truth
    lived = pl.Series([a if way == "first" else b for a, b, way in zip(
        first["first_none_death"], first["induction_none_death"], truth["way"], strict=True)])  # fmt: skip
    mine = truth["way"] != "found"
    assert (lived.fill_nan(-1.0) / 30.4375).filter(mine).to_list() == pytest.approx(
        truth["death_without_months"].fill_null(-1.0 / 30.4375).filter(mine).to_list(), rel=1e-12
    )


class _NoFolder:
    path = "nowhere"

    def read(self, name):
        return None

    def keep(self, name, frame):
        return None


def test_staging_and_switched_off_biases_are_in_the_request():
    """Everybody under PET-CT; a bias off; both are told in the command that repeats the run."""
    changes = {"wound_days": 30}
    request = resolve_request("ncdb-like", staging="pet-ct", without=["selection"], changes=changes, parameters="point")
    assert {period.pet_ct for period in request.registry.periods} == {1.0}
    assert request.command == (
        "paget registry ncdb-like --patients 20000 --seed 1 --staging pet-ct --without selection --parameters point --set wound_days=30.0"
    )


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"registry": "ncdb-lik"}, ["no registry named", "did you mean 'ncdb-like'"]),
        ({"patients": 10}, ["patients", "200 or more"]),
        ({"patients": True}, ["patients"]),
        ({"seed": -1}, ["seed", "0 to"]),
        ({"seed": 2**64}, ["not a whole number", "seed"]),
        ({"staging": "xray"}, ["no staging practice named 'xray'", "pet-ct"]),
        ({"without": ["luck"]}, ["no component of bias named 'luck'", "response-gate"]),
        ({"without": ["immortal-time"]}, ["a matter of how patients are counted"]),
        ({"changes": {"wound_dais": 3}}, ["no parameter named 'wound_dais'", "did you mean 'wound_days'"]),
    ],
)
def test_mistakes_of_a_request(arguments, parts):
    """Each is told before anything is simulated."""
    with pytest.raises(PagetError) as caught:
        resolve_request(arguments.pop("registry", "ncdb-like"), **arguments)
    for part in parts:
        assert part in str(caught.value)


def test_names_of_other_rooms_are_checked():
    """A standard of care, or an axis of drugs, that does not exist."""
    registry = load_registry("ncdb-like")
    with pytest.raises(PagetError, match="no standard of care of this name"):
        resolve_request(override_registry(registry, {"periods.0.standard_of_care": "1066"}))
    with pytest.raises(PagetError, match="no drug axis of this name"):
        resolve_request(registry.model_copy(update={"not_available": ("HER3",)}))


def test_the_command_prints_the_ladder_and_its_parts(tmp_path, monkeypatch, capsys):
    """It lists; runs a file of one's own and prints the ladder beside the truth and the published ratios; errors exit with 2."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["registry"]) == 0
    assert "ncdb-like" in capsys.readouterr().out
    from paget.study.registry import registry_to_yaml

    mine = override_registry(load_registry("seer-like"), {"analyses.landmarks_months": [6.0], "id": "mine"})
    (tmp_path / "mine.yaml").write_text(registry_to_yaml(mine), encoding="utf-8")
    arguments = ["registry", "mine.yaml", "--patients", "300", "--threads", "1", "--out", "run", "--quiet"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for part in ("Ever / never", "Randomised at the decision", "not answerable", "without immortal-time", "Published: 0.63", "Report: run"):
        assert part in out
    assert json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))["null"] is False
    assert main(arguments) == 2
    assert "holds a finished run" in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == 0
    assert main(["registry", "nosuch"]) == 2
    assert "no registry named 'nosuch'" in capsys.readouterr().err
    assert main(["check", "mine.yaml"]) == 0
    assert "mine.yaml: a valid registry" in capsys.readouterr().out
    (tmp_path / "mine.yaml").write_text(registry_to_yaml(mine).replace("operated: 0.469", "operated: 46.9"), encoding="utf-8")
    assert main(["check", "mine.yaml"]) == 2
    assert "periods[1].operated" in capsys.readouterr().err
    assert main(["show", "seer-like"]) == 0
    (tmp_path / "shown.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert load_registry(tmp_path / "shown.yaml") == load_registry("seer-like")
