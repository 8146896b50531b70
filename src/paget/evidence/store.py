"""The evidence base: every study under its id, found by id, by filter, by words, or as one table.

The shipped facts are split into their entries by text and each entry is parsed when it is first asked
for, so that a run that needs five studies does not pay for four hundred. A user's file is read whole and
checked strictly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import yaml

from paget.errors import PagetError, nearest
from paget.evidence.added import added_files
from paget.evidence.models import Kind, Level, Measure, Result, Site, Study, Topic
from paget.evidence.reading import read_file, study_from
from paget.evidence.wording import describe

if TYPE_CHECKING:
    import polars as pl


class _Any(Enum):
    ANY = "any"


ANY: Final = _Any.ANY
"""Filter that lets everything pass; ``None`` instead asks for results *without* that key."""

_ENTRY = re.compile(r"^- id: (\S+)$(?:\n  aliases: \[(.*)\]$)?", re.MULTILINE)


class EvidenceBase:
    """Studies by id, from the shipped facts and a user's own files.

    Made by `load`. An old id (an alias) resolves to the study that now holds its facts.
    """

    def __init__(self) -> None:
        self._studies: dict[str, Study] = {}  # parsed
        self._texts: dict[str, tuple[str, str]] = {}  # id -> (text of the entry, file), not yet parsed
        self._aliases: dict[str, str] = {}
        self._order: list[str] = []

    # -- filling ---------------------------------------------------------------------------------
    def _shelve(self, text: str, where: str) -> None:
        """Take in a shipped file, unparsed: entries start at `- id:` in the first column."""
        starts = list(_ENTRY.finditer(text))
        ends = [m.start() for m in starts[1:]] + [len(text)]
        for match, end in zip(starts, ends, strict=True):
            name = match[1]
            self._texts[name] = (text[match.start() : end], where)
            self._order.append(name)
            for alias in (match[2] or "").split(", ") if match[2] else ():
                self._aliases[alias] = name

    def _add(self, studies: Sequence[Study], where: Path) -> None:
        """Take in a user's file: nothing may take the place of what is there."""
        for study in studies:
            for name in (study.id, *study.aliases):
                if name in self:
                    raise PagetError(
                        f"the id {name!r} is taken",
                        where=where,
                        key=study.id,
                        fix="give the study an id of its own (a user's file adds, it never overrides)",
                    )
            if study.same_as is None:
                self._studies[study.id] = study
                self._order.append(study.id)
                self._aliases.update(dict.fromkeys(study.aliases, study.id))
        for study in studies:
            if study.same_as is not None:
                self._aliases[study.id] = self._target(study.same_as, where, f"{study.id}.same_as")
        for study in studies:
            for i, other in enumerate(study.overlaps):
                self._target(other, where, f"{study.id}.overlaps[{i}]")

    def _target(self, name: str, where: Path, key: str) -> str:
        if name not in self:
            raise self._unknown(name, where=where, key=key)
        return self.resolve(name)

    # -- by id -----------------------------------------------------------------------------------
    def resolve(self, name: str) -> str:
        """Give the id that a study now has, from any id it ever had.

        Raises
        ------
        PagetError
            For an id that does not exist, with the nearest that does.
        """
        if name in self._studies or name in self._texts:
            return name
        if name in self._aliases:
            return self._aliases[name]
        raise self._unknown(name)

    def __getitem__(self, name: str) -> Study:
        name = self.resolve(name)
        if name not in self._studies:
            text, where = self._texts[name]
            self._studies[name] = study_from(yaml.load(text, Loader=yaml.CSafeLoader)[0], where=where)
        return self._studies[name]

    def overlap(self, one: str, other: str) -> bool:
        """Whether two studies are one, or either says that it shares patients with the other."""
        a, b = self[one], self[other]
        said = {self.resolve(name) for name in a.overlaps}, {self.resolve(name) for name in b.overlaps}
        return a.id == b.id or b.id in said[0] or a.id in said[1]

    def __contains__(self, name: object) -> bool:
        return name in self._studies or name in self._texts or name in self._aliases

    def __iter__(self) -> Iterator[Study]:
        return (self[name] for name in self._order)

    def __len__(self) -> int:
        return len(self._order)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all studies, in the order of the files, without aliases."""
        return tuple(self._order)

    @property
    def aliases(self) -> dict[str, str]:
        """Old id -> present id."""
        return dict(self._aliases)

    def usable(self, name: str) -> Study:
        """Give a study that may be fitted to or compared with.

        Raises
        ------
        PagetError
            For an unknown id, or a retracted study.
        """
        study = self[name]
        if study.retracted:
            raise PagetError(
                f"{study.id} is retracted: it can be shown, never used",
                key=study.id,
                fix="take another study",
            )
        return study

    def _unknown(self, name: object, *, where: Path | None = None, key: str | None = None) -> PagetError:
        known = [*self._order, *self._aliases]
        guess = nearest(str(name).lower(), known) if isinstance(name, str) else None
        return PagetError(
            f"there is no study {name!r} in the evidence base",
            where=where,
            key=key,
            expected="an id that `paget evidence` lists",
            fix=f"did you mean {guess!r}?" if guess else "`paget evidence search WORDS` finds it",
        )

    # -- results ---------------------------------------------------------------------------------
    def find(
        self,
        name: str,
        *,
        measure: str | _Any | None = ANY,
        endpoint: str | _Any | None = ANY,
        arm: str | _Any | None = ANY,
        comparison: str | _Any | None = ANY,
        subgroup: str | _Any | None = ANY,
        at_months: float | _Any | None = ANY,
        of: str | _Any | None = ANY,
    ) -> list[Result]:
        """List the results of a study that pass all filters, whatever the case, spaces and hyphens.

        ``None`` asks for results without that key: ``subgroup=None`` leaves the subgroups out.

        Examples
        --------
        >>> from paget.evidence import load
        >>> [r.value for r in load().find("e2108", measure="survival", at_months=36)]
        [0.679, 0.684]
        """
        filters: dict[str, Any] = {
            "measure": measure,
            "endpoint": endpoint,
            "arm": arm,
            "comparison": comparison,
            "subgroup": subgroup,
            "at_months": at_months,
            "of": of,
        }
        if isinstance(measure, str) and measure not in get_args(Measure):
            raise _word("measure", measure, get_args(Measure))
        asked = {key: _plain(want) for key, want in filters.items() if want is not ANY}
        return [
            result
            for result in self[name].results
            if all(_plain(getattr(result, key)) == want for key, want in asked.items())
        ]

    def one(
        self,
        name: str,
        *,
        measure: str | _Any | None = ANY,
        endpoint: str | _Any | None = ANY,
        arm: str | _Any | None = ANY,
        comparison: str | _Any | None = ANY,
        subgroup: str | _Any | None = ANY,
        at_months: float | _Any | None = ANY,
        of: str | _Any | None = ANY,
    ) -> Result:
        """Give exactly one result.

        Raises
        ------
        PagetError
            Where none or several pass the filters, with the candidates.

        Examples
        --------
        >>> from paget.evidence import load
        >>> load().one("e2108", measure="hazard_ratio", subgroup=None).ci
        (0.82, 1.52)
        """
        filters: dict[str, Any] = {
            "measure": measure,
            "endpoint": endpoint,
            "arm": arm,
            "comparison": comparison,
            "subgroup": subgroup,
            "at_months": at_months,
            "of": of,
        }
        found = self.find(name, **filters)
        if len(found) == 1:
            return found[0]
        asked = ", ".join(f"{key}={want!r}" for key, want in filters.items() if want is not ANY)
        study = self[name]
        # none found: the results of that measure, or all, are what may have been meant
        near = found or [r for r in study.results if measure in (ANY, r.measure)] or list(study.results)
        shown = "; ".join(describe(r) for r in near[:8]) + (
            f"; and {len(near) - 8} more" if len(near) > 8 else ""
        )
        raise PagetError(
            f"{len(found) or 'no'} results match{'' if asked else ' (no filter given)'}",
            key=study.id,
            got=asked or None,
            expected=f"one of: {shown}" if near else "this study has no results",
            fix="add a filter; subgroup=None leaves the subgroups out" if found else None,
        )

    # -- choosing --------------------------------------------------------------------------------
    def select(
        self,
        *,
        topic: str | None = None,
        kind: str | None = None,
        site: str | None = None,
        therapy: str | None = None,
        level: str | None = None,
        retracted: bool | None = None,
    ) -> list[Study]:
        """List the studies that pass all filters given.

        Raises
        ------
        PagetError
            For a topic, kind, site, therapy or level that does not exist, with the nearest.
        """
        for key, want, known in (
            ("topic", topic, get_args(Topic)),
            ("kind", kind, get_args(Kind)),
            ("site", site, get_args(Site)),
            ("level", level, get_args(Level)),
            ("therapy", therapy, None if therapy is None else self.therapies()),
        ):
            if want is not None and known is not None and want not in known:
                raise _word(key, want, known)
        return [
            study
            for study in self
            if (topic is None or study.topic == topic)
            and (kind is None or study.kind == kind)
            and (site is None or site in study.sites)
            and (therapy is None or therapy in study.therapies)
            and (level is None or study.level == level)
            and (retracted is None or study.retracted == retracted)
        ]

    def therapies(self) -> tuple[str, ...]:
        """List the therapies that studies are filed under."""
        return tuple(sorted({therapy for study in self for therapy in study.therapies}))

    def search(self, words: str, *, limit: int = 20) -> list[Study]:
        """Find the studies that hold all words, best match first: id, then citation and tags, then the rest.

        Examples
        --------
        >>> from paget.evidence import load
        >>> load().search("abcsg posytive")[0].id
        'abcsg28'
        """
        wanted = re.findall(r"[\w+/.-]+", words.casefold())
        scored = []
        for position, study in enumerate(self):
            fields = _fields(study)
            hits = [sum(weight for text, weight in fields if word in text) for word in wanted]
            if hits and all(hits):
                scored.append((-sum(hits), position, study))
        return [study for *_, study in sorted(scored, key=lambda hit: hit[:2])[:limit]]

    def frame(self) -> pl.DataFrame:
        """Tabulate one row per published number; ``pairs`` and ``list`` give a row per cell.

        ``value`` is null where the source gave a word (``text``); ``key`` and ``column`` name the cell.
        """
        from paget.evidence.table import frame

        return frame(self)


@lru_cache(maxsize=1)
def _shipped() -> EvidenceBase:
    base = EvidenceBase()
    folder = resources.files("paget.evidence") / "data"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            base._shelve(file.read_text(encoding="utf-8"), f"evidence/data/{file.name}")
    return base


def load(extra: Sequence[str | Path] = ()) -> EvidenceBase:
    """Open the shipped evidence base, with a user's files added (those given, and those of an enclosing `using`).

    Parameters
    ----------
    extra : sequence of path
        Facts files in the same form (see ``docs/evidence.md``).

    Raises
    ------
    PagetError
        For a file that is missing or wrong, or an id that is taken.

    Examples
    --------
    >>> base = load()
    >>> base["e2108"].population.n
    256
    """
    shipped, added = _shipped(), (*added_files(), *map(Path, extra))
    if not added:
        return shipped
    base = EvidenceBase()
    base._studies = dict(shipped._studies)
    base._texts, base._aliases = dict(shipped._texts), dict(shipped._aliases)
    base._order = list(shipped._order)
    for path in dict.fromkeys(added):
        base._add(read_file(path), path)
    return base


def _word(key: str, got: str, known: Sequence[str]) -> PagetError:
    guess = nearest(got, known)
    return PagetError(
        f"unknown {key} {got!r}",
        key=key,
        expected="one of " + ", ".join(known),
        fix=f"did you mean {guess!r}?" if guess else None,
    )


def _plain(value: object) -> object:
    """Texts in one spelling: lower case, hyphens for spaces and underscores."""
    if isinstance(value, str):
        return re.sub(r"[\s_-]+", "-", value.strip().casefold())
    return value


def _fields(study: Study) -> list[tuple[str, int]]:
    results = " ".join(
        " ".join(filter(None, (r.endpoint, r.of, r.subgroup, r.arm, r.comparison, r.by)))
        for r in study.results
    )
    tags = " ".join((study.topic, study.kind, *study.sites, *study.therapies))
    return [
        (" ".join((study.id, *study.aliases)).casefold(), 8),
        (f"{study.citation} {tags} {study.doi} {study.pmid}".casefold(), 4),
        (study.population.setting.casefold(), 2),
        (results.casefold(), 2),
        ((study.notes or "").casefold(), 1),
    ]
