"""One evaluation: what the model says of every target under one set of parameters, from at most 20,000 lives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paget.calibration.cohorts import Setting
from paget.calibration.likelihood import simulated
from paget.calibration.rows import Simulation
from paget.calibration.run import estimate
from paget.calibration.targets import MOST_LIVES, Lives, TargetSet
from paget.errors import PagetError
from paget.parameters import ParameterSet

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What one set of parameters gives.

    Attributes
    ----------
    values, errors : array
        Each target on the scale of its likelihood, and its Monte-Carlo error there; NaN where nothing came out.
    lives : int
        Natural histories and lives of metastatic patients that it took.
    """

    values: Array
    errors: Array
    lives: int


def sized(simulations: dict[str, Simulation], lives: Lives, total: int) -> dict[str, Simulation]:
    """The simulations with their sizes: natural histories of their own, women followed, patients lived at most."""

    def count(share: float) -> int:
        return max(1, int(share * total))

    def patients(name: str) -> int:
        return count(lives.patients[name]) if name in lives.patients else 0

    out = {}
    for name, one in simulations.items():
        options, histories = dict(one.options), None
        if name in lives.follow_ups:
            options |= {"at_most": count(lives.follow_ups[name].share), "where": lives.follow_ups[name].where}
        elif name in lives.natural_histories and name != "diagnosis":
            histories = count(lives.natural_histories[name])
        elif one.kind == "metastatic":
            era = options.get("era")
            options |= {"at_most": patients(f"relapsed-{era}"), "de_novo_at_most": patients(f"de-novo-{era}")}
        elif name in lives.patients:
            options["at_most"] = patients(name)
        out[name] = Simulation(kind=one.kind, options=options, parameters=one.parameters, histories=histories)
    return out


def evaluate(parameters: ParameterSet, targets: TargetSet, *, lives: int = MOST_LIVES, seed: int = 1) -> Evaluation:
    """Simulate every target.

    Parameters
    ----------
    parameters : ParameterSet
    targets : TargetSet
    lives : int
        Lives at most, shared out as the targets' file says.
    seed : int

    Raises
    ------
    PagetError
        If more lives are asked for than one evaluation may use.
    """
    if not 200 <= lives <= MOST_LIVES:
        raise PagetError("not a size of one evaluation", key="lives", got=lives, expected=f"200 to {MOST_LIVES:,}")
    setting = Setting(parameters, max(1, int(targets.lives.natural_histories["diagnosis"] * lives)), seed)
    simulations = sized(targets.simulations, targets.lives, lives)
    found = [simulated(t.kind, estimate(t.row, simulations, setting)) for t in targets.targets]
    return Evaluation(
        np.array([np.nan if x is None else x.value for x in found]),
        np.array([np.nan if x is None else x.sd for x in found]),
        setting.ledger.lives,
    )
