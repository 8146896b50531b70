"""Assures that adjuvant therapies move distant relapse of the same women as their files say, and that periods count those at risk."""

import dataclasses

import numpy as np
import pytest

from paget.calibration.adjuvant import EarlyBench, RelapseReading, Relapses
from paget.therapy import library

LIBRARY = library()
READOUTS = [(name, k) for name, one in LIBRARY.adjuvants.items() for k in range(len(one.adjuvant.readouts))]


@pytest.fixture(scope="module")
def bench():
    return EarlyBench()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "k"), READOUTS, ids=[f"{name}-{k}" for name, k in READOUTS])
def test_each_therapy_moves_relapse_as_its_file_says(bench, name, k):
    """Fewer relapses beyond chance, or about as many."""
    reading = bench.read(name, LIBRARY.therapies[name].adjuvant.readouts[k])
    assert reading.women == 10_000 and min(reading.given.events, reading.against.events) > 100
    assert reading.interval[0] < reading.ratio < reading.interval[1]
    assert reading.holds, reading


def test_every_file_is_read_out():
    """Each has a read-out in which it stands on one side."""
    assert {name for name, _ in READOUTS} == set(LIBRARY.adjuvants)
    for name, k in READOUTS:
        readout = LIBRARY.therapies[name].adjuvant.readouts[k]
        assert name in readout.given and set(readout.given) | set(readout.against) <= set(LIBRARY.adjuvants)


def test_a_period_counts_relapses_and_years_inside_it():
    """Three women: a relapse in year two, one in year seven, none in twelve years."""
    bench = EarlyBench(women=3)
    bench._lived[(), ()] = np.array([2.0, 7.0, 12.0]), np.array([True, True, False])
    assert bench.relapses((), (), (0, 5)) == Relapses(1, 2.0 + 5.0 + 5.0)
    assert bench.relapses((), (), (5, 10)) == Relapses(1, 2.0 + 5.0)
    assert bench.relapses((), (), (10, 15)) == Relapses(0, 2.0)


def test_a_reading_holds_only_beyond_chance():
    """Fewer means that the whole interval lies below 1; the same means near 1."""
    readout = LIBRARY.therapies["adjuvant-endocrine"].adjuvant.readouts[0]
    reading = RelapseReading("x", readout, 1000, Relapses(60, 1000.0), Relapses(100, 1000.0))
    assert reading.ratio == pytest.approx(0.6) and reading.interval == pytest.approx((0.436, 0.826), abs=1e-3)
    assert reading.holds and not dataclasses.replace(reading, given=Relapses(90, 1000.0)).holds
    same = readout.model_copy(update={"expect": "same"})
    assert not dataclasses.replace(reading, readout=same).holds
    assert dataclasses.replace(reading, readout=same, given=Relapses(90, 1000.0)).holds
