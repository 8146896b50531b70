"""Every figure draws, says in words what it shows, brings its numbers, and comes out with the same bytes
each time."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made_up_figures import FIGURES, FLOW, MEASURES, RESPONSES, SUBJECTS, TICKS, product_limit
from made_up_run import CONTROL, EXPERIMENTAL

from paget.report.figures import consort, kaplan_meier, replicates, swimmer, twins, waterfall
from paget.report.save import save, svg_text
from paget.report.style import Drawing, month_ticks


@pytest.fixture(scope="module")
def drawings() -> dict[str, Drawing]:
    """Every figure drawn once."""
    return {name: draw() for name, draw in FIGURES.items()}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_written_outside_the_page(drawings: dict[str, Drawing], name: str) -> None:
    """No text or line of any figure is cut off at the edge."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = drawings[name].figure
    FigureCanvasAgg(figure).draw()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert box.x0 > -0.01
    assert box.y0 > -0.01
    assert box.x1 < width + 0.01
    assert box.y1 < height + 0.01


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_words_and_numbers(drawings: dict[str, Drawing], name: str) -> None:
    """Alternative text, title and data are there."""
    drawing = drawings[name]
    assert len(drawing.alt) > 40
    assert drawing.title
    assert drawing.data.height > 0


def test_files_are_whole_and_the_same_every_time(tmp_path: Path) -> None:
    """SVG, PNG and CSV have the same bytes when drawn again; no date, no leftovers; the text stays text."""
    for folder in ("one", "two"):
        for name in ("kaplan-meier", "waterfall"):
            save(FIGURES[name](), tmp_path / folder, name)
    first = {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()}
    expected = [f"{n}.{e}" for n in ("kaplan-meier", "waterfall") for e in ("svg", "png", "csv")]
    assert sorted(first) == sorted(expected)
    assert first == {p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()}
    svg = first["kaplan-meier.svg"].decode()
    assert "<dc:date>" not in svg
    assert ">At risk<" in svg


def test_a_users_own_matplotlib_settings_change_nothing() -> None:
    """Fonts, sizes and colours do not depend on matplotlibrc."""
    import matplotlib as mpl

    plain = svg_text(FIGURES["forest"]())
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9, "axes.grid": True}):
        assert svg_text(FIGURES["forest"]()) == plain


def test_pyplot_is_never_imported() -> None:
    """Drawing leaves no global figure behind: pyplot is not even loaded by it."""
    import subprocess

    code = (
        "import sys, numpy as np; from paget.report.figures import twins; "
        "from paget.report.save import svg_text; svg_text(twins.draw(np.arange(-3.0, 9.0))); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_kaplan_meier_data_hold_the_curve_the_table_and_the_published(drawings: dict[str, Drawing]) -> None:
    """The CSV repeats what is drawn: counts add up to n, published landmarks are those given."""
    data = drawings["kaplan-meier"].data
    table = data.filter(pl.col("series") == "table")
    assert table.height == 2 * len(TICKS)
    start = table.filter(pl.col("months") == 0)
    assert start["at_risk"].to_list() == [128, 128]
    assert (table["at_risk"] + table["censored"] + table["events"] <= 128 + 1).all()
    points = data.filter(pl.col("series") == "published survival")
    assert points["survival"].to_list() == [0.679, 0.684]
    back = pl.read_csv(io.StringIO(data.write_csv()))
    assert back.height == data.height


def test_kaplan_meier_refuses_what_it_cannot_show() -> None:
    """A table of another length, a published arm that is not drawn, five arms."""
    curve = product_limit(np.array([5.0, 9.0, 20.0]), np.array([True, False, True]), "A")
    with pytest.raises(ValueError, match="8 entries for 2 ticks"):
        kaplan_meier.draw([curve], ticks=[0.0, 12.0])
    with pytest.raises(ValueError, match="not drawn"):
        kaplan_meier.draw([curve], ticks=TICKS, published=[kaplan_meier.PublishedPoint("B", "survival", 0.5, 12.0)])
    with pytest.raises(ValueError, match="four"):
        kaplan_meier.draw([curve] * 5, ticks=TICKS)


def test_kaplan_meier_takes_the_curve_of_the_analysis() -> None:
    """`KmCurve.of` reads the analysis' own Kaplan-Meier object."""
    from paget.analysis.km import kaplan_meier as estimate

    km = estimate(np.array([5.0, 9.0, 20.0, 31.0]), np.array([True, False, True, True]))
    curve = kaplan_meier.KmCurve.of("A", km, [0.0, 12.0, 24.0])
    assert curve.n == 4
    assert curve.events == 3
    assert curve.table["at_risk"].tolist() == [4, 2, 1]
    assert kaplan_meier.draw([curve], ticks=[0.0, 12.0, 24.0]).data.height > 0


def test_consort_counts_must_add_up() -> None:
    """A flow that loses a patient on the way is refused with the sum that is wrong."""
    from dataclasses import replace

    assert sum(n for _, _, what, n in FLOW.rows() if what == "allocated") == FLOW.randomised
    with pytest.raises(ValueError, match="registered is 389"):
        consort.draw(replace(FLOW, registered=389, set_aside=FLOW.set_aside + 1))
    with pytest.raises(ValueError, match="randomised is 256"):
        consort.draw(replace(FLOW, arms=FLOW.arms[:1]))


def test_consort_draws_one_and_three_arms() -> None:
    """Other numbers of arms keep inside the page."""
    from dataclasses import replace

    one = replace(FLOW, randomised=131, not_randomised={"progression": 259}, arms=FLOW.arms[:1])
    three = replace(FLOW, randomised=387, not_randomised={"death": 3}, arms=[*FLOW.arms, FLOW.arms[0]])
    for flow in (one, three):
        assert consort.draw(flow).data["n"].max() == FLOW.assessed


def test_waterfall_takes_the_best_before_progression() -> None:
    """The bar of a subject is the lowest change among the rows that count."""
    best = waterfall.best_change(MEASURES)
    counted = MEASURES.filter((pl.col("PARAMCD") == "SDIAM") & (pl.col("ANL01FL") == "Y"))
    for subject, change in best.select("USUBJID", "change").head(5).iter_rows():
        assert change == counted.filter(pl.col("USUBJID") == subject)["PCHG"].min()
    assert set(best["TRTP"]) == {CONTROL, EXPERIMENTAL}


def test_waterfall_draws_an_arm_without_target_disease() -> None:
    """An empty arm says so instead of failing."""
    data = waterfall.draw({"A": [], "B": [-100.0, -30.0, 0.0, 20.0, 340.0]}).data
    assert data["best_change_percent"].to_list() == [340.0, 20.0, 0.0, -30.0, -100.0]


def test_the_sample_of_swimmers_is_spread_and_repeatable() -> None:
    """About 24 patients, both arms alike, longest and shortest follow-up included, same each time."""
    rows = swimmer.sample(SUBJECTS, RESPONSES)
    assert rows == swimmer.sample(SUBJECTS, RESPONSES)
    assert [sum(r.arm == arm for r in rows) for arm in (CONTROL, EXPERIMENTAL)] == [12, 12]
    for arm in (CONTROL, EXPERIMENTAL):
        mine = SUBJECTS.filter(pl.col("TRT01P") == arm)["FUPMO"]
        ends = [r.end for r in rows if r.arm == arm]
        assert ends[0] == mine.max()
        assert ends[-1] == mine.min()
    for row in rows:
        assert row.lines[0][0] == 0.0
        assert row.lines[-1][1] == row.end


def test_replicates_leave_out_and_count_what_has_no_estimate() -> None:
    """Infinite and missing ratios are not drawn; fewer than two cannot be."""
    drawing = replicates.draw([0.8, 1.1, 1.3, np.nan, np.inf], n=100)
    assert "3 replicate trials of 100" in drawing.title
    with pytest.raises(ValueError, match="at least two"):
        replicates.draw([1.0, np.nan], n=100)


def test_twins_count_who_gains_and_who_loses() -> None:
    """Shares in the words are those of the numbers; lives that did not end are left out."""
    drawing = twins.draw([5.0, 2.0, 0.5, 0.0, -3.0, np.nan])
    assert "gain more than 1 month: 40 %" in drawing.alt
    assert "lose more than 1 month: 20 %" in drawing.alt
    assert drawing.data["gain_months"].to_list() == [5.0, 2.0, 0.5, 0.0, -3.0]
    with pytest.raises(ValueError, match="no patient"):
        twins.draw([np.nan])


@pytest.mark.parametrize("last", [2.0, 7.5, 30.0, 60.0, 119.0, 240.0, 700.0])
def test_ticks_stay_readable(last: float) -> None:
    """Any follow-up gives between two and ten ticks within it."""
    ticks = month_ticks(last)
    assert 2 <= len(ticks) <= 10
    assert ticks[-1] <= last


def test_cumulative_incidence_takes_the_curves_of_the_analysis() -> None:
    """`CifCurve.of` reads the analysis' two estimates; event, competing event and event-free add up to one."""
    from paget.analysis.competing import cumulative_incidence as estimate
    from paget.report.figures import cumulative_incidence as figure

    time, cause = np.array([2.0, 5.0, 9.0, 20.0, 31.0]), np.array([1, 2, 0, 1, 2])
    both = [estimate(time, cause, of=kind) for kind in (1, 2)]
    curve = figure.CifCurve.of("A", *both, [0.0, 9.0, 24.0])
    assert (curve.n, curve.events, curve.competing_events) == (5, 2, 2)
    assert curve.at_risk is not None
    assert curve.at_risk.tolist() == [5, 3, 1]
    assert curve.incidence[-1] + curve.competing[-1] == pytest.approx(1.0)
    assert figure.draw([curve], ticks=[0.0, 9.0, 24.0]).data.height == 5
