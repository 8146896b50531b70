"""Finished evaluations on disk, one line each: a fit that was interrupted goes on member by member.

A line is written in one piece once its evaluation is done; a line cut short by a kill is dropped when the file is read again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paget.calibration.evaluate import Evaluation
from paget.progress import Progress, silent

Array = NDArray[np.float64]


class Ledger:
    """Evaluations by stage and member.

    Parameters
    ----------
    path : Path, optional
        File to keep them in; in memory only without one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._done: dict[tuple[str, int], Evaluation] = {}
        if path is not None and path.exists():
            whole = path.read_bytes()
            complete = whole[: whole.rfind(b"\n") + 1]
            for line in complete.splitlines():
                entry = json.loads(line)
                self._done[entry["stage"], entry["member"]] = Evaluation(
                    _numbers(entry["values"]), _numbers(entry["errors"]), entry["lives"]
                )
            if len(complete) < len(whole):
                with path.open("r+b") as file:
                    file.truncate(len(complete))

    def __len__(self) -> int:
        return len(self._done)

    def get(self, stage: str, member: int) -> Evaluation | None:
        """A finished evaluation, or None."""
        return self._done.get((stage, member))

    def add(self, stage: str, member: int, found: Evaluation) -> None:
        """Keep an evaluation."""
        self._done[stage, member] = found
        if self.path is not None:
            entry = {
                "stage": stage, "member": member, "lives": found.lives, "values": _texts(found.values), "errors": _texts(found.errors),
            }  # fmt: skip
            with self.path.open("ab") as file:
                file.write((json.dumps(entry) + "\n").encode())


def _texts(values: Array) -> list[float | None]:
    return [float(x) if math.isfinite(x) else None for x in values]


def _numbers(values: list[float | None]) -> Array:
    return np.array([np.nan if x is None else x for x in values], np.float64)


def evaluate_all(
    work: Callable[[int], Evaluation],
    members: Iterable[int],
    ledger: Ledger,
    stage: str,
    *,
    threads: int = 1,
    progress: Progress = silent,
) -> list[Evaluation]:
    """Evaluate all members that the ledger does not hold yet, on so many threads; the evaluations in the order of members.

    What comes out does not depend on the threads: each evaluation is a function of its member alone.
    """
    wanted = list(members)
    todo = [k for k in wanted if ledger.get(stage, k) is None]

    def tell() -> None:
        progress(stage, len(wanted) - len(todo) + finished, len(wanted))

    finished = 0
    tell()
    if threads <= 1:
        for member in todo:
            ledger.add(stage, member, work(member))
            finished += 1
            tell()
    elif todo:
        ledger.add(stage, todo[0], work(todo[0]))  # compiles the kernels, or loads them, before threads ask for them together
        finished = 1
        with ThreadPoolExecutor(threads) as pool:
            pending: dict[Future[Evaluation], int] = {pool.submit(work, member): member for member in todo[1:]}
            try:
                for future in as_completed(pending):
                    ledger.add(stage, pending[future], future.result())
                    finished += 1
                    tell()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return [found for k in wanted if (found := ledger.get(stage, k)) is not None]
