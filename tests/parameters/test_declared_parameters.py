"""Every parameter says what it is and where it comes from; sets of values refuse what makes no sense."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import paget
from paget.errors import PagetError
from paget.evidence import load
from paget.parameters import ParameterSet, declared, switch_names
from paget.therapy import library

ALL = list(declared().values())


def ids(parameter):
    return parameter.name


@pytest.fixture(scope="module")
def base():
    return load()


@pytest.mark.parametrize("parameter", ALL, ids=ids)
def test_parameter_says_what_it_is_and_why(parameter, base):
    """Unit, meaning and reason are there; sources are usable facts (known, not retracted); what is placed or sourced has some."""
    assert parameter.unit.strip() and parameter.what.strip().endswith(".") and parameter.reason.strip().endswith(".")
    if parameter.basis in ("sourced", "placed", "fitted"):
        assert parameter.sources
    for source in parameter.sources:
        base.usable(source)
    assert all(math.isfinite(value) for value in parameter.values)


@pytest.mark.parametrize("parameter", ALL, ids=ids)
def test_prior_is_proper_and_holds_the_value(parameter):
    """The prior is a proper distribution in whose support, and not far in whose tails, the declared value lies."""
    prior = parameter.prior
    values = np.array(parameter.values)
    if prior.distribution == "lognormal":
        assert np.all(values > 0)
    elif prior.distribution == "uniform":
        assert prior.low < prior.high and np.all((values >= prior.low) & (values <= prior.high))
    elif prior.distribution == "logit-normal":
        assert np.all((values > 0) & (values < 1))
    elif prior.distribution == "half-normal":
        assert np.all((values >= 0) & (values <= 3 * prior.sd))
    elif prior.distribution == "beta":
        assert np.all((values >= 0) & (values <= 1))
        mean = prior.a / (prior.a + prior.b)
        sd = math.sqrt(mean * (1 - mean) / (prior.a + prior.b + 1))
        assert np.all(np.abs(values - mean) < 2 * sd)


def test_shares_are_shares(point):
    """Classes of cancer make a whole; probabilities and fractions lie between 0 and 1."""
    assert sum(point["class_share"]) == pytest.approx(1)
    for parameter in ALL:
        if parameter.unit.split()[0] in ("probability", "fraction"):
            assert all(0 <= value <= 1 for value in parameter.values), parameter.name


def test_every_parameter_is_read_by_the_model():
    """No parameter is declared that neither code nor a therapy file reads."""
    package = Path(paget.__file__).parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    named = {name for therapy in library().therapies.values() for name in therapy.parameters}
    unread = [p.name for p in ALL if p.name not in named and not re.search(rf"\bp\.{p.name}\b|\[\"{p.name}\"\]", code)]
    assert unread == []


def test_switches_are_one_and_everything_named_a_switch_is_one(point):
    """Each switch is 1 (but one that came after the fits: 0) with a fixed prior; names of switches and the basis 'switch' agree."""
    named = {p.name for p in ALL if p.name.startswith("switch_")}
    assert named == {p.name for p in ALL if p.basis == "switch"} == {f"switch_{name}" for name in switch_names()}
    for name in named:
        assert point[name] == (0.0 if name == "switch_marker_tropism" else 1.0)
        assert declared()[name].prior.distribution == "fixed"


def test_record_carries_every_value(point):
    """The record that kernels read has each declared value in its field."""
    record = point.record[0]
    for parameter in ALL:
        np.testing.assert_array_equal(np.atleast_1d(record[parameter.name]), parameter.values)


def test_changed_values_are_copies_with_another_hash(point):
    """Changing a value leaves the original alone, is told in `changed`, and gives another hash; changing back gives the first."""
    before = point.hash
    other = point.with_values({"founding_exponent": 0.9, "doubling_primary_days": 100})
    assert other["doubling_primary_days"] == (100.0,) * 5
    assert point.hash == before != other.hash
    assert other.changed == {"founding_exponent", "doubling_primary_days"}
    back = other.with_values({name: point[name] for name in other.changed})
    assert back.hash == before
    assert point.with_switches({"wound": 0.0})["switch_wound"] == 0.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"founding_exponant": 1}, "founding_exponent"),
        ({"founding_exponent": "1"}, "finite number"),
        ({"founding_exponent": math.nan}, "finite number"),
        ({"founding_exponent": math.inf}, "finite number"),
        ({"founding_exponent": True}, "finite number"),
        ({"founding_exponent": None}, "finite number"),
        ({"doubling_primary_days": [1, 2]}, "number of values"),
        ({"founding_exponent": [1, 2]}, "number of values"),
        ({"doubling_primary_days": [1, 2, 3, 4, "x"]}, "finite number"),
        ({"operative_mortality": -0.1}, "negative"),
        ({"operative_mortality": 1.5}, "a probability above 1"),
    ],
)
def test_values_that_make_no_sense_are_refused(point, change, told):
    """Misspelt names (with the right one), strings, NaN, infinity, booleans, wrong counts and negative rates are user errors."""
    with pytest.raises(PagetError) as caught:
        point.with_values(change, where="my.yaml")
    assert told in str(caught.value) and "my.yaml" in str(caught.value)


def test_unknown_names_are_refused_with_the_nearest(point):
    """Reading or switching a name that does not exist names the nearest that does."""
    with pytest.raises(PagetError, match="founding_exponent"):
        point["founding_exponnt"]
    with pytest.raises(PagetError, match="wound"):
        point.with_switches({"wond": 0.0})
    assert isinstance(ParameterSet.point(), ParameterSet)
