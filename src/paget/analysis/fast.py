"""The statistics of thousands of small trials: compiled, and equal to the estimators of this room (tests).

One trial of 250 patients takes some tens of microseconds. Only what a sampling distribution needs:
stratified log-rank, one-covariate Cox with Efron's ties, survival, median and restricted mean per arm,
cumulative incidence. The kernels release the interpreter's lock, so replicates run on threads; results do
not depend on the number of threads.

Importing this module imports numba; nothing else in `paget.analysis` does.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._jit import jit
from ..errors import PagetError
from ._arrays import Bools, Floats, Ints, checked, codes, strata_codes
from .competing import checked_causes


@dataclass(frozen=True)
class ReplicateStatistics:
    """Statistics of each replicate, arm 1 against arm 0; first axis the replicate, arms in the order 0, 1.

    Attributes
    ----------
    replicate : array (r,)
        Numbers of the replicates, sorted.
    n, events : array (r, 2)
        Patients and events per arm.
    log_hr, se : array (r,)
        Stratified Cox log hazard ratio and standard error; NaN where an arm has no event or the estimate is
        infinite.
    logrank_z : array (r,)
        Stratified log-rank, positive when arm 1 has more events than expected.
    survival : array (r, 2, landmarks)
        Kaplan-Meier; NaN beyond the follow-up.
    median : array (r, 2)
        NaN where not reached.
    rmst : array (r, 2)
        Restricted mean to `tau`; NaN beyond the follow-up or without a `tau`.
    """

    replicate: Ints
    n: Ints
    events: Ints
    log_hr: Floats
    se: Floats
    logrank_z: Floats
    survival: Floats
    median: Floats
    rmst: Floats


def replicate_statistics(
    time: Any,
    event: Any,
    arm: Any,
    replicate: Any,
    *,
    strata: Any = None,
    landmarks: Any = (),
    tau: float | None = None,
    threads: int = 1,
) -> ReplicateStatistics:
    """Log-rank, Cox, survival, medians and restricted means of every replicate.

    Parameters
    ----------
    time, event, arm, replicate : array, shape (patients of all replicates,)
        Time, event, arm (1 experimental, 0 control) and number of the replicate of each patient, in any
        order.
    strata : array or list of arrays, optional
        Strata of the log-rank and the Cox model.
    landmarks : sequence of float
        Times of the survival read-outs, in the unit of `time`.
    tau : float, optional
        Horizon of the restricted mean.
    threads : int
        Threads that share the replicates.
    """
    t, e = checked(time, event)
    order, a, number, start = _layout(t, arm, replicate)
    stratum = strata_codes(strata, len(t))[order]
    marks = np.asarray(landmarks, dtype=np.float64).reshape(-1)
    r = len(number)
    effect, per_arm = np.full((r, 3), np.nan), np.full((r, 2, 4 + len(marks)), np.nan)
    horizon = -1.0 if tau is None else float(tau)
    strata_count = int(stratum.max()) + 1
    t, e = np.ascontiguousarray(t[order]), np.ascontiguousarray(e[order])

    def work(low: int, high: int) -> None:
        _trials(low, high, start, t, e, a, stratum, strata_count, marks, horizon, effect, per_arm)

    _share(work, r, threads)
    return ReplicateStatistics(
        replicate=number,
        n=per_arm[:, :, 0].astype(np.int64),
        events=per_arm[:, :, 1].astype(np.int64),
        log_hr=effect[:, 0],
        se=effect[:, 1],
        logrank_z=effect[:, 2],
        survival=per_arm[:, :, 4:],
        median=per_arm[:, :, 2],
        rmst=per_arm[:, :, 3],
    )


def replicate_incidence(
    time: Any, cause: Any, arm: Any, replicate: Any, *, landmarks: Any, of: int = 1, threads: int = 1
) -> Floats:
    """Cumulative incidence of cause `of` at landmarks: (replicates, 2, landmarks), sorted by replicate."""
    t, c = checked_causes(time, cause, of)
    order, a, number, start = _layout(t, arm, replicate)
    marks = np.asarray(landmarks, dtype=np.float64).reshape(-1)
    found = np.full((len(number), 2, len(marks)), np.nan)
    t, c = np.ascontiguousarray(t[order]), np.ascontiguousarray(c[order])

    def work(low: int, high: int) -> None:
        _incidences(low, high, start, t, c, a, of, marks, found)

    _share(work, len(number), threads)
    return found


def _layout(time: Floats, arm: Any, replicate: Any) -> tuple[Ints, Ints, Ints, Ints]:
    """Order of the rows by replicate and time; arms, replicate numbers, where each replicate starts."""
    a = np.asarray(arm)
    if a.shape != time.shape or not set(np.unique(a).tolist()) <= {0, 1}:
        raise PagetError("arm must be 1 (experimental) or 0 (control) for every patient", got=np.unique(a).tolist()[:5])
    labels, code = codes(replicate, len(time), "replicate")
    order = np.lexsort((time, code)).astype(np.int64)
    start = np.searchsorted(code[order], np.arange(len(labels) + 1)).astype(np.int64)
    return order, np.ascontiguousarray(a.astype(np.int64)[order]), np.asarray(labels, dtype=np.int64), start


def _share(work: Callable[[int, int], None], count: int, threads: int) -> None:
    if threads <= 1 or count < 8:
        work(0, count)
        return
    edges = np.linspace(0, count, threads * 4 + 1).astype(int)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(work, edges[:-1].tolist(), edges[1:].tolist()))


@jit
def _trials(
    low: int,
    high: int,
    start: Ints,
    time: Floats,
    event: Bools,
    arm: Ints,
    stratum: Ints,
    strata: int,
    marks: Floats,
    tau: float,
    effect: Floats,
    per_arm: Floats,
) -> None:
    """Every statistic of replicates low..high; rows are sorted by time within a replicate."""
    widest = 0
    for r in range(low, high):
        widest = max(widest, start[r + 1] - start[r])
    table = np.empty((widest + 1, 4))
    for r in range(low, high):
        first, last = start[r], start[r + 1]
        rows = _table(first, last, time, event, arm, stratum, strata, table)
        effect[r, 2] = _logrank_z(table, rows)
        effect[r, 0], effect[r, 1] = _cox_binary(table, rows)
        for g in range(2):
            _arm_curve(first, last, time, event, arm, g, marks, tau, per_arm[r, g])


@jit
def _table(first: int, last: int, time: Floats, event: Bools, arm: Ints, stratum: Ints, strata: int, table: Floats) -> int:
    """At risk and events of both arms at each event time of each stratum; returns the number of rows."""
    rows = 0
    for s in range(strata):
        risk0, risk1 = 0.0, 0.0
        died0, died1 = 0.0, 0.0
        now = -1.0
        for i in range(last - 1, first - 1, -1):
            if stratum[i] != s:
                continue
            if time[i] != now:
                if died0 + died1 > 0.0:
                    table[rows, 0], table[rows, 1], table[rows, 2], table[rows, 3] = (
                        risk0,
                        risk1,
                        died0,
                        died1,
                    )
                    rows += 1
                died0, died1, now = 0.0, 0.0, time[i]
            if arm[i] == 1:
                risk1 += 1.0
                died1 += event[i]
            else:
                risk0 += 1.0
                died0 += event[i]
        if died0 + died1 > 0.0:
            table[rows, 0], table[rows, 1], table[rows, 2], table[rows, 3] = risk0, risk1, died0, died1
            rows += 1
    return rows


@jit
def _logrank_z(table: Floats, rows: int) -> float:
    difference, variance = 0.0, 0.0
    for k in range(rows):
        n0, n1, d = table[k, 0], table[k, 1], table[k, 2] + table[k, 3]
        n = n0 + n1
        difference += table[k, 3] - d * n1 / n
        if n > 1.0:
            variance += d * (n - d) / (n - 1.0) * n0 * n1 / (n * n)
    return difference / np.sqrt(variance) if variance > 0.0 else np.nan


@jit
def _cox_binary(table: Floats, rows: int) -> tuple[float, float]:
    """Log hazard ratio of a 0/1 covariate and its standard error, by Newton's method."""
    total0, total1 = 0.0, 0.0
    for k in range(rows):
        total0 += table[k, 2]
        total1 += table[k, 3]
    if total0 == 0.0 or total1 == 0.0:
        return np.nan, np.nan
    beta = 0.0
    for _ in range(60):
        score, information = total1, 0.0
        ratio = np.exp(beta)
        for k in range(rows):
            d = table[k, 2] + table[k, 3]
            for j in range(int(d)):
                left = j / d
                one = (table[k, 1] - left * table[k, 3]) * ratio
                share = one / (one + table[k, 0] - left * table[k, 2])
                score -= share
                information += share * (1.0 - share)
        if information <= 1e-12:
            return np.nan, np.nan
        step = score / information
        # A long step would overshoot where the likelihood is flat.
        step = min(max(step, -2.0), 2.0)
        beta += step
        if abs(beta) > 15.0:
            return np.nan, np.nan
        if abs(step) < 1e-11:
            return beta, 1.0 / np.sqrt(information)
    return np.nan, np.nan


@jit
def _arm_curve(
    first: int,
    last: int,
    time: Floats,
    event: Bools,
    arm: Ints,
    g: int,
    marks: Floats,
    tau: float,
    out: Floats,
) -> None:
    """Patients, events, median, restricted mean and survival at the landmarks of one arm."""
    left = 0.0
    for i in range(first, last):
        if arm[i] == g:
            left += 1.0
    out[0], out[1] = left, 0.0
    if left == 0.0:
        return
    survival, events, end, area = 1.0, 0.0, 0.0, 0.0
    median, flat = np.nan, False
    next_mark = 0
    i = first
    while i < last:
        now = time[i]
        died, gone = 0.0, 0.0
        while i < last and time[i] == now:
            if arm[i] == g:
                gone += 1.0
                died += event[i]
            i += 1
        if gone == 0.0:
            continue
        while next_mark < len(marks) and marks[next_mark] < now:
            out[4 + next_mark] = survival
            next_mark += 1
        if tau >= 0.0 and end < tau:
            area += survival * (min(now, tau) - end)
        if died > 0.0:
            survival = 0.0 if died >= left else survival * (1.0 - died / left)
            events += died
            if flat:
                median, flat = (median + now) / 2.0, False
            elif np.isnan(median) and survival < 0.5 + 1.5e-8:
                median = now
                flat = abs(survival - 0.5) < 1.5e-8
        left -= gone
        end = now
    while next_mark < len(marks) and (marks[next_mark] <= end or survival == 0.0):
        out[4 + next_mark] = survival
        next_mark += 1
    out[1], out[2] = events, median
    if tau >= 0.0 and (tau <= end or survival == 0.0):
        out[3] = area


@jit
def _incidences(
    low: int,
    high: int,
    start: Ints,
    time: Floats,
    cause: Ints,
    arm: Ints,
    of: int,
    marks: Floats,
    found: Floats,
) -> None:
    """Aalen-Johansen incidence of cause `of` at the landmarks, by replicate and arm."""
    for r in range(low, high):
        for g in range(2):
            left = 0.0
            for i in range(start[r], start[r + 1]):
                if arm[i] == g:
                    left += 1.0
            if left == 0.0:
                continue
            overall, incidence, end, mark = 1.0, 0.0, 0.0, 0
            i = start[r]
            while i < start[r + 1]:
                now, mine, others, gone = time[i], 0.0, 0.0, 0.0
                while i < start[r + 1] and time[i] == now:
                    if arm[i] == g:
                        gone += 1.0
                        if cause[i] == of:
                            mine += 1.0
                        elif cause[i] != 0:
                            others += 1.0
                    i += 1
                if gone == 0.0:
                    continue
                while mark < len(marks) and marks[mark] < now:
                    found[r, g, mark] = incidence
                    mark += 1
                incidence += overall * mine / left
                overall = 0.0 if mine + others >= left else overall * (1.0 - (mine + others) / left)
                left -= gone
                end = now
            while mark < len(marks) and (marks[mark] <= end or overall == 0.0):
                found[r, g, mark] = incidence
                mark += 1
