"""The rules of ADaM that a table must keep; they hold for tables of real trials too."""

from __future__ import annotations

import re

import polars as pl

from paget.errors import PagetError, unknown
from paget.tables import adverse, exposures, measurements, responses, subjects, times, treated
from paget.tables.labels import LABELS, RESPONSES

REQUIRED: dict[str, tuple[str, ...]] = {
    "adsl": ("STUDYID", "USUBJID", "SUBJID", "ARM", "TRT01P", "RANDDT", "ITTFL"),
    "adtte": ("STUDYID", "USUBJID", "PARAM", "PARAMCD", "AVAL", "CNSR", "TRTP"),
    "adrs": ("STUDYID", "USUBJID", "PARAM", "PARAMCD", "AVALC"),
    "adtr": ("STUDYID", "USUBJID", "PARAM", "PARAMCD", "AVAL"),
    "adex": ("STUDYID", "USUBJID", "TRTP", "EXTRT", "ASTDT", "AENDT"),
    "adae": ("STUDYID", "USUBJID", "TRTP", "AEDECOD", "AETOXGR", "ASTDT", "TRTEMFL"),
    "adles": ("STUDYID", "USUBJID", "TRTP", "TRLNKID", "TULOC", "SIZEMM", "LRESP", "AVAL", "CNSR"),
}
"""Variables without which a table is not of its kind."""

SCHEMAS: dict[str, tuple[str, ...]] = {
    "adsl": subjects.ORDER,
    "adtte": times.ORDER,
    "adrs": responses.ORDER,
    "adtr": measurements.ORDER,
    "adles": treated.ORDER,
    "adex": exposures.ORDER,
    "adae": adverse.ORDER,
}
"""Variables that Paget writes, in order."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
_SLACK = 1e-9


def validate(frame: pl.DataFrame, name: str) -> None:
    """Check a table against the rules of ADaM.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    name : str
        ``adsl``, ``adtte``, ``adrs``, ``adtr``, ``adles``, ``adex`` or ``adae``.

    Raises
    ------
    PagetError
        With every broken rule, one per line; `key` is the variable of the first.

    Examples
    --------
    >>> import polars as pl
    >>> validate(pl.DataFrame({"USUBJID": ["1"]}), "adsl")
    Traceback (most recent call last):
    ...
    paget.errors.PagetError: adsl: STUDYID: the table breaks 1 rule of ADaM
      got:      'variables missing: STUDYID, SUBJID, ARM, TRT01P, RANDDT, ITTFL'
      expected: the rules listed in docs/outputs.md
    """
    if name not in REQUIRED:
        raise unknown("table", name, REQUIRED)
    broken = problems(frame, name)
    if broken:
        raise PagetError(
            f"the table breaks {len(broken)} rule{'s' if len(broken) > 1 else ''} of ADaM",
            where=name,
            key=broken[0][0],
            got="; ".join(text for _, text in broken),
            expected="the rules listed in docs/outputs.md",
        )


def problems(frame: pl.DataFrame, name: str) -> list[tuple[str, str]]:
    """Every broken rule as (variable, what is wrong); empty where the table is right."""
    missing = [column for column in REQUIRED[name] if column not in frame.columns]
    if missing:
        return [(missing[0], f"variables missing: {', '.join(missing)}")]
    found = [*_names(frame), *_flags(frame), *_twins(frame)]
    if name == "adsl":
        twice = frame.filter(pl.col("USUBJID").is_duplicated())["USUBJID"].n_unique()
        if twice:
            found.append(("USUBJID", f"{twice} subjects have more than one row"))
        return found + _subject_dates(frame)
    if name in ("adex", "adae"):
        return [*found, *_occurrences(frame)]
    if name == "adles":
        return found + _lesions(frame)
    found += _parameters(frame)
    return found + {"adtte": _times, "adrs": _responses, "adtr": _measurements}[name](frame)


def _names(frame: pl.DataFrame) -> list[tuple[str, str]]:
    found = [(c, f"{c} is not a name of at most 8 capitals") for c in frame.columns if not _NAME.fullmatch(c)]
    return found + [(c, f"the label of {c} is longer than 40") for c in frame.columns if len(LABELS.get(c, "")) > 40]


def _flags(frame: pl.DataFrame) -> list[tuple[str, str]]:
    found = []
    for column in frame.columns:
        if column.endswith("FL"):
            strange = set(frame[column].drop_nulls().unique()) - {"Y", ""}
            if strange:
                found.append((column, f"{column} has values other than Y and blank: {sorted(map(str, strange))[:3]}"))
    return found


def _twins(frame: pl.DataFrame) -> list[tuple[str, str]]:
    """Check that a numeric twin has its variable and goes with it one to one (ADAM0005-0014)."""
    found = []
    for column in frame.columns:
        if column.endswith("FN") and f"{column[:-1]}L" not in frame.columns:
            found.append((column, f"{column} has no flag {column[:-1]}L"))
        elif column.endswith("FN"):
            wrong = frame.filter((pl.col(f"{column[:-1]}L") == "Y") != (pl.col(column) == 1))
            if wrong.height:
                found.append((column, f"{column} disagrees with its flag in {wrong.height} rows"))
        elif column.endswith("N") and column[:-1] in frame.columns:
            pairs = frame.select(column[:-1], column).drop_nulls().unique()
            if pairs[column].n_unique() != pairs.height or pairs[column[:-1]].n_unique() != pairs.height:
                found.append((column, f"{column} does not go one to one with {column[:-1]}"))
    return found


def _subject_dates(frame: pl.DataFrame) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    later = [c for c in ("DTHDT", "PDDT", "DPDDT", "LRPDT", "SURGDT", "LSTALVDT", "EOSDT") if c in frame.columns]
    if "DCUTDT" in frame.columns:
        for column in later:
            if frame.filter(pl.col(column) > pl.col("DCUTDT")).height:
                found.append((column, f"{column} lies after the data cut"))
    if "DTHFL" in frame.columns and "DTHDT" in frame.columns:
        wrong = frame.filter((pl.col("DTHFL") == "Y") != pl.col("DTHDT").is_not_null())
        if wrong.height:
            found.append(("DTHFL", f"DTHFL and DTHDT disagree in {wrong.height} rows"))
    return found


def _occurrences(frame: pl.DataFrame) -> list[tuple[str, str]]:
    """Courses and events: numbered once within a subject, ends not before beginnings."""
    found = []
    if "ASEQ" in frame.columns and frame.select("USUBJID", "ASEQ").is_duplicated().any():
        found.append(("ASEQ", "a number stands twice within a subject"))
    if {"ASTDT", "AENDT"} <= set(frame.columns) and frame.filter(pl.col("AENDT") < pl.col("ASTDT")).height:
        found.append(("AENDT", "an end lies before its beginning"))
    return found


def _parameters(frame: pl.DataFrame) -> list[tuple[str, str]]:
    codes = [str(code) for code in frame["PARAMCD"].unique(maintain_order=True)]
    found = [("PARAMCD", f"{code!r} is not a code of at most 8 capitals") for code in codes if not _NAME.fullmatch(code)]
    pairs = frame.select("PARAM", "PARAMCD").unique()
    if pairs["PARAM"].n_unique() != pairs.height or pairs["PARAMCD"].n_unique() != pairs.height:
        found.append(("PARAM", "PARAM does not go one to one with PARAMCD"))
    long = [p for p in pairs["PARAM"] if p is not None and len(p) > 200]
    if long:
        found.append(("PARAM", f"longer than 200: {long[0]!r}"))
    return found


def _times(frame: pl.DataFrame) -> list[tuple[str, str]]:
    """Rules of time to event, the meaning of CNSR first of all."""
    found = []

    def check(column: str, wrong: pl.Expr, words: str) -> None:
        count = frame.filter(wrong.fill_null(value=True)).height
        if count:
            found.append((column, f"{words} in {count} rows"))

    key = ["USUBJID", "PARAMCD"]
    if frame.select(key).is_duplicated().any():
        found.append(("USUBJID", "a subject has more than one row of a parameter"))
    if not frame["CNSR"].dtype.is_integer():
        found.append(("CNSR", "CNSR is not a whole number"))
        return found
    check("CNSR", pl.col("CNSR") < 0, "CNSR is missing or negative")
    check("AVAL", ~(pl.col("AVAL") >= 0), "AVAL is missing or negative")
    if {"EVNTDESC", "CNSDTDSC"} <= set(frame.columns):
        event, censored = pl.col("EVNTDESC").fill_null("") != "", pl.col("CNSDTDSC").fill_null("") != ""
        check("EVNTDESC", (pl.col("CNSR") == 0) & ~event, "an event (CNSR 0) has no EVNTDESC")
        check("CNSDTDSC", (pl.col("CNSR") == 0) & censored, "an event (CNSR 0) has a CNSDTDSC")
        check("CNSDTDSC", (pl.col("CNSR") > 0) & ~event & ~censored, "a censored time has no description")
    if "ENTRY" in frame.columns:
        check(
            "ENTRY",
            (pl.col("ENTRY") < 0) | (pl.col("ENTRY") > pl.col("AVAL") + _SLACK),
            "ENTRY is after AVAL",
        )
    if {"STARTDT", "ADT"} <= set(frame.columns):
        check("ADT", pl.col("ADT") < pl.col("STARTDT"), "ADT is before STARTDT")
    if "AVALU" in frame.columns:
        mixed = frame.group_by("PARAMCD").agg(pl.col("AVALU").n_unique()).filter(pl.col("AVALU") > 1)
        if mixed.height:
            found.append(("AVALU", f"several units in {mixed['PARAMCD'][0]}"))
    wide = frame.filter(pl.col("PARAMCD").is_in(["OS", "PFS"])).select("USUBJID", "PARAMCD", "AVAL")
    both = wide.filter(pl.col("PARAMCD") == "PFS").join(wide.filter(pl.col("PARAMCD") == "OS"), on="USUBJID")
    if (count := both.filter(pl.col("AVAL") > pl.col("AVAL_right") + _SLACK).height) > 0:
        found.append(("AVAL", f"PFS is longer than OS in {count} subjects"))
    return found


def _lesions(frame: pl.DataFrame) -> list[tuple[str, str]]:
    found = []
    if frame.select("USUBJID", "TRLNKID").is_duplicated().any():
        found.append(("TRLNKID", "a lesion has more than one row"))
    strange = set(frame["LRESP"].unique()) - set(RESPONSES)
    if strange:
        found.append(("LRESP", f"LRESP has {sorted(map(str, strange))[:3]}"))
    if frame.filter(~(pl.col("AVAL") >= 0)).height:
        found.append(("AVAL", "AVAL is missing or negative"))
    return found


def _responses(frame: pl.DataFrame) -> list[tuple[str, str]]:
    terms = {
        "OVR": set(RESPONSES),
        "BOR": set(RESPONSES),
        **{code: {"Y", "N"} for code in ("PD", "RSP", "CB", "CR", "RSP2")},
    }
    found = []
    for code, allowed in terms.items():
        strange = set(frame.filter(pl.col("PARAMCD") == code)["AVALC"].unique()) - allowed
        if strange:
            found.append(("AVALC", f"{code} has {sorted(map(str, strange))[:3]}"))
    once = frame.filter(pl.col("PARAMCD").is_in(["PD", "RSP", "CB", "BOR", "CR", "RSP2"])).select("USUBJID", "PARAMCD")
    if once.is_duplicated().any():
        found.append(("PARAMCD", "a subject has more than one row of a derived parameter"))
    return found


def _measurements(frame: pl.DataFrame) -> list[tuple[str, str]]:
    found = []
    if frame.filter(pl.col("AVAL") < 0).height:
        found.append(("AVAL", "a diameter is negative"))
    for change, reference in (("CHG", "BASE"), ("CHGNAD", "NADIR")):
        if {change, reference} <= set(frame.columns):
            gap = (pl.col("AVAL") - pl.col(reference) - pl.col(change)).abs()
            if frame.filter(gap > 1e-6).height:
                found.append((change, f"{change} is not AVAL - {reference}"))
    if "ABLFL" in frame.columns:
        twice = frame.filter(pl.col("ABLFL") == "Y").select("USUBJID", "PARAMCD")
        if twice.is_duplicated().any():
            found.append(("ABLFL", "a subject has two baselines of a parameter"))
    return found
