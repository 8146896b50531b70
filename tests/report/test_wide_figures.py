"""Assures that figures of many arms, roles and events keep within the page and do not write over themselves."""

import itertools

import numpy as np
import polars as pl
from matplotlib.backends.backend_agg import FigureCanvasAgg

from paget.report.figures import calibration, patient_course, predicted_observed, rates, swimmer, waterfall
from paget.report.style import stamp

MONTH = 30.4375


def drawn(figure):
    """The figure, laid out; with its size in inches."""
    FigureCanvasAgg(figure).draw()
    return figure.get_tightbbox(), figure.get_size_inches()


def test_names_of_two_roles_keep_within_the_page():
    """The key of simulated and two roles of published numbers is not cut."""
    rows = [rates.RateRow("Response", f"arm {k}", 0.3, n=20, published=0.4, role=role) for k, role in enumerate(("anchor", "prediction"))]
    box, (width, _) = drawn(rates.draw(rows, title="Responses").figure)
    assert box.x1 < width


def test_words_under_three_panels_do_not_meet():
    """What is said under each panel ends before the next one begins."""
    changes = {f"arm {k}": np.linspace(-60, 30, 13) for k in range(3)}
    figure = waterfall.draw(changes, without_target=dict.fromkeys(changes, 10)).figure
    drawn(figure)
    words = [text for axes in figure.axes for text in axes.texts if "target disease" in text.get_text()]
    boxes = sorted((text.get_window_extent() for text in words), key=lambda box: box.x0)
    assert len(boxes) == 3 and all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_time_without_drugs_is_drawn_and_named():
    """Somebody without systemic therapy has a lane that says so; where nobody is, the key does not."""
    untreated = swimmer.SwimmerRow("1", "placebo", 10.0, True, [(0.0, 10.0, 0)])
    treated = swimmer.SwimmerRow("2", "drug", 12.0, False, [(0.0, 12.0, 1)])
    found = swimmer.draw([untreated, treated])
    assert found.data.filter(pl.col("what") == "no drugs")["until_months"].to_list() == [10.0]
    keys = [[text.get_text() for text in one.figure.axes[0].get_legend().get_texts()] for one in (found, swimmer.draw([treated]))]
    assert "no drugs" in keys[0] and "no drugs" not in keys[1]


def test_treated_lesions_are_marked_and_named_where_there_are_some():
    """The first day of a patient's treated lesions is a mark of her lane; without them, or without operations, the key names neither."""
    ablated = swimmer.SwimmerRow("1", "ablation", 10.0, True, [(0.0, 10.0, 1)], lesions_treated=1.5)
    found = swimmer.draw([ablated])
    assert found.data.filter(pl.col("what") == "lesions treated")["months"].to_list() == [1.5]
    plain = swimmer.draw([swimmer.SwimmerRow("2", "drug", 10.0, True, [(0.0, 10.0, 1)], surgery=1.0)])
    keys = [{text.get_text() for text in one.figure.axes[0].get_legend().get_texts()} for one in (found, plain)]
    assert "lesions treated" in keys[0] - keys[1] and "surgery of the primary" in keys[1] - keys[0]


def course(events):
    """A course of one bone lesion with these events, (day, event, detail)."""
    lesions = pl.DataFrame(
        {"day": [0.0, 300.0], "lesion": [1, 1], "organ": ["bone", "bone"], "measured_cm": [1.0, 2.0], "true_cm": [1.0, 2.0]}
    )
    frame = pl.DataFrame(events, schema={"day": pl.Float64, "event": pl.String, "detail": pl.String}, orient="row")
    return patient_course.PatientCourse.of("x", lesions, pl.DataFrame({"day": [0.0, 300.0]}), frame, end_day=300.0)


def test_a_day_with_many_events_is_readable():
    """Progression beside its kind is not said twice; each event has a name of its own, and none leaves the page."""
    day = [(290.0, event, "") for event in ("progression", "distant progression", "treated lesion progresses")]
    told = course([(0.0, "diagnosis", ""), (10.0, "local treatment", "srfa, 2 lesions"), *day, (300.0, "death", "cancer")])
    assert (10.0 / MONTH, "srfa, 2 lesions") in told.events
    figure = patient_course.draw(told).figure
    box, (width, height) = drawn(figure)
    assert box.x1 < width and box.y1 < height
    names = [text.get_text() for text in figure.axes[1].texts]
    assert "progression" not in names and {"distant progression", "treated lesion progresses", "srfa, 2 lesions"} <= set(names)


def test_a_bar_ends_with_its_last_drug():
    """A regimen whose first drug stops goes on; when none is left its bar ends."""
    told = course(
        [(0.0, "line", "a+b"), (50.0, "drug stopped", "a; 1 left"), (100.0, "drug stopped", "b; none left"), (300.0, "death", "")]
    )
    (bar,) = told.treatments
    assert bar.label == "a+b" and bar.stop == 100.0 / MONTH


def test_a_stamp_stands_in_the_figure_and_in_its_description():
    """Words that nobody may miss are drawn within the page."""
    plain = swimmer.draw([swimmer.SwimmerRow("1", "drug", 10.0, True, [(0.0, 10.0, 1)])])
    stamped = stamp(plain, "what-if: hypothetical therapy")
    assert stamped.alt.startswith("what-if: hypothetical therapy. ")
    box, (width, height) = drawn(stamped.figure)
    assert box.x1 < width + 0.01 and box.y1 < height + 0.01
    assert any("what-if" in text.get_text() for text in stamped.figure.texts)


def test_a_bar_that_goes_on_beyond_the_axis_has_an_arrow():
    """Both ends, of what was published and of what was simulated; a bar within the axis has none."""
    row = {"trial": "a", "posterior": "blind", "hazard_ratio": 0.3, "low": 0.1, "high": 3.0, "used": False, "published": 1.0}
    wide, narrow = row, row | {"trial": "b", "low": 0.8, "high": 1.2, "hazard_ratio": 1.0}
    ends = {"published_low": 0.9, "published_high": 2.79}
    figure = calibration.effects(pl.DataFrame([wide | ends, narrow | ends])).figure
    marks = [line.get_marker() for line in figure.axes[0].lines]
    assert marks.count("<") == 1 and marks.count(">") == 3


def test_an_open_prediction_does_not_crowd_the_axes():
    """Few draws leave an interval over many powers of ten; the axes stay where ratios are."""
    point = predicted_observed.Point("a", 0.7, 1e-4, 3e3, 0.9, 0.7, 1.2, True, True)
    axes = predicted_observed.draw([point]).figure.axes[0]
    assert axes.get_xlim() == predicted_observed.SHOWN
