"""Studies, lists and pooled results as rich renderables, for the terminal and for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from paget.evidence.cite import reference
from paget.evidence.meta import Pooled
from paget.evidence.models import Result, Study
from paget.evidence.usage import Use
from paget.evidence.wording import shown

if TYPE_CHECKING:
    from rich.console import RenderableType


def render_study(study: Study, used_by: Iterable[Use] = ()) -> RenderableType:
    """Show all that is known of one study: source, population, arms, results, caveats, uses."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 2))
    head.add_column(style="dim", no_wrap=True)
    head.add_column()
    population = study.population
    size = "" if population.n is None else f"n {population.n:,}; "
    rows = [
        ("source", study.citation),
        ("doi", study.doi),
        ("pmid", study.pmid and str(study.pmid)),
        ("kind", f"{study.kind}, {study.topic}"),
        ("read", ": ".join(filter(None, (study.level, study.read_at)))),
        (
            "patients",
            size + population.setting + (f" ({population.enrolled})" if population.enrolled else ""),
        ),
        ("arms", "; ".join(a.name + ("" if a.n is None else f" (n {a.n})") for a in study.arms)),
        ("baseline", "; ".join(f"{key} {share:.6g}" for key, share in study.baseline.items())),
        ("sites", ", ".join(study.sites)),
        ("therapies", ", ".join(study.therapies)),
        ("also known as", ", ".join(study.aliases)),
        ("shares patients with", ", ".join(study.overlaps)),
        ("reads", ", ".join(study.registers)),
        ("used by", ", ".join(str(use) for use in used_by)),
    ]
    for key, text in rows:
        if text:
            head.add_row(key, Text(text))

    parts: list[RenderableType] = [head]
    if study.retracted:
        parts.insert(0, Text("RETRACTED: shown for the record, never used", style="bold red"))
    if study.results:
        parts += [Text(), _results(study.results)]
    else:
        parts += [Text(), Text("no numbers: kept for what the notes say", style="dim")]
    if study.notes:
        parts += [Text(), Text(study.notes)]
    return Panel(Group(*parts), title=f"[bold]{study.id}[/]", title_align="left", border_style="cyan")


def _results(results: Sequence[Result]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in ("measure", "endpoint", "who", "months", "value"):
        table.add_column(name, justify="right" if name == "months" else "left", overflow="fold")
    for result in results:
        who = "; ".join(
            filter(
                None,
                (result.arm, result.comparison, result.subgroup, result.of, result.by and f"by {result.by}"),
            )
        )
        months = "" if result.at_months is None else f"{result.at_months:g}"
        if result.from_months is not None:
            months = f"{result.from_months:g} to {months}"
        value = Text(shown(result) + _extras(result))
        if result.note:
            value.append(f"\n{result.note}", style="dim")
        if result.caveat:
            value.append(f"\ncaveat: {result.caveat}", style="yellow")
        endpoint = result.endpoint or ""
        table.add_row(result.measure, Text(endpoint), Text(who), months, value)
    return table


def _extras(result: Result) -> str:
    parts = []
    if result.ci is not None and result.ci_level not in (None, 0.95):
        parts.append(f"{100 * (result.ci_level or 0):g} % interval")
    for name in ("sd", "se"):
        if (x := getattr(result, name)) is not None:
            parts.append(f"{name} {x:g}")
    for name in ("range", "iqr"):
        if (pair := getattr(result, name)) is not None:
            parts.append(f"{name} " + " to ".join("?" if x is None else f"{x:g}" for x in pair))
    if result.events is not None:
        parts.append(f"{result.events} of {result.n}" if result.n is not None else f"{result.events} events")
    elif result.n is not None:
        parts.append(f"n {result.n}")
    return f"  [{', '.join(parts)}]" if parts else ""


def render_list(studies: Iterable[Study]) -> RenderableType:
    """One line per study: id, kind, number of patients and of results, source."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("id", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("results", justify="right", no_wrap=True)
    table.add_column("source")  # the one column that gives way where the terminal is narrow
    for study in studies:
        n = study.population.n
        style = "red" if study.retracted else ""
        table.add_row(
            study.id, study.kind, "" if n is None else f"{n:,}", str(len(study.results)),
            Text(reference(study)), style=style,
        )  # fmt: skip
    return table


def render_meta(pooled: Pooled, *, measure: str = "hazard ratio") -> RenderableType:
    """Show the studies with weights, then the pooled ratio, its prediction interval and heterogeneity."""
    import math

    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("study", no_wrap=True)
    table.add_column(measure)
    table.add_column("weight", justify="right")
    for label, effect, se, weight in zip(
        pooled.labels, pooled.effects, pooled.ses, pooled.weights, strict=True
    ):
        table.add_row(label, f"{math.exp(effect):.2f} (se of log {se:.3f})", f"{100 * weight:.0f} %")
    mid, low, high = pooled.ratio()
    table.add_row("pooled", f"{mid:.2f} ({low:.2f} to {high:.2f})", "", style="bold")
    low, high = pooled.predicted_ratio()
    table.add_row("next study", f"{low:.2f} to {high:.2f}", "")
    foot = (
        f"{pooled.method}{', Hartung-Knapp' if pooled.hartung_knapp else ''}, "
        f"{100 * pooled.level:g} % intervals; "
        f"tau2 {pooled.tau2:.4f}, I2 {100 * pooled.i2:.0f} %, Q {pooled.q:.2f} (p {pooled.q_p:.3f})"
    )
    return Group(table, Text(foot, style="dim"), *(Text(note, style="yellow") for note in pooled.notes))
