"""``python -m paget``: the command line."""

from __future__ import annotations

from paget.cli import main

main()
