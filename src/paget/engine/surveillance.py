"""Follow-up of early disease as an arm names it, for the life: instruments become detection limits, a panel becomes a burden."""

from __future__ import annotations

import math
from collections.abc import Mapping

from paget.clinic.imaging import distant_places, limits
from paget.clinic.instruments import Panel, Schedule, instrument, of_kind
from paget.clinic.markers import half_burden
from paget.forms import Fault, to_error
from paget.life.simulate import Surveillance
from paget.parameters import ParameterSet
from paget.study.arms import Arm
from paget.study.protocol import Protocol
from paget.study.surveillance import Looks
from paget.study.surveillance import Surveillance as FollowUp
from paget.units import DAYS_PER_MONTH


def follow_up_of(arm: Arm, parameters: ParameterSet) -> Surveillance | None:
    """The follow-up of an arm; None where symptoms alone find a relapse."""
    return follow_up(arm.surveillance, parameters)


def follow_up(asked: FollowUp | str | None, parameters: ParameterSet) -> Surveillance | None:
    """Follow-up as a protocol writes it, or a shipped schedule by name, for the life; None where there are no planned visits.

    Names must be known (`paget.engine.compile.check_known_names`).
    """
    given = written_out(asked) if isinstance(asked, str) else asked
    if given is None:
        return None
    if given.panel is not None:
        marker = positive_from(given.panel, given.read == "rise")
    else:
        marker = (math.inf if given.marker_cm3 is None else given.marker_cm3, given.marker_sd_log or 0.0)
    return Surveillance(
        every_days=given.every_months * DAYS_PER_MONTH,
        until_days=given.until_months * DAYS_PER_MONTH,
        imaging=_limits(given.imaging, parameters),
        marker_cm3=marker[0],
        marker_sd_log=marker[1],
        workup=_limits(given.work_up, parameters),
    )


def written_out(name: str) -> FollowUp:
    """A shipped schedule as a protocol would write it."""
    named = instrument(name)
    assert isinstance(named, Schedule)
    return FollowUp(
        every_months=named.every_months.value, until_months=named.until_months.value, imaging=named.imaging or {}, panel=named.panel,
        read=named.read if named.panel is not None else None, work_up=named.work_up or {},
    )  # fmt: skip


def check_looks(protocol: Protocol, where: str | None = None) -> None:
    """Refuse follow-up by an instrument that finds no distant metastasis, such as mammography: it would find nothing without a word.

    Names must be known.
    """
    faults = [
        Fault(("arms", number, "surveillance", *key), "looks at no distant place, and a relapse is a distant metastasis", name,
              "one of " + ", ".join(one for one in of_kind("imaging") if distant_places(one)))
        for number, arm in enumerate(protocol.arms)
        if arm.surveillance is not None and not isinstance(arm.surveillance, str)
        for key, name, kind in arm.surveillance.named
        if kind == "imaging" and not distant_places(name)
    ]  # fmt: skip
    if faults:
        raise to_error(faults, where or protocol.id)


def positive_from(panel: str, rise: bool) -> tuple[float, float]:
    """Burden (cm3) at which a panel turns positive in half of patients, and the spread of its logarithm."""
    found = instrument(panel)
    assert isinstance(found, Panel)
    return half_burden(found, dynamic=rise)


def _limits(given: Looks, parameters: ParameterSet) -> Mapping[str, float]:
    if isinstance(given, tuple):
        return limits(given, parameters["detection_cm"])
    return {str(place): limit for place, limit in given.items()}
