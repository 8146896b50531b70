"""Assures the command line end to end: every command does what its help says, and mistakes give one message and the right code."""

import os
import signal
import subprocess
import sys
import time

import pytest

PAGET = [sys.executable, "-c", "from paget.cli import main; main()"]


def paget(*arguments, cwd=None, code=0, **kwargs):
    """Run the real command; returns its output and errors."""
    done = subprocess.run(
        [*PAGET, *arguments], capture_output=True, text=True, cwd=cwd, env={**os.environ, "COLUMNS": "160"}, **kwargs
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def test_python_runs_the_package_as_the_command():
    """``python -m paget`` is ``paget``."""
    done = subprocess.run([sys.executable, "-m", "paget", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("paget ")


def test_help_teaches_by_example():
    """Help names the commands and shows how to begin."""
    out, _ = paget("--help")
    assert "paget run e2108" in out
    for command in ("run", "protocols", "show", "patient", "check", "selftest", "evidence", "population", "anchors"):
        assert command in out
    out, _ = paget("run", "--help")
    for option in ("--patients", "--seed", "--replicates", "--twins", "--out", "--threads", "--resume", "--overwrite"):
        assert option in out


def test_a_trial_from_protocol_to_report(tmp_path):
    """`paget run` prints simulated beside published and writes the run folder; a second time it is an error; resume reads it."""
    small = ["mf07-01", "--patients", "40", "--replicates", "10", "--seed", "5"]
    out, _ = paget("run", *small, cwd=tmp_path)
    assert "Overall survival" in out and "0.71" in out and "mf0701" not in out.lower().replace("mf07-01", "")
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("mf07-01-s5-") and (folder / "report.html").exists()
    _, err = paget("run", *small, cwd=tmp_path, code=2)
    assert "holds a finished run" in err and "--overwrite" in err
    out, _ = paget("run", *small, "--resume", cwd=tmp_path)
    assert "Overall survival" in out


def test_the_report_needs_no_network(tmp_path):
    """The HTML report loads nothing from anywhere and says what it is."""
    paget("run", "abcsg-28", "--patients", "30", "--replicates", "0", "--out", "r", cwd=tmp_path)
    page = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "src=" not in page.replace("<svg", "") or 'src="http' not in page
    assert "Research software" in page and "<script" not in page and "not for clinical use" in page


def test_protocols_and_show():
    """Protocols are listed and shown resolved; parameters, agents and standards can be looked up."""
    out, _ = paget("protocols")
    for name in ("tata-memorial", "mf07-01", "e2108", "abcsg-28"):
        assert name in out
    out, _ = paget("show", "e2108")
    assert "time_zero" in out and "estimand" in out
    out, _ = paget("show", "founding_rate_per_day")
    assert "coumans2013" in out.lower() and "prior" in out
    assert "HER2 antibody" in paget("show", "trastuzumab")[0]
    assert "HR+/HER2-" in paget("show", "2012")[0]
    assert '"properties"' in paget("show", "x", "--schema")[0]


def test_one_patient_is_told_and_drawn(tmp_path):
    """A life as a timeline and a figure; the other arm can be asked for."""
    out, _ = paget("patient", "mf07-01", "--id", "3", "--out", "figures", cwd=tmp_path)
    assert "diagnosis" in out and "randomisation" in out
    assert len(list((tmp_path / "figures").glob("*.png"))) == 1
    other, _ = paget("patient", "mf07-01", "--id", "3", "--arm", "systemic", "--out", "figures", cwd=tmp_path)
    assert "chosen here" in other
    _, err = paget("patient", "mf07-01", "--id", "999", cwd=tmp_path, code=2)
    assert "1 to 265" in err


def test_check_says_what_a_file_means_and_what_is_wrong(tmp_path):
    """A good protocol is resolved and tried; a bad one gets file, key, neighbour."""
    from paget.study import load_protocol, to_yaml

    good = tmp_path / "mine.yaml"
    good.write_text(to_yaml(load_protocol("mf07-01")), encoding="utf-8")
    out, _ = paget("check", str(good))
    assert "a valid protocol" in out and "Eligibility" in out
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text(encoding="utf-8").replace("accrual:", "acrual:"), encoding="utf-8")
    _, err = paget("check", str(bad), code=2)
    assert "bad.yaml" in err and "acrual" in err and "did you mean 'accrual'" in err
    facts = tmp_path / "facts.yaml"
    facts.write_text("- id: mine\n  kind: rct\n", encoding="utf-8")
    _, err = paget("check", str(facts), code=2)
    assert "mine" in err


def test_selftest_passes():
    """All reference numbers are met on this machine."""
    out, _ = paget("selftest")
    assert ", 0 failed" in out


def test_evidence_commands():
    """Facts are listed, shown with their use, searched and cited."""
    assert "e2108" in paget("evidence", "list", "--topic", "primary-lrt")[0]
    out, _ = paget("evidence", "show", "e2108")
    assert "1.11" in out and "protocol" in out
    assert "tata2015" in paget("evidence", "search", "Badwe")[0]
    assert "@" in paget("evidence", "cite", "e2108")[0]
    _, err = paget("evidence", "show", "e2180", code=2)
    assert "e2108" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "e2180"], "e2108"),
        (["run", "e2108", "--patients", "-4"], "patients"),
        (["run", "e2108", "--patients", "many"], "--patients"),
        (["run", "e2108", "--set", "wound_awakenin=2"], "did you mean 'wound_awakening'"),
        (["run", "e2108", "--set", "wound_awakening"], "name=number"),
        (["run", "e2108", "--switch", "imune=0"], "did you mean 'immune'"),
        (["run", "nowhere.yaml"], "nowhere.yaml"),
        (["show", "e2107"], "e2108"),
        (["check", "nowhere.yaml"], "no such file"),
        (["frobnicate"], "frobnicate"),
        (["population", "make", "--source", "mars"], "de-novo, relapse, both or early"),
    ],
)
def test_mistakes_end_with_2_and_one_message(arguments, said, tmp_path):
    """Exit code 2, the name at fault, no traceback, nothing written."""
    _, err = paget(*arguments, cwd=tmp_path, code=2)
    assert said in err
    assert not list(tmp_path.iterdir())


def test_a_population_that_nobody_enters_is_explained(tmp_path):
    """The condition that empties the population is named, with how far it misses."""
    import yaml

    from paget.study import load_protocol, plain

    data = plain(load_protocol("mf07-01"))
    data["population"]["eligibility"].append({"attribute": "n_metastases", "above": 10**6, "reason": "x", "source": "assumed"})
    mine = tmp_path / "empty.yaml"
    mine.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    _, err = paget("run", str(mine), "--replicates", "0", cwd=tmp_path, code=2)
    assert "n_metastases" in err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is a POSIX signal")
def test_an_interrupted_run_ends_with_130_and_resumes(tmp_path):
    """Ctrl-C: exit code 130, one line, nothing lost."""
    command = [*PAGET, "run", "mf07-01", "--patients", "60", "--replicates", "150", "--seed", "5", "--out", "r"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.time() + 120
    while time.time() < deadline and not list((tmp_path / "r" / ".work").glob("*.parquet")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in err and "Traceback" not in err
    assert list((tmp_path / "r" / ".work").glob("*.parquet")) and not (tmp_path / "r" / "manifest.json").exists()
