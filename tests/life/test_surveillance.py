"""Assures surveillance of early disease: it finds relapse earlier, and finding it earlier changes no death by itself."""

import numpy as np
import pytest

from paget.biology.layout import N_ORGANS, PLACES
from paget.errors import PagetError
from paget.life.simulate import LifePlan, Surveillance, simulate

EVERYWHERE = dict.fromkeys(PLACES[:N_ORGANS], 1.0)
UNTREATED = ({"untreated": 1},)
SEED, N = 5, 12_000


def relapses(point, surveillance):
    out = simulate(LifePlan("2012", source="relapse", arms=UNTREATED, surveillance=surveillance), np.arange(N), 0, point, seed=SEED)
    found = out[out["eligible_disease"] == 1]
    return dict(zip(found["patient_id"].tolist(), found, strict=True))


@pytest.fixture(scope="module")
def by_symptoms(point):
    """Relapses of patients who are not watched."""
    return relapses(point, None)


def test_visits_find_relapse_earlier_and_nobody_later(point, by_symptoms):
    """Every relapse that symptoms find is found no later under surveillance; some are found at a visit, smaller."""
    watched = relapses(point, Surveillance(183.0, imaging=EVERYWHERE))
    assert set(by_symptoms) <= set(watched)
    lead = np.array([by_symptoms[k]["disease_free_days"] - watched[k]["disease_free_days"] for k in by_symptoms])
    assert lead.min() > -92.0  # a step of early disease ends at another day
    assert np.median(lead) > 60.0
    early = np.array([row["found_early"] for row in watched.values()])
    assert 0.3 < early.mean() < 1.0
    assert not any(row["found_early"] for row in by_symptoms.values())


def test_finding_it_earlier_changes_no_death(point, by_symptoms):
    """Without any treatment death comes on the same day since surgery, but survival since relapse is longer: lead time."""
    watched = relapses(point, Surveillance(183.0, imaging=EVERYWHERE))
    pairs = [(by_symptoms[k], watched[k]) for k in by_symptoms]
    pairs = [(a, b) for a, b in pairs if np.isfinite(a["death_day"]) and np.isfinite(b["death_day"])]
    assert len(pairs) > 500
    shift = np.array([b["death_day"] + b["disease_free_days"] - a["death_day"] - a["disease_free_days"] for a, b in pairs])
    assert np.quantile(np.abs(shift), 0.9) < 15.0  # hazards are stepped at other days
    since_relapse = np.array([b["death_day"] - a["death_day"] for a, b in pairs])
    assert np.mean(since_relapse) > 60.0


def test_a_marker_without_workup_finds_nothing(point, by_symptoms):
    """A rising marker leads to imaging; where none follows, and visits find nothing by asking, symptoms alone find the relapse."""
    point = point.with_values({"visit_finds_from": 1.0})
    blind = relapses(point, Surveillance(365.25, marker_cm3=1.0))
    assert not any(row["found_early"] for row in blind.values())
    seen = relapses(point, Surveillance(365.25, marker_cm3=1.0, workup=EVERYWHERE))
    assert sum(row["found_early"] for row in seen.values()) > 50


def test_an_unknown_place_is_told(point):
    """A place that is no distant organ is refused with the names there are."""
    with pytest.raises(PagetError, match="distant place"):
        relapses(point, Surveillance(183.0, imaging={"livr": 1.0}))
