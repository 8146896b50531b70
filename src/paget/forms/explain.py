"""Turning what pydantic reports into faults that a clinician can mend: got, expected, fix, nearest key, unit.

Pydantic says "Extra inputs are not permitted"; a user needs "there is no such key; did you mean accrual?".
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from paget.errors import PagetError, nearest
from paget.forms.faults import Fault, Faults, Key

Model = TypeVar("Model", bound=BaseModel)
UNITS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
LONGEST = 200
"""Characters of a wrong value that a message repeats."""
LENGTHS = {"mm": 0.1, "cm": 1.0, "m": 100.0}
_WITH_UNIT = re.compile(
    r"^\s*([+-]?\d+(?:[.,]\d+)?)\s*(d|day|days|w|week|weeks|month|months|mo|y|year|years|mm|cm|m)\s*$", re.I
)
_SHORT = {
    "d": "days",
    "day": "days",
    "w": "weeks",
    "week": "weeks",
    "month": "months",
    "mo": "months",
    "y": "years",
    "year": "years",
}


def explain(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Faults of a failed validation; a missing key that was only misspelt is told once."""
    details = error.errors(include_url=False)
    missing = {tuple(d["loc"]) for d in details if d["type"] == "missing"}
    faults: list[Fault] = []
    mended: set[Key] = set()
    for detail in details:
        if detail["type"] != "extra_forbidden":
            continue
        fault, meant = _unknown_key(tuple(detail["loc"]), detail["input"], model)
        faults.append(fault)
        if meant in missing and meant is not None:
            mended.add(meant)
    for detail in details:
        loc = tuple(detail["loc"])
        if detail["type"] == "extra_forbidden" or loc in mended:
            continue
        carried = detail.get("ctx", {}).get("error")
        if isinstance(carried, Faults):
            faults += [fault.under(_written(loc)) for fault in carried.faults]
        else:
            faults.append(_one(detail, _written(loc), model))
    return faults


def _written(loc: Sequence[str | int]) -> Key:
    return tuple(part for part in loc if part != "[key]")


def _one(detail: Mapping[str, Any], key: Key, model: type[BaseModel]) -> Fault:
    kind, got, ctx = str(detail["type"]), detail["input"], detail.get("ctx", {})
    unit = unit_of(key)
    if kind == "missing":
        return Fault(key, "is missing", expected=_expected(key, model))
    if kind in (
        "float_type",
        "float_parsing",
        "int_type",
        "int_parsing",
        "int_from_float",
        "finite_number",
        "int_parsing_size",
    ):
        whole = kind.startswith("int")
        expected = ("a whole number" if whole else "a number") + (f", in {unit}" if unit else "")
        return Fault(key, "is not " + expected.split(",")[0], got, expected, _converted(got, unit))
    if kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        bound = next(iter(ctx.values()))
        said = {
            "greater_than_equal": "at least",
            "greater_than": "more than",
            "less_than_equal": "at most",
            "less_than": "less than",
        }
        negative = isinstance(got, int | float) and got < 0
        expected = f"{said[kind]} {bound:g}" + (f" ({unit})" if unit else "")
        return Fault(key, "is negative" if negative else "is out of range", got, expected)
    if kind in ("literal_error", "enum"):
        choices = [text.strip().strip("'") for text in re.split(r",\s| or ", str(ctx.get("expected", "")))]
        guess = nearest(str(got), choices)
        fix = f"did you mean {guess!r}?" if guess else None
        return Fault(key, "is not one of the choices", got, "one of " + ", ".join(choices), fix)
    plain = {
        "string_type": ("is not text", "text (in quotes if it looks like a number, a date or yes/no)"),
        "string_too_short": ("is empty", "some text"),
        "string_too_long": ("is too long", f"at most {ctx.get('max_length')} characters"),
        "bool_type": ("is not true or false", "true or false"),
        "bool_parsing": ("is not true or false", "true or false"),
        "tuple_type": ("is not a list", "a list: items in [ ], or one per line with a dash"),
        "list_type": ("is not a list", "a list: items in [ ], or one per line with a dash"),
        "too_short": ("has too few items", f"at least {ctx.get('min_length')}"),
        "model_type": (
            "is not a block of keys",
            "keys with values, one per line: " + ", ".join(_keys_at(model, key)),
        ),
        "dict_type": ("is not a block of keys", "keys with values, one per line"),
        "invalid_key": ("has a key that is not text", "a key that is a word"),
    }
    if kind in plain:
        return Fault(key, plain[kind][0], got, plain[kind][1])
    if kind == "string_pattern_mismatch":
        return Fault(
            key,
            "is not a valid id",
            got,
            "small letters, digits, - and + only, such as e2108 or lrt+systemic",
        )
    return Fault(key, str(detail["msg"]), got)


def unit_of(key: Key) -> str | None:
    """Return unit that the name of a key states: ``delay_days_median`` is in days."""
    for part in reversed(key):
        if isinstance(part, str):
            for word in reversed(re.split(r"[_\s]", part)):
                if word in UNITS or word == "cm":
                    return word
            return None
    return None


def _converted(got: object, unit: str | None) -> str | None:
    if not isinstance(got, str) or unit is None:
        return None
    found = _WITH_UNIT.match(got)
    if found is None:
        return f"write a number without quotes; the unit ({unit}) is in the key"
    value = float(found[1].replace(",", "."))
    said = _SHORT.get(found[2].lower(), found[2].lower())
    if said in UNITS and unit in UNITS:
        return f"write {value * UNITS[said] / UNITS[unit]:.4g} (the unit of this key is {unit})"
    if said in LENGTHS and unit in LENGTHS:
        return f"write {value * LENGTHS[said] / LENGTHS[unit]:.4g} (the unit of this key is {unit})"
    return f"the unit of this key is {unit}"


def _unknown_key(loc: Key, got: object, model: type[BaseModel]) -> tuple[Fault, Key | None]:
    name, allowed = str(loc[-1]), _keys_at(model, loc[:-1])
    expected = "one of " + ", ".join(allowed)
    stem = [word for word in re.split(r"_", name) if word not in UNITS and word not in LENGTHS]
    for other in allowed:
        words = re.split(r"_", other)
        same = [word for word in words if word not in UNITS and word not in LENGTHS] == stem
        if same and other != name and unit_of((other,)) and unit_of((name,)):
            advice = f"the key is {other!r}, in {unit_of((other,))}: convert the value"
            return Fault(loc, "is in the wrong unit", got, expected, advice), (*loc[:-1], other)
    guess = nearest(name, allowed)
    fix = f"did you mean {guess!r}?" if guess else None
    return Fault(loc, "there is no such key here", name, expected, fix), (*loc[:-1], guess) if guess else None


def _expected(key: Key, model: type[BaseModel]) -> str | None:
    parent = _model_at(model, key[:-1])
    if parent is None:
        return None
    for name, field in parent.model_fields.items():
        if key and key[-1] in (name, field.alias):
            return field.description
    return None


def _keys_at(model: type[BaseModel], key: Key) -> list[str]:
    found = _model_at(model, key)
    return [field.alias or name for name, field in found.model_fields.items()] if found is not None else []


def _model_at(model: type[BaseModel], key: Key) -> type[BaseModel] | None:
    here: Any = model
    for part in key:
        if isinstance(part, int):
            continue
        if here is None:
            return None
        field = next((f for n, f in here.model_fields.items() if part in (n, f.alias)), None)
        here = _model_in(field.annotation) if field is not None else None
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (typing.Annotated, tuple, list, dict, typing.Union, types.UnionType):
        for inner in typing.get_args(annotation):
            found = _model_in(inner)
            if found is not None:
                return found
    return None


def validated(model: type[Model], data: Any, where: str, key: str = "") -> Model:
    """Data as a model, or the first thing that is wrong with it; for declarations that few people write.

    Parameters
    ----------
    model : type
        A pydantic model.
    data : Any
        Plain data.
    where : str
        The file.
    key : str
        Where in the file the data stand.

    Raises
    ------
    PagetError
        The data do not fit.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        # a key that nobody knows is told before a missing one, which it may be the misspelling of
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        path = ".".join(part for part in (key, *map(str, first["loc"])) if part)
        got = None if first["type"] == "missing" else _cut(first.get("input"))  # of a missing key pydantic tells all that stands around it
        message, more = first["msg"].removeprefix("Value error, "), {}
        if first["type"] == "extra_forbidden":
            told = _unknown_key(tuple(first["loc"]), got, model)[0]
            more = {"expected": told.expected, "fix": told.fix}
        elif first["type"] == "model_type":
            message, more = "keys with values belong here", {"expected": ", ".join(_keys_at(model, tuple(first["loc"])))}
        raise PagetError(message, where=where, key=path or None, got=got, **more) from None


def _cut(value: object) -> object:
    """A value short enough for a message."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return f"<{type(value).__name__}>"
    return value if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
