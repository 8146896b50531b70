"""What a design asks beyond its protocol: error, looks, boundaries, accrual rate, subgroup, the arm that is tested."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from paget.design.boundaries import Boundaries, boundaries, check_alpha, check_power
from paget.errors import PagetError, unknown

if TYPE_CHECKING:
    from paget.study import Protocol

TESTS = ("logrank", "cox", "rmst", "maxcombo")
"""Tests that are computed of each trial at its last data cut; only the first may have looks: its increments are independent."""
EVERYBODY = "all"


@dataclass(frozen=True)
class DesignOptions:
    """Keys ``design.*`` of a scenario.

    Attributes
    ----------
    test : str
        By which a trial finds a benefit: `TESTS`.
    alpha : float
        One-sided error of the first kind.
    looks : tuple of float
        Information times (shares of the events expected at the data cut); the last is 1.
    boundary, futility : str
        Names for `paget.design.boundaries.boundaries`; futility ``none``.
    binding : bool
        Whether futility binds.
    beta : float
        Error of the second kind that futility spends.
    accrual_per_month : float or None
        Patients a month: accrual then lasts as long as it must. None: as long as the protocol says, whatever the number of patients.
        A subgroup gets its share of the rate.
    subgroup : str
        ``all``, or the id of a subgroup of the protocol's analyses: only such patients are randomised.
    arm : str or None
        The experimental arm that is compared with the control; the protocol's first by default.
    """

    test: str = "logrank"
    alpha: float = 0.025
    looks: tuple[float, ...] = (1.0,)
    boundary: str = "lan-demets-of"
    futility: str = "none"
    binding: bool = False
    beta: float = 0.2
    accrual_per_month: float | None = None
    subgroup: str = EVERYBODY
    arm: str | None = None

    @classmethod
    def names(cls) -> list[str]:
        """Names of the options."""
        return [field.name for field in fields(cls)]

    def with_option(self, name: str, value: Any) -> DesignOptions:
        """A copy with one option changed and checked for its kind."""
        if name not in self.names():
            raise unknown("option of a design", name, self.names(), where="design")
        if name == "looks":
            value = _looks(value)
        elif name == "test":
            if value not in TESTS:
                raise unknown("test", str(value), TESTS, where="design")
        elif name in ("boundary", "futility", "subgroup", "arm"):
            if not isinstance(value, str):
                raise PagetError("must be a name", where="design", key=name, got=value)
        elif name == "binding":
            if not isinstance(value, bool):
                raise PagetError("must be true or false", where="design", key=name, got=value)
        elif name == "alpha":
            value = check_alpha(value)
        elif name == "beta":
            check_power(1.0 - value if isinstance(value, float) else value)
        elif name == "accrual_per_month" and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0):
            raise PagetError("must be a number of patients a month", where="design", key=name, got=value, expected="more than 0")
        return replace(self, **{name: value})

    def plan(self) -> Boundaries:
        """Boundaries at the planned information times.

        Raises
        ------
        PagetError
            Whatever is wrong with the looks, the names or the errors.
        """
        futility = None if self.futility == "none" else self.futility
        if len(self.looks) == 1 and futility is not None:
            raise PagetError(
                "futility needs a look before the end", where="design", key="looks", got=list(self.looks), expected="such as [0.5, 1]"
            )
        if len(self.looks) > 1 and self.test != TESTS[0]:
            raise PagetError(
                "looks need the log-rank test: its increments from look to look are independent", where="design", key="test", got=self.test,
                expected=TESTS[0], fix="leave the looks out, or the test",
            )  # fmt: skip
        return boundaries(self.boundary, self.looks, self.alpha, futility=futility, beta=self.beta, binding=self.binding)

    def check(self, protocol: Protocol) -> None:
        """Refuse names that the protocol does not know."""
        self.plan()
        groups = [EVERYBODY, *(group.id for group in protocol.analyses.subgroups)]
        if self.subgroup not in groups:
            raise unknown("subgroup", self.subgroup, groups, where=protocol.id)
        arms = [arm.id for arm in protocol.experimental]
        if self.arm is not None and self.arm not in arms:
            raise unknown("experimental arm", self.arm, arms, where=protocol.id)


def _looks(value: Any) -> tuple[float, ...]:
    """Information times from a list, or from the number of equally spaced looks."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 20:
        return tuple((k + 1) / value for k in range(value))
    several = list(value) if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in several) or (
        several and len(several) == 1 and several != [1]
    ):
        raise PagetError(
            "not looks", where="design", key="looks", got=value, expected="how many, 1 to 20, or information times that end at 1: [0.5, 1]"
        )
    return tuple(float(x) for x in several)
