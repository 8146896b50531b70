"""Complications of local treatments: named draws over what was treated.

A complication changes nobody's course (death within thirty days and the pause without drugs are the kernel's): it is written down for
tables of adverse events. Each is a draw named by patient, treatment, session and lesion, so it does not depend on who else is in the
study, nor on the order in which rows come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from paget.randomness import LOCAL, uniform
from paget.therapy.form import Therapy


@dataclass(frozen=True)
class Harm:
    """One complication that happened: to whom, on which day after diagnosis, what, how bad; of which lesion where that is counted."""

    patient_id: int
    day: float
    name: str
    grade: str
    lesion: int | None = None


def _lineage(*parts: str) -> np.uint64:
    digest = hashlib.blake2b("\x1f".join(("complication", *parts)).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def harms(therapy: Therapy, treated: np.ndarray[Any, Any], *, seed: int) -> Iterator[Harm]:
    """Draw the complications of one local treatment.

    Parameters
    ----------
    therapy : Therapy
        With a local part.
    treated : record array of `paget.life.state.TREATED_LESION`
        What it treated (other treatments' rows must not be in it): its fields patient_id, day, session and lesion are read.
    seed : int
        Seed of the run.

    Yields
    ------
    Harm
        In the order of the rows; complications counted by patient fall on the day of her first session.
    """
    assert therapy.local is not None
    names = {harm.name: _lineage(therapy.id, harm.name) for harm in therapy.local.complications}
    seen: set[tuple[str, int, int, int]] = set()
    for row in treated:
        patient, session, lesion = int(row["patient_id"]), int(row["session"]), int(row["lesion"])
        for harm in therapy.local.complications:
            what = {"patients": (0, 0), "sessions": (session + 1, 0), "lesions": (session + 1, lesion + 1)}[harm.of]
            if (harm.name, patient, *what) in seen:
                continue
            seen.add((harm.name, patient, *what))
            # sessions are few (12 at most), lesions have small labels: the two share the 24 bits of the index
            index = what[0] * 65536 + what[1]
            if uniform(np.uint64(seed), patient, names[harm.name], LOCAL, index) < harm.rate.value:
                yield Harm(patient, float(row["day"]), harm.name, harm.grade, lesion if harm.of == "lesions" else None)
