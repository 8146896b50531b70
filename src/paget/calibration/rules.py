"""The rules of the declaration: what may be a target at all, what counts once, what may be pooled, which trials may inform.

Numbers are told apart by where they stand in the evidence base, not by how a file asks for them: a figure that is a prediction stays one
under any id and any spelling.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from paget.calibration.rows import Anchor, Cell, cells, rows
from paget.errors import PagetError, unknown
from paget.evidence import load
from paget.evidence.heldout import held_out
from paget.evidence.meta import check_independent
from paget.evidence.models import Result, Study
from paget.evidence.registers import shared_registers

LEVELS = ("table", "abstract")
"""Where a figure must have been read to be a target."""
Read = list[tuple[Study, Result, Cell]]


@contextmanager
def placed(where: str, key: str) -> Iterator[None]:
    """Tell the file and the place in it with every mistake that is found inside."""
    try:
        yield
    except PagetError as error:
        if str(error.where or "").startswith(where):
            raise
        inner = [str(part) for part in (error.where, error.key) if part is not None]
        raise PagetError(
            error.message, where=where, key=": ".join([key, *inner]), got=error.got, expected=error.expected, fix=error.fix
        ) from None


@lru_cache(maxsize=1)
def predicted() -> dict[Cell, str]:
    """Numbers that are predictions or held out, with the row of ``anchors.yaml`` that predicts each."""
    out = held_out().kept_out()
    return {cell: row.id for row in rows() if row.role == "prediction" or row.id in out for _, _, cell in cells(row)}


def _refuse(message: str, **more: Any) -> PagetError:
    return PagetError(f"cannot be a target: {message}", **more)


def allowed(row: Anchor) -> tuple[Study, Read]:
    """The study of a row and all numbers that it rests on, if it may be a target.

    Raises
    ------
    PagetError
        For a prediction, a held-out, retracted or surgical study, a figure that no source prints, that was not read in a table or an
        abstract, or whose source contradicts itself.
    """
    if row.role != "anchor":
        raise _refuse("it is a prediction", fix="take it out; predictions are never used to set anything")
    if row.context:
        raise _refuse("source and simulation measure different things (`context`)")
    study, read = load().usable(row.evidence), cells(row)
    if not read:
        raise _refuse("no source prints its figure", got=row.value, fix="name the printed number with `find`, or `pool` several")
    sources = {study.id: study} | {source.id: source for source, _, _ in read}
    for source in sources.values():
        if source.topic == "primary-lrt":
            raise _refuse("its study is about surgery of the primary", got=source.id)
    for one in (row.id, *sources):
        if one in held_out().kept_out():
            raise _refuse("it is held out", got=one, fix="take it out: what is held out is never fitted")
    for source, result, cell in read:
        if shared := sorted(one for one in held_out().kept_out() if one in load() and load().overlap(one, source.id)):
            raise _refuse(f"patients of {source.id!r} are among those of a study that is held out", got=", ".join(shared))
        if cell in predicted():
            raise _refuse("its figure is a prediction or held out", got=f"{source.id}, as {predicted()[cell]}", fix="take it out")
        if source.level_of(result) not in LEVELS:
            raise _refuse("of where its figure was read", got=source.level_of(result), expected=" or ".join(LEVELS))
        if result.caveat is not None:
            raise _refuse("the source contradicts itself", got=result.caveat)
    if row.pool:
        _check_pool(study, read)
    return study, read


def _check_pool(study: Study, read: Read) -> None:
    """Refuse a pool of what is no sample of one effect: a result twice, patients twice, ratios of several kinds."""
    ids = list(dict.fromkeys(source.id for source, _, _ in read))
    if study.id not in ids:
        raise PagetError(
            "contradiction: none of the pooled results is of the row's study", key="pool", got=study.id, expected=", ".join(ids)
        )
    if len({cell for _, _, cell in read}) < len(read):
        raise PagetError("a result stands twice in the pool", key="pool", fix="name each once")
    kinds = sorted({result.measure for _, result, _ in read})
    if len(kinds) > 1:
        raise PagetError("ratios of several kinds cannot be pooled", key="pool", got=kinds, expected="one measure")
    for name in ids:
        ends = {str(result.endpoint) for source, result, _ in read if source.id == name}
        if len(ends) > 1:
            raise PagetError("several endpoints of one study cannot be pooled", key="pool", got=sorted(ends), expected="one endpoint")
    check_independent(ids, load())


def check_once(name: str, read: Read, used: Mapping[Cell, str]) -> None:
    """Refuse a number that another target rests on."""
    for _, _, cell in read:
        if used.get(cell, name) != name:
            raise PagetError("the same figure is used twice", got=f"also {used[cell]}", fix="keep one of them")


def check_patients(study: Study, seen: Mapping[str, Iterable[str]], told: Collection[str]) -> None:
    """Refuse a study whose patients count already: under another id, or as other years of one register, unless the file tells of it.

    Parameters
    ----------
    study : Study
    seen : mapping
        Target -> ids of the studies that it rests on.
    told : collection of str
        Registers that the file says several of its studies read.
    """
    for other, studies in seen.items():
        for name in studies:
            if name != study.id and load().overlap(name, study.id):
                raise PagetError(
                    f"patients of {study.id!r} count twice: they are among those of {name!r}", got=f"also {other}",
                    fix="keep targets of one of the two studies",
                )  # fmt: skip
            registers = shared_registers(study, load()[name]) - set(told)
            if registers:
                raise PagetError(
                    f"patients of {study.id!r} may count twice: it reads the register that {name!r} reads, in the same years",
                    got=", ".join(sorted(registers)), fix="keep one of the two, or name the register under `shared_patients` with a reason",
                )  # fmt: skip


def check_registers(told: Iterable[str], sources: Iterable[str]) -> None:
    """Refuse to be told of a register that no study reads; studies that are targets are asked first."""
    unread = set(told) - {register for name in sources for register in load()[name].registers}
    if unread:
        known = {register for study in load() for register in study.registers}
        for one in sorted(unread - known):
            raise unknown("register that a study reads", one, known)


def check_trials(inform: Iterable[str], predict: Iterable[str]) -> None:
    """Refuse contrasts that cannot inform: no such protocol, no printed ratio, named twice, or held out of the informed posterior too."""
    from paget.calibration.contrast import published_contrast
    from paget.study import load_protocol

    base, seen = load(), set()
    out = [one for one in held_out().under("informed").kept_out() if one in base]
    for name, informs in (*((name, True) for name in inform), *((name, False) for name in predict)):
        protocol = load_protocol(name)
        if protocol.id in seen:
            raise PagetError("a trial stands twice", got=name, expected="each once, under `inform` or under `predict`")
        seen.add(protocol.id)
        source = published_contrast(protocol).evidence
        shared = sorted(one for one in out if base.overlap(one, source))
        if informs and shared:
            raise PagetError(
                "a trial that is held out of the informed posterior cannot inform it", got=f"{name} ({', '.join(shared)})",
                fix="name it under `predict`",
            )  # fmt: skip
