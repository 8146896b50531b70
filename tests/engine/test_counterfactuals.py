"""Assures counterfactual twins: no effect means no difference at all, and what differs is the treatment's."""

import numpy as np
import pytest

from paget.engine.screen import Screening
from paget.engine.trial import enrol
from paget.engine.twins import live_twins, twin_records
from paget.parameters import ParameterSet
from paget.population import Population
from paget.study import load_protocol, override


def roster_of(name, parameters, seed=4, size=150):
    protocol = override(load_protocol(name), {"accrual.patients": size})
    candidates = Screening(protocol, parameters, Population(parameters, seed)).draw(size)
    return protocol, enrol(protocol, candidates, range(1), seed)


@pytest.fixture(scope="module")
def point():
    return ParameterSet.point()


def test_an_operation_that_nobody_receives_changes_no_bit(point):
    """With a received fraction of 0 and no crossover both lives of every patient are the same to the last bit."""
    protocol, roster = roster_of("mf07-01", point)
    idle = override(
        protocol,
        {"arms.lrt+systemic.locoregional.received_fraction": 0.0, "arms.systemic.crossover.fraction": 0.0},
    )
    twins = live_twins(idle, point, roster, 4)
    assert np.array_equal(twins["control_months"].to_numpy(), twins["experimental_months"].to_numpy())
    ratio = next(r for r in twin_records(twins, idle) if r["measure"] == "twin_hazard_ratio")
    assert ratio["value"] == 1.0


def test_twins_tell_gains_and_losses_that_add_up(point):
    """Shares sum to one; the mean gain is that of the table; pairing saves variance; everything says it is not observable."""
    protocol, roster = roster_of("mf07-01", point)
    twins = live_twins(protocol, point, roster, 4)
    records = {r["measure"]: r for r in twin_records(twins, protocol) if r["method"] is None}
    shares = [records[f"twin_share_{name}"]["value"] for name in ("gaining", "losing", "unchanged")]
    assert abs(sum(shares) - 1.0) < 1e-12
    assert records["twin_mean_gain_months"]["value"] == pytest.approx(float(twins["gain_months"].mean()))
    assert records["twin_variance_ratio"]["value"] > 1.0
    assert all("not observable" in r["note"] for r in records.values())


def test_patients_who_are_not_operated_in_either_life_do_not_differ(point):
    """Where neither life holds an operation, the two are the same."""
    protocol, roster = roster_of("mf07-01", point)
    alone = override(protocol, {"arms.systemic.crossover.fraction": 0.0, "arms.lrt+systemic.locoregional.received_fraction": 0.5})
    twins = live_twins(alone, point, roster, 4)
    never = ~twins["operated"].to_numpy()
    # who is meant to be operated waits for it without drugs; the others start at once, as in the control arm
    same = twins["gain_months"].to_numpy()[never] == 0.0
    assert same.mean() > 0.9
