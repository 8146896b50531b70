"""A run of a registry: patients, practice, ladder, decomposition, and a folder that can be resumed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget._version import __version__
from paget.engine.draws import Posterior, Source, resolve_source
from paget.engine.folder import RunFolder, disk_errors
from paget.engine.registry.cohort import Cohort, follow
from paget.engine.registry.decompose import Decomposition, decompose
from paget.engine.registry.lives import STAGINGS, Lives
from paget.engine.registry.offers import check_therapies
from paget.engine.registry.practice import ALL, COUNTED, Biases, components_of
from paget.engine.registry.result import RegistryRun
from paget.engine.registry.rows import climb
from paget.engine.registry.vary import vary
from paget.engine.work import command as command_of
from paget.engine.work import default_folder, names_changed, seed_of, signed, whole, working
from paget.errors import PagetError, unknown
from paget.parameters import ParameterSet
from paget.population import BLOCK
from paget.progress import Progress, silent
from paget.study.registry import LocalOperation, Registry, load_registry, override_registry, plain_registry, registry_hash
from paget.therapy import library
from paget.therapy.form import AXES

if TYPE_CHECKING:
    import polars as pl

FEWEST = 200
"""Patients below which a ladder says nothing."""
MAX_BLOCKS = 400


@dataclass(frozen=True)
class Request:
    """What a run was asked for, resolved; its hash names the run."""

    registry: Registry
    source: Source
    seed: int
    patients: int
    null: bool
    biases: Biases
    where: str
    changed: tuple[str, ...] = ()

    @property
    def parameters(self) -> ParameterSet:
        """The set under which everybody lives."""
        return self.source.central

    def as_dict(self) -> dict[str, Any]:
        """Plain data, written to ``request.json``."""
        return {
            "paget": __version__,
            "registry": plain_registry(self.registry),
            "registry_hash": registry_hash(self.registry),
            "parameters": self.source.name,
            "parameters_hash": self.source.hash,
            "parameters_changed": {name: self.parameters[name] for name in self.changed},
            "draw": self.source.central_draw,
            "seed": self.seed,
            "patients": self.patients,
            "null": self.null,
            "without": list(self.biases.off),
        }

    @property
    def default_folder(self) -> Path:
        """Default run folder: ``runs/<registry>-s<seed>-<hash8>``."""
        return default_folder("runs", self.registry.id, self.seed, self.as_dict())

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        words = ["paget", "registry", self.where, "--patients", str(self.patients), "--seed", str(self.seed)]
        words += ["--null"] if self.null else []
        shares = {period.pet_ct for period in self.registry.periods}
        if shares in ({0.0}, {1.0}):
            words += ["--staging", STAGINGS[int(shares.pop())]]
        words += [word for name in self.biases.off for word in ("--without", name)]
        return command_of(words, self.source, self.changed, draw_option=True)


def resolve_request(
    registry: str | Path | Registry,
    *,
    patients: int | None = None,
    seed: int = 1,
    null: bool = False,
    staging: str | None = None,
    without: Sequence[str] = (),
    parameters: ParameterSet | Posterior | str | Path | None = None,
    draw: int | None = None,
    changes: Mapping[str, Any] | None = None,
    switches: Mapping[str, float] | None = None,
) -> Request:
    """Check and resolve what is asked for.

    Raises
    ------
    PagetError
        Whatever is wrong with the registry or the numbers.
    """
    loaded = registry if isinstance(registry, Registry) else load_registry(registry)
    where = loaded.id if isinstance(registry, Registry) else str(registry)
    check_registry_names(loaded, where)
    wanted = whole("patients", loaded.patients if patients is None else patients, FEWEST)
    seed_of(seed)
    if staging is not None:
        if staging not in STAGINGS:
            raise unknown("staging practice", staging, STAGINGS)
        share = float(STAGINGS.index(staging))
        loaded = override_registry(loaded, {f"periods.{k}.pet_ct": share for k in range(len(loaded.periods))})
    for name in without:
        if name in COUNTED:
            raise PagetError(
                f"{name.replace('-', ' ')} is a matter of how patients are counted, not of practice",
                where="--without",
                got=name,
                fix="leave it out: the ladder's rows below ever / never deal with it, and the decomposition switches it off",
            )
        if name in ALL and name not in components_of(loaded):
            raise PagetError(
                f"{loaded.id} has no such bias: its treatment comes after the metastases are found", where="--without", got=name,
                expected="one of " + ", ".join(one for one in components_of(loaded) if one not in COUNTED),
            )  # fmt: skip
    biases = Biases().without(*without)
    source = resolve_source(parameters, draws=None, replicates=0, seed=seed, draw=draw).changed(changes or {}, switches or {})
    changed = names_changed(parameters, changes, switches)
    return Request(loaded, source, seed, wanted, null, biases, where, changed)


def check_registry_names(registry: Registry, where: str | None = None) -> None:
    """Refuse a registry that names a standard of care, a class of drugs or a local therapy that does not exist or fits nobody."""
    if isinstance(registry.operation, LocalOperation):
        check_therapies(registry.operation, library(), where)
    standards, axes = list(library().standards), list(AXES)
    for place, period in enumerate(registry.periods):
        if period.standard_of_care not in standards:
            raise PagetError(
                "there is no standard of care of this name", where=where, key=f"periods[{place}].standard_of_care",
                got=period.standard_of_care, expected="one of " + ", ".join(standards),
            )  # fmt: skip
    for place, axis in enumerate(registry.not_available):
        if axis not in axes:
            raise PagetError(
                "there is no drug axis of this name", where=where, key=f"not_available[{place}]", got=axis,
                expected="one of " + ", ".join(axes),
            )  # fmt: skip


@dataclass(frozen=True)
class Product:
    """Everything a run of a registry made.

    Attributes
    ----------
    request : Request
    people : polars.DataFrame
        Potential lives of all who may be in the registry, under either staging.
    cohort : Cohort
    rows : list of dict
        The ladder.
    recorded : list
        Estimates with what is recorded, and their data.
    decomposition : Decomposition
    varied : list of dict
        Ever / never with assumed inputs at their other value.
    blocks : int
    """

    request: Request
    people: pl.DataFrame
    cohort: Cohort
    rows: list[dict[str, Any]]
    recorded: list[Any]
    decomposition: Decomposition
    varied: list[dict[str, Any]]
    blocks: int


def run_registry(
    registry: str | Path | Registry,
    *,
    patients: int | None = None,
    seed: int = 1,
    null: bool = False,
    staging: str | None = None,
    without: Sequence[str] = (),
    out: str | Path | None = None,
    threads: int | None = None,
    resume: bool = True,
    overwrite: bool = False,
    parameters: ParameterSet | Posterior | str | Path | None = None,
    draw: int | None = None,
    changes: Mapping[str, Any] | None = None,
    switches: Mapping[str, float] | None = None,
    progress: Progress = silent,
    command: str | None = None,
) -> RegistryRun:
    """Simulate a registry and climb the bias ladder.

    Parameters
    ----------
    registry : str, Path or Registry
        Name of a shipped registry, path of a file, or a loaded registry.
    patients : int, optional
        Patients in the registry, instead of the file's number.
    seed : int
        Everything follows from it.
    null : bool
        Replace the operation by one without any effect.
    staging : {"conventional", "pet-ct"}, optional
        Stage everybody so, instead of the shares of the file.
    without : sequence of str
        Biases of practice to switch off: early-staging (surgery of the primary only), stage-migration, response-gate, selection.
    out : path, optional
        Run folder; ``runs/<registry>-s<seed>-<hash8>`` by default.
    threads : int, optional
        All processors by default; changes no result.
    resume, overwrite : bool
        Go on with (or read) a run of the same request that is in the folder; throw away what is in it.
    parameters : ParameterSet, str or Path, optional
        ``blind`` (the default) or ``informed``, a posterior that comes with Paget; the file of another; ``point`` for the point values;
        or one set. Everybody lives under one draw of a posterior: the middle one, or `draw`.
    draw : int, optional
        Number of the draw.
    changes, switches : mapping, optional
        Values of single parameters; multipliers of mechanisms.
    progress : callable, optional
        Called with (stage, done, total).
    command : str, optional
        How to repeat the run, for the report.

    Returns
    -------
    RegistryRun

    Raises
    ------
    PagetError
        Whatever the user can mend.
    """
    request = resolve_request(
        registry, patients=patients, seed=seed, null=null, staging=staging, without=without, parameters=parameters, draw=draw,
        changes=changes, switches=switches,
    )  # fmt: skip
    path = Path(out) if out is not None else request.default_folder
    folder = RunFolder(path, request.as_dict(), resume=resume, overwrite=overwrite)
    if folder.finished:
        return RegistryRun(path)
    workers = threads or os.cpu_count() or 1
    from paget.engine.registry.outputs import write_outputs

    with working(folder, workers, progress):
        product = make(request, folder, workers, progress)
        progress("writing", 0, 1)
        with disk_errors(path):
            write_outputs(product, path, command or request.command)
        folder.finish(_manifest(product))
    progress("writing", 1, 1)
    return RegistryRun(path)


def make(request: Request, folder: RunFolder, threads: int, progress: Progress) -> Product:
    """Simulate, let practice choose, analyse."""
    people, blocks = live_people(request, folder, threads, progress)

    def those(migration: bool) -> pl.DataFrame:
        import polars as pl

        mine = people.filter(pl.col("drawn") if migration else pl.col("staging") == STAGINGS[0])
        return mine.head(request.patients)

    migrating = "stage-migration" in request.biases.on
    cohort = follow(request.registry, those(migrating), request.seed, request.biases)
    rows, recorded = climb(cohort, request.seed, progress)
    parts = decompose(request.registry, those, request.seed, base=request.biases, progress=progress)
    progress("varying what was assumed", 0, 1)
    varied = vary(request.registry, those(migrating), request.seed, request.biases, parts.on)
    progress("varying what was assumed", 1, 1)
    return Product(request, people, cohort, rows, recorded, parts, varied, blocks)


def live_people(request: Request, folder: RunFolder, threads: int, progress: Progress) -> tuple[pl.DataFrame, int]:
    """Blocks of potential lives until there are enough patients under either staging."""
    import polars as pl

    lives = Lives(request.registry, request.parameters, request.seed, request.null, threads)
    pieces: list[pl.DataFrame] = []
    drawn = conventional = 0
    while min(drawn, conventional) < request.patients:
        number = len(pieces)
        reached = min(drawn, conventional)
        expected = max(number + 1, round(request.patients * number / max(reached, 1)) if number else 1)
        progress("living every life", number, expected)
        piece = folder.read(f"lives-{number:05d}")
        if piece is None:
            with disk_errors(folder.path):
                piece = lives.block(number)
            folder.keep(f"lives-{number:05d}", piece)
        pieces.append(piece)
        drawn += int(piece["drawn"].sum())
        conventional += int((piece["staging"] == STAGINGS[0]).sum())
        if number + 1 >= MAX_BLOCKS:
            raise PagetError(
                f"only {drawn:,} of {len(pieces) * BLOCK:,} natural histories belong in the registry",
                where=request.where, key="patients", got=request.patients, fix="ask for fewer patients",
            )  # fmt: skip
    progress("living every life", len(pieces), len(pieces))
    return pl.concat(pieces), len(pieces)


def _manifest(product: Product) -> dict[str, Any]:
    request = product.request
    return signed(request.as_dict(), request.seed, request.source) | {
        "registry": request.registry.id,
        "registry_hash": registry_hash(request.registry),
        "null": request.null,
        "without": list(request.biases.off),
        "counts": {"natural_histories": product.blocks * BLOCK, "patients": product.cohort.people.height},
    }
