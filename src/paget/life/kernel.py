"""One life, from the first cell to death: the loop in which biology, clinic and therapy take turns.

Order of events in a step (docs/architecture.md tells it in prose): the body moves on to the next stop; death is looked for inside the
step; drugs whose course is over end; an operation that falls due is done; a visit that falls due is held, and after it the clinic may
change therapy; the gate of a trial is a visit too. Stops are the same in every arm, whatever the arm does at them, so that an arm
without effect changes not one bit.

Longer than other files because the loop is one idea: cut in two, its order of events could no longer be read in one place.
"""

from __future__ import annotations

import math

import numpy as np

from paget._jit import jit
from paget.biology.advance import UNDRAWN, advance, age_hazards, suppressing_volume, tally
from paget.biology.death import background_hazard, cancer_hazard
from paget.biology.founding import pool_waiting
from paget.biology.layout import DORMANT, VASCULAR
from paget.biology.natural_history import FIRST_COLONY, grow_to_diagnosis
from paget.biology.patient import NOBODY, draw_ki67, draw_markers, draw_tropism
from paget.biology.resistance import draw_fractions, draw_resistance
from paget.clinic.performance import observed_ecog
from paget.clinic.recist import (
    leave_sums,
    local_progression,
    look,
    respond,
    set_baseline,
    sum_up,
    treated_progression,
    visible_extent,
)
from paget.clinic.state import CR, NE, PD, PR
from paget.life.early import live_early, restart_clock
from paget.life.log import note, note_assessment, note_exposure, note_exposures
from paget.life.state import (
    EV_DEATH,
    EV_DIAGNOSIS,
    EV_DISTANT,
    EV_END,
    EV_FOUNDED,
    EV_GATE_FAILED,
    EV_LINE,
    EV_LOCAL,
    EV_LOCAL_REFUSED,
    EV_LOCAL_TREATMENT,
    EV_MAINTENANCE,
    EV_NO_MORE,
    EV_PROGRESSION,
    EV_RANDOMISED,
    EV_STOP,
    EV_SURGERY,
    EV_TREATED_GROWS,
    EV_WAKE,
    LATER_LINES,
)
from paget.randomness import ASSAY, CARE, DEATH, OPERATION, exponential, normal, uniform
from paget.therapy.care import (
    NO_REGIMEN,
    PROTOCOL_LINE,
    apply_agents,
    begin_regimen,
    choose_regimen,
    draw_pharmacology,
    end_due_agents,
    gives_cytotoxic,
    gives_up,
    let_go,
    next_end,
    next_fading,
    no_drugs,
    stop_all,
)
from paget.therapy.local import GIVEN, MAX_LOCAL, local_day, next_local, receives, refusal, treat_lesions
from paget.therapy.surgery import CROSSOVER, CROSSOVER_DAY, RECEIVED, operation_draw, planned_day, resect

GATE = 40  # index of the draw for the length of induction
TRUE_PROGRESSION = 1.728  # 20 % in diameter, as volume
PASSED, DIED, PROGRESSED, NO_RESPONSE = range(4)
ALL_SUMS, DISTANT_SUMS = 0, 1
AT_ONCE, INOPERABLE = 1, 2  # flags of a patient in a study


@jit
def clear_outcome(out, patient):
    """Blank an outcome row."""
    out.patient_id = patient
    out.eligible_disease = 0
    out.gate = PASSED
    out.randomised_day = np.nan
    out.surgery_day = np.nan
    out.conserving = 0
    out.margins_free = -1
    out.radiotherapy = 0
    out.crossover = 0
    out.surgery_death = 0
    out.local_day = np.nan
    out.local_lesions = 0
    out.local_refused = GIVEN
    out.treated_progression_day = np.nan
    out.found_early = 0
    out.adjuvant = 0
    out.first_regimen = NO_REGIMEN
    out.n_lines = 0
    out.progression_day = np.nan
    out.distant_progression_day = np.nan
    out.local_progression_day = np.nan
    out.first_progression_day = np.nan
    out.last_assessment_day = np.nan
    out.best_response = NE
    out.first_line_response = NE
    out.true_progression_day = np.nan
    out.death_day = np.nan
    out.death_cause = 0
    out.last_day = 0.0
    out.ecog_randomised = -1
    out.disease_free_days = np.nan


@jit
def describe(seed, p, who, out):
    """Write what is known of the patient into her outcome row."""
    draw_markers(seed, who.id, who.class_, p, out.marker)
    out.ki67_percent = draw_ki67(seed, who.id, who.class_, p)
    out.age_years = who.age
    out.menopause = who.menopause
    out.comorbidity = who.comorbidity
    out.subtype = who.subtype
    out.class_ = who.class_
    out.lobular = who.lobular
    out.primary_cm = who.primary_cm
    out.node_count = who.node_count
    out.found_by = who.found_by
    out.tumour_age_days = who.age_of_tumour


@jit
def circulating_cells(seed, p, who, store):
    """Expected tumour cells in 7.5 ml of blood by the EpCAM assay: a pool in balance between shedding and clearance.

    Shedding follows the class, not the patient's own founding rate: what makes founders rare differs between patients after shedding.
    """
    shed = 0.0
    for i in range(who.n):
        if store[i].mult > 0.0 and store[i].state == VASCULAR:
            ratio = 1.0 if i == 0 else p.metastasis_seeding_ratio
            shed += ratio * store[i].mult * math.exp(p.founding_exponent * (store[i].x - math.log(1e9)))
    per_day = p.founding_rate_per_day[who.class_] * p.cells_shed_per_founder * shed
    pool = per_day * p.circulating_half_life_hours / 24.0 / math.log(2.0)
    patient = math.exp(p.circulating_sd_log * normal(seed, who.id, NOBODY, ASSAY, 0))
    return pool * p.circulating_detectable * patient * 7.5 / p.blood_volume_ml * p.ctc_recovery


@jit
def _visit_interval(plan, since):
    for k in range(4):
        if since < plan.visit_until[k]:
            return plan.visit_days[k]
    return plan.visit_days[3]


@jit
def _crossover_delay(seed, who, arm):
    spread = arm.crossover_delay_sd_log * normal(seed, who.id, NOBODY, OPERATION, CROSSOVER_DAY)
    return max(1.0, arm.crossover_delay * math.exp(spread))


@jit
def _better(best, response):
    """The better of two overall responses (CR > PR > SD = NON-CR/NON-PD > PD > NE)."""
    if best == NE:
        return response
    if response == NE:
        return best
    return min(best, response)


@jit
def _start_line(seed, p, who, body, drugs, library, standard, arm, day, log):
    """Choose and begin the next line, or decide that there is none."""
    agents, regimens, _ = library
    note_exposures(log, who, drugs, day)
    let_go(drugs, agents, day)
    if drugs.over == 1 or arm.untreated == 1:
        stop_all(drugs)
        return
    crisis = 1 if body.visceral * 365.25 > p.crisis_hazard_per_year else 0
    chosen = choose_regimen(seed, who, standard, drugs.line, crisis)
    if drugs.line == 0 and arm.first_regimen >= 0:
        chosen = arm.first_regimen
    elif 1 <= drugs.line <= LATER_LINES and arm.later_regimen[drugs.line - 1] >= 0:
        if uniform(seed, who.id, NOBODY, CARE, PROTOCOL_LINE + drugs.line) < arm.later_share[drugs.line - 1]:
            chosen = arm.later_regimen[drugs.line - 1]
    if chosen == NO_REGIMEN or gives_up(seed, who, body, drugs.line, p):
        drugs.over = 1
        stop_all(drugs)
        note(log, who.id, day, EV_NO_MORE, float(drugs.line))
        return
    begin_regimen(seed, who, drugs, agents, regimens, chosen, max(day, body.pause_until))
    drugs.line += 1
    note(log, who.id, day, EV_LINE, float(chosen))


@jit
def _rebaseline(who, store, clinic, distant, local):
    """New baseline for a new line; the nadirs of what has not progressed yet stay, as a trial's endpoints need them."""
    distant_nadir, other_nadir, local_nadir = clinic.nadir[DISTANT_SUMS], clinic.other_nadir[DISTANT_SUMS], clinic.local_nadir
    set_baseline(who, store, clinic)
    if not distant:
        clinic.nadir[DISTANT_SUMS] = distant_nadir
        clinic.other_nadir[DISTANT_SUMS] = other_nadir
    if not local:
        clinic.local_nadir = local_nadir


@jit
def _true_volume(body):
    total = 0.0
    for place in range(body.burden.shape[0]):
        total += body.burden[place]
    return total


@jit
def _treat_locally(seed, p, who, store, body, clinic, therapies, arm, slot, session, out, log):
    """A session of a planned local treatment that falls due in her arm, unless she may not have it."""
    if not receives(seed, who, slot, arm.local_received[slot]):
        return
    which = arm.local[slot]
    therapy = therapies[which]
    why = refusal(therapy, who, store, clinic.ecog)
    if why != GIVEN:
        if session == 0:
            out.local_refused = why
            note(log, who.id, body.day, EV_LOCAL_REFUSED, float(why))
        return
    treated = treat_lesions(seed, p, who, store, body, therapy, which, slot, session, clinic.ecog, log)
    note(log, who.id, body.day, EV_LOCAL_TREATMENT, float(which))
    if math.isnan(out.local_day):
        out.local_day = body.day
        out.local_lesions = treated
    leave_sums(who, store, clinic)
    tally(store, who, p, body.burden)
    body.hazard, body.visceral = cancer_hazard(body.burden, p)
    clinic.true_nadir = _true_volume(body)


@jit
def begin(seed, patient, p, plan, who, store, body, drugs, out):
    """Bring a patient to her diagnosis of metastatic disease; returns False if she never gets there (or is not of the kind asked for)."""
    clear_outcome(out, patient)
    grow_to_diagnosis(seed, patient, p, who, store)
    if plan.relapse == 2:
        draw_tropism(seed, patient, p, who)  # who has no colony yet may still found some
    body.day = 0.0
    body.died = 0
    body.primary_out = 0
    body.wound_until = -1.0
    body.pause_until = -1.0
    body.operative_death = math.inf
    body.sleep_factor = 1.0
    body.cancer_left = exponential(seed, patient, NOBODY, DEATH, 0)
    body.other_left = exponential(seed, patient, NOBODY, DEATH, 1)
    body.treatment_left = exponential(seed, patient, NOBODY, DEATH, 3)
    body.z_condition = normal(seed, patient, NOBODY, DEATH, 2)
    no_drugs(drugs)
    body.reference_volume = suppressing_volume(store, who, p)
    if plan.relapse == 1 and who.metastatic == 1:
        return False
    if plan.relapse == 1 or (plan.relapse == 3 and who.metastatic == 0):
        drawn, by_surveillance, out.adjuvant = live_early(seed, p, plan, who, store, body, drugs)
        out.last_day = body.day
        if drawn < 0.0:
            describe(seed, p, who, out)
            out.death_cause = body.died
            return False
        out.disease_free_days = drawn
        out.found_early = 1 if by_surveillance else 0
        restart_clock(who, store, body, drawn)
    elif plan.relapse == 0 and who.metastatic == 0:
        return False
    out.eligible_disease = 1
    describe(seed, p, who, out)
    draw_resistance(seed, patient, p, who)
    for i in range(who.n):
        if store[i].mult > 0.0:
            if i >= FIRST_COLONY and store[i].state == DORMANT:
                store[i].fraction[0] = UNDRAWN
            else:
                draw_fractions(seed, patient, p, who, store[i])
    tally(store, who, p, body.burden)
    body.hazard, body.visceral = cancer_hazard(body.burden, p)
    body.background = background_hazard(who.age, who.comorbidity, p)
    draw_pharmacology(seed, who, drugs, p)
    stop_all(drugs)
    drugs.n_lasting = 0
    drugs.line = 0
    drugs.over = 0
    out.ctc_mean = circulating_cells(seed, p, who, store)
    return True


@jit
def live(seed, patient, p, library, standard, plan, arms, which, flags, who, store, body, drugs, clinic, out, log):
    """Live one patient in one arm.

    Parameters
    ----------
    seed : uint64
    patient : int
        Number of the natural history.
    p : record
        Parameters.
    library : (agents, regimens, local treatments) record arrays
    standard : record
        Standard of care.
    plan, arms, which : record, record array, int
        The study's schedule, all its arms, and the arm lived here.
    flags : int
        ``AT_ONCE`` randomises her at diagnosis whatever the gate says; ``INOPERABLE`` keeps the operation from her.
    who, store, body, drugs, clinic : records
        Scratch.
    out : record
        Filled with the outcome.
    log : (assessments, sightings, events, counts, exposures, treated lesions)
        Record arrays to fill with detail; of length zero where none is wanted.

    Returns
    -------
    bool
        Whether the life was of the kind asked for (metastatic as the plan says).
    """
    if not begin(seed, patient, p, plan, who, store, body, drugs, out):
        return False
    agents, _, therapies = library
    arm = arms[which]
    note(log, patient, 0.0, EV_DIAGNOSIS, who.primary_cm)
    clinic.visits = 0
    clinic.ecog = observed_ecog(seed, who, body, 0, 0, p)
    look(seed, who, store, 0, plan, p)
    visible_extent(who, store, out)
    set_baseline(who, store, clinic)
    out.ecog = clinic.ecog
    clinic.true_nadir = _true_volume(body)
    local_counts = p.switch_local_progression > 0.0
    sums = ALL_SUMS if local_counts and body.primary_out == 0 else DISTANT_SUMS
    note_assessment(log, who, store, body, clinic, 0, drugs.line, NE, NE, NE, 0, 1, sums, out.ctc_mean, p)

    # when the trial begins for her, and when each arm would operate
    gated = plan.gate_high > 0.0
    if flags & AT_ONCE:
        gated = False
    operable = (flags & INOPERABLE) == 0
    gate = 0.0
    if gated:
        gate = plan.gate_low + (plan.gate_high - plan.gate_low) * uniform(seed, patient, NOBODY, OPERATION, GATE)
    randomised = False
    stops = np.full(arms.shape[0], math.inf)
    for a in range(arms.shape[0]):
        if arms[a].procedure > 0:
            stops[a] = planned_day(seed, who, gate, arms[a].delay_median, arms[a].delay_sd_log)
    crosses = np.full(arms.shape[0], math.inf)
    for a in range(arms.shape[0]):
        if arms[a].crossover_on == 2:
            crosses[a] = gate + _crossover_delay(seed, who, arms[a])
    # days of local treatments: of the next session of each, in every arm
    some_local = False
    local_days = np.full((arms.shape[0], MAX_LOCAL), math.inf)
    for a in range(arms.shape[0]):
        for k in range(MAX_LOCAL):
            if arms[a].local[k] >= 0:
                some_local = True
                local_days[a, k] = local_day(seed, who, k, gate, arms[a].local_delay_median[k], arms[a].local_delay_sd_log[k])
    sessions = np.zeros((arms.shape[0], MAX_LOCAL), np.int64)
    operation = math.inf
    if arm.procedure > 0 and operable and operation_draw(seed, who, RECEIVED) < arm.received:
        operation = stops[which]
    crossing = arm.crossover_on > 0 and operation_draw(seed, who, CROSSOVER) < arm.crossover
    if crossing and arm.crossover_on == 2:
        operation = crosses[which]
    if operation < math.inf and arm.procedure == 1 and arm.systemic_after == 1:
        body.pause_until = p.switch_operative_cost * (operation + arm.pause_days)

    if not gated:
        randomised = True
        out.randomised_day = 0.0
        out.ecog_randomised = clinic.ecog
        note(log, patient, 0.0, EV_RANDOMISED, float(which))
    _start_line(seed, p, who, body, drugs, library, standard, arm, 0.0, log)
    out.first_regimen = drugs.regimen
    response_now = NE
    clinic.next_visit = _visit_interval(plan, 0.0)
    progressed_before_gate = False

    while body.day < plan.horizon:
        # ---- to the next stop
        stop = min(plan.horizon, body.day + p.step_days)
        stop = min(stop, clinic.next_visit)
        if gated and not randomised:
            stop = min(stop, gate)
        for a in range(arms.shape[0]):
            if stops[a] > body.day:
                stop = min(stop, stops[a])
            if crosses[a] > body.day:
                stop = min(stop, crosses[a])
        if some_local:
            stop = min(stop, next_local(local_days, body.day))
        if operation > body.day:
            stop = min(stop, operation)
        ends = next_end(drugs)
        if ends > body.day:
            stop = min(stop, ends)
        stop = min(stop, next_fading(drugs, agents, body.day))
        if body.pause_until > body.day:
            stop = min(stop, body.pause_until)
        days = max(stop - body.day, 1e-6)

        # ---- the body moves on
        apply_agents(p, drugs, agents, body.day < body.pause_until, body.day)
        woke, founded = advance(seed, p, who, store, body, drugs, days)
        tally(store, who, p, body.burden)
        when, cause = age_hazards(p, who, body, drugs, days)
        if body.operative_death <= body.day + days and body.operative_death < body.day + when:
            when, cause = body.operative_death - body.day, 3
            out.surgery_death = 1
        if when < math.inf:
            body.day += when
            body.died = cause
            out.death_day = body.day
            out.death_cause = cause
            note(log, patient, body.day, EV_DEATH, float(cause))
            break
        body.day += days
        if woke > 0:
            note(log, patient, body.day, EV_WAKE, float(woke))
        if founded > 0:
            note(log, patient, body.day, EV_FOUNDED, float(founded))
        volume = _true_volume(body)
        if volume >= TRUE_PROGRESSION * clinic.true_nadir and randomised and math.isnan(out.true_progression_day):
            out.true_progression_day = body.day
        clinic.true_nadir = min(clinic.true_nadir, volume)

        # ---- drugs whose course is over
        for k in range(drugs.n):
            if drugs.until[k] <= body.day + 1e-9:
                note_exposure(log, who, drugs, k, drugs.until[k])
        if drugs.n > 0 and end_due_agents(drugs, agents, body.day) > 0:
            note(log, patient, body.day, EV_STOP, float(drugs.n))
            then = library[1][drugs.regimen].then
            if then >= 0 and not gives_cytotoxic(drugs, agents):
                note_exposures(log, who, drugs, body.day)
                let_go(drugs, agents, body.day)
                begin_regimen(seed, who, drugs, agents, library[1], then, body.day)
                note(log, patient, body.day, EV_MAINTENANCE, float(then))

        # ---- an operation that falls due
        if body.day >= operation and body.primary_out == 0:
            allowed = clinic.ecog <= arm.max_ecog or arm.procedure != 1
            if arm.unless_progressed == 1 and not math.isnan(out.distant_progression_day):
                allowed = False
            if allowed:
                if arm.procedure == 2:
                    note(log, patient, body.day, EV_SURGERY, 2.0)
                else:
                    bcs, free, rt = resect(seed, p, who, store, body, arm, body.day, clinic.ecog)
                    out.surgery_day = body.day
                    out.conserving = 1 if bcs else 0
                    out.margins_free = 1 if free else 0
                    out.radiotherapy = 1 if rt else 0
                    out.crossover = 1 if arm.procedure == 0 else 0
                    sums = DISTANT_SUMS
                    clinic.local_sum = 0.0
                    clinic.local_nadir = 0.0
                    tally(store, who, p, body.burden)
                    body.hazard, body.visceral = cancer_hazard(body.burden, p)
                    clinic.true_nadir = _true_volume(body)
                    note(log, patient, body.day, EV_SURGERY, 1.0 if bcs else 0.0)
            operation = math.inf

        # ---- local treatments of lesions
        if some_local:
            for a in range(arms.shape[0]):
                for k in range(MAX_LOCAL):
                    if body.day < local_days[a, k]:
                        continue
                    if a == which and randomised:
                        _treat_locally(seed, p, who, store, body, clinic, therapies, arm, k, sessions[a, k], out, log)
                    sessions[a, k] += 1
                    planned = arms[a].local_sessions[k]
                    last = sessions[a, k] >= (planned if planned > 0 else therapies[arms[a].local[k]].sessions)
                    local_days[a, k] = math.inf if last else local_days[a, k] + therapies[arms[a].local[k]].interval_days

        # ---- a visit
        at_gate = gated and not randomised and body.day >= gate
        if body.day >= clinic.next_visit or at_gate:
            clinic.visits += 1
            pool_waiting(p, who, store)
            clinic.ecog = observed_ecog(seed, who, body, drugs.cytotoxic, clinic.visits, p)
            new_distant, new_local = look(seed, who, store, clinic.visits, plan, p)
            sum_up(who, store, clinic)
            target, other, distant = respond(clinic, DISTANT_SUMS, new_distant)
            overall = distant
            if sums == ALL_SUMS:
                target, other, overall = respond(clinic, ALL_SUMS, new_distant + new_local)
            local = local_progression(clinic, new_local)
            if not math.isnan(out.local_day):
                grew_distant, grew_local = treated_progression(who, store)
                local = local or grew_local
                if grew_distant:
                    distant = PD
                    overall = PD
                if (grew_distant or grew_local) and math.isnan(out.treated_progression_day):
                    out.treated_progression_day = body.day
                    note(log, patient, body.day, EV_TREATED_GROWS, 0.0)
            local = local and local_counts
            if local:
                overall = PD
            ctc = drugs.circulating * circulating_cells(seed, p, who, store) if log[0].shape[0] > 0 else 0.0
            note_assessment(
                log, who, store, body, clinic, clinic.visits, drugs.line, target, other, overall,
                new_distant + new_local, 0, sums, ctc, p,
            )  # fmt: skip
            out.last_assessment_day = body.day
            if drugs.line <= 1:
                out.first_line_response = _better(out.first_line_response, overall)
            if randomised:
                if math.isnan(out.progression_day):
                    out.best_response = _better(out.best_response, overall)
                    if overall == PD:
                        out.progression_day = body.day
                        note(log, patient, body.day, EV_PROGRESSION, 0.0)
                if distant == PD and math.isnan(out.distant_progression_day):
                    out.distant_progression_day = body.day
                    note(log, patient, body.day, EV_DISTANT, 0.0)
                if local and math.isnan(out.local_progression_day):
                    out.local_progression_day = body.day
                    note(log, patient, body.day, EV_LOCAL, 0.0)
                    if crossing and arm.crossover_on == 1 and body.primary_out == 0:
                        operation = body.day + _crossover_delay(seed, who, arm)
            response_now = _better(response_now, overall)
            if overall == PD:
                if math.isnan(out.first_progression_day):
                    out.first_progression_day = body.day
                progressed_before_gate = progressed_before_gate or not randomised
                _rebaseline(who, store, clinic, distant == PD, local)
                _start_line(seed, p, who, body, drugs, library, standard, arm, body.day, log)
            origin = out.randomised_day if randomised else 0.0
            clinic.next_visit = body.day + _visit_interval(plan, body.day - origin)

            if at_gate:
                if plan.gate_required >= 1 and progressed_before_gate:
                    out.gate = PROGRESSED
                elif plan.gate_required == 2 and not (response_now == CR or response_now == PR):
                    out.gate = NO_RESPONSE
                if out.gate != PASSED:
                    note(log, patient, body.day, EV_GATE_FAILED, float(out.gate))
                    if plan.stop_at_gate >= 1:
                        break
                    gated = False
                    operation = math.inf  # not randomised: no arm's operation
                else:
                    randomised = True
                    out.randomised_day = body.day
                    out.ecog_randomised = clinic.ecog
                    set_baseline(who, store, clinic)
                    clinic.true_nadir = _true_volume(body)
                    clinic.next_visit = body.day + _visit_interval(plan, 0.0)
                    note(log, patient, body.day, EV_RANDOMISED, float(which))
                    if plan.stop_at_gate == 1:
                        break

    note_exposures(log, who, drugs, body.day)
    if body.died == 0 and body.day >= plan.horizon:
        note(log, patient, body.day, EV_END, 0.0)
    if gated and not randomised and body.died != 0:
        out.gate = DIED
    out.n_lines = drugs.line
    out.merged = who.merged
    out.last_day = body.day
    return True
