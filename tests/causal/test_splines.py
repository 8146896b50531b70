"""Curved covariates: the basis against its definition and patsy's, invariances, and what curves change and do not change."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patsy import dmatrix

from paget.analysis.causal import (
    ObservationalData,
    Varying,
    clone_censor_weight,
    iptw,
    ladder,
    landmark,
    matching,
    restricted_cubic,
    sequential_trials,
    target_table,
)
from paget.analysis.causal._design import columns, logistic
from paget.analysis.causal.benchmark import SCENARIOS, generate
from paget.analysis.causal.splines import QUANTILES, spline
from paget.cli import main
from paget.errors import PagetError

KNOTS = st.lists(st.integers(-50, 50), min_size=3, max_size=4, unique=True).map(sorted).map(tuple)


def harrell(x, t):
    """One term row of Harrell 2015, equation 2.25, written out, over the squared range of the knots."""
    k = len(t)

    def cube(value):
        return max(value, 0.0) ** 3

    return [
        (
            cube(x - t[j])
            - cube(x - t[k - 2]) * (t[k - 1] - t[j]) / (t[k - 1] - t[k - 2])
            + cube(x - t[k - 1]) * (t[k - 2] - t[j]) / (t[k - 1] - t[k - 2])
        )
        / (t[k - 1] - t[0]) ** 2
        for j in range(k - 2)
    ]


@settings(max_examples=60, deadline=None)
@given(KNOTS, st.lists(st.floats(-120, 120), min_size=1, max_size=20))
def test_the_basis_is_harrells(knots, values):
    """Each term equals its definition, inside the knots and far outside."""
    wanted = np.array([harrell(x, knots) for x in values])
    assert restricted_cubic(np.array(values), knots) == pytest.approx(wanted, rel=1e-8, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(KNOTS)
def test_zero_before_straight_after_and_smooth_between(knots):
    """Zero up to the first knot; no second difference beyond the last; value, slope and bend run on over every knot."""
    low, high = knots[0], knots[-1]
    assert not restricted_cubic(np.linspace(low - 40, low, 20), knots).any()
    beyond = restricted_cubic(np.linspace(high, high + 60, 30), knots)
    assert np.abs(np.diff(beyond, 2, axis=0)).max() <= 1e-9 * np.abs(beyond).max()
    h = 1e-4 * (high - low)
    for knot in knots:
        left, at, right = (restricted_cubic(knot + h * np.arange(3) * side, knots) for side in (-1, 0, 1))
        bend_left, bend_right = (np.diff(side, 2, axis=0)[0] / h**2 for side in (left, right))
        assert np.allclose(left[0], at[0]) and np.allclose(left[0] - left[1], right[1] - right[0], atol=20 * h * h)
        assert np.allclose(bend_left, bend_right, atol=20 * h / (high - low))


@pytest.mark.parametrize("number", [3, 4])
def test_spans_what_patsys_natural_splines_span(number):
    """Between the outer knots the straight line and its bends span the space of ``cr``, whose columns sum to 1, with knots as R's."""
    x = np.random.default_rng(3).gamma(2.0, 9.0, 500)
    curve = spline("x", x, number)
    assert curve.knots == pytest.approx(np.quantile(x, QUANTILES[number]))
    inside = x[(x >= curve.knots[0]) & (x <= curve.knots[-1])]
    theirs = np.asarray(
        dmatrix(
            "cr(x, knots=inner, lower_bound=low, upper_bound=high) - 1",
            {"x": inside, "inner": curve.knots[1:-1], "low": curve.knots[0], "high": curve.knots[-1]},
        )
    )
    mine = np.column_stack([np.ones(len(inside)), inside, *curve.bends("x", inside).values()])
    assert theirs.sum(axis=1) == pytest.approx(1.0)
    assert mine.shape[1] == theirs.shape[1] == number
    for one, two in ((mine, theirs), (theirs, mine)):
        assert one @ np.linalg.lstsq(one, two, rcond=None)[0] == pytest.approx(two, abs=1e-8)


def test_bends_are_on_the_scale_of_a_covariate_and_named_as_harrells():
    """Mean 0, variance 1, uncorrelated with the line and one another; an affine change of unit leaves them as they are."""
    x = np.random.default_rng(4).normal(62, 12, 800)
    made = spline("age", x, 4).bends("age", x)
    assert list(made) == ["age'", "age''"]
    assert np.corrcoef(np.column_stack([x, *made.values()]).T) == pytest.approx(np.eye(3), abs=1e-10)
    assert [column.mean() for column in made.values()] == pytest.approx([0, 0], abs=1e-10)
    other = spline("age", 30 - 0.01 * x[::-1], 4).bends("age", 30 - 0.01 * x)
    again = spline("age", 12 * x + 3000, 4).bends("age", 12 * x + 3000)
    assert again["age''"] == pytest.approx(made["age''"], abs=1e-8)
    assert np.linalg.norm(other["age'"]) == pytest.approx(np.linalg.norm(made["age'"]), rel=1e-8)


def test_a_curve_finds_a_bend_that_a_line_cannot():
    """Log odds a parabola in u: the curved logistic model comes near it all over, the straight one does not."""
    rng = np.random.default_rng(5)
    u = rng.normal(size=40_000)
    odds = -1.5 + 0.3 * u + 0.4 * u * u
    y = rng.random(len(u)) < 1 / (1 + np.exp(-odds))
    data = ObservationalData(np.arange(len(u)), np.ones(len(u)), y, np.where(y, 0.0, np.nan), {"u": u})
    middle = np.abs(u) < 1.6
    far = []
    for one in (data, data.with_curves(["u"]), data.with_curves(["u"], knots=3)):
        fitted = logistic(y, columns(one, ["u"])).probability
        far.append(np.abs(np.log(fitted / (1 - fitted)) - odds)[middle].max())
    assert far[0] > 0.6 and far[1] < 0.15 and far[2] < 0.25


@pytest.mark.slow
def test_curves_of_a_straight_effect_change_nothing_but_noise():
    """Treatment by chance with log odds straight in u: curved and straight agree within a few hundredths of the error."""
    rng = np.random.default_rng(6)
    n = 20_000
    u = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(0.4 + 0.7 * u))
    death, end = rng.exponential(30, n) * np.exp(-0.8 * u), rng.uniform(12, 60, n)
    data = ObservationalData(np.arange(n), np.minimum(death, end), death <= end, np.where(treated, 0.0, np.nan), {"u": u})
    straight, curved = (iptw(one, adjust_for=["u"]) for one in (data, data.with_curves()))
    assert curved.log_hazard_ratio == pytest.approx(straight.log_hazard_ratio, abs=0.4 * straight.se_log)
    assert abs(curved.log_hazard_ratio) < 3.5 * curved.se_log
    assert curved.se_log == pytest.approx(straight.se_log, rel=0.05)
    spread = max(abs(row["smd_after"]) for row in curved.diagnostics["balance"])
    assert {row["covariate"] for row in curved.diagnostics["balance"]} == {"u", "u'", "u''"} and spread < 0.05


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_unit_of_a_curved_covariate_and_order_of_patients_do_not_matter(seed):
    """u in another unit, patients in another order: the same estimates."""
    data = generate(SCENARIOS["C"], 400, seed)
    u = data.covariates["u"]
    moved = replace(data, covariates={"u": 365.25 * (60 + 9 * u)}).take(np.random.default_rng(seed).permutation(400))
    calls = {"adjust_for": ["u"], "analyses": ("iptw", "landmark", "sequential", "ccw"), "landmark_months": (6,)}
    for one, two in zip(ladder(data.with_curves(), **calls), ladder(moved.with_curves(), **calls), strict=True):
        assert (one.hazard_ratio is None) == (two.hazard_ratio is None)
        if one.hazard_ratio is not None and not one.problem:
            assert one.log_hazard_ratio == pytest.approx(two.log_hazard_ratio, abs=1e-6), one.key
            assert one.se_log == pytest.approx(two.se_log, rel=1e-5)


def test_knots_stay_in_parts_and_resamples_and_reach_every_analysis():
    """Every adjusted row says its curves; none of the others; knots of a part are those of the whole."""
    data = generate(SCENARIOS["E"], 1200, 7).with_curves(["u"])
    assert data.take(np.arange(300)).splines["u"].knots == data.splines["u"].knots
    for one in ladder(data, adjust_for=["u"], landmark_months=(6,)):
        assert ("curved" in one.diagnostics) == ("restricted cubic splines: u (knots" in one.method) == bool(one.adjusted_for), one.key
    told = target_table(data, iptw(data, adjust_for=["u"], landmark_months=6)).to_markdown()
    assert "taken as random given u (curved)" in told and "restricted cubic splines: u (knots -1." in told
    assert "curved" not in iptw(replace(data, splines={}), adjust_for=["u"]).to_dict()["diagnostics"]


def test_a_covariate_that_changes_can_be_curved():
    """A time-varying covariate takes its knots from the recorded values and its bends at each time."""
    data = generate(SCENARIOS["C"], 1500, 8)
    level = np.random.default_rng(2).gamma(2.0, 10.0, 1500)
    data = replace(data, varying=Varying(np.arange(1500), np.zeros(1500), {"marker": level}))
    curved = data.with_curves(["marker"])
    assert list(columns(curved, ["marker"])) == ["marker", "marker'", "marker''"]
    assert columns(curved, ["marker"])["marker'"] == pytest.approx(curved.splines["marker"].bends("m", level)["m'"])
    for one in (
        clone_censor_weight(curved, 8, adjust_for=["u", "marker"]),
        sequential_trials(curved, adjust_for=["marker"]),
        landmark(curved, 6, adjust_for=["marker"]),
        matching(curved, adjust_for=["marker"]),
    ):
        assert list(one.diagnostics["curved"]) == ["marker"] and one.se_log < 0.3


N = 60
MIXED = ObservationalData(
    np.arange(N), np.linspace(5, 50, N), np.arange(N) % 3 > 0, np.where(np.arange(N) % 2 == 0, 1.0, np.nan),
    {
        "age": np.linspace(40, 80, N), "stage": np.repeat(["2", "3"], N // 2), "sex": np.arange(N) % 2, "grade": np.arange(N) % 3,
        "rare": np.where(np.arange(N) < 52, 0.0, np.arange(N)), "nodes": np.where(np.arange(N) < 25, 0.0, np.arange(N)),
    },
)  # fmt: skip


def test_all_takes_what_can_be_curved():
    """Numbers with enough values are curved, of three knots where ties leave no four; steps and labels stay as they are."""
    made = MIXED.with_curves()
    assert {name: len(curve.knots) for name, curve in made.splines.items()} == {"age": 4, "nodes": 3}
    assert len(MIXED.with_curves("age", knots=3).splines["age"].knots) == 3


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["agee"], {}, ["no covariate named 'agee'", "did you mean 'age'"]),
        (["stage"], {}, ["'stage' is a category", "'2', '3'"]),
        (["sex"], {}, ["'sex' takes 2 values", "[0.0, 1.0]"]),
        (["grade"], {}, ["'grade' takes 3 values", "as text to have categories"]),
        (["rare"], {}, ["too many patients share one value of 'rare'"]),
        (["age"], {"knots": 5}, ["3 or 4 knots"]),
    ],
)
def test_what_cannot_be_curved_is_told(names, options, words):
    """One message each, with the covariate and what it holds."""
    with pytest.raises(PagetError) as caught:
        MIXED.with_curves(names, **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_the_command_curves_and_says_so(tmp_path, capsys, monkeypatch):
    """``--curved``: in the table, analysis.json and target.md; straight stays the default; mistakes are told once."""
    monkeypatch.setenv("COLUMNS", "200")
    arguments = ["analyse", "example:rotterdam", "--estimand", "iptw", "--adjust-for", "age,grade,nodes", "-q", "--out", str(tmp_path)]
    told = {}
    for name, more in (("no", []), ("some", ["--curved", "age", "--knots", "3"]), ("all", ["--curved", "all"])):
        assert main([*arguments, *more]) == 0
        out = capsys.readouterr().out
        told[name] = json.loads((tmp_path / "analysis.json").read_text())
        assert ("Curved: " in out) == bool(more) == ("(curved)" in (tmp_path / "target.md").read_text())
    assert "Curved: age, nodes; straight: grade." in out
    assert [told[name]["request"]["curved"] for name in told] == [[], ["age"], ["age", "nodes"]]
    (one,), (two,) = told["no"]["estimates"], told["some"]["estimates"]
    assert "curved" not in one["diagnostics"] and len(two["diagnostics"]["curved"]["age"]) == 3
    assert one["hazard_ratio"] != two["hazard_ratio"]
    for more, words in (
        (["--curved", "agee"], "did you mean 'age'"),
        (["--curved", "size"], "no covariate of --adjust-for named 'size'"),
        (["--curved", "grade"], "takes 2 values"),
        (["--curved", ","], "no covariate is named"),
        (["--curved", "all", "--adjust-for", "grade"], "no covariate can have a curve"),
        (["--curved", "all", "--adjust-for", ""], "none is adjusted for"),
        (["--curved", "age", "--knots", "7"], "--knots"),
    ):
        assert main([*arguments, *more]) == 2
        err = capsys.readouterr().err
        assert err.startswith("paget: ") and words in err and "Traceback" not in err, err
