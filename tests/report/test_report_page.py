"""The report is one safe, self-contained page with every section; the terminal shows the same numbers."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_up_report import LABELS, RECORDS, context, record

from paget.report.html import Assumption, ReportFigure, inline_svg, render_report, write_report
from paget.report.records import headline, interval, number, who
from paget.report.terminal import comparison_table


@pytest.fixture(scope="module")
def page() -> str:
    """The report with everything in it."""
    return render_report(context())


class Outline(HTMLParser):
    """Tags, ids, links and headings of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    """No script, no style sheet, no picture or font from anywhere else."""
    outline = Outline(page)
    names = {tag for tag, _ in outline.tags}
    assert not names & {"script", "link", "iframe", "img", "object", "embed"}
    for tag, attributes in outline.tags:
        for key, value in attributes.items():
            if key in ("src", "href", "xlink:href"):
                assert str(value).startswith("#"), (tag, key, value)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_links_and_ids_fit(page: str) -> None:
    """Every id is there once, also across figures, and every reference finds its id."""
    outline = Outline(page)
    ids = [a["id"] for _, a in outline.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    links = [str(a[key]) for _, a in outline.tags for key in ("href", "xlink:href") if key in a]
    used = {link[1:] for link in links if link.startswith("#")}
    used |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert used <= set(ids)
    assert len(used) > 20


def test_the_page_can_be_read_aloud(page: str) -> None:
    """One h1, no level skipped, captions on tables, words for every figure, a language."""
    outline = Outline(page)
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert set(levels) == {1, 2}
    assert sum(t == "table" for t, _ in outline.tags) == sum(t == "caption" for t, _ in outline.tags)
    pictures = [a for t, a in outline.tags if a.get("role") == "img"]
    assert len(pictures) == 6
    assert all(len(str(a["aria-label"])) > 40 for a in pictures)
    assert outline.tags[0] == ("html", {"lang": "en"})


def test_the_page_opens_with_the_warning_and_holds_every_section(page: str) -> None:
    """Banner first; question, result, roles, estimand, uncertainty, assumptions, command, references."""
    text = re.sub(r"<[^>]+>", " ", page[page.index("<body>") :])
    assert text.split()[:2] == ["Research", "software:"]
    assert "not for clinical use" in text[:200]
    for words in (
        *("1.05", "90 % CI 0.79 to 1.40", "90 % CI 0.82 to 1.52", "not read", "prediction"),
        *("Intercurrent events", "not observable in a real trial", "not yet quantified", "never merged"),
        *(
            "paget run e2108 --seed 1 --replicates 200",
            "sha256:0123abcd",
            "self-seeding",
            "doi:10.1200/JCO.21.02006",
        ),
        *("matched", "diagnosed (assessed for eligibility)"),
    ):
        assert words in text, words


def test_text_is_escaped(page: str) -> None:
    """What comes from a protocol cannot become markup."""
    assert "not reported &lt;by the trial&gt;" in page
    bold = [Assumption("p", "<b>", "", "")]
    evil = render_report(context(title="<script>alert(1)</script>", figures=(), assumptions=bold))
    assert "<script>" not in evil
    assert "<b>" not in evil


def test_a_report_without_figures_flow_or_results_is_still_a_page() -> None:
    """Nothing but the words that must be there."""
    nothing = dict.fromkeys(("figures", "baseline", "records", "assumptions", "uncertainty", "switched_off"), ())
    bare = render_report(context(flow=None, **nothing))
    assert "No mechanism of the model was switched off" in bare
    assert "no result" in bare
    assert "not quantified" in bare


def test_the_same_context_gives_the_same_bytes(page: str, tmp_path: Path) -> None:
    """Written twice, read the same; nothing left beside it."""
    path = write_report(tmp_path / "report.html", context())
    assert path.read_text(encoding="utf-8") == page
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_two_figures_keep_their_own_clip_paths() -> None:
    """Ids of a drawing are prefixed together with what refers to them."""
    svg = '<?xml version="1.0"?><svg id="a"><defs><path id="m1"/></defs><use xlink:href="#m1"/><g clip-path="url(#m1)"/></svg>'
    text = inline_svg(svg, "f2")
    assert 'id="f2-m1"' in text
    assert 'xlink:href="#f2-m1"' in text
    assert "url(#f2-m1)" in text
    assert "<?xml" not in text
    assert ReportFigure("t", svg, "a", "n").caption == ""


def test_the_terminal_shows_simulated_beside_published() -> None:
    """One row per number, with interval, level where it is not 95 %, and the role; brackets are not
    markup."""
    from rich.console import Console

    console = Console(width=160, record=True, file=io.StringIO())
    labels = {**LABELS, "lrt": "LRT [bold]", "systemic": "ST"}
    console.print(comparison_table(RECORDS, labels=labels))
    text = console.export_text()
    shown = ("1.05 ± 0.01", "0.79 to 1.40; 90 %", "1.11 (0.82 to 1.52; 90 %)", "46.7 to open", "16.3 %")
    for words in (*shown, "LRT [bold]"):
        assert words in text, words
    assert "log-rank" not in text
    assert text.index("Overall survival") < text.index("Locoregional progression")


def test_headline_keeps_published_subgroups_and_drops_the_rest() -> None:
    """A subgroup is shown only where there is something published to show it beside."""
    kept = headline(RECORDS)
    assert [r.get("subgroup") for r in kept if r.get("subgroup")] == ["subtype = TNBC"]
    assert len(headline(RECORDS, all_records=True)) == len(RECORDS)
    assert kept[0]["measure"] == "hazard_ratio"


@pytest.mark.parametrize(
    ("measure", "value", "shown"),
    [
        ("median_months", None, "not reached"),
        ("median_months", float("nan"), "not reached"),
        ("hazard_ratio", None, "–"),
        ("survival", 0.05, "5.0 %"),
        ("count", 12.0, "12"),
        ("logrank_p", 0.00001, "< 0.001"),
        ("rmst_difference_months", -1.26, "-1.3"),
    ],
)
def test_numbers_are_shown_by_what_they_measure(measure: str, value: float | None, shown: str) -> None:
    """Shares in per cent, p values short, medians that are not reached said so."""
    assert number(measure, value) == shown


def test_open_and_missing_limits_are_told_apart() -> None:
    """No limits: no interval; one open limit of a median: not reached."""
    assert interval("median_months", {"ci_low": None, "ci_high": None}) == ""
    assert interval("survival", {"ci_low": 0.5, "ci_high": 0.6, "ci_level": 0.95}) == "95 % CI 50.0 to 60.0 %"
    assert who(record(measure="count", value=3)) == "all"
