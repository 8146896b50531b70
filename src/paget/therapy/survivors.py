"""What a local treatment leaves of a lesion that it does not eradicate: from published rates of response.

The share of cells that survive is lognormal, cut at one (a lesion that does not respond keeps all its cells). Two published rates fix it:

- *objective response*: the diameter fell by 30 %, so at most ``0.7 ** 3`` of the cells survive;
- *complete response* that does not last: nothing is seen, but the lesion is not eradicated; at most ``(seen / typical) ** 3`` survive.

With ``E`` eradicated, ``C`` in complete and ``R`` in objective response, ``(C - E) / (1 - E)`` and ``(R - E) / (1 - E)`` of what is not
eradicated lie below those two shares. Where every complete response lasts, the spread is given instead.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from paget.forms import Fault, Faults
from paget.forms.quantities import Block, Quantity, Rate

PARTIAL_LOG = 3.0 * math.log(0.7)
"""Log share of cells at which the diameter has fallen by RECIST's 30 %."""


class GivenSurvivors(Block):
    """The median share of cells that survive, and its spread on the log scale."""

    kind: Literal["given"]
    median_share: Quantity
    sd_log: Quantity

    @model_validator(mode="after")
    def _a_share(self) -> GivenSurvivors:
        if not 0.0 < self.median_share.value <= 1.0:
            raise Faults([Fault(("median_share", "value"), "is not a share", self.median_share.value, "more than 0, at most 1")])
        return self

    def log_normal(self, complete: float, eradicated: float) -> tuple[float, float]:
        """Mean and sd of the log share (the rates of response are not used)."""
        return math.log(self.median_share.value), self.sd_log.value

    def arithmetic(self, complete: float, eradicated: float) -> list[str]:
        """What it means, in words."""
        return [
            f"of a lesion not eradicated a median share of {self.median_share.value:.2g} survives (sd of the log {self.sd_log.value:g})"
        ]


class SurvivorsFromResponse(Block):
    """The distribution that published rates of response give.

    Attributes
    ----------
    objective : Rate
        Complete and partial responses together, among lesions of about ``typical_cm``.
    typical_cm, seen_from_cm : Quantity
        Diameter of the lesions whose rates these are; diameter below which nothing is seen.
    sd_log : Quantity or None
        Spread where every complete response lasts (then one rate is left to fix the mean).
    """

    kind: Literal["response"]
    objective: Rate
    typical_cm: Quantity
    seen_from_cm: Quantity | None = None
    sd_log: Quantity | None = None

    @model_validator(mode="after")
    def _determined(self) -> SurvivorsFromResponse:
        if (self.sd_log is None) == (self.seen_from_cm is None):
            raise Faults([Fault((), "is not determined", expected="seen_from_cm (complete responses that do not last), or sd_log")])
        return self

    def log_normal(self, complete: float, eradicated: float) -> tuple[float, float]:
        """Mean and sd of the log share, given the rates of complete response and of eradication at the typical diameter.

        Raises
        ------
        ValueError
            Where the rates contradict each other.
        """
        from scipy.special import ndtri

        left = 1.0 - eradicated
        partial = (self.objective.value - eradicated) / left
        if not 0.0 < partial < 1.0:
            raise ValueError(f"objective response {self.objective.value:.3g} must lie between eradication {eradicated:.3g} and 1")
        z_partial = float(ndtri(partial))
        if self.sd_log is not None:
            sd = self.sd_log.value
            return PARTIAL_LOG - sd * z_partial, sd
        gone = (complete - eradicated) / left
        limit = self.gone_log
        if not 0.0 < gone < partial or limit >= PARTIAL_LOG:
            raise ValueError(
                "complete responses that do not last must be fewer than objective ones, and the typical lesion well above what is seen"
            )
        z_gone = float(ndtri(gone))
        sd = (PARTIAL_LOG - limit) / (z_partial - z_gone)
        return PARTIAL_LOG - sd * z_partial, sd

    @property
    def gone_log(self) -> float:
        """Log share of cells at which the typical lesion is no longer seen."""
        assert self.seen_from_cm is not None
        return 3.0 * math.log(self.seen_from_cm.value / self.typical_cm.value)

    def arithmetic(self, complete: float, eradicated: float) -> list[str]:
        """The steps from the rates to mean and sd."""
        mean, sd = self.log_normal(complete, eradicated)
        left = 1.0 - eradicated
        lines = [
            f"at {self.typical_cm.value:g} cm: eradicated {eradicated:.3g}, complete {complete:.3g}, objective {self.objective.value:.3g}",
            f"of what is not eradicated, ({self.objective.value:.3g} - {eradicated:.3g}) / {left:.3g} = "
            f"{(self.objective.value - eradicated) / left:.3g} keep at most 0.7^3 = 0.343 of their cells",
        ]
        if self.seen_from_cm is not None:
            lines.append(
                f"({complete:.3g} - {eradicated:.3g}) / {left:.3g} = {(complete - eradicated) / left:.3g} keep at most "
                f"({self.seen_from_cm.value:g} / {self.typical_cm.value:g})^3 = {math.exp(self.gone_log):.2g}: not seen, yet alive"
            )
        lines.append(f"hence ln(surviving share) is normal with mean {mean:.2f} and sd {sd:.2f}, cut at 0")
        return lines


Survivors = Annotated[GivenSurvivors | SurvivorsFromResponse, Field(discriminator="kind")]
