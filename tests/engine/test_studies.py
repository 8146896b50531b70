"""Assures every shipped study end to end: it runs, its tables keep the rules, its records stand beside what was published."""

import polars as pl
import pytest

from paget.endpoints import FOUND, LESIONS, NAMES, RESPONSES, lesion_flag
from paget.engine.run import run
from paget.study import load_protocol, shipped
from paget.tables import validate

SURGERY = ("abcsg-28", "e2108", "mf07-01", "tata-memorial")
OTHERS = [name for name in shipped() if name not in SURGERY]
SMALL = {"patients": 36, "replicates": 2, "seed": 3, "threads": 1, "parameters": "point"}
PUBLISHED_ALONE = "published; not computed in this run"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Each study run once, when first asked for."""
    folder, done = tmp_path_factory.mktemp("studies"), {}

    def get(name):
        if name not in done:
            done[name] = run(name, out=folder / name, **SMALL)
        return done[name]

    return get


@pytest.mark.parametrize("name", OTHERS)
def test_the_study_runs_and_keeps_the_rules(runs, name):
    """Tables are valid ADaM, every endpoint has records, every published number stands beside a computed one or says why not."""
    result, protocol = runs(name), load_protocol(name)
    for table in ("adsl", "adtte", "adrs", "adtr", *(["adles"] if protocol.local else [])):
        validate(getattr(result, table), table)
    assert result.adsl.height == 36
    told = {record["endpoint"] for record in result.summary}
    assert {NAMES[code] for code in protocol.endpoints} <= told
    published = [record for record in result.summary if record["published"]]
    assert len(published) == len(protocol.published)
    assert not [r for r in published if r["note"] == PUBLISHED_ALONE and r["measure"] != "median_months"]
    assert "Nothing here is advice" in result.report.read_text(encoding="utf-8")
    assert {"kaplan-meier", "consort"} <= set(result.figures)


@pytest.mark.parametrize("name", [name for name in OTHERS if load_protocol(name).detailed])
def test_replicates_tell_what_the_tables_tell(runs, name):
    """The trial itself, counted from its tables, equals the statistics that replicates are reduced to, for shares and events."""
    from paget.engine.detailed import detailed_rows, flag_column, member_column
    from paget.engine.screen import Screening
    from paget.engine.trial import enrol
    from paget.parameters import ParameterSet
    from paget.population import Population
    from paget.study import override

    result = runs(name)
    protocol, point = override(load_protocol(name), {"accrual.patients": 36}), ParameterSet.point()
    candidates = Screening(protocol, point, Population(point, 3, protocol.population.source)).draw(36)
    rows = detailed_rows(protocol, point, enrol(protocol, candidates, range(1), 3), 3)
    for code in protocol.endpoints:
        if code in LESIONS:
            assert rows[member_column(code)].sum() == result.adles.height
            assert rows[flag_column(code)].sum() == (result.adles[lesion_flag(code)] == "Y").sum()
        elif code in RESPONSES:
            yes = result.adrs.filter((pl.col("PARAMCD") == code) & (pl.col("AVALC") == "Y"))
            assert rows[flag_column(code)].sum() == yes.height
        elif code == FOUND:
            of = [r for r in result.summary if r["endpoint"] == NAMES[FOUND] and r["measure"] == "rate"]
            assert rows[flag_column(code)].sum() == sum(r["events"] or 0 for r in of)
            assert rows[member_column(code)].sum() == sum(r["n"] for r in of)
        else:
            mine = result.adtte.filter(pl.col("PARAMCD") == code)
            cause = rows[f"{code}_cause"]
            assert (cause >= 0).sum() == mine.height
            assert (cause == 1).sum() == (mine["CNSR"] == 0).sum()
            assert rows[f"{code}_months"][cause >= 0].sum() == pytest.approx(mine["AVAL"].sum(), rel=1e-9, abs=1e-6)


def test_a_study_of_one_arm_compares_nothing(runs):
    """No hazard ratio, no difference, no test; medians, survival and shares of its arm."""
    result = runs("cabula2015")
    assert not {r["measure"] for r in result.summary} & {"hazard_ratio", "logrank_p", "rmst_difference_months", "odds_ratio"}
    assert {r["arm"] for r in result.summary if r["value"] is not None} == {"ect"}
    assert result.estimand["measure"] == "rate" and result.estimand["endpoint"] == "complete-response"
    assert "hazard ratio" not in result.report.read_text(encoding="utf-8").split('id="comparison"')[0].split('id="question"')[1]


def test_three_arms_give_two_comparisons(runs):
    """Each experimental arm against the control, the control's own numbers once."""
    result = runs("e1193")
    ratios = [r for r in result.summary if r["measure"] == "hazard_ratio" and r["endpoint"] == "overall-survival"
              and r["population"] == "itt" and r["time_zero"] == "randomisation"]  # fmt: skip
    assert {r["comparison"]["experimental"] for r in ratios} == {"combination", "paclitaxel"}
    medians = [r["arm"] for r in result.summary if r["measure"] == "median_months" and r["endpoint"] == "overall-survival"
               and r["time_zero"] == "randomisation"]  # fmt: skip
    assert sorted(medians) == ["combination", "doxorubicin", "paclitaxel"]


def test_placebo_and_control_arms_are_not_treated(runs):
    """Lesions of the arm without local treatment are in no table of treated lesions."""
    for name, label in (("leonard2001", "miltefosine"), ("srfa-oligo", "drugs and ablation")):
        assert set(runs(name).adles["TRTP"]) == {label}


def test_ablation_leaves_patients_of_both_arms_alike_before_it(runs):
    """In the trial that nobody has run, sizes of the treated are within what its file allows."""
    lesions = runs("srfa-oligo").adles
    assert lesions.height > 0
    assert lesions["SIZEMM"].max() <= 80.0


def test_an_input_is_not_sold_as_a_finding(runs):
    """The curve that a therapy's file was set on stands in the role of an input."""
    roles = {(r["published"]["evidence"], r["role"]) for r in runs("cabula2015").summary if r["published"]}
    assert ("mali2013-size", "input") in roles and ("cabula2015", "prediction") in roles
    assert ("cabula2015", "input") not in roles


def test_finding_a_relapse_earlier_is_not_living_longer(tmp_path):
    """Lives with and without instruments at their visits differ by when relapse is found: earlier with them, never later."""
    from paget.engine.compile import early_plan
    from paget.life.simulate import simulate
    from paget.parameters import ParameterSet
    from paget.population.diagnose import diagnose

    protocol, point = load_protocol("surveillance"), ParameterSet.point()
    people = diagnose(0, 3000, point, seed=4)
    ids = people["id"][people["metastatic"] == 0]
    watched, waiting = (simulate(early_plan(protocol, point, arm), ids, arm, point, seed=4) for arm in (0, 1))
    relapsed = (watched["eligible_disease"] == 1) & (waiting["eligible_disease"] == 1)
    assert relapsed.sum() > 100
    lead = waiting["disease_free_days"][relapsed] - watched["disease_free_days"][relapsed]
    assert (lead >= -1e-6).all() and lead.mean() > 30.0
    assert not (waiting["eligible_disease"][watched["eligible_disease"] == 0] == 1).any()
    by_visits = [(lived["found_early"][relapsed] == 1).mean() for lived in (watched, waiting)]
    assert by_visits[0] > 0.5 > by_visits[1] > 0.0  # instruments find most; asking and examining find some


def test_de_novo_and_relapsed_patients_come_from_one_population(point):
    """A mixed population holds exactly the patients of its two parts, each living as she does alone."""
    from paget.population import Population

    parts = {source: Population(point, 8, source, cache=False).among(0, 4000) for source in ("de-novo", "relapse", "both")}
    mixed = parts["both"]
    assert mixed.height == parts["de-novo"].height + parts["relapse"].height
    for source, words in (("de-novo", "de novo"), ("relapse", "relapse")):
        mine = mixed.filter(pl.col("presentation") == words)
        assert mine.equals(parts[source])
    assert mixed["patient_id"].is_sorted()
