"""The potential lives around local treatment of metastases: soon after diagnosis or after induction, with it and without.

Each patient is in question for one therapy at most; her treated life is with that one, and who is in question for none has no other
life. All arms of a plan treat on the same day, so that their lives are one until then: what an arm does on its day is all that differs.

A sham is planned and never given; it falls on the days on which the treatment itself would have been given, file and clinic allowing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.engine.registry.lives import common_plan
from paget.engine.registry.offers import NONE, offers
from paget.life.frames import baseline_frame
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
from paget.study.registry import LocalOperation, Registry
from paget.study.registry.choice import Delay
from paget.therapy import Library, library
from paget.therapy.local import MAX_LOCAL
from paget.units import DAYS_PER_MONTH

Floats = NDArray[np.float64]
Records = NDArray[Any]


def _arm(therapy: str, delay: Delay, shelf: Library, *, null: bool) -> dict[str, Any]:
    """One local treatment, in the first slot of an arm."""
    which = np.full(MAX_LOCAL, -1)
    which[0] = shelf.local_index(therapy)
    return {
        "local": which,
        "local_delay_median": np.full(MAX_LOCAL, max(delay.days_median, 1.0)),
        "local_delay_sd_log": np.full(MAX_LOCAL, delay.sd_log),
        "local_received": np.full(MAX_LOCAL, 0.0 if null else 1.0),
    }


def plan_of(registry: Registry, way: str, standard: str, *, null: bool) -> LifePlan:
    """Plan of lives of one way to the treatment: nothing, then one arm for each therapy of the registry, in order."""
    operation, shelf = registry.operation, library()
    assert isinstance(operation, LocalOperation)
    after = operation.after_induction
    delay = after.delay if way == "induction" else operation.upfront.delay
    window = (after.decision_min_months * DAYS_PER_MONTH, after.decision_max_months * DAYS_PER_MONTH) if way == "induction" else (0.0, 0.0)
    arms = [_arm(one.therapy, delay, shelf, null=null) for one in operation.therapies]
    return LifePlan(arms=({}, *arms), gate_days=window, **common_plan(registry, standard))


@dataclass(frozen=True)
class LocalLives:
    """Lives around local treatment; fields as of `paget.engine.registry.lives.Lives`."""

    registry: Registry
    parameters: ParameterSet
    seed: int
    null: bool
    threads: int

    def under(self, standard: str, ids: NDArray[np.int64]) -> tuple[dict[str, Any], Records]:
        """Days of the lives under one standard of care, and what was seen up to the decision after induction."""
        operation = self.registry.operation
        assert isinstance(operation, LocalOperation)
        seen = self._run(plan_of(self.registry, "induction", standard, null=self.null), ids, 0, stop=1)
        which = offers(baseline_frame(seen), operation, self.seed, library())
        names = np.asarray([*(one.therapy for one in operation.therapies), ""], dtype=object)
        columns: dict[str, Any] = {"therapy": names[which].tolist()}  # the last where there is none
        for way in ("first", "induction"):
            none, treated, day = self._way(way, standard, ids, which)
            columns |= _days(f"{way}_none", none)
            if way == "induction":
                columns |= _days(f"{way}_anyway", treated) | {f"{way}_anyway_operation": day}
                if operation.after_induction.unless_progressed:
                    treated, day = _unless_progressed(none, treated, day)
            columns |= _days(f"{way}_operated", treated) | {f"{way}_operated_operation": day}
        return columns, seen

    def _way(self, way: str, standard: str, ids: NDArray[np.int64], which: NDArray[np.int64]) -> tuple[Records, Records, Floats]:
        """Lives without and with the treatment, and the day of the treatment (NaN where it is not given)."""
        plan = plan_of(self.registry, way, standard, null=self.null)
        none = self._run(plan, ids, 0)
        treated = none.copy()
        mine = which != NONE
        treated[mine] = self._run(plan, ids[mine], which[mine] + 1)
        day = np.full(len(ids), np.nan)
        real = treated[mine]
        if self.null:
            real = self._run(plan_of(self.registry, way, standard, null=False), ids[mine], which[mine] + 1)
        day[mine] = real["local_day"]
        return none, treated, day

    def _run(self, plan: LifePlan, ids: NDArray[np.int64], arm: NDArray[np.int64] | int, stop: int = 0) -> Records:
        return simulate(plan, ids, arm, self.parameters, seed=self.seed, threads=self.threads, stop_at_gate=stop)


def _days(name: str, life: Records) -> dict[str, Floats]:
    return {f"{name}_death": life["death_day"], f"{name}_progression": life["first_progression_day"]}


def _unless_progressed(none: Records, treated: Records, day: Floats) -> tuple[Records, Floats]:
    """The life without the treatment where distant progression comes between the decision and its day; until that day both are one."""
    with np.errstate(invalid="ignore"):
        barred = none["distant_progression_day"] < day
    kept = treated.copy()
    kept[barred] = none[barred]
    return kept, np.where(barred, np.nan, day)
