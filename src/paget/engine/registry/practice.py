"""Practice: who is operated, by which way, under the registry's shares; and each of its biases with a switch.

Choice is a logistic model of what clinicians see at the moment of the decision, and a named uniform of the patient. Intercepts are solved
so that the shares that were read come out: the share operated in each period, the share operated first, the share found after the
operation. They are the only numbers solved, and nothing about survival enters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.errors import PagetError, unknown
from paget.study.attributes import ATTRIBUTES, expression
from paget.study.registry import LocalOperation, Operation, Registry, Term
from paget.study.registry.choice import COURSE
from paget.study.streams import uniforms

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CERTAIN = 60.0
"""Log odds of what always happens."""
COMPONENTS = ("early-staging", "stage-migration", "response-gate", "selection", "immortal-time")
"""Sources of bias in registries of surgery of the primary, in the order in which a decomposition removes them."""
LOCAL_COMPONENTS = ("stage-migration", "eligibility", "response-gate", "selection", "immortal-time")
"""The same in registries of local treatment of metastases."""
ALL = tuple(dict.fromkeys(COMPONENTS + LOCAL_COMPONENTS))
COUNTED = ("eligibility", "immortal-time")
"""Those that are a matter of how patients are counted, not of practice: nothing to switch off before the analyses."""
ABOUT = {
    "early-staging": "stage IV only because staged after the operation",
    "stage-migration": "PET-CT in some, and in years with fewer operations",
    "response-gate": "no operation after progression, rather after response",
    "selection": "age, fitness, burden, subtype, size; trend over the years",
    "immortal-time": "time before the operation counted as time after it",
}
LOCAL_ABOUT = {
    "stage-migration": "PET-CT in some",
    "eligibility": "who is in question for nothing counted among the untreated",
    "response-gate": "rather after response, less after progression",
    "selection": "age, fitness, number, size, spread, receptors",
    "immortal-time": "time before the treatment counted as time after it",
}


def components_of(registry: Registry) -> tuple[str, ...]:
    """Sources of bias that a registry can have, in the order of removal."""
    return LOCAL_COMPONENTS if isinstance(registry.operation, LocalOperation) else COMPONENTS


def about_of(registry: Registry) -> dict[str, str]:
    """What each source of bias of a registry is, in words."""
    return LOCAL_ABOUT if isinstance(registry.operation, LocalOperation) else ABOUT


@dataclass(frozen=True)
class Biases:
    """Which biases of practice are on; all by default."""

    on: frozenset[str] = frozenset(ALL)

    def __post_init__(self) -> None:
        for name in self.on:
            if name not in ALL:
                raise unknown("component of bias", name, ALL)

    def without(self, *names: str) -> Biases:
        """Return the same with some switched off."""
        for name in names:
            if name not in ALL:
                raise unknown("component of bias", name, ALL)
        return replace(self, on=self.on - frozenset(names))

    @property
    def off(self) -> tuple[str, ...]:
        """Those switched off, in order."""
        return tuple(name for name in ALL if name not in self.on)


@dataclass(frozen=True)
class Practised:
    """What practice made of each patient of a registry, in the order of the people's table.

    Attributes
    ----------
    way : array of str
        ``found`` (metastatic only after the operation), ``first``, or ``induction``.
    chosen : array of bool
        Whether an operation was decided on.
    decision_day : array of float
        Day of the decision (0 at diagnosis), NaN where she died before it.
    operation_day : array of float
        Day of the operation done, NaN where none was.
    possible_day : array of float
        Day on which she would be operated if chosen, NaN where it would not come to it or practice would not choose her.
    death_none, death_operated : array of float
        Day of death in the life without and with the decision to operate, NaN if alive at the end; the same life where practice would not
        choose her.
    progression_none, progression_operated : array of float
    probability : array of float
        Probability of being chosen, given what clinicians see.
    offered : array of bool
        Who is in question for the treatment at diagnosis; everybody where it is surgery of the primary.
    """

    way: NDArray[Any]
    chosen: Bools
    decision_day: Floats
    operation_day: Floats
    possible_day: Floats
    death_none: Floats
    death_operated: Floats
    progression_none: Floats
    progression_operated: Floats
    probability: Floats
    offered: Bools


def _seen(people: pl.DataFrame, term: Term, *, at_decision: bool) -> Floats:
    """One term's contribution to the log odds of each patient."""
    if term.attribute in COURSE:
        course = {"responded": "responded", "progressed": "progressed_before_decision"}[term.attribute]
        values = people[course].to_numpy() if at_decision else np.zeros(people.height, bool)
        return np.asarray(term.log_odds * (values == term.level), np.float64)
    name = "ecog_decision" if term.attribute == "ecog" and at_decision else term.attribute
    column = people[name] if name not in ATTRIBUTES else people.select(expression(name)).to_series()
    if term.level is not None:
        return term.log_odds * np.asarray((column == term.level).fill_null(False).to_numpy(), np.float64)
    number = column.cast(float).fill_null(0.0).to_numpy()  # de novo disease has no disease-free interval
    if term.scale == "log":
        number = np.log(np.maximum(number, 0.01))
    return np.asarray(term.log_odds * number / (term.per or 1.0), np.float64)


def log_odds(people: pl.DataFrame, terms: Sequence[Term], *, at_decision: bool) -> Floats:
    """Sum of terms for each patient, without an intercept."""
    total = np.zeros(people.height)
    for term in terms:
        total = total + _seen(people, term, at_decision=at_decision)
    return total


def _expit(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -700.0, 700.0))))


def _solve(expected: Callable[[float], float], target: float) -> float:
    """Argument at which a rising function, from 0 to more than the target, meets its target."""
    from scipy.optimize import brentq

    if target <= 0.0:
        return -CERTAIN
    return float(brentq(lambda x: expected(x) - target, -CERTAIN, CERTAIN, xtol=1e-12))


def _day(people: pl.DataFrame, way: str, arm: str, what: str) -> Floats:
    return people[f"{way}_{arm}_{what}"].to_numpy()


def practise(people: pl.DataFrame, registry: Registry, seed: int, biases: Biases | None = None) -> Practised:
    """Let clinicians choose.

    Parameters
    ----------
    people : polars.DataFrame
        Potential lives of the registry's patients (`paget.engine.registry.lives`).
    registry : Registry
    seed : int
    biases : Biases, optional
        Which sources of bias are on. Switched off: nobody is operated before staging is complete; therapy's course does not matter; every
        patient has one chance of being chosen. (Stage migration is a matter of who the people are, immortal time of how they are counted.)

    Raises
    ------
    PagetError
        The shares of the file cannot be had from these patients.
    """
    biases = biases or Biases()
    operation, n = registry.operation, people.height
    ids = people["patient_id"].to_numpy()
    gate = "response-gate" in biases.on
    arm = "operated" if gate else "anyway"

    found = _found_after(people, registry, uniforms(seed, ("registry", "staging order"), ids), "early-staging" in biases.on)

    selected = operation.choice if "selection" in biases.on else ()
    terms = [term for term in selected if term.attribute not in COURSE]
    terms += [term for term in operation.choice if term.attribute in COURSE and gate]
    at_diagnosis, at_decision = (log_odds(people, terms, at_decision=later) for later in (False, True))
    first_terms = operation.upfront.terms if "selection" in biases.on else ()
    first_odds = log_odds(people, first_terms, at_decision=False)

    offered = (people["therapy"] != "").to_numpy() if "therapy" in people.columns else np.ones(n, bool)
    may = people["alive_at_decision"].to_numpy() & offered
    if gate and operation.after_induction.unless_progressed:
        may &= ~people["progressed_before_decision"].to_numpy()
    can_first = np.isfinite(_day(people, "first", "operated", "operation"))
    can_later = may & np.isfinite(_day(people, "induction", arm, "operation"))
    period = people["period"].to_numpy() if "selection" in biases.on else np.zeros(n, np.int64)
    wanted = _wanted(registry, people, biases, found)
    way_cut, intercepts = _intercepts(registry, found, period, wanted, (first_odds, at_diagnosis, at_decision), (can_first, can_later))

    first = ~found & (uniforms(seed, ("registry", "way"), ids) < _expit(way_cut + first_odds))
    way = np.where(found, "found", np.where(first, "first", "induction"))
    p = np.where(first, offered * _expit(intercepts[period] + at_diagnosis), may * _expit(intercepts[period] + at_decision))
    p = np.where(found, 1.0, p)
    chosen = found | (uniforms(seed, ("registry", "choice"), ids) < p)

    def pick(what: str, with_operation: bool) -> Floats:
        late = _day(people, "induction", arm if with_operation else "none", what)
        if with_operation:  # whom practice would never choose has one life only
            late = np.where(may, late, np.nan if what == "operation" else _day(people, "induction", "none", what))
        at_once = _day(people, "first", "operated" if with_operation else "none", what)
        if not found.any():
            return np.where(first, at_once, late)
        before = _day(people, "found", "operated" if with_operation else "none", what)
        return np.where(found, before, np.where(first, at_once, late))

    possible = pick("operation", True)
    reached = np.where(people["alive_at_decision"].to_numpy(), people["decision_day"].to_numpy(), np.nan)
    decision = np.where(way == "induction", reached, 0.0)
    return Practised(
        way=way,
        chosen=chosen,
        decision_day=decision,
        operation_day=np.where(chosen, possible, np.nan),
        possible_day=possible,
        death_none=pick("death", False),
        death_operated=pick("death", True),
        progression_none=pick("progression", False),
        progression_operated=pick("progression", True),
        probability=p,
        offered=offered,
    )


def _found_after(people: pl.DataFrame, registry: Registry, u: Floats, on: bool) -> Bools:
    """Who is operated before her metastases are found: among those whose metastases are not felt, the share of the file."""
    operation = registry.operation
    share = operation.early_fraction if on else 0.0
    if share == 0.0 or not isinstance(operation, Operation):
        return np.zeros(people.height, bool)
    silent = ~people["metastases_felt"].to_numpy() & np.isfinite(_day(people, "found", "operated", "operation"))
    odds = log_odds(people, operation.found_after_operation.terms, at_decision=False)
    target = share * people.height
    if silent.sum() <= target:
        raise PagetError(
            f"only {silent.mean():.1%} of the patients have metastases without symptoms",
            where=registry.id,
            key="operation.found_after_operation.fraction",
            got=share,
            expected=f"less than {silent.mean():.3f}",
        )
    cut = _solve(lambda a: float((silent * _expit(a + odds)).sum()), target)
    return np.asarray(silent & (u < _expit(cut + odds)))


def _wanted(registry: Registry, people: pl.DataFrame, biases: Biases, found: Bools) -> Floats:
    """Operations to be decided on after staging, in each period (in all periods together where practice does not differ)."""
    period = people["period"].to_numpy()
    shares = np.asarray([one.operated for one in registry.periods])
    sizes = np.bincount(period, minlength=len(shares)).astype(np.float64)
    already = np.bincount(period, weights=found, minlength=len(shares))
    per_period = shares * sizes - already
    if "selection" not in biases.on:
        per_period = np.asarray([per_period.sum()])
    return np.maximum(per_period, 0.0)


def _intercepts(
    registry: Registry,
    found: Bools,
    period: NDArray[np.int64],
    wanted: Floats,
    odds: tuple[Floats, Floats, Floats],
    can: tuple[Bools, Bools],
) -> tuple[float, Floats]:
    """Intercepts of the way and of the choice in each period, such that the expected shares are those of the file."""
    first_odds, at_diagnosis, at_decision = odds
    can_first, can_later = can
    share = registry.operation.upfront.fraction_of_operated

    def choice(way: Floats) -> Floats:
        found_intercepts = []
        for k, target in enumerate(wanted):
            mine = ~found & (period == k)
            w, x, y = way[mine], at_diagnosis[mine], at_decision[mine]
            a, b = can_first[mine], can_later[mine]
            most = float((w * a + (1.0 - w) * b).sum())
            if target > 0.999 * most:
                raise PagetError(
                    f"so many patients cannot be {registry.operation.words.done}: {_why_not(registry)}",
                    where=registry.id,
                    key=f"periods[{k}].operated",
                    got=registry.periods[k].operated,
                    expected=f"a share that leaves at most {most:.0f} operations after staging among {int(mine.sum())} patients",
                    fix="lower it, raise operation.upfront.fraction_of_operated, or bring the decision forward",
                )
            found_intercepts.append(
                _solve(
                    lambda c, w=w, x=x, y=y, a=a, b=b: float((w * a * _expit(c + x) + (1.0 - w) * b * _expit(c + y)).sum()),  # type: ignore[misc]
                    target,
                )
            )
        return np.asarray(found_intercepts)

    def share_first(cut: float) -> float:
        way = _expit(cut + first_odds) * ~found
        c = choice(way)[period]
        at_once = float((way * can_first * _expit(c + at_diagnosis)).sum())
        later = float(((1.0 - way) * ~found * can_later * _expit(c + at_decision)).sum())
        return at_once / max(at_once + later, 1e-300)

    if share <= 0.0 or share >= 1.0:
        cut = -CERTAIN if share <= 0.0 else CERTAIN
    else:
        cut = _solve_within(share_first, share)
    return cut, choice(_expit(cut + first_odds))


def _why_not(registry: Registry) -> str:
    if isinstance(registry.operation, LocalOperation):
        return "too few are in question for it, or too many die or progress before"
    return "too many die or progress before"


def _solve_within(share: Callable[[float], float], target: float) -> float:
    """Bisection where the left end may ask for more operations than patients can have: such an end counts as too low."""
    low, high = -CERTAIN / 2, CERTAIN / 2
    last: PagetError | None = None
    for _ in range(60):
        middle = 0.5 * (low + high)
        try:
            below = share(middle) < target
        except PagetError as error:
            last, below = error, True
        if below:
            low = middle
        else:
            high = middle
    try:
        share(high)
    except PagetError:
        raise last or PagetError("the shares operated cannot be had") from None
    return high
