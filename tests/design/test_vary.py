"""Assures that --vary makes every combination and tells mistakes with the nearest name."""

import pytest

from paget.design.options import DesignOptions
from paget.design.vary import change, parse_vary, scenarios
from paget.errors import PagetError
from paget.study import load_protocol


@pytest.fixture(scope="module")
def protocol():
    """A shipped protocol."""
    return load_protocol("mf07-01")


def test_all_combinations_in_order(protocol):
    """The last key varies fastest; protocol, design, switches and parameters change."""
    vary = parse_vary(["n=200,400", "design.looks=[0.5,1],[1]", "switches.residual=0,1", "parameters.wound_days=20"])
    made = scenarios(protocol, vary)
    assert len(made) == 8 and [one.number for one in made] == list(range(8))
    assert [one.protocol.accrual.patients for one in made] == [200] * 4 + [400] * 4
    assert made[0].options.looks == (0.5, 1.0) and made[2].options.looks == (1.0,)
    assert (made[0].parameters["switch_residual"], made[1].parameters["switch_residual"]) == (0.0, 1.0)
    assert made[0].parameters["wound_days"] == 20.0
    assert made[0].label == "accrual.patients = 200, design.looks = [0.5, 1], switches.residual = 0, parameters.wound_days = 20"
    assert len(scenarios(protocol, {})) == 1


def test_a_shorter_trial_leaves_out_later_read_outs(protocol):
    """A data cut before the last landmark is no mistake of the user; results of the real trial do not belong to another one."""
    changed = change(protocol, {"follow_up.data_cut_months": 36})
    assert max(changed.analyses.landmarks_months) <= 96 and changed.analyses.rmst_tau_months <= 96
    assert changed.published == () and changed.population == protocol.population


def test_keys_that_the_file_leaves_out_can_be_varied(protocol):
    """Slow accrual: two keys that the protocol does not give."""
    changed = change(protocol, {"accrual.pattern": "ramp", "accrual.ramp_months": 18})
    assert changed.accrual.ramp_months == 18


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("patients=200", "did you mean 'accrual.patients'"),
        ("accrual.pateints=200", "did you mean 'accrual.patients'"),
        ("follow_up.data_cut=36", "did you mean 'follow_up.data_cut_months'"),
        ("design.alfa=0.01", "did you mean 'alpha'"),
        ("switches.residul=0", "did you mean 'residual'"),
        ("parameters.wound_day=0", "did you mean 'wound_days'"),
        ("arms.systemic.crossover.fractions=0.1", "did you mean 'arms.systemic.crossover.fraction'"),
        ("n=0", "accrual.patients"),
        ("n=200.5", "accrual.patients"),
        ("n=", "takes a key and values"),
        ("n", "takes a key and values"),
        ("n=[200", "cannot be read"),
        ("n=200,200", "given twice"),
        ("design.looks=[0.5,0.4,1]", "increase"),
        ("design.looks=[0.5]", "not looks"),
        ("design.boundary=pocok", "did you mean 'pocock'"),
        ("design.futility=hsd:-2", "futility needs a look"),
        ("design.alpha=0.7", "between 0 and 0.5"),
        ("design.subgroup=solitary", "did you mean 'solitary-bone'"),
        ("design.arm=surgery", "no experimental arm"),
        ("design.test=wilcoxon", "no test named"),
        ("design.binding=1", "true or false"),
        ("design.accrual_per_month=-1", "more than 0"),
        ("accrual.pattern=rampant", "accrual.pattern"),
    ],
)
def test_mistakes_are_told(protocol, given, says):
    """One message; an unknown key with its nearest neighbour."""
    with pytest.raises(PagetError, match=says.replace(".", r"\.").replace("[", r"\[")):
        scenarios(protocol, parse_vary([given]))


def test_more_mistakes(protocol):
    """A key twice, too many scenarios, looks with a test that cannot have them."""
    with pytest.raises(PagetError, match="varied twice"):
        parse_vary(["n=1", "accrual.patients=2"])
    with pytest.raises(PagetError, match="so many scenarios"):
        scenarios(protocol, {"accrual.patients": list(range(100, 160)), "accrual.months": list(range(1, 61))})
    with pytest.raises(PagetError, match="looks need the log-rank test"):
        DesignOptions(test="rmst", looks=(0.5, 1.0)).check(protocol)


def test_the_pattern_of_accrual_can_be_varied_where_the_protocol_has_a_ramp():
    """The months of the ramp go with the pattern; a ramp that is asked for stays."""
    protocol = load_protocol("srfa-oligo")
    assert protocol.accrual.pattern == "ramp"
    assert change(protocol, {"accrual.pattern": "uniform"}).accrual.ramp_months is None
    assert change(protocol, {"accrual.pattern": "ramp"}).accrual.ramp_months == protocol.accrual.ramp_months
    with pytest.raises(PagetError, match="belongs to pattern: ramp"):
        change(protocol, {"accrual.pattern": "uniform", "accrual.ramp_months": 3})


def test_figures_say_what_a_fraction_is_of():
    """No label is cut before the value that tells scenarios apart."""
    one = scenarios(load_protocol("mf07-01"), {"accrual.patients": [200], "drop_out.fraction_per_year": [0.05]})[0]
    assert one.short_label == "patients 200, drop-out a year 0.05"
