"""Assures that the examples in docstrings run, and say what comes out."""

import doctest
import importlib

import pytest
from repository import SOURCE

EXAMPLES = [path for path in sorted(SOURCE.rglob("*.py")) if ">>>" in path.read_text(encoding="utf-8")]


def module_of(path):
    """Dotted name of a source file."""
    return ".".join(("paget", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


@pytest.mark.parametrize("path", EXAMPLES, ids=module_of)
def test_examples_run(path):
    """What a docstring shows is what the function gives."""
    found = doctest.testmod(importlib.import_module(module_of(path)), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert found.attempted and not found.failed
