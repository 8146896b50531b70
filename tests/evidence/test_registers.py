"""Two studies of one register share patients where their years meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paget.errors import PagetError
from paget.evidence import load, pool_studies
from paget.evidence.registers import ALWAYS, shared_registers, years

BASE = load()
STUDY = BASE["taskindoust2021"]


def of(enrolled, registers=("seer",), name="made-up"):
    population = STUDY.population.model_copy(update={"enrolled": enrolled})
    return STUDY.model_copy(update={"id": name, "population": population, "registers": registers})


@pytest.mark.parametrize(
    ("enrolled", "expected"),
    [("1988-2016", (1988, 2016)), ("2005", (2005, 2005)), ("from 1977", (1977, ALWAYS[1])), ("since 1995", (1995, ALWAYS[1])),
     (None, ALWAYS), ("2012-02 to 2014-01", (2012, 2014)), ("1992-94", (1992, 1994)), ("1988/91", (1988, 1991)), ("2012-02", (2012, 2012)),
     ("until 2005", (ALWAYS[0], 2005)), ("2010 to present", (2010, ALWAYS[1])), ("Since 2010", (2010, ALWAYS[1])),
     ("the 1990s", (1990, 1999))],
)  # fmt: skip
def test_years_are_read_as_printed(enrolled, expected):
    """A period, a year, an open period, or none."""
    assert years(of(enrolled)) == expected


@given(st.tuples(*[st.integers(1950, 2020)] * 2), st.tuples(*[st.integers(1950, 2020)] * 2))
def test_sharing_is_mutual_and_needs_a_common_year_and_a_common_register(a, b):
    """As sets of years say it."""
    one, other = (of("{}-{}".format(*sorted(pair)), name=name) for pair, name in ((a, "one"), (b, "two")))
    common = set(range(min(a), max(a) + 1)) & set(range(min(b), max(b) + 1))
    assert shared_registers(one, other) == shared_registers(other, one) == ({"seer"} if common else set())
    assert not shared_registers(one, of("1900-2020", ("ncdb",)))
    assert not shared_registers(one, one)


def test_studies_that_read_a_register_name_it():
    """Who says SEER, NCDB or EBCTCG in words reads it in the data."""
    said = {"seer": "SEER", "ncdb": "NCDB", "ebctcg": "EBCTCG"}
    beside = {"seer_followup_standard", "malone2021_sites_table"}  # a rule of the register; a table quoted from elsewhere
    for study in BASE:
        for register, word in said.items():
            if word in study.citation or word in study.population.setting:
                quoted = study.kind == "meta-analysis" and register != "ebctcg"  # a review that names the registers of others
                assert register in study.registers or study.id in beside or quoted, study.id


def test_pooling_refuses_two_readings_of_one_register():
    """Unless it is told to pool them all the same."""
    with pytest.raises(PagetError, match="shares patients"):
        pool_studies(BASE, ["khan2002", "lane2019"], comparison={"lane2019": "surgery before systemic vs systemic only"})
