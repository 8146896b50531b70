"""Effects of a treatment from observational survival data: estimators, diagnostics, and what each one assumes.

| you want | call |
| --- | --- |
| data, checked | `ObservationalData`, `ObservationalData.from_frame`, `read_table`, `from_adam` |
| the analyses of registry papers | `ever_never`, `exclude_immortal`, `time_varying`, `landmark` |
| all of them in one order | `ladder` |
| data with a known effect | `paget.analysis.causal.benchmark` |
"""

from __future__ import annotations

from .data import ObservationalData, Varying
from .estimate import CausalEstimate, Curves, Estimand
from .exposure import ever_never, exclude_immortal, landmark, time_varying
from .ladder import ANALYSES, ladder
from .reading import from_adam, read_table

__all__ = [
    "ANALYSES",
    "CausalEstimate",
    "Curves",
    "Estimand",
    "ObservationalData",
    "Varying",
    "ever_never",
    "exclude_immortal",
    "from_adam",
    "ladder",
    "landmark",
    "read_table",
    "time_varying",
]
