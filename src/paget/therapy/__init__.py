"""Treatments as data: agents, regimens, standards of care by era."""

from paget.therapy.library import Library, library

__all__ = ["Library", "library"]
