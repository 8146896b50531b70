"""Columns of models: covariates as numbers, the logistic fit, and the questions that data cannot answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import PagetError, unknown
from .._arrays import Floats, Ints
from .data import ObservationalData

_SEPARATED = 12.0
"""Change of log odds over two standard deviations of a column beyond which it separates the groups."""


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
            fix="time-varying, landmark, sequential and clone-censor-weight analyses use the time before treatment",
        )


def require_waiting(data: ObservationalData, what: str) -> None:
    """Refuse an analysis of when treatment starts where it always starts at time zero."""
    require_both(data)
    if data.point_treatment:
        raise PagetError(
            f"{what} needs the time of treatment: here all treatment starts at time zero",
            where=data.where,
            fix="nothing is immortal then: ever-never, cox, matching and iptw answer the question",
        )


def columns(data: ObservationalData, names: Sequence[str], *, at: Floats | float = 0.0, rows: Ints | None = None) -> dict[str, Floats]:
    """Numeric columns of covariates: numbers as they are, labels as 0/1 against the first in sorted order.

    Time-varying covariates are taken at `at` months.
    """
    who = np.arange(len(data)) if rows is None else rows
    found: dict[str, Floats] = {}
    for name in names:
        if name in data.covariates:
            values = data.covariates[name]
            if values.dtype.kind == "f":
                found[name] = values[who]
                continue
            levels = np.unique(values)
            for level in levels[1:]:
                found[f"{name}={level}"] = (values[who] == level).astype(np.float64)
        elif data.varying is not None and name in data.varying.values:
            when = np.broadcast_to(np.asarray(at, dtype=np.float64), who.shape)
            found[name] = data.varying.at(name, who.astype(np.int64), when)
        else:
            known = [*data.covariates, *(data.varying.values if data.varying is not None else ())]
            raise unknown("covariate", name, known, where=data.where)
    return found


def varying_part(found: dict[str, Floats]) -> dict[str, Floats]:
    """Columns that vary among the rows at hand (a level that nobody left here has is no covariate)."""
    return {name: column for name, column in found.items() if np.ptp(column) > 0}


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic model: coefficients (intercept first where there is one) and fitted probabilities."""

    coef: Floats
    probability: Floats
    covariance: Floats
    iterations: int


def logistic(y: Any, x: Floats, *, weights: Floats | None = None, names: Sequence[str] = (), where: str | None = None) -> Logistic:
    """Maximum-likelihood logistic regression by Newton's method (equal to statsmodels' GLM, see tests).

    Own code, because importing statsmodels costs three seconds and a fit here a few milliseconds.

    Parameters
    ----------
    y : array of 0/1, shape (n,)
    x : array, shape (n, p)
        Design with its intercept.
    weights : array, optional
        Frequency weights.

    Raises
    ------
    OverlapError
        Where a column separates the two groups (the estimate runs to infinity).
    """
    outcome = np.asarray(y, dtype=np.float64)
    w = np.ones(len(outcome)) if weights is None else weights
    scale = np.sqrt(np.average(x * x, axis=0, weights=w))
    z = x / np.where(scale > 0, scale, 1.0)
    beta = np.zeros(x.shape[1])
    information = np.eye(x.shape[1])
    previous = -np.inf
    for step in range(1, 51):
        linear = np.clip(z @ beta, -35.0, 35.0)
        p = 1.0 / (1.0 + np.exp(-linear))
        v = w * p * (1.0 - p)
        information = z.T @ (v[:, None] * z)
        loglik = float(w @ (outcome * linear - np.logaddexp(0.0, linear)))
        move = np.linalg.lstsq(information, z.T @ (w * (outcome - p)), rcond=None)[0]
        beta = beta + move
        if np.abs(move).max() < 1e-10 or (abs(loglik - previous) < 1e-12 * (1 + abs(loglik)) and np.abs(move).max() < 1e-6):
            break
        previous = loglik
    spread = np.abs(beta) * np.std(z, axis=0) * 2.0
    if spread.max(initial=0.0) > _SEPARATED:
        worst = int(np.argmax(spread))
        name = names[worst] if worst < len(names) else f"column {worst}"
        raise OverlapError(
            f"no overlap: {name!r} tells treated and untreated patients apart, so nobody is comparable",
            where=where,
            expected="treated and untreated patients at every value of the covariates",
            fix="restrict the patients to values at which both happen, or leave that covariate out and say so; "
            "unadjusted analyses (ever-never, time-varying, landmark) can still be made",
        )
    p = 1.0 / (1.0 + np.exp(-np.clip(z @ beta, -35.0, 35.0)))
    flat = np.where(scale > 0, scale, 1.0)
    return Logistic(beta / flat, p, np.linalg.pinv(information) / np.outer(flat, flat), step)


def with_intercept(found: dict[str, Floats], n: int) -> tuple[Floats, list[str]]:
    """Design matrix with a leading column of ones, and its names."""
    return np.column_stack([np.ones(n), *found.values()]), ["intercept", *found]
