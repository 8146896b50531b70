"""Faults of a file: collected one by one, told to the user all at once.

A user who mends one mistake only to be told of the next loses patience; so every check appends to a list,
and the list becomes one `PagetError` at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from paget.errors import PagetError, nearest

Key = tuple[str | int, ...]
"""Where a value sits: keys of mappings and positions in lists, from the top of the file."""


@dataclass(frozen=True)
class Fault:
    """One mistake: where it is, what is wrong, what was found, what would be right, how to mend it."""

    key: Key
    message: str
    got: object = None
    expected: str | None = None
    fix: str | None = None

    def under(self, parent: Key) -> Fault:
        """Return the same fault seen from a block that holds this one."""
        return replace(self, key=parent + self.key)


class Faults(ValueError):  # noqa: N818 - a list of faults; pydantic needs a ValueError to carry it out of a validator
    """Several faults found by one check, with keys relative to the block that was checked."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


def key_text(key: Key) -> str:
    """Return a key path as a reader writes it.

    Examples
    --------
    >>> key_text(("arms", 1, "locoregional", "when"))
    'arms[1].locoregional.when'
    """
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def line_of(key: Key, lines: Mapping[Key, int]) -> int | None:
    """Line of a key, or of the nearest block around it that has one."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return None


def _shown(value: object) -> object:
    text = repr(value)
    return value if len(text) <= 120 else text[:117] + "..."


def to_error(
    faults: Sequence[Fault], where: str | Path | None, lines: Mapping[Key, int] | None = None
) -> PagetError:
    """All faults as one error; a single one fills the error's own fields, several are listed by line."""
    lines = lines or {}
    numbered = sorted(((line_of(f.key, lines) or 0, position, f) for position, f in enumerate(faults)))
    if len(faults) == 1:
        line, _, fault = numbered[0]
        place = f"{where}:{line}" if where is not None and line else where
        return PagetError(
            fault.message,
            where=place,
            key=key_text(fault.key) or None,
            got=_shown(fault.got) if fault.got is not None else None,
            expected=fault.expected,
            fix=fault.fix,
        )
    parts = []
    for number, (line, _, fault) in enumerate(numbered, start=1):
        at = f"line {line}: " if line else ""
        parts.append(f"  {number}. {at}{key_text(fault.key) or '(top)'}: {fault.message}")
        if fault.got is not None:
            parts.append(f"       got:      {_shown(fault.got)!r}")
        if fault.expected is not None:
            parts.append(f"       expected: {fault.expected}")
        if fault.fix is not None:
            parts.append(f"       fix:      {fault.fix}")
    return PagetError(f"{len(faults)} mistakes\n" + "\n".join(parts), where=where)


def twice(names: Sequence[object], key: Key, what: str, field: str | None = "id") -> list[Fault]:
    """Names that stand in a list more than once."""
    faults, seen = [], set()
    for position, name in enumerate(names):
        if name in seen:
            at = (*key, position, field) if field else (*key, position)
            faults.append(
                Fault(
                    at, f"{what} {name!r} stands here twice", fix="give each a name of its own, or remove one"
                )
            )
        seen.add(name)
    return faults


def absent(name: str, known: Iterable[str], key: Key, what: str) -> Fault:
    """Tell of a name that is not among those declared, with the nearest one."""
    listed = sorted(known)
    guess = nearest(name, listed)
    expected = "one of " + ", ".join(listed) if listed else f"a {what}, but none is declared"
    return Fault(
        key, f"there is no {what} of this name", name, expected, f"did you mean {guess!r}?" if guess else None
    )
