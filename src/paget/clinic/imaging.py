"""Imaging modalities for the kernel: what several of them together show in each place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from paget.biology.layout import N_ORGANS, PLACES
from paget.clinic.instruments import Imaging, instrument
from paget.errors import PagetError


def modality(name: str) -> Imaging:
    """A shipped imaging modality.

    Raises
    ------
    PagetError
        There is none of this name, or it is another kind of instrument.
    """
    found = instrument(name)
    if not isinstance(found, Imaging):
        raise PagetError(f"{name} is not an imaging modality", got=found.kind, expected="such as ct, mri, bone-scan")
    return found


def limits(names: Sequence[str], detection_cm: Sequence[float]) -> Mapping[str, float]:
    """Detection limit of several modalities together as a multiple of a lesion's own limit, for each place that one of them looks at.

    Parameters
    ----------
    names : sequence of str
        Modalities; in each place the finest counts.
    detection_cm : sequence of float
        Diameter at which staging shows half of the lesions of each distant place, cm (the parameter ``detection_cm``).

    Returns
    -------
    dict
        Distant place to multiple; for `paget.life.simulate.Surveillance` (``imaging``, ``workup``) and `LifePlan.imaging`. A modality that
        never shows half of the lesions of a place is taken not to look there.
    """
    found = {}
    for place, own in zip(PLACES[:N_ORGANS], detection_cm, strict=True):
        finest = min((modality(name).half_cm(place) for name in names), default=math.inf)
        if math.isfinite(finest):
            found[place] = finest / own
    return found


def distant_places(name: str) -> tuple[str, ...]:
    """Distant places where a modality shows half of some lesions: what it can find in follow-up."""
    one = modality(name)
    return tuple(place for place in PLACES[:N_ORGANS] if math.isfinite(one.half_cm(place)))


def false_positive(names: Sequence[str]) -> float:
    """Probability that one of several modalities shows, in one round, what is not there (independent places and modalities)."""
    right = 1.0
    for name in names:
        for organ in modality(name).places.values():
            if organ.false_positive is not None:
                right *= 1.0 - organ.false_positive.value
    return 1.0 - right
