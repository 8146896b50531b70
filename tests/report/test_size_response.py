"""Assures the figure of response by size: every number in its data, roles told apart, the same bytes each time."""

import math

from paget.report.figures.size_response import Panel, Point, draw
from paget.report.save import png_bytes


def panels():
    points = [
        Point(2.0, 0.6, 0.5, 0.7, "complete", "input", "one study", 0.0, 3.0),
        Point(4.0, 0.4, math.nan, math.nan, "control", "prediction", "another study"),
    ]
    curves = {"eradicated": [0.9, 0.5, 0.1], "complete response at first": [1.0, 0.6, 0.2]}
    return [Panel("a treatment", [0.5, 3.0, 8.0], curves, points), Panel("another", [0.5, 8.0], {"eradicated": [0.8, 0.8]})]


def test_every_number_that_is_drawn_is_in_the_data():
    data = draw(panels(), "Title", "below", note="note").data
    assert data.height == 6 + 2 + 2
    assert data.filter(data["role"] == "input")["y"].to_list() == [0.6]
    assert data.filter(data["series"] == "another study (control)")["low"].to_list() == [None]


def test_words_for_those_who_cannot_see_it_and_one_legend_or_one_each():
    drawing = draw(panels(), "Title")
    assert "a treatment: eradicated from 0.90 to 0.10" in drawing.alt
    assert len(drawing.figure.legends) == 1
    told = {text.get_text() for text in drawing.figure.legends[0].get_texts()}
    assert {"eradicated", "published complete response: input", "published lasting local control: prediction"} <= told
    own = draw(panels(), "Title", one_legend=False)
    assert not own.figure.legends and all(axes.get_legend() is not None for axes in own.figure.axes)


def test_same_bytes_each_time():
    assert png_bytes(draw(panels(), "Title")) == png_bytes(draw(panels(), "Title"))
