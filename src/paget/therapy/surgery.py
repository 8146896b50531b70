"""Locoregional treatment of the primary: what an operation takes out, leaves behind and costs."""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.founding import event_threshold
from paget.biology.layout import BREAST, N_PHENOTYPES, REGIONAL_NODES, UNSEEN, VASCULAR
from paget.biology.natural_history import NODES_ROW, PRIMARY_ROW
from paget.biology.patient import NOBODY
from paget.randomness import OPERATION, PRIMARY_LINEAGE, child, normal, uniform

RECEIVED, CONSERVING, MARGIN, RADIOTHERAPY, RESIDUAL, DEATH_, DEATH_DAY, DELAY, CROSSOVER, CROSSOVER_DAY = range(10)
SCAR = 61  # destination code of residual disease in lineage keys
PERIOPERATIVE_DAYS = 30.0


@jit
def operation_draw(seed, who, what):
    """Uniform of one question about the operation, the same in every arm."""
    return uniform(seed, who.id, NOBODY, OPERATION, what)


@jit
def planned_day(seed, who, origin, median, sd_log):
    """Day of the operation, lognormal around its median after the origin; the same normal in every arm."""
    return origin + median * math.exp(sd_log * normal(seed, who.id, NOBODY, OPERATION, DELAY))


@jit
def _leave_residual(seed, p, who, store, x, rate, day):
    # residual disease is a lesion of the scar that grows as the primary did and carries its fractions
    # there is always a row for it: `add_colony` leaves the last one free
    key = child(PRIMARY_LINEAGE, 0, SCAR)
    lesion = store[who.n]
    lesion.key = key
    lesion.place = BREAST
    lesion.state = VASCULAR
    lesion.mult = 1.0
    lesion.x = x
    lesion.rate = rate
    lesion.slope = 0.0
    lesion.debt = 0.0
    lesion.sleep = who.sleep
    lesion.wait = who.wait
    lesion.switch = 0.0
    lesion.clock = 0.0
    lesion.limit = 0.5
    lesion.symptom = 1.5
    lesion.founded = day
    lesion.seeds = 0.0
    lesion.nth = 0
    lesion.next = event_threshold(seed, who.id, key, 0)
    lesion.seen = 0.0
    lesion.after = 0.0
    lesion.exposed = store[PRIMARY_ROW].exposed
    lesion.role = UNSEEN
    who.labels += 1
    lesion.label = who.labels
    for k in range(N_PHENOTYPES):
        lesion.fraction[k] = store[PRIMARY_ROW].fraction[k]
    who.n += 1


@jit
def resect(seed, p, who, store, body, arm, day, ecog):
    """Carry out the operation; returns whether it conserved the breast, had free margins, and was followed by radiotherapy.

    Takes out the primary and the regional nodes, may leave residual disease, opens the wound, stops systemic therapy for some weeks, and
    may kill within thirty days.
    """
    conserving = operation_draw(seed, who, CONSERVING) < arm.conserving
    involved = operation_draw(seed, who, MARGIN) < arm.margin_involved
    chance = arm.radiotherapy_conserving if conserving else arm.radiotherapy_mastectomy
    radiotherapy = operation_draw(seed, who, RADIOTHERAPY) < chance

    x = math.log(p.residual_cells) + p.residual_sd_log * normal(seed, who.id, NOBODY, OPERATION, 20)
    residual = p.residual_involved_margin if involved else p.residual_free_margin
    if radiotherapy:
        residual *= p.residual_radiotherapy_ratio
    primary = store[PRIMARY_ROW]
    x = min(x, primary.x)
    leaves = primary.mult > 0.0 and x > 0.0 and operation_draw(seed, who, RESIDUAL) < p.switch_residual * residual
    rate = primary.rate
    primary.mult = 0.0
    store[NODES_ROW].mult = 0.0
    for i in range(2, who.n):  # what came back to the breast or the nodes goes with it
        if store[i].place == BREAST or store[i].place == REGIONAL_NODES:
            store[i].mult = 0.0
    if leaves:
        _leave_residual(seed, p, who, store, x, rate, day)

    body.primary_out = 1
    body.wound_until = day + p.wound_days
    body.pause_until = max(body.pause_until, day + p.switch_operative_cost * arm.pause_days)
    risk = p.switch_operative_cost * p.operative_mortality
    if ecog >= 2:
        risk *= p.operative_mortality_ecog2
    if operation_draw(seed, who, DEATH_) < risk:
        body.operative_death = day + PERIOPERATIVE_DAYS * operation_draw(seed, who, DEATH_DAY)
    return conserving, not involved, radiotherapy
