"""Assures a registry of local treatment: who is in question, one life until the treatment, a sham that changes no bit, a ladder."""

import numpy as np
import polars as pl
import pytest
from registry_people import SMALL_BLOCK, block

from paget.cli.app import main
from paget.engine.registry.cohort import follow
from paget.engine.registry.decompose import naive_ratio
from paget.engine.registry.offers import NONE, offers
from paget.engine.registry.practice import LOCAL_COMPONENTS, Biases, practise
from paget.engine.registry.rows import eligible_as_recorded
from paget.engine.registry.run import check_registry_names, resolve_request
from paget.errors import PagetError
from paget.parameters import ParameterSet
from paget.population import store
from paget.study.registry import load_registry, override_registry, plain_registry, registry_to_yaml, validate_registry
from paget.therapy import library


@pytest.fixture(scope="module")
def registry():
    return load_registry("liver-metastases")


def same(a, b):
    return np.array_equal(a, b, equal_nan=True)


def test_everybody_has_metastases_in_the_place(registry, real):
    """Those found with the cancer and later ones, all with something in the liver."""
    assert real["liver"].all() and (real["n_liver"] >= 1).all()
    assert set(real["presentation"].unique()) == {"de novo", "relapse"}


def test_nobody_is_offered_what_the_file_or_the_clinic_forbids(registry, people):
    """Limits of number, size, fitness and spread hold for each therapy; the registry's own conditions for all."""
    given = people.filter(pl.col("therapy") != "")
    assert given.height and people.height > given.height
    assert (given["n_sites"] <= 2).all() and not given["brain"].any() and (given["age_years"] <= 80).all()
    resected, ablated = (given.filter(pl.col("therapy") == name) for name in ("liver-resection", "rfa"))
    assert (resected["n_liver"] <= 7).all() and (resected["n_sites"] == 1).all() and (resected["ecog"] <= 1).all()
    assert (ablated["n_liver"] <= 4).all() and (ablated["largest_liver_cm"] <= 5).all() and (ablated["ecog"] <= 2).all()
    assert resected.height and ablated.height


def test_weights_share_those_whom_several_therapies_allow(registry, people):
    """Among patients whom both files allow, shares are those of the weights; one therapy alone takes all whom it allows."""
    both = people.filter(
        (pl.col("n_sites") == 1) & (pl.col("n_liver") <= 4) & (pl.col("largest_liver_cm") <= 5) & (pl.col("ecog") <= 1)
        & ~pl.col("brain") & (pl.col("age_years") <= 80) & (pl.col("comorbidity") <= 2)
    )  # fmt: skip
    many = pl.concat([both] * (20_000 // both.height)).with_columns(patient_id=pl.int_range(pl.len()))
    which = offers(many, registry.operation, 1, library())
    assert (which != NONE).all()
    assert (which == 0).mean() == pytest.approx(605 / 871, abs=0.015)
    alone = override_registry(registry, {"operation.therapies": [{"therapy": "rfa", "weight": 2.0}]})
    assert (offers(both, alone.operation, 1, library()) == 0).all()


def test_both_lives_are_one_until_the_treatment(registry, real):
    """Who is not treated has one life; nobody dies or progresses differently before the day of the treatment."""
    for way in ("first", "induction"):
        day = real[f"{way}_operated_operation"].to_numpy()
        never = np.isnan(day)
        assert never[(real["therapy"] == "").to_numpy()].all() and not never.all()
        for what in ("death", "progression"):
            without, treated = real[f"{way}_none_{what}"].to_numpy(), real[f"{way}_operated_{what}"].to_numpy()
            assert same(without[never], treated[never])
            with np.errstate(invalid="ignore"):
                early = (without < day) | (treated < day)
            assert same(without[early], treated[early])
        assert not same(real[f"{way}_none_death"].to_numpy(), real[f"{way}_operated_death"].to_numpy())


def test_a_sham_changes_not_one_bit_and_falls_on_the_same_days(registry, real):
    """Every death and progression is that of the life without it; the days are those of the treatment itself."""
    null = block(registry, ParameterSet.point(), null=True)
    for way in ("first", "induction"):
        for what in ("death", "progression"):
            without = null[f"{way}_none_{what}"].to_numpy()
            assert without.tobytes() == null[f"{way}_operated_{what}"].to_numpy().tobytes()
            assert without.tobytes() == real[f"{way}_none_{what}"].to_numpy().tobytes()
        assert same(null[f"{way}_operated_operation"].to_numpy(), real[f"{way}_operated_operation"].to_numpy())
    assert null["therapy"].equals(real["therapy"])


def test_progression_can_rule_the_treatment_out(registry):
    """Then nobody is treated after it: neither decided on, nor when a visit between the decision and the day shows it."""
    slow = {"days_median": 150.0, "days_sd": 60.0}
    strict = changed(
        registry, after_induction=plain_registry(registry)["operation"]["after_induction"] | {"unless_progressed": True, "delay": slow}
    )
    barred = block(strict, ParameterSet.point())
    columns = ("operated_operation", "anyway_operation", "operated_death", "none_death", "none_progression")
    day, anyway, death, without, progression = (barred[f"induction_{name}"].to_numpy() for name in columns)
    spared = np.isnan(day) & np.isfinite(anyway)
    assert spared.any() and same(death[spared], without[spared])
    assert (progression[spared] < anyway[spared]).mean() > 0.8  # metastases may progress while the sum of all lesions has not yet
    people = barred.filter("drawn")
    made = practise(people, strict, 1)
    assert not (made.chosen & (made.way == "induction") & people["progressed_before_decision"].to_numpy()).any()


def test_practice_chooses_among_those_in_question(registry, people):
    """Nobody else is ever chosen; the share of the file comes out; progression makes it less likely, response more."""
    made = practise(people, registry, 1)
    assert not made.chosen[~made.offered].any() and (made.probability[~made.offered] == 0).all()
    assert np.isfinite(made.operation_day).mean() == pytest.approx(0.13, abs=0.03)
    later = made.offered & (made.way == "induction") & people["alive_at_decision"].to_numpy()
    for column, sign in (("responded", 1), ("progressed_before_decision", -1)):
        yes = people[column].to_numpy()
        assert sign * (made.probability[later & yes].mean() - made.probability[later & ~yes].mean()) > 0
    even = practise(people, registry, 1, Biases().without("selection", "response-gate"))
    assert len(np.unique(np.round(even.probability[even.probability > 0], 12))) == 1


def test_eligibility_leaves_those_in_question_for_nothing_out(registry, people):
    """The comparison without that bias is of those in question; the release tells which therapy was given, and when."""
    cohort = follow(registry, people, 1)
    on, off = (naive_ratio(cohort, biases) for biases in (Biases(), Biases().without("eligibility")))
    assert on.n == people.height and off.n == int(cohort.practised.offered.sum())
    assert on.operated == off.operated
    release = cohort.release()
    treated = release.filter(pl.col("treated") == 1)
    assert treated["therapy"].is_in(["liver-resection", "rfa"]).all() and treated["treatment_months"].is_not_null().all()
    assert release.filter(pl.col("treated") == 0)["therapy"].is_null().all()
    known = eligible_as_recorded(cohort).people
    assert (known["n_sites"] <= 2).all() and known.height < people.height
    assert known.height > cohort.among(cohort.practised.offered).people.height  # number, size and fitness are not recorded


def changed(registry, **operation):
    data = plain_registry(registry)
    data["operation"] |= operation
    return validate_registry(data)


@pytest.mark.parametrize(
    ("therapies", "parts"),
    [
        (["rfb"], ["operation.therapies[0].therapy", "is no local therapy", "did you mean 'rfa'"]),
        (["capecitabine"], ["is no local therapy", "liver-resection"]),
        (["rfa", "electrochemotherapy"], ["operation.therapies[1].therapy", "does not treat the liver", "skin"]),
    ],
)
def test_a_therapy_that_does_not_fit_is_told(registry, therapies, parts):
    """A therapy that does not exist, a drug, a therapy of another organ."""
    wrong = changed(registry, therapies=[{"therapy": name, "weight": 1.0} for name in therapies])
    for check in (lambda: check_registry_names(wrong, "mine.yaml"), lambda: resolve_request(wrong)):
        with pytest.raises(PagetError) as caught:
            check()
        for part in parts:
            assert part in str(caught.value)


def test_biases_that_such_a_registry_has_not_are_refused(registry):
    """Nobody is treated before metastases are found; whom one compares is no matter of practice."""
    for name, part in (("early-staging", "no such bias"), ("eligibility", "a matter of how patients are counted")):
        with pytest.raises(PagetError, match=part):
            resolve_request(registry, without=[name])
    with pytest.raises(PagetError, match="too few are in question for it"):
        practise(block_of(registry), override_registry(registry, {"periods.0.operated": 0.9}), 1)


def block_of(registry):
    return block(registry, ParameterSet.point()).filter("drawn")


def test_the_command_climbs_the_ladder_of_a_sham(registry, tmp_path, monkeypatch, capsys):
    """A file of one's own, end to end: every truth is exactly 1, words are of treatment, the decomposition has its own parts."""
    from paget.engine.registry.result import RegistryRun

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(store, "BLOCK", SMALL_BLOCK)
    mine = override_registry(registry, {"analyses.landmarks_months": [6.0], "id": "mine"})
    (tmp_path / "mine.yaml").write_text(registry_to_yaml(mine), encoding="utf-8")
    arguments = "registry mine.yaml --patients 700 --threads 1 --out run --quiet --null --parameters point"
    assert main(arguments.split()) == 0
    out = capsys.readouterr().out
    for part in ("a treatment without any effect", "without eligibility", "Published: 0.78", "Ever / never"):
        assert part in out
    run = RegistryRun(tmp_path / "run")
    truths = [row["truth"]["hazard_ratio"] for row in run.ladder if row["truth"]["hazard_ratio"] is not None]
    assert len(truths) > 15 and set(truths) == {1.0}
    assert tuple(step["component"] for step in run.decomposition["steps"]) == LOCAL_COMPONENTS
    sizes = {row["view"]: row["n"] for row in run.ladder if row["key"] in ("ever-never", "ever-never+cox")}
    assert sizes["not adjusted"] == 700 > sizes["recorded"] > sizes["true confounders"]
    assert sum(run.summary["counts"]["therapy_shares"].values()) == pytest.approx(1.0)
    page = run.report.read_text(encoding="utf-8")
    for part in ("In question for it: n_sites &lt;= 2", "log odds of being treated", "Ever against never treated", "day of the treatment"):
        assert part in page
    assert "removal of the primary" not in page.split("Terms of the file")[0]
