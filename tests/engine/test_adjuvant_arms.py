"""Assures that protocols choose adjuvant therapy: for their patients or an arm, told in every output, refused where it makes no sense."""

import pytest
import yaml

from paget.engine.badges import badges, stamp_of, therapies_of
from paget.engine.cited import cited
from paget.engine.compile import adjuvant_of, check_known_names, compile_plan, early_plan, population_of
from paget.engine.draws import resolve_source
from paget.engine.extrapolation import badges as beyond
from paget.engine.run import run
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.study import load_protocol, override, protocol_hash, validate
from paget.study.load import plain

POINT = ParameterSet.point()
KEEPER = yaml.safe_load(
    """
    id: keeper
    title: Keeper
    class: adjuvant keeper
    route: oral
    tier: B
    hypothetical: true
    what: Made up.
    adjuvant:
      kind: other
      waking: {number: {value: 0.2, basis: assumed, reason: made up}}
      years: {value: 5, basis: assumed, reason: made up}
    """
)


def with_adjuvant(name, population=None, arm=None, **more):
    """A shipped protocol under another adjuvant practice."""
    data = plain(load_protocol(name)) | more
    if population is not None:
        data["population"] = data["population"] | {"adjuvant": population}
    if arm is not None:
        data["arms"][0] = data["arms"][0] | {"adjuvant": arm}
    return validate(data, where=name)


def test_a_practice_is_a_name_a_list_of_one_name_or_rows():
    """All forms are read, written so that they can be read again, and mean the same."""
    named = [with_adjuvant("p025", one) for one in ("none", ["none"], {"practice": "none"})]
    assert len({protocol_hash(one) for one in named}) == 1 and adjuvant_of(named[0]).rows == ()
    rows = with_adjuvant("p025", [{"therapy": "adjuvant-endocrine", "use": "3/4", "stages": ["III"]}])
    again = validate(plain(rows), where="again")
    assert protocol_hash(again) == protocol_hash(rows) != protocol_hash(named[0])
    ((therapy, given),) = adjuvant_of(again).rows
    assert (therapy.id, given.use, given.stages) == ("adjuvant-endocrine", 0.75, ("III",))


def test_the_usual_practice_is_what_is_meant_by_silence():
    """The plan and the population of a protocol that names it are those of one that says nothing."""
    silent, said = load_protocol("p025"), with_adjuvant("p025", "usual")
    assert adjuvant_of(silent) == adjuvant_of(said)
    assert population_of(silent, POINT, 1).key == population_of(said, POINT, 1).key
    assert population_of(silent, POINT, 1).key != population_of(with_adjuvant("p025", "none"), POINT, 1).key
    assert compile_plan(said, POINT).adjuvant == compile_plan(silent, POINT).adjuvant


def test_an_arm_of_early_disease_has_its_own_practice_or_that_of_the_population():
    """The first arm's is its own; the second one's is the population's."""
    protocol = with_adjuvant("surveillance", "before-trastuzumab", "extended-endocrine")
    assert early_plan(protocol, POINT, 0).adjuvant.name == "extended-endocrine"
    assert early_plan(protocol, POINT, 1).adjuvant.name == "before-trastuzumab"


@pytest.mark.parametrize(
    ("name", "population", "arm", "told"),
    [
        ("e2108", "none", None, "population.adjuvant: is of those who had early disease"),
        ("p025", None, "none", r"arms\[0\].adjuvant: is given in early disease"),
        ("p025", [], None, "population.adjuvant"),
        ("p025", [{"therapy": "adjuvant-endocrine", "use": 1.2}], None, "use: is out of range"),
        ("p025", [{"therapy": "adjuvant-endocrine", "use": "most"}], None, "use: is not a fraction"),
        ("p025", [{"therapy": "adjuvant-endocrine", "stages": ["IV"]}], None, "one of I, II, III"),
        ("p025", [{"therapy": "adjuvant-endocrine", "us": 1.0}], None, "did you mean 'use'"),
    ],
    ids=["de novo", "arm of metastatic disease", "no rows", "too much", "not a share", "stage", "typo"],
)
def test_what_makes_no_sense_is_refused(name, population, arm, told):
    """One message with the key."""
    with pytest.raises(PagetError, match=told):
        with_adjuvant(name, population, arm)


@pytest.mark.parametrize(
    ("population", "told"),
    [
        ("extended-endocrin", "population.adjuvant(.|\n)*did you mean 'extended-endocrine'"),
        ([{"therapy": "adjuvant-endocrin"}], "did you mean 'adjuvant-endocrine'"),
        ([{"therapy": "letrozole"}], "there is no adjuvant therapy of this name"),
        ([{"therapy": "adjuvant-trastuzumab", "subtypes": ["TNBC"]}], r"population.adjuvant\[0\](.|\n)*forbids"),
    ],
    ids=["practice", "therapy", "no adjuvant one", "forbidden"],
)
def test_names_and_women_that_files_do_not_know_are_refused(population, told):
    """One message with the nearest name, or whom the file allows."""
    with pytest.raises(PagetError, match=told):
        check_known_names(with_adjuvant("p025", population))


def test_what_must_be_said_is_said():
    """Badges, stamp, sources and extrapolation know of adjuvant therapies that a protocol names, and of no others."""
    silent = load_protocol("surveillance")
    assert therapies_of(silent) == [] and stamp_of(silent) is None
    named = with_adjuvant("surveillance", arm=[{"therapy": "keeper", "use": 0.5}], therapies=[KEEPER])
    assert badges(named) == {"keeper": ["hypothetical"]} and stamp_of(named)
    point = resolve_source("point", draws=None, replicates=0, seed=1)
    assert any(badge.about == "intensive" and "keeper" in badge.words for badge in beyond(named, point))
    ten = with_adjuvant("p025", "extended-endocrine")
    assert any("adjuvant-endocrine-10" in badge.words for badge in beyond(ten, point))
    assert not any("adjuvant" in badge.words for badge in beyond(with_adjuvant("p025", "before-trastuzumab"), point))
    assert "ebctcg_tam2011" in cited(ten, point)


@pytest.mark.slow
def test_an_arm_is_given_its_own_adjuvant_therapy_and_outputs_say_so(tmp_path):
    """In an arm whose therapy eradicates everything nobody relapses, in the others some do; the report and every figure say what-if."""
    data = plain(override(load_protocol("extended-endocrine"), {"accrual.patients": 300}))
    all_of_them = {"number": {"value": 1.0, "basis": "assumed", "reason": "made up"}}
    data["therapies"] = [KEEPER | {"adjuvant": KEEPER["adjuvant"] | {"eradicates": {"awake": all_of_them, "dormant": all_of_them}}}]
    data["arms"][0]["adjuvant"] = [{"therapy": "keeper", "use": 1.0}]
    data["arms"][2]["adjuvant"] = "none"
    result = run(validate(data, where="made up"), out=tmp_path / "run", replicates=0, seed=2, threads=1, parameters="point")
    relapsed = {}
    for row in result.adtte.filter(result.adtte["PARAMCD"] == "DRFS").iter_rows(named=True):
        relapsed.setdefault(row["TRTP"], []).append(row["EVNTDESC"] != "DEATH" and row["CNSR"] == 0)
    shares = {arm: sum(found) / len(found) for arm, found in relapsed.items()}
    assert shares["ten years"] == 0.0 < min(shares["none"], shares["five years"])
    page = result.report.read_text(encoding="utf-8")
    assert "Adjuvant therapy in the arm ten years" in page and "Keeper is hypothetical" in page
    figures = list((tmp_path / "run" / "figures").glob("*.svg"))
    assert figures and all("what-if: hypothetical therapy" in figure.read_text(encoding="utf-8") for figure in figures)
