"""Agents, regimens and standards of care hold together and say where they come from."""

import numpy as np
import pytest

from paget.biology.layout import SUBTYPES
from paget.errors import PagetError
from paget.therapy import library
from paget.therapy.form import AXES, FAMILIES
from paget.therapy.layout import MAX_LINES, STEPS
from paget.therapy.library import _validated
from paget.therapy.regimens import Standard

LIBRARY = library()


FOUNDATION = {
    # id: axis, family, kill a day, factor on growth, stopped for toxicity a year, cytotoxic
    "aromatase-inhibitor": ("endocrine", 0, 0.0125, 1.0, 0.03, 0),
    "tamoxifen": ("endocrine", 0, 0.0095, 1.0, 0.03, 0),
    "fulvestrant": ("endocrine", 1, 0.012, 1.0, 0.03, 0),
    "cdk46-inhibitor": ("CDK4/6", 0, 0.006, 1.0, 0.08, 0),
    "trastuzumab": ("HER2", 0, 0.016, 1.0, 0.04, 0),
    "pertuzumab": ("HER2", 0, 0.012, 1.0, 0.04, 0),
    "lapatinib": ("HER2", 0, 0.006, 1.0, 0.15, 0),
    "anthracycline": ("chemotherapy", 0, 0.036, 1.0, 0.30, 1),
    "taxane": ("chemotherapy", 1, 0.034, 1.0, 0.30, 1),
    "antimetabolite": ("chemotherapy", 2, 0.022, 1.0, 0.20, 1),
    "t-dm1": ("conjugate", 0, 0.020, 1.0, 0.08, 1),
    "deruxtecan-conjugate": ("conjugate", 0, 0.030, 1.0, 0.15, 1),
    "bevacizumab": ("none", 0, 0.0, 0.5, 0.15, 0),
}


@pytest.mark.parametrize("name", FOUNDATION)
def test_agents_of_the_standards_keep_their_records(name):
    """Drugs that standards of care give are, to the last bit, what they were before each had a file of its own."""
    axis, family, kill, growth, stopped, cytotoxic = FOUNDATION[name]
    row = LIBRARY.agent_records()[list(LIBRARY.agents).index(name)]
    assert LIBRARY.agents[name].axis == axis and row["family"] == family
    assert (row["kill"], row["growth"], row["toxic_stop"], row["cytotoxic"]) == (kill, growth, stopped / 365.25, cytotoxic)
    assert np.isnan(row["cross"]) and row["fatal"] == 0.0
    assert set(row["steps"]) == ({1.0, 0.5} if name == "bevacizumab" else {1.0})


def test_regimens_resolve_to_their_agents():
    """Compiled regimens name the agents, courses and maintenance of their files."""
    names, records = list(LIBRARY.agents), LIBRARY.regimen_records()
    for row, regimen in zip(records, LIBRARY.regimens.values(), strict=True):
        assert [names[k] for k in row["agent"][: row["n"]]] == [course.agent for course in regimen.agents]
        assert [d if np.isfinite(d) else None for d in row["days"][: row["n"]]] == [course.days for course in regimen.agents]
        assert row["then"] == (-1 if regimen.then is None else LIBRARY.regimen_index(regimen.then))


def test_therapies_compile_to_what_their_files_say():
    """Compiled records hold axis, family, kill, its share on resistant cells, steps and deaths; what kills nothing has no axis."""
    for row, therapy in zip(LIBRARY.agent_records(), LIBRARY.agents.values(), strict=True):
        kills = therapy.kills
        if kills is None:
            assert row["axis"] == -1 and row["kill"] == 0
        else:
            assert AXES[row["axis"]] == kills.axis and row["kill"] == kills.kill_per_day.value > 0
            assert kills.family is None or FAMILIES[kills.axis][row["family"]] == kills.family
            assert np.isnan(row["cross"]) if kills.cross is None else row["cross"] == kills.cross.value
        for change in therapy.steps:
            assert row["steps"][STEPS.index(change.step)] == change.multiplier.value
        assert np.count_nonzero(row["steps"] != 1.0) == len(therapy.steps)
        if therapy.costs.deaths:
            days, share = therapy.costs.deaths.over_days.value, therapy.costs.deaths.rate.value
            assert 1.0 - np.exp(-row["fatal"] * days) == pytest.approx(share, rel=1e-12)


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


@pytest.mark.parametrize("name", LIBRARY.standards)
def test_no_standard_gives_what_a_file_forbids(name):
    """Line by line, subtype and menopause let every therapy be given, and what must come before may have come before."""
    for subtype, situations in LIBRARY.standards[name].lines.items():
        for situation, lines in situations.items():
            menopause = {"premenopausal": "pre", "postmenopausal": "post"}.get(situation)
            earlier = set()
            for options in lines:
                given = [therapy for regimen in options for therapy in LIBRARY.therapies_of(regimen)]
                for therapy in given:
                    patient = {"subtype": subtype, "menopause": menopause, "earlier": earlier}
                    assert therapy.eligible.refusals(patient) == [], (subtype, situation, therapy.id)
                earlier |= {therapy.class_ for therapy in given}


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
