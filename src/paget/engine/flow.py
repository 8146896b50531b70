"""Counts of a trial: the CONSORT flow, and published counts and rates that no survival analysis gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paget.engine.screen import Candidates, Screening
from paget.report.figures.consort import ConsortArm, ConsortFlow
from paget.study import Protocol, published_values

if TYPE_CHECKING:
    import polars as pl

REASONS = {
    "died": "died during induction",
    "progressed": "progressed during induction",
    "no response": "no response to induction",
}
COUNTED = ("count", "rate")


def consort(protocol: Protocol, screening: Screening, candidates: Candidates, adsl: pl.DataFrame, last: int) -> ConsortFlow:
    """Flow of the first trial: from all metastatic patients up to the last one randomised to the analysis."""
    import polars as pl

    counts: dict[str, Any] = screening.flow(candidates, last)
    excluded = {
        row["condition"]: row["removed_in_sequence"]
        for row in counts["attrition"].iter_rows(named=True)
        if row["removed_in_sequence"]
    }
    gates = counts["gates"]
    not_randomised = {REASONS[gate]: n for gate, n in sorted(gates.items()) if gate != "passed"}
    arms = []
    for arm in protocol.arms:
        mine = adsl.filter(pl.col("ARMCD") == arm.id)
        surgical = arm.locoregional.procedure == "surgery"
        operated = int((mine["SURGFL"] == "Y").sum())
        late = int((mine["CROSSFL"] == "Y").sum())
        arms.append(
            ConsortArm(
                label=arm.label,
                allocated=mine.height,
                received=operated if surgical else mine.height - late,
                analysed=mine.height,
                not_received={"not operated": mine.height - operated} if surgical else ({"operated later": late} if late else {}),
                crossed_over=late,
                lost=int((mine["DCSREAS"] == "LOST TO FOLLOW-UP").sum()),
                treatment="surgery of the primary" if surgical else "no surgery of the primary",
            )
        )
    return ConsortFlow(
        assessed=counts["metastatic"],
        registered=counts["accepted"],
        randomised=adsl.height,
        arms=arms,
        not_eligible=excluded,
        set_aside=counts["eligible"] - counts["accepted"],
        not_randomised=not_randomised,
    )


def count_records(protocol: Protocol, adsl: pl.DataFrame, flow: ConsortFlow) -> list[dict[str, Any]]:
    """Records of published counts and rates with what the trial has in their place."""
    import polars as pl

    from paget.analysis import record

    out = []
    for entry, published in published_values(protocol):
        if entry.measure not in COUNTED:
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
        out.append(
            record(
                words, entry.measure, value, arm=entry.arm, n=mine.height, role=entry.role, published=published.record(),
                note=entry.note if value is not None else "published; not computed in this run",
            )
        )  # fmt: skip
    return out
