"""Inverse probability of treatment weighting, stabilised: the population as if treatment had been drawn by lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ._design import patient_scores
from ._person_time import estimate
from .data import ObservationalData
from .diagnostics import balance, balance_rows, overlap, truncated, weight_summary
from .estimate import CausalEstimate, in_months
from .exposure import NO_IMMORTAL, common, landmark_losses
from .propensity import compared

POSITIVE = "everybody could have been treated or not (positivity)"
PROPENSITY = "the logistic model of treatment has the right form"


def iptw(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str],
    landmark_months: float | None = None,
    truncate: float | None = None,
    tau_months: float | None = None,
    level: float = 0.95,
) -> CausalEstimate:
    """Stabilised weights from a logistic propensity, Cox model of treatment alone, sandwich errors.

    The error allows for the weights having been estimated; `se_known_weights` is the usual sandwich, which takes
    them as known and is too wide where covariates foretell the outcome.

    Parameters
    ----------
    data : ObservationalData
    adjust_for : sequence of str
        Covariates of the propensity model.
    landmark_months : float, optional
        Treated by the landmark among those followed then; ever against never without it.
    truncate : float, optional
        Share of weights cut off at each end.
    tau_months : float, optional
        Horizon of the restricted mean.

    Raises
    ------
    PagetError
        Without covariates or overlap, or where nobody or everybody was treated.
    """
    who = compared(data, adjust_for, landmark_months, "weighting")
    treated, score = who.rows.treated, who.score
    share = float(treated.mean())
    weight = truncated(np.where(treated, share / score, (1.0 - share) / (1.0 - score)), truncate)
    at = landmark_months
    return estimate(
        data,
        replace(who.rows, weight=weight, scores=patient_scores(treated - score, who.columns, who.patients, len(data))),
        key="iptw" if at is None else f"iptw-landmark-{at:g}",
        label="IPTW, ever / never" if at is None else f"IPTW, landmark {in_months(at)}",
        estimand=who.estimand(data),
        assumptions=common(True, *([NO_IMMORTAL] if at is None else []), POSITIVE, PROPENSITY, by_cox=False),
        method=f"stabilised inverse probability weights (logistic on {', '.join(adjust_for)}), weighted Cox model, robust errors"
        + (f", weights truncated at {truncate:g} and {1 - truncate:g}" if truncate else ""),
        adjusted_for=tuple(adjust_for),
        tau_months=tau_months,
        level=level,
        diagnostics={
            **({} if at is None else landmark_losses(data, at)),
            "balance": balance_rows(balance(who.columns, treated, weight)),
            "overlap": overlap(score, treated),
            "weights": weight_summary(weight, treated),
        },
    )
