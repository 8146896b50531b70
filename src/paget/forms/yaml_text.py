"""Reading a YAML file that a user wrote: plain data out, with the line of every key, or one clear error.

Only the safe constructor runs. The events are scanned first, without recursion, so that a hostile or broken
file (thousands of nested brackets, alias bombs) is refused before anything is built from it. Aliases are
refused too: a protocol is read by people, and a value that lives elsewhere in the file is easily
overlooked.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from paget.errors import PagetError
from paget.forms.faults import Key, key_text

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # a PyYAML built without libyaml reads the same files, slower
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]


class Loader(_SafeLoader):
    """The safe loader with the plain values of YAML 1.2, which editors use.

    YAML 1.1, PyYAML's own, takes the key ``on`` for true, ``12:30`` for 750 and ``2011-02-01`` for a date.
    """


_PLAIN = {
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "tag:yaml.org,2002:int": (r"[-+]?[0-9]+", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    "tag:yaml.org,2002:null": (r"~|null|Null|NULL|", "~nN\0"),
}
Loader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _first) in _PLAIN.items():
    _starts = [*_first.rstrip("\0"), ""] if _tag.endswith("null") else list(_first)
    Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), _starts)


def _int(loader: Loader, node: yaml.ScalarNode) -> int:
    return int(str(node.value))  # decimal: 1.1 would read 010 as eight


Loader.add_constructor("tag:yaml.org,2002:int", _int)

MAX_CHARACTERS = 1_000_000
MAX_EVENTS = 50_000
MAX_DEPTH = 40


def read(path: Path, kind: str = "protocol") -> tuple[Any, dict[Key, int]]:
    """Return data of a YAML file of some kind (for messages) and the line (from 1) of each key path.

    Raises
    ------
    PagetError
        The file cannot be read, is not UTF-8 text, not YAML, has an alias or a key twice, or is
        unreasonably large.
    """
    return parse(text_of(path), where=path, kind=kind)


def text_of(path: Path) -> str:
    """Text of a file that a user wrote.

    Raises
    ------
    PagetError
        The file cannot be read, or is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PagetError("this is not a UTF-8 text file", where=path, fix="save it as UTF-8") from error
    except OSError as error:
        raise PagetError(f"the file cannot be read: {error.strerror or error}", where=path) from error


def parse(text: str, where: str | Path, kind: str = "protocol") -> tuple[Any, dict[Key, int]]:
    """Return data of YAML text and the line (from 1) of each key path; see `read`."""
    if len(text) > MAX_CHARACTERS:
        raise PagetError(
            "the file is too long",
            where=where,
            got=len(text),
            expected=f"at most {MAX_CHARACTERS} characters",
        )
    try:
        _scan(text, where, kind)
        loader = Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise PagetError(
                    "the file is empty", where=where, expected=f"a {kind}", fix="see docs/extending.md"
                )
            lines: dict[Key, int] = {}
            _mark(node, (), lines, where)
            return loader.construct_document(node), lines
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}" if mark else where
        raise PagetError(
            f"this is not valid YAML: {error.problem or error.context}",
            where=place,
            fix="check indentation (no tabs), a space after colons, quotes around text with ': ' or '#'",
        ) from error
    except yaml.YAMLError as error:
        raise PagetError(f"this is not valid YAML: {' '.join(str(error).split())}", where=where) from error
    except (ValueError, OverflowError) as error:
        # The safe constructor itself fails on such things as an integer of five thousand digits.
        raise PagetError(
            f"a value cannot be read: {error}", where=where, fix="put quotes around it if it is text"
        ) from error


def _scan(text: str, where: str | Path, kind: str) -> None:
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=Loader)):
        place = f"{where}:{event.start_mark.line + 1}" if event.start_mark else where
        if isinstance(event, yaml.AliasEvent):
            raise PagetError(
                f"aliases (*name) are not allowed in a {kind}", where=place, fix="write the value out"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_EVENTS:
            raise PagetError("the file is nested too deeply or holds too many values", where=place)


def _mark(node: yaml.Node, key: Key, lines: dict[Key, int], where: str | Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                raise PagetError("a key must be a plain word", where=f"{where}:{name.start_mark.line + 1}")
            inner = (*key, name.value)
            line = name.start_mark.line + 1
            if inner in lines:
                raise PagetError(
                    f"the key {name.value!r} stands here twice",
                    where=f"{where}:{line}",
                    key=key_text(inner),
                    fix=f"keep one of them (the first is on line {lines[inner]})",
                )
            lines[inner] = line
            _mark(value, inner, lines, where)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            lines[(*key, position)] = value.start_mark.line + 1
            _mark(value, (*key, position), lines, where)
