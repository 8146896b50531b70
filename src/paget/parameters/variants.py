"""What fitted structural variants say of the effect in each trial: ``variants.json`` beside a posterior (`paget calibrate --variants`)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paget.errors import PagetError
from paget.parameters.version import MODEL_VERSION

FILE = "variants.json"


@dataclass(frozen=True)
class VariantEffect:
    """Mean effect in one trial under one fitted structure.

    Attributes
    ----------
    variant, what : str
        Its id, and what it changes.
    hazard_ratio : float
    mc_se_log : float
        Monte-Carlo standard error of its logarithm.
    """

    variant: str
    what: str
    hazard_ratio: float
    mc_se_log: float


def beside(posterior: Path) -> dict[str, tuple[VariantEffect, ...]]:
    """Effects by trial from the file beside a posterior; empty where there is none.

    Raises
    ------
    PagetError
        The file cannot be read, or was made for another version of the model.
    """
    path = posterior.parent / FILE
    if not path.is_file():
        return {}
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        made_for = data["request"]["model_version"]
        whats = {str(row["variant"]): str(row["what"]) for row in data["misfit"]}
        rows = [
            (str(row["trial"]), str(row["variant"]), row["hazard_ratio"], row["sd_monte_carlo"], row["draws"]) for row in data["effects"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PagetError(
            "not a comparison of variants", where=path, got=str(error)[:80], expected="summary.json of `paget calibrate --variants`"
        ) from None
    if made_for != MODEL_VERSION:
        raise PagetError(
            "these variants were fitted for another version of the model", where=path, key="request.model_version", got=made_for,
            expected=str(MODEL_VERSION), fix="fit them again with `paget calibrate --variants`, or take the file away",
        )  # fmt: skip
    found: dict[str, list[VariantEffect]] = {}
    for trial, variant, ratio, sd, draws in rows:
        if isinstance(ratio, (int, float)) and ratio > 0:
            mc_se = float(sd) / math.sqrt(draws) if isinstance(sd, (int, float)) and draws else math.nan
            found.setdefault(trial, []).append(VariantEffect(variant, whats.get(variant, variant), float(ratio), mc_se))
    return {trial: tuple(effects) for trial, effects in found.items()}
