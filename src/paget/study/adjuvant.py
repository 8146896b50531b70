"""Adjuvant therapy of early disease: a practice by name, or rows that say who takes what.

What a therapy does, and whom its file allows it to, is known to other rooms, as are the names of practices.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from paget.forms.faults import Fault, Faults
from paget.study.values import Block, Text, fraction_or

USUAL = "usual"


Use = Annotated[float | None, *fraction_or(USUAL, f"{USUAL!r}, or a share such as 0.8 or 107/125")]
"""A share, or the usual one (None)."""


class GivenAdjuvant(Block):
    """One row: an adjuvant therapy, the share of women who take it, and which women; what is left out does not matter."""

    therapy: Text
    use: Use = Field(default=None, description="'usual', or a share of the women of this row")
    stages: tuple[Literal["I", "II", "III"], ...] = ()
    subtypes: tuple[Literal["HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"], ...] = ()
    menopause: Literal["pre", "post"] | None = None


class Adjuvant(Block):
    """A practice: ``adjuvant: extended-endocrine`` is short for ``practice``, a list for ``gives``."""

    practice: Text | None = Field(default=None, description="Name of a practice, such as 'usual' or 'none'")
    gives: Annotated[tuple[GivenAdjuvant, ...], Field(min_length=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if isinstance(data, list | tuple) and len(data) == 1 and isinstance(data[0], str):
            data = data[0]
        if isinstance(data, str):
            return {"practice": data}
        return {"gives": data} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.practice is None) == (self.gives is None):
            expected = "the name of a practice, or rows such as {therapy: adjuvant-endocrine, use: 0.8}"
            raise Faults([Fault((), "is neither a practice nor rows of therapies, or both", expected=expected)])
        return self
