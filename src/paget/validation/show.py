"""A validation as a table for the terminal, as text for a page, and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from paget.report.figures.predicted_observed import Point, draw
from paget.report.style import Drawing
from paget.validation.scores import Prediction, score

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADS = ("number", "observed", "predicted (95 % predictive)", "width", "inside", "z", "agrees")
_SHORT = (("median months", "median"), ("cumulative incidence", "incidence"), ("hazard ratio", "HR"))


def number(measure: str, value: float | None) -> str:
    """One number in its unit."""
    if value is None:
        return "not reached" if measure == "median_months" else "–"
    if measure in ("survival", "cumulative_incidence", "rate", "rate_difference"):
        return f"{100 * value:.1f} %"
    return f"{value:.1f}" if measure == "median_months" else f"{value:.2f}"


def row(one: dict[str, Any]) -> tuple[str, ...]:
    """Cells of the table of one prediction of the report."""
    measure = one["measure"]

    def ends(low: float | None, high: float | None) -> str:
        return f"({number(measure, low).removesuffix(' %')} to {number(measure, high)})"

    observed = number(measure, one["observed"])
    if one["observed_low"] is not None or one["observed_high"] is not None:
        level = one["observed_level"]
        mark = "" if level in (None, 0.95) else f"; {100 * level:g} %"
        observed += f" {ends(one['observed_low'], one['observed_high'])[:-1]}{mark})"
    width = "–" if one["width"] is None else f"x {one['width']:.2f}" if one["scale"] == "log" else number(measure, one["width"])
    agrees = {True: "yes", False: "no", None: "–"}[one["agrees"]]
    z = "–" if one["z"] is None else f"{one['z']:+.1f}"
    inside = ("yes" if one["covered"] else "NO") if one["held_out"] else "fitted"
    predicted = f"{number(measure, one['predicted'])} {ends(one['low'], one['high'])}"
    return one["what"], observed, predicted, width, inside, z, agrees


def _header(one: dict[str, Any]) -> str:
    """Study, and the look of it."""
    return str(one["study"]) if one["source"] == "row" or one["study"] == one["name"] else f"{one['study']} ({one['name']})"


def summary_words(one: dict[str, Any]) -> str:
    """One kind of numbers in a sentence."""
    text = f"{one['group']}: {one['covered']} of {one['count']} inside the 95 % predictive interval"
    if one["width"] is not None:
        text += f" (median width {'x ' if one['group'] in ('ratios', 'medians') else ''}{one['width']:.2f})"
    text += f", {one['close']} with standardised difference below 1.96"
    if one["with_interval"]:
        text += f", {one['agreeing']} of {one['with_interval']} predictions inside the study's own interval"
    if one["interval_score"] is not None:
        text += f", mean interval score {one['interval_score']:.2f}"
    line = one["calibration"]
    if line is not None:
        text += f"; observed on predicted: slope {line['slope']:.2f} ± {line['slope_se']:.2f}, intercept {line['intercept']:+.2f}"
    return text


def render(report: dict[str, Any]) -> RenderableType:
    """The report for `rich.print`: one table a posterior, then the scores."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for name, about in report["parameters"].items():
        table = Table(title=f"Held out, predicted under: {about['words']}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for head in HEADS:
            table.add_column(head, overflow="fold")
        header = ""
        for one in report["predictions"]:
            if one["posterior"] != name:
                continue
            if (mine := _header(one)) != header:
                header = mine
                table.add_row(Text(header, style="bold"))
            missed = one["held_out"] and not one["covered"]
            first, *rest = row(one)
            for long, short in _SHORT:
                first = first.replace(long, short)
            table.add_row(*(Text(cell, style="yellow" if missed else "") for cell in (f"  {first}", *rest)))
        parts.append(table)
        parts += [Text(summary_words(one)) for one in report["summary"] if one["posterior"] == name]
        parts.append(Text())
    parts.append(Text(f"held-out list {report['held_out']['hash'][:16]}: {', '.join(report['held_out']['names'])}", style="dim"))
    return Group(*parts)


def markdown(report: dict[str, Any]) -> str:
    """The report as a page of text."""
    lines = ["# Predictions of what was held out", ""]
    if report["patients"] is not None:
        lines += [f"Trials of {report['patients']} patients, not of their own size: for trying out only.", ""]
    for name, about in report["parameters"].items():
        lines += [f"## {name}", "", f"Parameters: {about['words']}.", ""]
        lines += ["| " + " | ".join(HEADS) + " |", "|" + " --- |" * len(HEADS)]
        for one in report["predictions"]:
            if one["posterior"] == name:
                first, *rest = row(one)
                lines.append("| " + " | ".join([f"{_header(one)}: {first}", *rest]) + " |")
        lines += ["", *(f"- {summary_words(one)}" for one in report["summary"] if one["posterior"] == name), ""]
    lines += [
        "Width: factor between the ends of the interval for ratios and medians, difference for shares. z: observed minus predicted over",
        "the error of that difference. Agrees: the prediction lies in the interval that the study printed.",
        "",
        f"Held out: {', '.join(f'`{one}`' for one in report['held_out']['names'])} (list `{report['held_out']['hash'][:16]}`). Seed "
        f"{report['seed']}, {report['replicates']} replicates a trial, {report['histories']} natural histories a draw for other figures.",
        "",
    ]
    return "\n".join(lines)


def figure(predictions: Sequence[Prediction], posterior: str) -> Drawing:
    """Predicted against observed hazard ratios of one posterior."""
    points = [
        Point(
            f"{p.study}, {p.what.split()[0]}" if p.source == "replicates" else p.name, p.predicted, p.low, p.high, p.observed,
            p.observed_low, p.observed_high, p.held_out, score(p).covered,
        )
        for p in predictions
        if p.low is not None and p.high is not None
    ]  # fmt: skip
    return draw(points, title=f"Predicted and observed hazard ratios, posterior {posterior!r}")
