"""Which studies read one register in the same years, and so share patients, though nobody says so."""

from __future__ import annotations

import re

from paget.evidence.models import Study

_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_SHORT = re.compile(r"((?:1[89]|20)\d\d) ?[-–/] ?(\d\d)(?!\d)")
_DECADE = re.compile(r"((?:1[89]|20)\d0)s")
_OPEN = re.compile(r"\b(since|from|after|onwards?|present|now|ongoing)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(until|till|before|up to)\b", re.IGNORECASE)
ALWAYS = (0, 9999)


def years(study: Study) -> tuple[int, int]:
    """First and last year of enrolment: all years where the source prints none, open where it prints one with "since" or "until".

    ``1992-94`` is three years; so is ``2004-06`` where it stands alone, though June 2004 may be meant: rather too long than too short.
    """
    told = study.population.enrolled or ""
    found = [int(year) for year in _YEAR.findall(told)] + [int(year) + 9 for year in _DECADE.findall(told)]
    if not found:
        return ALWAYS
    if len(found) == 1:
        (year,) = found
        if short := _SHORT.search(told):
            return year, max(year, year // 100 * 100 + int(short[2]))
        if _UNTIL.search(told):
            return ALWAYS[0], year
        if _OPEN.search(told):
            return year, ALWAYS[1]
    return min(found), max(found)


def shared_registers(one: Study, other: Study) -> set[str]:
    """Registers that both read in overlapping years; none for a study and itself."""
    if one.id == other.id:
        return set()
    (a, b), (c, d) = years(one), years(other)
    return set(one.registers) & set(other.registers) if a <= d and c <= b else set()
