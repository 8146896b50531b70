"""What must agree between the blocks of a protocol.

Each function returns the faults it finds; none stops at the first.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from paget.endpoints import EARLY, LESIONS, LOCAL, timed
from paget.forms.faults import Fault, Key, absent, twice
from paget.study import assumptions
from paget.study.analyses import AT_A_TIME, RATIOS, SHARES, size_classes
from paget.study.arms_agree import check_arms, check_single_arm
from paget.study.attributes import ATTRIBUTES, did_you_mean
from paget.study.conditions import Condition, Region, contradictions, region

if TYPE_CHECKING:
    from paget.study.protocol import Protocol


def check(protocol: Protocol) -> list[Fault]:
    """All disagreements between blocks."""
    found: list[Fault] = []
    for part in (_ids, check_arms, check_single_arm, _randomisation, _eligibility, _baseline, _time, _analyses, _local, _published):
        found += part(protocol)
    return found + assumptions.check(protocol)


def _ids(protocol: Protocol) -> list[Fault]:
    return [
        *twice([arm.id for arm in protocol.arms], ("arms",), "the arm"),
        *twice(protocol.evidence, ("evidence",), "the study", None),
        *twice(protocol.endpoints, ("endpoints",), "the endpoint", None),
        *twice(
            [group.id for group in protocol.analyses.subgroups], ("analyses", "subgroups"), "the subgroup"
        ),
        *twice(
            [cut.id for cut in protocol.follow_up.earlier_cuts], ("follow_up", "earlier_cuts"), "the data cut"
        ),
        *twice(
            [event.event for event in protocol.estimand.intercurrent_events],
            ("estimand", "intercurrent_events"),
            "the event",
            "event",
        ),
        *twice(protocol.analyses.populations, ("analyses", "populations"), "the population", None),
    ]


def _strata(names: Sequence[str], key: Key) -> list[Fault]:
    faults = twice(names, key, "the attribute", None)
    levelled = sorted(name for name, attribute in ATTRIBUTES.items() if not attribute.ordered)
    for position, name in enumerate(names):
        if name not in ATTRIBUTES:
            fault = Fault(
                (*key, position),
                "there is no such attribute",
                name,
                "one of " + ", ".join(levelled),
                did_you_mean(name),
            )
            faults.append(fault)
        elif ATTRIBUTES[name].ordered:
            expected = "an attribute with levels: " + ", ".join(levelled)
            faults.append(
                Fault(
                    (*key, position), f"{name} is a number: it has no levels to stratify by", name, expected
                )
            )
    return faults


def _randomisation(protocol: Protocol) -> list[Fault]:
    chance = protocol.randomisation
    faults = _strata(chance.strata, ("randomisation", "strata"))
    if len(chance.ratio) != len(protocol.arms):
        expected = f"{len(protocol.arms)} numbers, one per arm, in the order of the arms"
        faults.append(
            Fault(("randomisation", "ratio"), "does not fit the arms", list(chance.ratio), expected)
        )
    total = sum(chance.ratio)
    if total and chance.block_size % total:
        expected = f"a multiple of {total} (the sum of the ratio)"
        faults.append(
            Fault(("randomisation", "block_size"), "cannot hold the ratio", chance.block_size, expected)
        )
    if protocol.accrual.patients < len(protocol.arms):
        faults.append(
            Fault(
                ("accrual", "patients"),
                "is fewer than there are arms",
                protocol.accrual.patients,
                f"at least {len(protocol.arms)}",
            )
        )
    return faults


def _eligibility(protocol: Protocol) -> list[Fault]:
    population = protocol.population
    extra = len(population.conditions) - len(population.eligibility)
    faults = []
    for fault in contradictions(population.conditions):
        position = fault.key[0]
        assert isinstance(position, int)
        faults.append(
            Fault(
                ("population", "eligibility", position - extra),
                fault.message,
                fault.got,
                fault.expected,
                fault.fix,
            )
        )
    if protocol.time_zero.at_diagnosis_if:
        faults += [
            f.under(("time_zero", "at_diagnosis_if"))
            for f in contradictions(protocol.time_zero.at_diagnosis_if)
        ]
    return faults


def _allowed(conditions: Sequence[Condition], name: str) -> Region:
    allowed = Region()
    for condition in conditions:
        if condition.attribute == name:
            allowed = allowed.meet(region(condition))
    return allowed


def _baseline(protocol: Protocol) -> list[Fault]:
    """Check fractions of one attribute: no overlap, a sum of at most 1, and possible at all."""
    faults: list[Fault] = []
    totals: dict[str, float] = {}
    seen: dict[str, list[Region]] = {}
    for position, item in enumerate(protocol.population.baseline):
        if item.fraction is None:
            continue
        key: Key = ("population", "baseline", position)
        name, here = item.attribute, region(item)
        if any(not before.meet(here).empty for before in seen.get(name, [])):
            faults.append(
                Fault(
                    key,
                    f"overlaps with an earlier item on {name}",
                    item.text(),
                    "levels or ranges without overlap",
                )
            )
        seen.setdefault(name, []).append(here)
        totals[name] = totals.get(name, 0.0) + item.fraction
        if totals[name] > 1 + 1e-6:
            faults.append(
                Fault(
                    (*key, "fraction"),
                    f"the fractions of {name} add up to more than 1",
                    round(totals[name], 6),
                    "at most 1",
                )
            )
        if item.fraction > 0 and _allowed(protocol.population.conditions, name).meet(here).empty:
            message = f"asks for patients whom eligibility excludes ({item.text()})"
            faults.append(Fault(key, message, item.fraction, fix="remove the item, or change eligibility"))
    for name, regions in seen.items():
        attribute = ATTRIBUTES[name]
        if attribute.ordered:
            continue
        listed = {level for one in regions for level in one.levels or ()}
        every = {True, False} if attribute.kind == "flag" else set(attribute.levels)
        if listed == every and abs(totals[name] - 1) > 1e-3:
            message = f"all levels of {name} are listed, but their fractions add up to {totals[name]:.4g}"
            faults.append(Fault(("population", "baseline"), message, expected="a sum of 1"))
    return faults


def horizon_months(protocol: Protocol) -> float:
    """Longest follow-up any patient can have: the first patient's, until the last data cut."""
    follow = protocol.follow_up
    return follow.data_cut_months + (protocol.accrual.months if follow.after == "last-patient" else 0.0)


def _time(protocol: Protocol) -> list[Fault]:
    faults: list[Fault] = []
    horizon = horizon_months(protocol)
    for position, month in enumerate(protocol.analyses.landmarks_months):
        if month > horizon:
            key: Key = ("analyses", "landmarks_months", position)
            faults.append(
                Fault(
                    key,
                    "is later than anybody is followed",
                    month,
                    f"at most {horizon:g} (accrual and follow_up)",
                )
            )
    tau = protocol.analyses.rmst_tau_months
    if tau is not None and not 0 < tau <= horizon:
        faults.append(
            Fault(
                ("analyses", "rmst_tau_months"),
                "is later than anybody is followed",
                tau,
                f"at most {horizon:g}",
            )
        )
    last = 0.0
    rows = protocol.assessments
    for position, row in enumerate(rows):
        at: Key = ("assessments", position, "until_months")
        if row.until_months is None:
            if position != len(rows) - 1:
                faults.append(
                    Fault(at, "is missing: only the last row may be without limit", expected="months")
                )
        elif row.until_months <= last:
            faults.append(
                Fault(at, "is not later than the row before", row.until_months, f"more than {last:g}")
            )
        else:
            last = row.until_months
    follow = protocol.follow_up
    if follow.after == "first-patient" and follow.data_cut_months <= 0:
        faults.append(
            Fault(
                ("follow_up", "data_cut_months"),
                "cuts the data before anybody is followed",
                follow.data_cut_months,
            )
        )
    return faults


def _analyses(protocol: Protocol) -> list[Fault]:
    analyses = protocol.analyses
    faults = _strata(analyses.strata_in_analysis or (), ("analyses", "strata_in_analysis"))
    if not 0 < analyses.ci_level < 1:
        faults.append(
            Fault(
                ("analyses", "ci_level"),
                "is not a confidence level",
                analyses.ci_level,
                "between 0 and 1, such as 0.95",
            )
        )
    for position, group in enumerate(analyses.subgroups):
        faults += [
            fault.under(("analyses", "subgroups", position, "where")) for fault in contradictions(group.where)
        ]
    endpoint = protocol.estimand.endpoint
    if endpoint not in protocol.endpoints:
        faults.append(
            absent(endpoint, protocol.endpoints, ("estimand", "endpoint"), "endpoint in endpoints")
        )
    return faults


def _local(protocol: Protocol) -> list[Fault]:
    """Endpoints and read-outs of treated lesions need an arm that treats lesions."""
    faults = []
    analyses = protocol.analyses
    if not protocol.local:
        fix = "give an arm local: [...], or remove it"
        for position, name in enumerate(protocol.endpoints):
            if name in LOCAL:
                faults.append(Fault(("endpoints", position), "is of treated lesions, and no arm treats any", name, fix=fix))
        if analyses.lesion_sizes_cm:
            key = ("analyses", "lesion_sizes_cm")
            faults.append(Fault(key, "is of treated lesions, and no arm treats any", fix=fix))
    for position, name in enumerate(protocol.endpoints):
        if name in EARLY and not protocol.early:
            fix = "write population.source: early, or remove it"
            faults.append(Fault(("endpoints", position), "is of early disease, and patients enter with metastases", name, fix=fix))
        if protocol.early and name not in (*EARLY, "OS"):
            expected = "one of OS, " + ", ".join(EARLY)
            faults.append(Fault(("endpoints", position), "is not of early disease", name, expected))
    limits = analyses.lesion_sizes_cm or ()
    if any(low >= high for low, high in itertools.pairwise(limits)):
        faults.append(Fault(("analyses", "lesion_sizes_cm"), "is not ascending", list(limits), "such as [3, 5]"))
    return faults


def _published(protocol: Protocol) -> list[Fault]:
    faults: list[Fault] = []
    arms = [arm.id for arm in protocol.arms]
    groups = [group.id for group in protocol.analyses.subgroups]
    cuts = [cut.id for cut in protocol.follow_up.earlier_cuts]
    for position, result in enumerate(protocol.published):
        key: Key = ("published", position)
        if result.evidence not in protocol.evidence:
            fault = absent(result.evidence, protocol.evidence, (*key, "evidence"), "study in evidence")
            where = f"write `evidence: [{result.evidence}]` at the top of the file"
            faults.append(fault if fault.fix else dataclasses.replace(fault, fix=where))
        if result.arm is not None and result.arm not in arms:
            faults.append(absent(result.arm, arms, (*key, "arm"), "arm"))
        if result.comparison is not None:
            for side in ("experimental", "control"):
                if getattr(result.comparison, side) not in arms:
                    faults.append(
                        absent(getattr(result.comparison, side), arms, (*key, "comparison", side), "arm")
                    )
        if result.subgroup is not None and result.subgroup not in groups:
            faults.append(absent(result.subgroup, groups, (*key, "subgroup"), "subgroup in analyses"))
        if result.cut is not None and result.cut not in cuts:
            faults.append(absent(result.cut, cuts, (*key, "cut"), "data cut in follow_up.earlier_cuts"))
        if result.endpoint is not None and result.endpoint not in protocol.endpoints:
            faults.append(
                absent(result.endpoint, protocol.endpoints, (*key, "endpoint"), "endpoint in endpoints")
            )
        if result.endpoint is not None and not timed(result.endpoint) and result.measure not in SHARES:
            expected = "one of " + ", ".join(SHARES)
            faults.append(Fault((*key, "measure"), f"does not fit {result.endpoint}, a share", result.measure, expected))
        classes = size_classes(protocol.analyses.lesion_sizes_cm)
        if result.lesions is not None and result.lesions not in classes:
            faults.append(absent(result.lesions, classes, (*key, "lesions"), "size class of analyses.lesion_sizes_cm"))
        if result.lesions is not None and result.endpoint not in LESIONS:
            expected = "one of " + ", ".join(LESIONS)
            faults.append(Fault((*key, "endpoint"), "is not of lesions", result.endpoint, expected))
        if result.invert and result.measure not in RATIOS:
            faults.append(
                Fault(
                    (*key, "invert"), f"only a ratio can be inverted, not {result.measure}", fix="remove it"
                )
            )
        if result.measure in RATIOS and result.comparison is None:
            faults.append(
                Fault(
                    (*key, "comparison"),
                    "is missing: a ratio compares two arms",
                    expected="{experimental: ..., control: ...}",
                )
            )
        if result.measure in AT_A_TIME and result.at_months is None:
            faults.append(
                Fault((*key, "at_months"), f"is missing: {result.measure} is at a time", expected="months")
            )
        if result.arm is not None and result.comparison is not None:
            faults.append(Fault(key, "has both an arm and a comparison", expected="one of the two"))
    return faults
