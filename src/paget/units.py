"""Units and the few constants of conversion; every other module takes them from here."""

from __future__ import annotations

DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25


def months(days: float) -> float:
    """Days to months of 30.4375 days."""
    return days / DAYS_PER_MONTH


def days(months_: float) -> float:
    """Months of 30.4375 days to days."""
    return months_ * DAYS_PER_MONTH
