"""The question in the form of ICH E9(R1): five attributes, and what is done about each intercurrent event.

A trial can estimate treatment-policy, composite and while-on-treatment effects from its own table.
Hypothetical and principal-stratum effects need both lives of every patient; a simulation has them, no trial
does, and reports label them so.

Source: ICH E9(R1), addendum on estimands and sensitivity analysis.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from paget.endpoints import EndpointCode
from paget.study.values import Block, Text

Event = Literal[
    "crossover-to-surgery",
    "crossover-to-other-arm",
    "local-treatment-not-received",
    "surgery-not-received",
    "progression-before-surgery",
    "death-before-surgery",
    "new-systemic-line",
    "other-cause-death",
    "loss-to-follow-up",
]
Strategy = Literal["treatment-policy", "hypothetical", "composite", "while-on-treatment", "principal-stratum"]
Summary = Literal[
    "hazard-ratio", "rmst-difference", "survival-difference", "median-difference", "rate-difference", "survival", "median", "rate"
]


class IntercurrentEvent(Block):
    """Something that happens after randomisation and changes what the endpoint means."""

    event: Event
    strategy: Strategy
    reason: Text | None = None

    @property
    def observable(self) -> bool:
        """Whether a real trial could estimate this from its own patients without further assumptions."""
        return self.strategy not in ("hypothetical", "principal-stratum")


class Estimand(Block):
    """Population, treatment, endpoint, intercurrent events, summary."""

    population: Text = Field(description="Who the answer is about, in one sentence")
    treatment: Text = Field(description="Which strategies are compared, in one sentence")
    endpoint: EndpointCode
    intercurrent_events: tuple[IntercurrentEvent, ...] = ()
    summary: Summary = "hazard-ratio"

    @property
    def observable(self) -> bool:
        """Whether every strategy can be followed in a real trial."""
        return all(event.observable for event in self.intercurrent_events)
