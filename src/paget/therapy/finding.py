"""Where a read-out of a therapy file finds its published number."""

from __future__ import annotations

from paget.forms.quantities import Block, Text


class Finding(Block):
    """Where a published number stands: the study, and what picks one result of it."""

    study: Text
    measure: Text
    endpoint: Text
    comparison: Text | None = None
    of: Text | None = None
    arm: Text | None = None
