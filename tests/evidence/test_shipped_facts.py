"""The shipped facts are whole, in range, resolvable, and say what their sources say."""

from __future__ import annotations

import copy
import math
import re
from importlib import resources

import pytest
import yaml

from paget.evidence import describe, load
from paget.evidence.models import FRACTIONS, RATIOS
from paget.evidence.reading import studies_from

BASE = load()
FILES = sorted(
    (f for f in (resources.files("paget.evidence") / "data").iterdir() if f.name.endswith(".yaml")),
    key=lambda f: f.name,
)

MERGED = {
    "nat-taskindoust2021": "taskindoust2021",
    "nat-seer-bone2012-2016": "seer_bone_2012_2016",
    "nat-gong2018": "seer_bone_gong2018",
    "nat-wang2019-sites": "wang2019_seer_stageiv",
    "wang2019_seer_stageIV": "wang2019_seer_stageiv",
    "nat-esme2020": "esme2020",
    "nat-esme2018": "esme2018",
    "nat-sundquist2017": "kalmar2017",
    "kennecke2010-liver": "kennecke2010",
    "subtype-sites-turkey": "turkey_sites",
    "pmbc_seer_2010_2015": "nat-seer2010-2015",
    "recist11-skin": "recist11",
    "denovo_vs_recurrent_us": "nat-malmgren2018",
}


def test_every_shipped_file_passes_the_strict_reader_of_user_files():
    """Assures that shipped facts obey the rules asked of users and the lazy reader misses no entry."""
    strict = [s for f in FILES for s in studies_from(f.read_text(encoding="utf-8"), where=f.name)]
    assert [s.id for s in strict] == list(BASE.ids)
    assert strict == list(BASE)


def test_the_number_of_facts_is_the_number_that_was_collected():
    """Assures that no study or number vanished: the counts are those of the collection after merging."""
    assert len(BASE) == 393
    assert sum(len(s.results) for s in BASE) == 1821
    assert BASE.frame().height == 2361


def test_ids_and_aliases_are_unique_over_all_files():
    """Assures that an id names one study."""
    names = [*BASE.ids, *BASE.aliases]
    assert len(names) == len(set(names))


def test_merged_ids_resolve_and_nothing_else_is_an_alias():
    """Assures that a study known under two ids counts once and that its old id still works."""
    assert BASE.aliases == MERGED
    for old, new in MERGED.items():
        assert BASE[old] is BASE[new]


def test_no_doi_or_pmid_stands_twice():
    """Assures that no publication is counted under two ids."""
    for key in ("doi", "pmid"):
        seen = [str(getattr(s, key)).lower() for s in BASE if getattr(s, key)]
        assert len(seen) == len(set(seen))


def test_overlaps_resolve_and_are_mutual():
    """Assures that studies sharing patients know of each other."""
    for study in BASE:
        for other in study.overlaps:
            assert other in BASE.ids
            assert study.id in BASE[other].overlaps


def test_ids_named_in_notes_exist():
    """Assures that a note that points to another study points somewhere."""
    pattern = re.compile(r"\b[a-z]+[a-z0-9]*_[a-z0-9_]+\b|(?<![\w-])[a-z]+(?:20|19)\d\d(?![\w-])")
    for study in BASE:
        for word in pattern.findall(study.notes or ""):
            if word not in {"from_months", "at_months", "rho_b", "c_b"}:
                assert word in BASE, f"{study.id} points to {word}"


def test_fractions_ratios_and_times_are_in_range():
    """Assures units: fractions 0..1, ratios above 0, months plausible, levels of confidence usual."""
    for study in BASE:
        for r in study.results:
            numbers = r.numbers()
            if r.measure in FRACTIONS and r.units == "fraction":
                assert all(0 <= x <= 1 for x in numbers), describe(r)
                assert all(x is None or 0 <= x <= 1 for x in r.ci or ())
            if r.measure in RATIOS:
                assert all(0.01 < x < 100 for x in numbers) or study.kind == "lab", describe(r)
            if r.units == "months":
                assert all(0 <= x <= 400 for x in numbers), describe(r)
            assert r.ci_level in (None, 0.9, 0.95, 0.99)
            assert all(math.isfinite(x) for x in numbers)


def test_intervals_hold_their_value_unless_a_caveat_says_otherwise():
    """Assures that no interval contradicts its value in silence."""
    for study in BASE:
        for r in study.results:
            for pair in (r.ci, r.range):
                if pair is not None and r.value is not None and r.caveat is None:
                    low, high = pair
                    assert (low is None or low <= r.value) and (high is None or r.value <= high)


def test_every_study_says_where_it_was_read():
    """Assures provenance: a page for each, and a level for nearly all."""
    assert all(s.read_at for s in BASE)
    assert {s.id for s in BASE if s.level is None} == {
        "xiao2018-retracted", "ihnen2011", "singapore_double_peak",
    }  # fmt: skip


def test_the_retracted_study_is_marked():
    """Assures that the one retracted study is known as such."""
    assert [s.id for s in BASE.select(retracted=True)] == ["xiao2018-retracted"]
    assert BASE["xiao2018-retracted"].caveats


@pytest.mark.parametrize(
    ("study", "filters", "value", "ci", "level"),
    [
        ("e2108", {"measure": "hazard_ratio", "subgroup": None}, 1.11, (0.82, 1.52), 0.90),
        ("e2108", {"measure": "survival", "arm": "systemic", "at_months": 36}, 0.679, None, None),
        ("e2108", {"measure": "median_months", "arm": "systemic+lrt"}, 54.9, (46.7, None), 0.95),
        ("e2108", {"endpoint": "locoregional-progression", "arm": "systemic+lrt"}, 0.163, None, None),
        ("tata2015", {"measure": "hazard_ratio"}, 1.04, (0.81, 1.34), 0.95),
        ("tata2015", {"measure": "median_months", "arm": "no-lrt"}, 20.5, (16.96, 23.98), 0.95),
        ("mf0701-5y", {"measure": "hazard_ratio", "subgroup": None}, 0.66, (0.49, 0.88), 0.95),
        ("mf0701-10y", {"measure": "survival", "arm": "systemic"}, 0.05, (0.02, 0.12), 0.95),
        ("abcsg28", {"measure": "hazard_ratio", "endpoint": "overall survival"}, 0.691, (0.358, 1.333), 0.95),
        ("esme2020", {"measure": "median_months", "subgroup": "triple negative"}, 14.8, (14.1, 15.5), 0.95),
        ("taskindoust2021", {"comparison": ">3 sites vs 1 site"}, 3.24, (2.68, 3.91), 0.95),
        ("kobets2020_brain_growth", {"measure": "mean", "endpoint": "relative-growth",
                                     "of": "breast brain metastases"}, 0.0239, None, None),
        ("coumans2013", {"endpoint": "metastatic-efficiency"}, 1.67e-8, None, None),
        ("butler1975", {"of": "growing tumour"}, 3.2e6, None, None),
    ],
)  # fmt: skip
def test_known_facts_stand_as_published(study, filters, value, ci, level):
    """Assures that look-up gives the printed number, interval and level."""
    result = BASE.one(study, **filters)
    assert (result.value, result.ci, result.ci_level) == (value, ci, level)


def test_known_tables_stand_as_published():
    """Assures that tables keep rows, columns and units."""
    os = BASE.one("cdk46_table", endpoint="median-OS-months")
    assert os.columns == ("CDK4/6", "control") and os.units == "months"
    assert os.pairs[0] == ("PALOMA-2", 53.9, 51.2)
    bone = BASE.one("turkey_sites", endpoint="cumulative-site-bone")
    assert dict(bone.pairs) == {"luminal-A": 0.662, "luminal-B": 0.539, "HER2": 0.389, "TN": 0.451}
    half_life = BASE.one("meng2004", endpoint="CTC-half-life")
    assert (half_life.items, half_life.units) == ((1.0, 2.4), "hours")
    assert half_life.columns == ("lowest", "highest")
    table = {row[0]: row[1] for row in BASE.find("us_life_table_females")[0].pairs}
    assert table[50] == 0.003118


def test_facts_cannot_be_changed_by_accident():
    """Assures that a shared study is frozen."""
    with pytest.raises(Exception, match="frozen"):
        BASE["e2108"].results[0].value = 2.0
    assert copy.deepcopy(BASE["e2108"]) == BASE["e2108"]


def test_no_entry_uses_yaml_references():
    """Assures that each shipped entry can be parsed alone, as the lazy reader does."""
    for file in FILES:
        tokens = yaml.scan(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        assert not [t for t in tokens if isinstance(t, yaml.AliasToken | yaml.AnchorToken)]
