"""The example of the statistics page runs and prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"


def test_the_example_prints_what_it_says():
    """The code block of the page runs, and its comments hold."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "statistics.md", "exec"), {})
    median, hazard, tests = out.getvalue().splitlines()
    assert median == "(426.0, 345.0, 524.0)"
    assert hazard.startswith("[0.58800") and "0.4237" in hazard and "0.8159" in hazard
    assert len(tests.split()) >= 2


def test_the_count_of_checks():
    """The page states how many numbers are compared."""
    from paget.analysis import selftest

    assert f"{len(selftest())} numbers" in PAGE.read_text()
