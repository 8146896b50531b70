"""The plan and the arms that a life is given, and the records that come out of it."""

from __future__ import annotations

import numpy as np

from paget.biology.layout import N_ORGANS, N_PLACES
from paget.biology.markers import N_MARKERS
from paget.therapy.layout import ADJUVANT_SLOTS
from paget.therapy.local import MAX_LOCAL

LATER_LINES = 4
"""Lines after the first that an arm can name a regimen for."""

ARM = np.dtype(
    [
        ("procedure", np.int64),  # 0 none, 1 surgery, 2 sham
        ("first_regimen", np.int64),  # instead of the standard's first line, -1 none
        ("untreated", np.int64),  # 1: no systemic therapy at all
        ("later_regimen", np.int64, (LATER_LINES,)),  # instead of the standard's lines 2, 3, ..., -1 none
        ("later_share", np.float64, (LATER_LINES,)),  # of those who get that line
        ("delay_median", np.float64),  # days from time zero to the operation
        ("delay_sd_log", np.float64),
        ("received", np.float64),
        ("max_ecog", np.int64),
        ("unless_progressed", np.int64),
        ("conserving", np.float64),
        ("radiotherapy_conserving", np.float64),
        ("radiotherapy_mastectomy", np.float64),
        ("margin_involved", np.float64),
        ("pause_days", np.float64),
        ("systemic_after", np.int64),
        ("crossover", np.float64),
        ("crossover_on", np.int64),  # 0 never, 1 locoregional progression, 2 any time
        ("crossover_delay", np.float64),
        ("crossover_delay_sd_log", np.float64),
        ("local", np.int64, (MAX_LOCAL,)),  # local treatments of lesions, -1 none
        ("local_delay_median", np.float64, (MAX_LOCAL,)),  # days from time zero
        ("local_delay_sd_log", np.float64, (MAX_LOCAL,)),
        ("local_received", np.float64, (MAX_LOCAL,)),
        ("local_sessions", np.int64, (MAX_LOCAL,)),  # at most; 0: as the therapy says
    ],
    align=True,
)

PLAN = np.dtype(
    [
        ("horizon", np.float64),  # days from diagnosis
        ("relapse", np.int64),  # 0: de novo stage IV; 1: relapse after early disease; 2: everybody, from diagnosis; 3: 0 and 1
        ("gate_low", np.float64),  # induction, days; both 0: randomised at diagnosis
        ("gate_high", np.float64),
        ("gate_required", np.int64),  # 0 nothing, 1 no progression, 2 response
        ("stop_at_gate", np.int64),  # 1: stop there (screening), 2: stop only if not passed
        ("visit_days", np.float64, (4,)),  # intervals ...
        ("visit_until", np.float64, (4,)),  # ... up to these days after time zero
        ("imaging_limit", np.float64, (N_PLACES,)),  # of visits: times a lesion's own limit; 1 as at staging
        ("false_positive", np.float64),  # probability that a visit shows a new lesion where there is none
        ("surveillance_days", np.float64),  # interval of planned visits in early disease; 0: symptoms alone find a relapse
        ("surveillance_until", np.float64),
        ("surveillance_limit", np.float64, (N_ORGANS,)),  # times a lesion's own limit: what its imaging shows; inf not imaged
        ("marker_cm3", np.float64),  # burden at which a marker rises in half of patients; inf: none measured
        ("marker_sd_log", np.float64),
        ("workup_limit", np.float64, (N_ORGANS,)),  # imaging once a marker has risen
        ("adjuvant_n", np.int64),  # adjuvant therapies that early disease is given, each in a slot of its own
        ("adjuvant_kind", np.int64, (ADJUVANT_SLOTS,)),  # index of its draws: therapies of one kind exclude each other
        ("adjuvant_low", np.float64, (ADJUVANT_SLOTS, 3, 4, 2)),  # taken by stage, subtype, menopause where her draw lies from here ...
        ("adjuvant_high", np.float64, (ADJUVANT_SLOTS, 3, 4, 2)),  # ... to here
        ("adjuvant_awake", np.float64, (ADJUVANT_SLOTS,)),  # chance that a colony is eradicated
        ("adjuvant_dormant", np.float64, (ADJUVANT_SLOTS,)),
        ("adjuvant_waking", np.float64, (ADJUVANT_SLOTS,)),  # factor on the rate of waking ...
        ("adjuvant_days", np.float64, (ADJUVANT_SLOTS,)),  # ... for so long; 0: it is over at once
        ("adjuvant_axis", np.int64, (ADJUVANT_SLOTS,)),  # drugs to which what outlives it is more resistant, -1 none
    ],
    align=True,
)

NOT_REACHED = np.nan
OUTCOME = np.dtype(
    [
        ("patient_id", np.int64),
        ("eligible_disease", np.int64),  # 1 if the life is of the asked kind (de novo or relapsed)
        ("gate", np.int64),  # 0 passed, 1 died, 2 progressed, 3 no response
        ("age_years", np.float64),
        ("menopause", np.int64),
        ("ecog", np.int64),
        ("comorbidity", np.int64),
        ("subtype", np.int64),
        ("class_", np.int64),
        ("lobular", np.int64),
        ("marker", np.int64, (N_MARKERS,)),  # 1 where she has it, in the order of `paget.biology.markers.MARKERS`
        ("ki67_percent", np.float64),
        ("primary_cm", np.float64),
        ("node_count", np.int64),
        ("n_metastases", np.int64),
        ("n_sites", np.int64),
        ("site", np.int64, (N_ORGANS,)),
        ("n_visible", np.int64, (N_ORGANS,)),
        ("largest_cm", np.float64, (N_ORGANS,)),  # as measured; 0: none seen
        ("found_by", np.int64),
        ("disease_free_days", np.float64),  # relapse: from surgery of the primary
        ("tumour_age_days", np.float64),
        ("ctc_mean", np.float64),  # expected circulating tumour cells in 7.5 ml at diagnosis
        ("merged", np.int64),
        ("randomised_day", np.float64),
        ("ecog_randomised", np.int64),
        ("surgery_day", np.float64),
        ("conserving", np.int64),
        ("margins_free", np.int64),
        ("radiotherapy", np.int64),
        ("crossover", np.int64),
        ("surgery_death", np.int64),
        ("local_day", np.float64),  # first local treatment of lesions
        ("local_lesions", np.int64),  # treated at that session
        ("local_refused", np.int64),  # why the first planned one was not given, `paget.therapy.local`
        ("treated_progression_day", np.float64),  # a treated lesion grew again
        ("found_early", np.int64),  # relapse: 1 at a planned visit, 0 by symptoms
        ("adjuvant", np.int64),  # relapse: adjuvant therapies taken, one bit for each slot of the plan
        ("first_regimen", np.int64),
        ("n_lines", np.int64),
        ("progression_day", np.float64),
        ("distant_progression_day", np.float64),
        ("local_progression_day", np.float64),
        ("first_progression_day", np.float64),  # from diagnosis, before randomisation too
        ("last_assessment_day", np.float64),
        ("best_response", np.int64),
        ("first_line_response", np.int64),
        ("true_progression_day", np.float64),
        ("death_day", np.float64),
        ("death_cause", np.int64),
        ("last_day", np.float64),  # end of what was simulated
    ],
    align=True,
)

ASSESSMENT = np.dtype(
    [
        ("patient_id", np.int64),
        ("visit", np.int64),
        ("day", np.float64),
        ("line", np.int64),
        ("sum_target_cm", np.float64),
        ("n_target", np.int64),
        ("target_response", np.int64),
        ("nontarget_response", np.int64),
        ("new_lesion", np.int64),
        ("overall_response", np.int64),
        ("baseline", np.int64),
        ("ecog", np.int64),
        ("ctc_mean", np.float64),  # expected circulating tumour cells in 7.5 ml by the EpCAM assay
        ("burden_cm3", np.float64, (N_PLACES,)),  # the truth, by place
    ],
    align=True,
)
SIGHTING = np.dtype(
    [
        ("patient_id", np.int64),
        ("visit", np.int64),
        ("day", np.float64),
        ("lesion", np.int64),
        ("place", np.int64),
        ("role", np.int64),  # 1 target, 2 non-target, 3 new, 4 treated
        ("measured_cm", np.float64),
        ("true_cm", np.float64),
    ],
    align=True,
)
EXPOSURE = np.dtype(
    [
        ("patient_id", np.int64),
        ("agent", np.int64),
        ("line", np.int64),
        ("start_day", np.float64),
        ("stop_day", np.float64),
    ],
    align=True,
)
TREATED_LESION = np.dtype(
    [
        ("patient_id", np.int64),
        ("day", np.float64),
        ("therapy", np.int64),
        ("session", np.int64),
        ("lesion", np.int64),
        ("place", np.int64),
        ("true_cm", np.float64),
        ("eradicated", np.int64),
        ("survivors_log", np.float64),
        ("margin_mm", np.float64),  # minimal margin of an ablation; NaN where none is drawn
        ("touched", np.int64),  # bits: which modifiers of the treatment's file touch this lesion; -1 where none is drawn
    ],
    align=True,
)
EVENT = np.dtype(
    [("patient_id", np.int64), ("day", np.float64), ("event", np.int64), ("detail", np.float64)], align=True
)
(
    EV_DIAGNOSIS, EV_RANDOMISED, EV_LINE, EV_STOP, EV_MAINTENANCE, EV_SURGERY, EV_RESPONSE, EV_PROGRESSION, EV_LOCAL, EV_DISTANT,
    EV_WAKE, EV_FOUNDED, EV_DEATH, EV_END, EV_GATE_FAILED, EV_NO_MORE, EV_LOCAL_TREATMENT, EV_LOCAL_REFUSED, EV_TREATED_GROWS,
) = range(19)  # fmt: skip
EVENTS = (
    "diagnosis", "randomisation", "line", "drug stopped", "maintenance", "surgery", "response", "progression",
    "locoregional progression", "distant progression", "colony wakes", "colonies founded", "death", "end of follow-up", "not randomised",
    "no further systemic therapy", "local treatment", "local treatment refused", "treated lesion progresses",
)  # fmt: skip
