"""Errors a user can mend: where it is, what was got, what was expected, how to mend it.

Everything that a user may get wrong raises `PagetError` (or a subclass); the command line prints it as one message and exits
with 2. Any other exception is a defect of Paget and exits with 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class PagetError(Exception):
    """A mistake in what the user gave, told so that it can be mended.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    where : str or Path, optional
        The file or option at fault.
    key : str, optional
        Path of the key inside the file, such as ``arms[1].strategy[0].do``.
    got : object, optional
        The offending value.
    expected : str, optional
        What would have been right.
    fix : str, optional
        What to do about it.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        where: str | Path | None = None,
        key: str | None = None,
        got: object = None,
        expected: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.message, self.where, self.key = message, where, key
        self.got, self.expected, self.fix = got, expected, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        place = ": ".join(str(part) for part in (self.where, self.key) if part is not None)
        lines = [f"{place}: {self.message}" if place else self.message]
        if self.got is not None:
            lines.append(f"  got:      {self.got!r}")
        if self.expected is not None:
            lines.append(f"  expected: {self.expected}")
        if self.fix is not None:
            lines.append(f"  fix:      {self.fix}")
        return "\n".join(lines)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to a misspelt one, or None where nothing is close.

    Examples
    --------
    >>> nearest("accural", ["accrual", "arms"])
    'accrual'
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def unknown(kind: str, name: str, known: Iterable[str], *, where: str | Path | None = None) -> PagetError:
    """The error for a name that does not exist, with its nearest neighbour and the list."""
    names = sorted(known)
    guess = nearest(name, names)
    return PagetError(
        f"there is no {kind} named {name!r}",
        where=where,
        expected="one of " + ", ".join(names[:20]) + (", ..." if len(names) > 20 else ""),
        fix=f"did you mean {guess!r}?" if guess else f"list them with `paget {kind}s`" if kind == "protocol" else None,
    )
