"""The exponential integral and its inverse: what makes the history before diagnosis free of time steps.

Along Gompertz growth, with ``u = ln(K/N)`` and ``u(t) = u0 exp(-b t)``, a hazard or founding rate ``r (N/N1)^a`` integrates to
``r (K/N1)^a / b * [E1(a u(t)) - E1(a u0)]``. Series below 1, continued fraction above (Abramowitz and Stegun 5.1.11, 5.1.22);
relative error below 1e-13, checked against SciPy in the tests.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from paget._jit import jit

EULER = 0.57721566490153286


@jit
def e1(x):
    """Exponential integral E1(x) for x > 0."""
    if x <= 1.0:
        total = -math.log(x) - EULER
        term = -1.0
        for n in range(1, 30):
            term *= -x / n
            total += term / n
            if abs(term) < 1e-17:
                break
        return total
    if x > 700.0:
        return 0.0
    # modified Lentz
    b = x + 1.0
    c = 1e300
    d = 1.0 / b
    h = d
    for n in range(1, 200):
        a = -float(n * n)
        b += 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        step = c * d
        h *= step
        if abs(step - 1.0) < 1e-15:
            break
    return h * math.exp(-x)


def _inverse_table() -> np.ndarray[Any, Any]:
    # ln x on a uniform grid of ln E1(x): a start for Newton that is good to five digits
    log_x = np.linspace(math.log(1e-12), math.log(710.0), 60_001)
    x = np.exp(log_x)
    small, large = x[x <= 1.0], x[x > 1.0]
    series, term = -np.log(small) - EULER, -np.ones_like(small)
    for n in range(1, 30):
        term = term * -small / n
        series = series + term / n
    tail = np.zeros_like(large)  # continued fraction from the far end
    for n in range(400, 0, -1):
        tail = n / (1.0 + n / (large + tail))
    log_e1 = np.concatenate([np.log(series), -large - np.log(large + tail)])
    grid = TABLE_LOW + np.arange(TABLE_SIZE) * TABLE_STEP
    table: np.ndarray[Any, Any] = np.interp(-grid, -log_e1, log_x)
    return table


TABLE_LOW, TABLE_STEP, TABLE_SIZE = -60.0, 0.02, 3164
TABLE = _inverse_table()


@jit
def e1_inverse(y):
    """The x > 0 with E1(x) = y, for 1e-26 < y < 27 (Newton on ln E1 from a tabulated start; two steps suffice)."""
    log_y = math.log(y)
    at = (log_y - TABLE_LOW) / TABLE_STEP
    cell = min(max(int(at), 0), TABLE_SIZE - 2)
    x = math.exp(TABLE[cell] + (at - cell) * (TABLE[cell + 1] - TABLE[cell]))
    for _ in range(6):
        value = e1(x)
        # d ln E1 / d ln x = -exp(-x) / E1
        step = (math.log(value) - log_y) * value * math.exp(x)
        x *= 1.0 + step
        if abs(step) < 1e-7:  # convergence is quadratic: the next step would be below 1e-14
            break
    return x


@jit
def gompertz_intensity(u, u0, exponent, rate_at_capacity, b):
    """Integral of ``rate_at_capacity * (N/K)^exponent`` while ln(K/N) fell from ``u0`` to ``u`` at Gompertz rate ``b``."""
    return rate_at_capacity / b * (e1(exponent * u) - e1(exponent * u0))


@jit
def gompertz_arrival(threshold, u0, exponent, rate_at_capacity, b):
    """Time at which that integral, begun at ``u0``, reaches a threshold (days since ``u0``)."""
    target = threshold * b / rate_at_capacity + e1(exponent * u0)
    if target > 25.0:  # ln(K/N) would be below 1e-11: the tumour is at capacity, where the rate is constant
        return math.log(u0 / 1e-11) / b + (target - 25.0) / b
    return math.log(u0 * exponent / e1_inverse(target)) / b
