"""Designing a trial: formulas and boundaries, and simulation from the disease model.

| you want | call |
| --- | --- |
| a scenario table, a search, switching, assurance, in a folder | `design` |
| group-sequential boundaries, stopping probabilities, inflation | `boundaries` |
| events, patients, power by formula | `schoenfeld_events`, `schoenfeld_power`, `freedman_events`, `lachin_foulkes_patients` |
| events to be expected under accrual | `expected_events`, `Recruitment` |
| intervals after a trial with looks | `repeated_interval`, `stagewise` |
| treatment switching in a trial of your own | `rpsft`, `ipcw` |
"""

from __future__ import annotations

from paget.design.accrual import Recruitment, expected_events, months_to_events
from paget.design.adjusted import Adjusted, repeated_interval, stagewise
from paget.design.assurance import Assurance, assurance
from paget.design.boundaries import Boundaries, boundaries
from paget.design.ipcw import Ipcw, ipcw
from paget.design.options import DesignOptions
from paget.design.rpsft import Rpsft, Switched, rpsft
from paget.design.run import Design, design
from paget.design.samplesize import (
    freedman_events,
    lachin_foulkes_patients,
    schoenfeld_events,
    schoenfeld_patients,
    schoenfeld_power,
)

__all__ = [
    "Adjusted",
    "Assurance",
    "Boundaries",
    "Design",
    "DesignOptions",
    "Ipcw",
    "Recruitment",
    "Rpsft",
    "Switched",
    "assurance",
    "boundaries",
    "design",
    "expected_events",
    "freedman_events",
    "ipcw",
    "lachin_foulkes_patients",
    "months_to_events",
    "repeated_interval",
    "rpsft",
    "schoenfeld_events",
    "schoenfeld_patients",
    "schoenfeld_power",
    "stagewise",
]
