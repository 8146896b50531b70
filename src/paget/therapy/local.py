"""Local treatment of lesions: who may have it, which lesions it eradicates, what it leaves, what it costs.

One rule for ablation, resection of metastases, embolisation, electrochemotherapy, radiotherapy: a lesion of diameter d is eradicated with
a probability read off the treatment's curve; lesions of one patient share a part of their luck (a normal on the logit); of a lesion
that is not eradicated a share of cells survives and grows on. What it does not do is change how lesions elsewhere grow.

Where the curve is of a mixture (vessels near some lesions, thin margins of some ablations), what makes lesions unlike is drawn for each:
a vessel belongs to the lesion and is there whatever treats it, a margin is made anew in every session. On average over lesions
and patients that is the curve.
"""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.layout import BREAST, N_ORGANS, TREATED, UNSEEN, VASCULAR, diameter_cm
from paget.biology.natural_history import PRIMARY_ROW
from paget.biology.patient import NOBODY
from paget.randomness import LOCAL, normal, uniform
from paget.therapy.layout import CURVE_POINTS, LUCK_LOGIT, LUCK_POINTS, MARGIN_POINTS, MARGIN_SIZES
from paget.therapy.surgery import PERIOPERATIVE_DAYS

MAX_LOCAL = 3
"""Local treatments an arm can plan."""
SLOT = 64  # draws of one planned treatment
RECEIVED, DELAY, LUCK = range(3)
LESION_DRAWS, DEATH_DRAWS = 8, 32  # first index of them; two for each session
MARGIN_DRAWS, OF_LESION = 1 << 12, 1 << 20  # first index of draws of a session's margin and modifiers, and of a lesion's own
NO_MARGIN, NOT_DRAWN = math.nan, -1
GIVEN, TOO_ILL, TOO_MANY, TOO_LARGE, ELSEWHERE, NOTHING_THERE = range(6)
REFUSALS = ("", "ECOG", "number of lesions", "size of a lesion", "disease elsewhere", "nothing to treat")


@jit
def local_day(seed, who, slot, origin, median, sd_log):
    """Day of a planned local treatment, lognormal around its median after the origin; the same normal in every arm."""
    return origin + median * math.exp(sd_log * normal(seed, who.id, NOBODY, LOCAL, SLOT * slot + DELAY))


@jit
def receives(seed, who, slot, share):
    """Whether she receives what was planned; the same uniform in every arm."""
    return uniform(seed, who.id, NOBODY, LOCAL, SLOT * slot + RECEIVED) < share


@jit
def control_at(therapy, cm):
    """Probability that a lesion of this diameter is eradicated: linear between the points of the curve, flat outside."""
    grid, control = therapy.grid_cm, therapy.control
    if cm <= grid[0]:
        return control[0]
    for k in range(1, CURVE_POINTS):
        if cm <= grid[k]:
            part = (cm - grid[k - 1]) / (grid[k] - grid[k - 1])
            return control[k - 1] + part * (control[k] - control[k - 1])
    return control[CURVE_POINTS - 1]


@jit
def place_on(grid, cm):
    """Where a diameter lies between the points of a grid: the point above it (from 1 on), and how far on the way there (0 to 1)."""
    above = 1
    while above < CURVE_POINTS - 1 and cm > grid[above]:
        above += 1
    part = (cm - grid[above - 1]) / (grid[above] - grid[above - 1])
    return above, min(max(part, 0.0), 1.0)


@jit
def draw_margin(therapy, cm, u):
    """Minimal margin (mm) of a lesion of this diameter for a uniform ``u``: inverse of its distribution."""
    first, last = therapy.grid_cm[0], therapy.grid_cm[CURVE_POINTS - 1]
    size = min(max((cm - first) / (last - first), 0.0), 1.0) * (MARGIN_SIZES - 1)
    i = min(int(size), MARGIN_SIZES - 2)
    spot = u * (MARGIN_POINTS - 1)
    k = min(int(spot), MARGIN_POINTS - 2)
    low = therapy.margin_mm[i, k] + (size - i) * (therapy.margin_mm[i + 1, k] - therapy.margin_mm[i, k])
    high = therapy.margin_mm[i, k + 1] + (size - i) * (therapy.margin_mm[i + 1, k + 1] - therapy.margin_mm[i, k + 1])
    return low + (spot - k) * (high - low)


@jit
def draw_modifiers(seed, patient, key, therapy, slot, session):
    """Which modifiers touch a lesion, as bits: its own by its key alone, those of the session by slot and session too."""
    touched = 0
    for k in range(therapy.n_modifiers):
        index = OF_LESION + therapy.modifier_key[k]
        if therapy.modifier_key[k] < 0:
            index = MARGIN_DRAWS + 4 * (SLOT * slot + session) + 1 + k
        if uniform(seed, patient, key, LOCAL, index) < therapy.modifier_share[k]:
            touched |= 1 << k
    return touched


@jit
def control_of_lesion(therapy, cm, margin_mm, touched):
    """Probability that this lesion is eradicated, in the median patient, given its margin and what touches it."""
    above, part = place_on(therapy.grid_cm, cm)
    log_hazard = therapy.log_hazard[above - 1] + part * (therapy.log_hazard[above] - therapy.log_hazard[above - 1])
    for k in range(therapy.n_modifiers):
        if touched & (1 << k):
            log_hazard += therapy.modifier_log_ratio[k]
    if therapy.margins == 1:
        log_hazard += margin_mm * therapy.margin_log_ratio
    probability = therapy.lasting * math.exp(-math.exp(min(log_hazard, 30.0)))
    if probability <= 0.0 or probability >= 1.0:
        return probability
    logit = math.log(probability / (1.0 - probability))
    spot = (min(max(logit, -LUCK_LOGIT), LUCK_LOGIT) + LUCK_LOGIT) / (2.0 * LUCK_LOGIT) * (LUCK_POINTS - 1)
    k = min(int(spot), LUCK_POINTS - 2)
    median = therapy.median_logit[k] + (spot - k) * (therapy.median_logit[k + 1] - therapy.median_logit[k])
    return 1.0 / (1.0 + math.exp(-median))


@jit
def with_luck(probability, shift):
    """A probability moved on the logit scale; 0 and 1 stay."""
    if probability <= 0.0 or probability >= 1.0:
        return probability
    return 1.0 / (1.0 + (1.0 - probability) / probability * math.exp(-shift))


@jit
def refusal(therapy, who, store, ecog):
    """Why it may not be done now, from what the clinic saw at its last look; `GIVEN` if it may."""
    if ecog > therapy.max_ecog:
        return TOO_ILL
    number, largest, elsewhere, treatable = 0.0, 0.0, False, False
    for i in range(who.n):
        lesion = store[i]
        if lesion.mult <= 0.0 or lesion.seen <= 0.0:
            continue
        if therapy.places[lesion.place] == 1:
            number += max(1.0, lesion.mult)
            largest = max(largest, lesion.seen)
            treatable = treatable or lesion.seen >= therapy.min_cm
        elif lesion.place < N_ORGANS:
            elsewhere = True
    if number > therapy.max_lesions:
        return TOO_MANY
    if largest > therapy.max_cm:
        return TOO_LARGE
    if elsewhere and therapy.other_sites == 0:
        return ELSEWHERE
    if not treatable and therapy.field == 0:
        return NOTHING_THERE
    return GIVEN


@jit
def treat_lesions(seed, p, who, store, body, therapy, which, slot, session, ecog, log):
    """Give one session; returns how many lesions were treated.

    Lesions that the clinic knows take the role `TREATED`. May open a wound, keeps systemic therapy away for some days, and may kill
    within thirty days.
    """
    luck = therapy.patient_sd * normal(seed, who.id, NOBODY, LOCAL, SLOT * slot + LUCK)
    treated = 0
    for i in range(who.n):
        lesion = store[i]
        if lesion.mult <= 0.0 or therapy.places[lesion.place] == 0:
            continue
        visible = lesion.seen > 0.0
        cm = diameter_cm(lesion.x, p.cells_per_cm3)
        if therapy.field == 0 and (not visible or lesion.seen < therapy.min_cm):
            continue
        treated += 1
        margin, touched = NO_MARGIN, NOT_DRAWN
        control = control_at(therapy, cm)
        if therapy.by_lesion == 1 and lesion.mult <= 1.5:  # a row that stands for several has the average of all
            touched = draw_modifiers(seed, who.id, lesion.key, therapy, slot, session)
            if therapy.margins == 1:
                index = MARGIN_DRAWS + 4 * (SLOT * slot + session)
                margin = draw_margin(therapy, cm, uniform(seed, who.id, lesion.key, LOCAL, index))
            control = control_of_lesion(therapy, cm, margin, touched)
        chance = with_luck(p.switch_local_treatment * control, luck)
        index = SLOT * slot + LESION_DRAWS + 2 * session
        eradicated = uniform(seed, who.id, lesion.key, LOCAL, index) < chance
        survivors = therapy.survivors_log_mean + therapy.survivors_log_sd * normal(seed, who.id, lesion.key, LOCAL, index + 1)
        survivors = p.switch_local_treatment * min(survivors, 0.0)
        _note_treated(log, who, body, lesion, which, session, cm, eradicated, survivors, margin, touched)
        if lesion.mult > 1.5:  # a row that stands for several: the share of them that is controlled
            lesion.mult *= 1.0 - chance
            eradicated = False
        elif eradicated:
            lesion.mult = 0.0
        if not eradicated and lesion.state == VASCULAR:
            lesion.x += survivors
            if lesion.x <= 0.0:
                lesion.mult = 0.0
        if lesion.mult > 0.0 and (visible or lesion.role != UNSEEN):
            lesion.role = TREATED
            lesion.after = max(diameter_cm(lesion.x, p.cells_per_cm3), 0.01)
        elif lesion.mult <= 0.0:
            lesion.role = UNSEEN
            lesion.seen = 0.0
            if i == PRIMARY_ROW and lesion.place == BREAST:
                body.primary_out = 1
    if therapy.wound == 1:
        body.wound_until = max(body.wound_until, body.day + p.wound_days)
    body.pause_until = max(body.pause_until, body.day + p.switch_operative_cost * therapy.pause_days)
    risk = p.switch_operative_cost * therapy.mortality
    if ecog >= 2:
        risk *= therapy.mortality_ecog2
    draw = SLOT * slot + DEATH_DRAWS + 2 * session
    if uniform(seed, who.id, NOBODY, LOCAL, draw) < risk:
        day = body.day + PERIOPERATIVE_DAYS * uniform(seed, who.id, NOBODY, LOCAL, draw + 1)
        body.operative_death = min(body.operative_death, day)
    return treated


@jit
def _note_treated(log, who, body, lesion, which, session, cm, eradicated, survivors, margin, touched):
    rows, counts = log[5], log[3]
    n = counts[4]
    if n >= rows.shape[0]:
        return
    rows[n].patient_id = who.id
    rows[n].day = body.day
    rows[n].therapy = which
    rows[n].session = session
    rows[n].lesion = lesion.label
    rows[n].place = lesion.place
    rows[n].true_cm = cm
    rows[n].eradicated = 1 if eradicated else 0
    rows[n].survivors_log = survivors
    rows[n].margin_mm = margin
    rows[n].touched = touched
    counts[4] = n + 1


@jit
def next_local(days, day):
    """The next of the planned days after ``day``; infinite if there is none."""
    when = math.inf
    for a in range(days.shape[0]):
        for k in range(days.shape[1]):
            if days[a, k] > day:
                when = min(when, days[a, k])
    return when

