"""Shares of patients who respond and of lesions that are controlled, by arm, and what compares them.

Patients: Wilson's interval. Lesions: several of one patient are alike, so the interval counts patients, not lesions (the variance
of a ratio of sums over patients). Differences and odds ratios are crude, not stratified.

Sources: Wilson 1927 (J Am Stat Assoc 22:209); Rao and Scott 1992 (Biometrics 48:577) for proportions in clusters; Woolf 1955
(Ann Hum Genet 19:251) for the interval of the odds ratio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..endpoints import FOUND, NAMES, lesion_flag
from ..errors import PagetError
from ._arrays import Bools
from ._distributions import z_of_level
from .adam import Endpoint, read_endpoint
from .records import Record, record

if TYPE_CHECKING:
    import polars as pl


def wilson(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share.

    Examples
    --------
    >>> low, high = wilson(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    if n <= 0 or not 0 <= events <= n:
        raise PagetError("a share needs 0 to n events of n patients", got=f"{events} of {n}")
    z2 = z_of_level(level) ** 2
    share = events / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * share * (1 - share) / n + z2 * z2 / (4 * n * n)) / (1 + z2 / n)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def clustered(events: Any, n: Any, level: float = 0.95) -> tuple[float, float, float]:
    """Share of events over clusters (lesions of patients) with an interval that counts clusters.

    Parameters
    ----------
    events, n : array, shape (clusters,)
        Events and members of each cluster.
    level : float

    Returns
    -------
    (float, float, float)
        Share, lower and upper limit; Wilson's interval where the clusters do not differ (shares of 0 or 1, one cluster).
    """
    e, m = np.asarray(events, float), np.asarray(n, float)
    total = m.sum()
    if total <= 0:
        raise PagetError("there is no member of any cluster", got=int(total))
    share = float(e.sum() / total)
    count = len(m)
    residual = e - share * m
    spread = float(np.sqrt(count / max(count - 1, 1) * (residual**2).sum()) / total)
    if spread <= 0 or count < 2:
        low, high = wilson(round(share * count), count, level)
        return share, min(low, share), max(high, share)
    half = z_of_level(level) * spread
    return share, max(0.0, share - half), min(1.0, share + half)


def odds_ratio(events: Sequence[int], n: Sequence[int], level: float = 0.95) -> tuple[float, float, float]:
    """Odds ratio of two shares (the first against the second) with Woolf's interval; NaN where a cell is empty.

    Examples
    --------
    >>> value, low, high = odds_ratio((59, 41), (100, 100))
    >>> round(value, 3)
    2.071
    """
    cells = [events[0], n[0] - events[0], events[1], n[1] - events[1]]
    if min(cells) <= 0:
        return float("nan"), float("nan"), float("nan")
    log = float(np.log(cells[0] * cells[3] / (cells[1] * cells[2])))
    half = z_of_level(level) * float(np.sqrt(sum(1.0 / cell for cell in cells)))
    return float(np.exp(log)), float(np.exp(log - half)), float(np.exp(log + half))


def response_rates(
    adsl: pl.DataFrame, adrs: pl.DataFrame, code: str, *, experimental: str, control: str | None, level: float = 0.95
) -> list[Record]:
    """Share of patients with a response parameter of ADRS (RSP, CB, CR) by arm, and their comparison.

    Every randomised patient counts; one without a row has not responded. RSP2 is of those who got a second line.

    Raises
    ------
    PagetError
        ADRS does not hold the parameter.
    """
    import polars as pl

    rows = adrs.filter(pl.col("PARAMCD") == code)
    if not rows.height:
        raise PagetError("ADRS has no such parameter", key="PARAMCD", got=code, expected=", ".join(adrs["PARAMCD"].unique().sort()))
    has = set(rows["USUBJID"].to_list()) if code == "RSP2" else None  # of those who got a second line
    yes = set(rows.filter(pl.col("AVALC") == "Y")["USUBJID"].to_list())
    counts: dict[str, tuple[int, int]] = {}
    for arm in [experimental, *([control] if control is not None else [])]:
        mine = adsl.filter(pl.col("ARMCD") == arm)["USUBJID"].to_list()
        mine = mine if has is None else [one for one in mine if one in has]
        counts[arm] = (sum(one in yes for one in mine), len(mine))
    return _shares(NAMES[code], counts, experimental, control, level)


def event_rates(
    adsl: pl.DataFrame, adtte: pl.DataFrame, code: str, *, experimental: str, control: str | None, level: float = 0.95
) -> list[Record]:
    """Crude share of patients with an event of a time endpoint by the data cut, as some papers print it."""
    if code not in set(adtte["PARAMCD"].to_list()):
        return [record(NAMES[code], "rate", None, arm=experimental, note="nobody has this time")]
    data: Endpoint = read_endpoint(adsl, adtte, code, incomplete="drop")
    counts: dict[str, tuple[int, int]] = {}
    for arm in [experimental, *([control] if control is not None else [])]:
        mine: Bools = np.asarray(data.patients["ARMCD"] == arm)
        if mine.any():
            counts[arm] = (int((data.cause[mine] == 1).sum()), int(mine.sum()))
    return [
        {**one, "method": "crude share by the data cut"}
        for one in _shares(NAMES[code], counts, experimental, control if control in counts else None, level)
        if one["arm"]
    ]


def found_rates(
    adtte: pl.DataFrame, words: str, *, arms: Mapping[str, str], experimental: str, control: str | None, level: float = 0.95
) -> list[Record]:
    """Share of distant relapses (events of DRFS in ADTTE) that were found in one way, by arm, and their comparison.

    Parameters
    ----------
    adtte : polars.DataFrame
    words : str
        EVNTDESC of a relapse found in that way; relapses are the events that are no death.
    arms : mapping of arm to its label (TRTP)
    """
    import polars as pl

    relapses = adtte.filter((pl.col("PARAMCD") == "DRFS") & (pl.col("CNSR") == 0) & (pl.col("EVNTDESC") != "DEATH"))
    counts: dict[str, tuple[int, int]] = {}
    for arm in [experimental, *([control] if control is not None else [])]:
        mine = relapses.filter(pl.col("TRTP") == arms[arm])
        counts[arm] = (mine.filter(pl.col("EVNTDESC") == words).height, mine.height)
    return _shares(NAMES[FOUND], counts, experimental, control, level)


def lesion_rates(
    adles: pl.DataFrame, code: str, *, arms: Sequence[tuple[str, str]], classes: Sequence[str] = (), level: float = 0.95
) -> list[Record]:
    """Share of treated lesions with a flag of ADLES (LRSP, LCR, LLTP), by arm and size class.

    Parameters
    ----------
    adles : polars.DataFrame
        One row per treated lesion.
    code : {"LRSP", "LCR", "LLTP"}
    arms : sequence of (id, label)
    classes : sequence of str
        Size classes; each gets a record of its own beside that of all lesions.
    level : float
    """
    import polars as pl

    out = []
    for arm, label in arms:
        mine = adles.filter(pl.col("TRTP") == label)
        for group in (None, *classes):
            part = mine if group is None else mine.filter(pl.col("SIZEGR") == group)
            fields: dict[str, Any] = {"arm": arm, "subgroup": group, "n": part.height, "method": "lesions; interval over patients"}
            if not part.height:
                out.append(record(NAMES[code], "rate", None, note="no such lesion was treated", **fields))
                continue
            by = part.group_by("USUBJID", maintain_order=True).agg(e=(pl.col(lesion_flag(code)) == "Y").sum(), n=pl.len())
            share, low, high = clustered(by["e"].to_numpy(), by["n"].to_numpy(), level)
            events = int(by["e"].sum())
            out.append(
                record(NAMES[code], "rate", share, ci_low=low, ci_high=high, ci_level=level, events=events, **fields)
            )  # fmt: skip
    return out


def _shares(name: str, counts: dict[str, tuple[int, int]], experimental: str, control: str | None, level: float) -> list[Record]:
    out = []
    for arm, (events, n) in counts.items():
        if n == 0:
            out.append(record(name, "rate", None, arm=arm, n=0, note="nobody in this arm"))
            continue
        low, high = wilson(events, n, level)
        out.append(record(name, "rate", events / n, arm=arm, n=n, events=events, ci_low=low, ci_high=high, ci_level=level, method="Wilson"))
    if control is None or experimental not in counts or min(n for _, n in counts.values()) == 0:
        return out
    (e1, n1), (e0, n0) = counts[experimental], counts[control]
    sides = {"experimental": experimental, "control": control}
    shared: dict[str, Any] = {"comparison": sides, "n": n1 + n0, "events": e1 + e0, "ci_level": level}
    p1, p0 = e1 / n1, e0 / n0
    half = z_of_level(level) * float(np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0))
    out.append(record(name, "rate_difference", p1 - p0, ci_low=p1 - p0 - half, ci_high=p1 - p0 + half, **shared))
    value, low, high = odds_ratio((e1, e0), (n1, n0), level)
    note = None if np.isfinite(value) else "a cell is empty"
    out.append(record(name, "odds_ratio", value, ci_low=low, ci_high=high, note=note, **shared))
    return out
