"""Assures that the command which a report gives asks for the very run that it reports."""

import shlex

import pytest

import paget.engine.registry.run
import paget.engine.run
from paget.cli import main

CASES = {
    "trial": ("run", "e2108", {"patients": 120, "replicates": 4, "seed": 3, "twins": True, "changes": {"wound_days": 30.0}}),
    "values by place": ("run", "e2108", {"parameters": "point", "changes": {"lethal_burden_cm3": [600.0, 250.0, *[300.0] * 6]}}),
    "posterior": ("run", "mf07-01", {"parameters": "informed", "draws": 3, "replicates": 9, "switches": {"residual": 0.5}}),
    "registry": ("run_registry", "ncdb-like", {"patients": 300, "null": True, "staging": "pet-ct", "draw": 4, "without": ["selection"]}),
    "point": ("run_registry", "ncdb-like", {"parameters": "point", "switches": {"residual": 0.5}}),
}  # fmt: skip


class _AskedError(Exception):
    """Stops a command once it is known what it asks for."""


@pytest.mark.parametrize("case", CASES)
def test_the_command_asks_for_the_same(case, monkeypatch):
    """Sizes, arms lived twice, draws, biases, switches and values: the command line gives an equal request."""
    name, study, options = CASES[case]
    module = paget.engine.run if name == "run" else paget.engine.registry.run
    request = module.resolve_request(study, **options)
    heard = {}

    def stop(study, **given):
        heard.update(given, study=study)
        raise _AskedError

    monkeypatch.setenv("PAGET_DEBUG", "1")
    monkeypatch.setattr(module, name, stop)
    with pytest.raises(_AskedError):
        main(shlex.split(request.command)[1:])
    for word in ("out", "threads", "resume", "overwrite", "progress"):
        heard.pop(word)
    again = module.resolve_request(heard.pop("study"), **heard)
    assert again.as_dict() == request.as_dict()
