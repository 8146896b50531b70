"""Systemic care as the clinic gives it: the standard's choice for a line, its drugs, and when they stop."""

from __future__ import annotations

import math

from paget._jit import jit
from paget.biology.patient import NOBODY
from paget.biology.resistance import AXIS_FAMILIES, N_AXES
from paget.biology.state import MAX_AGENTS, MAX_LASTING
from paget.randomness import CARE, PHARMACOLOGY, exponential, normal, uniform
from paget.therapy.layout import AWAKENING, DORMANCY, FOUNDING_STEPS, MAX_LINES, MAX_OPTIONS, N_STEPS, SWITCHING

NO_REGIMEN = -1
CHOICE, ATTRITION, TOXICITY, PROTOCOL_LINE = 100, 200, 300, 400  # draw indices, a line (and agent) added


@jit
def draw_pharmacology(seed, who, drugs, p):
    """This patient's factor on the kill of each family of drugs: her own, and less for each decade past 60, as doses are cut with age."""
    cut = p.switch_dose_with_age * p.dose_log_per_decade * max(who.age - 60.0, 0.0) / 10.0
    for axis in range(N_AXES):
        for family in range(AXIS_FAMILIES[axis]):
            z = normal(seed, who.id, NOBODY, PHARMACOLOGY, 4 * axis + family)
            drugs.effect[axis, family] = math.exp(p.kill_sd_log * z - cut)


@jit
def stop_all(drugs):
    """No systemic therapy."""
    drugs.n = 0
    drugs.regimen = NO_REGIMEN


@jit
def no_drugs(drugs):
    """Leave growth and the steps of the cascade as they are by themselves."""
    drugs.any = 0
    drugs.cytotoxic = 0
    drugs.growth = 1.0
    drugs.founding = 1.0
    drugs.dormancy = 1.0
    drugs.awakening = 1.0
    drugs.switching = 1.0
    drugs.circulating = 1.0
    drugs.fatal = 0.0


@jit
def _act_on_steps(drugs, agent, given, since, ended, day):
    """Multiply the steps of the cascade by what acts on this day of an agent: given now, or stopped on day ``ended``."""
    for step in range(N_STEPS):
        if agent.timed == 1 and not _acts(agent, step, given, since, ended, day):
            continue
        factor = agent.steps[step]
        if step < FOUNDING_STEPS:
            drugs.founding *= factor
        elif step == DORMANCY:
            drugs.dormancy *= factor
        elif step == AWAKENING:
            drugs.awakening *= factor
        elif step == SWITCHING:
            drugs.switching *= factor
        else:
            drugs.circulating *= factor


@jit
def _acts(agent, step, given, since, ended, day):
    # days are compared with a little room, so that an effect is over on the very day on which it ends
    if agent.lingers[step] >= 0.0:
        return given or day < ended + agent.lingers[step] - 1e-9
    if agent.lasts[step] < math.inf:
        return day < since + agent.lasts[step] - 1e-9
    return given


@jit
def let_go(drugs, agents, day):
    """Remember the agents that stop on this day and of which some effect goes on; the one that stopped longest ago makes room."""
    for k in range(drugs.n):
        remember(drugs, agents, k, day)


@jit
def remember(drugs, agents, k, day):
    """Remember one of the agents that are given, stopped on this day, if some effect of it has a duration of its own."""
    if agents[drugs.agent[k]].timed == 0 or day <= drugs.since[k]:  # the latter had not begun: it waited for a pause to end
        return
    row = drugs.n_lasting
    for other in range(drugs.n_lasting):  # one course of an agent is remembered, the last
        if drugs.lasting[other] == drugs.agent[k]:
            row = other
    if row == MAX_LASTING:
        row = 0
        for other in range(1, MAX_LASTING):
            if drugs.lasting_from[other] < drugs.lasting_from[row]:
                row = other
    drugs.lasting[row] = drugs.agent[k]
    drugs.lasting_since[row] = drugs.since[k]
    drugs.lasting_from[row] = day
    drugs.n_lasting = max(drugs.n_lasting, row + 1)


@jit
def _is_given(drugs, agent):
    for k in range(drugs.n):
        if drugs.agent[k] == agent:
            return True
    return False


@jit
def apply_agents(p, drugs, agents, paused, day):
    """Set the kill rates of the agents now given, none while therapy pauses, and the effects on steps of the cascade on this day."""
    for axis in range(N_AXES):
        drugs.active[axis] = 0
        for family in range(3):
            drugs.kill[axis, family] = 0.0
            drugs.spare[axis, family] = 0.0
    no_drugs(drugs)
    for k in range(drugs.n_lasting):
        if not _is_given(drugs, drugs.lasting[k]):
            _act_on_steps(drugs, agents[drugs.lasting[k]], False, drugs.lasting_since[k], drugs.lasting_from[k], day)
    if paused:
        return
    for k in range(drugs.n):
        agent = agents[drugs.agent[k]]
        if agent.axis >= 0:  # what kills nothing leaves the fractions alone, to the last bit
            drugs.any = 1
            drugs.active[agent.axis] = 1
            kill = agent.kill * drugs.effect[agent.axis, agent.family]
            drugs.kill[agent.axis, agent.family] += kill
            cross = p.partial_resistance[agent.axis] if math.isnan(agent.cross) else agent.cross
            drugs.spare[agent.axis, agent.family] += cross * kill
        if agent.growth < 1.0:
            drugs.any = 1
            drugs.growth *= agent.growth
        drugs.fatal += agent.fatal
        _act_on_steps(drugs, agent, True, drugs.since[k], day, day)
        if agent.cytotoxic == 1:
            drugs.cytotoxic = 1


@jit
def begin_regimen(seed, who, drugs, agents, regimens, regimen, day):
    """Begin a regimen: each agent runs to its course, to toxicity or to progression."""
    drugs.regimen = regimen
    drugs.n = regimens[regimen].n
    for k in range(drugs.n):
        a = regimens[regimen].agent[k]
        drugs.agent[k] = a
        drugs.since[k] = day
        until = day + regimens[regimen].days[k]
        if agents[a].toxic_stop > 0.0:
            draw = exponential(seed, who.id, NOBODY, CARE, TOXICITY + MAX_AGENTS * drugs.line + k)
            until = min(until, day + draw / agents[a].toxic_stop)
        drugs.until[k] = until


@jit
def end_due_agents(drugs, agents, day):
    """Drop agents whose course is over; returns how many ended."""
    kept = 0
    for k in range(drugs.n):
        if drugs.until[k] <= day + 1e-9:
            remember(drugs, agents, k, drugs.until[k])
        else:
            drugs.agent[kept] = drugs.agent[k]
            drugs.since[kept] = drugs.since[k]
            drugs.until[kept] = drugs.until[k]
            kept += 1
    ended = drugs.n - kept
    drugs.n = kept
    return ended


@jit
def gives_cytotoxic(drugs, agents):
    """Whether a cytotoxic agent is among those being given (or waiting for a pause to end)."""
    for k in range(drugs.n):
        if agents[drugs.agent[k]].cytotoxic == 1:
            return True
    return False


@jit
def next_end(drugs):
    """Day on which the next agent ends."""
    when = math.inf
    for k in range(drugs.n):
        when = min(when, drugs.until[k])
    return when


@jit
def next_fading(drugs, agents, day):
    """The next day after ``day`` on which an effect with a duration of its own is over."""
    when = math.inf
    for k in range(drugs.n):
        agent = agents[drugs.agent[k]]
        if agent.timed == 1:
            for step in range(N_STEPS):
                if drugs.since[k] + agent.lasts[step] > day:
                    when = min(when, drugs.since[k] + agent.lasts[step])
    for k in range(drugs.n_lasting):
        agent = agents[drugs.lasting[k]]
        for step in range(N_STEPS):
            end = drugs.lasting_since[k] + agent.lasts[step]
            if agent.lingers[step] >= 0.0:
                end = drugs.lasting_from[k] + agent.lingers[step]
            if end > day:
                when = min(when, end)
    return when


@jit
def choose_regimen(seed, who, standard, line, crisis):
    """The standard's regimen for a line given what the clinic sees; -1 if it has none."""
    if line >= MAX_LINES:
        return NO_REGIMEN
    u = uniform(seed, who.id, NOBODY, CARE, CHOICE + line)
    for option in range(MAX_OPTIONS):
        chance = standard.chance[who.subtype, crisis, who.menopause, line, option]
        if u < chance:
            return standard.regimen[who.subtype, crisis, who.menopause, line, option]
        u -= chance
    return NO_REGIMEN


@jit
def gives_up(seed, who, body, line, p):
    """Whether no (further) line is given: too ill, or by choice, more often with age."""
    if line == 0:
        too_ill = body.hazard * 365.25 > p.first_line_futile_hazard_per_year
        return too_ill or uniform(seed, who.id, NOBODY, CARE, ATTRITION) < p.untreated_share
    if body.hazard * 365.25 > p.futile_hazard_per_year:
        return True
    chance = p.attrition_58 * math.exp(p.attrition_log_per_year * (who.age - 58.0))
    return uniform(seed, who.id, NOBODY, CARE, ATTRITION + line) < chance
