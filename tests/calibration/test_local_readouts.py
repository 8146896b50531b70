"""Assures that over two thousand twins each local therapy does to lesions what its file says, and nothing to those who are refused."""

import dataclasses

import numpy as np
import pytest

from paget.calibration.local_twins import LocalBench, Mean, _mean
from paget.therapy import library
from paget.therapy.local import REFUSALS

LOCALS = library().locals
FEW = {"chest-wall-resection", "liver-resection"}
"""Forbidden by their files in most women with metastases: disease elsewhere."""


@pytest.fixture(scope="module")
def bench():
    return LocalBench()


@pytest.mark.slow
@pytest.mark.parametrize("name", LOCALS)
def test_each_local_therapy_moves_its_read_out_as_its_file_says(bench, name):
    """Less tumour beyond chance, lesions as the curves say; whoever is refused is told a reason of her file and is not touched."""
    reading = bench.read(name)
    assert reading.holds, reading
    assert 1900 <= reading.treated + sum(reading.refused.values()) <= 2000
    assert reading.treated >= (50 if name in FEW else 1000)
    assert reading.untouched and set(reading.refused) <= set(REFUSALS)
    limits = LOCALS[name].local.limits
    allowed = {"ECOG", "nothing to treat"} | ({"number of lesions"} if limits.max_lesions else set())
    allowed |= ({"size of a lesion"} if limits.max_cm else set()) | (set() if limits.elsewhere else {"disease elsewhere"})
    assert set(reading.refused) <= allowed
    for got, file in ((reading.eradicated, reading.eradicated_by_file), (reading.responded, reading.responded_by_file)):
        assert got.low <= got.value <= got.high
        assert abs(got.value - file) < 4.0 * got.error + 0.02, reading


def test_a_reading_holds_only_beyond_chance():
    """Less is left where the whole interval lies below what the untreated twin has."""
    bench = LocalBench(twins=40)
    reading = bench.read("sirt")
    assert reading.treated <= 40 and reading.holds
    assert not dataclasses.replace(reading, left=Mean(0.9, 0.7, 1.1)).holds


def test_lesions_of_one_woman_count_together():
    """Two women with two like lesions each tell as much as two lesions do."""
    values = np.array([1.0, 1.0, 0.0, 0.0])
    alone, together = _mean(values, np.arange(4)), _mean(values, np.array([7, 7, 9, 9]))
    assert alone.value == together.value == 0.5
    assert alone.error == pytest.approx(0.25) and together.error == pytest.approx(0.5 / np.sqrt(2))
