"""The fit itself: an ensemble taken from the prior to the posterior, evaluation by evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from paget.calibration.ensemble import filled, perturbations, update
from paget.calibration.evaluate import Evaluation, evaluate
from paget.calibration.free import Space
from paget.calibration.ledger import Ledger, evaluate_all
from paget.calibration.targets import TargetSet
from paget.parameters import ParameterSet
from paget.progress import Progress, silent

Array = NDArray[np.float64]
Random = Literal["member", "fresh", "common"]


@dataclass(frozen=True)
class Size:
    """How much work a fit is.

    Attributes
    ----------
    members : int
        Sets of parameters carried along; as many draws come out.
    steps : int
        Assimilations of the data.
    lives : int
        Lives of one evaluation.
    """

    members: int
    steps: int
    lives: int

    def as_dict(self) -> dict[str, int]:
        """Plain data."""
        return {"members": self.members, "steps": self.steps, "lives": self.lives}


SIZES = {
    "tiny": Size(24, 2, 1_500),
    "laptop": Size(300, 4, 20_000),
    "full": Size(1_200, 6, 20_000),
}
"""Sizes by name. A laptop fit takes well under an hour on two processors, a full one under three; ``tiny`` is for tests."""


@dataclass(frozen=True)
class Ensemble:
    """Members on the normal scale with what each gave.

    Attributes
    ----------
    z : array, members by columns
    values, errors : array, members by targets
        On the scales of the likelihoods; gaps filled with the target's median.
    missing : array
        Share of members in whom a target did not come out.
    lives : int
        Most lives of one evaluation.
    """

    z: Array
    values: Array
    errors: Array
    missing: Array
    lives: int

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """Targets that come out in at least half of the members; the others count nowhere."""
        return np.asarray(self.missing < 0.5)

    def unseen_error(self) -> Array:
        """Monte-Carlo error that the ensemble's own covariance does not hold.

        Members differ in their women too, so the scatter of what they give holds the Monte-Carlo error, but in as many directions as there
        are members: with fewer members than targets all of it is added to the error of the data, with many a small part.
        """
        members, targets = self.values.shape
        return np.asarray(np.median(self.errors, axis=0) * np.sqrt(min(1.0, targets / members)))

    def scores(self, y: Array, sd: Array) -> Array:
        """Standardised difference of each target: predictive mean less observed, over sampling, discrepancy and scatter together."""
        return np.asarray((self.values.mean(axis=0) - y) / np.hypot(sd, self.values.std(axis=0, ddof=1)))

    def misfit(self, y: Array, sd: Array) -> float:
        """Mean squared residual over members and targets, in units of sampling, discrepancy and Monte-Carlo error together.

        One: members are as far from the figures as a right model would be.
        """
        scale = np.hypot(sd, self.errors)
        return float(np.mean((((self.values - y) / scale) ** 2)[:, self.speaks]))

    def distance(self, y: Array, sd: Array) -> float:
        """Mean squared residual of the predictive mean, in units of sampling and discrepancy: without the members' own scatter."""
        return float(np.mean((((self.values.mean(axis=0) - y) / sd) ** 2)[self.speaks]))


@dataclass(frozen=True)
class Fit:
    """A fit from prior to posterior."""

    prior: Ensemble
    posterior: Ensemble
    space: Space
    targets: TargetSet
    y: Array
    size: Size
    seed: int


def stage_seed(seed: int, *parts: object) -> int:
    """A seed of its own for a part of a run."""
    text = ":".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def smooth(
    targets: TargetSet,
    space: Space,
    size: Size,
    *,
    seed: int = 1,
    base: ParameterSet | None = None,
    y: Array | None = None,
    threads: int = 1,
    ledger: Ledger | None = None,
    label: str = "fit",
    random: Random = "fresh",
    progress: Progress = silent,
    model: Callable[[Array, int], Evaluation] | None = None,
) -> Fit:
    """Fit.

    Parameters
    ----------
    targets : TargetSet
    space : Space
    size : Size
    seed : int
    base : ParameterSet, optional
        What stands for parameters that are not in the space; the point values by default. A structural variant is a base with switches off.
    y : array, optional
        Data in place of the targets' own (for checks on synthetic truths).
    threads : int
        Changes no result.
    ledger : Ledger, optional
        Where finished evaluations are kept.
    label : str
        Name of the fit in the ledger.
    random : {"fresh", "member", "common"}
        Women of an evaluation: other ones each time, the same through the steps for each member, or the same for everybody.
    progress : callable, optional
        Called with (stage, done, total).
    model : callable, optional
        ``(z, seed) -> Evaluation`` in place of the simulation.

    Notes
    -----
    A target that comes out in fewer than half of the members moves nothing in that step and is told in the summary.
    """
    book, data, sd = Ledger() if ledger is None else ledger, targets.y if y is None else y, targets.sd
    allowed, alpha = space.may_move(targets), float(size.steps)

    def one(z: Array, at: int) -> Evaluation:
        if model is not None:
            return model(z, at)
        return evaluate(space.values(z, base), targets, lives=size.lives, seed=at)

    def look(z: Array, step: int) -> Ensemble:
        def work(member: int) -> Evaluation:
            at = {"fresh": (step, member), "member": ("all", member), "common": ("all", "all")}[random]
            return one(z[member], stage_seed(seed, label, *at))

        found = evaluate_all(work, range(size.members), book, f"{label} {step}", threads=threads, progress=progress)
        values, missing = filled(np.stack([f.values for f in found]))
        errors = np.stack([f.errors for f in found])
        return Ensemble(z, values, filled(errors)[0], missing, max(f.lives for f in found))

    z = space.prior(size.members, seed)
    ensemble = prior = look(z, 0)
    for step in range(size.steps):
        noise = perturbations(targets.ids, size.members, step, stage_seed(seed, label))
        speaks = ensemble.speaks
        error = np.hypot(sd, ensemble.unseen_error())[speaks]
        z = update(z, ensemble.values[:, speaks], data[speaks], error, alpha=alpha, noise=noise[:, speaks], allowed=allowed[:, speaks])
        ensemble = look(z, step + 1)
    return Fit(prior, ensemble, space, targets, data, size, seed)
