"""Assures that every therapy file loads, resolves, refuses whom it must, and that a user's own file is checked and told about in full."""


import pytest
import yaml

from helpers import put
from paget.biology.layout import SUBTYPES
from paget.errors import PagetError
from paget.evidence import load
from paget.forms.quantities import Rate
from paget.therapy import library
from paget.therapy.files import read_therapy, source_faults, validate_therapy

LIBRARY = library()
THERAPIES = list(LIBRARY.therapies.values())
OWN = {
    "id": "new-drug",
    "title": "New drug",
    "class": "new",
    "route": "oral",
    "tier": "B",
    "what": "A drug that does not exist.",
    "eligible": {"subtypes": ["TNBC"], "reason": "made up"},
    "kills": {
        "axis": "chemotherapy",
        "family": "taxane",
        "kill_per_day": {"value": 0.03, "basis": "assumed", "reason": "made up"},
    },
    "costs": {"toxic_stop_per_year": {"value": 0.1, "basis": "assumed", "reason": "made up"}},
}


def changed(dotted, value):
    """The made-up therapy with one key set, or removed where the value is ``...``."""
    return put(OWN, dotted, value)


@pytest.mark.parametrize("therapy", THERAPIES, ids=lambda therapy: therapy.id)
def test_every_file_is_founded(therapy):
    """Sources are known facts that are not retracted; numbers say why; findings pick one result; tier A names its studies."""
    assert source_faults(therapy) == []
    for path, number in therapy.numbers():
        assert number.reason, path
        assert number.basis not in ("sourced", "placed") or number.sources, path
    assert therapy.tier == "B" or therapy.shown_on
    assert therapy.hypothetical == ("hypothetical" in therapy.badges) and (therapy.tier == "A") == (not therapy.badges)
    for study in therapy.sources:
        load().usable(study)


@pytest.mark.parametrize("therapy", [one for one in THERAPIES if one.systemic], ids=lambda therapy: therapy.id)
def test_every_drug_can_be_given_and_is_read_out(therapy):
    """It is a regimen of its own; its read-outs compare regimens that exist, one of which holds it; its assumed kill has a prior."""
    assert therapy in LIBRARY.therapies_of(therapy.id)
    assert therapy.readouts
    for readout in therapy.readouts:
        names = [name for name in (readout.given, readout.against, readout.after) if name not in (None, "none")]
        assert all(name in LIBRARY.regimens for name in names)
        assert any(therapy in LIBRARY.therapies_of(name) for name in names)
        assert set(readout.subtypes) <= set(SUBTYPES)
    if therapy.kills is not None:
        assert therapy.kills.kill_per_day.prior_sd_log


@pytest.mark.parametrize("therapy", [one for one in THERAPIES if one.eligible.conditions], ids=lambda therapy: therapy.id)
def test_whom_it_is_not_for_is_told_why(therapy):
    """For each condition somebody fails it, and the reason names it; whoever meets all is not refused."""
    rules = therapy.eligible
    wrong = rules.counterexamples()
    assert wrong
    for patient in wrong:
        (why,) = rules.refusals(patient)
        assert why
    fits = {
        "subtype": rules.subtypes[0] if rules.subtypes else "TNBC",
        "menopause": rules.menopause or "pre",
        "age_years": rules.age_at_least or 50,
        "ecog": 0,
        "sites": rules.sites,
        "biomarkers": {marker.name: marker.levels[-1] for marker in rules.biomarkers},
        "earlier": rules.after,
    }
    assert rules.refusals(fits) == []


def test_a_user_file_adds_to_the_library_and_changes_nothing_in_it(tmp_path):
    """The extended library holds the shipped one; regimens of the file exist, the shipped library stays as it was."""
    path = tmp_path / "new-drug.yaml"
    path.write_text(yaml.safe_dump(OWN | {"regimens": [{"id": "taxane+new", "agents": [{"agent": "taxane"}, {"agent": "new-drug"}]}]}))
    larger = library((path,))
    assert larger.own == ("new-drug",) and larger.therapies["new-drug"].label == "New drug (little evidence)"
    assert {"new-drug", "taxane+new"} <= set(larger.regimens)
    assert set(LIBRARY.regimens) == set(library().regimens) < set(larger.regimens)
    assert larger.hash != LIBRARY.hash
    assert library((OWN,)).therapies["new-drug"] == larger.therapies["new-drug"].model_copy(update={"regimens": ()})
    old = LIBRARY.agent_records()
    assert old.tobytes() == larger.agent_records()[: len(old)].tobytes()


MISTAKES = [
    ("kills/kill_per_day/value", -1.0, ["kills.kill_per_day.value", "is negative"]),
    ("kills/kill_per_day/value", "0.03", ["kills.kill_per_day.value", "is not a number"]),
    ("kills/kill_per_day/basis", "sourced", ["kills.kill_per_day", "names its studies"]),
    ("kills/kill_per_day/reason", ..., ["kills.kill_per_day.reason", "is missing"]),
    ("kills/family", "taxan", ["kills", "has families", "taxane"]),
    ("kills/axis", "HER2", ["has no families"]),
    ("kills/cros", {}, ["kills.cros", "did you mean 'cross'"]),
    ("tier", "C", ["tier", "one of A, B"]),
    ("tier", "A", ["shown_on", "is missing"]),
    ("rout", "oral", ["rout", "did you mean 'route'"]),
    ("eligible/subtypes", ["TNB"], ["eligible.subtypes[0]", "did you mean 'TNBC'"]),
    ("eligible/reason", ..., ["eligible.reason", "is missing"]),
    ("costs/toxic_stop_per_year", ..., ["costs.toxic_stop_per_year", "is missing"]),
    ("kills", ..., ["does nothing"]),
    ("steps", [{"step": "awakning", "multiplier": OWN["kills"]["kill_per_day"]}], ["steps[0].step", "did you mean 'awakening'"]),
    ("steps", [{"step": "arrest", "multiplier": OWN["kills"]["kill_per_day"]}] * 2, ["steps[1].step", "stands here twice"]),
    ("growth_factor", {"value": 2.0, "basis": "assumed", "reason": "x"}, ["growth_factor.value", "at most 1"]),
    ("costs/toxicities", [{"name": "rash", "grade": "3", "reversible": True}], ["costs.toxicities[0]", "two rates or none"]),
    ("hypothetical", "perhaps", ["hypothetical", "is not true or false"]),
]


@pytest.mark.parametrize(("key", "value", "told"), MISTAKES, ids=[f"{key}={value!r}"[:50] for key, value, _ in MISTAKES])
def test_each_mistake_is_told(key, value, told):
    """One message with the key, what was got and what is right."""
    with pytest.raises(PagetError) as caught:
        validate_therapy(changed(key, value), where="mine.yaml")
    for words in ("mine.yaml", *told):
        assert words in str(caught.value)


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path):
    """Three mistakes in a file give one message with three entries and their lines."""
    text = yaml.safe_dump(OWN, sort_keys=False).replace("tier: B", "tier: Z").replace("oral", "orally").replace("0.1", "-0.1")
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(PagetError, match="3 mistakes") as caught:
        read_therapy(path)
    lines = text.splitlines()
    for number, start in ((lines.index("tier: Z"), "tier"), (lines.index("route: orally"), "route")):
        assert f"line {number + 1}: {start}" in str(caught.value)


def test_sources_and_findings_are_looked_up(tmp_path):
    """A study that does not exist, and a finding that picks no result, are mistakes."""
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(changed("kills/kill_per_day/sources", ["e1194"])))
    with pytest.raises(PagetError, match=r"mine.yaml:\d+: kills.kill_per_day.sources(.|\n)*e1193"):
        read_therapy(path)
    finding = {"study": "e1193", "measure": "rate", "endpoint": "nothing"}
    readout = {"given": "new-drug", "against": "taxane", "endpoint": "response", "expect": "better", "role": "input", "reason": "x"}
    path.write_text(yaml.safe_dump(OWN | {"readouts": [readout | {"finding": finding}]}))
    with pytest.raises(PagetError, match="picks 0 results of e1193"):
        read_therapy(path)


def test_names_that_are_taken_or_unknown_are_refused(tmp_path):
    """An id of a shipped therapy, a regimen that exists, and one of an unknown drug are mistakes of the user's file."""
    for data, told in (
        (OWN | {"id": "taxane"}, "exists already"),
        (OWN | {"regimens": [{"id": "taxane", "agents": [{"agent": "new-drug"}]}]}, "exists already"),
        (OWN | {"regimens": [{"id": "odd", "agents": [{"agent": "new-drog"}]}]}, "new-drug"),
        (OWN | {"regimens": [{"id": "odd", "agents": [{"agent": "new-drug"}], "then": "tamoxifn"}]}, "tamoxifen"),
    ):
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(data))
        with pytest.raises(PagetError, match=told):
            library((path,))
    with pytest.raises(PagetError, match="no such file"):
        library((tmp_path / "nowhere.yaml",))


def test_intervals_of_rates_hold_what_they_are_of():
    """Wilson's interval of a rate read on n patients holds it and narrows with n; a printed interval is kept."""
    few, many = (Rate(value=0.1, n=n, basis="assumed", reason="x").interval for n in (20, 2000))
    assert few[0] < many[0] < 0.1 < many[1] < few[1]
    assert few == pytest.approx((0.0279, 0.3010), abs=1e-4)  # Newcombe 1998, method 3: 2 of 20
    assert Rate(value=0.1, ci=(0.05, 0.2), basis="assumed", reason="x").interval == (0.05, 0.2)
    assert Rate(value=0.1, basis="assumed", reason="x").interval is None
