"""Compilation of kernels: one decorator, and a machine-code cache that can never be stale.

Numba's own cache key sees only the file of the function that is compiled, so a helper changed in another module would go on
running as old machine code. Here the cache folder is named by a hash of every kernel source and of the Numba version: change
one byte of a kernel and everything is compiled again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).parent
MARKER = b"_jit import"


@lru_cache(maxsize=1)
def kernel_hash() -> str:
    """Hash of all kernel sources (every file that imports this module) and of the compiler's version."""
    digest = hashlib.sha256(f"numba {version('numba')} llvmlite {version('llvmlite')}".encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if MARKER in source or path == Path(__file__):
            digest.update(path.relative_to(PACKAGE).as_posix().encode())
            digest.update(source)
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
