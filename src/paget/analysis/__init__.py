"""Survival statistics on plain arrays and on ADaM-shaped tables; no simulation, no heavy library.

| you want | call |
| --- | --- |
| a survival curve, median, numbers at risk | `kaplan_meier` |
| log-rank, stratified or weighted; MaxCombo | `logrank`, `maxcombo` |
| hazard ratio; proportional? the same in subgroups? | `cox`, `proportional_hazards`, `interaction` |
| restricted mean and difference | `rmst`, `rmst_difference`, `rmst_curve` |
| competing risks | `cumulative_incidence`, `gray_test`, `fine_gray` |
| an endpoint out of ADSL and ADTTE | `read_endpoint`, `arm_column` |
| the whole table of a trial | `summarise` |
| many replicates in a few numbers | `spread`, `share`; `paget.analysis.fast` for their statistics |
| the effect of a treatment without randomisation | `paget.analysis.causal` |
| proof that the numbers are right | `selftest` |
"""

from __future__ import annotations

from ._arrays import Survival
from .adam import Endpoint, arm_column, read_endpoint
from .competing import CumulativeIncidence, GrayTest, cumulative_incidence, gray_test
from .cox import CoxFit, Interaction, concordance, cox, interaction
from .finegray import FineGray, fine_gray
from .km import KaplanMeier, kaplan_meier
from .logrank import LogRank, MaxCombo, logrank, maxcombo
from .proportional import ProportionalHazards, proportional_hazards
from .records import join_published, record
from .replicates import Spread, share, spread
from .rmst import Difference, rmst, rmst_curve, rmst_difference
from .selftest import Check, selftest
from .summary import ENDPOINTS, EndpointSpec, summarise

__all__ = [
    "ENDPOINTS",
    "Check",
    "CoxFit",
    "CumulativeIncidence",
    "Difference",
    "Endpoint",
    "EndpointSpec",
    "FineGray",
    "GrayTest",
    "Interaction",
    "KaplanMeier",
    "LogRank",
    "MaxCombo",
    "ProportionalHazards",
    "Spread",
    "Survival",
    "arm_column",
    "concordance",
    "cox",
    "cumulative_incidence",
    "fine_gray",
    "gray_test",
    "interaction",
    "join_published",
    "kaplan_meier",
    "logrank",
    "maxcombo",
    "proportional_hazards",
    "read_endpoint",
    "record",
    "rmst",
    "rmst_curve",
    "rmst_difference",
    "selftest",
    "share",
    "spread",
    "summarise",
]
