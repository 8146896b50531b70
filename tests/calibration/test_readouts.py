"""Readouts equal what can be computed by hand or in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paget.calibration.cohorts import Cohort, Setting, metastatic
from paget.calibration.conditions import matching
from paget.calibration.readouts import (
    hazard_ratio,
    many_circulating,
    median,
    peak,
    rate,
    response,
    risk,
    share,
    survival,
    times,
)
from paget.errors import PagetError
from paget.parameters import ParameterSet

GENERATOR = np.random.default_rng(1)


def made(n: int, **columns) -> Cohort:
    base = {"id": np.arange(n), "nodes": np.zeros(n, int), "cause": np.ones(n, int), "progressed": np.ones(n, bool)}
    return Cohort(base | columns, visit_months=2.0)


def test_risk_and_rate_of_a_constant_hazard_are_its_closed_form():
    n, hazard = 40_000, 0.05
    relapse, death = GENERATOR.exponential(1 / hazard, n), GENERATOR.exponential(1 / 0.02, n)
    years = np.minimum(np.minimum(relapse, death), 25.0)
    event = np.where(years == 25.0, 0, np.where(relapse < death, 1, 2))
    cohort = made(n, years=years, event=event)
    for low, high in ((0, 5), (5, 15)):
        found = risk(cohort, (low, high))
        assert abs(found.value - (1 - math.exp(-hazard * (high - low)))) < 4 * found.se
        assert abs(rate(cohort, (low, high)).value - hazard) < 4 * rate(cohort, (low, high)).se
    both = risk(cohort, (0, 5), deaths_count=True)
    assert abs(both.value - (1 - math.exp(-0.07 * 5))) < 4 * both.se


def test_de_novo_patients_are_never_at_risk_of_relapse():
    cohort = made(4, years=np.array([0.0, 3.0, 25.0, 25.0]), event=np.array([-1, 1, 0, 0]))
    assert risk(cohort, (0, 5)).value == pytest.approx(1 / 3)


def test_a_peak_is_found_where_it_is_and_not_found_in_a_falling_hazard():
    bump = np.clip(GENERATOR.normal(1.75, 0.5, 60_000), 0.01, None)
    mixed = np.concatenate([bump, np.full(20_000, 25.0)])
    event = np.where(mixed < 25.0, 1, 0)
    found = peak(made(len(mixed), years=mixed, event=event), (3, 40))
    assert found.value == pytest.approx(24.0, abs=9.0)  # the hazard of a bump peaks a little after its density
    falling = np.minimum(GENERATOR.exponential(2.0, 80_000) ** 2, 25.0)
    assert math.isnan(peak(made(80_000, years=falling, event=(falling < 25.0).astype(int)), (40, 110)).value)


def test_survival_of_cancer_censors_other_deaths():
    death, cause = np.array([1.0, 2.0, 3.0, np.inf]), np.array([2, 1, 1, 0])
    cohort = made(4, death=death, cause=cause)
    assert survival(cohort, 2.5).value == 0.5
    assert survival(cohort, 2.5, of_cancer=True).value == pytest.approx(2 / 3)


def test_medians_with_women_still_alive():
    cohort = made(5, death=np.array([1.0, 2.0, 3.0, np.inf, np.inf]))
    assert median(cohort, "death").value == 3.0


def test_progression_is_spread_over_the_visit_interval_and_never_after_death():
    n = 1_000
    cohort = made(n, progression=np.full(n, 6.0), death=np.full(n, 6.5))
    spread = times(cohort, "progression")
    assert spread.min() >= 5.0 and spread.max() <= 6.5
    assert np.median(spread) == pytest.approx(6.0, abs=0.02)


def test_hazard_ratio_of_exponential_lives_is_the_ratio_of_their_hazards():
    n = 20_000
    group = np.arange(n) % 2
    cohort = made(n, colonies=group, death=GENERATOR.exponential(np.where(group == 1, 10.0, 20.0)))
    found = hazard_ratio(cohort, versus={"colonies": 1})
    assert abs(math.log(found.value / 2.0)) < 4 * found.se / found.value
    flipped = hazard_ratio(cohort.only(group == 0), control=cohort.only(group == 1))
    assert flipped.value == pytest.approx(1 / found.value, rel=1e-6)


def test_response_counts_only_measurable_disease_unless_told():
    codes = np.array([1, 2, 3, 5, 4, 4])  # CR PR SD PD and two without target lesions
    cohort = made(6, response=codes)
    assert response(cohort).value == 0.5
    assert response(cohort, measurable=False).value == pytest.approx(1 / 3)


def test_share_with_many_circulating_cells_is_a_poisson_tail():
    expected = np.array([0.0, 2.0, 5.0, 1e3])
    by_hand = [1.0 - sum(math.exp(-m) * m**k / math.factorial(k) for k in range(5)) for m in expected]
    assert many_circulating(made(4, ctc=expected)).value == pytest.approx(np.mean(by_hand), abs=1e-12)


def test_conditions_pick_whom_they_say_and_refuse_what_they_do_not_know():
    cohort = Cohort({"id": np.arange(6), "nodes": np.array([0, 1, 3, 4, 9, 12]), "cm": np.linspace(0.5, 5.5, 6)})
    assert matching(cohort, {"nodes": "N1-3"}).tolist() == [False, True, True, False, False, False]
    assert matching(cohort, {"nodes": "N4-9", "cm": [None, 4.0]}).tolist() == [False, False, False, True, False, False]
    assert matching(cohort, {"every": 3}).tolist() == [True, True, True, True, True, True]
    assert share(cohort, {"any_of": [{"nodes": "N0"}, {"cm": [5.0, None]}]}).value == pytest.approx(2 / 6)
    for where, told in (
        ({"node": "N0"}, "no condition"), ({"nodes": "N7"}, "no nodal status"), ({"cm": 3}, "not a pair"),
        ({"subtype": "HER3"}, "no column"), ({"organ": "spleen"}, "no organ"),
    ):  # fmt: skip
        with pytest.raises(PagetError, match=told):
            matching(cohort, where)


def test_a_mix_that_is_cut_short_keeps_the_shares_of_the_whole():
    """Shares of one population, whether all are lived or the first few; relapses that nobody saw count as asked for."""
    setting = Setting(ParameterSet.point(), 3000, 5)
    whole = metastatic(setting, share=1.0)
    few = metastatic(setting, at_most=120, de_novo_at_most=150)
    expected, error = whole["metastatic"].mean(), np.sqrt(0.19 / len(few))
    assert len(few) < len(whole) and abs(few["metastatic"].mean() - expected) < 3 * error
    assert set(few["id"]) == set(whole["id"][whole["id"] <= few["id"].max()])
