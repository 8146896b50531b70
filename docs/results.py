"""Writes the numbers of docs/results.md: the four trials of primary surgery under the shipped posteriors.

Run as ``python docs/results.py [--replicates 60] [--draws 20] [--threads 2] [--only trials twins mechanisms ...]`` from the root of the
repository. Every number is a prediction of the blind posterior but where a column says otherwise. Runs that exist in ``runs/results`` are
read, not made again.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from studies import HEAD, rows

import paget
from paget.calibration.contrast import contrasts, published_contrast
from paget.parameters import ParameterSet
from paget.parameters.posterior import load
from paget.study import load_protocol

PAGE = Path(__file__).parent / "results.md"
TRIALS = ("e2108", "mf07-01", "tata-memorial", "abcsg-28")
CHANGES: dict[str, dict[str, float]] = {
    "as the posterior has it": {},
    "breast and nodes neither kill nor count as progression (effect 4 off)": {"switch_local_progression": 0.0},
    "no operative death, no weeks without drugs (effect 5 off)": {"switch_operative_cost": 0.0},
    "the standing primary founds nothing after diagnosis (effect 1 off)": {"switch_source_of_seeds": 0.0},
    "no immunity that the tumour suppresses (effect 2 off)": {"switch_immune": 0.0},
    "no suppression of sleepers, no wound response (effect 3 off)": {"switch_suppression": 0.0, "switch_wound": 0.0},
}
"""What is switched off, in every draw alike."""


def write(name: str, text: str) -> None:
    """Put a table between its marks on the page."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: made by docs/results.py -->\n", f"<!-- {name}: end -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    PAGE.write_text(before + begin + "\n" + text + "\n" + end + after, encoding="utf-8", newline="\n")


def effect(changes: Mapping[str, float], draws: int, threads: int, name: str = "blind") -> dict[str, np.ndarray]:
    """Log hazard ratio by twins of each trial under so many draws of a posterior, with some values changed in all of them."""
    posterior = load(name)

    def one(number: int) -> dict[str, float]:
        parameters: ParameterSet = posterior.draw(number).with_values(changes)
        found: dict[str, float] = {}
        for pair in (TRIALS[:2], TRIALS[2:]):
            for trial, contrast in contrasts(pair, parameters, seed=1000 + number).items():
                found[trial] = contrast.log_hr
        return found

    with ThreadPoolExecutor(threads) as pool:
        every = list(pool.map(one, range(min(draws, len(posterior)))))
    return {trial: np.array([found[trial] for found in every]) for trial in TRIALS}


def cell(log_hr: np.ndarray) -> str:
    """Median over draws and where nine draws in ten lie."""
    low, middle, high = np.exp(np.nanquantile(log_hr, [0.05, 0.5, 0.95]))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def headlines(draws: int, threads: int) -> str:
    """Both posteriors beside what the trials printed."""
    blind, informed = (effect({}, draws, threads, name) for name in ("blind", "informed"))
    out = "| trial | blind posterior | informed posterior | published (interval) |\n| --- | --- | --- | --- |\n"
    for trial in TRIALS:
        protocol = load_protocol(trial)
        one = published_contrast(protocol)
        printed = f"{np.exp(one.log_hr):.2f} ({one.low:.2f} to {one.high:.2f}; {100 * one.level:.0f} %)"
        out += f"| {protocol.title.split(':')[0]} | {cell(blind[trial])} | {cell(informed[trial])} | {printed} |\n"
    return out


def mechanisms(draws: int, threads: int) -> str:
    """The same with one mechanism off."""
    out = "| change | " + " | ".join(load_protocol(trial).title.split(":")[0] for trial in TRIALS) + " |\n| --- |" + " ---: |" * 4 + "\n"
    for words, changes in CHANGES.items():
        found = effect(changes, draws, threads)
        out += f"| {words} | " + " | ".join(cell(found[trial]) for trial in TRIALS) + " |\n"
        print(words, flush=True)
    return out


def ran(trial: str, replicates: int, draws: int, threads: int) -> paget.Run:
    """One trial with its replicates and twins."""
    folder = Path("runs") / "results" / f"{trial}-{replicates}-{draws}"
    return paget.run(trial, replicates=replicates, draws=draws, seed=1, twins=True, out=folder, threads=threads, parameters="blind")


def twins(replicates: int, draws: int, threads: int) -> str:
    """What the twins of each trial show."""
    out = "| | patients | mean gain, months | gain over a month | lose over a month |\n| --- | ---: | ---: | ---: | ---: |\n"
    for trial in TRIALS:
        gain = ran(trial, replicates, draws, threads).twins["gain_months"].to_numpy()
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        shares = f"{100 * (gain > 1).mean():.0f} % | {100 * (gain < -1).mean():.0f} %"
        out += f"| {load_protocol(trial).title.split(':')[0]} | {len(gain)} | {gain.mean():.1f} ± {error:.1f} | {shares} |\n"
    return out


def main() -> None:
    """Make what is asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--replicates", type=int, default=60)
    asked.add_argument("--draws", type=int, default=20)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--only", nargs="*", default=["headlines", "mechanisms", *TRIALS, "twins"])
    chosen = asked.parse_args()
    size = (chosen.replicates, chosen.draws, chosen.threads)
    for name in chosen.only:
        if name == "headlines":
            text = headlines(3 * chosen.draws, chosen.threads)
        elif name == "mechanisms":
            text = mechanisms(chosen.draws, chosen.threads)
        elif name == "twins":
            text = twins(*size)
        else:
            text = HEAD + "".join(rows(ran(name, *size), name))
        write(name, text)
        print(name, flush=True)


if __name__ == "__main__":
    main()
