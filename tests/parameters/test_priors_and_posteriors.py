"""Priors on the normal scale are the declared ones; posteriors come back as written and refuse what they do not fit."""

import json

import numpy as np
import polars as pl
import pytest
from scipy import stats

from paget.errors import PagetError
from paget.parameters import ParameterSet, declared
from paget.parameters.posterior import load, save, shipped
from paget.parameters.priors import entries, normal_draws, prior_draws, values_of
from paget.therapy import library

ALL = list(entries().values())


def reference(entry):
    """The declared prior as scipy has it."""
    p, value = entry.prior, entry.value
    return {
        "lognormal": lambda: stats.lognorm(p.sd_log, scale=value),
        "normal": lambda: stats.truncnorm((entry.floor - value) / p.sd, np.inf, value, p.sd),
        "half-normal": lambda: stats.halfnorm(scale=p.sd),
        "beta": lambda: stats.beta(p.a, p.b),
        "uniform": lambda: stats.uniform(p.low, p.high - p.low),
        "logit-normal": lambda: None,
    }[p.distribution]()


@pytest.mark.parametrize("entry", ALL, ids=lambda e: e.column)
def test_the_scale_is_standard_normal_under_the_prior(entry):
    """Quantiles of the declared prior lie at the normal's quantiles, and the way back is the inverse."""
    z = np.array([-2.3, -0.7, 0.0, 0.4, 1.9])
    x = entry.to_value(z)
    assert np.all(np.diff(x) > 0)
    assert np.allclose(entry.to_z(x), z, atol=1e-6)
    law = reference(entry)
    if law is None:
        assert np.allclose(np.log(x / (1 - x)) - np.log(entry.value / (1 - entry.value)), z * entry.prior.sd)
    else:
        assert np.allclose(law.cdf(x), stats.norm.cdf(z), atol=1e-9)


@pytest.mark.parametrize("z", [-6.0, 6.0])
def test_far_tails_are_values_that_the_model_accepts(z):
    """Six deviations out, every entry is still a legal value."""
    values_of({entry.column: float(entry.to_value(z)) for entry in ALL})


def test_the_edge_of_a_prior_has_a_finite_place():
    """Effects that stand at zero have a place on the scale."""
    for entry in ALL:
        assert np.isfinite(entry.to_z(entry.value))


def test_draws_depend_on_seed_name_and_row_alone():
    """Asking for more columns or more rows changes none."""
    few, many = prior_draws(["lethal_exponent"], 5, 3), prior_draws(["founding_exponent", "lethal_exponent"], 9, 3)
    assert np.array_equal(few["lethal_exponent"], many["lethal_exponent"][:5])
    assert not np.array_equal(normal_draws("a", 5, 1), normal_draws("b", 5, 1))
    assert not np.array_equal(normal_draws("a", 5, 1), normal_draws("a", 5, 2))


def test_one_label_is_replaced_and_the_others_stay():
    """``name[label]`` touches one number."""
    changed = values_of({"lethal_burden_cm3[liver]": 123.0})
    point = ParameterSet.point()
    assert changed["lethal_burden_cm3"][1] == 123.0
    assert changed["lethal_burden_cm3"][2:] == point["lethal_burden_cm3"][2:]
    with pytest.raises(PagetError, match="no parameter with a prior"):
        values_of({"lethal_burden_cm3[livre]": 1.0})
    with pytest.raises(PagetError, match="no parameter with a prior"):
        values_of({"step_days": 1.0})


def test_shipped_posteriors_load_and_draw():
    """Each shipped one holds sets that the model accepts; its hash is that of its manifest."""
    assert "prior" in shipped()
    for name in shipped():
        posterior = load(name)
        assert posterior.hash == posterior.manifest["hash"] and len(posterior) == posterior.manifest["draws"]
        assert posterior.draw(0).hash != posterior.draw(len(posterior) - 1).hash
        assert posterior.point().changed == frozenset()
        with pytest.raises(PagetError, match="no such draw"):
            posterior.draw(len(posterior))


def test_prior_draws_are_marked_and_repeat():
    """The file ``prior`` is what its seed gives."""
    posterior = load("prior")
    assert not posterior.fitted
    for column, drawn in prior_draws(posterior.frame.columns, len(posterior), posterior.manifest["seed"]).items():
        assert np.allclose(posterior.frame[column].to_numpy(), drawn, rtol=1e-12)


def test_a_posterior_comes_back_as_it_was_written(tmp_path):
    """Written, read, the same; and a second writing gives the same bytes of manifest."""
    frame = pl.DataFrame(prior_draws(["lethal_exponent", "kill_factor[HER2]"], 4, 1))
    save(frame, tmp_path / "mine.parquet", "variant", seed=1)
    first = (tmp_path / "mine.json").read_bytes()
    assert load(tmp_path / "mine.parquet").frame.equals(frame)
    save(frame, tmp_path / "mine.parquet", "variant", seed=1)
    assert (tmp_path / "mine.json").read_bytes() == first


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: _edit(p, model_version=999), "another version of the model"),
        (lambda p: _edit(p, kind="guess"), "not the manifest"),
        (lambda p: p.with_suffix(".json").unlink(), "manifest of this posterior is missing"),
        (lambda p: p.with_suffix(".json").write_text("{"), "cannot be read as JSON"),
        (lambda p: p.write_bytes(b"PAR1 no"), "cannot be read as Parquet"),
        (lambda p: pl.DataFrame({"lethal_exponent": ["a"]}).write_parquet(p), "not a table of draws"),
        (lambda p: pl.DataFrame({"lethal_exponent": [float("nan")]}).write_parquet(p), "not a finite number"),
        (lambda p: pl.DataFrame({"lethal_exponant": [1.0]}).write_parquet(p), "no parameter with a prior"),
        (lambda p: pl.DataFrame(prior_draws(["lethal_exponent"], 3, 2)).write_parquet(p), "not those that the manifest"),
        (lambda p: p.unlink(), "no such file"),
    ],
)
def test_a_spoilt_posterior_is_told_in_one_message(tmp_path, spoil, message):
    """Another version, a missing manifest, nonsense in either file."""
    path = tmp_path / "x.parquet"
    save(pl.DataFrame(prior_draws(["lethal_exponent"], 3, 1)), path, "variant", seed=1)
    spoil(path)
    with pytest.raises(PagetError, match=message):
        load(path)


def _edit(path, **changes):
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | changes))


def test_an_unknown_name_is_told():
    """A name that is not shipped."""
    with pytest.raises(PagetError, match="no posterior named"):
        load("blnd")


def test_the_folder_of_a_fit_is_no_posterior_but_its_file_is_named(tmp_path):
    """Who gives the folder is told which file is meant."""
    save(pl.DataFrame(prior_draws(["lethal_exponent"], 3, 1)), tmp_path / "blind.parquet", "blind")
    with pytest.raises(PagetError, match=r"is a \.parquet file") as told:
        load(tmp_path)
    assert told.value.fix == f"name {tmp_path / 'blind.parquet'}"


def test_the_factor_of_a_family_scales_its_agents_and_no_other():
    """``kill_factor`` moves the kill of the family's agents in proportion."""
    base = library().agent_records()["kill"]
    assert np.array_equal(library().agent_records(ParameterSet.point())["kill"], base)
    changed = library().agent_records(values_of({"kill_factor[endocrine A]": 2.0}))["kill"]
    kills = [therapy.kills for therapy in library().agents.values()]
    mine = np.array([k is not None and k.axis == "endocrine" and k.family == "A" for k in kills])
    assert mine.any()
    assert np.array_equal(changed, np.where(mine, 2.0 * base, base))
    assert set(declared()["kill_factor"].values) == {1.0}
