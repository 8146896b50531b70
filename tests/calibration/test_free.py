"""What a fit may move is declared in full, and varied parameters are never moved."""

from importlib.resources import files

import numpy as np
import pytest
import yaml

from paget.calibration.free import declared_space, space_from
from paget.calibration.targets import declared_targets
from paget.calibration.variants import space_of, variants
from paget.errors import PagetError
from paget.parameters import declared
from paget.parameters.priors import entries

TEXT = files("paget.calibration").joinpath("free.yaml").read_text(encoding="utf-8")


def test_every_number_with_a_prior_is_free_or_varied():
    """Nothing is forgotten, nothing stands twice."""
    space = declared_space()
    assert set(space.columns) == set(entries()) and len(space.columns) == len(set(space.columns))


def test_unmeasured_effects_of_the_primary_are_varied_not_fitted():
    """Immunity, suppression, the wound, operative death and residual disease: no anchor may move them."""
    space = declared_space()
    for name in (
        "immune_kill_per_day",
        "dormancy_suppression",
        "wound_awakening",
        "wound_switch",
        "operative_mortality",
        "residual_free_margin",
    ):
        assert name in space.varied and name in space.reasons
    assert not space.may_move(declared_targets())[len(space.free) :].any()


def test_drugs_cannot_be_moved_by_what_happens_before_any_drug():
    """Structural zeros: kill rates and lethality by stage at diagnosis."""
    space, targets = declared_space(), declared_targets()
    allowed = space.may_move(targets)
    row, column = space.columns.index("kill_factor[HER2]"), targets.ids.index("iv-hr-pos")
    assert not allowed[row, column]
    assert allowed[row, targets.ids.index("trastuzumab-orr")]
    assert allowed[space.columns.index("doubling_primary_days[luminal A]"), column]


def test_members_are_named_draws():
    """A column's draws do not depend on which other columns there are."""
    space = declared_space()
    few = space.without([p for p in {c.partition("[")[0] for c in space.columns} if p != "lethal_exponent"])
    assert np.array_equal(few.prior(7, 3)[:, 0], space.prior(9, 3)[:7, space.columns.index("lethal_exponent")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["blocks"]["growth"]["free"].append("doubling_primry_days"), "no parameter with a prior"),
        (lambda d: d["blocks"]["growth"]["free"].append("lethal_exponent"), "stands in two places"),
        (lambda d: d["blocks"]["growth"]["free"].remove("corr_growth_seeding"), "neither free nor varied"),
        (lambda d: d["blocks"]["growth"]["acts_on"].append("surgery"), "no kind of simulation"),
        (lambda d: d["varied"][0].pop("reason"), "Field required"),
        (lambda d: d["blocks"]["growth"]["free"].append("step_days"), "no parameter with a prior"),
    ],
)
def test_a_faulty_declaration_is_told(change, message):
    """Names that do not exist, stand twice, or are missing."""
    data = yaml.safe_load(TEXT)
    change(data)
    with pytest.raises(PagetError, match=message):
        space_from(yaml.safe_dump(data), "mine.yaml")


def test_variants_change_what_they_say():
    """Switches are off, tied parameters follow their source in every member, and leave the fit."""
    space = declared_space()
    assert variants()[0].id == "as-declared"
    for variant in variants():
        reduced, base = space_of(variant, space)
        values = reduced.values(reduced.prior(3, 1)[2], base)
        for name, off in variant.switches.items():
            assert values[f"switch_{name}"] == off
        for one, other in variant.same.items():
            assert values[one] == values[other] and not any(c.startswith(one) for c in reduced.columns)
        for name, number in variant.values.items():
            assert values[name] == number and declared()[name]
    assert {s for v in variants() for s in v.switches} >= {"immune", "wound", "self_seeding"}
