"""What must agree between the blocks of a registry file, and whether every number says where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paget.forms.faults import Fault, Key
from paget.study.assumptions import check as check_named
from paget.study.assumptions import numbers
from paget.study.registry.choice import ASSUMED
from paget.study.registry.words import SURGERY

if TYPE_CHECKING:
    from paget.evidence import EvidenceBase
    from paget.study.registry.model import Registry

DESIGN = ("periods", "staging", "operation", "follow_up", "assessments_every_weeks")
"""Blocks whose numbers must be sourced or declared assumed."""
SELF_SOURCED = ("terms", "choice", "offered")


def check(registry: Registry) -> list[Fault]:
    """All faults of a registry that need no evidence."""
    faults = _periods(registry) + _analyses(registry) + _source(registry)
    faults += [fault.under(("operation",)) for fault in registry.operation.faults()]
    faults += check_named(registry)
    return faults + [
        Fault(
            tuple(path.split(".")),
            "has no source and is not declared assumed",
            fix=f"name {path} (or a block around it) under sources or assumptions",
        )
        for path in unsourced(registry)
    ]


def unsourced(registry: Registry) -> list[str]:
    """Dotted keys of numbers that neither ``sources`` nor ``assumptions`` names; terms carry their own source."""
    named = [item.what for item in registry.assumptions]
    named += [what for source in registry.sources for what in source.what]
    covered = tuple(what + "." for what in named)
    return [
        path
        for block in DESIGN
        for path in numbers(getattr(registry, block), block)
        if not any(part in SELF_SOURCED for part in path.split("."))
        and path not in named
        and not path.startswith(covered)
        and not path.endswith((".first_year", ".last_year"))
    ]


def _periods(registry: Registry) -> list[Fault]:
    faults: list[Fault] = []
    before: int | None = None
    for place, period in enumerate(registry.periods):
        if period.last_year < period.first_year:
            faults.append(Fault(("periods", place, "last_year"), "is before first_year", period.last_year, f"{period.first_year} or later"))
        if before is not None and period.first_year != before + 1:
            faults.append(Fault(("periods", place, "first_year"), "does not follow the period before", period.first_year, str(before + 1)))
        before = period.last_year
        early = registry.operation.early_fraction
        if period.operated < early:
            faults.append(
                Fault(
                    ("periods", place, "operated"),
                    "is less than the share operated before staging",
                    period.operated,
                    f"at least operation.found_after_operation.fraction ({early:g})",
                )
            )
    total = sum(period.fraction for period in registry.periods)
    if abs(total - 1.0) > 1e-6:
        faults.append(Fault(("periods",), "the fractions of patients do not add up to one", round(total, 6), "a sum of 1"))
    last = registry.periods[-1].last_year
    if registry.follow_up.until_year < last:
        faults.append(
            Fault(
                ("follow_up", "until_year"), "ends before the last patient is diagnosed", registry.follow_up.until_year, f"{last} or later"
            )
        )
    return faults


def _source(registry: Registry) -> list[Fault]:
    """Relapses have no primary to remove."""
    if registry.source != "de-novo" and registry.operation.words == SURGERY:
        expected = "de-novo: whoever relapses has had the primary removed"
        return [Fault(("source",), "has no primary to operate on", registry.source, expected)]
    return []


def _analyses(registry: Registry) -> list[Fault]:
    faults: list[Fault] = []
    longest = registry.longest_days / 30.4375
    horizon = registry.analyses.horizon_months
    if horizon > longest:
        faults.append(Fault(("analyses", "horizon_months"), "is later than anybody is followed", horizon, f"at most {longest:.0f}"))
    for place, month in enumerate(registry.analyses.landmarks_months):
        if not 0 < month < horizon:
            faults.append(
                Fault(
                    ("analyses", "landmarks_months", place), "is no landmark within the follow-up", month, f"above 0 and below {horizon:g}"
                )
            )
    return faults


def evidence_faults(registry: Registry, base: EvidenceBase | None = None) -> list[Fault]:
    """Evidence ids that do not exist or are retracted, and published results that cannot be found."""
    from paget.errors import PagetError, nearest
    from paget.evidence import load

    base = base if base is not None else load()
    asked: list[tuple[Key, str]] = [(("evidence", place), name) for place, name in enumerate(registry.evidence)]
    asked += [(("published", place, "evidence"), one.evidence) for place, one in enumerate(registry.published)]
    asked += [(("sources", place, "evidence"), one.evidence) for place, one in enumerate(registry.sources) if one.evidence is not None]
    asked += [(("operation", *key, "source"), term.source) for key, term in registry.operation.terms if term.source != ASSUMED]
    asked += [
        (("operation", "offered", row, "source"), one.source)
        for row, one in enumerate(getattr(registry.operation, "offered", ()))
        if one.source != ASSUMED
    ]
    faults: list[Fault] = []
    for key, name in asked:
        if name not in base:
            guess = nearest(name, [*base.ids, *base.aliases])
            fix = f"did you mean {guess!r}?" if guess else "list the studies with `paget evidence list`"
            faults.append(Fault(key, "there is no study with this evidence id", name, "an id that `paget evidence list` shows", fix))
        elif base[name].retracted:
            faults.append(Fault(key, "this study is retracted: it can be shown, never used", name, fix="take another study"))
    for place, one in enumerate(registry.published):
        if one.evidence in base and not base[one.evidence].retracted:
            try:
                base.one(
                    one.evidence, measure="hazard_ratio", endpoint="overall-survival", comparison=one.comparison, subgroup=one.subgroup
                )
            except PagetError as error:
                faults.append(
                    Fault(("published", place), f"{one.evidence}: {error.message}", error.got, error.expected, "correct the entry")
                )
    return faults
