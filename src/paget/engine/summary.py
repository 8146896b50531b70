"""The summary records of a trial: what its tables say of every endpoint, beside what was published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paget.analysis import event_rates, found_rates, lesion_rates, response_rates, summarise
from paget.analysis.records import check_published, join_published
from paget.endpoints import FOUND, LESIONS, LOCAL, RESPONSES, timed
from paget.engine.draws import Source
from paget.engine.extrapolation import Badge, badges
from paget.engine.flow import COUNTED
from paget.engine.screen import Candidates, Screening
from paget.engine.trial import Roster, study_info
from paget.parameters import ParameterSet
from paget.study import Protocol, published_values, subgroup_mask
from paget.study.analyses import size_classes
from paget.study.schedule import Cut
from paget.tables import Raw, adsl, adtte
from paget.tables.further import FOUND_AT_VISIT

if TYPE_CHECKING:
    import polars as pl

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Product:
    """Everything a run simulated."""

    protocol: Protocol
    parameters: ParameterSet
    seed: int
    screening: Screening
    candidates: Candidates
    roster: Roster
    patients: pl.DataFrame
    replicate_rows: pl.DataFrame | None
    twins: pl.DataFrame | None
    threads: int
    source: Source
    changed: tuple[str, ...] = ()

    @property
    def badges(self) -> list[Badge]:
        """Ways in which it goes beyond the evidence behind its values."""
        return badges(self.protocol, self.source, self.changed)


def _published(protocol: Protocol, cut: str | None) -> Records:
    """Published figures of the final analysis (or of an earlier look) that the trial's tables can stand beside."""
    out = []
    for entry, value in published_values(protocol):
        if (entry.measure in COUNTED and entry.endpoint is None) or entry.cut != cut:
            continue
        comparison = entry.comparison
        out.append(
            {
                "endpoint": entry.endpoint, "measure": entry.measure, "arm": entry.arm, "at_months": entry.at_months,
                "comparison": None if comparison is None
                else {"experimental": comparison.experimental, "control": comparison.control},
                "subgroup": entry.lesions or entry.subgroup, "role": entry.role, "note": value.note, **value.record(),
            }
        )  # fmt: skip
    return out


def trial_tables(product: Product, raw: Raw, cut: Cut | None = None) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Patients, ADSL and ADTTE as the data cut (or an earlier one) leaves them."""
    study = study_info(product.protocol, product.roster.calendar_month, cut)
    patients = product.patients
    if cut is not None:
        patients = patients.filter(patients["calendar_month"] <= study.data_cut_month)
    return patients, {"adsl": adsl(patients, study), "adtte": adtte(patients, study, raw=raw)}


def summary_records(product: Product, patients: pl.DataFrame, tables: dict[str, pl.DataFrame], cut: Cut | None) -> Records:
    """Records of every endpoint and comparison, joined with the published figures.

    The first experimental arm is compared with the control in full; further arms add what is theirs.
    """
    protocol = product.protocol
    published = _published(protocol, None if cut is None else cut.id)
    endpoints: list[str] = [endpoint for endpoint in protocol.endpoints if timed(endpoint)]
    if cut is not None:
        endpoints = sorted({entry["endpoint"] for entry in published if entry["endpoint"]}, key=endpoints.index)
    records: Records = []
    for position, arm in enumerate(protocol.experimental):
        records += _times(product, patients, tables, cut, endpoints, arm.id, published, first=position == 0)
        records += _shares(product, tables, cut, arm.id, published, first=position == 0)
    records += _lesions(protocol, tables)
    records = join_published(records, check_published(published))
    if cut is not None:
        records = [record for record in records if record["published"]]
    for record in records:
        record["cut"] = None if cut is None else cut.id
    return records


def _times(
    product: Product, patients: pl.DataFrame, tables: dict[str, pl.DataFrame], cut: Cut | None, endpoints: list[str], arm: str,
    published: Records, *, first: bool,
) -> Records:  # fmt: skip
    """Records of times to events; endpoints of treated lesions only of the arms that treat any."""
    import polars as pl

    protocol, wanted = product.protocol, product.protocol.analyses
    control = None if protocol.single_arm else protocol.control.id
    strata = wanted.strata_in_analysis if wanted.strata_in_analysis is not None else protocol.randomisation.strata
    shared: dict[str, Any] = {
        "experimental": arm, "strata": ("STRATUM",) if strata else (), "landmarks_months": wanted.landmarks_months,
        "populations": wanted.populations if cut is None and first else ("itt",), "ci_level": wanted.ci_level,
        "rmst_tau_months": wanted.rmst_tau_months, "maxcombo_when": wanted.maxcombo, "incomplete": "drop", "months_of": published,
    }  # fmt: skip
    masks = {group.id: subgroup_mask(patients, group).alias(f"group_{group.id}") for group in wanted.subgroups} if first else {}
    found: Records = []
    both, alone = list(endpoints), []
    if control is not None and not (protocol.control.local and protocol.arm(arm).local):
        alone = [code for code in endpoints if code in LOCAL]
        both = [code for code in endpoints if code not in alone]
    if both:
        found += summarise(
            tables["adsl"].with_columns(*masks.values()), tables["adtte"], endpoints=both, control=control,
            subgroups={name: pl.col(column.name) for name, column in masks.items()}, subgroup_endpoints=[endpoints[0]], **shared,
        )  # fmt: skip
    if alone:
        treated = arm if protocol.arm(arm).local else control
        found += summarise(tables["adsl"], tables["adtte"], endpoints=alone, control=None, **{**shared, "experimental": treated})
    if first:
        return found
    return [record for record in found if record["arm"] != control and record["time_zero"] == "randomisation"]


def _shares(product: Product, tables: dict[str, pl.DataFrame], cut: Cut | None, arm: str, published: Records, *, first: bool) -> Records:
    """Shares of responders, and crude shares with an event where a paper prints one."""
    protocol = product.protocol
    if cut is not None:
        return []
    control = None if protocol.single_arm else protocol.control.id
    fields: dict[str, Any] = {"experimental": arm, "control": control, "level": protocol.analyses.ci_level}
    found: Records = []
    for code in protocol.endpoints:
        if code in RESPONSES:
            found += response_rates(tables["adsl"], tables["adrs"], code, **fields)
        elif code == FOUND:
            labels = {one.id: one.label for one in protocol.arms}
            found += found_rates(tables["adtte"], FOUND_AT_VISIT, arms=labels, **fields)
        elif timed(code) and any(entry["endpoint"] == code and entry["measure"] == "rate" for entry in published):
            found += event_rates(tables["adsl"], tables["adtte"], code, **fields)
    return found if first else [record for record in found if record["arm"] != control]


def _lesions(protocol: Protocol, tables: dict[str, pl.DataFrame]) -> Records:
    """Shares of treated lesions, by arm and size class."""
    if "adles" not in tables:
        return []
    arms = [(arm.id, arm.label) for arm in protocol.arms if arm.local]
    found: Records = []
    for code in protocol.endpoints:
        if code in LESIONS:
            found += lesion_rates(
                tables["adles"], code, arms=arms, classes=size_classes(protocol.analyses.lesion_sizes_cm),
                level=protocol.analyses.ci_level,
            )  # fmt: skip
    return found
