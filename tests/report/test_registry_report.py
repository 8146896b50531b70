"""Assures the figure of a decomposition and the tables of a registry: every number drawn is in the data, words are escaped."""

import io
import math

import pytest
from rich.console import Console

from paget.report.figures.decomposition import BiasStep, draw
from paget.report.registry import decomposition_table, factor_text, ladder_table, ratio_text, truth_text
from paget.report.save import png_bytes, svg_text

STEPS = [
    BiasStep("early staging", "a & b", 0.45, 0.40, 0.01, 0.89, 0.01),
    BiasStep("selection", "x < y", 0.40, 0.70, 0.02, 1.5, 0.02),
    BiasStep("immortal time", "z", 0.70, 1.01, 0.03, 1.4, 0.03),
]


def row(**changes):
    """One row of a ladder."""
    return {
        "view": "recorded", "label": "Landmark [6]", "hazard_ratio": 0.8, "ci_low": 0.7, "ci_high": 0.9, "contrast": "conditional",
        "truth": {"hazard_ratio": 1.0, "conditional_hazard_ratio": 0.97, "rmst_difference_months": 0.1}, "bias_log": math.log(0.8 / 0.97),
        "bias_mc_se_log": 0.05, "rmst_difference_months": {"value": 2.0}, "problem": "", **changes,
    }  # fmt: skip


def test_the_waterfall_draws_what_it_says():
    """Data hold the start, each step and the end; the words name them; files can be made."""
    drawing = draw(STEPS, start_se=0.02, end_se=0.03)
    assert drawing.data["ratio_after"].to_list() == [0.45, 0.40, 0.70, 1.01, 1.01]
    assert "without selection 0.70" in drawing.alt and "0.45" in drawing.alt
    svg = svg_text(drawing)
    assert "x &lt; y" in svg and "× 1.75" in svg and "× 1.50" in svg
    assert png_bytes(drawing)[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="at least one step"):
        draw([], start_se=0, end_se=0)


def test_numbers_of_a_row_in_words():
    """Ratio with interval; truth at the row's covariates is marked; a bias has its error; nothing where there is nothing."""
    assert ratio_text(row()) == "0.80 (0.70 to 0.90)" and truth_text(row()) == "0.970 (c)"
    assert truth_text(row(contrast="marginal")) == "1.000"
    assert factor_text(math.log(0.5), 0.02) == "0.50 ± 0.020" and factor_text(None, None) == ""
    assert ratio_text(row(hazard_ratio=None)) == ""


def test_terminal_tables_show_labels_as_they_are():
    """Square brackets in a label are no markup; what cannot be answered is said; narrow terminals leave out the restricted means."""
    console = Console(width=90, record=True, file=io.StringIO())
    console.print(ladder_table([row(), row(hazard_ratio=None, problem="why")], title="t", width=90))
    text = console.export_text()
    assert "Landmark [6]" in text and "not answerable" in text and "RMST" not in text
    step = {
        "component": "selection", "about": "", "alone_hazard_ratio": 0.6, "alone_true_hazard_ratio": 1.0, "contribution_log": -0.2,
        "contribution_se_log": 0.01, "after_hazard_ratio": 0.9, "after_true_hazard_ratio": 1.0, "step_log": -0.3, "step_se_log": 0.02,
    }  # fmt: skip
    console.print(decomposition_table({"hazard_ratio": 0.5, "true_hazard_ratio": 1.0}, [step]))
    shown = console.export_text()
    assert "without selection" in shown and "1.35 ± 0.020" in shown and "0.500" in shown
