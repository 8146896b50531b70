"""The full model: microseconds per natural history and per life, on one core."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.report import cpu_seconds, title

HISTORIES, PROTOCOL = 100_000, "e2108"


def plan_and_patients(histories: int, lives: int) -> tuple[Any, Any]:
    """The plan of the protocol's lives, and the numbers of ``lives`` metastatic patients among so many natural histories."""
    from paget.engine.compile import compile_plan
    from paget.parameters import ParameterSet
    from paget.population.diagnose import diagnose
    from paget.study import load_protocol

    parameters = ParameterSet.point()
    plan = compile_plan(load_protocol(PROTOCOL), parameters)
    found: list[Any] = []
    first = 0
    while sum(len(ids) for ids in found) < lives:
        people = diagnose(first, histories, parameters, seed=1)
        found.append(people["id"][people["metastatic"] == 1])
        first += histories
    return plan, np.concatenate(found)[:lives]


def main() -> None:
    """Measure natural histories and lives; the faster of three rounds counts."""
    from paget.life.simulate import simulate
    from paget.parameters import ParameterSet
    from paget.population.diagnose import diagnose, perhaps_metastatic

    title("Full model, one core")
    parameters = ParameterSet.point()
    compiling, _ = cpu_seconds(lambda: diagnose(0, 10, parameters, seed=1))
    grow = min(cpu_seconds(lambda: diagnose(0, HISTORIES, parameters, seed=1))[0] for _ in range(3)) / HISTORIES
    print(f"natural history, first cell to diagnosis: {grow * 1e6:.1f} us ({1 / grow:,.0f} per CPU-second)")
    perhaps_metastatic(0, 10, parameters, seed=1)
    look = min(cpu_seconds(lambda: perhaps_metastatic(0, HISTORIES, parameters, seed=1))[0] for _ in range(3)) / HISTORIES
    print(f"quick look whether it may be metastatic: {look * 1e6:.1f} us ({1 / look:,.0f} per CPU-second)")
    plan, ids = plan_and_patients(HISTORIES, 4000)
    more, _ = cpu_seconds(lambda: simulate(plan, ids[:4], 0, parameters, seed=1))
    live = min(cpu_seconds(lambda: simulate(plan, ids, 0, parameters, seed=1))[0] for _ in range(3)) / len(ids)
    print(f"life in {PROTOCOL}, first cell to data cut: {live * 1e6:.1f} us ({1 / live:,.0f} per CPU-second)")
    print(f"loading compiled code (or compiling it, the first time): {compiling + more:.1f} s")
