"""What a replayed life writes down in full: assessments, sightings of lesions, events. Empty arrays mean that nobody listens."""

from __future__ import annotations

from paget._jit import jit
from paget.biology.layout import BREAST, N_PLACES, NEW_SEEN, NON_TARGET, REGIONAL_NODES, TARGET, UNSEEN, diameter_cm

ASSESSMENTS, SIGHTINGS, EVENTS, EXPOSURES, TREATMENTS = range(5)  # positions in `counts`


@jit
def note(log, patient, day, event, detail):
    """Append one event."""
    rows, counts = log[2], log[3]
    n = counts[EVENTS]
    if n < rows.shape[0]:
        rows[n].patient_id = patient
        rows[n].day = day
        rows[n].event = event
        rows[n].detail = detail
        counts[EVENTS] = n + 1


@jit
def note_exposure(log, who, drugs, k, stop):
    """Append the exposure to the kth agent now given, up to ``stop``; nothing if it had not begun."""
    rows, counts = log[4], log[3]
    n = counts[EXPOSURES]
    if n >= rows.shape[0] or stop <= drugs.since[k]:
        return
    rows[n].patient_id = who.id
    rows[n].agent = drugs.agent[k]
    rows[n].line = drugs.line
    rows[n].start_day = drugs.since[k]
    rows[n].stop_day = stop
    counts[EXPOSURES] = n + 1


@jit
def note_exposures(log, who, drugs, stop):
    """Append the exposures to all agents now given."""
    for k in range(drugs.n):
        note_exposure(log, who, drugs, k, min(stop, drugs.until[k]))


@jit
def note_assessment(log, who, store, body, clinic, visit, line, target, non_target, overall, new, baseline, sums, ctc, p):
    """Append one visit and every lesion seen at it; must run before new lesions are taken into the books."""
    rows, sightings, counts = log[0], log[1], log[3]
    n = counts[ASSESSMENTS]
    if n >= rows.shape[0]:
        return
    rows[n].patient_id = who.id
    rows[n].visit = visit
    rows[n].day = body.day
    rows[n].line = line
    rows[n].sum_target_cm = clinic.sum[sums]
    rows[n].n_target = clinic.targets[sums]
    rows[n].target_response = target
    rows[n].nontarget_response = non_target
    rows[n].new_lesion = 1 if new > 0 else 0
    rows[n].overall_response = overall
    rows[n].baseline = baseline
    rows[n].ecog = clinic.ecog
    rows[n].ctc_mean = ctc
    for place in range(N_PLACES):
        rows[n].burden_cm3[place] = body.burden[place]
    counts[ASSESSMENTS] = n + 1
    for i in range(who.n):
        lesion = store[i]
        if lesion.mult <= 0.0 or (lesion.seen <= 0.0 and lesion.role == UNSEEN):
            continue
        k = counts[SIGHTINGS]
        if k >= sightings.shape[0]:
            return
        role = NEW_SEEN if lesion.role == UNSEEN else lesion.role
        if sums == 1 and role == TARGET and (lesion.place == BREAST or lesion.place == REGIONAL_NODES):
            role = NON_TARGET
        sightings[k].patient_id = who.id
        sightings[k].visit = visit
        sightings[k].day = body.day
        sightings[k].lesion = lesion.label
        sightings[k].place = lesion.place
        sightings[k].role = role
        sightings[k].measured_cm = lesion.seen
        sightings[k].true_cm = diameter_cm(lesion.x, p.cells_per_cm3)
        counts[SIGHTINGS] = k + 1
