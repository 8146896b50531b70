"""The potential lives of the patients of a registry: whichever way she may come to an operation, with it and without.

Lives are pure functions of a patient's number, so all that a registry could have made of her is lived first and practice chooses among it
afterwards. Two ways lead to an operation: *first*, before systemic therapy (those found to be metastatic only after it too), and after
*induction*. In each, two arms differ in nothing but the operation: their difference is the truth that analyses are held to. Here the
operation is surgery of the primary; `paget.engine.registry.local_lives` has the lives around local treatment of metastases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import PLACES
from paget.biology.patient import NOBODY
from paget.clinic.state import CR, PR
from paget.engine.compile import SURGEON_MAX_ECOG
from paget.life.frames import baseline_frame
from paget.life.kernel import DIED, GATE
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
from paget.population import Population
from paget.randomness import INDEX_BITS, MASK, OPERATION, SHIFT, TWO_M52, philox
from paget.study.registry import LocalOperation, Operation, Registry
from paget.study.registry.choice import Delay
from paget.study.streams import uniforms
from paget.therapy.surgery import DELAY
from paget.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
FELT = 2  # a metastasis announced itself first
ARMS = {"first": ("none", "operated"), "found": ("none", "operated"), "induction": ("none", "operated", "anyway")}
"""Ways to an operation and the arms lived in each; ``anyway`` operates in spite of progression. Local treatment has no way *found*."""
STAGINGS = ("conventional", "pet-ct")


def _arm(operation: Operation, delay: Delay, parameters: ParameterSet, *, null: bool, first: bool, unless: bool) -> dict[str, float]:
    details = operation.details
    free = details.margins_free_fraction
    return {
        "procedure": 2 if null else 1,
        "max_ecog": SURGEON_MAX_ECOG,
        "delay_median": max(delay.days_median, 1.0),
        "delay_sd_log": delay.sd_log,
        "received": 1.0,
        "unless_progressed": 1.0 if unless else 0.0,
        "conserving": details.breast_conserving_fraction,
        "radiotherapy_conserving": details.radiotherapy_fraction_after_bcs,
        "radiotherapy_mastectomy": details.radiotherapy_fraction_after_mastectomy,
        "margin_involved": parameters["margin_involved"] if free is None else 1.0 - free,
        "pause_days": details.systemic_pause_days,
        "systemic_after": 1.0 if first else 0.0,
    }


def common_plan(registry: Registry, standard: str) -> dict[str, Any]:
    """Fields of a plan of lives that do not depend on the treatment."""
    return {
        "standard_of_care": standard,
        "horizon_days": registry.longest_days,
        "visits": ((7.0 * registry.assessments_every_weeks, math.inf),),
        "not_available": registry.not_available,
        "source": registry.source,
    }


def plan_of(registry: Registry, way: str, standard: str, parameters: ParameterSet, *, null: bool) -> LifePlan:
    """Plan of lives of one way to an operation under one standard of care; its arms are those of `ARMS`, in order."""
    operation = registry.operation
    assert isinstance(operation, Operation)
    common = common_plan(registry, standard)
    if way == "induction":
        after = operation.after_induction
        arms = [
            _arm(operation, after.delay, parameters, null=null, first=False, unless=unless) for unless in (after.unless_progressed, False)
        ]
        window = (after.decision_min_months * DAYS_PER_MONTH, after.decision_max_months * DAYS_PER_MONTH)
        return LifePlan(arms=({}, *arms), gate_days=window, **common)
    delay = operation.upfront.delay if way == "first" else operation.found_after_operation.delay
    return LifePlan(arms=({}, _arm(operation, delay, parameters, null=null, first=True, unless=False)), **common)


def pet_parameters(registry: Registry, parameters: ParameterSet) -> ParameterSet:
    """Parameters of a clinic with PET-CT: lower limits of detection, the same bodies."""
    pet = registry.staging.pet_ct
    limits = [
        limit * (1.0 if place in pet.not_in else pet.detection_factor)
        for place, limit in zip(PLACES, parameters["detection_cm"], strict=False)
    ]
    return parameters.with_values({"detection_cm": limits})


def _named(seed: int, ids: NDArray[np.int64], index: int) -> tuple[Floats, Floats]:
    """The two uniforms of a patient's draw about her operation, as kernels draw them."""
    count = ids.astype(np.uint64)

    def same(value: int) -> NDArray[np.uint64]:
        return np.full(count.shape, value, np.uint64)

    rounds: Any = getattr(philox, "py_func", philox)
    word = (int(OPERATION) << int(INDEX_BITS)) | index
    low = same(seed & int(MASK)), same((seed >> 32) & int(MASK))
    a, b, c, d = rounds(same(int(NOBODY)), same(0), same(word), count, *low)

    def unit(high: NDArray[np.uint64], rest: NDArray[np.uint64]) -> Floats:
        bits = ((high << SHIFT) | rest) >> np.uint64(12)
        return (bits.astype(np.float64) + 0.5) * TWO_M52

    return unit(a, b), unit(c, d)


def planned_days(plan: LifePlan, arm: int, ids: NDArray[np.int64], seed: int) -> Floats:
    """Day on which an arm operates each patient if she lives and nothing forbids it, as the life itself plans it."""
    low, high = plan.gate_days
    gate = low + (high - low) * _named(seed, ids, GATE)[0] if high > 0.0 else np.zeros(len(ids))
    u, v = _named(seed, ids, DELAY)
    normal = np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)
    fields = plan.arms[arm]
    days: Floats = gate + fields["delay_median"] * np.exp(fields["delay_sd_log"] * normal)
    return days


@dataclass(frozen=True)
class Lives:
    """Draws the patients of a registry, block by block, with everything that may become of them.

    Attributes
    ----------
    registry : Registry
    parameters : ParameterSet
    seed : int
    null : bool
        The operation is a sham: it is noted and does nothing.
    threads : int
    """

    registry: Registry
    parameters: ParameterSet
    seed: int
    null: bool = False
    threads: int = 1

    def periods(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Place of each patient's period in the registry's list."""
        edges = np.cumsum([period.fraction for period in self.registry.periods])
        drawn = np.searchsorted(edges, uniforms(self.seed, ("registry", "period"), ids), side="right")
        return np.minimum(drawn, len(edges) - 1).astype(np.int64)

    def stagings(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Place in `STAGINGS` of how each patient is staged."""
        share = np.asarray([period.pet_ct for period in self.registry.periods])[self.periods(ids)]
        return (uniforms(self.seed, ("registry", "pet-ct"), ids) < share).astype(np.int64)

    def block(self, number: int) -> pl.DataFrame:
        """Patients of one block of natural histories: one row for each staging that finds her metastatic and may be hers.

        Conventional staging may be anybody's (with stage migration switched off it is everybody's); PET-CT is that of those who are
        drawn for it. ``drawn`` marks the staging that is used in practice.
        """
        import polars as pl

        parts = []
        for place, staging in enumerate(STAGINGS):
            if place == 1 and not any(period.pet_ct for period in self.registry.periods):
                continue
            parameters = self.parameters if place == 0 else pet_parameters(self.registry, self.parameters)
            ids = self._members(Population(parameters, self.seed, self.registry.source).block(number, threads=self.threads))
            chosen = self.stagings(ids)
            if place == 1:
                ids, chosen = ids[chosen == 1], chosen[chosen == 1]
            frame = self._live(ids, parameters)
            parts.append(frame.with_columns(pl.lit(staging).alias("staging"), pl.Series("drawn", chosen == place)))
        return pl.concat(parts).sort("patient_id", "staging")

    def _members(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """Numbers of those who belong in the registry, of metastatic patients."""
        if isinstance(self.registry.operation, LocalOperation):
            frame = frame.filter(self.registry.operation.place)
        return frame["patient_id"].to_numpy()

    def _live(self, ids: NDArray[np.int64], parameters: ParameterSet) -> pl.DataFrame:
        import polars as pl

        period = self.periods(ids)
        standards = np.asarray([one.standard_of_care for one in self.registry.periods], dtype=object)[period]
        parts = [self._under(str(name), ids[standards == name], parameters) for name in sorted(set(standards)) if (standards == name).any()]
        frame = pl.concat(parts).sort("patient_id") if parts else self._under(self.registry.periods[0].standard_of_care, ids, parameters)
        return frame.with_columns(pl.Series("period", period))

    def _under(self, standard: str, ids: NDArray[np.int64], parameters: ParameterSet) -> pl.DataFrame:
        """Everything about some patients treated under one standard of care."""
        import polars as pl

        if isinstance(self.registry.operation, LocalOperation):
            from paget.engine.registry.local_lives import LocalLives

            columns, seen = LocalLives(self.registry, parameters, self.seed, self.null, self.threads).under(standard, ids)
        else:
            columns, seen = self._surgical(standard, ids, parameters)
        known: dict[str, Any] = {
            "metastases_felt": seen["found_by"] == FELT,
            "decision_day": seen["randomised_day"],
            "ecog_decision": seen["ecog_randomised"],
            "responded": (seen["first_line_response"] == CR) | (seen["first_line_response"] == PR),
            "progressed_before_decision": np.isfinite(seen["first_progression_day"]),
            "alive_at_decision": seen["gate"] != DIED,
        }
        return baseline_frame(seen).with_columns(**{name: pl.Series(name, value) for name, value in (known | columns).items()})

    def _surgical(self, standard: str, ids: NDArray[np.int64], parameters: ParameterSet) -> tuple[dict[str, Any], NDArray[Any]]:
        """Days of the lives with and without surgery, and what was seen up to the decision after induction."""

        def run(plan: LifePlan, who: NDArray[np.int64], arm: int, stop: int = 0) -> NDArray[Any]:
            return simulate(plan, who, arm, parameters, seed=self.seed, threads=self.threads, stop_at_gate=stop)

        induction = plan_of(self.registry, "induction", standard, parameters, null=self.null)
        seen = run(induction, ids, 0, stop=1)
        columns: dict[str, Any] = {}
        lived: dict[tuple[str, int], NDArray[Any]] = {}
        operation = self.registry.operation
        assert isinstance(operation, Operation)
        alike = operation.upfront.delay == operation.found_after_operation.delay  # then both ways are one life
        for way, arms in ARMS.items():
            plan = plan_of(self.registry, way, standard, parameters, null=self.null)
            for place, arm in enumerate(arms):
                name = ("first" if way == "found" and alike else way, place)
                if name not in lived:
                    lived[name] = run(plan, ids, place)
                columns |= self._columns(way, arm, plan, place, ids, lived[name])
        return columns, seen

    def _columns(self, way: str, arm: str, plan: LifePlan, place: int, ids: NDArray[np.int64], outcome: NDArray[Any]) -> dict[str, Floats]:
        """Days of one life: death, first progression, operation (NaN where it did not come to it)."""
        days = {f"{way}_{arm}_death": outcome["death_day"], f"{way}_{arm}_progression": outcome["first_progression_day"]}
        if arm != "none":
            when = outcome["surgery_day"]
            if self.null:  # a sham leaves no trace in the outcome
                when = planned_days(plan, place, ids, self.seed)
                ends = np.where(np.isnan(outcome["death_day"]), outcome["last_day"], outcome["death_day"])
                barred = plan.arms[place]["unless_progressed"] == 1.0
                spread = np.where(np.isnan(outcome["distant_progression_day"]), np.inf, outcome["distant_progression_day"])
                when = np.where((when < ends) & ~(barred & (spread < when)), when, np.nan)
            days[f"{way}_{arm}_operation"] = when
        return days
