"""What the report says: the words around the numbers."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from paget._version import __version__
from paget.endpoints import NAMES, timed
from paget.engine.badges import badge_lines, standard_line, therapies_of
from paget.engine.compile import adjuvant_of
from paget.engine.draws import Source
from paget.evidence import load, reference
from paget.evidence.heldout import held_out
from paget.parameters import declared
from paget.report.html import Assumption, EstimandText, IntercurrentEvent, ReportContext, ReportFigure, Uncertainty
from paget.report.records import endpoint_of, interval, number, uncertainty_rows, what
from paget.study import Protocol, protocol_hash

if TYPE_CHECKING:
    from paget.engine.drawings import Material
    from paget.engine.summary import Product

UNOBSERVABLE = ("hypothetical", "principal-stratum")


def _estimand(protocol: Protocol) -> EstimandText:
    e = protocol.estimand
    events = [
        IntercurrentEvent(
            event.event.replace("-", " "),
            event.strategy.replace("-", " "),
            getattr(event, "reason", None) or "",
            event.strategy not in UNOBSERVABLE,
        )
        for event in e.intercurrent_events
    ]
    return EstimandText(e.population, e.treatment, str(e.endpoint), e.summary.replace("-", " "), events)


SUMMARIES = {
    "hazard-ratio": "hazard_ratio", "rmst-difference": "rmst_difference_months", "rate-difference": "rate_difference",
    "survival": "survival", "median": "median_months", "rate": "rate",
}  # fmt: skip
"""Measure that stands for a summary of an estimand; a hazard ratio for the others."""
RATIO_OF = {"overall-survival": "hazard ratio of death"}


def main_record(protocol: Protocol, records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The record of the estimand: its endpoint and summary, of everybody, against the first experimental arm."""
    estimand = protocol.estimand
    measure = SUMMARIES.get(estimand.summary, "hazard_ratio")
    if not timed(estimand.endpoint) and not protocol.single_arm:
        measure = "odds_ratio" if estimand.summary == "hazard-ratio" else measure
    fits = [
        record for record in records
        if record["endpoint"] == NAMES[estimand.endpoint] and record["measure"] == measure
        and record["population"] == "itt" and not record["subgroup"] and record["time_zero"] == "randomisation" and not record["cut"]
    ]  # fmt: skip
    return next((record for record in fits if record["published"]), fits[0] if fits else None)


def _error(spread: dict[str, Any]) -> str:
    """Monte-Carlo error of a mean over replicates; a single replicate has none."""
    return "not known" if spread["mc_se"] is None else f"{spread['mc_se']:.3f}"


def _named(record: dict[str, Any]) -> str:
    """What a record is, as a sentence begins it."""
    if record["measure"] == "hazard_ratio" and record["endpoint"] in RATIO_OF:
        return RATIO_OF[record["endpoint"]]
    return f"{what(record)} ({endpoint_of(record).lower()})"


def result_sentence(protocol: Protocol, records: list[dict[str, Any]], source: Source) -> str:
    """The result of the trial in one sober paragraph."""
    effect = main_record(protocol, records)
    if source.central_draw is not None:
        parameters = f"That one trial was lived under draw {source.central_draw} of the posterior, the one nearest to its middle."
    else:
        parameters = "One set of parameter values was used: their uncertainty is not in these figures."
    if effect is None:
        return "The read-out of the estimand could not be computed. " + parameters
    measure = str(effect["measure"])
    guessed = [one.title for one in therapies_of(protocol) if one.hypothetical]
    words = [f"A what-if: {', '.join(guessed)} is hypothetical."] if guessed else []
    spread = effect["replicates"]
    sides = f"{protocol.experimental[0].label} against {protocol.control.label}" if effect["comparison"] else protocol.experimental[0].label
    if spread:
        low, high = (number(measure, spread[end]) for end in ("low", "high"))
        words.append(
            f"Over {spread['count']} simulated trials of {effect['n']} patients"
            + (f" under {spread['draws']} draws of the posterior" if spread["draws"] else "")
            + f" the {_named(effect)} ({sides}) is {number(measure, spread['value'])} on average "
            f"(Monte-Carlo error {_error(spread)}); 95 % of single trials of this size fall between {low} and {high}"
            + (", sampling and parameters together." if spread["parameter"] else ", other patients each time.")
        )
    if effect["value"] is not None:
        shown = number(measure, effect["value"])
        limits = f" ({interval(measure, effect)})" if interval(measure, effect) else ""
        words.append(f"The one trial shown in full gives {shown}{limits}." if spread else f"The {_named(effect)} is {shown}{limits}.")
    published = effect["published"]
    if published:
        limits = f" ({interval(measure, published)})" if published.get("ci_low") is not None and published.get("ci_level") else ""
        words.append(f"The real {STUDY[protocol.single_arm]} reported {number(measure, published['value'])}{limits}.")
        if effect["role"] != "prediction":
            words.append(f"That number is an {effect['role']}: agreement with it shows nothing new.")
        elif spread:
            inside = spread["low"] <= published["value"] <= spread["high"]
            words.append(
                "A single trial of this size under the model could well have reported that."
                if inside
                else "Few single trials of this size under the model would have reported that: model and trial disagree."
            )
    return " ".join([*words, parameters])


STUDY = {True: "study", False: "trial"}


def _assumptions(product: Product) -> list[Assumption]:
    protocol = product.protocol
    out = [
        Assumption(
            "protocol", str(item.what), "" if item.varied is None else f"varied: {item.varied}", str(item.reason)
        )
        for item in protocol.assumptions
    ]
    for parameter in declared().values():
        if parameter.basis == "assumed":
            value = product.parameters[parameter.name]
            shown = ", ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"
            out.append(Assumption("parameter", parameter.name, f"{shown} {parameter.unit}", parameter.reason))
    return out


def _uncertainty(product: Product, records: list[dict[str, Any]]) -> list[Uncertainty]:
    """Of the estimand; the same kinds stand in ``summary.json`` for every number that has replicates."""
    effect = main_record(product.protocol, records)
    spread = effect["replicates"] if effect else None
    if effect is None or not spread:
        none = "run with --replicates to see them"
        return [Uncertainty("Monte-Carlo, sampling, parameters", "not computed", none)]
    return [
        Uncertainty(kind, size, meaning) for kind, size, meaning in uncertainty_rows(spread, int(effect["n"]), product.source.words)
    ]


def _adjuvant(protocol: Protocol) -> list[str]:
    """Adjuvant therapy of whoever had early disease, and of arms that have a practice of their own."""
    if protocol.population.source == "de-novo":
        return []
    told = [f"Adjuvant therapy of those who had early disease: {adjuvant_of(protocol).words}."]
    own = [(position, arm) for position, arm in enumerate(protocol.arms) if arm.adjuvant is not None]
    return told + [f"Adjuvant therapy in the arm {arm.label}: {adjuvant_of(protocol, position).words}." for position, arm in own]


def _notes(product: Product) -> list[str]:
    merged = int((product.patients["merged_colonies"] > 0).sum())
    notes = [
        f"In {merged} of {product.patients.height} patients of the trial some like colonies (asleep, waiting for vessels, or beyond "
        "the rows of the store) stand together in one row; each is counted (manifest.json)."
    ]
    changed = [name for name in product.changed if not name.startswith("switch_")]
    notes += [f"Changed by the user: {name} = {product.parameters[name]}." for name in changed]
    if product.source.note:
        notes.append(product.source.note)
    notes += _adjuvant(product.protocol)
    notes += [f"Therapy {line}" for line in badge_lines(product.protocol)]
    standard = standard_line(product.protocol)
    notes += [standard] if standard else []
    notes.append("Held out of every fit: " + ", ".join(held_out().names) + ".")
    return notes


def report_context(product: Product, material: Material, figures: list[ReportFigure], command: str) -> ReportContext:
    """Everything the report shows."""
    protocol = product.protocol
    base = load()
    cited = dict.fromkeys([*protocol.evidence, *(entry.evidence for entry in protocol.published)])
    switched = [
        f"{name.removeprefix('switch_')} x {product.parameters[name]:g}"
        for name in declared()
        if name.startswith("switch_") and product.parameters[name] != declared()[name].value
    ]
    return ReportContext(
        title=protocol.title,
        protocol=protocol.id,
        question=protocol.question,
        result=result_sentence(protocol, material.records, product.source),
        records=material.records,
        estimand=_estimand(protocol),
        command=command,
        seed=product.seed,
        labels={arm.id: arm.label for arm in protocol.arms},
        figures=figures,
        baseline=material.baseline,
        assumptions=_assumptions(product),
        uncertainty=_uncertainty(product, material.records),
        flow=material.flow,
        hashes={"protocol": protocol_hash(protocol), "parameters": product.source.hash, "held-out list": held_out().hash},
        versions={"paget": __version__, "numba": version("numba"), "numpy": version("numpy"), "polars": version("polars")},
        references=[reference(base[one]) for one in cited],
        switched_off=switched,
        notes=_notes(product),
        badges=[badge.words for badge in product.badges],
        parameters=product.source.words,
    )
