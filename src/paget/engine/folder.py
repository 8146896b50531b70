"""Run folders: what exists is never overwritten by accident, what is there is whole, what is finished is not done again.

A run in progress keeps finished pieces in ``.work``; every file appears under its name only once it is complete (write, then rename), so a
run killed at any moment leaves finished pieces and nothing half written. ``manifest.json`` is written last: a folder that has one is a
finished run.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.errors import PagetError

if TYPE_CHECKING:
    import polars as pl

MANIFEST, REQUEST, WORK = "manifest.json", "request.json", ".work"


def canonical(data: Any) -> str:
    """JSON text that is the same for the same data."""
    return json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def digest(data: Any) -> str:
    """SHA-256 of the canonical JSON of some data."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class disk_errors:  # noqa: N801 - a context manager that reads as a word
    """Tell a full or read-only disk, or a file in the way, as the user's to mend, with the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # parquet writers report a full disk as text, without a number
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or (error is not None and "no space left" in str(error).lower()):
            raise PagetError(
                "the disk is full", where=self.folder, fix="make room, then run again with --resume"
            ) from error
        if isinstance(error, (FileExistsError, NotADirectoryError)):
            raise PagetError(
                "a file stands where a folder is needed", where=error.filename or self.folder, fix="choose another with --out"
            ) from error
        if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno == errno.EROFS):
            raise PagetError(
                "this folder cannot be written", where=error.filename or self.folder, fix="choose another with --out"
            ) from error


class RunFolder:
    """The folder of one run.

    Parameters
    ----------
    path : Path
    request : mapping
        What was asked for (protocol, parameters, seed, sizes): a resumed run must have asked for the same.
    resume, overwrite : bool
        Go on with a run that is there; throw it away first.

    Raises
    ------
    PagetError
        The folder exists and neither was asked for; it holds another run; it is not a run folder; it cannot be written.
    """

    def __init__(self, path: Path, request: Mapping[str, Any], *, resume: bool = False, overwrite: bool = False) -> None:
        self.path = path
        self.request = dict(request)
        with disk_errors(path):
            self._open(resume, overwrite)

    def _open(self, resume: bool, overwrite: bool) -> None:
        if self.path.exists():
            if not self.path.is_dir():
                raise PagetError("a file has this name", where=self.path, fix="choose another folder with --out")
            holds_run = (self.path / REQUEST).exists()
            empty = not any(self.path.iterdir())
            if not holds_run and not empty:
                raise PagetError(
                    "this folder exists and is not a run of Paget", where=self.path, fix="choose another folder with --out"
                )
            if holds_run and overwrite:
                shutil.rmtree(self.path)
            elif holds_run and not resume:
                state = "a finished run" if self.finished else "an unfinished run"
                raise PagetError(
                    f"this folder holds {state}",
                    where=self.path,
                    fix="read it, or use --resume to go on, --overwrite to throw it away, --out for another folder",
                )
            elif holds_run:
                self._check_same()
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / WORK).mkdir(exist_ok=True)
        (self.path / "figures").mkdir(exist_ok=True)
        write_text(self.path / REQUEST, canonical(self.request))

    def _check_same(self) -> None:
        try:
            before = json.loads((self.path / REQUEST).read_text(encoding="utf-8"))
        except ValueError:
            raise PagetError(
                "cannot be read", where=self.path / REQUEST, fix="use --overwrite to begin anew"
            ) from None
        different = sorted(
            name for name in {*before, *self.request} if before.get(name) != json.loads(canonical(self.request.get(name)))
        )
        if different:
            name = different[0]
            raise PagetError(
                "another run is here: it differs in " + ", ".join(different),
                where=self.path,
                key=name,
                got=_short(self.request.get(name)),
                expected=_short(before.get(name)),
                fix="give what the first run was given, or choose another folder",
            )

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return (self.path / MANIFEST).exists()

    def piece(self, name: str) -> Path:
        """Path of a finished piece of work."""
        return self.path / WORK / f"{name}.parquet"

    def read(self, name: str) -> pl.DataFrame | None:
        """A finished piece of work, or None."""
        import polars as pl

        path = self.piece(name)
        return pl.read_parquet(path) if path.exists() else None

    def keep(self, name: str, frame: pl.DataFrame) -> None:
        """Keep a finished piece of work."""
        from paget.population.store import write_parquet

        with disk_errors(self.path):
            write_parquet(frame, self.piece(name))

    def log(self, text: str) -> None:
        """Add a line to ``run.log`` (wall times and hosts go there, and nowhere else)."""
        with disk_errors(self.path), (self.path / "run.log").open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest and clear the work away."""
        with disk_errors(self.path):
            write_text(self.path / MANIFEST, canonical(dict(manifest)))
            shutil.rmtree(self.path / WORK, ignore_errors=True)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
