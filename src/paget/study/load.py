"""Finding, reading, validating, completing and fingerprinting protocols."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from paget.errors import PagetError, nearest, unknown
from paget.forms.explain import explain
from paget.forms.faults import Fault, Key, to_error
from paget.forms.keys import set_key, without_none
from paget.forms.yaml_text import read
from paget.study.adjuvant import Adjuvant
from paget.study.arms import NO_SYSTEMIC, STANDARD_OF_CARE
from paget.study.protocol import Protocol

if TYPE_CHECKING:
    from paget.evidence import EvidenceBase

SUFFIXES = (".yaml", ".yml")


def shipped() -> list[str]:
    """Names of the protocols that come with Paget.

    Examples
    --------
    >>> "e2108" in shipped()
    True
    """
    folder = files("paget.study") / "protocols"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def find(name_or_path: str | Path) -> Path:
    """Path of a protocol given its shipped name or a path to a file.

    Raises
    ------
    PagetError
        There is no such protocol or file; the nearest name is suggested.
    """
    text = str(name_or_path)
    if text in shipped():
        return Path(str(files("paget.study") / "protocols" / f"{text}.yaml"))
    path = Path(name_or_path)
    try:
        if path.is_file():
            return path
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:  # a name too long for the system, or with a zero byte
        raise unknown("protocol", text[:80], shipped()) from error
    if isinstance(name_or_path, Path) or path.suffix in SUFFIXES or "/" in text or is_folder:
        raise PagetError(
            "this is a folder, not a protocol file" if is_folder else "there is no such file",
            where=path,
            expected="a path to a .yaml file, or a shipped protocol: " + ", ".join(shipped()),
            fix=_nearby(path),
        )
    raise unknown("protocol", text, shipped())


def _nearby(path: Path) -> str | None:
    try:
        names = [item.name for item in path.parent.iterdir() if item.suffix in SUFFIXES][:1000]
    except OSError:
        names = []
    guess = nearest(path.name, [*names, *shipped()])
    return f"did you mean {guess!r}?" if guess else None


def validate(
    data: Any, *, where: str | Path | None = None, lines: Mapping[Key, int] | None = None
) -> Protocol:
    """Return a protocol from plain data (as YAML or JSON gives it).

    Raises
    ------
    PagetError
        All mistakes at once, each with key, value, what was expected and a fix.
    """
    if not isinstance(data, dict):
        raise PagetError(
            "this is not a protocol",
            where=where,
            got=type(data).__name__,
            expected="keys such as id, title, arms",
        )
    odd = [key for key in data if not isinstance(key, str)]
    if odd:
        raise to_error([Fault((str(odd[0]),), "is not a key: keys are words", odd[0])], where, lines)
    try:
        return Protocol.model_validate(data)
    except ValidationError as error:
        raise to_error(explain(error, Protocol), where, lines) from error
    except RecursionError as error:
        raise PagetError("the protocol is nested too deeply", where=where) from error


def load_protocol(
    name_or_path: str | Path, *, base: EvidenceBase | None = None, check_evidence: bool = True
) -> Protocol:
    """Return a shipped protocol by name (``"e2108"``), or a protocol file by path.

    Parameters
    ----------
    name_or_path
        Name or path.
    base
        Evidence to look published results up in; default: the evidence that comes with Paget.
    check_evidence
        Whether every evidence id and published result must be found.

    Raises
    ------
    PagetError
        The file does not exist, is not YAML, or has mistakes; all mistakes are told at once with their lines.
    """
    path = find(name_or_path)
    data, lines = read(path)
    data = _with_therapies(data, path)
    protocol = validate(data, where=path, lines=lines)
    if check_evidence:
        from paget.study.published import evidence_faults

        faults = evidence_faults(protocol, base)
        if faults:
            raise to_error(faults, path, lines)
    return protocol


def _with_therapies(data: Any, path: Path) -> Any:
    """Put what is in a user's therapy files in place of their names, so that the protocol is whole wherever it goes."""
    names = data.get("therapies") if isinstance(data, dict) else None
    if not isinstance(names, list):
        return data
    held: list[Any] = []
    for position, name in enumerate(names):
        if isinstance(name, str):
            file = path.parent / name
            if not file.is_file():
                raise PagetError("there is no such therapy file", where=path, key=f"therapies[{position}]", got=name, fix=_nearby(file))
            name = read(file, "therapy")[0]
        held.append(name)
    return {**data, "therapies": held}


def with_therapies(protocol: Protocol, files: Sequence[str | Path]) -> Protocol:
    """Return the protocol with more therapy files of the user's own, as if it named them itself.

    Raises
    ------
    PagetError
        A file does not exist or is not YAML.
    """
    held = [read(Path(file), "therapy")[0] for file in files]
    if not held:
        return protocol
    data = plain(protocol)
    return validate({**data, "therapies": [*(data.get("therapies") or ()), *held]}, where=protocol.id)


def resolve(protocol: Protocol) -> Protocol:
    """Return the protocol with defaults that depend on other keys filled in."""
    analyses = protocol.analyses
    filled: dict[str, Any] = {}
    if analyses.strata_in_analysis is None:
        filled["strata_in_analysis"] = protocol.randomisation.strata
    if analyses.rmst_tau_months is None and analyses.landmarks_months:
        filled["rmst_tau_months"] = max(analyses.landmarks_months)
    data = plain(protocol)
    data["analyses"].update(json.loads(json.dumps(filled)))
    return validate(data, where=protocol.id)


def override(protocol: Protocol, changes: Mapping[str, Any]) -> Protocol:
    """Return the protocol with some keys changed, validated again.

    Parameters
    ----------
    protocol
        Where to start from.
    changes
        Dotted key and new value; items of lists by id or position: ``{"accrual.patients": 1000}``.

    Raises
    ------
    PagetError
        A key does not exist, or the changed protocol has mistakes.
    """
    data = plain(protocol)
    for dotted, value in changes.items():
        try:
            set_key(data, dotted, value)
        except LookupError as error:
            raise PagetError(
                "there is no such key to change", where=protocol.id, key=dotted, fix="see `paget show`"
            ) from error
    return validate(data, where=protocol.id)


def plain(protocol: Protocol) -> dict[str, Any]:
    """Return the protocol as plain data with all defaults, ready for JSON or YAML."""
    data: dict[str, Any] = without_none(protocol.model_dump(mode="json", by_alias=True))
    return data


def to_yaml(protocol: Protocol) -> str:
    """Return the resolved protocol as YAML; loading it gives the same protocol."""
    import yaml

    return str(yaml.safe_dump(plain(resolve(protocol)), sort_keys=False, allow_unicode=True, width=110))


def protocol_hash(protocol: Protocol) -> str:
    """SHA-256 of the resolved protocol as canonical JSON; comments, order of keys and layout do not count."""
    canonical = json.dumps(
        plain(resolve(protocol)), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


@lru_cache(maxsize=1)
def _schema_text() -> str:
    from paget.study.attributes import ATTRIBUTES

    schema = Protocol.model_json_schema(by_alias=True, mode="validation")
    for definition in schema["$defs"].values():
        attribute = definition.get("properties", {}).get("attribute")
        if attribute is not None:
            attribute["enum"] = list(ATTRIBUTES)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Paget trial protocol",
    }
    return json.dumps(schema)


def json_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of a protocol file, for editors that complete and check YAML."""
    schema: dict[str, Any] = json.loads(_schema_text())
    return schema


def check_names(
    protocol: Protocol, known: Mapping[str, list[str]], *, where: str | Path | None = None
) -> None:
    """Check the names that other rooms give meaning to.

    Parameters
    ----------
    protocol
        A validated protocol.
    known
        Lists of names under any of the keys ``switches``, ``standards_of_care``, ``regimens``,
        ``not_available``, ``local_therapies``, ``schedules``, ``imaging``, ``panels``, ``adjuvant_practices``, ``adjuvant_therapies``;
        a list that is absent is not checked.
    where
        File, for messages.

    Raises
    ------
    PagetError
        Names that nobody knows, with their nearest neighbours.
    """
    asked = list(_asked(protocol))
    faults = []
    for kind, key, name, what in asked:
        if kind in known and name not in known[kind]:
            guess = nearest(name, known[kind])
            fix = f"did you mean {guess!r}?" if guess else None
            faults.append(
                Fault(
                    key,
                    f"there is no {what} of this name",
                    name,
                    "one of " + ", ".join(sorted(known[kind])),
                    fix,
                )
            )
    if faults:
        raise to_error(faults, where or protocol.id)


def _asked(protocol: Protocol) -> Iterator[tuple[str, Key, str, str]]:
    """Every name that another room gives meaning to: list it is in, key, name, what it is."""
    yield from (("switches", ("switches", name), name, "mechanism") for name in protocol.switches)
    standard = protocol.population.standard_of_care
    yield "standards_of_care", ("population", "standard_of_care"), standard, "standard of care"
    for position, arm in enumerate(protocol.arms):
        key: Key = ("arms", position)
        if arm.systemic not in (STANDARD_OF_CARE, NO_SYSTEMIC):
            yield "regimens", (*key, "systemic"), arm.systemic, "regimen"
        for row, choice in enumerate(arm.systemic_if or ()):
            if choice.systemic != STANDARD_OF_CARE:
                yield "regimens", (*key, "systemic_if", row, "systemic"), choice.systemic, "regimen"
        for row, later in enumerate(arm.later_lines or ()):
            yield "regimens", (*key, "later_lines", row, "systemic"), later.systemic, "regimen"
        for row, local in enumerate(arm.local or ()):
            yield "local_therapies", (*key, "local", row, "therapy"), local.therapy, "local therapy"
        if isinstance(arm.surveillance, str):
            yield "schedules", (*key, "surveillance"), arm.surveillance, "schedule of follow-up"
        elif arm.surveillance is not None:
            for under, name, kind in arm.surveillance.named:
                what = "imaging modality" if kind == "imaging" else "panel of markers"
                yield {"panel": "panels"}.get(kind, kind), (*key, "surveillance", *under), name, what
    yield from _adjuvant(protocol.population.adjuvant, ("population", "adjuvant"))
    for position, arm in enumerate(protocol.arms):
        yield from _adjuvant(arm.adjuvant, ("arms", position, "adjuvant"))
    for position, name in enumerate(protocol.population.not_available):
        yield "not_available", ("population", "not_available", position), name, "drug axis"


def _adjuvant(adjuvant: Adjuvant | None, key: Key) -> Iterator[tuple[str, Key, str, str]]:
    if adjuvant is None:
        return
    if adjuvant.practice is not None:
        yield "adjuvant_practices", key, adjuvant.practice, "adjuvant practice"
    for row, given in enumerate(adjuvant.gives or ()):
        yield "adjuvant_therapies", (*key, row, "therapy"), given.therapy, "adjuvant therapy"
