"""Assures what arms become for the kernel: local treatments, later lines, choices of the first regimen; and what is refused."""

import numpy as np
import polars as pl
import pytest

from paget.engine.compile import compile_plan, early_plan
from paget.engine.screen import with_counts
from paget.engine.therapies import check_given, lived_arms, regimen_of, treated_places
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.study import load_protocol, override, plain, validate
from paget.therapy import library

POINT = ParameterSet.point()


def changed(name, **keys):
    data = plain(load_protocol(name))
    for path, value in keys.items():
        here = data
        *parents, last = path.split("__")
        for part in parents:
            here = here[int(part) if part.isdigit() else part]
        here[last] = value
    return validate(data, where=name)


def test_a_local_treatment_fills_its_slot():
    """Therapy, day, spread and share of the protocol are those of the arm's record; other slots are empty."""
    plan = compile_plan(load_protocol("srfa-oligo"), POINT)
    arm = plan.arm_records()[0]
    assert list(arm["local"]) == [library().local_index("srfa"), -1, -1]
    assert (arm["local_delay_median"][0], arm["local_received"][0], arm["local_sessions"][0]) == (28.0, 0.95, 0)
    assert arm["local_delay_sd_log"][0] == pytest.approx(np.sqrt(np.log1p((10 / 28) ** 2)))
    assert (plan.arm_records()[1]["local"] == -1).all()


def test_sessions_of_the_arm_replace_those_of_the_therapy():
    """A protocol may ask for fewer sessions."""
    protocol = changed("cabula2015", arms__0__local=[{"therapy": "electrochemotherapy", "when": {"delay_days_median": 14}, "sessions": 1}])
    assert compile_plan(protocol, POINT).arm_records()[0]["local_sessions"][0] == 1


def test_crossover_at_progression_is_the_other_arms_regimen_in_second_line():
    """Each arm of P025 gets the other's drug as line 2 in half, and nothing else is named."""
    arms = compile_plan(load_protocol("p025"), POINT).arm_records()
    index = library().regimen_index
    assert (arms[0]["first_regimen"], arms[0]["later_regimen"][0]) == (index("letrozole"), index("tamoxifen"))
    assert (arms[1]["first_regimen"], arms[1]["later_regimen"][0]) == (index("tamoxifen"), index("letrozole"))
    assert arms[0]["later_share"][0] == 0.5
    assert (arms["later_regimen"][:, 1:] == -1).all()


def test_the_first_row_that_holds_chooses_the_regimen():
    """Cells and menopause decide; who fits no row gets the arm's own regimen, and the other arm has no choice."""
    protocol = load_protocol("stic-ctc")
    frame = pl.DataFrame({"ctc_count": [9, 9, 0, 0], "menopause": ["post", "pre", "pre", "post"]})
    lived = lived_arms(protocol, frame, np.zeros(4, np.int64))
    assert [regimen_of(protocol, int(one)) for one in lived] == [
        (0, "taxane-then-endocrine"), (0, "anthracycline-then-tamoxifen"), (0, "tamoxifen"), (0, "aromatase-inhibitor"),
    ]  # fmt: skip
    assert list(lived_arms(protocol, frame, np.ones(4, np.int64))) == [1, 1, 1, 1]
    plan = compile_plan(protocol, POINT)
    names = [list(library().regimens)[row["first_regimen"]] for row in plan.arm_records()[lived]]
    assert names == [name for _, name in map(lambda one: regimen_of(protocol, int(one)), lived)]


def test_counted_cells_are_poisson_of_what_is_expected():
    """Mean and variance of counts are the expected number, each patient's draw is her own, and no cells give none."""
    n = 20_000
    frame = pl.DataFrame({"patient_id": np.arange(n), "ctc_mean": np.full(n, 3.7)})
    counts = with_counts(frame, seed=5)["ctc_count"].to_numpy()
    assert counts.mean() == pytest.approx(3.7, abs=4 * np.sqrt(3.7 / n))
    assert counts.var() == pytest.approx(3.7, rel=0.05)
    assert (counts == 0).mean() == pytest.approx(np.exp(-3.7), abs=0.005)
    again = with_counts(frame[100:200], seed=5)["ctc_count"].to_numpy()
    assert np.array_equal(again, counts[100:200])
    assert (with_counts(frame.with_columns(ctc_mean=0.0), seed=5)["ctc_count"] == 0).all()


def test_a_therapy_of_a_place_that_nobody_has_is_refused():
    """Ablation of liver metastases in bone-only disease: one message, at the therapy."""
    eligibility = [{"attribute": "bone_only", "is": True, "reason": "wrong place"}]
    with pytest.raises(PagetError) as caught:
        compile_plan(changed("srfa-bclm", population__eligibility=eligibility, population__baseline=[]), POINT)
    told = str(caught.value)
    assert "arms[0].local[0].therapy: treats places where nobody who is eligible has disease" in told
    assert "liver" in told


def test_a_therapy_that_its_file_forbids_to_everybody_is_refused_before_anything_runs():
    """RFA treats up to four lesions; a study of patients with ten or more cannot give it."""
    eligibility = [
        {"attribute": "liver", "is": True, "reason": "liver"}, {"attribute": "n_liver", "at_least": 10, "reason": "many"},
    ]  # fmt: skip
    with pytest.raises(PagetError, match="forbidden by its file to everybody who is eligible: n_liver is at most 4"):
        compile_plan(changed("meloni2009-rfa", population__eligibility=eligibility), POINT)


def test_nobody_treated_is_told_with_the_reasons():
    """A trial in which every planned treatment was refused is an error that counts why."""
    protocol = load_protocol("srfa-bclm")
    patients = pl.DataFrame(
        {"arm": ["srfa"] * 3, "local_day": [None] * 3, "local_refused": ["ECOG", "ECOG", "size of a lesion"]},
        schema_overrides={"local_day": pl.Float64},
    )
    with pytest.raises(PagetError) as caught:
        check_given(protocol, patients)
    assert "its file forbids it to all 3" in str(caught.value) and "ECOG: 2; size of a lesion: 1" in str(caught.value)
    check_given(protocol, patients.with_columns(local_day=pl.Series([None, 5.0, None])))


def test_a_regimen_that_some_of_the_chosen_may_not_get_is_refused():
    """Letrozole after menopause only: a row of a choice that gives it to premenopausal women is told, at that row."""
    rows = [{"where": [{"attribute": "menopause", "is": "pre"}], "systemic": "letrozole"}]
    with pytest.raises(PagetError) as caught:
        compile_plan(changed("stic-ctc", arms__0__systemic_if=rows), POINT)
    assert "arms[0].systemic_if[0].systemic" in str(caught.value) and "postmenopausal" in str(caught.value)
    allowed = [{"where": [{"attribute": "menopause", "is": "pre"}], "systemic": "tamoxifen"}]
    compile_plan(changed("stic-ctc", arms__0__systemic="letrozole", arms__0__systemic_if=allowed), POINT)


def test_places_treated_are_those_of_all_arms():
    """Skin for both kinds of radiotherapy; none in a trial of drugs."""
    assert treated_places(load_protocol("vernon1996"), library()) == ("skin",)
    assert treated_places(load_protocol("p025"), library()) == ()


def test_arms_of_early_disease_differ_in_their_surveillance():
    """Both arms are seen every six months, one with instruments and one without; both relapse and are treated alike."""
    protocol = load_protocol("surveillance")
    watched, waiting = (early_plan(protocol, POINT, arm).plan_record()[0] for arm in (0, 1))
    assert watched["surveillance_days"] == waiting["surveillance_days"] == pytest.approx(6 * 30.4375)
    assert np.isfinite(watched["surveillance_limit"]).any() and not np.isfinite(waiting["surveillance_limit"]).any()
    assert watched["relapse"] == waiting["relapse"] == 1


def test_the_number_of_patients_can_be_changed_in_a_study_of_one_arm():
    """Overriding leaves a valid protocol."""
    assert override(load_protocol("cabula2015"), {"accrual.patients": 20}).accrual.patients == 20
