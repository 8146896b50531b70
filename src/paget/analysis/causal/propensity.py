"""Propensity of treatment: the model shared by weighting and matching, and what both compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import PagetError
from .._arrays import Floats, Ints
from ._design import OverlapError, columns, logistic, require_untreated, varying_part
from ._person_time import PersonTime
from .data import ObservationalData
from .estimate import Estimand
from .exposure import entry, landmark_estimand, landmark_rows, strategies


@dataclass(frozen=True)
class Compared:
    """Patients compared, one row each, with their propensity of being treated."""

    rows: PersonTime
    patients: Ints
    score: Floats
    columns: dict[str, Floats]
    landmark_months: float | None

    @property
    def logit(self) -> Floats:
        """Log odds of the propensity."""
        return np.asarray(np.log(self.score) - np.log1p(-self.score))

    def estimand(self, data: ObservationalData) -> Estimand:
        """Ever against never from time zero, or by the landmark."""
        if self.landmark_months is not None:
            return landmark_estimand(data, self.landmark_months, "marginal")
        return Estimand("all patients", data.time_zero, strategies(data))


def compared(data: ObservationalData, adjust_for: Sequence[str], landmark_months: float | None, what: str) -> Compared:
    """Ever against never treated, or treated by a landmark, with the propensity given `adjust_for`.

    Raises
    ------
    PagetError
        Without covariates, without both groups, or without overlap.
    """
    if not adjust_for:
        raise PagetError(
            f"{what} needs covariates to adjust for",
            where=data.where,
            expected="names out of " + (", ".join(data.covariates) or "(these data have none)"),
            fix="without covariates, ever-never, time-varying and landmark can be answered",
        )
    if landmark_months is None:
        require_untreated(data)
        patients = np.arange(len(data))
        rows = PersonTime(patients, entry(data), data.months, data.event, data.ever_treated)
    else:
        rows, patients = landmark_rows(data, landmark_months)
    found = varying_part(columns(data, adjust_for, at=landmark_months or 0.0, rows=patients))
    score = logistic(rows.treated, found, where=data.where).probability
    one, zero = score[rows.treated], score[~rows.treated]
    if one.min() > zero.max():
        raise OverlapError(
            "no overlap: every treated patient was likelier to be treated than every untreated one",
            where=data.where,
            got=f"propensity from {one.min():.3g} in the treated, up to {zero.max():.3g} in the untreated",
            fix="restrict the patients to those for whom both happen; unadjusted analyses can still be made",
        )
    return Compared(rows, patients, score, found, landmark_months)
