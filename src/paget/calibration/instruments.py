"""Published figures of markers and of circulating tumour cells beside what the instruments give on simulated patients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.clinic.circulating import chance_of_clusters, chance_positive
from paget.clinic.imaging import limits
from paget.clinic.instruments import Blood, CellAssay, Check, Imaging, Marker, Panel, Schedule, instrument, instruments
from paget.clinic.markers import chance_raised, panel_chance
from paget.evidence import Study, load
from paget.evidence.models import Result
from paget.life.simulate import LifePlan, Surveillance, replay
from paget.parameters import ParameterSet
from paget.population import Population

PATIENTS = 1500
TWICE_A_YEAR_DAYS = 182.625
INTENSIVE = ("bone-scan", "liver-ultrasound", "chest-x-ray")
"""Imaging of intensive follow-up (`nicolini2006`); its visits are taken to go on as long as she is followed."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """One check: what was published, and what the instrument gives."""

    instrument: str
    check: Check
    published: float
    simulated: float


@dataclass(frozen=True)
class Cohort:
    """Patients in one setting: burden of tumour (cm3) and expected cells by the EpCAM assay in 7.5 ml."""

    burden_cm3: Floats
    ctc_mean: Floats


@lru_cache(maxsize=8)
def cohort(setting: str, seed: int = 1, patients: int = PATIENTS) -> Cohort:
    """Patients at diagnosis of metastatic disease, or free of disease.

    Parameters
    ----------
    setting : {"de-novo", "relapse", "relapse-under-surveillance", "free-of-disease"}
    seed, patients : int
    """
    if setting == "free-of-disease":
        return Cohort(np.zeros(1), np.zeros(1))
    parameters = ParameterSet.point()
    source = "de-novo" if setting == "de-novo" else "relapse"
    watched = None
    if setting == "relapse-under-surveillance":
        watched = Surveillance(TWICE_A_YEAR_DAYS, imaging=limits(INTENSIVE, parameters["detection_cm"]))
    ids = Population(parameters, seed, source).block(0)["patient_id"].to_numpy()[:patients]
    plan = LifePlan("2012", source=source, horizon_days=1.0, surveillance=watched)
    visits = replay(plan, ids, 0, parameters, seed=seed).assessments
    first = visits[visits["visit"] == 0]
    return Cohort(first["burden_cm3"].sum(axis=1), first["ctc_mean"].copy())


def published(check: Check) -> Result:
    """The result that a check names; exactly one."""
    study: Study = load()[check.study]
    found = [
        result
        for result in study.results
        if (result.measure, result.endpoint) == (check.measure, check.endpoint) and check.of in (None, result.of)
    ]
    if len(found) != 1 or found[0].value is None:
        raise ValueError(f"{check.study}: {len(found)} results of {check.endpoint} of {check.of}")
    return found[0]


def simulated(name: str, check: Check, *, seed: int = 1) -> float:
    """What an instrument gives where a check was read."""
    people, one = cohort(check.setting, seed), instrument(name)
    if isinstance(one, Marker):
        raised = float(chance_raised(one, people.burden_cm3).mean())
        return 1.0 - raised if check.measure == "specificity" else raised
    if isinstance(one, Panel):
        return float(panel_chance(one, people.burden_cm3, dynamic="individual" in (check.of or "")).mean())
    if isinstance(one, CellAssay):
        return float(chance_positive(one, people.ctc_mean).mean())
    reference = instrument("ctc-epcam")
    assert isinstance(one, Blood) and isinstance(reference, CellAssay)
    return float(chance_of_clusters(reference, people.ctc_mean).mean())


def checks(*, seed: int = 1) -> list[Compared]:
    """All checks of all instruments."""
    out: list[Compared] = []
    for name, one in instruments().items():
        told: Any = () if isinstance(one, Imaging | Schedule) else one.checks
        for check in told:
            value = published(check).value
            assert value is not None
            out.append(Compared(name, check, value, simulated(name, check, seed=seed)))
    return out
