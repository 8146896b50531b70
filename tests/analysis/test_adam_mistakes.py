"""What a user may get wrong in a table is told plainly, never as a traceback; CNSR is turned right."""

import numpy as np
import polars as pl
import pytest
from made_up_trial import adam_trial

from paget.analysis import Survival, arm_column, cox, kaplan_meier, logrank, maxcombo, read_endpoint, rmst
from paget.errors import PagetError


@pytest.fixture
def tables():
    return adam_trial()


def test_cnsr_zero_is_the_event(tables):
    """CNSR 0 is an event, 1 censored, and 2 with DEATH a competing event: exactly once, here."""
    adsl, adtte = tables
    data = read_endpoint(adsl, adtte, "TTLRP")
    rows = adtte.filter(pl.col("PARAMCD") == "TTLRP")
    assert data.survival.n_events == (rows["CNSR"] == 0).sum() > 0
    assert (data.cause == 2).sum() == (rows["CNSR"] == 2).sum() > 0
    assert not (data.survival.event & (data.cause == 2)).any()
    assert data.survival.time_months == pytest.approx(rows["AVAL"].to_numpy())


def test_units_are_turned_into_months(tables):
    """The same trial in days gives the same months."""
    adsl, adtte = tables
    days = adtte.with_columns(AVAL=pl.col("AVAL") * 30.4375, ENTRY=pl.col("ENTRY") * 30.4375, AVALU=pl.lit("days"))
    one, two = (read_endpoint(adsl, t, "OSDX") for t in (adtte, days))
    assert one.survival.time_months == pytest.approx(two.survival.time_months)
    assert one.entry == pytest.approx(two.entry)


def test_populations_and_arms(tables):
    """Per protocol goes by the flag, as treated by TRT01A; codes and names both find an arm."""
    adsl, adtte = tables
    everyone, kept = (
        read_endpoint(adsl, adtte, "OS"),
        read_endpoint(adsl, adtte, "OS", population="per-protocol"),
    )
    assert len(kept) == (adsl["PPROTFL"] == "Y").sum() < len(everyone)
    planned = arm_column(everyone, "LRT", "SYS")
    assert (planned == arm_column(everyone, "systemic+lrt", "systemic")).all()
    actual = arm_column(everyone, "LRT", "SYS", as_treated=True)
    assert actual.sum() == (adsl["TRT01A"] == "systemic+lrt").sum() < planned.sum()


def change(column, value, where="OS"):
    """ADTTE with the first row of one parameter spoilt."""

    def spoil(adsl, adtte):
        first = (pl.col("PARAMCD") == where) & (pl.col("USUBJID") == "P-0000")
        return adsl, adtte.with_columns(pl.when(first).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))

    return spoil


MISTAKES = {
    "a negative time": (change("AVAL", -3.0), "negative"),
    "a missing time": (change("AVAL", None), "missing"),
    "an infinite time": (change("AVAL", float("inf")), "infinite"),
    "a negative CNSR": (change("CNSR", -1), "CNSR"),
    "a missing CNSR": (change("CNSR", None), "CNSR"),
    "an unknown unit": (change("AVALU", "MONTH"), "'MONTHS'"),
    "no unit": (change("AVALU", None), "unit"),
    "entry after exit": (change("ENTRY", 900.0), "enters after leaving"),
    "no CNSR column": (lambda a, t: (a, t.drop("CNSR")), "no column CNSR"),
    "a misspelt column": (lambda a, t: (a, t.rename({"AVAL": "AVALL"})), "'AVALL'"),
    "no such endpoint": (lambda a, t: (a, t.filter(pl.col("PARAMCD") != "OS")), "no endpoint"),
    "a patient twice in ADSL": (lambda a, t: (pl.concat([a, a.head(1)]), t), "twice"),
    "a patient twice in ADTTE": (lambda a, t: (a, pl.concat([t, t.head(1)])), "twice"),
    "a stranger": (lambda a, t: (a.filter(pl.col("USUBJID") != "P-0000"), t), "not in ADSL"),
    "a patient without a row": (
        lambda a, t: (a, t.filter((pl.col("USUBJID") != "P-0000") | (pl.col("PARAMCD") != "OS"))),
        "no row of OS",
    ),
    "nobody in ITT": (lambda a, t: (a.with_columns(ITTFL=pl.lit("")), t), "no patient is in the itt"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told(tables, name):
    """Each mistake in a table raises one error whose message names it."""
    spoil, words = MISTAKES[name]
    with pytest.raises(PagetError) as caught:
        read_endpoint(*spoil(*tables), "OS")
    assert words in str(caught.value)


def test_a_dropped_patient_is_dropped_only_when_asked(tables):
    """A patient without a row is an error by default and left out when asked."""
    adsl, adtte = tables
    part = adtte.filter(pl.col("USUBJID") != "P-0000")
    assert len(read_endpoint(adsl, part, "OS", incomplete="drop")) == adsl.height - 1


def test_a_death_on_the_day_of_entry_counts(tables):
    """Someone who dies at the moment of randomisation is still at risk then."""
    adsl, adtte = change("AVAL", 6.0, "OSDX")(*tables)
    adsl, adtte = change("ENTRY", 6.0, "OSDX")(adsl, adtte)
    adsl, adtte = change("CNSR", 0, "OSDX")(adsl, adtte)
    data = read_endpoint(adsl, adtte, "OSDX")
    curve = kaplan_meier(data.survival.time_months, data.survival.event, entry=data.entry)
    assert curve.events[np.searchsorted(curve.time, 6.0)] == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kaplan_meier([], []), "no patient"),
        (lambda: kaplan_meier([1, 2], [1]), "one length"),
        (lambda: kaplan_meier([1, -2], [1, 1]), "negative"),
        (lambda: kaplan_meier([1, 2], [1, 2]), "other than 0 and 1"),
        (lambda: kaplan_meier([1, 2], [1, 1], ci="loglog"), "log-log"),
        (lambda: kaplan_meier([1, 2], [1, 1], entry=[0, 2]), "enter at or after"),
        (lambda: kaplan_meier([1, 2], [1, 1], weights=[1, -1]), "positive"),
        (lambda: logrank([1, 2], [0, 0], [0, 1]), "no patient had the event"),
        (lambda: logrank([1, 2], [1, 1], [1, 1]), "only one group"),
        (lambda: maxcombo([1, 2, 3], [1, 1, 1], ["a", "b", "c"]), "exactly two"),
        (lambda: cox([1, 2], [0, 0], {"a": [0, 1]}), "no patient had the event"),
        (lambda: cox([1, 2, 3], [1, 1, 1], {"a": [1, 1, 1]}), "does not vary"),
        (lambda: cox([1, 2, 3], [1, 1, 1], {"a": [1, 0, 1], "b": [2, 0, 2]}), "repeat"),
        (lambda: cox([1, 2, 3], [1, 1, 1], {"a": [1, np.nan, 1]}), "missing"),
        (lambda: cox([1, 2], [1, 1], {}), "at least one covariate"),
        (lambda: rmst([1, 2, 3], [1, 1, 0], 5), "beyond the follow-up"),
        (lambda: Survival(np.array([1.0, np.nan]), np.array([True, False])), "missing"),
    ],
)
def test_mistakes_in_arrays_are_told(call, words):
    """Arrays that cannot be are refused in words."""
    with pytest.raises(PagetError, match=words):
        call()
