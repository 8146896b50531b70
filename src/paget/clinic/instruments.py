"""Instruments as data: imaging, serum markers and their panels, assays of circulating tumour cells, schedules of follow-up; one file each.

What an instrument reads depends on the truth (a diameter, a burden, cells in the blood) and on its own error, never on who looks. A
schedule names the instruments that follow-up uses.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast

import yaml
from pydantic import Field, ValidationError, model_validator

from paget.biology.layout import PLACES
from paget.errors import PagetError, unknown
from paget.forms import Fault, Faults, explain, read, to_error
from paget.forms.quantities import Block, Curve, Name, Quantity, Rate, Text

Role = Literal["input", "prediction"]


class Check(Block):
    """A published number beside what the instrument gives on simulated patients; an input set a number of the file."""

    study: Text
    measure: Text
    endpoint: Text
    of: Text | None = None
    setting: Literal["relapse-under-surveillance", "relapse", "de-novo", "free-of-disease"]
    role: Role


class Organ(Block):
    """What imaging shows in one place: the share of lesions seen by diameter, and women in whom it shows what is not there."""

    detects: Curve
    false_positive: Rate | None = None


class Imaging(Block):
    """An imaging modality."""

    kind: Literal["imaging"]
    id: Name
    title: Text
    what: Text
    places: dict[str, Organ]
    measurement_sd_log: Quantity

    @model_validator(mode="after")
    def _known_places(self) -> Imaging:
        known = "one of " + ", ".join(PLACES)
        faults = [Fault(("places", place), "is no place", place, known) for place in self.places if place not in PLACES]
        if faults:
            raise Faults(faults)
        return self

    def detects(self, place: str, cm: float) -> float:
        """Probability that it shows a lesion of this diameter; 0 in places that it does not look at."""
        return self.places[place].detects.at(cm) if place in self.places else 0.0

    def half_cm(self, place: str) -> float:
        """Diameter from which it shows half of the lesions; infinite in places that it does not look at."""
        return self.places[place].detects.first_at(0.5) if place in self.places else float("inf")


class Marker(Block):
    """A serum marker: it has a level of its own in every woman, and rises with the burden where the tumour releases it."""

    kind: Literal["marker"]
    id: Name
    title: Text
    what: Text
    unit: Text
    cut_off: Quantity
    specificity: Rate
    between_sd_log: Quantity
    within_sd_log: Quantity
    released_by: Rate
    release_per_cm3: Quantity
    release_sd_log: Quantity
    checks: tuple[Check, ...] = ()


class Panel(Block):
    """Several markers read together: positive if one of them is; or if one rises over the woman's own earlier level."""

    kind: Literal["panel"]
    id: Name
    title: Text
    what: Text
    markers: Annotated[tuple[Name, ...], Field(min_length=2)]
    rise: Quantity | None = None
    earlier_samples: Annotated[int, Field(strict=True, ge=1)] = 3
    checks: tuple[Check, ...] = ()


class CellAssay(Block):
    """An assay of circulating tumour cells: what it recovers, of which cells, from how much blood, and how it reads."""

    kind: Literal["cells"]
    id: Name
    title: Text
    what: Text
    enrichment: Literal["immunomagnetic", "size filtration", "density gradient", "negative selection"]
    read_out: Literal["count", "RT-PCR"]
    volume_ml: Quantity
    recovery: Rate
    mesenchymal_recovery: Rate
    false_cells: Quantity
    positive_from: Quantity
    checks: tuple[Check, ...] = ()


class Blood(Block):
    """What is in the blood, whatever the assay: mesenchymal share of cells, and clusters among what is counted."""

    kind: Literal["blood"]
    id: Name
    title: Text
    what: Text
    mesenchymal_share: Rate
    cluster_share: Rate
    cluster_extra_cells: Quantity
    checks: tuple[Check, ...] = ()

    @model_validator(mode="after")
    def _some_epithelial(self) -> Blood:
        if self.mesenchymal_share.value >= 1:
            raise Faults([Fault(("mesenchymal_share", "value"), "leaves no epithelial cell", self.mesenchymal_share.value, "less than 1")])
        return self


class Schedule(Block):
    """Follow-up of operated early disease: which instruments look, how often, and what is done after a positive marker.

    ``read`` says when the panel counts as positive: a marker above its cut-off, or one that has risen over the woman's own level.
    """

    kind: Literal["schedule"]
    id: Name
    title: Text
    what: Text
    every_months: Quantity
    until_months: Quantity
    imaging: tuple[Name, ...] = ()
    panel: Name | None = None
    read: Literal["cut-off", "rise"] = "cut-off"
    work_up: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Schedule:
        faults = []
        if self.every_months.value <= 0:
            faults.append(Fault(("every_months", "value"), "must be more than nothing", self.every_months.value, "months"))
        if self.work_up and self.panel is None:
            faults.append(Fault(("panel",), "is missing: the work-up follows a positive marker", expected="a panel of markers"))
        if faults:
            raise Faults(faults)
        return self


Instrument: TypeAlias = Imaging | Marker | Panel | CellAssay | Blood | Schedule
KINDS: dict[str, type[Block]] = {
    "imaging": Imaging, "marker": Marker, "panel": Panel, "cells": CellAssay, "blood": Blood, "schedule": Schedule,
}  # fmt: skip


def validate_instrument(data: Any, *, where: str | Path | None = None, lines: Any = None) -> Instrument:
    """An instrument from plain data.

    Raises
    ------
    PagetError
        All mistakes at once.
    """
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise unknown("kind of instrument", str(kind), KINDS, where=where)
    try:
        made = KINDS[kind].model_validate(data)
    except ValidationError as error:
        raise to_error(explain(error, KINDS[kind]), where, lines) from None
    return cast(Instrument, made)


def read_instrument(path: str | Path) -> Instrument:
    """An instrument from a file of one's own."""
    place = Path(path)
    if not place.is_file():
        raise PagetError("there is no such file", where=place, expected="an instrument file (YAML)")
    data, lines = read(place, "instrument")
    return validate_instrument(data, where=place, lines=lines)


@lru_cache(maxsize=1)
def instruments() -> dict[str, Instrument]:
    """Instruments that come with Paget, by id."""
    found: dict[str, Instrument] = {}
    folder = files("paget.clinic").joinpath("data")
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.name.endswith(".yaml"):
            one = validate_instrument(yaml.load(item.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), where=item.name)
            if item.name != f"{one.id}.yaml":
                raise PagetError("an instrument stands in a file of its own name", where=item.name, key="id", got=one.id)
            found[one.id] = one
    return found


def of_kind(kind: str) -> list[str]:
    """Ids of the shipped instruments of a kind."""
    return [name for name, one in instruments().items() if one.kind == kind]


def instrument(name: str) -> Instrument:
    """One shipped instrument.

    Raises
    ------
    PagetError
        There is none of this name; the nearest is suggested.
    """
    if name not in instruments():
        raise unknown("instrument", name, instruments())
    return instruments()[name]
