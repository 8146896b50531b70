"""Agents, regimens and standards of care hold together and say where they come from."""

import numpy as np
import pytest
from pydantic import ValidationError

from paget.biology.layout import SUBTYPES
from paget.errors import PagetError
from paget.evidence import load
from paget.therapy import library
from paget.therapy.layout import MAX_LINES
from paget.therapy.library import AXES, FAMILIES, Agent, Standard, _validated

LIBRARY = library()


@pytest.mark.parametrize("agent", LIBRARY.agents.values(), ids=lambda agent: agent.id)
def test_agent_sources_are_usable_facts(agent):
    """Every number of an agent has a reason, and its sources are known facts that are not retracted."""
    base = load()
    for quantity in (agent.kill_per_day, agent.growth_factor, agent.toxic_stop_per_year):
        if quantity is not None:
            assert quantity.reason
            assert quantity.basis not in ("sourced", "placed") or quantity.sources
            for source in quantity.sources:
                base.usable(source)


def test_regimens_resolve_to_their_agents():
    """Compiled regimens name the agents, courses and maintenance of their files."""
    names, records = list(LIBRARY.agents), LIBRARY.regimen_records()
    for row, regimen in zip(records, LIBRARY.regimens.values(), strict=True):
        assert [names[k] for k in row["agent"][: row["n"]]] == [course.agent for course in regimen.agents]
        assert [d if np.isfinite(d) else None for d in row["days"][: row["n"]]] == [course.days for course in regimen.agents]
        assert row["then"] == (-1 if regimen.then is None else LIBRARY.regimen_index(regimen.then))


def test_agents_compile_to_their_axis_and_family():
    """Compiled agents kill through the axis and family of their file; one that only slows growth kills nothing."""
    for row, agent in zip(LIBRARY.agent_records(), LIBRARY.agents.values(), strict=True):
        if agent.axis == "none":
            assert row["kill"] == 0 and 0 < row["growth"] < 1
            continue
        assert AXES[row["axis"]] == agent.axis and row["growth"] == 1
        assert row["kill"] == agent.kill_per_day.value > 0
        assert agent.family is None or FAMILIES[agent.axis][row["family"]] == agent.family


@pytest.mark.parametrize("name", LIBRARY.standards)
def test_shares_of_every_line_sum_to_one(name):
    """In every subtype, situation and line of a standard the shares of its regimens sum to one, and lines have no gap."""
    record = LIBRARY.standard_record(name)[0]
    assert record["chance"].shape[:3] == (len(SUBTYPES), 2, 2)
    sums = record["chance"].sum(axis=-1)
    assert np.all(np.isclose(sums, 1) | (sums == 0))
    given = sums > 0
    assert np.all(given[..., 0])
    assert np.all(given[..., :-1] >= given[..., 1:])
    assert np.all((record["regimen"] >= 0) == (record["chance"] > 0))


def test_eras_differ_as_their_drugs_came():
    """No standard before its time gives trastuzumab, pertuzumab, CDK4/6 inhibitors or conjugates."""
    first = {"1990": set(), "2005": {"trastuzumab"}, "2012": {"trastuzumab", "pertuzumab", "lapatinib", "t-dm1"}}
    modern = {"trastuzumab", "pertuzumab", "lapatinib", "t-dm1", "cdk46-inhibitor", "deruxtecan-conjugate"}
    for name, allowed in first.items():
        used = set()
        for situations in LIBRARY.standards[name].lines.values():
            for lines in situations.values():
                for options in lines:
                    for regimen in options:
                        used |= {course.agent for course in LIBRARY.regimens[regimen].agents}
                        then = LIBRARY.regimens[regimen].then
                        used |= {course.agent for course in LIBRARY.regimens[then].agents} if then else set()
        assert used & modern <= allowed
        assert used & allowed or not allowed


def test_her2_drugs_are_for_her2_disease_and_endocrine_ones_for_hormone_receptors():
    """No line gives a drug against a target that the subtype does not have."""
    for standard in LIBRARY.standards.values():
        for subtype, situations in standard.lines.items():
            for lines in situations.values():
                for options in lines:
                    for regimen in options:
                        axes = {LIBRARY.agents[course.agent].axis for course in LIBRARY.regimens[regimen].agents}
                        assert "HER2" not in axes or "HER2+" in subtype
                        assert not axes & {"endocrine", "CDK4/6"} or subtype.startswith("HR+")


def test_unknown_names_are_user_errors():
    """Unknown standards and regimens are refused with the nearest name."""
    with pytest.raises(PagetError, match="2012"):
        LIBRARY.standard_record("2013")
    with pytest.raises(PagetError, match="tamoxifen"):
        LIBRARY.regimen_index("tamoxifn")


def edited(**changes):
    """The standard of 2012 as a dictionary, with changes."""
    return LIBRARY.standards["2012"].model_dump() | changes


def test_faulty_files_are_user_errors():
    """Shares that do not sum to one, missing situations, too many lines, unknown keys and families are refused."""
    lines = edited()["lines"]
    short = lines | {"TNBC": {"any": ({"taxane": 0.5},), "crisis": ({"taxane": 1.0},)}}
    no_crisis = lines | {"TNBC": {"any": ({"taxane": 1.0},)}}
    many = lines | {"TNBC": {"any": ({"taxane": 1.0},) * (MAX_LINES + 1), "crisis": ({"taxane": 1.0},)}}
    for wrong, told in ((short, "sum to 1"), (no_crisis, "crisis"), (many, "at most"), ({"XX": {}}, "HR")):
        with pytest.raises(PagetError, match=told):
            _validated(Standard, edited(lines=wrong), "mine.yaml")
    with pytest.raises(PagetError, match=r"mine.yaml: titel"):
        _validated(Standard, edited(titel="x"), "mine.yaml")
    with pytest.raises(ValidationError, match="families"):
        Agent.model_validate(LIBRARY.agents["taxane"].model_dump() | {"family": "taxan"})
