"""Performance status: what makes it worse, and what the clinic sees of it."""

import math

import numpy as np
import pytest

from paget._jit import jit
from paget.biology.patient import PATIENT
from paget.biology.state import BODY
from paget.clinic.performance import observed_ecog, performance_score


@jit
def score(who, body, cytotoxic, p):
    return performance_score(who[0], body[0], cytotoxic, p[0])


@jit
def fill_ecog(seed, who, body, p, out):
    for visit in range(out.shape[0]):
        out[visit] = observed_ecog(seed, who[0], body[0], 0, visit, p[0])


@pytest.fixture
def patient():
    who, body = np.zeros(1, PATIENT), np.zeros(1, BODY)
    who["age"] = 60.0
    return who, body


@pytest.mark.parametrize(
    ("what", "change"), [("age", 20.0), ("comorbidity", 2), ("hazard", 1 / 365.25), ("drugs", 1), ("day", 3650)]
)
def test_age_illness_and_toxicity_worsen_performance(patient, point, what, change):
    """Each of age, comorbidity, burden and cytotoxic therapy raises the score; nothing else was changed."""
    who, body = patient
    record = point.record
    before = score(who, body, 0, record)
    assert before == pytest.approx(point["ecog_base"])
    if what in ("age", "comorbidity"):
        who[what] += change
    elif what in ("hazard", "day"):
        body[what] += change
    assert score(who, body, 1 if what == "drugs" else 0, record) > before


def test_clinic_sees_performance_with_error_and_within_its_scale(patient, point):
    """Seen without error ECOG is the floor of the score; with error it scatters around it; it stays between 0 and 4."""
    who, body = patient
    who["age"], who["comorbidity"], body["hazard"] = 70.0, 2, 1.2 / 365.25
    out = np.zeros(3_000, np.int64)
    fill_ecog(np.uint64(1), who, body, point.with_switches({"measurement_error": 0.0}).record, out)
    true = score(who, body, 0, point.record)
    assert set(out) == {math.floor(true)}
    fill_ecog(np.uint64(1), who, body, point.record, out)
    assert len(set(out)) > 1
    assert out.mean() + 0.5 == pytest.approx(true, abs=0.1)
    for hazard, low, high in ((0.0, 0, 1), (1e3, 4, 4)):
        body["hazard"], who["age"], who["comorbidity"] = hazard, 20.0 if hazard == 0 else 90.0, 0
        fill_ecog(np.uint64(1), who, body, point.record, out)
        assert low <= out.min() <= out.max() <= high
