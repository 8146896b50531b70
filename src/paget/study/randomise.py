"""Chance in a trial: permuted blocks within strata, times of accrual, loss to follow-up.

Everything is a function of the seed and of names (replicate, stratum, patient), so that it can be computed
in any order and in any chunks. Loss to follow-up is keyed by the patient and not by her arm: twins are lost
at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from paget.study.schedule import Accrual
from paget.study.streams import Floats, uniforms
from paget.units import DAYS_PER_YEAR

Ints = npt.NDArray[np.int64]


def assign(
    strata: Sequence[str], ratio: Sequence[int], block_size: int, seed: int, replicate: int = 0
) -> Ints:
    """Arm of every patient (position in ``ratio``) by permuted blocks within strata.

    Parameters
    ----------
    strata
        Stratum of each patient, in the order of randomisation.
    ratio
        Patients per arm in a block's smallest unit, such as (1, 1) or (2, 1).
    block_size
        Patients per block; a multiple of the sum of the ratio.
    seed, replicate
        Name the draws. The nth patient of a stratum gets the same arm whoever else is in the trial.

    Examples
    --------
    >>> arms = assign(["all"] * 8, (1, 1), 4, seed=1)
    >>> int(arms[:4].sum()), int(arms[4:].sum())
    (2, 2)
    """
    total = sum(ratio)
    if total <= 0 or min(ratio) < 0 or block_size <= 0 or block_size % total:
        raise ValueError(f"a block of {block_size} cannot hold the ratio {tuple(ratio)}")
    labels = np.asarray(strata, dtype=object)
    arms = np.empty(len(labels), np.int64)
    for label in dict.fromkeys(str(one) for one in labels):
        rows = np.flatnonzero(labels == label)
        arms[rows] = block_arms(len(rows), ratio, block_size, seed, replicate, label)
    return arms


def block_arms(count: int, ratio: Sequence[int], block_size: int, seed: int, replicate: int, label: str) -> Ints:
    """Arms of the first ``count`` patients of one stratum, by permuted blocks; `assign` for one stratum."""
    template = np.repeat(np.arange(len(ratio)), np.asarray(ratio) * (block_size // sum(ratio)))
    blocks = -(-count // block_size)
    draws = uniforms(seed, ("blocks", replicate, label), np.arange(blocks * block_size)).reshape(blocks, block_size)
    order = np.argsort(draws, axis=1, kind="stable")
    arms: Ints = template[order].ravel()[:count]
    return arms


def accrual_months(n: int, accrual: Accrual, seed: int, replicate: int = 0) -> Floats:
    """Calendar times of randomisation in months from the first patient in, ascending; the first is 0.

    A Poisson process given its number of patients: even, or with a rate that rises linearly during
    ``ramp_months`` and then stays. ``n`` may differ from ``accrual.patients`` (larger virtual trials
    recruit faster, not longer).
    """
    u = np.sort(uniforms(seed, ("accrual", replicate), np.arange(n)))
    share = 0.0
    if accrual.pattern == "ramp" and accrual.ramp_months and accrual.months > 0:
        share = accrual.ramp_months / accrual.months
    if share > 0:
        area = u * (1.0 - share / 2.0)  # area under the rate, whose plateau is 1
        u = np.where(area < share / 2.0, np.sqrt(2.0 * share * area), area + share / 2.0)
    months: Floats = u * accrual.months
    return months - months[0] if n else months


def drop_out_days(patient_id: npt.ArrayLike, fraction_per_year: float, seed: int) -> Floats:
    """Days from randomisation to loss to follow-up of each patient; infinity where nobody is ever lost.

    Exponential, with ``fraction_per_year`` of those still followed lost in every year of 365.25 days.
    """
    ids = np.asarray(patient_id, np.int64)
    if not 0 <= fraction_per_year < 1:
        raise ValueError(f"fraction_per_year must be at least 0 and less than 1, not {fraction_per_year}")
    if fraction_per_year == 0:
        return np.full(ids.shape, np.inf)
    rate = -np.log1p(-fraction_per_year) / DAYS_PER_YEAR
    days: Floats = -np.log(uniforms(seed, ("drop-out",), ids)) / rate
    return days


def acceptance_uniforms(patient_id: npt.ArrayLike, seed: int) -> Floats:
    """Return the uniforms that decide which candidates are taken for the baseline mix, keyed by patient."""
    return uniforms(seed, ("baseline",), patient_id)
