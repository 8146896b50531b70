"""A number of a therapy file together with what stands behind it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Basis = Literal["sourced", "placed", "fitted", "assumed"]


class Number(BaseModel):
    """One number, its basis, the studies it was read from, and the reason where it was not read from one.

    ``basis`` may be left out: a number with sources is *sourced*, one without is *assumed*. Every number that is not sourced needs its
    ``reason``; a sourced one has a reason only where it was worked out from what the study printed.

    Attributes
    ----------
    value : float
        In the unit that the key's name tells.
    prior_sd : float or None
        Spread of what it might be: on the logit of a share, on the log of an amount. ``None``: not varied.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    value: float
    basis: Basis | None = None
    sources: tuple[str, ...] = ()
    reason: str | None = None
    prior_sd: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _founded(self) -> Number:
        basis = self.basis or ("sourced" if self.sources else "assumed")
        if basis == "sourced" and not self.sources:
            raise ValueError("a sourced number names its sources")
        if basis != "sourced" and not self.reason:
            raise ValueError(f"a number that is {basis} needs its reason")
        object.__setattr__(self, "basis", basis)
        return self

    def __float__(self) -> float:
        return self.value


def _share(number: Number) -> Number:
    if not 0.0 <= number.value <= 1.0:
        raise ValueError(f"a share lies in 0..1 (write 42 % as 0.42), not {number.value:g}")
    return number


def _amount(number: Number) -> Number:
    if number.value < 0.0:
        raise ValueError(f"an amount is not negative, not {number.value:g}")
    return number


Share = Annotated[Number, AfterValidator(_share)]
Amount = Annotated[Number, AfterValidator(_amount)]
