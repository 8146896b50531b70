"""Which studies and figures are kept out of every fit, declared in one file (``heldout.yaml``) with a hash that every report carries."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from paget.errors import PagetError
from paget.evidence.store import load
from paget.forms import parse, text_of, validated

POSTERIORS = ("blind", "informed")


class HeldOut(BaseModel):
    """One study, or one figure of it, that is predicted and never fitted.

    Attributes
    ----------
    id : str, optional
        Study of which nothing is a target.
    study : str, optional
        Study of which only the figures of ``row`` are held out.
    row : str, optional
        Row of the table of anchors and predictions that yields the figure.
    protocol : str, optional
        Protocol whose published figures are predicted; ``cut`` names an earlier look of it.
    under : tuple of str
        Posteriors under which it is held out.
    seen : bool
        The point values were placed with it in view, so it is no test of them; no fit used it.
    likelihood : dict, optional
        Of a row: kind, and n or sd where the source prints no interval.
    reason : str
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str | None = None
    study: str | None = None
    row: str | None = None
    protocol: str | None = None
    cut: str | None = None
    under: tuple[Literal["blind", "informed"], ...] = POSTERIORS  # type: ignore[assignment]
    seen: bool = False
    likelihood: dict[str, Any] | None = None
    reason: str = Field(min_length=10)

    @model_validator(mode="after")
    def _whole(self) -> HeldOut:
        if (self.id is None) == (self.study is None):
            raise ValueError("either `id` (the whole study) or `study` (some of its figures)")
        if (self.row is None) == (self.protocol is None):
            raise ValueError("either `row` or `protocol` says how it is predicted")
        if self.study is not None and self.row is None:
            raise ValueError("`study` needs the `row` that is held out")
        if (self.likelihood is None) != (self.row is None):
            raise ValueError("a `row`, and nothing else, needs its `likelihood`")
        if self.cut is not None and self.protocol is None:
            raise ValueError("`cut` is a look of a protocol")
        if not self.under:
            raise ValueError("`under` names at least one posterior")
        return self

    @property
    def evidence(self) -> str:
        """Id of the study."""
        return str(self.id or self.study)

    @property
    def name(self) -> str:
        """Name in tables: the study, or the row."""
        return str(self.row or self.id)


@dataclass(frozen=True)
class HeldOutList:
    """The declared list."""

    entries: tuple[HeldOut, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of what is held out, under what, and how it is predicted; reasons do not count."""
        plain = [entry.model_dump(mode="json", exclude={"reason"}) for entry in self.entries]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """Studies and rows."""
        return tuple(entry.name for entry in self.entries)

    def kept_out(self) -> frozenset[str]:
        """Ids of studies and of rows that no target may have."""
        return frozenset(one for entry in self.entries for one in (entry.id, entry.row) if one is not None)

    def under(self, kind: str) -> HeldOutList:
        """What is held out under a kind of values: ``informed``, ``blind`` (and variants of it), or not fitted (``point``, ``prior``)."""
        name = "informed" if kind == "informed" else "blind"
        fitted = kind not in ("point", "prior", "given")
        return HeldOutList(tuple(entry for entry in self.entries if name in entry.under and (fitted or not entry.seen)))


def held_out(path: Path | None = None) -> HeldOutList:
    """The declared list, or that of a user's file.

    Raises
    ------
    PagetError
        The file is malformed, names a study that does not exist or is retracted, or has an entry twice.
    """
    return _shipped() if path is None else _read(text_of(path), str(path))


@lru_cache(maxsize=1)
def _shipped() -> HeldOutList:
    return _read(files("paget.evidence").joinpath("heldout.yaml").read_text(encoding="utf-8"), "heldout.yaml")


def _read(text: str, where: str) -> HeldOutList:
    data = parse(text, where, "list of what is held out")[0]
    given = data.get("held_out") if isinstance(data, dict) else None
    if not isinstance(given, list) or not given:
        raise PagetError("not a list of what is held out", where=where, key="held_out", expected="a list of entries")
    entries: list[HeldOut] = []
    for number, item in enumerate(given):
        key = f"held_out[{number}]"
        entry = validated(HeldOut, item, where, key)
        try:
            load().usable(entry.evidence)
        except PagetError as error:
            raise PagetError(error.message, where=where, key=key, got=entry.evidence, expected=error.expected, fix=error.fix) from None
        if any((entry.name, entry.protocol, entry.cut) == (other.name, other.protocol, other.cut) for other in entries):
            raise PagetError("held out twice", where=where, key=key, got=entry.name)
        entries.append(entry)
    return HeldOutList(tuple(entries))
