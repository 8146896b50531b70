"""What the report says: the words around the numbers."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from paget._version import __version__
from paget.engine.draws import Source
from paget.evidence import load, reference
from paget.evidence.heldout import held_out
from paget.parameters import declared
from paget.report.html import Assumption, EstimandText, IntercurrentEvent, ReportContext, ReportFigure, Uncertainty
from paget.report.records import uncertainty_rows
from paget.study import Protocol, protocol_hash

if TYPE_CHECKING:
    from paget.engine.drawings import Material
    from paget.engine.outputs import Product

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


def _main(records: list[dict[str, Any]]) -> dict[str, Any]:
    return next(
        record
        for record in records
        if record["endpoint"] == "overall-survival" and record["measure"] == "hazard_ratio"
        and record["population"] == "itt" and not record["subgroup"] and record["time_zero"] == "randomisation"
    )  # fmt: skip


def result_sentence(protocol: Protocol, records: list[dict[str, Any]], source: Source) -> str:
    """The result of the trial in one sober paragraph."""
    effect = _main(records)
    words = []
    spread = effect["replicates"]
    if spread:
        words.append(
            f"Over {spread['count']} simulated trials of {effect['n']} patients"
            + (f" under {spread['draws']} draws of the posterior" if spread["draws"] else "")
            + f" the hazard ratio of death ({protocol.experimental[0].label} against {protocol.control.label}) is "
            f"{spread['value']:.2f} on average (Monte-Carlo error {spread['mc_se']:.3f}); 95 % of single trials of this size fall "
            f"between {spread['low']:.2f} and {spread['high']:.2f}"
            + (", sampling and parameters together." if spread["parameter"] else ", other patients each time.")
        )
    if effect["value"] is not None:
        words.append(
            f"The one trial shown in full gives {effect['value']:.2f} "
            f"({100 * effect['ci_level']:.0f} % CI {effect['ci_low']:.2f} to {effect['ci_high']:.2f})."
        )
    published = effect["published"]
    if published:
        level = published.get("ci_level")
        limits = (
            f" ({100 * level:.0f} % CI {published['ci_low']:.2f} to {published['ci_high']:.2f})"
            if level and published.get("ci_low") is not None
            else ""
        )
        words.append(f"The real trial reported {published['value']:.2f}{limits}.")
        if spread:
            inside = spread["low"] <= published["value"] <= spread["high"]
            words.append(
                "A single trial of this size under the model could well have reported that."
                if inside
                else "Few single trials of this size under the model would have reported that: model and trial disagree."
            )
    if source.central_draw is not None:
        words.append(f"That one trial was lived under draw {source.central_draw} of the posterior, the one nearest to its middle.")
    else:
        words.append("One set of parameter values was used: their uncertainty is not in these figures.")
    return " ".join(words)


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
    """Of the main hazard ratio; the same kinds stand in ``summary.json`` for every number that has replicates."""
    effect = _main(records)
    spread = effect["replicates"]
    source = product.source
    if not spread:
        none = "run with --replicates to see them"
        return [Uncertainty("Monte-Carlo, sampling, parameters", "not computed", none)]
    return [
        Uncertainty(kind, size, meaning) for kind, size, meaning in uncertainty_rows(spread, int(effect["n"]), source.words)
    ]


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
        if name.startswith("switch_") and product.parameters[name] != 1.0
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
