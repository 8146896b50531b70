"""Effects of a treatment from observational survival data: estimators, diagnostics, and what each one assumes.

| you want | call |
| --- | --- |
| public examples | `example` (heart, rotterdam, gbsg) |
| data, checked | `ObservationalData`, `ObservationalData.from_frame`, `read_table`, `from_adam` |
| covariates that enter as curves | `ObservationalData.with_curves`, `restricted_cubic` |
| the analyses of registry papers | `ever_never`, `exclude_immortal`, `time_varying`, `landmark` |
| adjustment by propensity | `matching`, `iptw` |
| emulation of a target trial | `sequential_trials`, `clone_censor_weight` |
| all of them in one order | `ladder`, `rungs_of` |
| another interval | `bootstrap` |
| doubt | `e_value`, `bias_array`, `negative_control`, `balance`, `overlap`, `weight_summary` |
| the TARGET (2025) table | `target_table` |
| data with a known effect | `paget.analysis.causal.benchmark` |
"""

from __future__ import annotations

from .bootstrap import bootstrap
from .ccw import clone_censor_weight
from .data import ObservationalData, Varying
from .diagnostics import Balance, balance, overlap, weight_summary
from .estimate import CausalEstimate, Curves, Estimand
from .examples import EXAMPLES, example
from .exposure import ever_never, exclude_immortal, landmark, time_varying
from .ladder import ANALYSES, NEED_WAITING, Rung, default_tau, ladder, rungs_of, unanswered
from .matching import matching
from .negative_control import negative_control
from .reading import from_adam, read_table
from .sensitivity import BiasCell, bias_array, e_value, e_value_of_limit
from .sequential import sequential_trials
from .splines import NoCurveError, Spline, restricted_cubic
from .target import TargetItem, TargetTable, target_table
from .weighting import iptw

__all__ = [
    "ANALYSES",
    "EXAMPLES",
    "NEED_WAITING",
    "Balance",
    "BiasCell",
    "CausalEstimate",
    "Curves",
    "Estimand",
    "NoCurveError",
    "ObservationalData",
    "Rung",
    "Spline",
    "TargetItem",
    "TargetTable",
    "Varying",
    "balance",
    "bias_array",
    "bootstrap",
    "clone_censor_weight",
    "default_tau",
    "e_value",
    "e_value_of_limit",
    "ever_never",
    "example",
    "exclude_immortal",
    "from_adam",
    "iptw",
    "ladder",
    "landmark",
    "matching",
    "negative_control",
    "overlap",
    "read_table",
    "restricted_cubic",
    "rungs_of",
    "sequential_trials",
    "target_table",
    "time_varying",
    "unanswered",
    "weight_summary",
]
