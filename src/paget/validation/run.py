"""A validation: everything that is held out, predicted and scored under each posterior, in a folder that can be resumed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget._jit import kernel_hash
from paget._version import __version__
from paget.calibration.contrast import published_contrast
from paget.calibration.rows import published, table
from paget.engine.draws import Draw, Source, resolve_source
from paget.engine.folder import RunFolder, canonical, digest, disk_errors, write_text
from paget.errors import PagetError, unknown
from paget.evidence import load as load_evidence
from paget.evidence import using
from paget.evidence.heldout import HeldOut, HeldOutList, held_out
from paget.progress import Progress, silent
from paget.study import load_protocol, protocol_hash
from paget.therapy import library
from paget.validation import rows as of_rows
from paget.validation import trials as of_trials
from paget.validation.scores import Prediction, score, summarise

if TYPE_CHECKING:
    import polars as pl

REPLICATES, HISTORIES = 200, 40_000
RESULT = "validation.json"
GIVEN = "given by the user"
"""Reason of what a user's protocol holds out; what the values were chosen by is shown then, and not scored."""


@dataclass(frozen=True)
class Validation:
    """A finished validation.

    Attributes
    ----------
    path : Path
    predictions : list of Prediction
    report : dict
        What ``validation.json`` holds.
    """

    path: Path
    predictions: list[Prediction]
    report: dict[str, Any]


def default_posteriors() -> list[str]:
    """The fitted posteriors that are shipped, blind first."""
    from paget.parameters.posterior import shipped

    return [name for name in ("blind", "informed") if name in shipped()]


def validate(
    posteriors: Sequence[str | Path] | None = None,
    *,
    protocols: Sequence[str | Path] = (),
    evidence: Sequence[str | Path] = (),
    only: Sequence[str] | None = None,
    replicates: int = REPLICATES,
    draws: int | None = None,
    histories: int = HISTORIES,
    patients: int | None = None,
    seed: int = 1,
    threads: int | None = None,
    out: str | Path = "validation",
    resume: bool = True,
    overwrite: bool = False,
    listed: HeldOutList | None = None,
    progress: Progress = silent,
) -> Validation:
    """Predict every number that is held out, and score the predictions.

    Parameters
    ----------
    posteriors : sequence of str or Path, optional
        Names or files; ``point`` for the point values. By default the shipped ``blind`` and ``informed``.
    protocols : sequence of str or Path
        The user's own protocols: all that was published of them is held out too.
    evidence : sequence of path
        Facts that they cite.
    only : sequence of str, optional
        Only these studies, rows or protocols.
    replicates, draws : int
        Of each trial; see `paget.run`.
    histories : int
        Natural histories a draw for the figures of the table of phenomena.
    patients : int, optional
        Patients of each trial instead of its own number, to try things out: intervals are then not those of the study's size.
    seed, threads
        As in `paget.run`.
    out : path
        Folder; finished pieces are not done again.
    listed : HeldOutList, optional
        Another list than the shipped one.
    progress : callable, optional

    Returns
    -------
    Validation

    Raises
    ------
    PagetError
        Whatever the user can mend: no posterior, a held-out study that a posterior was fitted to, a name that does not exist.
    """
    chosen = list(posteriors) if posteriors else default_posteriors()
    if not chosen:
        raise PagetError(
            "no fitted posterior comes with this version", where="--parameters", expected="blind, informed, point or a file",
            fix="fit one with `paget calibrate`, or validate the point values with --parameters point",
        )  # fmt: skip
    if replicates < 2:
        raise PagetError("too few replicates to score", key="--replicates", got=replicates, expected="2 or more")
    with using(evidence):
        declared = listed or held_out()
        entries = _chosen(declared, protocols, only)
        sources = {
            _name(one): resolve_source(None if one is None else one, draws=draws, replicates=replicates, seed=seed) for one in chosen
        }
        for source in sources.values():
            _check_unused(source, declared)
        request = {
            "paget": __version__, "held_out": declared.hash, "entries": [entry.model_dump(mode="json") for entry in entries],
            "parameters": {name: source.hash for name, source in sources.items()}, "replicates": replicates, "histories": histories,
            "patients": patients, "seed": seed, **_read_besides(entries, evidence),
        }  # fmt: skip
        folder = RunFolder(Path(out), request, resume=resume, overwrite=overwrite)
        if folder.finished:
            return _read(folder.path)
        found: list[Prediction] = []
        for name, given in zip(sources, chosen, strict=True):
            options = {
                "parameters": given, "draws": draws, "replicates": replicates, "seed": seed, "threads": threads, "patients": patients,
                "evidence": evidence,
            }  # fmt: skip
            found += _trials(entries, name, sources[name], folder, options, progress)
            found += _rows(entries, name, sources[name], folder, seed, histories, threads, progress)
        report = _report(found, declared, sources, request)
        with disk_errors(folder.path):
            _write(folder.path, found, report)
        folder.finish({name: x for name, x in request.items() if name != "entries"})
    return Validation(folder.path, found, report)


def _read_besides(entries: Sequence[HeldOut], evidence: Sequence[str | Path]) -> dict[str, Any]:
    """Hashes of what the entries only name: a protocol or a fact that was changed since is another validation."""
    trials = {(str(one.protocol), one.cut): of_trials.look(load_protocol(str(one.protocol)), one.cut) for one in entries if one.protocol}
    single = [of_rows.row_of(one) for one in entries if one.row]
    return {
        "kernels": kernel_hash(), "therapies": library().hash,
        "evidence": [hashlib.sha256(Path(one).read_bytes()).hexdigest() for one in evidence],
        "trials": digest([
            [*name, protocol_hash(one), [asdict(value) for _, value in of_trials.figures(one, None)]] for name, one in trials.items()
        ]),
        "rows": digest([[row.model_dump(mode="json"), *published(row)] for row in single]),
        "simulations": digest({row.id: table()[0][str(row.simulation)].model_dump(mode="json") for row in single}),
    }  # fmt: skip


def _read(path: Path) -> Validation:
    """A finished validation."""
    import json

    report = json.loads((path / RESULT).read_text(encoding="utf-8"))
    names = [field.name for field in fields(Prediction)]
    return Validation(path, [Prediction(**{name: one[name] for name in names if name in one}) for one in report["predictions"]], report)


def _name(given: str | Path) -> str:
    text = str(given)
    return Path(text).name.removesuffix(".parquet") if text.endswith(".parquet") else text


def _chosen(declared: HeldOutList, protocols: Sequence[str | Path], only: Sequence[str] | None) -> list[HeldOut]:
    own = []
    for path in protocols:
        loaded = load_protocol(path)
        studies = dict.fromkeys(entry.evidence for entry, _ in of_trials.figures(loaded, None))
        if not studies:
            raise PagetError("this protocol has no published number to predict", where=path, key="published")
        own += [_own(study, path, declared) for study in studies]
    entries = [*declared.entries, *own]
    for entry in entries:
        if entry.row is not None:
            of_rows.row_of(entry)
            of_rows.spec_of(entry)
        load_evidence().usable(entry.evidence)
    if only:
        names = {one for entry in entries for one in (entry.name, entry.evidence, str(entry.protocol or entry.row))}
        for one in only:
            if one not in names:
                raise unknown("held-out study, row or protocol", one, names)
        entries = [entry for entry in entries if {entry.name, entry.evidence, entry.protocol, entry.row} & set(only)]
    return entries


def _own(study: str, path: str | Path, declared: HeldOutList) -> HeldOut:
    """A study of a user's protocol; one that is on the list already is held out under the same posteriors."""
    listed = next((entry for entry in declared.entries if entry.id == study), None)
    if listed is None:
        return HeldOut(id=study, protocol=str(path), reason=GIVEN)
    return HeldOut(id=study, protocol=str(path), under=listed.under, seen=listed.seen, reason=GIVEN)


def _used(source: Source) -> frozenset[str]:
    """Studies that these values were chosen by: targets of a posterior and trials that informed it, anchors of the point values.

    Manifests that do not list them (`evidence`) name the rows and the trials; those of the shipped files are looked up.
    """
    targets, told = {str(one) for one in source.manifest.get("targets", ())}, source.manifest.get("evidence")
    base = load_evidence()
    if told is not None:
        return frozenset(base.resolve(str(one)) for one in told if str(one) in base)
    chosen = [row for row in table()[1] if (row.id in targets if targets else row.role == "anchor")]
    names = {name for row in chosen for name in row.sources}
    names |= {published_contrast(load_protocol(str(one))).evidence for one in source.manifest.get("contrasts", ())}
    return frozenset(base.resolve(one) for one in names)


def _shares(study: str, used: frozenset[str]) -> bool:
    """Whether a study is among these, or shares patients with one of them."""
    return any(load_evidence().overlap(study, one) for one in used)


def _check_unused(source: Source, declared: HeldOutList) -> None:
    """Refuse a posterior whose manifest names a target, a study or a trial that is held out under it."""
    targets = {str(one) for one in source.manifest.get("targets", ()) if isinstance(one, str)}
    if not targets:
        return  # nothing was fitted
    kept, used, base = declared.under(_kind(source)).kept_out(), _used(source), load_evidence()
    if bad := sorted(one for one in kept if one in targets or (one in base and _shares(one, used))):
        raise PagetError(
            "this posterior was fitted to what is held out: its predictions would be no predictions", where=source.name,
            key="targets", got=", ".join(bad),
        )  # fmt: skip


def _kind(source: Source) -> str:
    return str(source.manifest.get("kind", source.name))


def _trials(
    entries: list[HeldOut], name: str, source: Source, folder: RunFolder, options: dict[str, Any], progress: Progress
) -> list[Prediction]:
    kept = {entry.name for entry in HeldOutList(tuple(entries)).under(_kind(source)).entries}
    found, used = [], _used(source)
    mine = [entry for entry in entries if entry.protocol is not None]
    for number, entry in enumerate(mine):
        progress(f"{name}: trials", number, len(mine))
        label = Path(str(entry.protocol)).stem + (f"-{entry.cut}" if entry.cut else "")
        protocol, result = of_trials.simulate(
            str(entry.protocol), entry.cut, folder.path / "runs" / f"{name}-{label}", progress=progress, **options
        )
        unseen = entry.name in kept and not (entry.reason == GIVEN and _shares(entry.evidence, used))
        found += of_trials.predictions(protocol, result, entry.evidence, name=label, posterior=name, held_out=unseen)
    progress(f"{name}: trials", len(mine), len(mine))
    return found


def _rows(
    entries: list[HeldOut], name: str, source: Source, folder: RunFolder, seed: int, histories: int, threads: int | None, progress: Progress
) -> list[Prediction]:
    import polars as pl

    mine = [entry for entry in entries if entry.row is not None]
    kept = {entry.name for entry in HeldOutList(tuple(entries)).under(_kind(source)).entries}
    if not mine:
        return []
    draws = source.draws or (Draw(-1, source.central, seed),)
    parts: list[pl.DataFrame] = []
    for number, draw in enumerate(draws):
        progress(f"{name}: other figures", number, len(draws))
        piece = folder.read(f"rows-{name}-{draw.number}")
        if piece is None:
            piece = of_rows.simulate(mine, draw, histories, threads or os.cpu_count() or 1)
            folder.keep(f"rows-{name}-{draw.number}", piece)
        parts.append(piece)
    progress(f"{name}: other figures", len(draws), len(draws))
    rows = pl.concat(parts)
    found = [
        of_rows.predict(entry, rows, posterior=name, held_out=entry.name in kept, draws=len(source.draws)) for entry in mine
    ]
    return [one for one in found if one is not None]


def _report(found: list[Prediction], declared: HeldOutList, sources: dict[str, Source], request: dict[str, Any]) -> dict[str, Any]:
    from paget.analysis.records import finite

    return {
        "paget": __version__,
        "held_out": {"hash": declared.hash, "names": list(declared.names)},
        "parameters": {
            name: {
                "words": source.words, "hash": source.hash, "posterior": source.manifest.get("hash"),
                "draws": [draw.number for draw in source.draws],
            }
            for name, source in sources.items()
        },
        "replicates": request["replicates"], "histories": request["histories"], "patients": request["patients"], "seed": request["seed"],
        "predictions": [
            {**asdict(one), "predicted": one.predicted, **asdict(marks := score(one)), "z": finite(marks.z)} for one in found
        ],
        "summary": [one.as_dict() for one in summarise(found)],
    }  # fmt: skip


def _write(path: Path, found: list[Prediction], report: dict[str, Any]) -> None:
    from paget.report.save import save
    from paget.validation.show import figure, markdown

    write_text(path / RESULT, canonical(report))
    write_text(path / "validation.md", markdown(report))
    for name in dict.fromkeys(one.posterior for one in found):
        mine = [one for one in found if one.posterior == name and one.measure == "hazard_ratio"]
        if mine:
            save(figure(mine, name), path / "figures", f"predicted-observed-{name}")
