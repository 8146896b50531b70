"""Paget: an executable model of metastatic breast cancer.

The whole public surface is here; everything heavy is imported when it is used.

| you want | call |
| --- | --- |
| simulate a trial beside the real one | `run`, which returns a `Run` |
| simulate a registry: what it reports, what is true | `run_registry`, which returns a `RegistryRun` |
| a protocol as data | `load_protocol`, `protocols` |
| a published fact | `evidence.load()` |
| survival statistics on any ADaM table | `paget.analysis` |
| other parameter values | `ParameterSet` |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paget._version import __version__
from paget.errors import PagetError

if TYPE_CHECKING:
    from paget.engine.registry.result import RegistryRun
    from paget.engine.registry.run import run_registry
    from paget.engine.result import Run
    from paget.engine.run import run
    from paget.parameters import ParameterSet
    from paget.study import Protocol, load_protocol
    from paget.study import shipped as protocols

_LAZY = {
    "run": ("paget.engine.run", "run"),
    "run_registry": ("paget.engine.registry.run", "run_registry"),
    "RegistryRun": ("paget.engine.registry.result", "RegistryRun"),
    "Run": ("paget.engine.result", "Run"),
    "ParameterSet": ("paget.parameters", "ParameterSet"),
    "Protocol": ("paget.study", "Protocol"),
    "load_protocol": ("paget.study", "load_protocol"),
    "protocols": ("paget.study", "shipped"),
}

__all__ = [
    "PagetError",
    "ParameterSet",
    "Protocol",
    "RegistryRun",
    "Run",
    "__version__",
    "load_protocol",
    "protocols",
    "run",
    "run_registry",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        module, attribute = _LAZY[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'paget' has no attribute {name!r}")
