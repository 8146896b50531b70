"""A finished run of a registry, as Python sees it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.engine.folder import MANIFEST
from paget.engine.result import FinishedRun

if TYPE_CHECKING:
    import polars as pl


class RegistryRun(FinishedRun):
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

    NEEDED = (MANIFEST, "registry.parquet")
    MISSING = ("there is no finished run of a registry here", "paget registry ... --resume finishes one")

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
    def figures(self) -> list[Path]:
        """Figures as PNG."""
        return sorted((self.path / "figures").glob("*.png"))

    def __repr__(self) -> str:
        return f"RegistryRun({str(self.path)!r})"

    def _repr_html_(self) -> str:
        naive = next((row for row in self.ladder if row["key"] == "ever-never"), None)  # the ladder begins with a trial
        shown = f"{naive['hazard_ratio']:.2f}" if naive and naive["hazard_ratio"] else "not estimated"
        return f"<p>Registry run <code>{self.path}</code>: ever / never {shown}. <a href='{self.report}'>Report</a></p>"
