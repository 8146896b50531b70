"""A finished run, as Python sees it: tables as polars frames, records, figures, a rich notebook representation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paget.engine.folder import MANIFEST
from paget.errors import PagetError

if TYPE_CHECKING:
    import polars as pl


class FinishedRun:
    """A folder of a finished run: what every kind of run can read of it.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    PagetError
        The folder holds no finished run of this kind.
    """

    NEEDED: tuple[str, ...] = (MANIFEST,)
    MISSING = ("there is no finished run here", "paget run ... --resume finishes one")

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not all((self.path / name).exists() for name in self.NEEDED):
            said, fix = self.MISSING
            raise PagetError(said, where=self.path, fix=fix)

    def _table(self, name: str) -> pl.DataFrame:
        import polars as pl

        file = self.path / f"{name}.parquet"
        if not file.exists():
            raise PagetError(f"this run has no {name}", where=self.path)
        return pl.read_parquet(file)

    def _json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text(encoding="utf-8"))

    @property
    def manifest(self) -> dict[str, Any]:
        """Version, seed, hashes and counts."""
        found: dict[str, Any] = self._json(MANIFEST)
        return found

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"


class Run(FinishedRun):
    """A run folder that is complete.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    PagetError
        The folder holds no finished run.
    """

    @property
    def adsl(self) -> pl.DataFrame:
        """Subjects (CDISC ADSL)."""
        return self._table("adsl")

    @property
    def adtte(self) -> pl.DataFrame:
        """Times to event (CDISC ADTTE; ``CNSR`` 0 is an event)."""
        return self._table("adtte")

    @property
    def adrs(self) -> pl.DataFrame:
        """Responses (CDISC ADRS)."""
        return self._table("adrs")

    @property
    def adtr(self) -> pl.DataFrame:
        """Tumour measurements (CDISC ADTR)."""
        return self._table("adtr")

    @property
    def replicates(self) -> pl.DataFrame:
        """Statistics of each replicate trial."""
        return self._table("replicates")

    @property
    def twins(self) -> pl.DataFrame:
        """Both lives of every patient (only with ``twins=True``)."""
        return self._table("twins")

    @property
    def summary(self) -> list[dict[str, Any]]:
        """All summary records."""
        records: list[dict[str, Any]] = self._json("summary.json")
        return records

    @property
    def hazard_ratio(self) -> dict[str, Any]:
        """The record of the hazard ratio of overall survival, by intention to treat.

        Raises
        ------
        PagetError
            The study has one arm, or no overall survival among its endpoints.
        """
        for record in self.summary:
            if (
                record["endpoint"] == "overall-survival" and record["measure"] == "hazard_ratio"
                and record["population"] == "itt" and not record["subgroup"] and record["cut"] is None
            ):  # fmt: skip
                return record
        raise PagetError(
            "this study has no hazard ratio of overall survival", where=self.path, fix="read `summary` for what there is"
        )

    @property
    def estimand(self) -> dict[str, Any] | None:
        """The record of the protocol's estimand (its endpoint and summary); None where it could not be computed."""
        from paget.engine.context import main_record
        from paget.study import validate

        request = json.loads((self.path / "request.json").read_text(encoding="utf-8"))
        return main_record(validate(request["protocol"]), self.summary)

    @property
    def adles(self) -> pl.DataFrame:
        """Lesions treated locally (only where the study treats any)."""
        return self._table("adles")

    def figure(self, name: str) -> Path:
        """Path of a figure as PNG; `figures` lists the names."""
        if name not in self.figures:
            raise PagetError(f"this run has no figure {name!r}", where=self.path, expected="one of " + ", ".join(self.figures))
        return self.path / "figures" / f"{name}.png"

    @property
    def figures(self) -> list[str]:
        """Names of the figures."""
        return sorted(file.stem for file in (self.path / "figures").glob("*.svg"))

    def __repr__(self) -> str:
        manifest = self.manifest
        return f"<Run of {manifest['protocol']}, seed {manifest['seed']}: {self.path}>"

    def _repr_html_(self) -> str:
        """The survival curves and the comparison with the real trial, for notebooks."""
        import io

        from rich.console import Console

        from paget.report.terminal import comparison_table

        console = Console(record=True, width=110, file=io.StringIO())
        console.print(comparison_table(self.summary))
        table = console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
        curve = (self.path / "figures" / "kaplan-meier.svg").read_text(encoding="utf-8")
        return f"<div>{curve[curve.index('<svg'):]}{table}</div>"
