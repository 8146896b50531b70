"""Which numbers of a protocol were read somewhere, and which were assumed.

Both lists name keys of the same file, so that a computer can check that every number of the design has one
or the other (`unsourced`). Baseline items, conditions and published results carry their own source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from paget.errors import nearest
from paget.forms.faults import Fault
from paget.study.values import Block, EvidenceId, Scalar, Text

DESIGN = ("time_zero", "randomisation", "arms", "accrual", "follow_up", "drop_out", "assessments")
"""Blocks whose numbers must be sourced or declared assumed."""
SELF_SOURCED = ("conditions", "at_diagnosis_if")


class Assumption(Block):
    """A value that was not read anywhere: what it is, why this value, and another one to try.

    ``what`` is a key of this file (``arms.lrt.locoregional.received_fraction``; lists by id or position),
    or, if it holds a space, a statement in words.
    """

    what: Text
    value: Scalar | None = None
    reason: Text
    varied: Scalar | None = Field(default=None, description="One other value, to see whether it matters")


class Source(Block):
    """Where values were read: an evidence id, or a page."""

    what: tuple[Text, ...] = Field(min_length=1, description="Keys of this file")
    evidence: EvidenceId | None = None
    page: Text | None = None


def lookup(root: BaseModel, path: str) -> tuple[object, str | None]:
    """Value at a dotted key, and None; or None and the first part that does not exist.

    Lists are entered by the ``id`` of an item or by its position.
    """
    here: Any = root
    for part in path.split("."):
        inside = children(here)
        if inside.get(part) is None:  # a key without a value is as good as absent
            guess = nearest(part, [name for name, value in inside.items() if value is not None])
            return None, f"{part!r}" + (f"; did you mean {guess!r}?" if guess else "")
        here = inside[part]
    return here, None


def children(value: object) -> dict[str, Any]:
    """Named parts of a block or list."""
    if isinstance(value, BaseModel):
        return {name.rstrip("_"): getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, tuple):
        return {str(getattr(item, "id", position)): item for position, item in enumerate(value)}
    if isinstance(value, dict):
        return {str(name): item for name, item in value.items()}
    return {}


def numbers(value: object, path: str) -> Iterator[str]:
    """Dotted keys of all numbers under a value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield path
    for name, item in children(value).items():
        if name not in SELF_SOURCED:
            yield from numbers(item, f"{path}.{name}")


def unsourced(protocol: Any) -> list[str]:
    """Dotted keys of the design's numbers that are neither sourced nor declared assumed."""
    declared = [assumption.what for assumption in protocol.assumptions]
    declared += [what for source in protocol.sources for what in source.what]
    covered = tuple(what + "." for what in declared)
    found = []
    for block in DESIGN:
        if block == "randomisation" and len(protocol.arms) == 1:
            continue  # nobody is randomised
        for path in numbers(getattr(protocol, block), block):
            if path not in declared and not path.startswith(covered) and not _is_default(protocol, path):
                found.append(path)
    return found


def _is_default(protocol: Any, path: str) -> bool:
    parent, _ = lookup(protocol, path.rsplit(".", 1)[0])
    return isinstance(parent, BaseModel) and path.rsplit(".", 1)[1] not in parent.model_fields_set


def check(protocol: Any) -> list[Fault]:
    """Keys that do not exist, and assumed values that differ from the value in force."""
    faults = []
    for position, assumption in enumerate(protocol.assumptions):
        if " " in assumption.what:
            continue
        value, missing = lookup(protocol, assumption.what)
        if missing is not None:
            faults.append(_no_key(("assumptions", position, "what"), assumption.what, missing))
        elif assumption.value is not None and not _same(value, assumption.value):
            faults.append(
                Fault(
                    ("assumptions", position, "value"),
                    f"differs from the value in force at {assumption.what}",
                    assumption.value,
                    repr(value),
                    "make the two agree, or leave value out here",
                )
            )
    for position, source in enumerate(protocol.sources):
        if (source.evidence is None) == (source.page is None):
            faults.append(Fault(("sources", position), "needs an evidence id or a page, and not both"))
        for place, what in enumerate(source.what):
            _, missing = lookup(protocol, what)
            if missing is not None:
                faults.append(_no_key(("sources", position, "what", place), what, missing))
    return faults


def _same(value: object, said: object) -> bool:
    if isinstance(value, int | float) and isinstance(said, int | float):
        return abs(value - said) <= 1e-9 * max(1.0, abs(value))
    return value == said


def _no_key(key: tuple[str | int, ...], path: str, missing: str) -> Fault:
    fix = "write the key as in this file, or a sentence with spaces for something that has no key"
    return Fault(
        key, f"no such key: {missing}", path, "a key such as arms.lrt.locoregional.received_fraction", fix
    )
