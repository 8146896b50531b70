"""Curved covariates: restricted (natural) cubic splines, for effects that are not straight in a covariate.

A covariate in a logistic or Cox model is a straight line unless told otherwise. A restricted cubic spline bends
between a few knots and is straight beyond the outer ones, where data are thin (Harrell, Regression Modeling
Strategies, 2015, section 2.4). Knots lie at fixed quantiles, so that nobody chooses them by the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import PagetError
from .._arrays import Floats

QUANTILES = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95)}
"""Where knots lie, by their number (Harrell 2015, table 2.3)."""
FEWEST_VALUES = 6
"""A covariate with fewer distinct values is a scale of steps and takes no curve."""
_DEPENDENT = 1e-7
"""Share of a bend that no straight line explains, below which the data cannot tell it from one."""


class NoCurveError(PagetError):
    """A covariate that can have no curve: labels, or too few values."""


@dataclass(frozen=True)
class Spline:
    """Knots of one covariate, and the bends that go into models beside its straight line.

    Attributes
    ----------
    knots : tuple of float
        In the covariate's unit, rising.
    mix : array of float, shape (k, k - 2)
        Bends as sums of 1, the covariate and Harrell's terms. They are uncorrelated with the covariate and with one another, with
        variance 1, in the values that the knots were taken from. A model spans the same curves with any such
        mixture; this one keeps its slopes on the scale of a covariate, where the terms as they are would be nearly one.
    """

    knots: tuple[float, ...]
    mix: Floats

    def bends(self, name: str, values: Floats) -> dict[str, Floats]:
        """Columns beside the straight line, named ``age'``, ``age''`` as Harrell does."""
        return {name + "'" * (place + 1): column for place, column in enumerate((_columns(values, self.knots) @ self.mix).T)}


def restricted_cubic(values: Floats, knots: tuple[float, ...]) -> Floats:
    """Harrell's terms beside the straight line (Hmisc's ``rcspline.eval``, divided by the squared range of the knots).

    Parameters
    ----------
    values : array of float, shape (n,)
    knots : tuple of float
        k of them, rising.

    Returns
    -------
    array of float, shape (n, k - 2)
        In the unit of `values`: zero up to the first knot, straight beyond the last.

    Examples
    --------
    >>> restricted_cubic(np.array([-1.0, 1.0, 2.0, 3.0, 4.0]), (0.0, 1.0, 2.0)).T
    array([[0.  , 0.25, 1.5 , 3.  , 4.5 ]])
    """
    t = np.asarray(knots)
    x = np.asarray(values, dtype=np.float64)[:, None]
    cube = np.maximum(x - t, 0.0) ** 3
    last, before = t[-1], t[-2]
    terms = cube[:, :-2] - (cube[:, -2:-1] * (last - t[:-2]) - cube[:, -1:] * (before - t[:-2])) / (last - before)
    # beyond the last knot, the straight line that the cubes add up to: they would lose digits far out
    slope = 3.0 * (last - t[:-2]) * (before - t[:-2])
    level = (last - t[:-2]) ** 3 - (last - before) ** 2 * (last - t[:-2])
    terms = np.where(x > last, level + slope * (x - last), terms)
    return np.asarray(terms / (last - t[0]) ** 2)


def spline(name: str, column: Any, knots: int, where: str | None = None) -> Spline:
    """Spline of a covariate with its knots at the quantiles of its values.

    Where many patients share a value and two of four knots coincide, three are taken.

    Parameters
    ----------
    name : str
        For messages.
    column : array
    knots : {3, 4}
    where : str, optional

    Raises
    ------
    NoCurveError
        For labels, for few values, and where nearly all patients share one.
    PagetError
        For another number of knots.
    """
    if knots not in QUANTILES:
        raise PagetError("a curve has 3 or 4 knots", where=where, key=name, got=knots)
    values = np.asarray(column)
    if values.dtype.kind != "f":
        raise NoCurveError(
            f"{name!r} is a category: it has levels and no curve",
            where=where,
            got=np.unique(values)[:5].tolist(),
            fix="leave it out of the curved covariates; each level has an effect of its own already",
        )
    distinct = np.unique(values)
    if len(distinct) < FEWEST_VALUES:
        raise NoCurveError(
            f"{name!r} takes {len(distinct)} values: too few for a curve",
            where=where,
            got=distinct.tolist(),
            expected=f"a continuous covariate with {FEWEST_VALUES} distinct values or more",
            fix="leave it out of the curved covariates" + ("" if len(distinct) < 3 else ", or give its values as text to have categories"),
        )
    for number in (knots, min(QUANTILES)):
        places = tuple(float(place) for place in np.quantile(values, QUANTILES[number]))
        found = _spline(places, values)
        if found is not None:
            return found
    raise NoCurveError(
        f"too many patients share one value of {name!r} for a curve",
        where=where,
        got=f"quantiles {', '.join(f'{share:g}' for share in QUANTILES[3])} at {', '.join(f'{place:g}' for place in places)}",
        expected="three different values there",
        fix="leave it out of the curved covariates, or transform it beforehand (such as a logarithm)",
    )


def in_words(curves: Mapping[str, Spline]) -> str:
    """Which covariates are curved, for the plan of an analysis.

    Examples
    --------
    >>> in_words({"age": Spline((40.0, 60.0, 75.0), np.zeros((3, 1)))})
    'restricted cubic splines: age (knots 40, 60, 75)'
    """
    told = [f"{name} (knots {', '.join(f'{knot:.4g}' for knot in curve.knots)})" for name, curve in curves.items()]
    return "restricted cubic splines: " + ", ".join(told)


def _columns(values: Floats, knots: tuple[float, ...]) -> Floats:
    return np.column_stack([np.ones(len(values)), values, restricted_cubic(values, knots)])


def _spline(knots: tuple[float, ...], values: Floats) -> Spline | None:
    """Spline at these knots, or None where two coincide or the values cannot tell its terms apart."""
    if min(np.diff(knots)) <= 0:
        return None
    whole = _columns(values, knots)
    scale = np.sqrt(np.mean(whole**2, axis=0))
    if not (scale > 0).all():
        return None
    r = np.linalg.qr(whole / scale, mode="r")
    size = np.diag(r)
    if (np.abs(size) < _DEPENDENT * np.sqrt(len(values))).any():
        return None
    mix = np.linalg.inv(r)[:, 2:] * np.sign(size[2:]) * np.sqrt(len(values)) / scale[:, None]
    return Spline(knots, mix)
