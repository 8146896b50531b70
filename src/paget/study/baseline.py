"""Matching candidates to the published baseline mix by rejection.

Published mixes are margins (60 % of one subtype, 12 % oligometastatic), not joint distributions. Raking
(iterative proportional fitting) finds, on a fixed reference sample of candidates, the weights closest to
equal that reproduce all margins at once; a candidate is then accepted with probability proportional to her
weight. Whether she is accepted depends only on her own attributes and her own uniform
(`paget.study.randomise.acceptance_uniforms`), so candidates may be examined in any order and in any chunks,
and joint patterns inside a cell stay as nature made them.

Source: Deming WE, Stephan FF, Ann Math Stat 1940;11(4):427-444 (iterative proportional fitting).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from paget.errors import PagetError
from paget.study.eligible import need_columns, test_expression
from paget.study.population import BaselineItem
from paget.study.streams import Floats

if TYPE_CHECKING:
    import polars as pl

TOLERANCE = 1e-9
MAX_ROUNDS = 2000
LEAST_SHARE = 1e-4
"""Smallest share of candidates that may be accepted: below it the margins ask for patients that hardly
exist."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Margin:
    """One attribute: its items, the target of each and of the rest, and the weight that raking gave each.

    Attributes
    ----------
    attribute
        Name.
    items
        Baseline items, without overlap; a patient whom none fits is the rest.
    targets
        Fractions, the rest's last; sum 1.
    factors
        Weights, in the same order.
    """

    attribute: str
    items: tuple[BaselineItem, ...]
    targets: tuple[float, ...]
    factors: tuple[float, ...]


@dataclass(frozen=True)
class BaselineWeights:
    """Raking weights, as fitted on a reference sample.

    Attributes
    ----------
    margins
        One per attribute.
    largest
        Largest weight of any cell of the reference: the one whose patients are all accepted.
    acceptance_share
        Share of the reference sample that is accepted.
    """

    margins: tuple[Margin, ...]
    largest: float
    acceptance_share: float


def _grouped(baseline: Sequence[BaselineItem]) -> dict[str, list[BaselineItem]]:
    groups: dict[str, list[BaselineItem]] = {}
    for item in baseline:
        if item.fraction is not None:
            groups.setdefault(item.attribute, []).append(item)
    return groups


def _targets(items: Sequence[BaselineItem]) -> tuple[float, ...]:
    fractions = [float(item.fraction or 0.0) for item in items]
    rest = 1.0 - sum(fractions)
    rest = 0.0 if rest < 1e-3 else rest  # printed fractions are rounded: 0.999 of listed levels is all
    total = sum(fractions) + rest
    return tuple(value / total for value in (*fractions, rest))


def _category(frame: pl.DataFrame, items: Sequence[BaselineItem]) -> Ints:
    """Position of the item that fits each patient; the number of items where none does."""
    found = np.full(frame.height, len(items), np.int64)
    tested = frame.select([test_expression(item).alias(str(i)) for i, item in enumerate(items)])
    for position in range(len(items)):
        found[tested[str(position)].to_numpy()] = position
    return found


def fit_weights(
    reference: pl.DataFrame,
    baseline: Sequence[BaselineItem],
    *,
    randomised: npt.ArrayLike | None = None,
    where: str | Path | None = None,
) -> BaselineWeights:
    """Raking weights that give a reference sample the margins of a baseline mix.

    A published margin describes the patients who were randomised. A margin that is assumed throughout comes from registries of
    patients at diagnosis, so it is held among the eligible; what induction makes of it is the model's affair.

    Parameters
    ----------
    reference
        Eligible candidates, a fixed sample (several thousand).
    randomised
        Which of them reach randomisation; all by default.
    baseline
        Items of the protocol; those ``not read`` are left out.
    where
        File, for messages.

    Raises
    ------
    PagetError
        A level that is asked for does not occur, the margins contradict one another in this population, or
        so few candidates could be accepted that the mix is out of reach.
    """
    groups = _grouped(baseline)
    need_columns(reference, [item for items in groups.values() for item in items], where=where)
    if reference.height == 0:
        raise PagetError(
            "there are no eligible candidates to match the baseline mix with",
            where=where,
            key="population.baseline",
        )
    if not groups:
        return BaselineWeights((), 1.0, 1.0)
    targets = {name: np.asarray(_targets(items)) for name, items in groups.items()}
    matrix = np.column_stack([_category(reference, items) for items in groups.values()])
    reached = np.ones(reference.height, bool) if randomised is None else np.asarray(randomised, bool)
    held_among = [
        np.ones(reference.height, bool) if all(item.assumed for item in items) else reached for items in groups.values()
    ]
    for column, (name, items) in enumerate(groups.items()):
        present = np.bincount(matrix[held_among[column], column], minlength=len(items) + 1)
        for position, target in enumerate(targets[name]):
            if target > 0 and present[position] == 0:
                raise _nobody(name, items, position, float(target), reference.height, where)
    cells, place, counts = np.unique(matrix, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    columns = [np.bincount(place[held], minlength=len(cells)).astype(np.float64) for held in held_among]
    factors = _rake(cells, columns, counts.astype(np.float64), list(targets.items()), where)
    weights = np.prod([factor[cells[:, column]] for column, factor in enumerate(factors)], axis=0)
    largest = float(weights.max())
    share = float((weights * counts).sum() / largest / counts.sum())
    if share < LEAST_SHARE:
        raise PagetError(
            f"the baseline mix is out of reach: 1 candidate in {1 / share:.0f} could be accepted",
            where=where,
            key="population.baseline",
            expected=f"at least 1 in {1 / LEAST_SHARE:.0f}",
            fix="drop the margin that is furthest from the candidates' own mix",
        )
    margins = tuple(
        Margin(name, tuple(items), tuple(map(float, targets[name])), tuple(map(float, factor)))
        for (name, items), factor in zip(groups.items(), factors, strict=True)
    )
    return BaselineWeights(margins, largest, share)


def _rake(
    cells: Ints,
    columns: list[Floats],
    counts: Floats,
    targets: list[tuple[str, Floats]],
    where: str | Path | None,
) -> list[Floats]:
    """Factors of each margin; ``columns`` are the patients of each cell among whom a margin is held."""
    factors = [np.ones(len(target)) for _, target in targets]
    weights = np.ones(len(cells))
    worst, at = np.inf, 0
    for _ in range(MAX_ROUNDS):
        worst = 0.0
        for column, (_, target) in enumerate(targets):
            held = weights * columns[column]
            share = np.bincount(cells[:, column], held, minlength=len(target)) / max(held.sum(), 1e-300)
            off = float(np.abs(share - target).max())
            if off > worst:
                worst, at = off, column
            step = np.divide(target, share, out=np.zeros_like(target), where=share > 0)
            # Contradictory margins drive factors apart without end; the bound keeps them numbers.
            factors[column] = np.clip(factors[column] * step, 0.0, 1e100)
            weights = weights * step[cells[:, column]]
            weights = weights / max((weights * counts).sum(), 1e-300)
        if worst < TOLERANCE:
            break
    if not worst < 1e-4:
        name = targets[at][0]
        raise PagetError(
            f"the baseline fractions contradict one another: {name} misses its target by {worst:.3f}",
            where=where,
            key="population.baseline",
            fix=f"check {name} against the other attributes: some combination they need does not occur",
        )
    # The scale is free: a mean weight of 1 over the reference keeps the numbers readable.
    raw = np.prod([factor[cells[:, column]] for column, factor in enumerate(factors)], axis=0)
    factors[0] = factors[0] * (counts.sum() / float((raw * counts).sum()))
    return factors


def _nobody(
    name: str,
    items: Sequence[BaselineItem],
    position: int,
    target: float,
    size: int,
    where: str | Path | None,
) -> PagetError:
    if position < len(items):
        said = items[position].text()
    else:
        said = f"{name} other than " + "; ".join(item.text() for item in items)
    return PagetError(
        f"nobody among {size} eligible candidates has: {said}",
        where=where,
        key="population.baseline",
        got=f"fraction {target:.4g}",
        fix="correct the fraction, or change eligibility so that such patients can enter",
    )


def acceptance_probability(
    frame: pl.DataFrame, baseline: Sequence[BaselineItem], weights: BaselineWeights
) -> Floats:
    """Probability with which each candidate is accepted, from her own attributes alone.

    Cells that the reference sample did not hold get the product of their factors, at most 1.

    Parameters
    ----------
    frame
        Candidates.
    baseline
        The items that the weights were fitted for; others are an error of the caller (`ValueError`).
    weights
        From `fit_weights`.
    """
    if tuple(item for margin in weights.margins for item in margin.items) != tuple(
        item for items in _grouped(baseline).values() for item in items
    ):
        raise ValueError("these weights were fitted for another baseline mix")
    probability = np.full(frame.height, 1.0 / weights.largest)
    for margin in weights.margins:
        probability = probability * np.asarray(margin.factors)[_category(frame, margin.items)]
    clipped: Floats = np.minimum(probability, 1.0)
    return clipped


def accept(
    frame: pl.DataFrame, baseline: Sequence[BaselineItem], weights: BaselineWeights, uniforms: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Whether each candidate is accepted; ``uniforms`` are keyed by the patient (`acceptance_uniforms`)."""
    taken: npt.NDArray[np.bool_] = np.asarray(uniforms) < acceptance_probability(frame, baseline, weights)
    return taken


def compare(frame: pl.DataFrame, baseline: Sequence[BaselineItem]) -> pl.DataFrame:
    """Return simulated against published baseline, one row per item, those that were not read included.

    Returns
    -------
    polars.DataFrame
        ``attribute``, ``level`` (in words), ``published`` (null: not read), ``simulated``, ``difference``,
        ``source``, ``assumed``, ``reason``.
    """
    import polars as pl

    rows = []
    for item in baseline:
        share = frame.select(test_expression(item).mean()).item() if frame.height else None
        rows.append(
            {
                "attribute": item.attribute,
                "level": item.text(),
                "published": item.fraction,
                "simulated": share,
                "difference": None if share is None or item.fraction is None else share - item.fraction,
                "source": item.source,
                "assumed": item.assumed,
                "reason": item.reason,
            }
        )
    schema = {
        "attribute": pl.String,
        "level": pl.String,
        "published": pl.Float64,
        "simulated": pl.Float64,
        "difference": pl.Float64,
        "source": pl.String,
        "assumed": pl.Boolean,
        "reason": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def varied(baseline: Sequence[BaselineItem]) -> tuple[BaselineItem, ...]:
    """Return the mix with every item's alternative fraction in place of its first one, where it has one."""
    changed = []
    for item in baseline:
        if item.varied is None:
            changed.append(item)
        else:
            changed.append(
                item.model_copy(
                    update={"fraction": item.varied.fraction, "reason": item.varied.reason, "varied": None}
                )
            )
    return tuple(changed)
