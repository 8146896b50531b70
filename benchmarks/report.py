"""Measuring CPU time and printing lines with bars."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
missed: list[str] = []


def cpu_seconds(work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds of this process (all its threads) for one call, and what it returned."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def title(text: str) -> None:
    """A heading."""
    print(f"\n{text}\n{'-' * len(text)}")


def bar(what: str, value: float, limit: float, *, unit: str = "", at_least: bool = False) -> None:
    """Print a measured value against its bar; remembers what was missed."""
    met = value >= limit if at_least else value <= limit
    sign = ">=" if at_least else "<="
    print(f"{'met   ' if met else 'MISSED'}  {what}: {value:.3g}{unit}  (bar {sign} {limit:g}{unit})")
    if not met:
        missed.append(what)
