"""Founding of colonies: arrivals of one emitter, what an arrival leaves behind, and the store that holds it.

Founding events of an emitter are the points of an inhomogeneous Poisson process: its integrated intensity reaches sums of unit
exponentials keyed by the emitter's lineage. Each event leaves a burst of colonies that share their sleep.
"""

from __future__ import annotations

import math

import numpy as np

from paget._jit import jit
from paget.biology.growth import grow
from paget.biology.layout import (
    AVASCULAR,
    BREAST,
    CAPACITY,
    DORMANT,
    N_ORGANS,
    REGIONAL_NODES,
    UNSEEN,
    VASCULAR,
)
from paget.randomness import BURST, COLONY, DESTINATION, FOUNDING, child, exponential, normal, normals, uniform, uniforms

EVENT = 62  # destination code of a founding event itself in lineage keys
MAX_EXTRA = 60
KEPT_SLEEPERS = 4  # rows of sleepers of one place before further ones join them
POOL_DAYS = 240.0


@jit
def event_key(parent, nth):
    """Lineage of the nth founding event of a parent."""
    return child(parent, nth, EVENT)


@jit
def event_threshold(seed, patient, parent, nth):
    """Unit exponential between the (nth-1)th and the nth founding event of a parent."""
    return exponential(seed, patient, parent, FOUNDING, nth)


@jit
def burst_size(seed, patient, event, p):
    """Colonies left by one event: one plus a geometric number."""
    if p.burst_extra_mean <= 0.0:
        return 1
    u = uniform(seed, patient, event, BURST, 0)
    extra = int(math.log(u) / math.log(p.burst_extra_mean / (1.0 + p.burst_extra_mean)))
    return 1 + min(extra, MAX_EXTRA)


@jit
def _settle(seed, patient, event, j, p, who):
    # one uniform decides between the breast and the organs, and which organ
    home = p.switch_self_seeding * p.self_seeding_ratio
    u = uniform(seed, patient, event, DESTINATION, 2 * j) * (1.0 + home)
    if u >= 1.0:
        return BREAST
    organ = 0
    while organ < N_ORGANS - 1 and u >= who.weight[organ]:
        u -= who.weight[organ]
        organ += 1
    return organ


@jit
def destination(seed, patient, event, j, first, p, who):
    """Place of the jth colony of a burst whose first landed at ``first``."""
    if j > 0 and uniform(seed, patient, event, DESTINATION, 2 * j + 1) < p.burst_same_organ:
        return first
    return _settle(seed, patient, event, j, p, who)


@jit
def _merge(store, who, place, state, weight):
    # Into the smallest row of the same place and state, else of the same state, else of the same place, else of all colonies. A
    # newcomer is one cell: merged with a row that has vessels it would gain that row's size at once.
    best = -1
    for wanted in range(4):
        for i in range(who.n - 1, 1, -1):
            if store[i].mult <= 0.0:
                continue
            same_place = store[i].place == place
            same_state = store[i].state == state
            fits = wanted == 3 or (same_state and (same_place or wanted == 1)) or (same_place and wanted == 2)
            if fits and (best < 0 or store[i].x < store[best].x):
                best = i
        if best >= 0:
            store[best].mult += weight
            break
    who.merged += 1


@jit
def _pool(p, who, store, key, place, day, asleep, inherits, weight):
    """Let a newcomer join rows that are as good as alike, so that lives with many colonies stay cheap; whether it did.

    Sleepers: sleep has no memory, so once some rows of sleepers of a place are kept, a further sleeper joins one of them (which, its key
    says). Waking colonies founded after diagnosis join those that were founded at the place in the weeks before.
    """
    chosen = -1
    if asleep:
        count = np.uint64(0)
        factor = 1.0 - p.switch_suppression * p.dormancy_suppression
        for i in range(2, who.n):
            if store[i].mult > 0.0 and store[i].place == place and store[i].state == DORMANT:
                # before diagnosis rows stand as they were founded: some have woken by this day
                if inherits or store[i].clock > (day - store[i].founded) * store[i].sleep * factor:
                    count += np.uint64(1)
                    if key % count == np.uint64(0):
                        chosen = i
        if count < np.uint64(KEPT_SLEEPERS):
            return False
    elif inherits:
        for i in range(who.n - 1, 1, -1):
            same = store[i].mult > 0.0 and store[i].place == place and store[i].state == AVASCULAR
            if same and store[i].founded > day - POOL_DAYS:
                chosen = i
                break
    if chosen < 0:
        return False
    store[chosen].mult += weight
    who.merged += 1
    return True


@jit
def draw_sleep(seed, patient, event, who):
    """Whether the colonies of an event go to sleep, and the thresholds of waking and of the angiogenic switch."""
    u, v = uniforms(seed, patient, event, COLONY, 10)
    return u < who.dormant_share, -math.log(v), exponential(seed, patient, event, COLONY, 11)


@jit
def add_colony(seed, patient, p, who, store, key, place, day, sleep, parent_fraction, inherits, weight):
    """Put one new colony (a single cell, founded on ``day``) into the store; returns its row, or -1 if it was merged.

    ``sleep`` (from `draw_sleep`) is shared by the colonies of one event. Its state is that at founding; `age_colony` brings it to a later
    day. ``inherits`` says whether it carries its parent's resistant fractions (founded after diagnosis) or draws its own at diagnosis.
    """
    asleep, clock, switch = sleep
    if _pool(p, who, store, key, place, day, asleep, inherits, weight):
        return -1
    if who.n >= CAPACITY - 1:  # the last row is kept for what an operation leaves behind
        _merge(store, who, place, DORMANT if asleep else AVASCULAR, weight)
        return -1
    i = who.n
    who.n += 1
    lesion = store[i]
    lesion.key = key
    lesion.place = place
    lesion.mult = weight
    lesion.x = 0.0
    lesion.slope = 0.0
    lesion.debt = 0.0
    lesion.founded = day
    growth, limit = normals(seed, patient, key, COLONY, 0)
    lesion.rate = who.rate_metastasis * math.exp(p.sd_log_growth_lesion * growth)
    organ = place if place < N_ORGANS else N_ORGANS - 1
    lesion.limit = p.detection_cm[organ] * math.exp(p.sd_log_detection * limit)
    lesion.symptom = p.symptom_cm[organ] * math.exp(p.sd_log_symptom * normal(seed, patient, key, COLONY, 2))
    lesion.sleep = who.sleep
    lesion.wait = who.wait
    lesion.switch = switch
    if asleep:
        lesion.state = DORMANT
        lesion.clock = clock
    else:
        lesion.state = AVASCULAR
        lesion.clock = lesion.switch
    lesion.role = UNSEEN
    lesion.seen = 0.0
    lesion.after = 0.0
    lesion.exposed = 0
    lesion.seeds = 0.0
    lesion.nth = 0
    lesion.next = event_threshold(seed, patient, key, 0)
    who.labels += 1
    lesion.label = who.labels
    for k in range(lesion.fraction.shape[0]):
        lesion.fraction[k] = parent_fraction[k] if inherits else 0.0
    return i


@jit
def pool_waiting(p, who, store):
    """Let colonies that wait for vessels at their ceiling join others that wait in the same place, once some rows of them are kept.

    Waiting has no memory either: which of them a row stands for makes no difference to when it ends.
    """
    ceiling = math.log(p.avascular_cells)
    kept = np.zeros(N_ORGANS + 2, np.int64)
    rows = np.zeros((N_ORGANS + 2, KEPT_SLEEPERS), np.int64)
    i = 2
    while i < who.n:
        lesion = store[i]
        if lesion.mult <= 0.0 or lesion.state != AVASCULAR or lesion.x < ceiling - 1e-9 or lesion.role != UNSEEN:
            i += 1
            continue
        place = lesion.place
        if kept[place] < KEPT_SLEEPERS:
            rows[place, kept[place]] = i
            kept[place] += 1
            i += 1
            continue
        store[rows[place, lesion.key % np.uint64(KEPT_SLEEPERS)]].mult += lesion.mult
        who.merged += 1
        who.n -= 1
        if i != who.n:
            store[i] = store[who.n]


@jit
def age_colony(lesion, days, p, log_capacity, sleep_factor, wait_factor):
    """Let an untreated colony live for some days: wake, grow to its avascular ceiling, wait for vessels, grow on (exact)."""
    ceiling = math.log(p.avascular_cells)
    left = days
    if lesion.state == DORMANT:
        rate = lesion.sleep * sleep_factor
        if lesion.clock > rate * left:
            lesion.clock -= rate * left
            return
        if lesion.clock > 0.0:  # a clock that has run out needs no rate
            left -= lesion.clock / rate
        lesion.state = AVASCULAR
        lesion.clock = lesion.switch
    if lesion.state == AVASCULAR:
        b = lesion.rate / p.avascular_slowdown
        if lesion.x < ceiling:
            needed = math.log((log_capacity - lesion.x) / (log_capacity - ceiling)) / b
            if needed > left:
                lesion.x = grow(lesion.x, b, log_capacity, left)
                return
            left -= needed
            lesion.x = ceiling
        rate = lesion.wait * wait_factor
        if lesion.clock > rate * left:
            lesion.clock -= rate * left
            return
        if lesion.clock > 0.0:
            left -= lesion.clock / rate
        lesion.state = VASCULAR
    lesion.x = grow(lesion.x, lesion.rate, log_capacity, left)


@jit
def vascular_day(lesion, p, log_capacity, sleep_factor, wait_factor):
    """Days after founding on which an untreated new colony acquires vessels."""
    ceiling = math.log(p.avascular_cells)
    days = 0.0
    if lesion.state == DORMANT:
        rate = lesion.sleep * sleep_factor
        if rate <= 0.0:
            return math.inf
        days += lesion.clock / rate
    b = lesion.rate / p.avascular_slowdown
    days += math.log(log_capacity / (log_capacity - ceiling)) / b
    rate = lesion.wait * wait_factor
    if rate <= 0.0:
        return math.inf
    return days + lesion.switch / rate


@jit
def found(seed, patient, p, who, store, parent_row, day, bed_open, inherits, weight):
    """Carry out the next founding event of the emitter in row ``parent_row`` on ``day``; returns the first new row or -1.

    A founder that lands in a breast whose primary stands merges with it and leaves no trace; once the bed is open it is a local
    recurrence. ``weight`` is the number of like events that this one stands for.
    """
    nth = store[parent_row].nth
    parent_key = store[parent_row].key
    event = event_key(parent_key, nth)
    first_row = -1
    first = 0
    fractions = store[parent_row].fraction.copy()
    sleep = draw_sleep(seed, patient, event, who)
    for j in range(burst_size(seed, patient, event, p)):
        place = destination(seed, patient, event, j, first, p, who)
        if j == 0:
            first = place
        if place == BREAST and not bed_open:
            continue
        row = add_colony(
            seed, patient, p, who, store, child(event, j, place), place, day, sleep, fractions, inherits, weight
        )
        if first_row < 0:
            first_row = row
    store[parent_row].nth = nth + 1
    store[parent_row].next += event_threshold(seed, patient, parent_key, nth + 1)
    return first_row


@jit
def seeding_ratio(place, standing_primary, p):
    """Founding rate of a lesion at a place relative to the primary at the same size."""
    if place == BREAST:
        return 1.0 if standing_primary else p.switch_metastasis_seeding * p.metastasis_seeding_ratio
    if place == REGIONAL_NODES:
        return p.switch_node_seeding * p.node_seeding_ratio
    return p.switch_metastasis_seeding * p.metastasis_seeding_ratio
