"""From a simulated registry to files: the release, the truth, the ladder, the decomposition, figures, report."""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paget._version import __version__
from paget.analysis.causal import target_table
from paget.engine.folder import canonical, write_text
from paget.engine.registry.cohort import CHANGING
from paget.engine.registry.decompose import plain
from paget.engine.registry.rows import ABOUT as VIEW_ABOUT
from paget.evidence import load, reference
from paget.population.store import write_parquet
from paget.report.figures import decomposition as decomposition_figure
from paget.report.figures import ladder as ladder_figure
from paget.report.figures.decomposition import BiasStep
from paget.report.figures.ladder import LadderRow
from paget.report.html import Assumption, ReportFigure, Uncertainty
from paget.report.registry import RegistryContext, ratio_text, write_registry
from paget.report.save import save
from paget.report.style import Drawing, Ratio
from paget.study.assumptions import lookup
from paget.study.registry import LocalOperation, Words, registry_hash

if TYPE_CHECKING:
    from paget.engine.registry.run import Product

Row = dict[str, Any]
DECISIONS = {"found_after_operation": "operated before staging", "upfront": "thought of first"}
"""Decisions of a registry by key, beside its choice."""
BACKGROUND = {
    "surgery": "trials of removal of the primary report hazard ratios near 1, registries ratios well below it",
    "local treatment": "series report long survival after local treatment of chosen patients; no randomised trial was found",
}
"""Item 2 of TARGET, by treatment."""


def published(product: Product) -> list[Row]:
    """Hazard ratios that registries printed, from the evidence."""
    base = load()
    out = []
    for item in product.request.registry.published:
        found = base.one(
            item.evidence, measure="hazard_ratio", endpoint="overall-survival", comparison=item.comparison, subgroup=item.subgroup
        )
        low, high = found.ci if found.ci is not None else (None, None)
        out.append(
            {
                "evidence": item.evidence, "label": item.label, "comparison": item.comparison, "hazard_ratio": found.value, "ci_low": low,
                "ci_high": high, "ci_level": found.ci_level, "role": "prediction",
            }
        )  # fmt: skip
    return out


def counts(product: Product) -> Row:
    """Counts and shares of the registry as practised."""
    cohort = product.cohort
    made, n = cohort.practised, cohort.people.height
    operated = np.isfinite(cohort.operation_day)
    days = cohort.operation_day[operated]
    local: Row = {}
    if "therapy" in cohort.people.columns:
        given = cohort.people["therapy"].to_numpy()[operated]
        assert isinstance(cohort.registry.operation, LocalOperation)
        names = [one.therapy for one in cohort.registry.operation.therapies]
        local = {
            "offered_share": float(made.offered.mean()),
            "therapy_shares": {name: float((given == name).mean()) if len(given) else 0.0 for name in names},
        }
    return {
        "patients": n,
        "operated": int(operated.sum()),
        "operated_share": float(operated.mean()),
        "found_after_operation_share": float((made.way == "found").mean()),
        "operated_first_share": float((operated & (made.way == "first")).mean()),
        "operated_after_induction_share": float((operated & (made.way == "induction")).mean()),
        "pet_ct_share": float((cohort.people["staging"] == "pet-ct").mean() or 0.0),  # type: ignore[arg-type]
        "median_operation_months": float(np.median(days) / 30.4375) if len(days) else None,
        "dead_in_follow_up": int(cohort.dead.sum()),
        "dead_before_decision_share": float(np.isnan(made.decision_day).mean()),
        "lives_that_the_decision_changes": int((~_same(made.death_none, made.death_operated) & np.isfinite(made.possible_day)).sum()),
        **local,
    }


def _same(a: Any, b: Any) -> Any:
    return (a == b) | (np.isnan(a) & np.isnan(b))


def write_outputs(product: Product, path: Path, command: str) -> None:
    """Write ``registry`` and ``truth`` (CSV and Parquet), ``summary.json``, ``ladder.csv``, ``decomposition.csv``, figures, report."""
    import polars as pl

    release, truth = product.cohort.release(), product.cohort.truth()
    for name, frame in (("registry", release), ("truth", truth)):
        write_parquet(frame, path / f"{name}.parquet")
        write_text(path / f"{name}.csv", frame.write_csv(float_precision=6))
    steps = product.decomposition.rows()
    summary = {
        "ladder": product.rows,
        "decomposition": {"on": plain(product.decomposition.on), "steps": steps},
        "varied": product.varied,
        "published": published(product),
        "counts": counts(product),
    }
    write_text(path / "summary.json", canonical(summary))
    write_text(path / "ladder.csv", _flat(product.rows).write_csv(float_precision=6))
    write_text(path / "decomposition.csv", pl.DataFrame(steps).write_csv(float_precision=6))
    drawn = []
    for name, drawing, caption in figures(product):
        files = save(drawing, path / "figures", name)
        drawn.append(ReportFigure(drawing.title, files["svg"].read_text(encoding="utf-8"), drawing.alt, name, caption))
    write_registry(path / "report.html", context_of(product, summary, drawn, command))


def _flat(rows: list[Row]) -> Any:
    import polars as pl

    simple = (
        "view", "key", "label", "hazard_ratio", "ci_low", "ci_high", "se_log", "n", "treated", "events", "contrast", "bias_log",
        "bias_mc_se_log", "rmst_bias_months", "rmst_bias_mc_se_months", "problem",
    )  # fmt: skip
    flat = []
    for row in rows:
        reported = row["rmst_difference_months"] or {}
        flat.append(
            {name: row[name] for name in simple}
            | {"rmst_difference_months": reported.get("value"), "rmst_difference_se_months": reported.get("se")}
            | {f"true_{name}": value for name, value in row["truth"].items()}
        )
    return pl.DataFrame(flat, infer_schema_length=None)


def figures(product: Product) -> list[tuple[str, Drawing, str]]:
    """The ladder and the decomposition, with captions."""
    registry, null = product.request.registry, product.request.null
    words = registry.operation.words
    operation = words.sham if null else words.about
    rows = [
        LadderRow(
            row["label"],
            None if row["hazard_ratio"] is None else Ratio(row["hazard_ratio"], row["ci_low"], row["ci_high"], row["ci_level"]),
            row["n"],
            row["events"],
            truth=_against(row),
            adjusted=row["view"] != "not adjusted",
            group=VIEW_ABOUT[row["view"]],
            note="" if row["hazard_ratio"] is not None else "not answerable with these data",
        )
        for row in product.rows
    ]
    parts = product.decomposition
    steps = []
    before = parts.on
    for step in parts.steps:
        steps.append(
            BiasStep(
                step.component.replace("-", " "), parts.about[step.component], math.exp(before.bias_log), math.exp(step.after.bias_log),
                step.step_se_log, math.exp(-step.contribution_log), step.contribution_se_log,
            )
        )  # fmt: skip
        before = step.after
    size = product.cohort.people.height
    ladder = ladder_figure.draw(rows, title=f"{registry.id}: {operation}, {size:,} patients", treated=words.treatment)
    waterfall = decomposition_figure.draw(
        steps, start_se=parts.on.mc_se_log, end_se=parts.off.mc_se_log, title=f"{registry.id}: where the bias of ever / never comes from"
    )
    return [
        ("ladder", ladder, "Each analysis beside the truth of its own estimand."),
        ("decomposition", waterfall, "Sources of bias removed one after the other; beside them what each does alone."),
    ]


def _against(row: Row) -> float | None:
    truth = row["truth"]
    conditional = row["contrast"] == "conditional" and truth["conditional_hazard_ratio"] is not None
    value: float | None = truth["conditional_hazard_ratio"] if conditional else truth["hazard_ratio"]
    return value


def result_sentence(product: Product) -> str:
    """The result in one sober paragraph."""
    rows = [row for row in product.rows if row["hazard_ratio"] is not None]
    naive = next((row for row in rows if row["key"] == "ever-never"), None)
    named = product.request.registry.operation.words
    words = []
    if product.request.null:
        words.append(f"The {named.act} simulated here has no effect whatever: every patient lives the same with it and without.")
    if naive is not None:
        words.append(
            f"Ever against never {named.done} gives a hazard ratio of {ratio_text(naive)}; "
            f"the truth in the same patients is {naive['truth']['hazard_ratio']:.3f}."
        )
    recorded = [row for row in rows if row["view"] == "recorded" and row["bias_log"] is not None]
    if recorded:
        nearest = min(recorded, key=lambda row: abs(row["bias_log"]))
        low, high = min(row["hazard_ratio"] for row in recorded), max(row["hazard_ratio"] for row in recorded)
        words.append(
            f"Adjusted for what is recorded, {len(recorded)} analyses give {low:.2f} to {high:.2f}; nearest to its truth is "
            f"{nearest['label'].lower()} ({nearest['hazard_ratio']:.2f} against {_against(nearest):.3f})."
        )
    with_truth = [row for row in rows if row["view"] == "true confounders" and row["bias_log"] is not None]
    if with_truth:
        close = [row for row in with_truth if abs(row["bias_log"]) <= 3.0 * row["bias_mc_se_log"]]
        words.append(
            f"With the true confounders {len(close)} of {len(with_truth)} analyses lie within three Monte-Carlo errors of their truth"
            + (": " + ", ".join(row["label"].lower() for row in close) + "." if close else ".")
        )
    words.append("Only practice and recording were put in; no registry's hazard ratio was used.")
    return " ".join(words)


def context_of(product: Product, summary: Row, drawn: list[ReportFigure], command: str) -> RegistryContext:
    """Everything the report shows."""
    request, registry = product.request, product.request.registry
    words = registry.operation.words
    base, told = load(), summary["counts"]
    cited = dict.fromkeys([*registry.evidence, *(item.evidence for item in registry.published)])
    cited |= dict.fromkeys(term.source for _, term in registry.operation.terms if term.source in base)
    notes = [f"Parameters: {request.source.words}.", *([request.source.note] if request.source.note else [])]
    notes += [f"Changed by the user: {name} = {request.parameters[name]}." for name in request.changed]
    if request.biases.off:
        notes.append("Practice without: " + ", ".join(request.biases.off) + ".")
    if isinstance(registry.operation, LocalOperation):
        notes += [f"In question for it: {one.text()} ({one.source}: {one.reason})." for one in registry.operation.offered]
    decided = (*product.cohort.confounders, *CHANGING)
    best = _for_target(product)
    return RegistryContext(
        title=registry.title,
        registry=registry.id,
        resembles=f"Made after: {registry.resembles}.",
        question=registry.question,
        result=result_sentence(product),
        seed=request.seed,
        command=command,
        counts={
            "Patients": f"{told['patients']:,}",
            words.done.capitalize(): _treated_text(told, words),
            "Staged by PET-CT": f"{told['pet_ct_share']:.1%}",
            "Deaths seen": f"{told['dead_in_follow_up']:,}",
        },
        rows=product.rows,
        steps=summary["decomposition"]["steps"],
        varied=product.varied,
        published=[{**item, "ratio": ratio_text(item)} for item in summary["published"]],
        terms=[
            {
                "decision": DECISIONS.get(key[0], words.done),
                "what": term.text(), "log_odds": f"{term.log_odds:+.2f}", "source": term.source, "reason": term.reason,
            }
            for key, term in registry.operation.terms
        ],
        recorded=registry.records.covariates,
        unrecorded=[name for name in decided if name.removeprefix("log_") not in _known(registry.records.covariates)],
        day_recorded=registry.records.operation_day,
        target_analysis=best[0],
        target=best[1],
        assumptions=_assumptions(product),
        uncertainty=_uncertainty(product),
        figures=drawn,
        hashes={"registry": registry_hash(registry), "parameters": request.source.hash},
        versions={"paget": __version__, "numba": version("numba"), "numpy": version("numpy"), "polars": version("polars")},
        references=[reference(base[one]) for one in cited],
        notes=notes,
        act=words.act,
        done=words.done,
    )  # fmt: skip


def _treated_text(told: Row, words: Words) -> str:
    """How many were treated, and by which ways."""
    first, later = told["operated_first_share"], told["operated_after_induction_share"]
    early = "" if "offered_share" in told else f"metastases found only afterwards {told['found_after_operation_share']:.1%}, "
    text = f"{told['operated']:,} ({told['operated_share']:.1%}); {early}{words.done} first {first:.1%}, after induction {later:.1%}"
    if "offered_share" in told:
        mix = ", ".join(f"{name} {share:.1%}" for name, share in told["therapy_shares"].items())
        text += f"; in question for it at diagnosis {told['offered_share']:.1%}; by {mix}"
    return text


def _known(covariates: tuple[str, ...]) -> set[str]:
    """Recorded covariates and what follows from them."""
    return {*covariates, *(["period"] if "year" in covariates else [])}


def _for_target(product: Product) -> tuple[str, list[Row]]:
    """TARGET table of the most careful analysis that the release allows, with the items that the files answer."""
    registry = product.request.registry
    made = [(one, data) for one, data in product.recorded if one.hazard_ratio is not None]
    order = ("ccw", "sequential+", "iptw-landmark", "iptw", "matching", "ever-never")
    weighted = [(one, data) for one, data in made if one.adjusted_for] or made
    chosen, data = min(weighted, key=lambda pair: next((k for k, name in enumerate(order) if pair[0].key.startswith(name)), len(order)))
    table = target_table(data, chosen, [one for one, _ in made])
    rows = [
        {"item": item.items, "element": item.element, "specification": item.specification, "emulation": item.emulation}
        for item in table.rows
    ]
    answers = {
        "1a": ("Title", f"{registry.title} (virtual patients)"),
        "2": ("Background", BACKGROUND[registry.operation.words.treatment]),
        "3": ("Causal question", registry.question),
        "4": ("Why a target trial is emulated", "to see which analysis of a registry would have told the truth, which is known here"),
        "5": ("Data sources", f"virtual patients; practice, recording and follow-up made after: {registry.resembles}"),
        "16": ("Limitations", "; ".join(f"{item.what}: {item.reason}" for item in registry.assumptions)),
        "17": ("Ethics approval", "not applicable: no person took part"),
        "18": ("Registration of the protocol", f"the registry file, SHA-256 {registry_hash(registry)}"),
        "19": ("Data and code", "registry.csv, truth.csv and the command of this run"),
    }
    rows += [{"item": item, "element": name, "specification": "", "emulation": text} for item, (name, text) in answers.items()]
    open_items = [f"{item} {what}" for item, what in table.left_open.items() if item not in answers]
    rows.append({"item": "others", "element": "Left to the authors", "specification": "", "emulation": "; ".join(open_items)})
    rows.sort(key=lambda row: (_number(row["item"]), row["item"]))
    return chosen.label, rows


def _number(items: str) -> int:
    digits = "".join(letter for letter in items.split(",")[0] if letter.isdigit())
    return int(digits) if digits else 99


def _assumptions(product: Product) -> list[Assumption]:
    registry = product.request.registry
    out = []
    for item in registry.assumptions:
        value, _ = (None, None) if " " in item.what else lookup(registry, item.what)
        shown = f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value if isinstance(value, str) else ""
        varied = "" if item.varied is None else f"{shown} (varied: {item.varied})".strip()
        out.append(Assumption("registry", item.what, varied or str(shown), item.reason))
    return out


def _uncertainty(product: Product) -> list[Uncertainty]:
    naive = product.decomposition.on
    return [
        Uncertainty("Monte-Carlo, sampling", f"± {naive.se_log:.3f} (log, ever / never)", "other virtual patients of the same number"),
        Uncertainty(
            "Monte-Carlo, truth", f"± {naive.true_se_log:.3f} (log)", "error of the twins' contrast, by pair; 0 where no life differs"
        ),
        Uncertainty("practice", "not computed", "assumed inputs of the file held fixed; vary them to see"),
        Uncertainty("parameters", "not computed", "one set of parameters; another draw (--draw) gives another registry"),
    ]
