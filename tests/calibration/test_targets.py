"""Targets keep their rules, and a file that breaks one is told in one message."""

import copy
import json
from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from scipy import stats

from paget.calibration import rules
from paget.calibration.cohorts import KINDS, Setting
from paget.calibration.dry import COLUMNS, check_readout
from paget.calibration.evaluate import evaluate, sized
from paget.calibration.likelihood import MEDIAN_SD, observation, simulated, unscaled
from paget.calibration.readouts import NOTHING, Estimate
from paget.calibration.rows import Published, rows, table
from paget.calibration.rules import LEVELS
from paget.calibration.run import cohort_of
from paget.calibration.targets import MOST_LIVES, declared_targets, targets_from
from paget.errors import PagetError
from paget.evidence import load
from paget.evidence.registers import shared_registers
from paget.parameters import ParameterSet

DECLARED = yaml.load(files("paget.calibration").joinpath("targets.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
KEPT = ("let-os", "dox-orr", "dox-ttf", "doubling-tnbc", "untreated-median", "late-t1n0")


def spoilt(tmp_path, change):
    """The shipped file with few of its targets and something changed."""
    data = copy.deepcopy(DECLARED)
    data["targets"] = [one for one in data["targets"] if one["id"] in KEPT]
    change(data)
    path = tmp_path / "mine.yaml"
    plain = json.loads(json.dumps(data))  # nothing stands in it twice as one object, which YAML would write as an alias
    path.write_text(yaml.dump(plain, Dumper=yaml.CSafeDumper), encoding="utf-8")
    return path


def entry(data, name):
    return next(one for one in data["targets"] if one["id"] == name)


RISK = {"endpoint": "distant-recurrence", "row": "T1N1-3"}


def mine(**row):
    """A target of one's own, in a file of few others."""
    given = {"what": "x", "role": "anchor", "find": RISK, "readout": "risk", "options": {"years": [5, 20]}} | row
    one = {"id": "mine", "evidence": "pan2017", "simulation": "early-tamoxifen", "class": "relapse",
           "row": {key: value for key, value in given.items() if value is not None},
           "likelihood": {"kind": "survival", "n": 100, "arithmetic": "x"}}  # fmt: skip
    return lambda data: data["targets"].append(one)


def test_every_target_is_an_anchor_read_in_a_table_or_an_abstract():
    """No prediction, nothing secondary or computed, nothing that measures something else."""
    base = load()
    for target in declared_targets().targets:
        assert target.row.role == "anchor" and not target.row.context and target.row.see is None
        study = base.usable(target.evidence)
        filters = {k: v for k, v in target.row.find.items() if k not in ("row", "column")}
        level = study.level_of(base.one(study.id, **filters)) if filters else study.level
        assert level in LEVELS
        # a number that no source prints is no target
        assert target.row.find or target.row.pool


def test_no_target_is_a_trial_of_surgery_or_a_contrast_of_registries():
    """Nothing about locoregional treatment of the primary, under any id."""
    base = load()
    forbidden = {study.id for study in base if study.topic == "primary-lrt"}
    assert {"tata2015", "e2108", "mf0701-10y", "mf0701-5y", "abcsg28", "khan2002", "thomas2016", "pons-tostivint2019"} <= forbidden
    assert not forbidden & {target.evidence for target in declared_targets().targets}
    predictions = {row.id for row in rows() if row.role == "prediction"}
    assert not predictions & set(declared_targets().ids)


def test_a_study_counts_once():
    """One id for each study; no two studies that share patients; no figure twice."""
    base = load()
    used = {target.evidence for target in declared_targets().targets}
    for name in used:
        study = base[name]
        assert study.id == name and not used & (set(study.overlaps) | set(study.aliases))
    told = {one["source"] for one in DECLARED["shared_patients"]}
    shared = {register for a in used for b in used for register in shared_registers(base[a], base[b])}
    assert shared == told  # every register that is read twice is told of, and no other
    figures = [repr((t.evidence, t.row.find, t.row.pool, t.row.value, t.row.derive)) for t in declared_targets().targets]
    assert len(figures) == len(set(figures))


def test_no_target_is_held_out():
    """The list of what is kept out of the fit and the targets have nothing in common."""
    out = rules.held_out().kept_out()
    for target in declared_targets().targets:
        assert not {target.id, target.evidence} & out


def test_what_is_held_out_is_refused(tmp_path, monkeypatch):
    """An id in both files is told."""
    shipped = rules.held_out()
    more = shipped.entries[0].model_copy(update={"id": None, "study": "p025_letrozole", "row": "let-os", "protocol": None})
    monkeypatch.setattr(rules, "held_out", lambda: type(shipped)((*shipped.entries, more)))
    with pytest.raises(PagetError, match="held out"):
        targets_from(spoilt(tmp_path, lambda d: None))


@pytest.mark.parametrize("row", [row for row in rows() if row.role == "prediction"], ids=lambda row: row.id)
def test_a_prediction_is_no_target_under_another_id_and_another_role(tmp_path, row):
    """The number is known by where it stands, not by who asks."""
    asked = row.find | ({"endpoint": str(row.find["endpoint"]).replace("-", " ").upper()} if "endpoint" in row.find else {})
    given = {"id": "mine", "evidence": row.evidence, "simulation": "early", "class": "ratio", "likelihood": {"kind": "log-normal"},
             "row": {"what": "x", "role": "anchor", "find": asked, "readout": "risk", "options": {"years": [0, 5]}}}  # fmt: skip
    with pytest.raises(PagetError, match=r"is a prediction or held out|surgery of the primary|it is held out"):
        targets_from(spoilt(tmp_path, lambda d: d["targets"].append(given)))


@pytest.mark.slow
def test_columns_of_a_cohort_are_those_that_are_declared():
    """A row is read against the columns that its kind of simulation really has."""
    setting = Setting(ParameterSet.point(), 600, 1)
    named = {one.kind: one for one in table()[0].values()}
    assert set(named) == set(KINDS) == set(COLUMNS)
    for kind, simulation in named.items():
        assert set(cohort_of(simulation, setting).columns) == set(COLUMNS[kind]), kind


def test_every_row_of_the_table_can_be_read():
    """Readout, options, conditions and columns fit the simulation."""
    simulations, every = table()
    for row in every:
        if row.see is None:
            check_readout(row, simulations)


def test_what_the_issue_asks_for_is_covered():
    """Growth, size, relapse by receptor over twenty years, stage IV, organs, untreated and treated survival, cells, drugs by line."""
    kinds = {t.row.phenomenon for t in declared_targets().targets}
    assert len(kinds) >= 12
    ids = set(declared_targets().ids)
    assert {f"hazard-er-pos-{y}" for y in (0, 5, 10, 15)} <= ids and {
        "hazard-er-neg-0",
        "untreated-median",
        "found-at-visit",
        "ctc-share",
        "tam-ttp",
        "dox-orr",
    } <= ids


def test_every_class_says_why_and_is_used():
    """A discrepancy has a reason; no class stands idle."""
    declared = declared_targets()
    assert {t.class_ for t in declared.targets} == set(declared.classes)
    assert all(c.sd > 0 and c.reason.endswith(".") for c in declared.classes.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: entry(d, "let-os").update(id="let-oz"), "no row of anchors.yaml named 'let-oz'"),
        (lambda d: d["targets"].append(dict(entry(d, "let-os"))), "declared twice"),
        (lambda d: entry(d, "let-os").update(evidence="e1193"), "contradiction: the row has another source"),
        (lambda d: entry(d, "let-os").update(simulation="tamoxifen"), "contradiction: the row has another simulation"),
        (lambda d: entry(d, "let-os").update({"class": "survivall"}), "no class of targets"),
        (lambda d: entry(d, "let-os")["likelihood"].update(kind="binomial"), "not a share"),
        (lambda d: entry(d, "let-os")["likelihood"].update(kind="gaussian"), "gaussian"),
        (lambda d: entry(d, "dox-orr")["likelihood"].update(n=0), "no patients"),
        (lambda d: entry(d, "dox-orr")["likelihood"].pop("arithmetic"), "arithmetic"),
        (lambda d: entry(d, "doubling-tnbc")["likelihood"].update(sd=-0.1), "spread that is not positive"),
        (lambda d: entry(d, "dox-ttf").update(likelihood={"kind": "interval"}), "sampling error"),
        (lambda d: d["lives"]["patients"].update(untreated=0.5), "more lives than there are"),
        (lambda d: d["lives"]["patients"].pop("untreated"), "no share of lives"),
        (lambda d: d["lives"]["natural_histories"].pop("diagnosis"), "first population"),
        (lambda d: d["targets"].clear(), "at least 1"),
        (lambda d: d.pop("targets"), r"mine.yaml: targets: Field required$"),
        (
            lambda d: d["targets"].append(
                {"id": "mine", "evidence": "xiao2018-retracted", "simulation": "diagnosis", "class": "growth",
                 "row": {"what": "x", "role": "anchor", "value": 0.4, "arithmetic": "made up", "readout": "median"},
                 "likelihood": {"kind": "log-normal", "sd": 0.1, "arithmetic": "x"}}
            ),
            "mine.yaml: .*retracted",
        ),
        (lambda d: d["classes"]["growth"].update(sd=0), "greater than 0"),
        (lambda d: d.update(more=1), "Extra inputs"),
        (
            lambda d: d["targets"].append(
                {"id": "size-v50", "evidence": "igr_v50_by_year", "simulation": "early-1970", "class": "relapse",
                 "likelihood": {"kind": "survival", "n": 100, "arithmetic": "x"}}
            ),
            "no source prints its figure",
        ),
        (
            lambda d: d["targets"].append(
                {"id": "trastuzumab-os", "evidence": "slamon2001", "simulation": "her2-trastuzumab", "class": "survival",
                 "likelihood": {"kind": "interval"}}
            ),
            "it is a prediction",
        ),
        (
            lambda d: d["targets"].append(
                {"id": "untreated-amalgam", "evidence": "johnstone2000", "simulation": "untreated", "class": "untreated",
                 "likelihood": {"kind": "interval"}}
            ),
            "count twice",
        ),
        (
            lambda d: d.update(
                shared_patients=[], targets=[*d["targets"], *(one for one in DECLARED["targets"] if one["id"] == "tamoxifen-0")]
            ),
            "'ebctcg_tam2011' may count twice: it reads the register that 'pan2017' reads",
        ),
        (
            lambda d: d["targets"].append(
                {"id": "mine", "evidence": "nat-ncdb2010-2013", "simulation": "de-novo-2012", "class": "ratio",
                 "row": {"what": "x", "role": "anchor", "readout": "hazard_ratio",
                         "pool": [{"evidence": name, "measure": "hazard_ratio"} for name in ("slamon2001", "esme2020")]},
                 "likelihood": {"kind": "log-normal"}}
            ),
            r"mine.yaml: targets\[6\] \(mine\): esme2020: no results match",
        ),
        (
            lambda d: d["targets"].append(
                {"id": "mine", "evidence": "pan2018", "simulation": "early", "class": "relapse",
                 "row": {"what": "x", "role": "anchor", "find": {"row": "T1N0"}, "readout": "risk", "options": {"years": [5, 20]}},
                 "likelihood": {"kind": "survival", "n": 100, "arithmetic": "x"}}
            ),
            "pan2018",
        ),
        (mine(find=RISK | {"colour": "red"}), "no filter of results named 'colour'"),
        (mine(find={"measure": "ratez"}), "unknown measure 'ratez'"),
        (mine(find=RISK | {"row": "T9"}), "no such row in the relation"),
        (mine(find=RISK | {"column": "left"}), "no column of the relation named 'left'"),
        (mine(derive={"divide_by": 0}, arithmetic="x"), "nothing can be derived with this"),
        (mine(derive={"multiply": "a lot"}, arithmetic="x"), "nothing can be derived with this"),
        (mine(derive={"multiply": 9}, arithmetic="x"), "not a share"),
        (mine(low=0.3, high=0.4), "interval does not hold the figure"),
        (mine(find={"endpoint": "Distant recurrence", "measure": "relation", "row": "T1N0"}), "the same figure is used twice"),
        (mine(find=None, value=0.2, arithmetic="made up"), "no source prints its figure"),
        (mine(readout="rsk"), "no readout named 'rsk'"),
        (mine(options={}), "missing 1 required"),
        (mine(options={"years": 5}), "risk cannot be read with these options"),
        (mine(options={"yearz": [5, 20]}), "did you mean 'years'"),
        (mine(readout="survival", options={"at_months": 12}), "no column 'death'"),
        (mine(readout="hazard_ratio", options={}), "no column|a hazard ratio compares"),
        (mine(where={"found_at_visit": 1}), "no column 'found_at_visit'"),
        (mine(where={"any_of": [{"colour": "red"}]}), "no condition named 'colour'"),
        (mine(where={"stage_iv": "yes"}), "a condition that cannot be read"),
        (lambda d: entry(d, "doubling-tnbc")["likelihood"].pop("arithmetic"), "tells its `arithmetic`"),
        (lambda d: entry(d, "dox-orr")["likelihood"].update(n=float("inf")), "finite"),
        (lambda d: d["lives"]["patients"].update(untraeted=0.0005), "lives: there is no simulation named 'untraeted'"),
        (lambda d: d["lives"]["patients"].update(untreated=float("nan")), "finite"),
        (lambda d: d["lives"]["follow_ups"]["early-tamoxifen"].update(where={"colour": 1}), "no condition named 'colour'"),
        (lambda d: d["lives"]["follow_ups"].update(paclitaxel={"share": 0.0005}), "does not follow early disease"),
        (lambda d: d["shared_patients"].append({"source": "sear", "reason": "A register that nobody reads."}), "did you mean 'seer'"),
        (lambda d: d["contrasts"].update(inform=["tata2015"]), "contrasts: there is no protocol named 'tata2015'"),
        (lambda d: d["contrasts"].update(inform=["e2108"], predict=["e2108"]), "a trial stands twice"),
        (lambda d: d["contrasts"].update(inform=["mf07-01"], predict=[]), "held out of the informed posterior"),
    ],
)  # fmt: skip
def test_a_file_that_breaks_a_rule_is_told(tmp_path, change, message):
    """Malformed, impossible, contradictory, or naming what does not exist: one message with the place."""
    path = spoilt(tmp_path, change)
    with pytest.raises(PagetError, match=message) as told:
        targets_from(path)
    assert "mine.yaml" in str(told.value) or "pan2018" in str(told.value)


@pytest.mark.parametrize("text", ["targets: [", "a: !!python/object/apply:os.system [x]", "- 1", ""])
def test_a_file_that_is_no_yaml_of_targets_is_told(tmp_path, text):
    """Broken, unsafe or empty text."""
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PagetError):
        targets_from(path)
    with pytest.raises(PagetError, match="cannot be read"):
        targets_from(tmp_path / "nowhere.yaml")


def see(kind, value, low=None, high=None, level=None, **more):
    given = {"n": None, "sd": None, "rounded": None} | more
    return observation(kind, Published(value, low, high, level), where="f", key="k", **given)


def test_sampling_errors_are_the_textbook_ones():
    """Delta method on each scale, intervals turned back, medians of exponential times."""
    assert see("binomial", 0.2, n=100).sd == pytest.approx(1 / np.sqrt(100 * 0.2 * 0.8))
    assert see("log-normal", 0.7, 0.6, 0.82, 0.95).sd == pytest.approx(np.log(0.82 / 0.6) / (2 * stats.norm.ppf(0.975)))
    assert see("interval", 26, 24, 30).sd == pytest.approx(np.log(30 / 24) / (2 * stats.norm.ppf(0.95)))
    assert see("interval", 26, 24, None, 0.95).sd == pytest.approx(np.log(26 / 24) / stats.norm.ppf(0.975))
    assert see("normal", 3.0, sd=0.5) == (3.0, 0.5)
    with_rounding = see("binomial", 0.04, n=10**9, rounded=0.01)
    assert with_rounding.sd == pytest.approx(0.01 / np.sqrt(12) / (0.04 * 0.96), rel=1e-3)
    times = np.random.default_rng(1).exponential(1.0, (4000, 201))
    assert np.log(np.median(times, axis=1)).std() == pytest.approx(MEDIAN_SD / np.sqrt(201), rel=0.05)


def test_simulated_figures_stay_finite():
    """Shares of 0 and 1, medians that nobody reached, nothing at all."""
    assert simulated("survival", Estimate(0.0, 0.0, 50)).value == pytest.approx(np.log((0.5 / 51) / (1 - 0.5 / 51)))
    assert simulated("binomial", Estimate(1.0, 0.0, 50)).value > 4
    assert unscaled("interval", simulated("interval", Estimate(np.inf, np.nan, 50)).value) == pytest.approx(400.0)
    assert simulated("log-normal", Estimate(0.0, 0.1, 5)) is None and simulated("binomial", NOTHING) is None


def test_an_evaluation_keeps_to_its_lives():
    """At full size and at small ones, also under parameters with many patients; and asking for more is refused."""
    declared = declared_targets()
    many = ParameterSet.point().with_values({"founding_rate_per_day": [x * 3 for x in ParameterSet.point()["founding_rate_per_day"]]})
    for parameters, lives in ((ParameterSet.point(), 1_000), (many, 3_000)):
        found = evaluate(parameters, declared, lives=lives, seed=3)
        assert 0.5 * lives < found.lives <= lives
    for lives in (10, MOST_LIVES + 1):
        with pytest.raises(PagetError, match="not a size"):
            evaluate(ParameterSet.point(), declared, lives=lives)
    assert declared.lives.total <= 1.0


def test_an_evaluation_repeats_and_its_women_follow_the_seed():
    """The same seed, the same numbers; another seed, others."""
    part = declared_targets().only(["iv-hr-pos", "let-os", "hazard-er-pos-0"])
    one, two, other = (evaluate(ParameterSet.point(), part, lives=1_500, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.values, two.values, equal_nan=True) and not np.array_equal(one.values, other.values)


def test_sizes_follow_the_declared_shares():
    """Simulations get their part of the lives and no other."""
    declared = declared_targets()
    small = sized(declared.simulations, declared.lives, 1_000)
    assert small["untreated"].options["at_most"] == 25
    assert small["early-1980"].histories == 110
    assert small["metastatic-2005"].options["at_most"] == 19 and small["metastatic-2005"].options["de_novo_at_most"] == 19


def test_a_held_out_figure_is_refused_under_any_name(tmp_path):
    """The survival of a trial whose progression is a target: another id for its row does not let it in, pooled or not."""
    likelihood = {"kind": "interval", "n": 100, "arithmetic": "x"}
    find = {"endpoint": "median-OS-months", "row": "PALOMA-2", "column": "CDK4/6"}
    row = {"what": "x", "role": "anchor", "find": find, "readout": "median", "options": {"column": "death"}}
    mine = {"id": "mine", "evidence": "cdk46_table", "simulation": "aromatase-inhibitor", "class": "survival-trial"}
    mine["likelihood"] = likelihood
    with pytest.raises(PagetError, match="its figure is a prediction or held out"):
        targets_from(spoilt(tmp_path, lambda d: d["targets"].append(mine | {"row": row})))
    ratios = [{"evidence": name, "measure": "hazard_ratio", "endpoint": "overall-survival"} for name in ("e2100", "cleopatra")]
    pooled = {"what": "x", "role": "anchor", "pool": ratios, "readout": "hazard_ratio"}
    ratio = mine | {"evidence": "e2100", "simulation": "bevacizumab", "class": "ratio", "likelihood": {"kind": "log-normal"}, "row": pooled}
    with pytest.raises(PagetError, match="its figure is a prediction or held out"):
        targets_from(spoilt(tmp_path, lambda d: d["targets"].append(ratio)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inform": ["tata-memorial", "mf07-01"], "predict": []}, "held out of the informed posterior cannot inform it\n.*mf07-01"),
        ({"inform": ["tata-memorial"], "predict": ["tata-memorial"]}, "stands twice"),
        ({"inform": ["tata-memorail"]}, "tata-memorail"),
        ({"inform": ["e1193"]}, "no published hazard ratio of death"),
    ],
)
def test_trials_that_cannot_inform_are_told_before_the_fit(tmp_path, change, message):
    """A trial held out under the informed posterior, one that stands twice, one that does not exist, one without a contrast."""
    with pytest.raises(PagetError, match=message) as told:
        targets_from(spoilt(tmp_path, lambda d: d["contrasts"].update(change)))
    assert "mine.yaml" in str(told.value)


def test_patients_of_a_held_out_study_are_refused(tmp_path, monkeypatch):
    """A study that says of itself, or of which another says, that it shares patients with one that is held out."""
    assert "bloom_middlesex" in load()["johnstone2000"].overlaps  # of untreated disease: a target of the file
    rules.predicted()  # kept for good once it is asked for: before the list is another one
    monkeypatch.setattr(rules, "held_out", lambda: SimpleNamespace(kept_out=lambda: frozenset({"johnstone2000"})))
    with pytest.raises(PagetError, match="patients of 'bloom_middlesex' are among those of a study that is held out"):
        targets_from(spoilt(tmp_path, lambda d: None))


def test_a_contrast_is_that_of_the_last_look():
    """Deaths are simulated until the last data cut: the hazard ratio of an earlier look is no partner, wherever it stands."""
    from paget.calibration.contrast import published_contrast
    from paget.study import load_protocol

    protocol = load_protocol("mf07-01")
    turned = protocol.model_copy(update={"published": protocol.published[::-1]})
    assert published_contrast(turned) == published_contrast(protocol) and published_contrast(turned).evidence == "mf0701-10y"
