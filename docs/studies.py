"""Writes the tables of docs/studies.md: every study beside its publication, each number with its role and the command that made it.

Run as ``python docs/studies.py [--replicates 10] [--parameters point] [--draws 20] [--only NAME ...] [--threads 2]`` from the root of
the repository. Under a posterior (``--parameters blind --replicates 24 --draws 12``) a column tells how far draws differ by
themselves; it needs two replicates or more of each draw, or sampling cannot be kept apart. Runs that exist in ``runs/studies`` are
read, not made again; what is not asked for is left as it stands.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import paget
from paget.report.records import MEASURES, endpoint_of, interval, number, what, who
from paget.study import load_protocol, shipped

PAGE = Path(__file__).parent / "studies.md"
SURGERY = ("abcsg-28", "e2108", "mf07-01", "tata-memorial")
HEAD = "| result | arm | mean of trials (95 % of single trials) | published | role |\n| --- | --- | --- | --- | --- |\n"
DRAWS_HEAD = (
    "| result | arm | mean of trials (95 % of single trials) | parameters alone: 95 % of draws | published | role |\n"
    "| --- | --- | --- | --- | --- | --- |\n"
)
SHARES = ("rate", "survival", "cumulative_incidence")
SHOWN = ("hazard_ratio", "rate", "median_months", "survival", "cumulative_incidence", "odds_ratio", "rate_difference", "count")


def rows(result: paget.Run, name: str, *, draws: bool = False) -> list[str]:
    """Rows of one study: what was published; of a study without publication, its main results. With ``draws``, what parameters alone do."""
    protocol = load_protocol(name)
    labels = {arm.id: arm.label for arm in protocol.arms}
    main = [record for record in result.summary if record["published"] and not record["cut"]]
    if not main:
        main = [
            record for record in result.summary
            if record["population"] == "itt" and record["time_zero"] == "randomisation" and record["replicates"]
            and record["measure"] in ("hazard_ratio", "median_months", "rate")
            and not (record["subgroup"] and record["measure"] == "hazard_ratio")
        ]  # fmt: skip
    out = []
    for record in sorted(main, key=lambda one: SHOWN.index(one["measure"]) if one["measure"] in SHOWN else len(SHOWN)):
        measure, spread, published = str(record["measure"]), record["replicates"], record["published"]
        if spread:
            low, high = (number(measure, spread[end]) for end in ("low", "high"))
            simulated = f"{number(measure, spread['value'])} ({low.removesuffix(' %')} to {high})"
        else:
            simulated = number(measure, record["value"]) + " (one trial)"
        printed = "none"
        if published:
            limits = interval(measure, published)
            printed = number(measure, published["value"]) + (f" ({limits})" if limits else "")
        words = f"{endpoint_of(record)}: {what(record)}" if measure in MEASURES else what(record)
        apart = [of_parameters(measure, spread)] if draws else []
        cells = (words, who(record, labels), simulated, *apart, printed, record["role"] if published else "")
        out.append("| " + " | ".join(cell.replace("<", "&lt;").replace("|", "\\|") for cell in cells) + " |\n")
    return out


def of_parameters(measure: str, spread: dict[str, Any] | None) -> str:
    """Where 95 % of draws put the number itself, sampling taken out; a dash where it cannot be told."""
    part = (spread or {}).get("parameter")
    if part is None or part.get("low") is None:
        return "-"
    if part["low"] == part["high"]:
        return "none seen"
    least, most = (0.0, 1.0) if measure in SHARES else (0.0, float("inf"))  # the interval is symmetric and may leave the scale
    low, high = (number(measure, min(max(part[end], least), most)) for end in ("low", "high"))
    return f"{low.removesuffix(' %')} to {high}"


def table(name: str, chosen: argparse.Namespace) -> str:
    """Command and table of one study."""
    point = chosen.parameters == "point"
    size = {"replicates": chosen.replicates} | ({} if point else {"draws": chosen.draws})
    folder = Path("runs") / "studies" / "-".join(map(str, (name, chosen.parameters, *size.values())))
    result = paget.run(name, seed=1, out=folder, threads=chosen.threads, parameters=chosen.parameters, **size)
    asked = " ".join(f"--{option} {value}" for option, value in size.items())
    command = f"paget run {name} {asked} --seed 1 --parameters {chosen.parameters}"
    return f"```console\n$ {command}  # long\n```\n\n" + (HEAD if point else DRAWS_HEAD) + "".join(rows(result, name, draws=not point))


def write(name: str, text: str) -> None:
    """Put a table between its marks on the page."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: made by docs/studies.py -->\n", f"<!-- {name}: end -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    PAGE.write_text(before + begin + "\n" + text + "\n" + end + after, encoding="utf-8", newline="\n")


def main() -> None:
    """Make what is asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--replicates", type=int, default=10)
    asked.add_argument("--parameters", default="point")
    asked.add_argument("--draws", type=int, default=20)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--only", nargs="*", default=[name for name in shipped() if name not in SURGERY])
    chosen = asked.parse_args()
    for name in chosen.only:
        write(name, table(name, chosen))
        print(name, flush=True)


if __name__ == "__main__":
    main()
