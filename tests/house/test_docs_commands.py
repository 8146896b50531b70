"""Assures that every command line of the README and the docs runs.

Lines that begin with ``paget`` (or ``$ paget``) in fenced ``console`` and ``sh`` blocks are run in the order of the page, each
page in a folder of its own, with the files of ``docs/examples`` in it. Runs and designs are made small by setting their sizes
(``--patients``, ``--replicates``, ``--trials`` ...). Of a line that ends in ``# long``, only the command's help is asked for.
"""

import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from repository import ROOT

pytestmark = pytest.mark.slow

SMALL = {
    "run": {"--patients": "60", "--replicates": "2"},
    "design": {"--trials": "20", "--pool": "300", "--most-patients": "200", "--draw-trials": "10"},
}


def commands(page):
    """Command lines of a page, continued lines joined."""
    text = page.read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```(?:console|sh)\n(.*?)^```", text, flags=re.S | re.M):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().removeprefix("$ ")
            if line.startswith("paget "):
                found.append(line)
    return found


def small(line):
    """The words of a line, made small; and whether it is only to be checked."""
    line, _, note = line.partition("  #")
    words = shlex.split(line, comments=True)[1:]
    for option, value in SMALL.get(words[0], {}).items():
        if option in words:
            words[words.index(option) + 1] = value
        else:
            words += [option, value]
    return words, note.strip().startswith("long")


def paget(words, folder=None):
    """Run a command; nothing if it ended well, else what it said."""
    program = Path(sys.executable).with_name("paget")
    done = subprocess.run([str(program), *words], cwd=folder, capture_output=True, text=True, timeout=600)
    return "" if done.returncode == 0 else f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@cache
def asked_for_help(command):
    """The help of a command, which is the same on every page."""
    return paget([command, "--help"])


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_commands_run(page, tmp_path):
    """Each command of the page ends without an error."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")  # where a clone has them, for the README
    for line in commands(page):
        words, long = small(line)
        said = asked_for_help(words[0]) if long else paget(words, tmp_path)
        assert not said, f"{line}\n{said}"


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    """The ten lines of Python, with runs made small, print what they say."""
    import paget
    from paget.engine.run import run

    def small_run(protocol, **options):
        return run(protocol, **{**options, "patients": 40, "replicates": min(2, options.get("replicates", 2))})

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paget, "run", small_run, raising=False)
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S | re.M)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["effect"]["published"]["value"] == 1.11


def test_lines_are_found_and_made_small(tmp_path):
    """The reader of pages sees commands, and only commands; a run keeps what it gives and is made small."""
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ paget run e2108 --patients 400 \\\n  --seed 2\nthe output\n```\n```python\npaget x\n```\n",
        encoding="utf-8",
    )
    (line,) = commands(page)
    assert small(line) == (["run", "e2108", "--patients", "60", "--seed", "2", "--replicates", "2"], False)
    assert small("paget design e2108 --trials 1000")[0][:4] == ["design", "e2108", "--trials", "20"]
    assert small("paget run e2108 --twins  # long, a minute")[1]
