"""What ``paget design`` reads from its options and prints at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from paget.design.options import EVERYBODY
from paget.design.vary import PATIENTS, short, shown
from paget.errors import PagetError

if TYPE_CHECKING:
    from rich.table import Table


def parse_looks(text: str) -> int | list[float]:
    """A number of looks, or information times.

    Examples
    --------
    >>> parse_looks("3"), parse_looks("0.5,1")
    (3, [0.5, 1.0])
    """
    try:
        numbers = [float(part) for part in text.strip("[] ").split(",")]
    except ValueError:
        raise PagetError("these are not looks", where="--looks", got=text, expected="how many, or information times: 0.5,0.75,1") from None
    return int(numbers[0]) if len(numbers) == 1 and numbers[0] == int(numbers[0]) else numbers


def populations(names: Sequence[str], protocol: str) -> list[str]:
    """Populations to search: ``every`` is all of them."""
    if "every" not in names:
        return list(names)
    from paget.study import load_protocol

    return [EVERYBODY, *(group.id for group in load_protocol(protocol).analyses.subgroups)]


def _error(row: dict[str, Any], name: str, digits: int) -> str:
    """A number and its Monte-Carlo error, as short as can be: ``0.084 ±.012``."""
    value, error = row.get(name), row.get(f"{name}_mcse")
    if value is None:
        return "-"
    text = f"{value:,.{digits}f}"
    return text if error is None else f"{text} ±" + f"{error:.{max(digits, 1)}f}".removeprefix("0")


def design_tables(data: dict[str, Any]) -> list[Table]:
    """Tables for `rich.print`: scenarios, then the search where there was one."""
    tables = [_scenarios(data)]
    if data["search"]:
        tables.append(_search(data["search"]))
    if data["switching"]:
        tables.append(_switching(data["switching"]))
    if data["assurance"].get("scenarios"):
        tables.append(_assurance(data["assurance"]))
    return tables


def _table(title: str, columns: Sequence[str], caption: str = "") -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, caption=caption or None, caption_justify="left")
    for i, name in enumerate(columns):
        table.add_column(name, overflow="fold", justify="left" if i == 0 or name == "note" else "right")
    return table


def _scenarios(data: dict[str, Any]) -> Table:
    from rich.text import Text

    rows = data["scenarios"]
    varied = list(data["designs"][0]["varied"])
    null = any("type_one_error" in row for row in rows)
    head = [short(name) for name in varied] or ["scenario"]
    head += [] if PATIENTS in varied else ["patients"]
    looks = any("stopped_early" in row for row in rows)
    other = not looks and any(row.get("power_maxcombo") is not None for row in rows)  # which has no looks
    head += ["power", *(["type-I error"] if null else []), "formula", *(["maxcombo"] if other else []), "HR", "events", "months"]
    head += ["stop early", "futile"] if looks else []
    note = data["assurance"].get("note", "")
    table = _table(
        f"{data['protocol']}: {data['endpoint']}, {rows[0]['trials']:,} trials per scenario (seed {data['seed']})", head,
        f"± Monte-Carlo error. formula: from the model's hazard ratio and the simulated events. {note}. "
        "Research software: not for clinical use.",
    )  # fmt: skip
    for design, row in zip(data["designs"], rows, strict=True):
        cells = [shown(design["varied"][name]) for name in varied] or ["as the protocol"]
        if PATIENTS not in varied:
            cells.append(f"{row['patients']:,}")
        cells += [_error(row, "power", 3), *([_error(row, "type_one_error", 3)] if null else []), _error(row, "power_formula", 3)]
        cells += [_error(row, "power_maxcombo", 3)] if other else []
        cells += [_error(row, "hazard_ratio", 3), _error(row, "events", 0), _error(row, "duration_months", 1)]
        cells += [_error(row, "stopped_early", 2), _error(row, "futile", 2)] if looks else []
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _search(search: dict[str, Any]) -> Table:
    from rich.text import Text

    table = _table(
        f"Smallest trial with a power of {search['power']:g}",
        ["population", "share", "HR", "randomised", "assessed", "a month", "by formula", "note"],
    )
    for one in search["populations"]:
        ratio = one["effect"]["hazard_ratio"]
        error = ((one["patients_se"] or 0.0) ** 2 + (one["patients_population_se"] or 0.0) ** 2) ** 0.5
        cells = [
            one["label"], f"{100 * one['share']:.0f} %", "-" if ratio is None else f"{ratio:.3f}",
            "not reached" if one["patients"] is None else f"{one['patients']:,} ± {error:,.0f}",
            "-" if one["screened"] is None else f"{one['screened']:,}",
            _rate(one),
            "-" if one["formula_patients"] is None else f"{one['formula_patients']:,.0f}", one["note"],
        ]  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _rate(one: dict[str, Any]) -> str:
    """Patients a month that the smallest trial would have to recruit."""
    at = next((p for p in one["points"] if p["patients"] == one["patients"]), None)
    return "-" if at is None or at["accrual_per_month"] is None else f"{at['accrual_per_month']:.1f}"


def _switching(rows: list[dict[str, Any]]) -> Table:
    from rich.text import Text

    table = _table(
        f"Crossover by {100 * rows[0]['switched']:.0f} % of the control arm: hazard ratio of death by analysis",
        ["analysis", "HR", "bias (log)"],
    )
    for one in rows:
        ratio = "-" if one["hazard_ratio"] is None else f"{one['hazard_ratio']:.3f} ± {one['mcse']:.3f}"
        bias = "-" if one.get("bias_log") is None else f"{one['bias_log']:+.3f} ± {one['bias_mcse']:.3f}"
        table.add_row(Text(one["method"]), ratio, bias)
    return table


def _assurance(found: dict[str, Any]) -> Table:
    from rich.text import Text

    table = _table(
        "Assurance", ["scenario", "assurance", "draws with benefit", "EVPPI, months", "trial, months"],
        f"{found['note']}. EVPPI: what knowing the parameters would gain per patient over deciding now; trial: what following its finding "
        "gains over deciding now (below 0: it would miss more than it spares).",
    )  # fmt: skip
    for one in found["scenarios"]:
        error = "" if one["mcse"] is None else f" ± {one['mcse']:.3f}"
        table.add_row(
            Text(one["label"]), f"{one['assurance']:.3f}{error}", f"{100 * one['probability_of_benefit']:.0f} %",
            f"{one['evppi_months']:.3f}", f"{one['trial_value_months']:.3f}",
        )  # fmt: skip
    return table
