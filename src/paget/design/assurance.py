"""Assurance: power averaged over what is not known of the model, and what it would be worth to know it.

*Assurance* is the mean power over draws of the parameters. The value of information is counted in months of life per patient to whom the
decision applies: give the experimental treatment or not.

- decide now: the better of the two on average, ``max(0, mean gain)``;
- know whether it helps: ``mean max(0, gain)``. The difference is the value of perfect information on the parameters (EVPPI): no trial
  can be worth more.
- run the trial and follow it (treat if it finds a benefit): ``mean(power x gain)``.

Source: O'Hagan A, Stevens JW, Campbell MJ, Pharm Stat 2005;4:187-201 (assurance); Claxton K, J Health Econ 1999;18:341-364.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paget.errors import PagetError
from paget.parameters import ParameterSet

NOT_COMPUTED = "assurance not computed"


@dataclass(frozen=True)
class Assurance:
    """Assurance of one design over draws of the parameters.

    Attributes
    ----------
    draws : int
    assurance, mcse : float
        Mean power, and its error from the number of draws and of trials.
    power_low, power_high : float
        5 % and 95 % of the draws' powers.
    probability_of_benefit : float
        Draws in which assignment to the experimental arm prolongs life on average.
    gain_mean_months, gain_low_months, gain_high_months : float
        Over draws: mean, 5 %, 95 %.
    decide_now, perfect, by_trial : float
        Months gained per patient by deciding now, knowing the parameters, following the trial.
    """

    draws: int
    assurance: float
    mcse: float
    power_low: float
    power_high: float
    probability_of_benefit: float
    gain_mean_months: float
    gain_low_months: float
    gain_high_months: float
    decide_now: float
    perfect: float
    by_trial: float

    @property
    def evppi_months(self) -> float:
        """Expected value of perfect information on the parameters, months per patient."""
        return self.perfect - self.decide_now

    @property
    def trial_value_months(self) -> float:
        """What following the trial gains over deciding now; negative where its errors cost more than it teaches."""
        return self.by_trial - self.decide_now

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "evppi_months": self.evppi_months, "trial_value_months": self.trial_value_months}


def assurance(power: Sequence[float], gain_months: Sequence[float]) -> Assurance:
    """Assurance and value of information from the power and the mean gain of each draw.

    Raises
    ------
    PagetError
        No draw, columns of different length, or a power outside 0 to 1.

    Examples
    --------
    >>> found = assurance([0.9, 0.02], [6.0, -3.0])
    >>> found.assurance, found.evppi_months, round(found.by_trial, 2)
    (0.46, 1.5, 2.67)
    """
    p, gain = np.asarray(power, np.float64), np.asarray(gain_months, np.float64)
    if not p.size or p.shape != gain.shape:
        raise PagetError("assurance needs one power and one gain per draw", got=(p.size, gain.size))
    if not (np.isfinite(p).all() and np.isfinite(gain).all() and p.min() >= 0 and p.max() <= 1):
        raise PagetError("a power lies between 0 and 1, and a gain is a number", got=(float(p.min()), float(p.max())))
    n = len(p)
    low, high = np.quantile(p, [0.05, 0.95])
    gain_low, gain_high = np.quantile(gain, [0.05, 0.95])
    return Assurance(
        draws=n,
        assurance=float(p.mean()),
        mcse=float(p.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan,
        power_low=float(low),
        power_high=float(high),
        probability_of_benefit=float((gain > 0).mean()),
        gain_mean_months=float(gain.mean()),
        gain_low_months=float(gain_low),
        gain_high_months=float(gain_high),
        decide_now=max(0.0, float(gain.mean())),
        perfect=float(np.maximum(gain, 0.0).mean()),
        by_trial=float((p * gain).mean()),
    )


def checked_draws(draws: Iterable[ParameterSet]) -> list[ParameterSet]:
    """Draws as a list, or the error that says what is wrong."""
    found = list(draws)
    if not found:
        raise PagetError("there is no draw of the parameters", expected="at least one ParameterSet")
    odd = next((one for one in found if not isinstance(one, ParameterSet)), None)
    if odd is not None:
        raise PagetError("a draw must be a ParameterSet", got=type(odd).__name__)
    return found
