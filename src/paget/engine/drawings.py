"""The figures of a run, from its tables and replicates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from paget.analysis import cumulative_incidence, kaplan_meier, read_endpoint
from paget.endpoints import COMPETING, FIRST, FOUND, LESIONS, NAMES, RESPONSES, timed, title_of
from paget.engine.replicates import Replicates
from paget.report.figures import baseline as baseline_figure
from paget.report.figures import consort as consort_figure
from paget.report.figures import cumulative_incidence as incidence_figure
from paget.report.figures import forest as forest_figure
from paget.report.figures import kaplan_meier as survival_figure
from paget.report.figures import rates as rates_figure
from paget.report.figures import replicates as replicates_figure
from paget.report.figures import swimmer as swimmer_figure
from paget.report.figures import twins as twins_figure
from paget.report.figures import uncertainty as uncertainty_figure
from paget.report.figures import waterfall as waterfall_figure
from paget.report.figures.baseline import BaselineRow
from paget.report.figures.consort import ConsortFlow
from paget.report.figures.cumulative_incidence import CifCurve
from paget.report.figures.forest import ForestRow
from paget.report.figures.kaplan_meier import KmCurve, PublishedPoint
from paget.report.figures.rates import RateRow
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
    index_change: pl.DataFrame | None = None
    adles: pl.DataFrame | None = None


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
    data = read_endpoint(m.adsl, m.adtte, code, incomplete="drop")
    arms = np.asarray(data.column("ARMCD"))
    # an arm may have nobody with this time: nothing of it was treated, nobody responded
    return [(arm, data.select(arms == arm.id), int((arms == arm.id).sum())) for arm in m.protocol.arms if (arms == arm.id).any()]


def survival(m: Material, code: str = "OS") -> Drawing:
    """Kaplan-Meier curves of an endpoint, with the published numbers drawn in."""
    name = NAMES[code]
    curves = []
    parts = _by_arm(m, code)
    longest = max(float(part.survival.time_months.max()) for _, part, _ in parts)
    ticks = _ticks(longest)
    for arm, part, _ in parts:
        km = kaplan_meier(part.survival.time_months, part.survival.event, level=m.protocol.analyses.ci_level)
        band = None
        if code == "OS" and m.replicates is not None and (arm == m.protocol.control or arm == m.protocol.experimental[0]):
            band = m.replicates.envelope(1 if m.protocol.single_arm or arm == m.protocol.experimental[0] else 0)
        curves.append(KmCurve.of(arm.label, km, ticks, band=band))
    labels = {arm.id: arm.label for arm, _, _ in parts}
    points = [
        PublishedPoint(
            labels[entry.arm], "survival" if entry.measure == "survival" else "median", value.value, entry.at_months,
            value.ci_low, value.ci_high,
        )
        for entry, value in published_values(m.protocol)
        if entry.endpoint == code and entry.measure in ("survival", "median_months") and entry.arm in labels and not entry.subgroup
    ]  # fmt: skip
    two = len(m.protocol.arms) == 2  # of several comparisons none is the ratio of the figure
    effect = _find(m.records, "hazard_ratio", endpoint=name) if two else None
    test = _find(m.records, "logrank_p", endpoint=name) if two else None
    words: dict[str, Any] = {} if code == "OS" else {"endpoint": "Patients without the event", "title": title_of(name)}
    origin = ORIGINS.get(code, "entry" if m.protocol.single_arm else "randomisation")
    return survival_figure.draw(
        curves,
        ticks=ticks,
        ratio=_ratio(effect),
        published_ratio=_ratio((effect or {}).get("published")),
        published=points,
        ci_level=m.protocol.analyses.ci_level,
        time_zero=origin,
        logrank_p=(test or {}).get("value"),
        n_replicates=None if m.replicates is None else m.replicates.frame.height,
        **words,
    )


ORIGINS = {"SAR": "the diagnosis of relapse", "RSD": "the first response", "LPFS": "treatment", "TTLTP": "treatment"}
"""Where time starts for endpoints that do not count from randomisation."""


def incidence(m: Material, code: str = "TTLRP") -> Drawing:
    """Cumulative incidence of an event with which death competes."""
    parts = _by_arm(m, code)
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
    labels = {arm.id: arm.label for arm, _, _ in parts}
    points = [
        PublishedPoint(labels[entry.arm], "survival", value.value, entry.at_months, value.ci_low, value.ci_high)
        for entry, value in published_values(m.protocol)
        if entry.endpoint == code and entry.measure == "cumulative_incidence" and entry.arm in labels
    ]
    words: dict[str, Any] = {} if code == "TTLRP" else {"endpoint": title_of(NAMES[code])}
    origin = ORIGINS.get(code, "entry" if m.protocol.single_arm else "randomisation")
    return incidence_figure.draw(curves, ticks=ticks, published=points, time_zero=origin, **words)


def shares(m: Material, codes: tuple[str, ...], title: str) -> Drawing:
    """Shares of responders or of treated lesions, simulated beside published."""
    labels = {arm.id: arm.label for arm in m.protocol.arms}
    rows = []
    for code in codes:
        for record in m.records:
            if record["endpoint"] != NAMES[code] or record["measure"] != "rate" or record["cut"]:
                continue
            spread, published = record.get("replicates") or {}, record["published"] or {}
            who = labels.get(str(record["arm"]), "all") if not record["subgroup"] else str(record["subgroup"])
            if record["subgroup"] and sum(bool(arm.local) for arm in m.protocol.arms) > 1:
                who = f"{labels[str(record['arm'])]}, {who}"
            rows.append(
                RateRow(
                    title_of(NAMES[code]), who, record["value"], record["ci_low"], record["ci_high"], spread.get("low"),
                    spread.get("high"), published.get("value"), published.get("ci_low"), published.get("ci_high"), record["role"],
                    record["n"],
                )
            )  # fmt: skip
    return rates_figure.draw(rows, title=title, level=m.protocol.analyses.ci_level)


def forest(m: Material) -> Drawing:
    """Subgroups of the hazard ratio of the first endpoint, each beside those outside it where the test needs them."""
    import polars as pl

    experimental, control = m.protocol.experimental[0], m.protocol.control
    code = next(endpoint for endpoint in m.protocol.endpoints if timed(endpoint))
    name = NAMES[code]
    happened = m.adtte.filter((pl.col("PARAMCD") == code) & (pl.col("CNSR") == 0)).select("USUBJID")

    def row(record: dict[str, Any], label: str, level: str, frame: pl.DataFrame) -> ForestRow:
        a = frame.filter(pl.col("ARMCD") == experimental.id)
        b = frame.filter(pl.col("ARMCD") == control.id)
        p = _find(m.records, "interaction_p", endpoint=name, subgroup=record["subgroup"])
        events = [one.join(happened, on="USUBJID", how="semi").height for one in (a, b)]
        return ForestRow(
            label, level, events[0], a.height, events[1], b.height, _ratio(record), None if p is None else p["value"],
            _ratio(record.get("published")),
        )  # fmt: skip

    rows = []
    for group in m.protocol.analyses.subgroups:
        record = _find(m.records, "hazard_ratio", endpoint=name, subgroup=group.id)
        if record is not None:
            rows.append(row(record, group.label, "", m.adsl.filter(m.groups[group.id])))
    whole = _find(m.records, "hazard_ratio", endpoint=name)
    assert whole is not None
    return forest_figure.draw(
        rows, row(whole, "All patients", "", m.adsl), experimental=experimental.label, control=control.label,
        endpoint=title_of(name),
    )  # fmt: skip


def all_drawings(m: Material) -> dict[str, Callable[[], Drawing]]:
    """Every figure of the run by its file name, to be drawn when asked for."""
    n, protocol = m.adsl.height, m.protocol
    primary = protocol.estimand.endpoint if timed(protocol.estimand.endpoint) else "OS"
    there = set(m.adtte["PARAMCD"].to_list())
    out: dict[str, Callable[[], Drawing]] = {
        "kaplan-meier": lambda: survival(m),
        "consort": lambda: consort_figure.draw(m.flow),
    }
    if "TTLRP" in protocol.endpoints:
        out["cumulative-incidence"] = lambda: incidence(m)
    for code in protocol.endpoints:
        curve = code == primary != "OS" or code not in FIRST
        if not timed(code) or code not in there or not curve or code == "TTLRP":
            continue
        if code in COMPETING:
            out[f"cumulative-incidence-{code.lower()}"] = partial(incidence, m, code)
        else:
            out[f"kaplan-meier-{code.lower()}"] = partial(survival, m, code)
    responses = tuple(code for code in protocol.endpoints if code in RESPONSES)
    if responses:
        out["responses"] = lambda: shares(m, responses, "Responses of patients")
    if FOUND in protocol.endpoints:
        out["found"] = lambda: shares(m, (FOUND,), "Relapses that a visit found")
    lesions = tuple(code for code in protocol.endpoints if code in LESIONS)
    if lesions:
        out["lesions"] = lambda: shares(m, lesions, "Treated lesions")
    if not protocol.early:  # visits of early disease are not kept
        out["waterfall"] = lambda: _waterfall(m)
        out["swimmer"] = lambda: swimmer_figure.draw(swimmer_figure.sample(m.adsl, m.adrs, adles=m.adles))
    if m.baseline:
        out["baseline"] = lambda: baseline_figure.draw(m.baseline)
    if protocol.single_arm:
        return out
    if protocol.analyses.subgroups:
        out["forest"] = lambda: forest(m)
    if m.replicates is not None:
        effect = _find(m.records, "hazard_ratio", endpoint=NAMES[primary])
        ratios, draws = np.exp(m.replicates.values(f"{primary}_log_hr")), m.replicates.posterior_draws
        if np.isfinite(ratios).sum() > 1:  # one is no distribution
            out["replicates"] = lambda: replicates_figure.draw(
                ratios, n=n, this_run=_ratio(effect), published=_ratio((effect or {}).get("published")),
                endpoint=title_of(NAMES[primary]), draws=draws,
            )  # fmt: skip
        if effect is not None and effect["replicates"] and effect["replicates"]["draws"]:
            out["uncertainty"] = lambda: _uncertainty(effect, n)
    if m.twins is not None:
        gains = m.twins["gain_months"].to_numpy()
        out["twins"] = lambda: twins_figure.draw(
            gains, experimental=m.protocol.experimental[0].label, control=m.protocol.control.label
        )
    return out


def _uncertainty(effect: dict[str, Any], n: int) -> Drawing:
    """Each kind of uncertainty of the main hazard ratio, and the published one."""
    spread, published = effect["replicates"], effect["published"]
    error = spread["mc_se"] or 0.0
    value = spread["value"]
    low, high = value - 1.96 * error, value + 1.96 * error
    parts = {
        # of two or three replicates the limit may fall below zero, where there is no ratio to draw
        "Monte-Carlo": ({"low": low, "high": high}, "95 % of the mean") if low > 0 else (None, "(too few replicates)"),
        "sampling": (spread["sampling"], f"95 % of trials of {n}"),
        "parameters": (spread["parameter"], "95 % of draws"),
        "structure": (spread["structural"], "range of fitted variants"),
    }
    bands = [
        uncertainty_figure.Band(kind, None if part is None else part["low"], None if part is None else part["high"], meaning)
        for kind, (part, meaning) in parts.items()
    ]
    if published and published.get("value") is not None:
        level = published.get("ci_level")
        meaning = "" if level is None else f"{100 * level:g} % CI"
        bands.append(
            uncertainty_figure.Band("published", published.get("ci_low"), published.get("ci_high"), meaning, published["value"])
        )
    return uncertainty_figure.draw(bands, centre=value, endpoint=title_of(effect["endpoint"]))


def _waterfall(m: Material) -> Drawing:
    """Best change of target lesions; of the lesions meant for local treatment, where the study treats any."""
    import polars as pl

    shown: dict[str, list[float]] = {}
    without: dict[str, int] = {}
    changes = waterfall_figure.best_change(m.adtr)
    for arm in m.protocol.arms:
        if m.index_change is not None:
            mine = m.index_change.filter(pl.col("arm") == arm.id)["change"].to_list()
        else:
            mine = changes.filter(pl.col("TRTP") == arm.label)["change"].to_list()
        shown[arm.label] = mine
        without[arm.label] = int((m.adsl["ARMCD"] == arm.id).sum()) - len(mine)
    if m.index_change is None:
        return waterfall_figure.draw(shown, without_target=without)
    return waterfall_figure.draw(
        shown, without_target=without, title="Change of the lesions meant for local treatment",
        note="Sum of the lesions in the treated places that were seen at baseline, at the visit at which response is judged.",
        of="lesions there and a later visit",
    )  # fmt: skip
