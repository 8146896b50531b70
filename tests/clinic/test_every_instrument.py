"""Assures for every instrument that over two thousand twins its read-out moves, and that one that sees nothing leaves every byte."""

import math

import numpy as np
import pytest

from paget.clinic import circulating, markers
from paget.clinic.imaging import distant_places, limits
from paget.clinic.instruments import CellAssay, Imaging, Marker, Panel, Schedule, instruments
from paget.engine.surveillance import follow_up
from paget.errors import PagetError
from paget.life.simulate import LifePlan, Surveillance, simulate
from paget.population import Population
from paget.units import DAYS_PER_MONTH

SEED, TWINS = 1, 2000
Z = 1.96
ALL = instruments()
BREAST_ONLY = {"mammography", "breast-ultrasound"}
MODALITIES = [name for name, one in ALL.items() if isinstance(one, Imaging) and name not in BREAST_ONLY]
SCHEDULES = [name for name, one in ALL.items() if isinstance(one, Schedule)]
MARKERS = [name for name, one in ALL.items() if isinstance(one, Marker)]
ASSAYS = [name for name, one in ALL.items() if isinstance(one, CellAssay)]
HALF_A_YEAR_DAYS = 182.625


@pytest.fixture(scope="module")
def relapsing(point):
    return Population(point, SEED, "relapse").block(0, threads=1)["patient_id"].to_numpy()[:TWINS]


@pytest.fixture(scope="module")
def by_symptoms(point, relapsing):
    return followed(point, relapsing, None)


def followed(point, ids, surveillance):
    """Untreated relapses under a follow-up."""
    plan = LifePlan("2012", source="relapse", arms=({"untreated": 1},), surveillance=surveillance, horizon_days=4000.0)
    return simulate(plan, ids, 0, point, seed=SEED)


def interval(difference):
    """Mean of paired differences and half the width of its 95 % interval."""
    return difference.mean(), Z * difference.std(ddof=1) / math.sqrt(len(difference))


def found_earlier(point, ids, plain, surveillance):
    """Lead in days with its interval, once no death has moved beyond what the steps of early disease move it."""
    watched = followed(point, ids, surveillance)
    assert (watched["eligible_disease"] == 1).all() and not plain["found_early"].any()
    dead = np.isfinite(watched["death_day"]) & np.isfinite(plain["death_day"])
    shift = (watched["death_day"] + watched["disease_free_days"] - plain["death_day"] - plain["disease_free_days"])[dead]
    assert dead.sum() > 1000 and np.quantile(np.abs(shift), 0.9) < 15.0
    assert (watched["found_early"] == 1).mean() > 0.05
    return interval(plain["disease_free_days"] - watched["disease_free_days"])


@pytest.mark.parametrize("name", MODALITIES)
def test_imaging_twice_a_year_finds_relapse_earlier_and_moves_no_death(point, relapsing, by_symptoms, name):
    """The lead lies above nothing with its interval."""
    lead, half = found_earlier(point, relapsing, by_symptoms, Surveillance(HALF_A_YEAR_DAYS, imaging=limits([name], point["detection_cm"])))
    assert lead - half > 0.0


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_finds_relapse_earlier(point, relapsing, by_symptoms, name):
    """Intensive follow-up by what it looks with; minimal follow-up by asking and examining alone."""
    lead, half = found_earlier(point, relapsing, by_symptoms, follow_up(name, point))
    assert lead - half > 0.0


@pytest.mark.parametrize("months", [6, 12, 24])
def test_a_visit_finds_nothing_that_is_smaller_than_its_part_of_the_symptomatic_diameter(point, relapsing, months):
    """The smaller the part, the more relapses visits find; at 1 none. Fewer visits find fewer."""
    shares = []
    for part in (0.6, 0.88, 1.0):
        lived = followed(point.with_values({"visit_finds_from": part}), relapsing, Surveillance(months * DAYS_PER_MONTH))
        shares.append(float((lived["found_early"] == 1).mean()))
    rarer = followed(point, relapsing, Surveillance(2 * months * DAYS_PER_MONTH))
    assert shares[0] > shares[1] > shares[2] == 0.0
    assert (rarer["found_early"] == 1).mean() < shares[1]


def test_follow_up_that_sees_nothing_leaves_every_byte(point, relapsing, by_symptoms):
    """Visits that find nothing by asking, whose imaging needs lesions a million times as large, and a marker that nobody raises."""
    point = point.with_values({"visit_finds_from": 1.0})
    for blind in (
        Surveillance(HALF_A_YEAR_DAYS),
        Surveillance(HALF_A_YEAR_DAYS, imaging={"liver": 1e6}),
        Surveillance(HALF_A_YEAR_DAYS, marker_cm3=1e12, marker_sd_log=0.1, workup={"bone": 1.0}),
    ):
        assert followed(point, relapsing, blind).tobytes() == by_symptoms.tobytes()


@pytest.mark.parametrize("name", sorted(BREAST_ONLY))
def test_what_looks_at_the_breast_alone_is_refused_in_follow_up(name):
    """It sees the breast, and a protocol that looks for relapse with it is told so, with what does."""
    from paget.engine.compile import check_known_names
    from paget.study import load_protocol, plain, validate

    assert ALL[name].detects("breast", 3.0) > 0.5 and distant_places(name) == ()
    data = plain(load_protocol("surveillance"))
    data["arms"][0]["surveillance"] = {"every_months": 6, "until_months": 60, "imaging": ["ct", name]}
    with pytest.raises(PagetError) as caught:
        check_known_names(validate(data, where="mine"))
    told = str(caught.value)
    assert "arms[0].surveillance.imaging[1]" in told and "no distant place" in told and name in told and "bone-scan" in told


@pytest.mark.parametrize("name", MARKERS)
def test_a_marker_is_raised_more_often_with_disease_than_in_the_same_women_without(name):
    """Beyond chance at 20 cm3; burden nought leaves every level as it is."""
    marker, ids = ALL[name], np.arange(TWINS)
    without = markers.levels(marker, ids, 0.0, seed=SEED)
    with_it = markers.levels(marker, ids, 20.0, seed=SEED)
    more, half = interval((with_it > marker.cut_off.value).astype(float) - (without > marker.cut_off.value))
    assert more - half > 0.0
    assert markers.levels(marker, ids, np.zeros(TWINS), seed=SEED).tobytes() == without.tobytes()


@pytest.mark.parametrize("name", [name for name, one in ALL.items() if isinstance(one, Panel)])
def test_a_panel_is_positive_more_often_than_each_of_its_markers(name):
    """At every burden, by cut-off; and by rise it warns less often where there is no disease."""
    panel, burden = ALL[name], np.array([0.0, 1.0, 20.0, 200.0])
    chance = markers.panel_chance(panel, burden)
    for one in markers.members(panel):
        assert (chance > markers.chance_raised(one, burden)).all()
    assert markers.panel_chance(panel, 0.0, dynamic=True)[0] < chance[0]


@pytest.mark.parametrize("name", ASSAYS)
def test_an_assay_finds_more_cells_in_women_who_have_them(name):
    """Beyond chance at six cells in a tube; none but false cells where there are none, and clusters only among true cells."""
    assay, ids = ALL[name], np.arange(TWINS)
    with_cells, without = (circulating.draw(assay, ids, np.full(TWINS, mean), seed=SEED) for mean in (6.0, 0.0))
    more, half = interval(with_cells.positive.astype(float) - without.positive)
    assert more - half > 0.0
    assert (without.clusters == 0).all() and (with_cells.clusters > 0).any()
    assert without.cells.mean() == pytest.approx(float(circulating.expected_cells(assay, 0.0)), abs=0.05)


def test_every_instrument_is_walked():
    """Each is of one of the kinds above; blood is read through the assays."""
    walked = {*MODALITIES, *BREAST_ONLY, *SCHEDULES, *MARKERS, *ASSAYS, "blood"}
    assert walked | {name for name, one in ALL.items() if isinstance(one, Panel)} == set(ALL)
