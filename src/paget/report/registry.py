"""The report of a registry, and the tables that the command prints: the ladder beside the truth, and where the bias comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.report.html import TEMPLATES, Assumption, ReportFigure, Uncertainty, inline_svg
from paget.report.save import write_atomic

if TYPE_CHECKING:
    from rich.table import Table

Row = Mapping[str, Any]
HEADINGS = {
    "randomised": "A trial in the same patients",
    "not adjusted": "Not adjusted",
    "recorded": "Adjusted for what the registry records",
    "true confounders": "Adjusted for what decided (no registry has it)",
}


@dataclass(frozen=True)
class RegistryContext:
    """Everything that the report of a registry shows, as plain data (`rows`, `steps` as in ``summary.json``)."""

    title: str
    registry: str
    resembles: str
    question: str
    result: str
    seed: int
    command: str
    counts: Mapping[str, str]
    rows: Sequence[Row]
    steps: Sequence[Row]
    varied: Sequence[Row]
    published: Sequence[Row]
    terms: Sequence[Row]
    recorded: Sequence[str]
    unrecorded: Sequence[str]
    day_recorded: bool
    target_analysis: str
    target: Sequence[Row]
    assumptions: Sequence[Assumption]
    uncertainty: Sequence[Uncertainty]
    figures: Sequence[ReportFigure] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    references: Sequence[str] = ()
    notes: Sequence[str] = ()
    act: str = "operation"
    done: str = "operated"


def ratio_text(row: Row) -> str:
    """Hazard ratio with its interval."""
    value = row["hazard_ratio"]
    if value is None:
        return ""
    if row["ci_low"] is None:
        return f"{value:.2f}"
    return f"{value:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f})"


def truth_text(row: Row) -> str:
    """True hazard ratio of a row; (c) marks one at the row's covariates."""
    truth = row["truth"]
    if row["contrast"] == "conditional" and truth["conditional_hazard_ratio"] is not None:
        return f"{truth['conditional_hazard_ratio']:.3f} (c)"
    return "" if truth["hazard_ratio"] is None else f"{truth['hazard_ratio']:.3f}"


def factor_text(log: float | None, se: float | None) -> str:
    """A factor with its Monte-Carlo error on the log scale."""
    return "" if log is None else f"{math.exp(log):.2f} ± {se or 0.0:.3f}"


def rmst_text(row: Row) -> str:
    """Difference of restricted means, reported / true."""
    reported, gain = row["rmst_difference_months"], row["truth"]["rmst_difference_months"]
    if reported is None or reported["value"] is None or gain is None:
        return ""
    return f"{reported['value']:+.1f} / {gain:+.2f} mo"


def _shown_row(row: Row) -> dict[str, Any]:
    return {
        "view": HEADINGS[row["view"]],
        "label": row["label"],
        "problem": "" if row["hazard_ratio"] is not None else row["problem"],
        "n": row["n"],
        "treated": row["treated"],
        "ratio": ratio_text(row),
        "truth": truth_text(row),
        "bias": factor_text(row["bias_log"], row["bias_mc_se_log"]),
        "rmst": rmst_text(row),
        "contrast": row["truth"]["contrast"],
    }


def _shown_step(step: Row) -> dict[str, Any]:
    return {
        "name": f"without {step['component']}",
        "about": step["about"],
        "alone": f"{step['alone_hazard_ratio']:.3f}",
        "alone_truth": f"{step['alone_true_hazard_ratio']:.3f}",
        "alone_factor": factor_text(-step["contribution_log"], step["contribution_se_log"]),
        "after": f"{step['after_hazard_ratio']:.3f}",
        "after_truth": f"{step['after_true_hazard_ratio']:.3f}",
        "factor": factor_text(-step["step_log"], step["step_se_log"]),
    }


def _shown_varied(row: Row) -> dict[str, Any]:
    return {
        "what": row["what"],
        "value": "" if row["value"] is None else f"{row['value']:g}",
        "varied": "" if row["varied"] is None else f"{row['varied']:g}",
        "ratio": "" if row["hazard_ratio"] is None else f"{row['hazard_ratio']:.3f}",
        "factor": factor_text(row["change_log"], row["change_mc_se_log"]) or row["problem"],
    }


def render_registry(context: RegistryContext) -> str:
    """Render the report as HTML text; the same context gives the same text. Everything but the SVG of figures is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    shown = {
        **{name: getattr(context, name) for name in RegistryContext.__dataclass_fields__},
        "rows": [_shown_row(row) for row in context.rows],
        "steps": [_shown_step(step) for step in context.steps],
        "varied": [_shown_varied(row) for row in context.varied],
    }
    figures = [{"figure": figure, "svg": Markup(inline_svg(figure.svg, f"f{i}"))} for i, figure in enumerate(context.figures, start=1)]
    return environment.get_template("registry.html.j2").render(c=shown, figures=figures)


def write_registry(path: Path, context: RegistryContext) -> Path:
    """Write the report, whole or not at all."""
    return write_atomic(path, render_registry(context).encode())


def ladder_table(rows: Sequence[Row], *, title: str, width: int = 120) -> Table:
    """The ladder for `rich.print`; restricted means need a width of 100 columns."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    columns = ("Analysis", "HR (95 % CI)", "Truth", "Bias ± MC SE", "RMST, reported / true")[: 5 if width >= 100 else 4]
    for name in columns:
        table.add_column(name, overflow="fold", min_width=20 if name == "Analysis" else None, no_wrap=name != "Analysis")
    view = ""
    for row in rows:
        if row["view"] != view:
            view = row["view"]
            table.add_row(Text(HEADINGS[view], style="bold"))
        if row["hazard_ratio"] is None:
            table.add_row(Text("  " + row["label"]), Text("not answerable", style="dim"))
            continue
        cells = [
            "  " + row["label"], ratio_text(row), truth_text(row), factor_text(row["bias_log"], row["bias_mc_se_log"]), rmst_text(row),
        ]  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells[: len(columns)]))
    table.caption = (
        "Truth: twins of the row's own population and time zero; (c) at the row's covariates. Bias: reported over true hazard ratio, "
        "error on the log scale. What is not answerable, and why, stands in the report. Research software: not for clinical use."
    )
    table.caption_justify = "left"
    return table


def decomposition_table(start: Row, steps: Sequence[Row]) -> Table:
    """The decomposition for `rich.print`."""
    from rich import box
    from rich.table import Table

    table = Table(title="Where the bias of ever / never comes from", box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in ("Practice", "HR, off alone", "factor", "HR, off in order", "factor"):
        table.add_column(name, justify="left" if name == "Practice" else "right")
    table.add_row("as practised", f"{start['hazard_ratio']:.3f}", "", f"{start['hazard_ratio']:.3f}", "")
    for step in steps:
        shown = _shown_step(step)
        table.add_row(shown["name"], shown["alone"], shown["alone_factor"], shown["after"], shown["factor"])
    truth = steps[-1]["after_true_hazard_ratio"] if steps else start["true_hazard_ratio"]
    table.caption = f"Last line in order: everything off; its truth is {truth:.3f}. ± Monte-Carlo standard error, log scale."
    table.caption_justify = "left"
    return table
