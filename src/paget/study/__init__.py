"""Trials as data: protocol files, eligibility, baseline mix, randomisation, follow-up.

A protocol is a YAML file (`load_protocol`); docs/protocols.md describes every key. This room knows nothing
of how a life works inside: it says who enters, when and in which arm, and when the data are cut.
"""

from paget.study.attributes import ATTRIBUTES
from paget.study.baseline import BaselineWeights, accept, acceptance_probability, compare, fit_weights, varied
from paget.study.eligible import attrition, check_not_empty, mask
from paget.study.follow_up import censor_days, cut_month, visit_days
from paget.study.load import (
    check_names,
    json_schema,
    load_protocol,
    override,
    plain,
    protocol_hash,
    resolve,
    shipped,
    to_yaml,
    validate,
    with_therapies,
)
from paget.study.protocol import Protocol
from paget.study.published import PublishedValue, published_value, published_values
from paget.study.randomise import acceptance_uniforms, accrual_months, assign, drop_out_days
from paget.study.strata import stratum_labels, subgroup_mask

__all__ = [
    "ATTRIBUTES",
    "BaselineWeights",
    "Protocol",
    "PublishedValue",
    "accept",
    "acceptance_probability",
    "acceptance_uniforms",
    "accrual_months",
    "assign",
    "attrition",
    "censor_days",
    "check_names",
    "check_not_empty",
    "compare",
    "cut_month",
    "drop_out_days",
    "fit_weights",
    "json_schema",
    "load_protocol",
    "mask",
    "override",
    "plain",
    "protocol_hash",
    "published_value",
    "published_values",
    "resolve",
    "shipped",
    "stratum_labels",
    "subgroup_mask",
    "to_yaml",
    "validate",
    "varied",
    "visit_days",
    "with_therapies",
]
