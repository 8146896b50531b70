"""Local control as a function of diameter: the forms in which a therapy file may give it.

Each form is one way in which evidence comes: rates at some sizes, rates by class of size, a local-control rate with a hazard ratio for
size, margins, or one rate for all. `at` gives the probability at diameters in cm.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from paget.forms import Fault, Faults
from paget.forms.quantities import Block, Quantity, Rate
from paget.therapy.margins import MarginRelation, Needles, control, relation_from_series

Array = np.ndarray[Any, np.dtype[np.float64]]


class Sizes(Block):
    """Diameters of the lesions of a series: lognormal."""

    median_cm: Quantity
    sd_log: Quantity

    def between(self, low_cm: float, high_cm: float) -> tuple[Array, Array]:
        """Diameters within a class and their weights (sum 1)."""
        from scipy.special import ndtr, ndtri

        mean, sd = math.log(self.median_cm.value), self.sd_log.value
        edges = [ndtr((math.log(x) - mean) / sd) if x > 0.0 else 0.0 for x in (low_cm, min(high_cm, 1e6))]
        n = 200
        u = edges[0] + (np.arange(n) + 0.5) / n * (edges[1] - edges[0])
        return np.exp(mean + sd * ndtri(u)), np.full(n, 1.0 / n)


class _Curve(Block):
    def at(self, diameter_cm: Array) -> Array:
        """Probability of control at these diameters."""
        raise NotImplementedError

    def arithmetic(self) -> list[str]:
        """What was worked out from what, one line each."""
        return []


class Flat(_Curve):
    """One probability whatever the diameter."""

    kind: Literal["flat"]
    control: Rate

    def at(self, diameter_cm: Array) -> Array:
        """The one probability."""
        return np.full(np.shape(diameter_cm), self.control.value)


class Points(_Curve):
    """Probabilities at given diameters, linear between them, flat outside."""

    kind: Literal["points"]
    cm: tuple[float, ...] = Field(min_length=2)
    control: tuple[Rate, ...]

    @model_validator(mode="after")
    def _ordered(self) -> Points:
        if len(self.cm) != len(self.control) or any(b <= a for a, b in zip(self.cm, self.cm[1:], strict=False)):
            raise Faults([Fault(("cm",), "are not a curve", list(self.cm), "rising diameters, and one probability each")])
        return self

    def at(self, diameter_cm: Array) -> Array:
        """Linear interpolation."""
        return np.interp(diameter_cm, self.cm, [one.value for one in self.control])


class Logistic(_Curve):
    """Logit falls linearly with the log of diameter: ``1 / (1 + (d / half_cm) ** steepness)``."""

    kind: Literal["logistic"]
    half_cm: Quantity
    steepness: Quantity

    def at(self, diameter_cm: Array) -> Array:
        """The logistic curve."""
        return _logistic(diameter_cm, math.log(self.half_cm.value), self.steepness.value)


class SizeClass(Block):
    """A rate among lesions of one class of size."""

    from_cm: float = Field(default=0.0, ge=0)
    to_cm: float = Field(default=math.inf, gt=0)
    control: Rate


class Classes(_Curve):
    """Rates by class of size: the logistic curve whose averages over the classes are the rates.

    Two classes determine half-size and steepness; one needs a ``steepness`` from elsewhere.
    """

    kind: Literal["classes"]
    classes: tuple[SizeClass, ...] = Field(min_length=1, max_length=2)
    sizes: Sizes
    steepness: Quantity | None = None

    @model_validator(mode="after")
    def _determined(self) -> Classes:
        if (len(self.classes) == 1) != (self.steepness is not None):
            raise Faults([Fault(("classes",), "do not determine a curve", len(self.classes), "two classes, or one class and a steepness")])
        return self

    def fitted(self) -> tuple[float, float]:
        """Log of the half-size (cm) and the steepness."""
        return _fit_classes(self)

    def at(self, diameter_cm: Array) -> Array:
        """The logistic curve."""
        return _logistic(diameter_cm, *self.fitted())

    def arithmetic(self) -> list[str]:
        """The curve that the classes give."""
        log_half, steepness = self.fitted()
        given = "; ".join(f"{one.control.value:.3g} from {one.from_cm:g} to {one.to_cm:g} cm" for one in self.classes)
        return [
            f"rates by size ({given}), diameters lognormal with median {self.sizes.median_cm.value:g} cm and sd "
            f"{self.sizes.sd_log.value:g}: control = 1 / (1 + (d / {math.exp(log_half):.3g} cm) ^ {steepness:.3g})"
        ]


class Hazard(_Curve):
    """Local control at one diameter, and a hazard ratio of failure for each further cm: ``free ** (ratio ** (d - at_cm))``."""

    kind: Literal["hazard"]
    free: Rate
    at_cm: Quantity
    ratio_per_cm: Quantity

    def at(self, diameter_cm: Array) -> Array:
        """Complementary log-log curve."""
        return self.free.value ** (self.ratio_per_cm.value ** (np.asarray(diameter_cm) - self.at_cm.value))

    def arithmetic(self) -> list[str]:
        """The formula with its numbers."""
        return [f"control = {self.free.value:g} ^ ({self.ratio_per_cm.value:.3g} ^ (d - {self.at_cm.value:g} cm))"]


class Placement(Block):
    """How needles are placed; see `paget.therapy.margins.Needles`."""

    planned_mm: Quantity
    error_mm: Quantity
    zone_cm: Quantity
    zone_limit_cm: Quantity | None = None
    redo_below_mm: Quantity | None = None
    attempts: Quantity | None = None
    check_sd_mm: Quantity | None = None

    def needles(self) -> Needles:
        """The placement as numbers."""
        return Needles(
            self.planned_mm.value, self.error_mm.value, self.zone_cm.value,
            self.zone_limit_cm.value if self.zone_limit_cm else None,
            self.redo_below_mm.value if self.redo_below_mm else None,
            int(self.attempts.value) if self.attempts else 0,
            self.check_sd_mm.value if self.check_sd_mm else 0.0,
        )  # fmt: skip


class MarginClass(Block):
    """Rate of a series' lesions with minimal margins in a range."""

    from_mm: float
    to_mm: float
    share: Rate


class MarginEvidence(Block):
    """What ties margin to local progression: a hazard ratio per mm, and the progression of a series with known margins."""

    ratio_per_mm: Quantity
    progression: Rate
    classes: tuple[MarginClass, ...] = Field(min_length=1)

    def relation(self) -> MarginRelation:
        """The relation that gives the series its progression."""
        return relation_from_series(
            self.progression.value, tuple((c.from_mm, c.to_mm, c.share.value) for c in self.classes), self.ratio_per_mm.value
        )


class Margins(_Curve):
    """Control from the distribution of minimal margins and the relation of margin to local progression."""

    kind: Literal["margins"]
    placement: Placement
    evidence: MarginEvidence

    def at(self, diameter_cm: Array) -> Array:
        """The relation averaged over the margins of each diameter."""
        return np.array([_margin_control(self, float(d)) for d in np.ravel(diameter_cm)]).reshape(np.shape(diameter_cm))

    def quantiles_mm(self, diameter_cm: float, shares: Array) -> Array:
        """Minimal margins (mm) below which these shares of lesions of a diameter lie."""
        grid, below = self.placement.needles().minimal(diameter_cm)
        return np.interp(shares, below, grid)

    def relation(self) -> MarginRelation:
        """The relation of margin to local progression."""
        return _relation(self.evidence)

    def arithmetic(self) -> list[str]:
        """Relation and margins at some diameters."""
        relation, needles = self.evidence.relation(), self.placement.needles()
        lines = [f"local progression at margin m mm = 1 - exp(-{relation.at_zero:.3g} x {relation.ratio_per_mm:g} ^ m)"]
        for d in (1.0, 3.0, 5.0):
            low, mid, high = (needles.quantile_mm(d, q) for q in (0.25, 0.5, 0.75))
            lines.append(
                f"minimal margin at {d:g} cm: median {mid:.1f} mm, quartiles {low:.1f} to {high:.1f} mm, {needles.sectors(d):.1f} sectors"
            )
        return lines


Curve = Annotated[Flat | Points | Logistic | Classes | Hazard | Margins, Field(discriminator="kind")]


def _logistic(diameter_cm: Array, log_half: float, steepness: float) -> Array:
    from scipy.special import expit

    with np.errstate(divide="ignore"):
        out: Array = expit(steepness * (log_half - np.log(np.asarray(diameter_cm, np.float64))))
    return out


@lru_cache(maxsize=256)
def _fit_classes(curve: Classes) -> tuple[float, float]:
    from scipy.optimize import root

    classes = [(*curve.sizes.between(one.from_cm, one.to_cm), one.control.value) for one in curve.classes]
    fixed = curve.steepness.value if curve.steepness else None

    def miss(x: Array) -> list[float]:
        steepness = fixed if fixed is not None else x[1]
        return [float(w @ _logistic(d, x[0], steepness)) - rate for d, w, rate in classes]

    start = [math.log(3.0)] if fixed is not None else [math.log(3.0), 1.0]
    found = root(miss, start, tol=1e-11)
    if not found.success or max(abs(x) for x in miss(found.x)) > 1e-6:
        raise ValueError("no logistic curve has these averages over its classes of size")
    return float(found.x[0]), float(fixed if fixed is not None else found.x[1])


@lru_cache(maxsize=4096)
def _margin_control(curve: Margins, diameter_cm: float) -> float:
    return control(curve.placement.needles(), _relation(curve.evidence), diameter_cm)


@lru_cache(maxsize=64)
def _relation(evidence: MarginEvidence) -> MarginRelation:
    return evidence.relation()
