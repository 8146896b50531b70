"""Citing what was used: a short reference for text, BibTeX for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable

from paget.evidence.models import Study
from paget.evidence.store import EvidenceBase, load

_NAME = r"(?:van der |van |de )?[A-Z][\w'’-]*(?: [a-z]{2,3})?(?: [A-Z][\w'’-]+)* [A-Z]{1,4}"
_ARTICLE = re.compile(
    rf"^(?P<authors>{_NAME}(?:, {_NAME})*)(?P<others> et al\.)?,? (?:\([^)]*\), )?"
    r"(?P<journal>e?[A-Z][^;:()0-9,]+?)"
    + (
        _ISSUE := r" (?P<year>\d{4});(?P<volume>\d+)"
        r"(?:\((?P<number>[^)]+)\))?(?::(?P<pages>[\w-]+))?"
    )
)
_TITLED = re.compile(r"^(?P<title>[^;]{15,}?)[,.] (?P<journal>(?:The )?[A-Z][A-Za-z ]+?)" + _ISSUE)
_YEAR = re.compile(r"\b(19[4-9]\d|20\d\d)\b")
_LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": "", "}": "", "\\": "/", "~": r"\~{}",
     "^": r"\^{}"}
)  # fmt: skip


def reference(study: Study) -> str:
    """Give a reference short enough for a table: first author, year, and the DOI or PMID if there is one.

    Examples
    --------
    >>> reference(load()["e2108"])
    'Khan 2022, doi:10.1200/JCO.21.02006'
    >>> reference(load()["gim13_ambra"])
    'GIM 13-AMBRA (PMC10777910)'
    """
    where = f", doi:{study.doi}" if study.doi else f", PMID {study.pmid}" if study.pmid else ""
    article = _ARTICLE.match(study.citation)
    if article is None:
        short = study.citation.split(";")[0]
        return (short if len(short) <= 90 else short[:87] + "...") + where
    first = re.sub(r" [A-Z]{1,4}$", "", article["authors"].split(",")[0])
    return f"{first} {article['year']}{where}"


def bibtex(ids: Iterable[str], base: EvidenceBase | None = None) -> str:
    """Write BibTeX of the studies, each once, sorted by id; old ids are resolved.

    Titles are not part of the evidence base: an article has author, journal, year, volume, pages and DOI.
    A source that is no journal article becomes ``@misc`` with its citation as title. A retracted study
    says so in its ``note``.

    Raises
    ------
    PagetError
        For an id that does not exist.

    Examples
    --------
    >>> print(bibtex(["e2108"]))
    @article{e2108,
      author = {Khan, SA and others},
      journal = {J Clin Oncol},
      year = {2022},
      volume = {40},
      number = {9},
      pages = {978--987},
      doi = {10.1200/JCO.21.02006},
      note = {PMID 34995128},
    }
    """
    base = load() if base is None else base
    studies = {base.resolve(name) for name in ids}
    return "\n\n".join(_entry(base[name]) for name in sorted(studies))


def _entry(study: Study) -> str:
    article = _ARTICLE.match(study.citation) or _TITLED.match(study.citation)
    fields: dict[str, str] = {}
    if article is not None:
        parts = article.groupdict()
        if "title" in parts:
            fields["title"] = f"{{{parts['title'].translate(_LATEX)}}}"
        else:
            names = [re.sub(r" ([A-Z]{1,4})$", r", \1", name) for name in parts["authors"].split(", ")]
            fields["author"] = " and ".join(names + ["others"] * bool(parts["others"])).translate(_LATEX)
        fields |= {
            "journal": parts["journal"].translate(_LATEX),
            "year": parts["year"],
            "volume": parts["volume"],
            "number": parts["number"] or "",
            "pages": (parts["pages"] or "").replace("-", "--"),
        }
    else:
        year = _YEAR.search(study.citation)
        fields = {"title": f"{{{study.citation.translate(_LATEX)}}}", "year": year[0] if year else ""}
    fields["doi"] = study.doi or ""
    notes = ["RETRACTED"] if study.retracted else []
    notes += [f"PMID {study.pmid}"] if study.pmid else []
    fields["note"] = "; ".join(notes)
    body = "\n".join(f"  {key} = {{{text}}}," for key, text in fields.items() if text)
    return f"@{'article' if article else 'misc'}{{{study.id},\n{body}\n}}"
