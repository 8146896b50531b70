"""Assays of circulating tumour cells: what a tube of blood shows of the pool that the tumour keeps up.

Kernels give the cells that the EpCAM assay would find on average in 7.5 ml (``ctc_mean``). Divided by its recovery and by the epithelial
share, that is the number of whole cells; another assay recovers its own shares of epithelial and of mesenchymal ones. Counts are Poisson;
a share of what is counted are clusters. The count is a read-out of the disease, never a cause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paget.clinic.draws import uniforms
from paget.clinic.instruments import Blood, CellAssay, instrument
from paget.randomness import ASSAY

Floats = NDArray[np.float64]
REFERENCE = "ctc-epcam"
"""The assay that ``ctc_mean`` is of."""
BLOOD = "blood"
METASTATIC, EARLY = 5, 1
"""Cells in 7.5 ml from which a count is called high: in metastatic and in early disease."""
COUNT, CLUSTERS = 0, 1 << 22  # draw indices: the sample's number is added


@dataclass(frozen=True)
class Tube:
    """What samples showed.

    Attributes
    ----------
    cells : int array
        Events counted: single cells and clusters.
    clusters : int array
        Of them, clusters.
    positive : bool array
        Whether the count reaches the assay's own threshold.
    """

    cells: NDArray[np.int64]
    clusters: NDArray[np.int64]
    positive: NDArray[np.bool_]


def _blood() -> Blood:
    found = instrument(BLOOD)
    assert isinstance(found, Blood)
    return found


def _reference() -> CellAssay:
    found = instrument(REFERENCE)
    assert isinstance(found, CellAssay)
    return found


def recovered_share(assay: CellAssay, blood: Blood) -> float:
    """Share of whole tumour cells that an assay recovers, epithelial and mesenchymal ones in their shares."""
    mesenchymal = blood.mesenchymal_share.value
    return (1.0 - mesenchymal) * assay.recovery.value + mesenchymal * assay.mesenchymal_recovery.value


def expected_cells(assay: CellAssay, ctc_mean: ArrayLike) -> Floats:
    """Cells that an assay shows on average, false ones among them.

    Parameters
    ----------
    assay : CellAssay
    ctc_mean : array
        As kernels give it: of the EpCAM assay in 7.5 ml.
    """
    blood, reference = _blood(), _reference()
    ratio = recovered_share(assay, blood) / recovered_share(reference, blood) * assay.volume_ml.value / reference.volume_ml.value
    made: Floats = np.asarray(ctc_mean, np.float64) * ratio + assay.false_cells.value
    return made


def chance_positive(assay: CellAssay, ctc_mean: ArrayLike, threshold: float | None = None) -> Floats:
    """Probability of a count at or above a threshold (the assay's own by default)."""
    from scipy.stats import poisson

    least = assay.positive_from.value if threshold is None else threshold
    made: Floats = poisson.sf(np.ceil(least) - 1.0, expected_cells(assay, ctc_mean))
    return made


def chance_of_clusters(assay: CellAssay, ctc_mean: ArrayLike) -> Floats:
    """Probability of at least one cluster in a sample."""
    made: Floats = -np.expm1(-_blood().cluster_share.value * (expected_cells(assay, ctc_mean) - assay.false_cells.value))
    return made


def draw(assay: CellAssay, patients: ArrayLike, ctc_mean: ArrayLike, sample: ArrayLike = 0, *, seed: int) -> Tube:
    """Samples of blood by an assay: named draws, the same whoever else is drawn.

    Parameters
    ----------
    assay : CellAssay
    patients, ctc_mean, sample : arrays of the same shape
        Patient number, expected cells by the EpCAM assay in 7.5 ml, and which of her samples it is.
    seed : int
    """
    from scipy.stats import binom, poisson

    who, mean, which = np.broadcast_arrays(np.asarray(patients), np.asarray(ctc_mean, np.float64), np.asarray(sample))
    name = ("cells", assay.id)
    expected = expected_cells(assay, mean)
    cells = poisson.ppf(uniforms(seed, who, name, ASSAY, COUNT + which)[0], expected).astype(np.int64)
    true = np.where(expected > 0, 1.0 - assay.false_cells.value / np.maximum(expected, 1e-300), 0.0)
    clusters = binom.ppf(uniforms(seed, who, name, ASSAY, CLUSTERS + which)[0], cells, _blood().cluster_share.value * true)
    return Tube(cells, np.maximum(clusters, 0).astype(np.int64), cells >= assay.positive_from.value)
