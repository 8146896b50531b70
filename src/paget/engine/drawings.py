"""The figures of a run, from its tables and replicates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from paget.analysis import cumulative_incidence, kaplan_meier, read_endpoint
from paget.engine.replicates import Replicates
from paget.report.figures import baseline as baseline_figure
from paget.report.figures import consort as consort_figure
from paget.report.figures import cumulative_incidence as incidence_figure
from paget.report.figures import forest as forest_figure
from paget.report.figures import kaplan_meier as survival_figure
from paget.report.figures import replicates as replicates_figure
from paget.report.figures import swimmer as swimmer_figure
from paget.report.figures import twins as twins_figure
from paget.report.figures import waterfall as waterfall_figure
from paget.report.figures.baseline import BaselineRow
from paget.report.figures.consort import ConsortFlow
from paget.report.figures.cumulative_incidence import CifCurve
from paget.report.figures.forest import ForestRow
from paget.report.figures.kaplan_meier import KmCurve, PublishedPoint
from paget.report.style import Drawing, Ratio
from paget.study import Protocol, published_values

if TYPE_CHECKING:
    import polars as pl

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Material:
    """What figures are drawn from."""

    protocol: Protocol
    adsl: pl.DataFrame
    adtte: pl.DataFrame
    adrs: pl.DataFrame
    adtr: pl.DataFrame
    records: Records
    flow: ConsortFlow
    baseline: list[BaselineRow]
    replicates: Replicates | None = None
    twins: pl.DataFrame | None = None
    groups: dict[str, pl.Series] = field(default_factory=dict)


def _find(records: Records, measure: str, *, endpoint: str, subgroup: str | None = None, at: float | None = None) -> dict[str, Any] | None:
    for record in records:
        if (
            record["endpoint"] == endpoint and record["measure"] == measure and record["subgroup"] == subgroup
            and record["population"] == "itt" and record["time_zero"] == "randomisation"
            and (at is None or record["at_months"] == at)
        ):  # fmt: skip
            return record
    return None


def _ratio(part: dict[str, Any] | None) -> Ratio | None:
    if part is None or part.get("value") is None:
        return None
    low, high = part.get("ci_low"), part.get("ci_high")
    return Ratio(float(part["value"]), low, high, part.get("ci_level") or 0.95)


def _ticks(longest: float) -> list[float]:
    step = next(step for step in (3, 6, 12, 24, 36, 60) if longest / step <= 9)
    return [float(t) for t in range(0, int(longest) + 1, step)]


def _by_arm(m: Material, code: str) -> list[tuple[Any, Any, Any]]:
    data = read_endpoint(m.adsl, m.adtte, code)
    arms = np.asarray(data.column("ARMCD"))
    return [(arm, data.select(arms == arm.id), int((arms == arm.id).sum())) for arm in m.protocol.arms]


def survival(m: Material) -> Drawing:
    """Kaplan-Meier curves of overall survival, with the published numbers drawn in."""
    curves = []
    longest = max(float(part.survival.time_months.max()) for _, part, _ in _by_arm(m, "OS"))
    ticks = _ticks(longest)
    for arm, part, _ in _by_arm(m, "OS"):
        km = kaplan_meier(part.survival.time_months, part.survival.event, level=m.protocol.analyses.ci_level)
        band = None
        if m.replicates is not None and (arm == m.protocol.control or arm == m.protocol.experimental[0]):
            band = m.replicates.envelope(0 if arm == m.protocol.control else 1)
        curves.append(KmCurve.of(arm.label, km, ticks, band=band))
    labels = {arm.id: arm.label for arm in m.protocol.arms}
    points = [
        PublishedPoint(
            labels[entry.arm], "survival" if entry.measure == "survival" else "median", value.value, entry.at_months,
            value.ci_low, value.ci_high,
        )
        for entry, value in published_values(m.protocol)
        if entry.endpoint == "OS" and entry.measure in ("survival", "median_months") and entry.arm and not entry.subgroup
    ]  # fmt: skip
    effect = _find(m.records, "hazard_ratio", endpoint="overall-survival")
    test = _find(m.records, "logrank_p", endpoint="overall-survival")
    return survival_figure.draw(
        curves,
        ticks=ticks,
        ratio=_ratio(effect),
        published_ratio=_ratio((effect or {}).get("published")),
        published=points,
        ci_level=m.protocol.analyses.ci_level,
        logrank_p=(test or {}).get("value"),
        n_replicates=None if m.replicates is None else m.replicates.frame.height,
    )


def incidence(m: Material) -> Drawing:
    """Cumulative incidence of locoregional progression, death competing."""
    parts = _by_arm(m, "TTLRP")
    ticks = _ticks(max(float(part.survival.time_months.max()) for _, part, _ in parts))
    curves = [
        CifCurve.of(
            arm.label,
            cumulative_incidence(part.survival.time_months, part.cause, of=1),
            cumulative_incidence(part.survival.time_months, part.cause, of=2),
            ticks,
        )
        for arm, part, _ in parts
    ]
    labels = {arm.id: arm.label for arm in m.protocol.arms}
    points = [
        PublishedPoint(labels[entry.arm], "survival", value.value, entry.at_months, value.ci_low, value.ci_high)
        for entry, value in published_values(m.protocol)
        if entry.endpoint == "TTLRP" and entry.measure == "cumulative_incidence" and entry.arm
    ]
    return incidence_figure.draw(curves, ticks=ticks, published=points)


def forest(m: Material) -> Drawing:
    """Subgroups of the hazard ratio of overall survival, each beside those outside it where the test needs them."""
    experimental, control = m.protocol.experimental[0], m.protocol.control

    def row(record: dict[str, Any], name: str, level: str, frame: pl.DataFrame) -> ForestRow:
        import polars as pl

        a = frame.filter(pl.col("ARMCD") == experimental.id)
        b = frame.filter(pl.col("ARMCD") == control.id)
        p = _find(m.records, "interaction_p", endpoint="overall-survival", subgroup=record["subgroup"])
        return ForestRow(
            name, level, int((a["DTHFL"] == "Y").sum()), a.height, int((b["DTHFL"] == "Y").sum()), b.height,
            _ratio(record), None if p is None else p["value"], _ratio(record.get("published")),
        )  # fmt: skip

    rows = []
    for group in m.protocol.analyses.subgroups:
        record = _find(m.records, "hazard_ratio", endpoint="overall-survival", subgroup=group.id)
        if record is not None:
            rows.append(row(record, group.label, "", m.adsl.filter(m.groups[group.id])))
    whole = _find(m.records, "hazard_ratio", endpoint="overall-survival")
    assert whole is not None
    return forest_figure.draw(
        rows, row(whole, "All patients", "", m.adsl), experimental=experimental.label, control=control.label
    )


def all_drawings(m: Material) -> dict[str, Callable[[], Drawing]]:
    """Every figure of the run by its file name, to be drawn when asked for."""
    n = m.adsl.height
    effect = _find(m.records, "hazard_ratio", endpoint="overall-survival")
    out: dict[str, Callable[[], Drawing]] = {
        "kaplan-meier": lambda: survival(m),
        "consort": lambda: consort_figure.draw(m.flow),
        "cumulative-incidence": lambda: incidence(m),
        "waterfall": lambda: _waterfall(m),
        "swimmer": lambda: swimmer_figure.draw(swimmer_figure.sample(m.adsl, m.adrs)),
        "baseline": lambda: baseline_figure.draw(m.baseline),
    }
    if m.protocol.analyses.subgroups:
        out["forest"] = lambda: forest(m)
    if m.replicates is not None:
        ratios, draws = np.exp(m.replicates.values("OS_log_hr")), m.replicates.posterior_draws
        out["replicates"] = lambda: replicates_figure.draw(
            ratios, n=n, this_run=_ratio(effect), published=_ratio((effect or {}).get("published")),
            draws=draws,
        )  # fmt: skip
    if m.twins is not None:
        gains = m.twins["gain_months"].to_numpy()
        out["twins"] = lambda: twins_figure.draw(
            gains, experimental=m.protocol.experimental[0].label, control=m.protocol.control.label
        )
    return out


def _waterfall(m: Material) -> Drawing:
    import polars as pl

    changes = waterfall_figure.best_change(m.adtr)
    shown: dict[str, list[float]] = {}
    without: dict[str, int] = {}
    for arm in m.protocol.arms:
        mine = changes.filter(pl.col("TRTP") == arm.label)["change"].to_list()
        shown[arm.label] = mine
        without[arm.label] = int((m.adsl["ARMCD"] == arm.id).sum()) - len(mine)
    return waterfall_figure.draw(shown, without_target=without)
