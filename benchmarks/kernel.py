"""The reduced model: kernel, NumPy, SimPy and the floor, side by side on one core."""

from __future__ import annotations

from functools import partial

from benchmarks.reduced import floor, kernel, plain_numpy, with_simpy
from benchmarks.reduced.agreement import LIMIT, OUTPUTS, differences, join
from benchmarks.reduced.model import Result
from benchmarks.report import bar, cpu_seconds, title

KERNEL, FLOOR = "kernel", "floor: its draws, exp and log alone"
NAMED, SEQUENTIAL, SIMPY = "NumPy, draws named as in the kernel", "NumPy, sequential generator", "SimPy, a process per lesion"
SIZES = {KERNEL: 20_000, NAMED: 20_000, SEQUENTIAL: 20_000, SIMPY: 1_000}
VERSIONS = {KERNEL: kernel.run, NAMED: plain_numpy.run, SEQUENTIAL: plain_numpy.run_sequential, SIMPY: with_simpy.run}


def main(rounds: int = 3) -> None:
    """Measure in interleaved rounds; the fastest round of each version counts, results of all rounds are compared."""
    title("Reduced model (benchmarks/reduced_model.md), one core")
    rows = kernel.counts(SIZES[KERNEL])  # compiles
    floor.run(rows[:10])
    best: dict[str, float] = {}
    results: dict[str, list[Result]] = {name: [] for name in VERSIONS}
    for number in range(rounds):
        for name, run in VERSIONS.items():
            spent, result = cpu_seconds(partial(run, SIZES[name], number + 1))
            results[name].append(result)
            best[name] = min(best.get(name, 1e9), spent / SIZES[name])
        for _ in range(2):  # the short ones oftener: other load on the machine hits them harder
            spent, _ = cpu_seconds(lambda: floor.run(rows))
            best[FLOOR] = min(best.get(FLOOR, 1e9), spent / len(rows))
            spent, _ = cpu_seconds(lambda: kernel.run(SIZES[KERNEL], 1))
            best[KERNEL] = min(best[KERNEL], spent / SIZES[KERNEL])

    print(f"{'':38} {'patients per CPU-second':>24} {'us':>8} {'times floor':>12} {'kernel is faster':>17}")
    for name, seconds in sorted(best.items(), key=lambda item: item[1]):
        print(
            f"{name:38} {1 / seconds:24,.0f} {seconds * 1e6:8.1f} {seconds / best[FLOOR]:12.2f} {seconds / best[KERNEL]:16.1f}x"
        )
    mean = rows.mean(0)
    print(
        f"a patient: {mean[kernel.LESION_STEPS]:.0f} lesion-steps, {mean[kernel.PHILOX]:.0f} Philox blocks, "
        f"{mean[kernel.EXP]:.0f} exp, {mean[kernel.LOG]:.0f} log"
    )
    bar("kernel against its floor (aim 2)", best[KERNEL] / best[FLOOR], 3.0, unit="x")
    bar("kernel against SimPy", best[SIMPY] / best[KERNEL], 100.0, unit="x", at_least=True)
    bar("kernel against NumPy with named draws", best[NAMED] / best[KERNEL], 20.0, unit="x", at_least=True)
    bar("kernel against NumPy, sequential generator", best[SEQUENTIAL] / best[KERNEL], 20.0, unit="x", at_least=True)

    title("Agreement of the versions (difference from the kernel in standard errors)")
    whole = {name: join(parts) for name, parts in results.items()}
    print(f"{'':38}" + "".join(f"{name.split(',')[0]:>22}" for name in whole))
    apart = {name: differences(whole[KERNEL], whole[name]) for name in whole if name != KERNEL}
    for output, of in OUTPUTS.items():
        cells = [f"{of(whole[KERNEL]).value:.4g} ({of(whole[KERNEL]).se:.2g})"]
        cells += [f"{of(whole[name]).value:.4g} ({z[output]:+.1f})" for name, z in apart.items()]
        print(f"{output:38}" + "".join(f"{cell:>22}" for cell in cells))
    bar("largest difference, standard errors", max(abs(z) for each in apart.values() for z in each.values()), LIMIT)
