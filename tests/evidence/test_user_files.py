"""A user's facts file is taken in, or refused with one message that names file, study, key and remedy."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paget.errors import PagetError
from paget.evidence import Study, load, studies_from, study_from

GOOD = """
- id: my2026
  kind: cohort
  topic: liver
  citation: "Me A, My J 2026;1:1-2"
  doi: 10.1234/abc
  pmid: 12345678
  read_at: the paper
  level: table
  sites: [liver]
  therapies: [rfa]
  overlaps: [srfa-bclm]
  population: {n: 40, setting: breast liver metastases}
  baseline: {solitary: 0.4, median_age: 56}
  arms:
    - {name: rfa, n: 40}
  results:
    - {measure: rate, endpoint: local-recurrence, of: lesions, value: 0.1, events: 4, n: 40}
    - {measure: hazard_ratio, of: death, comparison: a vs b, value: 0.8, ci: [0.6, 1.1], ci_level: 0.95}
    - {measure: relation, endpoint: recurrence, by: size (cm), pairs: [[1, 0.05], [3, 0.2]], unit: fraction}
    - {measure: mean, endpoint: size, list: [1, 4], columns: [lowest, highest], unit: cm}
"""


def entry() -> dict:
    import yaml

    return yaml.safe_load(GOOD)[0]


def write(tmp_path, text):
    path = tmp_path / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_file_is_added(tmp_path):
    """Assures that own facts stand beside the shipped ones and leave those alone."""
    base = load([write(tmp_path, GOOD)])
    assert base["my2026"].results[0].value == 0.1
    assert len(base) == len(load()) + 1 and "my2026" not in load()
    assert base["e2108"] == load()["e2108"]
    assert "my2026" in {s.id for s in base.select(therapy="rfa")}


def test_same_as_points_to_a_study_and_counts_once(tmp_path):
    """Assures that a second report of a known study resolves to it."""
    text = (
        "- {id: my_e2108, kind: rct, topic: primary-lrt, citation: c, same_as: e2108,"
        " population: {setting: s}, results: []}"
    )
    base = load([write(tmp_path, text)])
    assert base["my_e2108"].id == "e2108" and len(base) == len(load())
    with pytest.raises(PagetError) as error:
        load([write(tmp_path, text.replace("same_as: e2108", "same_as: e2018"))])
    assert "same_as" in str(error.value) and "e2108" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("measure: rate", "mesure: rate", ["my2026.results[0].mesure", "unknown key", "'measure'"]),
        ("value: 0.1", "valeu: 0.1", ["results[0].valeu", "'value'"]),
        ("  kind: cohort", "  knd: cohort", ["my2026.knd", "'kind'"]),
        ("kind: cohort", "kind: cohrt", ["my2026.kind", "'cohrt'", "'cohort'"]),
        ("setting: breast", "seting: breast", ["population.seting", "'setting'"]),
        ("name: rfa, n", "nam: rfa, n", ["arms[0].nam", "'name'"]),
        ("value: 0.1,", "value: 10,", ["results[0]", "0..1", "0.42"]),
        ("value: 0.1,", "value: ten,", ["results[0].value", "'ten'", "number"]),
        ("value: 0.1,", "value: 1e-1,", ["results[0].value", "1.0e+12"]),
        ("value: 0.1,", "value: .nan,", ["results[0].value", "finite"]),
        ("value: 0.1,", "value: 0.1, list: [1],", ["exactly one of value, pairs, list"]),
        ("value: 0.8,", "value: 1.8,", ["results[1]", "`ci` does not contain the value 1.8"]),
        ("value: 0.8,", "value: -0.8,", ["results[1]", "above 0"]),
        ("ci: [0.6, 1.1]", "ci: [1.1, 0.6]", ["results[1]", "runs from 1.1 down to 0.6"]),
        (", ci_level: 0.95", "", ["results[1]", "`ci_level`"]),
        ("events: 4, n: 40", "events: 44, n: 40", ["more events than patients"]),
        ("by: size (cm), ", "", ["results[2]", "`by`"]),
        ("[3, 0.2]", "[3, 0.2, 0.3]", ["results[2]", "equal length"]),
        (", unit: cm", "", ["results[3]", "`unit`"]),
        ("columns: [lowest, highest]", "columns: [lowest]", ["results[3]", "one name per item"]),
        ("solitary: 0.4", "solitary: 40", ["my2026", "'solitary'", "fraction"]),
        ("sites: [liver]", "sites: [lever]", ["sites[0]", "'liver'"]),
        ("doi: 10.1234/abc", "doi: https://doi.org/10.1234/abc", ["my2026.doi", "without https"]),
        ("id: my2026", "id: My 2026", ["id", "lower-case"]),
        ("id: my2026", "id: e2108", ["'e2108' is taken"]),
        ("overlaps: [srfa-bclm]", "overlaps: [srfa-bcml]", ["overlaps[0]", "srfa-bclm"]),
        ("citation:", "kind: rct\n  citation:", ["'kind' stands twice", "line"]),
        ("results:", "results: *x\n  more:", ["my.yaml"]),
        ("population: {", "population: &p {", ["references", "line"]),
        ("- id: my2026", "- id: my2026\n  : [", ["YAML"]),
        ("  kind: cohort\n", "", ["'kind' is missing"]),
    ],
)  # fmt: skip
def test_each_mistake_names_file_key_and_remedy(tmp_path, old, new, told):
    """Assures that a mistake in a file is told so that it can be mended."""
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(PagetError) as error:
        load([path])
    message = str(error.value)
    assert "my.yaml" in message
    for words in told:
        assert words in message, message


def test_files_that_are_no_facts_files_are_refused(tmp_path):
    """Assures one clear message for a missing file, a folder, bytes, a mapping, and deep nesting."""
    with pytest.raises(PagetError, match="no such file"):
        load([tmp_path / "none.yaml"])
    with pytest.raises(PagetError, match=r"the file cannot be read: Is a directory$"):
        load([tmp_path])
    for text in ("", "# nothing yet\n", "[]"):
        with pytest.raises(PagetError, match="no studies in this file"):
            load([write(tmp_path, text)])
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PagetError, match="UTF-8"):
        load([tmp_path / "b.yaml"])
    for text, words in (
        ("a: 1", "list of studies"),
        ("- 3", "starts with"),
        ("- " + "[" * 500, "deep|YAML"),
        ("- {a: " * 40 + "1" + "}" * 40, "deep|YAML"),
        ("- 2011-13-45", "YAML|starts with"),
        (GOOD + GOOD, "stands twice"),
        ("- &a [*a]", "references"),
    ):
        with pytest.raises(PagetError, match=words):
            studies_from(text, where="x.yaml")
    assert studies_from("", where="x.yaml") == []


def test_a_caveat_keeps_what_a_source_printed_wrongly():
    """Assures that a contradictory fact can be kept when it says so."""
    data = entry()
    data["results"][1] |= {"value": 1.8, "caveat": "printed so; the interval is probably that of another row"}
    assert study_from(data).caveats == ("printed so; the interval is probably that of another row",)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"measure": "median_months", "value": 30.0}, {"measure": "median_months", "value": 50.0}, "two values of one number"),
        ({"measure": "survival", "at_months": 12.0, "value": 0.3}, {"measure": "survival", "at_months": 60.0, "value": 0.6}, "contradict"),
        (
            {"measure": "cumulative_incidence", "at_months": 60.0, "value": 0.2},
            {"measure": "cumulative_incidence", "at_months": 12.0, "value": 0.4},
            "contradict",
        ),
    ],
)
def test_facts_that_contradict_each_other_are_told(tmp_path, one, other, told):
    """One number with two values, survival that rises, incidence that falls; what tells them apart, or a caveat, mends it."""
    data = entry()
    data["results"] = [{"endpoint": "overall-survival", "arm": "rfa"} | result for result in (one, other)]
    with pytest.raises(PagetError, match=told) as error:
        study_from(data, where="my.yaml")
    assert "my.yaml" in str(error.value) and "results[0]" in str(error.value) and "results[1]" in str(error.value)
    for mended in ({"subgroup": "women over 70"}, {"caveat": "printed so"}):
        data["results"][1] = {"endpoint": "overall-survival", "arm": "rfa"} | other | mended
        assert len(study_from(data).results) == 2


SCRAP = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=3),
    st.dates(),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3), st.floats()), max_size=3),
    st.dictionaries(st.one_of(st.text(max_size=4), st.integers()), st.integers(), max_size=2),
    st.just(10**5000), st.just(-0.0), st.just("retracted"),
)  # fmt: skip


def paths(node, here=()):
    yield here
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in items:
        yield from paths(child, (*here, key))


HOW = ["set", "drop", "rename", "add"]
PATHS = [p for p in paths(entry()) if p]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(HOW), SCRAP), min_size=1, max_size=3))
def test_a_mutated_study_validates_or_is_told(changes):
    """Assures that no study, however wrong, ends in anything but a Study or a PagetError."""
    data = copy.deepcopy(entry())
    for path, how, scrap in changes:
        node = data
        try:
            for key in path[:-1]:
                node = node[key]
            if how == "set":
                node[path[-1]] = scrap
            elif how == "drop":
                del node[path[-1]]
            elif how == "rename":
                node[f"{path[-1]}x"] = node.pop(path[-1])
            else:
                node[scrap if isinstance(scrap, str | int) else str(scrap)[:5]] = scrap
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            continue  # an earlier change took this place away
    try:
        study = study_from(data, where="m.yaml", index=0)
    except PagetError as error:
        assert str(error).startswith("m.yaml")
    else:
        assert isinstance(study, Study)
        assert study_from(study.model_dump(by_alias=True)) == study


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="-: []{}&*#!|>\n\"'aid0.1%@", max_size=60))
def test_any_text_is_read_or_told(text):
    """Assures that no text, however broken, ends in a traceback."""
    try:
        studies_from(text, where="t.yaml")
    except PagetError as error:
        assert "t.yaml" in str(error)
