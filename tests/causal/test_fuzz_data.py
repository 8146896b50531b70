"""Whatever small, tied or lopsided data come, a ladder gives numbers or reasons, never a traceback or a warning."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from paget.analysis.causal import ObservationalData, Varying, clone_censor_weight, ladder
from paget.errors import PagetError


@st.composite
def small_data(draw):
    """A handful of patients with coarse times and covariates that may be constant, equal or separating."""
    n = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    grain = draw(st.sampled_from([0.01, 1.0, 6.0]))
    months = np.floor(rng.exponential(20, n) / grain) * grain
    share = draw(st.sampled_from([0.1, 0.5, 0.9]))
    start = np.minimum(np.floor(rng.exponential(6, n) / grain) * grain, months)
    treated = np.where(rng.random(n) < share, start, np.nan)
    kinds = {
        "age": np.round(rng.normal(60, 10, n)),
        "site": rng.choice(["a", "b", "c"], n),
        "same": np.ones(n),
        "told": np.isfinite(treated).astype(float),
        "huge": rng.normal(0, 1e6, n),
    }
    names = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3, unique=True))
    entry = np.minimum(rng.random(n) * 3, months) if draw(st.booleans()) else None
    seen = np.flatnonzero(rng.random(n) < 0.5)
    varying = Varying(seen, months[seen] * rng.random(len(seen)), {"pd": np.ones(len(seen))})
    data = ObservationalData(
        np.arange(n), months, rng.random(n) < draw(st.sampled_from([0.1, 0.8])), treated, kinds, entry_months=entry, varying=varying
    )
    return data, names


@settings(max_examples=120, deadline=None)
@given(small_data())
def test_numbers_or_reasons(case):
    """Every row has a finite ratio inside its interval, or says why there is none."""
    data, names = case
    try:
        rows = ladder(data, adjust_for=names, landmark_months=(3, 12), tau_months=12.0)
    except PagetError:
        return
    for one in rows:
        assert one.problem or (np.isfinite(one.hazard_ratio) and one.ci_low <= one.hazard_ratio <= one.ci_high), one
        one.to_dict()
    try:
        clone_censor_weight(data, 6, adjust_for=names, unless="pd")
    except PagetError:
        return
