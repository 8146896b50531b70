"""Trials whose endpoints need every visit: lives with everything written down, and the tables made of them.

The tables of the trial itself and the statistics of its replicates come from the same rows, so no endpoint is defined twice.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from paget.endpoints import FIRST, FOUND, LESIONS, RESPONSES, lesion_flag, timed
from paget.engine.compile import compile_plan
from paget.engine.endpoints import observed
from paget.engine.trial import Roster, early_lives, roster_frame, study_info
from paget.life.frames import assessments_frame, exposures_frame, lesions_frame, patients_frame, treated_frame
from paget.life.simulate import Detail, LifePlan, replay
from paget.parameters import ParameterSet
from paget.study import Protocol
from paget.study.analyses import size_classes
from paget.tables import Raw, adles, adrs, adtte
from paget.tables.further import FOUND_AT_VISIT, FOUND_HOW

if TYPE_CHECKING:
    import polars as pl


def raw_of(detail: Detail, plan: LifePlan) -> Raw:
    """What was written down, as tables."""
    return Raw(assessments_frame(detail), lesions_frame(detail), exposures_frame(detail, plan), treated_frame(detail, plan))


def live_detailed(protocol: Protocol, parameters: ParameterSet, roster: Roster, seed: int) -> tuple[pl.DataFrame, Raw, Detail]:
    """Live everybody on a roster with everything written down; the patients' table, the rest as tables, and the records."""
    plan = compile_plan(protocol, parameters)
    if protocol.early:
        nobody = replay(plan, [], 0, parameters, seed=seed)
        return early_lives(protocol, parameters, roster, seed), raw_of(nobody, plan), nobody
    detail = replay(plan, roster.patient_id, roster.lived, parameters, seed=seed, flags=roster.flags)
    return roster_frame(protocol, roster, patients_frame(detail.outcomes, plan), roster.arm, seed), raw_of(detail, plan), detail


def flag_column(code: str, group: str | None = None) -> str:
    """Name of the column of hits of a share among the rows of replicates."""
    return f"{code}_hits" if group is None else f"{code}_hits_{group}"


def member_column(code: str, group: str | None = None) -> str:
    """Name of the column of patients (or lesions) that a share is of."""
    return flag_column(code, group).replace("_hits", "_of")


def detailed_rows(protocol: Protocol, parameters: ParameterSet, roster: Roster, seed: int) -> dict[str, Any]:
    """Months and causes of all endpoints, and hits of shares, of the patients of one replicate; a row each.

    A patient who does not have an endpoint (a duration of response without response) has cause -1.
    """
    import polars as pl

    patients, raw, _ = live_detailed(protocol, parameters, roster, seed)
    study = study_info(protocol, roster.calendar_month)
    times = adtte(patients, study, raw=raw)
    ids = pl.DataFrame({"USUBJID": [f"{study.study_id}-{number}" for number in roster.patient_id]})
    out: dict[str, Any] = {"merged": patients["merged_colonies"].to_numpy()}
    for code, endpoint in observed(patients, protocol).items():
        out[f"{code}_months"], out[f"{code}_cause"] = endpoint.months, endpoint.cause.astype(np.int8)
    for code in protocol.endpoints:
        if code in FIRST or not timed(code):
            continue
        rows = ids.join(
            times.filter(pl.col("PARAMCD") == code).select("USUBJID", "AVAL", "CNSR"), on="USUBJID", how="left", maintain_order="left"
        )
        cnsr = rows["CNSR"].fill_null(-1).to_numpy()
        out[f"{code}_months"] = rows["AVAL"].fill_null(0.0).to_numpy()
        out[f"{code}_cause"] = np.select([cnsr < 0, cnsr == 0, cnsr == 2], [-1, 1, 2], 0).astype(np.int8)
    if FOUND in protocol.endpoints:
        relapses = times.filter((pl.col("PARAMCD") == "DRFS") & pl.col("EVNTDESC").is_in(FOUND_HOW))
        at_visit = relapses.filter(pl.col("EVNTDESC") == FOUND_AT_VISIT)
        for column, who in ((flag_column(FOUND), at_visit), (member_column(FOUND), relapses)):
            out[column] = ids["USUBJID"].is_in(who["USUBJID"].implode()).cast(pl.Int32).to_numpy()
    if any(code in RESPONSES for code in protocol.endpoints):
        responses = adrs(raw.assessments, patients, study, raw=raw)
        for code in (code for code in protocol.endpoints if code in RESPONSES):
            rows = responses.filter(pl.col("PARAMCD") == code)
            yes = rows.filter(pl.col("AVALC") == "Y")["USUBJID"]
            out[flag_column(code)] = ids["USUBJID"].is_in(yes.implode()).cast(pl.Int32).to_numpy()
            out[member_column(code)] = ids["USUBJID"].is_in(rows["USUBJID"].implode()).cast(pl.Int32).to_numpy()
    if any(code in LESIONS for code in protocol.endpoints):
        lesions = adles(raw, patients, study)
        for code in (code for code in protocol.endpoints if code in LESIONS):
            for group in (None, *size_classes(protocol.analyses.lesion_sizes_cm)):
                part = lesions if group is None else lesions.filter(pl.col("SIZEGR") == group)
                counted = part.group_by("USUBJID").agg(hits=(pl.col(lesion_flag(code)) == "Y").sum(), of=pl.len())
                rows = ids.join(counted, on="USUBJID", how="left", maintain_order="left").fill_null(0)
                out[flag_column(code, group)] = rows["hits"].cast(pl.Int32).to_numpy()
                out[member_column(code, group)] = rows["of"].cast(pl.Int32).to_numpy()
    return out


def all_detailed_rows(protocol: Protocol, parameters: ParameterSet, roster: Roster, seed: int, threads: int) -> dict[str, Any]:
    """`detailed_rows` of every replicate on a roster, in its order."""
    numbers = list(dict.fromkeys(roster.replicate.tolist()))

    def work(number: int) -> dict[str, Any]:
        return detailed_rows(protocol, parameters, roster.only(number), seed)

    with ThreadPoolExecutor(max(1, min(threads, len(numbers)))) as pool:
        parts = list(pool.map(work, numbers))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
