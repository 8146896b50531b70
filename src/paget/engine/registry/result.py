"""A finished run of a registry, as Python sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.engine.folder import MANIFEST
from paget.errors import PagetError

if TYPE_CHECKING:
    import polars as pl


class RegistryRun:
    """A run folder of a registry that is complete.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    PagetError
        The folder holds no finished run of a registry.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / MANIFEST).exists() or not (self.path / "registry.parquet").exists():
            raise PagetError("there is no finished run of a registry here", where=self.path, fix="paget registry ... --resume finishes one")

    def _table(self, name: str) -> pl.DataFrame:
        import polars as pl

        return pl.read_parquet(self.path / f"{name}.parquet")

    def _json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text(encoding="utf-8"))

    @property
    def release(self) -> pl.DataFrame:
        """What the registry gives to a researcher: one row a patient, recorded columns only."""
        return self._table("registry")

    @property
    def truth(self) -> pl.DataFrame:
        """What nobody sees: both lives of each patient, what clinicians saw and decided."""
        return self._table("truth")

    @property
    def ladder(self) -> list[dict[str, Any]]:
        """Rows of the ladder, each beside the truth of its own estimand."""
        rows: list[dict[str, Any]] = self.summary["ladder"]
        return rows

    @property
    def decomposition(self) -> dict[str, Any]:
        """The bias of ever / never by its components."""
        parts: dict[str, Any] = self.summary["decomposition"]
        return parts

    @property
    def summary(self) -> dict[str, Any]:
        """Everything in ``summary.json``."""
        whole: dict[str, Any] = self._json("summary.json")
        return whole

    @property
    def manifest(self) -> dict[str, Any]:
        """Seed, hashes, versions, counts."""
        whole: dict[str, Any] = self._json(MANIFEST)
        return whole

    @property
    def figures(self) -> list[Path]:
        """Figures as PNG."""
        return sorted((self.path / "figures").glob("*.png"))

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.path / "report.html"

    def __repr__(self) -> str:
        return f"RegistryRun({str(self.path)!r})"

    def _repr_html_(self) -> str:
        first = self.ladder[0]
        shown = f"{first['hazard_ratio']:.2f}" if first["hazard_ratio"] else "not estimated"
        return f"<p>Registry run <code>{self.path}</code>: ever / never {shown}. <a href='{self.report}'>Report</a></p>"
