"""The report of a design: one HTML page that needs no network, no script and no other file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paget.report.html import TEMPLATES, ReportFigure, inline_svg
from paget.report.save import write_atomic


@dataclass(frozen=True)
class DesignTable:
    """A table of texts with its caption and a note below it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class DesignPage:
    """Everything that the page shows, as plain data.

    Attributes
    ----------
    title, protocol, question, result : str
    tables : sequence of DesignTable
    figures : sequence of ReportFigure
    notes : sequence of str
        What a reader must know.
    ademp : mapping
        The simulation study by its five headings.
    command : str
        What repeats it.
    """

    title: str
    protocol: str
    question: str
    result: str
    tables: Sequence[DesignTable]
    figures: Sequence[ReportFigure]
    notes: Sequence[str]
    ademp: Mapping[str, str]
    command: str
    seed: int
    version: str
    hashes: Mapping[str, str] = field(default_factory=dict)


def page_style() -> str:
    """The style sheet of run reports, so that both look the same."""
    found = re.search(r"<style>(.*?)</style>", (TEMPLATES / "report.html.j2").read_text(encoding="utf-8"), flags=re.S)
    assert found is not None
    return found[1]


def render_design_page(page: DesignPage) -> str:
    """Render the page as HTML text; every text is escaped, only SVG and style go in as they are."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    figures = [{"figure": figure, "svg": Markup(inline_svg(figure.svg, f"f{i}"))} for i, figure in enumerate(page.figures, start=1)]
    return environment.get_template("design.html.j2").render(p=page, figures=figures, style=Markup(page_style()))


def write_design_page(path: Path, page: DesignPage) -> Path:
    """Write the page to `path`, whole or not at all."""
    return write_atomic(path, render_design_page(page).encode())
