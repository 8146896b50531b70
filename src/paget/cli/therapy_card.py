"""What ``paget show`` prints of a therapy: what it is, for whom, its effect, what it costs, and the evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paget.forms.quantities import Quantity
    from paget.therapy import Library, Therapy
    from paget.therapy.finding import Finding

WEEKS = (4, 8, 12, 24, 48)


def show_therapy(console: Any, therapy: Therapy, shelf: Library) -> None:
    """Print all that a therapy file says.

    Parameters
    ----------
    console : rich.console.Console
    therapy : Therapy
    shelf : Library
        For the regimens that use it.
    """
    from paget.cli.adjuvant_card import show_adjuvant
    from paget.cli.local_card import show_local

    badges = f"  [bold]{', '.join(therapy.badges)}[/bold]" if therapy.badges else ""
    kind = f"{therapy.class_}, {therapy.route}; tier {therapy.tier}{badges}"
    console.print(f"[bold]{therapy.title}[/bold] ({therapy.id})  {kind}", soft_wrap=True)
    if therapy.shown_on:
        console.print(f"shown against {', '.join(therapy.shown_on)}")
    console.print(therapy.what, soft_wrap=True)
    _for_whom(console, therapy)
    if therapy.systemic:
        _systemic(console, therapy, shelf)
    if therapy.local is not None:
        show_local(console, therapy.local)
    if therapy.adjuvant is not None:
        show_adjuvant(console, therapy, shelf)
        if not therapy.systemic:
            _costs(console, therapy)
    _readouts(console, therapy)
    _evidence(console, therapy)


def _for_whom(console: Any, therapy: Therapy) -> None:
    rules = therapy.eligible
    why = f". {rules.reason}" if rules.reason else ""
    console.print(f"[bold]For[/bold] {', '.join(rules.conditions) or 'anybody'}{why}", soft_wrap=True)
    taken = [marker.text for marker in rules.biomarkers if not marker.carried]
    if taken:
        console.print(f"  patients are taken to be chosen by {', '.join(taken)} (not an attribute of the model)", soft_wrap=True)
    if rules.contraindications:
        console.print(f"  not with: {', '.join(rules.contraindications)} (not modelled)", soft_wrap=True)


def founded(number: Quantity) -> str:
    """What stands behind a number, for readers."""
    sources = f" ({', '.join(number.sources)})" if number.sources else ""
    spread = f", prior sd of the log {number.prior_sd_log:g}" if number.prior_sd_log else ""
    return f"{number.basis}{spread}: {number.reason}{sources}"


def _systemic(console: Any, therapy: Therapy, shelf: Library) -> None:
    kills, told = therapy.kills, []
    if kills is not None:
        family = f", family {kills.family}" if kills.family else ""
        told.append(f"[bold]Kills[/bold] {kills.kill_per_day.value:g} a day of sensitive cells (axis {kills.axis}{family})")
        told.append(f"  {founded(kills.kill_per_day)}")
        if kills.cross is not None:
            told.append(f"  cells that resist its family die at {kills.cross.value:g} of that: {founded(kills.cross)}")
    if therapy.growth_factor is not None:
        told.append(f"[bold]Slows growth[/bold] to {therapy.growth_factor.value:g}: {founded(therapy.growth_factor)}")
    for change in therapy.steps:
        step = f"{change.step.replace('_', ' ')} times {change.multiplier.value:g} {change.when}"
        told.append(f"[bold]Step of the cascade[/bold] {step}: {founded(change.multiplier)}")
        if change.lasts is not None:
            told.append(f"  duration: {founded(change.lasts.days)}")
    for line in told:
        console.print(line, soft_wrap=True)
    _curve(console, therapy)
    _costs(console, therapy)
    used = [name for name in shelf.regimens if therapy in shelf.therapies_of(name)]
    console.print(f"[bold]Regimens[/bold] {', '.join(used)}", soft_wrap=True)


def _curve(console: Any, therapy: Therapy) -> None:
    """Diameter of a lesion at the reference growth, of sensitive cells and of cells that resist, against the day therapy began."""
    from rich.table import Table

    from paget.parameters import ParameterSet
    from paget.therapy.form import AXES

    p = ParameterSet.point()
    growth, kill, spare = p["kill_reference_growth_per_day"], 0.0, 0.0
    slowed = growth * (therapy.growth_factor.value if therapy.growth_factor else 1.0)
    if therapy.kills is not None:
        kill = therapy.kills.kill_per_day.value
        usual = p["partial_resistance"][AXES.index(therapy.kills.axis)]
        spare = kill * (therapy.kills.cross.value if therapy.kills.cross else usual)
    if kill == 0.0 and slowed == growth:
        return
    console.print(f"[bold]Diameter of a lesion[/bold], of what it was, at a growth of {growth:.2%} a day")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for weeks in WEEKS:
        table.add_column(f"{weeks} weeks", justify="right")
    rows = {"sensitive cells": slowed - kill, "resistant cells": slowed - spare, "untreated": growth}
    if therapy.kills is None:
        rows = {"treated": slowed, "untreated": growth}
    for name, rate in rows.items():
        table.add_row(name, *(f"{math.exp(rate * 7 * weeks / 3):.2f}" for weeks in WEEKS))
    console.print(table)


def _costs(console: Any, therapy: Therapy) -> None:
    costs, told = therapy.costs, []
    if costs.toxic_stop_per_year is not None:
        told.append(f"stopped for toxicity: {costs.toxic_stop_per_year.value:g} a year; {founded(costs.toxic_stop_per_year)}")
    if costs.deaths is not None:
        told.append(f"deaths: {costs.deaths.rate.value:.1%} in {costs.deaths.over_days.value:g} days; {founded(costs.deaths.rate)}")
    for harm in costs.toxicities:
        name = f"{harm.name.replace('-', ' ')}, grade {harm.grade}"
        if harm.rate is not None:
            span = harm.rate.interval
            share = f"{harm.rate.value:.1%} of courses" + (f" ({span[0]:.1%} to {span[1]:.1%})" if span else "")
            told.append(f"{name}: {share}; {founded(harm.rate)}")
        elif harm.by_dose is not None and therapy.dose is not None:
            share = ", ".join(f"{part:.1%} by {dose:g}" for dose, part in harm.by_dose.points if part)
            told.append(f"{name}: {share} {therapy.dose.unit}; {harm.by_dose.basis}: {harm.by_dose.reason}")
    console.print("[bold]Costs[/bold]" + ("" if told else " none told"))
    for line in told:
        console.print(f"  {line}", soft_wrap=True)


def published(finding: Finding) -> str:
    """A published number in words: study, measure, value and interval, of what."""
    from paget.evidence import load
    from paget.therapy.files import picked

    result = picked(load()[finding.study], finding)[0]
    if result.value is None:
        return f"{finding.study}: {finding.measure.replace('_', ' ')} by {result.by}"
    limits = f" ({result.ci[0]:g} to {result.ci[1]:g})" if result.ci and None not in result.ci else ""
    of = finding.comparison or finding.of or finding.arm or result.comparison
    return f"{finding.study}: {finding.measure.replace('_', ' ')} of {finding.endpoint.replace('-', ' ')} {result.value:g}{limits}" + (
        f", {of}" if of else ""
    )


def _readouts(console: Any, therapy: Therapy) -> None:
    if not therapy.readouts:
        return
    console.print("[bold]Should show[/bold] (an input or anchor set a number of this file; a prediction did not)")
    for one in therapy.readouts:
        after = f", after {one.after}" if one.after else ""
        told = f"  {one.given} against {one.against}{after}: {one.endpoint.replace('-', ' ')} {one.expect} ({one.role}). {one.reason}"
        console.print(told + (f" Published: {published(one.finding)}" if one.finding else ""), soft_wrap=True)


def _evidence(console: Any, therapy: Therapy) -> None:
    from paget.evidence import load, reference

    base = load()
    console.print("[bold]Evidence[/bold]" + ("" if therapy.sources else " none"))
    for study in therapy.sources:
        console.print(f"  {study}: {reference(base[study])}", soft_wrap=True)
