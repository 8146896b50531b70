"""Assures that boundaries, sample sizes and expected events equal the printed digits of R (rpact 3.3.4, gsDesign 3.11)."""

import math

import pytest

from paget.design.accrual import Recruitment, expected_events
from paget.design.boundaries import boundaries
from paget.design.samplesize import freedman_events, lachin_foulkes_patients, schoenfeld_events, schoenfeld_power

THIRDS = [1 / 3, 2 / 3, 1]


def printed(values, digits=7):
    """As R prints them: within half of the last digit."""
    return pytest.approx(values, abs=0.51 * 10.0**-digits)


@pytest.mark.parametrize(
    ("name", "looks", "expected"),
    [
        ("obrien-fleming", THIRDS, (3.4710914, 2.4544323, 2.0040356)),
        ("pocock", THIRDS, (2.2894785, 2.2894785, 2.2894785)),
        ("lan-demets-of", THIRDS, (3.7103029, 2.5114275, 1.9930475)),
        ("lan-demets-pocock", THIRDS, (2.2794282, 2.2949111, 2.2959396)),
        ("lan-demets-of", [0.5, 1], (2.9625880, 1.9685956)),
        ("lan-demets-of", [0.66, 1], (2.5241890, 1.9915604)),
        ("hsd:-4", THIRDS, (3.0107395, 2.5465306, 1.9992264)),
    ],
)
def test_efficacy_boundaries(name, looks, expected):
    """One-sided 0.025, by rpact's getDesignGroupSequential."""
    assert boundaries(name, looks).upper == printed(expected)


@pytest.mark.parametrize(("name", "expected"), [("obrien-fleming", 1.0174062), ("pocock", 1.1663861)])
def test_inflation(name, expected):
    """How much more information three looks ask for, at a power of 0.8."""
    assert boundaries(name, THIRDS).inflation(0.8) == printed(expected)


def test_futility_by_spending_the_second_error():
    """HSD(-4) with non-binding futility by HSD(-2), beta 0.1: efficacy as without, the boundaries meet at the end."""
    design = boundaries("hsd:-4", THIRDS, futility="hsd:-2", beta=0.1)
    assert design.upper == printed((3.0107395, 2.5465306, 1.9992264))
    assert design.lower[:2] == printed((-0.23872403, 0.94106724), 8)
    assert design.lower[2] == design.upper[2]


@pytest.mark.parametrize(
    ("ratio", "at_80", "at_90"),
    [
        (0.6, 120.3157, 161.0686), (0.65, 169.1807, 226.4849), (0.7, 246.7871, 330.3779), (0.75, 379.3517, 507.8443),
        (0.8, 630.5202, 844.0876),
    ],
)
def test_schoenfeld_events(ratio, at_80, at_90):
    """Two-sided 5 %, 1:1."""
    assert schoenfeld_events(ratio) == printed(at_80, 4)
    assert schoenfeld_events(ratio, power=0.9) == printed(at_90, 4)


def test_unequal_arms_and_freedman():
    """HR 0.7, power 0.8: 2:1 by Schoenfeld; 1:1 by Freedman."""
    assert schoenfeld_events(0.7, share=2 / 3) == printed(277.6355, 4)
    # printed with quantiles rounded to six digits: 252.0363
    assert freedman_events(0.7) == pytest.approx(252.0363, abs=1e-4)


def test_lachin_foulkes():
    """GsDesign's nSurv: control median 20 months, HR 0.5, accrual 20, follow-up 10, power 0.9: 227.6 patients, 88.7 events."""
    recruitment, hazard = Recruitment(20, 10), math.log(2) / 20
    patients = lachin_foulkes_patients(0.5, hazard, recruitment, power=0.9)
    assert patients == printed(227.6, 1)
    assert sum(expected_events(patients, hazard, 0.5, recruitment)) == printed(88.7, 1)


def test_power_and_events_are_inverse():
    """Events for a power have that power; a ratio above 1 has less than alpha."""
    assert schoenfeld_power(0.7, schoenfeld_events(0.7, power=0.9)) == pytest.approx(0.9, abs=1e-9)
    assert schoenfeld_power(1.0, 300) == pytest.approx(0.025, abs=1e-9)
    assert schoenfeld_power(1.2, 300) < 0.025
