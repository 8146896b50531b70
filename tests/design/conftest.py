"""A small prepared population, grown once for the tests of designs."""

import pytest


@pytest.fixture(scope="session")
def protocol():
    """MF07-01 with 60 patients, strata and a short follow-up, so that all kinds of censoring occur."""
    from paget.design.vary import change
    from paget.study import load_protocol

    changes = {"accrual.patients": 60, "randomisation.strata": ["hormone_receptor"], "drop_out.fraction_per_year": 0.1}
    return change(load_protocol("mf07-01"), {**changes, "follow_up.data_cut_months": 24, "accrual.months": 18})


@pytest.fixture(scope="session")
def lives(protocol, point):
    """400 patients, each in both arms and in the control arm without crossover."""
    from paget.design.lives import prepare

    return prepare(protocol, point, 1, 400, stayed=True)
