"""Assures curves of control by diameter, modifiers, dose and survivors, each against what it was made from."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from quantities_at_hand import q, share
from scipy.special import ndtr

from paget.therapy.curves import Classes, Hazard, Points, SizeClass, Sizes
from paget.therapy.dose import DoseResponse, Doses
from paget.therapy.modifiers import Modifier, combinations, component, effective
from paget.therapy.survivors import PARTIAL_LOG, GivenSurvivors, SurvivorsFromResponse

SIZES = Sizes(median_cm=q(1.8), sd_log=q(0.6))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 0.95), st.floats(0.1, 0.9))
def test_classes_average_to_the_published_rates(small, ratio):
    """Over simulated lesions the curve has the rate of each class."""
    both = (SizeClass(to_cm=3, control=share(small)), SizeClass(from_cm=3, control=share(small * ratio)))
    curve = Classes(kind="classes", classes=both, sizes=SIZES)
    d = 1.8 * np.exp(0.6 * np.random.default_rng(4).normal(size=100_000))
    assert curve.at(d[d < 3]).mean() == pytest.approx(small, abs=0.006)
    assert curve.at(d[d >= 3]).mean() == pytest.approx(small * ratio, abs=0.006)
    assert (np.diff(curve.at(np.linspace(0.2, 9, 50))) < 0).all()


def test_classes_need_two_rates_or_a_steepness():
    with pytest.raises(ValidationError, match="do not determine a curve"):
        Classes(kind="classes", classes=(SizeClass(control=share(0.5)),), sizes=SIZES)


def test_a_hazard_ratio_multiplies_the_hazard_of_failure():
    curve = Hazard(kind="hazard", free=share(0.761), at_cm=q(2.89), ratio_per_cm=q(1.305))
    hazard = -np.log(curve.at(np.array([1.89, 2.89, 3.89])))
    assert hazard[1:] / hazard[:-1] == pytest.approx([1.305, 1.305])
    assert curve.at(np.array([2.89]))[0] == pytest.approx(0.761)


def test_points_must_rise_in_diameter():
    with pytest.raises(ValidationError, match="not a curve"):
        Points(kind="points", cm=(2.0, 1.0), control=(share(0.9), share(0.5)))


VESSEL = Modifier(name="vessel", what="x", share=share(0.179), hazard_ratio=q(2.2))
THIN = Modifier(name="thin", what="x", share=share(0.55), hazard_ratio=q(14.6))


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 0.99))
def test_components_average_to_the_mixture(mixture):
    """Lesions with and without each modifier, by their shares, make the published curve; each modifier multiplies the hazard."""
    whole, both = np.array([mixture]), (VESSEL, THIN)
    parts = {present: component(whole, both, present)[0] for present, _, _ in combinations(both)}
    average = sum(weight * parts[present] for present, weight, _ in combinations(both))
    assert average == pytest.approx(mixture, abs=1e-9)
    assert math.log(parts[True, False]) / math.log(parts[False, False]) == pytest.approx(2.2)


def test_an_avoided_modifier_leaves_the_lesions_that_it_does_not_touch():
    """Microwave's curve is radiofrequency's away from vessels, still averaged over margins."""
    whole = np.array([0.7])
    away = effective(whole, (VESSEL.model_copy(update={"avoided": True}), THIN))[0]
    by_hand = 0.45 * component(whole, (VESSEL, THIN), (False, False))[0] + 0.55 * component(whole, (VESSEL, THIN), (False, True))[0]
    assert away == pytest.approx(by_hand) and away > 0.7
    assert effective(whole, (VESSEL, THIN))[0] == 0.7


def cohort(**changes):
    return DoseResponse(**{
        "response": share(0.77),
        "responders": Doses(median_gy=q(167), lower_quartile_gy=q(96), upper_quartile_gy=q(217)),
        "non_responders": Doses(median_gy=q(54), lower_quartile_gy=q(45), upper_quartile_gy=q(62)),
        **changes,
    })  # fmt: skip


def test_dose_response_returns_the_cohort():
    """Share of responders and mean log dose among responders are those of the cohort; more dose, more response."""
    dose = cohort()
    d, w = dose.doses()
    p = dose.at(d)
    assert w @ p == pytest.approx(0.77, abs=1e-9)
    assert (w * p) @ np.log(d) / 0.77 == pytest.approx(math.log(167), abs=1e-3)
    assert dose.expected(0.7) < dose.expected(1.0) < dose.expected(1.3)
    assert 54 < dose.half_gy < 96


def test_dose_response_equals_statsmodels():
    """The regression against an independent implementation."""
    import statsmodels.api as sm

    dose = cohort()
    d, w = dose.doses()
    yes = np.arange(d.size) < d.size // 2
    fit = sm.GLM(yes.astype(float), sm.add_constant(np.log(d)), family=sm.families.Binomial(), freq_weights=1000 * w).fit()
    assert dose.steepness == pytest.approx(fit.params[1], rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 0.8), st.floats(0.02, 0.1), st.floats(0.05, 0.1))
def test_survivors_return_the_rates_of_response(eradicated, more_complete, more_objective):
    """Complete and objective response come out of the surviving shares that they gave."""
    complete, objective = eradicated + more_complete, eradicated + more_complete + more_objective
    left = SurvivorsFromResponse(kind="response", objective=share(objective), typical_cm=q(2.0), seen_from_cm=q(0.25))
    mean, sd = left.log_normal(complete, eradicated)
    alive = 1 - eradicated
    assert eradicated + alive * ndtr((PARTIAL_LOG - mean) / sd) == pytest.approx(objective)
    assert eradicated + alive * ndtr((3 * math.log(0.125) - mean) / sd) == pytest.approx(complete)


def test_survivors_that_contradict_the_rates_are_refused():
    left = SurvivorsFromResponse(kind="response", objective=share(0.4), typical_cm=q(2.0), sd_log=q(1.0))
    with pytest.raises(ValueError, match="between eradication"):
        left.log_normal(0.5, 0.5)
    with pytest.raises(ValidationError, match="not a share"):
        GivenSurvivors(kind="given", median_share=q(2.0), sd_log=q(1.0))
