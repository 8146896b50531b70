"""Assures that the files, modules and functions which README, CONTRIBUTING and the docs name are there."""

import importlib
import re

import pytest
from repository import ROOT, SOURCE

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = ("src", "docs", "tests", "benchmarks")
ROOMS = {path.name for path in SOURCE.iterdir() if path.is_dir()} - {"__pycache__"}


def quoted(page):
    """What a page says in code quotes, and what it links to in the repository."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.findall(r"`([^`\n]+)`", text)


def there(dotted):
    """Whether ``a.b.c`` is a module, or a name in one."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_modules_that_a_page_names_are_there(page):
    """Paths from the root, ``paget.x.y``, and on the page of the architecture ``room.module``."""
    for word in quoted(page):
        if re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w./-]*", word):
            assert (ROOT / word).exists(), word
        elif re.fullmatch(r"paget(\.[A-Za-z_]\w*)+", word):
            assert there(word), word
        elif page.name == "architecture.md" and re.fullmatch(rf"({'|'.join(ROOMS)})(\.[A-Za-z_]\w*)+", word):
            assert there(f"paget.{word}"), word


def test_a_name_that_is_gone_is_seen():
    """The check can fail."""
    assert there("paget.engine.run.run") and there("paget.evidence.load") and there("paget.design")
    assert not there("paget.engine.run.walk") and not there("paget.nowhere.at_all")
