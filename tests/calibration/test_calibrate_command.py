"""``paget calibrate`` from targets to posteriors, through the real command."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import numpy as np
import polars as pl
import pytest
import yaml

from paget.calibration.fit import inform
from paget.calibration.free import declared_space
from paget.calibration.smoother import Size
from paget.calibration.targets import declared_targets
from paget.errors import PagetError
from paget.parameters.posterior import load

PAGET = [sys.executable, "-c", "from paget.cli import main; main()"]
FEW = ("doubling-hr-pos", "iv-hr-pos", "hazard-er-pos-0", "tam-orr", "tam-ttp")


def paget(*arguments, code=0):
    """Run the command; its output and errors."""
    done = subprocess.run([*PAGET, "calibrate", *map(str, arguments)], capture_output=True, text=True, env={**os.environ, "COLUMNS": "160"})
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A user's file with few of the targets: what the others need is not simulated."""
    data = yaml.safe_load(files("paget.calibration").joinpath("targets.yaml").read_text(encoding="utf-8"))
    data["targets"] = [one for one in data["targets"] if one["id"] in FEW]
    data["contrasts"] |= {"inform": ["tata-memorial"], "predict": []}
    path = tmp_path_factory.mktemp("targets") / "few.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def fitted(few, tmp_path_factory):
    """A tiny fit to few targets."""
    folder = tmp_path_factory.mktemp("fit") / "one"
    out, _ = paget("--size", "tiny", "--targets", few, "--out", folder, "--threads", 1)
    return folder, out


@pytest.mark.slow
def test_a_tiny_fit_to_all_targets(tmp_path):
    """The shipped targets, from the prior to two posteriors, with everything a reader needs."""
    folder = tmp_path / "fit"
    out, _ = paget("--size", "tiny", "--out", folder, "--threads", 2)
    assert "119 targets" in out or f"{len(declared_targets().targets)} targets" in out
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert {row["trial"] for row in summary["effects"]} == {"tata-memorial", "e2108", "mf07-01", "abcsg-28"}
    table = pl.read_csv(folder / "targets.csv")
    assert table["id"].to_list() == list(declared_targets().ids)
    for name in ("z-scores", "parameters", "effects"):
        assert (folder / "figures" / f"{name}.svg").stat().st_size > 1000
    manifest = load(folder / "blind.parquet").manifest
    assert manifest["targets"] == list(declared_targets().ids) and manifest["lives_of_one_evaluation"] <= 1_500


def test_both_posteriors_load_and_say_what_they_are(fitted):
    """Kinds, coverage, targets, what is free and what is varied; nothing of the machine or the hour."""
    folder, out = fitted
    assert "tata-memorial, informed" in out and "used" in out
    blind, informed = load(folder / "blind.parquet"), load(folder / "informed.parquet")
    assert blind.manifest["kind"] == "blind" and informed.manifest["kind"] == "informed"
    assert len(blind) == len(informed) == 24 and blind.frame.columns == list(declared_space().columns)
    assert blind.manifest["targets"] == list(FEW) and "contrasts" not in blind.manifest
    assert informed.manifest["contrasts"] == ["tata-memorial"] and 1 <= informed.manifest["effective_draws"] <= 24
    assert blind.manifest["evidence"] == sorted({"tvdt_subtype_us", "nat-tao2016", "colleoni2016", "p025_letrozole"})
    assert informed.manifest["evidence"] == sorted([*blind.manifest["evidence"], "tata2015"])
    assert blind.manifest["coverage"]["procedures"] == [] and informed.manifest["coverage"]["procedures"] == ["surgery"]
    assert "immune_kill_per_day" in blind.manifest["varied"]
    chosen = informed.frame.unique()
    assert chosen.join(blind.frame, on=blind.frame.columns, how="semi").height == chosen.height
    text = (folder / "blind.json").read_text(encoding="utf-8") + (folder / "manifest.json").read_text(encoding="utf-8")
    assert "2026-" not in text and os.uname().nodename not in text


def test_varied_numbers_are_the_priors_draws(fitted):
    """What no target identifies comes through the fit untouched."""
    posterior = load(fitted[0] / "blind.parquet")
    from paget.parameters.priors import prior_draws

    drawn = prior_draws(["immune_kill_per_day", "wound_awakening"], len(posterior), 1)
    for name, values in drawn.items():
        assert np.allclose(posterior.frame[name].to_numpy(), values, rtol=1e-9)


def test_the_same_bytes_on_two_threads(fitted, few, tmp_path):
    """A second fit, on two threads, ends with the same posteriors and summary."""
    folder = tmp_path / "two"
    paget("--size", "tiny", "--targets", few, "--out", folder, "--threads", 2)
    for name in ("blind.parquet", "blind.json", "informed.json", "summary.json", "targets.csv", "effects.csv", "manifest.json"):
        assert (folder / name).read_bytes() == (fitted[0] / name).read_bytes(), name


def test_a_finished_folder_is_read_and_another_request_is_refused(fitted, few):
    """The same request again costs nothing; another seed in the same folder is a mistake."""
    again, _ = paget("--size", "tiny", "--targets", few, "--out", fitted[0], "--threads", 1, "--resume")
    assert again == fitted[1]
    _, errors = paget("--size", "tiny", "--targets", few, "--out", fitted[0], "--seed", 2, "--resume", code=2)
    assert "another run is here" in errors and "seed" in errors


def test_targets_are_listed(few):
    """`--list` shows the figures with their errors."""
    out, _ = paget("--list", "--targets", few)
    assert "tam-ttp" in out and "p025_letrozole" in out and "let-os" not in out


def test_a_request_names_all_that_a_fit_reads(few, monkeypatch):
    """Another row behind the same target, another set of free numbers: another request, though the file of targets is the same."""
    from paget.calibration import fit as room
    from paget.calibration.targets import targets_from

    targets = targets_from(few)
    before = room.request_of("fit", "tiny", 1, targets)
    assert before == room.request_of("fit", "tiny", 1, targets_from(few))
    first = targets.targets[0]
    other = replace(first, row=first.row.model_copy(update={"where": {"subtype": "TNBC"}}))
    changed = room.request_of("fit", "tiny", 1, replace(targets, targets=(other, *targets.targets[1:])))
    assert {name for name in before if before[name] != changed[name]} == {"figures_hash"}
    monkeypatch.setattr(room, "declared_space", lambda: declared_space().without(["founding_exponent"]))
    fewer = room.request_of("fit", "tiny", 1, targets)
    assert {name for name in before if before[name] != fewer[name]} == {"space_hash"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--size", "huge"), "no size named 'huge'"),
        (("--check", "syntetic"), "no check named 'syntetic'"),
        (("--check", "synthetic", "--variants"), "one thing at a time"),
        (("--targets", "nowhere.yaml"), "cannot be read"),
        (("--sensitivity", "nowhere", "--size", "tiny"), "no posterior named"),
        (("--seed", "-1", "--size", "tiny"), "--seed"),
    ],
)
def test_mistakes_are_told_in_one_message(arguments, message):
    """Names that do not exist, two things at once, files that are not there."""
    _, errors = paget(*arguments, code=2)
    assert message in errors


def test_weights_follow_the_published_ratio(few, monkeypatch):
    """Draws whose hazard ratio is near the trial's are drawn more often; a draw without a ratio counts as a middling one."""
    from paget.calibration import fit as room
    from paget.calibration.contrast import Contrast
    from paget.calibration.targets import targets_from

    space, targets = declared_space(), targets_from(few)
    z = space.prior(40, 1)
    place = {float(row[0]): k for k, row in enumerate(z)}

    def made_up(names, parameters, *, seed, lives):
        k = place[
            min(place, key=lambda x: abs(space.values(z[place[x]])["doubling_primary_days"][0] - parameters["doubling_primary_days"][0]))
        ]
        return {names[0]: Contrast(np.nan if k == 39 else 0.04 + 0.05 * k, 0.02, 100, True)}

    monkeypatch.setattr(room, "contrasts", made_up)
    found = inform(z, space, targets, Size(40, 1, 4_000), 1)
    assert np.all(np.diff(found.log_weights[:39]) < 0) and found.log_weights[39] == pytest.approx(
        np.median(found.log_weights[:39]), abs=0.3
    )
    counts = np.bincount(found.chosen, minlength=40)
    assert counts[:5].min() > counts[30:39].max() and 1 < found.effective < 40


def test_a_folder_that_cannot_be_a_fit_is_refused(tmp_path):
    """Sensitivity around a folder without a posterior."""
    from paget.calibration.sensitivity import sensitivity

    with pytest.raises(PagetError, match="no such file"):
        sensitivity(tmp_path, size="tiny")


@pytest.mark.slow
def test_sensitivity_around_a_tiny_fit(fitted, few, tmp_path):
    """Morris, Sobol and tornado write their tables and figures."""
    out, _ = paget("--sensitivity", fitted[0], "--size", "tiny", "--targets", few, "--out", tmp_path / "s", "--threads", 1)
    assert "Hazard ratio of surgery, tata-memorial" in out
    sobol, tornado = pl.read_csv(tmp_path / "s" / "sobol.csv"), pl.read_csv(tmp_path / "s" / "tornado.csv")
    assert set(sobol["column"]) == set(declared_space().columns) and tornado.height >= 3
    morris = pl.read_csv(tmp_path / "s" / "morris.csv")
    assert set(morris["group"]) >= {"growth", "drugs", "varied"} and (morris["mu_star"] >= 0).all()
    assert (tmp_path / "s" / "figures" / "sobol.png").exists() and (tmp_path / "s" / "figures" / "tornado-tata-memorial.png").exists()


@pytest.mark.slow
def test_checks_and_variants_at_tiny_size(few, tmp_path, monkeypatch):
    """Synthetic truths, simulation-based calibration and structural variants end with their summaries."""
    from paget.calibration import checks, variants
    from paget.calibration.smoother import Size as Work

    monkeypatch.setitem(checks.SYNTHETIC, "tiny", Work(12, 1, 600))
    monkeypatch.setitem(variants.SIZES, "tiny", Work(6, 1, 600))
    monkeypatch.setattr(variants, "DRAWS", 2)
    one = checks.synthetic(size="tiny", out=tmp_path / "a", targets=few)
    coverage = json.loads((one / "summary.json").read_text(encoding="utf-8"))["coverage"]
    assert [row["level"] for row in coverage] == [0.5, 0.8, 0.95] and coverage[0]["covered"] < coverage[2]["covered"]
    two = checks.emulated(size="tiny", out=tmp_path / "b", targets=few)
    assert json.loads((two / "summary.json").read_text(encoding="utf-8"))["numbers"] == len(declared_space().free)
    three = variants.compare_variants(size="tiny", out=tmp_path / "c", targets=few)
    effects = json.loads((three / "summary.json").read_text(encoding="utf-8"))["effects"]
    assert {row["variant"] for row in effects} == {v.id for v in variants.variants()}
    assert (three / "figures" / "variants.png").exists()
