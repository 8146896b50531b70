"""``paget evidence``: the published facts, searched, shown and cited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app

facts = typer.Typer(no_args_is_help=True, help="The published facts behind the model and its targets.")
app.add_typer(facts, name="evidence")
Extra = Annotated[list[Path] | None, typer.Option("--evidence", help="A file of your own facts, added to the shipped ones.")]


@facts.command("list")
def list_(
    topic: Annotated[str | None, typer.Option(help="Such as primary-lrt, liver, skin, systemic, survival.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as rct, registry, cohort.")] = None,
    site: Annotated[str | None, typer.Option(help="Organ.")] = None,
    therapy: Annotated[str | None, typer.Option(help="Therapy.")] = None,
    evidence: Extra = None,
) -> None:
    """List studies, by topic, kind, site or therapy."""
    from rich.console import Console

    from paget.evidence import load
    from paget.evidence.show import render_list

    Console().print(render_list(load(tuple(evidence or ())).select(topic=topic, kind=kind, site=site, therapy=therapy)))


@facts.command("show")
def show(id_: Annotated[str, typer.Argument(metavar="ID", help="Id of a study.")], evidence: Extra = None) -> None:
    """Show one study with every number, and where Paget uses it."""
    from rich.console import Console

    from paget.evidence import Usage, load
    from paget.evidence.show import render_study

    base = load(tuple(evidence or ()))
    study = base[id_]
    Console().print(render_study(study, Usage(base, sources_in_use()).of(study.id)))


@facts.command("search")
def search(words: Annotated[list[str], typer.Argument(help="Words to look for.")], evidence: Extra = None) -> None:
    """Find studies by words in their citation, setting, results or notes."""
    from rich.console import Console

    from paget.evidence import load
    from paget.evidence.show import render_list

    Console().print(render_list(load(tuple(evidence or ())).search(" ".join(words))))


@facts.command("cite")
def cite(ids: Annotated[list[str], typer.Argument(help="Ids of studies, or a protocol name for all it uses.")]) -> None:
    """Print BibTeX of studies, or of all that a protocol uses."""
    from paget.evidence import bibtex
    from paget.study import load_protocol, shipped

    wanted: list[str] = []
    for one in ids:
        if one in shipped() and one not in wanted:
            protocol = load_protocol(one)
            wanted += [*protocol.evidence, *(entry.evidence for entry in protocol.published)]
        else:
            wanted.append(one)
    typer.echo(bibtex(list(dict.fromkeys(wanted))))


def sources_in_use() -> dict[str, dict[str, tuple[str, ...]]]:
    """Evidence ids by the kind and the name of what rests on them."""
    from paget.calibration.targets import declared_targets
    from paget.parameters import declared
    from paget.study import load_protocol, shipped
    from paget.therapy import library

    used: dict[str, dict[str, tuple[str, ...]]] = {
        "parameter": {p.name: p.sources for p in declared().values() if p.sources},
        "agent": {},
        "protocol": {},
        "target": {target.id: (target.evidence,) for target in declared_targets().targets},
    }
    for agent in library().agents.values():
        quantities = (agent.kill_per_day, agent.growth_factor, agent.toxic_stop_per_year)
        ids = [source for quantity in quantities if quantity is not None for source in quantity.sources]
        if ids:
            used["agent"][agent.id] = tuple(dict.fromkeys(ids))
    for name in shipped():
        protocol = load_protocol(name)
        used["protocol"][name] = tuple(dict.fromkeys([*protocol.evidence, *(p.evidence for p in protocol.published)]))
    return used
