"""The endpoints that a study can have: code, name, title, and what kind of number each is.

One table for every room: protocols name endpoints by their CDISC code, records and facts by the name, figures and reports by the title.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

EndpointCode = Literal[
    "OS", "PFS", "DPFS", "TTLRP", "TTP", "TTTF", "TTCT", "RSD", "LPFS", "TTLTP", "TTNL", "TTLIVP",
    "DRFS", "SAR", "RFV", "RSP", "RSP2", "CB", "CR", "LRSP", "LCR", "LLTP",
]  # fmt: skip


class Endpoint(NamedTuple):
    """An endpoint.

    Attributes
    ----------
    code : str
        CDISC parameter code.
    name : str
        In records and in the evidence.
    title : str
        In figures and reports.
    kind : {"time", "competing time", "patients", "lesions", "relapses"}
        A time to an event (a row of ADTTE), of which death is one or with which death competes; or a share of patients (ADRS), of treated
        lesions (ADLES), of relapses.
    """

    code: EndpointCode
    name: str
    title: str
    kind: Literal["time", "competing time", "patients", "lesions", "relapses"] = "time"


ENDPOINTS = (
    Endpoint("OS", "overall-survival", "Overall survival"),
    Endpoint("PFS", "progression-free-survival", "Progression-free survival"),
    Endpoint("DPFS", "distant-progression-free-survival", "Distant progression-free survival"),
    Endpoint("TTLRP", "locoregional-progression", "Locoregional progression", "competing time"),
    Endpoint("TTP", "time-to-progression", "Time to progression"),
    Endpoint("TTTF", "time-to-treatment-failure", "Time to treatment failure"),
    Endpoint("TTCT", "time-to-chemotherapy", "Time to chemotherapy"),
    Endpoint("RSP", "objective-response", "Objective response", "patients"),
    Endpoint("RSP2", "second-line-response", "Objective response to the second line", "patients"),
    Endpoint("CR", "complete-response", "Complete response", "patients"),
    Endpoint("CB", "clinical-benefit", "Clinical benefit", "patients"),
    Endpoint("RSD", "duration-of-response", "Duration of response"),
    Endpoint("DRFS", "distant-relapse-free-survival", "Distant relapse-free survival"),
    Endpoint("SAR", "survival-after-relapse", "Survival after relapse"),
    Endpoint("RFV", "relapse-found-at-visit", "Relapse found at visit", "relapses"),
    Endpoint("LPFS", "local-progression-free", "Free of local progression"),
    Endpoint("TTLTP", "local-tumour-progression", "Local tumour progression", "competing time"),
    Endpoint("TTNL", "new-lesions", "New lesions outside the treated ones", "competing time"),
    Endpoint("TTLIVP", "liver-progression", "Liver progression", "competing time"),
    Endpoint("LRSP", "lesion-objective-response", "Treated lesions: objective response", "lesions"),
    Endpoint("LCR", "lesion-complete-response", "Treated lesions: complete response", "lesions"),
    Endpoint("LLTP", "lesion-local-progression", "Treated lesions: local progression", "lesions"),
)
"""In the order in which reports show them."""

NAMES: dict[str, str] = {one.code: one.name for one in ENDPOINTS}
"""Names by code."""
TITLES: dict[str, str] = {one.name: one.title for one in ENDPOINTS}
"""Titles by name."""


def _of(kind: str) -> tuple[str, ...]:
    return tuple(one.code for one in ENDPOINTS if one.kind == kind)


COMPETING = _of("competing time")
"""Times with which death competes."""
RESPONSES = _of("patients")
"""Shares of patients (ADRS)."""
LESIONS = _of("lesions")
"""Shares of treated lesions (ADLES)."""
(FOUND,) = _of("relapses")
"""Share of relapses that a visit found before they were felt (event of DRFS in ADTTE)."""
FIRST = ("OS", "PFS", "DPFS", "TTLRP")
"""Endpoints that the outcome of a life gives without its visits."""
EARLY = ("DRFS", "SAR", FOUND)
"""Endpoints of early disease."""
LOCAL = ("LPFS", "TTLTP", *LESIONS)
"""Endpoints that exist only where lesions are treated."""


def timed(code: str) -> bool:
    """Whether an endpoint is a time to an event, not a share."""
    return code not in (*RESPONSES, *LESIONS, FOUND)


def lesion_flag(code: str) -> str:
    """Column of ADLES that says whether a treated lesion counts.

    Examples
    --------
    >>> lesion_flag("LCR")
    'LCRFL'
    """
    return f"{code}FL"


def title_of(name: str) -> str:
    """Title of an endpoint by its name; of a name that is not in the table, the name in plain words, with a range of numbers left whole.

    Examples
    --------
    >>> title_of("local-progression-free"), title_of("quality-of-life"), title_of("alive-4-8-months")
    ('Free of local progression', 'Quality of life', 'Alive 4-8 months')
    """
    return TITLES.get(name, re.sub(r"(?<!\d)-|-(?!\d)", " ", name).capitalize())
