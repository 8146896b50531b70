"""What every piece of work in a folder shares: how it is asked for, begun, logged and signed.

Runs of trials and of registries, designs and calibrations differ in what they compute. How a whole number is checked, how the folder is
named, what goes to its log, what its manifest says of the programme that made it and how the command that repeats it is written is the same
for all of them, and is here.
"""

from __future__ import annotations

import platform
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from paget._jit import kernel_hash
from paget._version import __version__
from paget.engine.draws import Source
from paget.engine.folder import RunFolder, digest
from paget.engine.warm import compile_kernels
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.progress import Progress

PACKAGES = ("numba", "numpy", "polars", "pydantic", "scipy", "matplotlib")
"""Packages whose versions can move a number or a figure."""
LARGEST_SEED = 2**64 - 1


def whole(name: str, value: object, least: int, most: int | None = None) -> int:
    """A whole number in a range, or the error that says what it must be.

    Raises
    ------
    PagetError
        The value is no whole number, or outside the range.

    Examples
    --------
    >>> whole("patients", 400, 2)
    400
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        expected = f"{least:,} or more" if most is None else f"{least:,} to {most:,}"
        raise PagetError("not a whole number that can be used", key=name, got=value, expected=expected)
    return value


def seed_of(value: object, most: int = LARGEST_SEED) -> int:
    """A seed that named draws can be made from.

    Raises
    ------
    PagetError
        The value is no whole number from 0 to ``most``.
    """
    return whole("seed", value, 0, most)


def default_folder(place: str, name: str, seed: int, request: Mapping[str, Any]) -> Path:
    """``<place>/<name>-s<seed>-<hash8>``: another request is another folder."""
    return Path(place) / f"{name}-s{seed}-{digest(request)[:8]}"


def names_changed(
    parameters: object, changes: Mapping[str, Any] | None, *switches: Mapping[str, float] | None
) -> tuple[str, ...]:
    """Names of parameters that a protocol or a user set, in order."""
    names = {f"switch_{name}" for given in switches for name in given or {}} | set(changes or {})
    if isinstance(parameters, ParameterSet):
        names |= parameters.changed
    return tuple(sorted(names))


@contextmanager
def working(folder: RunFolder, threads: int, progress: Progress) -> Iterator[None]:
    """Log when and where the work began and how long it took; compile what is not compiled.

    Parameters
    ----------
    folder : RunFolder
    threads : int
        For the log.
    progress : callable
    """
    started = time.perf_counter()
    folder.log(f"{datetime.now().astimezone().isoformat(timespec='seconds')} begun on {platform.node()}, {threads} threads")
    progress("compiling (once)", 0, 1)
    compile_kernels()
    progress("compiling (once)", 1, 1)
    yield
    folder.log(f"finished after {time.perf_counter() - started:.1f} s")


def signed(request: Mapping[str, Any], seed: int, source: Source) -> dict[str, Any]:
    """What a manifest says of every run: the programme, its packages, the seed, the parameters, the request."""
    return {
        "paget": __version__,
        "seed": seed,
        "parameters": source.words,
        "parameters_hash": source.hash,
        "parameters_note": source.note,
        "kernels": kernel_hash(),
        "request_hash": digest(request),
        "packages": {name: version(name) for name in PACKAGES},
    }


def command(words: Iterable[str], source: Source, changed: Iterable[str], *, draw_option: bool = False) -> str:
    """The command line that repeats a run: the words that are its own, then the parameters and what was set in them.

    Parameters
    ----------
    words : iterable of str
        ``paget``, the command, and its own options.
    source : Source
    changed : iterable of str
        Names of parameters that were set.
    draw_option : bool
        The command lives everybody under one draw (``--draw``), not replicates under several (``--draws``).
    """
    parts = list(words)
    if source.name != "given":
        parts += ["--parameters", source.name]
    if draw_option and source.central_draw is not None:
        parts += ["--draw", str(source.central_draw)]
    elif source.draws:
        parts += ["--draws", str(len(source.draws))]
    for name in changed:
        value = source.central[name]
        parts += ["--set", f"{name}=" + (",".join(map(repr, value)) if isinstance(value, tuple) else repr(value))]
    return shlex.join(parts)
