"""A quick look whether a natural history could be metastatic at diagnosis, so that the other 94 % are not grown in full.

A colony can be seen at diagnosis only if it was founded early enough to grow to its detection limit. Founding runs ever faster, so the
few founding events that are early enough are a small part of all; only these are carried out here, exactly as in the full history (the
same draws). What this look lets pass is then grown in full and judged by `grow_to_diagnosis`. It would miss a colony that grows more
than four standard deviations faster than its patient's others (three in 100,000 colonies) and nothing else.
"""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.founding import age_colony, found
from paget.biology.growth import grow
from paget.biology.integrals import gompertz_arrival, gompertz_intensity
from paget.biology.layout import N_ORGANS, VASCULAR, diameter_cm, log_cells
from paget.biology.natural_history import (
    EXACT_ROWS,
    FIRST_COLONY,
    PRIMARY_ROW,
    count_nodes,
    first_symptom,
    is_imaged,
    primary_found_day,
    reset_store,
)
from paget.biology.patient import draw_patient, draw_tropism

FASTEST_SD = 4.0
SMALLEST_SD = 3.5  # of the detection limit below its median


@jit
def _growth_needed_days(p, who, log_capacity):
    """Days that the fastest colony needs from one cell to the smallest size that imaging may show."""
    smallest = math.inf
    for organ in range(N_ORGANS):
        smallest = min(smallest, p.detection_cm[organ])
    target = log_cells(smallest * math.exp(-SMALLEST_SD * p.sd_log_detection), p.cells_per_cm3)
    ceiling = math.log(p.avascular_cells)
    b = who.rate_metastasis * math.exp(FASTEST_SD * p.sd_log_growth_lesion)
    days = math.log(log_capacity / (log_capacity - min(ceiling, target))) * p.avascular_slowdown / b
    if target > ceiling:
        days += math.log((log_capacity - ceiling) / (log_capacity - target)) / b
    return days


@jit
def may_be_metastatic(seed, patient, p, who, store):
    """Whether natural history number ``patient`` could be metastatic at its diagnosis (almost never wrongly no)."""
    log_capacity = math.log(p.carrying_capacity_cells)
    draw_patient(seed, patient, p, who)
    rate = who.founding * (p.carrying_capacity_cells / 1e9) ** p.founding_exponent
    if rate <= 0.0:
        return False
    reset_store(seed, patient, who, store, log_capacity)
    day, _ = primary_found_day(seed, patient, p, who, log_capacity)
    early = day - _growth_needed_days(p, who, log_capacity)
    if early <= 0.0:
        return False
    u = log_capacity * math.exp(-who.rate_primary * early)
    intensity = gompertz_intensity(u, log_capacity, p.founding_exponent, rate, who.rate_primary)
    primary = store[PRIMARY_ROW]
    if primary.next > intensity:
        return False
    draw_tropism(seed, patient, p, who)
    while primary.next <= intensity:
        if who.n >= EXACT_ROWS:
            return True  # founds so much that only the full history can tell
        when = gompertz_arrival(primary.next, log_capacity, p.founding_exponent, rate, who.rate_primary)
        found(seed, patient, p, who, store, PRIMARY_ROW, min(when, early), False, False, 1.0)
    sleep_factor = 1.0 - p.switch_suppression * p.dormancy_suppression
    wait_factor = 1.0 - p.switch_suppression * p.angiogenesis_suppression
    if first_symptom(p, who, store, log_capacity, sleep_factor, wait_factor) < day:
        return True
    for i in range(FIRST_COLONY, who.n):
        lesion = store[i]
        age_colony(lesion, day - lesion.founded, p, log_capacity, sleep_factor, wait_factor)
        if lesion.place < N_ORGANS and lesion.state == VASCULAR and diameter_cm(lesion.x, p.cells_per_cm3) > lesion.limit:
            size = diameter_cm(grow(0.0, who.rate_primary, log_capacity, day), p.cells_per_cm3)
            nodes, _ = count_nodes(seed, patient, p, who, day, log_capacity)
            return is_imaged(seed, patient, p, size, nodes)
    return False
