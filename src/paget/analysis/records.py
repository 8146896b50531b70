"""Summary records: one number with where it comes from, and the published number it stands beside.

A published figure is joined to the computed one of the same endpoint, measure, population, time zero,
comparison or arm, subgroup and time. One printed the other way round (control against experimental) is
turned. One that finds no partner is kept as a record without a value, never dropped in silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..endpoints import NAMES
from ..errors import PagetError, unknown

Record = dict[str, Any]

MEASURES = (
    "hazard_ratio",
    "survival",
    "cumulative_incidence",
    "median_months",
    "rmst_months",
    "rmst_difference_months",
    "logrank_p",
    "maxcombo_p",
    "cox_zph_p",
    "interaction_p",
    "rate",
    "rate_difference",
    "odds_ratio",
    "count",
)
ROLES = ("prediction", "anchor", "input", "fitted")
COMPARED = (
    "hazard_ratio", "rmst_difference_months", "logrank_p", "maxcombo_p", "cox_zph_p", "interaction_p", "rate_difference",
    "odds_ratio",
)  # fmt: skip
_KEYS = ("value", "ci_low", "ci_high", "ci_level", "evidence")


def record(endpoint: str | None, measure: str, value: float | None, **fields: Any) -> Record:
    """Make a summary record with every key of the form; numbers that are not finite become None.

    Parameters
    ----------
    endpoint, measure, value
        What was measured, how, and the number (None where it could not be computed; say why in `note`).
    **fields
        Any other key of the form: population, time_zero, comparison, arm, subgroup, at_months, ci_low,
        ci_high, ci_level, mc_se, n, events, p_value, role, published, method, note.
    """
    form: Record = {
        "endpoint": endpoint,
        "measure": measure,
        "population": "itt",
        "time_zero": "randomisation",
        "comparison": None,
        "arm": None,
        "subgroup": None,
        "at_months": None,
        "value": value,
        "ci_low": None,
        "ci_high": None,
        "ci_level": None,
        "mc_se": None,
        "n": None,
        "events": None,
        "p_value": None,
        "role": "prediction",
        "published": None,
        "method": None,
        "note": None,
    }
    for key, given in fields.items():
        if key not in form:
            raise unknown("key of a summary record", key, form)
        form[key] = given
    for key in ("value", "ci_low", "ci_high", "mc_se", "p_value", "at_months"):
        form[key] = finite(form[key])
    return form


def finite(value: Any) -> float | None:
    """Return a plain float, or None where the number is missing or not finite (JSON has no NaN)."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def check_published(published: Iterable[Mapping[str, Any]]) -> list[Record]:
    """Return published figures in normal form, or an error that names the one that is not."""
    normal: list[Record] = []
    for place, given in enumerate(published):
        entry = dict(given)
        where = f"published[{place}]"
        for key in ("measure", "value"):
            if entry.get(key) is None:
                raise PagetError(f"a published figure has no {key}", key=where, got=entry)
        if entry["measure"] not in MEASURES:
            raise unknown("measure", str(entry["measure"]), MEASURES, where=where)
        if isinstance(entry.get("comparison"), str):
            parts = entry["comparison"].split(" vs ")
            if len(parts) != 2:
                raise PagetError(
                    "a comparison reads 'experimental vs control'",
                    key=f"{where}.comparison",
                    got=entry["comparison"],
                )
            entry["comparison"] = {"experimental": parts[0].strip(), "control": parts[1].strip()}
        entry["endpoint"] = NAMES.get(str(entry.get("endpoint")), entry.get("endpoint"))
        entry.setdefault("population", "itt")
        entry.setdefault("time_zero", "randomisation")
        normal.append(entry)
    return normal


def join_published(records: Sequence[Record], published: Sequence[Record]) -> list[Record]:
    """Join records with their published partners; published figures without one follow at the end."""
    joined = [dict(r) for r in records]
    places = {_key(r): i for i, r in enumerate(joined)}
    for entry in published:
        place = places.get(_key(entry))
        shown = entry
        if place is None and entry.get("comparison"):
            turned = _turned(entry)
            if turned is not None and _key(turned) in places:
                place, shown = places[_key(turned)], turned
        figures = {key: shown.get(key) for key in _KEYS}
        if "note" in shown:
            figures["note"] = shown["note"]
        if place is None:
            keep = ("population", "time_zero", "comparison", "arm", "subgroup", "at_months", "role")
            fields = {key: entry[key] for key in keep if entry.get(key) is not None}
            note = "published; not computed in this run"
            joined.append(record(entry["endpoint"], entry["measure"], None, published=figures, note=note, **fields))
        elif joined[place]["published"] is None:
            joined[place]["published"] = figures
            joined[place]["role"] = entry.get("role") or joined[place]["role"]
        else:
            # A second source for the same figure stands in a record of its own.
            joined.append({**joined[place], "published": figures})
    return joined


def _turned(entry: Record) -> Record | None:
    """Exchange experimental and control; None where the measure cannot be turned."""
    sides = entry["comparison"]
    turned = {**entry, "comparison": {"experimental": sides["control"], "control": sides["experimental"]}}
    if entry["measure"] in ("hazard_ratio", "odds_ratio"):
        flip = [None if entry.get(key) is None else 1.0 / float(entry[key]) for key in ("value", "ci_high", "ci_low")]
    elif entry["measure"] in ("rmst_difference_months", "rate_difference"):
        flip = [None if entry.get(key) is None else -float(entry[key]) for key in ("value", "ci_high", "ci_low")]
    elif entry["measure"] in COMPARED:
        return turned
    else:
        return None
    turned.update(zip(("value", "ci_low", "ci_high"), flip, strict=True))
    turned["note"] = "printed the other way round"
    return turned


def _key(r: Mapping[str, Any]) -> tuple[Any, ...]:
    sides = r.get("comparison")
    who = (sides["experimental"], sides["control"]) if sides else r.get("arm")
    at = r.get("at_months")
    # A restricted mean has its horizon in at_months; a hazard ratio has no time.
    when = None if at is None or r["measure"] not in _TIMED else round(float(at), 3)
    return (r["endpoint"], r["measure"], r["population"], r["time_zero"], who, r.get("subgroup"), when)


_TIMED = ("survival", "cumulative_incidence", "rmst_months", "rmst_difference_months")
