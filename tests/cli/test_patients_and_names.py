"""Assures that patients are told with their treatments by name, that shipped files are checked by name, and what a narrow page shows."""

import re

import pytest
import yaml
from rich.console import Console

from paget.engine.one import course_of
from paget.report.terminal import comparison_table
from paget.study import load_protocol, resolve
from paget.study.load import plain

SMALL = {"parameters": "point", "seed": 1}


def patient(monkeypatch, name, place, size=12, **more):
    """A patient of a small copy of a shipped study."""
    from paget.engine import one
    from paget.study import override

    small = override(load_protocol(name), {"accrual.patients": size})
    monkeypatch.setattr(one, "load_protocol", lambda _: small)
    return course_of(name, place, **SMALL, **more)


@pytest.mark.parametrize(("name", "therapy"), [("cabula2015", "electrochemotherapy"), ("srfa-bclm", "srfa")])
def test_the_local_treatment_is_named_and_marked(monkeypatch, name, therapy):
    """The line of a local treatment says which and of how many lesions, and so does its mark in the figure."""
    for place in range(1, 13):
        told = patient(monkeypatch, name, place)
        lines = [line for line in told.lines if "local treatment:" in line]
        if lines:
            break
    assert re.search(rf"local treatment: {therapy}, \d+ lesions?$", lines[0])
    assert any(re.fullmatch(rf"{therapy}, \d+ lesions?", what) for _, what in told.course.events)


def test_bars_end_when_the_last_drug_stops(monkeypatch):
    """No bar goes on after its last drug has stopped, and the line says which drugs stopped."""
    seen = 0
    for place in range(1, 13):
        told = patient(monkeypatch, "stic-ctc", place)
        for line in told.lines:
            stopped = re.search(r"month +([\d.]+)  drug stopped: [a-z0-9, -]+; none left", line)
            if stopped:
                seen += 1
                assert any(abs(bar.stop - float(stopped[1])) < 0.06 for bar in told.course.treatments)
        assert not [line for line in told.lines if re.search(r"(stopped|therapy): \d+$", line)]
    assert seen


def test_a_patient_of_early_disease_has_a_course(monkeypatch):
    """She is told from her operation on, with her adjuvant therapy, how her relapse was found, and what follows it."""
    relapsed = 0
    for place in range(1, 13):
        told = patient(monkeypatch, "surveillance", place)
        text = "\n".join(told.lines)
        assert "operated, no visible metastasis" in told.lines[0] and "adjuvant therapy" in text and told.course.origin == "the operation"
        assert len([line for line in told.lines if "randomisation" in line]) == 1
        assert any(word in told.lines[-1] for word in ("death", "end of follow-up"))
        if "distant relapse: found" in text:
            relapsed += 1
            day = float(re.search(r"month +([\d.]+)  distant relapse", text)[1])
            assert min(track.month.min() for track in told.course.lesions) >= day - 0.06
    assert relapsed


def test_a_relapsed_patient_says_what_she_had_before(monkeypatch):
    """Time since the operation and adjuvant therapy stand in her header; of somebody de novo they do not."""
    headers = {place: patient(monkeypatch, "p025", place).lines for place in range(1, 9)}
    told = [any("months after the operation; adjuvant therapy:" in line for line in lines[:3]) for lines in headers.values()]
    assert any(told) and not all(told)


def test_shipped_files_are_checked_by_name(paget):
    """A protocol, a registry and a therapy are checked by their names; a name of nothing is told."""
    for name, said in (("cabula2015", "a valid protocol"), ("ncdb-like", "a valid registry"), ("srfa", "a valid therapy")):
        out, _ = paget("check", name, "--no-dry-run")
        assert f"{name}: {said}" in out
    _, err = paget("check", "nothing", code=2)
    assert "there is no such file" in err and "paget protocols" in err


def test_what_is_shown_into_a_file_can_be_read_again(paget):
    """Lines are as they are: the protocol that is printed is the protocol."""
    out, _ = paget("show", "extended-endocrine")
    assert yaml.safe_load(out) == yaml.safe_load(yaml.safe_dump(plain(resolve(load_protocol("extended-endocrine")))))


def test_adjuvant_therapies_and_practices_are_listed_and_shown(paget):
    """Each stands in the list, and its card tells what it does, to whom it is given, and beside which evidence."""
    out, _ = paget("therapies", "--class", "adjuvant")
    assert "adjuvant-endocrine-10" in out and "early disease" in out
    out, _ = paget("show", "adjuvant-endocrine")
    for words in ("rate of waking, times 0.21 (parameter endocrine_awakening)", "for 5 years", "80%", "(anchor)", "0.53 (0.48 to 0.57)"):
        assert words in out
    out, _ = paget("show", "adjuvant-trastuzumab")
    assert "for 1 year " in out and "heart failure, grade 3-4" in out
    out, _ = paget("show", "before-trastuzumab")
    assert "adjuvant practice" in out and "adjuvant-chemotherapy" in out and "adjuvant-trastuzumab" not in out
    _, err = paget("show", "adjuvant-endocrin", code=2)
    assert "did you mean 'adjuvant-endocrine'" in err


def test_roles_are_not_cut_on_a_narrow_page():
    """At eighty columns the word prediction stands in full."""
    record = {
        "endpoint": "overall survival", "measure": "hazard_ratio", "value": 0.95, "ci_low": 0.36, "ci_high": 1.86, "ci_level": 0.95,
        "arm": None, "comparison": {"experimental": "a-long-name", "control": "doxorubicin"},
        "subgroup": None, "population": "itt", "time_zero": "randomisation",
        "at_months": None, "role": "prediction", "n": 40, "published": {"value": 0.98, "ci_low": 0.9, "ci_high": 1.1, "ci_level": 0.95},
        "replicates": {"count": 4, "value": 0.95, "low": 0.64, "high": 1.26}, "cut": None, "note": "", "method": "", "lesions": None,
    }  # fmt: skip
    console = Console(width=80)
    with console.capture() as shown:
        console.print(comparison_table([record], title="x"))
    assert "prediction" in shown.get()
