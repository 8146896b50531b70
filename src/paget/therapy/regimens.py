"""Regimens (which drugs together, for how long) and standards of care (which regimens, line by line)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from paget.biology.layout import SUBTYPES
from paget.biology.state import MAX_AGENTS
from paget.forms.quantities import Block, Name
from paget.therapy.layout import MAX_LINES, MAX_OPTIONS


class Course(Block):
    """A therapy within a regimen and the days of its course (None: until progression)."""

    agent: str
    days: float | None = Field(default=None, gt=0)


class Regimen(Block):
    """Therapies given together, and what maintains once the cytotoxic ones among them have run their course."""

    id: Name
    agents: tuple[Course, ...] = Field(min_length=1, max_length=MAX_AGENTS)
    then: str | None = None


class Standard(Block):
    """A standard of care: for each subtype and situation, the regimens of each line and the share of each."""

    id: str
    years: str
    title: str
    basis: Literal["sourced", "assumed"]
    sources: tuple[str, ...] = ()
    reason: str
    lines: dict[
        Literal["HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"],
        dict[Literal["any", "premenopausal", "postmenopausal", "crisis"], tuple[dict[str, float], ...]],
    ]

    @model_validator(mode="after")
    def _shares(self) -> Standard:
        for subtype in SUBTYPES:
            situations = self.lines.get(subtype)  # type: ignore[call-overload]
            if not situations or "crisis" not in situations:
                raise ValueError(f"{subtype} needs lines for 'crisis' and for 'any' (or both menopausal states)")
            if "any" not in situations and not {"premenopausal", "postmenopausal"} <= set(situations):
                raise ValueError(f"{subtype} needs 'any', or 'premenopausal' and 'postmenopausal'")
            for situation, lines in situations.items():
                if len(lines) > MAX_LINES:
                    raise ValueError(f"{subtype} {situation}: at most {MAX_LINES} lines")
                for number, options in enumerate(lines, 1):
                    if not 1 <= len(options) <= MAX_OPTIONS or abs(sum(options.values()) - 1.0) > 1e-6:
                        raise ValueError(
                            f"{subtype} {situation} line {number}: 1 to {MAX_OPTIONS} regimens whose shares sum to 1"
                        )
        return self
