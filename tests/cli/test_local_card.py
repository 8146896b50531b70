"""Assures what ``paget show`` tells of a local treatment: limits, curve and components, arithmetic, costs, publications with roles."""

import io
import re

import pytest
from rich.console import Console

from paget.cli.local_card import show_local
from paget.therapy import library


def card(name):
    out = io.StringIO()
    show_local(Console(file=out, width=200, highlight=False), library().therapies[name].local)
    return out.getvalue()


@pytest.mark.parametrize("name", list(library().locals))
def test_every_local_therapy_can_be_shown(name):
    told = card(name)
    for heading in ("Treats", "Lesions eradicated by one session", "How it was worked out", "Costs"):
        assert heading in told
    assert not re.search(r"\bnan\b", told)


def test_components_of_radiofrequency_are_shown_beside_their_average():
    told = card("rfa")
    found = [re.match(r"(.*?)\s+((?:\d\.\d\d\s*){6})$", line) for line in told.splitlines()]
    rows = {row[1]: [float(x) for x in row[2].split()] for row in found if row}
    assert rows["no vessel, no thin-margin"][2] > rows["all lesions"][2] > rows["vessel, thin-margin"][2]


def test_the_correlation_shows_its_arithmetic_and_points_their_role():
    told = card("electrochemotherapy")
    assert "0.619 of lesions, 0.462 of patients" in told and "independent lesions would give 0.44" in told
    assert re.search(r"cabula2015\s+patients.*prediction", told)
    assert re.search(r"mali2013-size\s+under 3 cm.*input", told)
