"""Treatments as data: therapies, regimens, standards of care by era."""

from paget.therapy.form import Therapy
from paget.therapy.library import Library, library

__all__ = ["Library", "Therapy", "library"]
