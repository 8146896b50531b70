"""Assures every shipped file of a local treatment: it loads, its numbers are in its sources, its curve is what its evidence says."""

import math
import re
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from paget.biology.layout import PLACES
from paget.evidence import load
from paget.therapy import library
from paget.therapy.correlation import marginal
from paget.therapy.files import read_therapy, source_faults
from paget.therapy.layout import CURVE_POINTS
from paget.therapy.local import REFUSALS

ROOT = Path(__file__).parents[2]
LOCALS = library().locals
NAMES = list(LOCALS)
D = np.linspace(0.2, 8.0, 80)
ISSUE = {
    "breast-conserving-surgery", "mastectomy", "axillary-surgery", "breast-radiotherapy", "palliative-breast-surgery", "liver-resection",
    "rfa", "mwa", "srfa", "laser-ablation", "tae", "tace", "sirt", "skin-excision", "chest-wall-resection", "skin-radiotherapy",
    "reirradiation", "radiotherapy-hyperthermia", "thermochemoradiotherapy", "electrochemotherapy", "electrochemotherapy-cisplatin",
    "photodynamic-therapy", "cryotherapy", "miltefosine", "imiquimod", "imiquimod-nab-paclitaxel", "intralesional-il2",
    "intralesional-tlr9", "intralesional-viral-vector", "boron-neutron-capture", "sbrt",
}  # fmt: skip
FALLS_WITH_SIZE = {
    "rfa", "mwa", "srfa", "laser-ablation", "electrochemotherapy", "electrochemotherapy-cisplatin", "skin-radiotherapy",
    "radiotherapy-hyperthermia", "reirradiation", "thermochemoradiotherapy", "cryotherapy", "breast-radiotherapy",
}  # fmt: skip
TIER_A = {
    "breast-conserving-surgery", "mastectomy", "breast-radiotherapy", "liver-resection", "rfa", "mwa", "srfa", "chest-wall-resection",
    "skin-radiotherapy", "radiotherapy-hyperthermia", "electrochemotherapy", "miltefosine",
}  # fmt: skip


def test_every_named_local_therapy_has_a_file():
    assert set(NAMES) == ISSUE
    assert {name for name in NAMES if LOCALS[name].tier == "A"} == TIER_A


@pytest.mark.parametrize("name", NAMES)
def test_sources_resolve_and_numbers_do_not_contradict_each_other(name):
    assert source_faults(LOCALS[name]) == []


def _published_numbers(study):
    """Numbers of a study as they may be quoted: values, limits, counts over counts, complements."""
    found = set()
    for result in study.results:
        values = list(result.numbers())
        values += [x for pair in (result.ci, result.iqr, result.range) if pair for x in pair if x is not None]
        values += [x for row in result.pairs or () for x in row if isinstance(x, float)]
        if result.sd is not None:
            values.append(result.sd)
        found |= {round(x, 4) for x in values} | {round(1 - x, 4) for x in values}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_sourced_number_stands_in_its_source_or_tells_its_arithmetic(name):
    """What is called sourced is printed by the study, or its reason shows a calculation."""
    base = load()
    for path, number in LOCALS[name].numbers():
        if number.basis != "sourced" or not hasattr(number, "value"):
            continue
        printed = set().union(*(_published_numbers(base[source]) for source in number.sources))
        near = any(abs(number.value - x) <= 0.0051 * max(1.0, abs(x)) for x in printed)
        told = any(character.isdigit() for character in number.reason) or "range" in number.reason or "middle" in number.reason
        assert near or told, f"{name} {path}: {number.value} is not printed by {number.sources} and its reason shows no arithmetic"


def _worked_out(one, study):
    """Values that the words of a point give: k of n; or a per cent that stands in the study's notes."""
    words = f"{one.what} {one.note or ''}"
    counts = [int(k) / int(n) for k, n in re.findall(r"(\d+) of (\d+)", words)]
    return [*counts, *(float(x) / 100 for x in re.findall(r"(\d+(?:\.\d+)?)%", study.notes or ""))]


@pytest.mark.parametrize("name", NAMES)
def test_published_points_stand_in_their_studies(name):
    """Every point set beside a curve is a number of its study: printed or its complement, counts, or per cents of its notes."""
    base = load()
    for one in LOCALS[name].local.published:
        study = base.usable(one.study)
        cells = {x for r in study.results for row in r.pairs or () for x in row if isinstance(x, float)}
        events = {r.events / r.n for r in study.results if r.events is not None and r.n}
        allowed = {*_published_numbers(study), *cells, *events, *(1 - x for x in events), *_worked_out(one, study)}
        assert any(abs(one.value - x) < 0.006 for x in allowed), f"{one.study}: {one.value}"


def test_only_the_two_named_series_set_curves_by_size():
    """Ablation: barral2016; electrochemotherapy: mali2013-size. Their sisters are predictions."""
    anchors = {"rfa": {"barral2016"}, "electrochemotherapy": {"mali2013-size"}}
    for name, allowed in anchors.items():
        behind = {s for path, number in LOCALS[name].numbers() if path.startswith("local.control") for s in number.sources}
        behind -= {"lesion-size-review-pl"}
        assert behind == allowed
    for name in ("rfa", "mwa", "srfa", "laser-ablation"):
        inputs = {one.study for one in LOCALS[name].local.published if one.role == "input"}
        assert inputs <= {"barral2016"}
        assert "srfa-bclm" not in {s for _, number in LOCALS[name].numbers() for s in number.sources}
    inputs = {one.study for one in LOCALS["electrochemotherapy"].local.published if one.role == "input"}
    assert inputs == {"mali2013-size", "ferioli2021"}


@pytest.mark.parametrize(
    "name", ["electrochemotherapy", "skin-radiotherapy", "radiotherapy-hyperthermia", "thermochemoradiotherapy", "sirt", "tace"]
)
def test_inputs_come_back(name):
    """What set a curve is returned by it (ferioli2021 set the correlation, tare-dose the slope by dose: neither a level)."""
    local = LOCALS[name].local
    for one in local.published:
        if one.role == "input" and one.study not in ("ferioli2021", "tare-dose-bclm2021"):
            assert local.expected(one) == pytest.approx(one.value, abs=0.012), one.study


@pytest.mark.parametrize("name", NAMES)
def test_curves_fall_with_size_where_evidence_says_so_and_are_flat_elsewhere(name):
    values = LOCALS[name].local.control_at(D)
    assert ((values >= 0) & (values <= 1)).all()
    steps = np.diff(values)
    if name in FALLS_WITH_SIZE:
        assert (steps <= 1e-9).all() and values[0] - values[-1] > 0.05
    else:
        assert np.abs(steps).max() < 1e-12


def test_heat_helps_small_lesions_and_not_large_ones():
    """The trial's interaction: radiotherapy with heat is better below 3 cm, no better above."""
    rt, heat = LOCALS["skin-radiotherapy"].local, LOCALS["radiotherapy-hyperthermia"].local
    assert heat.complete_at([1.0])[0] - rt.complete_at([1.0])[0] > 0.2
    assert abs(heat.complete_at([4.5])[0] - rt.complete_at([4.5])[0]) < 0.05


def test_microwave_is_above_radiofrequency_and_stereotaxy_holds_large_lesions():
    rfa, mwa, srfa = (LOCALS[name].local.control_at([1.0, 3.0, 5.0]) for name in ("rfa", "mwa", "srfa"))
    assert (mwa > rfa).all() and (srfa > mwa).all()
    assert srfa[0] - srfa[2] < rfa[0] - rfa[2]


@pytest.mark.parametrize("name", NAMES)
def test_the_record_is_the_file(name):
    """Places, limits and costs pass on; the curve of the record, averaged over patients, is the file's at every diameter."""
    local = LOCALS[name].local
    row = library().local_records()[library().local_index(name)]
    assert [place for place, here in zip(PLACES, row["places"], strict=True) if here] == [p for p in PLACES if p in local.places]
    assert row["field"] == (local.scope == "place") and row["sessions"] == local.sessions
    assert (np.diff(row["grid_cm"]) > 0).all() and row["grid_cm"].size == CURVE_POINTS
    d = np.linspace(row["grid_cm"][0], row["grid_cm"][-1], 60)
    median = np.interp(d, row["grid_cm"], row["control"])
    sd = float(row["patient_sd"])
    average = [marginal(math.log(p / (1 - p)), sd) if 0 < p < 1 else p for p in median]
    np.testing.assert_allclose(average, local.control_at(d), atol=0.015)


@pytest.mark.parametrize("name", NAMES)
def test_little_evidence_comes_with_wide_priors(name):
    """Tier B: the curve, or what gives its survivors, has a prior spread; tier A names the studies that it is shown on."""
    therapy = LOCALS[name]
    if therapy.tier == "A":
        assert therapy.shown_on
        return
    assert therapy.badges == ("little evidence",)
    effect = ("local.control", "local.survivors", "local.lasting")
    assert any(getattr(number, "prior_sd_log", None) for path, number in therapy.numbers() if path.startswith(effect))


def test_melanoma_data_is_marked():
    for name in ("intralesional-il2", "intralesional-tlr9", "intralesional-viral-vector", "boron-neutron-capture"):
        assert LOCALS[name].what.startswith("MELANOMA") and LOCALS[name].tier == "B"


@pytest.mark.parametrize("name", NAMES)
def test_an_ineligible_patient_is_refused_with_the_reason(name):
    """One patient for each limit, and one who is within all."""
    local, limits = LOCALS[name].local, LOCALS[name].local.limits
    fits = {"ecog": 0, "here_cm": [1.0], "elsewhere": False}
    assert local.refusal(**fits) is None
    if limits.max_ecog.value < 4:
        assert local.refusal(**{**fits, "ecog": int(limits.max_ecog.value) + 1}) == "ECOG"
    if limits.max_lesions:
        assert local.refusal(**{**fits, "here_cm": [1.0] * (int(limits.max_lesions.value) + 1)}) == "number of lesions"
    if limits.max_cm:
        assert local.refusal(**{**fits, "here_cm": [limits.max_cm.value + 0.1]}) == "size of a lesion"
    assert local.refusal(**{**fits, "elsewhere": True}) == (None if limits.elsewhere else "disease elsewhere")
    assert local.refusal(**{**fits, "here_cm": []}) == ("nothing to treat" if local.scope == "lesions" else None)
    assert len(REFUSALS) == 6


def test_more_dose_gives_more_response():
    """The dose given acts in the treatment, not only in a figure."""
    local = LOCALS["sirt"].local
    rates = []
    for given in (0.6, 1.0, 1.5):
        more = local.model_copy(update={"dose": local.dose.model_copy(update={"given": given})})
        rates.append(more.objective_at([2.5])[0])
        assert more.record()["survivors_log_mean"][0] == pytest.approx(more.survivors_log()[0])
    assert all(b > a + 0.02 for a, b in pairwise(rates)) and rates[1] == pytest.approx(0.36, abs=1e-6)


def test_complete_response_by_patient_is_rarer_than_by_lesion_and_than_independent_lesions_allow():
    local = LOCALS["electrochemotherapy"].local
    lesion = next(one for one in local.published if one.study == "ferioli2021" and one.of == "lesions" and one.measure == "complete")
    patient = next(one for one in local.published if one.study == "ferioli2021" and one.of == "patients")
    rate = local.expected(lesion)
    assert rate * math.exp(0.894 * (rate - 1)) < local.expected(patient) < rate


def test_the_example_is_a_local_therapy_in_fewer_than_forty_lines():
    """The worked example loads with its sources, meets its class of size, and fills a record."""
    file = ROOT / "docs/examples/irreversible-electroporation.yaml"
    local = read_therapy(file).local
    assert len(file.read_text(encoding="utf-8").splitlines()) < 40
    d, w = local.control.sizes.between(3, 5)
    assert w @ local.control_at(d) == pytest.approx(0.44, abs=1e-6)
    assert local.record()["max_cm"][0] == 5.0


def test_rates_that_contradict_each_other_are_told_with_their_key(tmp_path):
    """A user's file whose objective response is below its complete response."""
    text = (ROOT / "src/paget/therapy/data/therapies/electrochemotherapy.yaml").read_text(encoding="utf-8")
    file = tmp_path / "electrochemotherapy.yaml"
    file.write_text(text.replace("objective: {value: 0.857", "objective: {value: 0.3"), encoding="utf-8")
    with pytest.raises(Exception, match=r"local\.survivors: objective response 0\.3 must lie between eradication"):
        read_therapy(file)


def test_the_page_of_local_therapies_is_up_to_date(monkeypatch):
    """The tables of the page are those that the files give."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs"), *sys.path])
    import local_therapies

    assert local_therapies.page() == local_therapies.PAGE.read_text(encoding="utf-8")
