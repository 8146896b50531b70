"""Pages made from the code when the documentation is built, so that they cannot go stale: parameters and therapies."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files

from paget.parameters import INDEX_LABELS, declared
from paget.parameters.registry import Parameter, Prior
from paget.parameters.shares import MEANING, shares
from paget.therapy import library


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
        "Multipliers, 1 by default, 0 turns a mechanism off: `switches:` in a protocol, `--switch NAME=0` on the command line (without "
        "the prefix).",
        "",
        "| switch | what it multiplies |",
        "| --- | --- |",
        *(f"| `{p.name.removeprefix('switch_')}` | {_cell(p.what)} |" for p in switches),
        "",
        "## Agents",
        "",
        "| agent | axis, family | kill of sensitive cells a day | factor on growth | stopped for toxicity a year | basis |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    shelf = library()
    for agent in shelf.agents.values():
        main = agent.kill_per_day or agent.growth_factor
        assert main is not None
        basis = f"**{main.basis}**: {main.reason}" + (f" ({', '.join(f'`{s}`' for s in main.sources)})" if main.sources else "")
        where = agent.axis + (f", {agent.family}" if agent.family else "")
        kill = _number(agent.kill_per_day.value) if agent.kill_per_day else "-"
        growth = _number(agent.growth_factor.value) if agent.growth_factor else "-"
        cells = [f"`{agent.id}`", where, kill, growth, _number(agent.toxic_stop_per_year.value), basis]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    lines += ["", "## Regimens", "", "| regimen | agents (days of the course) | then |", "| --- | --- | --- |"]
    for regimen in shelf.regimens.values():
        courses = ", ".join(f"{c.agent} ({'to progression' if c.days is None else f'{c.days:g}'})" for c in regimen.agents)
        lines.append(f"| `{regimen.id}` | {courses} | {f'`{regimen.then}`' if regimen.then else '-'} |")
    lines += ["", "## Standards of care", "", "| name | years | what | basis |", "| --- | --- | --- | --- |"]
    for standard in shelf.standards.values():
        lines.append(f"| `{standard.id}` | {standard.years} | {_cell(standard.title)} | **{standard.basis}**: {_cell(standard.reason)} |")
    return "\n".join(lines) + "\n"


def on_files(files: Files, config: Any) -> Files:
    """Add the page of parameters."""
    files.append(File.generated(config, "parameters.md", content=parameters_page()))
    return files
