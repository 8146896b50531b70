"""What tests of several rooms share."""

import copy
import hashlib


def put(data, dotted, value):
    """A deep copy of nested data with the key ``a/b/0/c`` set, or deleted where the value is ``...``."""
    data = copy.deepcopy(data)
    *path, last = [int(part) if part.isdigit() else part for part in dotted.split("/")]
    here = data
    for part in path:
        here = here[part]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return data


def places(data, key=()):
    """All key paths of nested data."""
    found = [key] if key else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in items:
        found += places(value, (*key, name))
    return found


def fingerprints(folder):
    """Hash of every file of a folder but its log."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.log"
    }
