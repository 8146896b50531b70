"""What a registry's treatment is called in tables, figures and reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """Words for one kind of treatment.

    Attributes
    ----------
    treatment : str
        As a column of data: "surgery".
    about : str
        As a title: "removal of the primary".
    act, done : str
        One of it ("operation"), and who had it ("operated").
    """

    treatment: str
    about: str
    act: str
    done: str

    @property
    def sham(self) -> str:
        """The same without any effect, as a title."""
        return f"{'an' if self.act[0] in 'aeiou' else 'a'} {self.act} without any effect"


SURGERY = Words("surgery", "removal of the primary", "operation", "operated")


def local_words(place: str) -> Words:
    """Words for local treatment of the metastases of one place."""
    return Words("local treatment", f"local treatment of {place} metastases", "treatment", "treated")
