"""Pages made from the code when the documentation is built, so that they cannot go stale: parameters and therapies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from paget.parameters import INDEX_LABELS, declared
from paget.parameters.registry import Parameter, Prior
from paget.parameters.shares import MEANING, shares
from paget.therapy import library
from paget.validation.pages import fill


def _number(value: float) -> str:
    return f"{value:.4g}"


def _values(parameter: Parameter) -> str:
    if parameter.index is None:
        return _number(parameter.values[0])
    pairs = zip(INDEX_LABELS[parameter.index], parameter.values, strict=True)
    return "<br>".join(f"{label}: {_number(value)}" for label, value in pairs)


def _prior(prior: Prior) -> str:
    given = prior.model_dump(exclude={"distribution"}, exclude_none=True)
    return prior.distribution + "".join(f", {name.replace('_', ' ')} {_number(value)}" for name, value in given.items())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _parameter_rows(chosen: list[Parameter]) -> list[str]:
    rows = ["| parameter | value | unit | what | prior | basis |", "| --- | --- | --- | --- | --- | --- |"]
    for p in chosen:
        basis = f"**{p.basis}**: {p.reason}" + (f" ({', '.join(f'`{s}`' for s in p.sources)})" if p.sources else "")
        cells = [f"`{p.name}`", _values(p), p.unit, p.what, _prior(p.prior), basis]
        rows.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return rows


def share_rows() -> list[str]:
    """Table of the shares by basis: as declared, and under each fitted posterior that is shipped."""
    from paget.parameters.posterior import load, shipped

    rows = ["| values | basis | parameters | share | numbers | with a source | meaning |", "| --- | --- | --- | --- | --- | --- | --- |"]
    fitted = [posterior for posterior in map(load, shipped()) if posterior.fitted and posterior.manifest["kind"] != "variant"]
    for name, found in [("point values", shares()), *((one.name, shares(one)) for one in fitted)]:
        for one in found:
            cells = [name, one.basis, str(one.parameters), f"{100 * one.share:.0f} %", str(one.numbers), str(one.with_source)]
            rows.append("| " + " | ".join([*cells, MEANING[one.basis]]) + " |")
    return rows


def parameters_page() -> str:
    """Every declared parameter, every agent, regimen and standard of care."""
    everything = list(declared().values())
    switches = [p for p in everything if p.basis == "switch"]
    others = [p for p in everything if p.basis != "switch"]
    lines = [
        "# Parameters",
        "",
        "Made from the parameter files when these pages are built. *Placed*: set by hand on anchors, never on predictions (see the "
        "[log](parameter-log.md)). *Sourced*: read from the study named. *Assumed*: neither; the reason is given. Ids in code font are "
        "studies of the [evidence](evidence.md). Priors are for fitting; a run under a posterior uses its draws.",
        "",
        f"{len(others)} parameters ({sum(len(p.values) for p in others)} numbers) and {len(switches)} switches.",
        "",
        "## How many are sourced, fitted, assumed",
        "",
        *share_rows(),
        "",
        "The same from the command line, for a posterior too: `paget parameters share --parameters blind`.",
        "",
        "## All",
        "",
        *_parameter_rows(others),
        "",
        "## Switches",
        "",
        "Multipliers, 1 by default (`marker_tropism`: 0), 0 turns a mechanism off: `switches:` in a protocol, `--switch NAME=0` on the "
        "command line (without the prefix).",
        "",
        "| switch | what it multiplies |",
        "| --- | --- |",
        *(f"| `{p.name.removeprefix('switch_')}` | {_cell(p.what)} |" for p in switches),
        "",
        "## Systemic therapies",
        "",
        "[Therapies](therapies.md) tells what the columns mean. `cross`: kill of resistant cells relative to sensitive ones, where it is "
        "not the axis's own. Tier B: little evidence.",
        "",
        "| therapy | tier | axis, family | kill of sensitive cells a day | cross | growth, steps | stopped for toxicity a year | basis |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    shelf = library()
    for therapy in shelf.agents.values():
        kills, stop = therapy.kills, therapy.costs.toxic_stop_per_year
        main = kills.kill_per_day if kills else therapy.growth_factor or therapy.steps[0].multiplier
        basis = f"**{main.basis}**: {main.reason}" + (f" ({', '.join(f'`{s}`' for s in main.sources)})" if main.sources else "")
        acts = [f"growth x {_number(therapy.growth_factor.value)}"] if therapy.growth_factor else []
        acts += [
            f"{change.step.replace('_', ' ')} x {_number(change.multiplier.value)}" + (f" {change.when}" if change.lasts else "")
            for change in therapy.steps
        ]
        cells = [
            f"`{therapy.id}`",
            therapy.tier + (" (hypothetical)" if therapy.hypothetical else ""),
            therapy.axis + (f", {kills.family}" if kills and kills.family else ""),
            _number(kills.kill_per_day.value) if kills else "-",
            _number(kills.cross.value) if kills and kills.cross else "-",
            ", ".join(acts) or "-",
            _number(stop.value) if stop else "-",
            basis,
        ]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    lines += [
        "", "## Harms of systemic therapies", "",
        "| therapy | harm | grade | share | basis |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for therapy in shelf.agents.values():
        for harm in therapy.costs.toxicities:
            source = harm.rate or harm.by_dose
            assert source is not None
            unit = therapy.dose.unit if therapy.dose else ""
            share = (
                f"{harm.rate.value:.1%} of courses" if harm.rate
                else ", ".join(f"{part:.1%} by {dose:g} {unit}" for dose, part in harm.by_dose.points if part) if harm.by_dose else ""
            )  # fmt: skip
            basis = f"**{source.basis}**: {source.reason}" + (f" ({', '.join(f'`{s}`' for s in source.sources)})" if source.sources else "")
            row = [f"`{therapy.id}`", harm.name.replace("-", " "), harm.grade, share, basis]
            lines.append("| " + " | ".join(_cell(cell) for cell in row) + " |")
    lines += ["", "## Regimens", "", "| regimen | agents (days of the course) | then |", "| --- | --- | --- |"]
    for regimen in shelf.regimens.values():
        courses = ", ".join(f"{c.agent} ({'to progression' if c.days is None else f'{c.days:g}'})" for c in regimen.agents)
        lines.append(f"| `{regimen.id}` | {courses} | {f'`{regimen.then}`' if regimen.then else '-'} |")
    lines += ["", "## Standards of care", "", "| name | years | what | basis |", "| --- | --- | --- | --- |"]
    for standard in shelf.standards.values():
        lines.append(f"| `{standard.id}` | {standard.years} | {_cell(standard.title)} | **{standard.basis}**: {_cell(standard.reason)} |")
    return "\n".join(lines) + "\n"


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Tables of the credibility pages, from the numbers that ``paget credibility`` wrote."""
    if not page.file.src_uri.startswith("credibility/"):
        return markdown
    path = Path(config["docs_dir"]) / "credibility" / "numbers.json"
    return fill(markdown, json.loads(path.read_text(encoding="utf-8")) if path.exists() else None)


def on_files(files: Files, config: Any) -> Files:
    """Add the page of parameters."""
    files.append(File.generated(config, "parameters.md", content=parameters_page()))
    return files
