"""When patients are seen, and when the data are cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from paget.study.schedule import Cut, FollowUp, Visits
from paget.study.streams import Floats
from paget.units import DAYS_PER_MONTH


def visit_days(assessments: Sequence[Visits], horizon_days: float) -> Floats:
    """Planned assessments in days from randomisation, without baseline, up to the horizon.

    Each row's interval holds until its limit; the next row counts on from the last visit, not from the limit.

    Examples
    --------
    >>> visit_days([Visits(every_weeks=12, until_months=6), Visits(every_weeks=26)], 400.0)
    array([ 84., 168., 350.])
    """
    days: list[float] = []
    last = 0.0
    for row in assessments:
        step = 7.0 * row.every_weeks
        limit = (
            horizon_days if row.until_months is None else min(horizon_days, row.until_months * DAYS_PER_MONTH)
        )
        while last + step <= limit:
            last += step
            days.append(last)
    return np.asarray(days, np.float64)


def cut_month(calendar_months: npt.ArrayLike, follow_up: FollowUp | Cut) -> float:
    """Calendar month of the data cut (months from the first patient in)."""
    months = np.asarray(calendar_months, np.float64)
    if months.size == 0:
        return follow_up.data_cut_months
    start = months.max() if follow_up.after == "last-patient" else months.min()
    return float(start + follow_up.data_cut_months)


def censor_days(
    calendar_months: npt.ArrayLike, randomised_day: npt.ArrayLike, follow_up: FollowUp | Cut
) -> Floats:
    """Day from diagnosis on which the data cut ends each patient's follow-up.

    Patients who were randomised after an early cut get a day before their randomisation: they are not in
    that analysis.
    """
    months = np.asarray(calendar_months, np.float64)
    followed = (cut_month(months, follow_up) - months) * DAYS_PER_MONTH
    days: Floats = np.asarray(randomised_day, np.float64) + followed
    return days
