"""Assures that the code keeps to the house style and to its types: ruff and the type checker find nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("arguments", [["ruff", "check", "src", "tests", "benchmarks"], ["mypy"]], ids=["ruff", "mypy"])
def test_nothing_is_found(arguments, tmp_path):
    """Style and strict types of the whole package."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]


def test_the_documentation_builds(tmp_path):
    """Every page builds without a warning, every link leads somewhere."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "site" / "index.html").exists()
