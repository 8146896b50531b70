"""From a finished simulation to files: ADaM tables, summary, figures, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.analysis import summarise
from paget.engine.compile import compile_plan
from paget.engine.context import report_context
from paget.engine.drawings import Material, all_drawings
from paget.engine.draws import Source
from paget.engine.extrapolation import Badge, badges, mark
from paget.engine.flow import COUNTED, consort, count_records
from paget.engine.folder import canonical, write_text
from paget.engine.replicates import Replicates, add_spread, summarise_replicates
from paget.engine.screen import Candidates, Screening
from paget.engine.trial import Roster, study_info
from paget.engine.twins import twin_records
from paget.life.frames import assessments_frame, lesions_frame
from paget.life.simulate import replay
from paget.parameters import ParameterSet
from paget.report.figures.baseline import BaselineRow
from paget.report.html import ReportFigure, write_report
from paget.report.save import save
from paget.study import Protocol, compare, published_values, subgroup_mask
from paget.study.schedule import Cut
from paget.tables import adrs, adsl, adtr, adtte, validate, write_table

if TYPE_CHECKING:
    import polars as pl


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


def _published(protocol: Protocol, cut: str | None) -> list[dict[str, Any]]:
    """Published figures of the final analysis (or of an earlier look) that a survival analysis can stand beside."""
    out = []
    for entry, value in published_values(protocol):
        if entry.measure in COUNTED or entry.cut != cut:
            continue
        comparison = entry.comparison
        out.append(
            {
                "endpoint": entry.endpoint, "measure": entry.measure, "arm": entry.arm, "at_months": entry.at_months,
                "comparison": None if comparison is None
                else {"experimental": comparison.experimental, "control": comparison.control},
                "subgroup": entry.subgroup, "role": entry.role, "note": value.note, **value.record(),
            }
        )  # fmt: skip
    return out


def _summary(product: Product, patients: pl.DataFrame, tables: dict[str, pl.DataFrame], cut: Cut | None) -> list[dict[str, Any]]:
    import polars as pl

    protocol, wanted = product.protocol, product.protocol.analyses
    masks = {group.id: subgroup_mask(patients, group).alias(f"group_{group.id}") for group in wanted.subgroups}
    published = _published(protocol, None if cut is None else cut.id)
    endpoints = list(protocol.endpoints)
    if cut is not None:
        endpoints = sorted({entry["endpoint"] for entry in published if entry["endpoint"]}, key=endpoints.index)
    strata = wanted.strata_in_analysis if wanted.strata_in_analysis is not None else protocol.randomisation.strata
    records = summarise(
        tables["adsl"].with_columns(*masks.values()),
        tables["adtte"],
        endpoints=endpoints,
        experimental=protocol.experimental[0].id,
        control=protocol.control.id,
        strata=("STRATUM",) if strata else (),
        landmarks_months=wanted.landmarks_months,
        populations=wanted.populations if cut is None else ("itt",),
        subgroups={name: pl.col(column.name) for name, column in masks.items()},
        subgroup_endpoints=[endpoints[0]],
        ci_level=wanted.ci_level,
        rmst_tau_months=wanted.rmst_tau_months,
        maxcombo_when=wanted.maxcombo,
        published=published,
        incomplete="drop",
    )
    if cut is not None:
        records = [record for record in records if record["published"]]
    for record in records:
        record["cut"] = None if cut is None else cut.id
    return records


def _tables(product: Product, cut: Cut | None = None) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    study = study_info(product.protocol, product.roster.calendar_month, cut)
    patients = product.patients
    if cut is not None:
        patients = patients.filter(patients["calendar_month"] <= study.data_cut_month)
    return patients, {"adsl": adsl(patients, study), "adtte": adtte(patients, study)}


def _detailed(product: Product, tables: dict[str, pl.DataFrame]) -> None:
    """Replay the trial's patients with everything written down, for the tables of responses and measurements."""
    study = study_info(product.protocol, product.roster.calendar_month)
    plan = compile_plan(product.protocol, product.parameters)
    detail = replay(
        plan, product.roster.patient_id, product.roster.arm, product.parameters, seed=product.seed, flags=product.roster.flags
    )
    visits = assessments_frame(detail)
    tables["adrs"] = adrs(visits, product.patients, study)
    tables["adtr"] = adtr(lesions_frame(detail), visits, product.patients, study)


def _baseline(product: Product) -> list[BaselineRow]:
    rows = []
    for item in compare(product.patients, product.protocol.population.baseline).iter_rows(named=True):
        role = "compared" if item["published"] is None else ("assumed" if item["assumed"] else "matched")
        level = str(item["level"])
        simulated = float("nan") if item["simulated"] is None else float(item["simulated"])
        rows.append(BaselineRow(str(item["attribute"]), level, simulated, item["published"], role, str(item["source"] or "")))
    return rows


def write_outputs(product: Product, path: Path, command: str) -> None:
    """Write the tables, ``summary.json``, ``replicates.parquet``, ``twins.parquet``, the figures and ``report.html``."""
    from paget.population.store import write_parquet

    protocol = product.protocol
    patients, tables = _tables(product)
    _detailed(product, tables)
    for name, frame in tables.items():
        validate(frame, name)
        write_table(frame, path / f"{name}.parquet")
    records = _summary(product, patients, tables, None)
    for cut in protocol.follow_up.earlier_cuts:
        records += _summary(product, *_tables(product, cut), cut)

    replicates: Replicates | None = None
    for record in records:
        record["replicates"] = None
    if product.replicate_rows is not None:
        replicates = summarise_replicates(product.replicate_rows, protocol, threads=product.threads)
        add_spread([record for record in records if record["cut"] is None], replicates, protocol)
        write_parquet(replicates.frame, path / "replicates.parquet")
    flow = consort(protocol, product.screening, product.candidates, tables["adsl"], int(product.roster.patient_id.max()))
    extra = count_records(protocol, tables["adsl"], flow)
    if product.twins is not None:
        write_parquet(product.twins, path / "twins.parquet")
        extra += twin_records(product.twins, protocol)
    for record in extra:
        record["replicates"], record["cut"] = None, None
    records += extra
    mark(records, product.badges)
    write_text(path / "summary.json", canonical(records))

    masks = {group.id: subgroup_mask(patients, group) for group in protocol.analyses.subgroups}
    material = Material(
        protocol, tables["adsl"], tables["adtte"], tables["adrs"], tables["adtr"], records, flow, _baseline(product),
        replicates, product.twins, masks,
    )  # fmt: skip
    drawn = []
    for name, draw in all_drawings(material).items():
        drawing = draw()
        files = save(drawing, path / "figures", name)
        drawn.append(ReportFigure(drawing.title, files["svg"].read_text(encoding="utf-8"), drawing.alt, name))
    write_report(path / "report.html", report_context(product, material, drawn, command))

