"""Tables of the credibility pages, made from ``numbers.json`` when the documentation is built: no number is typed into a page.

A page holds lines such as ``{{ credibility: headlines }}``; each is replaced by the table of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from paget.validation.show import HEADS, row, summary_words

MARK = re.compile(r"^\{\{ credibility: ([a-z-]+) \}\}$", flags=re.MULTILINE)
MISSING = "*Not computed yet: `paget credibility` writes the numbers of this page.*"
Numbers = dict[str, Any]
COVERED, CLOSE = 0.80, 0.66
"""Criteria of the page on model risk, set before any held-out number was predicted."""


def fill(text: str, numbers: Numbers | None) -> str:
    """The text of a page with every mark replaced.

    Raises
    ------
    KeyError
        A mark that does not exist.
    """
    return MARK.sub(lambda found: MISSING if numbers is None else TABLES[found[1]](numbers), text)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return "*None.*"
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(cell.replace("|", "\\|") for cell in one) + " |" for one in rows)])


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _span(part: dict[str, Any] | None) -> str:
    return "not computed" if part is None else f"{_ratio(part['low'])} to {_ratio(part['high'])}"


def _parameters(part: dict[str, Any] | None) -> str:
    """Span of the effect over draws, and how well its spread is known."""
    if part is None:
        return "not computed"
    return f"{_span(part)} (sd of the log {_ratio(part['sd'])}; {_ratio(part['sd_low'])} to {_ratio(part['sd_high'])})"


def criteria(numbers: Numbers) -> str:
    """Whether the criteria that were set before looking are met."""
    rows = []
    for one in numbers["validation"]["summary"]:
        if one["group"] == "all":
            share = one["covered"] / one["count"]
            limit = f"{100 * COVERED:.0f} % of numbers inside their 95 % predictive interval"
        elif one["group"] == "ratios":
            share = one["close"] / one["count"]
            limit = f"{100 * CLOSE:.0f} % of ratios with standardised difference below 1.96"
        else:
            continue
        met = share >= (COVERED if one["group"] == "all" else CLOSE)
        rows.append((one["posterior"], f"at least {limit}", f"{100 * share:.0f} %", "met" if met else "**not met**"))
    return _table(("values", "criterion", "found", ""), rows)


def headlines(numbers: Numbers) -> str:
    """Hazard ratio of surgery in each trial, each kind of uncertainty apart."""
    rows = []
    for one in numbers["headlines"]:
        spread, published = one["replicates"], one["published"] or {}
        limits = (
            f" ({_ratio(published['ci_low'])} to {_ratio(published['ci_high'])}; {100 * published['ci_level']:g} %)"
            if published.get("ci_low") is not None
            else ""
        )
        error = "–" if spread["mc_se"] is None else f"± {spread['mc_se']:.3f}"
        rows.append(
            (
                one["posterior"], one["trial"], f"**{spread['value']:.2f}**", error, _parameters(spread["parameter"]),
                _span(spread["structural"]), _span(spread["sampling"]), f"{_ratio(spread['low'])} to {_ratio(spread['high'])}",
                _ratio(published.get("value")) + limits,
            )
        )  # fmt: skip
    heads = (
        "values", "trial", "mean hazard ratio", "Monte-Carlo", "parameters, 95 %", "structure, range", "sampling, 95 %",
        "one trial, 95 %", "published",
    )  # fmt: skip
    return _table(heads, rows)


def predictions(numbers: Numbers) -> str:
    """Every held-out number beside its prediction."""
    rows = []
    for one in numbers["validation"]["predictions"]:
        first, *rest = row(one)
        rows.append((one["posterior"], str(one["study"]), first, *rest))
    return _table(("values", "study", *HEADS), rows)


def scores(numbers: Numbers) -> str:
    """Scores by kind of number."""
    rows = []
    for one in numbers["validation"]["summary"]:
        line = one["calibration"]
        rows.append(
            (
                one["posterior"], one["group"], f"{one['covered']} of {one['count']}", _ratio(one["width"]),
                f"{one['close']} of {one['count']}", f"{one['agreeing']} of {one['with_interval']}" if one["with_interval"] else "–",
                _ratio(one["interval_score"]), "–" if line is None else f"{line['slope']:.2f} ± {line['slope_se']:.2f}",
                "–" if line is None else f"{line['intercept']:+.2f} ± {line['intercept_se']:.2f}",
            )
        )  # fmt: skip
    heads = (
        "values", "numbers", "inside 95 % predictive interval", "its median width", "standardised difference < 1.96",
        "prediction inside the study's interval", "mean interval score", "slope", "intercept",
    )  # fmt: skip
    return _table(heads, rows)


def how(numbers: Numbers) -> str:
    """Under what these numbers were computed."""
    told = numbers["validation"]
    lines = [f"- {name}: {about['words']} (hash `{about['hash'][:16]}`)" for name, about in numbers["parameters"].items()]
    lines.append(
        f"- Paget {numbers['paget']}, model version {numbers['model_version']}; seed {told['seed']}, {told['replicates']} replicates a "
        f"trial, {told['histories']} natural histories a draw for other figures"
        + ("" if told["patients"] is None else f"; **trials of {told['patients']} patients, not of their own size**")
    )
    lines.append(f"- held-out list `{numbers['held_out']['hash'][:16]}`: " + ", ".join(f"`{one}`" for one in numbers["held_out"]["names"]))
    return "\n".join(lines)


def verdict(numbers: Numbers) -> str:
    """Scores in sentences."""
    return "\n".join(f"- {one['posterior']}, {summary_words(one)}" for one in numbers["validation"]["summary"] if one["group"] != "all")


def shares(numbers: Numbers) -> str:
    """Parameters by basis."""
    rows = [
        (one["values"], one["basis"], str(one["parameters"]), f"{100 * one['share']:.0f} %", str(one["numbers"]))
        for one in numbers["shares"]
    ]
    return _table(("values", "basis", "parameters", "share", "numbers"), rows)


def flipped(numbers: Numbers) -> str:
    """Effect in each trial with one assumption changed; what flips the conclusion is bold."""
    out: list[str] = []
    everything, told = numbers["flips"]["rows"], numbers["flips"]
    for name in dict.fromkeys(one["posterior"] for one in everything):
        mine = [one for one in everything if one["posterior"] == name]
        trials = list(dict.fromkeys(one["trial"] for one in mine))
        rows = []
        for change in dict.fromkeys(one["change"] for one in mine):
            cells = []
            for trial in trials:
                one = next(x for x in mine if x["trial"] == trial and x["change"] == change)
                ratio, factor = one["hazard_ratio"], one["factor"]
                shown = "–" if ratio is None else f"{ratio:.2f} ± {ratio * one['se_log']:.2f}"
                if factor is not None and change != "none":
                    shown += f" (x {factor:.2f} ± {factor * one['factor_se_log']:.2f})"
                cells.append(f"**{shown}, {one['conclusion']}**" if one["flips"] else f"{shown}, {one['conclusion']}")
            rows.append((next(x["what"] for x in mine if x["change"] == change), *cells))
        count = sum(one["flips"] for one in mine)
        said = f"{count} of {len(mine) - len(trials)} changes flip a conclusion." if count else "No change here flips a conclusion."
        if undecided := [x["trial"] for x in mine if x["change"] == mine[0]["change"] and x["conclusion"] == "open"]:
            said += f" Open without a change, so that nothing can flip: {', '.join(undecided)}."
        head = f"Under {name} ({told['draws']} draws, {told['lives']:,} lives each):"
        out += [head, "", _table(("changed", *trials), rows), "", said, ""]
    return "\n".join(out).strip()


def fit(numbers: Numbers) -> str:
    """How well the fit meets its targets."""
    found = numbers["calibration"]
    if found is None:
        return "*No fit was shown: `paget credibility --calibration FOLDER` takes the folder of `paget calibrate`.*"
    misfit, z = found["misfit"], found["z"]
    worst = [(f"`{one['id']}`", f"{one['z']:+.1f}") for one in z["furthest"]]
    contraction = ", ".join(f"{block} {value:.2f}" for block, value in found["mean_contraction"].items())
    return "\n".join(
        [
            f"- {z['targets']} targets; beyond two standard deviations: {z['beyond_2_prior']} before the fit, "
            f"{z['beyond_2_posterior']} after",
            f"- misfit of the mean: {misfit['of_the_mean_prior']:.2f} before, {misfit['of_the_mean_posterior']:.2f} after",
            f"- contraction of the spread from prior to posterior, by block: {contraction}",
            f"- informed posterior: {found['informed']['effective_draws']:.0f} effective draws of {found['informed']['draws']}",
            "",
            "Furthest from their targets after the fit:",
            "",
            _table(("target", "z"), worst),
        ]
    )


def tornado(numbers: Numbers) -> str:
    """Parameters that the headline results hang on most."""
    found = numbers["sensitivity"]
    if found is None:
        return "*No sensitivity analysis was shown: `paget credibility --sensitivity FOLDER` takes the folder of one.*"
    r2 = ", ".join(f"{name} {value:.2f}" for name, value in found["emulator_r2"].items() if value is not None)
    rows = [(result, ", ".join(f"`{one}`" for one in columns)) for result, columns in found["largest"].items()]
    return _table(("result", "largest total Sobol indices, in order"), rows) + f"\n\nEmulator's R2 on points left out: {r2}."


def checks(numbers: Numbers) -> str:
    """Whether the method finds truths that were put in."""
    out = []
    for found in numbers.get("checks", ()):
        size = found["request"]["size"]
        if "coverage" in found:
            heads = ("truth", *(f"{100 * one['level']:.0f} % interval" for one in found["coverage"]))
            rows = [
                (str(one["truth"]), *(f"{one[format(level['level'], 'g')]:.2f}" for level in found["coverage"]))
                for one in found["by_truth"]
            ]
            rows.append(("**all**", *(f"**{one['covered']:.2f}**" for one in found["coverage"])))
            out.append(
                f"**Full model** ({size}). Truths drawn from the prior, data simulated with the full model and spread by sampling error "
                "and discrepancy, each fitted at reduced size. Share of free numbers whose interval holds the truth:"
            )
            out.append(_table(heads, rows))
            out.append(
                f"Root mean square error of the fitted means {found['root_mean_square_error']:.2f}, of the prior's "
                f"{found['root_mean_square_of_the_prior']:.2f}; mean spread {found['mean_spread']:.2f} (in sd of the prior)."
            )
        else:
            out.append(
                f"**Emulator** ({size}). Ranks of truths among the draws of fits to an emulator: {found['beyond']} of {found['numbers']} "
                f"free numbers are not uniform at 1 % ({found['expected']:.1f} expected by chance); mean rank {found['mean_rank']:.3f} "
                f"(0.5), spread {found['sd_rank']:.3f} ({found['sd_of_uniform']:.3f}). R2 of the emulator for points left out: "
                f"{found['r2_median']:.2f} for the middle target, {found['r2_low']:.2f} at the 10 % point."
            )
    return "\n\n".join(out) or "*No check was shown: `paget credibility --check FOLDER` takes the folder of `paget calibrate --check`.*"


def _pictures(numbers: Numbers, words: dict[str, str]) -> str:
    """Pictures whose names begin so, with what they show."""
    found = []
    for name in numbers["figures"]:
        for start, what in words.items():
            if name.startswith(start):
                rest = name.removeprefix(start).removesuffix(".png")
                found.append(f"![{what}{f', {rest}' if rest else ''}](figures/{name})")
    return "\n\n".join(found)


def figures(numbers: Numbers) -> str:
    """Predicted against observed, one picture a posterior."""
    return _pictures(numbers, {"predicted-observed-": "Predicted against observed hazard ratios"})


def fit_figures(numbers: Numbers) -> str:
    """Every target before and after the fit; prior and posterior of every free number; what a pooled target pools."""
    return _pictures(
        numbers,
        {
            "z-scores": "Every target before and after the fit", "parameters": "Prior and posterior of every free number",
            "pooled-": "The published ratios behind a pooled target",
        },
    )  # fmt: skip


def tornado_figures(numbers: Numbers) -> str:
    """A tornado for each headline result."""
    return _pictures(numbers, {"tornado-": "What moves it most", "sobol": "Sobol indices of the headline results"})


TABLES: dict[str, Callable[[Numbers], str]] = {
    "headlines": headlines, "criteria": criteria, "predictions": predictions, "scores": scores, "how": how, "verdict": verdict,
    "shares": shares, "flips": flipped, "fit": fit, "fit-figures": fit_figures, "checks": checks, "tornado": tornado,
    "tornado-figures": tornado_figures, "figures": figures,
}  # fmt: skip
"""Tables by the name that a mark gives."""

__all__ = ["MARK", "MISSING", "TABLES", "fill"]
