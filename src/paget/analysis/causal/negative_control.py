"""Negative-control outcome: the same analysis of something treatment cannot change; any effect found is bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...errors import PagetError
from .data import ObservationalData
from .estimate import CausalEstimate


def with_control_outcome(data: ObservationalData) -> ObservationalData:
    """Return the data with the negative-control outcome in place of the outcome.

    Treatment that begins after the control outcome counts as none.

    Raises
    ------
    PagetError
        Where the data have no negative-control outcome.
    """
    control = data.negative_control
    if control is None:
        raise PagetError(
            "these data have no negative-control outcome",
            where=data.where,
            expected="columns of its time and event (--negative-control TIME,EVENT)",
            fix="an E-value (paget.analysis.causal.e_value) needs none",
        )
    months = control.time_months
    with np.errstate(invalid="ignore"):
        treated = np.where(data.treated_months <= months, data.treated_months, np.nan)
    late = data.entry_months
    if late is not None and (late > months).any():
        raise PagetError("a negative-control outcome lies before the entry of a patient", where=data.where)
    return replace(data, months=months, event=control.event, treated_months=treated, negative_control=None, outcome="negative control")


def negative_control(analysis: Callable[[ObservationalData], CausalEstimate], data: ObservationalData) -> CausalEstimate:
    """Run `analysis` on the negative-control outcome; its true hazard ratio is 1 if the control is a good one."""
    found = analysis(with_control_outcome(data))
    return replace(found, key=f"{found.key}~negative-control", label=f"{found.label} (negative control)")
