"""Counts of a trial: the CONSORT flow, and published counts and rates that no survival analysis gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paget.engine.compile import protocol_library
from paget.engine.screen import Candidates, Screening
from paget.report.figures.consort import ConsortArm, ConsortFlow
from paget.study import Protocol, published_values
from paget.study.arms import NO_SYSTEMIC, Arm
from paget.tables import Raw

if TYPE_CHECKING:
    import polars as pl

REASONS = {
    "died": "died during induction",
    "progressed": "progressed during induction",
    "no response": "no response to induction",
}
COUNTED = ("count", "rate")


def consort(
    protocol: Protocol, screening: Screening, candidates: Candidates, adsl: pl.DataFrame, last: int, patients: pl.DataFrame, raw: Raw
) -> ConsortFlow:
    """Flow of the first trial: from all metastatic patients up to the last one randomised to the analysis."""
    counts: dict[str, Any] = screening.flow(candidates, last)
    excluded = {
        row["condition"]: row["removed_in_sequence"]
        for row in counts["attrition"].iter_rows(named=True)
        if row["removed_in_sequence"]
    }
    gates = counts["gates"]
    not_randomised = {REASONS[gate]: n for gate, n in sorted(gates.items()) if gate != "passed"}
    return ConsortFlow(
        assessed=counts["metastatic"],
        registered=counts["accepted"],
        randomised=adsl.height,
        arms=[_arm(protocol, arm, adsl, patients, raw) for arm in protocol.arms],
        not_eligible=excluded,
        set_aside=counts["eligible"] - counts["accepted"],
        not_randomised=not_randomised,
        entry="Entered" if protocol.single_arm else "Randomised",
    )


def _arm(protocol: Protocol, arm: Arm, adsl: pl.DataFrame, patients: pl.DataFrame, raw: Raw) -> ConsortArm:
    """Counts of one arm: what is received depends on what the study is about."""
    import polars as pl

    mine = adsl.filter(pl.col("ARMCD") == arm.id)
    shared: dict[str, Any] = {
        "label": arm.label, "allocated": mine.height, "analysed": mine.height,
        "lost": int((mine["DCSREAS"] == "LOST TO FOLLOW-UP").sum()),
    }  # fmt: skip
    if arm.local:
        part = patients.filter(pl.col("arm") == arm.id)
        treated = int(part["local_day"].is_not_null().sum())
        why = part.filter(pl.col("local_day").is_null())["local_refused"].value_counts(sort=True).rows()
        missed = {f"refused: {reason}" if reason else "died, progressed or declined before": count for reason, count in why}
        return ConsortArm(received=treated, not_received=missed, treatment="local treatment", crossing="", **shared)
    if any(one.locoregional.procedure == "surgery" or one.surgical_crossover for one in protocol.arms):
        surgical = arm.locoregional.procedure == "surgery"
        operated = int((mine["SURGFL"] == "Y").sum())
        late = int((mine["CROSSFL"] == "Y").sum())
        return ConsortArm(
            received=operated if surgical else mine.height - late,
            not_received={"not operated": mine.height - operated} if surgical else ({"operated later": late} if late else {}),
            crossed_over=late,
            treatment="surgery of the primary" if surgical else "no surgery of the primary",
            **shared,
        )
    if protocol.early:
        return ConsortArm(received=mine.height, treatment="follow-up as planned", crossing="", **shared)
    none = 0 if arm.systemic == NO_SYSTEMIC else int((mine["FRSTLINE"] == "none").sum())
    return ConsortArm(
        received=mine.height - none,
        not_received={"too ill, or declined": none} if none else {},
        treatment="placebo" if arm.placebo else "the allocated treatment",
        crossing="another arm" if arm.crossover is not None else "",
        crossed_over=_crossed(protocol, arm, _of_arm(raw, patients, arm)),
        **shared,
    )


def _of_arm(raw: Raw, patients: pl.DataFrame, arm: Arm) -> pl.DataFrame:
    """Exposures of the patients of one arm."""
    import polars as pl

    return raw.exposures.join(patients.filter(pl.col("arm") == arm.id).select("patient_id"), on="patient_id", how="semi")


def _crossed(protocol: Protocol, arm: Arm, exposures: pl.DataFrame) -> int:
    """Patients whose second line was the regimen of the arm that they may cross over to."""
    import polars as pl

    late = arm.crossover
    if late is None or late.surgical:
        return 0
    regimen = protocol.arm(str(late.to)).systemic
    agents = sorted(course.agent for course in protocol_library(protocol).regimens[regimen].agents)
    second = exposures.filter(pl.col("line") == 2).group_by("patient_id").agg(pl.col("agent").unique().sort())
    return sum(1 for _, given in second.rows() if set(given) <= set(agents))


def _with_chemotherapy(protocol: Protocol) -> list[str]:
    """Regimens that hold a cytotoxic agent."""
    known = protocol_library(protocol)
    cytotoxic = dict(zip(known.agents, known.agent_records()["cytotoxic"] == 1, strict=True))
    return [name for name, regimen in known.regimens.items() if any(cytotoxic[course.agent] for course in regimen.agents)]


def count_records(protocol: Protocol, adsl: pl.DataFrame, flow: ConsortFlow) -> list[dict[str, Any]]:
    """Records of published counts and rates with what the trial has in their place."""
    import polars as pl

    from paget.analysis import record

    out = []
    for entry, published in published_values(protocol):
        if entry.measure not in COUNTED or entry.endpoint is not None:
            continue
        mine = adsl if entry.arm is None else adsl.filter(pl.col("ARMCD") == entry.arm)
        words = str(entry.printed.endpoint or entry.printed.of or "")
        value: float | None = None
        if "surgery received" in words:
            value = float((mine["SURGFL"] == "Y").sum())
        elif words == "deaths":
            value = float((mine["DTHFL"] == "Y").sum())
        elif "randomised" in words and flow.registered:
            value = flow.randomised / flow.registered
        elif words == "chemotherapy-given" and mine.height:
            value = float(mine["FRSTLINE"].is_in(_with_chemotherapy(protocol)).mean() or 0.0)  # type: ignore[arg-type]
        out.append(
            record(
                words, entry.measure, value, arm=entry.arm, n=mine.height, role=entry.role, published=published.record(),
                note=entry.note if value is not None else "published; not computed in this run",
            )
        )  # fmt: skip
    return out
