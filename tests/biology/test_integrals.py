"""The exponential integral, its inverse, and what they are for: intensities along Gompertz growth."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special

from paget._jit import jit
from paget.biology.integrals import e1, e1_inverse, gompertz_arrival, gompertz_intensity

LOG_CAPACITY = math.log(1e12)


@jit
def fill_e1(x, out):
    for k in range(x.shape[0]):
        out[k] = e1(x[k])


@jit
def fill_inverse(y, out):
    for k in range(y.shape[0]):
        out[k] = e1_inverse(y[k])


def test_exponential_integral_equals_scipy():
    """E1 agrees with SciPy to 1e-12 relative from 1e-12 to 700, on both sides of the change of formula at 1."""
    x = np.concatenate([np.geomspace(1e-12, 700, 20_000), [np.nextafter(1, 0), 1.0, np.nextafter(1, 2)]])
    out = np.empty_like(x)
    fill_e1(x, out)
    np.testing.assert_allclose(out, special.exp1(x), rtol=1e-12)


def test_inverse_of_the_exponential_integral_returns_its_argument():
    """E1(inverse(y)) equals y by SciPy's E1, and inverse(E1(x)) equals x, to 1e-12 over all of the stated range."""
    y = np.geomspace(1.1e-26, 26.9, 20_000)
    x = np.empty_like(y)
    fill_inverse(y, x)
    np.testing.assert_allclose(special.exp1(x), y, rtol=1e-12)
    x = np.geomspace(2e-12, 55, 20_000)
    back = np.empty_like(x)
    fill_inverse(special.exp1(x), back)
    # d ln x = d ln E1 * E1 exp(x): conditioning is worst for small x, where E1 is flat in x
    np.testing.assert_allclose(back, x, rtol=1e-12 * (1 + 30 * np.exp(-x)).max())


@pytest.mark.parametrize("exponent", [0.3, 0.78, 1.0, 1.4])
@pytest.mark.parametrize("days", [200.0, 3_000.0, 20_000.0])
def test_intensity_along_growth_equals_numeric_quadrature(exponent, days):
    """The closed form of the integral of r (N/K)^a along Gompertz growth equals adaptive quadrature to 1e-9."""
    b, rate = 0.0004, 0.7
    closed = gompertz_intensity(LOG_CAPACITY * math.exp(-b * days), LOG_CAPACITY, exponent, rate, b)
    points = np.linspace(0, days, 60)
    numeric = sum(
        integrate.quad(
            lambda t: rate * math.exp(-exponent * LOG_CAPACITY * math.exp(-b * t)), low, high, epsabs=0, epsrel=1e-12
        )[0]
        for low, high in pairwise(points)
    )
    assert closed == pytest.approx(numeric, rel=1e-9)


def test_arrival_is_the_time_at_which_the_intensity_reaches_the_threshold():
    """Arrival inverts intensity for thresholds from 1e-9 to those reached only at capacity, where the rate is constant."""
    b, rate, exponent = 0.0006, 0.02, 0.78
    for threshold in (1e-9, 1e-6, 1e-3, 0.1, 1.0, 30.0, 300.0):
        days = gompertz_arrival(threshold, LOG_CAPACITY, exponent, rate, b)
        u = LOG_CAPACITY * math.exp(-b * days)
        assert gompertz_intensity(u, LOG_CAPACITY, exponent, rate, b) == pytest.approx(threshold, rel=1e-9)
    far = 2e4  # only at capacity
    first, later = (gompertz_arrival(far * k, LOG_CAPACITY, exponent, rate, b) for k in (1, 2))
    assert later - first == pytest.approx(far / rate, rel=1e-6)
    assert math.isfinite(later)
