"""``--vary KEY=A,B``: keys of the protocol, of the design, of the parameters and the switches; all combinations.

| key | what it changes |
| --- | --- |
| ``n`` | short for ``accrual.patients`` |
| any dotted key of the protocol | such as ``follow_up.data_cut_months``, ``arms.systemic.crossover.fraction`` |
| ``design.NAME`` | an option of the design, such as ``design.looks``, ``design.boundary``, ``design.subgroup`` |
| ``parameters.NAME`` | a parameter of the model |
| ``switches.NAME`` | a multiplier of a mechanism |
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paget.design.options import DesignOptions
from paget.errors import PagetError, nearest
from paget.forms.keys import set_key, without_none
from paget.parameters import ParameterSet, declared, switch_names
from paget.study import Protocol, validate

PATIENTS = "accrual.patients"
ALIASES = {"n": PATIENTS}
OPTION = "--vary"
MOST = 2000
"""Scenarios of one command."""


@dataclass(frozen=True)
class Scenario:
    """One combination of what is varied.

    Attributes
    ----------
    number : int
        From 0, in the order of the table.
    varied : dict
        Key and value, as given.
    protocol : Protocol
    options : DesignOptions
    parameters : ParameterSet
    """

    number: int
    varied: dict[str, Any]
    protocol: Protocol
    options: DesignOptions
    parameters: ParameterSet

    @property
    def label(self) -> str:
        """The scenario in words."""
        return ", ".join(f"{key} = {shown(value)}" for key, value in self.varied.items()) or "as the protocol"

    @property
    def short_label(self) -> str:
        """The same for figures, which have less room."""
        return ", ".join(f"{short(key)} {shown(value)}" for key, value in self.varied.items()) or "as the protocol"


def short(key: str) -> str:
    """A key in words that fit into a figure: what it belongs to where its last part alone does not tell.

    Examples
    --------
    >>> short("accrual.patients"), short("drop_out.fraction_per_year"), short("arms.systemic.crossover.fraction")
    ('patients', 'drop-out a year', 'crossover')
    """
    parts = key.split(".")
    told = parts[-1]
    if told.startswith("fraction") and len(parts) > 1:
        told = parts[-2] + (" a year" if told.endswith("per_year") else "")
    return told.replace("drop_out", "drop-out").replace("_", " ")


def shown(value: Any) -> str:
    """A value as a reader writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(shown(one) for one in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def parse_vary(given: Sequence[str]) -> dict[str, list[Any]]:
    """Keys and lists of values of ``--vary`` options.

    Values are read as YAML, so a list stays together: ``design.looks=[0.5,1],[1]``.

    Examples
    --------
    >>> parse_vary(["n=200,400", "design.boundary=pocock"])
    {'accrual.patients': [200, 400], 'design.boundary': ['pocock']}
    """
    import yaml

    from paget.forms.yaml_text import Loader as SafeLoader

    found: dict[str, list[Any]] = {}
    for item in given:
        key, equals, text = item.partition("=")
        key = ALIASES.get(key.strip(), key.strip())
        if not key or not equals or not text.strip():
            raise PagetError("takes a key and values", where=OPTION, got=item, expected="such as --vary accrual.patients=200,400")
        try:
            values = yaml.load(f"[{text}]", Loader=SafeLoader)  # that of protocols
        except yaml.YAMLError:
            values = None
        if not isinstance(values, list) or not values or any(value is None or isinstance(value, dict) for value in values):
            raise PagetError("these values cannot be read", where=OPTION, key=key, got=text, expected="values with commas between them")
        if key in found:
            raise PagetError("this key is varied twice", where=OPTION, key=key, fix="give all its values in one --vary")
        if any(values.count(value) > 1 for value in values):
            raise PagetError("a value is given twice", where=OPTION, key=key, got=text)
        found[key] = values
    return found


def scenarios(
    protocol: Protocol,
    vary: dict[str, list[Any]],
    options: DesignOptions | None = None,
    parameters: ParameterSet | None = None,
) -> list[Scenario]:
    """All combinations of what is varied, each checked.

    Raises
    ------
    PagetError
        A key that does not exist (with the nearest one), or a value that the protocol or the design refuses.
    """
    base, point = options or DesignOptions(), parameters or ParameterSet.point()
    count = 1
    for values in vary.values():
        count *= len(values)
    if count > MOST:
        raise PagetError("so many scenarios would never end", where=OPTION, got=count, expected=f"at most {MOST}", fix="vary less at once")
    out = []
    for number, combination in enumerate(itertools.product(*vary.values())):
        varied = dict(zip(vary, combination, strict=True))
        out.append(_scenario(number, varied, protocol, base, point))
    return out


def _scenario(number: int, varied: dict[str, Any], protocol: Protocol, options: DesignOptions, parameters: ParameterSet) -> Scenario:
    changes: dict[str, Any] = {}
    for key, value in varied.items():
        head, _, rest = key.partition(".")
        if head == "design":
            options = options.with_option(rest, value)
        elif head == "parameters":
            parameters = parameters.with_values({rest: value}, where=OPTION)
        elif head == "switches":
            parameters = parameters.with_switches({rest: value}, where=OPTION)
        else:
            changes[key] = value
    changed = change(protocol, changes) if changes else protocol
    options.check(changed)
    return Scenario(number, varied, changed, options, parameters)


def change(protocol: Protocol, changes: dict[str, Any]) -> Protocol:
    """The protocol with dotted keys changed (a key that it leaves out too), validated again.

    Raises
    ------
    PagetError
        A key that does not exist, told with the nearest one, or a value that makes the protocol invalid.
    """
    data = protocol.model_dump(mode="json", by_alias=True)
    known: list[str] = []
    for dotted, value in changes.items():
        try:
            set_key(data, dotted, value)
        except LookupError:
            known = known or keys(data)
            raise _unknown_key(dotted, known, protocol.id) from None
    if data["accrual"].get("pattern") != "ramp" and "accrual.ramp_months" not in changes:
        data["accrual"]["ramp_months"] = None  # of the protocol's own pattern, which was changed
    _shorten(data)
    return validate(without_none(data), where=f"{protocol.id} with {OPTION}")


def _shorten(data: dict[str, Any]) -> None:
    """Leave out read-outs later than anybody is followed: a design does not report them, and a shorter trial cannot have them."""
    analyses, cut = data["analyses"], data["follow_up"]["data_cut_months"]
    data["published"] = []  # results of the trial as it was, not of the one that is designed
    data["follow_up"]["earlier_cuts"] = []
    try:
        last = cut + (data["accrual"]["months"] if data["follow_up"]["after"] == "last-patient" else 0.0)
        kept = [month for month in analyses["landmarks_months"] if month <= last]
        tau = analyses["rmst_tau_months"] or max(analyses["landmarks_months"])
        analyses["landmarks_months"] = kept or [cut]
        analyses["rmst_tau_months"] = min(tau, last)
    except TypeError:  # something that is not a number where one belongs: validation tells
        return


def _unknown_key(key: str, known: list[str], where: str) -> PagetError:
    others = [*ALIASES, *(f"design.{name}" for name in DesignOptions.names())]
    others += [f"switches.{name}" for name in switch_names()] + [f"parameters.{name}" for name in declared()]
    # by the end of the key first: `patients` means accrual.patients
    ends = [name for name in known if name.split(".")[-1] == key.split(".")[-1] and key.count(".") < name.count(".")]
    guess = ends[0] if ends else nearest(key, [*known, *others])
    return PagetError(
        f"there is no key {key!r} to vary", where=OPTION, key=key,
        expected=f"a key of {where} (`paget show {where}`), design.*, parameters.* or switches.*",
        fix=f"did you mean {guess!r}?" if guess else None,
    )  # fmt: skip


def keys(data: Any, before: str = "") -> list[str]:
    """Dotted keys of plain data down to single values; items of lists by id or position."""
    if isinstance(data, dict):
        pairs = [(str(name), value) for name, value in data.items()]
    elif isinstance(data, list) and any(isinstance(item, dict) for item in data):
        pairs = [(str(item.get("id", i)) if isinstance(item, dict) else str(i), item) for i, item in enumerate(data)]
    else:
        return [before]
    out: list[str] = []
    for name, value in pairs:
        out += keys(value, f"{before}.{name}" if before else name)
    return out
