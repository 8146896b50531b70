"""A calibration in a folder: the blind posterior, the informed one, and everything a reader must see of them.

The blind fit looks at anchors only. The informed posterior is the blind one, its draws weighted by how well each predicts the hazard
ratios of the trials named in ``targets.yaml`` (``contrasts.inform``) and drawn again; the other trials are predicted by both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget import _jit
from paget._version import __version__
from paget.calibration.contrast import LEAST_LIVES, PublishedContrast, contrasts, published_contrast
from paget.calibration.coverage import coverage
from paget.calibration.ensemble import effective_size, filled, resampled
from paget.calibration.evaluate import Evaluation
from paget.calibration.free import Space, declared_space
from paget.calibration.ledger import Ledger, evaluate_all
from paget.calibration.rows import cells
from paget.calibration.smoother import SIZES, Fit, Size, smooth, stage_seed
from paget.calibration.targets import TargetSet, declared_targets, targets_from
from paget.engine.folder import WORK, RunFolder, digest
from paget.engine.work import default_folder, seed_of, working
from paget.errors import unknown
from paget.parameters import ParameterSet
from paget.parameters.posterior import declared_hash, save
from paget.parameters.priors import entries
from paget.parameters.version import MODEL_VERSION
from paget.progress import Progress, silent
from paget.study import load_protocol, protocol_hash
from paget.therapy import library

Array = NDArray[np.float64]
DIGITS = 12
"""Significant digits kept of a draw: beyond them lies only the order of additions."""


@dataclass(frozen=True)
class Informed:
    """What the trials of surgery say of the blind draws.

    Attributes
    ----------
    log_hr, se : array, draws by trials
        Effect of each trial under each draw, by twins; NaN where too few patients reach randomisation.
    trials : tuple of str
        Those that inform first, then those that are predicted.
    published : tuple of PublishedContrast
    informing : int
        How many of the trials inform.
    log_weights : array
    effective : float
        Kish's effective number of draws.
    chosen : array of int
        Rows of the blind posterior that make up the informed one.
    """

    log_hr: Array
    se: Array
    trials: tuple[str, ...]
    published: tuple[PublishedContrast, ...]
    informing: int
    log_weights: Array
    effective: float
    chosen: NDArray[np.int64]


@dataclass(frozen=True)
class Calibration:
    """A finished calibration."""

    folder: Path
    fit: Fit
    informed: Informed


def size_named(name: str) -> Size:
    """A size by its name.

    Raises
    ------
    PagetError
        If there is none of this name.
    """
    if name not in SIZES:
        raise unknown("size", name, SIZES, where="--size")
    return SIZES[name]


def request_of(what: str, size: str, seed: int, targets: TargetSet, **more: Any) -> dict[str, Any]:
    """What names a piece of work: two requests that are equal give the same bytes."""
    seed_of(seed, 2**63 - 1)
    return {
        "what": what, "paget": __version__, "model_version": MODEL_VERSION, "kernels": _jit.kernel_hash(), "declared_hash": declared_hash(),
        "parameters_hash": ParameterSet.point().hash, "size": size, **size_named(size).as_dict(), "seed": seed,
        "targets_hash": targets.hash, "targets": list(targets.ids), **input_hashes(targets),
    } | more  # fmt: skip


def input_hashes(targets: TargetSet) -> dict[str, str]:
    """Hashes of all that a fit reads besides its file of targets: what it may move, the figures, the therapies, the trials.

    The file of targets only names figures: a change of their rows, of the evidence, of a prior or of a therapy is another fit.
    """
    space, known = declared_space(), entries()
    trials = (*targets.contrasts.inform, *targets.contrasts.predict)
    loaded = [load_protocol(name) for name in trials]
    return {
        "space_hash": digest({
            "free": list(space.free), "varied": list(space.varied), "block": dict(space.block), "acts_on": dict(space.acts_on),
            "priors": {one: [known[one].value, str(known[one].floor), known[one].prior.model_dump(mode="json")] for one in space.columns},
        }),
        "figures_hash": digest({
            "targets": [[t.id, t.evidence, t.kind, *t.observed, t.discrepancy, t.row.model_dump(mode="json")] for t in targets.targets],
            "simulations": {name: one.model_dump(mode="json") for name, one in targets.simulations.items()},
            "lives": targets.lives.model_dump(mode="json"),
        }),
        "therapies_hash": library().hash,
        "trials_hash": digest([[protocol_hash(one), *asdict(published_contrast(one)).values()] for one in loaded]),
    }  # fmt: skip


def evidence_of(targets: TargetSet, *, contrasts: bool = False) -> list[str]:
    """Ids of the studies that a posterior was fitted to, those of pooled figures too; with the trials that inform the second one."""
    found = {study.id for t in targets.targets for study, _, _ in cells(t.row)}
    if contrasts:
        found |= {published_contrast(load_protocol(name)).evidence for name in targets.contrasts.inform}
    return sorted(found)


def open_folder(request: dict[str, Any], out: Path | None, *, resume: bool, overwrite: bool) -> tuple[RunFolder, Ledger]:
    """The folder of a piece of work, and the ledger of its evaluations."""
    default = default_folder("calibrations", f"{request['what']}-{request['size']}", request["seed"], request)
    folder = RunFolder(out or default, request, resume=resume, overwrite=overwrite)
    return folder, Ledger(folder.path / WORK / "evaluations.jsonl")


def targets_at(path: Path | None) -> TargetSet:
    """The shipped targets, or a user's."""
    return declared_targets() if path is None else targets_from(path)


def calibrate(
    *,
    size: str = "laptop",
    seed: int = 1,
    out: Path | None = None,
    threads: int = 1,
    targets: Path | None = None,
    resume: bool = True,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Fit the blind posterior and derive the informed one.

    Parameters
    ----------
    size : {"tiny", "laptop", "full"}
    seed : int
        Everything follows from it.
    out : Path, optional
        Folder; ``calibrations/fit-<size>-s<seed>-<hash8>`` by default.
    threads : int
        Changes no result.
    targets : Path, optional
        A file in the form of ``targets.yaml`` instead of the shipped one.
    resume, overwrite : bool
        Go on with what is in the folder; throw it away.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    Path
        The folder: ``blind.parquet`` and ``informed.parquet`` with their manifests, ``summary.json``, tables and figures.

    Raises
    ------
    PagetError
        Whatever the user can mend.
    """
    from paget.calibration.summary import write_summary

    chosen = targets_at(targets)
    space = declared_space()
    request = request_of("fit", size, seed, chosen)
    folder, ledger = open_folder(request, out, resume=resume, overwrite=overwrite)
    if folder.finished:
        return folder.path
    with working(folder, threads, progress):
        fit = smooth(chosen, space, size_named(size), seed=seed, threads=threads, ledger=ledger, progress=progress)
        informed = inform(fit.posterior.z, space, chosen, fit.size, seed, threads=threads, ledger=ledger, progress=progress)
        most = max(fit.prior.lives, fit.posterior.lives)
        manifest = _manifest(request, fit) | {"lives_of_one_evaluation": most}
        frame = _frame(space, fit.posterior.z)
        save(frame, folder.path / "blind.parquet", "blind", **manifest, coverage=coverage([t.row for t in chosen.targets]).plain())
        contrast = {
            "contrasts": list(chosen.contrasts.inform), "contrasts_predicted": list(chosen.contrasts.predict),
            "effective_draws": round(informed.effective, 1),
            "method": manifest["method"] + "; then draws weighted by the hazard ratios of the named trials and resampled",
            "coverage": coverage([t.row for t in chosen.targets], procedures=("surgery",)).plain(),
            "evidence": evidence_of(chosen, contrasts=True),
        }  # fmt: skip
        save(frame[informed.chosen], folder.path / "informed.parquet", "informed", **(manifest | contrast))
        write_summary(Calibration(folder.path, fit, informed), request, progress=progress)
        folder.log(f"{len(ledger)} evaluations of at most {most} lives")
        folder.finish({**request, "evaluations": len(ledger), "lives_of_one_evaluation": most})
    return folder.path


def _frame(space: Space, z: Array) -> Any:
    import polars as pl

    def rounded(x: Array) -> Array:
        return np.array([float(f"{value:.{DIGITS}g}") for value in x])

    return pl.DataFrame({name: rounded(column) for name, column in space.frame_columns(z).items()})


def _manifest(request: dict[str, Any], fit: Fit) -> dict[str, Any]:
    sd = fit.targets.sd
    return {
        "seed": request["seed"],
        "size": request["size"],
        "members": fit.size.members,
        "steps": fit.size.steps,
        "targets_hash": request["targets_hash"],
        **{name: request[name] for name in ("space_hash", "figures_hash", "therapies_hash", "trials_hash")},
        "targets": list(fit.targets.ids),
        "evidence": evidence_of(fit.targets),
        "free": list(fit.space.free),
        "varied": list(fit.space.varied),
        "misfit": {
            "prior": round(fit.prior.misfit(fit.y, sd), 4),
            "posterior": round(fit.posterior.misfit(fit.y, sd), 4),
            "of_the_mean_prior": round(fit.prior.distance(fit.y, sd), 4),
            "of_the_mean_posterior": round(fit.posterior.distance(fit.y, sd), 4),
        },
        "method": f"ES-MDA, {fit.size.steps} assimilations, {fit.size.members} members, chance covariances damped",
    }


def inform(
    z: Array,
    space: Space,
    targets: TargetSet,
    size: Size,
    seed: int,
    *,
    base: ParameterSet | None = None,
    label: str = "contrasts",
    threads: int = 1,
    ledger: Ledger | None = None,
    progress: Progress = silent,
) -> Informed:
    """Effect of surgery in each named trial under every draw, and the weights of those that inform."""
    trials = (*targets.contrasts.inform, *targets.contrasts.predict)
    published = tuple(published_contrast(load_protocol(name)) for name in trials)
    halves = [trials[k : k + 2] for k in range(0, len(trials), 2)]  # two trials an evaluation: patients enough within its lives
    found = []
    for k, names in enumerate(halves):

        def work(member: int, names: tuple[str, ...] = tuple(names)) -> Evaluation:
            at = stage_seed(seed, label, member)
            effect = contrasts(names, space.values(z[member], base), seed=at, lives=max(size.lives, LEAST_LIVES))
            one = [effect[load_protocol(name, check_evidence=False).id] for name in names]
            return Evaluation(np.array([c.log_hr for c in one]), np.array([c.se for c in one]), size.lives)

        stage = f"{label} {k + 1}/{len(halves)}"
        found.append(evaluate_all(work, range(len(z)), Ledger() if ledger is None else ledger, stage, threads=threads, progress=progress))
    log_hr = np.concatenate([np.stack([e.values for e in part]) for part in found], axis=1)
    se = np.concatenate([np.stack([e.errors for e in part]) for part in found], axis=1)
    n = len(targets.contrasts.inform)
    weights = _log_weights(log_hr[:, :n], se[:, :n], published[:n], targets.contrasts.sd)
    chosen = np.sort(resampled(weights, len(z), stage_seed(seed, label, "resampling")))
    return Informed(log_hr, se, trials, published, n, weights, effective_size(weights), chosen)


def _log_weights(log_hr: Array, se: Array, published: tuple[PublishedContrast, ...], discrepancy: float) -> Array:
    y, sd = np.array([p.log_hr for p in published]), np.array([p.sd for p in published])
    variance = sd**2 + discrepancy**2 + np.where(np.isnan(se), 0.0, se) ** 2
    residual = np.where(np.isnan(log_hr), np.nan, (log_hr - y) ** 2 / variance + np.log(variance))
    # a draw under which a trial could not be run says nothing of it: it counts as one in the middle
    return np.asarray(-0.5 * filled(residual)[0].sum(axis=1))
