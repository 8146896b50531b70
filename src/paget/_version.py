"""The version of Paget; part of every cache key and manifest."""

__version__ = "0.1.0"
