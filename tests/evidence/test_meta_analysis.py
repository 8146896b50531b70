"""Pooling agrees with R's metafor, honours printed confidence levels, refuses what may not be pooled."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paget.errors import PagetError
from paget.evidence import bibtex, forest, load, log_ratio, pool, pool_studies, reference

BASE = load()
TRIALS = ["tata2015", "mf0701-10y", "e2108", "abcsg28"]
OPTIONS = {"invert": ["abcsg28"], "comparison": {"mf0701-10y": "lrt+systemic vs systemic"}}

# BCG vaccine against tuberculosis, 13 trials: cases and non-cases, vaccinated then not
# (Colditz et al., JAMA 1994;271:698)
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
    (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip
Y = np.array([math.log(a / (a + b) / (c / (c + d))) for a, b, c, d in BCG])
SE = np.sqrt([1 / a - 1 / (a + b) + 1 / c - 1 / (c + d) for a, b, c, d in BCG])


def test_reml_agrees_with_metafor():
    """Assures REML mean, standard error, tau2, I2, Q and prediction interval (to metafor's stop)."""
    pooled = pool(Y, SE, hartung_knapp=False)
    assert pooled.estimate == pytest.approx(-0.71453235, abs=2e-8)
    assert pooled.se == pytest.approx(0.17978153, abs=2e-8)
    assert pooled.tau2 == pytest.approx(0.31324333, abs=1e-7)
    assert round(100 * pooled.i2, 2) == 92.22
    assert round(pooled.q, 5) == 152.23301
    assert pooled.prediction == pytest.approx((-1.8666923, 0.43762765), abs=2e-7)


def test_dersimonian_laird_agrees_with_metafor_to_all_digits():
    """Assures the closed form: no iteration, so every printed digit agrees."""
    pooled = pool(Y, SE, method="DL", hartung_knapp=False)
    assert round(pooled.estimate, 8) == -0.71411722
    assert round(pooled.tau2, 8) == 0.30876026


def test_hartung_knapp_interval_agrees_with_metafor():
    """Assures the interval that is the default here."""
    assert pool(Y, SE).ci == pytest.approx((-1.1084437, -0.32062097), abs=5e-8)


def test_the_reml_estimate_is_the_root_that_metafor_walks_to():
    """Assures that the difference is metafor's stop rule: Fisher scoring to 1e-5 gives its very digits."""
    v, tau2 = SE**2, max(0.0, float(np.var(Y, ddof=1) - np.mean(SE**2)))
    values = []
    for stop in (1e-5, 1e-14):
        t, change = tau2, 1.0
        while change > stop:
            w = 1 / (v + t)
            p = np.diag(w) - np.outer(w, w) / w.sum()
            step = (Y @ p @ p @ Y - np.trace(p)) / np.trace(p @ p)
            t, change = t + step, abs(step)
        values.append(t)
    assert round(values[0], 8) == 0.31324333
    assert pool(Y, SE).tau2 == pytest.approx(values[1], abs=1e-10)


def test_equal_studies_have_no_heterogeneity():
    """Assures the degenerate case: no between-study variance, mean unchanged, prediction as the interval."""
    pooled = pool([0.3, 0.3, 0.3], [0.1, 0.2, 0.3], hartung_knapp=False)
    assert pooled.tau2 == 0 and pooled.i2 == 0 and pooled.estimate == pytest.approx(0.3)
    assert pooled.prediction == pytest.approx(pooled.ci)
    assert sum(pooled.weights) == pytest.approx(1)


def test_simulated_tau2_and_coverage_are_right():
    """Assures statistics, not only arithmetic: REML nearly unbiased, Hartung-Knapp covers at its level."""
    rng = np.random.default_rng(7)
    se = np.full(8, 0.25)
    runs = [pool(rng.normal(-0.2, np.sqrt(0.09 + se**2)), se) for _ in range(600)]
    assert np.mean([r.tau2 for r in runs]) == pytest.approx(0.09, abs=0.012)
    covered = np.mean([r.ci[0] <= -0.2 <= r.ci[1] for r in runs])
    assert 0.925 <= covered <= 0.975  # equal sizes, where the interval is exact; MC error 0.009


def test_the_printed_level_of_the_interval_is_honoured():
    """Assures that the 90 % interval of E2108 is not taken for a 95 % one."""
    effect, se, note = log_ratio(BASE.one("e2108", measure="hazard_ratio", subgroup=None))
    assert effect == math.log(1.11) and note is None
    assert se == pytest.approx((math.log(1.52) - math.log(0.82)) / (2 * 1.6448536), abs=1e-6)


def test_an_asymmetric_interval_is_told():
    """Assures that an interval that is not symmetric on the log scale is mentioned."""
    odd = [r for r in BASE["tan2016"].results if r.note and "not symmetric" in r.note]
    assert odd and log_ratio(odd[0], label="tan2016")[2].startswith("tan2016: interval")


def test_trials_of_primary_surgery_pool_with_their_heterogeneity():
    """Assures the pooled trials: directions aligned, and the prediction interval wider than the interval."""
    pooled = pool_studies(BASE, TRIALS, **OPTIONS)
    assert pooled.k == 4 and pooled.effects[3] == pytest.approx(-math.log(0.691))
    low, high = pooled.predicted_ratio()
    assert low < pooled.ratio()[1] < 1 < pooled.ratio()[2] < high
    assert 0.5 < pooled.i2 < 0.85 and any("4 studies" in note for note in pooled.notes)


@pytest.mark.parametrize(
    ("ids", "options", "told"),
    [
        (["mf0701-5y", "mf0701-10y"], {}, "shares patients"),
        (["tata2015", "tata2015"], {}, "twice"),
        (["tata2015", "xiao2018-retracted"], {}, "retracted"),
        (["tata2015", "thomas2016"], {}, "without an interval"),
        (["tata2015", "mf0701-10y"], {}, "2 results match"),
        (["tata2015"], {}, "at least two"),
        (["tata2015", "e2108"], {"invert": ["abcsg28"]}, "not pooled"),
        (["tata2015", "e2108"], {"measure": "median_months", "comparison": {}}, "match"),
        (["tata2015", "e2108"], {"level": 95}, "between 0 and 1"),
        (["tata2015", "e2108"], {"method": "PM"}, "REML or DL"),
        (["tata2015", "e2018"], {}, "e2108"),
    ],
)
def test_what_may_not_be_pooled_is_refused(ids, options, told):
    """Assures that overlap, repetition, retraction and missing intervals stop the pooling with a reason."""
    with pytest.raises(PagetError, match=told):
        pool_studies(BASE, ids, **options)


def test_bad_numbers_are_refused():
    """Assures that the bare function checks what it is given."""
    for effects, ses in (
        ([0.1], [0.1]),
        ([0.1, 0.2], [0.1]),
        ([0.1, math.nan], [0.1, 0.1]),
        ([0.1, 0.2], [0.1, 0.0]),
    ):
        with pytest.raises(PagetError):
            pool(effects, ses)


def test_the_forest_plot_shows_every_study_and_the_prediction():
    """Assures that the figure is drawn, with a row per study and the pooled numbers, leaving pyplot alone."""
    import io
    import sys

    pooled = pool_studies(BASE, TRIALS, **OPTIONS)
    figure = forest(pooled, title="t", favours=("surgery", "none"), names={"e2108": "E"})
    figure.savefig(io.BytesIO(), format="svg")
    texts = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert texts[:4] == ["tata2015", "mf0701-10y", "E", "abcsg28"]
    assert texts[4:] == ["pooled (random effects)", "prediction interval"]
    assert "Hartung-Knapp" in figure.axes[0].get_xlabel()
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_bibtex_is_balanced_unique_and_marks_retraction():
    """Assures that every study can be cited, once, with braces that close and LaTeX characters escaped."""
    text = bibtex(["e2108", "nat-esme2020", "esme2020", "xiao2018-retracted"])
    assert text.count("@") == 3 and "RETRACTED" in text and "doi = {10.1016/j.ejca.2020.01.016}" in text
    everything = bibtex(BASE.ids)
    for block in everything.split("\n\n"):
        assert block.count("{") == block.count("}")
        assert "author" in block or "title" in block
        for line in block.splitlines():
            if not line.strip().startswith("doi"):
                assert not [c for i, c in enumerate(line) if c in "&%#" and line[i - 1] != "\\"], line
    assert everything.count("@article") > 200
    assert all(len(reference(s)) < 150 for s in BASE)
    with pytest.raises(PagetError, match="e2108"):
        bibtex(["e2018"])
