"""Registries as data: who is in, how they were staged, how clinicians chose, what was written down.

A registry is a YAML file (`load_registry`); docs/registries.md describes every key. Practice and recording are inputs; results of
registries are not: they may only be named, to be shown beside the simulated ones.
"""

from paget.study.registry.choice import Operation, Term
from paget.study.registry.load import (
    load_registry,
    override_registry,
    plain_registry,
    registry_hash,
    registry_to_yaml,
    shipped_registries,
    validate_registry,
)
from paget.study.registry.local import LocalOperation
from paget.study.registry.model import Registry
from paget.study.registry.words import Words

__all__ = [
    "LocalOperation",
    "Operation",
    "Registry",
    "Term",
    "Words",
    "load_registry",
    "override_registry",
    "plain_registry",
    "registry_hash",
    "registry_to_yaml",
    "shipped_registries",
    "validate_registry",
]
