"""Compilation of kernels: one decorator, and a machine-code cache that can never be stale.

Numba's own cache key sees only the file of the function that is compiled, so a helper changed in another module would go on
running as old machine code. Here the cache folder is named by a hash of every kernel source and of the Numba version: change
one byte of a kernel and everything is compiled again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).parent
COMPILED = re.compile(rb"^@jit$", re.M)
RECORDS = ("layout.py", "markers.py", "state.py")
"""Files of records and codes: compiled functions read them, and machine code holds the numbers that it read."""


def kernel_sources() -> list[Path]:
    """Return every file of which something ends up in machine code: those with a compiled function, and those with records and codes."""
    return [
        path for path in sorted(PACKAGE.rglob("*.py"))
        if path == Path(__file__) or path.name in RECORDS or COMPILED.search(path.read_bytes())
    ]  # fmt: skip


@lru_cache(maxsize=1)
def kernel_hash() -> str:
    """Hash of all kernel sources and of the compiler's version."""
    return _hash(f"numba {version('numba')} llvmlite {version('llvmlite')}", kernel_sources())


@lru_cache
def source_hash(*names: str) -> str:
    """Hash of some source files, given by their paths in the package: names what they make and keep on disk."""
    return _hash("", [PACKAGE / name for name in names])


def _hash(text: str, paths: list[Path]) -> str:
    digest = hashlib.sha256(text.encode())
    for path in paths:
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """The user's cache folder of Paget (``PAGET_CACHE_DIR`` overrides it)."""
    import os

    override = os.environ.get("PAGET_CACHE_DIR")
    return Path(override) if override else user_cache_path("paget", appauthor=False)


def jit(function: Function) -> Function:
    """Compile a scalar kernel: no Python objects, no GIL, no fast-math (bits must repeat), cached on disk.

    Division follows NumPy (no exception), which LLVM can vectorise; callers keep denominators away from zero.
    """
    import numba

    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_root() / "kernels" / kernel_hash())
    try:
        compiled: Function = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function)
        return compiled
    finally:
        numba.config.CACHE_DIR = before
