"""Assures that the shipped protocols are valid, sourced, and say what their publications say."""

from importlib.resources import files

import pytest
import yaml
from study_candidates import candidates

from paget import evidence
from paget.endpoints import NAMES as ENDPOINT_NAMES
from paget.forms.yaml_text import parse
from paget.study import (
    check_not_empty,
    fit_weights,
    json_schema,
    load_protocol,
    mask,
    override,
    plain,
    protocol_hash,
    published_value,
    published_values,
    resolve,
    shipped,
    to_yaml,
    validate,
)
from paget.study.assumptions import unsourced
from paget.study.load import find

HASHES = {
    "abcsg-28": "0db671d6953815f6e30a2e2ff1cd4539ebd773a9abb63a730d3744012fe74ff9",
    "e2108": "42f1c996f480ac97df821caf83248c329a75eb0cade0d203eb4e466505055e8d",
    "mf07-01": "4642366a9ebad48726a0c5f264088b02f44352c3026467543258ef9913feb44e",
    "tata-memorial": "9a64d6c05beff2476e91af3c21e3e2adea06143e5b50080d62e3d4677583c670",
}
SURGERY = list(HASHES)
UNPUBLISHED = ["extended-endocrine", "srfa-oligo", "surveillance"]
OTHERS = [
    "cabula2015", "e1193", "e2100", "leonard2001", "meloni2009-rfa", "p025", "slamon2001", "srfa-bclm", "stic-ctc", "vernon1996",
    *UNPUBLISHED,
]  # fmt: skip
NAMES = sorted([*SURGERY, *OTHERS])


def test_all_are_there():
    """The trials of primary surgery and of other treatments ship with the package, each under its own id."""
    assert shipped() == NAMES
    assert [load_protocol(name).id for name in NAMES] == NAMES


@pytest.mark.parametrize("name", SURGERY)
def test_what_other_studies_need_left_the_first_four_alone(name):
    """Keys that were added later do not stand in protocols that do not use them: the fingerprints are the old ones."""
    assert protocol_hash(load_protocol(name)) == HASHES[name]


@pytest.mark.parametrize("name", OTHERS)
def test_what_placed_the_model_is_never_called_a_prediction(name):
    """A published number that an anchor row reads stands in the role of an anchor."""
    rows = [row for rows in anchor_rows() for row in rows if row.get("role") == "anchor" and "find" in row]
    for entry in load_protocol(name).published:
        endpoint = entry.printed.endpoint or (ENDPOINT_NAMES[entry.endpoint] if entry.endpoint else None)
        mine = {"measure": entry.measure, "arm": entry.arm, "endpoint": endpoint}
        for row in rows:
            find = row["find"]
            if row["evidence"] == entry.evidence and all(find.get(key, mine[key]) == mine[key] for key in mine):
                assert entry.role == "anchor" or "endpoint" not in find, (row["id"], entry.measure, entry.endpoint, entry.arm)


def anchor_rows():
    """Rows of the table of anchors, by phenomenon."""
    data = yaml.safe_load((files("paget.calibration") / "anchors.yaml").read_text(encoding="utf-8"))
    return data["phenomena"].values()


@pytest.mark.parametrize("name", NAMES)
def test_every_design_number_is_sourced_or_assumed(name):
    """No number of a design comes from nowhere."""
    assert unsourced(load_protocol(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_number_without_source_is_noticed(name):
    """The check above can fail: without the declarations, numbers are reported."""
    bare = override(load_protocol(name), {"assumptions": [], "sources": []})
    assert "accrual.patients" in unsourced(bare)


@pytest.mark.parametrize("name", SURGERY)
def test_assumed_baseline_has_reason_and_another_value(name):
    """Every assumed baseline fraction is varied once, and the varied mix is a valid protocol too."""
    protocol = load_protocol(name)
    assumed = [item for item in protocol.population.baseline if item.assumed]
    assert assumed or name == "e2108"  # which imposes published shares only
    assert all(item.reason and item.varied for item in assumed)
    changed = {
        f"population.baseline.{i}.fraction": item.varied.fraction
        for i, item in enumerate(protocol.population.baseline)
        if item.varied is not None
    }
    override(protocol, changed)


@pytest.mark.parametrize("name", NAMES)
def test_published_values_all_come_from_the_evidence(name):
    """Each published entry resolves to one value, and none is typed in the protocol file."""
    protocol = load_protocol(name)
    values = published_values(protocol)
    assert len(values) == len(protocol.published)
    assert bool(values) == (name not in UNPUBLISHED)
    data, _ = parse(find(name).read_text(encoding="utf-8"), name)
    assert all("value" not in entry for entry in data.get("published", []))


@pytest.mark.parametrize("name", SURGERY)
def test_the_baseline_mix_can_be_reached(name):
    """Among plausible candidates the mix is reachable with a useful share accepted."""
    protocol = load_protocol(name)
    frame = candidates(8000)
    check_not_empty(frame, protocol.population.conditions, needed=protocol.accrual.patients)
    weights = fit_weights(
        frame.filter(mask(frame, protocol.population.conditions)), protocol.population.baseline
    )
    assert weights.acceptance_share > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_plain_form_round_trips(name):
    """Resolving is stable, and the printed YAML gives the same protocol and hash."""
    protocol = resolve(load_protocol(name))
    assert resolve(protocol) == protocol
    data, _ = parse(to_yaml(protocol), "printed")
    assert validate(data) == protocol
    assert protocol_hash(validate(plain(protocol))) == protocol_hash(load_protocol(name))


def test_abcsg28_is_turned_round():
    """Its printed hazard ratio is systemic against surgery; the protocol's is surgery against systemic."""
    protocol = load_protocol("abcsg-28")
    entry = next(p for p in protocol.published if p.invert and p.endpoint == "OS")
    printed = evidence.load().one("abcsg28", measure="hazard_ratio", endpoint="overall-survival")
    value = published_value(entry)
    assert printed.value < 1 < value.value
    assert value.value == pytest.approx(1 / printed.value)
    assert (value.ci_low, value.ci_high) == pytest.approx((1 / printed.ci[1], 1 / printed.ci[0]))
    assert value.inverted
    assert entry.comparison.experimental == "surgery-first"


def test_e2108_is_as_published():
    """Numbers of the design equal the evidence: arms, operations, crossover, induction, confidence level of
    the ratio."""
    protocol, base = load_protocol("e2108"), evidence.load()
    study = base["e2108"]
    assert protocol.accrual.patients == study.population.n
    sizes = {arm.name: arm.n for arm in study.arms}
    lrt = protocol.arm("systemic+lrt").locoregional
    operated = base.one("e2108", measure="count", endpoint="surgery received").value
    assert lrt.received_fraction == operated / sizes["systemic+lrt"]
    conserved = round(lrt.breast_conserving_fraction * operated)
    irradiated = base.one("e2108", measure="count", endpoint="radiotherapy after breast conservation").value
    assert round(lrt.radiotherapy_fraction_after_bcs * conserved) == irradiated
    irradiated = base.one("e2108", measure="count", endpoint="radiotherapy after mastectomy").value
    assert round(lrt.radiotherapy_fraction_after_mastectomy * (operated - conserved)) == irradiated
    late = base.one("e2108", measure="count", endpoint="surgery received (crossover)").value
    progressed = base.one(
        "e2108", measure="cumulative_incidence", arm="systemic", endpoint="locoregional-progression"
    ).value
    assert protocol.control.crossover.fraction == pytest.approx(
        late / (progressed * sizes["systemic"]), abs=0.01
    )
    assert study.baseline["hr_positive_her2_negative"] == protocol.population.baseline[0].fraction
    induction = protocol.time_zero.induction
    assert (induction.min_months, induction.max_months, induction.required) == (4, 8, "no-progression")
    assert published_value(protocol.published[0]).ci_level == 0.90


def test_surgery_first_trials_randomise_at_diagnosis():
    """MF07-01 and ABCSG-28 operate before any drug; E2108 and Tata randomise (mostly) after drugs."""
    for name, arm in [("mf07-01", "lrt+systemic"), ("abcsg-28", "surgery-first")]:
        protocol = load_protocol(name)
        assert protocol.time_zero.event == "diagnosis"
        assert protocol.arm(arm).locoregional.systemic_starts == "after surgery"
    tata = load_protocol("tata-memorial")
    assert tata.time_zero.induction.required == "response"
    assert tata.time_zero.at_diagnosis_if
    assert any(c.attribute == "age_years" and c.at_most == 65 for c in tata.population.eligibility)


def test_hash_sees_content_and_not_layout():
    """Comments and order of keys leave the hash; any value changes it."""
    protocol = load_protocol("e2108")
    data = plain(protocol)
    assert protocol_hash(validate(dict(reversed(data.items())))) == protocol_hash(protocol)
    assert protocol_hash(override(protocol, {"accrual.patients": 257})) != protocol_hash(protocol)
    assert protocol_hash(override(protocol, {"arms.systemic.crossover.fraction": 0.1})) != protocol_hash(
        protocol
    )


def test_json_schema_knows_keys_and_attributes():
    """Editors get a closed schema: keys, required ones, and the attributes of the clinic."""
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert {"arms", "randomisation", "estimand"} <= set(schema["required"])
    assert "solitary_bone" in schema["$defs"]["Condition"]["properties"]["attribute"]["enum"]
    assert {"is", "in"} <= set(schema["$defs"]["Condition"]["properties"])
