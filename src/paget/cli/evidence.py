"""``paget evidence``: the published facts, searched, shown, pooled and cited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paget.cli.app import app
from paget.cli.options import Evidence, console
from paget.errors import PagetError

facts = typer.Typer(invoke_without_command=True, help="The published facts behind the model and its targets.")
app.add_typer(facts, name="evidence")

FIGURES = (".svg", ".png", ".pdf")
Topic = Annotated[str | None, typer.Option(help="Such as primary-lrt, liver, skin, systemic, survival.")]
Kind = Annotated[str | None, typer.Option(help="Such as rct, registry, cohort.")]
Site = Annotated[str | None, typer.Option(help="Only studies of this organ.")]
Therapy = Annotated[str | None, typer.Option(help="Only studies of this therapy.")]


@facts.callback()
def _filter(context: typer.Context, topic: Topic = None, kind: Kind = None, site: Site = None, therapy: Therapy = None) -> None:
    """List the studies that pass the filters; without any, tell what there is to do."""
    asked = any(value is not None for value in (topic, kind, site, therapy))
    if context.invoked_subcommand is None and asked:
        list_(topic, kind, site, therapy)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
    elif asked:
        raise PagetError("filters stand after `list`", key="--topic, --kind, --site, --therapy", fix="paget evidence list --topic liver")


@facts.command("list")
def list_(
    topic: Topic = None,
    kind: Kind = None,
    site: Site = None,
    therapy: Therapy = None,
    level: Annotated[str | None, typer.Option(help="Where the numbers were read: table, abstract, full-text, secondary.")] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Only studies that nothing in Paget rests on or is compared with.")] = False,
    evidence: Evidence = None,
) -> None:
    """List studies, by topic, kind, site or therapy.

    paget evidence list --topic liver --therapy srfa
    """
    from paget.cli.uses import usage
    from paget.evidence import load
    from paget.evidence.show import render_list

    base = load(tuple(evidence or ()))
    found = base.select(topic=topic, kind=kind, site=site, therapy=therapy, level=level)
    if unused:
        idle = set(usage(base).unused())
        found = [study for study in found if study.id in idle]
    console().print(render_list(found))
    typer.echo(f"{len(found)} of {len(base)} studies")


@facts.command("show")
def show(id_: Annotated[str, typer.Argument(metavar="ID", help="Id of a study.")], evidence: Evidence = None) -> None:
    """Show one study with every number, and where Paget uses it."""
    from paget.cli.uses import usage
    from paget.evidence import load
    from paget.evidence.show import render_study

    base = load(tuple(evidence or ()))
    study = base[id_]
    console().print(render_study(study, usage(base).of(study.id)))


@facts.command("search")
def search(words: Annotated[list[str], typer.Argument(help="Words to look for.")], evidence: Evidence = None) -> None:
    """Find studies by words in their citation, setting, results or notes."""
    from paget.evidence import load
    from paget.evidence.show import render_list

    found = load(tuple(evidence or ())).search(" ".join(words))
    if not found:
        raise PagetError("no study holds all these words", got=" ".join(words), fix="take fewer words, or `paget evidence list`")
    console().print(render_list(found))


@facts.command("cite")
def cite(
    ids: Annotated[list[str], typer.Argument(help="Ids of studies; a protocol's name for all it names; a run folder for all it used.")],
    evidence: Evidence = None,
) -> None:
    """Print BibTeX of studies, of what a protocol names, or of all that a run rests on.

    paget evidence cite e2108 tata2015
    paget evidence cite runs/e2108-s1-0123abcd
    """
    import json

    from paget.engine.cited import protocol_sources
    from paget.evidence import bibtex, load
    from paget.study import load_protocol, shipped

    base = load(tuple(evidence or ()))
    wanted: list[str] = []
    for one in ids:
        manifest = Path(one) / "manifest.json"
        if one in shipped():
            wanted += [source for source in protocol_sources(load_protocol(one)) if source in base]
        elif manifest.is_file():
            wanted += json.loads(manifest.read_text(encoding="utf-8"))["evidence"]
        elif Path(one).is_dir():
            raise PagetError("there is no finished run here", where=one, fix="finish it with `paget run ... --resume`")
        else:
            wanted.append(one)
    typer.echo(bibtex(list(dict.fromkeys(wanted)), base))


@facts.command("pool")
def pool(
    ids: Annotated[list[str], typer.Argument(help="Ids of studies.")],
    endpoint: Annotated[str, typer.Option(help="Endpoint of the ratios.")] = "overall-survival",
    measure: Annotated[str, typer.Option(help="hazard_ratio, odds_ratio or risk_ratio.")] = "hazard_ratio",
    subgroup: Annotated[str | None, typer.Option(help="Pool the results of this subgroup; of whole studies by default.")] = None,
    invert: Annotated[list[str] | None, typer.Option(help="A study that is printed the other way round (several allowed).")] = None,
    comparison: Annotated[
        list[str] | None, typer.Option(help='Which comparison of a study: ID="experimental vs control" (several allowed).')
    ] = None,
    method: Annotated[str, typer.Option(help="REML, or DL (DerSimonian-Laird).")] = "REML",
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    favours: Annotated[str | None, typer.Option(help="What is favoured left and right of 1, separated by a comma.")] = None,
    out: Annotated[Path | None, typer.Option(help="File of the forest plot (.svg, .png or .pdf); none by default.")] = None,
    evidence: Evidence = None,
) -> None:
    """Pool published ratios with random effects: mean, heterogeneity, and where the next study is expected.

    paget evidence pool tata2015 e2108 abcsg28 --invert abcsg28 --out forest.svg
    """
    from paget.engine.folder import disk_errors
    from paget.evidence import forest, load, pool_studies
    from paget.evidence.show import render_meta

    chosen = {}
    for item in comparison or ():
        name, equals, text = item.partition("=")
        if not equals or not text.strip():
            raise PagetError("--comparison takes ID=text", where="--comparison", got=item, expected='such as e2108="lrt vs none"')
        chosen[name.strip()] = text.strip()
    sides = tuple(part.strip() for part in favours.split(",")) if favours else None
    if sides is not None and len(sides) != 2:
        raise PagetError("--favours takes two words", where="--favours", got=favours, expected="such as surgery,none")
    if out is not None and out.suffix not in FIGURES:
        raise PagetError("not a kind of figure", where="--out", got=out.name, expected="a name that ends in " + ", ".join(FIGURES))
    pooled = pool_studies(
        load(tuple(evidence or ())), ids, measure=measure, endpoint=endpoint, subgroup=subgroup, comparison=chosen, invert=invert or (),
        level=level, method=method,  # type: ignore[arg-type]
    )  # fmt: skip
    console().print(render_meta(pooled, measure=measure.replace("_", " ")))
    if out is not None:
        figure = forest(pooled, measure=measure.replace("_", " "), title=endpoint.replace("-", " "), favours=sides)
        with disk_errors(out.parent):
            out.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(out, dpi=150)
        typer.echo(f"Forest plot: {out}")
