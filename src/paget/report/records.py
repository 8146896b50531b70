"""Summary records in words: what was measured, on whom, and the number with its interval.

A record is one dict of ``summary.json`` (docs/outputs.md). Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paget.endpoints import TITLES, title_of

Record = Mapping[str, Any]

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
    "rate_difference": "difference of shares",
    "odds_ratio": "odds ratio",
    "count": "count",
    "twin_mean_gain_months": "twins: mean gain, months",
    "twin_hazard_ratio": "twins: hazard ratio",
    "twin_share_gaining": "twins: share who gain over a month",
    "twin_share_losing": "twins: share who lose over a month",
    "twin_share_unchanged": "twins: share unchanged within a month",
    "twin_variance_ratio": "twins: variance of unpaired against paired difference",
}
SHARES = ("survival", "cumulative_incidence", "rate", "rate_difference", "twin_share_gaining", "twin_share_losing", "twin_share_unchanged")
P_VALUES = ("logrank_p", "maxcombo_p", "cox_zph_p", "interaction_p")

ROLES = {
    "prediction": "not used to build the model",
    "anchor": "used to place parameters",
    "input": "put in by the protocol",
    "fitted": "fitted to it",
}
"""What each role of a number means, in words."""

_ORDER = (
    "hazard_ratio", "odds_ratio", "rate", "rate_difference", "median_months", "survival", "cumulative_incidence",
    "twin_hazard_ratio", "twin_mean_gain_months", "twin_share_gaining", "twin_share_losing", "twin_variance_ratio",
)  # fmt: skip


def number(measure: str, value: float | None) -> str:
    """Show a value: shares in per cent, p values short, months with one decimal.

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


def interval(measure: str, part: Record) -> str:
    """Show the interval of a record or of its ``published`` part; empty where there is none.

    Examples
    --------
    >>> interval("hazard_ratio", {"ci_low": 0.82, "ci_high": 1.52, "ci_level": 0.9})
    '90 % CI 0.82 to 1.52'
    >>> interval("median_months", {"ci_low": 47.9, "ci_high": None, "ci_level": 0.95})
    '95 % CI 47.9 to not reached'
    """
    low, high = part.get("ci_low"), part.get("ci_high")
    if low is None and high is None:
        return ""
    level = part.get("ci_level")
    words = f"{100 * level:.4g} % CI" if level is not None else "CI"
    first = number(measure, low)
    if measure in SHARES and low is not None and high is not None:
        first = first.removesuffix(" %")
    return f"{words} {first} to {number(measure, high)}"


def replicated(record: Record) -> str:
    """Show what the replicates say of a record: their mean, and where 95 % of single trials fall; empty where there are none.

    Examples
    --------
    >>> replicated({"measure": "hazard_ratio", "replicates": {"value": 1.05, "low": 0.8, "high": 1.4}})
    '1.05 (0.80 to 1.40)'
    """
    part = record.get("replicates")
    if not part:
        return ""
    measure = str(record["measure"])
    low, high = (number(measure, part[end]) for end in ("low", "high"))
    return f"{number(measure, part['value'])} ({low.removesuffix(' %')} to {high})"


def uncertainty_rows(spread: Record, n: int, source: str) -> list[tuple[str, str, str]]:
    """Kinds of uncertainty of a number, each apart: kind, size, meaning.

    Parameters
    ----------
    spread : mapping
        The ``replicates`` part of a record.
    n : int
        Patients of a trial.
    source : str
        Where the parameters came from, in words.
    """
    ratio = spread["scale"] == "log"

    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.2f}"

    def band(part: Record) -> str:
        return f"{shown(part['low'])} to {shown(part['high'])}"

    sampling, parameter, structural = spread["sampling"], spread["parameter"], spread["structural"]
    unit = "of the logarithm " if ratio else ""
    error = "–" if spread["mc_se"] is None else f"± {spread['mc_se']:.3f}"
    rows = [
        ("Monte-Carlo", error, f"standard error of the mean over {spread['count']} replicates; {source}"),
        ("sampling", band(sampling), f"where 95 % of single trials of {n} patients would fall were the parameters known"),
    ]
    if parameter is None:
        rows.append(("parameters", "not computed", f"{source}: the true uncertainty is larger"))
    else:
        share = "" if parameter["share"] is None else f", {100 * parameter['share']:.0f} % of the variance of single trials"
        rows.append(
            (
                "parameters", band(parameter),
                f"where 95 % of draws put the effect itself (sd {unit}{shown(parameter['sd'])}, 95 % interval "
                f"{shown(parameter['sd_low'])} to {shown(parameter['sd_high'])}{share})",
            )
        )  # fmt: skip
    if structural is None:
        rows.append(("structure", "not computed", "no fitted variants of the model were given"))
    else:
        rows.append(("structure", band(structural), structural["meaning"]))
    return rows


def endpoint_of(record: Record) -> str:
    """Endpoint of a record in words."""
    return title_of(str(record.get("endpoint", "")))


def what(record: Record) -> str:
    """Say what a record measures of its endpoint, in words.

    Examples
    --------
    >>> what({"endpoint": "overall-survival", "measure": "survival", "at_months": 36, "arm": "systemic"})
    'survival at 36 months'
    >>> what({"measure": "hazard_ratio", "subgroup": "age < 55", "time_zero": "diagnosis"})
    'hazard ratio (from diagnosis, age < 55)'
    """
    measure = str(record["measure"])
    text = MEASURES.get(measure, measure.replace("_", " "))
    if record.get("at_months") is not None:
        text += f" at {record['at_months']:g} months"
    extra = []
    if record.get("time_zero", "randomisation") != "randomisation":
        extra.append(f"from {record['time_zero']}")
    if record.get("population", "itt") != "itt":
        extra.append(str(record["population"]))
    if record.get("subgroup"):
        extra.append(str(record["subgroup"]))
    if record.get("cut"):
        extra.append(f"{record['cut']} look")
    if measure.startswith("twin") and record.get("method"):
        extra.append(str(record["method"]).split(":")[0])
    return text + (f" ({', '.join(extra)})" if extra else "")


def who(record: Record, labels: Mapping[str, str] | None = None) -> str:
    """Name the arm or the comparison of a record, by the labels of the arms where given."""
    names = labels or {}
    comparison = record.get("comparison")
    if comparison:
        ends = (str(comparison["experimental"]), str(comparison["control"]))
        return " vs ".join(names.get(arm, arm) for arm in ends)
    arm = record.get("arm")
    return names.get(str(arm), str(arm)) if arm else "all"


def _main(r: Record) -> bool:
    """Hazard ratios, medians and what the twins show, of the whole trial from randomisation: of interest without a published partner."""
    if str(r.get("endpoint")).startswith("lesion-"):  # the size classes of treated lesions are results, not subgroups
        return bool(r["measure"] == "rate")
    whole = not r.get("subgroup") and r.get("population", "itt") == "itt" and r.get("time_zero", "randomisation") == "randomisation"
    return whole and r["measure"] in _ORDER and r["measure"] not in ("survival", "cumulative_incidence")


def headline(records: Sequence[Record], *, all_records: bool = False) -> list[Record]:
    """Choose the records of the comparison table: published ones and the main ones of the trial.

    Subgroups, other populations and p values without a published counterpart are left to ``summary.json``.
    """
    if all_records:
        return list(records)
    kept = [r for r in records if r.get("published") or _main(r)]
    endpoints = list(TITLES)

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
