"""Posteriors: draws of the parameters, kept as a Parquet file with a manifest beside it.

Rows are draws, columns entries (``name``, or ``name[label]`` for one label of an indexed parameter). What a posterior does not
hold stands at its declared value. Two are shipped once a fit has been made, ``blind`` and ``informed``; ``prior`` holds draws of the
priors, for tests and for asking what the data taught.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.errors import PagetError, unknown
from paget.parameters.priors import entries, values_of
from paget.parameters.registry import ParameterSet, declared
from paget.parameters.version import MODEL_VERSION

if TYPE_CHECKING:
    import polars as pl

KINDS = ("blind", "informed", "prior", "variant")


def declared_hash() -> str:
    """Hash of the names and shapes of all declared parameters."""
    text = ";".join(f"{p.name}:{len(p.values)}" for p in declared().values())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shipped() -> tuple[str, ...]:
    """Names of the posteriors that come with Paget."""
    folder = files("paget.calibration").joinpath("posterior")
    return tuple(sorted(entry.name.removesuffix(".parquet") for entry in folder.iterdir() if entry.name.endswith(".parquet")))


@dataclass(frozen=True)
class Posterior:
    """Draws of the parameters of this version of the model.

    Attributes
    ----------
    name : str
    frame : polars.DataFrame
        One row a draw, one column an entry.
    manifest : dict
        What it was made from: see `docs/calibration.md`.

    Examples
    --------
    >>> from paget.parameters.posterior import load
    >>> prior = load("prior")
    >>> len(prior) > 10 and prior.draw(0)["founding_exponent"] != prior.draw(1)["founding_exponent"]
    True
    """

    name: str
    frame: pl.DataFrame
    manifest: dict[str, Any]

    def __len__(self) -> int:
        return self.frame.height

    @property
    def fitted(self) -> bool:
        """Whether data moved it; draws of the prior are not fitted."""
        return bool(self.manifest["kind"] != "prior")

    def draw(self, i: int) -> ParameterSet:
        """Parameters of draw ``i``, from 0.

        Raises
        ------
        PagetError
            If there is no such draw.
        """
        if not 0 <= i < len(self):
            raise PagetError("no such draw", where=self.name, got=i, expected=f"0 to {len(self) - 1}")
        return values_of(self.frame.row(i, named=True), where=self.name)

    def point(self) -> ParameterSet:
        """One set in the middle: the median of each column (medians of parameters, not the most likely joint set)."""
        return values_of(dict(zip(self.frame.columns, self.frame.median().row(0), strict=True)), where=self.name)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of columns and draws; the same draws have the same hash wherever they are kept."""
        digest = hashlib.sha256(";".join(self.frame.columns).encode())
        digest.update(self.frame.to_numpy().astype("<f8").tobytes())
        return digest.hexdigest()


def load(name: str | Path) -> Posterior:
    """A shipped posterior by name, or one from a file.

    Parameters
    ----------
    name : str or Path
        ``blind``, ``informed``, ``prior``, or the path of a ``.parquet`` file whose manifest (``.json``) lies beside it.

    Raises
    ------
    PagetError
        If there is none, if it cannot be read, if it was made for another version of the model, or if its manifest is of other draws.
    """
    path = path_of(name)
    manifest = _manifest(path)
    made_for = manifest.get("model_version")
    if made_for != MODEL_VERSION:
        raise PagetError(
            "this posterior was made for another version of the model", where=str(path), key="model_version", got=made_for,
            expected=str(MODEL_VERSION), fix="fit it again with `paget calibrate`, or use the version of Paget it was made with",
        )  # fmt: skip
    frame = _frame(path)
    for column in frame.columns:
        if column not in entries():
            raise unknown("parameter with a prior", column, entries(), where=str(path))
    found = Posterior(path.name.removesuffix(".parquet"), frame, manifest)
    if manifest.get("hash") != found.hash:
        raise PagetError(
            "these draws are not those that the manifest beside them was written for", where=str(path), key="hash", got=found.hash,
            expected=str(manifest.get("hash")), fix="keep the two files of one fit together, or fit it again",
        )  # fmt: skip
    return found


def path_of(name: str | Path) -> Path:
    """File of a shipped posterior, or the file that was named.

    Raises
    ------
    PagetError
        If there is none.
    """
    if str(name).endswith(".parquet"):
        path = Path(name)
        if not path.is_file():
            raise PagetError("there is no such file", where=str(path), expected="a posterior written by `paget calibrate`")
        return path
    if str(name) not in shipped():
        if Path(name).exists():
            raise PagetError(
                "a posterior of one's own is a .parquet file", where=str(name), expected="a file written by `paget calibrate`",
                fix=f"name {Path(name) / 'blind.parquet'}" if (Path(name) / "blind.parquet").is_file() else None,
            )  # fmt: skip
        raise unknown("posterior", str(name), shipped())
    return Path(str(files("paget.calibration").joinpath("posterior", f"{name}.parquet")))


def _manifest(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".json")
    try:
        manifest = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PagetError("the manifest of this posterior is missing", where=str(beside), fix="keep both files together") from None
    except (OSError, ValueError):
        raise PagetError("cannot be read as JSON", where=str(beside), fix="fit the posterior again") from None
    if not isinstance(manifest, dict) or manifest.get("kind") not in KINDS:
        raise PagetError("not the manifest of a posterior", where=str(beside), key="kind", expected=", ".join(KINDS))
    return manifest


def _frame(path: Path) -> pl.DataFrame:
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PagetError("cannot be read as Parquet", where=str(path), got=str(error)[:120]) from None
    bad = [name for name, kind in frame.schema.items() if kind != pl.Float64]
    if bad or not frame.height:
        raise PagetError("not a table of draws", where=str(path), got=bad[:3] or "no rows", expected="columns of real numbers")
    finite = frame.select(pl.all().is_finite().all() & pl.all().is_not_null().all()).row(0, named=True)
    for name, fine in finite.items():
        if not fine:
            raise PagetError("a draw is not a finite number", where=str(path), key=name)
    return frame


def save(frame: pl.DataFrame, path: Path, kind: str, **manifest: Any) -> Posterior:
    """Write draws and their manifest, each whole or not at all.

    Parameters
    ----------
    frame : polars.DataFrame
    path : Path
        Ends in ``.parquet``.
    kind : str
        One of ``KINDS``.
    **manifest
        What the draws were made from; nothing that names a machine or a time.
    """
    import os
    from importlib.metadata import version

    from paget import _jit

    whole = {
        "kind": kind,
        "model_version": MODEL_VERSION,
        "declared_hash": declared_hash(),
        "kernels": _jit.kernel_hash(),
        "draws": frame.height,
        "columns": len(frame.columns),
        "packages": {name: version(name) for name in ("numba", "numpy", "polars", "scipy")},
    } | manifest
    made = Posterior(path.name.removesuffix(".parquet"), frame, whole)
    whole["hash"] = made.hash
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        frame.write_parquet(temporary, compression="zstd", statistics=False)
        os.replace(temporary, path)
        temporary.write_text(json.dumps(whole, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(temporary, path.with_suffix(".json"))
    finally:
        temporary.unlink(missing_ok=True)
    return made
