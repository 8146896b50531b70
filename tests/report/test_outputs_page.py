"""docs/outputs.md names every variable with its label, every parameter and every figure with its columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_figures import FIGURES

from paget.tables.labels import LABELS, TTE_PARAMS
from paget.tables.rules import SCHEMAS

PAGE = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_variable_is_told(name: str) -> None:
    """The section of a table lists its variables, in the order of the file and with the labels of the file."""
    section = PAGE[PAGE.index(f"### `{name}`") :]
    rows = "\n".join(f"| `{column}` | {LABELS[column]} |" for column in SCHEMAS[name])
    assert rows in section


def test_every_parameter_is_told() -> None:
    """Each time to event has its row."""
    assert [code for code in TTE_PARAMS if f"| `{code}` |" not in PAGE] == []


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_and_its_columns_are_told(name: str) -> None:
    """The row of a figure names the columns of its CSV."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    told = row.split("|")[-2].strip(" `").split(", ")
    for column in FIGURES[name]().data.columns:
        assert column in told or any(t.endswith("...") and column.startswith(t[:-3]) for t in told), column
