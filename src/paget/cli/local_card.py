"""What ``paget show`` prints of a local treatment: limits, curve and its components, the arithmetic, costs, and what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paget.therapy.local_form import LocalTreatment

DIAMETERS_CM = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0)


def show_local(console: Any, local: LocalTreatment) -> None:
    """Print the local part of a therapy.

    Parameters
    ----------
    console : rich.console.Console
    local : LocalTreatment
    """
    from rich.table import Table

    console.print(f"[bold]Treats[/bold] {', '.join(local.places)}: {_scope(local)}")
    for line in _limits(local):
        console.print(f"  {line}", soft_wrap=True)
    console.print("[bold]Lesions eradicated by one session, by diameter[/bold]")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for cm in DIAMETERS_CM:
        table.add_column(f"{cm:g} cm", justify="right")
    for name, values in local.components_at(DIAMETERS_CM).items():
        table.add_row(name, *(f"{value:.2f}" for value in values))
    if local.lasting is not None:
        table.add_row("complete response at first", *(f"{value:.2f}" for value in local.complete_at(DIAMETERS_CM)))
    console.print(table)
    console.print("[bold]How it was worked out[/bold]")
    for line in local.arithmetic():
        console.print(f"  {line}", soft_wrap=True)
    console.print("[bold]Costs[/bold]")
    for line in _costs(local):
        console.print(f"  {line}", soft_wrap=True)
    if local.published:
        console.print("[bold]Beside what was published[/bold] (an input set the curve; a prediction did not)")
        rows = Table(box=None, pad_edge=False)
        for column in ("study", "what", "published", "here", "role"):
            rows.add_column(column, justify="right" if column in ("published", "here") else "left", overflow="fold")
        for result in local.published:
            what = f"{result.what} ({result.measure})" + (f"; {result.note}" if result.note else "")
            n = f" of {result.n}" if result.n else ""
            rows.add_row(result.study, what, f"{result.value:.2f}{n}", f"{local.expected(result):.2f}", result.role)
        console.print(rows)


def _scope(local: LocalTreatment) -> str:
    return "lesions that are seen, one by one" if local.scope == "lesions" else "all that is there, seen or not"


def _limits(local: LocalTreatment) -> list[str]:
    limits = local.limits
    told = [f"ECOG at most {limits.max_ecog.value:g}"]
    if limits.max_lesions:
        told.append(f"at most {limits.max_lesions.value:g} lesions")
    if limits.min_cm:
        told.append(f"lesions from {limits.min_cm.value:g} cm on")
    if limits.max_cm:
        told.append(f"none larger than {limits.max_cm.value:g} cm")
    told.append("disease elsewhere allowed" if limits.elsewhere else "no visible distant disease elsewhere")
    return [*told, limits.why]


def _costs(local: LocalTreatment) -> list[str]:
    told = [f"death within 30 days {local.mortality_30_days.value:.2%} (times {local.mortality_ecog2.value:g} from ECOG 2)"]
    if local.pause_days.value:
        told.append(f"{local.pause_days.value:g} days without systemic therapy")
    if local.wound:
        told.append("leaves a wound")
    if local.sessions > 1 and local.interval_days:
        told.append(f"up to {local.sessions} sessions, {local.interval_days.value:g} days apart, of what is still seen")
    told += [f"{harm.name.replace('-', ' ')} (grade {harm.grade}): {harm.rate.value:.1%} of {harm.of}" for harm in local.complications]
    return told
