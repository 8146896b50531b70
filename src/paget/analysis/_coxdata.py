"""Partial likelihood of the Cox model: value, slope and curvature, event by event.

One row of work per event rather than per risk set: within a stratum the sums over the risk set are reversed
running sums, and Efron's treatment of ties subtracts a growing share of the tied patients. What the fit,
the robust error, the test of proportional hazards and the score test need is all here, so that they cannot
disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class Stratum:
    """One stratum sorted by time, with the bookkeeping of ties that does not depend on the coefficients."""

    rows: Ints
    """Rows of the caller's arrays, in order of time."""
    x: Floats
    weight: Floats
    times: Floats
    first: Ints
    """For each event time, the first sorted row still at risk."""
    entry_order: Ints | None
    entered: Ints | None
    """For each event time, how many rows (in order of entry) have entered."""
    dead: Ints
    """Sorted rows with an event."""
    tie: Ints
    """For each of them, its event time."""
    share: Floats
    """For each of them, the share of the tied deaths left out of the risk set (0 under Breslow)."""
    mean_weight: Floats
    """For each of them, the mean weight of its tie."""


@dataclass(frozen=True)
class Terms:
    """The likelihood at one coefficient vector; per-event arrays follow the strata one after another."""

    loglik: float
    score: Floats
    information: Floats
    means: list[Floats]
    """Per stratum (events, p): mean covariate of the risk set."""
    curvature: list[Floats]
    """Per stratum (events, p, p): weighted covariance in the risk set."""
    hazard: list[Floats]
    """Per stratum (events,): increment of the baseline cumulative hazard."""
    risk: list[Floats]
    """Per stratum (rows,): exp(linear predictor)."""


def build(
    time: Floats, event: Bools, x: Floats, stratum: Ints, entry: Floats | None, weight: Floats, efron: bool
) -> list[Stratum]:
    """Sort each stratum and lay out its ties; strata without an event are left out (they say nothing)."""
    strata: list[Stratum] = []
    for s in range(int(stratum.max()) + 1):
        rows = np.flatnonzero(stratum == s)
        rows = rows[np.argsort(time[rows], kind="stable")]
        t, e, w = time[rows], event[rows] & (weight[rows] > 0), weight[rows]
        dead = np.flatnonzero(e)
        if not dead.size:
            continue
        times, tie, count = np.unique(t[dead], return_inverse=True, return_counts=True)
        place = np.arange(len(dead)) - np.concatenate([[0], np.cumsum(count)[:-1]])[tie]
        order = entered = None
        if entry is not None:
            order = np.argsort(entry[rows], kind="stable").astype(np.int64)
            entered = np.searchsorted(entry[rows][order], times, side="left").astype(np.int64)
        strata.append(
            Stratum(
                rows=rows.astype(np.int64),
                x=x[rows],
                weight=w,
                times=times,
                first=np.searchsorted(t, times, side="left").astype(np.int64),
                entry_order=order,
                entered=entered,
                dead=dead.astype(np.int64),
                tie=tie.astype(np.int64),
                share=place / count[tie] if efron else np.zeros(len(dead)),
                mean_weight=(np.bincount(tie, weights=w[dead]) / count)[tie],
            )
        )
    return strata


def evaluate(strata: list[Stratum], beta: Floats) -> Terms:
    """Log partial likelihood, score and information at `beta`, with the pieces they are sums of."""
    p = len(beta)
    loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    terms = Terms(0.0, score, information, [], [], [], [])
    for s in strata:
        linear = s.x @ beta
        shift = float(linear.max())
        risk = np.exp(linear - shift)
        wr = s.weight * risk
        wrx = wr[:, None] * s.x
        wrxx = wrx[:, :, None] * s.x[:, None, :]
        s0, s1, s2 = (over_risk_sets(s, values) for values in (wr, wrx, wrxx))
        k = len(s.times)
        tied = [np.zeros((k, *values.shape[1:])) for values in (wr, wrx, wrxx)]
        for total, values in zip(tied, (wr, wrx, wrxx), strict=True):
            np.add.at(total, s.tie, values[s.dead])
        out = s.share
        phi = s0[s.tie] - out * tied[0][s.tie]
        mean = (s1[s.tie] - out[:, None] * tied[1][s.tie]) / phi[:, None]
        second = (s2[s.tie] - out[:, None, None] * tied[2][s.tie]) / phi[:, None, None]
        curvature = s.mean_weight[:, None, None] * (second - mean[:, :, None] * mean[:, None, :])
        w_dead = s.weight[s.dead]
        loglik += float(w_dead @ (linear[s.dead] - shift) - s.mean_weight @ np.log(phi))
        score += w_dead @ s.x[s.dead] - s.mean_weight @ mean
        information += curvature.sum(axis=0)
        terms.means.append(mean)
        terms.curvature.append(curvature)
        terms.hazard.append(s.mean_weight / phi)
        terms.risk.append(risk)
    return Terms(loglik, score, information, terms.means, terms.curvature, terms.hazard, terms.risk)


def score_residuals(strata: list[Stratum], terms: Terms, n: int) -> Floats:
    """Score residual of every patient (n, p), unweighted; Efron's ties as in Therneau and Grambsch (2000)."""
    p = len(terms.score)
    residuals = np.zeros((n, p))
    for s, mean, hazard, risk in zip(strata, terms.means, terms.hazard, terms.risk, strict=True):
        k = len(s.times)
        step, step_mean = np.bincount(s.tie, weights=hazard, minlength=k), np.zeros((k, p))
        np.add.at(step_mean, s.tie, hazard[:, None] * mean)
        # Cumulative over the event times that each row was at risk in.
        upto = np.searchsorted(s.first, np.arange(len(s.rows)), side="right")
        if s.entry_order is None or s.entered is None:
            since = np.zeros(len(s.rows), dtype=np.int64)
        else:
            since = np.zeros(len(s.rows), dtype=np.int64)
            since[s.entry_order] = np.searchsorted(s.entered, np.arange(len(s.rows)), side="right")
        total = np.concatenate([[0.0], np.cumsum(step)])
        total_mean = np.concatenate([np.zeros((1, p)), np.cumsum(step_mean, axis=0)])
        spent = (total[upto] - total[since])[:, None] * s.x - (total_mean[upto] - total_mean[since])
        part = -risk[:, None] * spent
        # A patient of a tie was only partly at risk in the later of its deaths.
        spared = np.bincount(s.tie, weights=hazard * s.share, minlength=k)
        spared_mean, mean_sum = np.zeros((k, p)), np.zeros((k, p))
        np.add.at(spared_mean, s.tie, (hazard * s.share)[:, None] * mean)
        np.add.at(mean_sum, s.tie, mean)
        count = np.bincount(s.tie, minlength=k)
        x = s.x[s.dead]
        part[s.dead] += x - (mean_sum / count[:, None])[s.tie]
        part[s.dead] += risk[s.dead][:, None] * (spared[s.tie][:, None] * x - spared_mean[s.tie])
        residuals[s.rows] = part
    return residuals


def over_risk_sets(s: Stratum, values: Floats) -> Floats:
    """Sum of `values` over the risk set of each event time."""
    tail = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
    total = tail[s.first]
    if s.entry_order is not None and s.entered is not None:
        late = values[s.entry_order]
        not_yet = np.concatenate([np.cumsum(late[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
        total = total - not_yet[s.entered]
    return np.asarray(total)
