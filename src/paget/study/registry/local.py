"""Local treatment of metastases as practised: who is in question for it, by which therapies, at what moment, and the choice.

What a therapy may treat, what it achieves and what it costs is in its own file (`paget.therapy`). A registry says whom clinicians think of,
how they share patients among the therapies that a patient's case allows, and when.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from paget.forms.faults import Fault
from paget.study.conditions import Condition
from paget.study.registry.choice import AfterInduction, Practice, Term, Upfront, term_faults
from paget.study.registry.words import Words, local_words
from paget.study.values import Block, Id, Positive

MOST_THERAPIES = 6


class Offered(Block):
    """One local therapy that clinicians of the registry use."""

    therapy: Id = Field(description="Id of a local therapy, such as rfa")
    weight: Positive = Field(description="How often it is taken, relative to the others that a patient's case allows")


class LocalOperation(Practice):
    """Local treatment of metastases as practised: two ways to it, the choice, and by which therapies."""

    procedure: Literal["local"]
    place: Literal["liver", "skin"] = Field(description="Organ whose metastases are treated; the registry's patients have some there")
    therapies: Annotated[tuple[Offered, ...], Field(min_length=1, max_length=MOST_THERAPIES)]
    offered: tuple[Condition, ...] = Field(
        default=(), description="Who is in question at diagnosis, beyond what the files of the therapies ask"
    )
    upfront: Upfront
    after_induction: AfterInduction
    choice: tuple[Term, ...] = Field(description="Log odds of being treated, of those in question, at diagnosis or after induction")

    @property
    def terms(self) -> list[tuple[tuple[str, ...], Term]]:
        """Every term with the key of its list."""
        listed = ((("upfront", "terms"), self.upfront.terms), (("choice",), self.choice))
        return [((*key, str(place)), term) for key, terms in listed for place, term in enumerate(terms)]

    @property
    def early_fraction(self) -> float:
        """Nobody is treated before metastases are found."""
        return 0.0

    @property
    def words(self) -> Words:
        """What it is called."""
        return local_words(self.place)

    def faults(self) -> list[Fault]:
        """Therapies named twice, conditions without a source, terms that ask before therapy how therapy went."""
        found = term_faults({"upfront": self.upfront.terms})
        names = [one.therapy for one in self.therapies]
        for row, name in enumerate(names):
            if name in names[:row]:
                found.append(Fault(("therapies", row, "therapy"), "is listed twice", name, fix="add the weights"))
        for row, condition in enumerate(self.offered):
            for key in ("source", "reason"):
                if getattr(condition, key) is None:
                    expected = "an evidence id, or 'assumed'" if key == "source" else "why clinicians ask for it"
                    found.append(Fault(("offered", row, key), "is missing", expected=expected))
        return found
