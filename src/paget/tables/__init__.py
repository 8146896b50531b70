"""Analysis tables in the form of CDISC ADaM, from the raw frames of the simulation.

Everything public is here: `adsl`, `adtte`, `adrs`, `adtr`, `adles`, `adex`, `adae` build the tables, `validate` checks any such
table (a real trial's too), `write_table` puts one on disk with its labels. In all of them ``CNSR`` 0 is an
**event**.
"""

from __future__ import annotations

from paget.tables.adverse import adae
from paget.tables.exposures import adex
from paget.tables.labels import LABELS, RESPONSES, TTE_PARAMS
from paget.tables.measurements import adtr
from paget.tables.responses import adrs
from paget.tables.rules import validate
from paget.tables.store import read_labels, write_table
from paget.tables.study_info import StudyInfo
from paget.tables.subjects import adsl
from paget.tables.times import adtte
from paget.tables.treated import Raw, adles

__all__ = [
    "LABELS",
    "RESPONSES",
    "TTE_PARAMS",
    "Raw",
    "StudyInfo",
    "adae",
    "adex",
    "adles",
    "adrs",
    "adsl",
    "adtr",
    "adtte",
    "read_labels",
    "validate",
    "write_table",
]
