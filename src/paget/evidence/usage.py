"""Where a fact is used: the reverse index from study to parameters, therapies, protocols and targets.

The rooms that use facts are not known here: whoever asks passes in what each thing cites.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from paget.errors import PagetError
from paget.evidence.store import EvidenceBase


@dataclass(frozen=True, order=True, slots=True)
class Use:
    """One thing that cites a study: ``kind`` such as "parameter", ``name`` such as "growth.b_median"."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Usage:
    """Which study is used where.

    Parameters
    ----------
    base : EvidenceBase
        The studies.
    cited : mapping
        Kind of thing -> name of the thing -> ids of the studies that it cites (old ids are resolved).

    Raises
    ------
    PagetError
        Where something cites an id that does not exist; it names what cites it and the nearest id.

    Examples
    --------
    >>> from paget.evidence import load
    >>> usage = Usage(load(), {"parameter": {"site.bone": ["turkey_sites"]}})
    >>> [str(use) for use in usage.of("subtype-sites-turkey")]
    ['parameter site.bone']
    """

    def __init__(self, base: EvidenceBase, cited: Mapping[str, Mapping[str, Iterable[str]]]) -> None:
        self._base = base
        self._uses: dict[str, set[Use]] = {}
        for kind, things in cited.items():
            for name, ids in things.items():
                for given in (ids,) if isinstance(ids, str) else ids:
                    try:
                        study = base.resolve(given)
                    except PagetError as error:
                        raise PagetError(
                            f"{kind} {name} cites a study that does not exist",
                            key=name,
                            got=given,
                            expected=error.expected,
                            fix=error.fix,
                        ) from None
                    self._uses.setdefault(study, set()).add(Use(kind, name))

    def of(self, name: str) -> list[Use]:
        """List what uses this study, sorted; empty where nothing does."""
        return sorted(self._uses.get(self._base.resolve(name), ()))

    def __iter__(self) -> Iterator[tuple[str, list[Use]]]:
        return ((study, sorted(uses)) for study, uses in sorted(self._uses.items()))

    def __len__(self) -> int:
        return len(self._uses)

    def unused(self) -> list[str]:
        """Ids of the studies that nothing uses."""
        return [name for name in self._base.ids if name not in self._uses]

    def retracted(self) -> list[tuple[str, list[Use]]]:
        """Retracted studies that something uses: must be empty."""
        return [(name, uses) for name, uses in self if self._base[name].retracted]
