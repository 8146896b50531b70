"""The prepared population: patients who would be randomised under a protocol, each lived in every arm that a design needs.

Trials are resampled from it, so a life is lived once however many trials she is in. Lives are kept beside the screened candidates in the
cache, in pieces of a thousand patients; a larger population goes on where a smaller one ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paget.engine.compile import LONGEST_DAYS, compile_plan, population_of
from paget.engine.screen import Screening
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
from paget.population import BLOCK
from paget.population.store import write_parquet
from paget.progress import Progress, silent
from paget.study import Protocol, stratum_labels, subgroup_mask

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]

PIECE = 1000
DAYS = ("death_day", "progression_day", "distant_progression_day", "local_progression_day", "last_assessment_day", "surgery_day")
"""Days from diagnosis that are kept of each life; ``inf`` where it did not happen."""
CONTROL, EXPERIMENTAL, STAYED = "control", "experimental", "stayed"
"""The lives of a patient: in the control arm, in the experimental arm, in the control arm without crossover."""



@dataclass(frozen=True)
class Lives:
    """A prepared population.

    Attributes
    ----------
    candidates : polars.DataFrame
        One row a patient: attributes at diagnosis, ``randomised_day``.
    days : dict
        For each life (`CONTROL`, `EXPERIMENTAL`, maybe `STAYED`) the columns of `DAYS`.
    metastatic, eligible, examined : int
        Up to the last patient taken: metastatic patients, those who satisfy the conditions, those of them of the trial's mix (lost in
        induction or taken).
    """

    candidates: pl.DataFrame
    days: dict[str, dict[str, Floats]]
    metastatic: int
    eligible: int
    examined: int

    def __len__(self) -> int:
        return self.candidates.height

    @property
    def randomised_day(self) -> Floats:
        """Day of randomisation, from diagnosis."""
        found: Floats = self.candidates["randomised_day"].to_numpy()
        return found

    def strata(self, protocol: Protocol) -> npt.NDArray[Any]:
        """Stratum label of each patient."""
        return np.asarray(stratum_labels(self.candidates, protocol.randomisation.strata), dtype=object)

    def subgroup(self, protocol: Protocol, name: str) -> npt.NDArray[np.bool_]:
        """Which patients belong to a subgroup of the protocol (``all``: everybody)."""
        if name == "all":
            return np.ones(len(self), bool)
        group = next(one for one in protocol.analyses.subgroups if one.id == name)
        found: npt.NDArray[np.bool_] = subgroup_mask(self.candidates, group).to_numpy()
        return found


def _without_crossover(plan: LifePlan, control: int) -> LifePlan:
    arms = list(plan.arms)
    arms[control] = {**arms[control], "crossover": 0.0}
    return replace(plan, arms=tuple(arms))


def prepare(
    protocol: Protocol,
    parameters: ParameterSet,
    seed: int,
    patients: int,
    *,
    experimental: str | None = None,
    stayed: bool = False,
    threads: int = 1,
    progress: Progress = silent,
    cache: bool = True,
) -> Lives:
    """Draw patients and live each of them in both arms, to death.

    Parameters
    ----------
    protocol, parameters, seed
    patients : int
        Size of the population.
    experimental : str, optional
        Id of the arm; the protocol's first by default.
    stayed : bool
        Live the control arm without crossover too.
    threads : int
    progress : callable
    cache : bool
        Keep lives on disk and read them from there.

    Raises
    ------
    PagetError
        The protocol's population is out of reach.
    """
    import polars as pl

    population = population_of(protocol, parameters, seed, cache=cache)
    screening = Screening(protocol, parameters, population, threads=threads, where=protocol.id)
    drawn = screening.draw(patients, progress)
    plan = compile_plan(protocol, parameters, to_death=True)
    arm = protocol.arm(experimental) if experimental else protocol.experimental[0]
    control = protocol.arms.index(protocol.control)
    wanted = {CONTROL: (plan, control), EXPERIMENTAL: (plan, protocol.arms.index(arm))}
    if stayed:
        wanted[STAYED] = (_without_crossover(plan, control), control)
    ids, flags = drawn.frame["patient_id"].to_numpy(), drawn.frame["flags"].to_numpy()
    starts = range(0, patients, PIECE)
    days: dict[str, dict[str, Floats]] = {}
    for position, (name, (lived, which)) in enumerate(wanted.items()):
        pieces = []
        for number, start in enumerate(starts):
            progress("living both arms", position * len(starts) + number, len(wanted) * len(starts))
            suffix = f"{name}-{arm.id}" if name == EXPERIMENTAL else name
            path = screening.folder / f"lives-{suffix}-{number:05d}.parquet"
            piece = pl.read_parquet(path) if cache and path.exists() else None
            rows = slice(start, min(start + PIECE, patients))
            if piece is None or piece.height < rows.stop - start:
                out = simulate(lived, ids[rows], which, parameters, seed=seed, flags=flags[rows], threads=threads)
                piece = pl.DataFrame({column: np.where(np.isnan(out[column]), np.inf, out[column]) for column in DAYS})
                if cache:
                    write_parquet(piece, path)
            pieces.append(piece.head(rows.stop - start))
        everyone = pl.concat(pieces)
        days[name] = {column: everyone[column].to_numpy() for column in DAYS}
        # who is alive after thirty years is taken to die then, as twins do
        days[name]["death_day"] = np.minimum(days[name]["death_day"], LONGEST_DAYS)
    progress("living both arms", len(wanted) * len(starts), len(wanted) * len(starts))
    last = int(ids[-1])
    of_the_mix = int((drawn.examined["patient_id"] <= last).sum())
    return Lives(drawn.frame, days, *_screened(screening, last), of_the_mix)


def _screened(screening: Screening, last: int) -> tuple[int, int]:
    """Metastatic patients among the natural histories up to the last patient taken, and how many of them satisfy the conditions."""
    from paget.study import mask

    metastatic = eligible = 0
    for number in range(last // BLOCK + 1):
        block = screening.population.block(number, threads=screening.threads)
        seen = block.filter(block["patient_id"] <= last)
        metastatic += seen.height
        eligible += int(mask(seen, screening.protocol.population.conditions).sum())
    return metastatic, eligible
