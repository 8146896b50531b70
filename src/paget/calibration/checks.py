"""Checks of the method: does it find truths that were put in, with the full model and with an emulator of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.calibration.emulator import Emulator, emulate
from paget.calibration.ensemble import filled, update
from paget.calibration.evaluate import evaluate
from paget.calibration.fit import open_folder, request_of, targets_at
from paget.calibration.free import Space, declared_space
from paget.calibration.ledger import Ledger, evaluate_all
from paget.calibration.smoother import Size, smooth, stage_seed
from paget.calibration.summary import plain
from paget.calibration.targets import TargetSet
from paget.engine.folder import canonical, write_text
from paget.progress import Progress, silent

Array = NDArray[np.float64]
TRUTHS = 5
LEVELS = (0.5, 0.8, 0.95)
SYNTHETIC = {"tiny": Size(24, 1, 1_200), "laptop": Size(150, 3, 8_000), "full": Size(400, 4, 20_000)}
"""Sizes of the fits to synthetic truths: reduced, since there are five of them."""
SIMULATED = {"tiny": (40, 20, 40), "laptop": (400, 200, 200), "full": (1_200, 400, 400)}
"""Points that the emulator is trained on, truths, and members of each fit to it."""
RANKS = 10


def synthetic(
    *, size: str = "laptop", seed: int = 1, out: Path | None = None, threads: int = 1, targets: Path | None = None,
    resume: bool = True, overwrite: bool = False, progress: Progress = silent,
) -> Path:  # fmt: skip
    """Fit the full model to five truths drawn from the prior, and count how often intervals hold them.

    The data of a truth are what the model gives for it, plus sampling error and discrepancy as declared. Writes ``summary.json`` and
    ``coverage.csv``; an interrupted check goes on where it stopped.
    """
    import polars as pl

    chosen, space, work = targets_at(targets), declared_space(), SYNTHETIC[_known(size)]
    request = request_of("synthetic", size, seed, chosen, fits=work.as_dict(), truths=TRUTHS)
    folder, ledger = open_folder(request, out, resume=resume, overwrite=overwrite)
    if folder.finished:
        return folder.path
    z = space.prior(TRUTHS, stage_seed(seed, "truths"))

    def truth(k: int) -> Any:
        return evaluate(space.values(z[k]), chosen, lives=work.lives, seed=stage_seed(seed, "truth", k))

    made = evaluate_all(truth, range(TRUTHS), ledger, "truths", threads=threads, progress=progress)
    rows = []
    for k, one in enumerate(made):
        speaks = np.isfinite(one.values)
        part = chosen.only([name for name, fine in zip(chosen.ids, speaks, strict=True) if fine])
        noise = np.random.Generator(np.random.Philox(key=stage_seed(seed, "noise", k))).standard_normal(len(chosen.targets))
        data = one.values[speaks] + noise[speaks] * part.sd
        fit = smooth(
            part,
            space,
            work,
            seed=stage_seed(seed, "fit", k),
            y=data,
            threads=threads,
            ledger=ledger,
            label=f"truth {k + 1}",
            progress=progress,
        )
        rows += _covered(fit.posterior.z, z[k], space, k)
    frame = pl.DataFrame(rows, schema=["truth", "column", "true_z", "mean_z", "sd_z", *(f"in_{level:g}" for level in LEVELS)], orient="row")
    write_text(folder.path / "coverage.csv", frame.write_csv(float_precision=6))
    error = (frame["mean_z"] - frame["true_z"]).to_numpy()
    found = {
        "request": request,
        "coverage": [{"level": level, "covered": float(frame[f"in_{level:g}"].mean() or 0.0), "of": frame.height} for level in LEVELS],  # type: ignore[arg-type]
        "by_truth": [
            {"truth": k + 1, **{f"{level:g}": float(part[f"in_{level:g}"].mean() or 0.0) for level in LEVELS}}  # type: ignore[arg-type]
            for k in range(TRUTHS)
            for part in [frame.filter(pl.col("truth") == k)]
        ],
        "root_mean_square_error": float(np.sqrt(np.mean(error**2))),
        "root_mean_square_of_the_prior": float(np.sqrt(np.mean(frame["true_z"].to_numpy() ** 2))),
        "mean_spread": float(frame["sd_z"].mean() or 0.0),  # type: ignore[arg-type]
    }
    return _written(folder, found, request)


def _covered(z: Array, truth: Array, space: Space, number: int) -> list[tuple[Any, ...]]:
    rows = []
    for k, column in enumerate(space.free):
        held = [bool(np.quantile(z[:, k], 0.5 - level / 2) <= truth[k] <= np.quantile(z[:, k], 0.5 + level / 2)) for level in LEVELS]
        rows.append((number, column, float(truth[k]), float(z[:, k].mean()), float(z[:, k].std(ddof=1)), *held))
    return rows


def emulated(
    *, size: str = "laptop", seed: int = 1, out: Path | None = None, threads: int = 1, targets: Path | None = None,
    resume: bool = True, overwrite: bool = False, progress: Progress = silent,
) -> Path:  # fmt: skip
    """Simulation-based calibration on an emulator of the model (Talts et al. 2018): ranks of truths among the draws are uniform.

    Writes ``summary.json``, ``emulator.csv`` (R2 of each target for points left out) and ``ranks.csv``.
    """
    import polars as pl
    from scipy.stats import chisquare

    points, truths, members = SIMULATED[_known(size)]
    chosen, space = targets_at(targets), declared_space()
    request = request_of("emulator", size, seed, chosen, points=points, truths=truths, fit_members=members)
    folder, ledger = open_folder(request, out, resume=resume, overwrite=overwrite)
    if folder.finished:
        return folder.path
    emulator = _trained(chosen, space, points, request["lives"], seed, ledger, threads, progress)
    ranks = simulated_ranks(emulator, chosen, space, truths=truths, members=members, steps=request["steps"], seed=seed, progress=progress)
    r2 = pl.DataFrame({"target": list(chosen.ids), "r2": emulator.r2, "noise": emulator.noise, "sd": chosen.sd})
    write_text(folder.path / "emulator.csv", r2.write_csv(float_precision=6))
    counts = np.stack([np.bincount(np.minimum((column * RANKS).astype(int), RANKS - 1), minlength=RANKS) for column in ranks.T])
    p = np.array([chisquare(row).pvalue for row in counts])
    table = pl.DataFrame({"column": list(space.free), "p": p} | {f"bin_{k}": counts[:, k] for k in range(RANKS)})
    write_text(folder.path / "ranks.csv", table.write_csv(float_precision=6))
    found = {
        "request": request, "numbers": len(p), "beyond": int(np.sum(p < 0.01)), "expected": 0.01 * len(p),
        "mean_rank": float(ranks.mean()), "sd_rank": float(ranks.std()), "sd_of_uniform": float(np.sqrt(1 / 12)),
        "r2_median": float(np.median(emulator.r2)), "r2_low": float(np.quantile(emulator.r2, 0.1)),
    }  # fmt: skip
    return _written(folder, found, request)


def _trained(
    targets: TargetSet, space: Space, points: int, lives: int, seed: int, ledger: Ledger, threads: int, progress: Progress
) -> Emulator:
    z = space.prior(points, stage_seed(seed, "design"))

    def work(k: int) -> Any:
        return evaluate(space.values(z[k]), targets, lives=lives, seed=stage_seed(seed, "design", k))

    made = evaluate_all(work, range(points), ledger, "design", threads=threads, progress=progress)
    return emulate(z, filled(np.stack([one.values for one in made]))[0])


def simulated_ranks(
    emulator: Callable[[Array], Array],
    targets: TargetSet,
    space: Space,
    *,
    truths: int,
    members: int,
    steps: int,
    seed: int,
    progress: Progress = silent,
) -> Array:
    """Rank (0 to 1) of each truth among the draws of a fit to its data: one row a truth, one column a free number."""
    allowed, sd = space.may_move(targets), targets.sd
    out = np.zeros((truths, len(space.free)))
    for k in range(truths):
        draw = np.random.Generator(np.random.Philox(key=stage_seed(seed, "ranks", k)))
        truth = draw.standard_normal(len(space.columns))
        data = emulator(truth)[0] + sd * draw.standard_normal(len(sd))
        z = draw.standard_normal((members, len(space.columns)))
        for _ in range(steps):
            noise = draw.standard_normal((members, len(sd)))
            z = update(z, emulator(z), data, sd, alpha=float(steps), noise=noise, allowed=allowed)
        below = (z[:, : len(space.free)] < truth[: len(space.free)]).sum(axis=0)
        out[k] = (below + draw.random(len(space.free))) / (members + 1)
        progress("ranks of truths", k + 1, truths)
    return out


def _known(size: str) -> str:
    from paget.calibration.fit import size_named

    size_named(size)
    return size


def _written(folder: Any, found: dict[str, Any], request: dict[str, Any]) -> Path:
    write_text(folder.path / "summary.json", canonical(plain(found)))
    folder.finish(request)
    return Path(folder.path)


CHECKS: dict[str, Callable[..., Path]] = {"synthetic": synthetic, "emulator": emulated}
"""Checks by the name that ``paget calibrate --check`` takes."""
