"""Assures that a user's therapy can be used in a trial, is named for what it is, and that nobody gets what a file forbids."""

import itertools
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import paget
from paget.biology.layout import SUBTYPES
from paget.biology.markers import MARKERS
from paget.engine.badges import badge_lines, badges, standard_line
from paget.engine.compile import compile_plan, protocol_library
from paget.engine.fitness import therapy_faults
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.study import load_protocol, plain, protocol_hash, validate, with_therapies
from paget.study.eligible import mask
from paget.therapy import library

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
MINE = EXAMPLES / "my-therapy.yaml"
SHIPPED = library()


def trial(regimens=("taxane", "anthracycline"), conditions=(), **more):
    """The e2108 design without surgery: two regimens, in the patients that the conditions let in."""
    data = plain(load_protocol("e2108", check_evidence=False))
    data["population"]["eligibility"] = list(conditions)
    data["population"]["baseline"] = []
    data["arms"] = [
        {"id": f"arm{k}", "label": f"arm {k}", "systemic": name, "control": k == 0} for k, name in enumerate(regimens)
    ]
    data["randomisation"] = {"ratio": [1] * len(regimens), "block_size": 2 * len(regimens)}
    data["time_zero"] = {"event": "diagnosis"}
    for key in ("published", "evidence", "assumptions", "sources"):
        data.pop(key, None)
    return validate(data | more, where="trial.yaml")


def refused(protocol):
    with pytest.raises(PagetError) as caught:
        compile_plan(protocol, ParameterSet.point())
    return str(caught.value)


def test_a_trial_that_gives_what_is_forbidden_is_refused_with_the_reason():
    """Whoever may not get a drug is named, with the rule; narrowed to those who may, the trial stands."""
    told = refused(trial(("taxane", "taxane+pembrolizumab")))
    assert "arms[1].systemic" in told and "Pembrolizumab" in told and "it is for TNBC" in told
    tnbc = {"attribute": "subtype", "is": "TNBC"}
    assert "pd l1 negative: it must be positive" in refused(trial(("taxane", "taxane+pembrolizumab"), [tnbc]))
    compile_plan(trial(("taxane", "taxane+pembrolizumab"), [tnbc, {"attribute": "pd_l1", "is": "positive"}]), ParameterSet.point())
    women = [{"attribute": "hormone_receptor", "is": "positive"}]
    assert "premenopausal" in refused(trial(("letrozole", "tamoxifen"), women))
    compile_plan(trial(("letrozole", "tamoxifen"), [*women, {"attribute": "menopause", "is": "post"}]), ParameterSet.point())
    assert "no taxane before" in refused(trial(("taxane", "eribulin")))


def test_drugs_that_differ_must_begin_after_randomisation():
    """In a trial with induction, arms whose first lines differ would differ before anybody is randomised."""
    data = plain(trial())
    data["time_zero"] = {"event": "after-induction", "induction": {"min_months": 4, "max_months": 6, "required": "no-progression"}}
    assert "before the patient is randomised" in refused(validate(data))


def test_a_marker_that_a_file_asks_for_must_be_in_the_conditions():
    """The rule and the level are told; a choice by the marker within an arm is as good as eligibility; several levels may be allowed."""
    mutated = {"attribute": "germline_brca", "is": "mutated"}
    negative = {"attribute": "her2", "is": "negative"}
    told = refused(trial(("taxane", "olaparib"), [negative]))
    assert "germline brca wild type: it must be mutated" in told and "Olaparib" in told
    compile_plan(trial(("taxane", "olaparib"), [negative, mutated]), ParameterSet.point())
    data = plain(trial(("taxane", "capecitabine"), [negative]))
    data["arms"][1]["systemic_if"] = [{"systemic": "olaparib", "where": [mutated]}]
    compile_plan(validate(data), ParameterSet.point())
    egfr = {"attribute": "egfr", "is": "positive"}
    tnbc = {"attribute": "subtype", "is": "TNBC"}
    assert "egfr negative: it must be positive" in refused(trial(("cisplatin", "cisplatin+cetuximab"), [tnbc]))
    compile_plan(trial(("cisplatin", "cisplatin+cetuximab"), [tnbc, egfr]), ParameterSet.point())
    assert "her2 expression zero" in refused(trial(("taxane", "deruxtecan-conjugate"), [tnbc]))
    some = {"attribute": "her2_expression", "not_in": ["zero"]}
    compile_plan(trial(("taxane", "deruxtecan-conjugate"), [some]), ParameterSet.point())


CHOICES = st.lists(st.sampled_from(sorted(SHIPPED.regimens)), min_size=2, max_size=2, unique=True)
NARROW = st.fixed_dictionaries(
    {},
    optional={
        "subtype": st.lists(st.sampled_from(SUBTYPES), min_size=1, unique=True),
        "menopause": st.sampled_from(("pre", "post")),
        "ecog": st.integers(0, 3),
        "germline_brca": st.sampled_from(("mutated", "wild type")),
        "her2_expression": st.sampled_from(("zero", "low")),
    },
)
MARKED = ("germline_brca", "pd_l1", "egfr", "her2_expression")
"""Markers that some shipped therapy asks for."""


EVERYBODY = pl.DataFrame(
    list(itertools.product(SUBTYPES, ("pre", "post"), range(5), (49.5, 50.5), *(MARKERS[name].levels for name in MARKED))),
    schema={"subtype": pl.String, "menopause": pl.String, "ecog": pl.Int64, "age_years": pl.Float64, **dict.fromkeys(MARKED, pl.String)},
    orient="row",
).filter(pl.col("subtype").str.ends_with("HER2+") == (pl.col("her2_expression") == "positive"))


@example(regimens=["antimetabolite+lapatinib", "anastrozole"], narrow={"subtype": ["HR+/HER2+"], "her2_expression": "zero"})  # nobody
@settings(max_examples=60)
@given(regimens=CHOICES, narrow=NARROW)
def test_no_accepted_trial_lets_in_whom_a_file_forbids(regimens, narrow):
    """Over random trials: one that is accepted admits nobody whom a drug of its arms is not for; one that is refused admits somebody."""
    tests = {"subtype": "in", "menopause": "is", "ecog": "at_most", "germline_brca": "is", "her2_expression": "is"}
    protocol = trial(regimens, [{"attribute": name, tests[name]: value} for name, value in narrow.items()])
    rules = [one for one in protocol.population.conditions if one.attribute != "presentation"]
    people = EVERYBODY.filter(mask(EVERYBODY, rules)) if rules else EVERYBODY
    forbidden = any(
        therapy.eligible.refusals({**patient, "earlier": (), "biomarkers": patient})
        for regimen in regimens
        for therapy in SHIPPED.therapies_of(regimen)
        for patient in people.iter_rows(named=True)
    )
    assert bool(therapy_faults(protocol, SHIPPED)) == forbidden


@pytest.mark.parametrize("standard", SHIPPED.standards)
def test_what_the_standard_of_care_gives_of_little_evidence_is_told(standard):
    """Exactly its therapies of tier B are named."""
    data = plain(trial())
    data["population"]["standard_of_care"] = standard
    told = standard_line(validate(data)) or ""
    rows = [row for situations in SHIPPED.standards[standard].lines.values() for rows in situations.values() for row in rows]
    given = {one.id: one for row in rows for name in row for one in SHIPPED.therapies_of(name)}
    assert bool(told) == any(one.tier == "B" for one in given.values())
    for one in given.values():
        assert (one.title in told.split(": ", 1)[-1].rstrip(".").split("; ")) == (one.tier == "B")


def test_a_protocol_brings_its_own_therapies_along(tmp_path):
    """A protocol that names a file by its place holds what is in it: the same hash wherever it lies, another when the file changes."""
    shutil.copy(MINE, tmp_path / "drug.yaml")
    data = plain(trial(("taxane", "capecitabine")))
    data["arms"][1]["systemic"] = "capecitabine+waking-inhibitor"
    data["therapies"] = ["drug.yaml"]
    data["population"]["eligibility"] = [
        {"attribute": "subtype", "is": "HR+/HER2-"}, {"attribute": "menopause", "is": "post"},
    ]  # fmt: skip
    path = tmp_path / "trial.yaml"
    path.write_text(yaml.safe_dump(data))
    protocol = load_protocol(path)
    assert protocol_library(protocol).own == ("waking-inhibitor",)
    assert "no aromatase inhibitor before" in refused(protocol)
    drug = yaml.safe_load(MINE.read_text())
    del drug["eligible"]["after"]
    (tmp_path / "drug.yaml").write_text(yaml.safe_dump(drug))
    eased = load_protocol(path)
    assert protocol_hash(eased) != protocol_hash(protocol)
    plan = compile_plan(eased, ParameterSet.point())
    assert plan.library.regimens["capecitabine+waking-inhibitor"] and plan.arms[1]["first_regimen"] >= len(SHIPPED.regimens) - 60
    assert badges(eased) == {"waking-inhibitor": ["hypothetical"]}
    assert badge_lines(eased) == ["Inhibitor of waking with a weak taxane effect: hypothetical."]
    assert protocol_hash(validate(plain(eased))) == protocol_hash(eased)
    data["therapies"] = ["drog.yaml"]
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(PagetError, match=r"drug.yaml"):
        load_protocol(path)


def test_files_given_to_a_run_are_as_if_the_protocol_named_them(tmp_path):
    """`with_therapies` adds what is in files; a file with a mistake is told when the plan is made."""
    base = trial(("taxane", "anthracycline"))
    assert with_therapies(base, []) is base
    more = with_therapies(base, [MINE])
    assert "waking-inhibitor" in protocol_library(more).therapies
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(MINE.read_text().replace("tier: B", "tier: Z"))
    assert "waking-inhibitor: tier" in refused(with_therapies(base, [wrong]))


@pytest.mark.slow
def test_markers_are_asked_for_matched_stratified_and_written_down(tmp_path):
    """A trial in carriers, with a mix of Ki-67 to match and strata by EGFR: the table of subjects shows all three."""
    data = plain(trial(("taxane", "olaparib"), [{"attribute": "her2", "is": "negative"}, {"attribute": "germline_brca", "is": "mutated"}]))
    data["population"]["baseline"] = [
        {"attribute": "ki67_percent", "above": 20, "fraction": 0.7, "source": "assumed", "reason": "a test"}
    ]  # fmt: skip
    data["randomisation"] |= {"strata": ["egfr"]}
    path = tmp_path / "carriers.yaml"
    path.write_text(yaml.safe_dump(data))
    subjects = paget.run(path, patients=40, replicates=0, seed=1, parameters="point", out=tmp_path / "run").adsl
    assert set(subjects["BRCABL"]) == {"mutated"}
    assert (subjects["STRATUM"] == subjects["EGFRBL"]).all() and subjects["EGFRBL"].n_unique() == 2
    assert 0.45 < (subjects["KI67BL"] > 20).mean() < 0.95
    assert (subjects["HER2BL"] != "positive").all()
