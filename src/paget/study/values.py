"""The kinds of value that protocol keys hold: strict numbers with bounds, fractions, names, short texts.

Numbers are strict: ``"12"`` and ``true`` are not numbers, and not-a-number or infinity never pass. A
fraction may be written as the count it came from (``107/125``), which is exact and can be checked by a
reader against the paper.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from paget.forms.faults import Fault, Faults

NOT_READ = "not read"
_COUNTS = re.compile(r"^\s*(\d{1,9})\s*/\s*(\d{1,9})\s*$")


class Block(BaseModel):
    """A block of keys: unknown keys are refused, and a validated block never changes."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, ser_json_inf_nan="constants"
    )


def _fraction(value: object) -> object:
    if isinstance(value, str):
        counts = _COUNTS.match(value)
        if counts is None:
            percent = re.match(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$", value)
            fix = f"write {float(percent[1]) / 100:g}" if percent else "write 0.6 or counts such as 107/125"
            raise Faults(
                [
                    Fault(
                        (), "is not a fraction", value, "a number from 0 to 1, or counts such as 107/125", fix
                    )
                ]
            )
        part, whole = int(counts[1]), int(counts[2])
        if whole == 0 or part > whole:
            raise Faults([Fault((), "is not a fraction", value, "a part that is not larger than the whole")])
        return part / whole
    return value


def _name_or_year(value: object) -> object:
    # `standard_of_care: 2012` without quotes is a number to YAML and a name to everybody else.
    return (
        str(value)
        if isinstance(value, int) and not isinstance(value, bool) and 1900 <= value <= 2100
        else value
    )


def _scalar(value: object) -> object:
    if isinstance(value, bool | str) or (isinstance(value, int | float) and abs(value) < float("inf")):
        return value
    raise Faults([Fault((), "must be one value", value, "a number, a text, or true or false")])


FRACTION_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^\s*\d+\s*/\s*\d+\s*$"},
    ]
}


def fraction_or(word: str, empty: str) -> tuple[Any, ...]:
    """What makes ``float | None`` a fraction or one word (None, and written back as the word); an empty value is told what was expected."""

    def read(value: object) -> object:
        if value is None:
            raise Faults([Fault((), "is empty", expected=empty)])
        return None if value == word else _fraction(value)

    return (
        Field(strict=True, allow_inf_nan=False, ge=0, le=1),
        BeforeValidator(read),
        PlainSerializer(lambda value: word if value is None else value),
        WithJsonSchema({"anyOf": [*FRACTION_SCHEMA["anyOf"], {"const": word}]}),
    )


SCALAR_SCHEMA = {"type": ["number", "string", "boolean"]}

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e9)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1e9)]
Months = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1200)]
Days = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=36525)]
Count = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
Fraction = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, ge=0, le=1),
    BeforeValidator(_fraction),
    WithJsonSchema(FRACTION_SCHEMA),
]
Scalar = Annotated[Any, AfterValidator(_scalar), WithJsonSchema(SCALAR_SCHEMA)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=4000)]
Name = Annotated[Text, BeforeValidator(_name_or_year)]
Id = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9+-]*$", max_length=60)]
EvidenceId = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=80)]
