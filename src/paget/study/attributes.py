"""What a clinic can see of a patient at diagnosis: the only things a protocol may ask about.

Attributes are columns of the patients' table, or plain derivations of one or two of them (`derived`),
because trials stratify by "hormone receptors" or "one organ or several" and not by the column that holds
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from paget.errors import nearest

if TYPE_CHECKING:
    import polars as pl

SUBTYPES = ("HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC")
Kind = Literal["number", "count", "category", "flag"]


@dataclass(frozen=True)
class Attribute:
    """One thing the clinic sees: its kind, unit, possible values and meaning."""

    name: str
    kind: Kind
    about: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    derived: tuple[str, ...] = ()

    @property
    def ordered(self) -> bool:
        """Whether at_least, above and their like make sense."""
        return self.kind in ("number", "count")

    @property
    def expects(self) -> str:
        """What a value of this attribute looks like, for messages."""
        if self.kind == "flag":
            return "true or false"
        if self.kind == "category":
            return "one of " + ", ".join(self.levels)
        unit = f" ({self.unit})" if self.unit else ""
        return f"a number from {self.low:g} to {self.high:g}{unit}"

    def holds(self, value: object) -> bool:
        """Whether a value is possible for this attribute."""
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "category":
            return isinstance(value, str) and value in self.levels
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high


def _all() -> dict[str, Attribute]:
    listed = [
        Attribute("age_years", "number", "age at diagnosis", "years", low=15, high=110),
        Attribute("menopause", "category", "menopausal status", levels=("pre", "post")),
        Attribute("ecog", "count", "ECOG performance status", low=0, high=4),
        Attribute("comorbidity", "count", "comorbidity score", low=0, high=3),
        Attribute("subtype", "category", "receptors", levels=SUBTYPES),
        Attribute("histology", "category", "histology", levels=("ductal", "lobular")),
        Attribute("primary_cm", "number", "measured diameter of the primary", "cm", low=0, high=40),
        Attribute("nodes", "category", "involved axillary nodes", levels=("N0", "N1-3", "N4+")),
        Attribute("n_metastases", "count", "visible metastases", low=0, high=1000),
        Attribute("n_sites", "count", "organs with visible metastases", low=0, high=10),
        Attribute(
            "site_group", "category", "pattern of spread", levels=("bone only", "visceral", "brain", "other")
        ),
        Attribute("solitary_bone", "flag", "one bone metastasis and nothing else"),
        Attribute("n_liver", "count", "visible metastases in the liver", low=0, high=1000),
        Attribute("largest_liver_cm", "number", "largest visible metastasis in the liver; 0: none", "cm", low=0, high=40),
        Attribute("n_skin", "count", "visible metastases in skin and chest wall", low=0, high=1000),
        Attribute("largest_skin_cm", "number", "largest visible metastasis in skin and chest wall; 0: none", "cm", low=0, high=40),
        Attribute("disease_free_months", "number", "operation to relapse; unknown in de novo disease", "months", low=0, high=600),
        Attribute("ctc_count", "count", "circulating tumour cells in 7.5 ml of blood", low=0, high=1_000_000),
        Attribute("germline_brca", "category", "germline BRCA1 or BRCA2", levels=("wild type", "mutated")),
        Attribute("pd_l1", "category", "PD-L1: positive from a combined positive score of 10 on", levels=("negative", "positive")),
        Attribute("egfr", "category", "over-expression of EGFR", levels=("negative", "positive")),
        Attribute("cxcr4", "category", "CXCR4 of the primary", levels=("negative", "positive")),
        Attribute("ccr7", "category", "CCR7 of the primary", levels=("negative", "positive")),
        Attribute("vegf", "category", "VEGF of the primary", levels=("low", "high")),
        Attribute("her2_expression", "category", "HER2 on the cells; positive is HER2+", levels=("zero", "low", "positive")),
        Attribute("ki67_percent", "number", "Ki-67 of the primary", "per cent", low=0, high=100),
        Attribute("presentation", "category", "how metastases came to light", levels=("de novo", "relapse", "early")),
    ]
    listed += [
        Attribute(organ, "flag", f"visible metastasis: {organ.replace('_', ' ')}")
        for organ in ("bone", "liver", "lung", "brain", "skin", "distant_nodes")
    ]
    pair = ("positive", "negative")
    listed += [
        Attribute(
            "hormone_receptor", "category", "ER or PR positive, or neither", levels=pair, derived=("subtype",)
        ),
        Attribute("her2", "category", "HER2 status", levels=pair, derived=("subtype",)),
        Attribute("bone_only", "flag", "metastases in bone and nowhere else", derived=("site_group",)),
        Attribute(
            "visceral", "flag", "metastasis in liver, lung or brain", derived=("liver", "lung", "brain")
        ),
        Attribute(
            "metastases_group",
            "category",
            "number of metastases",
            levels=("1-3", "4+"),
            derived=("n_metastases",),
        ),
        Attribute(
            "organs_group", "category", "organs involved", levels=("one", "several"), derived=("n_sites",)
        ),
        Attribute(
            "liver_only", "flag", "metastases in the liver and nowhere else", derived=("liver", "n_sites")
        ),
        Attribute(
            "oligometastatic",
            "flag",
            "at most 3 metastases, all in one organ",
            derived=("n_metastases", "n_sites"),
        ),
    ]
    return {attribute.name: attribute for attribute in listed}


ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(_all())


def did_you_mean(name: str) -> str:
    """Advice for an attribute that does not exist: the nearest one, by stem where only the unit differs."""
    stem = name.rsplit("_", 1)[0]
    for attribute in ATTRIBUTES.values():
        if attribute.unit and attribute.name.rsplit("_", 1)[0] == stem and "_" in name:
            return f"did you mean {attribute.name!r}? It is in {attribute.unit}: convert the value"
    guess = nearest(name, ATTRIBUTES)
    return f"did you mean {guess!r}?" if guess else "the attributes are listed in docs/protocols.md"


def columns(names: list[str]) -> list[str]:
    """Columns of the patients' table that these attributes need, each once, in order."""
    needed: dict[str, None] = {}
    for name in names:
        for column in ATTRIBUTES[name].derived or (name,):
            needed[column] = None
    return list(needed)


def expression(name: str) -> pl.Expr:
    """Polars expression of an attribute on the patients' table."""
    import polars as pl

    def either(test: pl.Expr, yes: str, no: str) -> pl.Expr:
        return pl.when(test).then(pl.lit(yes)).when(test.is_not_null()).then(pl.lit(no)).otherwise(None)

    derived: dict[str, Any] = {
        "hormone_receptor": lambda: either(pl.col("subtype").str.starts_with("HR+"), "positive", "negative"),
        "her2": lambda: either(pl.col("subtype").str.ends_with("HER2+"), "positive", "negative"),
        "bone_only": lambda: pl.col("site_group") == "bone only",
        "visceral": lambda: pl.col("liver") | pl.col("lung") | pl.col("brain"),
        "metastases_group": lambda: either(pl.col("n_metastases") <= 3, "1-3", "4+"),
        "organs_group": lambda: either(pl.col("n_sites") <= 1, "one", "several"),
        "liver_only": lambda: pl.col("liver") & (pl.col("n_sites") == 1),
        "oligometastatic": lambda: (pl.col("n_metastases") <= 3) & (pl.col("n_sites") == 1),
    }
    made: pl.Expr = derived[name]() if name in derived else pl.col(name)
    return made.alias(name)
