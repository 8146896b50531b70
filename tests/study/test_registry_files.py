"""Assures registry files: the shipped ones are sourced in every number, and a mistake gives one clear message."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import places
from helpers import put as put_in
from paget.errors import PagetError
from paget.evidence import load
from paget.forms.yaml_text import parse
from paget.study.registry import (
    Registry,
    load_registry,
    override_registry,
    plain_registry,
    registry_hash,
    registry_to_yaml,
    shipped_registries,
    validate_registry,
)
from paget.study.registry.consistency import evidence_faults, unsourced

GOOD = {name: plain_registry(load_registry(name)) for name in shipped_registries()}


def put(dotted, value, name="ncdb-like"):
    """A deep copy of a shipped registry with one key set (or deleted where the value is ...)."""
    return put_in(GOOD[name], dotted, value)


@pytest.mark.parametrize("name", shipped_registries())
def test_every_number_of_a_shipped_registry_has_a_source_or_a_reason(name):
    """Nothing is put in without saying where it is from; taking a source away is noticed."""
    registry = load_registry(name)
    assert unsourced(registry) == []
    for place in range(len(registry.sources)):
        data = copy.deepcopy(GOOD[name])
        (what, *_) = data["sources"].pop(place)["what"]
        with pytest.raises(PagetError, match="has no source and is not declared assumed") as caught:
            validate_registry(data)
        assert what in str(caught.value)


@pytest.mark.parametrize("name", shipped_registries())
def test_practice_is_never_sourced_by_a_hazard_ratio(name):
    """Studies that practice rests on have something other than outcomes to give: a share, a time, a size, a baseline."""
    registry, base = load_registry(name), load()
    studies = {item.evidence for item in registry.sources if item.evidence} | {
        term.source for _, term in registry.operation.terms if term.source in base
    }
    for study in studies:
        practice = [one for one in base[study].results if one.measure not in ("hazard_ratio", "survival", "median_months")]
        assert practice or base[study].baseline, study
    for _, term in registry.operation.terms:
        assert "hazard" not in term.reason and "survival" not in term.reason


def test_published_ratios_are_looked_up_and_never_written():
    """A registry file holds no outcome: published ratios come from the evidence, role prediction."""
    for name in shipped_registries():
        registry = load_registry(name)
        assert registry.published and evidence_faults(registry) == []
        assert "hazard" not in " ".join(plain_registry(registry)["published"][0])


def test_a_registry_survives_writing_and_reading():
    """YAML out and in gives the same registry and the same hash; order of keys does not count."""
    for name in shipped_registries():
        registry = load_registry(name)
        data, _ = parse(registry_to_yaml(registry), where="memory")
        assert validate_registry(data) == registry
        assert registry_hash(validate_registry(dict(reversed(list(GOOD[name].items()))))) == registry_hash(registry)


CASES = [
    ("perods", [], ["perods", "there is no such key", "did you mean 'periods'"]),
    ("periods/0/operated", 1.2, ["periods[0].operated", "at most 1"]),
    ("periods/0/operated", 0.05, ["less than the share operated before staging", "0.125"]),
    ("periods/0/fraction", 0.5, ["periods", "do not add up to one", "1.2"]),
    ("periods/1/first_year", 2008, ["periods[1].first_year", "does not follow the period before", "2007"]),
    ("periods/0/last_year", 2001, ["periods[0].last_year", "is before first_year"]),
    ("periods/0/pet_ct", "some", ["periods[0].pet_ct", "is not a fraction"]),
    ("staging/pet_ct/detection_factor", 0, ["staging.pet_ct.detection_factor", "more than 0"]),
    ("staging/pet_ct/not_in", ["brian"], ["not one of the choices", "did you mean 'brain'"]),
    ("operation/choice/0/attribute", "age_yeers", ["clinicians see no such thing", "did you mean 'age_years'"]),
    ("operation/choice/0/attribute", "burden", ["clinicians see no such thing"]),
    ("operation/choice/0/level", "old", ["age_years is a number and has no levels"]),
    ("operation/choice/1/log_odds", "minus one", ["operation.choice[1].log_odds", "is not a number"]),
    ("operation/choice/5/level", ..., ["operation.choice[5].level", "is missing", "true or false"]),
    ("operation/choice/8/level", "N9", ["is not possible for nodes", "N0, N1-3, N4+"]),
    ("operation/choice/0/reason", ..., ["operation.choice[0].reason", "is missing"]),
    ("operation/upfront/terms/0", {"attribute": "responded", "level": True, "log_odds": 1.0, "source": "assumed", "reason": "x"},
     ["is not known at diagnosis", "move it to choice"]),
    ("operation/after_induction/decision_min_months", 9.0, ["does not begin a window", "decision_max_months (8)"]),
    ("operation/after_induction/decision_min_months", "4 weeks", ["decision_min_months", "a number, in months", "write 0.9199"]),
    ("records/covariates", [], ["records.covariates", "at least 1"]),
    ("records/covariates/0", "response", ["records.covariates[0]", "not one of the choices"]),
    ("follow_up/until_year", 2010, ["follow_up.until_year", "ends before the last patient is diagnosed", "2013"]),
    ("follow_up/lost_per_year", -0.1, ["follow_up.lost_per_year", "is negative"]),
    ("analyses/horizon_months", 600, ["analyses.horizon_months", "later than anybody is followed"]),
    ("analyses/landmarks_months", [0.0, 6.0], ["analyses.landmarks_months[0]", "no landmark within the follow-up"]),
    ("assumptions/0/what", "periods.0.fractions", ["no such key", "did you mean 'fraction'"]),
    ("patients", 0, ["patients", "at least 1"]),
]  # fmt: skip


LOCAL_CASES = [
    ("operation/found_after_operation", {"fraction": 0.1}, ["operation.found_after_operation", "there is no such key here"]),
    ("operation/details", {"breast_conserving_fraction": 0.3}, ["operation.details", "there is no such key here", "therapies"]),
    ("operation/procedure", "locall", ["operation.procedure", "surgery, local", "did you mean 'local'"]),
    ("operation/procedure", ["local"], ["operation.procedure", "not one of the choices"]),
    ("operation/procedure", "surgery", ["operation.place", "there is no such key here"]),
    ("operation/place", "bone", ["operation.place", "liver"]),
    ("operation/therapies", [], ["operation.therapies", "at least 1"]),
    ("operation/therapies/1/therapy", "liver-resection", ["operation.therapies[1].therapy", "is listed twice"]),
    ("operation/therapies/1/weight", 0, ["operation.therapies[1].weight", "more than 0"]),
    ("operation/offered/0/attribute", "n_lungs", ["operation.offered[0].attribute", "there is no such attribute"]),
    ("operation/offered/0/source", ..., ["operation.offered[0].source", "is missing", "assumed"]),
    ("operation/offered/1/reason", ..., ["operation.offered[1].reason", "is missing"]),
    ("operation/upfront/terms", [{"attribute": "progressed", "level": True, "log_odds": 1.0, "source": "assumed", "reason": "x"}],
     ["operation.upfront.terms[0].attribute", "is not known at diagnosis", "move it to choice"]),
    ("operation/choice/0/log_odds", "small", ["operation.choice[0].log_odds", "is not a number"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "parts"), LOCAL_CASES, ids=[f"{case[0]}={str(case[1])[:20]}" for case in LOCAL_CASES])
def test_a_mistake_in_a_registry_of_local_treatment_is_told(key, value, parts):
    """Surgery's own keys mixed in, a place that is not counted, therapies and conditions that do not hold together."""
    with pytest.raises(PagetError) as caught:
        validate_registry(put(key, value, "liver-metastases"), where="mine.yaml")
    for part in ["mine.yaml", *parts]:
        assert part in str(caught.value)


def test_surgery_of_the_primary_is_of_de_novo_disease():
    """Whoever relapses has no primary to remove."""
    with pytest.raises(PagetError, match="has no primary to operate on"):
        validate_registry(put("source", "both"))


@pytest.mark.parametrize(("key", "value", "parts"), CASES, ids=[f"{case[0]}={str(case[1])[:20]}" for case in CASES])
def test_a_mistake_is_told_once_with_key_value_and_fix(key, value, parts):
    """Each mistake names its key, what was got and what would be right."""
    with pytest.raises(PagetError) as caught:
        validate_registry(put(key, value), where="mine.yaml")
    for part in ["mine.yaml", *parts]:
        assert part in str(caught.value)


def test_studies_that_do_not_exist_are_told(tmp_path):
    """Evidence ids and published results must be found."""
    text = registry_to_yaml(load_registry("ncdb-like")).replace("source: lane2019", "source: lane2091")
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("systemic then surgery vs systemic only", "surgery vs tea"), encoding="utf-8")
    with pytest.raises(PagetError) as caught:
        load_registry(file)
    for part in ("mine.yaml", "2 mistakes", "lane2091", "did you mean 'lane2019'", "published[2]"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("ncdb-lik", "did you mean 'ncdb-like'"),
        ("no/such.yaml", "there is no such file"),
        ("x" * 5000, "no registry named"),
        ("a\0b", "no registry"),
    ],
)
def test_a_registry_that_is_not_there(name, part):
    """A wrong name suggests the right one; a path says that there is no file."""
    with pytest.raises(PagetError) as caught:
        load_registry(name)
    assert part in str(caught.value) and len(str(caught.value)) < 700


def test_changing_a_key_validates_again():
    """A dotted key is changed; a wrong one, or a wrong value, is told."""
    registry = load_registry("ncdb-like")
    assert override_registry(registry, {"periods.0.pet_ct": 1.0}).periods[0].pet_ct == 1.0
    for changes in ({"periods.7.pet_ct": 1.0}, {"stageing": 1}, {"periods.0.pet_ct": 2.0}):
        with pytest.raises(PagetError):
            override_registry(registry, changes)


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.floats(), st.text(max_size=8),
    st.sampled_from(["3/0", "60 %", "assumed", "responded", "N4+", "4 weeks"]), st.lists(st.integers(-2, 5), max_size=3),
    st.dictionaries(st.text(max_size=6), st.integers(), max_size=2), st.just([[[{}]]]),
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(["seer-like", "liver-metastases"]), junk=JUNK, delete=st.booleans())
def test_no_mutation_escapes_as_anything_but_a_registry_or_an_error(data, name, junk, delete):
    """Whatever is done to a file, the answer is a valid registry or one `PagetError`."""
    mutated = copy.deepcopy(GOOD[name])
    *path, last = data.draw(st.sampled_from(places(GOOD[name])))
    here = mutated
    for part in path:
        here = here[part]
    if delete:
        del here[last]
    else:
        here[last] = junk
    try:
        assert isinstance(validate_registry(mutated, where="mutated"), Registry)
    except PagetError as error:
        assert "mutated" in str(error)
