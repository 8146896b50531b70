"""Everything that the credibility pages show, computed and collected by one command (`paget credibility`)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paget._version import __version__
from paget.engine.draws import resolve_source
from paget.engine.folder import canonical, disk_errors, write_text
from paget.errors import PagetError
from paget.evidence.heldout import held_out
from paget.parameters.version import MODEL_VERSION
from paget.progress import Progress, silent
from paget.study import load_protocol
from paget.validation.flips import DRAWS, LIVES, flips
from paget.validation.run import RESULT, default_posteriors, validate

NUMBERS = "numbers.json"
TRIALS = ("tata-memorial", "mf07-01", "e2108", "abcsg-28")
"""Trials of primary surgery: the headline conclusions are about these."""


def credibility(
    posteriors: Sequence[str] | None = None,
    *,
    docs: Path = Path("docs/credibility"),
    work: Path = Path("validation"),
    calibration: Path | None = None,
    sensitivity: Path | None = None,
    checks: Sequence[Path] = (),
    replicates: int = 200,
    draws: int | None = None,
    histories: int = 40_000,
    patients: int | None = None,
    lives: int = LIVES,
    only: Sequence[str] | None = None,
    seed: int = 1,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Validate, look for what would flip the conclusions, and write numbers and figures where the pages find them.

    Parameters
    ----------
    posteriors : sequence of str, optional
        As in `paget.validation.validate`.
    docs : Path
        Folder of the pages: ``numbers.json`` and ``figures/`` are written there.
    work : Path
        Folder of the validation and the runs behind it; finished pieces are not done again.
    calibration, sensitivity : Path, optional
        Folders of a fit and of its sensitivity analysis (`paget calibrate`), to be shown too.
    checks : sequence of Path
        Folders of checks of the method (`paget calibrate --check`), to be shown too.
    replicates, draws, histories, patients, only, seed, threads, overwrite
        As in `paget.validation.validate`.
    lives : int
        Of each evaluation of what would flip.
    progress : callable, optional

    Returns
    -------
    Path
        The file of numbers.

    Raises
    ------
    PagetError
        A folder is not what it should be, or whatever validation refuses.
    """
    with disk_errors(docs):  # an hour of work later would be too late
        (docs / "figures").mkdir(parents=True, exist_ok=True)
    chosen = list(posteriors) if posteriors else default_posteriors()
    shown = {
        "calibration": _summary(calibration, "paget calibrate", "misfit"),
        "sensitivity": _summary(sensitivity, "paget calibrate --sensitivity", "emulator_r2"),
        "checks": [_summary(folder, "paget calibrate --check", "coverage", "mean_rank") for folder in checks],
    }
    found = validate(
        chosen, only=only, replicates=replicates, draws=draws, histories=histories, patients=patients, seed=seed, threads=threads, out=work,
        overwrite=overwrite, progress=progress,
    )  # fmt: skip
    numbers: dict[str, Any] = {
        "paget": __version__, "model_version": MODEL_VERSION, "parameters": found.report["parameters"],
        "held_out": {"hash": held_out().hash, "names": list(held_out().names)}, "shares": _shares(chosen),
        "validation": {key: found.report[key] for key in ("predictions", "summary", "replicates", "histories", "patients", "seed")},
        "headlines": _headlines(found.path, found.report), "flips": {"lives": lives, "draws": DRAWS, "rows": []}, **shown,
    }  # fmt: skip
    for number, name in enumerate(chosen):
        progress("what would flip", number, len(chosen))
        source = resolve_source(name, draws=None if name == "point" else DRAWS, replicates=DRAWS, seed=seed)
        sets = [draw.parameters for draw in source.draws] or [source.central] * DRAWS
        rows = flips(sets, TRIALS, seed=seed, lives=lives)
        numbers["flips"]["rows"] += [{"posterior": name, **row} for row in rows]
    progress("what would flip", len(chosen), len(chosen))
    with disk_errors(docs):
        (docs / "figures").mkdir(parents=True, exist_ok=True)
        for old in (docs / "figures").glob("*"):
            old.unlink()
        pictures = [*sorted((found.path / "figures").glob("*.png")), *_pictures(calibration), *_pictures(sensitivity)]
        for picture in pictures:
            shutil.copyfile(picture, docs / "figures" / picture.name)
        numbers["figures"] = [picture.name for picture in pictures]
        write_text(docs / NUMBERS, canonical(numbers))
    return docs / NUMBERS


def _summary(folder: Path | None, command: str, *keys: str) -> dict[str, Any] | None:
    """What a folder of a command holds, which any of some keys tells."""
    if folder is None:
        return None
    path = folder / "summary.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not any(key in found for key in keys):
            raise KeyError(keys)
    except (OSError, ValueError, KeyError, TypeError):
        raise PagetError("this is not a finished folder of that command", where=folder, expected=f"a folder of `{command}`") from None
    return found


def _pictures(folder: Path | None) -> list[Path]:
    return [] if folder is None else sorted((folder / "figures").glob("*.png"))


def _shares(chosen: Sequence[str]) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from paget.parameters.posterior import load
    from paget.parameters.shares import shares

    out = [{"values": "point", **asdict(one)} for one in shares()]
    for name in chosen:
        if name != "point" and (posterior := load(name)).fitted:
            out += [{"values": name, **asdict(one)} for one in shares(posterior)]
    return out


def _headlines(path: Path, report: dict[str, Any]) -> list[dict[str, Any]]:
    """The hazard ratio of death in each trial of surgery: each kind of uncertainty, as its run tells it."""
    out = []
    for name in report["parameters"]:
        for trial in TRIALS:
            folder = path / "runs" / f"{name}-{trial}"
            if not (folder / "summary.json").exists():
                continue
            records = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            one = next(
                record for record in records
                if record["endpoint"] == "overall-survival" and record["measure"] == "hazard_ratio" and not record["subgroup"]
                and record["population"] == "itt" and record["time_zero"] == "randomisation" and record["cut"] is None
            )  # fmt: skip
            out.append(
                {
                    "posterior": name, "trial": trial, "title": load_protocol(trial).title, "n": one["n"],
                    "published": one["published"], "replicates": one["replicates"], "extrapolation": one["extrapolation"],
                }
            )  # fmt: skip
    return out


__all__ = ["NUMBERS", "RESULT", "TRIALS", "credibility"]
