"""From a finished simulation to files: ADaM tables, summary, figures, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paget.engine.badges import stamp_of
from paget.engine.compile import compile_plan
from paget.engine.context import report_context
from paget.engine.detailed import raw_of
from paget.engine.drawings import Material, all_drawings
from paget.engine.extrapolation import mark
from paget.engine.flow import consort, count_records
from paget.engine.folder import canonical, write_text
from paget.engine.replicates import Replicates, add_spread, add_structures, summarise_replicates
from paget.engine.summary import Product, summary_records, trial_tables
from paget.engine.trial import study_info
from paget.engine.twins import twin_records
from paget.life.adverse import adverse_frame, courses_frame
from paget.life.simulate import replay
from paget.report.figures.baseline import BaselineRow
from paget.report.html import ReportFigure, write_report
from paget.report.save import save
from paget.report.style import stamp
from paget.study import compare, subgroup_mask
from paget.tables import Raw, adae, adex, adles, adrs, adtr, validate, write_table
from paget.tables.treated import index_responses

if TYPE_CHECKING:
    import polars as pl


def _detailed(product: Product, tables: dict[str, pl.DataFrame]) -> Raw:
    """Replay the trial's patients with everything written down, for the tables of responses, lesions, exposure and harms."""
    study = study_info(product.protocol, product.roster.calendar_month)
    plan = compile_plan(product.protocol, product.parameters)
    nobody = product.protocol.early  # visits of early disease are not kept
    detail = replay(
        plan, [] if nobody else product.roster.patient_id, 0 if nobody else product.roster.lived, product.parameters,
        seed=product.seed, flags=0 if nobody else product.roster.flags,
    )  # fmt: skip
    raw = raw_of(detail, plan)
    tables["adrs"] = adrs(raw.assessments, product.patients, study, raw=raw)
    tables["adtr"] = adtr(raw.lesions, raw.assessments, product.patients, study)
    if product.protocol.local:
        tables["adles"] = adles(raw, product.patients, study)
    tables["adex"] = adex(courses_frame(detail, plan), product.patients, study)
    tables["adae"] = adae(adverse_frame(detail, plan, seed=product.seed), product.patients, study)
    return raw


def _index_change(product: Product, raw: Raw) -> pl.DataFrame:
    """Change of the lesions that local treatment is meant for, per cent of their sum at baseline, patient by patient."""
    import polars as pl

    study = study_info(product.protocol, product.roster.calendar_month)
    found = index_responses(raw, product.patients, study).filter(pl.col("now_cm").is_not_null())
    return found.join(product.patients.select("patient_id", "arm"), on="patient_id").select(
        "arm", change=100.0 * (pl.col("now_cm") / pl.col("before_cm") - 1.0)
    )


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
    tables: dict[str, pl.DataFrame] = {}
    raw = _detailed(product, tables)
    patients, seen = trial_tables(product, raw)
    tables = {**seen, **tables}
    for name, frame in tables.items():
        validate(frame, name)
        write_table(frame, path / f"{name}.parquet")
    records = summary_records(product, patients, tables, None)
    for cut in protocol.follow_up.earlier_cuts:
        records += summary_records(product, *trial_tables(product, raw, cut), cut)

    replicates: Replicates | None = None
    for record in records:
        record["replicates"] = None
    if product.replicate_rows is not None:
        replicates = summarise_replicates(product.replicate_rows, protocol, threads=product.threads)
        add_spread([record for record in records if record["cut"] is None], replicates, protocol)
        add_structures(records, product.source.variants.get(protocol.id, ()), changed=bool(product.changed))
        write_parquet(replicates.frame, path / "replicates.parquet")
    last = int(product.roster.patient_id.max())
    flow = consort(protocol, product.screening, product.candidates, tables["adsl"], last, product.patients, raw)
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
        replicates, product.twins, masks, _index_change(product, raw) if protocol.local else None, tables.get("adles"),
    )  # fmt: skip
    drawn, said = [], stamp_of(protocol)
    for name, draw in all_drawings(material).items():
        drawing = draw() if said is None else stamp(draw(), said)
        files = save(drawing, path / "figures", name)
        drawn.append(ReportFigure(drawing.title, files["svg"].read_text(encoding="utf-8"), drawing.alt, name))
    write_report(path / "report.html", report_context(product, material, drawn, command))

