"""Assures the badges of extrapolation: they come from what targets cover, and stand on the records they concern."""

import pytest

from paget.calibration.coverage import coverage, of_anchors
from paget.calibration.rows import table
from paget.engine.draws import Source
from paget.engine.extrapolation import badges, mark
from paget.parameters import ParameterSet
from paget.parameters.coverage import Coverage, of_point_values
from paget.study import load_protocol, override


@pytest.fixture
def protocol():
    return load_protocol("mf07-01")


def source(**given):
    return Source("some", ParameterSet.point(), 0, (), 10, {"coverage": Coverage(**given).plain()})


def kinds(protocol, where, changed=()):
    return {(badge.kind, badge.about) for badge in badges(protocol, where, changed)}


def test_the_point_values_file_follows_the_anchors():
    """The coverage that ships with the point values is that of the anchors."""
    assert of_point_values() == of_anchors()


def test_coverage_is_of_outcomes_only():
    """A share at diagnosis covers no outcome; without targets nothing is covered; predictions are the caller's to leave out."""
    assert coverage([]) == Coverage()
    shares = [row for row in table()[1] if row.readout == "share"]
    assert coverage(shares) == Coverage()
    one = next(row for row in table()[1] if row.simulation == "de-novo-2012" and row.readout == "survival" and row.where.get("subtype"))
    found = coverage([one])
    assert found.standards == ("2012",) and found.sources == ("de-novo",) and "subtype" in found.splits and not found.regimens


def test_surgery_is_extrapolation_unless_its_contrast_was_used(protocol):
    """Under the blind posterior the effect of surgery is predicted; under one that used a contrast it is not."""
    everything = of_anchors().plain()
    blind = Source("blind", ParameterSet.point(), 0, (), 10, {"coverage": everything})
    informed = Source("informed", ParameterSet.point(), 0, (), 10, {"coverage": {**everything, "procedures": ["surgery"]}})
    assert ("procedure", protocol.experimental[0].id) in kinds(protocol, blind)
    assert not any(kind == "procedure" for kind, _ in kinds(protocol, informed))


def test_each_gap_has_its_badge(protocol):
    """Era, way of presenting, subtype, regimen, subgroup and values of the user."""
    nothing = kinds(protocol, source(), changed=("wound_days",))
    assert {"standard", "source", "subtype", "procedure", "subgroup", "values"} == {kind for kind, _ in nothing}
    assert ("subgroup", "solitary-bone") in kinds(protocol, Source("point", ParameterSet.point()))
    assert ("subgroup", "visceral") not in kinds(protocol, Source("point", ParameterSet.point()))
    newer = override(protocol, {"population.standard_of_care": "2022"})
    assert ("standard", "2022") in kinds(newer, Source("point", ParameterSet.point()))


def test_a_regimen_of_a_later_line_has_its_badge():
    """What an arm gives later, or to those of whom the clinic sees something, is beyond the targets as its first line is."""
    everything = Source("some", ParameterSet.point(), 0, (), 10, {"coverage": of_anchors().plain()})
    protocol = load_protocol("mf07-01")
    arms = [arm.model_dump(mode="json") for arm in protocol.arms]
    arms[0]["later_lines"] = [{"line": 2, "systemic": "sacituzumab-govitecan"}]
    later = protocol.model_copy(update={"arms": tuple(type(protocol.arms[0]).model_validate(arm) for arm in arms)})
    before, found = badges(protocol, everything), badges(later, everything)
    (new,) = [badge for badge in found if badge not in before]
    assert new.kind == "therapy" and new.about == protocol.arms[0].id and "sacituzumab-govitecan" in new.words


def test_unknown_coverage_is_told(protocol):
    """A posterior that does not say what it covers, or a set of the user's own, gets a badge too."""
    silent = Source("some", ParameterSet.point(), 0, (), 10, {})
    assert kinds(protocol, silent) == {("values", "some")}
    assert kinds(protocol, Source("given", ParameterSet.point())) == {("values", "given")}


def test_badges_stand_on_what_they_concern(protocol):
    """An arm's badge on its records and on comparisons, a subgroup's on its own."""
    found = badges(protocol, Source("point", ParameterSet.point()))
    arm = protocol.experimental[0].id
    records = [
        {"arm": protocol.control.id}, {"arm": arm}, {"comparison": {"experimental": arm, "control": "x"}},
        {"comparison": None, "subgroup": "solitary-bone"},
    ]  # fmt: skip
    mark(records, found)
    words = [" ".join(record["extrapolation"]) for record in records]
    assert "surgery" not in words[0] and "surgery" in words[1] and "surgery" in words[2]
    assert "solitary" in words[3] and "solitary" not in words[2]
