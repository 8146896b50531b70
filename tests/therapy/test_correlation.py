"""Assures the correlation of lesions within a patient: from two rates to a spread and back, and against simulated patients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paget.therapy.correlation import by_patient, lesion_numbers, marginal, median_logit, patient_sd


def test_independent_lesions_multiply():
    """Without a spread between patients, the generating function of one plus a Poisson number."""
    assert by_patient(0.7, 0.0, 2.5) == pytest.approx(0.7 * np.exp(1.5 * (0.7 - 1.0)))
    assert by_patient(0.7, 0.0, 1.0) == pytest.approx(0.7)
    assert patient_sd(0.7, 0.7 * np.exp(-0.45) - 0.05, 2.5) == 0.0  # worse than independent: no spread makes it so


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.0, 3.0), st.floats(1.0, 8.0))
def test_spread_comes_back_from_the_rates_it_makes(rate, sd, mean):
    """patient_sd inverts by_patient; the rate by lesion stays what it was."""
    assert marginal(median_logit(rate, sd), sd) == pytest.approx(rate, abs=1e-9)
    whole = by_patient(rate, sd, mean)
    assert rate * np.exp((mean - 1) * (rate - 1)) - 1e-9 <= whole <= rate + 1e-9
    if mean > 1.2 and sd > 0.2:
        assert patient_sd(rate, whole, mean) == pytest.approx(sd, abs=1e-3)


def test_pooled_rates_of_electrochemotherapy_come_out_of_simulated_patients():
    """Patients drawn with the derived spread have the published rates by lesion and by patient."""
    sd = patient_sd(0.619, 0.462, 1.894)
    rng = np.random.default_rng(3)
    n = 1 + rng.poisson(0.894, 300_000)
    p = 1 / (1 + np.exp(-(median_logit(0.619, sd) + sd * rng.normal(size=n.size))))
    hits = rng.binomial(n, p)
    assert np.average(p) == pytest.approx(0.619, abs=0.003)
    assert np.mean(hits == n) == pytest.approx(0.462, abs=0.004)


def test_numbers_of_lesions_are_a_distribution():
    """At least one lesion each, with the mean asked for."""
    shares = lesion_numbers(3.2)
    assert shares[0] == 0.0 and shares.sum() == pytest.approx(1.0)
    assert shares @ np.arange(shares.size) == pytest.approx(3.2)


def test_a_patient_cannot_do_better_than_a_lesion():
    with pytest.raises(ValueError, match="better than one lesion"):
        patient_sd(0.5, 0.6, 2.0)
