"""What tests of registries share: potential lives of a small block of the ``registry`` that a test file is about."""

import pytest
from registry_people import block

from paget.parameters import ParameterSet


@pytest.fixture(scope="module")
def real(registry):
    """Potential lives at the point values."""
    return block(registry, ParameterSet.point())


@pytest.fixture(scope="module")
def people(real):
    """Those of them who are drawn."""
    return real.filter("drawn")
