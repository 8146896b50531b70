"""Finding, reading, validating and fingerprinting registry files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from paget.errors import PagetError, nearest
from paget.forms.explain import explain
from paget.forms.faults import Fault, Key, to_error
from paget.forms.keys import set_key
from paget.forms.yaml_text import read
from paget.study.load import SUFFIXES
from paget.study.registry.model import KINDS, Registry

if TYPE_CHECKING:
    from paget.evidence import EvidenceBase


def shipped_registries() -> list[str]:
    """Names of the registries that come with Paget.

    Examples
    --------
    >>> "ncdb-like" in shipped_registries()
    True
    """
    folder = files("paget.study") / "registries"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    names = shipped_registries()
    if text in names:
        return Path(str(files("paget.study") / "registries" / f"{text}.yaml"))
    path = Path(name_or_path)
    try:
        if path.is_file():
            return path
        is_folder = path.is_dir()
    except (OSError, ValueError):  # a name too long for the system, or with a zero byte
        is_folder = False
        text = text[:80]
    guess = nearest(text, names)
    looks_like_file = path.suffix in SUFFIXES or "/" in text
    raise PagetError(
        "this is a folder, not a registry file"
        if is_folder
        else "there is no such file"
        if looks_like_file
        else f"there is no registry named {text!r}",
        where=text if looks_like_file or is_folder else None,
        expected="a path to a .yaml file, or a shipped registry: " + ", ".join(names),
        fix=f"did you mean {guess!r}?" if guess else None,
    )


def _kind(data: Mapping[str, Any], where: str | Path | None, lines: Mapping[Key, int] | None) -> type[Registry]:
    """Class of a registry, by what its treatment is."""
    operation = data.get("operation")
    named = operation.get("procedure", "surgery") if isinstance(operation, dict) else "surgery"
    if not isinstance(named, str) or named not in KINDS:
        guess = nearest(str(named), KINDS)
        fault = Fault(
            ("operation", "procedure"), "is not one of the choices", named, "one of " + ", ".join(KINDS),
            f"did you mean {guess!r}?" if guess else None,
        )  # fmt: skip
        raise to_error([fault], where, lines)
    return KINDS[named]


def validate_registry(data: Any, *, where: str | Path | None = None, lines: Mapping[Key, int] | None = None) -> Registry:
    """Return a registry from plain data (as YAML or JSON gives it).

    Raises
    ------
    PagetError
        All mistakes at once, each with key, value, what was expected and a fix.
    """
    if not isinstance(data, dict):
        raise PagetError("this is not a registry", where=where, got=type(data).__name__, expected="keys such as id, periods, operation")
    odd = [key for key in data if not isinstance(key, str)]
    if odd:
        raise to_error([Fault((str(odd[0]),), "is not a key: keys are words", odd[0])], where, lines)
    kind = _kind(data, where, lines)
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise to_error(explain(error, kind), where, lines) from error
    except RecursionError as error:
        raise PagetError("the registry is nested too deeply", where=where) from error


def load_registry(name_or_path: str | Path, *, base: EvidenceBase | None = None, check_evidence: bool = True) -> Registry:
    """Return a shipped registry by name (``"ncdb-like"``), or a registry file by path.

    Parameters
    ----------
    name_or_path : str or Path
    base : EvidenceBase, optional
        Evidence to look ids and published results up in; the shipped one by default.
    check_evidence : bool
        Whether every evidence id and published result must be found.

    Raises
    ------
    PagetError
        The file does not exist, is not YAML, or has mistakes; all mistakes are told at once with their lines.
    """
    from paget.study.registry.consistency import evidence_faults

    path = _find(name_or_path)
    data, lines = read(path, "registry")
    registry = validate_registry(data, where=path, lines=lines)
    faults = evidence_faults(registry, base) if check_evidence else []
    if faults:
        raise to_error(faults, path, lines)
    return registry


def plain_registry(registry: Registry) -> dict[str, Any]:
    """Return the registry as plain data with all defaults, ready for JSON or YAML."""
    data: dict[str, Any] = registry.model_dump(mode="json", exclude_none=True)
    return data


def registry_to_yaml(registry: Registry) -> str:
    """Return the registry as YAML with all defaults; loading it gives the same registry."""
    import yaml

    return str(yaml.safe_dump(plain_registry(registry), sort_keys=False, allow_unicode=True, width=110))


def registry_hash(registry: Registry) -> str:
    """SHA-256 of the registry as canonical JSON; comments, order of keys and layout do not count."""
    text = json.dumps(plain_registry(registry), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def override_registry(registry: Registry, changes: Mapping[str, Any]) -> Registry:
    """Return the registry with some keys changed (dotted; items of lists by position), validated again.

    Raises
    ------
    PagetError
        A key does not exist, or the changed registry has mistakes.
    """
    data = plain_registry(registry)
    for dotted, value in changes.items():
        try:
            set_key(data, dotted, value)
        except LookupError as error:
            raise PagetError("there is no such key to change", where=registry.id, key=dotted, fix="see docs/registries.md") from error
    return validate_registry(data, where=registry.id)
