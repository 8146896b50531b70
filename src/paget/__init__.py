"""Paget: an executable model of metastatic breast cancer."""

from paget._version import __version__

__all__ = ["__version__"]
