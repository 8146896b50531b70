"""Random-effects meta-analysis of hazard ratios (or other ratios), on the log scale.

Between-study variance by restricted maximum likelihood (or DerSimonian-Laird), interval by Hartung and
Knapp, and the prediction interval: where the effect of the next study is expected. With the few and
unlike trials of this field the prediction interval is the honest summary; the pooled mean alone is not.

Checked against R's metafor (``rma``): equal to its printed digits, but for the last one under REML, where
metafor stops iterating at a change of 1e-5 and this code goes to the root.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from paget.errors import PagetError
from paget.evidence.models import RATIOS, Result
from paget.evidence.registers import shared_registers
from paget.evidence.store import EvidenceBase

if TYPE_CHECKING:
    from numpy.typing import NDArray

Method = Literal["REML", "DL"]


@dataclass(frozen=True, slots=True)
class Pooled:
    """A pooled effect and its heterogeneity, all on the scale that was pooled (log for ratios).

    Attributes
    ----------
    estimate, se, ci : float, float, (float, float)
        Mean effect; with ``hartung_knapp`` the standard error is scaled and the interval uses t with k-1
        degrees of freedom.
    prediction : (float, float)
        Interval for the effect of a new study, with the same distribution as ``ci``.
    tau2, i2, h2 : float
        Between-study variance; share of variance that is between studies (0..1); total over sampling
        variance.
    q, q_p : float
        Cochran's test of homogeneity and its p value.
    labels, effects, ses, weights : tuple
        The studies, their effects and standard errors as pooled, and the weight of each (sums to 1).
    notes : tuple of str
        What the reader must know: intervals that are not symmetric, few studies.
    """

    estimate: float
    se: float
    ci: tuple[float, float]
    prediction: tuple[float, float]
    tau2: float
    i2: float
    h2: float
    q: float
    q_p: float
    level: float
    method: Method
    hartung_knapp: bool
    labels: tuple[str, ...]
    effects: tuple[float, ...]
    ses: tuple[float, ...]
    weights: tuple[float, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.effects)

    def ratio(self) -> tuple[float, float, float]:
        """Give the pooled ratio with its interval, back from the log scale."""
        return math.exp(self.estimate), math.exp(self.ci[0]), math.exp(self.ci[1])

    def predicted_ratio(self) -> tuple[float, float]:
        """Give the prediction interval as ratios."""
        return math.exp(self.prediction[0]), math.exp(self.prediction[1])


def pool(
    effects: Sequence[float],
    ses: Sequence[float],
    *,
    labels: Sequence[str] | None = None,
    level: float = 0.95,
    method: Method = "REML",
    hartung_knapp: bool = True,
    notes: Sequence[str] = (),
) -> Pooled:
    """Pool effects with known standard errors.

    Parameters
    ----------
    effects, ses : sequence of float
        Effect of each study (log ratio) and its standard error.
    level : float
        Level of the intervals, 0.95 by default.
    hartung_knapp : bool
        Interval by Hartung and Knapp (default), else normal.

    Raises
    ------
    PagetError
        For fewer than two studies, lengths that differ, or a standard error that is not above 0.

    Examples
    --------
    >>> pooled = pool([-0.1, -0.4, 0.2], [0.1, 0.15, 0.2])
    >>> round(pooled.estimate, 4), round(pooled.tau2, 4)
    (-0.1191, 0.0511)
    """
    from scipy import stats

    y, v = np.asarray(effects, dtype=float), np.square(np.asarray(ses, dtype=float))
    names = tuple(labels) if labels is not None else tuple(f"study {i + 1}" for i in range(y.size))
    _check_input(y, v, names, level)
    if method not in ("REML", "DL"):
        raise PagetError("unknown method", key="method", got=method, expected="REML or DL")
    k = y.size
    w = 1 / v
    mean = float(np.sum(w * y) / np.sum(w))
    q = float(np.sum(w * (y - mean) ** 2))
    scale = float(np.sum(w) - np.sum(w**2) / np.sum(w))
    tau2 = _reml(y, v) if method == "REML" else max(0.0, (q - (k - 1)) / scale)
    typical = (k - 1) / scale  # Higgins and Thompson's typical sampling variance
    w = 1 / (v + tau2)
    mean = float(np.sum(w * y) / np.sum(w))
    variance = float(1 / np.sum(w))
    if hartung_knapp:
        variance *= float(np.sum(w * (y - mean) ** 2)) / (k - 1)
        quantile = float(stats.t.ppf((1 + level) / 2, k - 1))
    else:
        quantile = float(stats.norm.ppf((1 + level) / 2))
    se = math.sqrt(variance)
    spread = quantile * math.sqrt(tau2 + variance)
    told = list(notes)
    if k < 5:
        told.append(f"only {k} studies: the between-study variance is poorly known")
    return Pooled(
        estimate=mean,
        se=se,
        ci=(mean - quantile * se, mean + quantile * se),
        prediction=(mean - spread, mean + spread),
        tau2=tau2,
        i2=tau2 / (tau2 + typical),
        h2=(tau2 + typical) / typical,
        q=q,
        q_p=float(stats.chi2.sf(q, k - 1)),
        level=level,
        method=method,
        hartung_knapp=hartung_knapp,
        labels=names,
        effects=tuple(map(float, y)),
        ses=tuple(map(float, np.sqrt(v))),
        weights=tuple(map(float, w / np.sum(w))),
        notes=tuple(told),
    )


def _check_input(y: NDArray[np.float64], v: NDArray[np.float64], names: tuple[str, ...], level: float) -> None:
    if y.size != v.size or y.size != len(names):
        raise PagetError("effects, standard errors and labels differ in number", got=(y.size, v.size, len(names)))
    if y.size < 2:
        raise PagetError("pooling needs at least two studies", got=list(names) or None)
    for name, effect, variance in zip(names, y, v, strict=True):
        if not (math.isfinite(effect) and math.isfinite(variance) and variance > 0):
            raise PagetError(
                f"{name} has no usable effect and standard error",
                got=(float(effect), float(np.sqrt(variance)) if variance >= 0 else math.nan),
                expected="finite numbers, standard error above 0",
            )
    if not 0 < level < 1:
        raise PagetError("a level lies between 0 and 1", key="level", got=level, expected="0.95, say")


def _reml(y: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """Between-study variance at the root of the restricted score (0 where the score falls from there on)."""
    from scipy.optimize import brentq

    def score(tau2: float) -> float:
        w = 1 / (v + tau2)
        total = np.sum(w)
        residual = y - np.sum(w * y) / total
        return float(np.sum(w**2 * residual**2) - total + np.sum(w**2) / total)

    if score(0.0) <= 0:
        return 0.0
    high = float(np.var(y, ddof=1)) + 1e-12
    while score(high) > 0:
        high *= 2
    return float(brentq(score, 0.0, high, xtol=1e-15, rtol=1e-14, maxiter=500))


def log_ratio(result: Result, *, label: str = "result", invert: bool = False) -> tuple[float, float, str | None]:
    """Take the log of a published ratio and its standard error, from its interval at the level printed.

    Returns
    -------
    (effect, se, note)
        ``note`` tells where the interval is not symmetric on the log scale (then the standard error is
        the width's).

    Raises
    ------
    PagetError
        Where the result is no ratio or has no two-sided interval.

    Examples
    --------
    >>> from paget.evidence import load
    >>> effect, se, _ = log_ratio(load().one("e2108", measure="hazard_ratio", subgroup=None))
    >>> round(effect, 4), round(se, 4)  # a 90 % interval, not 95 %
    (0.1044, 0.1876)
    """
    from scipy import stats

    if result.measure not in RATIOS or result.value is None:
        raise PagetError(f"{label} is a {result.measure}: only single ratios can be pooled", key=label)
    low, high = result.ci or (None, None)
    if low is None or high is None or result.ci_level is None:
        raise PagetError(
            f"{label} was published without an interval, so its weight is unknown",
            key=label,
            got=result.value,
            fix="leave it out",
        )
    if not 0 < low < high:
        raise PagetError(f"{label} has an interval that is no interval of a ratio", key=label, got=(low, high))
    effect, width = math.log(result.value), math.log(high) - math.log(low)
    se = width / (2 * float(stats.norm.ppf((1 + result.ci_level) / 2)))
    shift = (math.log(high) + math.log(low)) / 2 - effect
    note = None
    if abs(shift) > 0.1 * width:
        note = f"{label}: interval {low:g}-{high:g} is not symmetric about {result.value:g} on the log scale"
    return (-effect if invert else effect), se, note


def pool_studies(
    base: EvidenceBase,
    ids: Sequence[str],
    *,
    measure: str = "hazard_ratio",
    endpoint: str = "overall-survival",
    subgroup: str | None = None,
    comparison: Mapping[str, str] | None = None,
    invert: Collection[str] = (),
    level: float = 0.95,
    method: Method = "REML",
    hartung_knapp: bool = True,
    allow_overlap: bool = False,
) -> Pooled:
    """Pool the published ratios of studies, each with the level of its own interval.

    Parameters
    ----------
    ids : sequence of str
        Studies; an old id resolves, and no study may come twice.
    endpoint, subgroup
        Which result of each study; ``subgroup=None`` takes the whole study.
    comparison : mapping, optional
        Id -> comparison, for studies with several ratios of the same endpoint.
    invert : collection of str
        Studies whose ratio is printed the other way round (``abcsg28``).
    allow_overlap : bool
        Pool studies that share patients all the same.

    Raises
    ------
    PagetError
        For unknown, repeated, retracted or overlapping studies, or a study without one matching ratio and
        interval.

    Examples
    --------
    >>> from paget.evidence import load
    >>> trials = ["tata2015", "mf0701-10y", "e2108", "abcsg28"]
    >>> pooled = pool_studies(
    ...     load(), trials, invert=["abcsg28"], comparison={"mf0701-10y": "lrt+systemic vs systemic"}
    ... )
    >>> " ".join(f"{x:.2f}" for x in pooled.ratio())
    '0.97 0.62 1.51'
    """
    studies = [base.usable(name) for name in ids]
    check_independent([study.id for study in studies], base, allow_overlap=allow_overlap)
    wanted = {base.resolve(name): text for name, text in (comparison or {}).items()}
    turned = {base.resolve(name) for name in invert}
    strangers = (wanted.keys() | turned) - {study.id for study in studies}
    if strangers:
        raise PagetError(
            "`comparison` or `invert` names a study that is not pooled",
            got=sorted(strangers),
            expected="one of " + ", ".join(ids),
        )
    rows = []
    for study in studies:
        if study.id in wanted:
            result = base.one(study.id, measure=measure, endpoint=endpoint, subgroup=subgroup, comparison=wanted[study.id])
        else:
            result = base.one(study.id, measure=measure, endpoint=endpoint, subgroup=subgroup)
        rows.append(log_ratio(result, label=study.id, invert=study.id in turned))
    return pool(
        [effect for effect, _, _ in rows],
        [se for _, se, _ in rows],
        labels=[study.id for study in studies],
        level=level,
        method=method,
        hartung_knapp=hartung_knapp,
        notes=[note for *_, note in rows if note is not None],
    )


def check_independent(ids: Sequence[str], base: EvidenceBase, *, allow_overlap: bool = False) -> None:
    """Refuse studies that share patients: given twice, declared to overlap, or reading one register in the same years.

    Raises
    ------
    PagetError
        Naming the studies.
    """
    for i, name in enumerate(ids):
        if name in ids[:i]:
            raise PagetError(f"{name} is given twice (perhaps under an old id)", key=name)
        others = set(ids) - {name}
        shared = {other for other in others if base.overlap(name, other) or shared_registers(base[name], base[other])}
        if shared and not allow_overlap:
            raise PagetError(
                f"{name} shares patients with {', '.join(sorted(shared))}: pooling counts them twice",
                key=name,
                fix="keep one of them, or allow the overlap and say so",
            )
