"""A run: one trial at its real size, replicates of it, tables, figures and a report, in a folder that can be resumed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget._version import __version__
from paget.engine.badges import badges
from paget.engine.cited import cited
from paget.engine.compile import compile_plan, population_of
from paget.engine.draws import Draw, Posterior, Source, resolve_source
from paget.engine.folder import RunFolder, disk_errors
from paget.engine.outputs import write_outputs
from paget.engine.replicates import chunks, live_chunk, lots, numbered
from paget.engine.result import Run
from paget.engine.screen import Candidates, Screening
from paget.engine.summary import Product
from paget.engine.therapies import check_given
from paget.engine.trial import enrol, live_roster
from paget.engine.twins import live_twins
from paget.engine.work import command as command_of
from paget.engine.work import default_folder, names_changed, seed_of, signed, whole, working
from paget.errors import PagetError
from paget.evidence import using
from paget.evidence.heldout import held_out
from paget.parameters import ParameterSet
from paget.population import BLOCK
from paget.progress import Progress, silent
from paget.study import Protocol, load_protocol, override, plain, protocol_hash, with_therapies

if TYPE_CHECKING:
    import polars as pl

REPLICATES = 200
TWIN_REPLICATES = 20
"""Twins live the patients of the trial and of so many replicates."""


@dataclass(frozen=True)
class Request:
    """What a run was asked for, resolved; its hash names the run."""

    protocol: Protocol
    source: Source
    seed: int
    replicates: int
    twins: bool
    where: str
    changed: tuple[str, ...] = ()
    evidence: tuple[Path, ...] = ()
    therapies: tuple[str, ...] = ()
    patients: int | None = None

    @property
    def parameters(self) -> ParameterSet:
        """The set under which the trial shown in full is lived."""
        return self.source.central

    def as_dict(self) -> dict[str, Any]:
        """Plain data, written to ``request.json``."""
        return {
            "paget": __version__,
            "protocol": plain(self.protocol),
            "protocol_hash": protocol_hash(self.protocol),
            "parameters": self.source.name,
            "parameters_hash": self.source.hash,
            "parameters_changed": {name: self.parameters[name] for name in self.changed},
            "draws": [draw.number for draw in self.source.draws],
            "evidence": [hashlib.sha256(path.read_bytes()).hexdigest() for path in self.evidence],
            "seed": self.seed,
            "replicates": self.replicates,
            "twins": self.twins,
        }

    @property
    def default_folder(self) -> Path:
        """Default run folder: ``runs/<protocol>-s<seed>-<hash8>``."""
        return default_folder("runs", self.protocol.id, self.seed, self.as_dict())

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        words = ["paget", "run", self.where, "--seed", str(self.seed), "--replicates", str(self.replicates)]
        words += [] if self.patients is None else ["--patients", str(self.patients)]
        words += ["--twins"] if self.twins else []
        words += [word for file in self.therapies for word in ("--therapy", file)]
        words += [word for file in self.evidence for word in ("--evidence", str(file))]
        return command_of(words, self.source, self.changed)


def resolve_request(
    protocol: str | Path | Protocol,
    *,
    patients: int | None = None,
    seed: int = 1,
    replicates: int = REPLICATES,
    twins: bool = False,
    parameters: ParameterSet | Posterior | str | Path | None = None,
    draws: int | None = None,
    changes: Mapping[str, Any] | None = None,
    switches: Mapping[str, float] | None = None,
    therapies: Sequence[str | Path] = (),
    evidence: Sequence[str | Path] = (),
) -> Request:
    """Check and resolve what is asked for.

    Raises
    ------
    PagetError
        Whatever is wrong with the protocol or the numbers.
    """
    with using(evidence):
        loaded = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    where = str(protocol) if not isinstance(protocol, Protocol) else loaded.id
    loaded = with_therapies(loaded, therapies)
    if patients is not None:
        loaded = override(loaded, {"accrual.patients": whole("patients", patients, 2)})
    whole("replicates", replicates, 0)
    seed_of(seed)
    source = resolve_source(parameters, draws=draws, replicates=replicates, seed=seed)
    source = source.changed({}, loaded.switches, where=where).changed(changes or {}, switches or {})
    changed = names_changed(parameters, changes, loaded.switches, switches)
    compile_plan(loaded, source.central)
    if twins and loaded.early:
        raise PagetError("twins of early disease are not lived", where=where, key="--twins", fix="leave --twins out")
    if twins and loaded.single_arm:
        raise PagetError("twins live two arms, and this study has one", where=where, key="--twins", fix="leave --twins out")
    named = (tuple(map(Path, evidence)), tuple(map(str, therapies)))
    return Request(loaded, source, seed, replicates, twins, where, changed, *named, patients)


def run(
    protocol: str | Path | Protocol,
    *,
    patients: int | None = None,
    seed: int = 1,
    replicates: int = REPLICATES,
    twins: bool = False,
    out: str | Path | None = None,
    threads: int | None = None,
    resume: bool = True,
    overwrite: bool = False,
    parameters: ParameterSet | Posterior | str | Path | None = None,
    draws: int | None = None,
    changes: Mapping[str, Any] | None = None,
    switches: Mapping[str, float] | None = None,
    therapies: Sequence[str | Path] = (),
    evidence: Sequence[str | Path] = (),
    progress: Progress = silent,
    command: str | None = None,
) -> Run:
    """Simulate a trial, and replicates of it, beside what the real trial reported.

    Parameters
    ----------
    protocol : str, Path or Protocol
        Name of a shipped protocol, path of a file, or a loaded protocol.
    patients : int, optional
        Patients randomised, instead of the protocol's number.
    seed : int
        Everything follows from it.
    replicates : int
        Further trials of the same size with other patients.
    twins : bool
        Let every patient live both arms to death.
    out : path, optional
        Run folder; ``runs/<protocol>-s<seed>-<hash8>`` by default.
    threads : int, optional
        All processors by default; changes no result.
    resume : bool
        Go on with (or read) a run of the same request that is in the folder.
    overwrite : bool
        Throw away what is in the folder.
    parameters : ParameterSet, str or Path, optional
        ``blind`` (the default) or ``informed``, a posterior that comes with Paget; the file of another; ``point`` for the point values;
        or one set. Under a posterior the replicates are spread over draws; the trial shown in full is lived under the middle draw.
    draws : int, optional
        Draws of the posterior; 20 by default, one for every ten replicates where there are fewer than 200.
    changes : mapping, optional
        Values of single parameters, by name.
    switches : mapping, optional
        Multipliers of mechanisms, by name (0: off), on top of the protocol's.
    therapies : sequence of path
        Therapy files of your own, for regimens that the protocol names.
    evidence : sequence of path
        Files of the user's own facts, which the protocol may cite.
    progress : callable, optional
        Called with (stage, done, total).
    command : str, optional
        How to repeat the run, for the report.

    Returns
    -------
    Run

    Raises
    ------
    PagetError
        Whatever the user can mend.

    Examples
    --------
    >>> import paget
    >>> trial = paget.run("e2108", seed=1)  # doctest: +SKIP
    >>> trial.hazard_ratio  # doctest: +SKIP
    """
    request = resolve_request(
        protocol, patients=patients, seed=seed, replicates=replicates, twins=twins, parameters=parameters,
        draws=draws, changes=changes, switches=switches, therapies=therapies, evidence=evidence,
    )  # fmt: skip
    path = Path(out) if out is not None else request.default_folder
    folder = RunFolder(path, request.as_dict(), resume=resume, overwrite=overwrite)
    if folder.finished:
        return Run(path)
    workers = threads or os.cpu_count() or 1
    with working(folder, workers, progress):
        product = _simulate(request, folder, workers, progress)
        progress("writing", 0, 1)
        with disk_errors(path), using(evidence):
            write_outputs(product, path, command or request.command)
            manifest = _manifest(request, product)
        folder.finish(manifest)
    progress("writing", 1, 1)
    return Run(path)


def _simulate(request: Request, folder: RunFolder, threads: int, progress: Progress) -> Product:
    protocol, parameters, seed = request.protocol, request.parameters, request.seed
    size = protocol.accrual.patients
    screening = _screening(request, parameters, seed, threads)
    with disk_errors(folder.path):
        candidates = screening.draw(size * (1 + (0 if request.source.draws else request.replicates)), progress)
    roster = enrol(protocol, candidates, range(1), seed)
    patients = live_roster(protocol, parameters, roster, seed, threads=threads)
    check_given(protocol, patients)
    rows = _replicates(request, folder, candidates, threads, progress)
    twins = _twins(request, folder, candidates, threads, progress) if request.twins else None
    return Product(
        request.protocol, parameters, seed, screening, candidates, roster, patients, rows, twins, threads, request.source, request.changed
    )


def _screening(request: Request, parameters: ParameterSet, seed: int, threads: int) -> Screening:
    population = population_of(request.protocol, parameters, seed)
    return Screening(request.protocol, parameters, population, threads=threads, where=request.where)


def _candidates(request: Request, folder: RunFolder, draw: Draw, trials: int, threads: int) -> Candidates:
    """Patients for so many trials under one draw; its blocks are kept, so asking again is cheap."""
    with disk_errors(folder.path):
        return _screening(request, draw.parameters, draw.seed, threads).draw(request.protocol.accrual.patients * trials)


def _replicates(
    request: Request, folder: RunFolder, candidates: Candidates, threads: int, progress: Progress
) -> pl.DataFrame | None:
    import polars as pl

    source = request.source
    # under one set replicates follow the trial itself in one stream of patients; each draw has a stream of its own
    work = lots(request.replicates, len(source.draws)) if source.draws else [(None, range(1, request.replicates + 1))]
    pieces = [(draw, which[0], piece) for draw, which in work if which for piece in chunks(which)]
    rows: list[pl.DataFrame] = []
    for number, (k, first, which) in enumerate(pieces):
        progress("replicates", number, len(pieces))
        name = f"replicates-{number:05d}"
        piece = folder.read(name)
        if piece is None:
            if k is None:
                piece = live_chunk(request.protocol, request.parameters, candidates, which, request.seed, threads)
                piece = numbered(piece, 0, -1)
            else:
                draw = source.draws[k]
                trials = sum(len(one) for j, _, one in pieces if j == k)
                mine = _candidates(request, folder, draw, trials, threads)
                local = range(which.start - first, which.stop - first)
                piece = live_chunk(request.protocol, draw.parameters, mine, local, draw.seed, threads)
                piece = numbered(piece, first, draw.number)
            folder.keep(name, piece)
        rows.append(piece)
    progress("replicates", len(pieces), len(pieces))
    return pl.concat(rows) if rows else None


def _twins(request: Request, folder: RunFolder, candidates: Candidates, threads: int, progress: Progress) -> pl.DataFrame:
    """Both lives of the trial's patients under its own parameters, and of some replicates' under theirs."""
    import polars as pl

    protocol, source = request.protocol, request.source
    progress("twins", 0, 1)
    twins = folder.read("twins")
    if twins is None:
        alone = range(1 if source.draws else 1 + min(request.replicates, TWIN_REPLICATES))
        roster = enrol(protocol, candidates, alone, request.seed)
        parts = [numbered(live_twins(protocol, source.central, roster, request.seed, threads=threads), 0, _central(source))]
        for k, which in lots(request.replicates, len(source.draws)):
            lived = range(min(len(which), max(1, TWIN_REPLICATES // len(source.draws))))
            draw = source.draws[k]
            progress("twins", k + 1, len(source.draws) + 1)
            roster = enrol(protocol, _candidates(request, folder, draw, len(which), threads), lived, draw.seed)
            parts.append(numbered(live_twins(protocol, draw.parameters, roster, draw.seed, threads=threads), which.start, draw.number))
        twins = pl.concat(parts)
        folder.keep("twins", twins)
    progress("twins", 1, 1)
    return twins


def _central(source: Source) -> int:
    return -1 if source.central_draw is None else source.central_draw


def _manifest(request: Request, product: Product) -> dict[str, Any]:
    merged = product.patients["merged_colonies"]
    return signed(request.as_dict(), request.seed, request.source) | {
        "protocol": request.protocol.id,
        "protocol_hash": protocol_hash(request.protocol),
        "central_draw": request.source.central_draw,
        "draws": [draw.number for draw in request.source.draws],
        "posterior": request.source.manifest.get("hash"),
        "extrapolation": [badge.words for badge in product.badges],
        "evidence": cited(request.protocol, request.source),
        "held_out": held_out().hash,
        "replicates": request.replicates,
        "therapies": badges(request.protocol),
        "counts": {
            "natural_histories_examined": product.candidates.blocks * BLOCK,
            "randomised": product.patients.height,
            "patients_with_merged_colonies": int((merged > 0).sum()),
            "colonies_merged": int(merged.sum()),
        },
    }

