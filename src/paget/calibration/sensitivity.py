"""What the results hang on: Morris screening of the model, Sobol indices on an emulator of it, and a tornado for each headline result.

Numbers vary around a fitted posterior, each with its own mean and spread there and independent of the others (on the normal scale);
what no target identifies varies as its prior does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.calibration.emulator import Emulator, emulate
from paget.calibration.ensemble import filled
from paget.calibration.fit import open_folder, request_of, targets_at
from paget.calibration.free import Space, declared_space
from paget.calibration.headlines import headlines, natural, results
from paget.calibration.ledger import Ledger, evaluate_all
from paget.calibration.smoother import stage_seed
from paget.calibration.summary import plain
from paget.calibration.targets import TargetSet
from paget.engine.folder import canonical, write_text
from paget.errors import PagetError
from paget.parameters.posterior import Posterior, load
from paget.parameters.priors import entries
from paget.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Work:
    """How much is done: points of the design, Morris trajectories (by block or by parameter), bars and seeds of tornados, lives, Sobol."""

    points: int
    trajectories: int
    by_block: bool
    bars: int
    seeds: int
    lives: int
    base: int


WORK = {
    "tiny": Work(24, 2, True, 3, 1, 1_200, 64),
    "laptop": Work(400, 4, False, 12, 3, 20_000, 1_024),
    "full": Work(800, 8, False, 15, 6, 20_000, 2_048),
}
TAIL = 1.6448536269514722
"""5 % and 95 % points of the normal."""


@dataclass(frozen=True)
class Around:
    """Where numbers vary: mean and spread of each column on the normal scale."""

    space: Space
    mean: Array
    sd: Array

    def at(self, steps: Array) -> Array:
        """Points so many spreads away from the means."""
        return np.asarray(self.mean + self.sd * steps)


def around(posterior: Posterior, space: Space) -> Around:
    """Means and spreads of a posterior; columns that it lacks vary as their priors do."""
    known = entries()
    mean, sd = np.zeros(len(space.columns)), np.ones(len(space.columns))
    for k, column in enumerate(space.columns):
        if column in posterior.frame.columns:
            z = known[column].to_z(posterior.frame[column].to_numpy())
            mean[k], sd[k] = float(z.mean()), float(max(z.std(ddof=1), 1e-3)) if len(z) > 1 else 1e-3
    return Around(space, mean, sd)


def sensitivity(
    fit: Path, *, size: str = "laptop", seed: int = 1, out: Path | None = None, threads: int = 1, targets: Path | None = None,
    resume: bool = True, overwrite: bool = False, progress: Progress = silent,
) -> Path:  # fmt: skip
    """Morris, Sobol and tornado around the blind posterior in the folder of a fit (or around a posterior's file or name).

    Writes ``morris.csv``, ``sobol.csv``, ``tornado.csv``, ``summary.json`` and figures.
    """
    from paget.report.figures import sensitivity as figures
    from paget.report.save import save

    chosen, space = targets_at(targets), declared_space()
    posterior = load(fit / "blind.parquet" if fit.is_dir() else str(fit))
    request = request_of("sensitivity", size, seed, chosen, posterior=posterior.hash)
    work = WORK[size]
    folder, ledger = open_folder(request, out, resume=resume, overwrite=overwrite)
    if folder.finished:
        return folder.path
    place = around(posterior, space)
    study = _Study(chosen, place, work, seed, ledger, threads, progress)
    emulator = study.emulator()
    tables = {"sobol": study.sobol(emulator), "morris": study.morris(), "tornado": study.tornado(emulator)}
    for name, table in tables.items():
        write_text(folder.path / f"{name}.csv", table.write_csv(float_precision=6))
    note = "Indices of a quadratic emulator; R2 for points left out: " + ", ".join(
        f"{h.name.split(',')[-1].strip()} {r2:.2f}" for h, r2 in zip(headlines(chosen), emulator.r2, strict=True)
    )
    save(figures.indices(tables["sobol"], "Sobol indices of the headline results", note), folder.path / "figures", "sobol")
    for group in tables["tornado"].partition_by("result", maintain_order=True):
        one = next(h for h in headlines(chosen) if h.id == group["id"][0])
        save(figures.tornado(group, one.name, one.unit), folder.path / "figures", f"tornado-{one.id}")
    largest = {
        str(group["result"][0]): group.sort("total", descending=True)["column"].to_list()[:6]
        for group in tables["sobol"].partition_by("result", maintain_order=True)
    }
    r2 = {h.id: float(x) for h, x in zip(headlines(chosen), emulator.r2, strict=True)}
    write_text(folder.path / "summary.json", canonical(plain({"request": request, "largest": largest, "emulator_r2": r2})))
    folder.finish(request)
    return folder.path


@dataclass(frozen=True)
class _Study:
    targets: TargetSet
    place: Around
    work: Work
    seed: int
    ledger: Ledger
    threads: int
    progress: Progress

    def _at(self, steps: Array, stage: str, seeds: Array | None = None) -> tuple[Array, Array]:
        """Results at points given in spreads from the means; one row each."""
        z = self.place.at(steps)

        def one(k: int) -> Any:
            at = stage_seed(self.seed, stage, k if seeds is None else int(seeds[k]))
            return results(self.place.space.values(z[k]), self.targets, lives=self.work.lives, seed=at)

        made = evaluate_all(one, range(len(z)), self.ledger, stage, threads=self.threads, progress=self.progress)
        return np.stack([m.values for m in made]), np.stack([m.errors for m in made])

    def emulator(self) -> Emulator:
        """A surface through results at points drawn around the posterior."""
        draws = np.random.Generator(np.random.Philox(key=stage_seed(self.seed, "points")))
        steps = draws.standard_normal((self.work.points, len(self.place.space.columns)))
        values, _ = self._at(steps, "points")
        whole, missing = filled(values)
        if missing.max() > 0.5:
            raise PagetError("a headline result does not come out at most points", where="sensitivity", fix="choose a larger --size")
        return emulate(steps, whole)

    def sobol(self, emulator: Emulator) -> pl.DataFrame:
        """First-order and total indices of the emulator's surfaces (Saltelli's estimators, SALib)."""
        import polars as pl
        from SALib.analyze import sobol as analyse
        from SALib.sample import sobol as sample

        columns = list(self.place.space.columns)
        problem = {"num_vars": len(columns), "names": columns, "bounds": [[0.0, 1.0]] * len(columns), "dists": ["norm"] * len(columns)}
        steps = sample.sample(problem, self.work.base, calc_second_order=False, seed=stage_seed(self.seed, "sobol") % 2**32)
        surfaces = emulator(steps)
        rows = []
        for k, headline in enumerate(headlines(self.targets)):
            found = analyse.analyze(
                problem, surfaces[:, k], calc_second_order=False, seed=stage_seed(self.seed, "bootstrap") % 2**32, print_to_console=False
            )
            rows += [
                (headline.name, column, float(found["S1"][c]), float(found["ST"][c]), float(found["ST_conf"][c]))
                for c, column in enumerate(columns)
            ]
        return pl.DataFrame(rows, schema=["result", "column", "first", "total", "total_error"], orient="row")

    def morris(self) -> pl.DataFrame:
        """Mean absolute elementary effect of each group of numbers on the model itself, common random numbers throughout."""
        import polars as pl
        from SALib.analyze import morris as analyse
        from SALib.sample import morris as sample
        from scipy.special import ndtri

        space = self.place.space
        names = list(space.columns)
        groups = [space.block.get(c, "varied") if self.work.by_block else c.partition("[")[0] for c in names]
        problem = {"num_vars": len(names), "names": names, "bounds": [[0.05, 0.95]] * len(names), "groups": groups}
        at = sample.sample(problem, self.work.trajectories, num_levels=4, seed=stage_seed(self.seed, "morris") % 2**32)
        steps = ndtri(at)
        values, _ = self._at(steps, "trajectories", seeds=np.zeros(len(steps)))
        whole, _ = filled(values)
        rows = []
        for k, headline in enumerate(headlines(self.targets)):
            found = analyse.analyze(problem, at, whole[:, k], num_levels=4, print_to_console=False, seed=1)
            rows += [
                (headline.name, str(name), float(effect), float(error))
                for name, effect, error in zip(found["names"], found["mu_star"], found["mu_star_conf"], strict=True)
            ]
        return pl.DataFrame(rows, schema=["result", "group", "mu_star", "mu_star_error"], orient="row")

    def tornado(self, emulator: Emulator) -> pl.DataFrame:
        """Each headline result with one number at a time at its 5 and 95 % points, for the numbers that the emulator ranks highest."""
        import polars as pl

        columns = self.place.space.columns
        shown = headlines(self.targets)
        ends = np.concatenate([np.eye(len(columns)) * -TAIL, np.eye(len(columns)) * TAIL])
        reach = np.abs(np.diff(emulator(ends).reshape(2, len(columns), -1), axis=0))[0]
        wanted = sorted({int(c) for k in range(len(shown)) for c in np.argsort(-reach[:, k], kind="stable")[: self.work.bars]})
        points = [np.zeros(len(columns))]
        for c in wanted:
            for end in (-TAIL, TAIL):
                points.append(np.eye(len(columns))[c] * end)
        seeds = self.work.seeds
        values, errors = self._at(np.repeat(np.stack(points), seeds, axis=0), "bars", seeds=np.tile(np.arange(seeds), len(points)))
        mean = values.reshape(len(points), seeds, -1).mean(axis=1)  # a bar in which a result once does not come out is left out
        rows = []
        for k, headline in enumerate(shown):
            middle = mean[0, k]
            noise = float(np.sqrt(np.mean(filled(errors)[0][:, k] ** 2) / seeds))
            mine = [(c, mean[1 + 2 * i, k], mean[2 + 2 * i, k]) for i, c in enumerate(wanted)]
            mine = [bar for bar in mine if np.isfinite([bar[1], bar[2], middle]).all()]
            mine.sort(key=lambda bar: -max(abs(bar[1] - middle), abs(bar[2] - middle), abs(bar[2] - bar[1])))
            for c, low, high in mine[: self.work.bars]:
                at = natural(headline, middle)
                rows.append(
                    (
                        headline.id, headline.name, columns[c], natural(headline, low), natural(headline, high), at,
                        abs(natural(headline, middle + noise) - at),
                    )
                )  # fmt: skip
        return pl.DataFrame(rows, schema=["id", "result", "column", "low", "high", "middle", "mc_error"], orient="row")
