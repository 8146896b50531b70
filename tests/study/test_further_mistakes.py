"""Assures that mistakes in studies of one arm, of local treatment, of later lines and of surveillance are told, each at its key."""

import copy

import pytest

from paget.errors import PagetError
from paget.study import check_names, load_protocol, plain, validate


def mistakes(name, *path_value, **known):
    """What is said of a shipped protocol with one value changed (path, value; `...` deletes)."""
    data = copy.deepcopy(plain(load_protocol(name)))
    path, value = path_value
    here = data
    *parents, last = path.split("/")
    for part in parents:
        here = here[int(part) if part.isdigit() else part]
    key = int(last) if last.isdigit() else last
    if value is ...:
        del here[key]
    else:
        here[key] = value
    with pytest.raises(PagetError) as caught:
        protocol = validate(data, where=name)
        check_names(protocol, known)
    return str(caught.value)


EVERY_6 = {"every_months": 6, "until_months": 60}
CASES = [
    ("cabula2015", "estimand/summary", "hazard-ratio", "compares, but the study has one arm"),
    ("cabula2015", "arms", [], "has no arm"),
    ("cabula2015", "analyses/lesion_sizes_cm", [3, 3], "is not ascending"),
    ("cabula2015", "published/3/lesions", "<2 cm", "no size class of analyses.lesion_sizes_cm"),
    ("cabula2015", "published/0/measure", "median_months", "does not fit CR, a share"),
    ("cabula2015", "arms/0/local/0/when", {"delay_days_median": 0, "delay_days_sd": 3}, "spreads a delay of 0 days"),
    ("leonard2001", "arms/1/placebo", ..., "the arm 'placebo' receives no treatment at all"),
    ("leonard2001", "arms/0/local", ..., "no arm treats any"),
    ("p025", "arms/0/crossover/to", "letrozol", "there is no other arm of this name"),
    ("p025", "arms/0/crossover/to", ..., "whose regimen follows at progression?"),
    ("p025", "arms/0/crossover", {"fraction": 0.5, "on": "any-time"}, "a late operation needs it"),
    ("p025", "arms/0/systemic", "none", "names regimens all the same"),
    ("p025", "estimand/intercurrent_events", [], "the estimand has no strategy for it"),
    ("p025", "endpoints", ["TTP", "LPFS"], "is of treated lesions, and no arm treats any"),
    ("p025", "endpoints", ["TTP", "SAR"], "is of early disease, and patients enter with metastases"),
    ("e1193", "arms/0/later_lines", [{"line": 2, "systemic": "taxane"}, {"line": 2, "systemic": "taxane"}], "stands here twice"),
    ("e1193", "arms/1/later_lines", [{"line": 2, "systemic": "taxane"}], "says what line 2 is, and crossover does too"),
    ("stic-ctc", "arms/0/systemic_if/0/where", [], "has too few items"),
    ("surveillance", "arms/0/surveillance", {**EVERY_6, "work_up": ["ct"], "imaging": ["mri"]}, "the work-up follows a marker"),
    ("surveillance", "arms/0/surveillance", {**EVERY_6, "panel": "marker-panel", "marker_cm3": 3}, "stands beside a panel"),
    ("surveillance", "arms/0/surveillance", {**EVERY_6, "imaging": ["ct"], "read": "rise"}, "belongs to a panel"),
    ("surveillance", "arms/0/surveillance", {**EVERY_6, "imaging": ["ct"], "marker_sd_log": 1}, "belongs to marker_cm3"),
    ("surveillance", "arms/0/systemic", "taxane", "patients enter with early disease"),
    ("surveillance", "endpoints", ["OS", "PFS"], "is not of early disease"),
    ("surveillance", "population/source", "both", "is follow-up of early disease"),
]


@pytest.mark.parametrize(("name", "path", "value", "said"), CASES, ids=[f"{name}-{path}" for name, path, *_ in CASES])
def test_the_mistake_is_told(name, path, value, said):
    """One message that says what is wrong."""
    assert said in mistakes(name, path, value)


NAMED = {**EVERY_6, "imaging": ["bone-scan", "ctt"], "panel": "marker-pannel", "work_up": ["ct"]}
NAMES = [
    ("intensive-folow-up", {"schedules": ["intensive-follow-up", "minimal-follow-up"]}, "did you mean 'intensive-follow-up'"),
    (NAMED, {"imaging": ["ct", "mri", "bone-scan"]}, "did you mean 'ct'"),
    (NAMED, {"panels": ["marker-panel"]}, "did you mean 'marker-panel'"),
]


@pytest.mark.parametrize(("given", "known", "said"), NAMES)
def test_an_unknown_instrument_of_follow_up_names_its_neighbour(given, known, said):
    """A misspelt schedule, modality or panel gets the nearest id."""
    assert said in mistakes("surveillance", "arms/0/surveillance", given, **known)


def test_an_unknown_local_therapy_names_its_neighbour():
    """A misspelt therapy of an arm gets the nearest id."""
    told = mistakes("srfa-bclm", "arms/0/local/0/therapy", "sfra", local_therapies=["srfa", "rfa", "mwa"])
    assert "arms[0].local[0].therapy: there is no local therapy of this name" in told
    assert "did you mean 'srfa'?" in told


def test_an_unknown_regimen_in_a_choice_or_a_later_line_is_told():
    """Regimens are checked wherever an arm names one."""
    regimens = ["taxane", "aromatase-inhibitor", "tamoxifen", "taxane-then-endocrine", "anthracycline-then-tamoxifen"]
    told = mistakes("stic-ctc", "arms/0/systemic_if/0/systemic", "taxan", regimens=regimens)
    assert "arms[0].systemic_if[0].systemic" in told and "'taxane'" in told
    told = mistakes("e1193", "arms/0/later_lines/0/systemic", "taxan", regimens=regimens)
    assert "arms[0].later_lines[0].systemic" in told


def test_a_study_of_one_arm_needs_no_randomisation():
    """The block is filled in; with two arms it is asked for."""
    assert load_protocol("cabula2015").randomisation.ratio == (1,)
    assert "randomisation" in mistakes("p025", "randomisation", ...)
