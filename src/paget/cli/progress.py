"""A progress bar with the time left, one line a stage; silent where nobody sees it."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from paget.progress import Progress as Listener


class Bars:
    """Progress of a run on the terminal; use as a context manager and call with (stage, done, total)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet or not sys.stderr.isatty()
        self._tasks: dict[str, Any] = {}
        self._progress: Any = None

    def __enter__(self) -> Listener:
        if not self._quiet:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description:<24}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"),
                TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._progress.start()
        return self._update

    def _update(self, stage: str, done: int, total: int) -> None:
        if self._progress is None or total <= 0:
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()
