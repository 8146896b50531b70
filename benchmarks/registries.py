"""Registries: the proof with a null operation in 160,000 patients, and the numbers and figures of docs/registries.md.

``python -m benchmarks registries`` runs the proof, ``python -m benchmarks.registries docs`` what the page shows, and writes its tables and
figures; a quarter of an hour of CPU each. What is finished in ``runs/registries`` is read, so only what changed is simulated again.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import report
from paget._jit import kernel_hash
from paget.engine.folder import RunFolder
from paget.engine.registry.cohort import follow
from paget.engine.registry.decompose import naive_ratio
from paget.engine.registry.lives import ARMS
from paget.engine.registry.practice import Biases
from paget.engine.registry.result import RegistryRun
from paget.engine.registry.rows import trial_row
from paget.engine.registry.run import live_people, resolve_request, run_registry
from paget.engine.registry.truth import cut_twins, ratio_of
from paget.report.registry import factor_text, ratio_text, rmst_text, truth_text

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "registries.md"
RUNS = Path("runs") / "registries"
PROOF_SEEDS = (11, 12, 13, 14)
"""Populations of the proof. Fixed, with the rule of `prove`, before the first was run: a miss is reported, not drawn again."""
PROOF_PATIENTS = 40_000
"""Of each population of the proof."""
MOST_ERRORS = 3.0
"""Monte-Carlo errors that a pooled log hazard ratio may lie from 0."""
PAGE_PATIENTS = 6_000
"""Of each run of surgery of the primary that the page shows."""
LOCAL_PATIENTS = 10_000
"""Of each run of local treatment: fewer are treated."""
SHOWN: dict[str, dict[str, Any]] = {
    "ncdb-like": {"registry": "ncdb-like", "patients": PAGE_PATIENTS},
    "ncdb-like-null": {"registry": "ncdb-like", "null": True, "patients": PAGE_PATIENTS},
    "seer-like": {"registry": "seer-like", "patients": PAGE_PATIENTS},
    "seer-like-null": {"registry": "seer-like", "null": True, "patients": PAGE_PATIENTS},
    "ncdb-like-pet-ct": {"registry": "ncdb-like", "staging": "pet-ct", "patients": PAGE_PATIENTS},
    "liver-metastases": {"registry": "liver-metastases", "patients": LOCAL_PATIENTS},
    "liver-metastases-null": {"registry": "liver-metastases", "null": True, "patients": LOCAL_PATIENTS},
}
"""Runs behind the page."""
PROOF: dict[str, Any] = {"registry": "ncdb-like", "null": True, "patients": PROOF_PATIENTS}


def _told(name: str) -> Callable[[str, int, int], None]:
    def told(stage: str, done: int, total: int) -> None:
        print(f"\r{name}: {stage} {done}/{total}          ", end="", file=sys.stderr, flush=True)

    return told


def made(name: str) -> RegistryRun:
    """A run of the page, simulated unless it is there already for the same request."""
    arguments = SHOWN[name]
    request = resolve_request(**arguments)
    out = RUNS / f"{name}-{request.default_folder.name.rsplit('-', 1)[-1]}-{kernel_hash()[:6]}"

    found = run_registry(**arguments, out=out, progress=_told(name))
    print(file=sys.stderr)
    return found


def main() -> None:
    """Prove the registry with an operation that does nothing: no ladder, so that it is a matter of minutes."""
    report.title(f"Registry with a null operation, {len(PROOF_SEEDS)} populations of {PROOF_PATIENTS:,} patients")
    found = [_population(seed) for seed in PROOF_SEEDS]
    prove(found)


@dataclass(frozen=True)
class Population:
    """What the registry reports of one population in which the operation does nothing.

    Attributes
    ----------
    seed : int
    changed : int
        Ways and arms in which the sham changes a day of death by a bit.
    twins_log : float
        Log hazard ratio of the twins.
    randomised, off, on : (log hazard ratio, its Monte-Carlo error)
        As assigned at the decision; ever / never with every bias of practice off; with all on.
    """

    seed: int
    changed: int
    twins_log: float
    randomised: tuple[float, float]
    off: tuple[float, float]
    on: tuple[float, float]


def _population(seed: int) -> Population:
    request = resolve_request(**PROOF, seed=seed)
    path = RUNS / f"proof-{request.default_folder.name.rsplit('-', 1)[-1]}-{kernel_hash()[:6]}"
    folder = RunFolder(path, request.as_dict(), resume=True)
    lives, _ = live_people(request, folder, os.cpu_count() or 1, _told(f"proof, seed {seed}"))
    print(file=sys.stderr)
    changed = sum(
        lives[f"{way}_none_death"].to_numpy().tobytes() != lives[f"{way}_{arm}_death"].to_numpy().tobytes()
        for way, arms in ARMS.items()
        for arm in arms[1:]
    )
    drawn = lives.filter(pl.col("drawn")).head(request.patients)
    conventional = lives.filter(pl.col("staging") == "conventional").head(request.patients)
    cohort = follow(request.registry, drawn, seed)
    trial = trial_row(cohort, seed)
    nothing = Biases(frozenset())
    on = naive_ratio(cohort, Biases())
    off = naive_ratio(follow(request.registry, conventional, seed, nothing), nothing)
    return Population(
        seed, changed, ratio_of(cut_twins(cohort, np.ones(request.patients, bool), 0.0))[0],
        (trial["bias_log"], trial["bias_mc_se_log"]), (off.bias_log, off.mc_se_log), (on.bias_log, on.mc_se_log),
    )  # fmt: skip


def pooled(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean of log ratios, each weighted by the inverse of its variance, and the mean's error."""
    weights = np.asarray([se**-2 for _, se in parts])
    return float(np.dot(weights, [log for log, _ in parts]) / weights.sum()), float(weights.sum() ** -0.5)


def prove(found: Sequence[Population]) -> None:
    """The bars of the proof: twins exactly 1; pooled over the populations, what must be 1 within `MOST_ERRORS` Monte-Carlo errors."""
    report.bar("arms whose days of death the sham changes", sum(one.changed for one in found), 0)
    report.bar("distance of the twins' log ratio from 0", max(abs(one.twins_log) for one in found), 0)
    for name, words in (("randomised", "randomised"), ("off", "every bias off"), ("on", "every bias on")):
        parts = [getattr(one, name) for one in found]
        for one, (log, se) in zip(found, parts, strict=True):
            print(f"        {words}, seed {one.seed}: {math.exp(log):.4f}, Monte-Carlo error {se:.4f} (log), {log / se:+.2f} errors")
        log, se = pooled(parts)
        print(f"        {words}, pooled: {math.exp(log):.4f}, Monte-Carlo error {se:.4f} (log)")
        if name != "on":  # what it is with them on is reported, not asserted
            report.bar(f"{words}: bias in Monte-Carlo errors", abs(log) / se, MOST_ERRORS)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "|".join(" --- " if k == 0 else " ---: " for k in range(len(heads))) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def ladder_text(found: RegistryRun) -> str:
    """The ladder of a run as a table: one line an analysis, the three views beside one another.

    Each view has its own truth where its patients are others (`eligibility`).
    """
    apart = "offered_share" in found.summary["counts"]
    by: dict[str, dict[str, Any]] = {}
    for row in found.ladder:
        if row["view"] == "randomised":
            continue
        by.setdefault(row["label"], {})[row["view"]] = row
    trial = found.ladder[0]
    lines = [[f"*{trial['label']}*", ratio_text(trial), "", "", truth_text(trial), rmst_text(trial)]]
    for label, views in by.items():
        some = views.get("true confounders") or views.get("recorded") or views["not adjusted"]
        names = ("not adjusted", "recorded", "true confounders")
        shown = [ratio_text(views[name]) or "not answerable" if name in views else "" for name in names]
        if apart:
            shown = [f"{cell}; {truth_text(views[name])}" if name in views else "" for cell, name in zip(shown, names, strict=True)]
        recorded = views.get("recorded", some)
        lines.append([label, *shown, truth_text(some), rmst_text(recorded)])
    heads = ["analysis", "not adjusted", "recorded", "true confounders", "truth", "months, reported as recorded / true"]
    if apart:
        lines[0][1] += f"; {lines[0][4]}"
        lines = [line[:4] + line[5:] for line in lines]
        heads = ["reported; truth", *heads[1:4], heads[5]]
    return _table(heads, lines)


def decomposition_text(found: RegistryRun) -> str:
    """The decomposition of a run as a table."""
    on = found.decomposition["on"]
    lines = [["as practised", f"{on['hazard_ratio']:.3f}", "", f"{on['hazard_ratio']:.3f}", ""]]
    for step in found.decomposition["steps"]:
        lines.append(
            [
                f"without {step['component']}", f"{step['alone_hazard_ratio']:.3f}",
                factor_text(-step["contribution_log"], step["contribution_se_log"]), f"{step['after_hazard_ratio']:.3f}",
                factor_text(-step["step_log"], step["step_se_log"]),
            ]
        )  # fmt: skip
    last = found.decomposition["steps"][-1]
    note = f"\n\nWith everything off the truth of the same patients is {last['after_true_hazard_ratio']:.3f}."
    return _table(["practice", "HR, off alone", "factor", "HR, off in order", "factor"], lines) + note


def published_text(found: RegistryRun) -> str:
    """What registries printed, beside what the simulated one reports."""
    rows = {(row["view"], row["key"]): row for row in found.ladder}
    lines = [[item["label"], ratio_text(item), f"`{item['evidence']}`"] for item in found.summary["published"]]
    for view, key, label in (
        ("recorded", "ever-never+cox", "ever / never, Cox-adjusted for what is recorded"),
        ("recorded", "matching", "propensity-matched"),
        ("recorded", "landmark-12+cox", "alive at 12 months, Cox-adjusted"),
    ):
        row = rows.get((view, key))
        if row is not None and row["hazard_ratio"] is not None:
            lines.append([f"**simulated**: {label}", ratio_text(row), ""])
    return _table(["registry", "hazard ratio", "study"], lines)


def counts_text(found: RegistryRun) -> str:
    """Counts of a run in a sentence."""
    told = found.summary["counts"]
    if "offered_share" in told:
        mix = ", ".join(f"{share:.1%} by {name}" for name, share in told["therapy_shares"].items())
        return (
            f"{told['patients']:,} patients, {told['offered_share']:.1%} in question for it at diagnosis, {told['operated_share']:.1%} "
            f"treated ({told['operated_first_share']:.1%} soon after diagnosis, {told['operated_after_induction_share']:.1%} after "
            f"induction; median {told['median_operation_months']:.1f} months; of them {mix}), {told['pet_ct_share']:.1%} staged by PET-CT, "
            f"{told['dead_in_follow_up']:,} deaths seen."
        )
    return (
        f"{told['patients']:,} patients, {told['operated_share']:.1%} operated ({told['found_after_operation_share']:.1%} before their "
        f"metastases were found, {told['operated_first_share']:.1%} before systemic therapy, "
        f"{told['operated_after_induction_share']:.1%} after induction; median {told['median_operation_months']:.1f} months), "
        f"{told['pet_ct_share']:.1%} staged by PET-CT, {told['dead_in_follow_up']:,} deaths seen."
    )


def fill(text: str, name: str, content: str) -> str:
    """Put content between the marks of a block of the page."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), flags=re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{PAGE} has no block {name!r}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def docs(names: Sequence[str]) -> None:
    """Write the tables and figures of some runs, or all, into the page."""
    for name in names:
        if name not in SHOWN:
            raise SystemExit(f"there is no run named {name!r}; there are {', '.join(SHOWN)}")
    text = PAGE.read_text(encoding="utf-8")
    for name in names or SHOWN:
        found = made(name)
        blocks = {"ladder": ladder_text, "decomposition": decomposition_text, "published": published_text, "counts": counts_text}
        for block, make in blocks.items():
            mark = f"{block} of {name}"
            if f"<!-- {mark} -->" in text:
                text = fill(text, mark, make(found))
        for figure in ("ladder", "decomposition"):
            image = ROOT / "docs" / "images" / f"registry-{name}-{figure}.png"
            if f"images/{image.name}" in text:
                shutil.copyfile(found.path / "figures" / f"{figure}.png", image)
    PAGE.write_text(text, encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["docs"]:
        docs(sys.argv[2:])
    else:
        main()
