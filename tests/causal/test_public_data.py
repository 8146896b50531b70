"""The estimators give R's numbers on public data: Stanford heart (immortal time), Rotterdam and GBSG (confounding by indication)."""

import numpy as np
import pytest

from paget.analysis.causal import (
    bias_array,
    e_value,
    e_value_of_limit,
    ever_never,
    example,
    iptw,
    landmark,
    matching,
    time_varying,
)
from paget.errors import PagetError
from paget.units import DAYS_PER_MONTH

HEART = ("age", "surgery")
ROTTERDAM = ("age", "meno", "size", "grade", "nodes", "pgr", "er")


def test_heart_ever_transplanted_and_in_its_time():
    """Ever transplanted looks like a fifth of the hazard; in its time, transplant does nothing: R to the printed digits."""
    heart = example("heart")
    assert (len(heart), heart.n_treated, heart.n_events) == (103, 69, 75)
    assert ever_never(heart, adjust_for=HEART).log_hazard_ratio == pytest.approx(-1.717112914, abs=2e-9)  # R stops a step earlier
    timed = time_varying(heart, adjust_for=HEART)
    assert timed.log_hazard_ratio == pytest.approx(0.016095605, abs=5e-10)
    assert timed.se_model == pytest.approx(0.308585804, abs=5e-10)


@pytest.mark.parametrize(("day", "n", "log_hr", "se"), [(30, 78, -0.24809039, 0.286), (60, 63, -0.562, 0.372), (90, 51, -0.767, 0.514)])
def test_heart_landmarks(day, n, log_hr, se):
    """Landmark analyses as in R (whose heart table counts the day of acceptance as day 1)."""
    found = landmark(example("heart"), (day + 1) / DAYS_PER_MONTH, adjust_for=HEART)
    assert found.n == n
    assert found.log_hazard_ratio == pytest.approx(log_hr, abs=5e-9 if day == 30 else 5e-4)
    assert found.se_model == pytest.approx(se, abs=5e-4)


def test_rotterdam_changes_sign():
    """Hormones look harmful, and helpful once their indication is weighted away; R's weights and robust error."""
    rotterdam = example("rotterdam")
    crude = ever_never(rotterdam)
    assert crude.hazard_ratio == pytest.approx(1.5105, abs=5e-5)
    assert crude.log_hazard_ratio == pytest.approx(0.412471, abs=5e-7)
    weighted = iptw(rotterdam, adjust_for=ROTTERDAM)
    assert weighted.hazard_ratio == pytest.approx(0.8112, abs=5e-5)
    assert weighted.log_hazard_ratio == pytest.approx(-0.20919437, abs=5e-9)
    assert weighted.se_known_weights == pytest.approx(0.14638034, abs=5e-9)
    assert 0.9 * weighted.se_known_weights < weighted.se_log < weighted.se_known_weights  # the weights were estimated
    weights = weighted.diagnostics["weights"]
    assert weights["mean"] == pytest.approx(1.0007611, abs=5e-8)
    assert weights["max"] == pytest.approx(8.8281881, abs=5e-8)
    assert matching(rotterdam, adjust_for=ROTTERDAM).hazard_ratio < 1


def test_gbsg_crude_and_restricted_means():
    """The mostly randomised trial: R's Cox coefficient, error, and restricted-mean difference with its error."""
    found = ever_never(example("gbsg"), tau_months=1825 / DAYS_PER_MONTH)
    assert found.log_hazard_ratio == pytest.approx(-0.36400988, abs=5e-9)
    assert found.se_model == pytest.approx(0.12504457, abs=5e-9)
    gain = found.rmst_difference
    assert gain.value * DAYS_PER_MONTH == pytest.approx(149.30399, abs=5e-6)
    assert gain.se * DAYS_PER_MONTH == pytest.approx(48.762867, rel=1e-5)
    assert np.allclose(np.array([gain.ci_low, gain.ci_high]) * DAYS_PER_MONTH, [53.730522, 244.87745], rtol=1e-5)


def test_e_value_and_bias_array():
    """HR 0.65 has E-values 2.45 (rare) and 2.03 (common), on either side of 1; the array undoes the bias it assumes."""
    assert round(e_value(0.65, common=False), 2) == 2.45
    assert round(e_value(0.65, common=True), 2) == 2.03
    assert e_value(1 / 0.65, common=True) == pytest.approx(e_value(0.65, common=True))
    assert e_value(1.0, common=False) == 1.0
    assert e_value_of_limit(0.5, 1.2, common=True) == 1.0
    assert e_value_of_limit(0.5, 0.8, common=False) == e_value(0.8, common=False)
    cells = bias_array(0.65)
    assert all(cell.corrected * cell.bias == pytest.approx(0.65) for cell in cells)
    assert all((cell.corrected == pytest.approx(0.65)) == (cell.prevalence_treated == cell.prevalence_untreated) for cell in cells)
    # a confounder of strength E on both sides moves the whole effect to 1: in all of the untreated, in 1 / E of the treated
    e = e_value(0.65, common=False)
    (cell,) = bias_array(0.65, confounder_ratios=(e,), prevalence_treated=(1 / e,), prevalence_untreated=(1.0,))
    assert cell.corrected == pytest.approx(1.0)
    with pytest.raises(PagetError, match="prevalence"):
        bias_array(0.65, prevalence_treated=(1.5,))
    with pytest.raises(PagetError, match="above 0"):
        e_value(0.0, common=True)
