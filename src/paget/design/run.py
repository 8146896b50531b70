"""A design, from request to folder: scenarios, search, switching, assurance; finished pieces are kept, so that it can be resumed."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.design.assurance import assurance
from paget.design.effect import population_effect
from paget.design.lives import STAYED, Lives, prepare
from paget.design.options import EVERYBODY
from paget.design.outcome import Question, chunks, events_planned, find, find_all
from paget.design.outputs import write_outputs
from paget.design.request import DesignRequest, resolve
from paget.design.search import Reached, break_even, frontier, smallest
from paget.design.switching import compare
from paget.design.table import row_of
from paget.design.trials import Layout, layout, passes, tau_of
from paget.design.vary import Scenario
from paget.design.words import Findings
from paget.engine.draws import Draw
from paget.engine.folder import MANIFEST, RunFolder, disk_errors
from paget.engine.work import signed, working
from paget.errors import PagetError
from paget.progress import Progress, silent
from paget.study import Protocol, plain, protocol_hash

if TYPE_CHECKING:
    import polars as pl

SEARCH_ROOM = 1.8
"""The search prepares so many times the patients that the formula asks for, if it may."""
LARGEST_POOL = 60_000
ENOUGH = 200
"""Patients of a subgroup from which its effect is judged first."""


class Design:
    """A finished design folder, as Python sees it.

    Parameters
    ----------
    path : path

    Raises
    ------
    PagetError
        The folder holds no finished design.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / MANIFEST).exists() or not (self.path / "design.json").exists():
            raise PagetError("there is no finished design here", where=self.path, fix="paget design ... --resume finishes one")

    @property
    def data(self) -> dict[str, Any]:
        """Everything that was found (``design.json``)."""
        found: dict[str, Any] = json.loads((self.path / "design.json").read_text(encoding="utf-8"))
        return found

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The scenario table."""
        rows: list[dict[str, Any]] = self.data["scenarios"]
        return rows

    @property
    def trials(self) -> pl.DataFrame:
        """What each simulated trial found."""
        import polars as pl

        return pl.read_parquet(self.path / "trials.parquet")

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    def __repr__(self) -> str:
        return f"<Design of {self.data['protocol']}, {len(self.rows)} scenarios: {self.path}>"


class _Pools:
    """Prepared populations, read once for all scenarios that share them."""

    def __init__(self, seed: int, threads: int, progress: Progress) -> None:
        self.seed, self.threads, self.progress = seed, threads, progress
        self._known: dict[str, Lives] = {}

    def of(self, scenario: Scenario, size: int, *, stayed: bool = False) -> Lives:
        """Lives for a scenario, at least so many; the one in memory where it serves."""
        who = plain(scenario.protocol)
        relevant = {name: who.get(name) for name in ("population", "time_zero", "assessments", "arms")}
        text = f"{relevant!r} {scenario.parameters.hash} {scenario.options.arm}"
        key = hashlib.sha256(text.encode()).hexdigest()
        found = self._known.get(key)
        if found is None or len(found) != size or (stayed and STAYED not in found.days):
            found = prepare(
                scenario.protocol, scenario.parameters, self.seed, size, experimental=scenario.options.arm, stayed=stayed,
                threads=self.threads, progress=self.progress,
            )  # fmt: skip
            self._known = {key: found}  # one at a time: scenarios that share a population follow each other or read it again
        return found


def design(
    protocol: str | Path | Protocol,
    *,
    out: str | Path | None = None,
    threads: int | None = None,
    resume: bool = True,
    overwrite: bool = False,
    progress: Progress = silent,
    command: str | None = None,
    **request: Any,
) -> Design:
    """Design a trial by simulation from the disease model, with formulas as a cross-check.

    Parameters
    ----------
    protocol : str, Path or Protocol
    out : path, optional
        Folder; ``runs/design-<protocol>-s<seed>-<hash8>`` by default.
    threads : int, optional
        All processors by default; changes no result.
    resume, overwrite : bool
        Go on with (or read) a design of the same request that is in the folder; throw away what is there.
    progress : callable
        Called with (stage, done, total).
    command : str, optional
        How to repeat it, for the report.
    **request
        As in `paget.design.request.resolve`: ``vary``, ``options``, ``trials``, ``pool``, ``search``, ``switching``, ``draws`` ...

    Returns
    -------
    Design

    Raises
    ------
    PagetError
        Whatever the user can mend.

    Examples
    --------
    >>> from paget.design import design
    >>> found = design("mf07-01", vary={"accrual.patients": [200, 400]}, trials=200)  # doctest: +SKIP
    >>> found.rows[0]["power"]  # doctest: +SKIP
    """
    asked = resolve(protocol, **request)
    path = Path(out) if out is not None else asked.default_folder
    folder = RunFolder(path, asked.as_dict(), resume=resume, overwrite=overwrite)
    if folder.finished:
        return Design(path)
    workers = threads or os.cpu_count() or 1
    with working(folder, workers, progress), disk_errors(path):
        pools = _Pools(asked.seed, workers, progress)
        findings, frames = _scenarios(asked, folder, pools, progress)
        findings.reached = _search(asked, folder, pools, progress)
        findings.switching = _switching(asked, folder, pools, progress)
        findings.assurance = _assurance(asked, folder, workers, progress)
        progress("writing", 0, 1)
        write_outputs(asked, findings, frames, path, command or "")
        folder.finish(_manifest(asked))
    progress("writing", 1, 1)
    return Design(path)


def _size(asked: DesignRequest) -> int:
    """Patients of the prepared population: as asked, or the largest trial's number where that is more."""
    return max(asked.pool, *(one.protocol.accrual.patients for one in asked.scenarios))


def setup(scenario: Scenario, asked: DesignRequest, lives: Lives, seed: int | None = None) -> tuple[Question, Layout]:
    """What a scenario asks of each of its trials, and how they are drawn."""
    plan = layout(scenario.protocol, scenario.options, lives)
    boundary = scenario.options.plan()
    planned = 1
    if len(boundary) > 1:
        planned = events_planned(scenario.protocol, asked.endpoint, plan, lives, asked.seed if seed is None else seed)
    tests = tuple(dict.fromkeys([*asked.tests, scenario.options.test]))
    return Question(scenario.protocol, asked.endpoint, boundary, planned, tests, tau_of(scenario.protocol), scenario.options.test), plan


def _scenarios(
    asked: DesignRequest, folder: RunFolder, pools: _Pools, progress: Progress
) -> tuple[Findings, list[tuple[int, bool, pl.DataFrame]]]:
    import polars as pl

    findings = Findings()
    frames: list[tuple[int, bool, pl.DataFrame]] = []
    kinds = (False, True) if asked.null else (False,)
    total, done = len(asked.scenarios) * len(kinds) * asked.trials, 0
    for scenario in asked.scenarios:
        lives = pools.of(scenario, _size(asked))
        question, plan = setup(scenario, asked, lives)
        effect = population_effect(scenario.protocol, asked.endpoint, plan, lives, asked.seed)
        tables: dict[bool, pl.DataFrame] = {}
        for null in kinds:
            pieces = []
            for number, which in enumerate(chunks(asked.trials, plan.patients)):
                progress("trials", done, total)
                name = f"scenario-{scenario.number:04d}-{'null' if null else 'real'}-{number:04d}"
                piece = folder.read(name)
                if piece is None:
                    piece = find(question, plan, lives, which, asked.seed, null=null, threads=pools.threads)
                    folder.keep(name, piece)
                pieces.append(piece)
                done += len(which)
            tables[null] = pl.concat(pieces, how="vertical_relaxed")  # a column of which a piece knows nothing has no type there
            frames.append((scenario.number, null, tables[null]))
        turns = passes(len(plan.rows), plan.patients, asked.trials)
        row = row_of(question, plan, effect, tables[False], tables.get(True), passes=turns, varied=scenario.varied)
        findings.add(scenario, question, plan, effect, lives, row)
    progress("trials", total, total)
    return findings, frames


def _kept(folder: RunFolder, name: str, make: Callable[[], Any]) -> Any:
    """A finished piece that is plain data, made once."""
    import polars as pl

    piece = folder.read(name)
    if piece is None:
        piece = pl.DataFrame({"json": [json.dumps(make())]})
        folder.keep(name, piece)
    return json.loads(piece["json"][0])


def _search(asked: DesignRequest, folder: RunFolder, pools: _Pools, progress: Progress) -> dict[str, Any] | None:
    if not asked.search:
        return None
    base = asked.scenarios[0]
    found = []
    for number, name in enumerate(asked.search):

        def make(subgroup: str = name) -> dict[str, Any]:
            return _smallest(asked, base, subgroup, pools, progress).as_dict()

        found.append(_kept(folder, f"search-{number:03d}", make))
    needs = {one["name"]: None if one["patients"] is None else (one["patients"], one["screened"]) for one in found}
    best = frontier(needs)
    for one in found:
        one["on_frontier"] = one["name"] in best
        value = None if one["name"] == EVERYBODY else break_even(needs.get(EVERYBODY), needs[one["name"]])
        one["break_even_cost"] = "always cheaper" if value is not None and math.isinf(value) else value
    return {"power": asked.power, "populations": found, "most_patients": asked.most_patients}


def _smallest(asked: DesignRequest, base: Scenario, name: str, pools: _Pools, progress: Progress) -> Reached:
    protocol, options = base.protocol, replace(base.options, subgroup=name)

    def at(size: int) -> Reached:
        lives = pools.of(base, size)
        return smallest(
            protocol, options, lives, endpoint=asked.endpoint, power=asked.power, trials=asked.trials, seed=asked.seed,
            most=asked.most_patients, threads=pools.threads, progress=progress,
        )  # fmt: skip

    size = _size(asked)
    inside = int(pools.of(base, size).subgroup(protocol, name).sum())
    if 0 < inside < ENOUGH:  # a rare subgroup: its first look needs a larger population
        size = min(LARGEST_POOL, -(-size * ENOUGH // (inside * 1000)) * 1000)
    first = at(size)
    if first.patients is not None or first.formula_patients is None:
        return first
    # too few patients for a trial that large: prepare as many as the formula asks for, within reason
    wanted = math.ceil(min(first.formula_patients * SEARCH_ROOM, asked.most_patients) / max(first.share, 1e-9) * 1.02)
    larger = min(-(-wanted // 1000) * 1000, LARGEST_POOL)
    return at(larger) if larger > size and first.formula_patients <= asked.most_patients else first


def _switching(asked: DesignRequest, folder: RunFolder, pools: _Pools, progress: Progress) -> list[dict[str, Any]] | None:
    if not asked.switching:
        return None

    def make() -> list[dict[str, Any]]:
        base = asked.scenarios[0]
        lives = pools.of(base, _size(asked), stayed=True)
        _, plan = setup(base, asked, lives)
        return compare(base.protocol, plan, lives, asked.seed, asked.switching, threads=pools.threads, progress=progress)

    rows: list[dict[str, Any]] = _kept(folder, "switching", make)
    return rows


def _assurance(asked: DesignRequest, folder: RunFolder, threads: int, progress: Progress) -> dict[str, Any]:
    if not asked.draws:
        return {"note": asked.assurance_note, "scenarios": []}
    found = []
    for number, draw in enumerate(asked.draws):
        progress("draws of the parameters", number, len(asked.draws))

        def one(mine: Draw = draw) -> list[dict[str, float]]:
            return list(_under(asked, mine, threads))

        found.append(_kept(folder, f"draw-{number:05d}", one))
    progress("draws of the parameters", len(asked.draws), len(asked.draws))
    rows = []
    for k, scenario in enumerate(asked.scenarios):
        power, gain = [draw[k]["power"] for draw in found], [draw[k]["gain_months"] for draw in found]
        rows.append(
            {"scenario": scenario.number, "label": scenario.label, **assurance(power, gain).as_dict(), "power": power, "gain": gain}
        )
    note = f"{asked.draw_words}, {asked.draw_trials} trials from {asked.draw_pool:,} patients each"
    return {"note": note, "scenarios": rows}


def _under(asked: DesignRequest, draw: Draw, threads: int) -> Iterable[dict[str, float]]:
    """Power and mean gain of each scenario under one draw, in a population of its own."""
    pools = _Pools(draw.seed, threads, silent)
    drawn = asked.scenarios_under(draw.parameters)
    size = max(asked.draw_pool, *(one.protocol.accrual.patients for one in drawn))
    for scenario in drawn:
        lives = pools.of(scenario, size)
        question, plan = setup(scenario, asked, lives, draw.seed)
        brief = replace(question, tests=tuple(dict.fromkeys(["logrank", question.test])))
        table = find_all(brief, plan, lives, asked.draw_trials, draw.seed, threads=threads)
        effect = population_effect(scenario.protocol, asked.endpoint, plan, lives, draw.seed)
        yield {"power": float(table["finds"].mean()), "gain_months": effect.mean_gain_months, "log_hr": effect.log_hr}  # type: ignore[arg-type]


def _manifest(asked: DesignRequest) -> dict[str, Any]:
    return signed(asked.as_dict(), asked.seed, asked.source) | {
        "kind": "design",
        "protocol": asked.protocol.id,
        "protocol_hash": protocol_hash(asked.protocol),
        "parameters": asked.words,
        "scenarios": len(asked.scenarios),
        "trials": asked.trials,
    }
