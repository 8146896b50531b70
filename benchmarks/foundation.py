"""``python -m benchmarks foundation``: CPU time of a life of E2108 now and at the foundation's commit, side by side in one run.

The foundation stands in a git worktree of its own; a process of each version compiles its kernels, then both are timed in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.report import bar, title

FOUNDATION = "ba6c161"
"""The last commit of the foundation."""
ROOT = Path(__file__).parents[1]
ROUNDS = 7
LIFE = """
import sys, time
import numpy as np
from paget.engine.compile import compile_plan
from paget.life.simulate import simulate
from paget.parameters import ParameterSet
from paget.population import Population
from paget.study import load_protocol

point = ParameterSet.point()
ids = Population(point, 1, "de-novo", cache=False).block(0)["patient_id"].to_numpy()[:1200]
plan = compile_plan(load_protocol("e2108"), point)
arms = np.arange(len(ids)) % 2
for _ in range(2):
    simulate(plan, ids, arms, point, seed=1)
print("ready", flush=True)
for _ in sys.stdin:
    start = time.process_time()
    simulate(plan, ids, arms, point, seed=1)
    print((time.process_time() - start) / len(ids), flush=True)
"""


def _start(source: Path, cache: Path, kept: ExitStack) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(source), "PAGET_CACHE_DIR": str(cache), "NUMBA_NUM_THREADS": "1"}
    child = subprocess.Popen(
        [sys.executable, "-c", LIFE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=source
    )
    return kept.enter_context(child)


def _ask(child: subprocess.Popen[str]) -> float:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write("go\n")
    child.stdin.flush()
    return float(child.stdout.readline())


def main() -> None:
    """Compile both, time them in interleaved rounds; the fastest round of each counts."""
    title(f"A life of E2108 now and at the foundation ({FOUNDATION}), one thread")
    with tempfile.TemporaryDirectory(prefix="paget-foundation-") as folder, ExitStack() as kept:
        tree = Path(folder) / "tree"
        made = subprocess.run(["git", "worktree", "add", "--detach", str(tree), FOUNDATION], cwd=ROOT, capture_output=True, text=True)
        if made.returncode:
            print(f"skipped: the history of this clone does not reach back so far ({made.stderr.strip().splitlines()[-1]})")
            return
        remove = ["git", "worktree", "remove", "--force", str(tree)]
        kept.callback(lambda: subprocess.run(remove, cwd=ROOT, capture_output=True, check=False))
        children = {
            "now": _start(ROOT / "src", Path(folder) / "now", kept),
            "foundation": _start(tree / "src", Path(folder) / "then", kept),
        }
        for name, child in children.items():
            assert child.stdout is not None
            if child.stdout.readline().strip() != "ready":
                raise RuntimeError(f"{name} does not run")
        best = {name: min(times) for name, times in _rounds(children).items()}
        for child in children.values():
            assert child.stdin is not None
            child.stdin.close()
    for name, seconds in best.items():
        print(f"{name:12} {seconds * 1e6:8.1f} us a life")
    bar("time of a life against the foundation", best["now"] / best["foundation"], 1.25, unit="x")


def _rounds(children: dict[str, subprocess.Popen[str]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in children}
    for _ in range(ROUNDS):
        for name, child in children.items():
            times[name].append(_ask(child))
    return times
