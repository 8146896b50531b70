"""What a user waits for: importing, ``--help``, and ``paget run e2108`` cold, warm and without replicates."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import bar, title

PROTOCOL = "e2108"


def _command() -> list[str]:
    beside = Path(sys.executable).with_name("paget")
    found = str(beside) if beside.exists() else shutil.which("paget")
    return [found] if found else [sys.executable, "-m", "paget"]


def _wall(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, float, float]:
    """Wall seconds of a command, the peak of its memory (MB) and its CPU seconds; its error if it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    assert child.stderr is not None
    told = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}\n{told}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024.0, usage.ru_utime + usage.ru_stime


def _starting(paget: list[str]) -> None:
    bare = min(_wall([sys.executable, "-c", "pass"])[0] for _ in range(5))
    print(f"python itself: {bare:.2f} s")
    _wall([sys.executable, "-c", "import paget"])
    bar("import paget", min(_wall([sys.executable, "-c", "import paget"])[0] for _ in range(5)), 0.5, unit=" s")
    try:
        _wall([*paget, "--help"])
    except RuntimeError as error:
        print(f"skipped: paget --help does not run ({str(error).splitlines()[0]})")
        return
    bar("paget --help", min(_wall([*paget, "--help"])[0] for _ in range(5)), 0.5, unit=" s")


def _runs(paget: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="paget-benchmark-") as folder:
        environment = os.environ | {"PAGET_CACHE_DIR": str(Path(folder) / "cache")}
        base = [*paget, "run", PROTOCOL, "--threads", "2", "--out"]

        def run(name: str, *more: str) -> tuple[float, float, float]:
            return _wall([*base, str(Path(folder) / name), *more], environment)

        cold, peak, busy = run("cold")
        bar(f"paget run {PROTOCOL}, nothing cached (compilation too), 200 replicates, 2 threads", cold, 90.0, unit=" s")
        print(f"        of it CPU, which other load on the machine does not lengthen: {busy:.1f} s on 2 threads")
        warm, more, busy = run("warm")
        bar(f"paget run {PROTOCOL}, cached population", warm, 10.0, unit=" s")
        print(f"        of it CPU: {busy:.1f} s on 2 threads")
        single = run("single", "--replicates", "0")[0]
        single = min(single, run("single-again", "--replicates", "0")[0])
        bar(f"paget run {PROTOCOL} --replicates 0, cached", single, 3.0, unit=" s")
        bar("peak memory of a run", max(peak, more), 1000.0, unit=" MB")


def main() -> None:
    """Measure by wall clock, in processes of their own, with a cache folder of their own."""
    title("What a user waits for (wall clock)")
    paget = _command()
    _starting(paget)
    try:
        _wall([*paget, "run", "--help"])
    except (RuntimeError, OSError):
        print("skipped: `paget run` is not there")
        return
    _runs(paget)
