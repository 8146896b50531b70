"""Turn YAML text and plain dictionaries into studies, and every mistake in them into one clear message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from paget.errors import PagetError, nearest
from paget.evidence.models import Arm, Population, Result, Study
from paget.forms import text_of

MAX_DEPTH = 12
"""Deepest nesting of a facts file; the form of a fact needs 6."""

_PARTS: Mapping[str, type[BaseModel]] = {"results": Result, "arms": Arm, "population": Population}


def study_from(data: object, *, where: str | Path | None = None, index: int | None = None) -> Study:
    """Validate one study.

    Parameters
    ----------
    data : object
        What the YAML of one entry holds; anything but a mapping of the right form is an error.
    where, index
        File and position of the entry, for the message.

    Raises
    ------
    PagetError
        Naming file, study, key, value and, for an unknown key or word, its nearest neighbour.
    """
    if not isinstance(data, dict):
        raise PagetError(
            "a fact is a mapping that starts with `- id:`",
            where=where,
            key=None if index is None else f"[{index}]",
            got=_short(data),
            expected="id, kind, topic, citation, population, results",
        )
    name = data.get("id")
    label = name[:60] if isinstance(name, str) and name else f"[{index if index is not None else '?'}]"
    try:
        return Study.model_validate(data)
    except ValidationError as error:
        raise _told(error, where, label) from None
    except RecursionError:
        raise PagetError("nested too deeply", where=where, key=label) from None


def studies_from(text: str, *, where: str | Path) -> list[Study]:
    """Validate all studies of a facts file.

    Raises
    ------
    PagetError
        For broken YAML, YAML references, repeated keys, repeated ids, or a study that does not validate.
    """
    _guard(text, where)
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2011-13-45
        raise _broken(error, where) from None
    if data is None:
        return []
    if not isinstance(data, list):
        raise PagetError(
            "a facts file is a list of studies",
            where=where,
            got=_short(data),
            expected="entries that start with `- id:`",
        )
    studies = [study_from(entry, where=where, index=i) for i, entry in enumerate(data)]
    seen: set[str] = set()
    for study in studies:
        for name in (study.id, *study.aliases):
            if name in seen:
                raise PagetError(f"the id {name!r} stands twice", where=where, key=study.id, fix="rename one")
            seen.add(name)
    return studies


def read_file(path: Path) -> list[Study]:
    """Read the studies of a user's file.

    Raises
    ------
    PagetError
        Where it cannot be read, or holds anything but facts in the right form.
    """
    if not path.exists():
        raise PagetError("there is no such file", where=path, fix="check the path of --evidence")
    studies = studies_from(text_of(path), where=path)
    if not studies:
        raise PagetError("there are no studies in this file", where=path, expected="entries that start with `- id:`")
    return studies


def _guard(text: str, where: str | Path) -> None:
    """Refuse YAML references (they can blow up), deep nesting and repeated keys (the last would win)."""
    # per open node: for a mapping the keys seen and whether a key comes next; None for a list
    stack: list[tuple[set[str], bool] | None] = []
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise PagetError("YAML references (& and *) are not allowed", where=where, key=f"line {line}")
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                stack.pop()
                continue
            is_node = isinstance(event, yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent)
            if is_node and stack and (top := stack[-1]) is not None:
                keys, expects_key = top
                if expects_key and isinstance(event, yaml.ScalarEvent):
                    if event.value in keys:
                        raise PagetError(
                            f"the key {event.value!r} stands twice", where=where, key=f"line {line}"
                        )
                    keys.add(event.value)
                stack[-1] = (keys, not expects_key)
            if isinstance(event, yaml.MappingStartEvent):
                stack.append((set(), True))
            elif isinstance(event, yaml.SequenceStartEvent):
                stack.append(None)
            if len(stack) > MAX_DEPTH:
                raise PagetError(f"nested more than {MAX_DEPTH} levels deep", where=where, key=f"line {line}")
    except yaml.YAMLError as error:
        raise _broken(error, where) from None


def _broken(error: Exception, where: str | Path) -> PagetError:
    mark = getattr(error, "problem_mark", None)
    return PagetError(
        f"this is not valid YAML: {getattr(error, 'problem', None) or error}",
        where=where,
        key=None if mark is None else f"line {mark.line + 1}, column {mark.column + 1}",
        fix="quote texts that hold a colon, a hash or brackets",
    )


def _told(error: ValidationError, where: str | Path | None, label: str) -> PagetError:
    """Tell the first mistake of a study as a message; the others are counted."""
    problems = error.errors(include_url=False)
    # an unknown key first: it usually explains the missing one beside it
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    path = _path(first["loc"])
    kind, got, more = first["type"], first.get("input"), len(problems) - 1
    message, expected, fix = first["msg"], None, None
    if kind == "extra_forbidden":
        known = _keys_at(first["loc"])
        name = str(first["loc"][-1])
        guess = nearest(name, known)
        message, got = f"unknown key {name!r}", None
        expected, fix = "one of " + ", ".join(known), f"did you mean {guess!r}?" if guess else None
    elif kind == "missing":
        message, got = f"the key {first['loc'][-1]!r} is missing", None
    elif kind == "literal_error":
        choices = re.findall(r"'([^']+)'", str(first["ctx"]["expected"]))
        guess = nearest(got, choices) if isinstance(got, str) else None
        message, expected = "unknown word", "one of " + ", ".join(choices)
        fix = f"did you mean {guess!r}?" if guess else None
    elif kind == "value_error":
        message = message.removeprefix("Value error, ")
        got = None if isinstance(got, dict | BaseModel) else got
    elif kind in {"float_type", "int_type", "float_parsing"} and isinstance(got, str):
        message = "a number is needed, not a text"
        fix = "write it without quotes and with a point; powers as 1.0e+12"
    elif kind == "string_type":
        message, fix = "a text is needed", "put it in quotes"
    elif kind == "string_pattern_mismatch":
        message, expected = "not well formed", _FORMS.get(str(first["loc"][-1]), _FORMS["id"])
    if more:
        message += f" (and {more} more in this study)"
    key = f"{label}.{path}" if path else label
    return PagetError(
        message, where=where, key=key, got=None if got is None else _short(got), expected=expected, fix=fix
    )


_FORMS = {
    "id": "2-60 lower-case letters, digits, - or _, starting with a letter or digit",
    "doi": "a DOI such as 10.1200/JCO.21.02006, without https://",
}


def _path(location: tuple[int | str, ...]) -> str:
    """``("results", 3, "valeu")`` as ``results[3].valeu``."""
    text = ""
    for part in location:
        text += f"[{_short(part)}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    model = _PARTS.get(str(location[0]), Study) if len(location) > 1 else Study
    return [field.alias or name for name, field in model.model_fields.items()]


def _short(value: object) -> Any:
    """Cut a value to a length that fits a message."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # ValueError: an integer of thousands of digits
        return f"<{type(value).__name__}>"
    return value if len(text) <= 80 else text[:77] + "..."
