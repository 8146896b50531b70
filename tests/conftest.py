"""Shared by all tests of the simulation: the shipped parameters, and some patients grown to diagnosis once."""

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("paget", deadline=None)  # the first call of a kernel may compile it
settings.load_profile("paget")


@pytest.fixture(scope="session")
def point():
    """The shipped parameter values."""
    from paget.parameters import ParameterSet

    return ParameterSet.point()


@pytest.fixture(scope="session")
def early_and_late(point):
    """Patient records of the first 20 000 natural histories of seed 11, at diagnosis."""
    from paget.population.diagnose import diagnose

    return diagnose(0, 20_000, point, seed=11)


@pytest.fixture(scope="session")
def stage_four(early_and_late):
    """Numbers of the patients among them whom staging finds metastatic (about 1 200)."""
    return np.ascontiguousarray(early_and_late["id"][early_and_late["metastatic"] == 1])
