"""Parameters: what each number is, where it comes from, and its value."""

from paget.parameters.registry import (
    INDEX_LABELS,
    Parameter,
    ParameterSet,
    Prior,
    declared,
    record_type,
    switch_names,
)

__all__ = ["INDEX_LABELS", "Parameter", "ParameterSet", "Prior", "declared", "record_type", "switch_names"]
