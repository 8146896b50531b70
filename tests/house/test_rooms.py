"""Assures that rooms import only rooms above them, that importing stays light, and that the house rules of files hold."""

import ast
import re
import subprocess
import sys

import pytest
from repository import ROOT, SOURCE, tracked

BASICS = ("_version", "errors", "units", "endpoints", "progress", "_jit", "forms")
ROOMS = (
    "evidence", "parameters", "randomness", "biology", "clinic", "therapy", "life", "population", "study", "analysis", "tables",
    "report", "engine", "design", "calibration", "validation", "cli",
)  # fmt: skip
ONLY_BASICS = ("evidence", "parameters", "analysis", "tables", "report")
"""Rooms that import no other room."""
BLIND = {"study": {"biology", "clinic", "therapy", "life", "population"}, "therapy": {"clinic"}, "clinic": {"therapy"}}
"""Rooms that stand above and yet must not be known."""
HEAVY = ("numba", "polars", "scipy", "lifelines", "statsmodels", "matplotlib", "pandas", "numpy", "pyarrow", "duckdb")


def imports(path):
    """Rooms and basics that a file of the package imports, at its top or inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # from . or from .. of a file within a room
                folders = path.relative_to(SOURCE).parts[: -node.level]
                base = ".".join(["paget", *folders, *([base] if base else [])])
            names = [f"paget.{a.name}" for a in node.names] if base == "paget" else [base]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("paget.")}
    return found


def room_of(path):
    """Room of a source file."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def breaches(room, known):
    """Rooms among ``known`` that a room may not import."""
    allowed = set(BASICS) | {room}
    if room in BASICS:
        allowed = set(BASICS)
    elif room not in ONLY_BASICS:
        allowed |= set(ROOMS[: ROOMS.index(room)]) - BLIND.get(room, set())
    names = {"Protocol", "Run", "run", "ParameterSet", "PagetError", "__version__", "load_protocol", "protocols"}
    return known - allowed - names


def test_every_room_is_in_the_list():
    """A new room has to be given its place, in the test and on the page of the architecture."""
    found = {room_of(path) for path in SOURCE.rglob("*.py")} - {"__init__", "__main__"}
    assert found == set(ROOMS) | set(BASICS)
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## From a protocol")[0]
    listed = [name for row in re.findall(r"^\| (`.*?) \|", table, flags=re.M) for name in re.findall(r"`(\w+)`", row)]
    assert [name for name in listed if name in ROOMS] == list(ROOMS)


def test_rooms_import_only_rooms_above_them():
    """Data flows one way; the truth, the instrument, the study and the analysis stay apart."""
    wrong = {
        str(path.relative_to(SOURCE)): sorted(bad)
        for path in SOURCE.rglob("*.py")
        if room_of(path) not in ("__init__", "__main__")
        for bad in [breaches(room_of(path), imports(path))]
        if bad
    }
    assert wrong == {}


def test_the_check_sees_a_breach(tmp_path):
    """An upward import is found, also inside a function."""
    path = tmp_path / "x.py"
    path.write_text("def f():\n    from paget.life.kernel import live\n    import paget.study.load\n", encoding="utf-8")
    assert imports(path) == {"life", "study"}
    assert breaches("biology", imports(path)) == {"life", "study"}
    assert breaches("study", imports(path)) == {"life"}
    assert breaches("analysis", {"errors", "tables"}) == {"tables"}


def test_importing_paget_loads_nothing_heavy():
    """``import paget`` in a fresh interpreter leaves every heavy library alone."""
    code = f"import sys, paget; print(sorted(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_nothing_heavy():
    """``paget --help`` neither."""
    code = (
        "import sys, contextlib, io\n"
        "from paget.cli import main\n"
        "sys.argv = ['paget', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n    main()\n"
        f"print(sorted(m for m in {HEAVY!r} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_long_files_say_why():
    """A source file of more than 400 lines gives the reason in its first docstring."""
    silent = []
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        told = re.search(r"\b(long|longer|length|lines)\b", (ast.get_docstring(ast.parse(text)) or "").lower())
        if len(text.splitlines()) > 400 and not told:
            silent.append(f"{path.relative_to(SOURCE)}: {len(text.splitlines())} lines")
    assert silent == []


@pytest.mark.parametrize("name", ["eval", "exec", "compile"])
def test_no_text_is_run_as_code(name):
    """Nothing that a user writes can be run."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
            assert not called, f"{path.relative_to(SOURCE)}:{node.lineno}"


def test_no_pickle_and_no_unsafe_yaml():
    """Files of strangers can be read without running them."""
    unsafe = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {getattr(node, "module", None) or ""} | {alias.name for alias in node.names}
                assert not {name.split(".")[0] for name in names} & unsafe, path
        for loader in re.findall(r"yaml\.load\([^\n]*?Loader=([\w.]+)", text):
            assert "Safe" in loader or loader.startswith("_"), f"{path}: {loader}"
        assert not re.search(r"yaml\.(unsafe_load|full_load|UnsafeLoader|FullLoader)", text), path


def test_no_path_of_a_machine_and_no_package_index():
    """Nothing in the repository points to the machine that it was made on, or to a place where packages come from."""
    folders = "|".join(("work", "home", "Users", "root", "opt", "mnt"))
    parts = (
        rf"(?<![\w.~<>{{}}\"'])/(?:{folders})/[\w.-]+/",
        rf"[\"'\s(]/(?:{folders})/\w",
        "shared/" + "evidence",
        "index-" + "url",
        r"\bpypi\.",
        "artifactory",
    )
    forbidden = re.compile("|".join(parts))
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if path.name == "test_rooms.py" or path.name == "LICENSE":
                continue
            if forbidden.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []
