"""The TARGET table (Cashin et al., JAMA 2025; 334: 1084): what was emulated, item by item, from the choices made.

TARGET asks for the protocol of the target trial (items 6a to 6h) and for how each part of it was emulated
(7a to 7h). What follows from the data and from the analysis is filled in; the rest is left to the authors and
listed as such. Items are named here in our own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .data import ObservationalData
from .estimate import CausalEstimate, in_months

LEFT_OPEN = {
    "1a": "title and abstract: an emulation of a target trial",
    "1b": "abstract: data sources",
    "1c": "abstract: assumptions, methods, findings",
    "2": "background",
    "3": "causal question",
    "4": "why a target trial is emulated",
    "5": "data sources: purpose, places, period, linkage",
    "15": "interpretation",
    "16": "limitations",
    "17": "ethics approval",
    "18": "registration of the protocol",
    "19": "data and code",
    "20": "funding",
    "21": "conflicts of interest",
}
"""Items that no file can answer for the authors."""


@dataclass(frozen=True)
class TargetItem:
    """One element: its item numbers, the trial that one would run, and what was done with the data."""

    items: str
    element: str
    specification: str
    emulation: str


@dataclass(frozen=True)
class TargetTable:
    """The filled part of the TARGET checklist for one analysis, and the items left to the authors."""

    analysis: str
    rows: tuple[TargetItem, ...]
    left_open: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "guideline": "TARGET 2025",
            "analysis": self.analysis,
            "items": [{name: getattr(row, name) for name in ("items", "element", "specification", "emulation")} for row in self.rows],
            "left_to_authors": self.left_open,
        }

    def to_markdown(self) -> str:
        """Render as a Markdown table."""
        lines = [
            f"# TARGET table: {self.analysis}",
            "",
            "| item | element | target trial | emulation |",
            "| --- | --- | --- | --- |",
        ]
        lines += [f"| {row.items} | {row.element} | {_cell(row.specification)} | {_cell(row.emulation)} |" for row in self.rows]
        lines += ["", "Left to the authors: " + "; ".join(f"{item} {what}" for item, what in self.left_open.items()) + ".", ""]
        return "\n".join(lines)


def target_table(data: ObservationalData, found: CausalEstimate, others: Sequence[CausalEstimate] = ()) -> TargetTable:
    """Fill the table for one analysis.

    Parameters
    ----------
    data : ObservationalData
    found : CausalEstimate
    others : sequence of CausalEstimate
        Further analyses of the same data (a ladder), reported as sensitivity analyses.
    """
    e = found.estimand
    one, zero = e.strategies
    end = f"{data.outcome}, loss to follow-up or the end of the data, whichever comes first"
    curved = found.diagnostics.get("curved", {})
    adjusted = ", ".join(f"{name} (curved)" if name in curved else name for name in found.adjusted_for) or "nothing"
    others = [other for other in others if other.key != found.key and other.hazard_ratio is not None]
    rows = [
        TargetItem("6a, 7a", "Eligibility", f"{e.population}, known at {e.time_zero}", _eligibility(data, found)),
        TargetItem("6b, 7b", "Treatment strategies", f"{one}; {zero}", _strategies(data, found)),
        TargetItem("6c, 7c", "Assignment", "at random, not blinded", f"as observed, taken as random given {adjusted}"),
        TargetItem("6d, 7d", "Follow-up", f"from assignment at {e.time_zero} to {end}", f"from {e.time_zero} to {end}{_misaligned(found)}"),
        TargetItem("6e, 7e", "Outcome", f"time to {data.outcome}", f"time to {data.outcome} as recorded, in months"),
        TargetItem("6f, 7f", "Causal contrast", str(e), _contrast(found)),
        TargetItem(
            "6g, 7g",
            "Identifying assumptions",
            "randomisation; censoring unrelated to prognosis",
            "; ".join(found.assumptions) + f". Adjusted for: {adjusted}",
        ),
        TargetItem(
            "6h, 7h",
            "Analysis plan",
            "Cox model of the strategies, survival curves, restricted means",
            f"{found.method}; complete cases, nothing imputed; {found.interval} {100 * found.level:g} % intervals. "
            "Sensitivity: E-value, bias array" + (", and the analyses of item 14" if others else ""),
        ),
        TargetItem("8", "Participants", "", _participants(data, found)),
        TargetItem("9", "Baseline by strategy", "", _baseline(found)),
        TargetItem("10", "Follow-up reached", "", _follow_up(data, found)),
        TargetItem("11", "Missing data", "", f"{data.dropped} patient(s) without a covariate were dropped; nothing was imputed"),
        TargetItem("12", "Outcomes seen", "", f"{data.outcome} in {found.events} analysed, in {found.events_excluded} of those left out"),
        TargetItem("13", "Effect", "", _effect(found)),
        TargetItem("14", "Further analyses", "", "; ".join(str(other) for other in others) or "none in this table"),
    ]
    return TargetTable(found.label, tuple(rows), dict(LEFT_OPEN))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "-"


def _participants(data: ObservationalData, found: CausalEstimate) -> str:
    return (
        f"{len(data) + data.dropped} in the file, {len(data)} with every covariate, {found.n} analysed, {found.treated} treated, "
        f"{found.excluded} left out by the design"
    )


def _eligibility(data: ObservationalData, found: CausalEstimate) -> str:
    text = f"{found.n} of {len(data)} patients of the file"
    if found.estimand.landmark_months is not None:
        lost = found.diagnostics.get("left_before_landmark", 0)
        text += f"; {lost} were left out because their follow-up ended by {in_months(found.estimand.landmark_months)}"
    if data.entry_months is not None:
        text += "; some come under observation late and count from then on"
    return text


def _strategies(data: ObservationalData, found: CausalEstimate) -> str:
    if data.point_treatment:
        return f"{data.treatment} recorded at time zero, or not"
    if found.estimand.grace_months is not None:
        return "each patient cloned into both strategies and censored when her records depart from one"
    return f"by the recorded start of {data.treatment} (median {np.nanmedian(data.treated_months):.3g} months)"


def _misaligned(found: CausalEstimate) -> str:
    immortal = found.diagnostics.get("immortal_months", 0.0)
    if immortal and immortal > 0:
        return (
            f". NOT ALIGNED: strategies are told from what happened after time zero ({immortal:.0f} patient-months before treatment "
            "in which the treated could not die)"
        )
    return "; eligibility, strategy and start of follow-up coincide"


def _contrast(found: CausalEstimate) -> str:
    text = f"{found.estimand.contrast} hazard ratio"
    if found.rmst_difference is not None:
        text += f"; difference in restricted mean survival to {found.rmst_difference.tau:.3g} months"
    return text


def _baseline(found: CausalEstimate) -> str:
    table = found.diagnostics.get("balance")
    if not table:
        return "not compared (no covariate in this analysis)"
    worst = max(abs(row["smd_after"] if row["smd_after"] is not None else row["smd_before"]) for row in table)
    before = max(abs(row["smd_before"]) for row in table)
    return f"largest standardised difference {before:.2f} before and {worst:.2f} after; see the balance table"


def _follow_up(data: ObservationalData, found: CausalEstimate) -> str:
    rows = found.patients if found.patients is not None else np.arange(len(data))
    return f"median {np.median(data.months[rows]):.3g} months of observation, {int((~data.event[rows]).sum())} censored"


def _effect(found: CausalEstimate) -> str:
    text = str(found)
    gain = found.rmst_difference
    if gain is None:
        return text
    interval = f" ({gain.ci_low:.2f} to {gain.ci_high:.2f})" if np.isfinite(gain.ci_low) else ""
    return f"{text}; restricted mean to {gain.tau:.3g} months {gain.value:+.2f} months{interval}"
