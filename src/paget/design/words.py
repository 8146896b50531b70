"""What the report of a design says: its tables and the words around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from paget._version import __version__
from paget.design.effect import PopulationEffect
from paget.design.lives import Lives
from paget.design.outcome import Question
from paget.design.request import DesignRequest
from paget.design.table import Row
from paget.design.trials import Layout
from paget.design.vary import Scenario
from paget.report.design_page import DesignPage, DesignTable
from paget.report.html import ReportFigure
from paget.study import protocol_hash


@dataclass
class Findings:
    """What was found, as it is found."""

    rows: list[Row] = field(default_factory=list)
    scenarios: list[Scenario] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    plans: list[Layout] = field(default_factory=list)
    effects: list[PopulationEffect] = field(default_factory=list)
    pools: list[dict[str, int]] = field(default_factory=list)
    reached: dict[str, Any] | None = None
    switching: list[dict[str, Any]] | None = None
    assurance: dict[str, Any] = field(default_factory=dict)

    def add(self, scenario: Scenario, question: Question, plan: Layout, effect: PopulationEffect, lives: Lives, row: Row) -> None:
        """Add a scenario."""
        self.scenarios.append(scenario)
        self.questions.append(question)
        self.plans.append(plan)
        self.effects.append(effect)
        self.pools.append(
            {"prepared": len(lives), "may_be_taken": len(plan.rows), "metastatic": lives.metastatic, "eligible": lives.eligible,
             "of_the_mix": lives.examined}
        )  # fmt: skip
        self.rows.append(row)


def _number(value: Any, digits: int = 3) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "not computed"
    return f"{value:,.{digits}f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _with_error(row: dict[str, Any], name: str, digits: int = 3) -> str:
    value, error = row.get(name), row.get(f"{name}_mcse")
    text = _number(value, digits)
    return text if value is None or error is None else f"{text} ± {error:.{max(digits, 1)}f}"


def scenario_table(found: Findings) -> DesignTable:
    """The scenario table as text, errors beside the numbers."""
    null = any("type_one_error" in row for row in found.rows)
    head = ["Scenario", "Patients", "Power", "Population error", *(["Type-I error"] if null else []), "Formula"]
    head += ["Lifetime HR formula", "Mean HR", "Events (formula)", "Duration, months"]
    rows = []
    for one, row in zip(found.scenarios, found.rows, strict=True):
        rows.append(
            [
                one.label, _number(row["patients"]), _with_error(row, "power"), _number(row["power_population_se"]),
                *([_with_error(row, "type_one_error")] if null else []), _number(row["power_formula"]),
                _number(row["power_formula_lifetime"]), _with_error(row, "hazard_ratio"),
                f"{_with_error(row, 'events', 1)} ({_number(row['events_formula'], 1)})", _with_error(row, "duration_months", 1),
            ]
        )  # fmt: skip
    note = (
        "± Monte-Carlo standard error from the number of trials. Population error: what stays however many trials are drawn, because the "
        "prepared population is a sample. Formula: Schoenfeld (with looks: boundaries) with the hazard ratio of the "
        "population at the data cut "
        "and the simulated events; lifetime: with the ratio of whole lives. Where the two differ, hazards are not proportional."
    )
    return DesignTable("Scenarios", head, rows, note)


def _tests_table(found: Findings) -> DesignTable:
    tests = list(dict.fromkeys(test for question in found.questions for test in question.tests))
    head = ["Scenario", *(f"{name}: power" for name in tests)]
    null = "type_one_error" in found.rows[0]
    if null:
        head += [f"{name}: type-I error" for name in tests]
    rows = []
    for one, row in zip(found.scenarios, found.rows, strict=True):
        cells = [_with_error(row, f"power_{name}") for name in tests]
        if null:
            cells += [_with_error(row, f"type_one_error_{name}") for name in tests]
        rows.append([one.label, *cells])
    taus = ", ".join(f"{tau:g}" for tau in sorted({question.tau_months for question in found.questions}))
    return DesignTable(
        "Tests at the data cut, without looks", head, rows,
        f"One-sided, of the same trials. Log-rank and Cox stratified; rmst: difference of restricted means to {taus} months; maxcombo: "
        "Fleming-Harrington (0,0), (1,0), (0,1), (1,1) combined. Where hazards are not proportional they differ.",
    )  # fmt: skip


def _looks_tables(found: Findings) -> list[DesignTable]:
    """Boundaries of each look, and how the simulated trials ended; nothing where no scenario has looks."""
    looks: list[list[str]] = []
    ends: list[list[str]] = []
    null = "type_one_error" in found.rows[0]
    for one, question, layout, row in zip(found.scenarios, found.questions, found.plans, found.rows, strict=True):
        plan = question.plan
        if len(plan) == 1:
            continue
        spent = plan.spent()
        for k, share in enumerate(plan.information):
            events = math.ceil(share * question.planned_events - 1e-9)
            root = math.sqrt(events * layout.share * (1.0 - layout.share))
            looks.append(
                [
                    one.label, f"{k + 1}", f"{100 * share:.0f} %", f"{events:,}", _number(plan.upper[k]),
                    _number(0.5 * math.erfc(plan.upper[k] / math.sqrt(2.0)), 5), _ratio(plan.upper[k], root), _number(spent[k], 5),
                    *(("-", "-") if math.isinf(plan.lower[k]) else (_number(plan.lower[k]), _ratio(plan.lower[k], root))),
                ]
            )  # fmt: skip
        cells = [_with_error(row, "stopped_early"), _with_error(row, "futile"), *([_with_error(row, "futile_under_null")] if null else [])]
        cells += [_with_error(row, name, 1) for name in ("events_at_end", "enrolled", "duration_months")]
        ends.append([one.label, *cells, *([_with_error(row, "duration_months_under_null", 1)] if null else [])])
    if not looks:
        return []
    boundary = DesignTable(
        "Boundaries",
        ["Scenario", "Look", "Information", "Events", "Z, benefit", "One-sided p", "HR there", "Error spent", "Z, futility", "HR there"],
        looks,
        "A trial stops for benefit at or above the first Z, for futility below the second. HR: by the number of events, the ratio at which "
        "the log-rank statistic would be about there. The last boundary is solved again for the events that really came.",
    )
    head = ["Scenario", "Stopped before the last look", "Futile", *(["Futile under no effect"] if null else []), "Events at the end"]
    head += ["Enrolled", "Months", *(["Months under no effect"] if null else [])]
    return [boundary, DesignTable("How trials with looks end", head, ends, "Shares and means of the simulated trials.")]


def _ratio(z: float, root: float) -> str:
    """Hazard ratio at which the log-rank statistic is about z."""
    return _number(math.exp(-z / root)) if math.isfinite(z) else "-"


def _effect_table(found: Findings) -> DesignTable:
    rows: list[list[str]] = []
    seen: set[str] = set()
    for one, effect in zip(found.scenarios, found.effects, strict=True):
        periods = "; ".join(
            f"{a:g} to {b:g}: {hr:.2f}" if math.isfinite(b) else f"after {a:g}: {hr:.2f}" for a, b, hr, _ in effect.by_period
        )
        cells = [
            f"{_number(effect.hazard_ratio)} ± {_number(effect.hazard_ratio * effect.log_hr_se)}",
            _number(math.exp(effect.log_hr_lifetime)),
            periods,
            f"{_number(effect.mean_gain_months, 2)} ± {_number(effect.mean_gain_se, 2)}",
            f"{100 * effect.share_gaining:.0f} % / {100 * effect.share_losing:.0f} %",
        ]  # fmt: skip
        if repr(cells) not in seen:
            seen.add(repr(cells))
            rows.append([one.label, *cells])
    return DesignTable(
        "Effect in the prepared population", ["Scenario", "HR at the data cut", "HR of whole lives", "HR by months since randomisation",
        "Mean gain, months", "Gain / lose over a month"], rows,
        "Both lives of every patient; not observable in any trial. ± standard error from the size of the population.",
    )  # fmt: skip


def _search_table(reached: dict[str, Any]) -> DesignTable:
    rows = []
    for one in reached["populations"]:
        error = math.hypot(one["patients_se"] or 0.0, one["patients_population_se"] or 0.0)
        cost = one["break_even_cost"]
        rows.append(
            [
                one["label"] + (" *" if one["on_frontier"] else ""), f"{100 * one['share']:.1f} %",
                f"{one['effect']['hazard_ratio']:.3f}" if one["effect"]["hazard_ratio"] else "not computed",
                "not reached" if one["patients"] is None else f"{one['patients']:,} ± {error:,.0f}",
                "-" if one["screened"] is None else f"{one['screened']:,}",
                *_pace(one),
                "-" if one["formula_patients"] is None else f"{one['formula_patients']:,.0f}",
                "-" if cost is None else cost if isinstance(cost, str) else f"{cost:.3f}",
                one["note"],
            ]
        )  # fmt: skip
    return DesignTable(
        f"Smallest trials with a power of {reached['power']:g}",
        ["Population", "Share", "HR", "Randomised", "Assessed", "Patients a month", "Months", "Formula", "Break-even cost", "Note"], rows,
        "Assessed: patients of the protocol's mix who are looked at, those lost in induction included. ±: from the number of trials and "
        "the size of the population. Patients a month: accrual in the protocol's months, or, where a rate is given, at that rate times the "
        "share of the population. Break-even: the cost of assessing one patient, as a share of that of one randomised, below which the "
        "subgroup's trial is cheaper than everybody's. * no other population needs both fewer randomised and fewer assessed.",
    )  # fmt: skip


def _pace(one: dict[str, Any]) -> list[str]:
    """How fast the smallest trial would have to recruit, and how long it would last."""
    at = next((p for p in one["points"] if p["patients"] == one["patients"]), None)
    if at is None:
        return ["-", "-"]
    rate = at["accrual_per_month"]
    return ["all at once" if rate is None else f"{rate:.1f}", f"{at['duration_months']:.0f}"]


def _switching_table(rows: list[dict[str, Any]]) -> DesignTable:
    cells = [
        [
            one["method"], _with_error({"x": one["hazard_ratio"], "x_mcse": one.get("mcse")}, "x"), _number(one.get("sd_log")),
            _number(one.get("median_se")),
            _with_error({"x": one.get("bias_log"), "x_mcse": one.get("bias_mcse")}, "x"), _number(one["trials"]),
        ]
        for one in rows
    ]  # fmt: skip
    return DesignTable(
        "Crossover: what each analysis reports of death",
        ["Analysis", "Mean HR", "SD of log HR", "Median SE", "Difference of log HR", "Trials"],
        cells,
        f"{100 * rows[0]['switched']:.0f} % of the control arm cross over while followed. Difference: from the same trials with a control "
        "arm that nobody leaves, pair by pair.",
    )  # fmt: skip


def _assurance_table(found: dict[str, Any]) -> DesignTable:
    rows = [
        [
            one["label"], f"{_number(one['assurance'])} ± {_number(one['mcse'])}", f"{one['power_low']:.2f} to {one['power_high']:.2f}",
            f"{100 * one['probability_of_benefit']:.0f} %",
            f"{one['gain_mean_months']:.2f} ({one['gain_low_months']:.2f} to {one['gain_high_months']:.2f})", f"{one['evppi_months']:.3f}",
            f"{one['trial_value_months']:.3f}",
        ]
        for one in found["scenarios"]
    ]  # fmt: skip
    return DesignTable(
        "Assurance and value of information",
        [
            "Scenario", "Assurance", "Power, 90 % of draws", "Draws with benefit", "Mean gain, months", "EVPPI, months",
            "Value of the trial, months",
        ],
        rows,
        f"{found['note']}. Assurance: power averaged over the draws. EVPPI: what knowing the parameters would gain over deciding now, per "
        "patient to whom the decision applies; no trial is worth more. Value of the trial: what following its finding gains over deciding "
        "now.",
    )  # fmt: skip


def page(asked: DesignRequest, found: Findings, figures: list[ReportFigure], command: str) -> DesignPage:
    """Everything the report shows."""
    tables = [scenario_table(found), *_looks_tables(found), _tests_table(found), _effect_table(found)]
    if found.reached is not None:
        tables.append(_search_table(found.reached))
    if found.switching:
        tables.append(_switching_table(found.switching))
    notes = []
    if found.assurance.get("scenarios"):
        tables.append(_assurance_table(found.assurance))
    else:
        said = str(found.assurance.get("note", ""))
        notes.append(f"{said[:1].upper()}{said[1:]}.")
    passes = max(row["passes"] for row in found.rows)
    pool = found.pools[0]
    notes.append(
        f"Trials are drawn from {pool['prepared']:,} prepared patients, each lived in both arms. Nobody is twice in a trial. "
        + (
            "No patient is in two trials."
            if passes == 1
            else f"The population is shuffled and cut into trials up to {passes} times, so trials share patients."
        )
    )
    notes.append(_parameters(asked))
    return DesignPage(
        title=f"Design of {asked.protocol.id}",
        protocol=asked.protocol.id,
        question=asked.protocol.question,
        result=sentence(asked, found),
        tables=tables,
        figures=figures,
        notes=notes,
        ademp=_ademp(asked, found),
        command=command,
        seed=asked.seed,
        hashes={"protocol": protocol_hash(asked.protocol), "parameters": asked.source.hash},
        version=__version__,
    )


def _parameters(asked: DesignRequest) -> str:
    """Under which parameters the numbers hold."""
    source = asked.source
    if source.central_draw is None:
        words = "Scenarios are simulated under one set of parameters"
        words += ": point values, placed on other evidence and not fitted." if source.name == "point" else ", given by the user."
    else:
        words = f"Scenarios are simulated under draw {source.central_draw} of the posterior {source.name!r}, the one nearest to its middle."
    note = f" {source.note}" if source.note else ""
    return f"{words}{note} What the evidence leaves open is in no error here but in assurance, where it was computed."


def sentence(asked: DesignRequest, found: Findings) -> str:
    """What was found, in one sober paragraph."""
    best = max(range(len(found.rows)), key=lambda k: found.rows[k]["power"])
    row, effect = found.rows[best], found.effects[best]
    words = [
        f"Of {len(found.rows)} scenario{'s' if len(found.rows) > 1 else ''} the largest power is {row['power']:.3f} (Monte-Carlo error "
        f"{row['power_mcse']:.3f}), with {row['patients']:,} patients ({found.scenarios[best].label}); the model's hazard ratio there is "
        f"{effect.hazard_ratio:.3f} at the data cut."
    ]
    words += _other_tests(row, found.questions[best].tests)
    if found.reached is not None:
        sized = [one for one in found.reached["populations"] if one["patients"] is not None]
        if sized:
            least = min(sized, key=lambda one: one["patients"])
            words.append(
                f"The fewest randomised for a power of {asked.power:g}: {least['patients']:,} of {least['label']}, "
                f"{least['screened']:,} assessed."
            )
        else:
            words.append(f"No population looked at reaches a power of {asked.power:g} with {asked.most_patients:,} patients or fewer.")
    return " ".join(words)


APART = 3.0
"""Monte-Carlo errors by which two numbers must differ to be called different."""


def _other_tests(row: Row, tests: Sequence[str]) -> list[str]:
    """What tests that do not ask for proportional hazards find in the same trials, where they differ from the log-rank test."""
    plain, error = row["power_logrank"], row["power_logrank_mcse"]
    told = [
        f"{name} {row[f'power_{name}']:.3f}"
        for name in tests
        if name in ("rmst", "maxcombo") and row.get(f"power_{name}") is not None
        and abs(row[f"power_{name}"] - plain) > APART * math.hypot(error, row[f"power_{name}_mcse"])
    ]  # fmt: skip
    return [f"Hazards are not proportional: of the same trials the log-rank test finds {plain:.3f}, {', '.join(told)}."] if told else []


def _ademp(asked: DesignRequest, found: Findings) -> dict[str, str]:
    """The simulation study in the order of Morris, White and Crowther (2019)."""
    first = found.questions[0].plan
    looks = (
        f", {len(first)} looks ({first.name}" + (f", futility {first.futility}" if first.futility else "") + ")" if len(first) > 1 else ""
    )
    test = {"logrank": "Stratified log-rank test", "cox": "Stratified Cox model, Wald test", "rmst": "Difference of restricted means",
            "maxcombo": "MaxCombo"}[found.questions[0].test]  # fmt: skip
    return {
        "Aims": "Power, error of the first kind, duration and size of a trial of this protocol.",
        "Data-generating mechanism": "The disease model: each patient's life in both arms with shared randomness; "
        "accrual, loss, data cut and "
        "randomisation of the protocol. No effect: both arms live the control life.",
        "Estimand": f"{asked.protocol.estimand.treatment}; {asked.endpoint}; {asked.protocol.estimand.population}.",
        "Methods": f"{test}, one-sided alpha {first.alpha:g}{looks}; {', '.join(asked.tests)} at the data cut beside it.",
        "Performance": f"Share of {asked.trials:,} trials that find a benefit, with sqrt(p (1 - p) / n) as its Monte-Carlo error "
        "(where none or all do, with one more of each added for p).",
    }
