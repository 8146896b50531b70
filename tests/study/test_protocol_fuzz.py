"""Assures that no mutated protocol escapes as anything but a protocol or a `PagetError`."""

import copy

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import places
from paget.errors import PagetError
from paget.forms.yaml_text import parse
from paget.study import load_protocol, plain, protocol_hash, resolve, shipped, validate
from paget.study.published import evidence_faults

GOOD = [plain(load_protocol(name)) for name in shipped()]

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=12),
    st.sampled_from(
        ["12 weeks", "3/0", "5/4", "60 %", "not read", "assumed", "none", "OS", "1e3", "-1", ".inf"]
    ),
    st.lists(st.integers(-2, 5), max_size=3),
    st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), st.integers(-2, 5), max_size=3),
    st.just([[[[{}]]]]),
    st.just(b"\x00"),
)


PLACES = [places(data) for data in GOOD]


def mutate(data, key, how, junk, new_name):
    *path, last = key
    here = data
    for part in path:
        here = here[part]
    if how == "delete":
        del here[last]
    elif how == "rename" and isinstance(here, dict):
        here[new_name] = here.pop(last)
    elif how == "negate" and isinstance(here[last], int | float):
        here[last] = -here[last]
    elif how == "repeat" and isinstance(here, list):
        here.append(copy.deepcopy(here[last]))
    else:
        here[last] = junk


def try_it(data):
    """Run everything that a user's protocol goes through before a life is simulated."""
    try:
        protocol = validate(data, where="fuzz.yaml")
        evidence_faults(protocol)
        assert validate(plain(resolve(protocol))) == resolve(protocol)
        assert len(protocol_hash(protocol)) == 64
    except PagetError as error:
        assert str(error).startswith("fuzz.yaml")
        assert "pydantic" not in str(error)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    which=st.integers(0, len(GOOD) - 1),
    steps=st.lists(
        st.tuples(
            st.floats(0, 0.999999),
            st.sampled_from(["delete", "rename", "negate", "repeat", "junk", "junk"]),
            JUNK,
            st.one_of(
                st.text(max_size=10),
                st.integers(),
                st.sampled_from(["month", "weeks", "fraction", "on", "is"]),
            ),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_mutated_protocols_never_crash(which, steps):
    """Deleted, renamed, negated, repeated and replaced keys: a valid protocol, or one clear error."""
    data = copy.deepcopy(GOOD[which])
    keys = PLACES[which]
    for share, how, junk, name in steps:
        try:
            mutate(data, keys[int(share * len(keys))], how, junk, name)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier step took the place away
    try_it(data)


TEXTS = [yaml.safe_dump(data, sort_keys=False) for data in GOOD]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    which=st.integers(0, len(TEXTS) - 1),
    at=st.floats(0, 0.999999),
    length=st.integers(0, 30),
    insert=st.one_of(
        st.text(max_size=8), st.sampled_from(["{", "[", "]", ": ", "- ", "\t", "&a ", "*a", "!!x ", "'", "#"])
    ),
)
def test_mutilated_text_never_crashes(which, at, length, insert):
    """Any cut or insertion in the text of a file: data, or one clear error."""
    text = TEXTS[which]
    position = int(at * len(text))
    try:
        data, _ = parse(text[:position] + insert + text[position + length :], "fuzz.yaml")
    except PagetError as error:
        assert str(error).startswith("fuzz.yaml")
        return
    try_it(data)
