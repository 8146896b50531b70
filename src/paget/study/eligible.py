"""Who of the candidates may enter, and which condition keeps the others out.

An unknown value (null) does not satisfy a condition: a clinic that cannot show eligibility does not enrol.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paget.errors import PagetError, nearest
from paget.study.attributes import ATTRIBUTES, columns, expression
from paget.study.conditions import Test

if TYPE_CHECKING:
    import polars as pl


def test_expression(test: Test) -> pl.Expr:
    """Polars expression: true where a condition holds, false where it does not or is unknown."""
    import polars as pl

    value = expression(test.attribute)
    parts: list[pl.Expr] = []
    for name, bound in test.tests.items():
        if name == "at_least":
            parts.append(value >= bound)
        elif name == "at_most":
            parts.append(value <= bound)
        elif name == "above":
            parts.append(value > bound)
        elif name == "below":
            parts.append(value < bound)
        elif name == "is":
            parts.append(value == bound)
        elif name == "in":
            parts.append(value.is_in(list(bound)))
        else:
            parts.append(~value.is_in(list(bound)))
    return pl.all_horizontal(parts).fill_null(False)


def need_columns(frame: pl.DataFrame, tests: Sequence[Test], *, where: str | Path | None = None) -> None:
    """Raise `PagetError` where the table lacks a column that a condition needs."""
    for column in columns([test.attribute for test in tests]):
        if column not in frame.columns:
            guess = nearest(column, frame.columns)
            fix = f"did you mean the column {guess!r}?" if guess else None
            raise PagetError(
                "the candidates' table lacks a column",
                where=where,
                key=column,
                got=", ".join(frame.columns[:12]),
                fix=fix,
            )


def mask(frame: pl.DataFrame, conditions: Sequence[Test], *, where: str | Path | None = None) -> pl.Series:
    """Boolean series, one value per candidate: whether all conditions hold (all true where there is none)."""
    import polars as pl

    need_columns(frame, conditions, where=where)
    if not conditions:
        return pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True).alias("eligible")
    return frame.select(
        pl.all_horizontal([test_expression(test) for test in conditions]).alias("eligible")
    ).to_series()


def attrition(
    frame: pl.DataFrame, conditions: Sequence[Test], *, where: str | Path | None = None
) -> pl.DataFrame:
    """Return what each condition removes, alone and in sequence.

    Returns
    -------
    polars.DataFrame
        One row per condition, in order: ``step`` (from 1), ``attribute``, ``condition`` (in words),
        ``removed_alone`` (candidates that this condition alone would remove), ``share_alone`` (of all
        candidates), ``removed_in_sequence`` (of those left by the conditions before), ``remaining``.
    """
    import polars as pl

    left = pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True)
    rows = []
    for step, condition in enumerate(conditions, start=1):
        holds = mask(frame, [condition], where=where)
        before = int(left.sum())
        left = left & holds
        alone = frame.height - int(holds.sum())
        rows.append(
            {
                "step": step,
                "attribute": condition.attribute,
                "condition": condition.text(),
                "removed_alone": alone,
                "share_alone": alone / frame.height if frame.height else 0.0,
                "removed_in_sequence": before - int(left.sum()),
                "remaining": int(left.sum()),
            }
        )
    schema = {
        "step": pl.Int64,
        "attribute": pl.String,
        "condition": pl.String,
        "removed_alone": pl.Int64,
        "share_alone": pl.Float64,
        "removed_in_sequence": pl.Int64,
        "remaining": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema)


def check_not_empty(
    frame: pl.DataFrame, conditions: Sequence[Test], *, needed: int = 1, where: str | Path | None = None
) -> pl.DataFrame:
    """Return the attrition table, if at least ``needed`` candidates are eligible.

    Raises
    ------
    PagetError
        Too few are: says which condition empties the population, and by how much it misses the nearest
        candidate.
    """
    table = attrition(frame, conditions, where=where)
    if frame.height == 0:
        raise PagetError(
            "there are no candidates to choose from", where=where, expected="a table with at least one row"
        )
    remaining = int(table["remaining"][-1]) if table.height else frame.height
    if remaining >= needed:
        return table
    # A condition that removes everybody by itself is named first; otherwise the step at which too few are
    # left.
    worst = [i for i, alone in enumerate(table["removed_alone"]) if alone == frame.height]
    position = worst[0] if worst else next(i for i, left in enumerate(table["remaining"]) if left < needed)
    condition = conditions[position]
    row = table.row(position, named=True)
    if worst:
        what = f"this condition alone removes all {frame.height} candidates"
    else:
        before = row["remaining"] + row["removed_in_sequence"]
        what = f"{before} of {frame.height} candidates pass those before, this leaves {row['remaining']}"
    steps = "; ".join(
        f"{r['condition']}: {r['removed_alone']} alone, {r['remaining']} left"
        for r in table.iter_rows(named=True)
    )
    raise PagetError(
        f"too few patients are eligible ({remaining}, needed {needed}): {what}{_miss(frame, condition)}",
        where=where,
        key=condition.attribute,
        got=condition.text(),
        expected=f"conditions that leave at least {needed} patients",
        fix=f"relax this condition, or offer more candidates ({steps})",
    )


def _miss(frame: pl.DataFrame, condition: Test) -> str:
    attribute = ATTRIBUTES[condition.attribute]
    values = frame.select(expression(condition.attribute)).to_series().drop_nulls()
    if values.is_empty():
        return f"; {attribute.name} is unknown for everybody"
    if not attribute.ordered:
        counts = values.cast(str).value_counts(sort=True).head(6).rows()
        return "; candidates have: " + ", ".join(f"{level} {count}" for level, count in counts)
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    unit = f" {attribute.unit}" if attribute.unit else ""
    told = f"; candidates have {attribute.name} from {low:.4g} to {high:.4g}{unit}"
    floor = max((b for b in (condition.at_least, condition.above) if b is not None), default=None)
    ceiling = min((b for b in (condition.at_most, condition.below) if b is not None), default=None)
    if floor is not None and high < floor:
        return told + f", the nearest is {floor - high:.4g}{unit} too low"
    if ceiling is not None and low > ceiling:
        return told + f", the nearest is {low - ceiling:.4g}{unit} too high"
    return told
