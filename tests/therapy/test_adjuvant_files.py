"""Assures that adjuvant therapies and practices are founded, refer to parameters that exist, and give nobody what a file forbids."""

import numpy as np
import pytest

from helpers import put
from paget.biology import resistance
from paget.biology.layout import SUBTYPES
from paget.errors import PagetError
from paget.life.state import PLAN
from paget.parameters import ParameterSet, declared
from paget.therapy import library
from paget.therapy.adjuvant import KINDS, MENOPAUSE, STAGES, Given, allowed, practice_faults
from paget.therapy.files import validate_therapy
from paget.therapy.form import AXES

LIBRARY = library()
POINT = ParameterSet.point()
OWN = {
    "id": "keeper",
    "title": "Keeper of sleep",
    "class": "adjuvant waking inhibitor",
    "route": "oral",
    "tier": "B",
    "hypothetical": True,
    "what": "A drug that does not exist.",
    "eligible": {"subtypes": ["TNBC"], "menopause": "post", "reason": "made up"},
    "adjuvant": {
        "kind": "other",
        "eradicates": {"dormant": {"number": {"value": 0.3, "basis": "assumed", "reason": "made up"}}},
        "waking": {"number": {"value": 0.5, "basis": "assumed", "reason": "made up"}},
        "years": {"value": 2, "basis": "assumed", "reason": "made up"},
    },
}


def changed(dotted, value):
    """The made-up therapy with one key set, or removed where the value is ``...``."""
    return put(OWN, dotted, value)


def filled(practice, parameters=POINT, shelf=LIBRARY):
    """The plan record of a practice."""
    out = np.zeros(1, PLAN)
    shelf.adjuvant(practice).fill(out, parameters)
    return out[0]


def test_the_usual_practice_is_that_of_the_declared_parameters():
    """Shares and chances are those of the parameters, slot by slot, and move with them; axes are those of the kernels."""
    moved = POINT.with_values({"adjuvant_endocrine_use": 0.5, "eradicate_chemo_awake": 0.9, "endocrine_awakening": 0.4})
    for p in (POINT, moved):
        row = filled("usual", p)
        assert row["adjuvant_n"] == 3
        chemo, endocrine, her2 = row["adjuvant_high"][:3]
        for s in range(3):
            for t in range(4):
                assert (chemo[s, t] == p["adjuvant_chemo_use"][s + (0 if t <= 1 else 3)]).all()
                assert (endocrine[s, t] == (p["adjuvant_endocrine_use"] if t <= 1 else 0.0)).all()
                assert (her2[s, t] == (p["adjuvant_trastuzumab_use"] if t in (1, 2) else 0.0)).all()
        assert row["adjuvant_awake"][:3].tolist() == [
            p["eradicate_chemo_awake"], p["eradicate_endocrine"], p["eradicate_trastuzumab"],
        ]  # fmt: skip
        assert row["adjuvant_dormant"][:3].tolist() == [p["eradicate_chemo_dormant"], 0.0, 0.0]
        assert row["adjuvant_waking"][:3].tolist() == [1.0, p["endocrine_awakening"], 1.0]
        assert row["adjuvant_days"][:3].tolist() == [0.0, 5 * 365.25, 0.0]
        assert row["adjuvant_axis"][:3].tolist() == [resistance.CHEMO, resistance.ENDOCRINE, resistance.HER2]
    assert KINDS[:3] == ("chemotherapy", "endocrine", "HER2")  # indices of draws
    assert set(KINDS) == {*AXES, "other"}


@pytest.mark.parametrize("name", list(LIBRARY.practices))
def test_no_practice_gives_what_a_file_forbids(name):
    """Outside the women whom a therapy's file allows it to, its interval of draws is empty; shares lie within 0 and 1."""
    row, practice = filled(name), LIBRARY.adjuvant(name)
    assert row["adjuvant_n"] == len(practice.therapies)
    for k, therapy in enumerate(practice.therapies):
        low, high = row["adjuvant_low"][k], row["adjuvant_high"][k]
        assert (high[~allowed(therapy)] == low[~allowed(therapy)]).all()
        assert (low >= 0).all() and (high <= 1).all() and (high > low).any()
    assert practice.words and LIBRARY.practices[name].reason


def test_two_therapies_of_one_kind_share_one_draw_without_overlap():
    """Shares of one kind lie side by side; of different kinds they do not."""
    rows = [Given(therapy="adjuvant-endocrine", use=0.5), Given(therapy="adjuvant-endocrine-10", use=0.3)]
    row = filled([*rows, Given(therapy="adjuvant-chemotherapy", use=0.4)])
    assert (row["adjuvant_high"][0, :, :2] == 0.5).all() and (row["adjuvant_low"][1, :, :2] == 0.5).all()
    assert (row["adjuvant_high"][1, :, :2] == 0.8).all() and (row["adjuvant_low"][2] == 0.0).all()


def test_shares_by_stage_subtype_and_menopause():
    """Rows of one therapy for different women each have their share, and the others none."""
    rows = [
        Given(therapy="adjuvant-chemotherapy", use=0.9, stages=("III",)),
        Given(therapy="adjuvant-chemotherapy", use=0.2, stages=("I", "II"), subtypes=("TNBC",), menopause="pre"),
    ]
    table = LIBRARY.adjuvant(rows).use(POINT)["adjuvant-chemotherapy"]
    assert table.shape == (len(STAGES), len(SUBTYPES), len(MENOPAUSE))
    assert (table[2] == 0.9).all() and table[0, 3].tolist() == [0.2, 0.0] and (table[:2, :3] == 0.0).all()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([Given(therapy="adjuvant-endocrine", use=0.5, subtypes=("TNBC",))], "forbids"),
        ([Given(therapy="adjuvant-endocrine"), Given(therapy="adjuvant-endocrine-10", use=0.1)], "second endocrine therapy"),
        ([Given(therapy="adjuvant-endocrine", use=0.7), Given(therapy="adjuvant-endocrine-10", use=0.4)], "more than 1"),
        ([Given(therapy="adjuvant-chemotherapy", use=0.7), Given(therapy="adjuvant-chemotherapy", use=0.1)], "overlaps"),
    ],
    ids=["forbidden", "two usual", "too many", "overlap"],
)
def test_rows_that_contradict_each_other_or_a_file_are_refused(rows, told):
    """One fault each, with the therapy."""
    (fault,) = practice_faults(rows, LIBRARY.adjuvants)
    assert told in fault.message and (fault.got in {row.therapy for row in rows} or fault.key[-1] == "use")
    with pytest.raises(PagetError, match=told):
        LIBRARY.adjuvant(rows)


def test_names_that_nobody_knows_are_refused():
    """A practice or a therapy that does not exist is told with its nearest neighbour."""
    with pytest.raises(PagetError, match="extended-endocrine"):
        LIBRARY.adjuvant("extended-endocrin")
    with pytest.raises(PagetError, match="adjuvant-trastuzumab"):
        LIBRARY.adjuvant([Given(therapy="adjuvant-trastuzuma", use=0.5)])


def test_what_spares_a_share_of_what_a_parameter_leaves():
    """1 - spared x (1 - chance), whatever the chance."""
    awake = LIBRARY.therapies["adjuvant-chemotherapy-taxane"].adjuvant.eradicates.awake
    for chance in (0.0, 0.3, 0.75, 1.0):
        p = POINT.with_values({"eradicate_chemo_awake": chance})
        assert awake.scalar(p) == pytest.approx(1 - awake.spared.value * (1 - chance))


def test_files_name_parameters_that_exist_and_cite_their_sources():
    """What a file refers to is declared, and its sources are those of the file."""
    for therapy in LIBRARY.adjuvants.values():
        assert therapy.parameters and set(therapy.parameters) <= set(declared())
        assert {source for name in therapy.parameters for source in declared()[name].sources} <= set(therapy.sources)
        assert not therapy.systemic and therapy.id not in LIBRARY.regimens


def test_a_file_of_ones_own_adds_a_therapy_and_changes_no_practice():
    """It can be given by rows; it is for those whom it names; shipped practices stay."""
    larger = library((OWN,))
    row = filled([Given(therapy="keeper", use=0.25)], shelf=larger)
    assert row["adjuvant_kind"][0] == KINDS.index("other") and row["adjuvant_axis"][0] == -1
    assert ((row["adjuvant_high"][0] > 0) == allowed(larger.therapies["keeper"])).all()
    assert (row["adjuvant_high"][0, :, 3, 1] == 0.25).all() and row["adjuvant_days"][0] == 730.5
    assert filled("usual", shelf=larger) == filled("usual")
    with pytest.raises(PagetError, match="no usual use"):
        larger.adjuvant([Given(therapy="keeper")])


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("adjuvant/waking/number/value", -1.0, ["adjuvant.waking.number.value", "is negative"]),
        ("adjuvant/waking", {"parameter": "endocrine_wakening"}, ["adjuvant.waking.parameter", "did you mean 'endocrine_awakening'"]),
        ("adjuvant/waking", {"parameter": "adjuvant_chemo_use"}, ["adjuvant.waking.parameter", "several values"]),
        ("adjuvant/waking", {}, ["adjuvant.waking", "two numbers or none"]),
        ("adjuvant/eradicates/dormant/number/value", 1.5, ["adjuvant.eradicates.dormant.number.value", "more than 1"]),
        ("adjuvant/eradicates/dormant/spared", {"value": 0.5, "basis": "assumed", "reason": "x"}, ["spared", "what a parameter leaves"]),
        ("adjuvant/years/value", 40, ["adjuvant.years.value", "at most 25"]),
        ("adjuvant/years", ..., ["adjuvant.years", "is missing"]),
        ("adjuvant/kind", "endocrin", ["adjuvant.kind", "did you mean 'endocrine'"]),
        ("adjuvant/wakin", {}, ["adjuvant.wakin", "did you mean 'waking'"]),
        ("eligible/ecog_at_most", 1, ["eligible.ecog_at_most", "not judged in early disease"]),
        ("adjuvant", ..., ["does nothing"]),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_each_mistake_is_told(key, value, told):
    """One message with the key and what is right."""
    with pytest.raises(PagetError) as caught:
        validate_therapy(changed(key, value), where="mine.yaml")
    for words in ("mine.yaml", *told):
        assert words in str(caught.value)
