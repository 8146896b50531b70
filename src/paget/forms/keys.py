"""Dotted keys of plain data, as a form's errors and the options of commands write them: ``arms.control.crossover.fraction``."""

from __future__ import annotations

from typing import Any


def set_key(data: Any, dotted: str, value: Any) -> None:
    """Set a key that is there; items of lists by their id or by position.

    Raises
    ------
    LookupError
        There is no such key.

    Examples
    --------
    >>> data = {"arms": [{"id": "control", "patients": 1}]}
    >>> set_key(data, "arms.control.patients", 2)
    >>> data
    {'arms': [{'id': 'control', 'patients': 2}]}
    """
    here = data
    *path, last = dotted.split(".")
    try:
        for part in path:
            here = here[_place(here, part)]
        here[_place(here, last)] = value
    except (TypeError, ValueError) as error:  # a key below a plain value; a position that is no number
        raise LookupError(dotted) from error


def _place(here: Any, part: str) -> Any:
    if isinstance(here, list):
        ids = [item.get("id") if isinstance(item, dict) else None for item in here]
        place = ids.index(part) if part in ids else int(part)
        here[place]  # must be there
        return place
    if part not in here:
        raise KeyError(part)
    return part


def without_none(value: Any) -> Any:
    """The same data without keys that hold nothing.

    Examples
    --------
    >>> without_none({"a": None, "b": [{"c": None, "d": 1}]})
    {'b': [{'d': 1}]}
    """
    if isinstance(value, dict):
        return {name: without_none(item) for name, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value
