"""Look-up finds what is asked, by id, filter and words, and tells what was meant where it cannot."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest

from paget.errors import PagetError
from paget.evidence import Usage, load
from paget.evidence.show import render_list, render_meta, render_study

BASE = load()


def test_an_unknown_id_names_its_nearest():
    """Assures that a misspelt id is answered with the right one."""
    for call in (lambda: BASE["e2018"], lambda: BASE.find("E2018"), lambda: BASE.usable("e2018")):
        with pytest.raises(PagetError, match=r"(?i)no study 'e2018'") as error:
            call()
        assert "e2108" in str(error.value)
    assert "e2108" in BASE and "e2018" not in BASE and 7 not in BASE


def test_filters_match_whatever_the_spelling_of_spaces():
    """Assures that case, spaces, hyphens and underscores do not matter in a filter."""
    assert BASE.find("e2108", endpoint="Overall Survival", arm="SYSTEMIC") == BASE.find(
        "e2108", endpoint="overall-survival", arm="systemic"
    )


def test_none_asks_for_results_without_that_key():
    """Assures that subgroups can be left out."""
    assert len(BASE.find("mf0701-5y", measure="hazard_ratio")) == 5
    assert len(BASE.find("mf0701-5y", measure="hazard_ratio", subgroup=None)) == 1


def test_one_tells_the_candidates():
    """Assures that an ambiguous or empty look-up lists what there is."""
    with pytest.raises(PagetError) as several:
        BASE.one("e2108", measure="hazard_ratio")
    assert "1.11 (0.82 to 1.52)" in str(several.value) and "subgroup=None" in str(several.value)
    with pytest.raises(PagetError) as none:
        BASE.one("e2108", measure="survival", at_months=60)
    assert "at 36 months = 0.679" in str(none.value)
    with pytest.raises(PagetError, match="hazard_ratio"):
        BASE.one("e2108", measure="hazard_ration")
    with pytest.raises(PagetError, match="no results"):
        BASE.one("submit")


def test_a_retracted_study_is_shown_but_not_used():
    """Assures that retraction stops use, not display."""
    assert BASE["xiao2018-retracted"].retracted
    with pytest.raises(PagetError, match="retracted"):
        BASE.usable("xiao2018-retracted")


def test_select_filters_by_topic_kind_site_and_therapy():
    """Assures that each filter bites and that they combine."""
    trials = {s.id for s in BASE.select(topic="primary-lrt", kind="rct")}
    assert {"tata2015", "mf0701-5y", "mf0701-10y", "e2108", "abcsg28"} <= trials
    ect = {s.id for s in BASE.select(therapy="electrochemotherapy", site="skin")}
    assert {"mali2013-size", "cabula2015"} <= ect
    assert {"srfa-bclm"} <= {s.id for s in BASE.select(therapy="srfa", site="liver")}
    assert not BASE.select(topic="skin", therapy="tace")
    wrong = {"topic": "livr", "kind": "rtc", "site": "livers", "therapy": "rfaa", "level": "tabel"}
    for key, word in wrong.items():
        with pytest.raises(PagetError, match="did you mean"):
            BASE.select(**{key: word})


def test_search_ranks_ids_before_notes_and_needs_all_words():
    """Assures that words find a study and that more words narrow the search."""
    assert BASE.search("koscielny")[0].id.startswith("koscielny")
    assert BASE.search("imiquimod")[0].id in {"adams2012", "salazar2017"}
    both = {s.id for s in BASE.search("bevacizumab paclitaxel")}
    assert "e2100" in both and "e1193" not in both
    assert BASE.search("") == [] and BASE.search("zzzz") == []


def test_frame_has_one_row_per_number():
    """Assures that the table holds values, cells of tables and words, with their units."""
    frame = BASE.frame()
    e2108 = frame.filter((pl.col("id") == "e2108") & (pl.col("measure") == "hazard_ratio"))
    assert e2108["value"].to_list() == [1.11, 3.33] and e2108["ci_level"].to_list() == [0.90, None]
    cells = frame.filter((pl.col("id") == "cdk46_table") & (pl.col("endpoint") == "median-PFS-months"))
    assert cells.height == 14 and set(cells["column"]) == {"CDK4/6", "control"}
    words = frame.filter(pl.col("value").is_null())
    assert words.height == 47  # classes, rules, and four cells that the source left empty
    assert frame["unit"].null_count() == 0


def test_usage_is_the_reverse_of_what_is_cited():
    """Assures that a fact knows its users, old ids count for the new, and a wrong id names its citer."""
    cited = {"parameter": {"site.bone": ["turkey_sites"], "site.liver": ["subtype-sites-turkey"]},
             "protocol": {"e2108": "e2108"}}  # fmt: skip
    usage = Usage(BASE, cited)
    assert [str(use) for use in usage.of("turkey_sites")] == ["parameter site.bone", "parameter site.liver"]
    assert usage.of("tata2015") == [] and "tata2015" in usage.unused() and "e2108" not in usage.unused()
    assert dict(usage).keys() == {"e2108", "turkey_sites"} and len(usage) == 2
    assert usage.retracted() == []
    assert Usage(BASE, {"target": {"x": ["xiao2018-retracted"]}}).retracted()[0][0] == "xiao2018-retracted"
    with pytest.raises(PagetError) as error:
        Usage(BASE, {"parameter": {"growth.b": ["norton1998"]}})
    assert "growth.b" in str(error.value) and "norton1988" in str(error.value)


def test_every_study_can_be_shown():
    """Assures that no study breaks the terminal view (markup in brackets included)."""
    from rich.console import Console

    from paget.evidence import pool_studies

    console = Console(width=100, record=True, file=open("/dev/null", "w"))
    with console.file:
        for study in BASE:
            console.print(render_study(study))
        console.print(render_list(BASE))
        console.print(render_meta(pool_studies(BASE, ["tata2015", "e2108"])))
    text = console.export_text()
    assert "RETRACTED" in text and "90 % interval" in text and "PALOMA-2: 53.9 / 51.2" in text


def test_loading_is_light():
    """Assures that opening the base and reading its studies imports nothing heavy."""
    code = (
        "import sys; from paget import evidence; list(evidence.load());"
        "print([m for m in ('polars', 'matplotlib', 'scipy', 'rich', 'pandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_the_documentation_page_is_true():
    """Assures that the Python of docs/evidence.md runs, its YAML validates and its counts are right."""
    import re
    from pathlib import Path

    from paget.evidence import pool_studies, studies_from

    text = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
    space: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, space)
    assert space["pooled"] == pool_studies(
        BASE, space["trials"], invert=["abcsg28"], comparison={"mf0701-10y": "lrt+systemic vs systemic"}
    )
    assert [round(x, 2) for x in space["pooled"].ratio()] == [0.97, 0.62, 1.51]
    assert [round(x, 2) for x in space["pooled"].predicted_ratio()] == [0.41, 2.27]
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert studies_from(block, where="docs")[0].id == "e2108"
    counts = (len(BASE), sum(len(s.results) for s in BASE), BASE.frame().height)
    assert text.count("{} published studies with {} results ({} single numbers)".format(*counts)) == 1
    former = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", " ".join(former))) == set(BASE.aliases)
