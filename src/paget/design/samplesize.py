"""Events a log-rank test needs, and the power that events give: Schoenfeld, Freedman, Lachin and Foulkes.

Source: Schoenfeld DA, Biometrics 1983;39:499-503; Freedman LS, Stat Med 1982;1:121-129; Lachin JM, Foulkes MA, Biometrics
1986;42:507-519. The formulas assume proportional hazards.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from paget.design.accrual import Recruitment, event_probability
from paget.design.boundaries import check_alpha, check_power, quantile
from paget.errors import PagetError


def check_ratio(hazard_ratio: float) -> float:
    """A hazard ratio other than 1, or the error that says what it must be."""
    if isinstance(hazard_ratio, bool) or not isinstance(hazard_ratio, (int, float)) or not 0 < hazard_ratio < math.inf:
        raise PagetError("a hazard ratio must be positive", key="hazard_ratio", got=hazard_ratio, expected="such as 0.7")
    if hazard_ratio == 1.0:
        raise PagetError(
            "a hazard ratio of 1 is no effect: no number of events finds it", key="hazard_ratio", got=hazard_ratio, expected="such as 0.7"
        )
    return float(hazard_ratio)


def check_share(share: float) -> float:
    """Share of the patients in the experimental arm, or the error that says what it must be."""
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0.0 < share < 1.0:
        raise PagetError("the share of the experimental arm must lie between 0 and 1", key="share", got=share, expected="0.5 for 1:1")
    return float(share)


def schoenfeld_events(hazard_ratio: float, *, power: float = 0.8, alpha: float = 0.025, share: float = 0.5) -> float:
    """Events that give the log-rank test this power.

    Parameters
    ----------
    hazard_ratio : float
        Experimental against control.
    power, alpha : float
        ``alpha`` one-sided.
    share : float
        Of the patients in the experimental arm: 2/3 for 2:1.

    Examples
    --------
    >>> round(schoenfeld_events(0.7), 4), round(schoenfeld_events(0.7, share=2 / 3), 4)
    (246.7871, 277.6355)
    """
    effect, pi = math.log(check_ratio(hazard_ratio)), check_share(share)
    z = quantile(1.0 - check_alpha(alpha)) + quantile(check_power(power, alpha))
    return (z / effect) ** 2 / (pi * (1.0 - pi))


def schoenfeld_power(hazard_ratio: float, events: float, *, alpha: float = 0.025, share: float = 0.5) -> float:
    """Power of the log-rank test for benefit with so many events; for a ratio above 1 it is below alpha.

    Examples
    --------
    >>> round(schoenfeld_power(0.7, 246.7871), 6)
    0.8
    """
    if not events >= 0:
        raise PagetError("a number of events cannot be negative", key="events", got=events)
    if not hazard_ratio > 0:
        raise PagetError("a hazard ratio must be positive", key="hazard_ratio", got=hazard_ratio, expected="such as 0.7")
    pi = check_share(share)
    drift = -math.log(hazard_ratio) * math.sqrt(events * pi * (1.0 - pi))
    return NormalDist().cdf(drift - quantile(1.0 - check_alpha(alpha)))


def freedman_events(hazard_ratio: float, *, power: float = 0.8, alpha: float = 0.025, share: float = 0.5) -> float:
    """Events by Freedman's formula: a little more than Schoenfeld's.

    Examples
    --------
    >>> round(freedman_events(0.7), 4)
    252.0362
    """
    ratio, pi = check_ratio(hazard_ratio), check_share(share)
    allocated = pi / (1.0 - pi)
    z = quantile(1.0 - check_alpha(alpha)) + quantile(check_power(power, alpha))
    return (z * (1.0 + allocated * ratio) / (1.0 - ratio)) ** 2 / allocated


def schoenfeld_patients(
    hazard_ratio: float,
    hazard_per_month: float,
    recruitment: Recruitment,
    *,
    power: float = 0.8,
    alpha: float = 0.025,
    share: float = 0.5,
) -> float:
    """Patients (of both arms, a real number) who bring Schoenfeld's events until the data cut, exponential survival in each arm."""
    pi = check_share(share)
    control = event_probability(hazard_per_month, recruitment)
    experimental = event_probability(hazard_per_month * check_ratio(hazard_ratio), recruitment)
    return schoenfeld_events(hazard_ratio, power=power, alpha=alpha, share=share) / (pi * experimental + (1.0 - pi) * control)


def lachin_foulkes_patients(
    hazard_ratio: float,
    hazard_per_month: float,
    recruitment: Recruitment,
    *,
    power: float = 0.8,
    alpha: float = 0.025,
    share: float = 0.5,
) -> float:
    """Patients by Lachin and Foulkes, on the scale of the log hazard ratio, exponential survival in each arm.

    Parameters
    ----------
    hazard_per_month : float
        Of the control arm.
    recruitment : Recruitment
        Accrual, follow-up and drop-out.

    Notes
    -----
    ``n = [(z_a sqrt(1 / (p P0) + 1 / (q P0)) + z_b sqrt(1 / (p Pe) + 1 / (q Pc))) / ln HR]**2``: p and q the shares of
    the arms, Pe and Pc their probabilities of an event, P0 that under the mean hazard. Equal to gsDesign's ``nSurv`` (tests).
    """
    effect, pi = math.log(check_ratio(hazard_ratio)), check_share(share)
    control = event_probability(hazard_per_month, recruitment)
    experimental = event_probability(hazard_per_month * hazard_ratio, recruitment)
    neither = event_probability(hazard_per_month * (1.0 - pi + pi * hazard_ratio), recruitment)
    null = math.sqrt(1.0 / (pi * neither) + 1.0 / ((1.0 - pi) * neither))
    real = math.sqrt(1.0 / (pi * experimental) + 1.0 / ((1.0 - pi) * control))
    z_alpha, z_beta = quantile(1.0 - check_alpha(alpha)), quantile(check_power(power, alpha))
    return ((z_alpha * null + z_beta * real) / effect) ** 2
