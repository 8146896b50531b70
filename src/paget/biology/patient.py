"""Who the patient is: traits drawn once from her number, before anything happens."""

from __future__ import annotations

import math

import numpy as np

from paget._jit import jit
from paget.biology.growth import rate_from_doubling
from paget.biology.layout import CLASS_SUBTYPE, LIVER, N_ORGANS, N_PHENOTYPES, SKIN
from paget.biology.markers import CCR7, CXCR4, EGFR, GERMLINE_BRCA, HER2_LOW, KI67, PD_L1, VEGF
from paget.randomness import MARKER, TRAITS, TROPISM, exponential, gamma, normal, uniform

NOBODY = np.uint64(0)  # lineage of draws that belong to the patient, not to a lesion

PATIENT = np.dtype(
    [
        ("id", np.int64),
        ("age", np.float64),  # years at diagnosis
        ("menopause", np.int64),  # 1 after menopause
        ("comorbidity", np.int64),  # 0..3
        ("class_", np.int64),
        ("subtype", np.int64),
        ("lobular", np.int64),
        ("rate_primary", np.float64),  # Gompertz rates per day
        ("rate_metastasis", np.float64),
        ("founding", np.float64),  # founding events per day at 1e9 cells
        ("nodes_founding", np.float64),
        ("dormant_share", np.float64),
        ("sleep", np.float64),  # rate of waking per day
        ("wait", np.float64),  # rate of the angiogenic switch per day
        ("weight", np.float64, (N_ORGANS,)),  # organ weights, sum 1
        ("resistance", np.float64, (N_PHENOTYPES,)),  # logits of resistant fractions, before lesion and size
        # filled by the natural history
        ("age_of_tumour", np.float64),  # days from the first cell to diagnosis
        ("found_by", np.int64),  # 0 symptom of the primary, 1 screening, 2 symptom of a metastasis
        ("n", np.int64),  # rows of the lesion store in use
        ("labels", np.int64),  # labels given so far
        ("merged", np.int64),  # colonies that did not fit and were merged
        ("node_count", np.int64),
        ("metastatic", np.int64),  # 1 if staging sees distant disease
        ("primary_cm", np.float64),
        ("imaged", np.int64),
    ],
    align=True,
)


@jit
def cut_normal(z, mean, sd, low, high):
    """A normal variate folded back at its limits."""
    value = mean + sd * z
    if value < low:
        value = 2 * low - value
    if value > high:
        value = 2 * high - value
    return min(max(value, low), high)


@jit
def draw_patient(seed, patient, p, out):
    """Draw the traits of patient number ``patient`` into the record ``out``."""
    u = uniform(seed, patient, NOBODY, TRAITS, 0)
    class_ = 0
    while class_ < 4 and u >= p.class_share[class_]:
        u -= p.class_share[class_]
        class_ += 1
    out.id = patient
    out.class_ = class_
    out.subtype = CLASS_SUBTYPE[class_]
    out.age = cut_normal(
        normal(seed, patient, NOBODY, TRAITS, 1), p.age_mean_years[class_], p.age_sd_years, 25.0, 95.0
    )
    out.menopause = 1 if out.age > p.menopause_mean_years + 4.0 * normal(seed, patient, NOBODY, TRAITS, 2) else 0
    mean = p.comorbidity_mean_60 * math.exp(p.comorbidity_log_per_year * (out.age - 60.0))
    # Poisson by counting unit exponentials, cut at 3
    reached, points = 0.0, -1
    while reached < mean and points < 3:
        points += 1
        reached += exponential(seed, patient, NOBODY, TRAITS, 20 + points)
    out.comorbidity = max(0, points if reached >= mean else 3)
    out.lobular = 1 if uniform(seed, patient, NOBODY, TRAITS, 3) < p.lobular_share[class_] else 0

    log_capacity = math.log(p.carrying_capacity_cells)
    z_primary = normal(seed, patient, NOBODY, TRAITS, 4)
    rho = p.corr_growth_primary_metastasis
    z_metastasis = rho * z_primary + math.sqrt(1.0 - rho * rho) * normal(seed, patient, NOBODY, TRAITS, 5)
    out.rate_primary = rate_from_doubling(p.doubling_primary_days[class_], 1e9, log_capacity) * math.exp(
        p.sd_log_growth_primary * z_primary
    )
    out.rate_metastasis = rate_from_doubling(p.doubling_metastasis_days[class_], 1e9, log_capacity) * math.exp(
        p.sd_log_growth_metastasis * z_metastasis
    )

    rho = p.corr_growth_seeding
    z_founding = rho * z_primary + math.sqrt(1.0 - rho * rho) * normal(seed, patient, NOBODY, TRAITS, 6)
    steps = p.switch_invasion * p.switch_intravasation * p.switch_circulation
    steps *= p.switch_arrest * p.switch_extravasation * p.switch_colonisation
    if out.lobular == 1:
        steps *= p.lobular_invasion
    out.founding = steps * p.founding_rate_per_day[class_] * math.exp(
        p.switch_frailty * p.sd_log_founding * z_founding
    )
    rho = p.corr_founding_nodes
    z_nodes = rho * z_founding + math.sqrt(1.0 - rho * rho) * normal(seed, patient, NOBODY, TRAITS, 7)
    out.nodes_founding = steps * p.node_rate_per_day * math.exp(p.switch_frailty * p.sd_log_nodes * z_nodes)

    logit = math.log(p.dormant_share[class_] / (1.0 - p.dormant_share[class_]))
    logit += p.sd_logit_dormant_share * normal(seed, patient, NOBODY, TRAITS, 8)
    out.dormant_share = p.switch_dormancy / (1.0 + math.exp(-logit))
    out.sleep = math.exp(-p.sd_log_dormancy * normal(seed, patient, NOBODY, TRAITS, 9)) / (
        365.25 * p.dormancy_mean_years[class_]
    )
    out.sleep *= p.switch_awakening
    out.wait = p.switch_angiogenic_switch / (365.25 * p.angiogenic_wait_years[class_])

    out.n = 0
    out.labels = 0
    out.merged = 0


@jit
def carries(seed, patient, marker, share):
    """Whether a patient has a marker that this share of her class has."""
    return uniform(seed, patient, NOBODY, MARKER, marker) < share


@jit
def draw_markers(seed, patient, class_, p, out):
    """Draw the markers of a patient of a class into ``out`` (1 where she has one, in the order of `markers.MARKERS`)."""
    low = p.share_her2_low_tnbc if class_ == 4 else p.share_her2_low_hr_positive
    out[GERMLINE_BRCA] = 1 if carries(seed, patient, GERMLINE_BRCA, p.share_germline_brca[class_]) else 0
    out[PD_L1] = 1 if carries(seed, patient, PD_L1, p.share_pd_l1[class_]) else 0
    out[EGFR] = 1 if carries(seed, patient, EGFR, p.share_egfr[class_]) else 0
    out[CXCR4] = 1 if carries(seed, patient, CXCR4, p.share_cxcr4[class_]) else 0
    out[CCR7] = 1 if carries(seed, patient, CCR7, p.share_ccr7[class_]) else 0
    out[VEGF] = 1 if carries(seed, patient, VEGF, p.share_vegf[class_]) else 0
    out[HER2_LOW] = 1 if carries(seed, patient, HER2_LOW, low) else 0


@jit
def draw_ki67(seed, patient, class_, p):
    """Ki-67 of a patient of a class, per cent: logit-normal."""
    odds = p.ki67_median_percent[class_] / (100.0 - p.ki67_median_percent[class_])
    return 100.0 / (1.0 + math.exp(-p.ki67_sd_logit * normal(seed, patient, NOBODY, MARKER, KI67)) / odds)


@jit
def marker_factor(carrier, ratio, share):
    """Factor on a weight, for carriers ``ratio`` times that of others and one on average over a class of whom a share carries."""
    if ratio == 1.0:
        return 1.0
    return (ratio if carrier else 1.0) / (share * ratio + 1.0 - share)


@jit
def lean(weight, total, organ, factor):
    """Multiply the weight of an organ among weights of this sum; the others make room in proportion, the sum stays."""
    if weight[organ] >= total:
        return
    wanted = min(weight[organ] * factor, total)
    rest = (total - wanted) / (total - weight[organ])
    for other in range(N_ORGANS):
        weight[other] *= rest
    weight[organ] = wanted


@jit
def lean_by_markers(seed, patient, p, class_, weight, total):
    """Move mean organ weights of this sum as CXCR4 and CCR7 say; averaged over both they stay what they are."""
    share = p.share_cxcr4[class_]
    ratio = 1.0 + p.switch_marker_tropism * (p.cxcr4_liver_ratio - 1.0)
    lean(weight, total, LIVER, marker_factor(carries(seed, patient, CXCR4, share), max(ratio, 0.0), share))
    # stated the other way round, since none of those without CCR7 had skin metastases
    share = p.share_ccr7[class_]
    ratio = 1.0 + p.switch_marker_tropism * (p.ccr7_negative_skin_ratio - 1.0)
    lean(weight, total, SKIN, marker_factor(not carries(seed, patient, CCR7, share), max(ratio, 0.0), 1.0 - share))


@jit
def draw_tropism(seed, patient, p, out):
    """Draw the patient's organ weights (Dirichlet); done only once there is something to settle."""
    c = out.class_
    out.weight[0] = p.tropism_bone[c]
    out.weight[1] = p.tropism_liver[c]
    out.weight[2] = p.tropism_lung[c]
    out.weight[3] = p.tropism_brain[c]
    out.weight[4] = p.tropism_skin[c]
    out.weight[5] = p.tropism_distant_nodes[c]
    total = 0.0
    for organ in range(N_ORGANS):
        total += out.weight[organ]
    if p.switch_marker_tropism > 0.0:
        lean_by_markers(seed, patient, p, c, out.weight, total)
    drawn = 0.0
    for organ in range(N_ORGANS):
        shape = p.tropism_concentration * out.weight[organ] / total
        out.weight[organ] = gamma(seed, patient, NOBODY, TROPISM, 64 * organ, shape) if shape > 0.0 else 0.0
        drawn += out.weight[organ]
    for organ in range(N_ORGANS):
        out.weight[organ] /= drawn
