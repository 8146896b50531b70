"""Summary records in words: what was measured, on whom, and the number with its interval; for the report and the terminal.

A record is one dict of ``summary.json`` (docs/outputs.md). Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]

ENDPOINTS = {
    "overall-survival": "Overall survival",
    "progression-free-survival": "Progression-free survival",
    "distant-progression-free-survival": "Distant progression-free survival",
    "locoregional-progression": "Locoregional progression",
}
MEASURES = {
    "hazard_ratio": "hazard ratio",
    "survival": "survival",
    "cumulative_incidence": "cumulative incidence",
    "median_months": "median, months",
    "rmst_months": "restricted mean, months",
    "rmst_difference_months": "difference of restricted means, months",
    "logrank_p": "log-rank p",
    "maxcombo_p": "MaxCombo p",
    "cox_zph_p": "test of proportional hazards, p",
    "interaction_p": "interaction p",
    "rate": "share",
    "count": "count",
}
SHARES = ("survival", "cumulative_incidence", "rate")
P_VALUES = ("logrank_p", "maxcombo_p", "cox_zph_p", "interaction_p")

ROLES = {
    "prediction": "not used to build the model",
    "anchor": "used to place parameters",
    "input": "put in by the protocol",
    "fitted": "fitted to it",
}
"""What each role of a number means, in words."""

_ORDER = ("hazard_ratio", "median_months", "survival", "cumulative_incidence")


def number(measure: str, value: float | None) -> str:
    """A value as it is shown: shares in per cent, p values short, months with one decimal.

    Examples
    --------
    >>> number("survival", 0.6789), number("hazard_ratio", 1.1), number("logrank_p", 0.0002)
    ('67.9 %', '1.10', '< 0.001')
    """
    if value is None or value != value:
        return "not reached" if measure == "median_months" else "–"
    if measure in SHARES:
        return f"{100 * value:.1f} %"
    if measure in P_VALUES:
        return "< 0.001" if value < 0.001 else f"{value:.3f}"
    if measure == "count":
        return f"{value:.0f}"
    return f"{value:.1f}" if "months" in measure else f"{value:.2f}"


def with_interval(measure: str, part: Record) -> str:
    """Value and interval of a record or of its ``published`` part; an open limit is shown as such.

    Examples
    --------
    >>> with_interval("hazard_ratio", {"value": 1.11, "ci_low": 0.82, "ci_high": 1.52, "ci_level": 0.9})
    '1.11 (90 % CI 0.82 to 1.52)'
    >>> with_interval("median_months", {"value": 53.1, "ci_low": 47.9, "ci_high": None, "ci_level": 0.95})
    '53.1 (95 % CI 47.9 to not reached)'
    """
    text = number(measure, part.get("value"))
    low, high = part.get("ci_low"), part.get("ci_high")
    if low is None and high is None:
        return text
    level = part.get("ci_level")
    words = f"{100 * level:.4g} % CI" if level is not None else "CI"
    return f"{text} ({words} {number(measure, low)} to {number(measure, high)})"


def what(record: Record) -> str:
    """What a record measures, in words.

    Examples
    --------
    >>> what({"endpoint": "overall-survival", "measure": "survival", "at_months": 36, "arm": "systemic"})
    'Overall survival: survival at 36 months'
    """
    endpoint = str(record.get("endpoint", ""))
    measure = str(record["measure"])
    words = MEASURES.get(measure, measure.replace("_", " "))
    text = f"{ENDPOINTS.get(endpoint, endpoint.replace('-', ' ').capitalize())}: {words}"
    if record.get("at_months") is not None:
        text += f" at {record['at_months']:g} months"
    extra = []
    if record.get("time_zero", "randomisation") != "randomisation":
        extra.append(f"from {record['time_zero']}")
    if record.get("population", "itt") != "itt":
        extra.append(str(record["population"]))
    if record.get("subgroup"):
        extra.append(str(record["subgroup"]))
    return text + (f" ({', '.join(extra)})" if extra else "")


def who(record: Record, labels: Mapping[str, str] | None = None) -> str:
    """The arm or the comparison of a record, by the labels of the arms where given."""
    names = labels or {}
    comparison = record.get("comparison")
    if comparison:
        ends = (str(comparison["experimental"]), str(comparison["control"]))
        return " vs ".join(names.get(arm, arm) for arm in ends)
    arm = record.get("arm")
    return names.get(str(arm), str(arm)) if arm else "all"


def headline(records: Sequence[Record], *, all_records: bool = False) -> list[Record]:
    """Records for the comparison table: those with a published number, and the main ones of the whole trial.

    Subgroups, other populations and p values without a published counterpart are left to ``summary.json``.
    """
    if all_records:
        return list(records)
    kept = [
        r
        for r in records
        if r.get("published")
        or (r["measure"] in _ORDER and not r.get("subgroup") and r.get("population", "itt") == "itt")
    ]
    endpoints = list(ENDPOINTS)

    def place(record: Record) -> tuple[int, int, int, str, float]:
        endpoint, measure = str(record.get("endpoint")), str(record["measure"])
        return (
            endpoints.index(endpoint) if endpoint in endpoints else len(endpoints),
            1 if record.get("subgroup") else 0,
            _ORDER.index(measure) if measure in _ORDER else len(_ORDER),
            "z" if record.get("time_zero", "randomisation") != "randomisation" else "a",
            float(record.get("at_months") or 0.0),
        )

    return sorted(kept, key=place)
