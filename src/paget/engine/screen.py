"""From a population to the patients of a trial: eligibility, baseline mix, induction, and who is randomised.

Candidates are examined in the order of their numbers, block by block; whether one is taken depends on her alone, so blocks may be
examined in any order, kept, and read again. The nth trial takes the nth lot of those who reach randomisation: lots never share a patient.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paget._jit import cache_root, source_hash
from paget.engine.compile import compile_plan, patient_flags
from paget.errors import PagetError
from paget.life.frames import GATES
from paget.life.simulate import simulate
from paget.parameters import ParameterSet
from paget.population import BLOCK, Population
from paget.population.store import write_parquet
from paget.progress import Progress, silent
from paget.study import (
    BaselineWeights,
    Protocol,
    accept,
    acceptance_uniforms,
    attrition,
    check_not_empty,
    fit_weights,
    mask,
    plain,
)
from paget.study.streams import uniforms

if TYPE_CHECKING:
    import polars as pl

REFERENCE = 3000  # patients who reach randomisation in the sample that the baseline weights are fitted on
MAX_BLOCKS = 1500  # about a hundred million natural histories
LOOK = 6  # blocks after which a hopeless yield is told
SOURCES = (
    "engine/screen.py", "engine/compile.py", "study/baseline.py", "study/eligible.py", "study/conditions.py", "study/streams.py",
)  # fmt: skip
"""What decides who is taken: a changed line screens anew."""


@dataclass(frozen=True)
class Candidates:
    """Patients who reached randomisation, in the order of their numbers, and how many did not and why.

    Attributes
    ----------
    frame : polars.DataFrame
        Attributes at diagnosis, ``randomised_day`` and ``flags``.
    examined : polars.DataFrame
        One row for each candidate accepted for the baseline mix: ``patient_id`` and ``gate`` (how induction ended).
    blocks : int
        Blocks of natural histories that were used.
    weights : BaselineWeights
    """

    frame: pl.DataFrame
    examined: pl.DataFrame
    blocks: int
    weights: BaselineWeights


def with_counts(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Candidates with the circulating tumour cells counted in their blood at diagnosis (``ctc_count``), a Poisson draw of each."""
    import polars as pl
    from scipy.special import pdtrik

    mean = frame["ctc_mean"].to_numpy()
    u = uniforms(seed, ("ctc",), frame["patient_id"].to_numpy())
    above = u > np.exp(-mean)  # else no cell at all
    count = np.zeros(frame.height, np.int64)
    count[above] = np.ceil(pdtrik(u[above], mean[above]) - 1e-9).astype(np.int64)
    return frame.with_columns(pl.Series("ctc_count", count))


class Screening:
    """Draws the patients of a protocol from a population."""

    def __init__(
        self, protocol: Protocol, parameters: ParameterSet, population: Population, *, threads: int = 1, where: str | None = None
    ) -> None:
        self.protocol, self.parameters, self.population = protocol, parameters, population
        self.threads, self.where = threads, where
        self.plan = compile_plan(protocol, parameters)
        who = plain(protocol)
        relevant = {name: who.get(name) for name in ("population", "time_zero", "assessments", "arms")}
        decided_by = f"{population.key} {source_hash(*SOURCES)} {self.plan.library.hash} {relevant!r}"
        self.key = hashlib.sha256(decided_by.encode()).hexdigest()[:20]
        self._weights: BaselineWeights | None = None

    @property
    def folder(self) -> Path:
        """Where screened blocks are kept."""
        return cache_root() / "screening" / self.key

    def induce(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Live candidates through induction; adds how it ended, the day of randomisation and the flags."""
        import polars as pl

        flags = patient_flags(self.protocol, frame)
        if self.plan.gate_days[1] <= 0.0:
            n = frame.height
            return frame.with_columns(
                pl.Series("gate", ["passed"] * n, pl.String),
                pl.Series("randomised_day", np.zeros(n)),
                pl.Series("flags", flags),
            )
        outcomes = simulate(
            self.plan, frame["patient_id"].to_numpy(), 0, self.parameters,
            seed=self.population.seed, flags=flags, threads=self.threads, stop_at_gate=1,
        )  # fmt: skip
        return frame.with_columns(
            pl.Series("gate", np.asarray(GATES)[outcomes["gate"]]),
            pl.Series("randomised_day", outcomes["randomised_day"]),
            pl.Series("flags", flags),
        )

    def reference(self, progress: Progress = silent) -> pl.DataFrame:
        """Eligible candidates with how induction ended for each, a fixed sample from the first blocks."""
        import polars as pl

        path = self.folder / "reference.parquet"
        if self.population.cache and path.exists():
            return pl.read_parquet(path)
        conditions = self.protocol.population.conditions
        parts: list[pl.DataFrame] = []
        seen: list[pl.DataFrame] = []
        for number in range(MAX_BLOCKS):
            progress("growing natural histories", number, number + 2)
            block = self.population.block(number, threads=self.threads)
            block = with_counts(block, self.population.seed)
            seen.append(block)
            eligible = block.filter(mask(block, conditions, where=self.where))
            parts.append(self.induce(eligible))
            reached = sum(int((part["gate"] == "passed").sum()) for part in parts)
            if reached >= REFERENCE:
                break
            if number + 1 == LOOK:
                everybody = pl.concat(seen)
                check_not_empty(everybody, conditions, where=self.where)
                if not reached:
                    raise PagetError(
                        "nobody who is eligible reaches randomisation",
                        where=self.where,
                        key="time_zero.induction",
                        expected="some patients alive and without progression at its end",
                        fix="shorten induction, ask for less, or choose another standard of care",
                    )
                break
        found = pl.concat(parts)
        if self.population.cache:
            write_parquet(found, path)
        return found

    @property
    def weights(self) -> BaselineWeights:
        """Acceptance weights that give the randomised the published baseline mix."""
        if self._weights is None:
            sample = self.reference()
            self._weights = fit_weights(
                sample, self.protocol.population.baseline,
                randomised=(sample["gate"] == "passed").to_numpy(), where=self.where,
            )  # fmt: skip
        return self._weights

    def block(self, number: int) -> pl.DataFrame:
        """Accepted candidates of one block with how induction ended."""
        import polars as pl

        path = self.folder / f"block-{number:06d}.parquet"
        if self.population.cache and path.exists():
            return pl.read_parquet(path)
        people = with_counts(self.population.block(number, threads=self.threads), self.population.seed)
        eligible = people.filter(mask(people, self.protocol.population.conditions, where=self.where))
        taken = accept(
            eligible,
            self.protocol.population.baseline,
            self.weights,
            acceptance_uniforms(eligible["patient_id"].to_numpy(), self.population.seed),
        )
        frame = self.induce(eligible.filter(pl.Series(taken)))
        if self.population.cache:
            write_parquet(frame, path)
        return frame

    def draw(self, needed: int, progress: Progress = silent) -> Candidates:
        """Enough candidates that ``needed`` of them reach randomisation.

        Raises
        ------
        PagetError
            So few would that the run would need more natural histories than is sensible.
        """
        import polars as pl

        self.reference(progress)
        blocks: list[pl.DataFrame] = []
        reached = 0
        while reached < needed:
            expected = max(1, round(needed * max(1, len(blocks)) / max(reached, 1)))
            progress("drawing patients", min(len(blocks), expected), expected)
            block = self.block(len(blocks))
            reached += block.filter(pl.col("gate") == "passed").height
            blocks.append(block)
            if len(blocks) >= LOOK and needed / max(reached, 0.5) * len(blocks) > MAX_BLOCKS:
                histories = len(blocks) * BLOCK
                raise PagetError(
                    f"only {reached} of {histories:,} natural histories reach randomisation; {needed:,} are needed",
                    where=self.where,
                    key="population",
                    expected=f"at least 1 in {MAX_BLOCKS * BLOCK // max(needed, 1):,}",
                    fix="loosen the eligibility or the baseline mix, or ask for fewer patients or replicates",
                )
        progress("drawing patients", len(blocks), len(blocks))
        everybody = pl.concat(blocks)
        frame = everybody.filter(pl.col("gate") == "passed").head(needed)
        return Candidates(frame, everybody.select("patient_id", "gate"), len(blocks), self.weights)

    def flow(self, candidates: Candidates, last: int) -> dict[str, object]:
        """Counts of the first trial up to the candidate numbered ``last``: metastatic, not eligible and why, accepted, induction."""
        import polars as pl

        blocks = [self.population.block(number, threads=self.threads) for number in range(last // BLOCK + 1)]
        people = with_counts(pl.concat(blocks).filter(pl.col("patient_id") <= last), self.population.seed)
        steps = attrition(people, self.protocol.population.conditions)
        eligible = people.filter(mask(people, self.protocol.population.conditions)).height
        examined = candidates.examined.filter(pl.col("patient_id") <= last)
        gates = {str(gate): int(n) for gate, n in examined["gate"].value_counts().rows()}
        return {
            "histories": last + 1,
            "metastatic": people.height,
            "eligible": eligible,
            "attrition": steps,
            "accepted": examined.height,
            "gates": gates,
        }
