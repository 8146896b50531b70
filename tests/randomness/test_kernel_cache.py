"""The machine-code cache can never be stale: its folder is named by every kernel source."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import paget._jit as jit_module

KERNEL = "from paget._jit import jit\n\n\n@jit\ndef f(x):\n    return x + {}\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package of two kernels, their codes and a plain file that asks for the hash, in place of Paget's own."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "a.py").write_text(KERNEL.format(1))
    (tmp_path / "room" / "state.py").write_text("CODE = 1\n")
    (tmp_path / "b.py").write_text(KERNEL.format(2))
    (tmp_path / "plain.py").write_text("from paget._jit import kernel_hash\nC = 1\n")
    monkeypatch.setattr(jit_module, "PACKAGE", tmp_path)
    yield tmp_path
    jit_module.kernel_hash.cache_clear()


def fresh_hash():
    """The hash of the present files."""
    jit_module.kernel_hash.cache_clear()
    return jit_module.kernel_hash()


def test_hash_changes_with_any_kernel_source_and_only_with_those(package):
    """Changing, adding or renaming a kernel or its codes changes the hash; a file that only asks for it does not."""
    seen = [fresh_hash()]
    assert fresh_hash() == seen[0]
    (package / "plain.py").write_text("from paget._jit import kernel_hash\nC = 2\n")
    assert fresh_hash() == seen[0]
    (package / "room" / "a.py").write_text(KERNEL.format(3))
    seen.append(fresh_hash())
    (package / "room" / "state.py").write_text("CODE = 2\n")
    seen.append(fresh_hash())
    (package / "c.py").write_text(KERNEL.format(1))
    seen.append(fresh_hash())
    (package / "c.py").rename(package / "d.py")
    seen.append(fresh_hash())
    assert len(set(seen)) == len(seen)


def frozen_names(path):
    """Names out of other modules of Paget that a kernel source freezes into machine code, each with its module's file.

    Those are the names that compiled functions use, and those that constants of the module are made of.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    origin = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("paget")):
            base = path.parents[node.level - 1] if node.level else jit_module.PACKAGE.parent
            file = base.joinpath(*(node.module or "").split("."))
            file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
            origin |= {alias.asname or alias.name: file for alias in node.names}
    roots = [
        node for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        or (isinstance(node, ast.FunctionDef) and any(ast.unparse(one) == "jit" for one in node.decorator_list))
    ]  # fmt: skip
    names = {one.id for root in roots for one in ast.walk(root) if isinstance(one, ast.Name)}
    return {name: origin[name] for name in names & set(origin)}


def test_whatever_is_frozen_into_machine_code_is_in_the_hash():
    """Every name that a kernel takes from another module comes from a file that the hash reads."""
    sources = set(jit_module.kernel_sources())
    assert len(sources) > 20
    for path in sources:
        for name, file in frozen_names(path).items():
            assert file in sources or file.name == "_arrays.py", f"{path.name} takes {name} from {file}"


def test_what_only_asks_for_the_hash_is_not_in_it():
    """Orchestration can be changed without compiling anything again; no file compiles by other means than the decorator."""
    names = {path.relative_to(jit_module.PACKAGE).as_posix() for path in jit_module.kernel_sources()}
    assert "life/kernel.py" in names and "clinic/state.py" in names
    assert not {name for name in names if name.split("/")[0] in ("engine", "design", "calibration", "validation", "cli", "report")}
    for path in jit_module.PACKAGE.rglob("*.py"):
        code = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        other = [node for node in code if isinstance(node, ast.Attribute) and node.attr in ("njit", "vectorize", "guvectorize", "cfunc")]
        assert not other or path.name == "_jit.py", path


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
