"""Published results of a protocol, looked up in the evidence: values are never typed into a protocol.

A hazard ratio that was printed the other way round (``invert: true``) comes back as 1 / value with its limits
swapped; the arm in front is then the protocol's own experimental arm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paget.endpoints import NAMES
from paget.errors import PagetError, nearest
from paget.forms.faults import Fault, Key
from paget.study.analyses import Published

if TYPE_CHECKING:
    from paget.evidence import EvidenceBase
    from paget.study.protocol import Protocol


@dataclass(frozen=True)
class PublishedValue:
    """A published number, in the direction that the protocol compares.

    Attributes
    ----------
    value, ci_low, ci_high, ci_level
        The number and its interval (limits None where open or not read).
    evidence
        Study id.
    inverted
        Whether it is one over the printed number.
    note
        Caveats, of the evidence and of the protocol.
    """

    value: float
    ci_low: float | None
    ci_high: float | None
    ci_level: float | None
    evidence: str
    inverted: bool = False
    note: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the ``published`` part of a summary record."""
        return {
            "value": self.value,
            "ci_low": self.ci_low,
            "ci_high": self.ci_high,
            "ci_level": self.ci_level,
            "evidence": self.evidence,
        }


def invert(value: PublishedValue) -> PublishedValue:
    """Return a ratio the other way round: one over the value, limits swapped.

    Examples
    --------
    >>> invert(PublishedValue(0.5, 0.25, 1.0, 0.95, "a")).ci_high
    4.0
    """
    return PublishedValue(
        1.0 / value.value,
        None if value.ci_high is None else 1.0 / value.ci_high,
        None if value.ci_low is None else 1.0 / value.ci_low,
        value.ci_level,
        value.evidence,
        not value.inverted,
        value.note,
    )


def default_base() -> EvidenceBase:
    """Return the evidence that comes with Paget."""
    from paget.evidence import load

    return load()


def published_value(result: Published, base: EvidenceBase | None = None) -> PublishedValue:
    """Return the value of one published result.

    Raises
    ------
    PagetError
        The study does not exist or is retracted, or has no such result, or several (they are listed).
    """
    base = base if base is not None else default_base()
    study = base.usable(result.evidence)
    one = base.one(study.id, **_wanted(result))
    if one.value is None:
        raise PagetError(f"the result of {study.id} is a table, not one value", key=study.id)
    low, high = one.ci if one.ci is not None else (None, None)
    notes = [text for text in (one.note, result.note) if text]
    made = PublishedValue(
        one.value, low, high, one.ci_level, result.evidence, False, "; ".join(notes) or None
    )
    return invert(made) if result.invert else made


def published_values(
    protocol: Protocol, base: EvidenceBase | None = None
) -> list[tuple[Published, PublishedValue]]:
    """All published results of a protocol with their values, in the order of the file."""
    base = base if base is not None else default_base()
    return [(result, published_value(result, base)) for result in protocol.published]


def _wanted(result: Published) -> dict[str, Any]:
    """Return filters of the look-up; what the entry leaves out must be absent in the evidence too."""
    printed = result.printed
    comparison = printed.comparison
    # What is printed the other way round is named so too, each paper in its own words: not asked for.
    if comparison is None and result.comparison is not None and not result.invert:
        comparison = f"{result.comparison.experimental} vs {result.comparison.control}"
    wanted: dict[str, Any] = {
        "measure": result.measure,
        "arm": None if printed.arm == "none" else printed.arm or (result.lesions if result.lesions is not None else result.arm),
        "subgroup": printed.subgroup or result.subgroup,
        "at_months": result.at_months,
    }
    endpoint = printed.endpoint or (NAMES[result.endpoint] if result.endpoint else None)
    if comparison is not None or not result.invert:
        wanted["comparison"] = comparison
    if endpoint is not None:
        wanted["endpoint"] = endpoint
    if printed.of is not None:
        wanted["of"] = printed.of
    return wanted


def evidence_faults(protocol: Protocol, base: EvidenceBase | None = None) -> list[Fault]:
    """Evidence ids that do not exist or are retracted, and published results that cannot be found."""
    base = base if base is not None else default_base()
    faults: list[Fault] = []
    for key, id_ in _ids(protocol):
        if id_ not in base:
            guess = nearest(id_, [*base.ids, *base.aliases])
            fix = f"did you mean {guess!r}?" if guess else "list the studies with `paget evidence`"
            expected = "an id that `paget evidence` lists"
            faults.append(Fault(key, "there is no study with this evidence id", id_, expected, fix))
        elif base[id_].retracted:
            message = "this study is retracted: it can be shown, never used"
            faults.append(Fault(key, message, id_, fix="take another study"))
    for position, result in enumerate(protocol.published):
        if result.evidence not in base or base[result.evidence].retracted:
            continue  # told above: its id stands in `evidence` too
        try:
            published_value(result, base)
        except PagetError as error:
            fix = "correct the entry; printed: {...} says how the evidence names things"
            message = f"{result.evidence}: {error.message}"
            faults.append(Fault(("published", position), message, error.got, error.expected, fix))
    return faults


def _ids(protocol: Protocol) -> Iterable[tuple[Key, str]]:
    for position, id_ in enumerate(protocol.evidence):
        yield ("evidence", position), id_
    for position, item in enumerate(protocol.population.baseline):
        if not item.assumed:
            yield ("population", "baseline", position, "source"), item.source
    for position, source in enumerate(protocol.sources):
        if source.evidence is not None:
            yield ("sources", position, "evidence"), source.evidence
