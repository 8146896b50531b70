"""The report of a run: one HTML file that needs no network, no script and no other file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paget.report.figures.baseline import BaselineRow
from paget.report.figures.consort import ConsortFlow
from paget.report.records import ROLES, Record, endpoint_of, headline, interval, number, replicated, what, who
from paget.report.save import write_atomic

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class ReportFigure:
    """A figure in the report: SVG text, alternative text, caption; `name` is its file in ``figures/``."""

    title: str
    svg: str
    alt: str
    name: str
    caption: str = ""


@dataclass(frozen=True)
class IntercurrentEvent:
    """An intercurrent event of the estimand, its strategy, and whether a real trial could observe that."""

    event: str
    strategy: str
    reason: str = ""
    observable: bool = True


@dataclass(frozen=True)
class EstimandText:
    """The five attributes of ICH E9(R1) in words."""

    population: str
    treatment: str
    endpoint: str
    summary: str
    intercurrent_events: Sequence[IntercurrentEvent] = ()


@dataclass(frozen=True)
class Assumption:
    """Something assumed, not read: what, which value, why; `kind` is ``parameter`` or ``protocol``."""

    kind: str
    what: str
    value: str
    reason: str


@dataclass(frozen=True)
class Uncertainty:
    """One kind of uncertainty (Monte-Carlo, sampling, parameters) and its size; never merged with another."""

    kind: str
    size: str
    meaning: str


@dataclass(frozen=True)
class ReportContext:
    """Everything that the report shows, as plain data.

    Attributes
    ----------
    title, protocol, question, result : str
        Heading, name of the protocol, the question, and the result in one sober paragraph.
    records : sequence of dict
        Summary records (``summary.json``).
    labels : mapping
        Label of each arm by its id.
    figures : sequence of ReportFigure
    baseline : sequence of BaselineRow
    estimand : EstimandText
    assumptions : sequence of Assumption
    uncertainty : sequence of Uncertainty
    flow : ConsortFlow, optional
    command : str
        The exact command that repeats the run.
    seed : int
    hashes, versions : mapping
        Protocol and parameter hashes; versions of Paget and its libraries.
    references : sequence of str
    switched_off : sequence of str
        Mechanisms of the model that were off.
    notes : sequence of str
        Anything else a reader must know (deviations from the publication, patients with merged lesions ...).
    badges : sequence of str
        Ways in which the result goes beyond what the model's values were fitted to.
    parameters : str
        Where the values of the parameters come from.
    """

    title: str
    protocol: str
    question: str
    result: str
    records: Sequence[Record]
    estimand: EstimandText
    command: str
    seed: int
    labels: Mapping[str, str] = field(default_factory=dict)
    figures: Sequence[ReportFigure] = ()
    baseline: Sequence[BaselineRow] = ()
    assumptions: Sequence[Assumption] = ()
    uncertainty: Sequence[Uncertainty] = ()
    flow: ConsortFlow | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    references: Sequence[str] = ()
    switched_off: Sequence[str] = ()
    notes: Sequence[str] = ()
    badges: Sequence[str] = ()
    parameters: str = ""


def render_report(context: ReportContext) -> str:
    """Render the report as HTML text; the same context gives the same text.

    Parameters
    ----------
    context : ReportContext
        What to show. Every text is escaped; only the SVG of the figures goes in as it is.

    Returns
    -------
    str
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = [
        {"figure": figure, "svg": Markup(inline_svg(figure.svg, f"f{i}"))} for i, figure in enumerate(context.figures, start=1)
    ]
    return environment.get_template("report.html.j2").render(
        c=context,
        figures=figures,
        rows=[_row(r, context.labels) for r in headline(context.records)],
        roles=ROLES,
    )


def write_report(path: Path, context: ReportContext) -> Path:
    """Write the report to `path`, whole or not at all.

    Parameters
    ----------
    path : Path
        The file, such as ``run/report.html``.
    context : ReportContext
        What to show.

    Returns
    -------
    Path
        `path`.
    """
    return write_atomic(path, render_report(context).encode())


def _error(measure: str, mc_se: float) -> str:
    """A Monte-Carlo error with a digit more than the number it belongs to: it is small where replicates are many."""
    return f"{mc_se:.3f}" if measure == "hazard_ratio" else number(measure, mc_se)


def _row(record: Record, labels: Mapping[str, str]) -> dict[str, Any]:
    measure = str(record["measure"])
    published = record.get("published")
    mc = record.get("mc_se")
    return {
        "endpoint": endpoint_of(record),
        "what": what(record),
        "who": who(record, labels),
        "simulated": number(measure, record.get("value")),
        "interval": interval(measure, record),
        "replicated": replicated(record),
        "mc_se": _error(measure, mc) if mc is not None else "",
        "published": number(measure, published["value"]) if published else None,
        "published_interval": interval(measure, published) if published else "",
        "evidence": published.get("evidence", "") if published else "",
        "role": str(record.get("role", "")),
    }


_ID = re.compile(r'\bid="([^"]+)"')
_USE = re.compile(r'(xlink:href|href)="#([^"]+)"|url\(#([^)]+)\)')


def inline_svg(svg: str, prefix: str) -> str:
    """Prepare an SVG file for the body of a page: no prolog, no metadata, ids of its own."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<title>.*?</title>", "", body, count=1, flags=re.DOTALL)
    body = _ID.sub(lambda m: f'id="{prefix}-{m[1]}"', body)

    def use(match: re.Match[str]) -> str:
        if match[2] is not None:
            return f'{match[1]}="#{prefix}-{match[2]}"'
        return f"url(#{prefix}-{match[3]})"

    return _USE.sub(use, body).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
