"""Death: hazards integrated to thresholds, causes in proportion, the life table, and organs that kill."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from paget._jit import jit
from paget.biology.advance import age_hazards
from paget.biology.death import background_hazard, cancer_hazard, integrated, time_of
from paget.biology.layout import BONE, BRAIN, BREAST, LIVER, LUNG
from paget.biology.patient import PATIENT
from paget.biology.state import BODY, DRUGS
from paget.parameters import INDEX_LABELS, declared
from paget.randomness import exponential

HAZARD = st.floats(1e-9, 10)


@given(HAZARD, HAZARD, st.floats(0.001, 400), st.floats(0.001, 0.999))
def test_time_of_inverts_the_integral(before, after, days, share):
    """The hazard integrated to the time found for a threshold is that threshold, wherever in the step it lies."""
    threshold = share * integrated(before, after, days)
    when = time_of(threshold, before, after, days)
    assert 0 <= when <= days
    there = before * (after / before) ** (when / days)
    assert integrated(before, there, when) == pytest.approx(threshold, rel=1e-5, abs=1e-12)


@given(st.floats(0, 2), st.floats(0.01, 100), st.floats(0.01, 0.99), st.booleans())
def test_time_of_inverts_the_integral_from_or_to_zero(hazard, days, share, rises):
    """A hazard that starts or ends at zero runs linearly, and is inverted as such."""
    before, after = (0.0, hazard) if rises else (hazard, 0.0)
    threshold = share * integrated(before, after, days)
    when = time_of(threshold, before, after, days)
    if hazard == 0:
        return
    there = before + (after - before) * when / days
    assert 0.5 * (before + there) * when == pytest.approx(threshold, rel=1e-6, abs=1e-12)


@given(HAZARD, HAZARD, st.floats(0.1, 100))
def test_integral_equals_quadrature(before, after, days):
    """The integral of a hazard that runs exponentially between its ends equals quadrature."""
    numeric = integrate.quad(lambda t: before * (after / before) ** (t / days), 0, days, epsrel=1e-10, limit=200)[0]
    assert integrated(before, after, days) == pytest.approx(numeric, rel=1e-6)


@jit
def die(seed, p, age, step, who, body, drugs, days, causes):
    """Let patients with a constant burden live to death in steps; at the age given the life table has ended and is constant."""
    for k in range(days.shape[0]):
        who[0].age = age
        who[0].comorbidity = 0
        body[0].day = 0.0
        body[0].hazard, body[0].visceral = cancer_hazard(body[0].burden, p[0])
        body[0].background = background_hazard(age, 0, p[0])
        body[0].cancer_left = exponential(seed, k, np.uint64(0), 10, 0)
        body[0].other_left = exponential(seed, k, np.uint64(0), 10, 1)
        causes[k] = 0
        while causes[k] == 0 and body[0].day < 1e6:
            when, cause = age_hazards(p[0], who[0], body[0], drugs[0], step)
            if when < math.inf:
                days[k] = body[0].day + when
                causes[k] = cause
            else:
                body[0].day += step


@pytest.mark.parametrize("step", [7.0, 91.0, 3_000.0])
def test_constant_hazards_give_exponential_survival_and_proportional_causes(point, step):
    """Under two constant hazards survival is exponential with their sum and causes fall in proportion, whatever the step."""
    n = 8_000
    body, who = np.zeros(1, BODY), np.zeros(1, PATIENT)
    body["burden"][0, BONE] = point["lethal_burden_cm3"][BONE]
    days, causes = np.zeros(n), np.zeros(n, np.int64)
    die(np.uint64(3), point.record, 150.0, step, who, body, np.zeros(1, DRUGS), days, causes)
    cancer = point["lethal_hazard_per_year"] / 365.25
    other = background_hazard(150.0, 0, point.record[0])
    assert stats.kstest(days * (cancer + other), "expon").pvalue > 1e-3
    share = cancer / (cancer + other)
    assert (causes == 1).mean() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n))


def test_background_hazard_reproduces_the_annual_probabilities_of_the_life_table(point):
    """At each age of the table the hazard gives its annual probability; between them it lies between; comorbidity multiplies."""
    record, table = point.record[0], point["background_death_per_year"]
    for k, probability in enumerate(table[:-1]):
        age = 30.0 + 5 * k
        hazard = background_hazard(age, 0, record)
        assert 1 - math.exp(-365.25 * hazard) == pytest.approx(probability, rel=1e-9)
        middle = background_hazard(age + 2.5, 0, record)
        assert hazard < middle < background_hazard(age + 5, 0, record)
        assert background_hazard(age, 2, record) == pytest.approx(
            hazard * math.exp(2 * point["background_comorbidity_log"]), rel=1e-9
        )
    assert background_hazard(100.0, 0, record) == pytest.approx(background_hazard(120.0, 0, record), rel=1e-9)


def test_life_table_is_the_one_in_the_evidence(point):
    """The annual probabilities in use are those of the female life table among the facts, age by age."""
    from paget.evidence import load

    (source,) = declared()["background_death_per_year"].sources
    (table,) = (result for result in load()[source].results if result.endpoint == "annual-death-probability")
    ages = [float(age) for age in INDEX_LABELS["age"]]
    assert dict(table.pairs) == dict(zip(ages, point["background_death_per_year"], strict=True))


def test_organs_kill_in_the_order_of_their_lethal_scales(point):
    """The same burden kills fastest in the brain, then liver, lung, bone; at its lethal scale each gives the one hazard."""
    record = point.record[0]
    hazards = {}
    for place in (BRAIN, LIVER, LUNG, BONE):
        burden = np.zeros(8)
        burden[place] = 30.0
        hazards[place], visceral = cancer_hazard(burden, record)
        assert visceral == (0.0 if place == BONE else hazards[place])
        burden[place] = point["lethal_burden_cm3"][place]
        assert cancer_hazard(burden, record)[0] * 365.25 == pytest.approx(point["lethal_hazard_per_year"], rel=1e-12)
    assert hazards[BRAIN] > hazards[LIVER] > hazards[LUNG] > hazards[BONE]


def test_burdens_of_organs_add_and_the_primary_counts_by_its_switch(point):
    """Hazards of organs add up; without local progression the breast adds nothing; an empty body has no hazard."""
    burden = np.zeros(8)
    assert cancer_hazard(burden, point.record[0]) == (0.0, 0.0)
    burden[BONE], burden[BREAST] = 100.0, 50.0
    both = cancer_hazard(burden, point.record[0])[0]
    alone = cancer_hazard(burden, point.with_switches({"local_progression": 0.0}).record[0])[0]
    burden[BREAST] = 0.0
    assert alone == cancer_hazard(burden, point.record[0])[0] < both
