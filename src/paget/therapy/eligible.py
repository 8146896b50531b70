"""Who may get a therapy: conditions on what the clinic knows, and the reason told where one is not met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from paget.biology.layout import SUBTYPES
from paget.biology.markers import MARKERS
from paget.forms import Fault, Faults
from paget.forms.quantities import Block, Number, Text

Subtype = Literal["HR+/HER2-", "HR+/HER2+", "HR-/HER2+", "TNBC"]
Place = Literal["bone", "liver", "lung", "brain", "skin", "distant-nodes", "regional-nodes", "breast"]
Ecog = Annotated[int, Field(strict=True, ge=0, le=4)]


class Biomarker(Block):
    """A biomarker that must be known, and what it must be (one level or several).

    A name of `paget.biology.markers.MARKERS` is an attribute of the patient, and who does not have the level is refused. The model does not
    carry any other: patients are taken to be chosen by it.
    """

    name: Text
    must_be: Text | tuple[Text, ...]

    @model_validator(mode="after")
    def _known_levels(self) -> Biomarker:
        if self.carried:
            levels = MARKERS[self.name].levels
            strange = [level for level in self.levels if level not in levels]
            if strange or not self.levels:
                raise Faults([Fault(("must_be",), f"is no level of {self.name}", strange[:1] or None, "of " + ", ".join(levels))])
        return self

    @property
    def carried(self) -> bool:
        """Whether the model carries it."""
        return self.name in MARKERS

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that are allowed."""
        return (self.must_be,) if isinstance(self.must_be, str) else self.must_be

    @property
    def text(self) -> str:
        """The condition in words."""
        return f"{self.name.replace('_', ' ')} {' or '.join(self.levels)}"


class Eligible(Block):
    """Conditions, all of which must hold; what is left out does not matter.

    ``after`` and ``not_after`` name classes of therapy (the key ``class`` of their files) that must, or must not, have been given before.
    ``contraindications`` are told to readers; the model does not carry them.
    """

    subtypes: tuple[Subtype, ...] = ()
    menopause: Literal["pre", "post"] | None = None
    age_at_least: Number | None = None
    age_at_most: Number | None = None
    ecog_at_most: Ecog | None = None
    sites: tuple[Place, ...] = ()
    biomarkers: tuple[Biomarker, ...] = ()
    after: tuple[Text, ...] = ()
    not_after: tuple[Text, ...] = ()
    contraindications: tuple[Text, ...] = ()
    sources: tuple[str, ...] = ()
    reason: Text | None = None

    @model_validator(mode="after")
    def _possible(self) -> Eligible:
        faults = []
        if self.age_at_least is not None and self.age_at_most is not None and self.age_at_least > self.age_at_most:
            faults.append(Fault(("age_at_most",), "leaves nobody", self.age_at_most, f"at least {self.age_at_least:g}"))
        both = sorted(set(self.after) & set(self.not_after))
        if both:
            faults.append(Fault(("not_after",), "contradicts after", both[0], fix="keep one of the two"))
        if self.conditions and self.reason is None and not self.sources:
            faults.append(Fault(("reason",), "is missing", expected="why these patients, or the sources that say so"))
        if faults:
            raise Faults(faults)
        return self

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions in words."""
        told = []
        if self.subtypes:
            told.append("subtype " + " or ".join(self.subtypes))
        if self.menopause is not None:
            told.append(f"{self.menopause}menopausal")
        if self.age_at_least is not None:
            told.append(f"age at least {self.age_at_least:g}")
        if self.age_at_most is not None:
            told.append(f"age at most {self.age_at_most:g}")
        if self.ecog_at_most is not None:
            told.append(f"ECOG at most {self.ecog_at_most}")
        if self.sites:
            told.append("disease in " + " or ".join(self.sites))
        told += [marker.text for marker in self.biomarkers]
        told += [f"after {name}" for name in self.after]
        told += [f"not after {name}" for name in self.not_after]
        return tuple(told)

    def refusals(self, patient: Mapping[str, Any]) -> list[str]:
        """Why a patient may not get it; empty if she may.

        Parameters
        ----------
        patient : mapping
            What is known of her, of: ``subtype``, ``menopause`` (pre, post), ``age_years``, ``ecog``, ``sites`` (places with visible
            disease), ``biomarkers`` (name to value), ``earlier`` (classes of therapy given before). What is left out is not judged.

        Examples
        --------
        >>> Eligible(subtypes=("TNBC",), reason="so tried").refusals({"subtype": "HR+/HER2-"})
        ['subtype HR+/HER2-: it is for TNBC']
        """
        why = []
        subtype, menopause, sites = patient.get("subtype"), patient.get("menopause"), patient.get("sites")
        age, ecog = patient.get("age_years"), patient.get("ecog")
        if self.subtypes and subtype is not None and subtype not in self.subtypes:
            why.append(f"subtype {subtype}: it is for {' or '.join(self.subtypes)}")
        if self.menopause is not None and menopause is not None and menopause != self.menopause:
            why.append(f"{menopause}menopausal: it is for {self.menopause}menopausal women")
        if age is not None and self.age_at_least is not None and age < self.age_at_least:
            why.append(f"age {age:g}: it is from {self.age_at_least:g} on")
        if age is not None and self.age_at_most is not None and age > self.age_at_most:
            why.append(f"age {age:g}: it is up to {self.age_at_most:g}")
        if ecog is not None and self.ecog_at_most is not None and ecog > self.ecog_at_most:
            why.append(f"ECOG {ecog}: it is up to {self.ecog_at_most}")
        if self.sites and sites is not None and not set(sites) & set(self.sites):
            why.append(f"disease in {', '.join(sites) or 'no place'}: it is for {' or '.join(self.sites)}")
        known = patient.get("biomarkers", {})
        for marker in self.biomarkers:
            if marker.name in known and known[marker.name] not in marker.levels:
                why.append(f"{marker.name.replace('_', ' ')} {known[marker.name]}: it must be {' or '.join(marker.levels)}")
        if "earlier" in patient:
            earlier = set(patient["earlier"])
            why += [f"no {name} before: it is given after" for name in self.after if name not in earlier]
            why += [f"{name} before: it is not given after" for name in self.not_after if name in earlier]
        return why

    def counterexamples(self) -> list[dict[str, Any]]:
        """One patient for each condition who fails it."""
        made: list[dict[str, Any]] = []
        others = [subtype for subtype in SUBTYPES if subtype not in self.subtypes]
        if self.subtypes and others:
            made.append({"subtype": others[0]})
        if self.menopause is not None:
            made.append({"menopause": "pre" if self.menopause == "post" else "post"})
        if self.age_at_least is not None:
            made.append({"age_years": self.age_at_least - 1.0})
        if self.age_at_most is not None:
            made.append({"age_years": self.age_at_most + 1.0})
        if self.ecog_at_most is not None and self.ecog_at_most < 4:
            made.append({"ecog": self.ecog_at_most + 1})
        if self.sites:
            made.append({"sites": ()})
        for marker in self.biomarkers:
            others = [level for level in MARKERS[marker.name].levels if level not in marker.levels] if marker.carried else []
            made.append({"biomarkers": {marker.name: others[0] if others else f"not {marker.levels[0]}"}})
        made += [{"earlier": tuple(other for other in self.after if other != name)} for name in self.after]
        made += [{"earlier": (*self.after, name)} for name in self.not_after]
        return made
