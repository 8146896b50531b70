"""Assures that the three versions of the benchmark's reduced model are versions of one model."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks/ is not installed

from benchmarks.reduced import floor, kernel, plain_numpy, with_simpy
from benchmarks.reduced.agreement import LIMIT, Estimate, differences, distance, join

pytestmark = pytest.mark.slow  # the kernel is compiled anew, whatever is cached


def test_versions_agree_within_monte_carlo_error():
    """Kernel, NumPy (both ways of drawing) and SimPy give the same five outputs within four standard errors."""
    reference = kernel.run(4000, seed=11)
    others = {
        "named": plain_numpy.run(1500, seed=12),
        "sequential": plain_numpy.run_sequential(1500, seed=13),
        "simpy": with_simpy.run(150, seed=14),
    }
    for name, result in others.items():
        apart = differences(reference, result)
        assert max(abs(z) for z in apart.values()) < LIMIT, (name, apart)


def test_agreement_can_fail():
    """Halving a version's lesions is seen."""
    reference, other = kernel.run(4000, seed=11), kernel.run(4000, seed=12)
    assert abs(differences(reference, other)["live lesions summed over steps, mean"]) < LIMIT
    halved = type(other)(other.death_step, other.found_step, other.founded, other.lesion_steps // 2)
    assert abs(differences(reference, halved)["live lesions summed over steps, mean"]) > LIMIT
    assert distance(Estimate(1.0, 0.3), Estimate(0.0, 0.4)) == pytest.approx(2.0)


def test_kernel_repeats_and_replays():
    """A patient of the kernel is the same alone as among others; so is one of NumPy with named draws in another batch."""
    many = kernel.counts(50, seed=3)
    np.testing.assert_array_equal(kernel.counts(1, seed=3, first=31)[0], many[31])
    whole = plain_numpy.run(60, seed=3)
    part = plain_numpy.run(20, seed=3)
    np.testing.assert_array_equal(whole.death_step[:20], part.death_step)
    assert join([part, part]).death_step.size == 40


def test_floor_runs_the_counted_calls():
    """The floor takes the kernel's rows, and its work grows with them."""
    rows = kernel.counts(5, seed=3)
    assert np.isfinite(floor.run(rows))
    assert floor.run(rows) != floor.run(rows[:2])
