"""Assures for every systemic therapy that a version of it without effect leaves every byte, and that its harms come at their rates."""

import math

import numpy as np
import polars as pl
import pytest
from lives import a_plan

from paget.life.adverse import adverse_frame, courses_frame
from paget.life.simulate import replay, simulate
from paget.therapy import library

SEED = 11
LIBRARY = library()
HARMFUL = [name for name, one in LIBRARY.agents.items() if any(harm.rate is not None for harm in one.costs.toxicities)]
Z = 3.89  # two-sided 0.0001: some eighty harms are looked at
BASE = "taxane-to-progression"


def without_effect(name):
    """A drug's file with every effect and every cost that acts taken out, as a user would write it, with a taxane beside it."""
    nothing = {"value": 0.0, "basis": "assumed", "reason": "no effect"}
    neutral = nothing | {"value": 1.0}
    data = LIBRARY.therapies[name].model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"readouts", "regimens", "shown_on"})
    data |= {"id": f"null-{name}", "tier": "B", "costs": {"toxic_stop_per_year": nothing}}
    if "kills" in data:
        data["kills"] = {**data["kills"], "kill_per_day": nothing, "cytotoxic": False}
    if "growth_factor" in data:
        data["growth_factor"] = neutral
    data["steps"] = [{**step, "multiplier": neutral} for step in data.get("steps", ())]
    data["regimens"] = [{"id": f"taxane+null-{name}", "agents": [{"agent": "taxane"}, {"agent": f"null-{name}"}]}]
    return data


@pytest.fixture(scope="module")
def shelf():
    """The shipped library and a null version of every drug in it."""
    return library(tuple(map(without_effect, LIBRARY.agents)))


@pytest.mark.parametrize("name", LIBRARY.agents)
def test_a_version_without_effect_leaves_every_byte(shelf, stage_four, point, name):
    """Beside a taxane the drug without its effects changes nothing of any life."""
    out = []
    for regimen in (BASE, f"taxane+null-{name}"):
        plan = a_plan({"first_regimen": shelf.regimen_index(regimen)}, library=shelf, horizon_days=1500.0)
        lives = simulate(plan, stage_four[:150], 0, point, seed=SEED)
        assert (lives["first_regimen"] >= 0).mean() > 0.7
        lives["first_regimen"] = 0
        out.append(lives.tobytes())
    assert out[0] == out[1]


@pytest.mark.parametrize("name", HARMFUL)
def test_harms_come_at_their_rates(point, name):
    """Over two thousand courses each harm of the file happens to its share of them."""
    plan = a_plan({"first_regimen": LIBRARY.regimen_index(name)}, horizon_days=30.0, source="all")
    detail = replay(plan, np.arange(2600), 0, point, seed=SEED)
    n = courses_frame(detail, plan).filter(pl.col("therapy") == name).height
    events = adverse_frame(detail, plan, seed=SEED).filter(pl.col("therapy") == name)
    assert n >= 1800
    for harm in LIBRARY.therapies[name].costs.toxicities:
        if harm.rate is not None:
            share = harm.rate.value
            seen = events.filter(pl.col("term") == harm.name, pl.col("grade") == harm.grade).height
            assert abs(seen / n - share) <= Z * math.sqrt(share * (1 - share) / n) + 1 / n, (harm.name, seen / n, share)
