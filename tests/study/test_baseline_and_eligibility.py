"""Assures that eligibility counts add up, that raking reaches its margins, and that impossible populations
are explained."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_candidates import candidates

from paget.errors import PagetError
from paget.study.attributes import ATTRIBUTES, expression
from paget.study.baseline import accept, acceptance_probability, compare, fit_weights, varied
from paget.study.conditions import Condition
from paget.study.eligible import attrition, check_not_empty, mask
from paget.study.population import BaselineItem
from paget.study.randomise import acceptance_uniforms
from paget.study.strata import stratum_labels

FRAME = candidates(6000)


def condition(**keys):
    return Condition.model_validate(keys)


def item(fraction, source="e2108", **keys):
    return BaselineItem.model_validate({"fraction": fraction, "source": source, **keys})


CONDITIONS = [
    condition(attribute="age_years", at_most=65),
    condition(attribute="ecog", below=3),
    condition(attribute="subtype", not_in=["TNBC"]),
    condition(attribute="brain", **{"is": False}),
    condition(attribute="nodes", **{"in": ["N0", "N1-3"]}),
    condition(attribute="primary_cm", above=2, at_most=8),
    condition(attribute="visceral", **{"is": False}),
]


def test_each_comparison_means_what_it_says():
    """Every comparison against a plain NumPy version of it."""
    f = {name: FRAME[name].to_numpy() for name in FRAME.columns}
    expected = [
        f["age_years"] <= 65,
        f["ecog"] < 3,
        f["subtype"] != "TNBC",
        ~f["brain"],
        f["nodes"] != "N4+",
        (f["primary_cm"] > 2) & (f["primary_cm"] <= 8),
        ~(f["liver"] | f["lung"] | f["brain"]),
    ]
    for one, truth in zip(CONDITIONS, expected, strict=True):
        assert mask(FRAME, [one]).to_numpy().tolist() == truth.tolist(), one.text()
    assert mask(FRAME, CONDITIONS).to_numpy().tolist() == np.logical_and.reduce(expected).tolist()
    assert mask(FRAME, []).all()


def test_every_attribute_can_be_computed():
    """All attributes, derived ones too, come out of the clinic's columns with possible values only."""
    made = FRAME.select([expression(name) for name in ATTRIBUTES])
    for name, attribute in ATTRIBUTES.items():
        assert all(attribute.holds(value) for value in made[name].unique()), name


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(CONDITIONS), size=st.integers(0, 7))
def test_attrition_adds_up(order, size):
    """Removed in sequence plus remaining is everybody; alone does not depend on the order; the end is the
    mask."""
    chosen = order[:size]
    table = attrition(FRAME, chosen)
    remaining = table["remaining"][-1] if size else FRAME.height
    assert table["removed_in_sequence"].sum() + remaining == FRAME.height
    assert remaining == int(mask(FRAME, chosen).sum())
    assert (table["removed_in_sequence"] <= table["removed_alone"]).all()
    for one, alone in zip(chosen, table["removed_alone"], strict=True):
        assert alone == FRAME.height - int(mask(FRAME, [one]).sum())


def test_unknown_values_do_not_enter():
    """A null does not satisfy a condition, not even a negative one."""
    frame = pl.DataFrame({"subtype": ["TNBC", None, "HR+/HER2-"]})
    assert mask(frame, [condition(attribute="subtype", not_in=["TNBC"])]).to_list() == [False, False, True]


def test_the_condition_that_empties_is_named_with_the_miss():
    """One impossible condition: its name, how many it removes, and how far the nearest candidate is."""
    wanted = [condition(attribute="ecog", at_most=2), condition(attribute="age_years", at_least=100)]
    with pytest.raises(PagetError) as caught:
        check_not_empty(FRAME, wanted, where="x.yaml")
    said = str(caught.value)
    oldest = FRAME["age_years"].max()
    assert "x.yaml: age_years" in said
    assert f"removes all {FRAME.height} candidates" in said
    assert f"{100 - oldest:.4g} years too low" in said


def test_conditions_that_empty_only_together_are_told():
    """No condition is impossible by itself: the step that leaves too few is named, with the counts before
    and after."""
    wanted = [condition(attribute="menopause", **{"is": "pre"}), condition(attribute="age_years", above=51)]
    with pytest.raises(PagetError, match="this leaves 0") as caught:
        check_not_empty(FRAME, wanted)
    assert caught.value.key == "age_years"


def test_enough_is_enough():
    """The table comes back where enough patients are left, and not where one is missing."""
    left = int(mask(FRAME, CONDITIONS).sum())
    assert check_not_empty(FRAME, CONDITIONS, needed=left)["remaining"][-1] == left
    with pytest.raises(PagetError, match=f"needed {left + 1}"):
        check_not_empty(FRAME, CONDITIONS, needed=left + 1)
    with pytest.raises(PagetError, match="no candidates"):
        check_not_empty(FRAME.head(0), CONDITIONS)


def test_a_missing_column_is_told():
    """Candidates without a column that a condition needs."""
    with pytest.raises(PagetError, match="lacks a column"):
        mask(FRAME.drop("liver"), CONDITIONS)


MIX = (
    item(0.45, attribute="subtype", level="HR+/HER2-"),
    item(0.20, attribute="subtype", level="HR+/HER2+"),
    item(0.10, attribute="subtype", level="HR-/HER2+"),
    item(0.25, attribute="subtype", level="TNBC"),
    item(0.50, attribute="bone_only", level=True),
    item(0.35, attribute="age_years", below=50),
    item(0.40, attribute="age_years", at_least=50, below=65),
    item("not read", attribute="visceral", level=True),
)


def test_raking_reaches_all_margins():
    """Expected shares equal the targets exactly on the reference, and within sampling error on other
    candidates."""
    weights = fit_weights(FRAME, MIX)
    probability = acceptance_probability(FRAME, MIX, weights)
    assert probability.min() >= 0 and probability.max() == pytest.approx(1)
    assert probability.mean() == pytest.approx(weights.acceptance_share)
    for one in MIX[:-1]:
        holds = mask(FRAME, [one]).to_numpy()
        assert probability[holds].sum() / probability.sum() == pytest.approx(one.fraction, abs=1e-7), (
            one.text()
        )
    fresh = candidates(40_000, seed=2)
    chosen = fresh.filter(
        accept(fresh, MIX, weights, acceptance_uniforms(fresh["patient_id"].to_numpy(), seed=9))
    )
    table = compare(chosen, MIX)
    read = table.filter(pl.col("published").is_not_null())
    error = (read["published"] * (1 - read["published"]) / chosen.height).sqrt()
    assert (
        (read["difference"].abs() - 0.02) < 4 * error
    ).all()  # 0.02: cells of the reference are a sample too
    assert table["published"][-1] is None and table["simulated"][-1] > 0


def test_acceptance_is_a_matter_of_the_patient_alone():
    """Order, chunks and company of candidates change nobody's acceptance."""
    weights = fit_weights(FRAME, MIX)
    ids = FRAME["patient_id"].to_numpy()
    whole = accept(FRAME, MIX, weights, acceptance_uniforms(ids, seed=1))
    part = FRAME[1000:1200][::-1]
    chunk = accept(part, MIX, weights, acceptance_uniforms(part["patient_id"].to_numpy(), seed=1))
    assert chunk[::-1].tolist() == whole[1000:1200].tolist()


def test_no_mix_accepts_everybody():
    """Nothing to match: probability 1 for all."""
    unread = (item("not read", attribute="visceral", level=True),)
    weights = fit_weights(FRAME, unread)
    assert acceptance_probability(FRAME, unread, weights).tolist() == [1.0] * FRAME.height


def test_a_mix_that_is_there_costs_nothing():
    """Targets equal to the candidates' own shares: nearly everybody is accepted."""
    own = float(FRAME["bone"].mean())
    assert fit_weights(FRAME, (item(own, attribute="bone", level=True),)).acceptance_share > 0.9999


def test_levels_that_nobody_has_are_told():
    """A fraction of patients who do not occur cannot be matched."""
    frame = FRAME.filter(pl.col("subtype") != "TNBC")
    with pytest.raises(PagetError, match=r"nobody among .* subtype is TNBC"):
        fit_weights(frame, MIX)


def test_margins_that_contradict_are_told():
    """Solitary bone metastasis is bone only: more of the former than of the latter cannot be."""
    wrong = (item(0.6, attribute="solitary_bone", level=True), item(0.3, attribute="bone_only", level=True))
    with pytest.raises(PagetError, match="contradict one another"):
        fit_weights(FRAME, wrong)


def test_weights_belong_to_their_mix():
    """Weights of one mix are not used for another in silence."""
    weights = fit_weights(FRAME, MIX)
    with pytest.raises(ValueError, match="another baseline mix"):
        acceptance_probability(FRAME, MIX[:3], weights)


def test_varied_mix_takes_the_other_fractions():
    """The alternative of an assumption replaces it; what was read stays."""
    assumed = BaselineItem.model_validate(
        {
            "attribute": "bone",
            "level": True,
            "fraction": 0.6,
            "source": "assumed",
            "reason": "registry",
            "varied": {"fraction": 0.7, "reason": "another registry"},
        }
    )
    assert [one.fraction for one in varied((MIX[0], assumed))] == [0.45, 0.7]


def test_strata_are_levels_joined():
    """Labels in the order of the protocol; one label where there are no strata."""
    frame = pl.DataFrame(
        {"subtype": ["TNBC", "HR+/HER2+", None], "site_group": ["bone only", "other", "brain"]}
    )
    labels = stratum_labels(frame, ["hormone_receptor", "her2", "bone_only"])
    assert labels.to_list() == [
        "negative | negative | true",
        "positive | positive | false",
        "unknown | unknown | false",
    ]
    assert stratum_labels(frame, []).to_list() == ["all"] * 3
