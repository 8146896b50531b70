"""Assures that whatever a user writes into a protocol, only one clear message comes back, never a traceback."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paget.cli.app import main
from paget.engine.compile import compile_plan
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.study import load_protocol, plain, shipped, validate

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10**9), st.floats(allow_nan=True, allow_infinity=True), st.text(max_size=12),
    st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    st.sampled_from(["12 weeks", "HR+", "surgery", "none", "e2108", "0.5", "-1"]),
)  # fmt: skip


def paths(data, prefix=()):
    """All key paths of nested data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*prefix, key)
        yield from paths(value, (*prefix, key))


PROTOCOLS = {name: plain(load_protocol(name)) for name in shipped()}
PLACES = {name: list(paths(data)) for name, data in PROTOCOLS.items()}


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_protocol_either_compiles_or_is_explained(data):
    """One key replaced by something odd, or deleted: a plan of lives, or a PagetError."""
    name = data.draw(st.sampled_from(sorted(PROTOCOLS)))
    mutated = copy.deepcopy(PROTOCOLS[name])
    *path, last = data.draw(st.sampled_from(PLACES[name]))
    here = mutated
    for part in path:
        here = here[part]
    if data.draw(st.booleans()):
        here[last] = data.draw(ODD)
    elif isinstance(here, dict):
        del here[last]
    try:
        compile_plan(validate(mutated, where="mutated.yaml"), ParameterSet.point())
    except PagetError as error:
        assert len(str(error)) > 10


@pytest.mark.parametrize("text", ["", "{", "- 1\n- 2\n", "a: &x [*x]", "\x00", "!!python/object:os.system {}", "id: [" * 300, "42"])
def test_a_file_that_is_no_protocol_is_explained(text, tmp_path, capsys):
    """Broken, hostile or foreign YAML: exit code 2 and the file's name."""
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file)]) == 2
    said = capsys.readouterr().err
    assert "odd.yaml" in said and "Traceback" not in said


def test_binary_files_are_explained(tmp_path, capsys):
    """A picture is not a protocol."""
    file = tmp_path / "picture.yaml"
    file.write_bytes(bytes(range(256)))
    assert main(["check", str(file)]) == 2
    assert "picture.yaml" in capsys.readouterr().err
