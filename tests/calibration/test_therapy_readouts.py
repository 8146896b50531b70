"""Assures that over two thousand twins each therapy moves its read-outs as its evidence says, and that markers and cells read as placed."""

import dataclasses

import pytest

from paget.calibration.instruments import checks
from paget.calibration.therapies import SAME, Bench, Reading
from paget.therapy import library

LIBRARY = library()
READOUTS = [(name, k) for name, one in LIBRARY.agents.items() for k in range(len(one.readouts))]


@pytest.fixture(scope="module")
def bench():
    return Bench(twins=2000)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "k"), READOUTS, ids=[f"{name}-{k}" for name, k in READOUTS])
def test_each_therapy_moves_its_read_out_as_its_file_says(bench, name, k):
    """Against the comparator on the same women: better, worse or the same, beyond chance."""
    reading = bench.read(name, LIBRARY.therapies[name].readouts[k])
    assert reading.n >= 1300  # of 2000; second lines are those who reach one
    assert reading.low <= reading.difference <= reading.high
    assert reading.holds, reading


@pytest.mark.slow
def test_markers_and_cells_read_as_they_were_placed():
    """Numbers that set an instrument come back within what 19 relapses, or 150 patients, can tell; predictions are only reported."""
    found = checks()
    assert {one.check.role for one in found} == {"input", "prediction"}
    for one in found:
        assert 0.0 < one.simulated < 1.0
        if one.check.role == "input":
            assert one.simulated == pytest.approx(one.published, abs=0.1), one


def test_a_reading_holds_only_beyond_chance():
    """The interval decides: on the right side of zero, or the difference within what counts as the same."""
    better = LIBRARY.therapies["letrozole"].readouts[0]
    assert better.expect == "better"
    reading = Reading("x", better, 2000, 5.0, 4.0, 1.0, 0.2, 1.8)
    assert reading.holds and not dataclasses.replace(reading, low=-0.1).holds
    worse = better.model_copy(update={"expect": "worse"})
    assert not dataclasses.replace(reading, readout=worse).holds
    assert dataclasses.replace(reading, readout=worse, low=-1.8, high=-0.2).holds
    same = better.model_copy(update={"expect": "same"})
    assert dataclasses.replace(reading, readout=same).holds
    assert not dataclasses.replace(reading, readout=same, difference=SAME["progression"] + 0.1).holds
    fewer = better.model_copy(update={"endpoint": "new-colonies"})
    assert not dataclasses.replace(reading, readout=fewer).holds
    assert dataclasses.replace(reading, readout=fewer, low=-1.8, high=-0.2).holds


def test_regimens_that_lives_cannot_tell_apart_are_lived_once():
    """Same drugs by record, same courses, same maintenance are the same; another course or drug is not."""
    bench = Bench(twins=10)
    assert bench.same("vinorelbine") == bench.same("gemcitabine")
    assert bench.same("taxane") != bench.same("taxane-to-progression") != bench.same("docetaxel")
    assert bench.same("taxane") != bench.same("taxane-then-endocrine")
    assert bench.same("none") == "none" and bench.same(None) is None
