"""Early disease: operated, given adjuvant therapy, and followed until a metastasis announces itself.

The other way to become a metastatic patient. Ends with the patient at the diagnosis of her relapse, days counted from there.
"""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.advance import advance, age_hazards, tally
from paget.biology.death import background_hazard
from paget.biology.layout import BREAST, DORMANT, N_ORGANS, VASCULAR, diameter_cm
from paget.biology.natural_history import FIRST_COLONY, NODES_ROW, PRIMARY_ROW, stage_group
from paget.biology.patient import NOBODY
from paget.randomness import ADJUVANT, SURVEILLANCE, normal, uniform
from paget.therapy.care import no_drugs

STEP_DAYS = 91.3125
LONGEST_DAYS = 25 * 365.25


@jit
def adjuvant_therapy(seed, plan, who, store):
    """Give adjuvant therapy by stage, subtype and menopause; returns which therapies of the plan are taken, one bit each.

    Each occult colony is eradicated or not by each therapy, by a draw of its own. Therapies of one kind share draws: whoever takes one of
    them would have taken another in its place, and what one eradicates the other does too, as far as their chances agree.
    """
    stage = stage_group(who.primary_cm, who.node_count) - 1
    taken = 0
    for k in range(plan.adjuvant_n):
        kind = plan.adjuvant_kind[k]
        drawn = uniform(seed, who.id, NOBODY, ADJUVANT, kind)
        low, high = plan.adjuvant_low[k, stage, who.subtype, who.menopause], plan.adjuvant_high[k, stage, who.subtype, who.menopause]
        if not low <= drawn < high:
            continue
        taken |= 1 << k
        for i in range(FIRST_COLONY, who.n):
            lesion = store[i]
            chance = plan.adjuvant_dormant[k] if lesion.state == DORMANT else plan.adjuvant_awake[k]
            if chance > 0.0 and uniform(seed, who.id, lesion.key, ADJUVANT, kind) < chance:
                lesion.mult = 0.0
    for k in range(plan.adjuvant_n):
        if taken >> k & 1 and plan.adjuvant_days[k] == 0.0:
            expose_awake(who, store, plan.adjuvant_axis[k])
    return taken


@jit
def waking_factor(plan, taken, day, days):
    """Factor on the rate of waking over some days from the therapies taken; where a course ends within them, its mean over them."""
    factor = 1.0
    for k in range(plan.adjuvant_n):
        left = plan.adjuvant_days[k] - day
        if taken >> k & 1 and left > 0.0:
            waking = plan.adjuvant_waking[k]
            factor *= waking if left >= days else (left * waking + days - left) / days
    return factor


@jit
def operate_early(p, who, store, body):
    """Take out the primary and the nodes of early disease."""
    store[PRIMARY_ROW].mult = 0.0
    store[NODES_ROW].mult = 0.0
    body.primary_out = 1
    body.wound_until = body.day + p.wound_days


@jit
def _symptomatic(p, who, store):
    """Whether some distant lesion is felt."""
    for i in range(FIRST_COLONY, who.n):
        lesion = store[i]
        if lesion.mult > 0.0 and lesion.state == VASCULAR and (lesion.place < N_ORGANS or lesion.place == BREAST):
            if lesion.place < N_ORGANS and diameter_cm(lesion.x, p.cells_per_cm3) >= lesion.symptom:
                return True
    return False


@jit
def marker_threshold(seed, who, plan):
    """Burden (cm3) from which a serum marker of this patient rises; infinite if none is measured."""
    return plan.marker_cm3 * math.exp(plan.marker_sd_log * normal(seed, who.id, NOBODY, SURVEILLANCE, 0))


@jit
def _shows(p, plan, who, store, body, marker):
    """Whether a planned visit finds a distant lesion: by asking and examining, by its imaging, or by work-up after a marker has risen."""
    burden = 0.0
    for organ in range(N_ORGANS):
        burden += body.burden[organ]
    for i in range(FIRST_COLONY, who.n):
        lesion = store[i]
        if lesion.mult > 0.0 and lesion.state == VASCULAR and lesion.place < N_ORGANS:
            factor = plan.surveillance_limit[lesion.place]
            if burden >= marker:
                factor = min(factor, plan.workup_limit[lesion.place])
            if diameter_cm(lesion.x, p.cells_per_cm3) >= min(lesion.limit * factor, lesion.symptom * p.visit_finds_from):
                return True
    return False


@jit
def expose_awake(who, store, axis):
    """Mark every colony that is awake as having outlived drugs of an axis (-1: of none)."""
    if axis < 0:
        return
    for i in range(FIRST_COLONY, who.n):
        if store[i].mult > 0.0 and store[i].state != DORMANT:
            store[i].exposed |= 1 << axis


@jit
def live_early(seed, p, plan, who, store, body, drugs):
    """Live early disease to relapse, which is found when a distant lesion is felt, or earlier at a planned visit.

    Returns the days from surgery to it, or -1 with the outcome in ``body.died`` (0: end of time); whether a visit found it; and the
    adjuvant therapies taken, one bit each.
    ``body.day`` is left at the last day lived.
    """
    operate_early(p, who, store, body)
    taken = adjuvant_therapy(seed, plan, who, store)
    body.background = background_hazard(who.age, who.comorbidity, p)
    tally(store, who, p, body.burden)
    body.hazard = 0.0
    no_drugs(drugs)
    watched = plan.surveillance_days > 0.0
    look_again = plan.surveillance_days if watched else math.inf
    marker = marker_threshold(seed, who, plan)
    alive_colony = False
    for i in range(FIRST_COLONY, who.n):
        alive_colony = alive_colony or store[i].mult > 0.0
    while body.day < LONGEST_DAYS:
        days = min(STEP_DAYS, LONGEST_DAYS - body.day, look_again - body.day)
        body.sleep_factor = waking_factor(plan, taken, body.day, days)
        if alive_colony:
            advance(seed, p, who, store, body, drugs, days)
            tally(store, who, p, body.burden)
        for k in range(plan.adjuvant_n):
            if taken >> k & 1 and body.day < plan.adjuvant_days[k]:
                expose_awake(who, store, plan.adjuvant_axis[k])  # what grows under a drug has learnt to live with it
        when, cause = age_hazards(p, who, body, drugs, days)
        if when < math.inf:
            body.day += when
            body.died = cause
            return -1.0, False, taken
        body.day += days
        if alive_colony and _symptomatic(p, who, store):
            body.sleep_factor = 1.0
            return body.day, False, taken
        if watched and body.day >= look_again - 1e-9:
            look_again += plan.surveillance_days
            if look_again > plan.surveillance_until:
                look_again = math.inf
            if alive_colony and _shows(p, plan, who, store, body, marker):
                body.sleep_factor = 1.0
                return body.day, True, taken
    return -1.0, False, taken


@jit
def restart_clock(who, store, body, day):
    """Count days from the diagnosis of relapse: she is older, and everything founded lies further back."""
    who.age += day / 365.25
    if who.age > 52.0:
        who.menopause = 1
    for i in range(who.n):
        store[i].founded -= day
    body.wound_until -= day
    body.day = 0.0
