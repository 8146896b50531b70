"""What ``paget analyse`` prints and writes: the table of analyses, what has to be known of the main one, files and figures."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.analysis.causal import CausalEstimate, bias_array
from paget.cli.options import console
from paget.cli.resamples import WORK

if TYPE_CHECKING:
    from paget.cli.analysing import Result


def show(result: Result) -> None:
    """Print the table of analyses, and below it what has to be known of the main one."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    data, out = result.data, console()
    title = f"{data.treatment} and {data.outcome}: {len(data)} patients, {data.n_treated} treated, {data.n_events} events"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    controls = {one.key.removesuffix("~negative-control"): one for one in result.controls}
    heads = ["Analysis", "n", "treated", "events", "Hazard ratio (95 % CI)", "Difference in mean survival, months"]
    for head in [*heads, *(["Negative control"] if controls else [])]:
        table.add_column(head, justify="right" if head in ("n", "treated", "events") else "left")
    for one in result.estimates:
        if one.hazard_ratio is None:
            continue
        cells = [one.label, str(one.n), str(one.treated), str(one.events), _ratio(one), _gain(one)]
        if controls:
            cells.append(_ratio(controls[one.key]) if one.key in controls else "")
        table.add_row(*(Text(cell) for cell in cells))
    out.print(table)
    for why in dict.fromkeys(one.problem for one in result.estimates if one.problem):
        mine = [one for one in result.estimates if one.problem == why]
        state = "Not answered" if any(one.hazard_ratio is None for one in mine) else "Doubtful"
        out.print(Text(f"{state}: {', '.join(one.label for one in mine)}: {why}"))
        for instead in dict.fromkeys(str(one.diagnostics["instead"]) for one in mine if "instead" in one.diagnostics):
            out.print(Text(f"  instead: {instead}"))
    if data.point_treatment and len(result.estimates) > 1:
        out.print("All treatment starts at time zero, so no time is immortal: analyses of when it starts were left out.")
    for line in _told(result.main):
        out.print(Text(line))


def _ratio(one: CausalEstimate) -> str:
    if one.hazard_ratio is None:
        return "-"
    return f"{one.hazard_ratio:.3f} ({one.ci_low:.3f} to {one.ci_high:.3f})"


def _gain(one: CausalEstimate) -> str:
    gain = one.rmst_difference
    if gain is None:
        return "-"
    known = gain.ci_low == gain.ci_low
    return f"{gain.value:+.2f}" + (f" ({gain.ci_low:+.2f} to {gain.ci_high:+.2f})" if known else "") + f" to {gain.tau:.4g}"


def _told(one: CausalEstimate) -> list[str]:
    lines = [f"{one.label}: {one.estimand}."]
    if one.excluded:
        lines.append(f"Left out: {one.excluded} patients, {one.events_excluded} events.")
    curved = one.diagnostics.get("curved")
    if curved:
        straight = [name for name in one.adjusted_for if name not in curved]
        lines.append(f"Curved: {', '.join(curved)}" + (f"; straight: {', '.join(straight)}." if straight else "."))
    table = one.diagnostics.get("balance")
    if table:
        worst = max(table, key=lambda row: abs(row["smd_after"] if row["smd_after"] is not None else row["smd_before"]))
        value = worst["smd_after"] if worst["smd_after"] is not None else worst["smd_before"]
        word = "balanced" if abs(value) < 0.1 else "NOT balanced"
        lines.append(f"Covariates {word}: the largest standardised difference is {value:+.2f} ({worst['covariate']}).")
    weights = one.diagnostics.get("weights")
    if weights:
        lines.append(
            f"Weights: mean {weights['mean']:.3f}, largest {weights['max']:.2f}; effective n {weights['effective_n_treated']:.0f} treated, "
            f"{weights['effective_n_untreated']:.0f} untreated."
        )
    e = one.diagnostics.get("e_value")
    if e:
        lines.append(
            f"E-value: {e['common']:.2f} (common outcome) or {e['rare']:.2f} (rare); of the limit nearer to 1: {e['limit_common']:.2f} or "
            f"{e['limit_rare']:.2f}."
        )
    lines += ["Assumes: " + "; ".join(one.assumptions) + "."]
    return lines


def write(result: Result, folder: Path, source: str) -> None:
    """Write analysis.json, the TARGET table and the figures; each file whole or not at all."""
    from paget.engine.folder import disk_errors

    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write(result, folder, source)


def _write(result: Result, folder: Path, source: str) -> None:
    from paget.report.save import save, write_atomic

    data, main = result.data, result.main
    plain = {
        "source": source,
        "request": asdict(result.request),
        "data": {
            "patients": len(data), "treated": data.n_treated, "events": data.n_events, "dropped": data.dropped,
            "time_zero": data.time_zero, "treatment": data.treatment, "outcome": data.outcome,
        },
        "estimates": [one.to_dict() for one in result.estimates],
        "negative_control": [one.to_dict(curves=False) for one in result.controls],
        "main": main.key,
        "bias_array": [asdict(cell) for cell in bias_array(float(main.hazard_ratio or 1.0))],
        "target": result.target.to_dict(),
    }  # fmt: skip
    write_atomic(folder / "analysis.json", (json.dumps(plain, indent=1, allow_nan=False, sort_keys=True) + "\n").encode())
    write_atomic(folder / "target.md", result.target.to_markdown().encode())
    for name, drawing in drawings(result).items():
        save(drawing, folder, name)
    shutil.rmtree(folder / WORK, ignore_errors=True)


def drawings(result: Result) -> dict[str, Any]:
    """Figures of a result by file name: the ladder, and balance and overlap of the best-told weighted analysis."""
    from paget.report.figures import ladder, love_plot, overlap

    data = result.data
    found: dict[str, Any] = {
        "ladder": ladder.draw(
            [ladder_row(one, family) for one, family in zip(result.estimates, result.families, strict=True)],
            title=f"{data.treatment[:1].upper()}{data.treatment[1:]} and {data.outcome}: hazard ratio by analysis",
            treated=data.treatment,
        )
    }
    candidates = [result.main, *reversed(result.estimates)]
    balanced = next((one for one in candidates if one.diagnostics.get("balance")), None)
    if balanced is not None:
        rows = [love_plot.LoveRow(r["covariate"], r["smd_before"], r["smd_after"]) for r in balanced.diagnostics["balance"]]
        done = "after matching" if "matched" in balanced.diagnostics or balanced.key.startswith("matching") else "after weighting"
        found["balance"] = love_plot.draw(rows, title=f"Balance: {balanced.label}", after=done)
    spread = next((one for one in candidates if one.diagnostics.get("overlap")), None)
    if spread is None:
        spread = next((one for one in candidates if one.diagnostics.get("weights") and one.adjusted_for), None)
    if spread is not None:
        score, weights = spread.diagnostics.get("overlap"), spread.diagnostics.get("weights")
        found["overlap"] = overlap.draw(
            None if score is None else overlap.Histogram(score["edges"], score["treated"], score["untreated"]),
            None if weights is None else overlap.Histogram(weights["edges"], weights["treated"], weights["untreated"]),
            effective_n=None if weights is None else (weights["effective_n_treated"], weights["effective_n_untreated"]),
            title=f"Overlap: {spread.label}",
        )
    return found


GROUPS = {
    "ever-never": "Ever against never",
    "matching": "Ever against never",
    "iptw": "Ever against never",
    "immortal-excluded": "Immortal time left out",
    "time-varying": "Treatment in its time",
    "landmark": "Landmark",
    "iptw-landmark": "Landmark",
    "sequential": "Emulated target trial",
    "ccw": "Emulated target trial",
}
"""Headings of the ladder by family of analyses."""


def ladder_row(one: CausalEstimate, family: str, truth: float | None = None) -> Any:
    """Row of the ladder figure of an estimate."""
    from paget.report.figures.ladder import LadderRow
    from paget.report.style import Ratio

    ratio = None if one.hazard_ratio is None else Ratio(one.hazard_ratio, one.ci_low, one.ci_high, one.level)
    return LadderRow(
        one.label, ratio, one.n, one.events, truth=truth, adjusted=bool(one.adjusted_for), group=GROUPS[family], note=one.problem
    )
