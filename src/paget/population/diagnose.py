"""Growing natural histories to diagnosis: cheap, because most of them never become metastatic."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget._jit import jit
from paget.biology.layout import CAPACITY, LESION
from paget.biology.markers import N_MARKERS
from paget.biology.natural_history import grow_to_diagnosis
from paget.biology.patient import PATIENT, draw_ki67, draw_markers
from paget.biology.prescreen import may_be_metastatic
from paget.parameters import ParameterSet

CHUNK = 4096


@jit
def _grow_many(seed, first, count, parameters, whos, store):
    for k in range(count):
        grow_to_diagnosis(seed, first + k, parameters[0], whos[k], store)


@jit
def _screen_many(seed, first, count, parameters, who, store, passed):
    n = 0
    for k in range(count):
        if may_be_metastatic(seed, first + k, parameters[0], who[0], store):
            passed[n] = first + k
            n += 1
    return n


@jit
def _mark_many(seed, ids, classes, parameters, marker, ki67):
    for k in range(ids.shape[0]):
        draw_markers(seed, ids[k], classes[k], parameters[0], marker[k])
        ki67[k] = draw_ki67(seed, ids[k], classes[k], parameters[0])


def markers_of(people: NDArray[Any], parameters: ParameterSet, *, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Markers of patients whose records are given, and their Ki-67 in per cent.

    A row each, with 1 where she has a marker, in the order of `paget.biology.markers.MARKERS`.
    """
    marker, ki67 = np.zeros((len(people), N_MARKERS), np.int64), np.zeros(len(people))
    _mark_many(
        np.uint64(seed), np.ascontiguousarray(people["id"]), np.ascontiguousarray(people["class_"]), parameters.record, marker, ki67
    )
    return marker, ki67


def perhaps_metastatic(
    first: int,
    count: int,
    parameters: ParameterSet,
    *,
    seed: int,
    threads: int = 1,
) -> NDArray[np.int64]:
    """Numbers of the natural histories among ``first`` to ``first + count - 1`` that may be metastatic at diagnosis, in order.

    A quick look (`paget.biology.prescreen`); the life itself says whether they are.
    """
    record = parameters.record

    def work(start: int) -> NDArray[np.int64]:
        stop = min(start + CHUNK, count)
        passed = np.zeros(stop - start, np.int64)
        n = _screen_many(
            np.uint64(seed), first + start, stop - start, record, np.zeros(1, PATIENT), np.zeros(CAPACITY, LESION), passed
        )
        return passed[:n]

    starts = range(0, count, CHUNK)
    if threads <= 1:
        return np.concatenate([work(start) for start in starts])
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(work, starts)))


def diagnose(
    first: int,
    count: int,
    parameters: ParameterSet,
    *,
    seed: int,
    threads: int = 1,
    on_chunk: Callable[[int], None] | None = None,
) -> NDArray[Any]:
    """Grow natural histories ``first`` to ``first + count - 1`` to diagnosis; the patient records, in order.

    Whether staging sees metastases is in ``metastatic``.
    """
    out = np.zeros(count, PATIENT)
    record = parameters.record

    def work(start: int) -> int:
        stop = min(start + CHUNK, count)
        _grow_many(np.uint64(seed), first + start, stop - start, record, out[start:stop], np.zeros(CAPACITY, LESION))
        return stop - start

    if threads <= 1:
        for start in range(0, count, CHUNK):
            done = work(start)
            if on_chunk:
                on_chunk(done)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for done in pool.map(work, range(0, count, CHUNK)):
                if on_chunk:
                    on_chunk(done)
    return out
