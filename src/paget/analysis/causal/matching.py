"""Propensity matching: each treated patient with the nearest untreated one, within a caliper, in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import PagetError
from .._arrays import Bools, Floats, Ints
from ._person_time import PersonTime, estimate
from .data import ObservationalData
from .diagnostics import balance, balance_rows, overlap
from .estimate import CausalEstimate, Estimand, in_months
from .exposure import NO_IMMORTAL, common, landmark_losses
from .propensity import compared
from .weighting import PROPENSITY


def matching(
    data: ObservationalData,
    *,
    adjust_for: Sequence[str],
    landmark_months: float | None = None,
    caliper: float = 0.2,
    tau_months: float | None = None,
    level: float = 0.95,
) -> CausalEstimate:
    """One-to-one nearest-neighbour matching on the logit of the propensity, without replacement.

    Deterministic: treated patients choose in falling order of propensity (ties in the order of the data);
    of two controls equally near, the one of lower propensity is taken; of controls of equal propensity, the
    first in the data among those above, the last among those below. Errors are clustered by pair.

    Parameters
    ----------
    data : ObservationalData
    adjust_for : sequence of str
    landmark_months : float, optional
        Treated by the landmark among those followed then; ever against never without it.
    caliper : float
        Largest distance, in standard deviations of the logit (Austin 2011: 0.2).
    tau_months : float, optional

    Raises
    ------
    PagetError
        Without covariates or overlap, or where nobody finds a match.
    """
    if not caliper > 0:
        raise PagetError("a caliper is above 0", got=caliper, expected="a share of a standard deviation, such as 0.2")
    who = compared(data, adjust_for, landmark_months, "matching")
    treated = who.rows.treated
    width = caliper * float(np.std(who.logit, ddof=1))
    pairs = nearest_pairs(who.logit, treated, width)
    if not len(pairs):
        raise PagetError(
            "no treated patient has an untreated one within the caliper",
            where=data.where,
            got=caliper,
            fix="a wider caliper, fewer covariates, or weighting (iptw)",
        )
    chosen = pairs.T.ravel()
    pair = np.tile(np.arange(len(pairs)), 2)
    rows = PersonTime(
        who.patients[chosen], who.rows.start[chosen], who.rows.stop[chosen], who.rows.event[chosen], treated[chosen], cluster=pair
    )
    at = landmark_months
    base = who.estimand(data)
    kept = np.bincount(chosen, minlength=len(treated)).astype(np.float64)
    return estimate(
        data,
        rows,
        key="matching" if at is None else f"matching-landmark-{at:g}",
        label="Propensity-matched, ever / never" if at is None else f"Propensity-matched, landmark {in_months(at)}",
        estimand=Estimand(
            f"treated patients with a match, out of {base.population}",
            base.time_zero,
            base.strategies,
            "marginal",
            "matched",
            landmark_months=at,
        ),
        assumptions=common(True, *([NO_IMMORTAL] if at is None else []), PROPENSITY, by_cox=False),
        method=f"1:1 nearest-neighbour matching on the logit of the propensity ({', '.join(adjust_for)}), caliper {caliper:g} SD, "
        "Cox model, errors by pair",
        adjusted_for=tuple(adjust_for),
        tau_months=tau_months,
        level=level,
        diagnostics={
            **({} if at is None else landmark_losses(data, at)),
            "balance": balance_rows(balance(who.columns, treated, kept)),
            "overlap": overlap(who.score, treated),
            "matched_pairs": len(pairs),
            "treated_without_match": int(treated.sum()) - len(pairs),
        },
    )


def nearest_pairs(logit: Floats, treated: Bools, width: float) -> Ints:
    """Pairs (treated row, untreated row) in the order in which they were made, shape (pairs, 2).

    Untreated patients lie sorted on a line; whoever is taken points on to the next free place on either
    side, with shortcuts as they are followed, so that the search costs next to nothing.
    """
    pool = np.flatnonzero(~treated)
    pool = pool[np.argsort(logit[pool], kind="stable")]
    line = logit[pool].tolist()
    seekers = np.flatnonzero(treated)
    seekers = seekers[np.argsort(-logit[seekers], kind="stable")]
    places = np.searchsorted(logit[pool], logit[seekers], side="left").tolist()
    size = len(line)
    up = list(range(size + 1))
    down = list(range(size + 1))  # place + 1, so that 0 means nobody below

    def free(links: list[int], at: int) -> int:
        root = at
        while links[root] != root:
            root = links[root]
        while links[at] != root:
            links[at], at = root, links[at]
        return root

    pairs: list[tuple[int, int]] = []
    for seeker, place in zip(seekers.tolist(), places, strict=True):
        wanted = float(logit[seeker])
        above, below = free(up, place), free(down, place) - 1
        far_above = line[above] - wanted if above < size else np.inf
        far_below = wanted - line[below] if below >= 0 else np.inf
        taken, far = (below, far_below) if far_below <= far_above else (above, far_above)
        if far > width:
            continue
        pairs.append((seeker, int(pool[taken])))
        up[taken] = taken + 1
        down[taken + 1] = taken
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
