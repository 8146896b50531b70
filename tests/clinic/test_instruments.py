"""Assures that every instrument file loads and is founded, and that markers, assays and imaging read as their files say."""

import math

import numpy as np
import pytest
import yaml

from paget.clinic import circulating, imaging, markers
from paget.clinic.instruments import CellAssay, Imaging, Marker, instrument, instruments, read_instrument, validate_instrument
from paget.errors import PagetError
from paget.evidence import load
from paget.forms.quantities import numbers

ALL = instruments()
MARKERS = [one for one in ALL.values() if isinstance(one, Marker)]
ASSAYS = [one for one in ALL.values() if isinstance(one, CellAssay)]
MODALITIES = [one for one in ALL.values() if isinstance(one, Imaging)]
MANY = np.arange(40_000)


@pytest.mark.parametrize("one", ALL.values(), ids=lambda one: one.id)
def test_every_file_is_founded(one):
    """Numbers say why, sources are usable facts, checks name exactly one published value."""
    from paget.calibration.instruments import published

    found = list(numbers(one))
    assert found or one.kind == "panel"
    for path, number in found:
        assert number.reason, path
        for source in number.sources:
            load().usable(source)
    for check in getattr(one, "checks", ()):
        assert published(check).value > 0


@pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: marker.id)
def test_a_marker_keeps_its_specificity_and_rises_with_burden(marker):
    """Without disease the share below the cut-off is the published one; chances rise with burden to the share that release it."""
    drawn = markers.levels(marker, MANY, 0.0, seed=3)
    error = 4 * math.sqrt(0.25 / len(MANY))
    assert np.mean(drawn < marker.cut_off.value) == pytest.approx(marker.specificity.value, abs=error)
    assert markers.chance_raised(marker, 0.0)[0] == pytest.approx(1 - marker.specificity.value, abs=1e-5)
    burdens = np.array([0.0, 1.0, 10.0, 100.0, 1e6])
    chance = markers.chance_raised(marker, burdens)
    assert np.all(np.diff(chance) > 0)
    ceiling = marker.released_by.value + (1 - marker.released_by.value) * (1 - marker.specificity.value)
    assert chance[-1] == pytest.approx(ceiling, abs=1e-3)


@pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: marker.id)
def test_quadrature_equals_drawn_levels(marker):
    """The exact chance by burden is the share of drawn samples above the cut-off; so is the chance of a rise over her own mean."""
    for burden in (3.0, 30.0):
        drawn = markers.levels(marker, MANY, burden, 5, seed=3)
        share = np.mean(drawn > marker.cut_off.value)
        assert markers.chance_raised(marker, burden)[0] == pytest.approx(share, abs=0.01)
        earlier = np.mean([np.log(markers.levels(marker, MANY, 0.0, k, seed=3)) for k in range(3)], axis=0)
        risen = np.mean(np.log(drawn) - earlier > math.log(1.5))
        assert markers.chance_of_rise(marker, burden, 1.5, 3)[0] == pytest.approx(risen, abs=0.01)


def test_samples_of_a_woman_share_her_own_level():
    """Two samples of a woman are alike, two women are not; the same names give the same numbers, whoever else is drawn."""
    cea = instrument("cea")
    first, second = (markers.levels(cea, MANY, 0.0, k, seed=3) for k in (0, 1))
    expected = cea.between_sd_log.value**2 / (cea.between_sd_log.value**2 + cea.within_sd_log.value**2)
    assert np.corrcoef(np.log(first), np.log(second))[0, 1] == pytest.approx(expected, abs=0.01)
    assert np.array_equal(markers.levels(cea, MANY[7:9], 0.0, 1, seed=3), second[7:9])
    assert not np.array_equal(markers.levels(cea, MANY[:50], 0.0, seed=4), first[:50])


def test_a_panel_is_any_of_its_markers():
    """Its chance is one minus the chance that all are silent; half of what it adds lies at the burden that it tells."""
    panel = instrument("marker-panel")
    burden = np.array([0.0, 5.0, 50.0])
    silent = np.prod([1 - markers.chance_raised(one, burden) for one in markers.members(panel)], axis=0)
    assert markers.panel_chance(panel, burden) == pytest.approx(1 - silent)
    for dynamic in (False, True):
        half, spread = markers.half_burden(panel, dynamic=dynamic)
        low, middle, high = markers.panel_chance(panel, [0.0, half, 1e5], dynamic=dynamic)
        assert (middle - low) / (high - low) == pytest.approx(0.5, abs=0.01) and 0.3 < spread < 2.0
    assert markers.panel_chance(panel, 0.0, dynamic=True)[0] < 0.05 < markers.panel_chance(panel, 0.0)[0]


def test_the_reference_assay_shows_what_kernels_expect():
    """The EpCAM assay's mean is the kernel's, plus false cells; each assay's ratio to it is that of recovered shares."""
    blood, reference = instrument("blood"), instrument("ctc-epcam")
    assert circulating.expected_cells(reference, 10.0) == pytest.approx(10.0 + reference.false_cells.value)
    from paget.parameters import ParameterSet

    assert reference.recovery.value == ParameterSet.point()["ctc_recovery"]
    filtered = instrument("ctc-size-filtration")
    expected = 10.0 * 0.95 / (0.52 * (1 - blood.mesenchymal_share.value)) + filtered.false_cells.value
    assert circulating.expected_cells(filtered, 10.0) == pytest.approx(expected)


@pytest.mark.parametrize("assay", ASSAYS, ids=lambda assay: assay.id)
def test_drawn_tubes_follow_their_chances(assay):
    """Counts have the mean and the chance of the threshold that are told; clusters are a share of true cells; more cells, more positive."""
    mean = np.full(len(MANY), 6.0)
    tube = circulating.draw(assay, MANY, mean, seed=3)
    expected = float(circulating.expected_cells(assay, 6.0))
    assert tube.cells.mean() == pytest.approx(expected, abs=5 * math.sqrt(expected / len(MANY)))
    assert tube.positive.mean() == pytest.approx(float(circulating.chance_positive(assay, 6.0)), abs=0.01)
    assert (tube.clusters > 0).mean() == pytest.approx(float(circulating.chance_of_clusters(assay, 6.0)), abs=0.01)
    assert np.all(tube.clusters <= tube.cells)
    assert np.all(np.diff(circulating.chance_positive(assay, [0.0, 1.0, 5.0, 50.0])) > 0)
    again = circulating.draw(assay, MANY[10:20], mean[10:20], seed=3)
    assert np.array_equal(again.cells, tube.cells[10:20])


def test_false_cells_are_those_of_women_without_cancer():
    """One woman in 26 without cancer has a cell, by the threshold of early disease."""
    share = float(circulating.chance_positive(instrument("ctc-epcam"), 0.0, circulating.EARLY))
    assert share == pytest.approx(1 / 26, abs=1e-3)


@pytest.mark.parametrize("one", MODALITIES, ids=lambda one: one.id)
def test_imaging_sees_more_of_larger_lesions(one):
    """Chances never fall with diameter; half of what it shows at all is shown at the diameter that it tells."""
    sizes = np.linspace(0.0, 6.0, 200)
    for place, organ in one.places.items():
        seen = [one.detects(place, cm) for cm in sizes]
        assert np.all(np.diff(seen) >= 0) and 0 <= seen[0] and seen[-1] <= 1
        if math.isfinite(one.half_cm(place)):
            assert organ.detects.at(one.half_cm(place)) == pytest.approx(max(0.5, organ.detects.points[0][1]))
    assert one.detects("regional-nodes", 9.0) == 0.0 or "regional-nodes" in one.places


def test_several_modalities_give_limits_for_the_kernel():
    """The finest modality counts in each place, as a multiple of a lesion's own limit; places without one are left out."""
    own = (1.0, 1.0, 0.7, 1.2, 0.5, 1.0)
    assert imaging.limits(["ct"], own)["liver"] == pytest.approx(1.0)
    both = imaging.limits(["ct", "mri"], own)
    assert both["liver"] == min(imaging.limits([name], own)["liver"] for name in ("ct", "mri"))
    assert set(imaging.limits(["chest-x-ray"], own)) == {"lung"}
    assert imaging.false_positive(["bone-scan", "liver-ultrasound"]) == pytest.approx(1 - 0.814 * 0.976)
    with pytest.raises(PagetError, match="not an imaging modality"):
        imaging.limits(["cea"], own)


def test_mistakes_of_an_instrument_file_are_told(tmp_path):
    """Kind, keys, curves and places that are wrong are told with key and what is right; unknown names with the nearest."""
    good = ALL["ct"].model_dump(mode="json")
    assert validate_instrument(good) == ALL["ct"]
    curve = {"points": [[1.0, 0.5], [0.5, 0.9]], "basis": "assumed", "reason": "x"}
    for change, told in (
        ({"kind": "imagin"}, "imaging"),
        ({"titel": "x"}, "did you mean 'title'"),
        ({"places": {"liver": {"detects": curve}}}, "are not a curve"),
        ({"places": {"livr": good["places"]["liver"]}}, "is no place"),
    ):
        with pytest.raises(PagetError, match=told):
            validate_instrument(good | change, where="mine.yaml")
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(good))
    assert read_instrument(path) == ALL["ct"]
    with pytest.raises(PagetError, match="no such file"):
        read_instrument(tmp_path / "nowhere.yaml")
    with pytest.raises(PagetError, match="pet-ct"):
        instrument("petct")
