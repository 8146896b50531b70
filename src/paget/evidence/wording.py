"""A result as one line of text, for messages, lists and tables."""

from __future__ import annotations

from paget.evidence.models import Result


def describe(result: Result) -> str:
    """Tell a result in one line, for messages and lists.

    Examples
    --------
    >>> from paget.evidence import load
    >>> describe(load().one("e2108", measure="hazard_ratio", subgroup=None))
    'hazard_ratio overall-survival systemic+lrt vs systemic = 1.11 (0.82 to 1.52)'
    """
    where = [result.endpoint, result.of and f"of {result.of}", result.arm, result.comparison]
    where += [result.subgroup and f"[{result.subgroup}]"]
    if result.at_months is not None:
        where.append(f"at {result.at_months:g} months")
    name = " ".join([result.measure, *(part for part in where if part)])
    return f"{name} = {shown(result)}"


def shown(result: Result) -> str:
    """Write the number(s) of a result as text, with interval and unit."""
    if result.value is not None:
        text = f"{result.value:.6g}"
        if result.ci is not None:
            text += " (" + " to ".join("?" if x is None else f"{x:.6g}" for x in result.ci) + ")"
    elif result.items is not None:
        text = ", ".join(f"{c} {_cell(x)}" for c, x in zip(result.columns or (), result.items, strict=True))
    else:
        text = "; ".join(f"{_cell(row[0])}: {' / '.join(map(_cell, row[1:]))}" for row in result.pairs or ())
    return text if result.units in {"1", "fraction", "count", "mixed"} else f"{text} {result.units}"


def _cell(cell: object) -> str:
    return "-" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell)
