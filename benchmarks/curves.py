"""``python -m benchmarks curves``: covariates as curves beside the same as straight lines, where the truth is known.

Written down before the run. Samples are fresh: no seed below was used while the curves were built.

- Truth: scenarios C and E, 1,500 samples each of 4,000 patients (seed 7301). A row holds if its mean log hazard ratio
  lies within three of its Monte-Carlo errors of 0; with eight curved rows, one that is right fails so by chance
  with probability 0.02.
- Coverage of the 95 % intervals, of the same samples: held from 0.93 to 0.97; missed if outside by more than two of
  its errors (at that limit); outside by less is not decided. Matching in E has 10,000 samples (seed 7302) and is judged by
  these, since 400 samples had given 0.927.
- Straight rows are shown beside, from the same samples, and are not judged: the log odds of treatment are known not to be straight.
- Default: scenario C with 300 patients, 1,000 samples (seed 7303), u and four covariates that do nothing, all five
  curved. Straight lines stay the default if any curved row covers less than its straight one by
  more than two errors of their paired difference, or cannot be answered more often.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks import report
from benchmarks.causal import PATIENTS, Analysis, curved, run, weighted
from paget.analysis.causal import ObservationalData, clone_censor_weight, iptw, landmark, matching, sequential_trials
from paget.analysis.causal.benchmark import SCENARIOS, generate
from paget.errors import PagetError

SAMPLES, SEED = 1500, 7301
MATCHING_SAMPLES, MATCHING_SEED = 10_000, 7302
SMALL_SAMPLES, SMALL_SEED, SMALL_PATIENTS = 1000, 7303, 300
LOWEST, HIGHEST = 0.93, 0.97
NAMES = ("u", "a", "b", "c", "d")


def error_of(share: float, samples: int) -> float:
    """Monte-Carlo error of a share."""
    return math.sqrt(share * (1.0 - share) / samples)


def verdict(coverage: float, samples: int) -> str:
    """Held, missed or not decided, by the rule above."""
    if LOWEST <= coverage <= HIGHEST:
        return "held"
    limit = LOWEST if coverage < LOWEST else HIGHEST
    return "missed" if abs(coverage - limit) > 2.0 * error_of(limit, samples) else "not decided"


def show(name: str, logs: np.ndarray, covers: np.ndarray) -> tuple[float, str]:
    """Print one row; its distance from 1 in Monte-Carlo errors, and the verdict on its coverage."""
    samples, coverage = len(logs), float(covers.mean())
    error = float(logs.std(ddof=1)) / math.sqrt(samples)
    z, word = float(logs.mean()) / error, verdict(coverage, samples)
    ratio, unsure = math.exp(logs.mean()), error_of(coverage, samples)
    print(f"{name:<28}{ratio:8.4f}{error:8.4f}{z:8.2f}{coverage:10.4f}{unsure:8.4f}  {word}", flush=True)
    return abs(z), word


def known_truth() -> None:
    """Rows of C and E, curved and straight, and matching in E with enough samples to judge its coverage."""
    for scenario in ("C", "E"):
        straight = weighted(scenario)
        pairs = {name: (analysis, curved(analysis)) for name, analysis in straight.items()}
        named = straight | {f"{name}, curved": pair[1] for name, pair in pairs.items()}
        report.title(f"Known truth {scenario}: {SCENARIOS[scenario].what} ({SAMPLES} samples of {PATIENTS[scenario]})")
        print(f"{'analysis':<28}{'HR':>8}{'MCSE':>8}{'z to 1':>8}{'coverage':>10}{'error':>8}")
        found = run(scenario, SAMPLES, SEED, named=named)
        shown = {name: show(name, *values) for name, values in found.items()}
        judged = {name: values for name, values in shown.items() if name.endswith("curved")}
        report.bar(f"{scenario}: farthest curved row from 1, in Monte-Carlo errors", max(z for z, _ in judged.values()), 3.0)
        words = [word for name, (_, word) in judged.items() if not (scenario == "E" and name.startswith("matching"))]
        report.bar(f"{scenario}: curved rows whose coverage is missed", words.count("missed"), 0)
    report.title(f"Matching in E ({MATCHING_SAMPLES} samples of {PATIENTS['E']})")
    one = weighted("E")["matching at 8 + u"]
    found = run("E", MATCHING_SAMPLES, MATCHING_SEED, named={"matching at 8 + u": one, "matching at 8 + u, curved": curved(one)})
    words = [show(name, *values)[1] for name, values in found.items()]
    report.bar("E: rows of matching whose coverage is missed", words.count("missed"), 0)


def with_idle(data: ObservationalData, sample: int) -> ObservationalData:
    """Four more covariates that have to do with nothing."""
    rng = np.random.Generator(np.random.Philox(key=np.array([SMALL_SEED + 1, sample], dtype=np.uint64)))
    return replace(data, covariates={**data.covariates, **{name: rng.standard_normal(len(data)) for name in NAMES[1:]}})


def small_samples() -> None:
    """What curves of five covariates cost in 300 patients."""
    analyses: dict[str, Analysis] = {
        "landmark 8, Cox": partial(landmark, landmark_months=8.0, adjust_for=NAMES),
        "CCW 8": partial(clone_censor_weight, grace_months=8.0, adjust_for=NAMES),
        "IPTW at 8": partial(iptw, adjust_for=NAMES, landmark_months=8.0),
        "matching at 8": partial(matching, adjust_for=NAMES, landmark_months=8.0),
        "sequential": partial(sequential_trials, adjust_for=NAMES),
    }
    report.title(f"Small samples, C: {SMALL_SAMPLES} of {SMALL_PATIENTS}, five covariates, one of which matters")
    logs, covers = ({name: np.full((SMALL_SAMPLES, 2), np.nan) for name in analyses} for _ in range(2))
    for k in range(SMALL_SAMPLES):
        data = with_idle(generate(SCENARIOS["C"], SMALL_PATIENTS, SMALL_SEED, k), k)
        for place, seen in enumerate((data, data.with_curves(NAMES))):
            for name, analysis in analyses.items():
                try:
                    one = analysis(seen)
                except PagetError:
                    continue
                if one.ci_low is not None and one.ci_high is not None and not one.problem:
                    logs[name][k, place], covers[name][k, place] = one.log_hazard_ratio, one.ci_low <= 1.0 <= one.ci_high
    print(f"{'analysis':<20}{'HR':>16}{'spread of log HR':>20}{'coverage':>18}{'difference':>12}{'error':>8}{'not answered':>16}")
    worse = 0
    for name in analyses:
        both = np.isfinite(covers[name]).all(axis=1)
        change = covers[name][both, 1] - covers[name][both, 0]
        mean, error = float(change.mean()), float(change.std(ddof=1)) / math.sqrt(both.sum())
        lost = np.isnan(covers[name]).sum(axis=0)
        worse += mean < -2.0 * error or lost[1] > lost[0]
        ratio, spread, coverage = (
            "  ".join(f"{v:.3f}" for v in row)
            for row in (np.exp(np.nanmean(logs[name], axis=0)), np.nanstd(logs[name], axis=0, ddof=1), np.nanmean(covers[name], axis=0))
        )
        print(f"{name:<20}{ratio:>16}{spread:>20}{coverage:>18}{mean:12.3f}{error:8.3f}{f'{lost[0]}  {lost[1]}':>16}", flush=True)
    what = "straight lines stay" if worse else "curves could be"
    print(f"Pairs are straight, curved. By the rule {what} the default: {worse} row(s) lose by curves.")


def main() -> None:
    """Print everything."""
    known_truth()
    small_samples()


if __name__ == "__main__":
    main()
