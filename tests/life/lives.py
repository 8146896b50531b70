"""What tests of lives share: plans, and kernels that look into a body at the end of a life."""

import math

import numpy as np

from paget._jit import jit
from paget.biology.founding import event_key
from paget.biology.layout import CAPACITY, LESION, LIVER
from paget.life.kernel import live
from paget.life.simulate import LifePlan, _no_log, _scratch, _shared
from paget.life.state import OUTCOME
from paget.randomness import PRIMARY_LINEAGE, child
from paget.therapy.layout import CURVE_POINTS, LOCAL

SURGERY = {
    "procedure": 1, "delay_median": 60, "delay_sd_log": 0.4, "conserving": 0.3, "radiotherapy_conserving": 0.9,
    "radiotherapy_mastectomy": 0.3, "margin_involved": 0.1, "pause_days": 28,
}  # fmt: skip
NONE: dict[str, float] = {}
SHAM = {**SURGERY, "procedure": 2}


def a_plan(*arms, **more):
    """A plan of lives under the standard of 2012, with visits every twelve weeks."""
    return LifePlan("2012", arms=arms or (NONE,), **more)


def os_days(out, horizon=math.inf):
    """Days to death, cut at a horizon."""
    return np.minimum(np.nan_to_num(out["death_day"], nan=math.inf), horizon)


@jit
def _bodies(seed, patients, which, parameters, agents, regimens, therapies, standard, plan, arms, scratch, out, log, stores, rows):
    who, store, body, drugs, clinic = scratch
    for k in range(patients.shape[0]):
        live(
            seed, patients[k], parameters[0], (agents, regimens, therapies), standard[0], plan[0], arms, which, 0, who[0], store, body[0],
            drugs[0], clinic[0], out[k], log,
        )  # fmt: skip
        rows[k] = who[0].n
        for i in range(who[0].n):
            stores[k, i] = store[i]


def bodies(plan, patients, arm, parameters, seed):
    """Outcomes, and the lesion store of each patient at the end of what was simulated."""
    ids = np.ascontiguousarray(patients, np.int64)
    out = np.zeros(len(ids), OUTCOME)
    stores, rows = np.zeros((len(ids), CAPACITY), LESION), np.zeros(len(ids), np.int64)
    _bodies(np.uint64(seed), ids, arm, *_shared(plan, parameters, 0), _scratch(), out, _no_log(), stores, rows)
    return out, [store[:n].copy() for store, n in zip(stores, rows, strict=True)]


@jit
def children_of(parent, events, out):
    """Keys of all colonies that the first so many events of a parent can have left anywhere."""
    n = 0
    for nth in range(events):
        event = event_key(parent, nth)
        for j in range(61):
            for place in range(8):
                out[n] = child(event, j, place)
                n += 1
    return n


def seeds_of_the_primary(events):
    """Keys of all colonies that the primary's first so many events can have left."""
    out = np.zeros(events * 61 * 8, np.uint64)
    children_of(PRIMARY_LINEAGE, events, out)
    return set(out.tolist())


def every_liver_lesion(control=1.0, **more):
    """A local treatment of liver lesions with one control whatever the diameter, without any cost."""
    out = np.zeros(1, LOCAL)
    out["places"][0, LIVER] = 1
    out["max_lesions"], out["max_cm"], out["max_ecog"], out["other_sites"] = 1000, 1000, 4, 1
    out["grid_cm"] = np.arange(1, CURVE_POINTS + 1)
    out["control"] = control
    out["sessions"] = 1
    for name, value in more.items():
        out[name] = value
    return out
