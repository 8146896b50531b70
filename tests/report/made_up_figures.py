"""Every figure once, from the made-up trial."""

from __future__ import annotations

import numpy as np
import polars as pl
from made_up_run import CONTROL, EXPERIMENTAL, MONTH, STUDY, details, patients

from paget.report.figures import (
    baseline,
    consort,
    cumulative_incidence,
    forest,
    kaplan_meier,
    ladder,
    love_plot,
    overlap,
    patient_course,
    predicted_observed,
    replicates,
    swimmer,
    twins,
    uncertainty,
    waterfall,
)
from paget.report.figures.predicted_observed import Point
from paget.report.figures.uncertainty import Band
from paget.report.style import Drawing, Ratio
from paget.tables import adrs, adsl, adtr, adtte

TICKS = [0.0, 12.0, 24.0, 36.0, 48.0, 60.0, 72.0, 84.0]
RAW = patients()
VISITS, LESIONS = details(RAW)
SUBJECTS = adsl(RAW, STUDY, assessments=VISITS)
TIMES = adtte(RAW, STUDY, assessments=VISITS)
RESPONSES = adrs(VISITS, RAW, STUDY)
MEASURES = adtr(LESIONS, VISITS, RAW, STUDY)


def product_limit(time: np.ndarray, event: np.ndarray, label: str) -> kaplan_meier.KmCurve:
    """A plain Kaplan-Meier curve with Greenwood limits, for drawing only."""
    at = np.unique(time)
    risk = np.array([(time >= t).sum() for t in at], dtype=float)
    deaths = np.array([((time == t) & event).sum() for t in at], dtype=float)
    survival = np.cumprod(1 - deaths / risk)
    error = survival * np.sqrt(np.cumsum(deaths / np.maximum(risk * (risk - deaths), 1)))
    table = {
        "at_risk": np.array([(time >= t).sum() for t in TICKS], dtype=float),
        "censored": np.array([((time <= t) & ~event).sum() for t in TICKS], dtype=float),
        "events": np.array([((time <= t) & event).sum() for t in TICKS], dtype=float),
    }
    below = np.flatnonzero(survival <= 0.5)
    median = float(at[below[0]]) if below.size else float("nan")
    band_time = np.linspace(0, 84, 85)
    middle = np.interp(band_time, at, survival)
    return kaplan_meier.KmCurve(
        label,
        at,
        survival,
        np.clip(survival - 1.96 * error, 0, 1),
        np.clip(survival + 1.96 * error, 0, 1),
        table,
        len(time),
        int(event.sum()),
        (median, median * 0.9, float("nan")),
        (band_time, np.clip(middle - 0.11, 0, 1), np.clip(middle + 0.11, 0, 1)),
    )


def arm_times(code: str, label: str) -> tuple[np.ndarray, np.ndarray]:
    """AVAL and CNSR of one arm."""
    part = TIMES.filter((pl.col("PARAMCD") == code) & (pl.col("TRTP") == label))
    return part["AVAL"].to_numpy(), part["CNSR"].to_numpy()


def km() -> Drawing:
    """Kaplan-Meier."""
    curves = []
    for label in (CONTROL, EXPERIMENTAL):
        time, cnsr = arm_times("OS", label)
        curves.append(product_limit(time, cnsr == 0, label))
    point = kaplan_meier.PublishedPoint
    return kaplan_meier.draw(
        curves,
        ticks=TICKS,
        ratio=Ratio(1.05, 0.79, 1.40, 0.90),
        published_ratio=Ratio(1.11, 0.82, 1.52, 0.90),
        published=[
            point(CONTROL, "survival", 0.679, 36.0),
            point(EXPERIMENTAL, "survival", 0.684, 36.0),
            point(CONTROL, "median", 53.1, None, 47.9),
            point(EXPERIMENTAL, "median", 54.9, None, 46.7),
        ],
        logrank_p=0.71,
        n_replicates=200,
    )


def cif() -> Drawing:
    """Cumulative incidence."""
    curves = []
    for label in (CONTROL, EXPERIMENTAL):
        time, cnsr = arm_times("TTLRP", label)
        order = np.argsort(time)
        time, cnsr = time[order], cnsr[order]
        free = 1.0
        event, other = [], []
        e = o = 0.0
        for i, code in enumerate(cnsr):
            risk = len(time) - i
            e += free / risk * (code == 0)
            o += free / risk * (code == 2)
            free *= 1 - (code != 1) / risk
            event.append(e)
            other.append(o)
        inc = np.array(event)
        curves.append(
            cumulative_incidence.CifCurve(
                label,
                time,
                inc,
                np.array(other),
                len(time),
                int((cnsr == 0).sum()),
                int((cnsr == 2).sum()),
                np.clip(inc - 0.05, 0, 1),
                inc + 0.06,
                np.array([(time >= t).sum() for t in TICKS], dtype=float),
            )
        )
    point = kaplan_meier.PublishedPoint
    published = [point(CONTROL, "survival", 0.398, 36.0), point(EXPERIMENTAL, "survival", 0.163, 36.0)]
    return cumulative_incidence.draw(curves, ticks=TICKS, published=published)


FLOW = consort.ConsortFlow(
    assessed=2431,
    registered=390,
    randomised=256,
    not_eligible={
        "age under 18": 3,
        "brain metastases at diagnosis": 168,
        "ECOG above 1": 702,
        "pregnant": 0,
    },
    set_aside=1168,
    not_randomised={"progression during induction": 92, "death during induction": 21, "ECOG worse": 21},
    arms=[
        consort.ConsortArm(CONTROL, 131, 131, 131, crossed_over=22, lost=6, treatment="systemic therapy alone"),
        consort.ConsortArm(
            EXPERIMENTAL,
            125,
            107,
            125,
            {"progression before surgery": 9, "death before surgery": 2, "refused": 7},
            lost=5,
            treatment="surgery of the primary",
        ),
    ],
)


def flow() -> Drawing:
    """CONSORT."""
    return consort.draw(FLOW)


def subgroups() -> Drawing:
    """Forest."""
    row = forest.ForestRow
    rows = [
        row("Subtype", "HR+/HER2-", 55, 76, 54, 79, Ratio(1.02, 0.7, 1.49), 0.21),
        row("Subtype", "HER2+", 20, 35, 21, 38, Ratio(0.93, 0.5, 1.7), 0.21),
        row("Subtype", "TNBC", 12, 14, 9, 14, Ratio(2.4, 0.9, 14.4), 0.21, Ratio(3.33)),
        row("Age", "under 55", 41, 60, 40, 62, Ratio(0.97, 0.6, 1.5), 0.62),
        row("Age", "55 and over", 46, 65, 44, 69, Ratio(1.13, 0.74, 1.7), 0.62),
        row("Sites of metastasis", "bone only", 30, 48, 33, 50, Ratio(0.9, 0.55, 1.48), 0.0004),
        row("Sites of metastasis", "visceral", 50, 69, 46, 70, Ratio(1.2, 0.8, 1.8), 0.0004),
        row("Sites of metastasis", "brain", 1, 2, 0, 3, None, 0.0004),
    ]
    published = Ratio(1.11, 0.82, 1.52, 0.9)
    overall = row("All", "all", 87, 125, 84, 131, Ratio(1.05, 0.78, 1.41), None, published)
    return forest.draw(rows, overall, experimental=EXPERIMENTAL, control=CONTROL)


def changes() -> Drawing:
    """Waterfall."""
    best = waterfall.best_change(MEASURES)
    by_arm = {arm: best.filter(pl.col("TRTP") == arm)["change"].to_list() for arm in (CONTROL, EXPERIMENTAL)}
    return waterfall.draw(by_arm, without_target={CONTROL: 40, EXPERIMENTAL: 38})


def lanes() -> Drawing:
    """Swimmer."""
    return swimmer.draw(swimmer.sample(SUBJECTS, RESPONSES))


def spread() -> Drawing:
    """Replicates."""
    ratios = np.exp(np.random.default_rng(3).normal(0.02, 0.17, 200))
    ratios[4] = np.nan
    return replicates.draw(ratios, n=256, this_run=Ratio(1.05, 0.79, 1.4, 0.9), published=Ratio(1.11, 0.82, 1.52, 0.9))


def gains() -> Drawing:
    """Twins."""
    rng = np.random.default_rng(5)
    gain = np.where(rng.random(256) < 0.35, 0.0, rng.laplace(0.5, 6.0, 256))
    return twins.draw(gain, experimental=EXPERIMENTAL, control=CONTROL)


def shares() -> Drawing:
    """Baseline."""
    row = baseline.BaselineRow
    return baseline.draw(
        [
            row("Subtype", "HR+/HER2-", 0.59, 0.60, "matched"),
            row("Subtype", "HER2+", 0.28),
            row("Subtype", "triple negative", 0.13),
            row("Extent", "≤ 3 metastases in one organ", 0.17, 0.122, "compared"),
            row("Extent", "bone only", 0.41),
            row("Age", "under 55", 0.44),
        ]
    )


LESION_STARTS = (
    ("breast", 4.2, -0.2),
    ("bone", 2.1, 0.1),
    ("liver", 1.4, 0.22),
    ("liver", 0.6, 0.3),
    ("brain", 0.3, 0.35),
)


def life() -> Drawing:
    """Patient course."""
    rng = np.random.default_rng(8)
    day = np.arange(0, 900, 90.0)
    rows = []
    for number, (organ, size, rate) in enumerate(LESION_STARTS):
        for visit, when in enumerate(day):
            if organ == "breast" and when > 200:
                continue
            true = size * np.exp(rate * visit * (1 if visit > 3 else -0.4))
            seen = true * rng.lognormal(0, 0.08) if true > 0.5 else None
            rows.append((7, visit, when, number, organ, "target", seen, true))
    names = ["patient_id", "visit", "day", "lesion", "organ", "role", "measured_cm", "true_cm"]
    lesions = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    visits = pl.DataFrame({"day": day})
    events = pl.DataFrame(
        [
            (0.0, "diagnosis", ""),
            (0.0, "line start", "letrozole + palbociclib"),
            (160.0, "randomisation", ""),
            (200.0, "surgery", "mastectomy"),
            (540.0, "progression", ""),
            (545.0, "line stop", "letrozole + palbociclib"),
            (550.0, "line start", "capecitabine"),
            (720.0, "new lesion", "brain"),
            (720.0, "progression", ""),
            (725.0, "line stop", "capecitabine"),
            (730.0, "line start", "eribulin"),
            (900.0, "death", "cancer"),
        ],
        schema=["day", "event", "detail"],
        orient="row",
    )
    return patient_course.draw(patient_course.PatientCourse.of("virtual patient 7", lesions, visits, events, end_day=30 * MONTH))


def rungs() -> Drawing:
    """Bias ladder."""
    row = ladder.LadderRow
    rows = [
        row("Ever / never", Ratio(0.57, 0.51, 0.63), 4000, 2304, 1.0, group="Ever against never"),
        row("Ever / never, Cox-adjusted", Ratio(0.79, 0.71, 0.88), 4000, 2304, 0.98, True, "Ever against never"),
        row("Landmark 6 months", Ratio(0.75, 0.66, 0.85), 3600, 1904, 1.02, group="Landmark"),
        row("Landmark 12 months", None, 0, 0, group="Landmark", note="nobody treated by then"),
        row("Sequential trials, weighted", Ratio(1.31, 0.2, 9.5), 300, 160, None, True, "Emulated target trial"),
        row("Clone-censor-weight, 12 months, no covariates", Ratio(0.99, 0.9, 1.09), 4000, 2304, 1.0, True, "Emulated target trial"),
    ]
    return ladder.draw(rows, title="Surgery and death: hazard ratio by analysis", treated="surgery", note="Made up.")


def loves() -> Drawing:
    """Love plot."""
    row = love_plot.LoveRow
    rows = [
        row("age", 0.73, 0.05),
        row("menopausal status=after", -0.85, -0.04),
        row("progesterone receptor, fmol/mg", 0.2),
        row("er", 0.06, -0.01),
    ]
    return love_plot.draw(rows, after="after weighting")


def overlaps() -> Drawing:
    """Overlap."""
    rng = np.random.default_rng(9)
    edges = np.linspace(0, 1, 21)
    one, zero = np.histogram(rng.beta(3, 5, 300), edges)[0], np.histogram(rng.beta(2, 8, 900), edges)[0]
    weights = np.histogram(rng.lognormal(0, 0.4, 300), edges * 6)[0], np.histogram(rng.lognormal(0, 0.2, 900), edges * 6)[0]
    return overlap.draw(
        overlap.Histogram(edges.tolist(), one.tolist(), zero.tolist()),
        overlap.Histogram((edges * 6).tolist(), weights[0].tolist(), weights[1].tolist()),
        effective_n=(250.0, 880.0),
    )


def kinds():
    """Each kind of uncertainty of a hazard ratio, and the published one."""
    return uncertainty.draw(
        [
            Band("Monte-Carlo", 0.97, 1.03, "95 % of the mean"), Band("sampling", 0.72, 1.39, "95 % of trials of 256"),
            Band("parameters", 0.85, 1.18, "95 % of draws"), Band("structure", None, None, "range of fitted variants"),
            Band("published", 0.82, 1.52, "90 % CI", 1.11),
        ],
        centre=1.0,
    )  # fmt: skip


def foretold():
    """Predictions of three studies: held out and inside, held out and outside, fitted to."""
    return predicted_observed.draw(
        [
            Point("mf0701-10y, OS", 0.95, 0.70, 1.25, 0.71, 0.59, 0.86, True, True),
            Point("abcsg28, OS", 0.70, 0.55, 0.90, 1.45, None, None, True, False),
            Point("e2108, OS", 1.02, 0.75, 1.40, 1.11, 0.82, 1.52, False, True),
        ]
    )


FIGURES = {
    "uncertainty": kinds,
    "predicted-observed": foretold,
    "kaplan-meier": km,
    "consort": flow,
    "forest": subgroups,
    "cumulative-incidence": cif,
    "waterfall": changes,
    "swimmer": lanes,
    "replicates": spread,
    "twins": gains,
    "patient": life,
    "baseline": shares,
    "ladder": rungs,
    "love-plot": loves,
    "overlap": overlaps,
}
"""Every figure by its file name."""
