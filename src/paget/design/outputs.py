"""From findings to files: ``design.json``, ``scenarios.csv``, ``trials.parquet``, figures, ``report.html``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget._version import __version__
from paget.design.request import DesignRequest
from paget.design.table import Row
from paget.design.vary import PATIENTS, short, shown
from paget.design.words import Findings, page
from paget.engine.folder import canonical, write_text
from paget.population.store import write_parquet
from paget.report.design_page import write_design_page
from paget.report.figures import boundaries as boundary_figure
from paget.report.figures import frontier as frontier_figure
from paget.report.figures import power_curve
from paget.report.figures import scenarios as scenario_figure
from paget.report.html import ReportFigure
from paget.report.save import save

if TYPE_CHECKING:
    import polars as pl

    from paget.report.style import Drawing


def _finite(value: Any) -> Any:
    """Plain data without numbers that JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def as_data(asked: DesignRequest, found: Findings) -> dict[str, Any]:
    """Everything that was found, as plain data."""
    designs = []
    for scenario, question, plan, effect, pool in zip(
        found.scenarios, found.questions, found.plans, found.effects, found.pools, strict=True
    ):
        boundary = question.plan
        designs.append(
            {
                "scenario": scenario.number, "label": scenario.label, "varied": scenario.varied, "patients": plan.patients,
                "ratio_control_experimental": list(plan.ratio), "accrual_months": plan.accrual.months, "pool": pool,
                "effect_in_population": effect.as_dict(),
                "boundaries": {
                    "name": boundary.name, "information": list(boundary.information), "upper": list(boundary.upper),
                    "lower": list(boundary.lower), "alpha": boundary.alpha, "futility": boundary.futility, "binding": boundary.binding,
                    "planned_events": question.planned_events if len(boundary) > 1 else None,
                },
            }
        )  # fmt: skip
    data = {
        "paget": __version__, "protocol": asked.protocol.id, "title": asked.protocol.title, "seed": asked.seed, "endpoint": asked.endpoint,
        "parameters": asked.words, "parameters_note": asked.source.note,
        "scenarios": found.rows, "designs": designs, "search": found.reached, "switching": found.switching, "assurance": found.assurance,
        "note": "Research software: results of a model on virtual patients, not for clinical use.",
    }  # fmt: skip
    cleaned: dict[str, Any] = _finite(data)
    return cleaned


def write_outputs(
    asked: DesignRequest, found: Findings, frames: Sequence[tuple[int, bool, pl.DataFrame]], path: Path, command: str
) -> None:
    """Write everything but the manifest."""
    import polars as pl

    write_text(path / "design.json", canonical(as_data(asked, found)))
    write_text(path / "scenarios.csv", csv_text(found.rows))
    told = [
        frame.with_columns(pl.lit(number, pl.Int64).alias("scenario"), pl.lit(null).alias("no_effect")) for number, null, frame in frames
    ]
    write_parquet(pl.concat(told, how="diagonal_relaxed"), path / "trials.parquet")
    drawn = []
    for name, drawing in drawings(asked, found).items():
        files = save(drawing, path / "figures", name)
        drawn.append(ReportFigure(drawing.title, files["svg"].read_text(encoding="utf-8"), drawing.alt, name))
    write_design_page(path / "report.html", page(asked, found, drawn, command))


def csv_text(rows: Sequence[Row]) -> str:
    """The scenario table as CSV; lists as readers write them, what is not known empty."""
    import csv
    import io

    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = (row.get(name) for name in columns)
        writer.writerow(
            [
                "" if v is None else shown(v) if isinstance(v, (list, tuple, bool)) else repr(v) if isinstance(v, float) else v
                for v in values
            ]
        )
    return buffer.getvalue()


def drawings(asked: DesignRequest, found: Findings) -> dict[str, Drawing]:
    """Figures of a design: power by size where sizes differ, scenarios, boundaries where there are looks, the search."""
    out: dict[str, Drawing] = {}
    name = asked.protocol.id
    series = _series(found)
    if series and len(series) <= power_curve.MOST_SERIES:
        out["power"] = power_curve.draw(
            series, target=asked.power, alpha=asked.options.alpha, trials=asked.trials, title=f"Power of {name} by size: {asked.endpoint}"
        )
    out["scenarios"] = scenario_figure.draw(
        [
            scenario_figure.ScenarioPower(
                one.short_label, row["power"], row["power_mcse"], row["power_formula"], row.get("type_one_error"),
                row.get("type_one_error_mcse"),
            )
            for one, row in zip(found.scenarios, found.rows, strict=True)
        ],
        alpha=asked.options.alpha, target=asked.power, title=f"Power of {name}: {asked.endpoint}",
    )  # fmt: skip
    looks = next((k for k, question in enumerate(found.questions) if len(question.plan) > 1), None)
    if looks is not None:
        out["boundaries"] = _boundaries(found, looks)
    if found.reached is not None:
        out |= _search_drawings(asked, found.reached)
    return out


def _series(found: Findings) -> list[power_curve.PowerSeries]:
    """Power by size: one curve for each combination of what else is varied; empty where sizes do not differ."""
    groups: dict[str, list[power_curve.PowerPoint]] = {}
    for scenario, row in zip(found.scenarios, found.rows, strict=True):
        others = ", ".join(f"{short(key)} {shown(value)}" for key, value in scenario.varied.items() if key != PATIENTS)
        point = power_curve.PowerPoint(row["patients"], row["events"], row["power"], row["power_mcse"], row["power_formula"])
        groups.setdefault(others or "as the protocol", []).append(point)
    if not any(len(points) > 1 for points in groups.values()) or not any(PATIENTS in one.varied for one in found.scenarios):
        return []
    return [power_curve.PowerSeries(label, points) for label, points in groups.items()]


def _boundaries(found: Findings, k: int) -> Drawing:
    plan, row = found.questions[k].plan, found.rows[k]
    null = plan.stopping(0.0)
    chances = [("no effect", null.above.tolist(), null.below.tolist())]
    if row["population_hazard_ratio"] is not None:
        share = found.plans[k].share
        theta = -math.log(row["population_hazard_ratio"]) * math.sqrt(found.questions[k].planned_events * share * (1.0 - share))
        real = plan.stopping(theta)
        chances.append((f"hazard ratio {row['population_hazard_ratio']:.2f}, proportional", real.above.tolist(), real.below.tolist()))
    return boundary_figure.draw(
        plan.information, plan.upper, plan.lower, chances=chances, name=plan.name, alpha=plan.alpha, binding=plan.binding
    )


def _search_drawings(asked: DesignRequest, reached: dict[str, Any]) -> dict[str, Drawing]:
    populations = reached["populations"]
    curves = [
        power_curve.PowerSeries(
            one["label"],
            [power_curve.PowerPoint(p["patients"], p["events"], p["power"], p["power_mcse"], p["power_formula"]) for p in one["points"]],
        )
        for one in populations
    ]
    candidates = []
    for one in populations:
        error = math.hypot(one["patients_se"] or 0.0, one["patients_population_se"] or 0.0)
        top, ratio = one["points"][-1], one["effect"]["hazard_ratio"]
        said = "" if ratio is None else f"hazard ratio {ratio:.3f}, "
        note = "" if one["patients"] is not None else f"{said}power {top['power']:.2f} at {top['patients']:,} patients"
        candidates.append(frontier_figure.Candidate(one["label"], one["patients"], one["screened"], error, one["on_frontier"], note))
    title = f"Smallest trials of {asked.protocol.id}: {asked.endpoint}"
    out = {"frontier": frontier_figure.draw(candidates, power=asked.power, title=title)}
    if len(curves) <= power_curve.MOST_SERIES:
        out["search"] = power_curve.draw(
            curves, target=asked.power, alpha=asked.options.alpha, trials=asked.trials, title=f"Power by population: {asked.protocol.id}"
        )
    return out
