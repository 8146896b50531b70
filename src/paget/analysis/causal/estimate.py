"""What every estimator returns: one effect with its estimand in words, counts, assumptions and diagnostics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._arrays import Floats, Ints
from ..records import finite
from ..rmst import Difference


@dataclass(frozen=True)
class Estimand:
    """What an analysis estimates, in words and in the few numbers that fix it.

    Attributes
    ----------
    population : str
        Who the effect is of.
    time_zero : str
        When follow-up starts.
    strategies : (str, str)
        Treated strategy and comparator.
    contrast : {"marginal", "conditional"}
        Whether the hazard ratio is of the population or at fixed covariates (Cox ratios are not collapsible).
    effect_in : {"all", "treated", "matched"}
        Whose effect: the whole population, the treated, or those who found a match.
    landmark_months, grace_months : float or None
        Landmark of follow-up, and length of the window in which treatment may start.
    """

    population: str
    time_zero: str
    strategies: tuple[str, str]
    contrast: str = "marginal"
    effect_in: str = "all"
    landmark_months: float | None = None
    grace_months: float | None = None

    def __str__(self) -> str:
        kind = "marginal" if self.contrast == "marginal" else "conditional on the covariates"
        return f"{self.strategies[0]} against {self.strategies[1]}, from {self.time_zero}, in {self.population} ({kind})"


@dataclass(frozen=True)
class Curves:
    """Survival under both strategies on a monthly grid."""

    time_months: Floats
    treated: Floats
    untreated: Floats


@dataclass(frozen=True)
class CausalEstimate:
    """One analysis of observational data.

    Attributes
    ----------
    key : str
        Short name, such as ``landmark-6+cox``; distinct within a ladder.
    label : str
        Name in figures and tables.
    estimand : Estimand
    hazard_ratio, ci_low, ci_high : float or None
        Treated against untreated; None where it could not be estimated (`problem` says why).
    se_log : float or None
        Standard error of the log hazard ratio behind the interval (allows for weights having been estimated);
        `se_model` is the model-based one, `se_known_weights` the sandwich that takes the weights as known.
    interval : str
        Kind of interval: ``robust`` (sandwich, by patient or pair) or ``bootstrap``.
    rmst_difference : Difference or None
        Restricted mean survival, treated minus untreated, in months up to its `tau`.
    curves : Curves or None
        Where survival under a strategy is defined.
    n, treated, events : int
        Patients in the analysis, treated among them, events.
    excluded, events_excluded : int
        Patients and events of the data that the analysis leaves out.
    adjusted_for : tuple of str
    assumptions : tuple of str
        What must hold for the estimate to be the causal effect.
    method : str
        The analysis plan in a sentence.
    diagnostics : mapping
        Balance, overlap, weights, counts; plain values, ready for JSON.
    patients : array of int
        Rows of the data that entered.
    problem : str
        Empty, or why there is no estimate or why it must not be trusted.
    """

    key: str
    label: str
    estimand: Estimand
    hazard_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    se_log: float | None
    se_model: float | None
    interval: str
    level: float
    rmst_difference: Difference | None
    curves: Curves | None
    n: int
    treated: int
    events: int
    excluded: int
    events_excluded: int
    adjusted_for: tuple[str, ...]
    assumptions: tuple[str, ...]
    method: str
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    patients: Ints | None = field(default=None, repr=False)
    problem: str = ""
    se_known_weights: float | None = None

    @property
    def log_hazard_ratio(self) -> float:
        """Log hazard ratio, NaN where there is none."""
        return math.log(self.hazard_ratio) if self.hazard_ratio else math.nan

    def __str__(self) -> str:
        if self.hazard_ratio is None:
            return f"{self.label}: {self.problem}"
        if self.ci_low is None or self.ci_high is None:
            return f"{self.label}: HR {self.hazard_ratio:.3f}"
        return f"{self.label}: HR {self.hazard_ratio:.3f} ({self.ci_low:.3f} to {self.ci_high:.3f})"

    def to_dict(self, *, curves: bool = True) -> dict[str, Any]:
        """Plain values for JSON; numbers that are not finite become None."""
        difference = self.rmst_difference
        plain: dict[str, Any] = {
            "key": self.key,
            "label": self.label,
            "estimand": str(self.estimand),
            "population": self.estimand.population,
            "time_zero": self.estimand.time_zero,
            "strategies": list(self.estimand.strategies),
            "contrast": self.estimand.contrast,
            "effect_in": self.estimand.effect_in,
            "landmark_months": self.estimand.landmark_months,
            "grace_months": self.estimand.grace_months,
            "hazard_ratio": finite(self.hazard_ratio),
            "ci_low": finite(self.ci_low),
            "ci_high": finite(self.ci_high),
            "ci_level": self.level,
            "se_log": finite(self.se_log),
            "se_model": finite(self.se_model),
            "se_known_weights": finite(self.se_known_weights),
            "interval": self.interval,
            "rmst_difference_months": None
            if difference is None
            else {k: finite(getattr(difference, k)) for k in ("value", "se", "ci_low", "ci_high", "p_value", "tau")},
            "n": self.n,
            "treated": self.treated,
            "events": self.events,
            "excluded": self.excluded,
            "events_excluded": self.events_excluded,
            "adjusted_for": list(self.adjusted_for),
            "assumptions": list(self.assumptions),
            "method": self.method,
            "diagnostics": _plain(self.diagnostics),
            "problem": self.problem,
        }
        if curves and self.curves is not None:
            plain["curves"] = {name: [finite(v) for v in getattr(self.curves, name)] for name in ("time_months", "treated", "untreated")}
        return plain


def in_months(number: float) -> str:
    """Number of months in words.

    Examples
    --------
    >>> in_months(1.0), in_months(6)
    ('1 month', '6 months')
    """
    return f"{number:g} month" if number == 1 else f"{number:g} months"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return finite(value)
    return value
