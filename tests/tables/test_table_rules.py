"""The checker refuses each breach of an ADaM rule, and the labels reach the file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hand_made_frames import STUDY, patients

from paget.errors import PagetError
from paget.tables import LABELS, adsl, adtte, read_labels, validate, write_table
from paget.tables.rules import SCHEMAS

TIMES = adtte(patients({"death_day": 400.0}, {}), STUDY)
SUBJECTS = adsl(patients({"death_day": 400.0}, {}), STUDY)


@pytest.mark.parametrize(
    ("breach", "key"),
    [
        (TIMES.drop("CNSR"), "CNSR"),
        (TIMES.with_columns(CNSR=pl.col("CNSR").cast(pl.Float64)), "CNSR"),
        (TIMES.filter(pl.col("PARAMCD") == "OS").with_columns(CNSR=1 - pl.col("CNSR")), "EVNTDESC"),
        (TIMES.with_columns(AVAL=-pl.col("AVAL") - 1), "AVAL"),
        (TIMES.with_columns(AVAL=pl.lit(None, dtype=pl.Float64)), "AVAL"),
        (pl.concat([TIMES, TIMES.head(1)]), "USUBJID"),
        (TIMES.with_columns(PARAMCD=pl.lit("os")), "PARAMCD"),
        (TIMES.with_columns(PARAM=pl.lit("Survival")).drop("PARAMN"), "PARAM"),
        (TIMES.with_columns(ITTFL=pl.lit("N")), "ITTFL"),
        (TIMES.with_columns(TRTPN=pl.int_range(pl.len())), "TRTPN"),
        (TIMES.rename({"STRATUM": "STRATUM_OF"}), "STRATUM_OF"),
        (TIMES.with_columns(ENTRY=pl.lit(1e4)), "ENTRY"),
        (TIMES.with_columns(AVAL=pl.when(pl.col("PARAMCD") == "PFS").then(1e4).otherwise("AVAL")), "AVAL"),
    ],
)
def test_each_breach_of_a_time_to_event_rule_is_named(breach: pl.DataFrame, key: str) -> None:
    """One broken rule, one message that names the variable."""
    validate(TIMES, "adtte")
    with pytest.raises(PagetError) as caught:
        validate(breach, "adtte")
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("breach", "key"),
    [
        (pl.concat([SUBJECTS, SUBJECTS]), "USUBJID"),
        (SUBJECTS.with_columns(PPROTFN=1 - pl.col("PPROTFN")), "PPROTFN"),
        (SUBJECTS.drop("SAFFL"), "SAFFN"),
        (SUBJECTS.with_columns(DTHFL=pl.lit("Y")), "DTHFL"),
        (SUBJECTS.with_columns(DCUTDT=pl.col("RANDDT")), "DTHDT"),
    ],
)
def test_each_breach_of_a_subject_rule_is_named(breach: pl.DataFrame, key: str) -> None:
    """Two rows of a subject, a twin without or against its flag, an event after the cut."""
    with pytest.raises(PagetError) as caught:
        validate(breach, "adsl")
    assert caught.value.key == key


def test_every_variable_has_a_label_of_at_most_forty() -> None:
    """Names are at most 8 capitals and each written variable has its own label."""
    for name, columns in SCHEMAS.items():
        assert [c for c in columns if c not in LABELS or not 0 < len(LABELS[c]) <= 40 or len(c) > 8] == [], name
        assert len(set(columns)) == len(columns)


def test_labels_and_values_come_back_from_the_file(tmp_path: Path) -> None:
    """Parquet keeps the table and its labels, with the same bytes each time and nothing left beside it."""
    path = write_table(TIMES, tmp_path / "adtte.parquet")
    first = path.read_bytes()
    write_table(TIMES, path)
    assert path.read_bytes() == first
    assert pl.read_parquet(path).equals(TIMES)
    assert read_labels(path)["CNSR"] == "Censor (0 = Event)"
    assert pq.read_schema(path).metadata[b"dataset"] == b"ADTTE"
    assert [p.name for p in tmp_path.iterdir()] == ["adtte.parquet"]
