"""Survival statistics on plain arrays and on ADaM-shaped tables; no simulation, no heavy library.

| you want | call |
| --- | --- |
| a survival curve, median, numbers at risk | `kaplan_meier` |
| log-rank, stratified or weighted; MaxCombo | `logrank`, `maxcombo` |
| hazard ratio; proportional? the same in subgroups? | `cox`, `proportional_hazards`, `interaction` |
| restricted mean and difference | `rmst`, `rmst_difference`, `rmst_curve` |
| shares of responders, of controlled lesions, of relapses by how they are found | `response_rates`, `lesion_rates`, `found_rates` |
| shares with an event | `event_rates`; `wilson`, `clustered`, `odds_ratio` |
| competing risks | `cumulative_incidence`, `gray_test`, `fine_gray` |
| an endpoint out of ADSL and ADTTE | `read_endpoint`, `arm_column` |
| the whole table of a trial | `summarise` |
| many replicates in a few numbers | `spread`, `components`, `share`; `paget.analysis.fast` for their statistics |
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
from .logrank import LogRank, MaxCombo, fleming_harrington, logrank, maxcombo
from .proportional import ProportionalHazards, proportional_hazards
from .rates import clustered, event_rates, found_rates, lesion_rates, odds_ratio, response_rates, wilson
from .records import join_published, record
from .replicates import Components, Spread, components, share, spread
from .rmst import Difference, rmst, rmst_curve, rmst_difference
from .selftest import Check, selftest
from .summary import ENDPOINTS, EndpointSpec, summarise

__all__ = [
    "ENDPOINTS",
    "Check",
    "Components",
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
    "clustered",
    "components",
    "concordance",
    "cox",
    "cumulative_incidence",
    "event_rates",
    "fine_gray",
    "fleming_harrington",
    "found_rates",
    "gray_test",
    "interaction",
    "join_published",
    "kaplan_meier",
    "lesion_rates",
    "logrank",
    "maxcombo",
    "odds_ratio",
    "proportional_hazards",
    "read_endpoint",
    "record",
    "response_rates",
    "rmst",
    "rmst_curve",
    "rmst_difference",
    "selftest",
    "share",
    "spread",
    "summarise",
    "wilson",
]
