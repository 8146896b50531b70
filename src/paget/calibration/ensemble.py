"""Ensemble smoother with multiple data assimilation (ES-MDA, Emerick and Reynolds 2013), on a scale where the prior is standard normal.

The data are taken in several times, each time with their error inflated by alpha, with 1/alpha summing to one: for a linear model and
normal errors that is the posterior itself, and a curved model is followed in small steps. Each step moves member j by

    z_j <- z_j + C_zd (C_dd + alpha R)^-1 (y + sqrt(alpha) e_j - d_j)

with covariances over the ensemble. Chance correlations of a finite ensemble are damped: a covariance with correlation r is multiplied
by the positive part of 1 - 2 (1 - r^2) / (N r^2), so that what could well be chance (r^2 of the order of 1/N) moves nothing and what is
clear is kept; and it is zero where a target cannot speak of a parameter at all. On linear problems of the size of the real one this gave
a smaller error of the mean and truer spreads than no damping or the milder r^2 / (r^2 + (1 + r^2) / N) (`docs/calibration.md`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paget.parameters.priors import normal_draws

Array = NDArray[np.float64]
CAUTION = 2.0
"""How many times its chance size a squared correlation must have to count at all."""
FURTHEST = 5.0
"""Members stay within five standard deviations of the prior."""


def damping(z: Array, d: Array) -> Array:
    """What is kept of each covariance, by column of ``z`` and of ``d``: 0 where it could be chance, towards 1 where it is clear."""
    n = len(z)
    spread = np.outer(np.maximum(z.std(axis=0), 1e-12), np.maximum(d.std(axis=0), 1e-12))
    r2 = (_centred(z).T @ _centred(d) / n / spread) ** 2
    return np.asarray(np.maximum(0.0, 1.0 - CAUTION * (1.0 - r2) / np.maximum(n * r2, 1e-12)))


def _centred(x: Array) -> Array:
    return np.asarray(x - x.mean(axis=0))


def update(
    z: Array,
    d: Array,
    y: Array,
    error: Array,
    *,
    alpha: float,
    noise: Array,
    allowed: NDArray[np.bool_] | None = None,
    damped: bool = True,
) -> Array:
    """Members after one assimilation.

    Parameters
    ----------
    z : array, members by columns
        On the normal scale.
    d : array, members by targets
        What each member gave.
    y, error : array
        Observed values and their standard deviations.
    alpha : float
        Inflation of the error's variance.
    noise : array, members by targets
        Standard normal draws.
    allowed : array of bool, columns by targets, optional
        Where a target may move a column.
    damped : bool
        Damp chance correlations.
    """
    n = len(z)
    covariance = _centred(z).T @ _centred(d) / (n - 1)
    if damped:
        covariance = covariance * damping(z, d)
    if allowed is not None:
        covariance = np.where(allowed, covariance, 0.0)
    centred = _centred(d) / error  # in units of the error, for a well-conditioned solve
    system = centred.T @ centred / (n - 1) + alpha * np.eye(d.shape[1])
    noise = noise - noise.mean(axis=0)  # the perturbed observations average to the observed ones
    residual = (y + np.sqrt(alpha) * error * noise - d) / error
    moved = z + ((covariance / error) @ np.linalg.solve(system, residual.T)).T
    return np.clip(moved, -FURTHEST, FURTHEST)


def filled(d: Array) -> tuple[Array, Array]:
    """Values with gaps filled by the target's median over the members, and the share of gaps of each target.

    A member in whom a target does not come out (nobody of the kind among her few lives) is moved by it as one in the middle is.
    """
    missing = np.isnan(d)
    middle = np.array([np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else 0.0 for column in d.T])
    return np.where(missing, middle, d), missing.mean(axis=0)


def perturbations(ids: tuple[str, ...], members: int, step: int, seed: int) -> Array:
    """Standard normal draws of one step: a stream for each target, so that one target more changes no other's."""
    return np.stack([normal_draws(f"perturbation {step} {name}", members, seed) for name in ids], axis=1)


def effective_size(log_weights: Array) -> float:
    """Kish's effective number of weighted draws."""
    w = np.exp(log_weights - np.max(log_weights))
    return float(w.sum() ** 2 / (w**2).sum())


def resampled(log_weights: Array, count: int, seed: int) -> NDArray[np.int64]:
    """Systematic resampling: indices of ``count`` draws, in order."""
    w = np.exp(log_weights - np.max(log_weights))
    edges = np.cumsum(w / w.sum())
    start = np.random.Generator(np.random.Philox(key=seed)).random()
    return np.minimum(np.searchsorted(edges, (start + np.arange(count)) / count, side="right"), len(w) - 1)
