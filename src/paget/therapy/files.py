"""Therapy files: shipped ones and a user's own, read and checked; all mistakes of a file are told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from paget.errors import PagetError
from paget.forms import Fault, Key, explain, read, to_error
from paget.therapy.finding import Finding
from paget.therapy.form import Therapy

if TYPE_CHECKING:
    from paget.evidence import EvidenceBase
    from paget.evidence.models import Result, Study


def validate_therapy(data: Any, *, where: str | Path | None = None, lines: Mapping[Key, int] | None = None) -> Therapy:
    """A therapy from plain data, as YAML gives it.

    Raises
    ------
    PagetError
        All mistakes at once, each with key, value, what was expected and a fix.
    """
    if not isinstance(data, dict):
        raise PagetError("this is not a therapy", where=where, got=type(data).__name__, expected="keys such as id, title, class, route")
    odd = [key for key in data if not isinstance(key, str)]
    if odd:
        raise to_error([Fault((str(odd[0]),), "is not a key: keys are words", odd[0])], where, lines)
    try:
        return Therapy.model_validate(data)
    except ValidationError as error:
        raise to_error(explain(error, Therapy), where, lines) from None
    except RecursionError:
        raise PagetError("the file is nested too deeply", where=where) from None


def read_therapy(path: str | Path, *, base: EvidenceBase | None = None) -> Therapy:
    """A user's therapy file; its sources must be known studies that are not retracted.

    Raises
    ------
    PagetError
        The file does not exist, is not YAML, or has mistakes; all mistakes are told at once with their lines.
    """
    place = Path(path)
    if not place.is_file():
        raise PagetError(
            "this is a folder" if place.is_dir() else "there is no such file", where=place, expected="a therapy file (YAML)"
        )
    data, lines = read(place, "therapy")
    therapy = validate_therapy(data, where=place, lines=lines)
    faults = source_faults(therapy, base)
    if faults:
        raise to_error(faults, place, lines)
    return therapy


def therapy_from(given: str | Path | Mapping[str, Any]) -> Therapy:
    """A user's therapy from its file or from what is in it, checked with its sources."""
    if not isinstance(given, Mapping):
        return read_therapy(given)
    where = str(given.get("id", "therapy"))
    therapy = validate_therapy(dict(given), where=where)
    faults = source_faults(therapy)
    if faults:
        raise to_error(faults, where)
    return therapy


def source_faults(therapy: Therapy, base: EvidenceBase | None = None) -> list[Fault]:
    """Sources that do not exist or are retracted, findings that no result of their study is, and numbers that contradict each other."""
    from paget.evidence import load

    known = base if base is not None else load()
    faults = []
    cited: list[tuple[Key, str]] = [(("shown_on", k), study) for k, study in enumerate(therapy.shown_on)]
    cited += [((*_key(path), "sources"), study) for path, number in therapy.numbers() for study in number.sources]
    cited += [(("eligible", "sources"), study) for study in therapy.eligible.sources]
    readouts: list[tuple[Key, Finding]] = [(("readouts", k), one.finding) for k, one in enumerate(therapy.readouts) if one.finding]
    if therapy.adjuvant is not None:
        shown = enumerate(therapy.adjuvant.readouts)
        readouts += [(("adjuvant", "readouts", k), one.finding) for k, one in shown if one.finding]
    cited += [((*at, "finding", "study"), finding.study) for at, finding in readouts]
    if therapy.local is not None:
        cited += [(("local", "published", k, "study"), one.study) for k, one in enumerate(therapy.local.published)]
    for key, study in cited:
        try:
            known.usable(study)
        except PagetError as error:
            faults.append(Fault(key, error.message, study, error.expected, error.fix))
    if therapy.local is not None:
        faults += [fault.under(("local",)) for fault in therapy.local.contradictions()]
    if faults:
        return faults
    for at, finding in readouts:
        found = len(picked(known[finding.study], finding))
        if found != 1:
            faults.append(Fault(
                (*at, "finding"), f"picks {found} results of {finding.study}", finding.endpoint,
                f"exactly one; `paget evidence show {finding.study}` lists them",
            ))  # fmt: skip
    return faults


def _key(path: str) -> Key:
    """The parts of a path such as ``costs.toxicities[0].rate``."""
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path))


def picked(study: Study, finding: Finding) -> list[Result]:
    """Results of a study that a finding picks; a sound one picks exactly one."""
    return [
        result
        for result in study.results
        if result.measure == finding.measure and result.endpoint == finding.endpoint
        and (finding.comparison is None or result.comparison == finding.comparison)
        and (finding.of is None or result.of == finding.of)
        and (finding.arm is None or result.arm == finding.arm)
    ]  # fmt: skip


def shipped_therapies() -> dict[str, Therapy]:
    """Therapies that come with Paget, by id, in the order of their files."""
    found: dict[str, Therapy] = {}
    data = files("paget.therapy").joinpath("data")
    both = [item for name in ("therapies", "adjuvant") for item in sorted(data.joinpath(name).iterdir(), key=lambda entry: entry.name)]
    for item in both:
        if not item.name.endswith(".yaml"):
            continue
        therapy = validate_therapy(yaml.load(item.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), where=item.name)
        if item.name != f"{therapy.id}.yaml":
            raise PagetError("a therapy stands in a file of its own name", where=item.name, key="id", got=therapy.id)
        found[therapy.id] = therapy
    return found
