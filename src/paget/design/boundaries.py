"""Group-sequential boundaries: when a trial may stop for efficacy, when it should stop for futility.

Everything is one-sided and on the scale of Z, large for benefit. Classical boundaries (Wang and Tsiatis 1987: ``Z_k >= C t_k^(d -
1/2)``; d = 0 is O'Brien and Fleming, d = 1/2 Pocock) share one constant; boundaries by error spending are solved look by look.
Futility spends the error of the second kind under the drift at which the two boundaries meet at the last look. Non-binding futility
leaves the upper boundary as if there were none, so that going on regardless cannot raise the error; binding futility makes the upper
boundary lower.

Equal to rpact's ``getDesignGroupSequential`` to the printed digits (tests).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from paget.design.crossing import Continuing, Crossing, check_information, crossing
from paget.design.spending import NAMES as SPENDING_NAMES
from paget.design.spending import Spend, spending_function
from paget.errors import PagetError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

INF = math.inf
CLASSICAL = {"obrien-fleming": 0.0, "pocock": 0.5}
NAMES = (*CLASSICAL, *SPENDING_NAMES)
_TOLERANCE = 1e-12
FARTHEST = 40.0
"""Boundaries are looked for this far from zero: beyond any statistic under the drifts that are tried (up to 20)."""


@dataclass(frozen=True)
class Boundaries:
    """A group-sequential design.

    Attributes
    ----------
    information : tuple of float
        Information time of each look, the last is 1.
    upper, lower : tuple of float
        Stop for efficacy at or above, for futility below; ``-inf`` where there is no futility. With futility the two meet at the last look.
    alpha : float
        One-sided error of the first kind.
    name : str
    futility : str or None
        Name of the spending of the second error.
    binding : bool
    beta : float or None
        Error of the second kind for which futility was solved.
    """

    information: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    alpha: float
    name: str
    futility: str | None = None
    binding: bool = False
    beta: float | None = None

    def __len__(self) -> int:
        return len(self.information)

    @property
    def keeps(self) -> tuple[float, ...]:
        """Lower boundaries that count for the error of the first kind: none unless they bind."""
        return self.lower if self.binding else (-INF,) * len(self)

    def stopping(self, theta: float, *, futility: bool = True) -> Crossing:
        """Stopping probabilities of each look under a drift (the expected final statistic)."""
        return crossing(self.information, self.upper, self.lower if futility else None, theta)

    def power(self, theta: float) -> float:
        """Probability of a finding under a drift, with futility obeyed."""
        return self.stopping(theta).power

    def drift(self, power: float) -> float:
        """Drift at which the design has this power.

        Raises
        ------
        PagetError
            The power is not between alpha and 1.
        """
        check_power(power, self.alpha)
        return _root(lambda theta: self.power(theta) - power, 0.0, 20.0)

    def inflation(self, power: float) -> float:
        """How much more information than a design without looks is needed at the most (Jennison and Turnbull's R)."""
        fixed = quantile(1.0 - self.alpha) + quantile(power)
        return (self.drift(power) / fixed) ** 2

    def expected_information(self, theta: float) -> float:
        """Mean share of the full information at which a trial ends, under a drift."""
        found = self.stopping(theta)
        stopped = found.above[:-1] + found.below[:-1]
        return float(stopped @ self.information[:-1] + (1.0 - stopped.sum()) * self.information[-1])

    def spent(self) -> tuple[float, ...]:
        """Error of the first kind spent up to each look."""
        found = crossing(self.information, self.upper, self.keeps)
        return tuple(float(x) for x in found.above.cumsum())


def quantile(probability: float) -> float:
    """Quantile of the standard normal law."""
    return NormalDist().inv_cdf(probability)


def check_alpha(alpha: float) -> float:
    """A one-sided error of the first kind, or the error that says what it must be."""
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0.0 < alpha < 0.5:
        raise PagetError("alpha must lie between 0 and 0.5", key="alpha", got=alpha, expected="one-sided, such as 0.025")
    return float(alpha)


def check_power(power: float, alpha: float = 0.0) -> float:
    """A power, or the error that says what it must be."""
    if isinstance(power, bool) or not isinstance(power, (int, float)) or not 0.0 < power < 1.0:
        raise PagetError("power must lie between 0 and 1", key="power", got=power, expected="such as 0.8")
    if power <= alpha:
        raise PagetError("power must be larger than alpha", key="power", got=power, expected=f"above {alpha:g}")
    return float(power)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=_TOLERANCE, rtol=1e-13, maxiter=300))


def _value_above(state: Continuing, information: float, error: float) -> float:
    """Boundary above which a continuing trial ends up with this probability; infinite where there is nothing to spend."""
    if error <= 1e-15:
        return INF
    if error >= float(state.mass.sum()):
        return -INF
    return _root(lambda z: state.above(information, z) - error, -FARTHEST, FARTHEST)


def _value_below(state: Continuing, information: float, error: float) -> float:
    if error <= 1e-15:
        return -INF
    if error >= float(state.mass.sum()):
        return INF
    return _root(lambda z: state.below(information, z) - error, -FARTHEST, FARTHEST)


def last_value(information: Sequence[float], upper: Sequence[float], alpha: float, lower: Sequence[float] | None = None) -> float:
    """Value of the last look that makes the total error ``alpha``, given the boundaries of the looks before.

    What a trial needs whose last look came at another information than planned: earlier boundaries stay what they were.

    Parameters
    ----------
    information : sequence of float
        Of all looks, the last included.
    upper, lower : sequence of float
        Boundaries of all looks but the last; ``lower`` only where futility binds.
    """
    levels = check_information(information)
    bottom = [-INF] * (len(levels) - 1) if lower is None else list(lower)
    state, spent = Continuing.start(), 0.0
    for k, level in enumerate(levels[:-1]):
        spent += state.above(level, upper[k])
        state = state.after(level, bottom[k], upper[k], levels[k + 1])
    return _value_above(state, levels[-1], alpha - spent)


def _classical(levels: tuple[float, ...], alpha: float, delta: float) -> tuple[float, ...]:
    shape = [t ** (delta - 0.5) for t in levels]
    constant = _root(lambda c: crossing(levels, [c * s for s in shape]).power - alpha, 0.1, 12.0)
    return tuple(constant * s for s in shape)


def _by_spending(levels: tuple[float, ...], alpha: float, spend: Spend) -> tuple[float, ...]:
    state, before, upper = Continuing.start(), 0.0, []
    for k, level in enumerate(levels):
        total = spend(level, alpha)
        upper.append(_value_above(state, level, total - before))
        before = total
        if k + 1 < len(levels):
            state = state.after(level, -INF, upper[k], levels[k + 1])
    return tuple(upper)


def _with_futility(
    levels: tuple[float, ...], alpha: float, beta: float, upper: tuple[float, ...], spend_alpha: Spend | None, spend_beta: Spend
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Boundaries that meet at the last look; ``upper`` is kept where ``spend_alpha`` is None (non-binding), else solved again."""

    def at(theta: float) -> tuple[list[float], list[float], float]:
        null, real = Continuing.start(), Continuing.start(theta)
        spent_alpha = spent_beta = 0.0
        tops: list[float] = []
        bottoms: list[float] = []
        for k, level in enumerate(levels):
            if spend_alpha is None:
                top = upper[k]
            else:
                total = spend_alpha(level, alpha)
                top = _value_above(null, level, total - spent_alpha)
                spent_alpha = total
            total = spend_beta(level, beta)
            bottom = _value_below(real, level, total - spent_beta)
            spent_beta = total
            tops.append(top)
            bottoms.append(bottom)
            if k + 1 == len(levels):
                break
            if bottom >= top:  # the drift is too large: the boundaries meet before the end
                return tops, bottoms, bottom - top + 1.0
            null = null.after(level, bottom, top, levels[k + 1])
            real = real.after(level, bottom, top, levels[k + 1])
        return tops, bottoms, min(bottoms[-1] - tops[-1], 50.0)

    theta = _root(lambda drift: at(drift)[2], 0.05, 15.0)
    tops, bottoms, _ = at(theta)
    return tuple(tops), (*bottoms[:-1], tops[-1])


def boundaries(
    name: str,
    information: Sequence[float],
    alpha: float = 0.025,
    *,
    futility: str | None = None,
    beta: float = 0.2,
    binding: bool = False,
) -> Boundaries:
    """Boundaries of a group-sequential design.

    Parameters
    ----------
    name : str
        ``obrien-fleming``, ``pocock``, or a spending function: ``lan-demets-of``, ``lan-demets-pocock``, ``hsd:GAMMA``.
    information : sequence of float
        Information times of the looks, increasing; the last is 1.
    alpha : float
        One-sided error of the first kind.
    futility : str, optional
        Spending function of the second error.
    beta : float
        Error of the second kind that futility spends.
    binding : bool
        Whether futility must be obeyed; asks for an upper boundary by spending.

    Raises
    ------
    PagetError
        An unknown name, information times that decrease or do not end at 1, an error outside its range.

    Examples
    --------
    >>> [round(z, 4) for z in boundaries("obrien-fleming", [1 / 3, 2 / 3, 1]).upper]
    [3.4711, 2.4544, 2.004]
    """
    levels = check_information(information)
    if abs(levels[-1] - 1.0) > 1e-9:
        raise PagetError("the last look must hold all the information", key="information", got=list(levels), expected="a last value of 1")
    check_alpha(alpha)
    if name in CLASSICAL:
        spend, upper = None, _classical(levels, alpha, CLASSICAL[name])
    elif name in SPENDING_NAMES[:2] or name.startswith("hsd:"):
        spend = spending_function(name)
        upper = _by_spending(levels, alpha, spend)
    else:
        guess = nearest(name, NAMES)
        raise PagetError(
            f"there is no boundary named {name!r}", key="boundary", expected="one of " + ", ".join(NAMES),
            fix=f"did you mean {guess!r}?" if guess else None,
        )  # fmt: skip
    if futility is None:
        if binding:
            raise PagetError("there is no futility that could bind", key="binding", fix="name a futility, or leave binding out")
        return Boundaries(levels, upper, (-INF,) * len(levels), alpha, name)
    check_power(1.0 - beta, alpha)
    if binding and spend is None:
        raise PagetError(
            "binding futility needs a boundary by error spending", key="boundary", got=name, expected="one of " + ", ".join(SPENDING_NAMES)
        )
    tops, bottoms = _with_futility(levels, alpha, beta, upper, spend if binding else None, spending_function(futility))
    return Boundaries(levels, tops, bottoms, alpha, name, futility, binding, beta)
