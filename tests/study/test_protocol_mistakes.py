"""Assures that a mistake in a protocol gives one clear message: file, line, key, value, expected, fix."""

import copy

import pytest
import yaml

from helpers import put
from paget.errors import PagetError
from paget.study import check_names, load_protocol, plain, validate


@pytest.fixture(scope="module")
def good():
    return plain(load_protocol("e2108"))


def message(data):
    with pytest.raises(PagetError) as caught:
        validate(data, where="trial.yaml")
    assert "trial.yaml" in str(caught.value)
    return str(caught.value)


CASES = [
    # key, value, what the message must hold
    ("acrual", {"patients": 1, "months": 2}, ["acrual", "there is no such key", "did you mean 'accrual'"]),
    ("accrual/months", "12 weeks", ["accrual.months", "'12 weeks'", "a number, in months", "write 2.76"]),
    ("accrual/months", -3, ["accrual.months", "is negative", "-3"]),
    ("accrual/patients", 0, ["accrual.patients", "at least 1"]),
    ("accrual/patients", 12.5, ["accrual.patients", "is not a whole number"]),
    ("accrual/patients", True, ["accrual.patients", "is not a whole number"]),
    ("accrual/weeks", 9, ["accrual.weeks", "the key is 'months', in months"]),
    ("drop_out/fraction_per_year", float("nan"), ["drop_out.fraction_per_year", "is not a number"]),
    ("drop_out/fraction_per_year", 1.0, ["leaves nobody to follow"]),
    ("randomisation/ratio", [1, 1, 1], ["randomisation.ratio", "does not fit the arms", "2 numbers"]),
    ("randomisation/block_size", 3, ["randomisation.block_size", "a multiple of 2"]),
    ("randomisation/strata", ["age_years"], ["randomisation.strata[0]", "has no levels"]),
    ("randomisation/strata", ["hormone_receptors"], ["did you mean 'hormone_receptor'"]),
    ("arms/0/control", False, ["no control arm"]),
    ("arms/1/control", True, ["more than one control arm"]),
    ("arms/0/systemic", "none", ["receives no treatment at all", "systemic"]),
    ("arms/1/id", "systemic", ["arms[1].id", "stands here twice"]),
    ("arms/1/locoregional", {"procedure": "none"}, ["systemic+lrt"]),
    ("arms/1/locoregional/when", ..., ["arms[1].locoregional.when", "is missing"]),
    ("arms/1/locoregional/received_fraction", "85 %", ["is not a fraction", "write 0.85"]),
    ("arms/1/locoregional/received_fraction", "126/125", ["is not a fraction", "not larger than the whole"]),
    ("arms/1/locoregional/received_fraction", 1.2, ["received_fraction", "at most 1"]),
    ("arms/1/locoregional/procedure", "surgry", ["one of none, surgery", "did you mean 'surgery'"]),
    ("arms/1/locoregional/when/after", "diagnosis", ["before the patient is randomised"]),
    (
        "arms/1/locoregional/when/delay_weeks_median",
        5,
        ["delay_weeks_median", "the key is 'delay_days_median'"],
    ),
    ("population/eligibility/0/attribute", "age_months", ["age_months", "'age_years'", "years"]),
    ("population/eligibility/0/attribute", "subtyp", ["did you mean 'subtype'"]),
    ("population/eligibility/0/at_least", 780, ["is not possible for age_years", "In years it is 65"]),
    ("population/eligibility/0/at_most", 17, ["contradicts itself", "age_years"]),
    (
        "population/eligibility/1",
        {"attribute": "age_years", "below": 18},
        ["eligibility[1]", "age_years >= 18", "nobody can satisfy both"],
    ),
    ("population/eligibility/1", {"attribute": "subtype", "is": "luminal A"}, ["HR+/HER2-", "luminal A"]),
    ("population/eligibility/1", {"attribute": "subtype", "at_least": 2}, ["subtype has no order"]),
    ("population/eligibility/1", {"attribute": "bone", "is": "yes"}, ["write true or false"]),
    ("population/eligibility/1", {"attribute": "ecog"}, ["compares with nothing"]),
    (
        "population/eligibility/1",
        {"attribute": "presentation", "is": "relapse"},
        ["presentation", "nobody can"],
    ),
    ("population/standard_of_care", ["2012"], ["population.standard_of_care", "is not text"]),
    ("time_zero/induction", ..., ["time_zero.induction", "is missing"]),
    ("time_zero/induction/max_months", 2, ["is shorter than min_months"]),
    ("time_zero/event", "diagnosis", ["but the event is diagnosis"]),
    ("estimand/intercurrent_events", [], ["no strategy for it", "crossover-to-surgery"]),
    ("estimand/endpoint", "os", ["estimand.endpoint", "OS"]),
    ("endpoints", ["PFS"], ["estimand.endpoint"]),
    ("analyses/landmarks_months", [12, 600], ["is later than anybody is followed", "85"]),
    ("analyses/ci_level", 1, ["is not a confidence level"]),
    ("assessments", [], ["assessments", "too few items"]),
    ("assessments/0/until_months", ..., ["only the last row may be without limit"]),
    ("published/0/comparison/control", "placebo", ["there is no arm of this name", "placebo"]),
    ("published/0/comparison", ..., ["a ratio compares two arms"]),
    ("published/1/at_months", ..., ["survival is at a time"]),
    ("published/1/invert", True, ["only a ratio can be inverted"]),
    ("published/0/evidence", "e2109", ["did you mean 'e2108'"]),
    ("switches", {"seeding": -1}, ["switches.seeding", "is negative"]),
    ("switches", {1: 2}, ["not text"]),
    ("assumptions/0/what", "population.standard_of_car", ["no such key", "did you mean 'standard_of_care'"]),
    ("assumptions/0/value", "2022", ["differs from the value in force"]),
    ("sources/0/page", "somewhere", ["an evidence id or a page, and not both"]),
    ("title", "", ["title", "is empty"]),
    ("id", "My Trial", ["is not a valid id"]),
    ("arms", {"a": 1}, ["is not a list"]),
    ("accrual", 12, ["is not a block of keys", "patients"]),
]


@pytest.mark.parametrize(("dotted", "value", "parts"), CASES, ids=[f"{c[0]}={c[1]!r}"[:60] for c in CASES])
def test_each_mistake_is_told_clearly(good, dotted, value, parts):
    """The message names the key and holds what a user needs to mend it."""
    said = message(put(good, dotted, value))
    assert [part for part in parts if part not in said] == []


BASELINE_CASES = [
    ("population/baseline/0/fraction", 0.9, ["add up to more than 1"]),
    ("population/baseline/0/fraction", 0.2, ["all levels of subtype are listed", "a sum of 1"]),
    ("population/baseline/1/is", "HR+/HER2-", ["overlaps with an earlier item"]),
    ("population/baseline/1/reason", ..., ["an assumed fraction needs a reason"]),
]


@pytest.mark.parametrize(("dotted", "value", "parts"), BASELINE_CASES, ids=[f"{c[0]}={c[1]!r}"[:60] for c in BASELINE_CASES])
def test_each_mistake_in_a_full_mix_is_told_clearly(dotted, value, parts):
    """A baseline mix that lists every level of an attribute is checked as a whole."""
    said = message(put(plain(load_protocol("mf07-01")), dotted, value))
    assert [part for part in parts if part not in said] == []


def test_identical_arms_are_refused(good):
    """Two arms that do the same cannot be compared."""
    data = copy.deepcopy(good)
    data["arms"][1] = {**copy.deepcopy(data["arms"][0]), "id": "twin", "control": False}
    data["published"] = []
    data["assumptions"] = data["sources"] = []
    assert "do the same" in message(data)


def test_all_mistakes_come_in_one_message(good):
    """Three mistakes in three blocks: three entries, so that a user mends them in one go."""
    data = put(
        put(put(good, "accrual/patients", -1), "acrual", 1), "arms/1/locoregional/received_fraction", 7
    )
    said = message(data)
    assert "3 mistakes" in said
    assert "accrual.patients" in said and "acrual" in said and "received_fraction" in said


def test_a_misspelt_key_is_told_once(good):
    """The unknown key is named with its neighbour; that the neighbour is missing is not a second mistake."""
    data = put(put(good, "accrual", ...), "acrual", good["accrual"])
    assert "mistakes" not in message(data)


def write(tmp_path, text):
    path = tmp_path / "trial.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_messages_carry_the_line(tmp_path, good):
    """The line of the offending key stands beside the file name."""
    text = yaml.safe_dump(put(good, "accrual/months", "12 weeks"), sort_keys=False)
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "12 weeks" in row)
    with pytest.raises(PagetError, match=f"trial.yaml:{line}: accrual.months"):
        load_protocol(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("id: [1, 2", "not valid YAML"),
        ("\tid: x", "not valid YAML"),
        ("", "empty"),
        ("- a\n- b\n", "not a protocol"),
        ("just words", "not a protocol"),
        ("id: a\nid: b\n", "twice"),
        ("id: &a x\ntitle: *a\n", "aliases"),
        ("[" * 5000, "nested"),
        ("id: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("? [a, b]\n: 1\n", "plain word"),
        ("1: 2\n", "keys"),
        ("id: " + "9" * 6000, "cannot be read"),
        ("id: \x07", "not valid YAML"),
        ("id: a\n---\nid: b\n", "not valid YAML"),
        ("x: y\n" * 200_001, "too long"),
    ],
    ids=lambda value: value[:14],
)
def test_broken_files_are_refused(tmp_path, text, part):
    """No YAML accident or attack reaches the user as a traceback."""
    with pytest.raises(PagetError, match=part):
        load_protocol(write(tmp_path, text))


def test_binary_files_are_refused(tmp_path):
    """A file that is not text says so."""
    path = tmp_path / "trial.yaml"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(PagetError, match="UTF-8"):
        load_protocol(path)


@pytest.mark.parametrize("name", ["e2018", "no-such.yaml", "runs/x.yaml", "\0", "x" * 5000, ""])
def test_protocols_that_do_not_exist(tmp_path, monkeypatch, name):
    """A wrong name or path is told with what there is."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PagetError, match="e2108"):
        load_protocol(name)


def test_a_folder_is_not_a_protocol(tmp_path):
    """A folder in place of a file is told as such."""
    with pytest.raises(PagetError, match="folder"):
        load_protocol(tmp_path)


def test_nearest_protocol_is_suggested():
    """A misspelt name gets its neighbour."""
    with pytest.raises(PagetError, match="did you mean 'mf07-01'"):
        load_protocol("mf0701")


@pytest.mark.parametrize(
    ("dotted", "value", "parts"),
    [
        ("evidence", ["e2108", "tata2051"], ["tata2051", "did you mean 'tata2015'"]),
        ("population/baseline/0/source", "e2018", ["population.baseline[0].source", "did you mean 'e2108'"]),
        ("published/1/at_months", 37, ["published[1]", "e2108"]),
        ("sources/0/evidence", "nothing-like-it", ["sources[0].evidence"]),
    ],
)
def test_evidence_must_exist(tmp_path, good, dotted, value, parts):
    """Unknown studies and results that a study does not have are mistakes of the protocol."""
    path = write(tmp_path, yaml.safe_dump(put(good, dotted, value), sort_keys=False))
    with pytest.raises(PagetError) as caught:
        load_protocol(path)
    assert [part for part in parts if part not in str(caught.value)] == []
    load_protocol(path, check_evidence=False)


def test_a_protocol_that_lists_no_evidence_is_told_where_to(good):
    """A published number of a study that is not on the protocol's own list."""
    assert "evidence: [e2108]" in message(put(good, "evidence", []))


def test_names_of_other_rooms_are_checked(good):
    """Switches, regimens and standards of care are checked against lists that the caller knows."""
    protocol = validate(put(good, "switches", {"self_seding": 0.0}))
    with pytest.raises(PagetError, match="did you mean 'self_seeding'"):
        check_names(protocol, {"switches": ["self_seeding", "dormancy"]})
    with pytest.raises(PagetError, match="standard of care"):
        check_names(protocol, {"standards_of_care": ["2005"]})
    check_names(protocol, {"switches": ["self_seding"], "standards_of_care": ["2012"], "regimens": []})


def test_yaml_words_mean_what_they_say(tmp_path, good):
    """`on` is a key and 2012 a name, although YAML 1.1 reads true and a number."""
    text = yaml.safe_dump(good, sort_keys=False).replace("'on':", "on:").replace("'2012'", "2012", 1)
    assert "\n    on:" in text
    protocol = load_protocol(write(tmp_path, text))
    assert protocol.control.crossover.on == "locoregional-progression"
    assert protocol.population.standard_of_care == "2012"
