"""Assures runs under a posterior: bytes that repeat, uncertainty of each kind apart, draws that are what they say."""


import numpy as np
import polars as pl
import pytest

from helpers import fingerprints
from paget import PagetError
from paget.engine import replicates as replicates_module
from paget.engine.draws import central_draw, default_draws, resolve_source
from paget.engine.one import course_of
from paget.engine.replicates import lots
from paget.engine.run import run
from paget.parameters import ParameterSet, declared
from paget.parameters.posterior import load

SMALL = {"patients": 40, "replicates": 5, "seed": 5, "parameters": "prior", "draws": 2, "twins": True}


@pytest.fixture(scope="module")
def prior():
    return load("prior")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run("mf07-01", out=tmp_path_factory.mktemp("runs") / "one", threads=1, **SMALL)


def test_replicates_are_dealt_to_the_draws(finished):
    """Each replicate names its draw; both draws are of the posterior and are lived by other patients."""
    draws = finished.replicates.sort("replicate")["draw"].to_list()
    assert draws == [finished.manifest["draws"][0]] * 3 + [finished.manifest["draws"][1]] * 2
    assert finished.replicates["replicate"].to_list() == [1, 2, 3, 4, 5]
    twins = finished.twins
    assert set(twins["draw"]) == {*finished.manifest["draws"], finished.manifest["central_draw"]}
    lived = [twins.filter(pl.col("draw") == draw)["gain_months"].to_numpy() for draw in finished.manifest["draws"]]
    assert not np.array_equal(lived[0][:40], lived[1][:40])


def test_each_kind_of_uncertainty_is_told_apart(finished):
    """Summary, manifest and report name sampling, parameters and Monte-Carlo; the structural part says that it was not computed."""
    spread = finished.hazard_ratio["replicates"]
    assert spread["draws"] == 2 and spread["count"] == 5 and spread["scale"] == "log"
    assert spread["sampling"]["sd"] > 0 and spread["parameter"]["sd"] >= 0 and spread["structural"] is None
    assert spread["sampling"]["low"] < spread["value"] < spread["sampling"]["high"]
    logs = np.log(finished.replicates["OS_log_hr"].exp().to_numpy())
    groups = [logs[:3], logs[3:]]
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / 3
    assert spread["sampling"]["sd"] == pytest.approx(np.sqrt(within))
    report = finished.report.read_text(encoding="utf-8")
    for kind in ("Monte-Carlo", "sampling", "parameters", "structure"):
        assert f'<th scope="row">{kind}</th>' in report
    assert "2 of 64 draws of the posterior" in report and "nearest to its middle" in report
    assert finished.manifest["posterior"] == load("prior").hash


def test_threads_and_pieces_and_resumption_change_no_byte(finished, tmp_path, monkeypatch):
    """Two threads and pieces of one replicate, interrupted once: every file is the same."""
    import paget.engine.run as module

    monkeypatch.setattr(replicates_module, "CHUNK", 1)
    live, lived = module.live_chunk, []

    def stop(*arguments):
        if len(lived) == 4:  # within the second draw
            raise KeyboardInterrupt
        lived.append(arguments)
        return live(*arguments)

    monkeypatch.setattr(module, "live_chunk", stop)
    with pytest.raises(KeyboardInterrupt):
        run("mf07-01", out=tmp_path / "other", threads=2, **SMALL)
    again = []
    monkeypatch.setattr(module, "live_chunk", lambda *a: again.append(a) or live(*a))
    other = run("mf07-01", out=tmp_path / "other", threads=2, **SMALL)
    assert len(again) == 1
    assert fingerprints(other.path) == fingerprints(finished.path)


def test_the_trial_shown_is_that_of_its_draw(finished, tmp_path, prior):
    """The trial in full is the one that its draw gives alone, and so is the course of a patient."""
    alone = run("mf07-01", out=tmp_path / "alone", patients=40, replicates=0, seed=5, parameters=prior.draw(central_draw(prior)))
    assert alone.adtte.equals(finished.adtte)
    told = course_of("mf07-01", 1, seed=5, parameters="prior")
    again = course_of("mf07-01", 1, seed=5, parameters=prior.draw(central_draw(prior)))
    assert [line for line in told.lines if "parameters" not in line] == [line for line in again.lines if "parameters" not in line]


def test_the_middle_draw_is_near_the_middle(prior):
    """The chosen draw lies nearer to the medians than nearly all others; medians themselves would be nearest."""
    middle = central_draw(prior)
    name = next(p.name for p in declared().values() if p.prior.distribution == "lognormal" and p.name in prior.frame.columns)
    values = np.log([prior.draw(i)[name] for i in range(len(prior))])
    assert abs(values[middle] - np.median(values)) < 3 * values.std()

    class Two:
        name, manifest = "two", {}

        def __len__(self):
            return 5

        def draw(self, i):
            return ParameterSet.point().with_values({"wound_days": [10.0, 30.0, 31.0, 60.0, 200.0][i]})

    assert central_draw(Two()) == 2


def test_draws_are_chosen_by_the_seed_and_nested(prior):
    """The same seed takes the same draws, more draws hold the fewer; another seed takes others; populations have seeds of their own."""

    def numbers(seed, draws):
        return [d.number for d in resolve_source(prior, draws=draws, replicates=100, seed=seed).draws]

    assert numbers(1, 10)[:4] == numbers(1, 4) and numbers(1, 10) != numbers(2, 10)
    source = resolve_source(prior, draws=8, replicates=8, seed=1)
    assert len({d.seed for d in source.draws} | {1}) == 9
    assert default_draws(200) == 20 and sum(len(which) for _, which in lots(203, 20)) == 203


def test_changes_reach_every_draw(prior):
    """A value that the user sets is set in each draw, and is told as the user's; the posterior's own values are not."""
    from paget.engine.run import resolve_request

    request = resolve_request(
        "mf07-01", parameters=prior, replicates=30, changes={"wound_days": 11.0}, switches={"residual": 0.0}
    )
    assert len(request.source.draws) == 3
    for one in (request.source.central, *(draw.parameters for draw in request.source.draws)):
        assert one["wound_days"] == 11.0 and one["switch_residual"] == 0.0
    assert request.changed == ("switch_residual", "wound_days")
    assert {**request.as_dict(), "draws": []} != request.as_dict()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"parameters": "prior", "draws": 100}, "so many draws cannot be taken"),
        ({"parameters": "prior", "draws": 6}, "the run has 5 replicates"),
        ({"parameters": "point", "draws": 3}, "one set of parameters has no draws"),
        ({"parameters": "infromed"}, "there is no posterior named"),
        ({"parameters": "nowhere.parquet"}, "there is no such file"),
    ],
)
def test_mistakes_are_told(options, said, tmp_path):
    """One message each, before anything is simulated."""
    with pytest.raises(PagetError, match=said):
        run("mf07-01", out=tmp_path / "x", patients=40, replicates=5, **options)
    assert not (tmp_path / "x").exists()


def test_the_default_says_what_it_used():
    """Without a word the blind posterior is taken; where none is shipped, point values, and the run says so."""
    from paget.parameters.posterior import shipped

    source = resolve_source(None, draws=None, replicates=20, seed=1)
    if "blind" in shipped():
        assert source.name == "blind" and len(source.draws) == 2 and source.note is None
    else:
        assert source.name == "point" and "no fitted posterior" in source.note


def test_structural_variants_stand_beside(finished, tmp_path):
    """The file beside a posterior gives the structural range of a trial's effect; values of the user's take it away."""
    import json

    from paget.engine.replicates import add_structures
    from paget.parameters.posterior import save
    from paget.parameters.variants import beside
    from paget.parameters.version import MODEL_VERSION

    save(load("prior").frame, tmp_path / "mine.parquet", "blind")
    assert beside(tmp_path / "mine.parquet") == {}
    effect = {"trial": "mf07-01", "sd_monte_carlo": 0.1, "draws": 100}
    data = {
        "request": {"model_version": MODEL_VERSION},
        "effects": [{**effect, "variant": "as-declared", "hazard_ratio": 0.9}, {**effect, "variant": "no-wound", "hazard_ratio": 0.8}],
        "misfit": [{"variant": "no-wound", "what": "An operation wakes nothing."}],
    }
    (tmp_path / "variants.json").write_text(json.dumps(data), encoding="utf-8")
    source = resolve_source(tmp_path / "mine.parquet", draws=2, replicates=5, seed=5)
    effects = source.variants["mf07-01"]
    assert [one.variant for one in effects] == ["as-declared", "no-wound"] and effects[1].mc_se_log == pytest.approx(0.01)
    records = json.loads((finished.path / "summary.json").read_text(encoding="utf-8"))
    for record in records:  # what stands beside the shipped posteriors is not what is tested here
        if record.get("replicates"):
            record["replicates"]["structural"] = None
    add_structures(records, effects, changed=True)
    assert not any((record.get("replicates") or {}).get("structural") for record in records)
    add_structures(records, effects, changed=False)
    marked = [record for record in records if (record.get("replicates") or {}).get("structural")]
    (one,) = marked
    assert one["measure"] == "hazard_ratio" and one["replicates"]["structural"]["low"] == 0.8
    (tmp_path / "variants.json").write_text(json.dumps({**data, "request": {"model_version": 0}}), encoding="utf-8")
    with pytest.raises(PagetError, match="another version of the model"):
        resolve_source(tmp_path / "mine.parquet", draws=2, replicates=5, seed=5)
    (tmp_path / "variants.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PagetError, match="not a comparison of variants"):
        resolve_source(tmp_path / "mine.parquet", draws=2, replicates=5, seed=5)
    save(load("prior").frame, tmp_path / "drawn.parquet", "prior")  # not fitted: what was fitted is not read beside it
    assert resolve_source(tmp_path / "drawn.parquet", draws=2, replicates=5, seed=5).variants == {}
