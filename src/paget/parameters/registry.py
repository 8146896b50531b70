"""The parameters: declared once in YAML, handed to kernels as one record.

A `Parameter` says what a number means, its unit, its value, its prior and why it has that value. A `ParameterSet` is an immutable
assignment of values; `record` is the NumPy structured scalar that compiled code reads (``p.founding_rate_per_day[c]``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from paget.errors import PagetError, unknown

Basis = Literal["sourced", "placed", "fitted", "assumed", "switch"]

INDEX_LABELS: dict[str, tuple[str, ...]] = {
    "class": ("luminal A", "luminal B HER2-", "luminal B HER2+", "HER2-enriched", "triple negative"),
    "organ": ("bone", "liver", "lung", "brain", "skin", "distant nodes"),
    "place": ("bone", "liver", "lung", "brain", "skin", "distant nodes", "regional nodes", "breast"),
    "stage": ("I", "II", "III"),
    "age": tuple(str(age) for age in range(30, 101, 5)),
    "use": ("HR+ I", "HR+ II", "HR+ III", "HR- I", "HR- II", "HR- III"),
    "family": (
        "endocrine A", "endocrine B", "CDK4/6", "HER2", "anthracycline", "taxane", "antimetabolite", "conjugate",
        "EGFR", "PARP", "immune",
    ),
    "axis": ("endocrine", "CDK4/6", "HER2", "chemotherapy", "conjugate", "EGFR", "PARP", "immune"),
    "local": ("excision", "thermal ablation", "embolisation", "radiotherapy", "electrochemotherapy", "other"),
    "phenotype": (
        "endocrine A only", "endocrine B only", "endocrine both", "CDK4/6", "HER2", "anthracycline only", "taxane only",
        "antimetabolite only", "multidrug", "conjugate", "EGFR", "PARP", "immune",
    ),
}  # fmt: skip


class Prior(BaseModel):
    """Prior of a parameter around its declared value (the median, unless the distribution says otherwise)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    distribution: Literal["fixed", "lognormal", "normal", "uniform", "beta", "logit-normal", "half-normal"]
    sd_log: float | None = Field(default=None, gt=0)
    sd: float | None = Field(default=None, gt=0)
    low: float | None = None
    high: float | None = None
    a: float | None = Field(default=None, gt=0)
    b: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _complete(self) -> Prior:
        needs = {
            "lognormal": ("sd_log",), "normal": ("sd",), "uniform": ("low", "high"), "beta": ("a", "b"),
            "logit-normal": ("sd",), "half-normal": ("sd",), "fixed": (),
        }[self.distribution]  # fmt: skip
        missing = [name for name in needs if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a {self.distribution} prior needs {', '.join(missing)}")
        return self


class Parameter(BaseModel):
    """One declared parameter of the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: str
    what: str
    value: float | tuple[float, ...]
    index: str | None = None
    prior: Prior
    basis: Basis
    sources: tuple[str, ...] = ()
    reason: str

    @model_validator(mode="after")
    def _shape(self) -> Parameter:
        if (self.index is None) != isinstance(self.value, float):
            raise ValueError("a parameter with an index has a list of values, one without has one value")
        if self.index is not None:
            labels = INDEX_LABELS.get(self.index)
            if labels is None or not isinstance(self.value, tuple) or len(labels) != len(self.value):
                raise ValueError(f"index {self.index!r} asks for {labels}")
        if self.basis == "sourced" and not self.sources:
            raise ValueError("basis 'sourced' needs at least one source id")
        return self

    @property
    def may_be_negative(self) -> bool:
        """Whether its unit allows values below zero."""
        return self.unit in ("correlation", "logit", "log", "exponent", "score")

    @property
    def values(self) -> tuple[float, ...]:
        """The value as a tuple, whatever its shape."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


@lru_cache(maxsize=1)
def declared() -> dict[str, Parameter]:
    """All declared parameters by name, in file order."""
    found: dict[str, Parameter] = {}
    for path in sorted(files("paget.parameters").joinpath("data").iterdir(), key=lambda entry: entry.name):
        for entry in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            parameter = Parameter.model_validate(entry)
            if parameter.name in found:
                raise PagetError("parameter declared twice", where=path.name, key=parameter.name)
            found[parameter.name] = parameter
    return found


@lru_cache(maxsize=1)
def record_type() -> np.dtype[Any]:
    """Structured type of the record that kernels read."""
    return np.dtype(
        [(p.name, np.float64, (len(p.value),)) if isinstance(p.value, tuple) else (p.name, np.float64) for p in declared().values()],
        align=True,
    )


class ParameterSet(Mapping[str, Any]):
    """An immutable assignment of values to all declared parameters.

    Examples
    --------
    >>> p = ParameterSet.point()
    >>> p["seeding_typo"]
    Traceback (most recent call last):
        ...
    paget.errors.PagetError: there is no parameter named 'seeding_typo'
      expected: ...
    >>> p.with_values({"switch_wound": 0.0})["switch_wound"]
    0.0
    """

    def __init__(self, values: Mapping[str, Any], changed: frozenset[str] = frozenset()) -> None:
        self._values = dict(values)
        self.changed = changed

    @classmethod
    def point(cls) -> ParameterSet:
        """The shipped point values."""
        return cls({name: parameter.value for name, parameter in declared().items()})

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise unknown("parameter", name, self._values) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def with_values(self, changes: Mapping[str, Any], *, where: str | None = None) -> ParameterSet:
        """A copy with some values replaced; a single number given for an indexed parameter applies to all entries.

        Raises
        ------
        PagetError
            For an unknown name, a value that is not a finite number, a wrong number of values, or a negative value where the
            declared one is not.
        """
        values = dict(self._values)
        for name, given in changes.items():
            parameter = declared().get(name)
            if parameter is None:
                raise unknown("parameter", name, declared(), where=where)
            values[name] = _checked(parameter, given, where)
        return ParameterSet(values, self.changed | frozenset(changes))

    def with_switches(self, switches: Mapping[str, float], *, where: str | None = None) -> ParameterSet:
        """A copy with mechanisms multiplied; names without the ``switch_`` prefix."""
        for name in switches:
            if name not in switch_names():
                raise unknown("switch", name, switch_names(), where=where)
        return self.with_values({f"switch_{name}": value for name, value in switches.items()}, where=where)

    @property
    def record(self) -> np.ndarray[Any, Any]:
        """One-element structured array for the kernels."""
        record = np.zeros(1, record_type())
        for name, value in self._values.items():
            record[name] = value
        return record

    @property
    def hash(self) -> str:
        """SHA-256 of names and values."""
        text = ";".join(f"{name}={self._values[name]!r}" for name in sorted(self._values))
        return hashlib.sha256(text.encode()).hexdigest()


def switch_names() -> list[str]:
    """Names of the mechanisms that can be switched, without their prefix."""
    return [name.removeprefix("switch_") for name in declared() if name.startswith("switch_")]


def _checked(parameter: Parameter, given: Any, where: str | None) -> float | tuple[float, ...]:
    entries = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given] * len(parameter.values)
    expected = f"{len(parameter.values)} finite number(s) in {parameter.unit}"
    if len(entries) != len(parameter.values):
        raise PagetError("wrong number of values", where=where, key=parameter.name, got=given, expected=expected)
    numbers = []
    for entry, declared_value in zip(entries, parameter.values, strict=True):
        if isinstance(entry, bool) or not isinstance(entry, (int, float, np.floating, np.integer)) or not np.isfinite(entry):
            raise PagetError("not a finite number", where=where, key=parameter.name, got=entry, expected=expected)
        if entry < 0 <= declared_value and not parameter.may_be_negative:
            raise PagetError("negative", where=where, key=parameter.name, got=entry, expected=f"zero or more, in {parameter.unit}")
        if entry > 1 and parameter.unit == "probability":
            raise PagetError("a probability above 1", where=where, key=parameter.name, got=entry, expected="0 to 1")
        numbers.append(float(entry))
    return tuple(numbers) if isinstance(parameter.value, tuple) else numbers[0]
