"""A stand-in for the model that costs nothing: a quadratic surface, its ridge chosen by leaving out each point in turn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PAIRS_OF = 12
"""Products are taken of so many of the most influential columns."""
RIDGES = 10.0 ** np.arange(-2.0, 5.01, 0.5)


@dataclass(frozen=True)
class Emulator:
    """A quadratic surface for each of several outputs.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Columns whose products are among the features.
    centre, scale : array
        Of the features.
    intercept, coefficients : array
    r2 : array
        Share of variance of each output that is predicted for points left out (negative: worse than their mean).
    noise : array
        Standard deviation of an output around the surface, by the points left out.
    """

    pairs: tuple[tuple[int, int], ...]
    centre: Array
    scale: Array
    intercept: Array
    coefficients: Array
    r2: Array
    noise: Array

    def __call__(self, z: Array) -> Array:
        """Outputs at some points: one row a point."""
        return np.asarray(self.intercept + (_features(np.atleast_2d(z), self.pairs) - self.centre) / self.scale @ self.coefficients)


def _features(z: Array, pairs: tuple[tuple[int, int], ...]) -> Array:
    products = [z[:, i] * z[:, j] for i, j in pairs]
    return np.column_stack([z, z**2, *products])


def emulate(z: Array, outputs: Array) -> Emulator:
    """Fit a surface to evaluated points.

    Parameters
    ----------
    z : array, points by columns
    outputs : array, points by outputs
        Finite numbers.
    """
    y = outputs if outputs.ndim == 2 else outputs[:, None]
    n = len(z)
    spread = np.maximum(z.std(axis=0)[:, None] * y.std(axis=0)[None, :], 1e-12)
    influence = np.abs((z - z.mean(axis=0)).T @ (y - y.mean(axis=0)) / n / spread).sum(axis=1)
    top = np.sort(np.argsort(-influence, kind="stable")[: min(PAIRS_OF, z.shape[1])])
    pairs = tuple((int(i), int(j)) for i, j in combinations(top, 2))
    x = _features(z, pairs)
    centre, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    u, s, vt = np.linalg.svd((x - centre) / scale, full_matrices=False)
    mean = y.mean(axis=0)
    rotated = u.T @ (y - mean)
    best = np.full(y.shape[1], np.inf)
    chosen = np.zeros(y.shape[1])
    for ridge in RIDGES:
        shrink = s**2 / (s**2 + ridge)
        hat = (u**2 * shrink).sum(axis=1) + 1.0 / n
        left_out = (y - mean - u @ (shrink[:, None] * rotated)) / np.maximum(1.0 - hat, 1e-6)[:, None]
        press = (left_out**2).mean(axis=0)
        better = press < best
        best, chosen = np.where(better, press, best), np.where(better, ridge, chosen)
    weights = s[:, None] / (s[:, None] ** 2 + chosen[None, :]) * rotated
    variance = np.maximum(y.var(axis=0), 1e-24)
    return Emulator(pairs, centre, scale, mean, vt.T @ weights, 1.0 - best / variance, np.sqrt(best))
