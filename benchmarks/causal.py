"""``python -m benchmarks causal``: estimators against data with a known effect, row by row, and coverage of their intervals.

One null treatment is seen through eight analyses in four scenarios (`paget.analysis.causal.benchmark`). The expected
values are geometric means from R (survival 3.5-3) over 20 samples of 5,000 (scenario A) or 10 of 4,000 (the others),
so they carry Monte-Carlo error of their own, which is that of one sample here over the root of their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmarks import report
from paget.analysis.causal import (
    CausalEstimate,
    ObservationalData,
    clone_censor_weight,
    ever_never,
    exclude_immortal,
    iptw,
    landmark,
    matching,
    sequential_trials,
    time_varying,
)
from paget.analysis.causal.benchmark import SCENARIOS, generate

REPLICATES, PATIENTS = 1000, {"A": 5000, "B": 4000, "C": 4000, "E": 4000}
R_SAMPLES = {"A": 20, "B": 10, "C": 10, "E": 10}
GRID_MONTHS = {"A": 0.5, "B": 1.0, "C": 1.0, "E": 1.0}
U = ("u",)

Analysis = Callable[[ObservationalData], CausalEstimate]


def curved(analysis: Analysis) -> Analysis:
    """The analysis with u as a restricted cubic spline: the log odds of starting are not straight in u where it selects."""
    return lambda data: analysis(data.with_curves(U))


def weighted(scenario: str) -> dict[str, Analysis]:
    """Analyses that rest on a logistic model of treatment, with u straight in it."""
    return {
        "CCW 8 + u": partial(clone_censor_weight, grace_months=8.0, every_months=GRID_MONTHS[scenario], adjust_for=U),
        "IPTW at 8 + u": partial(iptw, adjust_for=U, landmark_months=8.0),
        "matching at 8 + u": partial(matching, adjust_for=U, landmark_months=8.0),
        "sequential + u": partial(sequential_trials, adjust_for=U),
    }


def analyses(scenario: str) -> dict[str, Analysis]:
    """The analyses of the reference table, and those that it does not have, by name."""
    ccw = partial(clone_censor_weight, grace_months=8.0, every_months=GRID_MONTHS[scenario])
    found: dict[str, Analysis] = {
        "naive": ever_never,
        "exclude immortal": exclude_immortal,
        "time-varying": time_varying,
        "landmark 8": partial(landmark, landmark_months=8.0),
        "CCW 8, no covariate": ccw,
        "time-varying + u": partial(time_varying, adjust_for=U),
        "landmark 8 + u": partial(landmark, landmark_months=8.0, adjust_for=U),
        **weighted(scenario),
    }
    if SCENARIOS[scenario].selection or SCENARIOS[scenario].gate:
        found |= {f"{name}, curved": curved(analysis) for name, analysis in weighted(scenario).items()}
    if scenario == "E":
        # weekly: within a month, progression and surgery come in an order that a monthly model cannot see
        found["CCW 8 unless progression"] = partial(ccw, unless="progression", every_months=0.25)
    return found


IN_R = {
    "A": (0.822, 0.945, 0.995, 0.999, 0.998, 0.995, 0.999, 0.998),
    "B": (0.781, 0.889, 1.004, 1.024, 1.016, 0.987, 1.007, 1.012),
    "C": (0.569, 0.643, 0.720, 0.751, 0.807, 1.006, 1.022, 1.010),
    "E": (0.729, 0.816, 0.893, 0.924, 0.942, 1.007, 1.017, 1.008),
}
"""Geometric mean hazard ratios in R, in the order of the first eight of `analyses`."""
UNBIASED = {
    "A": ("time-varying", "landmark 8", "CCW 8, no covariate"),
    "B": ("time-varying", "landmark 8", "CCW 8, no covariate"),
    "C": (),
    "E": ("CCW 8 unless progression",),
}
"""Analyses without u that estimate 1 in each scenario; those with u do in all of them."""


def expects_one(scenario: str, name: str) -> bool:
    """Whether the analysis estimates the truth (1) in the scenario."""
    return "+ u" in name or name in UNBIASED[scenario]


def run(
    scenario: str, replicates: int, seed: int = 1, patients: int | None = None, named: Mapping[str, Analysis] | None = None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Log hazard ratios, and whether each interval covers 1, of every analysis (or those `named`) over the replicates."""
    named = analyses(scenario) if named is None else named
    logs = {name: np.full(replicates, np.nan) for name in named}
    covers = {name: np.zeros(replicates, dtype=bool) for name in named}
    for k in range(replicates):
        data = generate(SCENARIOS[scenario], patients or PATIENTS[scenario], seed, k)
        for name, analysis in named.items():
            one = analysis(data)
            assert one.ci_low is not None and one.ci_high is not None
            logs[name][k] = one.log_hazard_ratio
            covers[name][k] = one.ci_low <= 1.0 <= one.ci_high
    return {name: (logs[name], covers[name]) for name in named}


def main(replicates: int = REPLICATES) -> None:
    """Print every row with its Monte-Carlo error, and hold it against R, the truth and the coverage wanted."""
    for scenario, what in SCENARIOS.items():
        report.title(f"Known truth {scenario}: {what.what} ({replicates} samples of {PATIENTS[scenario]})")
        print(f"{'analysis':<26}{'HR':>8}{'MCSE':>8}{'in R':>8}{'z to R':>8}{'z to 1':>8}{'coverage':>10}")
        found = run(scenario, replicates)
        distances, coverages = [], []
        for place, (name, (logs, covers)) in enumerate(found.items()):
            spread, mean = float(logs.std(ddof=1)), float(logs.mean())
            mcse = spread / math.sqrt(replicates)
            line = f"{name:<26}{math.exp(mean):8.4f}{mcse:8.4f}"
            if place < len(IN_R[scenario]):
                expected = IN_R[scenario][place]
                z = (mean - math.log(expected)) / (spread * math.sqrt(1 / replicates + 1 / R_SAMPLES[scenario]))
                distances.append(abs(z))
                line += f"{expected:8.3f}{z:8.2f}"
            else:
                line += " " * 16
            if expects_one(scenario, name):
                coverages.append(float(covers.mean()))
                line += f"{mean / mcse:8.2f}{coverages[-1]:10.3f}"
            print(line, flush=True)
        adjusted = found["CCW 8 + u"][0]
        error = float(adjusted.std(ddof=1)) / math.sqrt(R_SAMPLES[scenario])
        report.bar(f"{scenario}: farthest row from R, in standard errors", max(distances), 3.0)
        report.bar(f"{scenario}: CCW 8 + u from 1, in standard errors of R's run", abs(float(adjusted.mean())) / error, 2.0)
        report.bar(f"{scenario}: lowest coverage", min(coverages), 0.93, at_least=True)
        report.bar(f"{scenario}: highest coverage", max(coverages), 0.97)


if __name__ == "__main__":
    main()
