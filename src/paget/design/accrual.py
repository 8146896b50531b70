"""Events to be expected by a data cut when patients come over time and some are lost: exponential survival, closed forms.

Source: Lachin JM, Foulkes MA, Biometrics 1986;42:507-519, for even accrual; a slow start is a second piece of the same kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from paget.errors import PagetError


@dataclass(frozen=True)
class Recruitment:
    """Accrual, follow-up and loss of a trial.

    Parameters
    ----------
    accrual_months : float
        From the first patient to the last; 0: all at once.
    follow_up_months : float
        From the last patient to the data cut.
    drop_out_per_month : float
        Hazard of being lost.
    ramp_months : float
        The rate of accrual rises in a straight line so long, then stays.
    """

    accrual_months: float
    follow_up_months: float
    drop_out_per_month: float = 0.0
    ramp_months: float = 0.0

    def __post_init__(self) -> None:
        for name in ("accrual_months", "follow_up_months", "drop_out_per_month", "ramp_months"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise PagetError("cannot be negative or infinite", key=name, got=value, expected="0 or more")
        if self.ramp_months > self.accrual_months:
            raise PagetError("is longer than accrual", key="ramp_months", got=self.ramp_months, expected=f"at most {self.accrual_months:g}")
        if self.accrual_months + self.follow_up_months <= 0:
            raise PagetError("the trial ends as it begins", key="follow_up_months", got=self.follow_up_months, expected="more than 0")

    @property
    def duration_months(self) -> float:
        """From the first patient to the data cut."""
        return self.accrual_months + self.follow_up_months


def _mean_discount(rate: float, recruitment: Recruitment) -> float:
    """Mean of ``exp(-rate x time under observation)`` over the times of entry."""
    longest, accrual, ramp = recruitment.duration_months, recruitment.accrual_months, recruitment.ramp_months
    if accrual == 0.0:
        return math.exp(-rate * longest)
    plateau = 1.0 / (accrual - ramp / 2.0)  # patients per month at full speed, of one patient in all
    # who comes at a is observed longest - a: the rising part has density plateau * a / ramp on [0, ramp], the even part plateau beyond
    rising, x = 0.0, rate * ramp
    if ramp > 0.0:
        # by series where the closed form would subtract near equals
        if x < 1e-3:
            rising = math.exp(-rate * longest) * (0.5 + x / 3.0 + x * x / 8.0 + x**3 / 30.0)
        else:
            rising = (math.exp(-rate * (longest - ramp)) * (x - 1.0) + math.exp(-rate * longest)) / (x * x)
    even = (math.exp(-rate * (longest - accrual)) - math.exp(-rate * (longest - ramp))) / rate
    return plateau * (ramp * rising + even)


def event_probability(hazard_per_month: float, recruitment: Recruitment) -> float:
    """Probability that a patient has the event before the data cut and before she is lost.

    Examples
    --------
    >>> round(event_probability(1 / 24, Recruitment(0.0, 24.0)), 6)
    0.632121
    """
    if not (math.isfinite(hazard_per_month) and hazard_per_month > 0):
        raise PagetError("a hazard must be positive", key="hazard_per_month", got=hazard_per_month, expected="ln 2 / median")
    rate = hazard_per_month + recruitment.drop_out_per_month
    return hazard_per_month / rate * (1.0 - _mean_discount(rate, recruitment))


def expected_events(
    patients: float, hazard_per_month: float, hazard_ratio: float, recruitment: Recruitment, *, share: float = 0.5
) -> tuple[float, float]:
    """Events of the control and the experimental arm to be expected by the data cut."""
    control = event_probability(hazard_per_month, recruitment)
    experimental = event_probability(hazard_per_month * hazard_ratio, recruitment)
    return patients * (1.0 - share) * control, patients * share * experimental


def months_to_events(
    events: float, patients: float, hazard_per_month: float, hazard_ratio: float, recruitment: Recruitment, *, share: float = 0.5
) -> float:
    """Months from the first patient until so many events are to be expected; the follow-up of ``recruitment`` is not used.

    Raises
    ------
    PagetError
        So many events never come: patients leave before.
    """
    from scipy.optimize import brentq

    def missing(follow_up: float) -> float:
        longer = Recruitment(recruitment.accrual_months, follow_up, recruitment.drop_out_per_month, recruitment.ramp_months)
        return sum(expected_events(patients, hazard_per_month, hazard_ratio, longer, share=share)) - events

    longest = 60.0 / hazard_per_month
    if missing(longest) < 0:
        raise PagetError("so many events never come", key="events", got=events, expected=f"at most {missing(longest) + events:.1f}")
    if missing(1e-9) > 0:
        raise PagetError(
            "so many events come before accrual ends", key="events", got=events, fix="ask for fewer patients or a shorter accrual"
        )
    return recruitment.accrual_months + float(brentq(missing, 1e-9, longest))
