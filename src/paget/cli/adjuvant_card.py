"""What ``paget show`` prints of adjuvant therapy: what it does to occult colonies, who takes it; and of a practice, who gets what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paget.therapy import Library, Therapy
    from paget.therapy.adjuvant import AdjuvantTreatment, Practice


def show_adjuvant(console: Any, therapy: Therapy, shelf: Library) -> None:
    """Print the part of a therapy that is for early disease.

    Parameters
    ----------
    console : rich.console.Console
    therapy : Therapy
        One with a part ``adjuvant``.
    shelf : Library
        For the practices that give it.
    """
    from paget.cli.therapy_card import founded, published
    from paget.parameters import ParameterSet
    from paget.therapy.adjuvant import Adjuvant, Given

    part, p = therapy.adjuvant, ParameterSet.point()
    assert part is not None
    over = "while it is taken" if part.waking is not None else "the model takes it as one day"
    length = f"{part.years.value:g} {'year' if part.years.value == 1 else 'years'}"
    console.print(f"[bold]After the operation of early disease[/bold], for {length} ({over})", soft_wrap=True)
    console.print(f"  {founded(part.years)}", soft_wrap=True)
    for line in _does(part):
        console.print(f"  {line}", soft_wrap=True)
    console.print(f"  draws are those of its kind, {part.kind}: nobody takes two therapies of one kind", soft_wrap=True)
    if part.usual_use is not None:
        stands = f" (parameter {part.usual_use.parameter})" if part.usual_use.parameter else ""
        console.print(f"[bold]Usually taken by[/bold]{stands}")
        use = Adjuvant("", ((therapy, Given(therapy=therapy.id)),)).use(p)[therapy.id]
        console.print(_table(use))
    used = [name for name, practice in shelf.practices.items() if any(row.therapy == therapy.id for row in practice.gives)]
    console.print(f"[bold]Practices[/bold] {', '.join(used) or 'none: a protocol names it under adjuvant'}", soft_wrap=True)
    if part.readouts:
        console.print("[bold]Should show[/bold] (an input or anchor set a number of it; a prediction did not)")
    for one in part.readouts:
        against = " + ".join(one.against) or "none"
        who = f" in {' and '.join(one.subtypes)}" if one.subtypes else ""
        years = f"years {one.years[0]:g} to {one.years[1]:g}"
        told = f"  {' + '.join(one.given)} against {against}{who}, {years}: relapse {one.expect} ({one.role}). "
        console.print(told + one.reason + (f" Published: {published(one.finding)}" if one.finding else ""), soft_wrap=True)


def _does(part: AdjuvantTreatment) -> list[str]:
    """What it does to colonies, at the point values."""
    from paget.cli.therapy_card import founded
    from paget.parameters import ParameterSet

    p, told = ParameterSet.point(), []
    eradicates = part.eradicates
    effects = [("eradicates a colony that is awake with probability", eradicates.awake if eradicates else None)]
    effects += [("eradicates a colony that sleeps with probability", eradicates.dormant if eradicates else None)]
    effects += [("rate of waking, times", part.waking)]
    for words, effect in effects:
        if effect is None:
            continue
        told.append(f"{words} {effect.told(p)}")
        told += [f"  {founded(number)}" for number in (effect.number, effect.spared) if number is not None]
    return told


def _table(use: Any) -> Any:
    """Shares by stage and subtype; where they differ by menopause, both."""
    from rich.table import Table

    from paget.biology.layout import SUBTYPES
    from paget.therapy.adjuvant import STAGES

    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    for subtype in SUBTYPES:
        table.add_column(subtype, justify="right")
    for s, stage in enumerate(STAGES):
        cells = [f"{pre:.0%}" if pre == post else f"{pre:.0%} pre, {post:.0%} post" for pre, post in use[s]]
        table.add_row(stage, *("-" if cell == "0%" else cell for cell in cells))
    return table


def show_practice(console: Any, practice: Practice, shelf: Library) -> None:
    """Print who gets which adjuvant therapy under a practice."""
    from paget.evidence import load, reference
    from paget.parameters import ParameterSet

    console.print(f"[bold]{practice.title}[/bold] ({practice.id})  adjuvant practice", soft_wrap=True)
    console.print(practice.what, soft_wrap=True)
    console.print(f"{practice.basis}: {practice.reason}", soft_wrap=True)
    adjuvant = shelf.adjuvant(practice.id)
    uses = adjuvant.use(ParameterSet.point())
    for therapy in adjuvant.therapies:
        badges = f"  [bold]{', '.join(therapy.badges)}[/bold]" if therapy.badges else ""
        console.print(f"[bold]{therapy.title}[/bold] ({therapy.id}), tier {therapy.tier}{badges}", soft_wrap=True)
        console.print(_table(uses[therapy.id]))
    if not uses:
        console.print("Nobody gets any adjuvant therapy.")
    for study in practice.sources:
        console.print(f"  {study}: {reference(load()[study])}", soft_wrap=True)
    console.print(f"In a protocol of early or relapsed disease: population: {{adjuvant: {practice.id}}}", soft_wrap=True)
