"""The command ``paget``."""

from __future__ import annotations

from paget.cli.app import main

__all__ = ["main"]
