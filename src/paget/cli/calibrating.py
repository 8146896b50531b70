"""What ``paget calibrate`` does and says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paget.cli.options import console
from paget.errors import PagetError, unknown
from paget.progress import Progress


def list_targets(path: Path | None) -> None:
    """Print the declared targets."""
    from rich import box
    from rich.table import Table

    from paget.calibration.fit import targets_at
    from paget.calibration.likelihood import unscaled

    declared = targets_at(path)
    table = Table(box=box.SIMPLE_HEAD, title=f"{len(declared.targets)} targets", title_justify="left", pad_edge=False)
    for name in ("Target", "Published", "Likelihood", "Sampling sd", "Discrepancy sd", "Evidence", "Simulation"):
        table.add_column(name, overflow="fold")
    for t in declared.targets:
        table.add_row(
            t.id, f"{unscaled(t.kind, t.observed.value):.3g} {t.row.unit}".strip(), t.kind, f"{t.observed.sd:.3f}", f"{t.discrepancy:.2f}",
            t.evidence, str(t.row.simulation),
        )  # fmt: skip
    console().print(table)


def run_fit(*, progress: Progress, **options: Any) -> Path:
    """Fit both posteriors."""
    from paget.calibration.fit import calibrate

    return calibrate(progress=progress, **options)


def run_check(name: str, *, progress: Progress, **options: Any) -> Path:
    """Check the method: on synthetic truths, or on the emulator."""
    from paget.calibration.checks import CHECKS

    if name not in CHECKS:
        raise unknown("check", name, CHECKS, where="--check")
    return CHECKS[name](progress=progress, **options)


def run_sensitivity(fit: Path, *, progress: Progress, **options: Any) -> Path:
    """Morris, Sobol and tornado around a finished fit."""
    from paget.calibration.sensitivity import sensitivity

    return sensitivity(fit, progress=progress, **options)


def run_variants(*, progress: Progress, **options: Any) -> Path:
    """Fit the structural variants."""
    from paget.calibration.variants import compare_variants

    return compare_variants(progress=progress, **options)


def tell(folder: Path) -> None:
    """Print what is in a finished folder."""
    try:
        found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise PagetError("the summary cannot be read", where=str(folder), fix="run again with --overwrite") from None
    for line in _lines(found):
        console().print(line, soft_wrap=True)
    console().print(f"Folder: {folder}", soft_wrap=True)


def _lines(found: dict[str, Any]) -> list[str]:
    what = found["request"]["what"]
    if what == "fit":
        misfit, z = found["misfit"], found["z"]
        return [
            f"Mean squared distance from the figures: {misfit['prior']:.2f} under the prior, {misfit['posterior']:.2f} after the fit "
            f"(of the mean prediction {misfit['of_the_mean_prior']:.2f} and {misfit['of_the_mean_posterior']:.2f}).",
            f"{z['targets']} targets; beyond two standard deviations {z['beyond_2_prior']} before and {z['beyond_2_posterior']} after.",
            *_effects(found["effects"], "posterior"),
        ]
    if what == "synthetic":
        return [
            f"{row['level']:.0%} intervals of the free numbers hold {row['covered']:.1%} of {row['of']} truths that were put in."
            for row in found["coverage"]
        ]
    if what == "emulator":
        return [
            f"Emulator: R2 left out {found['r2_median']:.2f} in the middle of the targets, {found['r2_low']:.2f} at the 10 % point.",
            f"Ranks of truths: {found['beyond']} of {found['numbers']} numbers not uniform at 1 % ({found['expected']:.1f} expected).",
        ]
    if what == "sensitivity":
        r2 = found["emulator_r2"]
        blind = [name for name, one in r2.items() if one <= 0.0]
        return [
            *(f"{name}: {', '.join(columns[:4])}" for name, columns in found["largest"].items()),
            "R2 of the surface behind these orders, for points left out: " + ", ".join(f"{name} {one:.2f}" for name, one in r2.items()),
            *([f"It foretells nothing of {', '.join(blind)}: there the order is chance; use a larger --size."] if blind else []),
        ]
    return _effects(found["effects"], "variant")


def _effects(rows: list[dict[str, Any]], by: str) -> list[str]:
    def one(row: dict[str, Any]) -> str:
        if row["hazard_ratio"] is None:
            return f"  {row['trial']}, {row[by]}: cannot be run"
        return (
            f"  {row['trial']}, {row[by]}: {row['hazard_ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f} over the draws), "
            f"published {row['published']:.2f}{', used' if row['used'] else ''}"
        )

    return ["Surgery of the primary, hazard ratio of death:", *map(one, rows)]
