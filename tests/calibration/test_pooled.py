"""A pooled target is the random-effects mean of its trials, as wide as their heterogeneity asks."""

import json
import math
from importlib.resources import files

import pytest
import yaml

from paget.calibration.pooled import pooled, stated
from paget.calibration.rows import Anchor, cells, published, rows
from paget.calibration.targets import declared_targets, targets_from
from paget.errors import PagetError
from paget.evidence import using
from paget.evidence.meta import Pooled, pool

POOLED = [row for row in rows() if row.pool]


def test_the_shipped_pooled_target_is_what_its_trials_say():
    """Three trials of one table; the target lies between them and is narrower than each."""
    (row,) = POOLED
    ratios = [result.value for _, result, _ in cells(row)]
    assert len(ratios) == 3 and {study.id for study, _, _ in cells(row)} == {row.evidence}
    figure = published(row)
    assert min(ratios) < figure.value < max(ratios)
    (target,) = [t for t in declared_targets().targets if t.id == row.id]
    assert target.observed.value == pytest.approx(math.log(figure.value))
    assert target.observed.sd == pytest.approx(math.log(figure.high / figure.low) / (2 * 1.959964), rel=1e-6)
    assert target.observed.sd < min(pooled(row).ses)


def test_trials_that_agree_by_chance_do_not_narrow_the_mean_below_a_common_effect():
    """The standard error is the larger of Hartung and Knapp's and the plain one."""
    one = pooled(POOLED[0])
    common = 1.0 / math.sqrt(sum(1.0 / se**2 for se in one.ses))
    assert one.se >= common * (1 - 1e-12)
    assert one.se == pytest.approx(max(pool(one.effects, one.ses, hartung_knapp=hk).se for hk in (True, False)))


@pytest.mark.parametrize("apart", [0.0, 0.3, 0.8])
def test_the_further_trials_lie_apart_the_wider_the_target(apart):
    """Spread on the log scale is that of the mean and of heterogeneity together."""
    one = pool([-apart, 0.0, apart], [0.1, 0.1, 0.1])
    figure = stated(one)
    width = math.log(figure.high / figure.low) / (2 * 1.959964)
    assert width == pytest.approx(math.hypot(one.se, math.sqrt(one.tau2)), rel=1e-6)
    assert (one.tau2 > 0) == (apart > 0.1)
    assert isinstance(one, Pooled) and figure.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    "change", [{"pool": [{"of": "PALOMA-2"}]}, {"find": {"measure": "hazard_ratio"}}, {"derive": {"complement": True}}]
)
def test_a_row_that_pools_one_result_or_mixes_ways_is_refused(change):
    """Two results or more, and nothing beside them."""
    given = POOLED[0].model_dump() | change
    with pytest.raises(ValueError, match="pool"):
        Anchor.model_validate(given)


FACTS = """
- {id: one2026, kind: registry, topic: systemic, citation: One, level: table, registers: [seer],
   population: {setting: s, enrolled: 2004-06},
   results: [{measure: hazard_ratio, endpoint: progression-free-survival, value: 0.6, ci: [0.5, 0.72], ci_level: 0.95},
             {measure: hazard_ratio, endpoint: overall-survival, value: 0.9, ci: [0.7, 1.16], ci_level: 0.95}]}
- {id: two2026, kind: registry, topic: systemic, citation: Two, level: table, registers: [seer],
   population: {setting: s, enrolled: 2006-2008},
   results: [{measure: hazard_ratio, endpoint: progression-free-survival, value: 0.5, ci: [0.4, 0.62], ci_level: 0.95}]}
- {id: told2026, kind: rct, topic: systemic, citation: Told, level: secondary, population: {setting: s},
   results: [{measure: hazard_ratio, endpoint: progression-free-survival, value: 0.5, ci: [0.4, 0.62], ci_level: 0.95}]}
- {id: odds2026, kind: rct, topic: systemic, citation: Odds, level: table, population: {setting: s},
   results: [{measure: odds_ratio, endpoint: progression-free-survival, value: 0.5, ci: [0.4, 0.62], ci_level: 0.95}]}
- {id: bare2026, kind: rct, topic: systemic, citation: Bare, level: table, population: {setting: s},
   results: [{measure: hazard_ratio, endpoint: progression-free-survival, value: 0.5}]}
"""
PFS = {"measure": "hazard_ratio", "endpoint": "progression-free-survival"}
ONE = {"evidence": "one2026", **PFS}


@pytest.fixture
def declared(tmp_path):
    """Read a list of targets that holds one pooled row, with facts of one's own beside the shipped ones."""

    def read(pool, evidence="cdk46_table", **likelihood):
        data = yaml.load(files("paget.calibration").joinpath("targets.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        data["targets"] = [
            {"id": "mine", "evidence": evidence, "simulation": "aromatase-inhibitor+cdk46", "class": "ratio",
             "likelihood": {"kind": "log-normal"} | likelihood,
             "row": {"what": "x", "role": "anchor", "pool": pool, "readout": "hazard_ratio",
                     "options": {"control": "aromatase-inhibitor", "to": "progression"}}}
        ]  # fmt: skip
        (tmp_path / "mine.yaml").write_text(json.dumps(data), encoding="utf-8")
        (tmp_path / "facts.yaml").write_text(FACTS, encoding="utf-8")
        with using([tmp_path / "facts.yaml"]):
            return targets_from(tmp_path / "mine.yaml").targets[0]

    return read


def test_a_ratio_of_another_study_may_stand_in_a_pool(declared):
    """The target is the pool of both; the reverse index names both."""
    target = declared([{**PFS, "of": "PALOMA-2"}, ONE])
    assert 0.58 < math.exp(target.observed.value) < 0.60
    assert target.row.sources == ("cdk46_table", "one2026")


def test_facts_of_ones_own_count_in_the_hash_of_targets(declared, tmp_path):
    """Another number under the same id is another fit."""
    declared([{**PFS, "of": "PALOMA-2"}, ONE])
    hashes = set()
    for value in ("0.6", "0.61"):
        (tmp_path / "facts.yaml").write_text(FACTS.replace("value: 0.6,", f"value: {value},"), encoding="utf-8")
        with using([tmp_path / "facts.yaml"]):
            hashes.add(targets_from(tmp_path / "mine.yaml").hash)
    assert len(hashes) == 2
    with pytest.raises(PagetError, match="there is no study 'one2026'"):
        targets_from(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("further", "likelihood", "said"),
    [
        ({**PFS, "of": "PALOMA-2"}, {}, "a result stands twice in the pool"),
        ({**PFS, "of": "paloma 2"}, {}, "a result stands twice in the pool"),
        ({"measure": "hazard_ratio", "endpoint": "OS", "evidence": "one2026"}, {}, "one2026: no results match"),
        ({"evidence": "xiao2018-retracted"}, {}, "retracted"),
        (
            {"evidence": "abcsg28", "measure": "hazard_ratio", "endpoint": "overall-survival", "subgroup": None},
            {},
            "surgery of the primary",
        ),
        ({"evidence": "told2026"}, {}, "of where its figure was read"),
        ({"evidence": "odds2026"}, {}, "ratios of several kinds"),
        ({"evidence": "bare2026"}, {}, "without an interval"),
        ({"evidence": "pertuzumab"}, {}, "there is no study 'pertuzumab'"),
        (
            {"evidence": "cleopatra", "measure": "hazard_ratio", "endpoint": "overall-survival"},
            {},
            "its figure is a prediction or held out",
        ),
        ({"evidence": ["one2026"]}, {}, "a study is named by its id"),
        ({**ONE, "row": "PALOMA-2"}, {}, "no filter of results named 'row'"),
        (ONE, {"kind": "normal", "sd": 0.1, "arithmetic": "x"}, "brings its own spread"),
        (ONE, {"sd": 0.001, "arithmetic": "x"}, "brings its own spread"),
    ],
)
def test_what_is_no_sample_of_one_effect_is_not_pooled(declared, further, likelihood, said):
    """Once each, usable, read at the source, one kind of ratio; the file and the target are named."""
    with pytest.raises(PagetError, match=said) as told:
        declared([{**PFS, "of": "PALOMA-2"}, further], **likelihood)
    assert "mine.yaml: targets[0] (mine)" in str(told.value)


def test_a_pool_counts_no_patients_twice_and_holds_its_own_study(declared):
    """One register in common years, two endpoints of one trial, a source that is not in the pool."""
    for several, evidence, said in (
        ([ONE, {"evidence": "two2026"}], "one2026", "shares patients"),
        ([ONE, {"evidence": "one2026", "endpoint": "overall-survival"}], "one2026", "several endpoints of one study"),
        ([ONE, {**PFS, "of": "PALOMA-2", "evidence": "cdk46_table"}], "pan2017", "contradiction"),
    ):
        with pytest.raises(PagetError, match=said):
            declared(several, evidence)
