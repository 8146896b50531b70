"""Attributes of the patient and of her tumour that are looked at under the microscope: names, levels, place in the records.

They are drawn once (`paget.biology.patient.draw_markers`) from counters of their own, by intrinsic class. They decide who may get a
therapy; two of them shape where colonies settle, where the switch ``marker_tropism`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GERMLINE_BRCA, PD_L1, EGFR, CXCR4, CCR7, VEGF, HER2_LOW = range(7)
N_MARKERS = 7
KI67 = N_MARKERS
"""Index of the draw of Ki-67, which is a number."""


@dataclass(frozen=True)
class Marker:
    """One attribute with levels.

    Attributes
    ----------
    title : str
        Its name in words.
    levels : tuple of str
        First the level of who has it not, then of who has it.
    """

    title: str
    levels: tuple[str, ...]


def _marker(title: str, absent: str = "negative", present: str = "positive") -> Marker:
    return Marker(title, (absent, present))


MARKERS: Mapping[str, Marker] = MappingProxyType(
    {
        "germline_brca": _marker("germline BRCA1 or BRCA2", "wild type", "mutated"),
        "pd_l1": _marker("PD-L1, positive from a combined positive score of 10 on"),
        "egfr": _marker("over-expression of EGFR"),
        "cxcr4": _marker("CXCR4"),
        "ccr7": _marker("CCR7"),
        "vegf": _marker("VEGF", "low", "high"),
        "her2_expression": Marker("expression of HER2", ("zero", "low", "positive")),
    }
)
"""By the name that protocols and therapy files use, in the order of the records; HER2 positive is a subtype, low is drawn."""
