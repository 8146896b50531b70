"""One step of the truth: every colony sleeps, waits, grows, is killed, seeds; burdens become hazards.

Exact within the step but for three smooth approximations, all of second order in the step: kill is scaled by the growth rate at
mid-step, founding uses the size at mid-step, and hazards run exponentially between the ends. `step_days` bounds them.
"""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.death import background_hazard, cancer_hazard, integrated, time_of
from paget.biology.founding import age_colony, found, seeding_ratio
from paget.biology.growth import grow, grow_under_kill, time_to_reach
from paget.biology.layout import AVASCULAR, BREAST, CAPACITY, N_PLACES, VASCULAR
from paget.biology.natural_history import FIRST_COLONY, PRIMARY_ROW
from paget.biology.resistance import N_AXES, draw_fractions, treat_axis

REBOUND_DAYS = 45.0  # a growth-slowing drug's debt is paid back over about this time once it stops
FLOOD = 2  # founding events of one lesion in one step that are carried out one by one
UNDRAWN = -1.0  # fraction[0] of a colony that slept at diagnosis: drawn when it wakes


@jit
def suppressing_volume(store, who, p):
    """Tumour volume (cm3) that suppresses immunity: the primary, and metastases at a lower weight."""
    volume = 0.0
    for i in range(who.n):
        if store[i].mult > 0.0 and store[i].x > 10.0:
            v = store[i].mult * math.exp(store[i].x) / p.cells_per_cm3
            volume += v if store[i].place == BREAST else p.immune_metastasis_weight * v
    return volume


@jit
def _immune_kill(store, who, body, p):
    # relative to the day of diagnosis: growth rates were placed on patients whose immunity is suppressed as it was then
    if p.immune_kill_per_day <= 0.0 or p.switch_immune <= 0.0:
        return 0.0
    now = 1.0 / (1.0 + suppressing_volume(store, who, p) / p.immune_half_volume_cm3)
    then = 1.0 / (1.0 + body.reference_volume / p.immune_half_volume_cm3)
    return p.switch_immune * p.immune_kill_per_day * (now - then)


@jit
def _grow_lesion(lesion, b, drugs, immune, p, log_capacity, days):
    """New log size after some days of growth with kill; fractions shift."""
    if drugs.any == 0:
        if lesion.debt > 0.0:
            paid = lesion.debt * (1.0 - math.exp(-days / REBOUND_DAYS))
            lesion.debt -= paid
            lesion.x = min(lesion.x + paid, log_capacity - 1e-6)
        if immune == 0.0:
            return grow(lesion.x, b, log_capacity, days)
        return grow_under_kill(lesion.x, b, log_capacity, days, -0.5 * immune * days, -immune * days)
    half = -0.5 * immune * days
    full = -immune * days
    growth = b * max(log_capacity - lesion.x - 0.5 * lesion.slope * days, 0.01)
    exposure = days * math.exp(p.kill_growth_exponent * math.log(growth / p.kill_reference_growth_per_day))
    for axis in range(N_AXES):
        if drugs.active[axis] == 1:
            a, c = treat_axis(lesion.fraction, axis, drugs.kill[axis], drugs.spare[axis], exposure)
            half += a
            full += c
    if drugs.growth < 1.0:
        lesion.debt += (1.0 - drugs.growth) * growth * days
        b *= drugs.growth
    return grow_under_kill(lesion.x, b, log_capacity, days, half, full)


@jit
def _advance_avascular(lesion, drugs, immune, wait, p, log_capacity, ceiling, days):
    """A colony without vessels: up to its ceiling, wait there, and on once it has vessels."""
    b = lesion.rate / p.avascular_slowdown
    start = lesion.x
    x = _grow_lesion(lesion, b, drugs, immune, p, log_capacity, days)
    if x < ceiling:
        lesion.x = x
        return
    if drugs.any == 0 and immune == 0.0:
        waiting = max(days - time_to_reach(start, ceiling, b, log_capacity), 0.0)  # a debt paid back may bring it there sooner
    else:
        waiting = days * min(1.0, (x - ceiling) / max(x - start, 1e-12)) if start < ceiling else days
    lesion.x = ceiling
    if lesion.clock > wait * waiting:
        lesion.clock -= wait * waiting
        return
    left = waiting - lesion.clock / wait if lesion.clock > 0.0 else waiting
    lesion.state = VASCULAR
    lesion.x = _grow_lesion(lesion, lesion.rate, drugs, immune, p, log_capacity, left)


@jit
def _drop(store, who, i):
    # swap-remove: a row's place in the store means nothing, its key does
    who.n -= 1
    if i != who.n:
        store[i] = store[who.n]


@jit
def advance(seed, p, who, store, body, drugs, days):
    """Advance all lesions by some days; returns how many colonies woke and how many founding events there were.

    Updates sizes, states, the burden by place, and the hazards; removes extinct colonies.
    """
    patient = who.id
    log_capacity = math.log(p.carrying_capacity_cells)
    ceiling = math.log(p.avascular_cells)
    immune = _immune_kill(store, who, body, p)
    standing = store[PRIMARY_ROW].mult > 0.0 and body.primary_out == 0
    sleep_factor = body.sleep_factor * drugs.awakening
    wait_factor = drugs.switching
    dormant_share = who.dormant_share
    who.dormant_share = min(dormant_share * drugs.dormancy, 1.0)  # of colonies founded under these drugs; put back at the end
    if standing:
        sleep_factor *= 1.0 - p.switch_suppression * p.dormancy_suppression
        wait_factor *= 1.0 - p.switch_suppression * p.angiogenesis_suppression
    wound = min(max(body.wound_until - body.day, 0.0), days) / days
    sleep_factor *= 1.0 + wound * p.switch_wound * p.wound_awakening
    wait_factor *= 1.0 + wound * p.switch_wound * p.wound_switch

    capacity_scale = math.log(1e9)
    woke, events = 0, 0
    i = 0
    last = who.n  # colonies founded in this step have been aged already
    while i < last:
        lesion = store[i]
        if lesion.mult <= 0.0:
            i += 1
            continue
        before = lesion.x
        if lesion.state == VASCULAR:
            own_immune = 0.0 if lesion.place == BREAST else immune
            lesion.x = _grow_lesion(lesion, lesion.rate, drugs, own_immune, p, log_capacity, days)
        elif lesion.state == AVASCULAR:
            _advance_avascular(lesion, drugs, immune, lesion.wait * wait_factor, p, log_capacity, ceiling, days)
        else:
            rate = lesion.sleep * sleep_factor
            if lesion.clock > rate * days:
                lesion.clock -= rate * days
                i += 1
                continue
            woke += 1
            age_colony(lesion, days, p, log_capacity, sleep_factor, wait_factor)
            if lesion.fraction[0] == UNDRAWN:
                draw_fractions(seed, patient, p, who, lesion)
        if lesion.x <= 0.0:
            if i >= FIRST_COLONY:
                # the last row of this step's old lesions takes its place, the newest row theirs
                last -= 1
                if i != last:
                    store[i] = store[last]
                _drop(store, who, last)
                continue
            lesion.mult = 0.0
            i += 1
            continue
        lesion.slope = (lesion.x - before) / days
        if lesion.state == VASCULAR:
            ratio = seeding_ratio(lesion.place, standing and i == PRIMARY_ROW, p)
            if standing and i == PRIMARY_ROW:
                ratio *= p.switch_source_of_seeds
            middle = 0.5 * (before + lesion.x) if before > 0.0 else lesion.x
            rate = who.founding * drugs.founding * ratio * lesion.mult * math.exp(p.founding_exponent * (middle - capacity_scale))
            start = lesion.seeds
            lesion.seeds += rate * days
            done = 0
            while store[i].next <= store[i].seeds:
                when = (store[i].next - start) / rate
                first = who.n
                weight = 1.0
                if done >= FLOOD or who.n >= CAPACITY - 1:  # the rest as one event that stands for all
                    weight = max(1.0, store[i].seeds - store[i].next)
                    who.merged += int(weight)
                found(seed, patient, p, who, store, i, body.day + when, body.primary_out == 1, True, weight)
                for j in range(first, who.n):
                    age_colony(store[j], days - when, p, log_capacity, sleep_factor, wait_factor)
                events += 1
                done += 1
                if weight > 1.0:
                    store[i].next = max(store[i].next, store[i].seeds + 1e-9)
                    break
        i += 1
    who.dormant_share = dormant_share
    return woke, events


@jit
def tally(store, who, p, burden):
    """Burden in cm3 by place."""
    for place in range(N_PLACES):
        burden[place] = 0.0
    for i in range(who.n):
        if store[i].mult > 0.0 and store[i].state == VASCULAR:
            burden[store[i].place] += store[i].mult * math.exp(store[i].x) / p.cells_per_cm3


@jit
def age_hazards(p, who, body, drugs, days):
    """Burdens to hazards over a step that has been taken; finds death within it.

    Returns the time within the step at which death comes (``inf`` if it does not) and its cause (1 cancer, 2 other, 3 treatment).
    """
    before, before_background = body.hazard, body.background
    body.hazard, body.visceral = cancer_hazard(body.burden, p)
    body.background = background_hazard(who.age + (body.day + days) / 365.25, who.comorbidity, p)
    by_cancer = integrated(before, body.hazard, days)
    by_other = integrated(before_background, body.background, days)
    when, cause = math.inf, 0
    if by_cancer >= body.cancer_left:
        when, cause = time_of(body.cancer_left, before, body.hazard, days), 1
    if by_other >= body.other_left:
        other = time_of(body.other_left, before_background, body.background, days)
        if other < when:
            when, cause = other, 2
    if drugs.fatal > 0.0:
        by_treatment = drugs.fatal * days
        if by_treatment >= body.treatment_left and body.treatment_left / drugs.fatal < when:
            when, cause = body.treatment_left / drugs.fatal, 3
        body.treatment_left -= by_treatment
    body.cancer_left -= by_cancer
    body.other_left -= by_other
    return when, cause

