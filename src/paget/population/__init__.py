"""Populations of virtual patients: grown to diagnosis once, kept, and drawn from."""

from paget.population.diagnose import diagnose
from paget.population.store import BLOCK, Population, clear_cache, summary

__all__ = ["BLOCK", "Population", "clear_cache", "diagnose", "summary"]
