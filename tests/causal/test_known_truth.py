"""On data with a known effect, every estimator gives R's row within Monte-Carlo error, and intervals cover.

The full-size run is ``python -m benchmarks causal``.
"""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks/ is not installed

from benchmarks.causal import IN_R, PATIENTS, R_SAMPLES, analyses, expects_one, run

from paget.analysis.causal.benchmark import SCENARIOS, generate

REPLICATES, PATIENTS_HERE = 24, 1500
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scenario", IN_R)
def test_rows_of_the_benchmark(scenario):
    """Rows of R within 3.5 standard errors of both runs; 1 where 1 is right; coverage not below what chance allows."""
    found = run(scenario, REPLICATES, seed=2, patients=PATIENTS_HERE)
    for place, (name, (logs, covers)) in enumerate(found.items()):
        spread = float(logs.std(ddof=1))
        if place < len(IN_R[scenario]):
            error = spread * math.sqrt(1 / REPLICATES + PATIENTS_HERE / PATIENTS[scenario] / R_SAMPLES[scenario])
            assert abs(logs.mean() - math.log(IN_R[scenario][place])) < 3.5 * error, name
        if expects_one(scenario, name):
            assert abs(logs.mean()) < 3.5 * spread / math.sqrt(REPLICATES), name
            assert covers.sum() >= 18, name  # of 24: fewer has probability 0.0005 at a coverage of 0.95
    assert place + 1 == len(analyses(scenario))


def test_the_rows_can_fail():
    """Scenarios are not interchangeable: the naive row of one is not that of another."""
    assert IN_R["C"][0] < IN_R["E"][0] < IN_R["B"][0] < IN_R["A"][0] < 1


def test_the_generator_is_what_it_says():
    """Shares treated as in R; counter-based draws; the hidden trait lengthens or shortens life as told."""
    for name, share in (("A", 0.26), ("B", 0.26), ("C", 0.28), ("E", 0.20)):
        data = generate(SCENARIOS[name], 20_000, 1, 3)
        assert data.n_treated / len(data) == pytest.approx(share, abs=0.012)
        again = generate(SCENARIOS[name], 20_000, 1, 3)
        assert np.array_equal(data.months, again.months)
        assert not np.array_equal(data.months, generate(SCENARIOS[name], 20_000, 1, 4).months)
    high = data.covariates["u"] > 1
    assert np.median(data.months[high]) < np.median(data.months[~high])
