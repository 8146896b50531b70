"""Which studies read one register in the same years, and so share patients, though nobody says so."""

from __future__ import annotations

import re

from paget.evidence.models import Study

_YEAR = re.compile(r"(?:1[89]|20)\d\d")
ALWAYS = (0, 9999)


def years(study: Study) -> tuple[int, int]:
    """First and last year of enrolment; all years where the source prints none, open where it prints one with "since" or "from"."""
    told = study.population.enrolled or ""
    found = [int(year) for year in _YEAR.findall(told)]
    if not found:
        return ALWAYS
    if len(found) == 1 and re.search(r"since|from|after", told):
        return found[0], ALWAYS[1]
    return min(found), max(found)


def shared_registers(one: Study, other: Study) -> set[str]:
    """Registers that both read in overlapping years; none for a study and itself."""
    if one.id == other.id:
        return set()
    (a, b), (c, d) = years(one), years(other)
    return set(one.registers) & set(other.registers) if a <= d and c <= b else set()
