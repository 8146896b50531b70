"""Assures that docs/protocols.md tells the truth: its example is valid, its code runs, no key and no
attribute is left out."""

import re
from pathlib import Path

from pydantic import BaseModel

from paget.forms.explain import _model_in
from paget.forms.yaml_text import parse
from paget.study import ATTRIBUTES, load_protocol, shipped, validate
from paget.study.protocol import Protocol

DOC = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text(encoding="utf-8")


def fenced(language):
    return re.findall(rf"```{language}\n(.*?)```", DOC, flags=re.S)


def keys(model: type[BaseModel], seen=None):
    """All keys of a model and of the blocks inside it."""
    seen = {} if seen is None else seen
    if model in seen:
        return seen
    seen[model] = [field.alias or name for name, field in model.model_fields.items()]
    for field in model.model_fields.values():
        inner = _model_in(field.annotation)
        if inner is not None:
            keys(inner, seen)
    return seen


def test_the_example_is_a_valid_protocol():
    """The whole protocol of the page loads and is consistent."""
    (text,) = fenced("yaml")
    data, _ = parse(text, "docs/protocols.md")
    protocol = validate(data, where="docs/protocols.md")
    assert protocol.control.id == "drugs"


def test_the_python_of_the_page_runs(capsys):
    """The code block runs as printed."""
    (code,) = fenced("python")
    exec(compile(code, "docs/protocols.md", "exec"), {})
    assert "hazard_ratio" in capsys.readouterr().out


def test_every_key_is_described():
    """Each key of each block stands on the page in code font."""
    words = set(re.findall(r"[A-Za-z_0-9]+", " ".join(re.findall(r"`([^`\n]+)`", DOC))))
    missing = {
        (model.__name__, k) for model, names in keys(Protocol).items() for k in names if k not in words
    }
    assert missing == set()


def test_every_attribute_and_level_is_described():
    """Each attribute with its levels, and each shipped protocol, stands on the page."""
    for attribute in ATTRIBUTES.values():
        assert f"`{attribute.name}`" in DOC
        assert all(f"`{level}`" in DOC for level in attribute.levels)
    assert all(f"`{name}`" in DOC for name in shipped())


def test_messages_of_the_page_are_those_of_the_program(tmp_path):
    """The two mistakes shown on the page give the messages shown on the page."""
    import pytest

    from paget.errors import PagetError

    (text,) = fenced("yaml")
    wrong = text.replace("attribute: age_years,", "attribute: age_months,")
    wrong = wrong.replace("months: 48", 'months: "12 weeks"')
    path = tmp_path / "my-trial.yaml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(PagetError) as caught:
        load_protocol(path)
    said = str(caught.value)
    for line in fenced("text")[0].splitlines()[1:]:
        assert line.split(", ...")[0].strip() in said, line
