"""Error-spending functions: how much of an error may have been spent when a share of the information is in.

| name | spent at information time t, of a total e |
| --- | --- |
| ``lan-demets-of`` | 2 - 2 Phi(z(1 - e/2) / sqrt t): like O'Brien and Fleming |
| ``lan-demets-pocock`` | e ln(1 + (e1 - 1) t), e1 the base of logarithms: like Pocock |
| ``hsd:g`` | e (1 - exp(-g t)) / (1 - exp(-g)); g = 0: e t (Hwang, Shih, DeCani 1990) |

Source: Lan KKG, DeMets DL, Biometrika 1983;70:659-663; Hwang IK, Shih WJ, DeCani JS, Stat Med 1990;9:1439-1445.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from paget.errors import PagetError, nearest

Spend = Callable[[float, float], float]
"""Error spent at an information time, of a total."""

NAMES = ("lan-demets-of", "lan-demets-pocock", "hsd:GAMMA")
_NORMAL = NormalDist()


def _like_obrien_fleming(t: float, total: float) -> float:
    return 2.0 * (1.0 - _NORMAL.cdf(_NORMAL.inv_cdf(1.0 - total / 2.0) / math.sqrt(t)))


def _like_pocock(t: float, total: float) -> float:
    return total * math.log1p((math.e - 1.0) * t)


def hwang_shih_decani(gamma: float) -> Spend:
    """Spending function of Hwang, Shih and DeCani: early for a large ``gamma``, late for a very negative one."""

    def spend(t: float, total: float) -> float:
        if abs(gamma) < 1e-9:
            return total * t
        return total * math.expm1(-gamma * t) / math.expm1(-gamma)

    return spend


def spending_function(name: str) -> Spend:
    """Spending function of a name; at t = 0 nothing is spent, from t = 1 on the whole.

    Raises
    ------
    PagetError
        There is none of this name.

    Examples
    --------
    >>> round(spending_function("hsd:-4")(0.5, 0.025), 6)
    0.00298
    """
    if name == "lan-demets-of":
        inner: Spend = _like_obrien_fleming
    elif name == "lan-demets-pocock":
        inner = _like_pocock
    elif name.startswith("hsd:"):
        try:
            gamma = float(name.removeprefix("hsd:"))
        except ValueError:
            gamma = math.nan
        if not abs(gamma) <= 40:
            raise PagetError(
                "not a parameter of Hwang, Shih and DeCani", key="spending", got=name, expected="hsd:GAMMA, such as hsd:-4, from -40 to 40"
            )
        inner = hwang_shih_decani(gamma)
    else:
        guess = nearest(name, NAMES)
        raise PagetError(
            f"there is no spending function named {name!r}", key="spending", expected="one of " + ", ".join(NAMES),
            fix=f"did you mean {guess!r}?" if guess else None,
        )  # fmt: skip

    def spend(t: float, total: float) -> float:
        return 0.0 if t <= 0.0 else total if t >= 1.0 else inner(t, total)

    return spend
