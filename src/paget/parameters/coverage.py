"""What the evidence behind a set of values covers: a result outside it is an extrapolation, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class Coverage:
    """For what there is at least one target (a published figure that values were placed on or fitted to).

    Attributes
    ----------
    standards : tuple of str
        Standards of care under which an outcome of metastatic disease is a target.
    regimens : tuple of str
        First-line regimens with an outcome of their own among the targets.
    subtypes : tuple of str
        Subtypes with an outcome of their own.
    sources : tuple of str
        Ways of presenting, ``de-novo`` and ``relapse``.
    splits : tuple of str
        Attributes by which targets split outcomes: subgroups by anything else are extrapolated.
    procedures : tuple of str
        Local treatments whose contrast with none is a target.
    """

    standards: tuple[str, ...] = ()
    regimens: tuple[str, ...] = ()
    subtypes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Coverage:
        """Make one from plain data, as it stands in the manifest of a posterior."""
        return cls(**{field.name: tuple(str(one) for one in given.get(field.name, ())) for field in fields(cls)})

    def plain(self) -> dict[str, list[str]]:
        """As plain data."""
        return {field.name: list(getattr(self, field.name)) for field in fields(self)}


@lru_cache(maxsize=1)
def of_point_values() -> Coverage:
    """Coverage of the anchors that the point values were placed on (``coverage.yaml``; a test holds it to the anchors)."""
    text = files("paget.parameters").joinpath("coverage.yaml").read_text(encoding="utf-8")
    return Coverage.of(yaml.load(text, Loader=yaml.CSafeLoader))
