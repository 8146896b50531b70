"""Assures that the figures of a design draw, stay on their page, bring their numbers, and refuse what cannot be read."""

import pytest

from paget.design.boundaries import boundaries
from paget.report.figures import boundaries as boundary_figure
from paget.report.figures import frontier, power_curve, scenarios
from paget.report.save import svg_text

LABELS = ("all who are eligible", "liver, lung or brain", "solitary bone metastasis")


def curves():
    """Three populations, one of them with one size only."""
    point = power_curve.PowerPoint
    sizes = ((200, 0.2), (400, 0.4), (800, 0.7))
    series = [power_curve.PowerSeries(name, [point(n, 0.7 * n, p, 0.02, p - 0.03) for n, p in sizes]) for name in LABELS[:2]]
    return [*series, power_curve.PowerSeries(LABELS[2], [point(300, 150.0, 0.9, 0.01)])]


def looks():
    """Three looks with futility, and the chances of each."""
    design = boundaries("lan-demets-of", [0.5, 0.75, 1], futility="hsd:-2")
    null, real = design.stopping(0.0), design.stopping(2.8)
    chances = [("no effect", null.above, null.below), ("hazard ratio 0.80", real.above, real.below)]
    return boundary_figure.draw(design.information, design.upper, design.lower, chances=chances, name="lan-demets-of")


def plane():
    """Populations that reach the power, beside and beyond one another, and one that does not."""
    one = frontier.Candidate
    sized = [one(LABELS[0], 4200, 5000, 400.0, True), one("HER2 negative", 4000, 5100, 350.0, True), one(LABELS[2], 750, 21000, 60.0, True)]
    return frontier.draw([*sized, one(LABELS[1], None, None, note="hazard ratio 0.958, power 0.22 at 2,743 patients")], power=0.8)


def rows(count=6):
    """Scenarios with long names."""
    one = scenarios.ScenarioPower
    names = [f"accrual.patients = {100 * k}, follow_up.data_cut_months = {12 * k}" for k in range(count)]
    return [one(name, k / (count + 4), 0.02, k / (count + 3), 0.025, 0.005) for k, name in enumerate(names)]


FIGURES = {
    "power": lambda: power_curve.draw(curves(), target=0.8, trials=1000),
    "boundaries": looks,
    "no futility": lambda: boundary_figure.draw([0.5, 1], boundaries("pocock", [0.5, 1]).upper, [-float("inf")] * 2),
    "frontier": plane,
    "nothing reached": lambda: frontier.draw([frontier.Candidate("all", None, None, note="hazard ratio 1.012")], power=0.9),
    "scenarios": lambda: scenarios.draw(rows(), target=0.8),
    "many scenarios": lambda: scenarios.draw(rows(60)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_stays_on_its_page_and_says_what_it_shows(name):
    """Nothing is cut off; words and numbers are there; the same bytes when drawn again."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawing = FIGURES[name]()
    FigureCanvasAgg(drawing.figure).draw()
    box = drawing.figure.get_tightbbox()
    width, height = drawing.figure.get_size_inches()
    assert box.x0 > -0.01 and box.y0 > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01
    assert len(drawing.alt) > 40 and drawing.data.height > 0 and drawing.title
    assert svg_text(drawing) == svg_text(FIGURES[name]())


def test_the_data_hold_every_number():
    """Sizes and errors, boundaries of each look, all scenarios though forty are drawn."""
    assert FIGURES["power"]().data.height == 7
    design = boundaries("lan-demets-of", [0.5, 0.75, 1], futility="hsd:-2")
    assert FIGURES["boundaries"]().data["efficacy"].to_list() == pytest.approx(design.upper)
    assert FIGURES["many scenarios"]().data.height == 60
    assert FIGURES["no futility"]().data["futility"].null_count() == 2


def test_what_cannot_be_read_is_refused():
    """Nothing to draw, or more curves than a reader can tell apart."""
    many = [power_curve.PowerSeries(str(k), curves()[0].points) for k in range(9)]
    for draw, given in ((power_curve.draw, []), (power_curve.draw, many), (scenarios.draw, [])):
        with pytest.raises(ValueError, match=r"no power|no scenario|told apart"):
            draw(given)
    with pytest.raises(ValueError, match="no population"):
        frontier.draw([], power=0.8)
    with pytest.raises(ValueError, match="both boundaries"):
        boundary_figure.draw([1.0], [2.0, 2.0], [0.0])
