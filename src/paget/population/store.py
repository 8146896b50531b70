"""The cache of natural histories grown to diagnosis: grown once for a version, a seed and parameters, then only read.

Histories are numbered from 0; block k holds the metastatic patients among numbers ``k * BLOCK`` to ``(k + 1) * BLOCK - 1``, as the clinic
sees them at diagnosis. Only these few columns are kept: a life regrows its history from the patient's number in microseconds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paget._jit import cache_root, kernel_hash, source_hash
from paget._version import __version__
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
from paget.population.diagnose import diagnose, markers_of, perhaps_metastatic
from paget.therapy import Adjuvant, library

if TYPE_CHECKING:
    import polars as pl

BLOCK = 65_536
SOURCES = ("population/store.py", "life/frames.py")
"""What makes a block out of lives: a changed line grows populations anew."""


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a table so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        frame.write_parquet(temporary, compression="zstd", statistics=False)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True)
class Population:
    """Metastatic patients of one seed, one parameter set and one way of presenting.

    Attributes
    ----------
    parameters : ParameterSet
    seed : int
    source : {"de-novo", "relapse", "both", "early"}
        ``early`` is operated disease without visible metastasis, whatever becomes of it.
    cache : bool
        Keep blocks on disk and read them from there.
    adjuvant : Adjuvant
        Adjuvant therapy of those who relapse.
    """

    parameters: ParameterSet
    seed: int
    source: str = "de-novo"
    cache: bool = True
    adjuvant: Adjuvant = field(default_factory=lambda: library().adjuvant())

    @property
    def key(self) -> str:
        """Name of the cache folder: version, sources, parameters, seed, way of presenting and adjuvant therapy."""
        early_life = self.adjuvant.hash if self.source in ("relapse", "both") else ""
        sources = f"{kernel_hash()} {source_hash(*SOURCES)}"
        text = f"{__version__} {sources} {self.parameters.hash} {self.seed} {self.source} {BLOCK} {early_life}"
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @property
    def folder(self) -> Path:
        """Where its blocks are kept."""
        return cache_root() / "population" / self.key

    def block(self, number: int, *, threads: int = 1) -> pl.DataFrame:
        """Metastatic patients of one block, in the order of their numbers."""
        import polars as pl

        path = self.folder / f"block-{number:06d}.parquet"
        if self.cache and path.exists():
            return pl.read_parquet(path)
        frame = self.among(number * BLOCK, BLOCK, threads=threads)
        if self.cache:
            write_parquet(frame, path)
        return frame

    def among(self, first: int, count: int, *, threads: int = 1) -> pl.DataFrame:
        """Metastatic patients among so many natural histories, in the order of their numbers; never kept."""
        from paget.life.frames import baseline_frame, early_frame

        if self.source == "early":
            people = diagnose(first, count, self.parameters, seed=self.seed, threads=threads)
            people = people[people["metastatic"] == 0]
            return early_frame(people, *markers_of(people, self.parameters, seed=self.seed))
        if self.source == "relapse":
            people = diagnose(first, count, self.parameters, seed=self.seed, threads=threads)
            ids = people["id"][people["metastatic"] == 0]
        elif self.source == "both":
            ids = np.arange(first, first + count)
        else:
            ids = perhaps_metastatic(first, count, self.parameters, seed=self.seed, threads=threads)
        plan = LifePlan(next(iter(standards())), source=self.source, horizon_days=0.0, adjuvant=self.adjuvant)
        outcomes = simulate(plan, ids, 0, self.parameters, seed=self.seed, threads=threads)
        return baseline_frame(outcomes[outcomes["eligible_disease"] == 1])


def standards() -> list[str]:
    """Names of the standards of care (any will do where nobody is treated)."""
    return list(library().standards)


def summary(frame: pl.DataFrame) -> dict[str, float]:
    """A few shares of a population, for people to check against registries."""
    return {
        "patients": float(frame.height),
        "age_median": float(np.median(frame["age_years"].to_numpy())) if frame.height else float("nan"),
        **{
            f"subtype {name}": float((frame["subtype"] == name).mean() or 0.0)  # type: ignore[arg-type]
            for name in ("HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC")
        },
        "bone only": float((frame["site_group"] == "bone only").mean() or 0.0),  # type: ignore[arg-type]
        "several organs": float((frame["n_sites"] > 1).mean() or 0.0),  # type: ignore[arg-type]
    }


def clear_cache() -> int:
    """Delete all cached populations and screenings; returns the bytes freed."""
    freed = 0
    for name in ("population", "screening"):
        folder = cache_root() / name
        if folder.exists():
            freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder)
    return freed
