"""Columns of models: covariates as numbers, the logistic fit, and the questions that data cannot answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import PagetError, unknown
from .._arrays import Floats, Ints
from .data import ObservationalData

_SEPARATED = 6.0
"""Change of log odds over one standard deviation of a column beyond which it separates the groups."""


class OverlapError(PagetError):
    """Covariates tell the treated from the untreated apart, so that nobody is comparable."""


def require_both(data: ObservationalData) -> None:
    """Refuse data in which nobody, or everybody, was treated.

    Raises
    ------
    PagetError
    """
    if not data.n_treated:
        raise PagetError(
            f"nobody received {data.treatment}: no effect of it can be estimated",
            where=data.where,
            got=f"0 of {len(data)} patients treated",
            expected="patients with and without a time of treatment",
            fix="survival of all patients can still be described (paget.analysis.kaplan_meier)",
        )
    if data.n_treated == len(data) and data.point_treatment:
        raise PagetError(
            f"everybody received {data.treatment} at time zero: there is nobody to compare with",
            where=data.where,
            expected="patients with and without treatment",
            fix="survival of all patients can still be described (paget.analysis.kaplan_meier)",
        )


def require_untreated(data: ObservationalData) -> None:
    """Refuse a comparison of ever with never treated where everybody was treated at some time."""
    require_both(data)
    if data.n_treated == len(data):
        raise PagetError(
            f"everybody received {data.treatment} at some time: there is nobody never treated",
            where=data.where,
            fix="landmark and clone-censor-weight compare treatment by some month with treatment after it",
        )


def require_waiting(data: ObservationalData, what: str) -> None:
    """Refuse an analysis of when treatment starts where it always starts at time zero."""
    require_both(data)
    if data.point_treatment:
        raise PagetError(
            f"{what} needs the time of treatment: here all treatment starts at time zero",
            where=data.where,
            fix="nothing is immortal then: ever-never, matching and iptw answer the question",
        )


def columns(data: ObservationalData, names: Sequence[str], *, at: Floats | float = 0.0, rows: Ints | None = None) -> dict[str, Floats]:
    """Numeric columns of covariates: numbers as they are, labels as 0/1 against the first in sorted order.

    Time-varying covariates are taken at `at` months. A curved covariate has its bends beside it.
    """
    who = np.arange(len(data)) if rows is None else rows
    found: dict[str, Floats] = {}
    for name in names:
        if name in data.covariates:
            values = data.covariates[name]
            if values.dtype.kind == "f":
                found |= _line(data, name, values[who])
                continue
            levels = np.unique(values)
            for level in levels[1:]:
                found[f"{name}={level}"] = (values[who] == level).astype(np.float64)
        elif data.varying is not None and name in data.varying.values:
            when = np.broadcast_to(np.asarray(at, dtype=np.float64), who.shape)
            found |= _line(data, name, data.varying.at(name, who.astype(np.int64), when))
        else:
            known = [*data.covariates, *(data.varying.values if data.varying is not None else ())]
            raise unknown("covariate", name, known, where=data.where)
    return found


def _line(data: ObservationalData, name: str, values: Floats) -> dict[str, Floats]:
    curve = data.splines.get(name)
    return {name: values} if curve is None else {name: values, **curve.bends(name, values)}


def varying_part(found: dict[str, Floats]) -> dict[str, Floats]:
    """Columns that vary among the rows at hand (a level that nobody left here has is no covariate)."""
    return {name: column for name, column in found.items() if np.ptp(column) > 0}


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic model: an intercept per group, slopes by name, fitted probabilities, errors of the slopes."""

    intercepts: Floats
    slopes: dict[str, float]
    probability: Floats
    covariance: Floats


def logistic(
    y: Any,
    found: Mapping[str, Floats],
    *,
    group: Ints | None = None,
    where: str | None = None,
) -> Logistic:
    """Maximum-likelihood logistic regression by Newton's method (equal to statsmodels' GLM, see tests).

    Own code: importing statsmodels costs three seconds where a fit costs milliseconds, and the many
    intercepts of a monthly model are solved apart from the slopes (Schur complement), fifty times faster.

    Parameters
    ----------
    y : array of 0/1, shape (n,)
    found : mapping of name to column
        Covariates, without an intercept.
    group : array of int, optional
        Group of each row (0, 1, ...), each with an intercept of its own; one for all by default.

    Raises
    ------
    OverlapError
        Where a column separates the two outcomes (the estimate runs to infinity).
    """
    outcome = np.asarray(y, dtype=np.float64)
    n = len(outcome)
    g = np.zeros(n, dtype=np.int64) if group is None else group
    size = int(g.max()) + 1
    raw = np.column_stack([np.empty((n, 0)), *found.values()])
    middle, scale = raw.mean(axis=0), raw.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    z = (raw - middle) / scale

    def by_group(values: Floats) -> Floats:
        return np.bincount(g, weights=values, minlength=size).astype(np.float64)

    share = np.clip(by_group(outcome) / by_group(np.ones(n)), 1e-9, 1.0 - 1e-9)
    a, b = np.log(share / (1.0 - share)), np.zeros(z.shape[1])
    schur = np.eye(z.shape[1])
    for _ in range(40):
        p = 1.0 / (1.0 + np.exp(-np.clip(a[g] + z @ b, -35.0, 35.0)))
        v, rest = p * (1.0 - p), outcome - p
        d = np.maximum(by_group(v), 1e-300)
        cross = np.array([by_group(v * z[:, j]) for j in range(z.shape[1])]).reshape(z.shape[1], size)
        schur = z.T @ (v[:, None] * z) - cross / d @ cross.T
        score_a = by_group(rest)
        step_b = np.linalg.lstsq(schur, z.T @ rest - cross @ (score_a / d), rcond=None)[0]
        step_a = np.clip((score_a - cross.T @ step_b) / d, -5.0, 5.0)
        a, b = a + step_a, b + step_b
        if max(np.abs(step_b).max(initial=0.0), np.abs(step_a).max()) < 1e-10 or np.abs(b).max(initial=0.0) > 4 * _SEPARATED:
            break
    if np.abs(b).max(initial=0.0) > _SEPARATED:
        raise OverlapError(
            f"no overlap: {list(found)[int(np.argmax(np.abs(b)))]!r} tells treated and untreated patients apart, so nobody is comparable",
            where=where,
            expected="treated and untreated patients at every value of the covariates",
            fix="restrict the patients to values at which both happen, or leave that covariate out and say so; "
            "unadjusted analyses (ever-never, time-varying, landmark) can still be made",
        )
    p = 1.0 / (1.0 + np.exp(-np.clip(a[g] + z @ b, -35.0, 35.0)))
    slopes = b / scale
    return Logistic(a - middle @ slopes, dict(zip(found, slopes.tolist(), strict=True)), p, np.linalg.pinv(schur) / np.outer(scale, scale))


def patient_scores(residual: Floats, found: Mapping[str, Floats], patient: Ints, n: int, *, group: Ints | None = None) -> Floats:
    """Each patient's score of a logistic model, shape (n, parameters): residuals by intercept, and times each covariate."""
    g = np.zeros(len(residual), dtype=np.int64) if group is None else group
    size = int(g.max(initial=0)) + 1
    intercepts = np.bincount(patient * size + g, weights=residual, minlength=n * size).reshape(n, size)
    slopes = [np.bincount(patient, weights=residual * (column - column.mean()), minlength=n) for column in found.values()]
    return np.column_stack([intercepts, *slopes]).astype(np.float64)


def without_scores(influence: Floats, scores: Floats | None) -> Floats:
    """Influence left after what the scores of the estimated weights explain of it.

    An estimate with weights that were themselves estimated varies less than one with known weights: by
    the part of its influence that lies in the space of the scores (Robins, Rotnitzky and Zhao 1994).
    """
    if scores is None:
        return influence
    return influence - scores @ (np.linalg.pinv(scores.T @ scores, hermitian=True) @ (scores.T @ influence))
