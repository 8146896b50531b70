"""Serum markers: their level in a woman with a burden of tumour, and the chance that it is called raised.

Level of a sample, in the marker's unit:

```text
(baseline + release x burden) x noise        baseline = median x exp(between z), release = release_per_cm3 x exp(release_sd z) or 0
```

The median of women without disease follows from the specificity and the cut-off. A share of tumours releases none. Chances by burden are
exact but for Gauss-Hermite quadrature over baseline and release.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paget.clinic.draws import normals, uniforms
from paget.clinic.instruments import Marker, Panel, instrument
from paget.randomness import ASSAY

Floats = NDArray[np.float64]
OWN, RELEASE, RELEASES, NOISE = 0, 1, 2, 16
"""Indices of a woman's own level, her tumour's release, whether it releases; and of the noise of her first sample."""


@lru_cache(maxsize=1)
def _nodes() -> tuple[Floats, Floats]:
    z, w = np.polynomial.hermite_e.hermegauss(32)
    return z, w / w.sum()


def median_baseline(marker: Marker) -> float:
    """Median level of women without disease: the one that leaves the published share of them below the cut-off."""
    spread = math.hypot(marker.between_sd_log.value, marker.within_sd_log.value)
    return marker.cut_off.value * math.exp(-NormalDist().inv_cdf(marker.specificity.value) * spread)


def levels(marker: Marker, patients: ArrayLike, burden_cm3: ArrayLike, sample: ArrayLike = 0, *, seed: int) -> Floats:
    """Measured level of samples.

    Parameters
    ----------
    marker : Marker
    patients, burden_cm3, sample : arrays of the same shape
        Patient number, burden of tumour in cm3 (all places), and which of her samples it is.
    seed : int

    Returns
    -------
    array
        In the marker's unit; the same patient has the same baseline and release in all her samples.
    """
    who, burden, which = np.broadcast_arrays(np.asarray(patients), np.asarray(burden_cm3, np.float64), np.asarray(sample))
    name = ("marker", marker.id)
    own = median_baseline(marker) * np.exp(marker.between_sd_log.value * normals(seed, who, name, ASSAY, OWN))
    release = marker.release_per_cm3.value * np.exp(marker.release_sd_log.value * normals(seed, who, name, ASSAY, RELEASE))
    releases = uniforms(seed, who, name, ASSAY, RELEASES)[0] < marker.released_by.value
    noise = np.exp(marker.within_sd_log.value * normals(seed, who, name, ASSAY, NOISE + which))
    made: Floats = (own + np.where(releases, release, 0.0) * burden) * noise
    return made


def _upper(x: Floats) -> Floats:
    from scipy.special import ndtr

    made: Floats = ndtr(x)
    return made


def chance_raised(marker: Marker, burden_cm3: ArrayLike) -> Floats:
    """Probability that a sample lies above the cut-off, by burden."""
    z, w = _nodes()
    burden = np.atleast_1d(np.asarray(burden_cm3, np.float64))
    own = median_baseline(marker) / marker.cut_off.value * np.exp(marker.between_sd_log.value * z)
    release = marker.release_per_cm3.value / marker.cut_off.value * np.exp(marker.release_sd_log.value * z)
    silent = float(_upper(np.log(own) / marker.within_sd_log.value) @ w)
    level = np.log(own[None, :, None] + release[None, None, :] * burden[:, None, None]) / marker.within_sd_log.value
    loud = np.einsum("nij,i,j->n", _upper(level), w, w)
    made: Floats = marker.released_by.value * loud + (1.0 - marker.released_by.value) * silent
    return made


def chance_of_rise(marker: Marker, burden_cm3: ArrayLike, rise: float, earlier_samples: int) -> Floats:
    """Probability that a sample exceeds the woman's own earlier mean (of log levels, free of disease) by this factor, by burden."""
    z, w = _nodes()
    burden = np.atleast_1d(np.asarray(burden_cm3, np.float64))
    own = median_baseline(marker) * np.exp(marker.between_sd_log.value * z)
    release = marker.release_per_cm3.value * np.exp(marker.release_sd_log.value * z)
    noise = marker.within_sd_log.value * math.sqrt(1.0 + 1.0 / earlier_samples)
    grown = np.log1p(release[None, None, :] * burden[:, None, None] / own[None, :, None])
    loud = np.einsum("nij,i,j->n", _upper((grown - math.log(rise)) / noise), w, w)
    silent = NormalDist().cdf(-math.log(rise) / noise)
    made: Floats = marker.released_by.value * loud + (1.0 - marker.released_by.value) * silent
    return made


def members(panel: Panel) -> list[Marker]:
    """Markers of a panel."""
    found = [instrument(name) for name in panel.markers]
    return [one for one in found if isinstance(one, Marker)]


def _any(chances: Sequence[Floats]) -> Floats:
    """Chance that one of several is positive; markers are independent given the burden (assumed)."""
    missed = np.ones_like(chances[0])
    for chance in chances:
        missed = missed * (1.0 - chance)
    made: Floats = 1.0 - missed
    return made


def panel_chance(panel: Panel, burden_cm3: ArrayLike, *, dynamic: bool = False) -> Floats:
    """Probability that a panel is positive, by burden: a marker is above its cut-off, or (``dynamic``) over the woman's own level."""
    if dynamic and panel.rise is not None:
        return _any([chance_of_rise(one, burden_cm3, panel.rise.value, panel.earlier_samples) for one in members(panel)])
    return _any([chance_raised(one, burden_cm3) for one in members(panel)])


def half_burden(panel: Panel, *, dynamic: bool = False) -> tuple[float, float]:
    """Burden (cm3) at which the panel is positive in half of those it adds to its false positives, and the spread of its logarithm.

    What follow-up of early disease asks for (`paget.life.simulate.Surveillance`: ``marker_cm3``, ``marker_sd_log``): the lognormal with the
    same quartiles as the panel's chance by burden, rescaled between its floor without disease and its ceiling.
    """
    grid = np.exp(np.linspace(math.log(1e-3), math.log(1e5), 400))
    chance = panel_chance(panel, grid, dynamic=dynamic)
    floor = float(panel_chance(panel, 0.0, dynamic=dynamic)[0])
    scaled = (chance - floor) / (chance[-1] - floor)
    quarter, half, three = (float(np.interp(share, scaled, np.log(grid))) for share in (0.25, 0.5, 0.75))
    return math.exp(half), (three - quarter) / (2.0 * NormalDist().inv_cdf(0.75))
