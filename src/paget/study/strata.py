"""The stratum of a patient: her levels of the stratifying attributes, joined in the order of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from paget.study.attributes import expression
from paget.study.conditions import Test
from paget.study.eligible import mask

if TYPE_CHECKING:
    import polars as pl

    from paget.study.analyses import Subgroup

SEPARATOR = " | "
UNKNOWN = "unknown"


def stratum_labels(frame: pl.DataFrame, strata: Sequence[str]) -> pl.Series:
    """Label per patient, such as ``positive | bone only``; ``all`` where there are no strata."""
    import polars as pl

    if not strata:
        return pl.repeat("all", frame.height, dtype=pl.String, eager=True).alias("stratum")
    parts = [expression(name).cast(pl.String).fill_null(UNKNOWN) for name in strata]
    return frame.select(pl.concat_str(parts, separator=SEPARATOR).alias("stratum")).to_series()


def subgroup_mask(frame: pl.DataFrame, subgroup: Subgroup) -> pl.Series:
    """Boolean series: patients who belong to a subgroup of the analyses."""
    tests: Sequence[Test] = subgroup.where
    return mask(frame, tests).alias(subgroup.id)
