"""Scaling from a thousand to a million patients: time linear, memory flat; each size in a process of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

from benchmarks.report import bar, title

HISTORY_SIZES = (1_000, 10_000, 100_000, 1_000_000)
LIFE_SIZES = (1_000, 10_000, 100_000)
LOT = 65_536
CODE = "from benchmarks.scaling import measure; measure({kind!r}, {size})"


def measure(kind: str, size: int) -> None:
    """Print CPU seconds and what they added to the peak of memory (MB), for so many patients handled lot by lot."""
    import numpy as np

    from benchmarks.model import plan_and_patients
    from benchmarks.report import cpu_seconds
    from paget.life.simulate import simulate
    from paget.parameters import ParameterSet
    from paget.population.diagnose import diagnose

    def peak() -> float:
        # not getrusage: its peak begins with that of the process which started this one
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024.0
        raise RuntimeError("this system does not tell the peak of memory")

    parameters = ParameterSet.point()
    diagnose(0, 10, parameters, seed=1)
    if kind == "natural histories":

        def work() -> None:
            for first in range(0, size, LOT):
                people = diagnose(first, min(LOT, size - first), parameters, seed=1)
                np.count_nonzero(people["metastatic"])

    else:
        plan, ids = plan_and_patients(LOT, min(size, 4000))
        simulate(plan, ids[:10], 0, parameters, seed=1)

        def work() -> None:
            done = 0
            while done < size:
                lot = ids[: min(len(ids), size - done)]
                simulate(plan, lot, 0, parameters, seed=1)
                done += len(lot)

    spent, _ = cpu_seconds(work)
    print(json.dumps([spent, peak()]))


def _slope(sizes: list[int], values: list[float]) -> float:
    x, y = [math.log(s) for s in sizes], [math.log(v) for v in values]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def main() -> None:
    """Measure both kinds and print slopes: of log time on log patients, and of memory a patient."""
    title("Scaling, one core")
    for kind, sizes in (("natural histories", HISTORY_SIZES), ("lives", LIFE_SIZES)):
        times, peaks = [], []
        for size in sizes:
            done = subprocess.run(
                [sys.executable, "-c", CODE.format(kind=kind, size=size)], capture_output=True, text=True, check=True
            )
            spent, peak = json.loads(done.stdout.splitlines()[-1])
            times.append(spent)
            peaks.append(peak)
            print(f"{size:>9,} {kind:18} {spent:8.3f} s CPU   {spent / size * 1e6:7.1f} us each   peak {peak:5.0f} MB")
        bar(f"{kind}: exponent of time in patients", _slope(list(sizes), times), 1.1)
        # the first size does not fill a lot; from the first that does, memory must stay
        full = [k for k, size in enumerate(sizes) if size >= LOT or (kind == "lives" and size >= 10_000)]
        bar(f"{kind}: memory at the largest size against the first full lot", peaks[-1] / peaks[full[0]], 1.1, unit="x")
        bar(f"{kind}: peak memory", peaks[-1], 1000.0, unit=" MB")
