"""A made-up report context with every section filled."""

from __future__ import annotations

from typing import Any

from made_up_figures import FIGURES, FLOW
from made_up_run import CONTROL, EXPERIMENTAL

from paget.report.figures.baseline import BaselineRow
from paget.report.html import (
    Assumption,
    EstimandText,
    IntercurrentEvent,
    ReportContext,
    ReportFigure,
    Uncertainty,
)
from paget.report.save import svg_text

LABELS = {"systemic": CONTROL, "lrt": EXPERIMENTAL}


def record(**what: Any) -> dict[str, Any]:
    """A summary record with the usual defaults."""
    base = {
        "endpoint": "overall-survival",
        "population": "itt",
        "time_zero": "randomisation",
        "role": "prediction",
        "ci_level": 0.95,
        "published": None,
    }
    return {**base, **what}


def published(value: float, low: float | None = None, high: float | None = None, level: float = 0.95) -> dict[str, Any]:
    """The published part of a record."""
    return {"value": value, "ci_low": low, "ci_high": high, "ci_level": level, "evidence": "e2108"}


PAIR = {"experimental": "lrt", "control": "systemic"}
RECORDS = [
    record(
        **{"measure": "survival", "arm": "systemic", "at_months": 36, "value": 0.66, "ci_low": 0.57},
        **{"ci_high": 0.74, "mc_se": 0.003, "published": published(0.679)},
    ),
    record(
        **{"measure": "survival", "arm": "lrt", "at_months": 36, "value": 0.65, "ci_low": 0.56},
        **{"ci_high": 0.73, "mc_se": 0.003, "published": published(0.684)},
    ),
    record(
        **{"measure": "hazard_ratio", "comparison": PAIR, "value": 1.05, "ci_low": 0.79, "ci_high": 1.40},
        **{"ci_level": 0.9, "mc_se": 0.012, "published": published(1.11, 0.82, 1.52, 0.9)},
    ),
    record(
        **{"measure": "median_months", "arm": "lrt", "value": 51.2, "ci_low": 44.0, "ci_high": None},
        published=published(54.9, 46.7),
    ),
    record(measure="logrank_p", comparison=PAIR, value=0.71),
    record(
        **{"measure": "hazard_ratio", "comparison": PAIR, "subgroup": "subtype = TNBC", "value": 2.4},
        **{"ci_low": 0.9, "ci_high": 14.4, "published": published(3.33)},
    ),
    record(
        **{"measure": "hazard_ratio", "comparison": PAIR, "subgroup": "age < 55", "value": 0.97},
        **{"ci_low": 0.6, "ci_high": 1.5},
    ),
    record(
        **{"endpoint": "locoregional-progression", "measure": "cumulative_incidence", "arm": "lrt"},
        **{"at_months": 36, "value": 0.15, "ci_low": 0.10, "ci_high": 0.22, "published": published(0.163)},
    ),
]


def context(**changes: Any) -> ReportContext:
    """Everything that a report can show."""
    figures = []
    for name in ("kaplan-meier", "consort", "forest", "cumulative-incidence", "waterfall", "swimmer"):
        drawing = FIGURES[name]()
        figures.append(ReportFigure(drawing.title, svg_text(drawing), drawing.alt, name))
    filled: dict[str, Any] = {
        "title": "E2108 on virtual patients",
        "protocol": "e2108",
        "question": "Does locoregional treatment of the primary after induction lengthen survival?",
        "result": "In one simulated trial of 256 patients the hazard ratio of death was 1.05 (90 % CI 0.79 "
        "to 1.40); the real trial reported 1.11 (0.82 to 1.52).",
        "records": RECORDS,
        "labels": LABELS,
        "figures": figures,
        "baseline": [
            BaselineRow("Subtype", "HR+/HER2-", 0.59, 0.60, "matched", "e2108"),
            BaselineRow("Extent", "bone only", 0.41),
        ],
        "estimand": EstimandText(
            "Women with de novo stage IV disease free of progression after induction",
            f"{EXPERIMENTAL} against {CONTROL.lower()}",
            "Overall survival",
            "Hazard ratio",
            [
                IntercurrentEvent("crossover to surgery", "treatment policy", "as the trial did"),
                IntercurrentEvent("surgery not received", "hypothetical", observable=False),
            ],
        ),
        "assumptions": [Assumption("protocol", "drop_out.per_year", "0.01", "not reported <by the trial>")],
        "uncertainty": [
            Uncertainty("Monte-Carlo", "0.012 on the hazard ratio", "error of 200 replicates"),
            Uncertainty("Sampling", "90 % of replicates 0.76 to 1.36", "one trial of 256 patients"),
            Uncertainty("Parameters", "not yet quantified", "fixed at point values"),
        ],
        "flow": FLOW,
        "command": "paget run e2108 --seed 1 --replicates 200",
        "seed": 1,
        "hashes": {"protocol": "sha256:0123abcd", "parameters": "sha256:4567ef01"},
        "versions": {"paget": "0.1.0", "numpy": "2.4.6"},
        "references": ["Khan SA et al., J Clin Oncol 2022;40(9):978-987. doi:10.1200/JCO.21.02006"],
        "switched_off": ["self-seeding"],
        "notes": ["Overall survival is counted from randomisation."],
    }
    return ReportContext(**{**filled, **changes})
