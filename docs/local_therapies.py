"""Figures and tables of docs/local-therapies.md, made from the therapy files: ``python docs/local_therapies.py``."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from paget.forms.quantities import Rate
from paget.report.figures.size_response import Panel, Point, draw
from paget.report.save import png_bytes, write_atomic
from paget.therapy import library
from paget.therapy.curves import Margins
from paget.therapy.form import Therapy
from paget.therapy.local_form import LocalTreatment, Published
from paget.therapy.margins import MarginRelation, Needles

PAGE = Path(__file__).with_name("local-therapies.md")
IMAGES = Path(__file__).with_name("images")
LIVER = ("rfa", "mwa", "srfa", "laser-ablation")
SKIN = (
    "electrochemotherapy", "skin-radiotherapy", "radiotherapy-hyperthermia", "reirradiation",
    "thermochemoradiotherapy", "photodynamic-therapy", "cryotherapy", "breast-radiotherapy",
)  # fmt: skip
D = np.linspace(0.2, 8.0, 120)
ROLES = (
    "Filled: set the curve or something else in the file. Open: predictions. Bars: 95 % interval (Wilson) and class of size; results that "
    "tell no size stand side by side around the usual diameter."
)


def _local(name: str) -> LocalTreatment:
    local = library().therapies[name].local
    assert local is not None
    return local


def _interval(value: float, n: int | None) -> tuple[float, float]:
    if n is None:
        return math.nan, math.nan
    rate = Rate(value=value, n=n, basis="assumed", reason="published")
    assert rate.interval is not None
    return rate.interval


def _place(local: LocalTreatment, one: Published) -> tuple[float, float, float]:
    """Where a published result lies on the axis: the mean diameter of its lesions, and the ends of its class."""
    from paget.therapy.local_form import _sizes_between

    median = one.median_cm or local.sizes.median_cm.value
    sd = one.sd_log or local.sizes.sd_log.value
    d, w = _sizes_between(median, sd, one.from_cm, one.to_cm)
    x = float(w @ d)
    low = one.from_cm if one.from_cm > 0 or math.isfinite(one.to_cm) else math.nan
    return x, low, min(one.to_cm, 8.0) if not math.isnan(low) else math.nan


def panel(name: str) -> Panel:
    """A treatment's curves by diameter and the published results of lesions beside them."""
    local = _local(name)
    d = D[D <= local.limits.max_cm.value] if local.limits.max_cm else D  # no curve for lesions that it may not treat
    curves = {"eradicated": local.control_at(d).tolist()}
    if local.lasting is not None:
        curves["complete response at first"] = local.complete_at(d).tolist()
    points = []
    shown = [one for one in local.published if one.of == "lesions" and one.measure != "objective"]
    for one in shown:
        x, x_low, x_high = _place(local, one)
        beside = [other for other in shown if math.isnan(_place(local, other)[1]) and abs(_place(local, other)[0] - x) < 0.01]
        if math.isnan(x_low) and len(beside) > 1:  # no size told: side by side
            x += 0.16 * (beside.index(one) - 0.5 * (len(beside) - 1))
        low, high = _interval(one.value, one.n)
        points.append(Point(x, one.value, low, high, one.measure, one.role, one.study, x_low, x_high))
    therapy = library().therapies[name]
    return Panel(f"{name} (tier {therapy.tier})", d.tolist(), curves, points, y_label="share of lesions")


def margin_panels() -> list[Panel]:
    """Needle error to margins, margins to progression, and control by diameter under other ways of placing needles."""
    curve = _local("srfa").control
    assert isinstance(curve, Margins)
    needles, relation = curve.placement.needles(), curve.evidence.relation()
    m = np.linspace(0.0, 12.0, 121)
    spread = {}
    for label, d in (("1 cm", 1.0), ("3 cm", 3.0), ("5 cm", 5.0)):
        grid, below = needles.minimal(d)
        spread[label] = np.interp(m, grid, below).tolist()
    quartiles = ((1.7, 0.25), (3.4, 0.5), (6.9, 0.75))
    laimer = [_other_point(x, y, "laimer2020-mam-hcc (quartiles)") for x, y in quartiles]
    rule = {"as in the file": needles, "no second needle": _other(needles, redo=None), "10.1 mm, as free hand": _other(needles, error=10.1)}
    from paget.therapy.margins import control

    d = np.linspace(0.5, 8.0, 31)
    by_size = {label: [control(n, relation, float(x)) for x in d] for label, n in rule.items()}
    wang = [(0, 0.26), (3, 0.46), (8, 0.74), (13, 0.80)]
    points = [_other_point(x, 1.0 - y, "wang2013-margin") for x, y in wang if x <= 12]
    slow = MarginRelation(relation.at_zero, 0.884)
    return [
        Panel("minimal margin of srfa", m.tolist(), spread, laimer, "minimal margin (mm)", "share of lesions below", 12.0),
        Panel("margin and local progression", m.tolist(), {"in the file: 0.47 per mm": relation.progression(m).tolist(),
              "0.884 per mm, same start": slow.progression(m).tolist()}, points, "minimal margin (mm)", "local progression", 12.0),
        Panel("control by placing of needles", d.tolist(), by_size, (), "diameter (cm)", "share controlled"),
    ]  # fmt: skip


def _other(needles: Needles, *, redo: float | None = 0.0, error: float | None = None) -> Needles:
    return Needles(
        needles.planned_mm, error or needles.error_mm, needles.zone_cm, needles.zone_limit_cm,
        None if redo is None else needles.redo_below_mm, needles.attempts, needles.check_sd_mm,
    )  # fmt: skip


def dose_panels() -> list[Panel]:
    """Response by absorbed dose, and by the dose given relative to the cohort's."""
    dose = _local("sirt").dose
    assert dose is not None
    gy = np.linspace(10.0, 300.0, 120)
    given = np.linspace(0.4, 2.0, 60)
    local = _local("sirt")
    response = [
        float(local.model_copy(update={"dose": dose.model_copy(update={"given": float(g)})}).objective_at([2.5])[0]) for g in given
    ]
    low, high = _interval(0.77, 60)
    threshold = _other_point(79.5, 0.5, "threshold of tare-dose-bclm2021")
    by_metabolism = Point(1.0, 0.77, low, high, "tare-dose-bclm2021", "input", "tare-dose-bclm2021")
    by_size = Point(1.0, 0.36, 0.26, 0.47, "sirt-meta2022", "input", "sirt-meta2022")
    metabolic = [dose.expected(float(g)) for g in given]
    return [
        Panel("sirt: by absorbed dose", gy.tolist(), {"metabolic response": dose.at(gy).tolist()}, [threshold],
              "absorbed dose (Gy)", "share responding", 300.0),
        Panel("sirt: by dose given", given.tolist(), {"metabolic, of patients": metabolic, "by size, of lesions": response},
              [by_metabolism, by_size], "dose relative to the cohort's", "share responding", 2.0),
    ]  # fmt: skip


def _other_point(x: float, y: float, label: str) -> Point:
    return Point(x, y, math.nan, math.nan, label, "prediction", label)


def figures() -> None:
    """Draw all figures into docs/images."""
    reported = "Lines: the therapy files. Points: what series reported, of lesions."
    margins = (
        "Wang 2013 measured margins in two dimensions weeks later, which flattens their slope. Laimer 2020: hepatocellular lesions of all "
        "sizes. 10.1 mm: error of a free-hand needle that is not placed anew."
    )
    drawings = {
        "local-liver": draw([panel(name) for name in LIVER], "Ablation of liver metastases: control by diameter", reported, note=ROLES),
        "local-skin": draw([panel(name) for name in SKIN], "Skin, chest wall and breast: response by diameter", reported, note=ROLES),
        "local-margins": draw(
            margin_panels(), "Stereotactic ablation: from the needle to local control", columns=3, note=margins, one_legend=False
        ),
        "local-dose": draw(dose_panels(), "Radioembolisation: response by dose", columns=2, one_legend=False),
    }
    for name, drawing in drawings.items():
        write_atomic(IMAGES / f"{name}.png", png_bytes(drawing))


def _set_by(therapy: Therapy) -> str:
    """Studies behind the numbers of the curve, or that it is assumed."""
    assert therapy.local is not None
    numbers = [number for path, number in therapy.numbers() if path.startswith(("local.control", "local.lasting"))]
    cited = dict.fromkeys(source for number in numbers for source in number.sources if number.basis in ("sourced", "placed"))
    return ", ".join(f"`{source}`" for source in cited) or "assumed"


def tables() -> str:
    """The tables of the page."""
    out = ["| therapy | tier | 0.5 cm | 1 cm | 2 cm | 3 cm | 5 cm | 8 cm | between patients, sd of the logit | curve set by |",
           "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    shelf = library().locals
    for name, therapy in shelf.items():
        local = _local(name)
        values = " | ".join(f"{value:.2f}" for value in local.control_at([0.5, 1.0, 2.0, 3.0, 5.0, 8.0]))
        out.append(f"| `{name}` | {therapy.tier} | {values} | {local.correlation.sd():.2f} | {_set_by(therapy)} |")
    out += ["", "## Every published point", "", "| therapy | study | what | measure | of | published | here | role |"]
    out.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in shelf:
        local = _local(name)
        for one in local.published:
            low, high = _interval(one.value, one.n)
            spread = "" if math.isnan(low) else f" ({low:.2f} to {high:.2f})"
            what = one.what + (f" ({one.note})" if one.note else "")
            here = f"{local.expected(one):.2f}"
            out.append(f"| `{name}` | `{one.study}` | {what} | {one.measure} | {one.of} | {one.value:.2f}{spread} | {here} | {one.role} |")
    return "\n".join(out)


def page() -> str:
    """The page with its tables made anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- tables: made by docs/local_therapies.py -->\n")
    _, _, after = rest.partition("<!-- end of tables -->")
    return f"{before}<!-- tables: made by docs/local_therapies.py -->\n\n{tables()}\n\n<!-- end of tables -->{after}"


def main() -> None:
    """Draw the figures and write the tables."""
    figures()
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
