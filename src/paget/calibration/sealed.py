"""What a file of targets must leave alone: printed numbers that are held out, under whatever name, and trials that must be predicted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from paget.calibration.pooled import pooled_results
from paget.calibration.rows import Anchor, table
from paget.errors import PagetError
from paget.evidence import load
from paget.evidence.heldout import held_out
from paget.evidence.models import Result, Study

Figure = tuple[str, int, object, object]
"""A printed number: study, which of its results, and row and column of a relation."""


def result_of(row: Anchor, study: Study) -> Result | None:
    """The result that a row finds in its study; None where it pools several or states a number of its own."""
    if not row.find:
        return None
    return load().one(study.id, **{k: v for k, v in row.find.items() if k not in ("row", "column")})


def read_of(row: Anchor, study: Study) -> list[tuple[Study, Result | None]]:
    """The results that a row rests on, each with its study."""
    return list(pooled_results(row)) if row.pool else [(study, result_of(row, study))]


def figures_of(row: Anchor, read: Iterable[tuple[Study, Result | None]]) -> set[Figure]:
    """The printed numbers behind a row."""
    cell = (row.find.get("row"), row.find.get("column"))
    return {(study.id, study.results.index(result), *cell) for study, result in read if result is not None}


@lru_cache(maxsize=1)
def sealed_figures() -> frozenset[Figure]:
    """The printed numbers that are held out one by one, of studies that may be targets otherwise."""
    kept = {entry.row for entry in held_out().entries if entry.row is not None}
    rows = [row for row in table()[1] if row.id in kept]
    return frozenset(figure for row in rows for figure in figures_of(row, read_of(row, load().usable(row.evidence))))


def check_contrasts(inform: tuple[str, ...], predict: tuple[str, ...], where: str) -> None:
    """Every named trial exists, has a printed contrast and stands once; none that informs is held out under the informed posterior.

    Raises
    ------
    PagetError
        For the first that does not.
    """
    from paget.calibration.contrast import published_contrast
    from paget.study import load_protocol

    base = load()
    kept = [one for one in held_out().under("informed").kept_out() if one in base]
    for place, name in enumerate((*inform, *predict)):
        key = "contrasts.inform" if place < len(inform) else "contrasts.predict"
        if name in (*inform, *predict)[:place]:
            raise PagetError("a trial stands twice", where=where, key=key, got=name, fix="a trial either informs or is predicted")
        try:
            study = published_contrast(load_protocol(name)).evidence
        except PagetError as error:
            raise PagetError(
                f"a trial that cannot be set beside its contrast: {error.message}", where=where, key=key, got=name, expected=error.expected,
                fix=error.fix,
            ) from None  # fmt: skip
        shared = sorted(one for one in kept if base.overlap(one, study))
        if place < len(inform) and shared:
            raise PagetError(
                "a trial that is held out cannot inform", where=where, key=key, got=f"{name} ({', '.join(shared)})",
                fix="let it be predicted: what is held out is never fitted",
            )  # fmt: skip
