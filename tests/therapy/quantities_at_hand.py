"""Numbers for tests, with the least that the form asks for."""

from paget.forms.quantities import Quantity, Rate


def q(value):
    return Quantity(value=value, basis="assumed", reason="of a test")


def share(value):
    return Rate(value=value, basis="assumed", reason="of a test")
