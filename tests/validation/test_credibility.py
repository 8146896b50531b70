"""Assures the credibility pages: every mark has a table, every test that is named exists, numbers come from one command."""

import functools
import json
import math
import re
from pathlib import Path

import pytest

import paget.validation.credibility as module
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.validation.flips import Change, changes, conclusion, flips
from paget.validation.pages import MARK, MISSING, TABLES, fill

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "credibility").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_what_exists(page):
    """Marks have tables, tests that are named are in the repository; without numbers a page says so."""
    text = page.read_text(encoding="utf-8")
    assert {found[1] for found in MARK.finditer(text)} <= set(TABLES)
    assert text.count("{{") == len(MARK.findall(text))
    for path in re.findall(r"`((?:tests|benchmarks)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path
    assert (MISSING in fill(text, None)) == bool(MARK.search(text))


def test_every_table_is_shown_somewhere():
    """No table is made for nobody, and every page is in the navigation."""
    shown = {found[1] for page in PAGES for found in MARK.finditer(page.read_text(encoding="utf-8"))}
    assert shown == set(TABLES)
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert all(f"credibility/{page.name}" in navigation for page in PAGES)


def test_a_change_changes_what_it_names_and_nothing_else():
    """Values, scales of one label, switches; names that do not exist are told."""
    point = ParameterSet.point()
    for change in changes():
        moved = {name for name in point if change.apply(point)[name] != point[name]}
        named = {*change.values, *(name.partition("[")[0] for name in change.scale), *(f"switch_{name}" for name in change.switches)}
        assert moved == named, change.id
    more = Change(id="x", what="breast only", scale={"lethal_burden_cm3[breast]": 3.0}).apply(point)["lethal_burden_cm3"]
    ratios = [a / b for a, b in zip(more, point["lethal_burden_cm3"], strict=True)]
    assert sorted(ratios) == pytest.approx([1.0] * (len(ratios) - 1) + [3.0])
    for wrong in ({"values": {"wound_dayz": 1.0}}, {"scale": {"lethal_burden_cm3[brest]": 2.0}}, {"switches": {"wnd": 0.0}}):
        with pytest.raises(PagetError, match="did you mean"):
            Change(id="x", what="a mistake", **wrong).apply(point)


def test_conclusions_need_more_than_chance():
    """Ten per cent either way is none; an interval across the edge is open."""
    assert conclusion(math.log(0.85), 0.01) == "helps" and conclusion(math.log(1.2), 0.01) == "harms"
    assert conclusion(math.log(1.05), 0.01) == "no effect" and conclusion(math.log(1.05), 0.1) == "open"


def test_checks_of_the_method_are_told_in_words_and_numbers(tmp_path):
    """Coverage by truth and level, ranks on the emulator; a folder of something else is refused."""
    synthetic = {
        "request": {"size": "tiny"}, "coverage": [{"level": 0.5, "covered": 0.4, "of": 10}, {"level": 0.95, "covered": 0.9, "of": 10}],
        "by_truth": [{"truth": 1, "0.5": 0.41, "0.95": 0.91}], "root_mean_square_error": 0.7, "root_mean_square_of_the_prior": 1.0,
        "mean_spread": 0.6,
    }  # fmt: skip
    emulator = {
        "request": {"size": "tiny"}, "beyond": 2, "numbers": 9, "expected": 0.09, "mean_rank": 0.49, "sd_rank": 0.3, "sd_of_uniform": 0.289,
        "r2_median": 0.4, "r2_low": 0.1,
    }  # fmt: skip
    told = TABLES["checks"]({"checks": [synthetic, emulator]})
    assert "| 1 | 0.41 | 0.91 |" in told and "**0.90**" in told and "2 of 9 free numbers" in told
    (tmp_path / "summary.json").write_text(json.dumps({"misfit": {}}), encoding="utf-8")
    with pytest.raises(PagetError, match="not a finished folder"):
        module.credibility(["point"], docs=tmp_path / "docs", work=tmp_path / "work", checks=[tmp_path])


@pytest.mark.slow
def test_a_cost_so_high_flips_the_conclusion():
    """An operation that kills half of those operated harms; the rows say that this turns the conclusion."""
    point = [ParameterSet.point().with_values({"operative_mortality": 0.0, "switch_local_progression": 0.0})] * 3
    deadly = Change(id="deadly", what="an operation kills half", values={"operative_mortality": 0.5})
    before, after = flips(point, ["mf07-01"], lives=4000, only=[Change(id="none", what="nothing"), deadly])
    assert not before["flips"] and before["conclusion"] in ("no effect", "open")
    assert before["factor"] == 1.0 and after["factor"] == pytest.approx(after["hazard_ratio"] / before["hazard_ratio"])
    assert after["hazard_ratio"] > 1.3 and after["conclusion"] == "harms"
    assert after["flips"] == (before["conclusion"] != "open")
    with pytest.raises(PagetError, match="no trial"):
        flips(point, [])
    with pytest.raises(PagetError, match="one draw gives no error"):
        flips(point[:1], ["mf07-01"])


@pytest.mark.slow
def test_one_command_writes_what_the_pages_show(tmp_path, monkeypatch):
    """Numbers and figures; every page fills; a folder that is no fit is refused."""
    monkeypatch.setattr(module, "TRIALS", ("mf07-01",))
    monkeypatch.setattr(module, "flips", functools.partial(flips, only=changes()[:2]))
    monkeypatch.setattr(module, "DRAWS", 2)
    options = {"only": ["mf0701-10y", "ctc-os"], "replicates": 3, "patients": 40, "histories": 2000, "lives": 4000, "seed": 5, "threads": 1}
    path = module.credibility(["point"], docs=tmp_path / "docs", work=tmp_path / "work", **options)
    numbers = json.loads(path.read_text(encoding="utf-8"))
    assert [one["trial"] for one in numbers["headlines"]] == ["mf07-01"] and len(numbers["flips"]["rows"]) == 2
    assert (tmp_path / "docs" / "figures" / "predicted-observed-point.png").exists()
    for page in PAGES:
        text = fill(page.read_text(encoding="utf-8"), numbers)
        assert "{{" not in text and MISSING not in text and "None" not in re.sub(r"\*None\.\*", "", text).replace("None of", "")
    assert "No check was shown" in TABLES["checks"](numbers)
    before = path.read_bytes()
    assert module.credibility(["point"], docs=tmp_path / "docs", work=tmp_path / "work", **options).read_bytes() == before
    with pytest.raises(PagetError, match="not a finished folder"):
        module.credibility(["point"], docs=tmp_path / "docs", work=tmp_path / "w2", calibration=tmp_path, **options)
