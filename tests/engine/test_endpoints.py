"""Assures that the fast endpoints of replicates are those of ADTTE, patient by patient."""

import numpy as np
import pytest

from paget.engine.compile import compile_plan, follow_up_days
from paget.engine.endpoints import observed
from paget.engine.screen import Screening
from paget.engine.trial import enrol, live_roster, study_info
from paget.parameters import ParameterSet
from paget.population import Population
from paget.study import load_protocol, override, shipped
from paget.tables import adtte


@pytest.mark.parametrize("name", ["mf07-01", "e2108"])
def test_fast_endpoints_equal_adtte(name):
    """OS, PFS, DPFS and TTLRP: the same months and the same cause as the table gives."""
    protocol = override(load_protocol(name), {"accrual.patients": 120})
    point = ParameterSet.point()
    candidates = Screening(protocol, point, Population(point, 3)).draw(120)
    roster = enrol(protocol, candidates, range(1), 3)
    patients = live_roster(protocol, point, roster, 3)
    table = adtte(patients, study_info(protocol, roster.calendar_month))
    for code, fast in observed(patients, protocol).items():
        rows = table.filter(table["PARAMCD"] == code)
        assert np.allclose(rows["AVAL"].to_numpy(), fast.months, atol=1e-9)
        cnsr = rows["CNSR"].to_numpy()
        expected = np.where(cnsr == 0, 1, np.where(cnsr == 2, 2, 0))
        assert np.array_equal(expected, fast.cause)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_protocol_compiles(name):
    """Names resolve, and the horizon holds induction, accrual and follow-up."""
    protocol = load_protocol(name)
    plan = compile_plan(protocol, ParameterSet.point())
    assert len(plan.arms) == len(protocol.arms) + sum(len(arm.systemic_if or ()) for arm in protocol.arms)
    assert plan.horizon_days == follow_up_days(protocol)
    surgical = any(arm.locoregional.procedure == "surgery" for arm in protocol.arms)
    assert any(arm.get("procedure") == 1 for arm in plan.arms) == surgical


def test_lives_to_death_agree_with_lives_to_the_cut():
    """Living on after the data cut changes nothing before it."""
    protocol = override(load_protocol("mf07-01"), {"accrual.patients": 60})
    point = ParameterSet.point()
    candidates = Screening(protocol, point, Population(point, 3)).draw(60)
    roster = enrol(protocol, candidates, range(1), 3)
    short = live_roster(protocol, point, roster, 3)
    long = live_roster(protocol, point, roster, 3, to_death=True)
    died = short["death_day"].is_not_null().to_numpy()
    assert died.any()
    assert np.array_equal(short["death_day"].to_numpy()[died], long["death_day"].to_numpy()[died])
