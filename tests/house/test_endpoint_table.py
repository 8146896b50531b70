"""Assures that the table of endpoints is whole, and that every room that speaks of endpoints speaks of those."""

from typing import get_args

from paget.endpoints import COMPETING, EARLY, ENDPOINTS, FIRST, FOUND, LESIONS, LOCAL, NAMES, RESPONSES, EndpointCode, timed
from paget.tables.labels import TTE_PARAMS


def test_the_codes_that_a_protocol_may_write_are_those_of_the_table():
    """No code without a row, no row without a code; codes, names and titles are unique."""
    assert set(get_args(EndpointCode)) == set(NAMES)
    for column in zip(*(one[:3] for one in ENDPOINTS), strict=True):
        assert len(set(column)) == len(ENDPOINTS)


def test_groups_hold_endpoints_only():
    """Every group is one of codes; shares are no times."""
    for group in (COMPETING, EARLY, FIRST, LESIONS, LOCAL, RESPONSES, (FOUND,)):
        assert set(group) <= set(NAMES)
    assert not any(timed(code) for code in (*RESPONSES, *LESIONS, FOUND))


def test_every_time_has_its_parameter_in_adtte():
    """The tables label each endpoint that is a time, and label nothing else but what is counted in another way."""
    times = {code for code in NAMES if timed(code)}
    assert set(TTE_PARAMS) - times == {"OSDX", "TPFS"}
    assert times <= set(TTE_PARAMS)
