"""From the first cell to the diagnosis: event-driven, in closed form, without time steps.

The primary grows by Gompertz's law and founds colonies; each colony sleeps, wakes, waits for vessels and grows; nodes are seeded on
the side. The disease is diagnosed by whatever comes first: a symptom of the primary, a screen, or a symptom of a metastasis.
Staging then decides whether the patient is *de novo* stage IV. About 10 microseconds a patient.
"""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.founding import add_colony, age_colony, event_threshold, found, pool_waiting, seeding_ratio, vascular_day
from paget.biology.growth import grow, time_to_reach
from paget.biology.integrals import gompertz_arrival, gompertz_intensity
from paget.biology.layout import (
    BREAST,
    N_ORGANS,
    N_PHENOTYPES,
    REGIONAL_NODES,
    UNSEEN,
    VASCULAR,
    diameter_cm,
    log_cells,
)
from paget.biology.patient import NOBODY, draw_patient, draw_tropism
from paget.randomness import DIAGNOSIS, NODES, PRIMARY_LINEAGE, STAGING, child, exponential, uniform

PRIMARY_ROW, NODES_ROW, FIRST_COLONY = 0, 1, 2  # the first two rows are always there; `mult` is 0 where there is none
EXACT_ROWS = 40  # founding events are carried out one by one until so many rows are in use
MAX_GROUPS = 12  # and then in so many groups
MAX_EVENTS = 200  # of one metastasis before diagnosis
MAX_NODES = 40


@jit
def primary_found_day(seed, patient, p, who, log_capacity):
    """Day (since the first cell) on which the primary itself is found, and by what (0 symptom, 1 screening)."""
    capacity = p.carrying_capacity_cells / 1e9
    by_symptom = gompertz_arrival(
        exponential(seed, patient, NOBODY, DIAGNOSIS, 0),
        log_capacity,
        p.symptom_exponent,
        p.symptom_rate_per_day * capacity**p.symptom_exponent,
        who.rate_primary,
    )
    if uniform(seed, patient, NOBODY, DIAGNOSIS, 1) >= p.screening_attendance:
        return by_symptom, 0
    phase = uniform(seed, patient, NOBODY, DIAGNOSIS, 2)
    smallest = log_cells(0.15, p.cells_per_cm3)  # no screen sees less
    visible_from = time_to_reach(0.0, smallest, who.rate_primary, log_capacity)
    visit = (math.ceil(visible_from / p.screening_interval_days - phase) + phase) * p.screening_interval_days
    for k in range(100):
        if visit >= by_symptom:
            break
        size = diameter_cm(grow(0.0, who.rate_primary, log_capacity, visit), p.cells_per_cm3)
        sensitivity = p.screening_sensitivity / (1.0 + (p.screening_half_cm / size) ** 4)
        if uniform(seed, patient, NOBODY, DIAGNOSIS, 10 + k) < sensitivity:
            return visit, 1
        visit += p.screening_interval_days
    return by_symptom, 0


@jit
def reset_store(seed, patient, who, store, log_capacity):
    """Begin a history anew: a single cell of the primary, nothing founded."""
    primary = store[PRIMARY_ROW]
    primary.key = PRIMARY_LINEAGE
    primary.place = BREAST
    primary.nth = 0
    primary.seeds = 0.0
    primary.next = event_threshold(seed, patient, PRIMARY_LINEAGE, 0)
    who.n = FIRST_COLONY
    who.labels = FIRST_COLONY
    who.merged = 0


@jit
def _found_until(seed, patient, p, who, store, day, log_capacity):
    """Founding by the primary from the first cell to a day, in order of time.

    Returns the integrated intensity, and how many events were carried out one by one, from which intensity on the others were grouped
    (inf if none were), and in how many groups.
    """
    capacity = p.carrying_capacity_cells / 1e9
    rate = who.founding * capacity**p.founding_exponent
    u = log_capacity * math.exp(-who.rate_primary * day)
    primary = store[PRIMARY_ROW]
    if rate <= 0.0:
        return 0.0, 0, math.inf, 0
    intensity = gompertz_intensity(u, log_capacity, p.founding_exponent, rate, who.rate_primary)
    while primary.next <= intensity and who.n < EXACT_ROWS:
        when = gompertz_arrival(primary.next, log_capacity, p.founding_exponent, rate, who.rate_primary)
        found(seed, patient, p, who, store, PRIMARY_ROW, min(when, day), False, False, 1.0)
    exact, start, groups = primary.nth, math.inf, 0
    if primary.next <= intensity:
        # Many more to come, each younger than all before: one event for each of some equal stretches of log-intensity (for a growing
        # tumour, of time) stands for all of its stretch.
        remaining = intensity - primary.next
        groups = min(MAX_GROUPS, int(remaining) + 1)
        start = primary.next
        for g in range(groups):
            low = start * (intensity / start) ** (g / groups)
            high = start * (intensity / start) ** ((g + 1) / groups)
            middle = 0.5 * (low + high)
            when = gompertz_arrival(middle, log_capacity, p.founding_exponent, rate, who.rate_primary)
            weight = max(high - low, 1.0)
            found(seed, patient, p, who, store, PRIMARY_ROW, min(when, day), False, False, weight)
            if weight > 1.0:
                who.merged += int(weight * (1.0 + p.burst_extra_mean)) - 1
        primary.next = intensity + event_threshold(seed, patient, primary.key, primary.nth)
    return intensity, exact, start, groups


@jit
def _cut_back(seed, patient, p, who, store, day, whole, exact, start, groups, log_capacity):
    """Take back what was founded after a day that turns out to be that of the diagnosis; returns the intensity on that day."""
    rate = who.founding * (p.carrying_capacity_cells / 1e9) ** p.founding_exponent
    u = log_capacity * math.exp(-who.rate_primary * day)
    intensity = gompertz_intensity(u, log_capacity, p.founding_exponent, rate, who.rate_primary)
    while who.n > FIRST_COLONY and store[who.n - 1].founded > day:
        who.n -= 1
    primary = store[PRIMARY_ROW]
    if intensity < start:
        nth, reached = 0, event_threshold(seed, patient, primary.key, 0)
        while reached <= intensity and nth < exact:
            nth += 1
            reached += event_threshold(seed, patient, primary.key, nth)
        primary.nth = nth
        primary.next = reached
    else:
        kept = 0
        for g in range(groups):
            middle = 0.5 * start * ((whole / start) ** (g / groups) + (whole / start) ** ((g + 1) / groups))
            kept += middle <= intensity
        primary.nth = exact + kept
        primary.next = intensity + event_threshold(seed, patient, primary.key, primary.nth)
    return intensity


@jit
def count_nodes(seed, patient, p, who, day, log_capacity):
    """Number of regional node deposits on a day, and the integrated intensity at which the first was founded."""
    capacity = p.carrying_capacity_cells / 1e9
    rate = who.nodes_founding * capacity**p.founding_exponent
    if rate <= 0.0:
        return 0, 0.0
    u = log_capacity * math.exp(-who.rate_primary * day)
    intensity = gompertz_intensity(u, log_capacity, p.founding_exponent, rate, who.rate_primary)
    first = exponential(seed, patient, NOBODY, NODES, 0)
    reached, count = first, 0
    while reached <= intensity and count < MAX_NODES:
        count += 1
        reached += exponential(seed, patient, NOBODY, NODES, count)
    return count, first


@jit
def _nodes(seed, patient, p, who, store, day, log_capacity):
    """Regional nodes: the first deposit grows in the nodes row, the others are counted."""
    nodes = store[NODES_ROW]
    nodes.mult = 0.0
    count, reached = count_nodes(seed, patient, p, who, day, log_capacity)
    who.node_count = count
    if count == 0:
        return
    rate = who.nodes_founding * (p.carrying_capacity_cells / 1e9) ** p.founding_exponent
    first = gompertz_arrival(reached, log_capacity, p.founding_exponent, rate, who.rate_primary)
    # a node colony neither sleeps nor waits: it is written as a colony, then woken
    n = who.n
    key = child(PRIMARY_LINEAGE, 0, REGIONAL_NODES)
    who.n = NODES_ROW
    add_colony(
        seed, patient, p, who, store, key, REGIONAL_NODES, first, (False, 0.0, 0.0), store[PRIMARY_ROW].fraction, False, 1.0
    )
    who.n = n
    nodes.mult = 1.0  # the others are younger, hence much smaller: they count for the stage, not for the burden
    nodes.label = NODES_ROW
    nodes.state = 1
    nodes.clock = 0.0
    nodes.switch = 0.0
    age_colony(nodes, day - first, p, log_capacity, 1.0, 1.0)
    nodes.founded = first - day


@jit
def _daughters(seed, patient, p, who, store, day, log_capacity, sleep_factor, wait_factor):
    """Age the colonies to the diagnosis and let those with vessels found daughters on the way."""
    capacity = p.carrying_capacity_cells / 1e9
    ceiling = log_capacity - math.log(p.avascular_cells)
    i = FIRST_COLONY
    while i < who.n:  # daughters are appended and take their turn
        lesion = store[i]
        born = lesion.founded
        vessels = born + vascular_day(lesion, p, log_capacity, sleep_factor, wait_factor)
        age_colony(lesion, day - born, p, log_capacity, sleep_factor, wait_factor)
        lesion.founded = born - day
        rate = who.founding * seeding_ratio(lesion.place, False, p) * lesion.mult * capacity**p.founding_exponent
        if lesion.state == VASCULAR and rate > 0.0:
            u = log_capacity - lesion.x
            lesion.seeds = gompertz_intensity(u, ceiling, p.founding_exponent, rate, lesion.rate)
            events = 0
            while store[i].next <= store[i].seeds and events < MAX_EVENTS:
                when = vessels + gompertz_arrival(store[i].next, ceiling, p.founding_exponent, rate, lesion.rate)
                found(seed, patient, p, who, store, i, min(when, day), False, False, 1.0)
                events += 1
            if store[i].next <= store[i].seeds:
                store[i].next = store[i].seeds + event_threshold(seed, patient, store[i].key, store[i].nth)
        i += 1


@jit
def first_symptom(p, who, store, log_capacity, sleep_factor, wait_factor):
    """Day on which the first metastasis announces itself."""
    earliest = math.inf
    ceiling = math.log(p.avascular_cells)
    for i in range(FIRST_COLONY, who.n):
        target = log_cells(store[i].symptom, p.cells_per_cm3)
        growth = time_to_reach(ceiling, min(target, log_capacity - 0.1), store[i].rate, log_capacity)
        when = store[i].founded + vascular_day(store[i], p, log_capacity, sleep_factor, wait_factor) + growth
        earliest = min(earliest, when)
    return earliest


@jit
def stage_group(primary_cm, node_count):
    """Apparent anatomic stage 1, 2 or 3 from size and nodes (a coarse TNM)."""
    if node_count >= 4 or (primary_cm > 5.0 and node_count > 0):
        return 3
    if primary_cm <= 2.0 and node_count == 0:
        return 1
    return 2


@jit
def is_imaged(seed, patient, p, primary_cm, node_count):
    """Whether distant organs are imaged at the diagnosis of a primary."""
    stage = stage_group(primary_cm, node_count)
    return uniform(seed, patient, NOBODY, STAGING, 0) < p.staging_imaging[stage - 1]


@jit
def grow_to_diagnosis(seed, patient, p, who, store):
    """Live patient number ``patient`` from the first cell of her cancer to its diagnosis.

    Fills the patient record and the lesion store: row 0 the primary, row 1 the regional nodes (``mult`` 0 if there are none), then the
    colonies, all as they are on the day of diagnosis, with ``founded`` counted from that day (negative: before).
    """
    log_capacity = math.log(p.carrying_capacity_cells)
    draw_patient(seed, patient, p, who)
    reset_store(seed, patient, who, store, log_capacity)
    day, by = primary_found_day(seed, patient, p, who, log_capacity)
    sleep_factor = 1.0 - p.switch_suppression * p.dormancy_suppression
    wait_factor = 1.0 - p.switch_suppression * p.angiogenesis_suppression

    capacity = p.carrying_capacity_cells / 1e9
    rate = who.founding * capacity**p.founding_exponent
    u = log_capacity * math.exp(-who.rate_primary * day)
    any_colony = False
    if rate > 0.0:
        whole = gompertz_intensity(u, log_capacity, p.founding_exponent, rate, who.rate_primary)
        any_colony = store[PRIMARY_ROW].next <= whole
        store[PRIMARY_ROW].seeds = whole
    if any_colony:
        draw_tropism(seed, patient, p, who)
        whole, exact, start, groups = _found_until(seed, patient, p, who, store, day, log_capacity)
        store[PRIMARY_ROW].seeds = whole
        symptom = first_symptom(p, who, store, log_capacity, sleep_factor, wait_factor)
        if symptom < day:
            day, by = symptom, 2
            store[PRIMARY_ROW].seeds = _cut_back(
                seed, patient, p, who, store, day, whole, exact, start, groups, log_capacity
            )
        _daughters(seed, patient, p, who, store, day, log_capacity, sleep_factor, wait_factor)
        pool_waiting(p, who, store)

    primary = store[PRIMARY_ROW]
    primary.mult = 1.0
    primary.x = grow(0.0, who.rate_primary, log_capacity, day)
    primary.rate = who.rate_primary
    primary.state = VASCULAR
    primary.founded = -day
    primary.slope = 0.0
    primary.debt = 0.0
    primary.role = UNSEEN
    primary.seen = 0.0
    primary.after = 0.0
    primary.exposed = 0
    primary.limit = 0.3
    primary.label = PRIMARY_ROW
    for k in range(N_PHENOTYPES):
        primary.fraction[k] = 0.0
    _nodes(seed, patient, p, who, store, day, log_capacity)

    who.age_of_tumour = day
    who.found_by = by
    who.primary_cm = diameter_cm(primary.x, p.cells_per_cm3)
    imaged = by == 2 or is_imaged(seed, patient, p, who.primary_cm, who.node_count)
    who.imaged = 1 if imaged else 0
    seen = False
    for i in range(FIRST_COLONY, who.n):
        if store[i].place < N_ORGANS and store[i].state == VASCULAR:
            seen = seen or diameter_cm(store[i].x, p.cells_per_cm3) > store[i].limit
    who.metastatic = 1 if (imaged and seen) or by == 2 else 0

