"""Structural variants: each fitted to the same targets, with the effect of surgery under each (``variants.yaml``)."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field

from paget.calibration.fit import inform, open_folder, request_of, size_named, targets_at
from paget.calibration.free import Space, declared_space
from paget.calibration.smoother import Size, smooth
from paget.calibration.summary import effect_rows, plain
from paget.engine.folder import canonical, write_text
from paget.errors import unknown
from paget.forms import validated
from paget.parameters import ParameterSet, declared
from paget.progress import Progress, silent

SIZES = {"tiny": Size(24, 1, 1_200), "laptop": Size(100, 2, 8_000), "full": Size(400, 4, 20_000)}
"""Reduced sizes: there are several fits."""
DRAWS = 100
"""Draws of each variant under which trials are lived."""


class Variant(BaseModel):
    """A structure: mechanisms switched, values set, or one parameter given the values of another."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]+$")
    what: str = Field(min_length=10)
    switches: dict[str, float] = Field(default_factory=dict)
    values: dict[str, float] = Field(default_factory=dict)
    same: dict[str, str] = Field(default_factory=dict)


@lru_cache(maxsize=1)
def variants() -> tuple[Variant, ...]:
    """The declared variants, the model as it is first.

    Raises
    ------
    PagetError
        If one names a switch or parameter that does not exist.
    """
    text = files("paget.calibration").joinpath("variants.yaml").read_text(encoding="utf-8")
    found = tuple(validated(Variant, entry, "variants.yaml") for entry in yaml.load(text, Loader=yaml.CSafeLoader))
    for one in found:
        space_of(one, declared_space())
    return found


def space_of(variant: Variant, space: Space) -> tuple[Space, ParameterSet]:
    """Columns that stay in the fit under a variant, and what stands for the others."""
    for name in (*variant.same, *variant.same.values()):
        if name not in declared():
            raise unknown("parameter", name, declared(), where="variants.yaml")
    base = ParameterSet.point().with_switches(variant.switches, where="variants.yaml").with_values(variant.values, where="variants.yaml")
    return space.without({*variant.values, *variant.same}, variant.same), ParameterSet(dict(base.items()))


def compare_variants(
    *, size: str = "laptop", seed: int = 1, out: Path | None = None, threads: int = 1, targets: Path | None = None,
    resume: bool = True, overwrite: bool = False, progress: Progress = silent,
) -> Path:  # fmt: skip
    """Fit every variant and show what surgery does under each.

    Writes ``effects.csv``, ``misfit.csv``, ``summary.json`` and a figure; an interrupted comparison goes on where it stopped.
    """
    import polars as pl

    from paget.report.figures import calibration as figures
    from paget.report.save import save

    chosen = targets_at(targets)
    size_named(size)
    work = SIZES[size]
    request = request_of("variants", size, seed, chosen, fits=work.as_dict(), variants=[v.model_dump() for v in variants()])
    folder, ledger = open_folder(request, out, resume=resume, overwrite=overwrite)
    if folder.finished:
        return folder.path
    effects, misfits = [], []
    for variant in variants():
        space, base = space_of(variant, declared_space())
        # the same seed for all: variants differ in structure, not in draws
        fit = smooth(chosen, space, work, seed=seed, base=base, threads=threads, ledger=ledger, label=variant.id, progress=progress)
        z = fit.posterior.z[:DRAWS]
        shown = inform(
            z, space, chosen, work, seed, base=base, label=f"{variant.id} trials", threads=threads, ledger=ledger, progress=progress
        )
        rows = effect_rows(shown).filter(pl.col("posterior") == "blind").with_columns(variant=pl.lit(variant.id), used=pl.lit(False))
        effects.append(rows.drop("posterior"))
        z_scores = fit.posterior.scores(fit.y, chosen.sd)
        misfits.append(
            (
                variant.id, variant.what, fit.prior.distance(fit.y, chosen.sd), fit.posterior.distance(fit.y, chosen.sd),
                fit.posterior.misfit(fit.y, chosen.sd), int(np.sum(np.abs(z_scores) > 2.0)), shown.effective,
            )
        )  # fmt: skip
    names = ["variant", "what", "distance_prior", "distance_posterior", "misfit_posterior", "beyond_2", "effective_draws"]
    misfit = pl.DataFrame(misfits, schema=names, orient="row")
    order = {name: k for k, name in enumerate((*chosen.contrasts.inform, *chosen.contrasts.predict))}
    table = pl.concat(effects).sort(pl.col("trial").replace_strict(order), maintain_order=True)
    write_text(folder.path / "effects.csv", table.write_csv(float_precision=6))
    write_text(folder.path / "misfit.csv", misfit.write_csv(float_precision=6))
    drawing = figures.effects(table, by="variant", title="Does surgery of the primary help? The answer under each structure")
    save(drawing, folder.path / "figures", "variants")
    found = {"request": request, "effects": table.to_dicts(), "misfit": misfit.to_dicts()}
    write_text(folder.path / "summary.json", canonical(plain(found)))
    folder.finish(request)
    return folder.path
