"""The machine-code cache can never be stale: its folder is named by every kernel source."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import paget._jit as jit_module


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package of two kernel files and a plain one, in place of Paget's own."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "a.py").write_text("from paget._jit import jit\nA = 1\n")
    (tmp_path / "b.py").write_text("from paget._jit import jit\nB = 1\n")
    (tmp_path / "plain.py").write_text("C = 1\n")
    monkeypatch.setattr(jit_module, "PACKAGE", tmp_path)
    yield tmp_path
    jit_module.kernel_hash.cache_clear()


def fresh_hash():
    """The hash of the present files."""
    jit_module.kernel_hash.cache_clear()
    return jit_module.kernel_hash()


def test_hash_changes_with_any_kernel_source_and_only_with_those(package):
    """Changing, adding or renaming a kernel file changes the hash; a file without kernels does not."""
    seen = [fresh_hash()]
    assert fresh_hash() == seen[0]
    (package / "plain.py").write_text("C = 2\n")
    assert fresh_hash() == seen[0]
    (package / "room" / "a.py").write_text("from paget._jit import jit\nA = 2\n")
    seen.append(fresh_hash())
    (package / "c.py").write_text("from paget._jit import jit\n")
    seen.append(fresh_hash())
    (package / "c.py").rename(package / "d.py")
    seen.append(fresh_hash())
    assert len(set(seen)) == len(seen)


def test_every_kernel_of_paget_is_in_the_hash():
    """Every file of the package that compiles something is one that the hash reads."""
    for path in jit_module.PACKAGE.rglob("*.py"):
        text = path.read_bytes()
        if b"@jit" in text:
            assert jit_module.MARKER in text, path


def test_a_changed_helper_is_never_run_as_old_machine_code(tmp_path):
    """A kernel whose helper in another file has changed gives the new result; an unchanged one comes from the cache."""
    package = tmp_path / "src" / "paget"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "_jit.py").write_text(Path(jit_module.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    helper = package / "helper.py"
    text = "from paget._jit import jit\n\n\n@jit\ndef step(x):\n    return x + 1\n"
    helper.write_text(text)
    (package / "user.py").write_text(
        "from paget._jit import jit\nfrom paget.helper import step\n\n\n@jit\ndef run(x):\n    return step(x) * 10\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src"), "PAGET_CACHE_DIR": str(tmp_path / "cache")}

    def run():
        code = "from paget.user import run; print(run(1), sum(run.stats.cache_hits.values()))"
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert run() == ["20", "0"]
    assert run() == ["20", "1"]
    helper.write_text(text.replace("x + 1", "x + 2"))
    assert run() == ["30", "0"]
