"""Imaging and RECIST 1.1 on what was measured, not on the truth.

Rules (Eisenhauer 2009, as tabulated under evidence id recist11): targets are measurable lesions (10 mm; nodes 15 mm), at most five and two
an organ; bone lesions are not measurable; complete response when all are gone, partial response at -30 % of the baseline sum, progression
at +20 % and +5 mm over the nadir, on a new lesion, or on unequivocal progression of non-targets. Patients without targets are
CR, NON-CR/NON-PD or PD.

Two sums are kept from the first day: with the primary and the regional nodes, and of distant disease alone. When the primary is taken
out the second is used, with its own baseline and nadir: subtracting a diameter from a nadir makes false progressions.
Lesions treated locally leave the sums too; each is followed on its own, and progresses locally when it grows again.

Unequivocal non-target progression is taken as a non-target sum 50 % and 1 cm over its nadir (RECIST leaves it to the reader; assumed).
"""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.layout import (
    BONE,
    BREAST,
    DISTANT_NODES,
    N_ORGANS,
    NON_TARGET,
    REGIONAL_NODES,
    TARGET,
    TREATED,
    UNSEEN,
    VASCULAR,
    diameter_cm,
)
from paget.biology.patient import NOBODY
from paget.clinic.state import CR, NON_CR_NON_PD, NOT_APPLICABLE, PD, PR, SD
from paget.randomness import MEASUREMENT, normal, uniform

MAX_TARGETS, MAX_PER_PLACE = 5, 2
MEASURABLE_CM, MEASURABLE_NODE_CM = 1.0, 1.5


@jit
def look(seed, who, store, visit, plan, p):
    """Measure everything at a visit: sets `seen` (0 where nothing shows) and returns the number of new distant and new local lesions.

    A lesion shows from its own detection limit on, times what the plan's imaging of its place makes of it; one that is known is followed
    down to a share of it. Imaging may also show what is not there: a false new lesion.
    """
    new_distant, new_local = 0, 0
    for i in range(who.n):
        lesion = store[i]
        if lesion.mult <= 0.0 or lesion.state != VASCULAR:
            lesion.seen = 0.0
            continue
        limit = lesion.limit * plan.imaging_limit[lesion.place]
        if lesion.role != UNSEEN:
            limit *= p.followed_down_to
        if lesion.x < 14.0:  # below 1.3 mm nothing shows
            lesion.seen = 0.0
            continue
        true_cm = diameter_cm(lesion.x, p.cells_per_cm3)
        if true_cm < limit:
            lesion.seen = 0.0
            continue
        z = normal(seed, who.id, lesion.key, MEASUREMENT, visit)
        lesion.seen = true_cm * math.exp(p.switch_measurement_error * p.measurement_sd_log * z)
        if lesion.role == UNSEEN:
            if lesion.place < N_ORGANS:
                new_distant += 1
            else:
                new_local += 1
    if plan.false_positive > 0.0 and uniform(seed, who.id, NOBODY, MEASUREMENT, visit) < plan.false_positive:
        new_distant += 1
    return new_distant, new_local


@jit
def _measurable(lesion):
    if lesion.place == BONE or lesion.seen <= 0.0:
        return False
    node = lesion.place == REGIONAL_NODES or lesion.place == DISTANT_NODES
    return lesion.seen >= (MEASURABLE_NODE_CM if node else MEASURABLE_CM)


@jit
def _local(lesion):
    return lesion.place == BREAST or lesion.place == REGIONAL_NODES


@jit
def choose_targets(who, store):
    """Everything seen becomes known; the largest measurable lesions become targets (distant and local disease chosen apart).

    Local lesions never displace distant targets, so that the distant sum is the same whether or not the primary will be resected.
    """
    for i in range(who.n):
        if store[i].mult > 0.0 and store[i].role != TREATED:
            store[i].role = NON_TARGET if (store[i].seen > 0.0 or store[i].role != UNSEEN) else UNSEEN
    chosen = 0
    for local in range(2):
        for _ in range(MAX_TARGETS):
            if chosen >= MAX_TARGETS:
                break
            best = -1
            for i in range(who.n):
                if store[i].mult > 0.0 and store[i].role == NON_TARGET and _measurable(store[i]):
                    if _local(store[i]) != (local == 1):
                        continue
                    same = 0
                    for j in range(who.n):
                        if store[j].mult > 0.0 and store[j].role == TARGET and store[j].place == store[i].place:
                            same += 1
                    if same < MAX_PER_PLACE and (best < 0 or store[i].seen > store[best].seen):
                        best = i
            if best < 0:
                break
            store[best].role = TARGET
            chosen += 1


@jit
def sum_up(who, store, clinic):
    """Sums of target and non-target diameters, with and without local disease, and of local disease on its own."""
    for k in range(2):
        clinic.sum[k] = 0.0
        clinic.targets[k] = 0
        clinic.other_sum[k] = 0.0
        clinic.non_targets[k] = 0
    clinic.local_sum = 0.0
    for i in range(who.n):
        lesion = store[i]
        if lesion.mult <= 0.0 or lesion.role == UNSEEN or lesion.role == TREATED:
            continue
        local = _local(lesion)
        if local:
            clinic.local_sum += lesion.seen
        for k in range(2):
            if k == 1 and local:
                continue
            if lesion.role == TARGET:
                clinic.targets[k] += 1
                clinic.sum[k] += lesion.seen
            else:
                clinic.non_targets[k] += 1
                clinic.other_sum[k] += lesion.seen


@jit
def set_baseline(who, store, clinic):
    """Begin a new line or a trial: choose targets, take the present sums as baseline and nadir."""
    choose_targets(who, store)
    sum_up(who, store, clinic)
    for k in range(2):
        clinic.baseline[k] = clinic.sum[k]
        clinic.nadir[k] = clinic.sum[k]
        clinic.other_baseline[k] = clinic.other_sum[k]
        clinic.other_nadir[k] = clinic.other_sum[k]
    clinic.local_nadir = clinic.local_sum
    for i in range(who.n):
        if store[i].role == TREATED and store[i].seen > 0.0:
            store[i].after = store[i].seen


@jit
def leave_sums(who, store, clinic):
    """Take lesions that were treated locally out of the sums: baselines and nadirs shrink in the proportion of the sums as last measured.

    So the change since baseline and nadir stays what it was for the lesions that remain; subtracting a diameter from a nadir would not
    keep it.
    """
    before = clinic.sum.copy()
    other_before = clinic.other_sum.copy()
    local_before = clinic.local_sum
    sum_up(who, store, clinic)
    for k in range(2):
        ratio = clinic.sum[k] / before[k] if before[k] > 0.0 else 0.0
        clinic.baseline[k] *= ratio
        clinic.nadir[k] *= ratio
        ratio = clinic.other_sum[k] / other_before[k] if other_before[k] > 0.0 else 0.0
        clinic.other_baseline[k] *= ratio
        clinic.other_nadir[k] *= ratio
    clinic.local_nadir *= clinic.local_sum / local_before if local_before > 0.0 else 0.0


@jit
def treated_progression(who, store):
    """Whether a lesion that was treated locally has grown again since its smallest size, in a distant place and in the breast or nodes."""
    distant, local = False, False
    for i in range(who.n):
        lesion = store[i]
        if lesion.mult <= 0.0 or lesion.role != TREATED or lesion.seen <= 0.0:
            continue
        if grown(lesion.seen, lesion.after):
            if _local(lesion):
                local = True
            else:
                distant = True
        lesion.after = min(lesion.after, lesion.seen)
    return distant, local


@jit
def grown(value, nadir):
    """RECIST's threshold of progression of a sum of diameters: 20 % and 5 mm over the nadir."""
    return value >= 1.2 * nadir and value >= nadir + 0.5


@jit
def respond(clinic, k, new_lesions):
    """Target, non-target and overall response of a visit on the sums ``k`` (0 with local disease, 1 distant only); moves the nadirs.

    A target that has died out keeps its place in the list: its sum counts zero.
    """
    if clinic.baseline[k] > 0.0:
        value = clinic.sum[k]
        if grown(value, clinic.nadir[k]):
            target = PD
        elif value <= 0.0:
            target = CR
        elif value <= 0.7 * clinic.baseline[k]:
            target = PR
        else:
            target = SD
        clinic.nadir[k] = min(clinic.nadir[k], value)
    else:
        target = NOT_APPLICABLE
    other = clinic.other_sum[k]
    if clinic.other_baseline[k] <= 0.0 and other <= 0.0:
        non_target = NOT_APPLICABLE
    elif other >= 1.5 * clinic.other_nadir[k] and other >= clinic.other_nadir[k] + 1.0:
        non_target = PD
    elif other <= 0.0:
        non_target = CR
    else:
        non_target = NON_CR_NON_PD
    clinic.other_nadir[k] = min(clinic.other_nadir[k], other)

    if target == PD or non_target == PD or new_lesions > 0:
        overall = PD
    elif target == NOT_APPLICABLE:
        overall = CR if non_target == CR else NON_CR_NON_PD
    elif target == CR:
        overall = CR if (non_target == CR or non_target == NOT_APPLICABLE) else PR
    else:
        overall = target
    return target, non_target, overall


@jit
def local_progression(clinic, new_local):
    """Locoregional progression: the breast and the regional nodes on their own, or a new lesion there; moves the nadir."""
    progressed = new_local > 0 or (clinic.local_sum > 0.0 and grown(clinic.local_sum, clinic.local_nadir))
    clinic.local_nadir = min(clinic.local_nadir, clinic.local_sum)
    return progressed


@jit
def visible_extent(who, store, out):
    """What the clinic counts: visible distant lesions, organs, and the number and largest size by organ, from the last look."""
    count = 0
    for organ in range(N_ORGANS):
        out.site[organ] = 0
        out.n_visible[organ] = 0
        out.largest_cm[organ] = 0.0
    for i in range(who.n):
        if store[i].mult > 0.0 and store[i].seen > 0.0 and store[i].place < N_ORGANS:
            count += max(1, int(store[i].mult))
            out.site[store[i].place] = 1
            out.n_visible[store[i].place] += max(1, int(store[i].mult))
            out.largest_cm[store[i].place] = max(out.largest_cm[store[i].place], store[i].seen)
    out.n_metastases = count
    out.n_sites = 0
    for organ in range(N_ORGANS):
        out.n_sites += out.site[organ]
