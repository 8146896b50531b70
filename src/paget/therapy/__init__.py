"""Treatments as data: therapies, regimens, standards of care by era."""

from paget.therapy.adjuvant import Adjuvant
from paget.therapy.form import Therapy
from paget.therapy.library import Library, library

__all__ = ["Adjuvant", "Library", "Therapy", "library"]
