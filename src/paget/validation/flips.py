"""What would have to be wrong for a conclusion on surgery to flip: the effect in each trial with one assumption changed at a time.

By twins (`paget.calibration.contrast`): every patient lives both arms with the same draws, so that few lives show small differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from paget.calibration.contrast import contrasts
from paget.calibration.targets import validated
from paget.errors import PagetError, unknown
from paget.parameters import ParameterSet, declared
from paget.parameters.registry import INDEX_LABELS

LIVES, SEEDS = 20_000, 4
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
    parameters: ParameterSet, trials: Sequence[str], *, seed: int = 1, seeds: int = SEEDS, lives: int = LIVES,
    only: Sequence[Change] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Effect of surgery in each trial under each change; whether the conclusion differs from that without a change.

    Parameters
    ----------
    parameters : ParameterSet
        What is changed.
    trials : sequence of str
        Names of protocols.
    seed, seeds : int
        The mean over this many populations, from this seed on; the same for every change.
    lives : int
        Of each evaluation.
    only : sequence of Change, optional
        Other changes than the declared ones; the first is what the others are compared with.

    Returns
    -------
    list of dict
        ``trial, change, what, hazard_ratio, se_log, conclusion, flips``; ratio and error None where nothing came out.

    Raises
    ------
    PagetError
        No trial was given.
    """
    if not trials:
        raise PagetError("no trial to look at", expected="names of protocols")
    out: list[dict[str, Any]] = []
    before: dict[str, str] = {}
    for change in only or changes():
        chosen = change.apply(parameters)
        for trial in trials:  # one at a time: all lives go to it
            made = [next(iter(contrasts([trial], chosen, seed=seed + k, lives=lives).values())) for k in range(seeds)]
            log_hr = sum(one.log_hr for one in made) / seeds
            se = math.sqrt(sum(one.se**2 for one in made)) / seeds
            there = math.isfinite(log_hr) and math.isfinite(se)
            said = conclusion(log_hr, se) if there else "not computed"
            before.setdefault(trial, said)
            out.append(
                {
                    "trial": trial, "change": change.id, "what": change.what,
                    "hazard_ratio": math.exp(log_hr) if there else None, "se_log": se if there else None,
                    "conclusion": said, "flips": said != before[trial] and "open" not in (said, before[trial]) and there,
                }
            )  # fmt: skip
    return out
