"""The compiled statistics of replicates equal the estimators they stand for, on one thread and on two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_trial import survival_data

from paget.analysis import cox, cumulative_incidence, kaplan_meier, logrank, rmst
from paget.analysis.fast import replicate_incidence, replicate_statistics
from paget.errors import PagetError

MARKS = [6.0, 24.0, 36.0, 200.0]


def many(replicates: int, seed: int = 1):
    """Rows of several trials, shuffled, with tied times."""
    rng = np.random.default_rng(seed)
    parts = [survival_data(seed + r, 90 + r) for r in range(replicates)]
    time, event, arm, stratum = (np.concatenate(column) for column in zip(*parts, strict=True))
    number = np.concatenate([np.full(len(p[0]), 10 + r) for r, p in enumerate(parts)])
    mix = rng.permutation(len(time))
    return time[mix], event[mix], arm[mix], stratum[mix], number[mix]


def test_every_statistic_equals_the_library():
    """Every statistic of each replicate, hazard ratio to restricted mean, equals the library's."""
    time, event, arm, stratum, number = many(12)
    found = replicate_statistics(time, event, arm, number, strata=stratum, landmarks=MARKS, tau=40.0)
    assert found.replicate.tolist() == list(range(10, 22))
    for i, r in enumerate(found.replicate):
        mine = number == r
        t, e, a, s = time[mine], event[mine], arm[mine], stratum[mine]
        fit = cox(t, e, {"arm": a}, strata=s)
        assert (found.log_hr[i], found.se[i]) == pytest.approx((fit.coef[0], fit.se[0]), abs=1e-9)
        assert found.logrank_z[i] == pytest.approx(logrank(t, e, a, strata=s).z, abs=1e-10)
        for g in (0, 1):
            curve = kaplan_meier(t[a == g], e[a == g])
            assert found.survival[i, g] == pytest.approx(curve.at(MARKS), abs=1e-12, nan_ok=True)
            assert found.median[i, g] == pytest.approx(curve.median()[0], nan_ok=True)
            assert found.rmst[i, g] == pytest.approx(rmst(t[a == g], e[a == g], 40.0)[0], abs=1e-10)
            assert (found.n[i, g], found.events[i, g]) == ((a == g).sum(), e[a == g].sum())


def test_incidence_equals_the_library():
    """Cumulative incidence of each replicate and arm equals the library's, ties and competitors included."""
    time, event, arm, stratum, number = many(10)
    cause = np.where(event, 1 + stratum % 2, 0)
    found = replicate_incidence(time, cause, arm, number, landmarks=MARKS)
    for i, r in enumerate(np.unique(number)):
        for g in (0, 1):
            mine = (number == r) & (arm == g)
            want = cumulative_incidence(time[mine], cause[mine]).at(MARKS)
            assert found[i, g] == pytest.approx(want, abs=1e-12, nan_ok=True)


def test_same_bytes_on_two_threads():
    """The results do not depend on the number of threads, nor on the order of the rows."""
    time, event, arm, stratum, number = many(40)
    options = {"landmarks": MARKS, "tau": 30.0}
    one = replicate_statistics(time, event, arm, number, strata=stratum, **options)
    two = replicate_statistics(time, event, arm, number, strata=stratum, threads=2, **options)
    back = slice(None, None, -1)
    turned = replicate_statistics(time[back], event[back], arm[back], number[back], strata=stratum[back], **options)
    for name in ("log_hr", "se", "logrank_z", "survival", "median", "rmst"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes() == getattr(turned, name).tobytes()


PATIENT = st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 1), st.integers(0, 2))


@settings(max_examples=80, deadline=None)
@given(st.lists(PATIENT, min_size=4, max_size=30))
def test_odd_small_trials(table):
    """Tiny trials, ties, events at time 0, empty arms: the library's value, or NaN where it has none."""
    time, event, arm, stratum = (np.array(c) for c in zip(*table, strict=True))
    time, event = time.astype(float), event.astype(bool)
    found = replicate_statistics(time, event, arm, np.zeros(len(time), int), strata=stratum, landmarks=[3.0], tau=4.0)
    try:
        fit = cox(time, event, {"arm": arm}, strata=stratum)
        usable = not fit.problem
    except PagetError:
        usable = False
    if usable:
        assert (found.log_hr[0], found.se[0]) == pytest.approx((fit.coef[0], fit.se[0]), abs=1e-7)
    else:
        assert np.isnan(found.log_hr[0])
    for g in (0, 1):
        mine = arm == g
        if not mine.any():
            assert np.isnan(found.median[0, g])
            continue
        curve = kaplan_meier(time[mine], event[mine])
        assert found.survival[0, g] == pytest.approx(curve.at([3.0]), abs=1e-12, nan_ok=True)
        assert found.median[0, g] == pytest.approx(curve.median()[0], nan_ok=True)
