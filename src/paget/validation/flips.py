"""What would have to be wrong for a conclusion on surgery to flip: the effect in each trial with one assumption changed at a time.

By twins (`paget.calibration.contrast`): every patient lives both arms with the same draws, so that few lives show small differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from paget.calibration.contrast import contrasts
from paget.errors import PagetError, unknown
from paget.forms import validated
from paget.parameters import ParameterSet, declared
from paget.parameters.registry import INDEX_LABELS

LIVES, DRAWS = 8_000, 48
EFFECT = 0.10
"""A mean effect of less than 10 % of the hazard either way is called none: no trial of this field could tell it from none."""


class Change(BaseModel):
    """One assumption made otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    what: str = Field(min_length=5)
    values: dict[str, float] = Field(default_factory=dict)
    scale: dict[str, float] = Field(default_factory=dict)
    switches: dict[str, float] = Field(default_factory=dict)

    def apply(self, parameters: ParameterSet) -> ParameterSet:
        """Parameters with the change.

        Raises
        ------
        PagetError
            A name that does not exist.
        """
        values: dict[str, Any] = dict(self.values)
        for key, factor in self.scale.items():
            name, _, label = key.removesuffix("]").partition("[")
            if name not in declared():
                raise unknown("parameter", name, declared(), where="flips.yaml")
            now = values.get(name, parameters[name])
            if not label:
                values[name] = [x * factor for x in now] if isinstance(now, tuple) else now * factor
                continue
            labels = INDEX_LABELS[str(declared()[name].index)]
            if label not in labels:
                raise unknown(f"label of {name}", label, labels, where="flips.yaml")
            values[name] = [x * (factor if one == label else 1.0) for x, one in zip(now, labels, strict=True)]
        return parameters.with_switches(self.switches, where="flips.yaml").with_values(values, where="flips.yaml")


@lru_cache(maxsize=1)
def changes() -> tuple[Change, ...]:
    """The declared changes, none first."""
    text = files("paget.validation").joinpath("flips.yaml").read_text(encoding="utf-8")
    found = tuple(validated(Change, entry, "flips.yaml") for entry in yaml.load(text, Loader=yaml.CSafeLoader))
    for one in found:
        one.apply(ParameterSet.point())
    return found


def conclusion(log_hr: float, se: float) -> str:
    """What an effect says: ``helps`` or ``harms`` by more than 10 % beyond its Monte-Carlo error, ``no effect`` within 10 %, or ``open``.

    Examples
    --------
    >>> [conclusion(math.log(hr), 0.01) for hr in (0.8, 1.0, 1.25)]
    ['helps', 'no effect', 'harms']
    >>> conclusion(math.log(0.9), 0.2)
    'open'
    """
    edge = math.log1p(EFFECT)
    low, high = log_hr - 1.96 * se, log_hr + 1.96 * se
    if high < -edge:
        return "helps"
    if low > edge:
        return "harms"
    return "no effect" if -edge < low and high < edge else "open"


def flips(
    draws: Sequence[ParameterSet], trials: Sequence[str], *, seed: int = 1, lives: int = LIVES, only: Sequence[Change] | None = None
) -> list[dict[str, Any]]:
    """Effect of surgery in each trial under each change; whether the conclusion differs from that without a change.

    Parameters
    ----------
    draws : sequence of ParameterSet
        What is changed, two or more: draws of a posterior, or one set several times. Each is lived by a population of its own, the same
        for every change, so that the effect of a change is that of pairs.
    trials : sequence of str
        Names of protocols.
    seed : int
        Of the first population; the next has the next number.
    lives : int
        Of each evaluation.
    only : sequence of Change, optional
        Other changes than the declared ones; the first is what the others are compared with.

    Returns
    -------
    list of dict
        ``trial, change, what, hazard_ratio, se_log, factor, factor_se_log, conclusion, flips``: mean over the draws and its error;
        factor by which the change moves it, and the error of that. None where nothing came out.

    Raises
    ------
    PagetError
        No trial was given, or fewer than two draws.
    """
    if not trials:
        raise PagetError("no trial to look at", expected="names of protocols")
    if len(draws) < 2:
        raise PagetError("one draw gives no error", key="draws", got=len(draws), expected="two or more")
    out: list[dict[str, Any]] = []
    first: dict[str, tuple[Any, str]] = {}
    for change in only or changes():
        changed = [change.apply(one) for one in draws]
        for trial in trials:  # one at a time: all lives go to it
            found = [
                next(iter(contrasts([trial], one, seed=seed + k, lives=lives).values())).log_hr for k, one in enumerate(changed)
            ]  # fmt: skip
            mean, se = _mean(np.array(found))
            said = "not computed" if mean is None else conclusion(mean, se or 0.0)
            before, was = first.setdefault(trial, (np.array(found), said))
            moved, error = _mean(np.array(found) - before)
            out.append(
                {
                    "trial": trial, "change": change.id, "what": change.what, "hazard_ratio": None if mean is None else math.exp(mean),
                    "se_log": se, "factor": None if moved is None else math.exp(moved), "factor_se_log": error, "conclusion": said,
                    "flips": said != was and not {"open", "not computed"} & {said, was},
                }
            )  # fmt: skip
    return out


def _mean(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Mean of what came out, and its standard error."""
    there = values[np.isfinite(values)]
    if len(there) < 2:
        return None, None
    return float(there.mean()), float(there.std(ddof=1) / math.sqrt(len(there)))
