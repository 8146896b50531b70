"""Assures the scores of predictions: by hand, and on studies that were truly drawn from what was predicted."""

import math
from dataclasses import replace

import numpy as np
import pytest

from paget.errors import PagetError
from paget.validation.scores import Prediction, from_scale, line, reach, score, summarise, to_scale

BASE = Prediction(
    study="a", name="a", what="OS hazard ratio", posterior="blind", measure="hazard_ratio", scale="log", held_out=True, observed=1.1,
    observed_low=0.8, observed_high=1.5, observed_level=0.95, observed_sd=0.16, mean=0.0, low=0.5, high=2.0, sampling_sd=0.2,
    parameter_sd=0.1, mc_se=0.0, draws=20, count=200, source="replicates",
)  # fmt: skip


def test_a_prediction_that_holds():
    """Inside: the score is the width, the difference is measured by the study's error and the parameters'."""
    one = score(BASE)
    assert one.covered and one.agrees and one.width == 4.0
    assert one.z == pytest.approx(math.log(1.1) / math.hypot(0.16, 0.1))
    assert one.interval_score == pytest.approx(math.log(4.0))


def test_a_miss_costs_forty_times_its_distance():
    """Outside: width plus 2 / 0.05 times the miss, on the log scale."""
    one = score(replace(BASE, observed=3.0))
    assert not one.covered
    assert one.interval_score == pytest.approx(math.log(4.0) + 40.0 * math.log(1.5))


def test_agreement_needs_a_printed_interval():
    """No interval, no verdict; the prediction, not the study, must lie in it."""
    assert score(replace(BASE, observed_low=None, observed_high=None)).agrees is None
    assert score(replace(BASE, mean=math.log(0.7))).agrees is False
    assert score(replace(BASE, observed_high=None)).agrees is True


def test_an_open_interval_covers_and_has_no_width():
    """A median whose upper limit was not reached."""
    one = score(replace(BASE, measure="median_months", observed=70.0, low=40.0, high=None, mean=math.log(60.0)))
    assert one.covered and one.width is None and one.interval_score is None


def test_nobody_of_few_is_drawn_in_as_the_simulated_are():
    """None of 26 lesions where half of the simulated series have none: inside, near, and no miss of many thousand to one."""
    none = replace(
        BASE, measure="rate", scale="logit", observed=0.0, observed_low=None, observed_high=None, observed_sd=None, size=26,
        mean=to_scale("logit", 0.04), low=0.5 / 27, high=0.2, sampling_sd=0.8,
    )  # fmt: skip
    one = score(none)
    assert one.covered and abs(one.z) < 1.2 and one.interval_score == pytest.approx(to_scale("logit", 0.2) - to_scale("logit", 0.5 / 27))
    assert not score(replace(none, low=0.05)).covered
    assert not score(replace(none, size=None)).covered and score(replace(none, size=None)).z < -10


@pytest.mark.parametrize("scale", ["log", "logit", "identity"])
def test_scales_go_there_and_back(scale):
    """To the scale and back is the number itself."""
    assert from_scale(scale, to_scale(scale, 0.37)) == pytest.approx(0.37)


def test_few_draws_make_wide_intervals():
    """Student's t: two draws reach further than twenty, many reach the normal's; one reaches nowhere."""
    assert reach(0.2, 0.1, 0.0, 2) > reach(0.2, 0.1, 0.0, 20) > reach(0.2, 0.1, 0.0, 10_000)
    assert reach(0.2, 0.0, 0.0, 10_000) == pytest.approx(1.96 * 0.2, rel=1e-3)
    assert math.isinf(reach(0.2, 0.1, 0.0, 1))


def test_honest_predictions_are_scored_as_honest():
    """Studies drawn from the predictive distribution: 95 % inside, differences of spread 1, slope 1, intercept 0."""
    rng = np.random.default_rng(4)
    made = []
    for k in range(1500):
        mean, parameter, own = rng.normal(0, 0.4), 0.15, rng.uniform(0.1, 0.3)
        truth = mean + rng.normal(0, parameter)
        half = 1.96 * math.hypot(own, parameter)
        made.append(
            replace(
                BASE, name=str(k), mean=mean, observed=math.exp(truth + rng.normal(0, own)), observed_sd=own, parameter_sd=parameter,
                low=math.exp(mean - half), high=math.exp(mean + half),
            )
        )  # fmt: skip
    one = summarise(made)[0]
    assert one.covered / one.count == pytest.approx(0.95, abs=0.02)
    assert np.std([score(p).z for p in made]) == pytest.approx(1.0, abs=0.05)
    assert abs(one.calibration.slope - 1.0) < 4 * one.calibration.slope_se
    assert abs(one.calibration.intercept) < 4 * one.calibration.intercept_se
    blunt = [replace(p, mean=2.0 * p.mean) for p in made]
    assert line(blunt).slope == pytest.approx(0.5, abs=0.05)


def test_what_was_fitted_is_not_scored():
    """Only held-out numbers enter the summary; with none there is nothing to sum up."""
    fitted = replace(BASE, name="b", held_out=False, observed=9.0)
    mixed = [BASE, fitted, replace(BASE, measure="survival", scale="logit", observed=0.4, low=0.3, high=0.6)]
    groups = {one.group: one for one in summarise(mixed)}
    assert set(groups) == {"ratios", "landmarks", "all"} and groups["ratios"].count == 1 and groups["all"].count == 2
    with pytest.raises(PagetError, match="nothing was predicted"):
        summarise([replace(BASE, held_out=False)])


def test_one_replicate_a_draw_gives_the_textbook_interval():
    """Sampling and parameters cannot be told apart then: Student's prediction interval of the replicates, not that of their mean."""
    from scipy import stats

    from paget.study import load_protocol
    from paget.validation.trials import _prediction, figures

    entry, value = next(one for one in figures(load_protocol("mf07-01"), None) if one[0].measure == "hazard_ratio")
    x = np.random.default_rng(3).normal(0.0, 0.2, 20)
    one = _prediction(entry, value, x, np.arange(20), None, name="a", posterior="b", held_out=True)
    half = stats.t.ppf(0.975, 19) * x.std(ddof=1) * math.sqrt(1 + 1 / 20)
    assert math.log(one.high / one.low) == pytest.approx(2 * half)
    assert one.parameter_sd == 0.0 and one.sampling_sd == pytest.approx(x.std(ddof=1))


def test_the_slope_over_all_kinds_tells_nothing_that_the_kinds_do_not():
    """Predictions that foretell nothing within a kind have a slope near 0 over all kinds, however far apart the kinds lie."""
    generator = np.random.default_rng(4)
    kinds = (("hazard_ratio", "log", 0.0), ("median_months", "log", 3.5), ("survival", "logit", -1.0))
    blind, seeing = [], []
    for measure, scale, middle in kinds:
        for _ in range(60):
            truth, guess = middle + 0.3 * generator.standard_normal(2)
            for into, x in ((blind, guess), (seeing, truth)):
                observed = from_scale(scale, truth + 0.05 * generator.standard_normal())
                into.append(replace(BASE, observed=observed, mean=x, measure=measure, scale=scale, observed_sd=0.05, parameter_sd=0.0))
    nothing, right = line(blind, within=True), line(seeing, within=True)
    assert abs(nothing.slope) < 4 * nothing.slope_se and line(blind).slope > 0.8
    assert abs(right.slope - 1.0) < 4 * right.slope_se and abs(right.intercept) < 4 * right.intercept_se
    assert nothing.slope_se > 3 * right.slope_se  # they scatter far more than their errors say
