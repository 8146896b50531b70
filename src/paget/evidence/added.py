"""A user's own facts for a stretch of work: everything inside sees them beside the shipped ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_ADDED: ContextVar[tuple[Path, ...]] = ContextVar("files of the user's own facts", default=())


def added_files() -> tuple[Path, ...]:
    """Files that the enclosing `using` added."""
    return _ADDED.get()


@contextmanager
def using(extra: Sequence[str | Path]) -> Iterator[None]:
    """Let everything inside see a user's files beside the shipped facts, so that a protocol may cite them.

    Examples
    --------
    >>> with using([]):
    ...     added_files()
    ()
    """
    token = _ADDED.set((*_ADDED.get(), *map(Path, extra)))
    try:
        yield
    finally:
        _ADDED.reset(token)
